//! Rules that hold for every kind of schedule.

mod cron;
mod oncalendar;
mod zones;

use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn at(text: &str) -> Time {
    text.parse().expect("test timestamps are valid")
}

fn parse(spec: &Spec) -> Schedule {
    Schedule::parse(spec).unwrap_or_else(|error| panic!("{spec:?}: {error}"))
}

/// The next due instants, as text.
fn upcoming(spec: &Spec, from: &str, count: usize) -> Vec<String> {
    let schedule = parse(spec);
    let next = |last: &Time| schedule.next_after(*last);
    std::iter::successors(next(&at(from)), next).take(count).map(text).collect()
}

fn text(at: Time) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// Clock changes abolished in 2026: rules from 2025 are an hour off from here on.
#[rstest]
#[case("America/Vancouver", "2026-12-01T15:00:00Z")]
#[case("America/Edmonton", "2026-12-01T14:00:00Z")]
#[case("Africa/Casablanca", "2026-12-01T08:00:00Z")]
fn zone_rules_are_current(#[case] zone: &str, #[case] eight_in_the_morning: &str) {
    for spec in [
        Spec::cron("0 8 * * *", zone),
        Spec::on_calendar("08:00", zone),
        Spec::on_calendar(format!("08:00 {zone}"), "Asia/Shanghai"),
        Spec::daily("8:00", None, zone),
    ] {
        assert_eq!(upcoming(&spec, "2026-12-01T00:00:00Z", 1), [eight_in_the_morning], "{spec:?}");
    }
}

#[rstest]
// Spring forward in Riga, 2026-03-29 03:00 -> 04:00: a 03:30 job runs when the gap ends.
#[case("2026-03-29T00:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"])]
// Autumn, 2026-10-25 04:00 -> 03:00: a 03:30 job runs once, at the first 03:30.
#[case("2026-10-25T00:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"])]
// Asked between the two 03:30s, and in the very middle of the doubled hour.
#[case("2026-10-25T00:30:00Z", ["2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"])]
#[case("2026-10-25T01:00:00Z", ["2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"])]
fn skipped_times_come_after_the_gap_and_doubled_ones_once(#[case] from: &str, #[case] expected: [&str; 2]) {
    for spec in [
        Spec::cron("30 3 * * *", "Europe/Riga"),
        Spec::on_calendar("03:30", "Europe/Riga"),
        Spec::daily("03:30", None, "Europe/Riga"),
    ] {
        assert_eq!(upcoming(&spec, from, 2), expected, "{spec:?}");
    }
}

#[test]
fn a_period_counts_from_the_ping() {
    let schedule = parse(&Spec::every(Span::minutes(5)));
    let ping = at("2026-03-29T00:59:59.123456Z");
    assert_eq!(schedule.next_after(ping), Some(at("2026-03-29T01:04:59.123456Z")));
    assert_eq!(schedule.next_after(Time::MAX_UTC), None);
}

#[test]
fn a_ping_at_the_due_second_is_not_due_again() {
    let spec = Spec::daily("16:05", None, "UTC");
    assert_eq!(upcoming(&spec, "2026-06-01T16:05:00Z", 1), ["2026-06-02T16:05:00Z"]);
    assert_eq!(upcoming(&spec, "2026-06-01T16:05:00.5Z", 1), ["2026-06-02T16:05:00Z"]);
    assert_eq!(upcoming(&spec, "2026-06-01T16:04:59.999999Z", 1), ["2026-06-01T16:05:00Z"]);
}

/// The ends of what chrono can express, beyond what the zone rules can.
#[test]
fn the_ends_of_time_are_survived() {
    for spec in [
        Spec::cron("* * * * *", "Europe/Riga"),
        Spec::cron("0 0 * * *", "Pacific/Apia"),
        Spec::on_calendar("minutely", "America/New_York"),
        Spec::daily("00:00", Some("sun"), "UTC"),
    ] {
        let schedule = parse(&spec);
        for instant in [Time::MAX_UTC, at("9999-12-31T23:59:59Z"), at("2200-01-02T00:00:00Z")] {
            assert_eq!(schedule.next_after(instant), None, "{spec:?} after {instant}");
        }
        for instant in [Time::MIN_UTC, at("0000-01-01T00:00:00Z"), at("1883-11-18T16:59:59Z")] {
            assert!(
                schedule.next_after(instant).is_none_or(|next| next > instant),
                "{spec:?} after {instant}"
            );
        }
    }
}

#[rstest]
#[case(Spec::daily("16:05, 18:00", None, "UTC"), "16:05,18:00", None)]
#[case(Spec::daily("16:05", Some(" mon - fri "), "UTC"), "16:05", Some("mon-fri"))]
#[case(Spec::daily("16:05", Some(""), "UTC"), "16:05", None)]
#[case(Spec { expr: "16:05, 18:00 mon-fri".into(), ..Spec::daily("", None, "UTC") }, "16:05,18:00", Some("mon-fri"))]
fn a_daily_schedule_refills_its_form(#[case] spec: Spec, #[case] at: &str, #[case] days: Option<&str>) {
    assert_eq!(spec.daily_parts(), Some((at.to_owned(), days.map(str::to_owned))));
    assert_eq!(Spec::every(Span::hours(1)).daily_parts(), None);
}

#[rstest]
#[case("fri-mon", &["2026-06-05", "2026-06-06", "2026-06-07", "2026-06-08", "2026-06-12"])]
#[case("mon,Wed,FRI", &["2026-06-03", "2026-06-05", "2026-06-08", "2026-06-10", "2026-06-12"])]
#[case("sat-sun", &["2026-06-06", "2026-06-07", "2026-06-13", "2026-06-14", "2026-06-20"])]
#[case("sun", &["2026-06-07", "2026-06-14", "2026-06-21", "2026-06-28", "2026-07-05"])]
fn weekdays_are_local_days(#[case] days: &str, #[case] dates: &[&str]) {
    // 05:00 in Shanghai is the day before in UTC. 2026-06-01 is a Monday.
    let expected: Vec<String> =
        dates.iter().map(|date| text(at(&format!("{date}T05:00:00Z")) - Span::hours(8))).collect();
    assert_eq!(
        upcoming(&Spec::daily("05:00", Some(days), "Asia/Shanghai"), "2026-06-02T00:00:00Z", 5),
        expected
    );
}

#[rstest]
#[case(
    Spec::daily("18:00,16:05,18:00", Some("tue,fri-mon"), "Europe/Kiev"),
    Spec::daily("16:05,18:00", Some("mon,tue,fri-sun"), "Europe/Kyiv")
)]
#[case(Spec::daily("7:00", Some("mon-sun"), "UTC"), Spec::daily("07:00", None, "UTC"))]
#[case(Spec::daily("7:00", Some("SAT,SUN"), "UTC"), Spec::daily("07:00", Some("sat,sun"), "UTC"))]
#[case(Spec::cron(" 0 3 * * * ", "Asia/Calcutta"), Spec::cron("0 3 * * *", "Asia/Kolkata"))]
#[case(Spec::on_calendar("\ndaily\n", "UTC"), Spec::on_calendar("daily", "UTC"))]
fn the_usual_form_is_found_and_stays(#[case] written: Spec, #[case] usual: Spec) {
    assert_eq!(parse(&written).spec(), usual);
    assert_eq!(parse(&usual).spec(), usual);
}

#[rstest]
#[case("0 3 * * *", Kind::Cron)]
#[case("  0 3 * * * \n", Kind::Cron)]
#[case("0 3 *\n* *", Kind::OnCalendar)]
#[case("0 0 3 * * *", Kind::OnCalendar)]
#[case("@daily", Kind::OnCalendar)]
#[case("Mon..Fri 16:05", Kind::OnCalendar)]
#[case("", Kind::OnCalendar)]
fn five_fields_on_one_line_are_cron(#[case] text: &str, #[case] kind: Kind) {
    assert_eq!(kind_of_expression(text), kind);
}

#[test]
fn kinds_are_stored_as_words() {
    for kind in [Kind::Period, Kind::Cron, Kind::OnCalendar, Kind::Daily] {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    let error = "Cron".parse::<Kind>().unwrap_err();
    assert_eq!((error.field(), error.code()), ("schedule", "unknown-kind"));
}

#[rstest]
#[case(
    Spec::every(Span::zero()),
    "period",
    "bad-period",
    "period of 0 seconds is out of range, expected 1 second to 365 days"
)]
#[case(Spec::every(Span::days(366)), "period", "bad-period", "period of 31622400 seconds is out of range")]
#[case(Spec::every(Span::MIN), "period", "bad-period", "is out of range")]
#[case(Spec::cron("0 3 * * *", "Mars/Olympus"), "tz", "unknown-zone", "unknown time zone `Mars/Olympus`")]
#[case(Spec::cron("0 3 * * *", "utc"), "tz", "unknown-zone", "unknown time zone `utc`")]
#[case(Spec::cron("0 3 * * *", "europe/riga"), "tz", "unknown-zone", "unknown time zone `europe/riga`")]
#[case(Spec::cron("0 3 * * *", ""), "tz", "unknown-zone", "unknown time zone ``")]
#[case(Spec::cron("0 3 * * *", "Factory"), "tz", "unknown-zone", "unknown time zone `Factory`")]
#[case(Spec::cron("0 3 * * *", "Etc/Unknown"), "tz", "unknown-zone", "unknown time zone `Etc/Unknown`")]
#[case(Spec::cron("0 25 * * *", "UTC"), "schedule", "bad-cron", "hour `25` is out of range 0-23")]
#[case(
    Spec::cron("@daily", "UTC"),
    "schedule",
    "bad-cron",
    "cron line `@daily`: expected five fields on one line (minute hour day month weekday), found 1"
)]
#[case(Spec::cron("0 0 3 * * *", "UTC"), "schedule", "bad-cron", "found 6")]
#[case(Spec::cron("", "UTC"), "schedule", "bad-cron", "found 0")]
#[case(Spec::cron("0 0\n* * *", "UTC"), "schedule", "bad-cron", "on one line")]
#[case(
    Spec::cron("0 0 * * monday", "UTC"),
    "schedule",
    "bad-cron",
    "weekday `monday` is not a number 0-7 or a name such as sun"
)]
#[case(Spec::cron("0 0 ? * *", "UTC"), "schedule", "bad-cron", "day of month `?` is not a number 1-31")]
#[case(
    Spec::cron("*/0 * * * *", "UTC"),
    "schedule",
    "bad-cron",
    "minute `*/0` needs a step of at least 1 after the slash"
)]
#[case(Spec::cron("0 5-3 * * *", "UTC"), "schedule", "bad-cron", "hour `5-3` runs backwards")]
#[case(
    Spec::cron("0 0 * * 1#6", "UTC"),
    "schedule",
    "bad-cron",
    "weekday `1#6` needs a number 1-5 after the #"
)]
#[case(Spec::on_calendar("", "UTC"), "schedule", "bad-oncalendar", "is empty")]
#[case(Spec::on_calendar("@daily", "UTC"), "schedule", "bad-oncalendar", "is not a number of seconds")]
#[case(Spec::on_calendar("25:00", "UTC"), "schedule", "bad-oncalendar", "hour `25` is out of range 0-23")]
#[case(Spec::on_calendar("10", "UTC"), "schedule", "bad-oncalendar", "time `10` is not a time such as 16:05")]
#[case(Spec::on_calendar("*-13-1", "UTC"), "schedule", "bad-oncalendar", "month `13` is out of range 1-12")]
#[case(
    Spec::on_calendar("*-*~29", "UTC"),
    "schedule",
    "bad-oncalendar",
    "day from the end `29` is out of range 1-28"
)]
#[case(
    Spec::on_calendar("10:00:00.5", "UTC"),
    "schedule",
    "bad-oncalendar",
    "second `00.5` has a fraction, only whole seconds are supported"
)]
#[case(
    Spec::on_calendar("Fri..Mon", "UTC"),
    "schedule",
    "bad-oncalendar",
    "weekday `Fri..Mon` runs backwards, the week starts on Monday"
)]
#[case(Spec::on_calendar("nightly", "UTC"), "schedule", "bad-oncalendar", "weekday `nightly` is unknown")]
#[case(
    Spec::on_calendar("daily\n10:60", "UTC"),
    "schedule",
    "bad-oncalendar",
    "minute `60` is out of range 0-59"
)]
#[case(
    Spec::on_calendar("10:00 Mars/Olympus", "UTC"),
    "schedule",
    "unknown-zone",
    "unknown time zone `Mars/Olympus`"
)]
#[case(Spec::on_calendar("10:00", "Mars/Olympus"), "tz", "unknown-zone", "unknown time zone `Mars/Olympus`")]
#[case(Spec::on_calendar("daily\n".repeat(200), "UTC"), "schedule", "too-long", "longer than 1000 characters")]
#[case(Spec::daily("25:00", None, "UTC"), "at", "bad-time", "time `25:00` is out of range 00:00-23:59")]
#[case(Spec::daily("24:00", None, "UTC"), "at", "bad-time", "time `24:00` is out of range 00:00-23:59")]
#[case(Spec::daily("", None, "UTC"), "at", "bad-time", "time `` is not a time such as 16:05")]
#[case(Spec::daily("noon", None, "UTC"), "at", "bad-time", "time `noon` is not a time such as 16:05")]
#[case(Spec::daily("16:5", None, "UTC"), "at", "bad-time", "time `16:5` is not a time such as 16:05")]
#[case(Spec::daily("16:05,", None, "UTC"), "at", "bad-time", "time `` is not a time such as 16:05")]
#[case(
    Spec::daily("16:05", Some("mon-fry"), "UTC"),
    "days",
    "bad-days",
    "weekday `fry` is unknown, expected names such as mon,wed or a range such as mon-fri"
)]
#[case(Spec::daily("16:05", Some("1-5"), "UTC"), "at", "bad-time", "is not a time")]
#[case(Spec::daily("16:05", None, "Mars/Olympus"), "tz", "unknown-zone", "unknown time zone `Mars/Olympus`")]
fn refusals_name_the_value_and_the_field(
    #[case] spec: Spec,
    #[case] field: &str,
    #[case] code: &str,
    #[case] message: &str,
) {
    let error = Schedule::parse(&spec).unwrap_err();
    assert_eq!((error.field(), error.code()), (field, code), "{error}");
    assert!(error.to_string().contains(message), "{error}");
}

#[test]
fn a_day_has_at_most_24_times() {
    let times: Vec<String> = (0..25).map(|n| format!("{:02}:{:02}", n % 24, n / 24)).collect();
    assert!(Schedule::parse(&Spec::daily(&times[..24].join(","), None, "UTC")).is_ok());
    let error = Schedule::parse(&Spec::daily(&times.join(","), None, "UTC")).unwrap_err();
    assert_eq!((error.field(), error.code()), ("at", "bad-time"));
}

#[rstest]
#[case(Spec::cron("0 0 31 2 *", "UTC"))]
#[case(Spec::cron("* * 30 feb *", "Europe/Riga"))]
#[case(Spec::on_calendar("2026-05-31", "UTC"))]
#[case(Spec::on_calendar("2-30", "UTC"))]
#[case(Spec::on_calendar("@1700000000", "UTC"))]
fn what_never_comes_is_refused_when_saved(#[case] spec: Spec) {
    let now = at("2026-06-01T00:00:00Z");
    assert_eq!(parse(&spec).next_after(now), None);
    let error = Schedule::parse_living(&spec, now).unwrap_err();
    assert_eq!((error.field(), error.code()), ("schedule", "never-comes"));
}

/// Monday 29 February comes every 28 years, but around 2100, which is no leap year, after 40.
#[test]
fn what_comes_rarely_is_accepted() {
    let now = at("2073-01-01T00:00:00Z");
    for spec in [Spec::cron("0 0 29 2 */7", "UTC"), Spec::on_calendar("Mon *-02-29", "UTC")] {
        assert!(Schedule::parse_living(&spec, now).is_ok(), "{spec:?}");
    }
    let mondays = upcoming(&Spec::on_calendar("Mon *-02-29", "UTC"), "2073-01-01T00:00:00Z", 2);
    assert_eq!(mondays, ["2112-02-29T00:00:00Z", "2140-02-29T00:00:00Z"]);
}

fn times(times: &[(u8, u8)], days: Days) -> Shape {
    Shape::At { times: times.to_vec(), days }
}

#[rstest]
#[case(Spec::every(Span::minutes(7)), Shape::Every(Span::minutes(7)))]
#[case(Spec::cron("* * * * *", "UTC"), Shape::Every(Span::minutes(1)))]
#[case(Spec::cron("*/5 * * * *", "UTC"), Shape::Every(Span::minutes(5)))]
#[case(Spec::cron("0 * * * *", "UTC"), Shape::HourlyAt(0))]
#[case(Spec::cron("17 * * * *", "UTC"), Shape::HourlyAt(17))]
#[case(Spec::cron("0 */6 * * *", "UTC"), Shape::Every(Span::hours(6)))]
#[case(Spec::cron("0 3 * * *", "UTC"), times(&[(3, 0)], Days::EveryDay))]
#[case(Spec::cron("0,30 3,4 * * *", "UTC"), times(&[(3, 0), (3, 30), (4, 0), (4, 30)], Days::EveryDay))]
#[case(Spec::cron("5 16 * * 1-5", "UTC"), times(&[(16, 5)], Days::Weekdays(vec![1, 2, 3, 4, 5])))]
#[case(Spec::cron("5 16 * * 0", "UTC"), times(&[(16, 5)], Days::Weekdays(vec![7])))]
#[case(Spec::cron("0 8 1 * *", "UTC"), times(&[(8, 0)], Days::DayOfMonth(vec![1])))]
#[case(Spec::cron("0 8 1,15 */1 *", "UTC"), times(&[(8, 0)], Days::DayOfMonth(vec![1, 15])))]
#[case(Spec::daily("18:00,16:05", Some("sat-sun"), "UTC"), times(&[(16, 5), (18, 0)], Days::Weekdays(vec![6, 7])))]
#[case(Spec::on_calendar("minutely", "UTC"), Shape::Every(Span::minutes(1)))]
#[case(Spec::on_calendar("hourly", "UTC"), Shape::HourlyAt(0))]
#[case(Spec::on_calendar("daily", "UTC"), times(&[(0, 0)], Days::EveryDay))]
#[case(Spec::on_calendar("monthly", "UTC"), times(&[(0, 0)], Days::DayOfMonth(vec![1])))]
#[case(Spec::on_calendar("Mon..Fri 16:05", "UTC"), times(&[(16, 5)], Days::Weekdays(vec![1, 2, 3, 4, 5])))]
#[case(Spec::on_calendar("*-*-* 03:00:00", "UTC"), times(&[(3, 0)], Days::EveryDay))]
fn simple_schedules_have_simple_shapes(#[case] spec: Spec, #[case] shape: Shape) {
    assert_eq!(parse(&spec).shape(), shape);
}

#[rstest]
// Either day field: no simple words for "or".
#[case(Spec::cron("0 8 1 * 1", "UTC"))]
#[case(Spec::cron("0 8 1 6 *", "UTC"))]
#[case(Spec::cron("0 8 L * *", "UTC"))]
#[case(Spec::cron("0 8 * * 1#1", "UTC"))]
// Not every seven minutes: the step from 56 to 0 is four.
#[case(Spec::cron("*/7 * * * *", "UTC"))]
#[case(Spec::cron("*/5 9-17 * * *", "UTC"))]
#[case(Spec::on_calendar("*-*~01", "UTC"))]
#[case(Spec::on_calendar("2027-01-01", "UTC"))]
#[case(Spec::on_calendar("10:00:30", "UTC"))]
#[case(Spec::on_calendar("10:00 Asia/Tokyo", "UTC"))]
#[case(Spec::on_calendar("10:00\n11:00", "UTC"))]
fn other_schedules_show_their_expression(#[case] spec: Spec) {
    assert_eq!(parse(&spec).shape(), Shape::Expression(spec.expr.clone()));
}

/// Text made of what expressions are made of, so that some of it is valid.
fn likely_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[0-9]{1,3}",
        "[-*/,~:. #LW@\n]",
        prop::sample::select(vec![
            " ",
            " ",
            "* ",
            "*",
            "mon",
            "Mon",
            "FRI",
            "jan",
            "daily",
            "..",
            "*-*-*",
            "16:05",
            " UTC",
            " Europe/Riga",
            "99999999999",
            "é",
            "周一",
            "\u{7f}",
            "0",
            "1-5",
            "*/2",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn any_instant() -> impl Strategy<Value = Time> {
    // 1900 to 2250: beyond both ends of what is searched.
    (-2_208_988_800_i64..8_835_955_200, 0..1_000_000_000_u32)
        .prop_map(|(seconds, nanos)| Time::from_timestamp(seconds, nanos).expect("in range"))
}

fn check_random_text(text: &str, instant: Time) -> Result<(), TestCaseError> {
    let _ = kind_of_expression(text);
    let _ = Zone::named(text);
    let spec =
        |kind| Spec { kind, period: Span::zero(), expr: text.to_owned(), tz: "Europe/Riga".to_owned() };
    for kind in [Kind::Cron, Kind::OnCalendar, Kind::Daily] {
        let _ = spec(kind).daily_parts();
        match Schedule::parse_living(&spec(kind), instant) {
            Ok(schedule) => {
                prop_assert!(schedule.next_after(instant).is_some_and(|next| next > instant));
                let _ = schedule.shape();
                // The usual form means the same and is its own usual form.
                let usual = schedule.spec();
                let again = Schedule::parse(&usual).expect("the usual form is valid");
                prop_assert_eq!(again.spec(), usual);
                prop_assert_eq!(again.next_after(instant), schedule.next_after(instant));
            }
            Err(error) => {
                prop_assert!(!error.code().is_empty() && !error.field().is_empty());
                prop_assert!(error.to_string().chars().count() < 250, "{}", error);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn likely_text_never_panics(text in likely_text(), instant in any_instant()) {
        check_random_text(&text, instant)?;
    }

    #[test]
    fn any_text_never_panics(text in "\\PC{0,40}", instant in any_instant()) {
        check_random_text(&text, instant)?;
    }

    #[test]
    fn any_period_never_panics(millis in any::<i64>(), instant in any_instant()) {
        let spec = Spec::every(Span::try_milliseconds(millis).unwrap_or(Span::MAX));
        if let Ok(schedule) = Schedule::parse(&spec) {
            prop_assert!(schedule.next_after(instant).is_some_and(|next| next > instant));
        }
    }
}
