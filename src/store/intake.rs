//! What the writer of pings needs inside its transaction.
use std::ops::Range;

use super::check_row::{Check, check_columns, from_json};
use super::db::{Dialects, on};
use super::list::List;
use super::{StoreError, WriteTx};

/// Takes the locks for a batch that names checks in different ways, in the one order that all transactions keep:
/// projects in which checks may be made, then checks. Loading the checks takes them too, but only in the order of
/// one list. SQLite has no need of it.
pub async fn lock(
    tx: &mut WriteTx,
    uuids: &[String],
    pairs: &[(&str, &str)],
    creating: &[&str],
) -> Result<(), StoreError> {
    const POSTGRES_PROJECTS: &str = "SELECT id FROM projects
        WHERE ping_key = ANY($1)
        ORDER BY id FOR NO KEY UPDATE";
    const POSTGRES_CHECKS: &str = "SELECT id FROM checks WHERE id IN (
            SELECT u.id FROM checks u
            WHERE u.uuid = ANY($1)
            UNION
            SELECT c.id FROM jsonb_array_elements(CAST($2 AS JSONB)) AS wanted
                JOIN projects p ON p.ping_key = wanted.value ->> 0
                JOIN checks c ON c.project_id = p.id AND c.slug = wanted.value ->> 1)
        ORDER BY id FOR NO KEY UPDATE";
    let WriteTx::Postgres(tx) = tx else { return Ok(()) };
    if !creating.is_empty() {
        sqlx::query(POSTGRES_PROJECTS).bind(List(creating)).execute(&mut **tx).await?;
    }
    sqlx::query(POSTGRES_CHECKS)
        .bind(List(uuids))
        .bind(serde_json::json!(pairs).to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The checks with these UUIDs, to be written.
pub async fn by_uuids(tx: &mut WriteTx, uuids: &[String]) -> Result<Vec<Check>, StoreError> {
    // All of them in one row: what crosses from SQLite's thread row by row, and value by value, costs more than
    // reading JSON.
    const SQLITE: &str = concat!(
        "SELECT json_group_array(json_array(",
        check_columns!(""),
        ")) FROM checks WHERE uuid IN (SELECT value FROM json_each($1))"
    );
    const POSTGRES: &str = concat!(
        "SELECT ",
        check_columns!(""),
        " FROM checks
            WHERE uuid = ANY($1)
            ORDER BY id FOR NO KEY UPDATE"
    );
    match tx {
        WriteTx::Sqlite(tx) => {
            let (rows,): (String,) = sqlx::query_as(SQLITE).bind(List(uuids)).fetch_one(&mut **tx).await?;
            from_json(&rows)
        }
        WriteTx::Postgres(tx) => Ok(sqlx::query_as(POSTGRES).bind(List(uuids)).fetch_all(&mut **tx).await?),
    }
}

/// The checks with these pairs of ping key and slug, to be written; two rows for a pair mean that it is ambiguous.
pub async fn by_slugs(tx: &mut WriteTx, pairs: &[(&str, &str)]) -> Result<Vec<(String, Check)>, StoreError> {
    const SQL: Dialects = Dialects {
        sqlite: concat!(
            "SELECT ",
            check_columns!("c."),
            ", p.ping_key AS via FROM
                (SELECT DISTINCT value ->> 0 AS ping_key, value ->> 1 AS slug FROM json_each($1)) AS wanted
                JOIN projects p ON p.ping_key = wanted.ping_key
                JOIN checks c ON c.project_id = p.id AND c.slug = wanted.slug
            ORDER BY c.id"
        ),
        postgres: concat!(
            "SELECT ",
            check_columns!("c."),
            ", p.ping_key AS via FROM
                (SELECT DISTINCT value ->> 0 AS ping_key, value ->> 1 AS slug
                    FROM jsonb_array_elements(CAST($1 AS JSONB))) AS wanted
                JOIN projects p ON p.ping_key = wanted.ping_key
                JOIN checks c ON c.project_id = p.id AND c.slug = wanted.slug
            ORDER BY c.id FOR NO KEY UPDATE OF c"
        ),
    };
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        check: Check,
        via: String,
    }
    let sql = SQL.on(tx);
    let pairs = serde_json::json!(pairs).to_string();
    let rows: Vec<Row> = on!(tx, |conn| sqlx::query_as(sql).bind(pairs).fetch_all(conn).await?);
    Ok(rows.into_iter().map(|row| (row.via, row.check)).collect())
}

/// Ids for new pings, a block at a time, so that a batch need not ask for them. An id tells nothing but which row it
/// is: a check's pings are numbered by `n` and chained by `prev_id`.
#[derive(Debug, Default)]
pub struct PingIds {
    left: Range<i64>,
}

/// By how much the sequence of PostgreSQL moves on: the ids of one block.
pub const PING_IDS: usize = 1024;

impl PingIds {
    /// Unused ids, at most [`PING_IDS`]. Those that are not used in the end are lost, which does no harm.
    pub async fn take(&mut self, tx: &mut WriteTx, count: usize) -> Result<Range<i64>, StoreError> {
        // One process writes pings to a SQLite file: what it has not given out is free.
        const SQLITE: &str = "SELECT COALESCE(MAX(id), 0) FROM pings";
        const POSTGRES: &str = "SELECT nextval('pings_id_seq')";
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        if self.left.end - self.left.start < count {
            self.left = match tx {
                WriteTx::Sqlite(tx) => {
                    let (newest,): (i64,) = sqlx::query_as(SQLITE).fetch_one(&mut **tx).await?;
                    newest + 1..i64::MAX
                }
                WriteTx::Postgres(tx) => {
                    let (first,): (i64,) = sqlx::query_as(POSTGRES).fetch_one(&mut **tx).await?;
                    first..first + i64::try_from(PING_IDS).unwrap_or(i64::MAX)
                }
            };
        }
        let taken = self.left.start..self.left.start + count;
        self.left.start = taken.end;
        Ok(taken)
    }
}

/// Whether the end of this run is among the newest pings that are stored of a check.
pub async fn has_ended(tx: &mut WriteTx, check_id: i64, rid: &str) -> Result<bool, StoreError> {
    const SQL: &str = "WITH RECURSIVE chain(id, left_over) AS (
            SELECT last_ping_id, 10 FROM checks WHERE id = $1
            UNION ALL
            SELECT p.prev_id, left_over - 1 FROM chain JOIN pings p ON p.id = chain.id
            WHERE p.check_id = $1 AND p.prev_id IS NOT NULL AND left_over > 1
        )
        SELECT COUNT(*) FROM chain JOIN pings p ON p.id = chain.id
        WHERE p.check_id = $1 AND p.rid = $2 AND p.kind IN ('success', 'fail')";
    let (n,): (i64,) = on!(tx, |conn| sqlx::query_as(SQL).bind(check_id).bind(rid).fetch_one(conn).await?);
    Ok(n > 0)
}

pub async fn project_by_ping_key(tx: &mut WriteTx, key: &str) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "SELECT id FROM projects WHERE ping_key = $1";
    let row: Option<(i64,)> = on!(tx, |conn| sqlx::query_as(SQL).bind(key).fetch_optional(conn).await?);
    Ok(row.map(|(id,)| id))
}

pub async fn count(tx: &mut WriteTx, project_id: i64) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM checks WHERE project_id = $1";
    let (n,): (i64,) = on!(tx, |conn| sqlx::query_as(SQL).bind(project_id).fetch_one(conn).await?);
    Ok(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Time;
    use crate::core::check::Early;
    use crate::core::ping::Rules;
    use crate::core::schedule::Spec;
    use crate::store::checks::{self, Channels, Settings};
    use crate::store::{Db, Role, projects, write_tx};
    use crate::{core::Span, rng};

    #[tokio::test]
    async fn a_check_out_of_json_is_the_check_out_of_columns() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("t.db").display());
        let db = Db::open(&url, Role::Server).await.unwrap();
        let now: Time = "2026-03-01T12:00:00.123456Z".parse().unwrap();
        projects::ensure_default(&db, now).await.unwrap();
        let project = projects::list(&db).await.unwrap()[0].id;
        let odd = Settings {
            spec: Spec::cron("*/5 * * * *", "Asia/Shanghai"),
            early: Early::Within(Span::seconds(7)),
            manual_resume: true,
            filter_subject: true,
            rules: Rules { post_only: true, failure: "ERROR, \"bad\"\\".to_owned(), ..Rules::default() },
            ..Settings::named("每日备份 \"quoted\" \\ 🦀 \u{1}\u{0} <b>\n")
        };
        let mut uuids = Vec::new();
        for settings in [odd, Settings::named("plain")] {
            let uuid = rng::uuid();
            checks::insert(&db, project, uuid, &settings, &Channels::All, now).await.unwrap();
            uuids.push(uuid);
        }
        let names: Vec<String> = uuids.iter().map(ToString::to_string).collect();
        let loaded = async { Ok::<_, StoreError>(write_tx!(db, |tx| by_uuids(tx, &names).await?)) };
        let mut loaded = loaded.await.unwrap();
        loaded.sort_by_key(|check| check.id);
        let mut expected = Vec::new();
        for uuid in uuids {
            expected.push(checks::by_uuid(&db, uuid).await.unwrap().unwrap());
        }
        assert_eq!(format!("{loaded:?}"), format!("{expected:?}"));
    }
}
