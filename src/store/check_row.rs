//! A check as it is stored: its row, how it is read, and what its columns mean to the core.
use std::fmt;
use std::marker::PhantomData;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};
use uuid::Uuid;

use super::checks::Settings;
use super::listed::{self, Listed};
use super::{StoreError, micros, span_micros, time};
use crate::core::check::{Early, Policy, Run, State, Status};
use crate::core::ping::{MailFilters, Rules};
use crate::core::schedule::{Kind, Schedule, Spec};
use crate::core::strip::Strip;
use crate::core::{Span, Time};

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

/// A check as stored: a row, or a JSON array of the same columns in their order.
#[expect(clippy::struct_excessive_bools, reason = "they are columns")]
#[derive(Debug, Clone, Deserialize)]
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
    pub expr: String,
    pub tz: String,
    grace: i64,
    early: Option<i64>,
    #[serde(deserialize_with = "flag")]
    pub manual_resume: bool,
    #[serde(deserialize_with = "flag")]
    pub post_only: bool,
    pub start_kw: String,
    pub success_kw: String,
    pub failure_kw: String,
    #[serde(deserialize_with = "flag")]
    pub filter_subject: bool,
    #[serde(deserialize_with = "flag")]
    pub filter_body: bool,
    #[serde(deserialize_with = "flag")]
    pub filter_http_body: bool,
    #[serde(deserialize_with = "flag")]
    pub filter_default_fail: bool,
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

/// By position, in the order of [`check_columns`], which stand first in every row: looking 36 names up in each of a
/// thousand rows takes longer than the database does.
impl<'r, R: Row> FromRow<'r, R> for Check
where
    usize: ColumnIndex<R>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let mut columns = 0..;
        let mut next = || columns.next().unwrap_or_default();
        Ok(Self {
            id: row.try_get(next())?,
            uuid: row.try_get(next())?,
            badge_key: row.try_get(next())?,
            project_id: row.try_get(next())?,
            name: row.try_get(next())?,
            slug: row.try_get(next())?,
            tags: row.try_get(next())?,
            description: row.try_get(next())?,
            created_at: row.try_get(next())?,
            kind: row.try_get(next())?,
            period: row.try_get(next())?,
            expr: row.try_get(next())?,
            tz: row.try_get(next())?,
            grace: row.try_get(next())?,
            early: row.try_get(next())?,
            manual_resume: row.try_get(next())?,
            post_only: row.try_get(next())?,
            start_kw: row.try_get(next())?,
            success_kw: row.try_get(next())?,
            failure_kw: row.try_get(next())?,
            filter_subject: row.try_get(next())?,
            filter_body: row.try_get(next())?,
            filter_http_body: row.try_get(next())?,
            filter_default_fail: row.try_get(next())?,
            status: row.try_get(next())?,
            since: row.try_get(next())?,
            n_pings: row.try_get(next())?,
            last_ping_at: row.try_get(next())?,
            run_at: row.try_get(next())?,
            run_id: row.try_get(next())?,
            last_duration: row.try_get(next())?,
            due_at: row.try_get(next())?,
            deadline: row.try_get(next())?,
            strip: row.try_get(next())?,
            last_ping_id: row.try_get(next())?,
            wake_at: row.try_get(next())?,
        })
    }
}

/// Checks out of one JSON text of rows, which is how many of them leave SQLite's thread quickest.
pub(super) fn from_json<'de, T: Deserialize<'de>>(rows: &'de str) -> Result<Vec<T>, StoreError> {
    let mut deserializer = serde_json::Deserializer::from_str(rows);
    let checks = deserializer.deserialize_seq(Rows { at_least: rows.len() / ROW, rows: PhantomData });
    checks.map_err(|error| StoreError::Sql(sqlx::Error::Decode(error.into())))
}

/// Characters of a row as JSON, about: two UUIDs, a name, and a few times.
const ROW: usize = 300;

/// Reads rows into a list that has room for them from the beginning.
struct Rows<T> {
    at_least: usize,
    rows: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Rows<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows of checks")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
        let mut checks = Vec::with_capacity(self.at_least);
        while let Some(check) = rows.next_element()? {
            checks.push(check);
        }
        Ok(checks)
    }
}

/// A boolean as SQLite has it.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
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

    /// What a list shows of it.
    #[must_use]
    pub fn listed(&self) -> Listed {
        let text = |text: &String| Box::from(text.as_str());
        let settings = listed::Settings {
            code: text(&self.uuid),
            badge_key: text(&self.badge_key),
            name: text(&self.name),
            slug: text(&self.slug),
            tags: text(&self.tags),
            description: text(&self.description),
            kind: listed::kind_named(&self.kind),
            period: self.period,
            expr: text(&self.expr),
            tz: text(&self.tz),
            grace: self.grace,
            manual_resume: self.manual_resume,
            post_only: self.post_only,
            start_kw: text(&self.start_kw),
            success_kw: text(&self.success_kw),
            failure_kw: text(&self.failure_kw),
            filter_subject: self.filter_subject,
            filter_body: self.filter_body,
            filter_http_body: self.filter_http_body,
            filter_default_fail: self.filter_default_fail,
        };
        let state = listed::State {
            id: self.id,
            // Of a row that nobody reads again.
            revision: 0,
            status: listed::status_named(&self.status),
            n_pings: self.n_pings,
            last_ping_at: self.last_ping_at,
            run_at: self.run_at,
            last_duration: self.last_duration,
            due_at: self.due_at,
            deadline: self.deadline,
        };
        Listed { settings: settings.into(), state }
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
    pub fn kind(&self) -> Kind {
        self.kind.parse().unwrap_or(Kind::Period)
    }

    /// Of a check whose kind is [`Kind::Period`].
    #[must_use]
    pub fn period(&self) -> Span {
        Span::microseconds(self.period)
    }

    #[must_use]
    pub fn spec(&self) -> Spec {
        Spec { kind: self.kind(), period: self.period(), expr: self.expr.clone(), tz: self.tz.clone() }
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
    pub fn mail_filters(&self) -> MailFilters {
        MailFilters { subject: self.filter_subject, text: self.filter_body }
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
