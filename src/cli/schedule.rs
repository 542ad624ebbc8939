//! `maibo schedule`: when something is due. The same arguments make a check.
use chrono::SecondsFormat;
use clap::{ArgGroup, Args, Subcommand};

use super::print;
use crate::clock::Clock;
use crate::core::schedule::{Schedule, ScheduleError, Spec, Zone};
use crate::core::{Time, span};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the next due times, one per line, in UTC
    Next {
        #[command(flatten)]
        schedule: ScheduleArgs,
        /// Begin after this moment, 2026-03-29T00:00:00Z [default: now]
        #[arg(long)]
        from: Option<String>,
        /// How many
        #[arg(long, default_value_t = 5)]
        count: usize,
    },
}

/// One of the ways to say when something is due.
#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("schedule").required(true).args(["every", "cron", "on_calendar", "at"]))]
pub(super) struct ScheduleArgs {
    /// So long after the last ping: 30s, 5m, 1h, 1d
    #[arg(long, conflicts_with_all = ["cron", "on_calendar", "at", "days"])]
    every: Option<String>,
    /// Five-field cron line
    #[arg(long, conflicts_with_all = ["on_calendar", "at", "days"])]
    cron: Option<String>,
    /// systemd calendar event; several lines are possible
    #[arg(long, conflicts_with_all = ["at", "days"])]
    on_calendar: Option<String>,
    /// Times of day: 16:05 or 06:00,18:30
    #[arg(long)]
    at: Option<String>,
    /// Weekdays for --at: mon-fri or mon,wed,sat
    #[arg(long, requires = "at")]
    days: Option<String>,
    /// Time zone, Asia/Shanghai
    #[arg(long, default_value = "UTC")]
    tz: String,
}

impl ScheduleArgs {
    /// The schedule in its usual form; refuses one that never comes after `now`.
    pub(super) fn read(&self, now: Time) -> anyhow::Result<(Spec, Schedule)> {
        let spec = if let Some(text) = &self.every {
            let period = span::parse(text).map_err(|error| anyhow::anyhow!("--every: {error}"))?;
            Spec { tz: self.tz.clone(), ..Spec::every(period) }
        } else if let Some(line) = &self.cron {
            Spec::cron(line, &self.tz)
        } else if let Some(lines) = &self.on_calendar {
            Spec::on_calendar(lines, &self.tz)
        } else {
            Spec::daily(self.at.as_deref().unwrap_or_default(), self.days.as_deref(), &self.tz)
        };
        let named = |error: ScheduleError| anyhow::anyhow!("{}: {error}", self.option(&error));
        let schedule = Schedule::parse_living(&spec, now).map_err(named)?;
        let tz = Zone::named(&self.tz).map_err(named)?.name().to_owned();
        Ok((Spec { tz, ..schedule.spec() }, schedule))
    }

    /// The option in which the mistake is.
    fn option(&self, error: &ScheduleError) -> &'static str {
        match error.field() {
            "tz" => "--tz",
            "days" => "--days",
            _ if self.every.is_some() => "--every",
            _ if self.cron.is_some() => "--cron",
            _ if self.on_calendar.is_some() => "--on-calendar",
            _ => "--at",
        }
    }
}

pub(super) fn run(command: &Command, clock: &dyn Clock) -> anyhow::Result<()> {
    let Command::Next { schedule, from, count } = command;
    anyhow::ensure!((1..=10_000).contains(count), "--count goes from 1 to 10000");
    let mut at: Time = match from {
        Some(text) => text
            .parse()
            .map_err(|_| anyhow::anyhow!("--from {text}: expected a time like 2026-03-29T00:00:00Z"))?,
        None => clock.now(),
    };
    let (_, schedule) = schedule.read(at)?;
    for _ in 0..*count {
        let Some(next) = schedule.next_after(at) else { break };
        print(&next.to_rfc3339_opts(SecondsFormat::Secs, true))?;
        at = next;
    }
    Ok(())
}
