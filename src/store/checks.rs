//! Checks: making, changing and finding them, one at a time. Their row is in `check_row`, lists of them in `check_lists`.
use uuid::Uuid;

use super::addresses;
use super::changes::{self, Changes};
pub use super::check_row::Check;
use super::check_row::check_columns;
pub use super::check_rules::{Fault, MAX_DESCRIPTION, MAX_KEYWORDS, MAX_TAGS};
use super::db::{Dialects, on, read, run, write_tx};
use super::{Db, StoreError, WriteTx, micros, span_micros, time};
use crate::core::check::{Early, Event, step};
use crate::core::ping::Rules;
use crate::core::schedule::Spec;
use crate::core::{Span, Time};
use crate::rng;

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

fn early_micros(early: Early) -> Option<i64> {
    match early {
        Early::Auto => None,
        Early::Within(span) => Some(span_micros(span)),
    }
}

/// Binds settings as the first 19 parameters, in the order of the statements below.
macro_rules! bind_settings {
    ($query:expr, $settings:expr) => {
        $query
            .bind(&$settings.name)
            .bind(&$settings.slug)
            .bind(&$settings.tags)
            .bind(&$settings.description)
            .bind($settings.spec.kind.as_str())
            .bind(span_micros($settings.spec.period))
            .bind(&$settings.spec.expr)
            .bind(&$settings.spec.tz)
            .bind(span_micros($settings.grace))
            .bind(early_micros($settings.early))
            .bind($settings.manual_resume)
            .bind($settings.rules.post_only)
            .bind(&$settings.rules.start)
            .bind(&$settings.rules.success)
            .bind(&$settings.rules.failure)
            .bind($settings.filter_subject)
            .bind($settings.filter_mail_body)
            .bind($settings.rules.filter_body)
            .bind($settings.rules.default_fail)
    };
}

/// Makes a check and links it to its channels. [`StoreError::Conflict`]: another check has this UUID, as its own or as
/// its alias.
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
    const SQL: &str = "INSERT INTO checks (name, slug, tags, description, kind, period, expr, tz, grace, early,
            manual_resume, post_only, start_kw, success_kw, failure_kw, filter_subject, filter_body,
            filter_http_body, filter_default_fail, uuid, project_id, badge_key, created_at, since, status, n_pings, strip)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
            $23, 'new', 0, 1) RETURNING id";
    addresses::no_alias_is(tx, &uuid.to_string()).await?;
    let (id,): (i64,) = on!(tx, |conn| {
        bind_settings!(sqlx::query_as(SQL), settings)
            .bind(uuid.to_string())
            .bind(project_id)
            .bind(rng::uuid().to_string())
            .bind(micros(now))
            .fetch_one(conn)
            .await?
    });
    addresses::insert_in(tx, id).await?;
    link(tx, id, project_id, channels).await?;
    Ok(id)
}

/// Makes a check together with the addresses that it brings along. [`StoreError::Conflict`]: another one has them, or the
/// UUID.
pub async fn bring(
    db: &Db,
    project_id: i64,
    uuid: Uuid,
    settings: &Settings,
    channels: &Channels,
    addresses: &addresses::Change,
    now: Time,
) -> Result<(), StoreError> {
    write_tx!(db, |tx| {
        let id = insert_in(tx, project_id, uuid, settings, channels, now).await?;
        addresses::change_in(tx, id, addresses).await?;
    });
    Ok(())
}

/// Changes a check from what it is: settings, channels where some are named, and addresses, all or nothing. `false`:
/// there is no such check. [`StoreError::Conflict`]: another one has such an address.
pub async fn change<E>(
    db: &Db,
    id: i64,
    settings: impl Fn(&Check) -> Result<Settings, E>,
    channels: Option<&Channels>,
    addresses: &addresses::Change,
    now: Time,
) -> Result<Result<bool, E>, StoreError> {
    Ok(write_tx!(db, |tx| {
        let Some(check) = by_id_in(tx, id).await? else { return Ok(Ok(false)) };
        let settings = match settings(&check) {
            Ok(settings) => settings,
            Err(refusal) => return Ok(Err(refusal)),
        };
        addresses::change_in(tx, id, addresses).await?;
        Ok(update_in(tx, id, &settings, channels, now).await?)
    }))
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
            AND (CAST($5 AS BIGINT) IS NULL OR period = $5) AND grace = COALESCE($6, grace)
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

/// Changes settings from what they are at that moment, so that two who change different ones do not undo each other's;
/// and channels where some are named. `false`: there is no such check.
pub async fn update<E>(
    db: &Db,
    id: i64,
    settings: impl Fn(&Check) -> Result<Settings, E>,
    channels: Option<&Channels>,
    now: Time,
) -> Result<Result<bool, E>, StoreError> {
    change(db, id, settings, channels, &addresses::Change::default(), now).await
}

/// Saves new settings; a changed schedule or grace moves the deadline in the same transaction.
async fn update_in(
    tx: &mut WriteTx,
    id: i64,
    settings: &Settings,
    channels: Option<&Channels>,
    now: Time,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE checks SET name = $1, slug = $2, tags = $3, description = $4, kind = $5, period = $6,
            expr = $7, tz = $8, grace = $9, early = $10, manual_resume = $11, post_only = $12, start_kw = $13,
            success_kw = $14, failure_kw = $15, filter_subject = $16, filter_body = $17, filter_http_body = $18,
            filter_default_fail = $19
        WHERE id = $20";
    let Some(before) = by_id_in(tx, id).await? else { return Ok(false) };
    run!(tx, bind_settings!(sqlx::query(SQL), settings).bind(id));
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

pub async fn by_id(db: &Db, id: i64) -> Result<Option<Check>, StoreError> {
    const SQL: &str = concat!("SELECT ", check_columns!(""), " FROM checks WHERE id = $1");
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(id).fetch_optional(pool).await?))
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
