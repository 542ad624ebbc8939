//! Brings the schema up to date, also while servers of an older version are at work.
//!
//! A migration leaves what the version before it does working: it adds tables, indexes, and columns that may be
//! null or have a default. One that cannot begins with the line [`ALONE`], and is then refused while others are
//! connected.
use std::collections::BTreeSet;

use sqlx::migrate::{Migration, Migrator};
use sqlx::{PgConnection, SqlitePool};

use super::StoreError;

pub(super) static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
pub(super) static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

/// The first line of a migration that an older version cannot bear.
const ALONE: &str = "-- stop the other servers first";

/// A row of the table in which migrations are noted: version, checksum, success.
pub(super) type Noted = (i64, Vec<u8>, bool);

/// What the migrations that a database has seen tell about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum History {
    Current,
    /// It waits for the migrations after this one.
    Older(i64),
    /// It has seen this one, which this program does not know.
    Newer(i64),
    /// Its tables were made by other migrations than ours, or by none.
    Foreign,
}

/// Compares what a database has noted, in order, with the migrations that this program knows for its engine.
pub(super) fn history(noted: &[Noted], known: &Migrator) -> History {
    for (version, checksum, success) in noted {
        let Some(ours) = known.iter().find(|migration| migration.version == *version) else {
            // Somebody else's database has nothing of ours in it.
            return if noted.iter().any(|one| is_ours(one, known)) {
                History::Newer(*version)
            } else {
                History::Foreign
            };
        };
        if ours.checksum.as_ref() != checksum.as_slice() || !success {
            return History::Foreign;
        }
    }
    let newest = known.iter().map(|migration| migration.version).max();
    match noted.last() {
        None => History::Foreign,
        Some((version, ..)) if Some(*version) == newest => History::Current,
        Some((version, ..)) => History::Older(*version),
    }
}

fn is_ours((_, checksum, _): &Noted, known: &Migrator) -> bool {
    known.iter().any(|migration| migration.checksum.as_ref() == checksum.as_slice())
}

/// A SQLite file has one server, which is the one that starts now.
pub(super) async fn sqlite(writer: &SqlitePool) -> Result<(), StoreError> {
    Ok(SQLITE.run(writer).await?)
}

pub(super) async fn postgres(connection: &mut PgConnection) -> Result<(), StoreError> {
    if needs_to_be_alone(&applied(connection).await?, POSTGRES.iter()) {
        let others = others(connection).await?;
        if others > 0 {
            return Err(StoreError::OthersRun(others));
        }
    }
    Ok(POSTGRES.run(connection).await?)
}

/// The versions of the migrations that this database has seen.
async fn applied(connection: &mut PgConnection) -> Result<BTreeSet<i64>, StoreError> {
    const POSTGRES_KNOWN: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    const POSTGRES_APPLIED: &str = "SELECT version FROM _sqlx_migrations";
    let (known,): (bool,) = sqlx::query_as(POSTGRES_KNOWN).fetch_one(&mut *connection).await?;
    if !known {
        return Ok(BTreeSet::new());
    }
    let rows: Vec<(i64,)> = sqlx::query_as(POSTGRES_APPLIED).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|(version,)| version).collect())
}

/// Whether what is still to be done asks for a database without other servers. An empty one has none.
fn needs_to_be_alone<'a>(
    applied: &BTreeSet<i64>,
    mut migrations: impl Iterator<Item = &'a Migration>,
) -> bool {
    !applied.is_empty()
        && migrations.any(|migration| {
            !applied.contains(&migration.version) && migration.sql.as_str().starts_with(ALONE)
        })
}

/// Processes of Maibo that are connected; a command counts, this one does not.
async fn others(connection: &mut PgConnection) -> Result<i64, StoreError> {
    const POSTGRES: &str = "SELECT COUNT(DISTINCT application_name) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'maibo-%' AND pid <> pg_backend_pid()";
    let (count,): (i64,) = sqlx::query_as(POSTGRES).fetch_one(connection).await?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::migrate::MigrationType;
    use sqlx::{AssertSqlSafe, SqlSafeStr as _};

    fn migration(version: i64, sql: &str) -> Migration {
        let sql = AssertSqlSafe(sql.to_owned()).into_sql_str();
        Migration::new(version, "test".into(), MigrationType::Simple, sql, false)
    }

    #[test]
    fn a_database_is_told_by_what_it_has_noted() {
        let noted = |version: i64, of: usize, success: bool| -> Noted {
            (version, SQLITE.iter().nth(of).unwrap().checksum.to_vec(), success)
        };
        let newest = SQLITE.iter().last().unwrap().version;
        let all: Vec<Noted> = SQLITE.iter().map(|one| (one.version, one.checksum.to_vec(), true)).collect();
        assert_eq!(history(&all, &SQLITE), History::Current);
        let with = |extra: Noted| [all.clone(), vec![extra]].concat();
        assert_eq!(history(&with((newest + 1, vec![1], true)), &SQLITE), History::Newer(newest + 1));
        for foreign in
            [vec![], vec![noted(1, 0, false)], vec![(1, vec![1], true)], vec![(7000, vec![1], true)]]
        {
            assert_eq!(history(&foreign, &SQLITE), History::Foreign, "{foreign:?}");
        }
        let two = Migrator::with_migrations(vec![migration(1, "SELECT 1"), migration(2, "SELECT 2")]);
        let first = two.iter().next().unwrap().checksum.to_vec();
        assert_eq!(history(&[(1, first, true)], &two), History::Older(1));
    }

    #[test]
    fn only_what_is_still_to_be_done_can_ask_to_be_alone() {
        let alone = format!("{ALONE}\nDROP TABLE a;");
        let all = [migration(1, "SELECT 1"), migration(2, &alone), migration(3, "SELECT 3")];
        let asks = |applied: &[i64]| needs_to_be_alone(&applied.iter().copied().collect(), all.iter());
        assert!(!asks(&[]), "a new database");
        assert!(asks(&[1]));
        assert!(!asks(&[1, 2]));
        assert!(!asks(&[1, 2, 3]));
    }
}
