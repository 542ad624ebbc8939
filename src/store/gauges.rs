//! Numbers about the whole installation, for those who watch the watcher.
use super::check_lists::Tally;
use super::db::read;
use super::{Db, StoreError, micros, time};
use crate::core::Time;

/// How many checks of all projects are in each shown state at `now`.
pub async fn checks(db: &Db, now: Time) -> Result<Tally, StoreError> {
    const SQL: &str = "SELECT
            COUNT(CASE WHEN shown = 'down' THEN 1 END) AS down,
            COUNT(CASE WHEN shown = 'late' THEN 1 END) AS late,
            COUNT(CASE WHEN shown = 'up' THEN 1 END) AS up,
            COUNT(CASE WHEN shown = 'paused' THEN 1 END) AS paused,
            COUNT(CASE WHEN shown = 'new' THEN 1 END) AS new,
            COUNT(CASE WHEN running THEN 1 END) AS running,
            COUNT(*) AS total
        FROM (SELECT run_at IS NOT NULL AS running,
                CASE WHEN deadline <= $1 THEN 'down' WHEN status = 'up' AND due_at <= $1 THEN 'late' ELSE status END AS shown
            FROM checks) AS s";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(micros(now)).fetch_one(pool).await?))
}

/// The channels of one kind, and what waits for them.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Kind {
    pub kind: String,
    pub channels: i64,
    /// Those that their vendors say can no longer work.
    pub broken: i64,
    /// Alerts that are waiting, or under way.
    pub queued: i64,
    /// Alerts that were given up, and not put aside by anybody.
    pub dead: i64,
    oldest: Option<i64>,
}

impl Kind {
    /// When the alert was queued that waits longest.
    #[must_use]
    pub fn oldest(&self) -> Option<Time> {
        self.oldest.map(time)
    }
}

/// The kinds of channels that there are.
pub async fn kinds(db: &Db) -> Result<Vec<Kind>, StoreError> {
    const SQL: &str = "SELECT c.kind, COUNT(DISTINCT c.id) AS channels,
            COUNT(DISTINCT CASE WHEN c.broken <> '' THEN c.id END) AS broken,
            COUNT(o.id) AS queued, MIN(o.created_at) AS oldest,
            (SELECT COUNT(*) FROM outbox d JOIN channels k ON k.id = d.channel_id
                WHERE k.kind = c.kind AND d.state = 'dead' AND d.dismissed_at IS NULL) AS dead
        FROM channels c LEFT JOIN outbox o ON o.channel_id = c.id AND o.state = 'queued'
        GROUP BY c.kind ORDER BY c.kind";
    Ok(read!(db, |pool| sqlx::query_as(SQL).fetch_all(pool).await?))
}

/// How far the work has got, as Healthchecks' `/api/v3/metrics/` tells it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Progress {
    /// Absent while there was no ping.
    pub max_ping_id: Option<i64>,
    /// The newest alert for one channel.
    pub max_notification_id: Option<i64>,
    /// Changes of status that somebody is still to be told of.
    pub num_unprocessed_flips: i64,
}

pub async fn progress(db: &Db) -> Result<Progress, StoreError> {
    const SQL: &str = "SELECT (SELECT MAX(id) FROM pings) AS max_ping_id,
            (SELECT MAX(id) FROM outbox) AS max_notification_id,
            (SELECT COUNT(DISTINCT flip_id) FROM outbox WHERE state = 'queued') AS num_unprocessed_flips";
    Ok(read!(db, |pool| sqlx::query_as(SQL).fetch_one(pool).await?))
}
