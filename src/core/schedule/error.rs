//! What can be wrong with a schedule.

use super::{MAX_EXPRESSION, Span};

/// Why a schedule was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No such zone, or not by that exact name.
    #[error("unknown time zone `{name}`")]
    UnknownZone {
        /// What was asked for.
        name: String,
        /// The zone stands inside an OnCalendar expression.
        inside: bool,
    },
    /// No such kind of schedule.
    #[error("unknown kind of schedule `{0}`, expected simple, cron, oncalendar or daily")]
    UnknownKind(String),
    /// The expression is longer than [`MAX_EXPRESSION`] characters.
    #[error("the schedule is longer than {MAX_EXPRESSION} characters")]
    TooLong,
    /// The period is too short or too long.
    #[error("period of {} seconds is out of range, expected 1 second to 365 days", .0.as_seconds_f64())]
    BadPeriod(Span),
    /// Not five fields on one line.
    #[error(
        "cron line `{line}`: expected five fields on one line (minute hour day month weekday), found {found}"
    )]
    CronFields {
        /// The line.
        line: String,
        /// How many fields it has.
        found: usize,
    },
    /// A field of a cron line cannot be read.
    #[error("{part} `{value}` {problem}")]
    Cron {
        /// Which field.
        part: &'static str,
        /// What stands there.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A part of an OnCalendar expression cannot be read.
    #[error("{part} `{value}` {problem}")]
    OnCalendar {
        /// Which part.
        part: &'static str,
        /// What stands there.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A time of day cannot be read, or there are none or too many.
    #[error("time `{value}` {problem}")]
    Time {
        /// What stands there.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A weekday cannot be read.
    #[error("weekday `{0}` is unknown, expected names such as mon,wed or a range such as mon-fri")]
    Days(String),
    /// The schedule has no time that is still to come.
    #[error("schedule `{0}` never comes")]
    Never(String),
}

impl ScheduleError {
    /// The form field to mark: `tz`, `schedule`, `period`, `at` or `days`.
    pub fn field(&self) -> &'static str {
        match self {
            Self::UnknownZone { inside: false, .. } => "tz",
            Self::BadPeriod(_) => "period",
            Self::Time { .. } => "at",
            Self::Days(_) => "days",
            Self::UnknownZone { inside: true, .. }
            | Self::UnknownKind(_)
            | Self::TooLong
            | Self::CronFields { .. }
            | Self::Cron { .. }
            | Self::OnCalendar { .. }
            | Self::Never(_) => "schedule",
        }
    }

    /// A stable word for translation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownZone { .. } => "unknown-zone",
            Self::UnknownKind(_) => "unknown-kind",
            Self::TooLong => "too-long",
            Self::BadPeriod(_) => "bad-period",
            Self::CronFields { .. } | Self::Cron { .. } => "bad-cron",
            Self::OnCalendar { .. } => "bad-oncalendar",
            Self::Time { .. } => "bad-time",
            Self::Days(_) => "bad-days",
            Self::Never(_) => "never-comes",
        }
    }

    /// The text that was not understood, where there is one, for translated messages.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::UnknownZone { name: value, .. }
            | Self::UnknownKind(value)
            | Self::CronFields { line: value, .. }
            | Self::Cron { value, .. }
            | Self::OnCalendar { value, .. }
            | Self::Time { value, .. }
            | Self::Days(value)
            | Self::Never(value) => Some(value),
            Self::TooLong | Self::BadPeriod(_) => None,
        }
    }
}
