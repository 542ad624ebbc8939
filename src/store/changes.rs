//! Writes what steps decided: pings, states, flips and their alerts, a few bulk statements for any number of checks.
//!
//! The rows travel as JSON arrays, so that a batch crosses to the database thread once per table and not once
//! per row (measured: BENCH.md's "cross the thread once per batch").
use serde_json::{Value, json};

use super::bodies::StoredBody;
use super::checks::Check;
use super::db::{Dialects, ids, run};
use super::wake::{Signal, tell};
use super::{StoreError, WriteTx, micros, span_micros};
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
    /// One of [`super::intake::ping_ids`].
    pub id: i64,
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
    pings: Vec<Value>,
    bodies: Vec<(i64, bool, Vec<u8>)>,
    states: Vec<Value>,
    wakes: Vec<Value>,
    flips: Vec<Value>,
    /// With the place of their flip in `flips`.
    alerts: Vec<(usize, Value)>,
    earliest_wake: Option<i64>,
    /// The earliest time at which a check must be looked at sooner than was planned.
    moved_up: Option<i64>,
}

impl Changes {
    #[must_use]
    pub const fn new(now: Time) -> Self {
        Self {
            now,
            pings: Vec::new(),
            bodies: Vec::new(),
            states: Vec::new(),
            wakes: Vec::new(),
            flips: Vec::new(),
            alerts: Vec::new(),
            earliest_wake: None,
            moved_up: None,
        }
    }

    /// Adds a ping.
    pub fn ping(&mut self, row: &PingRow<'_>) {
        self.pings.push(json!([
            row.id,
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
            self.bodies.push((row.id, row.body.zstd, row.body.bytes.clone()));
        }
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
            if wake == Wake::Keep {
                self.moved_up = [self.moved_up, at].into_iter().flatten().min();
            }
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
            Value::Null, // its id, known once it is written
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
            self.alerts
                .push((self.flips.len() - 1, json!([kind, check_id, Value::Null, batch, micros(next_at)])));
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

    /// Gives flips their ids. Their checks are locked: of one check the later flip has the higher id.
    async fn number_flips(&mut self, tx: &mut WriteTx) -> Result<(), StoreError> {
        // The command line writes flips too, but a write transaction is alone with a SQLite file.
        const SQLITE: &str = "SELECT COALESCE(MAX(id), 0) FROM flips";
        const POSTGRES: &str = "SELECT nextval('flips_id_seq') FROM generate_series(1, $1)";
        let ids = ids(tx, SQLITE, POSTGRES, self.flips.len()).await?;
        for (flip, id) in self.flips.iter_mut().zip(&ids) {
            flip[0] = json!(id);
        }
        for (flip, alert) in &mut self.alerts {
            alert[2] = json!(ids.get(*flip));
        }
        Ok(())
    }

    /// Writes everything, and tells other servers. The caller commits.
    pub async fn write(&mut self, tx: &mut WriteTx) -> Result<(), StoreError> {
        if !self.states.is_empty() || !self.pings.is_empty() {
            let (pings, states) = (text(&self.pings), text(&self.states));
            let sql = PINGS_AND_STATES.on(tx);
            run!(tx, sqlx::query(sql).bind(pings).bind(states));
        }
        self.write_bodies(tx).await?;
        if !self.wakes.is_empty() {
            let (sql, wakes) = (WAKES.on(tx), text(&self.wakes));
            run!(tx, sqlx::query(sql).bind(wakes));
        }
        if !self.flips.is_empty() {
            self.number_flips(tx).await?;
            let (flips, alerts) = (text(&self.flips), text(self.alerts.iter().map(|(_, alert)| alert)));
            let (sql, now) = (FLIPS_AND_ALERTS.on(tx), micros(self.now));
            run!(tx, sqlx::query(sql).bind(flips).bind(alerts).bind(now));
        }
        if self.has_alerts() {
            tell(tx, Signal::Outbox).await?;
        }
        match self.moved_up.map(super::time) {
            Some(at) if at < self.now + POLLED => tell(tx, Signal::Deadline(at)).await,
            _ => Ok(()),
        }
    }

    async fn write_bodies(&self, tx: &mut WriteTx) -> Result<(), StoreError> {
        // A call costs nothing on SQLite, where bytes do not fit into JSON, and a round trip on PostgreSQL.
        const SQLITE_ONE: &str = "INSERT INTO ping_bodies (ping_id, zstd, body) VALUES ($1, $2, $3)";
        const POSTGRES_ALL: &str = "INSERT INTO ping_bodies (ping_id, zstd, body)
            SELECT * FROM UNNEST(CAST($1 AS BIGINT[]), CAST($2 AS BOOLEAN[]), CAST($3 AS BYTEA[]))";
        match tx {
            WriteTx::Sqlite(tx) => {
                for (id, zstd, bytes) in &self.bodies {
                    sqlx::query(SQLITE_ONE).bind(id).bind(zstd).bind(bytes).execute(&mut **tx).await?;
                }
            }
            WriteTx::Postgres(_) if self.bodies.is_empty() => {}
            WriteTx::Postgres(tx) => {
                let ids: Vec<i64> = self.bodies.iter().map(|(id, _, _)| *id).collect();
                let zstd: Vec<bool> = self.bodies.iter().map(|(_, zstd, _)| *zstd).collect();
                let bytes: Vec<&[u8]> = self.bodies.iter().map(|(_, _, bytes)| bytes.as_slice()).collect();
                sqlx::query(POSTGRES_ALL).bind(ids).bind(zstd).bind(bytes).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }
}

/// Deadlines further away than this need not be told: every server looks as often.
const POLLED: Span = Span::seconds(1);

/// Rows as one JSON array.
fn text<'a>(rows: impl IntoIterator<Item = &'a Value>) -> String {
    Value::Array(rows.into_iter().cloned().collect()).to_string()
}

// How the engines differ: SQLite reads JSON with `json_each` and gives its values their types, and takes several
// statements at once; PostgreSQL reads it with `jsonb_array_elements`, wants casts, and takes one statement, whose
// parts are `WITH` clauses.

const PINGS_AND_STATES: Dialects = Dialects {
    sqlite: "
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
            WHERE checks.id = s.id",
    postgres: "
        WITH new_pings AS (
            INSERT INTO pings (id, check_id, prev_id, n, at, kind, exit_status, rid, duration, scheme, method,
                    remote_addr, ua, body_size)
                SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT), CAST(value ->> 2 AS BIGINT),
                    CAST(value ->> 3 AS BIGINT), CAST(value ->> 4 AS BIGINT), value ->> 5,
                    CAST(value ->> 6 AS BIGINT), value ->> 7, CAST(value ->> 8 AS BIGINT), value ->> 9,
                    value ->> 10, value ->> 11, value ->> 12, CAST(value ->> 13 AS BIGINT)
                FROM jsonb_array_elements(CAST($1 AS JSONB)))
        UPDATE checks SET status = s.status, since = s.since, n_pings = s.n_pings, last_ping_at = s.last_ping_at,
                run_at = s.run_at, run_id = s.run_id, last_duration = s.last_duration, due_at = s.due_at,
                deadline = s.deadline, strip = s.strip, last_ping_id = s.last_ping_id
            FROM (SELECT CAST(value ->> 0 AS BIGINT) AS id, value ->> 1 AS status,
                    CAST(value ->> 2 AS BIGINT) AS since, CAST(value ->> 3 AS BIGINT) AS n_pings,
                    CAST(value ->> 4 AS BIGINT) AS last_ping_at, CAST(value ->> 5 AS BIGINT) AS run_at,
                    value ->> 6 AS run_id, CAST(value ->> 7 AS BIGINT) AS last_duration,
                    CAST(value ->> 8 AS BIGINT) AS due_at, CAST(value ->> 9 AS BIGINT) AS deadline,
                    CAST(value ->> 10 AS BIGINT) AS strip, CAST(value ->> 11 AS BIGINT) AS last_ping_id
                FROM jsonb_array_elements(CAST($2 AS JSONB))) AS s
            WHERE checks.id = s.id",
};

const WAKES: Dialects = Dialects {
    sqlite: "UPDATE checks SET wake_at = w.at
            FROM (SELECT value ->> 0 AS id, value ->> 1 AS at FROM json_each($1)) AS w
            WHERE checks.id = w.id",
    postgres: "UPDATE checks SET wake_at = w.at
            FROM (SELECT CAST(value ->> 0 AS BIGINT) AS id, CAST(value ->> 1 AS BIGINT) AS at
                FROM jsonb_array_elements(CAST($1 AS JSONB))) AS w
            WHERE checks.id = w.id",
};

const FLIPS_AND_ALERTS: Dialects = Dialects {
    sqlite: "
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
            ORDER BY a.flip_id, cc.channel_id",
    postgres: "
        WITH new_flips AS (
            INSERT INTO flips (id, check_id, at, old_status, new_status, reason, exit_status, due_at, since,
                    heard_at, missed, blackout_id, ping_id)
                SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT), CAST(value ->> 2 AS BIGINT),
                    value ->> 3, value ->> 4, value ->> 5, CAST(value ->> 6 AS BIGINT),
                    CAST(value ->> 7 AS BIGINT), CAST(value ->> 8 AS BIGINT), CAST(value ->> 9 AS BIGINT),
                    CAST(value ->> 10 AS BIGINT), CAST(value ->> 11 AS BIGINT), CAST(value ->> 12 AS BIGINT)
                FROM jsonb_array_elements(CAST($1 AS JSONB)))
        INSERT INTO outbox (kind, check_id, flip_id, channel_id, batch, state, created_at, attempts, next_at,
                leased_until)
            SELECT a.kind, a.check_id, a.flip_id, cc.channel_id, a.batch, 'queued', $3, 0, a.next_at, 0
            FROM (SELECT value ->> 0 AS kind, CAST(value ->> 1 AS BIGINT) AS check_id,
                    CAST(value ->> 2 AS BIGINT) AS flip_id, value ->> 3 AS batch,
                    CAST(value ->> 4 AS BIGINT) AS next_at
                FROM jsonb_array_elements(CAST($2 AS JSONB))) AS a
            JOIN check_channels cc ON cc.check_id = a.check_id
            ORDER BY a.flip_id, cc.channel_id",
};
