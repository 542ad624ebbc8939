//! Simple schedules as plain data, from which a page makes words in any language.

use super::Span;
use super::calendar::{self, Pattern, Set, Times};

/// More times of day than these are not spelled out for an expression.
const SPELLED_OUT: usize = 8;

/// What a schedule looks like to a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Again and again after this long.
    Every(Span),
    /// Once an hour, at this minute.
    HourlyAt(u8),
    /// At these times of day.
    At {
        /// Pairs of (hour, minute), sorted.
        times: Vec<(u8, u8)>,
        /// On these days.
        days: Days,
    },
    /// Too special for words: the expression itself.
    Expression(String),
}

/// The days on which times of day are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Days {
    /// All of them.
    EveryDay,
    /// Weekdays from Monday = 1 to Sunday = 7, sorted.
    Weekdays(Vec<u8>),
    /// Days of every month, sorted.
    DayOfMonth(Vec<u8>),
}

/// The shape of a pattern that is simple enough for words.
pub(super) fn of(pattern: &Pattern) -> Option<Shape> {
    let days = days(&pattern.days)?;
    let (hours, minutes) = match &pattern.times {
        Times::List(times) => {
            let times = times.iter().map(|time| Some((small(time / 3600)?, small(time / 60 % 60)?)));
            return Some(Shape::At { times: times.collect::<Option<_>>()?, days });
        }
        Times::Grid { seconds, .. } if *seconds != Set::range(0, 0) => return None,
        Times::Grid { hours, minutes, .. } => (hours, minutes),
    };
    if days == Days::EveryDay && *hours == Set::range(0, 23) {
        if let Some(step) = even_step(*minutes, 60) {
            return Some(if step == 60 { Shape::HourlyAt(0) } else { Shape::Every(Span::minutes(step)) });
        }
        if minutes.iter().count() == 1 {
            return Some(Shape::HourlyAt(small(minutes.first()?)?));
        }
    }
    if days == Days::EveryDay
        && *minutes == Set::range(0, 0)
        && let Some(step) = even_step(*hours, 24).filter(|step| *step <= 12)
    {
        return Some(Shape::Every(Span::hours(step)));
    }
    if hours.iter().count() * minutes.iter().count() > SPELLED_OUT {
        return None;
    }
    let times = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| (hour, minute)));
    let times = times.map(|(hour, minute)| Some((small(hour)?, small(minute)?)));
    Some(Shape::At { times: times.collect::<Option<_>>()?, days })
}

fn days(days: &calendar::Days) -> Option<Days> {
    let every = calendar::Days::every();
    // Whatever the pattern says beyond these two sets has no simple words.
    let plain = calendar::Days { of_month: every.of_month, weekdays: every.weekdays, ..days.clone() };
    if plain != every {
        return None;
    }
    let numbers = |set: Set, from: u32| set.iter().map(|day| small(day + from)).collect::<Option<Vec<u8>>>();
    match (days.of_month == every.of_month, days.weekdays == every.weekdays) {
        (true, true) => Some(Days::EveryDay),
        (true, false) => numbers(days.weekdays, 1).map(Days::Weekdays),
        (false, true) => numbers(days.of_month, 0).map(Days::DayOfMonth),
        (false, false) => None,
    }
}

/// The step of 0, step, 2·step, … when it fills `cycle` without a remainder.
fn even_step(set: Set, cycle: u32) -> Option<i64> {
    if set.first() != Some(0) {
        return None;
    }
    let step = set.at_least(1).unwrap_or(cycle);
    let even = cycle.is_multiple_of(step) && set.iter().eq((0..cycle).step_by(step as usize));
    even.then_some(i64::from(step))
}

fn small(value: u32) -> Option<u8> {
    u8::try_from(value).ok()
}
