//! What the writer of pings needs inside its transaction.
use sqlx::SqliteConnection;

use super::StoreError;
use super::checks::Check;

/// The checks with these UUIDs.
pub async fn by_uuids(tx: &mut SqliteConnection, uuids: &[String]) -> Result<Vec<Check>, StoreError> {
    const SQL: &str = "SELECT * FROM checks WHERE uuid IN (SELECT value FROM json_each($1))";
    Ok(sqlx::query_as(SQL).bind(serde_json::json!(uuids).to_string()).fetch_all(tx).await?)
}

/// The checks with these pairs of ping key and slug; two rows for a pair mean that it is ambiguous.
pub async fn by_slugs(
    tx: &mut SqliteConnection,
    pairs: &[(&str, &str)],
) -> Result<Vec<(String, Check)>, StoreError> {
    const SQL: &str = "SELECT c.*, p.ping_key AS via FROM
            (SELECT DISTINCT value ->> 0 AS ping_key, value ->> 1 AS slug FROM json_each($1)) AS wanted
            JOIN projects p ON p.ping_key = wanted.ping_key
            JOIN checks c ON c.project_id = p.id AND c.slug = wanted.slug
        ORDER BY c.id";
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        check: Check,
        via: String,
    }
    let rows: Vec<Row> = sqlx::query_as(SQL).bind(serde_json::json!(pairs).to_string()).fetch_all(tx).await?;
    Ok(rows.into_iter().map(|row| (row.via, row.check)).collect())
}

pub async fn project_by_ping_key(tx: &mut SqliteConnection, key: &str) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "SELECT id FROM projects WHERE ping_key = $1";
    let row: Option<(i64,)> = sqlx::query_as(SQL).bind(key).fetch_optional(tx).await?;
    Ok(row.map(|(id,)| id))
}

pub async fn count(tx: &mut SqliteConnection, project_id: i64) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM checks WHERE project_id = $1";
    let (n,): (i64,) = sqlx::query_as(SQL).bind(project_id).fetch_one(tx).await?;
    Ok(n)
}
