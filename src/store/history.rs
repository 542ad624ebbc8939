//! Keeps history bounded: deletes what is beyond its count or its age, a slice at a time.
//!
//! A slice is looked at without the writer; only when something in it must go is there a transaction, a short one.
use super::db::{read, run, write_tx};
use super::{Db, StoreError, micros, paced};
use crate::core::{Span, Time};

/// What is kept of each check. The newest ping and the newest flip stay whatever their age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Pings, and as many flips with their alerts.
    pub count: i64,
    /// Older ones go.
    pub oldest: Time,
}

/// What a pass goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Pings with their bodies, in the order of rows; those of checks that are gone go with them.
    Pings,
    /// Flips with their alerts, check by check. Whatever somebody is still to be told about stays.
    Flips,
}

/// Where a pass has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// From where to go on; `None` at the end.
    pub next: Option<i64>,
    /// Rows that went.
    pub gone: u64,
}

/// Rows of `pings` in one slice.
const PINGS: i64 = 500;
/// Checks whose flips are looked at in one slice.
const CHECKS: i64 = 20;
/// Most flips that go in one transaction.
const FLIPS: i64 = 500;
/// Blackouts that ended longer ago matter to no deadline.
const BLACKOUTS: Span = Span::days(5 * 365);

/// Whether it is time for a pass, and nobody else has begun it: at most one in `every`.
pub async fn begin(db: &Db, now: Time, every: Span) -> Result<bool, StoreError> {
    // A pass in the future was begun by a clock that was wrong.
    const SQL: &str =
        "INSERT INTO installation (name, value) VALUES ('history_pass', CAST(CAST($1 AS BIGINT) AS TEXT))
        ON CONFLICT (name) DO UPDATE SET value = excluded.value
            WHERE CAST(installation.value AS BIGINT) NOT BETWEEN $2 AND $1";
    const BLACKOUT: &str = "DELETE FROM blackouts WHERE to_at < $1";
    Ok(write_tx!(db, |tx| {
        let begun = run!(tx, sqlx::query(SQL).bind(micros(now)).bind(micros(now - every) + 1)) > 0;
        if begun {
            run!(tx, sqlx::query(BLACKOUT).bind(micros(now - BLACKOUTS)));
            paced::forget(tx, now).await?;
        }
        begun
    }))
}

/// Deletes messages about no check, tests and notices say, that are older. They are few.
pub async fn forget_messages(db: &Db, oldest: Time) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM outbox WHERE flip_id IS NULL AND state <> 'queued' AND created_at < $1";
    Ok(write_tx!(db, |tx| run!(tx, sqlx::query(SQL).bind(micros(oldest)))))
}

/// Deletes what must go in the next slice, behind `after`: a ping's row or, for flips, a check's.
pub async fn prune(db: &Db, kind: Kind, after: i64, limits: Limits) -> Result<Slice, StoreError> {
    match kind {
        Kind::Pings => prune_pings(db, after, limits).await,
        Kind::Flips => prune_flips(db, after, limits).await,
    }
}

async fn prune_pings(db: &Db, after: i64, limits: Limits) -> Result<Slice, StoreError> {
    const END: &str =
        "SELECT MAX(id) FROM (SELECT id FROM pings WHERE id > $1 ORDER BY id LIMIT $2) AS slice";
    const SURPLUS: &str = "SELECT COUNT(*) FROM pings p LEFT JOIN checks c ON c.id = p.check_id
        WHERE p.id > $1 AND p.id <= $2 AND (c.id IS NULL
            OR (p.id <> c.last_ping_id AND (p.n <= c.n_pings - $3 OR p.at < $4)))";
    const BODIES: &str = "DELETE FROM ping_bodies WHERE ping_id IN (
        SELECT p.id FROM pings p LEFT JOIN checks c ON c.id = p.check_id
        WHERE p.id > $1 AND p.id <= $2 AND (c.id IS NULL
            OR (p.id <> c.last_ping_id AND (p.n <= c.n_pings - $3 OR p.at < $4))))";
    const ROWS: &str = "DELETE FROM pings WHERE id IN (
        SELECT p.id FROM pings p LEFT JOIN checks c ON c.id = p.check_id
        WHERE p.id > $1 AND p.id <= $2 AND (c.id IS NULL
            OR (p.id <> c.last_ping_id AND (p.n <= c.n_pings - $3 OR p.at < $4))))";
    let (end,): (Option<i64>,) =
        read!(db, |pool| sqlx::query_as(END).bind(after).bind(PINGS).fetch_one(pool).await?);
    let Some(end) = end else { return Ok(Slice { next: None, gone: 0 }) };
    let oldest = micros(limits.oldest);
    let (surplus,): (i64,) = read!(db, |pool| {
        sqlx::query_as(SURPLUS).bind(after).bind(end).bind(limits.count).bind(oldest).fetch_one(pool).await?
    });
    if surplus == 0 {
        return Ok(Slice { next: Some(end), gone: 0 });
    }
    let gone = write_tx!(db, |tx| {
        run!(tx, sqlx::query(BODIES).bind(after).bind(end).bind(limits.count).bind(oldest));
        run!(tx, sqlx::query(ROWS).bind(after).bind(end).bind(limits.count).bind(oldest))
    });
    Ok(Slice { next: Some(end), gone })
}

async fn prune_flips(db: &Db, after: i64, limits: Limits) -> Result<Slice, StoreError> {
    const END: &str =
        "SELECT MAX(id) FROM (SELECT id FROM checks WHERE id > $1 ORDER BY id LIMIT $2) AS slice";
    const SURPLUS: &str = "SELECT id FROM (
            SELECT id, at, ROW_NUMBER() OVER (PARTITION BY check_id ORDER BY id DESC) AS nth
            FROM flips WHERE check_id > $1 AND check_id <= $2) AS numbered
        WHERE nth > 1 AND (nth > $3 OR at < $4)
            AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.flip_id = numbered.id AND o.state = 'queued')
        ORDER BY id LIMIT $5";
    const ROW: &str = "DELETE FROM flips WHERE id = $1
        AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.flip_id = flips.id AND o.state = 'queued')";
    let (end,): (Option<i64>,) =
        read!(db, |pool| sqlx::query_as(END).bind(after).bind(CHECKS).fetch_one(pool).await?);
    let Some(end) = end else { return Ok(Slice { next: None, gone: 0 }) };
    let surplus: Vec<(i64,)> = read!(db, |pool| {
        sqlx::query_as(SURPLUS)
            .bind(after)
            .bind(end)
            .bind(limits.count)
            .bind(micros(limits.oldest))
            .bind(FLIPS)
            .fetch_all(pool)
            .await?
    });
    if surplus.is_empty() {
        return Ok(Slice { next: Some(end), gone: 0 });
    }
    let gone = write_tx!(db, |tx| {
        let mut gone = 0;
        for (id,) in &surplus {
            gone += run!(tx, sqlx::query(ROW).bind(id));
        }
        gone
    });
    // What did not fit into one transaction is found by looking again.
    let more = i64::try_from(surplus.len()) == Ok(FLIPS) && gone > 0;
    Ok(Slice { next: Some(if more { after } else { end }), gone })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Role, projects};

    #[tokio::test]
    async fn one_pass_in_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("t.db").display());
        let db = Db::open(&url, Role::Server).await.unwrap();
        let start: Time = "2026-03-01T12:00:00Z".parse().unwrap();
        projects::ensure_default(&db, start).await.unwrap();
        let every = Span::minutes(10);
        let begin = async |after: Span| begin(&db, start + after, every).await.unwrap();
        assert!(begin(Span::zero()).await);
        assert!(!begin(Span::seconds(599)).await);
        assert!(begin(Span::seconds(600)).await);
        assert!(begin(Span::seconds(-1)).await, "the clock stepped back");
        assert!(!begin(Span::zero()).await);
    }
}
