//! Messages that are sent now and then only to see that a channel works.
use super::db::{Dialects, on, read, run, write_tx};
use super::wake::{Signal, tell};
use super::{Db, StoreError, micros, span_micros};
use crate::core::{Span, Time};

/// From one to the next.
pub const EVERY: Span = Span::days(7);

/// Most that are queued in one transaction.
const AT_ONCE: i64 = 500;

/// Sets when a channel gets its next one; `None`: never.
pub async fn set(db: &Db, channel_id: i64, at: Option<Time>) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE channels SET canary_at = $2 WHERE id = $1";
    write_tx!(db, |tx| {
        run!(tx, sqlx::query(SQL).bind(channel_id).bind(at.map(micros)));
    });
    Ok(())
}

/// Queues those that are due, and plans the next ones. One that is still under way is not joined by another. Gives
/// how many channels it was time for.
pub async fn queue(db: &Db, now: Time) -> Result<usize, StoreError> {
    const NEXT: &str = "SELECT MIN(canary_at) FROM channels WHERE canary_at IS NOT NULL";
    const DUE: Dialects = Dialects {
        sqlite: "SELECT id, canary_at FROM channels WHERE canary_at <= $1 ORDER BY id LIMIT $2",
        postgres: "SELECT id, canary_at FROM channels WHERE canary_at <= $1 ORDER BY id LIMIT $2
            FOR NO KEY UPDATE SKIP LOCKED",
    };
    const PLAN: &str = "UPDATE channels SET canary_at = $2 WHERE id = $1";
    const SEND: &str =
        "INSERT INTO outbox (kind, channel_id, state, created_at, attempts, next_at, leased_until)
        SELECT 'canary', c.id, 'queued', $2, 0, $2, 0 FROM channels c
        WHERE c.id = $1 AND NOT EXISTS (SELECT 1 FROM outbox o
            WHERE o.channel_id = c.id AND o.kind = 'canary' AND o.state = 'queued')";
    let (next,): (Option<i64>,) = read!(db, |pool| sqlx::query_as(NEXT).fetch_one(pool).await?);
    if next.is_none_or(|next| next > micros(now)) {
        return Ok(0);
    }
    Ok(write_tx!(db, |tx| {
        let sql = DUE.on(tx);
        let due: Vec<(i64, i64)> =
            on!(tx, |conn| sqlx::query_as(sql).bind(micros(now)).bind(AT_ONCE).fetch_all(conn).await?);
        for (id, at) in &due {
            // Those that nobody was there to send are not made up for.
            let passed = (micros(now) - at) / span_micros(EVERY) + 1;
            run!(tx, sqlx::query(PLAN).bind(id).bind(at + passed * span_micros(EVERY)));
            run!(tx, sqlx::query(SEND).bind(id).bind(micros(now)));
        }
        if !due.is_empty() {
            tell(tx, Signal::Outbox).await?;
        }
        due.len()
    }))
}
