//! When Maibo itself was away, and the mark by which that is known.

use super::db::{Dialects, on, read, run, write_tx};
use super::{Db, StoreError, WriteTx, micros, nodes, time};
use crate::core::check::Blackout;
use crate::core::{Span, Time};

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    from_at: i64,
    to_at: i64,
}

impl From<Row> for Blackout {
    fn from(row: Row) -> Self {
        Self { id: row.id, from: time(row.from_at), to: time(row.to_at) }
    }
}

/// When a server was last known to be alive; `None` before the first start.
pub async fn last_alive(db: &Db) -> Result<Option<Time>, StoreError> {
    const SQL: &str = "SELECT alive_at FROM liveness WHERE id = 1";
    let row: Option<(i64,)> = read!(db, |pool| sqlx::query_as(SQL).fetch_optional(pool).await?);
    Ok(row.map(|(at,)| time(at)))
}

/// Leaves the mark. It follows the clock in both directions: after a step back a mark in the future would hide
/// the next blackout.
pub async fn mark_alive(db: &Db, now: Time) -> Result<(), StoreError> {
    write_tx!(db, |tx| mark_in(tx, now).await?);
    Ok(())
}

async fn mark_in(tx: &mut WriteTx, now: Time) -> Result<(), StoreError> {
    // On PostgreSQL several servers leave the same mark, each a little late and by its own clock: it goes back
    // only when it is ten seconds ahead.
    const SQL: Dialects = Dialects {
        sqlite: "INSERT INTO liveness (id, alive_at) VALUES (1, $1)
            ON CONFLICT (id) DO UPDATE SET alive_at = excluded.alive_at",
        postgres: "INSERT INTO liveness (id, alive_at) VALUES (1, $1)
            ON CONFLICT (id) DO UPDATE SET alive_at = CASE
                WHEN liveness.alive_at > excluded.alive_at + 10000000 THEN excluded.alive_at
                ELSE GREATEST(liveness.alive_at, excluded.alive_at) END",
    };
    let sql = SQL.on(tx);
    run!(tx, sqlx::query(sql).bind(micros(now)));
    Ok(())
}

/// Records that nobody was there until `now`, and leaves the mark. A gap in which another server was alive is no
/// blackout, and gives `None`, like no gap at all.
///
/// `own`: when this server was last alive; `None` for one that starts. `usual`: how old the mark may be while
/// another server leaves it.
pub async fn record_gap(
    db: &Db,
    own: Option<Time>,
    now: Time,
    usual: Span,
    cause: &str,
) -> Result<Option<Blackout>, StoreError> {
    const MARK: Dialects = Dialects {
        sqlite: "SELECT alive_at FROM liveness WHERE id = 1",
        // Servers that start together find the same gap: one records it.
        postgres: "SELECT alive_at FROM liveness WHERE id = 1 FOR UPDATE",
    };
    const SQL: &str = "INSERT INTO blackouts (from_at, to_at, cause) VALUES ($1, $2, $3) RETURNING id";
    let gap = write_tx!(db, |tx| {
        let sql = MARK.on(tx);
        let mark: Option<(i64,)> = on!(tx, |conn| sqlx::query_as(sql).fetch_optional(conn).await?);
        // After a clock that stepped back there is no gap to speak of: no deadline moves.
        let mark = mark.map(|(at,)| time(at)).filter(|at| *at <= now);
        let Some(from) = mark.max(own).filter(|from| *from < now) else { return Ok(None) };
        if now - from <= usual && nodes::others_work(tx).await? {
            return Ok(None);
        }
        mark_in(tx, now).await?;
        let (id,): (i64,) = on!(tx, |conn| {
            sqlx::query_as(SQL).bind(micros(from)).bind(micros(now)).bind(cause).fetch_one(conn).await?
        });
        Some(Blackout { id, from, to: now })
    });
    Ok(gap)
}

/// Blackouts that ended at or after `since`, oldest first.
pub async fn since(db: &Db, since: Time) -> Result<Vec<Blackout>, StoreError> {
    const SQL: &str = "SELECT id, from_at, to_at FROM blackouts WHERE to_at >= $1 ORDER BY to_at LIMIT 1000";
    let rows: Vec<Row> = read!(db, |pool| sqlx::query_as(SQL).bind(micros(since)).fetch_all(pool).await?);
    Ok(rows.into_iter().map(Blackout::from).collect())
}

/// One blackout.
pub async fn by_id(db: &Db, id: i64) -> Result<Option<Blackout>, StoreError> {
    const SQL: &str = "SELECT id, from_at, to_at FROM blackouts WHERE id = $1";
    let row: Option<Row> = read!(db, |pool| sqlx::query_as(SQL).bind(id).fetch_optional(pool).await?);
    Ok(row.map(Blackout::from))
}
