//! Alerts on their way: what is queued, who is sending it, and what became of each attempt.
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::attempts::{self, Finished};
use super::channels::{Channel, Settings, channel_columns};
use super::check_row::check_columns;
use super::db::{Dialects, on, read, run, write_tx};
use super::list::List;
use super::{Db, StoreError, WriteTx, flips::Flip, micros, nodes, paced, time};
use crate::core::check::Blackout;
use crate::core::{Span, Time};

/// What this process has leased and must send: an alert about a check, or a message about none.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Claimed {
    pub id: i64,
    /// `down` or `up`; `canary`; `notice`.
    pub kind: String,
    pub check_id: Option<i64>,
    pub flip_id: Option<i64>,
    pub channel_id: i64,
    /// The channel that a notice is about.
    pub about_id: Option<i64>,
    /// The alert that this one stands in for.
    pub origin_id: Option<i64>,
    /// What has the same group makes one message; none: one of its own.
    #[sqlx(skip)]
    pub group: Option<String>,
    /// Which try this is, from 1.
    pub attempts: i64,
    since: i64,
}

impl Claimed {
    /// Since when it has been tried.
    #[must_use]
    pub fn since(&self) -> Time {
        time(self.since)
    }
}

/// How one channel wants to be told, as its kind and settings say.
#[derive(Debug, Clone, Default)]
pub struct Manner {
    /// Each check has a message of its own, whatever happened to others.
    pub each: bool,
    /// What went down and came back before anybody was told of it makes one message.
    pub both: bool,
    /// Whom messages go to, and how many a minute, where somebody counts.
    pub limit: Option<(String, usize)>,
}

/// What the queue must know about kinds of channels, which the store does not.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Of a kind and its settings.
    pub manner: fn(&str, &Settings) -> Manner,
    /// How many messages somebody with this limit a minute may get now, after those of the last minute.
    pub room: fn(usize, &[Time], Time) -> usize,
    /// How fit channels of a kind are to tell about another channel's death: the lowest come first; `None`: never.
    pub rank: fn(&str) -> Option<u8>,
}

/// Most alerts claimed at once.
const CLAIM_LIMIT: i64 = 200;
/// Most alerts told in one message.
const BATCH_LIMIT: i64 = 5000;

/// Who gets how much of one look at the queue.
#[derive(Debug, Default)]
pub struct Shares {
    /// Messages that a channel may get.
    pub per_channel: usize,
    /// Channels that get nothing now.
    pub busy: Vec<i64>,
    /// Channels that get one message at a time.
    pub slow: BTreeSet<i64>,
    /// The channel after which the walk goes on, so that those with low numbers do not take everything.
    pub after: i64,
}

/// Records what finished and leases what is due, in one transaction. Gives also the channel after which the next walk
/// is to go on; 0 when this one came to the end.
///
/// Takes what `shares` allow, and nothing of a check whose
/// earlier alert on the same channel is still queued: on one channel `up` never overtakes `down`. Where a vendor
/// counts, it takes no more messages than there is room for; when more is due, all of one kind make one message.
pub async fn exchange(
    db: &Db,
    finished: &[Finished],
    now: Time,
    lease: Span,
    shares: &Shares,
    policy: Policy,
) -> Result<(Vec<Claimed>, i64), StoreError> {
    Ok(write_tx!(db, |tx| {
        attempts::record(tx, finished, policy).await?;
        claim(tx, now, lease, shares, policy).await?
    }))
}

/// What is to be taken for one channel.
struct Taking {
    manner: Manner,
    /// Messages that it may still get.
    room: usize,
    /// There is more for it than it may get one by one.
    crowded: bool,
}

async fn claim(
    tx: &mut WriteTx,
    now: Time,
    lease: Span,
    shares: &Shares,
    policy: Policy,
) -> Result<(Vec<Claimed>, i64), StoreError> {
    // Walks from channel to channel along the index, so that ten thousand alerts for one channel do not hide
    // the one alert for another.
    const READY: Dialects = Dialects {
        sqlite: "WITH RECURSIVE ready(channel_id) AS (
                SELECT MIN(channel_id) FROM outbox WHERE state = 'queued' AND channel_id > $5
                UNION ALL
                SELECT (SELECT MIN(channel_id) FROM outbox WHERE state = 'queued' AND channel_id > ready.channel_id)
                FROM ready WHERE ready.channel_id IS NOT NULL
            )
            SELECT o.id, o.kind AS told, o.batch, o.channel_id, c.kind, c.settings
            FROM ready r JOIN channels c ON c.id = r.channel_id
            JOIN outbox o ON o.id IN (
                SELECT i.id FROM outbox i
                WHERE i.state = 'queued' AND i.channel_id = r.channel_id AND i.next_at <= $1
                    AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.state = 'queued' AND e.channel_id = i.channel_id
                        AND e.check_id = i.check_id AND e.id < i.id)
                ORDER BY i.next_at, i.id LIMIT $2)
            WHERE r.channel_id IS NOT NULL AND r.channel_id NOT IN (SELECT value FROM json_each($3))
            LIMIT $4",
        postgres: "WITH RECURSIVE ready(channel_id) AS (
                SELECT MIN(channel_id) FROM outbox WHERE state = 'queued' AND channel_id > $5
                UNION ALL
                SELECT (SELECT MIN(channel_id) FROM outbox WHERE state = 'queued' AND channel_id > ready.channel_id)
                FROM ready WHERE ready.channel_id IS NOT NULL
            )
            SELECT o.id, o.kind AS told, o.batch, o.channel_id, c.kind, c.settings
            FROM ready r JOIN channels c ON c.id = r.channel_id
            CROSS JOIN LATERAL (
                SELECT i.id, i.kind, i.batch, i.channel_id FROM outbox i
                WHERE i.state = 'queued' AND i.channel_id = r.channel_id AND i.next_at <= $1
                    AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.state = 'queued' AND e.channel_id = i.channel_id
                        AND e.check_id = i.check_id AND e.id < i.id)
                ORDER BY i.next_at, i.id LIMIT $2) AS o
            WHERE r.channel_id IS NOT NULL AND r.channel_id <> ALL($3)
            LIMIT $4",
    };
    let sql = READY.on(tx);
    let ready: Vec<Ready> = on!(tx, |conn| sqlx::query_as(sql)
        .bind(micros(now))
        .bind(i64::try_from(shares.per_channel).unwrap_or(1))
        .bind(List(&shares.busy))
        .bind(CLAIM_LIMIT)
        .bind(shares.after)
        .fetch_all(conn)
        .await?);
    let full = i64::try_from(ready.len()).is_ok_and(|count| count >= CLAIM_LIMIT);
    let next = ready.iter().map(|row| row.channel_id).max().filter(|_| full).unwrap_or(0);
    let mut channels: BTreeMap<i64, Taking> = BTreeMap::new();
    // Each with its group.
    let mut wanted: BTreeMap<i64, Option<String>> = BTreeMap::new();
    for row in ready {
        let taking = match channels.entry(row.channel_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let mut taking = taking(tx, &row, now, policy).await?;
                if shares.slow.contains(&row.channel_id) {
                    taking.room = taking.room.min(1);
                }
                new.insert(taking)
            }
        };
        if taking.room == 0 || wanted.contains_key(&row.id) {
            continue;
        }
        taking.room -= 1;
        let batch = row.batch.clone().filter(|_| !taking.manner.each);
        // Everything of one kind that is due for it, or the whole batch, or this one alone.
        let (together, batch) = match (taking.crowded, batch) {
            (true, _) => (together(tx, &row, "", now).await?, Some(row.told.clone())),
            (false, Some(batch)) => (together(tx, &row, &batch, now).await?, Some(batch)),
            (false, None) => (vec![row.id], None),
        };
        let pairs = match row.told.as_str() {
            "down" if taking.manner.both => pairs(tx, &together, now).await?,
            _ => BTreeMap::new(),
        };
        // Those that came back meanwhile make a message of their own; the others' is the next one, or the reverse.
        let came_back = pairs.contains_key(&row.id);
        for id in together {
            match pairs.get(&id) {
                Some(up) if came_back => {
                    let group =
                        batch.as_ref().map_or_else(|| format!("both {id}"), |batch| format!("both {batch}"));
                    wanted.insert(id, Some(group.clone()));
                    wanted.insert(*up, Some(group));
                }
                None if !came_back => drop(wanted.insert(id, batch.clone())),
                _ => {}
            }
        }
    }
    if wanted.is_empty() {
        return Ok((Vec::new(), next));
    }
    let claimed = take(tx, &wanted, now, lease).await?;
    for (recipient, messages) in counted(&channels, &claimed) {
        paced::note(tx, recipient, messages, now).await?;
    }
    Ok((claimed, next))
}

/// An alert that may go out now, with its channel's kind and settings.
#[derive(sqlx::FromRow)]
struct Ready {
    id: i64,
    told: String,
    batch: Option<String>,
    channel_id: i64,
    kind: String,
    settings: String,
}

async fn taking(tx: &mut WriteTx, row: &Ready, now: Time, policy: Policy) -> Result<Taking, StoreError> {
    let settings: Settings = serde_json::from_str(&row.settings).unwrap_or_default();
    let manner = (policy.manner)(&row.kind, &settings);
    let Some((recipient, limit)) = &manner.limit else {
        return Ok(Taking { manner, room: usize::MAX, crowded: false });
    };
    let sent = paced::lock(tx, recipient, now).await?;
    let room = (policy.room)(*limit, &sent, now);
    let crowded = !manner.each && room > 0 && due_for(tx, row.channel_id, now).await? > room;
    Ok(Taking { manner, room, crowded })
}

/// What is due for a channel and tells the same as `row`, of one batch or (with an empty name) all.
async fn together(tx: &mut WriteTx, row: &Ready, batch: &str, now: Time) -> Result<Vec<i64>, StoreError> {
    const SQL: &str = "SELECT i.id FROM outbox i
        WHERE i.state = 'queued' AND i.channel_id = $1 AND ($2 = '' OR i.batch = $2) AND i.kind = $5
            AND i.next_at <= $3
            AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.state = 'queued' AND e.channel_id = i.channel_id
                AND e.check_id = i.check_id AND e.id < i.id)
        ORDER BY i.id LIMIT $4";
    // Notices and canaries are no news of checks, which could be told in one sentence.
    if !matches!(row.told.as_str(), "down" | "up") {
        return Ok(vec![row.id]);
    }
    let rows: Vec<(i64,)> = on!(tx, |conn| {
        sqlx::query_as(SQL)
            .bind(row.channel_id)
            .bind(batch)
            .bind(micros(now))
            .bind(BATCH_LIMIT)
            .bind(&row.told)
            .fetch_all(conn)
            .await?
    });
    let mut ids: Vec<i64> = rows.into_iter().map(|(id,)| id).collect();
    if !ids.contains(&row.id) {
        ids.push(row.id);
    }
    Ok(ids)
}

/// Those among queued `down`s whose check has come back meanwhile, each with that `up`: the next thing to be told of
/// the same check on the same channel.
async fn pairs(tx: &mut WriteTx, downs: &[i64], now: Time) -> Result<BTreeMap<i64, i64>, StoreError> {
    const SQL: Dialects = Dialects {
        sqlite: "SELECT d.id, u.id FROM outbox d JOIN outbox u ON u.id = (SELECT MIN(n.id) FROM outbox n
                WHERE n.state = 'queued' AND n.channel_id = d.channel_id AND n.check_id = d.check_id AND n.id > d.id)
            WHERE d.id IN (SELECT value FROM json_each($1)) AND d.kind = 'down' AND u.kind = 'up' AND u.next_at <= $2",
        postgres: "SELECT d.id, u.id FROM outbox d JOIN outbox u ON u.id = (SELECT MIN(n.id) FROM outbox n
                WHERE n.state = 'queued' AND n.channel_id = d.channel_id AND n.check_id = d.check_id AND n.id > d.id)
            WHERE d.id = ANY($1) AND d.kind = 'down' AND u.kind = 'up' AND u.next_at <= $2",
    };
    let sql = SQL.on(tx);
    let rows: Vec<(i64, i64)> =
        on!(tx, |conn| sqlx::query_as(sql).bind(List(downs)).bind(micros(now)).fetch_all(conn).await?);
    Ok(rows.into_iter().collect())
}

/// Leases what is wanted.
async fn take(
    tx: &mut WriteTx,
    wanted: &BTreeMap<i64, Option<String>>,
    now: Time,
    lease: Span,
) -> Result<Vec<Claimed>, StoreError> {
    // On PostgreSQL another server may have leased some of them since we looked.
    const LEASE: Dialects = Dialects {
        sqlite: "UPDATE outbox SET leased_until = $2, next_at = $2, attempts = attempts + 1
            WHERE id IN (SELECT value FROM json_each($1)) AND state = 'queued' AND next_at <= $3
            RETURNING id, kind, check_id, flip_id, channel_id, about_id, origin_id, attempts,
                COALESCE(resent_at, created_at) AS since",
        postgres: "UPDATE outbox SET leased_until = $2, next_at = $2, attempts = attempts + 1
            WHERE id IN (SELECT id FROM outbox
                WHERE id = ANY($1)
                    AND state = 'queued' AND next_at <= $3
                ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
            RETURNING id, kind, check_id, flip_id, channel_id, about_id, origin_id, attempts,
                COALESCE(resent_at, created_at) AS since",
    };
    const BACK: Dialects = Dialects {
        sqlite: "UPDATE outbox SET leased_until = 0, next_at = $2, attempts = attempts - 1
            WHERE id IN (SELECT value FROM json_each($1))",
        postgres: "UPDATE outbox SET leased_until = 0, next_at = $2, attempts = attempts - 1 WHERE id = ANY($1)",
    };
    let ids: Vec<i64> = wanted.keys().copied().collect();
    let sql = LEASE.on(tx);
    let mut claimed: Vec<Claimed> = on!(tx, |conn| sqlx::query_as(sql)
        .bind(List(&ids))
        .bind(micros(now + lease))
        .bind(micros(now))
        .fetch_all(conn)
        .await?);
    claimed.sort_by_key(|row| row.id);
    for row in &mut claimed {
        row.group = wanted.get(&row.id).cloned().flatten();
    }
    // A `down` of which somebody else took care keeps its `up` for later.
    let told: BTreeSet<_> =
        claimed.iter().filter(|row| row.kind == "down").map(|row| (row.channel_id, row.check_id)).collect();
    let alone = |row: &Claimed| {
        let both = row.group.as_ref().is_some_and(|group| group.starts_with("both "));
        both && row.kind == "up" && !told.contains(&(row.channel_id, row.check_id))
    };
    let back: Vec<i64> = claimed.iter().filter(|row| alone(row)).map(|row| row.id).collect();
    if !back.is_empty() {
        claimed.retain(|row| !back.contains(&row.id));
        let sql = BACK.on(tx);
        run!(tx, sqlx::query(sql).bind(List(&back)).bind(micros(now)));
    }
    Ok(claimed)
}

/// What tells messages apart: the channel, and a group or an alert by itself.
type Message<'a> = (i64, Result<&'a str, i64>);

/// How many messages each recipient gets who is counted.
fn counted<'a>(channels: &'a BTreeMap<i64, Taking>, claimed: &[Claimed]) -> BTreeMap<&'a str, usize> {
    let mut messages: BTreeMap<&str, BTreeSet<Message<'_>>> = BTreeMap::new();
    for row in claimed {
        let limit = channels.get(&row.channel_id).and_then(|taking| taking.manner.limit.as_ref());
        if let Some((recipient, _)) = limit {
            let message = (row.channel_id, row.group.as_deref().ok_or(row.id));
            messages.entry(recipient).or_default().insert(message);
        }
    }
    messages.into_iter().map(|(recipient, messages)| (recipient, messages.len())).collect()
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

/// Loads what a claimed alert is about; `None` when its check was deleted meanwhile, or it is about none.
pub async fn subject(db: &Db, alert: &Claimed) -> Result<Option<Subject>, StoreError> {
    const CHECK: &str = concat!("SELECT ", check_columns!(""), " FROM checks WHERE id = $1");
    let (Some(check_id), Some(flip_id)) = (alert.check_id, alert.flip_id) else { return Ok(None) };
    let check = read!(db, |pool| sqlx::query_as(CHECK).bind(check_id).fetch_optional(pool).await?);
    let flip = super::flips::by_id(db, flip_id).await?;
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
    /// The channel's reader has not said yet whether they want it.
    pub is_unconfirmed: bool,
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
            c.kind AS channel_kind, c.consent = 'asked' AS is_unconfirmed
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

/// The newest attempt on each channel of a project; without what a restore closed.
pub async fn last_attempts(db: &Db, project_id: i64) -> Result<Vec<LastAttempt>, StoreError> {
    const SQL: &str = "SELECT c.id AS channel_id, a.at, a.outcome, a.detail FROM channels c
        JOIN attempts a ON a.id = (SELECT MAX(t.id) FROM attempts t WHERE t.channel_id = c.id AND t.outcome <> 'skipped')
        WHERE c.project_id = $1";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(project_id).fetch_all(pool).await?))
}
