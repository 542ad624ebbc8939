//! What happens when a channel fails for good: its alerts go to its fallback, and people hear of it elsewhere.
//!
//! Everything is queued in the transaction that records the failure, so that a crash neither loses nor repeats it.
use super::db::{Dialects, on, read, run};
use super::list::List;
use super::{Db, StoreError, WriteTx, micros};
use crate::core::Time;

/// The channel that could not deliver an alert, and what was said at the last try.
pub async fn why(db: &Db, outbox_id: i64) -> Result<Option<(i64, String)>, StoreError> {
    const SQL: &str = "SELECT channel_id, detail FROM attempts WHERE outbox_id = $1 ORDER BY id DESC LIMIT 1";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(outbox_id).fetch_optional(pool).await?))
}

/// Queues alerts that were given up for the fallbacks of their channels. One that a channel has had already, by
/// itself or for another, does not go there again: a ring of fallbacks ends. Nor does one where that channel knows what
/// came later. Gives how many were queued.
pub(super) async fn stand_in(tx: &mut WriteTx, dead: &[i64], now: Time) -> Result<u64, StoreError> {
    // Batches stay apart from those of the fallback itself: each says why it comes.
    const SQL: Dialects = Dialects {
        sqlite: "INSERT INTO outbox (kind, check_id, flip_id, channel_id, batch, state, created_at, attempts, next_at,
                leased_until, origin_id)
            SELECT o.kind, o.check_id, o.flip_id, f.id, 'for ' || o.channel_id || ' ' || o.batch, 'queued', $2, 0, $2,
                0, o.id
            FROM outbox o JOIN channels c ON c.id = o.channel_id
            JOIN channels f ON f.id = c.fallback_id AND f.project_id = c.project_id
            WHERE o.id IN (SELECT value FROM json_each($1)) AND o.flip_id IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM outbox e
                    WHERE e.check_id = o.check_id AND e.flip_id >= o.flip_id AND e.channel_id = f.id)
            ORDER BY o.id
            RETURNING id",
        postgres: "INSERT INTO outbox (kind, check_id, flip_id, channel_id, batch, state, created_at, attempts, next_at,
                leased_until, origin_id)
            SELECT o.kind, o.check_id, o.flip_id, f.id, 'for ' || o.channel_id || ' ' || o.batch, 'queued', $2, 0, $2,
                0, o.id
            FROM outbox o JOIN channels c ON c.id = o.channel_id
            JOIN channels f ON f.id = c.fallback_id AND f.project_id = c.project_id
            WHERE o.id = ANY($1) AND o.flip_id IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM outbox e
                    WHERE e.check_id = o.check_id AND e.flip_id >= o.flip_id AND e.channel_id = f.id)
            ORDER BY o.id
            RETURNING id",
    };
    if dead.is_empty() {
        return Ok(0);
    }
    let sql = SQL.on(tx);
    let rows: Vec<(i64,)> =
        on!(tx, |conn| sqlx::query_as(sql).bind(List(dead)).bind(micros(now)).fetch_all(conn).await?);
    let ids: Vec<i64> = rows.into_iter().map(|(id,)| id).collect();
    let queued = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    Ok(queued + recoveries(tx, &ids, now, true).await?)
}

/// Queues what ended the outages of queued `down`s for channels that have not had it. `again`: also where the check is
/// down once more.
async fn recoveries(tx: &mut WriteTx, downs: &[i64], now: Time, again: bool) -> Result<u64, StoreError> {
    const SQL: Dialects = Dialects {
        sqlite: "INSERT INTO outbox (kind, check_id, flip_id, channel_id, batch, state, created_at, attempts, next_at,
                leased_until, origin_id)
            SELECT 'up', d.check_id, u.id, d.channel_id, d.batch, 'queued', $2, 0, $2, 0, d.origin_id
            FROM outbox d JOIN checks k ON k.id = d.check_id AND ($3 OR k.status <> 'down')
            JOIN flips u ON u.id = (SELECT MIN(f.id) FROM flips f WHERE f.check_id = d.check_id
                AND f.id > d.flip_id AND f.old_status = 'down' AND f.new_status = 'up')
            WHERE d.id IN (SELECT value FROM json_each($1)) AND d.kind = 'down'
                AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.flip_id = u.id AND e.channel_id = d.channel_id)
            ORDER BY d.id",
        postgres: "INSERT INTO outbox (kind, check_id, flip_id, channel_id, batch, state, created_at, attempts, next_at,
                leased_until, origin_id)
            SELECT 'up', d.check_id, u.id, d.channel_id, d.batch, 'queued', $2, 0, $2, 0, d.origin_id
            FROM outbox d JOIN checks k ON k.id = d.check_id AND ($3 OR k.status <> 'down')
            JOIN flips u ON u.id = (SELECT MIN(f.id) FROM flips f WHERE f.check_id = d.check_id
                AND f.id > d.flip_id AND f.old_status = 'down' AND f.new_status = 'up')
            WHERE d.id = ANY($1) AND d.kind = 'down'
                AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.flip_id = u.id AND e.channel_id = d.channel_id)
            ORDER BY d.id",
    };
    if downs.is_empty() {
        return Ok(0);
    }
    let sql = SQL.on(tx);
    Ok(run!(tx, sqlx::query(sql).bind(List(downs)).bind(micros(now)).bind(again)))
}

/// Queues the recoveries among `alerts`, as [`super::changes`] writes them, also where only another channel's place is
/// taken: who was told of an outage instead of it, or will be, hears that it is over.
pub(super) async fn follow(tx: &mut WriteTx, alerts: &str, now: Time) -> Result<(), StoreError> {
    const SQL: Dialects = Dialects {
        sqlite: "INSERT INTO outbox (kind, check_id, flip_id, channel_id, batch, state, created_at, attempts, next_at,
                leased_until, origin_id)
            SELECT a.kind, a.check_id, a.flip_id, d.channel_id, 'for ' || o.channel_id || ' ' || a.batch, 'queued', $2,
                0, a.next_at, 0, d.origin_id
            FROM (SELECT value ->> 0 AS kind, value ->> 1 AS check_id, value ->> 2 AS flip_id, value ->> 3 AS batch,
                    value ->> 4 AS next_at FROM jsonb_each($1)) AS a
            JOIN outbox d ON d.flip_id = (SELECT MAX(f.id) FROM flips f
                WHERE f.check_id = a.check_id AND f.id < a.flip_id AND f.new_status = 'down')
            LEFT JOIN outbox o ON o.id = d.origin_id
            WHERE a.kind = 'up' AND d.kind = 'down' AND d.origin_id IS NOT NULL AND d.state IN ('queued', 'sent')
                AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.flip_id = a.flip_id AND e.channel_id = d.channel_id)
            ORDER BY a.flip_id, d.channel_id",
        postgres: "INSERT INTO outbox (kind, check_id, flip_id, channel_id, batch, state, created_at, attempts, next_at,
                leased_until, origin_id)
            SELECT a.kind, a.check_id, a.flip_id, d.channel_id, 'for ' || o.channel_id || ' ' || a.batch, 'queued', $2,
                0, a.next_at, 0, d.origin_id
            FROM (SELECT value ->> 0 AS kind, CAST(value ->> 1 AS BIGINT) AS check_id,
                    CAST(value ->> 2 AS BIGINT) AS flip_id, value ->> 3 AS batch,
                    CAST(value ->> 4 AS BIGINT) AS next_at
                FROM jsonb_array_elements(CAST($1 AS JSONB))) AS a
            JOIN outbox d ON d.flip_id = (SELECT MAX(f.id) FROM flips f
                WHERE f.check_id = a.check_id AND f.id < a.flip_id AND f.new_status = 'down')
            LEFT JOIN outbox o ON o.id = d.origin_id
            WHERE a.kind = 'up' AND d.kind = 'down' AND d.origin_id IS NOT NULL AND d.state IN ('queued', 'sent')
                AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.flip_id = a.flip_id AND e.channel_id = d.channel_id)
            ORDER BY a.flip_id, d.channel_id",
    };
    let sql = SQL.on(tx);
    run!(tx, sqlx::query(sql).bind(alerts).bind(micros(now)));
    Ok(())
}

/// Queues the recoveries again that follow queued `down`s on the same channel, unless their check is down once more:
/// what is told late is told as over.
pub(super) async fn over_by_now(tx: &mut WriteTx, downs: &[i64], now: Time) -> Result<(), StoreError> {
    const AGAIN: Dialects = Dialects {
        sqlite: "UPDATE outbox SET state = 'queued', attempts = 0, next_at = $2, resent_at = $2, done_at = NULL,
                dismissed_at = NULL, leased_until = 0
            WHERE state <> 'queued' AND id IN (SELECT u.id FROM outbox d
                JOIN checks k ON k.id = d.check_id AND k.status <> 'down'
                JOIN outbox u ON u.flip_id = (SELECT MIN(f.id) FROM flips f WHERE f.check_id = d.check_id
                    AND f.id > d.flip_id AND f.old_status = 'down' AND f.new_status = 'up')
                WHERE d.id IN (SELECT value FROM json_each($1)) AND d.kind = 'down' AND u.channel_id = d.channel_id
                    AND u.id > d.id)",
        postgres: "UPDATE outbox SET state = 'queued', attempts = 0, next_at = $2, resent_at = $2, done_at = NULL,
                dismissed_at = NULL, leased_until = 0
            WHERE state <> 'queued' AND id IN (SELECT u.id FROM outbox d
                JOIN checks k ON k.id = d.check_id AND k.status <> 'down'
                JOIN outbox u ON u.flip_id = (SELECT MIN(f.id) FROM flips f WHERE f.check_id = d.check_id
                    AND f.id > d.flip_id AND f.old_status = 'down' AND f.new_status = 'up')
                WHERE d.id = ANY($1) AND d.kind = 'down' AND u.channel_id = d.channel_id AND u.id > d.id)",
    };
    let sql = AGAIN.on(tx);
    run!(tx, sqlx::query(sql).bind(List(downs)).bind(micros(now)));
    recoveries(tx, downs, now, false).await?;
    Ok(())
}

/// Queues one notice of a channel's death: for its fallback, else for those that are fittest of all that work.
/// `killed_by`: the alert that could not be sent, or a negative number that is nothing else's. Gives how many were queued.
pub(super) async fn tell_of_death(
    tx: &mut WriteTx,
    channel_id: i64,
    killed_by: i64,
    now: Time,
    rank: fn(&str) -> Option<u8>,
) -> Result<u64, StoreError> {
    const WORKING: &str = "SELECT t.id, t.kind, t.id = c.fallback_id FROM channels c
        JOIN channels t ON t.project_id = c.project_id AND t.id <> c.id AND t.broken = ''
            AND t.consent IN ('', 'given')
        WHERE c.id = $1 AND NOT EXISTS (SELECT 1 FROM outbox o
            WHERE o.origin_id = $2 AND o.kind = 'notice' AND o.channel_id = t.id)
        ORDER BY t.id";
    const NOTICE: &str =
        "INSERT INTO outbox (kind, about_id, origin_id, channel_id, state, created_at, attempts,
            next_at, leased_until)
        VALUES ('notice', $1, $2, $3, 'queued', $4, 0, $4, 0)";
    let working: Vec<(i64, String, Option<bool>)> =
        on!(tx, |conn| sqlx::query_as(WORKING).bind(channel_id).bind(killed_by).fetch_all(conn).await?);
    let ranked = working.iter().filter_map(|(id, kind, is_fallback)| {
        if *is_fallback == Some(true) { Some((*id, 0)) } else { Some((*id, rank(kind)?.saturating_add(1))) }
    });
    let ranked: Vec<(i64, u8)> = ranked.collect();
    let best = ranked.iter().map(|(_, rank)| *rank).min();
    let mut queued = 0;
    for (id, _) in ranked.iter().filter(|(_, rank)| Some(*rank) == best) {
        queued += run!(tx, sqlx::query(NOTICE).bind(channel_id).bind(killed_by).bind(id).bind(micros(now)));
    }
    Ok(queued)
}

/// Queues notices again that were given up, for those who have not had them, when nobody else has them.
pub(super) async fn pass_on(
    tx: &mut WriteTx,
    dead: &[i64],
    now: Time,
    rank: fn(&str) -> Option<u8>,
) -> Result<u64, StoreError> {
    const LOST: Dialects = Dialects {
        sqlite: "SELECT DISTINCT o.about_id, o.origin_id FROM outbox o
            WHERE o.id IN (SELECT value FROM json_each($1)) AND o.kind = 'notice' AND o.about_id IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.origin_id = o.origin_id AND e.kind = 'notice'
                    AND e.state IN ('queued', 'sent'))",
        postgres: "SELECT DISTINCT o.about_id, o.origin_id FROM outbox o
            WHERE o.id = ANY($1) AND o.kind = 'notice' AND o.about_id IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.origin_id = o.origin_id AND e.kind = 'notice'
                    AND e.state IN ('queued', 'sent'))",
    };
    if dead.is_empty() {
        return Ok(0);
    }
    let sql = LOST.on(tx);
    let lost: Vec<(i64, i64)> = on!(tx, |conn| sqlx::query_as(sql).bind(List(dead)).fetch_all(conn).await?);
    let mut queued = 0;
    for (about, origin) in lost {
        queued += tell_of_death(tx, about, origin, now, rank).await?;
    }
    Ok(queued)
}
