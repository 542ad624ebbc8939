//! Pings with what failures among them said, for lists that show both.
use super::bodies::StoredBody;
use super::db::read;
use super::pings::Ping;
use super::{Db, StoreError};

/// Longest text, in bytes, that lists load: a thousand of them must not fill the memory.
pub const MAX_LISTED: i64 = 4000;

/// A ping, and the body that came with it where it is a failure.
#[derive(Debug, sqlx::FromRow)]
pub struct Told {
    pub check_id: i64,
    #[sqlx(flatten)]
    pub ping: Ping,
    zstd: Option<bool>,
    body: Option<Vec<u8>>,
}

impl Told {
    /// What the failure said, invalid UTF-8 replaced. `None`: it said nothing, or more than lists load.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let (zstd, bytes) = (self.zstd?, self.body.clone()?);
        let size = usize::try_from(self.ping.body_size).unwrap_or(0);
        let body = StoredBody { bytes, zstd, size }.unpack();
        Some(String::from_utf8_lossy(&body).into_owned())
    }
}

/// Up to `limit` pings of a check, newest first, from its newest, `from`, backwards. Texts are listed up to
/// [`MAX_LISTED`] bytes.
pub async fn list(db: &Db, check_id: i64, from: i64, limit: i64) -> Result<Vec<Told>, StoreError> {
    const SQL: &str = "WITH RECURSIVE chain(id, left_over) AS (
            SELECT CAST($2 AS BIGINT), CAST($3 AS BIGINT)
            UNION ALL
            SELECT p.prev_id, left_over - 1 FROM chain JOIN pings p ON p.id = chain.id
            WHERE p.check_id = $1 AND p.prev_id IS NOT NULL AND left_over > 1
        )
        SELECT p.check_id, p.id, p.n, p.at, p.kind, p.exit_status, p.rid, p.duration, p.scheme, p.method,
            p.remote_addr, p.ua, p.body_size, b.zstd, b.body
        FROM chain JOIN pings p ON p.id = chain.id
            LEFT JOIN ping_bodies b ON b.ping_id = p.id AND p.kind = 'fail' AND p.body_size <= $4
        WHERE p.check_id = $1 ORDER BY p.n DESC";
    Ok(read!(db, |pool| {
        sqlx::query_as(SQL).bind(check_id).bind(from).bind(limit).bind(MAX_LISTED).fetch_all(pool).await?
    }))
}

/// The newest ping of each check of a project, oldest first. Texts are listed up to [`MAX_LISTED`] bytes.
pub async fn newest(db: &Db, project_id: i64) -> Result<Vec<Told>, StoreError> {
    const SQL: &str =
        "SELECT p.check_id, p.id, p.n, p.at, p.kind, p.exit_status, p.rid, p.duration, p.scheme, p.method,
            p.remote_addr, p.ua, p.body_size, b.zstd, b.body
        FROM checks c JOIN pings p ON p.id = c.last_ping_id
            LEFT JOIN ping_bodies b ON b.ping_id = p.id AND p.kind = 'fail' AND p.body_size <= $2
        WHERE c.project_id = $1 ORDER BY p.id";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(project_id).bind(MAX_LISTED).fetch_all(pool).await?))
}

/// A ping by its number in the installation, with its whole text.
pub async fn by_id(db: &Db, id: i64) -> Result<Option<Told>, StoreError> {
    const SQL: &str =
        "SELECT p.check_id, p.id, p.n, p.at, p.kind, p.exit_status, p.rid, p.duration, p.scheme, p.method,
            p.remote_addr, p.ua, p.body_size, b.zstd, b.body
        FROM pings p LEFT JOIN ping_bodies b ON b.ping_id = p.id AND p.kind = 'fail' WHERE p.id = $1";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(id).fetch_optional(pool).await?))
}
