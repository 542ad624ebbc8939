//! Lines of a crontab, read as Debian's cron and Healthchecks read them.

use super::calendar::{self, Days, FIRST_YEAR, LAST_YEAR, Pattern, Set, Times};
use super::{ScheduleError, Shape, Zone, digits, excerpt, shape};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A parsed cron line.
#[derive(Debug, Clone)]
pub(super) struct Cron {
    text: String,
    zone: Zone,
    pattern: Pattern,
    /// Neither minute nor hour starts with a star: each wall-clock time is due once, even when the
    /// clock skips or doubles it. Other lines tick on with the clock, as in Debian's cron.
    fixed: bool,
}

/// One of the five fields: its name in messages and the values it takes.
#[derive(Clone, Copy)]
struct Field {
    part: &'static str,
    first: u32,
    last: u32,
    names: &'static [&'static str],
    /// The number of the first name.
    named_from: u32,
}

const MINUTE: Field = Field { part: "minute", first: 0, last: 59, names: &[], named_from: 0 };
const HOUR: Field = Field { part: "hour", first: 0, last: 23, names: &[], named_from: 0 };
const DAY: Field = Field { part: "day of month", first: 1, last: 31, names: &[], named_from: 0 };
const MONTH: Field = Field { part: "month", first: 1, last: 12, names: &MONTHS, named_from: 1 };
const WEEKDAY: Field = Field { part: "weekday", first: 0, last: 7, names: &WEEKDAYS, named_from: 0 };

impl Cron {
    /// Reads a line. `zone` is whose clock it means.
    pub(super) fn parse(text: &str, zone: Zone) -> Result<Self, ScheduleError> {
        let text = text.trim();
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (&[minute, hour, day, month, weekday], false) = (fields.as_slice(), text.contains(['\n', '\r']))
        else {
            return Err(ScheduleError::CronFields { line: excerpt(text), found: fields.len() });
        };
        let times = Times::Grid {
            hours: HOUR.parse(hour)?,
            minutes: MINUTE.parse(minute)?,
            seconds: Set::range(0, 0),
        };
        let mut days = Days {
            years: calendar::years(FIRST_YEAR, LAST_YEAR),
            months: MONTH.parse(month)?,
            // Both day fields are lists: either suffices. `*/2` counts as a star and not as a list.
            either: !day.starts_with('*') && !weekday.starts_with('*'),
            ..Days::default()
        };
        days_of_month(day, &mut days)?;
        weekdays(weekday, &mut days)?;
        let fixed = !minute.starts_with('*') && !hour.starts_with('*');
        Ok(Self { text: text.to_owned(), zone, pattern: Pattern { days, times }, fixed })
    }

    /// The line.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whose clock the line means.
    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The first due second strictly after `after`.
    pub(super) fn next_after(&self, after: i64) -> Option<i64> {
        let search = if self.fixed { calendar::next_fixed } else { calendar::next_ticking };
        search(&self.pattern, &self.zone, after)
    }

    /// The line as plain data.
    pub(super) fn shape(&self) -> Shape {
        shape::of(&self.pattern).unwrap_or_else(|| Shape::Expression(self.text.clone()))
    }
}

impl Field {
    fn bad(self, value: &str, problem: impl Into<String>) -> ScheduleError {
        ScheduleError::Cron { part: self.part, value: excerpt(value), problem: problem.into() }
    }

    /// A whole field or one term of a list: `*`, `5`, `1-5`, `*/2`, `1-5/2`, `5/15`, `1,3,5`.
    fn parse(self, text: &str) -> Result<Set, ScheduleError> {
        let mut all = Set::default();
        for term in text.split(',') {
            all.extend(self.term(term)?.iter());
        }
        Ok(all)
    }

    fn term(self, text: &str) -> Result<Set, ScheduleError> {
        let Some((range, step)) = text.split_once('/') else {
            return self.range(text);
        };
        let step = match digits(step) {
            Some(step) if step > 0 => step as usize,
            _ => return Err(self.bad(text, "needs a step of at least 1 after the slash")),
        };
        let mut items = self.range(range)?;
        // A single start runs to the end of the field, `5/15` is `5-59/15`.
        if let (Some(start), 1) = (items.first(), items.iter().count()) {
            items = Set::range(start, self.last);
        }
        Ok(items.iter().step_by(step).collect())
    }

    fn range(self, text: &str) -> Result<Set, ScheduleError> {
        if text == "*" {
            return Ok(Set::range(self.first, self.last));
        }
        let Some((first, last)) = text.split_once('-') else {
            let value = self.value(text)?;
            return Ok(Set::range(value, value));
        };
        let (first, last) = (self.value(first)?, self.value(last)?);
        if first > last {
            return Err(self.bad(text, "runs backwards"));
        }
        Ok(Set::range(first, last))
    }

    fn value(self, text: &str) -> Result<u32, ScheduleError> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        if let Some(index) = named.and_then(|index| u32::try_from(index).ok()) {
            return Ok(self.named_from + index);
        }
        let (first, last) = (self.first, self.last);
        match digits(text) {
            Some(value) if (first..=last).contains(&value) => Ok(value),
            Some(_) => Err(self.bad(text, format!("is out of range {first}-{last}"))),
            None => match self.names.first() {
                Some(name) => {
                    Err(self.bad(text, format!("is not a number {first}-{last} or a name such as {name}")))
                }
                None => Err(self.bad(text, format!("is not a number {first}-{last}"))),
            },
        }
    }
}

fn days_of_month(text: &str, days: &mut Days) -> Result<(), ScheduleError> {
    for term in text.split(',') {
        let upper = term.to_ascii_uppercase();
        // Healthchecks lets a step follow `L` and `LW` and ignores it.
        let (word, step) = upper.split_once('/').unwrap_or((&upper, "1"));
        match word {
            "L" | "LW" if digits(step).is_none_or(|step| step == 0) => {
                return Err(DAY.bad(term, "needs a step of at least 1 after the slash"));
            }
            "L" => days.from_end.insert(1),
            "LW" => days.last_workday = true,
            _ => match upper.strip_suffix('W') {
                Some(near) => days.near.insert(DAY.value(near)?),
                None => days.of_month.extend(DAY.term(term)?.iter()),
            },
        }
    }
    Ok(())
}

fn weekdays(text: &str, days: &mut Days) -> Result<(), ScheduleError> {
    // Cron counts from Sunday = 0 or 7, the calendar from Monday = 0.
    let from_monday = |weekday: u32| (weekday + 6) % 7;
    for term in text.split(',') {
        if let Some(last) = term.strip_suffix(['l', 'L']).filter(|last| digits(last).is_some()) {
            days.last.insert(from_monday(WEEKDAY.value(last)?));
        } else if let Some((weekday, nth)) = term.split_once('#') {
            let weekday = from_monday(WEEKDAY.value(weekday)?);
            match digits(nth) {
                Some(nth @ 1..=5) => days.nth.push((weekday, nth)),
                _ => return Err(WEEKDAY.bad(term, "needs a number 1-5 after the #")),
            }
        } else {
            days.weekdays.extend(WEEKDAY.term(term)?.iter().map(from_monday));
        }
    }
    Ok(())
}
