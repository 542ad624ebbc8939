//! When a channel is tried by itself: once a week, each at a time of its own.
use sha2::{Digest, Sha256};

use crate::core::{Span, Time};

/// Minutes of a week in which canaries are sent, counted from Monday, UTC: on working days from 6 to 10, when it is day
/// from Europe to China.
const FIRST_HOUR: i64 = 6;
const HOURS: i64 = 4;
const DAYS: i64 = 5;

/// The next time of a channel's own. The same channel always has the same one.
#[must_use]
pub fn next(uuid: &str, now: Time) -> Time {
    const WEEK: i64 = 7 * 24 * 60;
    let digest = Sha256::digest(uuid.as_bytes());
    let number = digest.iter().take(4).fold(0_i64, |number, byte| number * 256 + i64::from(*byte));
    let slot = number % (DAYS * HOURS * 60);
    let (day, minute) = (slot / (HOURS * 60), slot % (HOURS * 60));
    let in_week = (day * 24 + FIRST_HOUR) * 60 + minute;
    // The epoch was a Thursday.
    let monday = Time::UNIX_EPOCH - Span::days(3);
    let passed = (now - monday).num_minutes();
    let weeks = (passed - in_week).div_euclid(WEEK) + 1;
    monday + Span::minutes(weeks * WEEK + in_week)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike as _, Timelike as _};

    #[test]
    fn each_channel_has_its_time_within_a_week_on_a_working_day() {
        let now: Time = "2026-03-01T12:34:56Z".parse().unwrap();
        let mut times = std::collections::BTreeSet::new();
        for n in 0..200 {
            let uuid = format!("channel {n}");
            let at = next(&uuid, now);
            assert!(at > now && at - now <= Span::days(7), "{at}");
            assert!(at.weekday().num_days_from_monday() < 5 && (6..10).contains(&at.hour()), "{at}");
            assert_eq!(next(&uuid, at), at + Span::days(7));
            times.insert(at);
        }
        assert!(times.len() > 100, "not all at once");
    }
}
