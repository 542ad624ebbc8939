//! A check's pings, newest first, read along the chain from the newest one.
use super::bodies::StoredBody;
use super::db::read;
use super::{Db, StoreError, time};
use crate::core::{Span, Time};

/// A ping as lists show it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Ping {
    pub id: i64,
    pub n: i64,
    at: i64,
    /// The word of [`crate::core::ping::Kind`].
    pub kind: String,
    pub exit_status: Option<i64>,
    pub rid: Option<String>,
    duration: Option<i64>,
    pub scheme: String,
    pub method: String,
    pub remote_addr: String,
    pub ua: String,
    /// Bytes of the body that are kept; 0 when there is none.
    pub body_size: i64,
}

impl Ping {
    #[must_use]
    pub fn at(&self) -> Time {
        time(self.at)
    }

    /// Whether it came by mail: its body is a whole message then.
    #[must_use]
    pub fn is_mail(&self) -> bool {
        self.scheme == "email"
    }

    #[must_use]
    pub fn duration(&self) -> Option<Span> {
        self.duration.map(Span::microseconds)
    }
}

/// Up to `limit` pings of a check, newest first, from the ping `from` (its newest, or a page's last) backwards.
pub async fn list(db: &Db, check_id: i64, from: Option<i64>, limit: i64) -> Result<Vec<Ping>, StoreError> {
    const SQL: &str = "WITH RECURSIVE chain(id, left_over) AS (
            SELECT CAST($2 AS BIGINT), CAST($3 AS BIGINT)
            UNION ALL
            SELECT p.prev_id, left_over - 1 FROM chain JOIN pings p ON p.id = chain.id
            WHERE p.check_id = $1 AND p.prev_id IS NOT NULL AND left_over > 1
        )
        SELECT p.id, p.n, p.at, p.kind, p.exit_status, p.rid, p.duration, p.scheme, p.method, p.remote_addr, p.ua,
            p.body_size
        FROM chain JOIN pings p ON p.id = chain.id WHERE p.check_id = $1 ORDER BY p.n DESC";
    let Some(from) = from else { return Ok(Vec::new()) };
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(check_id).bind(from).bind(limit).fetch_all(pool).await?))
}

/// The stored body of a ping of this check, as it was sent (or its head and tail).
pub async fn body(db: &Db, check_id: i64, ping_id: i64) -> Result<Option<StoredBody>, StoreError> {
    const SQL: &str = "SELECT b.zstd, b.body, p.body_size FROM pings p JOIN ping_bodies b ON b.ping_id = p.id
        WHERE p.id = $1 AND p.check_id = $2";
    let row: Option<(bool, Vec<u8>, i64)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(ping_id).bind(check_id).fetch_optional(pool).await?);
    Ok(row.map(stored))
}

/// The stored body of a check's ping number `n`, looked for from the ping `newest` backwards.
pub async fn body_of(db: &Db, check_id: i64, newest: i64, n: i64) -> Result<Option<StoredBody>, StoreError> {
    const SQL: &str = "WITH RECURSIVE chain(id, prev_id, n) AS (
            SELECT id, prev_id, n FROM pings WHERE id = $2 AND check_id = $1
            UNION ALL
            SELECT p.id, p.prev_id, p.n FROM chain JOIN pings p ON p.id = chain.prev_id
            WHERE p.check_id = $1 AND chain.n > $3
        )
        SELECT b.zstd, b.body, p.body_size FROM chain JOIN pings p ON p.id = chain.id
            JOIN ping_bodies b ON b.ping_id = p.id
        WHERE chain.n = $3";
    let row: Option<(bool, Vec<u8>, i64)> = read!(db, |pool| {
        sqlx::query_as(SQL).bind(check_id).bind(newest).bind(n).fetch_optional(pool).await?
    });
    Ok(row.map(stored))
}

fn stored((zstd, bytes, size): (bool, Vec<u8>, i64)) -> StoredBody {
    StoredBody { bytes, zstd, size: usize::try_from(size).unwrap_or(0) }
}

/// One ping of this check.
pub async fn by_id(db: &Db, check_id: i64, id: i64) -> Result<Option<Ping>, StoreError> {
    const SQL: &str =
        "SELECT id, n, at, kind, exit_status, rid, duration, scheme, method, remote_addr, ua, body_size
        FROM pings WHERE id = $1 AND check_id = $2";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(id).bind(check_id).fetch_optional(pool).await?))
}

/// The newest ping of a check that came at or before `at`, looking back at most 50 pings.
pub async fn last_before(
    db: &Db,
    check_id: i64,
    newest: Option<i64>,
    at: Time,
) -> Result<Option<Ping>, StoreError> {
    Ok(list(db, check_id, newest, 50).await?.into_iter().find(|ping| ping.at() <= at))
}
