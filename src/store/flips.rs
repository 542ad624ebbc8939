//! Changes of status, as they were recorded.

use super::check_row::check_columns;
use super::db::read;
use super::{Db, StoreError, micros, time};
use crate::core::Time;

/// One change of status.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Flip {
    pub id: i64,
    at: i64,
    pub old_status: String,
    pub new_status: String,
    /// `success`, `fail`, `exit`, `missed`, `overrun`, `paused` or `resumed`.
    pub reason: String,
    pub exit_status: Option<i64>,
    due_at: Option<i64>,
    since: i64,
    heard_at: Option<i64>,
    pub missed: i64,
    pub blackout_id: Option<i64>,
    pub ping_id: Option<i64>,
}

impl Flip {
    #[must_use]
    pub fn at(&self) -> Time {
        time(self.at)
    }

    /// What was awaited: the due time of a missed slot, or the start of a run that took too long.
    #[must_use]
    pub fn due_at(&self) -> Option<Time> {
        self.due_at.map(time)
    }

    /// When the status before began.
    #[must_use]
    pub fn since(&self) -> Time {
        time(self.since)
    }

    /// The last sign of life before.
    #[must_use]
    pub fn heard_at(&self) -> Option<Time> {
        self.heard_at.map(time)
    }
}

/// Narrows a list of flips; the ends are those of the Healthchecks API: from inclusive, to exclusive.
#[derive(Debug, Clone, Copy, Default)]
pub struct Window {
    pub from: Option<Time>,
    pub to: Option<Time>,
}

/// Flips of a check, newest first.
pub async fn list(db: &Db, check_id: i64, window: Window, limit: i64) -> Result<Vec<Flip>, StoreError> {
    const SQL: &str =
        "SELECT id, at, old_status, new_status, reason, exit_status, due_at, since, heard_at, missed,
            blackout_id, ping_id
        FROM flips WHERE check_id = $1 AND at >= $2 AND at < $3 ORDER BY id DESC LIMIT $4";
    let from = window.from.map_or(i64::MIN, micros);
    let to = window.to.map_or(i64::MAX, micros);
    Ok(read!(db, |pool| {
        sqlx::query_as(SQL).bind(check_id).bind(from).bind(to).bind(limit).fetch_all(pool).await?
    }))
}

/// Up to `limit` flips of a check, newest first, of those older than the flip `before`.
pub async fn page(
    db: &Db,
    check_id: i64,
    window: Window,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Flip>, StoreError> {
    const SQL: &str =
        "SELECT id, at, old_status, new_status, reason, exit_status, due_at, since, heard_at, missed,
            blackout_id, ping_id
        FROM flips WHERE check_id = $1 AND id < $2 AND at >= $3 AND at < $4 ORDER BY id DESC LIMIT $5";
    let from = window.from.map_or(i64::MIN, micros);
    let to = window.to.map_or(i64::MAX, micros);
    Ok(read!(db, |pool| {
        sqlx::query_as(SQL)
            .bind(check_id)
            .bind(before.unwrap_or(i64::MAX))
            .bind(from)
            .bind(to)
            .bind(limit)
            .fetch_all(pool)
            .await?
    }))
}

/// One flip.
pub async fn by_id(db: &Db, id: i64) -> Result<Option<Flip>, StoreError> {
    const SQL: &str =
        "SELECT id, at, old_status, new_status, reason, exit_status, due_at, since, heard_at, missed,
            blackout_id, ping_id
        FROM flips WHERE id = $1";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(id).fetch_optional(pool).await?))
}

/// The newest time that a check of a project went down, or came `back`; of those checks whose state changed last.
pub async fn newest(db: &Db, project_id: i64, back: bool) -> Result<Option<Flip>, StoreError> {
    const SQL: &str =
        "SELECT id, at, old_status, new_status, reason, exit_status, due_at, since, heard_at, missed,
            blackout_id, ping_id
        FROM flips WHERE id = (
            SELECT MAX(id) FROM flips WHERE new_status = $2 AND ($2 = 'down' OR reason = 'success' AND old_status = 'down')
            AND check_id IN (SELECT id FROM checks WHERE project_id = $1 ORDER BY since DESC LIMIT 50)
        )";
    let status = if back { "up" } else { "down" };
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(project_id).bind(status).fetch_optional(pool).await?))
}

/// The check that a flip is of.
pub async fn check_of(db: &Db, flip: &Flip) -> Result<Option<super::checks::Check>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        check_columns!("c."),
        " FROM checks c JOIN flips f ON f.check_id = c.id WHERE f.id = $1"
    );
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(flip.id).fetch_optional(pool).await?))
}
