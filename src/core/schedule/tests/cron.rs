//! Cron lines against cronsim (the parser of Healthchecks) and croner.

use croner::parser::{CronParser, Seconds, Year};

use super::*;

const FROM: &str = "2026-06-01T00:00:00Z"; // a Monday

#[rstest]
#[case::every_minute("* * * * *", &["2026-06-01T00:01:00Z", "2026-06-01T00:02:00Z"])]
#[case::last_day("0 0 L * *", &["2026-06-30T00:00:00Z", "2026-07-31T00:00:00Z"])]
#[case::last_day_of_february("0 0 L 2 *", &["2027-02-28T00:00:00Z", "2028-02-29T00:00:00Z"])]
// 31 May and 31 October 2026 are at the weekend.
#[case::last_workday("0 0 LW 5,10 *", &["2026-10-30T00:00:00Z", "2027-05-31T00:00:00Z"])]
#[case::last_friday("0 0 * * 5L", &["2026-06-26T00:00:00Z", "2026-07-31T00:00:00Z"])]
#[case::last_sunday("0 0 * * 7L", &["2026-06-28T00:00:00Z", "2026-07-26T00:00:00Z"])]
#[case::second_monday("0 0 * * 1#2", &["2026-06-08T00:00:00Z", "2026-07-13T00:00:00Z"])]
#[case::fifth_wednesday("0 0 * * WED#5", &["2026-07-29T00:00:00Z", "2026-09-30T00:00:00Z"])]
// 15 August 2026 is a Saturday, 15 November a Sunday.
#[case::near_the_15th("0 0 15W 8,11 *", &["2026-08-14T00:00:00Z", "2026-11-16T00:00:00Z"])]
// 1 August is a Saturday, and July is another month.
#[case::near_the_1st("0 0 1W 8 *", &["2026-08-03T00:00:00Z", "2027-08-02T00:00:00Z"])]
#[case::names("0 0 * jan,Mar MON-wed", &["2027-01-04T00:00:00Z", "2027-01-05T00:00:00Z"])]
#[case::sunday_is_0("0 0 * * 0", &["2026-06-07T00:00:00Z", "2026-06-14T00:00:00Z"])]
#[case::sunday_is_7("0 0 * * 7", &["2026-06-07T00:00:00Z", "2026-06-14T00:00:00Z"])]
#[case::a_weekend_in_numbers("0 0 * * 6-7", &["2026-06-06T00:00:00Z", "2026-06-07T00:00:00Z"])]
#[case::start_and_step("5/15 * * * *", &["2026-06-01T00:05:00Z", "2026-06-01T00:20:00Z"])]
#[case::range_and_step("10-40/15 0 * * *", &["2026-06-01T00:10:00Z", "2026-06-01T00:25:00Z"])]
// Both day fields are lists: the 13th, and Fridays.
#[case::either("0 0 13 * 5", &["2026-06-05T00:00:00Z", "2026-06-12T00:00:00Z", "2026-06-13T00:00:00Z"])]
// Debian cron: odd days *and* Mondays, because a stepped star is still a star.
#[case::both("0 0 */2 * 1", &["2026-06-15T00:00:00Z", "2026-06-29T00:00:00Z"])]
#[case::both_the_other_way("0 0 13 * */7", &["2026-09-13T00:00:00Z", "2026-12-13T00:00:00Z"])]
#[case::first_or_monday("0 0 1 * 1#1,1#3", &["2026-06-15T00:00:00Z", "2026-07-01T00:00:00Z"])]
fn fields_mean_what_cron_says(#[case] expr: &str, #[case] expected: &[&str]) {
    assert_eq!(upcoming(&Spec::cron(expr, "UTC"), FROM, expected.len()), expected);
}

/// Accepted and refused exactly as by cronsim 2.8; `15W` is ours.
#[rstest]
fn accepted_as_by_healthchecks(
    #[values(
        "*/99 * * * *",
        "*,5 * * * *",
        "007 * * * *",
        "5-5/2 * * * *",
        "* * L/2 * *",
        "* * LW/3 * *",
        "* * L,15 * *",
        "* * * * 5L,1",
        "* * * * mon,wed#2",
        "* * * * 0-7/2",
        "* * * * *,3",
        "0 0 * JAN-MAR sun-sat",
        "0\t0 *  * *"
    )]
    expr: &str,
) {
    assert!(Schedule::parse(&Spec::cron(expr, "UTC")).is_ok());
}

#[rstest]
fn refused_as_by_healthchecks(
    #[values(
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 0 *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "1/2/3 * * * *",
        "1- * * * *",
        "-1 * * * *",
        "*-5 * * * *",
        "5-* * * * *",
        ", * * * *",
        "1,,2 * * * *",
        "+1 * * * *",
        "* * L-3 * *",
        "* * * * L",
        "* * * * L5",
        "* * * * 5#L",
        "* * * * monL",
        "* * * * 1#0",
        "* * * * 7#6",
        "* * * * 1L/2",
        "* * * * 1#2/2",
        "* * * * fri-mon",
        "* * * * monday",
        "* * * january *",
        "* * ? * *",
        "* * * mon *",
        "W * * * *",
        "* * W * *",
        "* * 32W * *",
        "* * 1-5W * *",
        "1 2 3 4",
        "1 2 3 4 5 6",
        "@daily",
        "99999999999999999999 * * * *",
        "٣ * * * *"
    )]
    expr: &str,
) {
    assert!(Schedule::parse(&Spec::cron(expr, "UTC")).is_err());
}

#[rstest]
// A star in minute or hour: the line ticks on with the clock and uses both passes of a doubled hour.
#[case("0 * * * *", "2026-10-24T23:30:00Z", &["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"])]
#[case("*/30 3 * * *", "2026-10-24T23:30:00Z", &["2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:00:00Z"])]
// What the clock skips does not happen, as in Debian's cron.
#[case("*/30 3 * * *", "2026-03-28T20:00:00Z", &["2026-03-30T00:00:00Z"])]
#[case("30 * * * *", "2026-03-29T00:00:00Z", &["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"])]
// Without a star every skipped time falls on the end of the gap, once.
#[case("0,15,30 3 * * *", "2026-03-29T00:00:00Z", &["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"])]
fn clock_changes_in_riga(#[case] expr: &str, #[case] from: &str, #[case] expected: &[&str]) {
    assert_eq!(upcoming(&Spec::cron(expr, "Europe/Riga"), from, expected.len()), expected);
}

/// Half an hour of daylight saving, a gap at midnight, and a day that never was.
#[rstest]
#[case("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-03T15:30:00Z")]
#[case("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00Z", "2026-04-04T14:45:00Z")]
#[case("49 * * * *", "Australia/Lord_Howe", "2026-10-03T15:20:00Z", "2026-10-03T15:49:00Z")]
#[case("0 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z", "2026-09-06T04:00:00Z")]
#[case("0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", "2011-12-30T10:00:00Z")]
fn odd_clock_changes(#[case] expr: &str, #[case] zone: &str, #[case] from: &str, #[case] expected: &str) {
    assert_eq!(upcoming(&Spec::cron(expr, zone), from, 1), [expected]);
}

fn field(first: u32, last: u32) -> impl Strategy<Value = String> {
    let number = first..=last;
    prop_oneof![
        3 => Just("*".to_owned()),
        2 => (1..20_u32).prop_map(|step| format!("*/{step}")),
        3 => number.clone().prop_map(|value| value.to_string()),
        1 => (number.clone(), number.clone()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (number.clone(), 1..9_u32).prop_map(|(a, step)| format!("{a}/{step}")),
        2 => prop::collection::vec(number, 2..4)
            .prop_map(|values| values.iter().map(u32::to_string).collect::<Vec<_>>().join(",")),
    ]
}

fn day() -> impl Strategy<Value = String> {
    let special = ["L", "LW", "15W", "1W", "31W", "30W", "1,L"].map(str::to_owned).to_vec();
    prop_oneof![4 => Just("*".to_owned()), 3 => field(1, 31), 1 => prop::sample::select(special)]
}

fn weekday() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("*".to_owned()),
        3 => field(0, 6),
        1 => (0..=6_u32, 1..=5_u32).prop_map(|(day, nth)| format!("{day}#{nth}")),
        1 => (0..=6_u32).prop_map(|day| format!("{day}L")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1500, ..ProptestConfig::default() })]

    /// An implementation that shares no code with ours agrees, where clocks do not change.
    #[test]
    fn croner_agrees(
        minute in field(0, 59), hour in field(0, 23), day in day(), month in field(1, 12), weekday in weekday(),
        seconds in 1_600_000_000_i64..2_000_000_000,
    ) {
        let expr = format!("{minute} {hour} {day} {month} {weekday}");
        let ours = parse(&Spec::cron(expr.as_str(), "Asia/Kathmandu"));
        let theirs = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .sloppy_ranges(true)
            .dom_and_dow(day.starts_with('*') || weekday.starts_with('*'))
            .build()
            .parse(&expr)
            .expect("croner knows what we generate");
        let mut instant = Time::from_timestamp(seconds, 0).expect("in range");
        for _ in 0..3 {
            let next = ours.next_after(instant);
            let civil = jiff::Timestamp::from_second(instant.timestamp() + 20_700).expect("in range");
            let expected = theirs.find_next_occurrence(&civil.to_zoned(jiff::tz::TimeZone::UTC), false);
            let expected = expected.ok().and_then(|at| Time::from_timestamp(at.timestamp().as_second() - 20_700, 0));
            prop_assert_eq!(next, expected, "{} after {}", expr, instant);
            let Some(next) = next else { break };
            instant = next;
        }
    }
}
