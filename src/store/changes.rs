//! Writes what steps decided: pings, states, flips and their alerts, a few bulk statements for any number of checks.
//!
//! A batch crosses to the database once per table and not once per row: to SQLite's thread as JSON arrays, to
//! PostgreSQL as one array per column.
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use sqlx::{PgConnection, SqliteConnection};

use super::bodies::StoredBody;
use super::checks::Check;
use super::db::{Dialects, ids, run};
use super::wake::{Signal, tell};
use super::{StoreError, WriteTx, failover, micros, span_micros};
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
    /// One of [`super::intake::PingIds`].
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

impl Serialize for PingRow<'_> {
    /// As the array that [`SQLITE_PINGS_AND_STATES`] reads.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = (
            self.id,
            self.check_id,
            self.prev_id,
            self.n,
            micros(self.at),
            self.kind.as_str(),
            self.exit_status,
            self.rid,
            self.duration.map(span_micros),
            self.scheme,
            self.method,
            self.remote_addr,
            self.ua,
            self.body.size,
        );
        row.serialize(serializer)
    }
}

/// A check's state as stored.
#[derive(Debug)]
struct StateRow {
    check_id: i64,
    status: &'static str,
    since: i64,
    n_pings: i64,
    last_ping_at: Option<i64>,
    run_at: Option<i64>,
    run_id: Option<String>,
    last_duration: Option<i64>,
    due_at: Option<i64>,
    deadline: Option<i64>,
    strip: i64,
    last_ping_id: Option<i64>,
}

impl Serialize for StateRow {
    /// As the array that [`SQLITE_PINGS_AND_STATES`] reads.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = (
            self.check_id,
            self.status,
            self.since,
            self.n_pings,
            self.last_ping_at,
            self.run_at,
            &self.run_id,
            self.last_duration,
            self.due_at,
            self.deadline,
            self.strip,
            self.last_ping_id,
        );
        row.serialize(serializer)
    }
}

/// Gathers the rows of one transaction.
#[derive(Debug)]
pub struct Changes<'a> {
    now: Time,
    pings: Vec<PingRow<'a>>,
    states: Vec<StateRow>,
    wakes: Vec<(i64, Option<i64>)>,
    flips: Vec<Value>,
    /// With the place of their flip in `flips`.
    alerts: Vec<(usize, Value)>,
    earliest_wake: Option<i64>,
    /// The earliest time at which a check must be looked at sooner than was planned.
    moved_up: Option<i64>,
}

impl<'a> Changes<'a> {
    #[must_use]
    pub const fn new(now: Time) -> Self {
        Self {
            now,
            pings: Vec::new(),
            states: Vec::new(),
            wakes: Vec::new(),
            flips: Vec::new(),
            alerts: Vec::new(),
            earliest_wake: None,
            moved_up: None,
        }
    }

    /// Adds a ping.
    pub fn ping(&mut self, row: PingRow<'a>) {
        self.pings.push(row);
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
            self.wakes.push((check.id, at));
            self.earliest_wake = [self.earliest_wake, at].into_iter().flatten().min();
            if wake == Wake::Keep {
                self.moved_up = [self.moved_up, at].into_iter().flatten().min();
            }
        }
        self.states.push(StateRow {
            check_id: check.id,
            status: state.status.as_str(),
            since: micros(state.since),
            n_pings: check.n_pings,
            last_ping_at: state.last_ping.map(micros),
            run_at: state.run.map(|run| micros(run.at)),
            run_id: state.run.and_then(|run| run.id).map(|id| id.to_string()),
            last_duration: state.last_duration.map(span_micros),
            due_at: state.due.map(micros),
            deadline,
            strip: state.strip.stored(),
            last_ping_id: check.last_ping_id,
        });
    }

    /// Adds the flips among `effects`, and where people are to be told an alert for each channel of the check, once
    /// for those that it has by themselves and in groups.
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
        match tx {
            WriteTx::Sqlite(tx) => self.write_to_sqlite(tx).await?,
            WriteTx::Postgres(tx) => self.write_to_postgres(tx).await?,
        }
        if !self.flips.is_empty() {
            self.number_flips(tx).await?;
            let alerts: Vec<&Value> = self.alerts.iter().map(|(_, alert)| alert).collect();
            let (flips, alerts) = (text(&self.flips), text(&alerts));
            let (sql, now) = (FLIPS_AND_ALERTS.on(tx), micros(self.now));
            run!(tx, sqlx::query(sql).bind(flips).bind(&alerts).bind(now));
            if self.alerts.iter().any(|(_, alert)| alert[0] == "up") {
                failover::follow(tx, &alerts, self.now).await?;
            }
        }
        if self.has_alerts() {
            tell(tx, Signal::Outbox).await?;
        }
        match self.moved_up.map(super::time) {
            Some(at) if at < self.now + POLLED => tell(tx, Signal::Deadline(at)).await,
            _ => Ok(()),
        }
    }

    async fn write_to_sqlite(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        if !self.states.is_empty() || !self.pings.is_empty() {
            sqlx::query(SQLITE_PINGS_AND_STATES)
                .bind(text(&self.pings))
                .bind(text(&self.states))
                .execute(&mut *connection)
                .await?;
        }
        // Bytes do not fit into JSON; on SQLite a call costs little.
        for (id, body) in self.bodies() {
            sqlx::query(SQLITE_BODY)
                .bind(id)
                .bind(body.zstd)
                .bind(&body.bytes)
                .execute(&mut *connection)
                .await?;
        }
        if !self.wakes.is_empty() {
            sqlx::query(SQLITE_WAKES).bind(text(&self.wakes)).execute(connection).await?;
        }
        Ok(())
    }

    async fn write_to_postgres(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        if !self.states.is_empty() || !self.pings.is_empty() {
            let (pings, states) = (&self.pings, &self.states);
            sqlx::query(POSTGRES_PINGS_AND_STATES)
                .bind(column(pings, |row| row.id))
                .bind(column(pings, |row| row.check_id))
                .bind(column(pings, |row| row.prev_id))
                .bind(column(pings, |row| row.n))
                .bind(column(pings, |row| micros(row.at)))
                .bind(column(pings, |row| row.kind.as_str()))
                .bind(column(pings, |row| row.exit_status.map(i64::from)))
                .bind(column(pings, |row| row.rid.map(|rid| rid.to_string())))
                .bind(column(pings, |row| row.duration.map(span_micros)))
                .bind(column(pings, |row| row.scheme))
                .bind(column(pings, |row| row.method))
                .bind(column(pings, |row| row.remote_addr))
                .bind(column(pings, |row| row.ua))
                .bind(column(pings, |row| i64::try_from(row.body.size).unwrap_or(i64::MAX)))
                .bind(column(states, |row| row.check_id))
                .bind(column(states, |row| row.status))
                .bind(column(states, |row| row.since))
                .bind(column(states, |row| row.n_pings))
                .bind(column(states, |row| row.last_ping_at))
                .bind(column(states, |row| row.run_at))
                .bind(column(states, |row| row.run_id.as_deref()))
                .bind(column(states, |row| row.last_duration))
                .bind(column(states, |row| row.due_at))
                .bind(column(states, |row| row.deadline))
                .bind(column(states, |row| row.strip))
                .bind(column(states, |row| row.last_ping_id))
                .execute(&mut *connection)
                .await?;
        }
        let bodies: Vec<(i64, &StoredBody)> = self.bodies().collect();
        if !bodies.is_empty() {
            sqlx::query(POSTGRES_BODIES)
                .bind(column(&bodies, |(id, _)| *id))
                .bind(column(&bodies, |(_, body)| body.zstd))
                .bind(column(&bodies, |(_, body)| body.bytes.as_slice()))
                .execute(&mut *connection)
                .await?;
        }
        if !self.wakes.is_empty() {
            sqlx::query(POSTGRES_WAKES)
                .bind(column(&self.wakes, |(id, _)| *id))
                .bind(column(&self.wakes, |(_, at)| *at))
                .execute(connection)
                .await?;
        }
        Ok(())
    }

    /// The bodies that are kept, each with its ping.
    fn bodies(&self) -> impl Iterator<Item = (i64, &'a StoredBody)> {
        self.pings.iter().filter(|row| !row.body.bytes.is_empty()).map(|row| (row.id, row.body))
    }
}

/// Deadlines further away than this need not be told: every server looks as often.
const POLLED: Span = Span::seconds(1);

/// Rows as one JSON array. Numbers and texts always have a form in JSON.
fn text<T: Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).unwrap_or_default()
}

/// One column of rows, for `UNNEST`.
fn column<'r, R, T>(rows: &'r [R], value: impl FnMut(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

// SQLite takes several statements at once and gives values out of JSON their types; `jsonb_each` spares it turning each
// row into text and back, as `json_each` does. PostgreSQL
// takes one statement, whose parts are `WITH` clauses.

const SQLITE_PINGS_AND_STATES: &str = "
    INSERT INTO pings (id, check_id, prev_id, n, at, kind, exit_status, rid, duration, scheme, method, remote_addr,
            ua, body_size)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
            value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13
        FROM jsonb_each($1);
    UPDATE checks SET status = s.status, since = s.since, n_pings = s.n_pings, last_ping_at = s.last_ping_at,
            run_at = s.run_at, run_id = s.run_id, last_duration = s.last_duration, due_at = s.due_at,
            deadline = s.deadline, strip = s.strip, last_ping_id = s.last_ping_id
        FROM (SELECT value ->> 0 AS id, value ->> 1 AS status, value ->> 2 AS since, value ->> 3 AS n_pings,
                value ->> 4 AS last_ping_at, value ->> 5 AS run_at, value ->> 6 AS run_id,
                value ->> 7 AS last_duration, value ->> 8 AS due_at, value ->> 9 AS deadline,
                value ->> 10 AS strip, value ->> 11 AS last_ping_id
            FROM jsonb_each($2)) AS s
        WHERE checks.id = s.id";
const SQLITE_BODY: &str = "INSERT INTO ping_bodies (ping_id, zstd, body) VALUES ($1, $2, $3)";
const SQLITE_WAKES: &str = "UPDATE checks SET wake_at = w.at
        FROM (SELECT value ->> 0 AS id, value ->> 1 AS at FROM jsonb_each($1)) AS w
        WHERE checks.id = w.id";

const POSTGRES_PINGS_AND_STATES: &str = "
    WITH new_pings AS (
        INSERT INTO pings (id, check_id, prev_id, n, at, kind, exit_status, rid, duration, scheme, method, remote_addr,
                ua, body_size)
            SELECT * FROM UNNEST(CAST($1 AS BIGINT[]), CAST($2 AS BIGINT[]), CAST($3 AS BIGINT[]),
                CAST($4 AS BIGINT[]), CAST($5 AS BIGINT[]), CAST($6 AS TEXT[]), CAST($7 AS BIGINT[]),
                CAST($8 AS TEXT[]), CAST($9 AS BIGINT[]), CAST($10 AS TEXT[]), CAST($11 AS TEXT[]),
                CAST($12 AS TEXT[]), CAST($13 AS TEXT[]), CAST($14 AS BIGINT[])))
    UPDATE checks SET status = s.status, since = s.since, n_pings = s.n_pings, last_ping_at = s.last_ping_at,
            run_at = s.run_at, run_id = s.run_id, last_duration = s.last_duration, due_at = s.due_at,
            deadline = s.deadline, strip = s.strip, last_ping_id = s.last_ping_id
        FROM UNNEST(CAST($15 AS BIGINT[]), CAST($16 AS TEXT[]), CAST($17 AS BIGINT[]), CAST($18 AS BIGINT[]),
                CAST($19 AS BIGINT[]), CAST($20 AS BIGINT[]), CAST($21 AS TEXT[]), CAST($22 AS BIGINT[]),
                CAST($23 AS BIGINT[]), CAST($24 AS BIGINT[]), CAST($25 AS BIGINT[]), CAST($26 AS BIGINT[]))
            AS s(id, status, since, n_pings, last_ping_at, run_at, run_id, last_duration, due_at, deadline, strip,
                last_ping_id)
        WHERE checks.id = s.id";
const POSTGRES_BODIES: &str = "INSERT INTO ping_bodies (ping_id, zstd, body)
        SELECT * FROM UNNEST(CAST($1 AS BIGINT[]), CAST($2 AS BOOLEAN[]), CAST($3 AS BYTEA[]))";
const POSTGRES_WAKES: &str = "UPDATE checks SET wake_at = w.at
        FROM UNNEST(CAST($1 AS BIGINT[]), CAST($2 AS BIGINT[])) AS w(id, at)
        WHERE checks.id = w.id";

// Flips are few: for both engines they travel as JSON, which PostgreSQL reads with `jsonb_array_elements`.

const FLIPS_AND_ALERTS: Dialects = Dialects {
    sqlite: "
        INSERT INTO flips (id, check_id, at, old_status, new_status, reason, exit_status, due_at, since, heard_at,
                missed, blackout_id, ping_id)
            SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
                value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12
            FROM jsonb_each($1);
        INSERT INTO outbox (kind, check_id, flip_id, channel_id, batch, state, created_at, attempts, next_at,
                leased_until)
            SELECT DISTINCT a.kind, a.check_id, a.flip_id, COALESCE(m.channel_id, c.id) AS told, a.batch, 'queued',
                CAST($3 AS BIGINT), 0, a.next_at, 0
            FROM (SELECT value ->> 0 AS kind, value ->> 1 AS check_id, value ->> 2 AS flip_id,
                    value ->> 3 AS batch, value ->> 4 AS next_at FROM jsonb_each($2)) AS a
            JOIN check_channels cc ON cc.check_id = a.check_id JOIN channels c ON c.id = cc.channel_id
            LEFT JOIN channel_members m ON m.group_id = c.id
            WHERE c.kind <> 'group' OR m.channel_id IS NOT NULL
            ORDER BY a.flip_id, told",
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
            SELECT DISTINCT a.kind, a.check_id, a.flip_id, COALESCE(m.channel_id, c.id) AS told, a.batch, 'queued',
                CAST($3 AS BIGINT), 0, a.next_at, 0
            FROM (SELECT value ->> 0 AS kind, CAST(value ->> 1 AS BIGINT) AS check_id,
                    CAST(value ->> 2 AS BIGINT) AS flip_id, value ->> 3 AS batch,
                    CAST(value ->> 4 AS BIGINT) AS next_at
                FROM jsonb_array_elements(CAST($2 AS JSONB))) AS a
            JOIN check_channels cc ON cc.check_id = a.check_id JOIN channels c ON c.id = cc.channel_id
            LEFT JOIN channel_members m ON m.group_id = c.id
            WHERE c.kind <> 'group' OR m.channel_id IS NOT NULL
            ORDER BY a.flip_id, told",
};
