//! When is the next ping due? Pure functions over UTC instants.

mod calendar;
mod cron;
mod daily;
mod error;
mod oncalendar;
mod shape;
mod zone;
mod zone_links;

use std::fmt;
use std::str::FromStr;

pub use daily::NAMES as WEEKDAYS;
pub use error::ScheduleError;
pub use shape::{Days, Shape};
pub use zone::{Civil, TZDB_VERSION, Zone, zone_names};

use super::{Span, Time};

/// The shortest period.
pub const MIN_PERIOD: Span = Span::seconds(1);
/// The longest period.
pub const MAX_PERIOD: Span = Span::days(365);
/// The longest text of a schedule, in characters.
pub const MAX_EXPRESSION: usize = 1000;

/// The ways to say when pings are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A fixed time after the last ping.
    Period,
    /// A line as in a crontab.
    Cron,
    /// systemd calendar events, one per line.
    OnCalendar,
    /// Times of day, on all days or on some weekdays.
    Daily,
}

impl Kind {
    /// The word that is stored and that the Healthchecks API uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Period => "simple",
            Self::Cron => "cron",
            Self::OnCalendar => "oncalendar",
            Self::Daily => "daily",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = ScheduleError;

    fn from_str(word: &str) -> Result<Self, ScheduleError> {
        [Self::Period, Self::Cron, Self::OnCalendar, Self::Daily]
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| ScheduleError::UnknownKind(excerpt(word)))
    }
}

/// The kind of an expression whose kind nobody named: exactly five fields on one line are cron,
/// everything else is OnCalendar. This is the rule of Healthchecks.
pub fn kind_of_expression(text: &str) -> Kind {
    let text = text.trim();
    let cron = !text.contains(['\n', '\r']) && text.split_whitespace().count() == 5;
    if cron { Kind::Cron } else { Kind::OnCalendar }
}

/// What a user wrote, as stored and shown. [`Schedule::parse`] checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// How to read the rest.
    pub kind: Kind,
    /// Only for [`Kind::Period`].
    pub period: Span,
    /// A cron line, OnCalendar lines, or times and weekdays: `16:05,18:00 mon-fri`.
    pub expr: String,
    /// Name of the zone whose clock the expression means.
    pub tz: String,
}

impl Spec {
    /// Due a fixed time after the last ping.
    pub fn every(period: Span) -> Self {
        Self { kind: Kind::Period, period, expr: String::new(), tz: "UTC".to_owned() }
    }

    /// Due as a crontab line says.
    pub fn cron(expr: impl Into<String>, tz: impl Into<String>) -> Self {
        Self::of(Kind::Cron, expr.into(), tz.into())
    }

    /// Due as systemd calendar events say.
    pub fn on_calendar(expr: impl Into<String>, tz: impl Into<String>) -> Self {
        Self::of(Kind::OnCalendar, expr.into(), tz.into())
    }

    /// Due at times of day such as `16:05,18:00`, on all days or on weekdays such as `mon-fri`.
    pub fn daily(at: &str, days: Option<&str>, tz: impl Into<String>) -> Self {
        Self::of(Kind::Daily, daily::join(at, days), tz.into())
    }

    fn of(kind: Kind, expr: String, tz: String) -> Self {
        Self { kind, period: Span::zero(), expr, tz }
    }

    /// The grace of a check for which none is named: an hour, or a fifth of a shorter period, but at least a second.
    pub fn usual_grace(&self) -> Span {
        match self.kind {
            Kind::Period => Span::seconds((self.period.num_seconds() / 5).clamp(1, 3600)),
            Kind::Cron | Kind::OnCalendar | Kind::Daily => Span::hours(1),
        }
    }

    /// The weekdays of a daily schedule one by one, as [`WEEKDAYS`] has them; none where every day is meant.
    pub fn daily_days(&self) -> Vec<&'static str> {
        self.daily_parts().and_then(|(_, days)| days).map(|days| daily::names(&days)).unwrap_or_default()
    }

    /// The times and the weekdays of a daily schedule, to refill a form.
    pub fn daily_parts(&self) -> Option<(String, Option<String>)> {
        (self.kind == Kind::Daily).then(|| daily::split(&self.expr))
    }
}

/// A schedule that is known to be well-formed.
#[derive(Debug, Clone)]
pub struct Schedule(Rule);

#[derive(Debug, Clone)]
enum Rule {
    Period(Span),
    Cron(cron::Cron),
    OnCalendar(oncalendar::OnCalendar),
    Daily(daily::Daily),
}

impl Schedule {
    /// Checks syntax and zone.
    pub fn parse(spec: &Spec) -> Result<Self, ScheduleError> {
        if spec.expr.chars().nth(MAX_EXPRESSION).is_some() {
            return Err(ScheduleError::TooLong);
        }
        Ok(Self(match spec.kind {
            Kind::Period if (MIN_PERIOD..=MAX_PERIOD).contains(&spec.period) => Rule::Period(spec.period),
            Kind::Period => return Err(ScheduleError::BadPeriod(spec.period)),
            Kind::Cron => Rule::Cron(cron::Cron::parse(&spec.expr, Zone::named(&spec.tz)?)?),
            Kind::OnCalendar => {
                Rule::OnCalendar(oncalendar::OnCalendar::parse(&spec.expr, &Zone::named(&spec.tz)?)?)
            }
            Kind::Daily => Rule::Daily(daily::Daily::parse(&spec.expr, Zone::named(&spec.tz)?)?),
        }))
    }

    /// Checks syntax and zone, and refuses a schedule that never comes after `now`:
    /// `0 0 31 2 *`, or a date that has passed.
    pub fn parse_living(spec: &Spec, now: Time) -> Result<Self, ScheduleError> {
        let schedule = Self::parse(spec)?;
        match schedule.next_after(now) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never(excerpt(&spec.expr))),
        }
    }

    /// Reads what is to be saved: syntax, zone, and that it comes after `now`. Gives it in its usual form too; a period
    /// keeps its zone, which it does not need.
    pub fn accept(spec: &Spec, now: Time) -> Result<(Spec, Self), ScheduleError> {
        let zone = Zone::named(&spec.tz)?;
        let schedule = Self::parse_living(spec, now)?;
        Ok((Spec { tz: zone.name().to_owned(), ..schedule.spec() }, schedule))
    }

    /// Every day, counted from the last ping: what is left when a stored schedule cannot be read.
    pub(crate) fn daily_fallback() -> Self {
        Self(Rule::Period(Span::days(1)))
    }

    /// Whether the next due time simply follows the last ping.
    pub fn is_period(&self) -> bool {
        matches!(self.0, Rule::Period(_))
    }

    /// The first due instant strictly after `at`. `None` when there is none, or none before the
    /// year 2200. For [`Kind::Period`] this is `at` plus the period.
    pub fn next_after(&self, at: Time) -> Option<Time> {
        let after = at.timestamp();
        let next = match &self.0 {
            Rule::Period(period) => return at.checked_add_signed(*period),
            Rule::Cron(cron) => cron.next_after(after),
            Rule::OnCalendar(calendar) => calendar.next_after(after),
            Rule::Daily(daily) => daily.next_after(after),
        };
        Time::from_timestamp(next?, 0)
    }

    /// The schedule as plain data, from which a page makes words.
    pub fn shape(&self) -> Shape {
        match &self.0 {
            Rule::Period(period) => Shape::Every(*period),
            Rule::Cron(cron) => cron.shape(),
            Rule::OnCalendar(calendar) => calendar.shape(),
            Rule::Daily(daily) => daily.shape(),
        }
    }

    /// The same schedule as a specification in its usual form: zones by their current names, times
    /// sorted, weekdays gathered, surrounding space cut.
    pub fn spec(&self) -> Spec {
        match &self.0 {
            Rule::Period(period) => Spec::every(*period),
            Rule::Cron(cron) => Spec::cron(cron.text(), cron.zone().name()),
            Rule::OnCalendar(calendar) => Spec::on_calendar(calendar.text(), calendar.zone().name()),
            Rule::Daily(daily) => Spec::of(Kind::Daily, daily.text(), daily.zone().name().to_owned()),
        }
    }
}

/// A number of digits alone; a number too large to hold becomes the largest one.
fn digits(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().unwrap_or(u32::MAX))
}

/// The beginning of a text that somebody sent, fit to stand in a message.
fn excerpt(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
