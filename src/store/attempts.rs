//! What became of alerts: each attempt to send one, and the state in which it left the alert, in bulk.
use serde::{Serialize, Serializer};

use super::db::{Dialects, run, write_tx};
use super::list::List;
use super::outbox::Policy;
use super::wake::{Signal, tell};
use super::{Db, StoreError, WriteTx, failover, micros, span_micros};
use crate::core::{Span, Time};

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Sent,
    /// There was nothing to send: the channel is not told about this side.
    Skipped,
    /// Nothing was tried; to be looked at again at this moment.
    Waits(Time),
    /// To be tried again, no sooner than this.
    Again(Time),
    /// Given up; shown to people.
    Dead,
}

/// The outcome of one message, for every alert that it carried.
#[derive(Debug, Clone)]
pub struct Finished {
    pub channel_id: i64,
    /// What is to be done with each: a message may carry an alert of yesterday and one of now.
    pub fates: Vec<(i64, Fate)>,
    pub at: Time,
    pub took: Span,
    /// The vendor's code and sentence, or what went wrong. Never a secret.
    pub detail: String,
    /// The channel itself no longer works, for this reason.
    pub breaks_channel: bool,
}

/// An attempt to send one alert, as stored, with what it leaves the alert as.
#[derive(Debug)]
struct Row<'a> {
    outbox_id: i64,
    at: i64,
    took: i64,
    outcome: &'static str,
    detail: &'a str,
    state: &'static str,
    /// When to try again.
    next_at: Option<i64>,
    done_at: Option<i64>,
}

impl Serialize for Row<'_> {
    /// As the array that the statements for SQLite read.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { outbox_id, at, took, outcome, detail, state, next_at, done_at } = self;
        (outbox_id, at, took, outcome, detail, state, next_at, done_at).serialize(serializer)
    }
}

/// Records what finished, in a transaction of its own.
pub async fn record_all(db: &Db, finished: &[Finished], policy: Policy) -> Result<(), StoreError> {
    write_tx!(db, |tx| record(tx, finished, policy).await?);
    Ok(())
}

/// Records what finished: channels before their alerts, as when a channel is deleted. What was given up goes to the
/// fallback of its channel, and the death of a channel is told through another.
pub(super) async fn record(
    tx: &mut WriteTx,
    finished: &[Finished],
    policy: Policy,
) -> Result<(), StoreError> {
    if finished.is_empty() {
        return Ok(());
    }
    let deaths = mark_channels(tx, finished).await?;
    record_rows(tx, finished).await?;
    if let Some(now) = finished.iter().map(|result| result.at + result.took).max() {
        let fates = finished.iter().flat_map(|result| &result.fates);
        let dead: Vec<i64> = fates.filter(|(_, fate)| *fate == Fate::Dead).map(|(id, _)| *id).collect();
        let mut queued = failover::stand_in(tx, &dead, now).await?;
        for (channel_id, killed_by) in deaths {
            queued += failover::tell_of_death(tx, channel_id, killed_by, now, policy.rank).await?;
        }
        queued += failover::pass_on(tx, &dead, now, policy.rank).await?;
        if queued > 0 {
            tell(tx, Signal::Outbox).await?;
        }
    }
    Ok(())
}

async fn record_rows(tx: &mut WriteTx, finished: &[Finished]) -> Result<(), StoreError> {
    let mut rows: Vec<Row<'_>> = finished.iter().flat_map(rows_of).collect();
    rows.sort_by_key(|row| row.outbox_id);
    match tx {
        WriteTx::Sqlite(connection) => {
            const SQLITE: &str = "
                INSERT INTO attempts (outbox_id, at, took, outcome, detail, channel_id)
                    SELECT o.id, value ->> 1, value ->> 2, value ->> 3, value ->> 4, o.channel_id
                    FROM jsonb_each($1) JOIN outbox o ON o.id = value ->> 0 WHERE value ->> 3 <> 'skipped';
                UPDATE outbox SET state = r.state, next_at = COALESCE(r.next_at, outbox.next_at), done_at = r.done_at,
                        leased_until = 0
                    FROM (SELECT value ->> 0 AS id, value ->> 5 AS state, value ->> 6 AS next_at, value ->> 7 AS done_at
                        FROM jsonb_each($1)) AS r
                    WHERE outbox.id = r.id";
            sqlx::query(SQLITE).bind(List(&rows)).execute(&mut **connection).await?;
        }
        WriteTx::Postgres(connection) => {
            // In the order of their ids: another server may hold some of them once a lease has run out.
            const POSTGRES_LOCK: &str =
                "SELECT id FROM outbox WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";
            const POSTGRES: &str = "
                WITH r AS (
                    SELECT * FROM UNNEST(CAST($1 AS BIGINT[]), CAST($2 AS BIGINT[]), CAST($3 AS BIGINT[]),
                            CAST($4 AS TEXT[]), CAST($5 AS TEXT[]), CAST($6 AS TEXT[]), CAST($7 AS BIGINT[]),
                            CAST($8 AS BIGINT[]))
                        AS r(id, at, took, outcome, detail, state, next_at, done_at)),
                new_attempts AS (
                    INSERT INTO attempts (outbox_id, at, took, outcome, detail, channel_id)
                        SELECT o.id, r.at, r.took, r.outcome, r.detail, o.channel_id FROM r JOIN outbox o ON o.id = r.id
                        WHERE o.id = ANY($1) AND r.outcome <> 'skipped' ORDER BY o.id)
                UPDATE outbox SET state = r.state, next_at = COALESCE(r.next_at, outbox.next_at), done_at = r.done_at,
                        leased_until = 0
                    FROM r WHERE outbox.id = r.id AND outbox.id = ANY($1)";
            let ids: Vec<i64> = rows.iter().map(|row| row.outbox_id).collect();
            sqlx::query(POSTGRES_LOCK).bind(List(&ids)).execute(&mut **connection).await?;
            sqlx::query(POSTGRES)
                .bind(List(&ids))
                .bind(rows.iter().map(|row| row.at).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.took).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.outcome).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.detail).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.state).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.next_at).collect::<Vec<_>>())
                .bind(rows.iter().map(|row| row.done_at).collect::<Vec<_>>())
                .execute(&mut **connection)
                .await?;
        }
    }
    Ok(())
}

fn rows_of(result: &Finished) -> impl Iterator<Item = Row<'_>> {
    let done = micros(result.at + result.took);
    result.fates.iter().map(move |(id, fate)| {
        let (outcome, state, next_at, done_at) = match *fate {
            Fate::Sent => ("sent", "sent", None, Some(done)),
            Fate::Skipped => ("skipped", "skipped", None, Some(done)),
            Fate::Waits(at) => ("skipped", "queued", Some(micros(at)), None),
            Fate::Dead => ("dead", "dead", None, Some(done)),
            Fate::Again(at) => ("retry", "queued", Some(micros(at)), None),
        };
        Row {
            outbox_id: *id,
            at: micros(result.at),
            took: span_micros(result.took),
            outcome,
            detail: &result.detail,
            state,
            next_at,
            done_at,
        }
    })
}

/// A channel that no longer works is marked; one that was seen to work loses the mark. Gives those that had none
/// before, each with the alert that was its death.
async fn mark_channels(tx: &mut WriteTx, finished: &[Finished]) -> Result<Vec<(i64, i64)>, StoreError> {
    const SOUND: Dialects = Dialects {
        sqlite: "UPDATE channels SET broken = '' WHERE id IN (SELECT value FROM json_each($1)) AND broken <> ''",
        postgres: "UPDATE channels SET broken = '' WHERE id = ANY($1) AND broken <> ''",
    };
    const BROKEN: &str = "UPDATE channels SET broken = $2 WHERE id = $1 AND broken = ''";
    const STILL_BROKEN: &str = "UPDATE channels SET broken = $2 WHERE id = $1 AND broken <> $2";
    let mut sound: Vec<i64> = finished
        .iter()
        .filter(|result| result.fates.iter().any(|(_, fate)| *fate == Fate::Sent) && !result.breaks_channel)
        .map(|result| result.channel_id)
        .collect();
    sound.sort_unstable();
    sound.dedup();
    if !sound.is_empty() {
        let sql = SOUND.on(tx);
        run!(tx, sqlx::query(sql).bind(List(&sound)));
    }
    let mut broken: Vec<&Finished> = finished.iter().filter(|result| result.breaks_channel).collect();
    broken.sort_by_key(|result| result.channel_id);
    let mut deaths = Vec::new();
    for result in broken {
        // Without words it would not be seen.
        let why = if result.detail.is_empty() { "?" } else { &result.detail };
        if run!(tx, sqlx::query(BROKEN).bind(result.channel_id).bind(why)) > 0 {
            let killed_by = result.fates.iter().find(|(_, fate)| *fate == Fate::Dead);
            deaths.extend(killed_by.map(|(id, _)| (result.channel_id, *id)));
        } else {
            run!(tx, sqlx::query(STILL_BROKEN).bind(result.channel_id).bind(why));
        }
    }
    Ok(deaths)
}
