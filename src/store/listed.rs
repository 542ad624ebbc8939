//! Checks as lists show them: their state is read each time, their settings only when those have changed.
//!
//! A list has thousands of checks, and two thirds of what it says of each were set once and for all. A check's `revision`
//! is drawn anew by the database whenever its settings are written, whoever writes them, and tells which are known.
use std::hash::{Hash, Hasher};
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::check_row::{flag, from_json};
use super::db::Held;
use super::{Db, StoreError, time};
use crate::core::check::{Outlook, Status};
use crate::core::schedule::{Kind, Spec};
use crate::core::{Span, Time};
use crate::recent::Recent;

/// A check as lists show it.
#[derive(Debug, Clone)]
pub struct Listed {
    pub settings: Arc<Settings>,
    pub(super) state: State,
}

/// What lists show of a check's settings, and the names that it has for ever: columns in the order of `settings_columns!`.
#[expect(clippy::struct_excessive_bools, reason = "they are columns")]
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Settings {
    /// The ping UUID as text, dashed and lower case.
    pub code: Box<str>,
    pub badge_key: Box<str>,
    pub name: Box<str>,
    pub slug: Box<str>,
    pub tags: Box<str>,
    pub description: Box<str>,
    #[serde(deserialize_with = "kind")]
    pub kind: Kind,
    pub(super) period: i64,
    pub expr: Box<str>,
    pub tz: Box<str>,
    pub(super) grace: i64,
    #[serde(deserialize_with = "flag")]
    pub manual_resume: bool,
    #[serde(deserialize_with = "flag")]
    pub post_only: bool,
    pub start_kw: Box<str>,
    pub success_kw: Box<str>,
    pub failure_kw: Box<str>,
    #[serde(deserialize_with = "flag")]
    pub filter_subject: bool,
    #[serde(deserialize_with = "flag")]
    pub filter_body: bool,
    #[serde(deserialize_with = "flag")]
    pub filter_http_body: bool,
    #[serde(deserialize_with = "flag")]
    pub filter_default_fail: bool,
}

/// What pings and the passing of time change of a check: columns in the order of `state_columns!`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub(super) struct State {
    pub(super) id: i64,
    /// Another one for other settings.
    pub(super) revision: i64,
    #[serde(deserialize_with = "status")]
    pub(super) status: Status,
    pub(super) n_pings: i64,
    pub(super) last_ping_at: Option<i64>,
    pub(super) run_at: Option<i64>,
    pub(super) last_duration: Option<i64>,
    pub(super) due_at: Option<i64>,
    pub(super) deadline: Option<i64>,
}

macro_rules! state_columns {
    ("") => {
        "id, revision, status, n_pings, last_ping_at, run_at, last_duration, due_at, deadline"
    };
}

macro_rules! settings_columns {
    ("") => {
        "uuid, badge_key, name, slug, tags, description, kind, period, expr, tz, grace, manual_resume, post_only,
            start_kw, success_kw, failure_kw, filter_subject, filter_body, filter_http_body, filter_default_fail"
    };
}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
    <&str>::deserialize(deserializer).map(kind_named)
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
    <&str>::deserialize(deserializer).map(status_named)
}

/// What a newer version may have stored reads as the simplest.
pub(super) fn kind_named(name: &str) -> Kind {
    name.parse().unwrap_or(Kind::Period)
}

pub(super) fn status_named(name: &str) -> Status {
    Status::named(name).unwrap_or(Status::New)
}

impl Settings {
    #[must_use]
    pub fn grace(&self) -> Span {
        Span::microseconds(self.grace)
    }

    /// Of a check whose kind is [`Kind::Period`].
    #[must_use]
    pub fn period(&self) -> Span {
        Span::microseconds(self.period)
    }

    #[must_use]
    pub fn spec(&self) -> Spec {
        let (expr, tz) = (self.expr.to_string(), self.tz.to_string());
        Spec { kind: self.kind, period: self.period(), expr, tz }
    }

    /// What it takes to keep these, in bytes.
    fn size(&self) -> usize {
        let Self { code, badge_key, name, slug, tags, description, expr, tz, .. } = self;
        let names = [code, badge_key, name, slug, tags, description, expr, tz];
        let texts = names.into_iter().chain([&self.start_kw, &self.success_kw, &self.failure_kw]);
        // Each text is a piece of memory of its own.
        let pieces = texts.filter(|text| !text.is_empty()).map(|text| text.len() + 16);
        size_of::<(i64, i64, Arc<Self>, Self)>() + pieces.sum::<usize>()
    }
}

impl Listed {
    /// Adds to a fingerprint what this check is: one that [`all`] gives has another fingerprint as soon as anything of
    /// it changes.
    pub fn hash_row(&self, hasher: &mut impl Hasher) {
        self.state.hash(hasher);
    }

    #[must_use]
    pub fn id(&self) -> i64 {
        self.state.id
    }

    #[must_use]
    pub fn n_pings(&self) -> i64 {
        self.state.n_pings
    }

    /// The last success or failure.
    #[must_use]
    pub fn last_ping(&self) -> Option<Time> {
        self.state.last_ping_at.map(time)
    }

    /// How long the last ended run took.
    #[must_use]
    pub fn last_duration(&self) -> Option<Span> {
        self.state.last_duration.map(Span::microseconds)
    }

    #[must_use]
    pub fn outlook(&self) -> Outlook {
        let State { status, run_at, due_at, deadline, .. } = self.state;
        Outlook { status, run: run_at.map(time), due: due_at.map(time), deadline: deadline.map(time) }
    }
}

/// Settings that were read before, of the projects that were listed last.
#[derive(Debug)]
pub struct Known(Recent<i64, Arc<[KnownCheck]>>);

/// In the order of their ids.
#[derive(Debug, Clone)]
struct KnownCheck {
    id: i64,
    revision: i64,
    settings: Arc<Settings>,
}

impl Known {
    /// What is kept at most, in bytes: some fifteen thousand checks.
    const ROOM: usize = 8 << 20;

    fn keep(&self, project_id: i64, checks: &[Listed]) {
        let known = |Listed { settings, state }: &Listed| {
            let settings = Arc::clone(settings);
            KnownCheck { id: state.id, revision: state.revision, settings }
        };
        let size = checks.iter().map(|check| check.settings.size()).sum();
        self.0.put(project_id, checks.iter().map(known).collect(), size);
    }
}

impl Default for Known {
    fn default() -> Self {
        Self(Recent::new(Self::ROOM))
    }
}

/// From so many checks on, two readers share the work.
const MANY: usize = 200;

/// All checks of a project, oldest first.
pub async fn all(db: &Db, known: &Known, project_id: i64) -> Result<Vec<Listed>, StoreError> {
    let before = known.0.get(&project_id).unwrap_or_default();
    let states = if before.len() < MANY {
        states(db, project_id, i64::MIN..=i64::MAX).await?
    } else {
        // Two readers share what is long.
        let middle = before[before.len() / 2].id;
        let (lower, upper) = (i64::MIN..=middle, middle + 1..=i64::MAX);
        let (mut lower, upper) =
            tokio::try_join!(states(db, project_id, lower), states(db, project_id, upper))?;
        lower.extend(upper);
        lower
    };
    let mut listed = Vec::with_capacity(states.len());
    let mut others = Vec::new();
    // Both are in the order of their ids.
    let mut rest = before.iter().peekable();
    for state in &states {
        while rest.next_if(|check| check.id < state.id).is_some() {}
        match rest.next_if(|check| (check.id, check.revision) == (state.id, state.revision)) {
            Some(check) => listed.push(Listed { settings: Arc::clone(&check.settings), state: *state }),
            None => others.push(state.id),
        }
    }
    if others.is_empty() && listed.len() == before.len() {
        return Ok(listed);
    }
    if !others.is_empty() {
        listed.extend(whole(db, project_id, &others).await?);
        listed.sort_unstable_by_key(Listed::id);
    }
    known.keep(project_id, &listed);
    Ok(listed)
}

/// The states of those checks of a project that have these ids, in the order of their ids.
async fn states(db: &Db, project_id: i64, ids: RangeInclusive<i64>) -> Result<Vec<State>, StoreError> {
    // As one text: a thousand rows cross from SQLite's thread at once, and not value by value.
    const SQLITE: &str = concat!(
        "SELECT json_group_array(json_array(",
        state_columns!(""),
        ")) FROM checks WHERE project_id = $1 AND id BETWEEN $2 AND $3"
    );
    const POSTGRES: &str =
        concat!("SELECT ", state_columns!(""), " FROM checks WHERE project_id = $1 AND id BETWEEN $2 AND $3");
    let (first, last) = ids.into_inner();
    let mut states = match db {
        Db::Sqlite { reader, .. } => {
            let row = sqlx::query(SQLITE).bind(project_id).bind(first).bind(last).fetch_one(reader).await?;
            from_json(row.try_get(0)?)?
        }
        Db::Postgres(pool) => {
            let work = async {
                let mut held = Held::take(pool).await?;
                let rows = sqlx::query(POSTGRES).bind(project_id).bind(first).bind(last);
                let rows = rows.fetch_all(&mut *held).await?;
                held.give_back();
                Ok(rows)
            };
            let rows = db.patiently(work).await?;
            rows.iter().map(|row| state_of(row, &mut (0..))).collect::<Result<Vec<State>, sqlx::Error>>()?
        }
    };
    states.sort_unstable_by_key(|state| state.id);
    Ok(states)
}

/// Those of these checks that are still there, each as it is now.
async fn whole(db: &Db, project_id: i64, ids: &[i64]) -> Result<Vec<Listed>, StoreError> {
    const SQLITE: &str = concat!(
        "SELECT json_group_array(json_array(json_array(",
        state_columns!(""),
        "), json_array(",
        settings_columns!(""),
        "))) FROM checks WHERE project_id = $1 AND id IN (SELECT value FROM json_each($2))"
    );
    const POSTGRES: &str = concat!(
        "SELECT ",
        state_columns!(""),
        ", ",
        settings_columns!(""),
        " FROM checks WHERE project_id = $1 AND id = ANY($2)"
    );
    match db {
        Db::Sqlite { reader, .. } => {
            let ids = serde_json::json!(ids).to_string();
            let row = sqlx::query(SQLITE).bind(project_id).bind(ids).fetch_one(reader).await?;
            let rows: Vec<(State, Settings)> = from_json(row.try_get(0)?)?;
            Ok(rows
                .into_iter()
                .map(|(state, settings)| Listed { settings: settings.into(), state })
                .collect())
        }
        Db::Postgres(pool) => {
            let work = async {
                let mut held = Held::take(pool).await?;
                let rows = sqlx::query(POSTGRES).bind(project_id).bind(ids).fetch_all(&mut *held).await?;
                held.give_back();
                Ok(rows)
            };
            let rows = db.patiently(work).await?;
            let listed = |row: &PgRow| {
                let mut columns = 0..;
                let state = state_of(row, &mut columns)?;
                Ok(Listed { settings: settings_of(row, &mut columns)?.into(), state })
            };
            rows.iter().map(listed).collect::<Result<_, sqlx::Error>>().map_err(Into::into)
        }
    }
}

/// By position: looking names up takes longer than the database does.
fn state_of(row: &PgRow, columns: &mut impl Iterator<Item = usize>) -> Result<State, sqlx::Error> {
    let mut next = || columns.next().unwrap_or_default();
    Ok(State {
        id: row.try_get(next())?,
        revision: row.try_get(next())?,
        status: status_named(row.try_get(next())?),
        n_pings: row.try_get(next())?,
        last_ping_at: row.try_get(next())?,
        run_at: row.try_get(next())?,
        last_duration: row.try_get(next())?,
        due_at: row.try_get(next())?,
        deadline: row.try_get(next())?,
    })
}

fn settings_of(row: &PgRow, columns: &mut impl Iterator<Item = usize>) -> Result<Settings, sqlx::Error> {
    let mut next = || columns.next().unwrap_or_default();
    let text = |column: usize| row.try_get::<&str, _>(column).map(Box::from);
    Ok(Settings {
        code: text(next())?,
        badge_key: text(next())?,
        name: text(next())?,
        slug: text(next())?,
        tags: text(next())?,
        description: text(next())?,
        kind: kind_named(row.try_get(next())?),
        period: row.try_get(next())?,
        expr: text(next())?,
        tz: text(next())?,
        grace: row.try_get(next())?,
        manual_resume: row.try_get(next())?,
        post_only: row.try_get(next())?,
        start_kw: text(next())?,
        success_kw: text(next())?,
        failure_kw: text(next())?,
        filter_subject: row.try_get(next())?,
        filter_body: row.try_get(next())?,
        filter_http_body: row.try_get(next())?,
        filter_default_fail: row.try_get(next())?,
    })
}
