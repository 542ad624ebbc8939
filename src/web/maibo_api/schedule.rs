//! Schedules in JSON, and `schedule`: when one is due, or why it cannot be.
use axum::Json;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::problem::{FieldError, Reading, Refusal, Result};
use super::sent::Asked;
use crate::core::schedule::{self, Kind, Spec, WEEKDAYS};
use crate::core::{Span, Time};

/// Due times that are told when no number is asked for.
const USUAL_COUNT: i64 = 5;

fn utc() -> String {
    "UTC".to_owned()
}

/// When pings are due.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Schedule {
    /// A fixed time after the last ping.
    #[schema(title = "SimpleSchedule")]
    Simple {
        /// Seconds.
        #[schema(minimum = 1, maximum = 31_536_000, examples(86_400))]
        period: i64,
    },
    /// As a line of a crontab says.
    #[schema(title = "CronSchedule")]
    Cron {
        /// Minute, hour, day of the month, month, weekday.
        #[schema(max_length = 1000, examples("5 16 * * mon-fri"))]
        expression: String,
        /// Whose clock the line means.
        #[serde(default = "utc")]
        #[schema(examples("Asia/Shanghai"))]
        tz: String,
    },
    /// As systemd calendar events say.
    #[schema(title = "OnCalendarSchedule")]
    OnCalendar {
        /// One event a line.
        #[schema(max_length = 1000, examples("Mon..Fri 16:05"))]
        expression: String,
        #[serde(default = "utc")]
        #[schema(examples("Asia/Shanghai"))]
        tz: String,
    },
    /// At times of day, on all days or on some.
    #[schema(title = "DailySchedule")]
    Daily {
        /// At most 24 times of day.
        #[schema(min_items = 1, max_items = 1000, value_type = Vec<TimeOfDay>)]
        at: Vec<String>,
        /// None: every day.
        #[serde(default)]
        days: Vec<Day>,
        #[serde(default = "utc")]
        #[schema(examples("Asia/Shanghai"))]
        tz: String,
    },
}

/// Hour and minute.
#[derive(ToSchema)]
#[schema(pattern = "^([01]?[0-9]|2[0-3]):[0-5][0-9]$", examples("16:05"))]
#[expect(dead_code, reason = "the schema of a text")]
struct TimeOfDay(String);

/// A day of the week.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    fn word(self) -> &'static str {
        WEEKDAYS.get(self as usize).copied().unwrap_or_default()
    }
}

impl Schedule {
    /// What is stored of it, in its usual form. `tz`: the zone that a period keeps, unseen.
    pub(super) fn accept(&self, tz: &str, now: Time) -> Result<(Spec, schedule::Schedule), FieldError> {
        let spec = match self {
            Self::Simple { period } => {
                let period = Span::try_seconds(*period).unwrap_or_default();
                Spec { tz: tz.to_owned(), ..Spec::every(period) }
            }
            Self::Cron { expression, tz } => Spec::cron(expression.as_str(), tz.as_str()),
            Self::OnCalendar { expression, tz } => Spec::on_calendar(expression.as_str(), tz.as_str()),
            Self::Daily { at, days, tz } => {
                if let Some(odd) = at.iter().find(|time| time.contains([',', ' '])) {
                    return Err(FieldError::new("at", format!("`{odd:.20}` is not a time such as 16:05")));
                }
                let days: Vec<&str> = days.iter().map(|day| day.word()).collect();
                let days = (!days.is_empty()).then(|| days.join(","));
                Spec::daily(&at.join(","), days.as_deref(), tz.as_str())
            }
        };
        schedule::Schedule::accept(&spec, now).map_err(|error| FieldError::schedule("", &error))
    }

    pub(super) fn of(spec: Spec) -> Self {
        match spec.kind {
            Kind::Period => Self::Simple { period: spec.period.num_seconds() },
            Kind::Cron => Self::Cron { expression: spec.expr, tz: spec.tz },
            Kind::OnCalendar => Self::OnCalendar { expression: spec.expr, tz: spec.tz },
            Kind::Daily => {
                let (at, days) = spec.daily_parts().unwrap_or_default();
                let on = spec.daily_days();
                let on = |day: &Day| days.is_none() || on.contains(&day.word());
                Self::Daily {
                    at: at.split(',').map(str::to_owned).collect(),
                    days: Day::ALL.into_iter().filter(on).collect(),
                    tz: spec.tz,
                }
            }
        }
    }
}

/// A schedule in a query.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Preview {
    /// `simple`, `cron`, `oncalendar` or `daily`.
    #[param(inline, example = "daily")]
    kind: KindWord,
    /// Seconds; for `simple`.
    #[param(minimum = 1, maximum = 31_536_000)]
    period: Option<i64>,
    /// For `cron` and `oncalendar`.
    #[param(max_length = 1000)]
    expression: Option<String>,
    /// Times of day with commas between them; for `daily`.
    #[param(example = "16:05,18:00")]
    at: Option<String>,
    /// Days with commas between them, or ranges; for `daily`.
    #[param(example = "mon-fri")]
    days: Option<String>,
    /// Whose clock is meant; UTC when absent.
    tz: Option<String>,
    /// What is told comes after this instant; now when absent.
    #[param(value_type = Option<DateTime<Utc>>)]
    from: Option<DateTime<Utc>>,
    /// How many due times are told.
    #[param(minimum = 1, maximum = 100, default = 5)]
    count: Option<i64>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum KindWord {
    Simple,
    Cron,
    OnCalendar,
    Daily,
}

/// When a schedule is due.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Previewed {
    /// In its usual form.
    schedule: Schedule,
    /// The next due times, earliest first. Fewer than asked for: there are no more.
    next: Vec<DateTime<Utc>>,
}

/// When a schedule is due
///
/// The next due times of a schedule, or the reason why it cannot be one. Nothing is stored.
#[utoipa::path(get, path = "/schedule", operation_id = "preview_schedule", tag = "schedule", params(Preview),
    responses((status = 200, description = "Its due times", body = Previewed), Reading))]
pub(super) async fn preview(caller: Caller, Asked(asked): Asked<Preview>) -> Result<Json<Previewed>> {
    let from = asked.from.unwrap_or_else(|| caller.state.now());
    let count = asked.count.unwrap_or(USUAL_COUNT);
    if !(1..=100).contains(&count) {
        return Err(Refusal::field("count", "expected 1 to 100"));
    }
    let needed = |name: &str, value: Option<String>| {
        value.ok_or_else(|| Refusal::field(name, "is needed for this kind of schedule"))
    };
    let tz = asked.tz.unwrap_or_else(utc);
    let spec = match asked.kind {
        KindWord::Simple => {
            let period = asked.period.ok_or_else(|| Refusal::field("period", "is needed for `simple`"))?;
            Spec { tz, ..Spec::every(Span::try_seconds(period).unwrap_or_default()) }
        }
        KindWord::Cron => Spec::cron(needed("expression", asked.expression)?, tz),
        KindWord::OnCalendar => Spec::on_calendar(needed("expression", asked.expression)?, tz),
        KindWord::Daily => Spec::daily(&needed("at", asked.at)?, asked.days.as_deref(), tz),
    };
    let (spec, schedule) = schedule::Schedule::accept(&spec, from)
        .map_err(|error| Refusal::Fields(vec![FieldError::schedule("", &error)]))?;
    let mut next = Vec::new();
    let mut at = from;
    for _ in 0..count {
        let Some(due) = schedule.next_after(at) else { break };
        next.push(due);
        at = due;
    }
    Ok(Json(Previewed { schedule: Schedule::of(spec), next }))
}
