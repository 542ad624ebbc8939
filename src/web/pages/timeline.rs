//! The last days of a check as one band: up, late, down, paused, and when Maibo itself was away.
use crate::core::check::{Blackout, State};
use crate::core::schedule::Zone;
use crate::core::{Span, Time};
use crate::i18n::Lang;
use crate::store::flips::Flip;

/// Width of the drawing, in its own units.
const WIDTH: i64 = 860;

/// One stretch of the band.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    pub x: String,
    pub width: String,
    pub class: &'static str,
}

/// A word below the band.
#[derive(Debug, Clone)]
pub struct Mark {
    pub x: i64,
    pub anchor: &'static str,
    pub text: String,
}

/// What the page draws.
pub struct Timeline {
    pub stretches: Vec<Stretch>,
    pub marks: Vec<Mark>,
    /// The same for those who do not see it.
    pub label: String,
    pub downs: String,
    pub down_for: String,
}

/// What a timeline is drawn from.
pub struct Of<'a> {
    pub l: Lang,
    pub zone: &'a Zone,
    pub state: &'a State,
    /// When the check was made.
    pub made: Time,
    /// Newest first, as far back as `from` or a little farther.
    pub flips: &'a [Flip],
    pub blackouts: &'a [Blackout],
    pub from: Time,
    pub now: Time,
}

/// Lays the band out.
#[must_use]
pub fn draw(of: &Of<'_>) -> Timeline {
    let &Of { l, zone, state, made, flips, blackouts, from, now } = of;
    // From the newest flip back, each one tells what was before it.
    let mut periods: Vec<(Time, Time, &'static str)> = Vec::new();
    let mut until = now;
    let shown =
        if state.deadline.is_some_and(|deadline| deadline <= now) { "down" } else { state.status.as_str() };
    let mut status = shown.to_owned();
    for flip in flips {
        if until > from {
            periods.push((flip.at().max(from), until, class(&status)));
        }
        until = flip.at();
        flip.old_status.clone_into(&mut status);
        if until <= from {
            break;
        }
    }
    if until > from {
        periods.push((made.max(from).min(until), until, class(&status)));
    }
    let downs = periods.iter().filter(|(_, _, class)| *class == "d").count();
    let down_for = periods
        .iter()
        .filter(|(_, _, class)| *class == "d")
        .fold(Span::zero(), |sum, (a, b, _)| sum + (*b - *a));
    for blackout in blackouts.iter().filter(|blackout| blackout.to > from && blackout.from < now) {
        periods.push((blackout.from.max(from), blackout.to.min(now), "b"));
    }
    let whole = (now - from).num_milliseconds().max(1);
    let place = |at: Time| (at - from).num_milliseconds().max(0) * WIDTH * 10 / whole;
    let stretches = periods
        .iter()
        .rev()
        .map(|(a, b, class)| {
            let (start, end) = (place(*a), place(*b));
            // A short outage must still be seen.
            let width = (end - start - 6).max(12);
            Stretch { x: tenths(start), width: tenths(width), class }
        })
        .collect::<Vec<_>>();
    Timeline {
        stretches: draw_order(stretches),
        marks: marks(l, zone, from, now),
        label: l.ta("timeline-label", &[("downs", &downs.to_string()), ("span", &l.span(down_for))]),
        downs: l.tn("times", i64::try_from(downs).unwrap_or(0)),
        down_for: if downs == 0 { String::new() } else { l.span(down_for) },
    }
}

/// What must be seen is drawn last.
fn draw_order(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_by_key(|stretch| match stretch.class {
        "d" => 2,
        "b" => 1,
        _ => 0,
    });
    stretches
}

fn tenths(n: i64) -> String {
    format!("{}.{}", n / 10, n % 10)
}

fn class(status: &str) -> &'static str {
    match status {
        "up" => "u",
        "down" => "d",
        "paused" => "z",
        _ => "p",
    }
}

fn marks(l: Lang, zone: &Zone, from: Time, now: Time) -> Vec<Mark> {
    let days = (now - from).num_days().max(1);
    let mut marks = Vec::new();
    for day in 0..days {
        let at = from + Span::days(day);
        let civil = zone.civil(at);
        let text = if day == 0 { l.day(&civil) } else { civil.day.to_string() };
        let anchor = if day == 0 { "start" } else { "middle" };
        marks.push(Mark { x: day * WIDTH / days, anchor, text });
    }
    marks.push(Mark { x: WIDTH, anchor: "end", text: l.t("now") });
    marks
}
