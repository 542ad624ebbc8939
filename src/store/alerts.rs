//! A check's alerts as programs read them: newest first, page by page, each with its attempts.
use super::db::read;
use super::outbox::Attempt;
use super::{Db, StoreError, time};
use crate::core::Time;

/// An alert: what one flip had to tell one channel.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Alert {
    pub id: i64,
    /// `down` or `up`.
    pub kind: String,
    /// `queued`, `sent`, `dead` or `skipped`.
    pub state: String,
    created_at: i64,
    next_at: i64,
    done_at: Option<i64>,
    pub channel_uuid: String,
    pub channel_name: String,
    pub channel_kind: String,
    /// The channel in whose place it goes to this one.
    pub instead_of: Option<String>,
    flipped_at: Option<i64>,
}

impl Alert {
    #[must_use]
    pub fn created_at(&self) -> Time {
        time(self.created_at)
    }

    /// When it is tried next; nothing once it is done.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        (self.state == "queued").then(|| time(self.next_at))
    }

    #[must_use]
    pub fn done_at(&self) -> Option<Time> {
        self.done_at.map(time)
    }

    /// When the check changed its status.
    #[must_use]
    pub fn flipped_at(&self) -> Option<Time> {
        self.flipped_at.map(time)
    }
}

/// Up to `limit` alerts about a check, newest first, of those older than the alert `before`.
pub async fn page(db: &Db, check_id: i64, before: Option<i64>, limit: i64) -> Result<Vec<Alert>, StoreError> {
    const SQL: &str =
        "SELECT o.id, o.kind, o.state, o.created_at, o.next_at, o.done_at, c.uuid AS channel_uuid,
            c.name AS channel_name, c.kind AS channel_kind, f.at AS flipped_at, w.uuid AS instead_of
        FROM outbox o JOIN channels c ON c.id = o.channel_id LEFT JOIN flips f ON f.id = o.flip_id
        LEFT JOIN outbox d ON d.id = o.origin_id LEFT JOIN channels w ON w.id = d.channel_id
        WHERE o.check_id = $1 AND o.id < $2 ORDER BY o.id DESC LIMIT $3";
    let before = before.unwrap_or(i64::MAX);
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(check_id).bind(before).bind(limit).fetch_all(pool).await?))
}

/// The attempts of those of a check's alerts that lie between two of them, both included, oldest first.
pub async fn attempts(db: &Db, check_id: i64, oldest: i64, newest: i64) -> Result<Vec<Attempt>, StoreError> {
    const SQL: &str = "SELECT a.outbox_id, a.at, a.took, a.outcome, a.detail FROM outbox o
        JOIN attempts a ON a.outbox_id = o.id
        WHERE o.check_id = $1 AND o.id BETWEEN $2 AND $3 ORDER BY a.id";
    Ok(read!(db, |pool| {
        sqlx::query_as(SQL).bind(check_id).bind(oldest).bind(newest).fetch_all(pool).await?
    }))
}
