//! What lists show of a check. Its texts are borrowed from the database's answer: a list has thousands of them.
use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde::Deserialize;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::check_row::{flag, from_json};
use super::db::Held;
use super::{Db, StoreError, time};
use crate::core::check::{Outlook, Status};
use crate::core::schedule::{Kind, Spec};
use crate::core::{Span, Time};

/// A check as lists show it: the columns of [`each`], in their order.
#[expect(clippy::struct_excessive_bools, reason = "they are columns")]
#[derive(Debug, Clone, Deserialize)]
pub struct Listed<'a> {
    pub id: i64,
    /// The ping UUID as text, dashed and lower case.
    #[serde(borrow)]
    pub code: Cow<'a, str>,
    #[serde(borrow)]
    pub badge_key: Cow<'a, str>,
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    #[serde(borrow)]
    pub slug: Cow<'a, str>,
    #[serde(borrow)]
    pub tags: Cow<'a, str>,
    #[serde(borrow)]
    pub description: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    pub(super) period: i64,
    #[serde(borrow)]
    pub expr: Cow<'a, str>,
    #[serde(borrow)]
    pub tz: Cow<'a, str>,
    pub(super) grace: i64,
    #[serde(deserialize_with = "flag")]
    pub manual_resume: bool,
    #[serde(deserialize_with = "flag")]
    pub post_only: bool,
    #[serde(borrow)]
    pub start_kw: Cow<'a, str>,
    #[serde(borrow)]
    pub success_kw: Cow<'a, str>,
    #[serde(borrow)]
    pub failure_kw: Cow<'a, str>,
    #[serde(deserialize_with = "flag")]
    pub filter_subject: bool,
    #[serde(deserialize_with = "flag")]
    pub filter_body: bool,
    #[serde(deserialize_with = "flag")]
    pub filter_http_body: bool,
    #[serde(deserialize_with = "flag")]
    pub filter_default_fail: bool,
    #[serde(borrow)]
    pub(super) status: Cow<'a, str>,
    pub n_pings: i64,
    pub(super) last_ping_at: Option<i64>,
    pub(super) run_at: Option<i64>,
    pub(super) last_duration: Option<i64>,
    pub(super) due_at: Option<i64>,
    pub(super) deadline: Option<i64>,
}

impl Listed<'_> {
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
        let (expr, tz) = (self.expr.clone().into_owned(), self.tz.clone().into_owned());
        Spec { kind: self.kind(), period: self.period(), expr, tz }
    }

    /// The last success or failure.
    #[must_use]
    pub fn last_ping(&self) -> Option<Time> {
        self.last_ping_at.map(time)
    }

    /// How long the last ended run took.
    #[must_use]
    pub fn last_duration(&self) -> Option<Span> {
        self.last_duration.map(Span::microseconds)
    }

    #[must_use]
    pub fn outlook(&self) -> Outlook {
        Outlook {
            status: Status::named(&self.status).unwrap_or(Status::New),
            run: self.run_at.map(time),
            due: self.due_at.map(time),
            deadline: self.deadline.map(time),
        }
    }
}

/// Shows the checks of a project whose ids are in `ids` to `visit`, oldest first, with the number of them all.
pub async fn each(
    db: &Db,
    project_id: i64,
    ids: RangeInclusive<i64>,
    mut visit: impl FnMut(&Listed<'_>, usize) + Send,
) -> Result<(), StoreError> {
    // As one text: a thousand checks cross from SQLite's thread at once, and not value by value.
    const SQLITE: &str =
        "SELECT json_group_array(json_array(id, uuid, badge_key, name, slug, tags, description, kind, period, expr, tz, grace,
                manual_resume, post_only, start_kw, success_kw, failure_kw, filter_subject, filter_body,
                filter_http_body, filter_default_fail, status, n_pings, last_ping_at, run_at, last_duration, due_at,
                deadline))
            FROM checks WHERE project_id = $1 AND id BETWEEN $2 AND $3";
    const POSTGRES: &str =
        "SELECT id, uuid, badge_key, name, slug, tags, description, kind, period, expr, tz, grace,
                manual_resume, post_only, start_kw, success_kw, failure_kw, filter_subject, filter_body,
                filter_http_body, filter_default_fail, status, n_pings, last_ping_at, run_at, last_duration, due_at,
                deadline
            FROM checks WHERE project_id = $1 AND id BETWEEN $2 AND $3 ORDER BY id";
    let (first, last) = ids.into_inner();
    match db {
        Db::Sqlite { reader, .. } => {
            let row = sqlx::query(SQLITE).bind(project_id).bind(first).bind(last).fetch_one(reader).await?;
            let checks: Vec<Listed<'_>> = from_json(row.try_get(0)?)?;
            // Sorted there, each row would be copied once more.
            let mut in_order: Vec<&Listed<'_>> = checks.iter().collect();
            in_order.sort_unstable_by_key(|check| check.id);
            for check in in_order {
                visit(check, checks.len());
            }
            Ok(())
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
            rows.iter().try_for_each(|row| {
                visit(&from_row(row)?, rows.len());
                Ok(())
            })
        }
    }
}

/// By position: looking names up takes longer than the database does.
fn from_row(row: &PgRow) -> Result<Listed<'_>, sqlx::Error> {
    let mut columns = 0..;
    let mut next = || columns.next().unwrap_or_default();
    let text = |column: usize| row.try_get(column).map(Cow::Borrowed);
    Ok(Listed {
        id: row.try_get(next())?,
        code: text(next())?,
        badge_key: text(next())?,
        name: text(next())?,
        slug: text(next())?,
        tags: text(next())?,
        description: text(next())?,
        kind: text(next())?,
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
        status: text(next())?,
        n_pings: row.try_get(next())?,
        last_ping_at: row.try_get(next())?,
        run_at: row.try_get(next())?,
        last_duration: row.try_get(next())?,
        due_at: row.try_get(next())?,
        deadline: row.try_get(next())?,
    })
}
