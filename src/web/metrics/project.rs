//! A project's checks for Prometheus: Healthchecks' `hc_…` series, and ours beside them.
use std::collections::BTreeMap;

use super::exposition::{Exposition, Seconds};
use crate::core::Time;
use crate::core::check::{Shown, State};
use crate::healthchecks::unique_key;
use crate::store::checks::Check;

/// A check, what it shows now, and the labels of its series.
struct Row<'a> {
    check: &'a Check,
    state: State,
    shown: Shown,
    unique_key: String,
    now: Time,
}

type Question = fn(&Row<'_>) -> bool;
type Measure = fn(&Row<'_>) -> Option<Seconds>;

/// Series of Healthchecks, 1 for yes. A paused check is not down, and so it is up.
const QUESTIONS: [(&str, &str, Question); 4] = [
    ("hc_check_up", "Whether the check is currently up (1 for yes, 0 for no).", |row| {
        row.shown != Shown::Down
    }),
    ("hc_check_started", "Whether the check is currently started (1 for yes, 0 for no).", |row| {
        row.state.run.is_some()
    }),
    (
        "hc_check_grace",
        "Whether the check is currently late, within its grace (1 for yes, 0 for no).",
        |row| row.shown == Shown::Late,
    ),
    ("hc_check_paused", "Whether the check is currently paused (1 for yes, 0 for no).", |row| {
        row.shown == Shown::Paused
    }),
];

/// Series of ours; a check has them as far as there is something to tell.
const MEASURES: [(&str, &str, Measure); 6] = [
    (
        "maibo_check_last_ping_timestamp_seconds",
        "When the last success or failure came, in seconds since the epoch.",
        |row| row.state.last_ping.map(Seconds::since_epoch),
    ),
    ("maibo_check_last_duration_seconds", "How long the last run took that began with a start.", |row| {
        row.state.last_duration.map(Seconds::from)
    }),
    (
        "maibo_check_due_timestamp_seconds",
        "When something is expected next, in seconds since the epoch.",
        |row| due(row).map(Seconds::since_epoch),
    ),
    (
        "maibo_check_due_in_seconds",
        "Seconds until something is expected next; negative once it is overdue.",
        |row| due(row).map(|due| Seconds::from(due - row.now)),
    ),
    (
        "maibo_check_deadline_timestamp_seconds",
        "When the check goes down unless something is heard, in seconds since the epoch.",
        |row| row.state.deadline.map(Seconds::since_epoch),
    ),
    (
        "maibo_check_status_since_timestamp_seconds",
        "Since when the check has been up, down, paused or new, in seconds since the epoch.",
        |row| Some(Seconds::since_epoch(row.state.since)),
    ),
];

fn due(row: &Row<'_>) -> Option<Time> {
    row.state.due.filter(|_| row.shown != Shown::Paused)
}

/// The page about these checks at `now`.
pub(super) fn page(checks: &[Check], now: Time) -> Exposition {
    let rows: Vec<Row<'_>> = checks
        .iter()
        .map(|check| {
            let state = check.state();
            Row { check, state, shown: state.shown(now), unique_key: unique_key(check.code()), now }
        })
        .collect();
    let mut page = Exposition::default();
    for (name, help, is) in QUESTIONS {
        page.family(name, "gauge", help);
        for row in &rows {
            page.sample(name, &labels(row), u8::from(is(row)));
        }
    }
    // A tag is up while none of its checks is down.
    let mut tags: BTreeMap<&str, bool> = BTreeMap::new();
    for row in &rows {
        for tag in row.check.tags.split_whitespace() {
            *tags.entry(tag).or_insert(true) &= row.shown != Shown::Down;
        }
    }
    page.family("hc_tag_up", "gauge", "Whether all checks with this tag are up (1 for yes, 0 for no).");
    for (tag, up) in tags {
        page.sample("hc_tag_up", &[("tag", tag)], u8::from(up));
    }
    let down = rows.iter().filter(|row| row.shown == Shown::Down).count();
    page.single("hc_checks_total", "gauge", "The total number of checks.", rows.len());
    page.single("hc_checks_down_total", "gauge", "The number of checks currently down.", down);

    for (name, help, measure) in MEASURES {
        page.family(name, "gauge", help);
        for row in &rows {
            if let Some(value) = measure(row) {
                page.sample(name, &labels(row), value);
            }
        }
    }
    page.family("maibo_check_pings_total", "counter", "Pings of every kind.");
    for row in &rows {
        page.sample("maibo_check_pings_total", &labels(row), row.check.n_pings);
    }
    page
}

fn labels<'a>(row: &'a Row<'_>) -> [(&'static str, &'a str); 3] {
    [("name", &row.check.name), ("tags", &row.check.tags), ("unique_key", &row.unique_key)]
}
