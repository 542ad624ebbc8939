//! Proof of delivery, and what people do about its lack: logs, what was given up, sending it again.
use super::attempts::Fate;
use super::db::{on, read, run, write_tx};
use super::wake::{Signal, tell};
use super::{Db, StoreError, failover, micros, span_micros, time};
use crate::core::{Span, Time};

/// One attempt in the log of a channel.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Logged {
    pub id: i64,
    at: i64,
    took: i64,
    /// `sent`, `retry`, `dead`, or `skipped` for what a restore closed.
    pub outcome: String,
    pub detail: String,
    /// `down` or `up`; `canary`, `notice` or `test`.
    pub kind: String,
    pub check_uuid: Option<String>,
    pub check_name: Option<String>,
    /// It stands in for another channel's.
    pub origin_id: Option<i64>,
}

impl Logged {
    #[must_use]
    pub fn at(&self) -> Time {
        time(self.at)
    }

    #[must_use]
    pub fn took(&self) -> Span {
        Span::microseconds(self.took)
    }
}

/// Up to `limit` attempts on a channel, newest first, of those older than the attempt `before`.
pub async fn log(
    db: &Db,
    channel_id: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Logged>, StoreError> {
    const SQL: &str = "SELECT a.id, a.at, a.took, a.outcome, a.detail, o.kind, c.uuid AS check_uuid,
            c.name AS check_name, o.origin_id
        FROM attempts a JOIN outbox o ON o.id = a.outbox_id LEFT JOIN checks c ON c.id = o.check_id
        WHERE a.channel_id = $1 AND a.id < $2 ORDER BY a.id DESC LIMIT $3";
    let before = before.unwrap_or(i64::MAX);
    Ok(read!(db, |pool| {
        sqlx::query_as(SQL).bind(channel_id).bind(before).bind(limit).fetch_all(pool).await?
    }))
}

/// Notes a test message in the log of its channel.
pub async fn note_test(
    db: &Db,
    channel_id: i64,
    at: Time,
    took: Span,
    fate: Fate,
    detail: &str,
) -> Result<(), StoreError> {
    // Nobody waits for a test: it is no alert that could not be delivered.
    const ROW: &str =
        "INSERT INTO outbox (kind, channel_id, state, created_at, attempts, next_at, leased_until,
            done_at, dismissed_at)
        SELECT 'test', c.id, $2, $3, 1, $3, 0, $4, $4 FROM channels c WHERE c.id = $1 RETURNING id";
    const ATTEMPT: &str = "INSERT INTO attempts (outbox_id, at, took, outcome, detail, channel_id)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let state = if fate == Fate::Sent { "sent" } else { "dead" };
    write_tx!(db, |tx| {
        let row: Option<(i64,)> = on!(tx, |conn| sqlx::query_as(ROW)
            .bind(channel_id)
            .bind(state)
            .bind(micros(at))
            .bind(micros(at + took))
            .fetch_optional(conn)
            .await?);
        if let Some((id,)) = row {
            let (at, took) = (micros(at), span_micros(took));
            run!(
                tx,
                sqlx::query(ATTEMPT).bind(id).bind(at).bind(took).bind(state).bind(detail).bind(channel_id)
            );
        }
    });
    Ok(())
}

/// What waits for a channel, and what it could not deliver.
#[derive(Debug, Clone, Copy, Default, sqlx::FromRow)]
pub struct Waiting {
    pub queued: i64,
    oldest: Option<i64>,
    pub dead: i64,
}

impl Waiting {
    /// When the alert was queued that waits longest.
    #[must_use]
    pub fn oldest(&self) -> Option<Time> {
        self.oldest.map(time)
    }
}

/// What waits for a channel now.
pub async fn waiting(db: &Db, channel_id: i64) -> Result<Waiting, StoreError> {
    const SQL: &str = "SELECT
        (SELECT COUNT(*) FROM outbox WHERE channel_id = $1 AND state = 'queued') AS queued,
        (SELECT MIN(created_at) FROM outbox WHERE channel_id = $1 AND state = 'queued') AS oldest,
        (SELECT COUNT(*) FROM outbox WHERE channel_id = $1 AND state = 'dead' AND dismissed_at IS NULL) AS dead";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(channel_id).fetch_one(pool).await?))
}

/// Most alerts that are counted for a banner.
pub const MANY: i64 = 1000;

/// How many alerts of a project were given up and not put aside, up to [`MANY`].
pub async fn count_undelivered(db: &Db, project_id: i64) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM channels c
            JOIN outbox o ON o.channel_id = c.id AND o.state = 'dead' AND o.dismissed_at IS NULL
            WHERE c.project_id = $1 LIMIT $2) AS dead";
    let (count,): (i64,) =
        read!(db, |pool| sqlx::query_as(SQL).bind(project_id).bind(MANY).fetch_one(pool).await?);
    Ok(count)
}

/// An alert that was given up.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Undelivered {
    pub id: i64,
    /// `down` or `up`; `canary` or `notice`.
    pub kind: String,
    created_at: i64,
    done_at: Option<i64>,
    pub check_uuid: Option<String>,
    pub check_name: Option<String>,
    pub channel_uuid: String,
    pub channel_name: String,
    /// What was said at the last try.
    pub detail: Option<String>,
    /// Another channel has delivered it instead.
    pub told_elsewhere: bool,
}

impl Undelivered {
    #[must_use]
    pub fn created_at(&self) -> Time {
        time(self.created_at)
    }

    /// When it was given up.
    #[must_use]
    pub fn done_at(&self) -> Option<Time> {
        self.done_at.map(time)
    }
}

/// Alerts of a project that were given up and not put aside, newest first.
pub async fn undelivered(db: &Db, project_id: i64, limit: i64) -> Result<Vec<Undelivered>, StoreError> {
    const SQL: &str =
        "SELECT o.id, o.kind, o.created_at, o.done_at, k.uuid AS check_uuid, k.name AS check_name,
            c.uuid AS channel_uuid, c.name AS channel_name,
            (SELECT a.detail FROM attempts a WHERE a.outbox_id = o.id ORDER BY a.id DESC LIMIT 1) AS detail,
            EXISTS (SELECT 1 FROM outbox e WHERE e.origin_id = o.id AND e.kind = o.kind
                AND e.state = 'sent') AS told_elsewhere
        FROM channels c JOIN outbox o ON o.channel_id = c.id AND o.state = 'dead' AND o.dismissed_at IS NULL
        LEFT JOIN checks k ON k.id = o.check_id
        WHERE c.project_id = $1 ORDER BY o.id DESC LIMIT $2";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(project_id).bind(limit).fetch_all(pool).await?))
}

/// Puts what was given up aside, up to the alert `newest`: people have seen it.
pub async fn dismiss(db: &Db, project_id: i64, newest: i64, now: Time) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE outbox SET dismissed_at = $3 WHERE state = 'dead' AND dismissed_at IS NULL AND id <= $2
        AND channel_id IN (SELECT id FROM channels WHERE project_id = $1)";
    write_tx!(db, |tx| {
        run!(tx, sqlx::query(SQL).bind(project_id).bind(newest).bind(micros(now)));
    });
    Ok(())
}

/// Queues an alert of a project again that was given up, where `check_id` is named one of that check. `false`: there is
/// none with this id. When the check has come back since, that is told with it.
pub async fn resend(
    db: &Db,
    project_id: i64,
    check_id: Option<i64>,
    id: i64,
    now: Time,
) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE outbox SET state = 'queued', attempts = 0, next_at = $3, resent_at = $3, done_at = NULL,
            dismissed_at = NULL, leased_until = 0
        WHERE id = $2 AND state = 'dead' AND kind <> 'test' AND (CAST($4 AS BIGINT) IS NULL OR check_id = $4)
            AND channel_id IN (SELECT id FROM channels WHERE project_id = $1)";
    Ok(write_tx!(db, |tx| {
        let done = run!(tx, sqlx::query(SQL).bind(project_id).bind(id).bind(micros(now)).bind(check_id)) > 0;
        if done {
            failover::over_by_now(tx, &[id], now).await?;
            tell(tx, Signal::Outbox).await?;
        }
        done
    }))
}

/// Whether a project has this alert, whatever became of it.
pub async fn knows(db: &Db, project_id: i64, id: i64) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM outbox o JOIN channels c ON c.id = o.channel_id
        WHERE o.id = $2 AND o.kind <> 'test' AND c.project_id = $1";
    let (count,): (i64,) =
        read!(db, |pool| sqlx::query_as(SQL).bind(project_id).bind(id).fetch_one(pool).await?);
    Ok(count > 0)
}

/// Queues everything again that a channel could not deliver and that was not put aside. Gives how much that was.
pub async fn resend_all(db: &Db, channel_id: i64, now: Time) -> Result<usize, StoreError> {
    const SQL: &str =
        "UPDATE outbox SET state = 'queued', attempts = 0, next_at = $2, resent_at = $2, done_at = NULL,
            leased_until = 0
        WHERE channel_id = $1 AND state = 'dead' AND dismissed_at IS NULL AND kind <> 'test' RETURNING id";
    Ok(write_tx!(db, |tx| {
        let ids: Vec<(i64,)> =
            on!(tx, |conn| sqlx::query_as(SQL).bind(channel_id).bind(micros(now)).fetch_all(conn).await?);
        let ids: Vec<i64> = ids.into_iter().map(|(id,)| id).collect();
        failover::over_by_now(tx, &ids, now).await?;
        tell(tx, Signal::Outbox).await?;
        ids.len()
    }))
}

/// A channel of the installation with what waits for it, or was given up on it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Queue {
    pub uuid: String,
    pub name: String,
    pub kind: String,
    pub project: String,
    pub broken: String,
    pub queued: i64,
    oldest: Option<i64>,
}

impl Queue {
    #[must_use]
    pub fn oldest(&self) -> Option<Time> {
        self.oldest.map(time)
    }
}

/// The channels for which most is queued, most first.
pub async fn queues(db: &Db, limit: i64) -> Result<Vec<Queue>, StoreError> {
    const SQL: &str = "SELECT c.uuid, c.name, c.kind, p.name AS project, c.broken, q.queued, q.oldest
        FROM (SELECT channel_id, COUNT(*) AS queued, MIN(created_at) AS oldest FROM outbox WHERE state = 'queued'
            GROUP BY channel_id ORDER BY COUNT(*) DESC, channel_id LIMIT $1) AS q
        JOIN channels c ON c.id = q.channel_id JOIN projects p ON p.id = c.project_id
        ORDER BY q.queued DESC, c.id";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(limit).fetch_all(pool).await?))
}

/// For how many channels something is queued.
pub async fn count_queues(db: &Db) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(DISTINCT channel_id) FROM outbox WHERE state = 'queued'";
    let (count,): (i64,) = read!(db, |pool| sqlx::query_as(SQL).fetch_one(pool).await?);
    Ok(count)
}

/// How many alerts were delivered since then, among the newest attempts of all.
pub async fn sent_since(db: &Db, since: Time, newest: i64) -> Result<i64, StoreError> {
    const SQL: &str =
        "SELECT COUNT(*) FROM (SELECT at, outcome FROM attempts ORDER BY id DESC LIMIT $2) AS recent
        WHERE at >= $1 AND outcome = 'sent'";
    let (count,): (i64,) =
        read!(db, |pool| sqlx::query_as(SQL).bind(micros(since)).bind(newest).fetch_one(pool).await?);
    Ok(count)
}

/// How a channel did of late.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Pace {
    pub uuid: String,
    pub name: String,
    pub kind: String,
    pub project: String,
    pub tries: i64,
    pub sent: i64,
    mean: i64,
    longest: i64,
}

impl Pace {
    #[must_use]
    pub fn mean(&self) -> Span {
        Span::microseconds(self.mean)
    }

    #[must_use]
    pub fn longest(&self) -> Span {
        Span::microseconds(self.longest)
    }
}

/// The slowest channels among the newest attempts of all, slowest first.
pub async fn slowest(db: &Db, newest: i64, limit: i64) -> Result<Vec<Pace>, StoreError> {
    const SQL: &str = "SELECT c.uuid, c.name, c.kind, p.name AS project, a.tries, a.sent, a.mean, a.longest
        FROM (SELECT channel_id, COUNT(*) AS tries, COUNT(CASE WHEN outcome = 'sent' THEN 1 END) AS sent,
                CAST(AVG(took) AS BIGINT) AS mean, MAX(took) AS longest
            FROM (SELECT channel_id, outcome, took FROM attempts WHERE outcome <> 'skipped'
                ORDER BY id DESC LIMIT $1) AS recent
            GROUP BY channel_id) AS a
        JOIN channels c ON c.id = a.channel_id JOIN projects p ON p.id = c.project_id
        ORDER BY a.mean DESC, c.id LIMIT $2";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(newest).bind(limit).fetch_all(pool).await?))
}
