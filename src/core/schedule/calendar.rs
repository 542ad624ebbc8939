//! Which days and which times of day: the one search that cron, OnCalendar and daily schedules share.
//!
//! Wall-clock time is a `NaiveDateTime`. A [`Pattern`] says which wall-clock seconds match,
//! [`next_fixed`] and [`next_ticking`] turn them into instants of a zone.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _};

use super::zone::Zone;

/// Schedules are searched up to the end of this year, as in systemd.
pub(super) const LAST_YEAR: i32 = 2199;
/// Years below this one cannot be asked for, as in systemd.
pub(super) const FIRST_YEAR: i32 = 1970;

/// A set of numbers below 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Set([u64; 4]);

impl Set {
    /// The numbers from `first` to `last`, both included.
    pub(super) fn range(first: u32, last: u32) -> Self {
        (first..=last).collect()
    }

    pub(super) fn insert(&mut self, value: u32) {
        if let Some(word) = self.0.get_mut(value as usize / 64) {
            *word |= 1 << (value % 64);
        }
    }

    pub(super) fn contains(&self, value: u32) -> bool {
        self.0.get(value as usize / 64).is_some_and(|word| word & (1 << (value % 64)) != 0)
    }

    /// The smallest member that is not below `from`.
    pub(super) fn at_least(&self, from: u32) -> Option<u32> {
        let first = from as usize / 64;
        let mut mask = u64::MAX << (from % 64);
        for (index, word) in self.0.iter().enumerate().skip(first) {
            let rest = word & mask;
            if rest != 0 {
                return u32::try_from(index).ok().map(|index| index * 64 + rest.trailing_zeros());
            }
            mask = u64::MAX;
        }
        None
    }

    pub(super) fn first(&self) -> Option<u32> {
        self.at_least(0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        std::iter::successors(self.first(), |last| self.at_least(last + 1))
    }
}

impl FromIterator<u32> for Set {
    fn from_iter<I: IntoIterator<Item = u32>>(values: I) -> Self {
        let mut set = Self::default();
        values.into_iter().for_each(|value| set.insert(value));
        set
    }
}

impl Extend<u32> for Set {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.insert(value));
    }
}

/// Which days match. Weekdays count from Monday = 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Days {
    /// Years, counted from [`FIRST_YEAR`].
    pub(super) years: Set,
    pub(super) months: Set,
    /// Days counted from the start of the month, 1 to 31.
    pub(super) of_month: Set,
    /// Days counted from the end of the month: 1 is the last day.
    pub(super) from_end: Set,
    /// The last Monday to Friday of the month (`LW`).
    pub(super) last_workday: bool,
    /// The Monday to Friday nearest to these days (`15W`).
    pub(super) near: Set,
    pub(super) weekdays: Set,
    /// Pairs of (weekday, 1 to 5): `1#2` is the second Monday.
    pub(super) nth: Vec<(u32, u32)>,
    /// The last such weekday of the month (`5L`).
    pub(super) last: Set,
    /// A match of the day of the month *or* of the weekday suffices.
    pub(super) either: bool,
}

impl Days {
    /// Every day.
    pub(super) fn every() -> Self {
        Self {
            years: years(FIRST_YEAR, LAST_YEAR),
            months: Set::range(1, 12),
            of_month: Set::range(1, 31),
            weekdays: Set::range(0, 6),
            ..Self::default()
        }
    }

    fn matches(&self, date: NaiveDate) -> bool {
        let by_month = self.matches_day_of_month(date);
        if by_month == self.either {
            return by_month;
        }
        self.matches_weekday(date)
    }

    fn matches_day_of_month(&self, date: NaiveDate) -> bool {
        let (day, length) = (date.day(), u32::from(date.num_days_in_month()));
        self.of_month.contains(day)
            || self.from_end.contains(length + 1 - day)
            || (self.last_workday && workday_near(date, length) == Some(day))
            || self.near.iter().any(|target| workday_near(date, target) == Some(day))
    }

    fn matches_weekday(&self, date: NaiveDate) -> bool {
        let weekday = date.weekday().num_days_from_monday();
        let (day, length) = (date.day(), u32::from(date.num_days_in_month()));
        self.weekdays.contains(weekday)
            || self.nth.contains(&(weekday, day.div_ceil(7)))
            || (self.last.contains(weekday) && day + 7 > length)
    }

    /// The first matching day that is not before `from`.
    fn next(&self, from: NaiveDate) -> Option<NaiveDate> {
        let mut date = from;
        loop {
            let year = date.year().max(FIRST_YEAR);
            let wanted = self.years.at_least(u32::try_from(year - FIRST_YEAR).ok()?)?;
            let wanted = FIRST_YEAR + i32::try_from(wanted).ok()?;
            if wanted > date.year() {
                date = NaiveDate::from_ymd_opt(wanted, 1, 1)?;
            }
            match self.months.at_least(date.month()) {
                None => {
                    date = NaiveDate::from_ymd_opt(date.year() + 1, 1, 1)?;
                    continue;
                }
                Some(month) if month > date.month() => {
                    date = NaiveDate::from_ymd_opt(date.year(), month, 1)?;
                }
                Some(_) => {}
            }
            let month = date.month();
            while date.month() == month {
                if self.matches(date) {
                    return Some(date);
                }
                date = date.succ_opt()?;
            }
        }
    }
}

/// The set of years from `first` to `last`, counted from [`FIRST_YEAR`].
pub(super) fn years(first: i32, last: i32) -> Set {
    (first.max(FIRST_YEAR)..=last.min(LAST_YEAR))
        .filter_map(|year| u32::try_from(year - FIRST_YEAR).ok())
        .collect()
}

/// The Monday to Friday nearest to a day of `date`'s month, without leaving that month.
fn workday_near(date: NaiveDate, day: u32) -> Option<u32> {
    let length = u32::from(date.num_days_in_month());
    match date.with_day(day)?.weekday().num_days_from_monday() {
        5 if day == 1 => Some(3),
        5 => Some(day - 1),
        6 if day == length => Some(day - 2),
        6 => Some(day + 1),
        _ => Some(day),
    }
}

/// Which times of a day match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Times {
    /// Every combination of the three.
    Grid { hours: Set, minutes: Set, seconds: Set },
    /// These seconds of the day, sorted.
    List(Vec<u32>),
}

impl Times {
    /// The first matching second of the day that is not before `from`.
    fn next(&self, from: u32) -> Option<u32> {
        let (hour, minute, second) = (from / 3600, from / 60 % 60, from % 60);
        match self {
            Self::List(times) => times.iter().copied().find(|time| *time >= from),
            Self::Grid { hours, minutes, seconds } => {
                let time = |hour: u32, minute: u32, second: u32| hour * 3600 + minute * 60 + second;
                if hours.contains(hour) {
                    if let (true, Some(second)) = (minutes.contains(minute), seconds.at_least(second)) {
                        return Some(time(hour, minute, second));
                    }
                    if let Some(minute) = minutes.at_least(minute + 1) {
                        return Some(time(hour, minute, seconds.first()?));
                    }
                }
                Some(time(hours.at_least(hour + 1)?, minutes.first()?, seconds.first()?))
            }
        }
    }
}

/// Which wall-clock seconds match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) days: Days,
    pub(super) times: Times,
}

impl Pattern {
    /// The first matching wall-clock second strictly after `wall`.
    fn next(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let today = wall.date();
        let rest = wall.time().num_seconds_from_midnight() + 1;
        if let Some(time) = self.times.next(rest)
            && self.days.next(today)? == today
        {
            return at(today, time);
        }
        at(self.days.next(today.succ_opt()?)?, self.times.next(0)?)
    }
}

fn at(date: NaiveDate, second: u32) -> Option<NaiveDateTime> {
    Some(date.and_time(NaiveTime::from_num_seconds_from_midnight_opt(second, 0)?))
}

fn wall(seconds: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(seconds, 0).map(|instant| instant.naive_utc())
}

/// The first due instant strictly after `after` of a schedule whose wall-clock times happen once each:
/// a skipped one when the gap ends, a doubled one the first time.
pub(super) fn next_fixed(pattern: &Pattern, zone: &Zone, after: i64) -> Option<i64> {
    let mut from = wall(after.checked_add(zone.offset(after))?)?;
    // Each round passes one doubled or skipped stretch, and those are months apart.
    for _ in 0..16 {
        let next = pattern.next(from)?;
        let due = zone.instant(next)?;
        if due.at > after {
            return Some(due.at);
        }
        from = match due.resume {
            Some(resume) => wall(resume)?.checked_sub_signed(TimeDelta::seconds(1))?,
            None => next,
        };
    }
    None
}

/// The first due instant strictly after `after` of a schedule that ticks on: every instant at which
/// the clock on the wall shows a matching time, be it the second time that day.
pub(super) fn next_ticking(pattern: &Pattern, zone: &Zone, after: i64) -> Option<i64> {
    let mut after = after;
    loop {
        let offset = zone.offset(after);
        let change = zone.next_change(after);
        // A stretch without a match may still be followed by one.
        let next = pattern.next(wall(after.checked_add(offset)?)?)?;
        let due = next.and_utc().timestamp().checked_sub(offset)?;
        match change {
            Some(change) if due >= change => {
                // The moment of the change may itself match, so look again from just before it,
                // by the clock that is right from then on.
                let new_offset = zone.offset(change);
                let shown = wall(change.checked_add(new_offset)?)?;
                if pattern.next(shown.checked_sub_signed(TimeDelta::seconds(1))?)? == shown {
                    return Some(change);
                }
                after = change;
            }
            _ => return Some(due),
        }
    }
}
