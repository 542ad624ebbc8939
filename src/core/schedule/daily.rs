//! Times of day, on all days or on some weekdays: `16:05,18:00 mon-fri`.

use super::calendar::{self, Days, Pattern, Set, Times};
use super::{ScheduleError, Shape, Zone, excerpt, shape};

/// How many times of day a schedule may have.
const MOST_TIMES: usize = 24;
/// The words for weekdays, from Monday on.
pub const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Parsed times and weekdays.
#[derive(Debug, Clone)]
pub(super) struct Daily {
    zone: Zone,
    pattern: Pattern,
}

impl Daily {
    /// Reads times and weekdays. `zone` is whose clock they mean.
    pub(super) fn parse(text: &str, zone: Zone) -> Result<Self, ScheduleError> {
        let (at, on) = split(text);
        let times = Times::List(times(&at)?);
        let mut days = Days::every();
        if let Some(on) = on {
            days.weekdays = weekdays(&on)?;
        }
        Ok(Self { zone, pattern: Pattern { days, times } })
    }

    /// The usual form.
    pub(super) fn text(&self) -> String {
        let mut text = match &self.pattern.times {
            Times::List(times) => {
                let times = times.iter().map(|time| format!("{:02}:{:02}", time / 3600, time / 60 % 60));
                times.collect::<Vec<_>>().join(",")
            }
            Times::Grid { .. } => String::new(),
        };
        let days = self.pattern.days.weekdays;
        if days != Set::range(0, 6) {
            text.push(' ');
            text.push_str(&gathered(days));
        }
        text
    }

    /// Whose clock the times mean.
    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The first due second strictly after `after`.
    pub(super) fn next_after(&self, after: i64) -> Option<i64> {
        calendar::next_fixed(&self.pattern, &self.zone, after)
    }

    /// The schedule as plain data.
    pub(super) fn shape(&self) -> Shape {
        shape::of(&self.pattern).unwrap_or_else(|| Shape::Expression(self.text()))
    }
}

/// Joins the two fields of a form.
pub(super) fn join(at: &str, days: Option<&str>) -> String {
    let mut text: String = at.split_whitespace().collect();
    let days: String = days.unwrap_or_default().split_whitespace().collect();
    if !days.is_empty() {
        text.push(' ');
        text.push_str(&days);
    }
    text
}

/// Times and weekdays of a text: the weekdays begin with the first word, but the very first, that
/// starts with a letter.
pub(super) fn split(text: &str) -> (String, Option<String>) {
    let (mut at, mut days) = (String::new(), String::new());
    for word in text.split_whitespace() {
        let named = word.starts_with(|c: char| c.is_alphabetic()) && !at.is_empty();
        if named || !days.is_empty() {
            days.push_str(word);
        } else {
            at.push_str(word);
        }
    }
    (at, (!days.is_empty()).then_some(days))
}

fn times(text: &str) -> Result<Vec<u32>, ScheduleError> {
    let mut times = Vec::new();
    for term in text.split(',') {
        times.push(time(term)?);
    }
    times.sort_unstable();
    times.dedup();
    if times.len() > MOST_TIMES {
        let problem = "has more than 24 different times of day";
        return Err(ScheduleError::Time { value: excerpt(text), problem });
    }
    Ok(times)
}

/// Seconds since midnight of `16:05`.
fn time(text: &str) -> Result<u32, ScheduleError> {
    let bad = |problem| ScheduleError::Time { value: excerpt(text), problem };
    let number = |digits: &str| -> Option<u32> {
        let plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if plain { digits.parse().ok() } else { None }
    };
    let (hour, minute) = text.split_once(':').ok_or_else(|| bad("is not a time such as 16:05"))?;
    let minute = Some(minute).filter(|minute| minute.len() == 2);
    match (number(hour), minute.and_then(number)) {
        (Some(hour @ 0..=23), Some(minute @ 0..=59)) => Ok(hour * 3600 + minute * 60),
        (Some(_), Some(_)) => Err(bad("is out of range 00:00-23:59")),
        _ => Err(bad("is not a time such as 16:05")),
    }
}

/// The days of `mon,wed`, `mon-fri` or `fri-mon`.
fn weekdays(text: &str) -> Result<Set, ScheduleError> {
    let number = |name: &str| -> Result<u32, ScheduleError> {
        let found = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name));
        found.and_then(|found| u32::try_from(found).ok()).ok_or_else(|| ScheduleError::Days(excerpt(name)))
    };
    let mut days = Set::default();
    for term in text.split(',') {
        let (first, last) = term.split_once('-').unwrap_or((term, term));
        let (first, last) = (number(first)?, number(last)?);
        let length = (last + 7 - first) % 7;
        days.extend((first..=first + length).map(|day| day % 7));
    }
    Ok(days)
}

/// The weekdays of a text one by one; none where it cannot be read.
pub(super) fn names(text: &str) -> Vec<&'static str> {
    let days = weekdays(text).unwrap_or_default();
    days.iter().filter_map(|day| NAMES.get(day as usize).copied()).collect()
}

/// Names of weekdays, three or more in a row as a range.
fn gathered(days: Set) -> String {
    let mut terms: Vec<String> = Vec::new();
    let mut next = days.first();
    while let Some(first) = next {
        let last = (first..7).take_while(|day| days.contains(*day)).last().unwrap_or(first);
        let name = |day: u32| NAMES.get(day as usize).copied().unwrap_or_default();
        if last > first + 1 {
            terms.push(format!("{}-{}", name(first), name(last)));
        } else {
            terms.extend((first..=last).map(|day| name(day).to_owned()));
        }
        next = days.at_least(last + 1);
    }
    terms.join(",")
}
