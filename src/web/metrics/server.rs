//! The server itself for Prometheus: what is counted in this process, and what the database holds.
use super::exposition::{Exposition, Seconds, micros};
use crate::core::{Span, Time};
use crate::meters::{Meters, Told};
use crate::notify::DRIVERS;
use crate::store::check_lists::Tally;
use crate::store::gauges::Kind;

type Count = fn(&Kind) -> i64;
type Outcome = fn(Told) -> u64;

/// What can become of a try.
const OUTCOMES: [(&str, Outcome); 3] =
    [("sent", |told| told.sent), ("retried", |told| told.retried), ("given_up", |told| told.given_up)];
/// What is told of the channels of each kind.
const COUNTS: [(&str, &str, Count); 4] = [
    ("maibo_channels", "Channels of all projects.", |kind| kind.channels),
    ("maibo_channels_broken", "Channels that their vendor says can no longer work.", |kind| kind.broken),
    ("maibo_alerts_queued", "Alerts that are waiting or under way.", |kind| kind.queued),
    ("maibo_alerts_dead", "Alerts that were given up and that nobody has looked at yet.", |kind| kind.dead),
];

/// What the database holds; the same on every server that shares it.
pub(super) struct Stored {
    pub(super) checks: Tally,
    pub(super) kinds: Vec<Kind>,
    /// The last sign of life of a scheduler, on whichever server.
    pub(super) watched: Option<Time>,
}

/// The page at `now`. `overdue`: how far the scheduler is past its plan, where this process has one.
pub(super) fn page(meters: &Meters, stored: &Stored, overdue: Option<Span>, now: Time) -> Exposition {
    let mut page = Exposition::default();
    page.family("maibo_build_info", "gauge", "The version that runs.");
    page.sample("maibo_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let began = Seconds::since_epoch(meters.began);
    page.single("maibo_start_time_seconds", "gauge", "When this process began, since the epoch.", began);
    of_process(&mut page, meters);
    if let Some(overdue) = overdue {
        let overdue = Seconds::from(overdue.max(Span::zero()));
        let help = "How long ago deadlines should have been looked at again.";
        page.single("maibo_scheduler_overdue_seconds", "gauge", help, overdue);
    }
    of_installation(&mut page, stored, now);
    page
}

fn of_process(page: &mut Exposition, meters: &Meters) {
    let stored = meters.pings_stored.get();
    page.single("maibo_pings_stored_total", "counter", "Pings that this process made durable.", stored);
    let help = "Pings that could not be stored; their senders were told to try again.";
    page.single("maibo_pings_turned_away_total", "counter", help, meters.pings_turned_away.get());
    let batches = meters.batch_size.read();
    page.histogram("maibo_writer_batch_size", "Pings in one transaction.", &batches, |pings| pings);
    let commit = meters.commit.read();
    page.histogram("maibo_writer_commit_seconds", "Time to make a batch of pings durable.", &commit, micros);
    let lag = meters.lag.read();
    let help = "How much later than planned deadlines were looked at.";
    page.histogram("maibo_scheduler_lag_seconds", help, &lag, micros);

    let mut alerts = meters.alerts();
    // From zero on, so that the first failure is seen as an increase.
    for driver in DRIVERS {
        alerts.entry(driver.kind.to_owned()).or_default();
    }
    let help = "Tries of this process to send an alert, by kind of channel and what became of them.";
    page.family("maibo_alerts_total", "counter", help);
    for (kind, told) in &alerts {
        for (outcome, count) in OUTCOMES {
            page.sample("maibo_alerts_total", &[("kind", kind), ("outcome", outcome)], count(*told));
        }
    }
    let name = "maibo_send_seconds";
    page.family(name, "histogram", "How long messages took until there was an answer, by kind of channel.");
    for (kind, read) in meters.sends() {
        page.distribution(name, &[("kind", &kind)], &read, micros);
    }
}

fn of_installation(page: &mut Exposition, stored: &Stored, now: Time) {
    if let Some(watched) = stored.watched {
        let help = "When any server last watched deadlines, to a few seconds, since the epoch.";
        let watched = Seconds::since_epoch(watched);
        page.single("maibo_deadlines_watched_timestamp_seconds", "gauge", help, watched);
    }
    let Tally { down, late, up, paused, new, running, total: _ } = stored.checks;
    page.family("maibo_checks", "gauge", "Checks of all projects by what they show.");
    for (status, count) in [("down", down), ("late", late), ("up", up), ("paused", paused), ("new", new)] {
        page.sample("maibo_checks", &[("status", status)], count);
    }
    page.single("maibo_checks_running", "gauge", "Checks with a run that has begun and not ended.", running);

    for (name, help, count) in COUNTS {
        page.family(name, "gauge", help);
        for kind in &stored.kinds {
            page.sample(name, &[("kind", &kind.kind)], count(kind));
        }
    }
    let name = "maibo_alerts_queued_oldest_age_seconds";
    page.family(name, "gauge", "How long ago the alert was queued that waits longest; 0 when none does.");
    for kind in &stored.kinds {
        let age = kind.oldest().map_or(Span::zero(), |oldest| (now - oldest).max(Span::zero()));
        page.sample(name, &[("kind", &kind.kind)], Seconds::from(age));
    }
}
