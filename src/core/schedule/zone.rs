//! Time zones: the only file that knows where their rules come from.

use std::sync::LazyLock;

use chrono::{Datelike as _, NaiveDateTime, Timelike as _};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};

use super::zone_links::LEGACY;
use super::{ScheduleError, Time};

/// Release of the time zone rules that are compiled into the binary.
pub const TZDB_VERSION: &str = "2026e";

/// Rules compiled into the binary. The operating system's copy is often older than ours
/// and governments change clocks at short notice.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Every name that needs no replacement, sorted.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut names: Vec<String> = ZONES.available().map(|name| name.as_str().to_owned()).collect();
    names.retain(|name| name != "Factory" && current_name(name) == name);
    names.sort_unstable();
    names.dedup();
    names
});

/// The name that replaced an old one, or the name itself.
fn current_name(name: &str) -> &str {
    match LEGACY.binary_search_by_key(&name, |(old, _)| old) {
        Ok(found) => LEGACY.get(found).map_or(name, |(_, current)| current),
        Err(_) => name,
    }
}

/// The current names of all time zones, sorted, for a list to choose from.
pub fn zone_names() -> Vec<&'static str> {
    NAMES.iter().map(String::as_str).collect()
}

/// An IANA time zone.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

/// What the clock on the wall shows at one instant in one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Civil {
    /// Year, -9999 to 9999.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
    /// Day of the week, Monday = 1 to Sunday = 7.
    pub weekday: u8,
    /// Distance from UTC; positive in the east.
    pub offset_seconds: i32,
    /// The zone's abbreviation at that instant, such as `CEST` or `+0545`.
    pub abbreviation: String,
}

impl Zone {
    /// Looks up a zone by its exact name. Old names such as `Europe/Kiev` yield the zone that
    /// replaced them, see [`Zone::name`].
    pub fn named(name: &str) -> Result<Self, ScheduleError> {
        let unknown = || ScheduleError::UnknownZone { name: super::excerpt(name), inside: false };
        let current = current_name(name);
        // The database ignores upper and lower case; we do not, because other software would not.
        // It also knows `Etc/Unknown`, which is no zone.
        if NAMES.binary_search_by(|known| known.as_str().cmp(current)).is_err() {
            return Err(unknown());
        }
        ZONES.get(current).map(Self).map_err(|_| unknown())
    }

    /// Coordinated Universal Time.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The current IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// What the clock on the wall shows at an instant.
    pub fn civil(&self, at: Time) -> Civil {
        let instant = timestamp(at.timestamp());
        let info = self.0.to_offset_info(instant);
        let wall = info.offset().to_datetime(instant);
        Civil {
            year: wall.year(),
            month: wall.month().unsigned_abs(),
            day: wall.day().unsigned_abs(),
            hour: wall.hour().unsigned_abs(),
            minute: wall.minute().unsigned_abs(),
            second: wall.second().unsigned_abs(),
            weekday: wall.weekday().to_monday_one_offset().unsigned_abs(),
            offset_seconds: info.offset().seconds(),
            abbreviation: info.abbreviation().to_owned(),
        }
    }

    /// Distance from UTC at an instant, both in seconds.
    pub(super) fn offset(&self, at: i64) -> i64 {
        i64::from(self.0.to_offset(timestamp(at)).seconds())
    }

    /// The first instant after `at` from which another offset holds.
    pub(super) fn next_change(&self, at: i64) -> Option<i64> {
        let before = self.offset(at);
        let changes = self.0.following(timestamp(at));
        // Some entries of the database only rename the zone's abbreviation.
        changes
            .take(64)
            .find(|change| i64::from(change.offset().seconds()) != before)
            .map(|change| change.timestamp().as_second())
    }

    /// The instant at which a wall-clock time is due: the first of two when it is doubled, the end
    /// of the gap when it is skipped. Never decreases as the wall-clock time grows.
    pub(super) fn instant(&self, wall: NaiveDateTime) -> Option<Due> {
        let seconds = wall.and_utc().timestamp();
        let due = |offset: Offset| Due { at: seconds - i64::from(offset.seconds()), resume: None };
        Some(match self.0.to_ambiguous_timestamp(to_jiff(wall)?).offset() {
            AmbiguousOffset::Unambiguous { offset } => due(offset),
            AmbiguousOffset::Gap { after, .. } => {
                // `due(after)` lies before the change, by less than the gap is wide.
                Due { at: self.next_change(due(after).at)?, resume: None }
            }
            AmbiguousOffset::Fold { before, .. } => {
                // The doubled stretch ends, on the wall, where the first pass meets the change.
                let change = self.next_change(due(before).at)?;
                Due { at: due(before).at, resume: Some(change + i64::from(before.seconds())) }
            }
        })
    }
}

/// When a wall-clock time is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    /// The instant, in seconds since the Unix epoch.
    pub(super) at: i64,
    /// For a doubled time: the wall-clock second with which the doubled stretch has ended.
    pub(super) resume: Option<i64>,
}

fn to_jiff(wall: NaiveDateTime) -> Option<civil::DateTime> {
    let part = |value: u32| i8::try_from(value).ok();
    civil::DateTime::new(
        i16::try_from(wall.year()).ok()?,
        part(wall.month())?,
        part(wall.day())?,
        part(wall.hour())?,
        part(wall.minute())?,
        part(wall.second())?,
        0,
    )
    .ok()
}

/// The nearest instant that the zone rules can speak about.
fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
