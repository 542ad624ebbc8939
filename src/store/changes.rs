//! Writes what steps decided: pings, states, flips and their alerts, a few bulk statements for any number of checks.
//!
//! The rows travel as JSON arrays, so that a batch crosses to the database thread once per table and not once
//! per row (measured: BENCH.md's "cross the thread once per batch").
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use super::bodies::StoredBody;
use super::checks::Check;
use super::{StoreError, micros, span_micros};
use crate::core::check::{Effect, Flip, Reason, State, Status};
use crate::core::{Span, Time, ping};

/// What to do with a check's place in the scheduler's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// Leave it, unless the new deadline comes before it.
    Keep,
    /// The scheduler has just looked: look again at the new deadline, or never.
    Rearm,
}

/// A ping as stored.
#[derive(Debug, Clone)]
pub struct PingRow<'a> {
    pub check_id: i64,
    pub prev_id: Option<i64>,
    /// The ping's number within its check, from 1.
    pub n: i64,
    pub at: Time,
    pub kind: ping::Kind,
    pub exit_status: Option<u8>,
    pub rid: Option<uuid::Uuid>,
    pub duration: Option<Span>,
    pub scheme: &'a str,
    pub method: &'a str,
    pub remote_addr: &'a str,
    pub ua: &'a str,
    pub body: &'a StoredBody,
}

/// Gathers the rows of one transaction.
#[derive(Debug)]
pub struct Changes {
    now: Time,
    next_ping: i64,
    next_flip: i64,
    pings: Vec<Value>,
    bodies: Vec<(i64, bool, Vec<u8>)>,
    states: Vec<Value>,
    wakes: Vec<Value>,
    flips: Vec<Value>,
    alerts: Vec<Value>,
    earliest_wake: Option<i64>,
}

impl Changes {
    /// Starts gathering inside an open write transaction.
    pub async fn begin(tx: &mut SqliteConnection, now: Time) -> Result<Self, StoreError> {
        const SQL: &str =
            "SELECT (SELECT COALESCE(MAX(id), 0) FROM pings), (SELECT COALESCE(MAX(id), 0) FROM flips)";
        let (ping, flip): (i64, i64) = sqlx::query_as(SQL).fetch_one(tx).await?;
        Ok(Self {
            now,
            next_ping: ping + 1,
            next_flip: flip + 1,
            pings: Vec::new(),
            bodies: Vec::new(),
            states: Vec::new(),
            wakes: Vec::new(),
            flips: Vec::new(),
            alerts: Vec::new(),
            earliest_wake: None,
        })
    }

    /// Adds a ping; gives its id.
    pub fn ping(&mut self, row: &PingRow<'_>) -> i64 {
        let id = self.next_ping;
        self.next_ping += 1;
        self.pings.push(json!([
            id,
            row.check_id,
            row.prev_id,
            row.n,
            micros(row.at),
            row.kind.as_str(),
            row.exit_status,
            row.rid.map(|rid| rid.to_string()),
            row.duration.map(span_micros),
            row.scheme,
            row.method,
            row.remote_addr,
            row.ua,
            row.body.size,
        ]));
        if !row.body.bytes.is_empty() {
            self.bodies.push((id, row.body.zstd, row.body.bytes.clone()));
        }
        id
    }

    /// Sets a check's state. `check` carries the counters (`n_pings`, `last_ping_id`) as they shall be.
    pub fn state(&mut self, check: &Check, state: &State, wake: Wake) {
        let deadline = state.deadline.map(micros);
        let wake_at = match wake {
            Wake::Rearm => Some(deadline),
            Wake::Keep => {
                deadline.filter(|deadline| check.wake_at.is_none_or(|wake_at| *deadline < wake_at)).map(Some)
            }
        };
        if let Some(at) = wake_at {
            self.wakes.push(json!([check.id, at]));
            self.earliest_wake = [self.earliest_wake, at].into_iter().flatten().min();
        }
        self.states.push(json!([
            check.id,
            state.status.as_str(),
            micros(state.since),
            check.n_pings,
            state.last_ping.map(micros),
            state.run.map(|run| micros(run.at)),
            state.run.and_then(|run| run.id).map(|id| id.to_string()),
            state.last_duration.map(span_micros),
            state.due.map(micros),
            deadline,
            state.strip.stored(),
            check.last_ping_id,
        ]));
    }

    /// Adds the flips among `effects`, and an alert for each channel of the check where people are to be told.
    /// `tell_at`: when the alerts of flips that a blackout explains may go out, together.
    pub fn effects(&mut self, check_id: i64, effects: &[Effect], ping_id: Option<i64>, tell_at: Time) {
        for effect in effects {
            if let Effect::Flip(flip) = effect {
                self.flip(check_id, flip, ping_id, tell_at);
            }
        }
    }

    fn flip(&mut self, check_id: i64, flip: &Flip, ping_id: Option<i64>, tell_at: Time) {
        let id = self.next_flip;
        self.next_flip += 1;
        let (reason, exit_status, due) = match flip.reason {
            Reason::Success => ("success", None, None),
            Reason::Fail => ("fail", None, None),
            Reason::Exit(n) => ("exit", Some(n), None),
            Reason::Missed { due, .. } => ("missed", None, Some(due)),
            Reason::Overrun { started, .. } => ("overrun", None, Some(started)),
            Reason::Paused => ("paused", None, None),
            Reason::Resumed => ("resumed", None, None),
        };
        self.flips.push(json!([
            id,
            check_id,
            micros(flip.at),
            flip.from.as_str(),
            flip.to.as_str(),
            reason,
            exit_status,
            due.map(micros),
            micros(flip.since),
            flip.heard.map(micros),
            flip.missed,
            flip.reason.blackout(),
            ping_id,
        ]));
        if flip.alerts() {
            let kind = if flip.to == Status::Down { "down" } else { "up" };
            let batch = flip.reason.blackout().map(|id| format!("blackout {id}"));
            let next_at = if batch.is_some() { tell_at } else { self.now };
            self.alerts.push(json!([kind, check_id, id, batch, micros(next_at)]));
        }
    }

    /// Whether there is anything that people are to be told.
    #[must_use]
    pub fn has_alerts(&self) -> bool {
        !self.alerts.is_empty()
    }

    /// The earliest time that was put into the scheduler's queue.
    #[must_use]
    pub fn earliest_wake(&self) -> Option<Time> {
        self.earliest_wake.map(super::time)
    }

    /// Writes everything. The caller commits.
    pub async fn write(&self, tx: &mut SqliteConnection) -> Result<(), StoreError> {
        const PINGS_AND_STATES: &str = "
            INSERT INTO pings (id, check_id, prev_id, n, at, kind, exit_status, rid, duration, scheme, method,
                    remote_addr, ua, body_size)
                SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                    value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13
                FROM json_each($1);
            UPDATE checks SET status = s.status, since = s.since, n_pings = s.n_pings, last_ping_at = s.last_ping_at,
                    run_at = s.run_at, run_id = s.run_id, last_duration = s.last_duration, due_at = s.due_at,
                    deadline = s.deadline, strip = s.strip, last_ping_id = s.last_ping_id
                FROM (SELECT value ->> 0 AS id, value ->> 1 AS status, value ->> 2 AS since, value ->> 3 AS n_pings,
                        value ->> 4 AS last_ping_at, value ->> 5 AS run_at, value ->> 6 AS run_id,
                        value ->> 7 AS last_duration, value ->> 8 AS due_at, value ->> 9 AS deadline,
                        value ->> 10 AS strip, value ->> 11 AS last_ping_id
                    FROM json_each($2)) AS s
                WHERE checks.id = s.id";
        const WAKES: &str = "UPDATE checks SET wake_at = w.at
                FROM (SELECT value ->> 0 AS id, value ->> 1 AS at FROM json_each($1)) AS w
                WHERE checks.id = w.id";
        const FLIPS_AND_ALERTS: &str = "
            INSERT INTO flips (id, check_id, at, old_status, new_status, reason, exit_status, due_at, since, heard_at,
                    missed, blackout_id, ping_id)
                SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                    value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12
                FROM json_each($1);
            INSERT INTO outbox (kind, check_id, flip_id, channel_id, batch, state, created_at, attempts, next_at,
                    leased_until)
                SELECT a.kind, a.check_id, a.flip_id, cc.channel_id, a.batch, 'queued', $3, 0, a.next_at, 0
                FROM (SELECT value ->> 0 AS kind, value ->> 1 AS check_id, value ->> 2 AS flip_id,
                        value ->> 3 AS batch, value ->> 4 AS next_at FROM json_each($2)) AS a
                JOIN check_channels cc ON cc.check_id = a.check_id
                ORDER BY a.flip_id, cc.channel_id";
        const BODY: &str = "INSERT INTO ping_bodies (ping_id, zstd, body) VALUES ($1, $2, $3)";
        let text = |rows: &Vec<Value>| Value::Array(rows.clone()).to_string();
        if !self.states.is_empty() || !self.pings.is_empty() {
            sqlx::query(PINGS_AND_STATES)
                .bind(text(&self.pings))
                .bind(text(&self.states))
                .execute(&mut *tx)
                .await?;
        }
        for (id, zstd, bytes) in &self.bodies {
            sqlx::query(BODY).bind(id).bind(zstd).bind(bytes).execute(&mut *tx).await?;
        }
        if !self.wakes.is_empty() {
            sqlx::query(WAKES).bind(text(&self.wakes)).execute(&mut *tx).await?;
        }
        if !self.flips.is_empty() {
            sqlx::query(FLIPS_AND_ALERTS)
                .bind(text(&self.flips))
                .bind(text(&self.alerts))
                .bind(micros(self.now))
                .execute(&mut *tx)
                .await?;
        }
        Ok(())
    }
}
