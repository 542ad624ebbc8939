//! Alerts on their way: what is queued, who is sending it, and what became of each attempt.
use std::collections::BTreeMap;

use super::attempts::{self, Finished};
use super::channels::channel_columns;
use super::check_row::check_columns;
use super::db::{Dialects, on, read, run, write_tx};
use super::list::List;
use super::{Db, StoreError, WriteTx, channels::Channel, flips::Flip, micros, nodes, time};
use crate::core::check::Blackout;
use crate::core::{Span, Time};

/// An alert that this process has leased and must send.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Claimed {
    pub id: i64,
    /// `down` or `up`.
    pub kind: String,
    pub check_id: i64,
    pub flip_id: i64,
    pub channel_id: i64,
    /// Alerts of one channel with the same batch make one message.
    pub batch: Option<String>,
    /// There was more for this channel than it may get one by one: all of one kind make one message.
    #[sqlx(skip)]
    pub crowded: bool,
    /// Which try this is, from 1.
    pub attempts: i64,
    created_at: i64,
}

impl Claimed {
    #[must_use]
    pub fn created_at(&self) -> Time {
        time(self.created_at)
    }
}

/// Most alerts claimed at once.
const CLAIM_LIMIT: i64 = 200;
/// Most alerts told in one message.
const BATCH_LIMIT: i64 = 5000;

/// Records what finished and leases what is due, in one transaction.
///
/// Takes at most `per_channel` messages of a channel, none of those in `busy`, and nothing of a check whose
/// earlier alert on the same channel is still queued: on one channel `up` never overtakes `down`. `room` tells how
/// many messages a channel of some kind may get now, where that is limited; when more is due, all of it is taken.
pub async fn exchange(
    db: &Db,
    finished: &[Finished],
    now: Time,
    lease: Span,
    busy: &[i64],
    per_channel: i64,
    room: impl Fn(&str, i64) -> Option<usize>,
) -> Result<Vec<Claimed>, StoreError> {
    Ok(write_tx!(db, |tx| {
        attempts::record(tx, finished).await?;
        claim(tx, now, lease, busy, per_channel, &room).await?
    }))
}

async fn claim(
    tx: &mut WriteTx,
    now: Time,
    lease: Span,
    busy: &[i64],
    per_channel: i64,
    room: impl Fn(&str, i64) -> Option<usize>,
) -> Result<Vec<Claimed>, StoreError> {
    // Walks from channel to channel along the index, so that ten thousand alerts for one channel do not hide
    // the one alert for another.
    const READY: Dialects = Dialects {
        sqlite: "WITH RECURSIVE ready(channel_id) AS (
                SELECT MIN(channel_id) FROM outbox WHERE state = 'queued'
                UNION ALL
                SELECT (SELECT MIN(channel_id) FROM outbox WHERE state = 'queued' AND channel_id > ready.channel_id)
                FROM ready WHERE ready.channel_id IS NOT NULL
            )
            SELECT o.id, o.batch, o.channel_id, c.kind FROM ready r JOIN channels c ON c.id = r.channel_id
            JOIN outbox o ON o.id IN (
                SELECT i.id FROM outbox i
                WHERE i.state = 'queued' AND i.channel_id = r.channel_id AND i.next_at <= $1
                    AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.state = 'queued' AND e.channel_id = i.channel_id
                        AND e.check_id = i.check_id AND e.id < i.id)
                ORDER BY i.next_at, i.id LIMIT $2)
            WHERE r.channel_id IS NOT NULL AND r.channel_id NOT IN (SELECT value FROM json_each($3))
            LIMIT $4",
        postgres: "WITH RECURSIVE ready(channel_id) AS (
                SELECT MIN(channel_id) FROM outbox WHERE state = 'queued'
                UNION ALL
                SELECT (SELECT MIN(channel_id) FROM outbox WHERE state = 'queued' AND channel_id > ready.channel_id)
                FROM ready WHERE ready.channel_id IS NOT NULL
            )
            SELECT o.id, o.batch, o.channel_id, c.kind FROM ready r JOIN channels c ON c.id = r.channel_id
            CROSS JOIN LATERAL (
                SELECT i.id, i.batch, i.channel_id FROM outbox i
                WHERE i.state = 'queued' AND i.channel_id = r.channel_id AND i.next_at <= $1
                    AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.state = 'queued' AND e.channel_id = i.channel_id
                        AND e.check_id = i.check_id AND e.id < i.id)
                ORDER BY i.next_at, i.id LIMIT $2) AS o
            WHERE r.channel_id IS NOT NULL AND r.channel_id <> ALL($3)
            LIMIT $4",
    };
    const TOGETHER: &str = "SELECT i.id FROM outbox i
        WHERE i.state = 'queued' AND i.channel_id = $1 AND ($2 = '' OR i.batch = $2) AND i.next_at <= $3
            AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.state = 'queued' AND e.channel_id = i.channel_id
                AND e.check_id = i.check_id AND e.id < i.id)
        ORDER BY i.id LIMIT $4";
    // On PostgreSQL another server may have leased some of them since we looked.
    const LEASE: Dialects = Dialects {
        sqlite: "UPDATE outbox SET leased_until = $2, next_at = $2, attempts = attempts + 1
            WHERE id IN (SELECT value FROM json_each($1)) AND state = 'queued' AND next_at <= $3
            RETURNING id, kind, check_id, flip_id, channel_id, batch, attempts, created_at",
        postgres: "UPDATE outbox SET leased_until = $2, next_at = $2, attempts = attempts + 1
            WHERE id IN (SELECT id FROM outbox
                WHERE id = ANY($1)
                    AND state = 'queued' AND next_at <= $3
                ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
            RETURNING id, kind, check_id, flip_id, channel_id, batch, attempts, created_at",
    };
    let sql = READY.on(tx);
    let ready: Vec<(i64, Option<String>, i64, String)> = on!(tx, |conn| sqlx::query_as(sql)
        .bind(micros(now))
        .bind(per_channel)
        .bind(List(busy))
        .bind(CLAIM_LIMIT)
        .fetch_all(conn)
        .await?);
    let mut ids: Vec<i64> = Vec::new();
    // Whole groups to take: a batch of a channel, or (with an empty name) everything that is due for it.
    let mut groups: Vec<(i64, String)> = Vec::new();
    let mut seen: BTreeMap<i64, bool> = BTreeMap::new();
    for (id, batch, channel_id, kind) in ready {
        let room = room(&kind, channel_id);
        let crowded = match (seen.get(&channel_id), room) {
            (Some(crowded), _) => *crowded,
            (None, None) => false,
            (None, Some(room)) => due_for(tx, channel_id, now).await? > room,
        };
        seen.insert(channel_id, crowded);
        let group = match (room, crowded, batch) {
            (Some(0), ..) => continue,
            (_, true, _) => Some(String::new()),
            (_, false, batch) => batch,
        };
        match group {
            None => ids.push(id),
            Some(name) if !groups.contains(&(channel_id, name.clone())) => groups.push((channel_id, name)),
            Some(_) => {}
        }
    }
    for (channel_id, batch) in groups {
        let rows: Vec<(i64,)> = on!(tx, |conn| {
            sqlx::query_as(TOGETHER)
                .bind(channel_id)
                .bind(&batch)
                .bind(micros(now))
                .bind(BATCH_LIMIT)
                .fetch_all(conn)
                .await?
        });
        ids.extend(rows.into_iter().map(|(id,)| id));
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = LEASE.on(tx);
    let mut claimed: Vec<Claimed> = on!(tx, |conn| sqlx::query_as(sql)
        .bind(List(&ids))
        .bind(micros(now + lease))
        .bind(micros(now))
        .fetch_all(conn)
        .await?);
    claimed.sort_by_key(|row| row.id);
    for row in &mut claimed {
        row.crowded = seen.get(&row.channel_id).copied().unwrap_or(false);
    }
    Ok(claimed)
}

/// How many alerts are due for a channel.
async fn due_for(tx: &mut WriteTx, channel_id: i64, now: Time) -> Result<usize, StoreError> {
    const SQL: &str =
        "SELECT COUNT(*) FROM outbox WHERE state = 'queued' AND channel_id = $1 AND next_at <= $2";
    let (count,): (i64,) =
        on!(tx, |conn| sqlx::query_as(SQL).bind(channel_id).bind(micros(now)).fetch_one(conn).await?);
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// When the next queued alert may be tried; for a leased one, when its lease ends.
pub async fn next_at(db: &Db) -> Result<Option<Time>, StoreError> {
    const SQL: &str = "SELECT MIN(next_at) FROM outbox WHERE state = 'queued'";
    let (at,): (Option<i64>,) = read!(db, |pool| sqlx::query_as(SQL).fetch_one(pool).await?);
    Ok(at.map(time))
}

/// Gives all leases back when no other server is there that could hold them. The leases of one among several that
/// died run out by themselves.
pub async fn release_orphaned(db: &Db, now: Time) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE outbox SET leased_until = 0, next_at = $1 WHERE state = 'queued' AND leased_until > 0";
    write_tx!(db, |tx| {
        if !nodes::others_work(tx).await? {
            run!(tx, sqlx::query(SQL).bind(micros(now)));
        }
    });
    Ok(())
}

/// What a message is about: the check, what happened to it, and the words around.
#[derive(Debug, Clone)]
pub struct Subject {
    pub check: super::checks::Check,
    pub flip: Flip,
    pub blackout: Option<Blackout>,
}

/// Loads what a claimed alert is about; `None` when its check was deleted meanwhile.
pub async fn subject(db: &Db, alert: &Claimed) -> Result<Option<Subject>, StoreError> {
    const CHECK: &str = concat!("SELECT ", check_columns!(""), " FROM checks WHERE id = $1");
    let check = read!(db, |pool| sqlx::query_as(CHECK).bind(alert.check_id).fetch_optional(pool).await?);
    let flip = super::flips::by_id(db, alert.flip_id).await?;
    let (Some(check), Some(flip)) = (check, flip) else { return Ok(None) };
    let blackout = match flip.blackout_id {
        Some(id) => super::blackouts::by_id(db, id).await?,
        None => None,
    };
    Ok(Some(Subject { check, flip, blackout }))
}

/// The channel an alert goes to.
pub async fn channel(db: &Db, id: i64) -> Result<Option<Channel>, StoreError> {
    const SQL: &str = concat!("SELECT ", channel_columns!(""), " FROM channels WHERE id = $1");
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(id).fetch_optional(pool).await?))
}

/// An alert as a check's page shows it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Shown {
    pub id: i64,
    pub flip_id: i64,
    pub kind: String,
    /// `queued`, `sent`, `dead` or `skipped`.
    pub state: String,
    pub attempts: i64,
    next_at: i64,
    pub channel_name: String,
    pub channel_kind: String,
}

impl Shown {
    #[must_use]
    pub fn next_at(&self) -> Time {
        time(self.next_at)
    }
}

/// The alerts of one flip.
pub async fn of_flips(db: &Db, check_id: i64, oldest_flip: i64) -> Result<Vec<Shown>, StoreError> {
    const SQL: &str =
        "SELECT o.id, o.flip_id, o.kind, o.state, o.attempts, o.next_at, c.name AS channel_name,
            c.kind AS channel_kind
        FROM outbox o JOIN channels c ON c.id = o.channel_id
        WHERE o.check_id = $1 AND o.flip_id >= $2 ORDER BY o.id LIMIT 2000";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(check_id).bind(oldest_flip).fetch_all(pool).await?))
}

/// One try to deliver.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Attempt {
    pub outbox_id: i64,
    at: i64,
    took: i64,
    /// `sent`, `retry`, `dead`, or `skipped` for what a restore closed.
    pub outcome: String,
    pub detail: String,
}

impl Attempt {
    #[must_use]
    pub fn at(&self) -> Time {
        time(self.at)
    }

    #[must_use]
    pub fn took(&self) -> Span {
        Span::microseconds(self.took)
    }
}

/// The attempts for a check's alerts since a flip, oldest first.
pub async fn attempts(db: &Db, check_id: i64, oldest_flip: i64) -> Result<Vec<Attempt>, StoreError> {
    const SQL: &str = "SELECT a.outbox_id, a.at, a.took, a.outcome, a.detail FROM outbox o
        JOIN attempts a ON a.outbox_id = o.id
        WHERE o.check_id = $1 AND o.flip_id >= $2 ORDER BY a.id LIMIT 5000";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(check_id).bind(oldest_flip).fetch_all(pool).await?))
}

/// What a list of channels tells about the last attempt on each.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct LastAttempt {
    pub channel_id: i64,
    at: i64,
    pub outcome: String,
    pub detail: String,
}

impl LastAttempt {
    #[must_use]
    pub fn at(&self) -> Time {
        time(self.at)
    }
}

/// The newest attempt on each channel of a project, among its newest alerts; without what a restore closed.
pub async fn last_attempts(db: &Db, project_id: i64) -> Result<Vec<LastAttempt>, StoreError> {
    const SQL: &str = "SELECT c.id AS channel_id, a.at, a.outcome, a.detail FROM channels c
        JOIN attempts a ON a.id = (SELECT MAX(t.id) FROM outbox o JOIN attempts t ON t.outbox_id = o.id
            WHERE o.channel_id = c.id AND t.outcome <> 'skipped' AND o.id >= (SELECT COALESCE(MAX(n.id), 0) - 1000 FROM outbox n))
        WHERE c.project_id = $1";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(project_id).fetch_all(pool).await?))
}
