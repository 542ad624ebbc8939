//! What the writer of pings needs inside its transaction.
use std::ops::Range;

use super::checks::{Check, check_columns};
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
    const SQL: Dialects = Dialects {
        sqlite: concat!(
            "SELECT ",
            check_columns!(""),
            " FROM checks WHERE uuid IN (SELECT value FROM json_each($1))"
        ),
        postgres: concat!(
            "SELECT ",
            check_columns!(""),
            " FROM checks
            WHERE uuid = ANY($1)
            ORDER BY id FOR NO KEY UPDATE"
        ),
    };
    let sql = SQL.on(tx);
    Ok(on!(tx, |conn| sqlx::query_as(sql).bind(List(uuids)).fetch_all(conn).await?))
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
