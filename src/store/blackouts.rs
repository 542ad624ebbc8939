//! When Maibo itself was away, and the mark by which that is known.
use sqlx::SqliteConnection;

use super::db::{read, write_tx};
use super::{Db, StoreError, micros, time};
use crate::core::Time;
use crate::core::check::Blackout;

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

async fn mark_in(tx: &mut SqliteConnection, now: Time) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO liveness (id, alive_at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET alive_at = excluded.alive_at";
    sqlx::query(SQL).bind(micros(now)).execute(tx).await?;
    Ok(())
}

/// Records a blackout and leaves the mark at its end.
pub async fn record(db: &Db, from: Time, to: Time, cause: &str) -> Result<i64, StoreError> {
    const SQL: &str = "INSERT INTO blackouts (from_at, to_at, cause) VALUES ($1, $2, $3) RETURNING id";
    let (id,): (i64,) = write_tx!(db, |tx| {
        mark_in(&mut *tx, to).await?;
        sqlx::query_as(SQL).bind(micros(from)).bind(micros(to)).bind(cause).fetch_one(&mut *tx).await?
    });
    Ok(id)
}

/// Blackouts that ended at or after `since`, oldest first.
pub async fn since(db: &Db, since: Time) -> Result<Vec<Blackout>, StoreError> {
    const SQL: &str = "SELECT id, from_at, to_at FROM blackouts WHERE to_at >= $1 ORDER BY to_at LIMIT 1000";
    let rows: Vec<Row> = read!(db, |pool| sqlx::query_as(SQL).bind(micros(since)).fetch_all(pool).await?);
    Ok(rows.into_iter().map(Blackout::from).collect())
}

/// One blackout.
pub async fn by_id(tx: &mut SqliteConnection, id: i64) -> Result<Option<Blackout>, StoreError> {
    const SQL: &str = "SELECT id, from_at, to_at FROM blackouts WHERE id = $1";
    let row: Option<Row> = sqlx::query_as(SQL).bind(id).fetch_optional(tx).await?;
    Ok(row.map(Blackout::from))
}
