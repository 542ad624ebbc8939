//! `maibo schedule next`: when something is due, and which schedules cannot be.
use rstest::rstest;

use super::refused;
use crate::support::Maibo;

/// When something is due: what is asked, from when, and the answers.
#[rstest]
#[case::every(&["--every", "90m"], "2026-03-01T00:00:00Z", &["2026-03-01T01:30:00Z", "2026-03-01T03:00:00Z"])]
#[case::cron(&["--cron", "*/20 4 * * *"], "2026-03-01T04:00:00Z", &["2026-03-01T04:20:00Z", "2026-03-01T04:40:00Z", "2026-03-02T04:00:00Z"])]
#[case::cron_in_a_zone(&["--cron", "30 3 * * *", "--tz", "Asia/Shanghai"], "2026-03-01T00:00:00Z", &["2026-03-01T19:30:00Z"])]
// Spring forward in Riga, 03:00 to 04:00: a 03:30 job runs when the gap ends.
#[case::gap(&["--cron", "30 3 * * *", "--tz", "Europe/Riga"], "2026-03-29T00:00:00Z", &["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"])]
// Fall back in Riga, 04:00 to 03:00: it runs at the first 03:30 only.
#[case::overlap(&["--cron", "30 3 * * *", "--tz", "Europe/Riga"], "2026-10-24T12:00:00Z", &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"])]
#[case::or_of_the_days(&["--cron", "0 0 13 * 5"], "2026-03-10T00:00:00Z", &["2026-03-13T00:00:00Z", "2026-03-20T00:00:00Z"])]
#[case::and_with_a_star(&["--cron", "0 0 */2 * 1"], "2026-03-01T00:00:00Z", &["2026-03-09T00:00:00Z", "2026-03-23T00:00:00Z"])]
#[case::last_day(&["--cron", "0 12 L * *"], "2026-02-01T00:00:00Z", &["2026-02-28T12:00:00Z", "2026-03-31T12:00:00Z"])]
#[case::last_workday(&["--cron", "0 12 LW * *"], "2026-02-01T00:00:00Z", &["2026-02-27T12:00:00Z"])]
#[case::second_tuesday(&["--cron", "0 0 * * 2#2"], "2026-03-01T00:00:00Z", &["2026-03-10T00:00:00Z"])]
#[case::sunday_is_0_and_7(&["--cron", "0 0 * * 7"], "2026-03-01T00:00:00Z", &["2026-03-08T00:00:00Z"])]
#[case::leap_day(&["--cron", "0 0 29 2 *"], "2026-03-01T00:00:00Z", &["2028-02-29T00:00:00Z"])]
#[case::on_calendar(&["--on-calendar", "Mon..Fri 16:05"], "2026-03-06T17:00:00Z", &["2026-03-09T16:05:00Z"])]
#[case::on_calendar_zone_inside(&["--on-calendar", "03:30 Europe/Riga"], "2026-03-29T00:00:00Z", &["2026-03-29T01:00:00Z"])]
#[case::on_calendar_lines(&["--on-calendar", "06:00\n18:00"], "2026-03-01T00:00:00Z", &["2026-03-01T06:00:00Z", "2026-03-01T18:00:00Z", "2026-03-02T06:00:00Z"])]
#[case::at(&["--at", "16:05,18:00", "--days", "mon-fri", "--tz", "Asia/Shanghai"], "2026-03-06T09:00:00Z", &["2026-03-06T10:00:00Z", "2026-03-09T08:05:00Z"])]
#[case::at_in_the_gap(&["--at", "03:30", "--tz", "Europe/Riga"], "2026-03-29T00:00:00Z", &["2026-03-29T01:00:00Z"])]
fn schedule_next(#[case] schedule: &[&str], #[case] from: &str, #[case] expected: &[&str]) {
    let maibo = Maibo::new();
    let count = expected.len().to_string();
    let ran = maibo.run(&[&["schedule", "next"], schedule, &["--from", from, "--count", &count]].concat());
    assert_eq!((ran.code, ran.stdout.lines().collect::<Vec<_>>()), (Some(0), expected.to_vec()), "{ran:?}");
}

#[test]
fn schedule_next_gives_five_from_now_and_needs_no_database() {
    let maibo = Maibo::new();
    let ran = maibo.run(&["schedule", "next", "--every", "1h"]);
    let times: Vec<chrono::DateTime<chrono::Utc>> =
        ran.stdout.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(times.len(), 5);
    assert!(times[0] > crate::support::now() && times.is_sorted());
    assert!(ran.stdout.lines().all(|line| line.len() == 20 && line.ends_with('Z')), "{ran:?}");
    assert!(!maibo.path("data").exists());
}

#[rstest]
#[case(&["--cron", "0 0 31 2 *"], &["never"])]
#[case(&["--cron", "0 0 30 2 *", "--tz", "Asia/Shanghai"], &["never"])]
#[case(&["--on-calendar", "2020-01-01"], &["never"])]
#[case(&["--on-calendar", "*-02-31"], &["never"])]
#[case(&["--cron", "* * * * * *"], &["five fields"])]
#[case(&["--cron", "@daily"], &["five fields"])]
#[case(&["--cron", "* 24 * * *"], &["hour", "24"])]
#[case(&["--cron", "* * * * foo"], &["foo"])]
#[case(&["--on-calendar", "25:00"], &["25"])]
#[case(&["--on-calendar", ""], &["--on-calendar"])]
#[case(&["--cron", "* * * * *", "--tz", "Shanghai"], &["Shanghai"])]
#[case(&["--on-calendar", "10:00 Mars/Olympus"], &["Mars/Olympus"])]
#[case(&["--every", "1y"], &["--every", "1y"])]
#[case(&["--every", "1h", "--from", "yesterday"], &["--from", "yesterday"])]
#[case(&["--every", "1h", "--count", "0"], &["--count"])]
#[case(&["--every", "1h", "--count=-1"], &["--count"])]
#[case(&["--every", "1h", "--count", "99999999999999999999"], &["--count"])]
#[case(&[], &["--every", "--cron", "--on-calendar", "--at"])]
fn a_schedule_that_cannot_be_is_refused_with_the_reason(#[case] schedule: &[&str], #[case] words: &[&str]) {
    refused(&Maibo::new().run(&[&["schedule", "next"], schedule].concat()), words);
}
