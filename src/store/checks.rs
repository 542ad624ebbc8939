//! Checks: their settings and their state, one at a time. Lists of them are in `check_lists`.
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use super::changes::{self, Changes};
use super::db::{Dialects, on, read, run, write_tx};
use super::{Db, StoreError, WriteTx, micros, span_micros, time};
use crate::core::check::{Early, Event, Policy, Run, State, Status, step};
use crate::core::ping::Rules;
use crate::core::schedule::{Kind, Schedule, Spec};
use crate::core::strip::Strip;
use crate::core::{Span, Time};
use crate::rng;

/// The columns of [`Check`], each behind this prefix. They are named one by one: `SELECT *` would fail on a server
/// at work once a newer version adds a column.
macro_rules! check_columns {
    ($prefix:literal) => {
        concat!(
            $prefix,
            "id, ",
            $prefix,
            "uuid, ",
            $prefix,
            "badge_key, ",
            $prefix,
            "project_id, ",
            $prefix,
            "name, ",
            $prefix,
            "slug, ",
            $prefix,
            "tags, ",
            $prefix,
            "description, ",
            $prefix,
            "created_at, ",
            $prefix,
            "kind, ",
            $prefix,
            "period, ",
            $prefix,
            "expr, ",
            $prefix,
            "tz, ",
            $prefix,
            "grace, ",
            $prefix,
            "early, ",
            $prefix,
            "manual_resume, ",
            $prefix,
            "post_only, ",
            $prefix,
            "start_kw, ",
            $prefix,
            "success_kw, ",
            $prefix,
            "failure_kw, ",
            $prefix,
            "filter_subject, ",
            $prefix,
            "filter_body, ",
            $prefix,
            "filter_http_body, ",
            $prefix,
            "filter_default_fail, ",
            $prefix,
            "status, ",
            $prefix,
            "since, ",
            $prefix,
            "n_pings, ",
            $prefix,
            "last_ping_at, ",
            $prefix,
            "run_at, ",
            $prefix,
            "run_id, ",
            $prefix,
            "last_duration, ",
            $prefix,
            "due_at, ",
            $prefix,
            "deadline, ",
            $prefix,
            "strip, ",
            $prefix,
            "last_ping_id, ",
            $prefix,
            "wake_at",
        )
    };
}
pub(super) use check_columns;

/// What a user sets on a check.
#[derive(Debug, Clone)]
pub struct Settings {
    pub name: String,
    pub slug: String,
    /// Words separated by single spaces.
    pub tags: String,
    pub description: String,
    pub spec: Spec,
    pub grace: Span,
    pub early: Early,
    pub manual_resume: bool,
    pub rules: Rules,
    /// Keyword filters on mails, which share the keywords of `rules`.
    pub filter_subject: bool,
    pub filter_mail_body: bool,
}

impl Settings {
    /// A check as Healthchecks makes it when nothing is said: daily, an hour of grace.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            slug: String::new(),
            tags: String::new(),
            description: String::new(),
            spec: Spec::every(Span::days(1)),
            grace: Span::hours(1),
            early: Early::Within(Span::zero()),
            manual_resume: false,
            rules: Rules::default(),
            filter_subject: false,
            filter_mail_body: false,
        }
    }
}

/// Which of a project's channels a check notifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channels {
    /// Every channel the project has now.
    All,
    These(Vec<i64>),
}

/// A check as stored: a row, or a JSON array of the same columns in their order.
#[expect(clippy::struct_excessive_bools, reason = "they are columns")]
#[derive(Debug, Clone, sqlx::FromRow, Deserialize)]
pub struct Check {
    pub id: i64,
    uuid: String,
    badge_key: String,
    pub project_id: i64,
    pub name: String,
    pub slug: String,
    pub tags: String,
    pub description: String,
    created_at: i64,
    kind: String,
    period: i64,
    expr: String,
    tz: String,
    grace: i64,
    early: Option<i64>,
    #[serde(deserialize_with = "flag")]
    pub manual_resume: bool,
    #[serde(deserialize_with = "flag")]
    post_only: bool,
    start_kw: String,
    success_kw: String,
    failure_kw: String,
    #[serde(deserialize_with = "flag")]
    pub filter_subject: bool,
    #[serde(deserialize_with = "flag")]
    pub filter_body: bool,
    #[serde(deserialize_with = "flag")]
    filter_http_body: bool,
    #[serde(deserialize_with = "flag")]
    filter_default_fail: bool,
    status: String,
    since: i64,
    pub n_pings: i64,
    last_ping_at: Option<i64>,
    run_at: Option<i64>,
    run_id: Option<String>,
    last_duration: Option<i64>,
    due_at: Option<i64>,
    deadline: Option<i64>,
    strip: i64,
    pub last_ping_id: Option<i64>,
    pub wake_at: Option<i64>,
}

/// Checks out of one JSON text of rows, which is how many of them leave SQLite's thread quickest.
pub(super) fn from_json(rows: &str) -> Result<Vec<Check>, StoreError> {
    serde_json::from_str(rows).map_err(|error| StoreError::Sql(sqlx::Error::Decode(error.into())))
}

/// A boolean as SQLite has it.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(i64::deserialize(deserializer)? != 0)
}

impl Check {
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        self.uuid.parse().unwrap_or_default()
    }

    /// The ping UUID as text, dashed and lower case.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.uuid
    }

    /// The UUID in badge addresses, which gives nothing else away.
    #[must_use]
    pub fn badge_key(&self) -> &str {
        &self.badge_key
    }

    /// A check that stands in nobody's list: what a test message is about.
    #[must_use]
    pub fn sample(name: &str, now: Time) -> Self {
        let nil = Uuid::nil().to_string();
        Self {
            id: 0,
            uuid: nil.clone(),
            badge_key: nil,
            project_id: 0,
            name: name.to_owned(),
            slug: "test".to_owned(),
            tags: String::new(),
            description: String::new(),
            created_at: micros(now),
            kind: Kind::Period.as_str().to_owned(),
            period: span_micros(Span::days(1)),
            expr: String::new(),
            tz: "UTC".to_owned(),
            grace: span_micros(Span::hours(1)),
            early: None,
            manual_resume: false,
            post_only: false,
            start_kw: String::new(),
            success_kw: String::new(),
            failure_kw: String::new(),
            filter_subject: false,
            filter_body: false,
            filter_http_body: false,
            filter_default_fail: false,
            status: Status::Down.as_str().to_owned(),
            since: micros(now),
            n_pings: 0,
            last_ping_at: None,
            run_at: None,
            run_id: None,
            last_duration: None,
            due_at: None,
            deadline: None,
            strip: 1,
            last_ping_id: None,
            wake_at: None,
        }
    }

    #[must_use]
    pub fn created_at(&self) -> Time {
        time(self.created_at)
    }

    #[must_use]
    pub fn grace(&self) -> Span {
        Span::microseconds(self.grace)
    }

    #[must_use]
    pub fn spec(&self) -> Spec {
        Spec {
            kind: self.kind.parse().unwrap_or(Kind::Period),
            period: Span::microseconds(self.period),
            expr: self.expr.clone(),
            tz: self.tz.clone(),
        }
    }

    #[must_use]
    pub fn early(&self) -> Early {
        self.early.map_or(Early::Auto, |span| Early::Within(Span::microseconds(span)))
    }

    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            post_only: self.post_only,
            filter_body: self.filter_http_body,
            default_fail: self.filter_default_fail,
            start: self.start_kw.clone(),
            success: self.success_kw.clone(),
            failure: self.failure_kw.clone(),
        }
    }

    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            name: self.name.clone(),
            slug: self.slug.clone(),
            tags: self.tags.clone(),
            description: self.description.clone(),
            spec: self.spec(),
            grace: self.grace(),
            early: self.early(),
            manual_resume: self.manual_resume,
            rules: self.rules(),
            filter_subject: self.filter_subject,
            filter_mail_body: self.filter_body,
        }
    }

    /// The policy for [`step`]. A stored schedule that no longer reads (it was checked when it was saved) falls
    /// back to daily: a check that would never go down again is the one thing that must not happen.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let schedule = Schedule::parse(&self.spec()).or_else(|error| {
            tracing::error!(check.id = self.id, %error, "a stored schedule cannot be read; treating it as daily");
            Schedule::parse(&Spec::every(Span::days(1)))
        });
        Policy {
            schedule: schedule.unwrap_or_else(|_| Schedule::daily_fallback()),
            grace: self.grace(),
            early: self.early(),
            manual_resume: self.manual_resume,
        }
    }

    #[must_use]
    pub fn state(&self) -> State {
        State {
            status: Status::named(&self.status).unwrap_or(Status::New),
            since: time(self.since),
            last_ping: self.last_ping_at.map(time),
            run: self
                .run_at
                .map(|at| Run { at: time(at), id: self.run_id.as_deref().and_then(|id| id.parse().ok()) }),
            last_duration: self.last_duration.map(Span::microseconds),
            due: self.due_at.map(time),
            deadline: self.deadline.map(time),
            strip: Strip::from_stored(self.strip),
        }
    }
}

fn early_micros(early: Early) -> Option<i64> {
    match early {
        Early::Auto => None,
        Early::Within(span) => Some(span_micros(span)),
    }
}

/// Makes a check and links it to its channels.
pub async fn insert(
    db: &Db,
    project_id: i64,
    uuid: Uuid,
    settings: &Settings,
    channels: &Channels,
    now: Time,
) -> Result<i64, StoreError> {
    Ok(write_tx!(db, |tx| insert_in(tx, project_id, uuid, settings, channels, now).await?))
}

/// [`insert`] inside a transaction of the caller's.
pub async fn insert_in(
    tx: &mut WriteTx,
    project_id: i64,
    uuid: Uuid,
    settings: &Settings,
    channels: &Channels,
    now: Time,
) -> Result<i64, StoreError> {
    const SQL: &str = "INSERT INTO checks (uuid, project_id, name, slug, tags, description, created_at, kind, period, expr,
            tz, grace, early, manual_resume, post_only, start_kw, success_kw, failure_kw, filter_subject,
            filter_body, filter_http_body, filter_default_fail, badge_key, status, since, n_pings, strip)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
            'new', $7, 0, 1) RETURNING id";
    let (id,): (i64,) = on!(tx, |conn| {
        sqlx::query_as(SQL)
            .bind(uuid.to_string())
            .bind(project_id)
            .bind(&settings.name)
            .bind(&settings.slug)
            .bind(&settings.tags)
            .bind(&settings.description)
            .bind(micros(now))
            .bind(settings.spec.kind.as_str())
            .bind(span_micros(settings.spec.period))
            .bind(&settings.spec.expr)
            .bind(&settings.spec.tz)
            .bind(span_micros(settings.grace))
            .bind(early_micros(settings.early))
            .bind(settings.manual_resume)
            .bind(settings.rules.post_only)
            .bind(&settings.rules.start)
            .bind(&settings.rules.success)
            .bind(&settings.rules.failure)
            .bind(settings.filter_subject)
            .bind(settings.filter_mail_body)
            .bind(settings.rules.filter_body)
            .bind(settings.rules.default_fail)
            .bind(rng::uuid().to_string())
            .fetch_one(conn)
            .await?
    });
    link(tx, id, project_id, channels).await?;
    Ok(id)
}

/// What an existing check is looked for by. `None` fits any.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unique<'a> {
    pub name: Option<&'a str>,
    pub slug: Option<&'a str>,
    /// All tags as one text.
    pub tags: Option<&'a str>,
    pub period: Option<Span>,
    pub grace: Option<Span>,
}

/// Updates the oldest check of a project that fits `unique`, or makes one with this UUID; of several who ask at once,
/// one makes it. `settings` is told what is there. `channels`: none for a new check, unchanged for an old one, where
/// nothing is said. Gives the check's UUID, and whether it was made.
pub async fn upsert<E>(
    db: &Db,
    project_id: i64,
    uuid: Uuid,
    unique: Unique<'_>,
    settings: impl Fn(Option<&Check>) -> Result<Settings, E>,
    channels: Option<&Channels>,
    now: Time,
) -> Result<Result<(Uuid, bool), E>, StoreError> {
    const POSTGRES_PROJECT: &str = "SELECT id FROM projects WHERE id = $1 FOR NO KEY UPDATE";
    let none = Channels::These(Vec::new());
    Ok(write_tx!(db, |tx| {
        // On SQLite a write transaction is alone.
        if let WriteTx::Postgres(tx) = tx {
            sqlx::query(POSTGRES_PROJECT).bind(project_id).execute(&mut **tx).await?;
        }
        let found = oldest_in(tx, project_id, unique).await?;
        let settings = match settings(found.as_ref()) {
            Ok(settings) => settings,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match found {
            Some(check) if update_in(tx, check.id, &settings, channels, now).await? => {
                Ok((check.uuid(), false))
            }
            _ => {
                insert_in(tx, project_id, uuid, &settings, channels.unwrap_or(&none), now).await?;
                Ok((uuid, true))
            }
        }
    }))
}

async fn oldest_in(
    tx: &mut WriteTx,
    project_id: i64,
    unique: Unique<'_>,
) -> Result<Option<Check>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        check_columns!(""),
        " FROM checks WHERE project_id = $1
            AND name = COALESCE($2, name) AND slug = COALESCE($3, slug) AND tags = COALESCE($4, tags)
            AND (CAST($5 AS BIGINT) IS NULL OR (kind = 'simple' AND period = $5)) AND grace = COALESCE($6, grace)
        ORDER BY id LIMIT 1"
    );
    Ok(on!(tx, |conn| {
        sqlx::query_as(SQL)
            .bind(project_id)
            .bind(unique.name)
            .bind(unique.slug)
            .bind(unique.tags)
            .bind(unique.period.map(span_micros))
            .bind(unique.grace.map(span_micros))
            .fetch_optional(conn)
            .await?
    }))
}

/// Makes a check notify exactly these channels of its project.
async fn link(
    tx: &mut WriteTx,
    check_id: i64,
    project_id: i64,
    channels: &Channels,
) -> Result<(), StoreError> {
    const CLEAR: &str = "DELETE FROM check_channels WHERE check_id = $1";
    const ALL: &str =
        "INSERT INTO check_channels (check_id, channel_id) SELECT $1, id FROM channels WHERE project_id = $2";
    const ONE: &str = "INSERT INTO check_channels (check_id, channel_id)
        SELECT $1, id FROM channels WHERE project_id = $2 AND id = $3 ON CONFLICT DO NOTHING";
    run!(tx, sqlx::query(CLEAR).bind(check_id));
    match channels {
        Channels::All => {
            run!(tx, sqlx::query(ALL).bind(check_id).bind(project_id));
        }
        Channels::These(ids) => {
            for id in ids {
                run!(tx, sqlx::query(ONE).bind(check_id).bind(project_id).bind(id));
            }
        }
    }
    Ok(())
}

/// Saves new settings; a changed schedule or grace moves the deadline in the same transaction.
pub async fn update(
    db: &Db,
    id: i64,
    settings: &Settings,
    channels: Option<&Channels>,
    now: Time,
) -> Result<bool, StoreError> {
    Ok(write_tx!(db, |tx| update_in(tx, id, settings, channels, now).await?))
}

async fn update_in(
    tx: &mut WriteTx,
    id: i64,
    settings: &Settings,
    channels: Option<&Channels>,
    now: Time,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE checks SET name = $2, slug = $3, tags = $4, description = $5, kind = $6, period = $7, expr = $8,
            tz = $9, grace = $10, early = $11, manual_resume = $12, post_only = $13, start_kw = $14, success_kw = $15,
            failure_kw = $16, filter_subject = $17, filter_body = $18, filter_http_body = $19,
            filter_default_fail = $20
        WHERE id = $1";
    let Some(before) = by_id_in(tx, id).await? else { return Ok(false) };
    run!(
        tx,
        sqlx::query(SQL)
            .bind(id)
            .bind(&settings.name)
            .bind(&settings.slug)
            .bind(&settings.tags)
            .bind(&settings.description)
            .bind(settings.spec.kind.as_str())
            .bind(span_micros(settings.spec.period))
            .bind(&settings.spec.expr)
            .bind(&settings.spec.tz)
            .bind(span_micros(settings.grace))
            .bind(early_micros(settings.early))
            .bind(settings.manual_resume)
            .bind(settings.rules.post_only)
            .bind(&settings.rules.start)
            .bind(&settings.rules.success)
            .bind(&settings.rules.failure)
            .bind(settings.filter_subject)
            .bind(settings.filter_mail_body)
            .bind(settings.rules.filter_body)
            .bind(settings.rules.default_fail)
    );
    if let Some(channels) = channels {
        link(tx, id, before.project_id, channels).await?;
    }
    let decisive = (before.spec(), before.grace(), before.early(), before.manual_resume);
    if decisive != (settings.spec.clone(), settings.grace, settings.early, settings.manual_resume) {
        apply_in(tx, id, Event::Edited, now).await?;
    }
    Ok(true)
}

/// Applies an event that is not a ping (pause, resume) to one check, with its flip and alerts.
/// `false`: there is no such check.
pub async fn apply(db: &Db, id: i64, event: Event<'_>, now: Time) -> Result<bool, StoreError> {
    Ok(write_tx!(db, |tx| apply_in(tx, id, event, now).await?))
}

async fn apply_in(tx: &mut WriteTx, id: i64, event: Event<'_>, now: Time) -> Result<bool, StoreError> {
    let Some(check) = by_id_in(tx, id).await? else { return Ok(false) };
    let (state, effects) = step(&check.policy(), &check.state(), event, now);
    let mut changes = Changes::new(now);
    changes.state(&check, &state, changes::Wake::Keep);
    changes.effects(check.id, &effects, None, now);
    changes.write(tx).await?;
    Ok(true)
}

/// Deletes a check with its whole history. What was queued to be told about it is not told any more.
pub async fn delete(db: &Db, id: i64) -> Result<bool, StoreError> {
    const BODIES: &str = "WITH RECURSIVE chain(id) AS (
            SELECT last_ping_id FROM checks WHERE id = $1
            UNION ALL SELECT p.prev_id FROM chain JOIN pings p ON p.id = chain.id WHERE p.check_id = $1
        ) DELETE FROM ping_bodies WHERE ping_id IN (SELECT id FROM chain)";
    const PINGS: &str = "WITH RECURSIVE chain(id) AS (
            SELECT last_ping_id FROM checks WHERE id = $1
            UNION ALL SELECT p.prev_id FROM chain JOIN pings p ON p.id = chain.id WHERE p.check_id = $1
        ) DELETE FROM pings WHERE id IN (SELECT id FROM chain) AND check_id = $1";
    const CHECK: &str = "DELETE FROM checks WHERE id = $1";
    let gone = write_tx!(db, |tx| {
        // Locked, so that no ping arrives in between that nobody would delete.
        if by_id_in(tx, id).await?.is_none() {
            return Ok(false);
        }
        run!(tx, sqlx::query(BODIES).bind(id));
        run!(tx, sqlx::query(PINGS).bind(id));
        run!(tx, sqlx::query(CHECK).bind(id));
        true
    });
    Ok(gone)
}

pub async fn by_uuid(db: &Db, uuid: Uuid) -> Result<Option<Check>, StoreError> {
    const SQL: &str = concat!("SELECT ", check_columns!(""), " FROM checks WHERE uuid = $1");
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(uuid.to_string()).fetch_optional(pool).await?))
}

/// A check, to be written.
async fn by_id_in(tx: &mut WriteTx, id: i64) -> Result<Option<Check>, StoreError> {
    const SQL: Dialects = Dialects {
        sqlite: concat!("SELECT ", check_columns!(""), " FROM checks WHERE id = $1"),
        postgres: concat!("SELECT ", check_columns!(""), " FROM checks WHERE id = $1 FOR NO KEY UPDATE"),
    };
    let sql = SQL.on(tx);
    Ok(on!(tx, |conn| sqlx::query_as(sql).bind(id).fetch_optional(conn).await?))
}

/// The UUIDs of the channels that a check notifies, sorted.
pub async fn channel_uuids(db: &Db, check_id: i64) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT c.uuid FROM check_channels cc JOIN channels c ON c.id = cc.channel_id
        WHERE cc.check_id = $1 ORDER BY c.uuid";
    let rows: Vec<(String,)> = read!(db, |pool| sqlx::query_as(SQL).bind(check_id).fetch_all(pool).await?);
    Ok(rows.into_iter().map(|(uuid,)| uuid).collect())
}

/// The ids of the channels that a check notifies.
pub async fn channel_ids(db: &Db, check_id: i64) -> Result<Vec<i64>, StoreError> {
    const SQL: &str = "SELECT channel_id FROM check_channels WHERE check_id = $1 ORDER BY channel_id";
    let rows: Vec<(i64,)> = read!(db, |pool| sqlx::query_as(SQL).bind(check_id).fetch_all(pool).await?);
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Up to `limit` checks that the scheduler must look at by `now`, earliest first, to be written.
pub async fn claim_due(tx: &mut WriteTx, now: Time, limit: i64) -> Result<Vec<Check>, StoreError> {
    // What another server has in hand is that server's: it steps the check, or stores a ping that moves it.
    const SQL: Dialects = Dialects {
        sqlite: concat!(
            "SELECT ",
            check_columns!(""),
            " FROM checks WHERE wake_at <= $1 ORDER BY wake_at LIMIT $2"
        ),
        postgres: concat!(
            "SELECT ",
            check_columns!(""),
            " FROM checks WHERE wake_at <= $1 ORDER BY wake_at LIMIT $2
            FOR NO KEY UPDATE SKIP LOCKED"
        ),
    };
    let sql = SQL.on(tx);
    Ok(on!(tx, |conn| sqlx::query_as(sql).bind(micros(now)).bind(limit).fetch_all(conn).await?))
}

/// The same, to be read only.
pub async fn due(tx: &mut WriteTx, now: Time, limit: i64) -> Result<Vec<Check>, StoreError> {
    const SQL: &str =
        concat!("SELECT ", check_columns!(""), " FROM checks WHERE wake_at <= $1 ORDER BY wake_at LIMIT $2");
    Ok(on!(tx, |conn| sqlx::query_as(SQL).bind(micros(now)).bind(limit).fetch_all(conn).await?))
}

/// When the scheduler must look next.
pub async fn next_wake(db: &Db) -> Result<Option<Time>, StoreError> {
    const SQL: &str = "SELECT MIN(wake_at) FROM checks WHERE wake_at IS NOT NULL";
    let (at,): (Option<i64>,) = read!(db, |pool| sqlx::query_as(SQL).fetch_one(pool).await?);
    Ok(at.map(time))
}
