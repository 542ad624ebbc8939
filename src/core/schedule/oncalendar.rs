//! systemd calendar events, as in systemd.time(7): `Mon..Fri *-*-* 16:05:00 Europe/Riga`.

use chrono::{DateTime, Datelike as _, Timelike as _};

use super::calendar::{self, Days, FIRST_YEAR, LAST_YEAR, Pattern, Set, Times};
use super::{ScheduleError, Shape, Zone, digits, excerpt, shape};

/// Weekdays from Monday = 0.
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The words that stand for whole expressions.
const SHORTHANDS: [(&str, &str); 12] = [
    ("minutely", "*-*-* *:*:00"),
    ("hourly", "*-*-* *:00:00"),
    ("daily", "*-*-* 00:00:00"),
    ("weekly", "Mon *-*-* 00:00:00"),
    ("monthly", "*-*-01 00:00:00"),
    ("quarterly", "*-01,04,07,10-01 00:00:00"),
    ("semiannually", "*-01,07-01 00:00:00"),
    ("semi-annually", "*-01,07-01 00:00:00"),
    ("biannually", "*-01,07-01 00:00:00"),
    ("bi-annually", "*-01,07-01 00:00:00"),
    ("yearly", "*-01-01 00:00:00"),
    ("annually", "*-01-01 00:00:00"),
];

/// Parsed calendar events; the schedule is due when any of them is.
#[derive(Debug, Clone)]
pub(super) struct OnCalendar {
    text: String,
    zone: Zone,
    events: Vec<Event>,
}

/// One line.
#[derive(Debug, Clone)]
struct Event {
    pattern: Pattern,
    /// The zone that the line names.
    zone: Option<Zone>,
}

impl OnCalendar {
    /// Reads one event per line. `zone` is whose clock is meant by lines that do not name one.
    pub(super) fn parse(text: &str, zone: &Zone) -> Result<Self, ScheduleError> {
        let text = text.trim();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let events = lines.map(event).collect::<Result<Vec<_>, _>>()?;
        if events.is_empty() {
            return Err(bad("expression", "", "is empty, expected for example Mon..Fri 16:05"));
        }
        Ok(Self { text: text.to_owned(), zone: zone.clone(), events })
    }

    /// The lines.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whose clock is meant by lines that do not name a zone.
    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The first due second strictly after `after`.
    pub(super) fn next_after(&self, after: i64) -> Option<i64> {
        let next = |event: &Event| {
            calendar::next_fixed(&event.pattern, event.zone.as_ref().unwrap_or(&self.zone), after)
        };
        self.events.iter().filter_map(next).min()
    }

    /// The events as plain data.
    pub(super) fn shape(&self) -> Shape {
        let simple = match self.events.as_slice() {
            [Event { pattern, zone: None }] => shape::of(pattern),
            _ => None,
        };
        simple.unwrap_or_else(|| Shape::Expression(self.text.clone()))
    }
}

fn bad(part: &'static str, value: &str, problem: impl Into<String>) -> ScheduleError {
    ScheduleError::OnCalendar { part, value: excerpt(value), problem: problem.into() }
}

/// Reads one line: weekdays, date, time and zone, each optional, in this order.
fn event(line: &str) -> Result<Event, ScheduleError> {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let zone = match words.as_slice() {
        [_, .., last] => zone(last)?,
        _ => None,
    };
    if zone.is_some() {
        words.pop();
    }
    if let [word] = words.as_slice() {
        if let Some((_, meaning)) = SHORTHANDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
            return Ok(Event { zone, ..event(meaning)? });
        }
        if let Some(seconds) = word.strip_prefix('@') {
            return once(seconds);
        }
    }
    let mut rest = words.iter().copied().peekable();
    let mut days = Days::every();
    if let Some(word) = rest.next_if(|word| word.starts_with(|c: char| c.is_ascii_alphabetic())) {
        days.weekdays = weekdays(word)?;
    }
    if let Some(word) = rest.next_if(|word| word.contains(['-', '~'])) {
        date(word, &mut days)?;
    }
    let times = times(rest.next().unwrap_or("00:00"))?;
    match rest.next() {
        Some(word) => Err(bad("word", word, "is out of place, expected weekdays, date, time and zone")),
        None => Ok(Event { pattern: Pattern { days, times }, zone }),
    }
}

/// The zone at the end of a line, if the last word is one.
fn zone(word: &str) -> Result<Option<Zone>, ScheduleError> {
    if !word.starts_with(|c: char| c.is_ascii_alphabetic()) || weekdays(word).is_ok() {
        return Ok(None);
    }
    // systemd takes this one name in any case.
    let name = if word.eq_ignore_ascii_case("utc") { "UTC" } else { word };
    let inside = |_| ScheduleError::UnknownZone { name: excerpt(word), inside: true };
    Zone::named(name).map(Some).map_err(inside)
}

/// A single instant: `@1700000000`.
fn once(text: &str) -> Result<Event, ScheduleError> {
    let part = "time";
    let instant = text.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let instant = instant.filter(|instant| plain && (FIRST_YEAR..=LAST_YEAR).contains(&instant.year()));
    let Some(instant) = instant else {
        return Err(bad(part, text, "is not a number of seconds since 1970, before the year 2200"));
    };
    let days = Days {
        years: calendar::years(instant.year(), instant.year()),
        months: Set::range(instant.month(), instant.month()),
        of_month: Set::range(instant.day(), instant.day()),
        ..Days::every()
    };
    let times = Times::List(vec![instant.num_seconds_from_midnight()]);
    Ok(Event { pattern: Pattern { days, times }, zone: Some(Zone::named("UTC")?) })
}

/// `Mon,Wed..Fri`, in full or by three letters; `-` for `..` and a comma at the end are old forms.
fn weekdays(text: &str) -> Result<Set, ScheduleError> {
    let number = |name: &str| -> Result<u32, ScheduleError> {
        let known = |full: &&'static str| {
            full.eq_ignore_ascii_case(name)
                || (name.len() == 3 && full.get(..3).is_some_and(|short| short.eq_ignore_ascii_case(name)))
        };
        let found = WEEKDAYS.iter().position(known);
        found.and_then(|found| u32::try_from(found).ok()).ok_or_else(|| {
            bad("weekday", name, "is unknown, expected names such as Mon or a range such as Mon..Fri")
        })
    };
    let mut days = Set::default();
    for term in text.strip_suffix(',').unwrap_or(text).split(',') {
        let range = term.split_once("..").or_else(|| term.split_once('-')).unwrap_or((term, term));
        let (first, last) = (number(range.0)?, number(range.1)?);
        if first > last {
            return Err(bad("weekday", term, "runs backwards, the week starts on Monday"));
        }
        days.extend(first..=last);
    }
    Ok(days)
}

/// One component of a date or time.
#[derive(Clone, Copy)]
struct Component {
    /// Its name in messages.
    part: &'static str,
    /// The values it takes.
    first: u32,
    last: u32,
    /// What counts as zero in the resulting set.
    base: u32,
    /// Counted from the end, so that repetitions count down.
    from_end: bool,
}

const fn component(part: &'static str, first: u32, last: u32) -> Component {
    Component { part, first, last, base: 0, from_end: false }
}

const YEAR: Component = Component { base: 1970, ..component("year", 1970, 2199) };
const MONTH: Component = component("month", 1, 12);
const DAY: Component = component("day of month", 1, 31);
/// Not more days than every month has.
const DAY_FROM_END: Component = Component { from_end: true, ..component("day from the end", 1, 28) };
const HOUR: Component = component("hour", 0, 23);
const MINUTE: Component = component("minute", 0, 59);
const SECOND: Component = component("second", 0, 59);

/// `2026-12-24`, `12-24`, `*-*-1..7`, `*-02~01`.
fn date(text: &str, days: &mut Days) -> Result<(), ScheduleError> {
    let (from_end, split) = match text.rsplit_once('~') {
        Some(split) => (true, Some(split)),
        None => (false, text.rsplit_once('-')),
    };
    let (front, day) = split.unwrap_or((text, ""));
    let (year, month) = front.split_once('-').unwrap_or(("*", front));
    if [year, month, day].iter().any(|part| part.contains(['-', '~'])) {
        return Err(bad("date", text, "is not a date such as 2026-12-24, *-*-01 or *-02~01"));
    }
    days.years = YEAR.parse(year)?;
    days.months = MONTH.parse(month)?;
    if !from_end || day == "*" {
        days.of_month = DAY.parse(day)?;
    } else {
        days.of_month = Set::default();
        days.from_end = DAY_FROM_END.parse(day)?;
    }
    Ok(())
}

/// `16:05` or `16:05:30`.
fn times(text: &str) -> Result<Times, ScheduleError> {
    let parts: Vec<&str> = text.split(':').collect();
    let (hour, minute, second) = match *parts.as_slice() {
        [hour, minute] => (hour, minute, "0"),
        [hour, minute, second] => (hour, minute, second),
        _ => return Err(bad("time", text, "is not a time such as 16:05")),
    };
    Ok(Times::Grid {
        hours: HOUR.parse(hour)?,
        minutes: MINUTE.parse(minute)?,
        seconds: SECOND.parse(second)?,
    })
}

impl Component {
    /// `*`, or a list of `5`, `1..5`, `0/15`, `8..18/2`.
    fn parse(self, text: &str) -> Result<Set, ScheduleError> {
        if text == "*" {
            return Ok(Set::range(self.first - self.base, self.last - self.base));
        }
        let mut all = Set::default();
        for term in text.split(',') {
            all.extend(self.term(term)?.iter());
        }
        Ok(all)
    }

    fn term(self, text: &str) -> Result<Set, ScheduleError> {
        let (range, step) = match text.split_once('/') {
            None => (text, None),
            Some((range, step)) => match digits(step) {
                Some(step) if step > 0 => (range, Some(step)),
                _ => return Err(bad(self.part, text, "needs a repetition of at least 1 after the slash")),
            },
        };
        let (first, last) = match (range.split_once(".."), step) {
            (Some((first, last)), _) => (self.value(first)?, self.value(last)?),
            (None, None) => (self.value(range)?, self.value(range)?),
            (None, Some(_)) if self.from_end => (self.first, self.value(range)?),
            (None, Some(_)) => (self.value(range)?, self.last - self.base),
        };
        if first > last {
            return Err(bad(self.part, text, "runs backwards"));
        }
        // Days from the end count down to the last one, but a written range goes up, as in systemd.
        let down = self.from_end && step.is_some() && !range.contains("..");
        let step = step.unwrap_or(1);
        // A step that never comes round, as in `0/60`, leaves the start alone, as in Healthchecks.
        let count = (last - first) / step;
        Ok((0..=count).map(|n| if down { last - n * step } else { first + n * step }).collect())
    }

    /// One number, counted from the base.
    fn value(self, text: &str) -> Result<u32, ScheduleError> {
        let (first, last) = (self.first, self.last);
        let Some(value) = digits(text) else {
            let fraction = text
                .split_once('.')
                .is_some_and(|(whole, rest)| digits(whole).is_some() && digits(rest).is_some());
            return Err(if fraction && self.part == SECOND.part {
                bad(self.part, text, "has a fraction, only whole seconds are supported")
            } else {
                bad(self.part, text, format!("is not a number {first}-{last}"))
            });
        };
        let value = match value {
            0..=69 if self.base > 0 => value + 2000,
            70..=99 if self.base > 0 => value + 1900,
            value => value,
        };
        if (first..=last).contains(&value) {
            Ok(value - self.base)
        } else {
            Err(bad(self.part, text, format!("is out of range {first}-{last}")))
        }
    }
}
