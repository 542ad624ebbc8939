//! OnCalendar expressions against systemd.

use super::*;

/// What `systemd-analyze calendar --iterations=3 --base-time='2026-01-30 12:00:00'` (systemd 252,
/// `TZ=UTC`) says. systemd differs from us only around clock changes: it leaves out a skipped time,
/// which for us is due when the gap ends.
#[rstest]
#[case("minutely", &["2026-01-30T12:01:00Z", "2026-01-30T12:02:00Z", "2026-01-30T12:03:00Z"])]
#[case("hourly", &["2026-01-30T13:00:00Z", "2026-01-30T14:00:00Z", "2026-01-30T15:00:00Z"])]
#[case("daily", &["2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"])]
#[case("weekly", &["2026-02-02T00:00:00Z", "2026-02-09T00:00:00Z", "2026-02-16T00:00:00Z"])]
#[case("monthly", &["2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"])]
#[case("quarterly", &["2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z", "2026-10-01T00:00:00Z"])]
#[case("semiannually", &["2026-07-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-07-01T00:00:00Z"])]
#[case("biannually", &["2026-07-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-07-01T00:00:00Z"])]
#[case("yearly", &["2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z"])]
#[case("annually", &["2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z"])]
#[case("Mon..Fri 16:05", &["2026-01-30T16:05:00Z", "2026-02-02T16:05:00Z", "2026-02-03T16:05:00Z"])]
#[case("Mon,Wed..Fri *-*-* 08:00", &["2026-02-02T08:00:00Z", "2026-02-04T08:00:00Z", "2026-02-05T08:00:00Z"])]
#[case("sat,SUNDAY", &["2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z", "2026-02-07T00:00:00Z"])]
#[case("Mon *-*-1..7 10:00", &["2026-02-02T10:00:00Z", "2026-03-02T10:00:00Z", "2026-04-06T10:00:00Z"])]
#[case("*-*~01", &["2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"])]
#[case("*-02~01", &["2026-02-28T00:00:00Z", "2027-02-28T00:00:00Z", "2028-02-29T00:00:00Z"])]
#[case("*-*~07/1 04:00", &["2026-01-31T04:00:00Z", "2026-02-22T04:00:00Z", "2026-02-23T04:00:00Z"])]
#[case("*-*~22/2", &["2026-02-07T00:00:00Z", "2026-02-09T00:00:00Z", "2026-02-11T00:00:00Z"])]
#[case("Mon *-*~07/1", &["2026-02-23T00:00:00Z", "2026-03-30T00:00:00Z", "2026-04-27T00:00:00Z"])]
#[case("*-*~1..4/2", &["2026-01-31T00:00:00Z", "2026-02-26T00:00:00Z", "2026-02-28T00:00:00Z"])]
#[case("*-*~5,8", &["2026-02-21T00:00:00Z", "2026-02-24T00:00:00Z", "2026-03-24T00:00:00Z"])]
#[case("2028-02-29", &["2028-02-29T00:00:00Z"])]
#[case("*-02-29", &["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z", "2036-02-29T00:00:00Z"])]
#[case("Fri *-*-13", &["2026-02-13T00:00:00Z", "2026-03-13T00:00:00Z", "2026-11-13T00:00:00Z"])]
#[case("2026..2027-07/3-01", &["2026-07-01T00:00:00Z", "2026-10-01T00:00:00Z", "2027-07-01T00:00:00Z"])]
#[case("27-1-1", &["2027-01-01T00:00:00Z"])]
#[case("12-24 18:00", &["2026-12-24T18:00:00Z", "2027-12-24T18:00:00Z", "2028-12-24T18:00:00Z"])]
#[case("*:0/15", &["2026-01-30T12:15:00Z", "2026-01-30T12:30:00Z", "2026-01-30T12:45:00Z"])]
#[case("*:05/20", &["2026-01-30T12:05:00Z", "2026-01-30T12:25:00Z", "2026-01-30T12:45:00Z"])]
#[case("8..18/2:30", &["2026-01-30T12:30:00Z", "2026-01-30T14:30:00Z", "2026-01-30T16:30:00Z"])]
#[case("*:*:0/20", &["2026-01-30T12:00:20Z", "2026-01-30T12:00:40Z", "2026-01-30T12:01:00Z"])]
#[case("0:0:59", &["2026-01-31T00:00:59Z", "2026-02-01T00:00:59Z", "2026-02-02T00:00:59Z"])]
#[case("*-*-1,15 03,15:00", &["2026-02-01T03:00:00Z", "2026-02-01T15:00:00Z", "2026-02-15T03:00:00Z"])]
#[case("*-1..12/5-10", &["2026-06-10T00:00:00Z", "2026-11-10T00:00:00Z", "2027-01-10T00:00:00Z"])]
#[case("*-1..12/20-1", &["2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z", "2029-01-01T00:00:00Z"])]
#[case("Thu..Sun 23:59:59", &["2026-01-30T23:59:59Z", "2026-01-31T23:59:59Z", "2026-02-01T23:59:59Z"])]
#[case("@1800000000", &["2027-01-15T08:00:00Z"])]
#[case("10:30 Asia/Tokyo", &["2026-01-31T01:30:00Z", "2026-02-01T01:30:00Z", "2026-02-02T01:30:00Z"])]
#[case("monthly America/New_York", &["2026-02-01T05:00:00Z", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z"])]
#[case("Mon, 07:00", &["2026-02-02T07:00:00Z", "2026-02-09T07:00:00Z", "2026-02-16T07:00:00Z"])]
#[case("Tue-Thu 09:00", &["2026-02-03T09:00:00Z", "2026-02-04T09:00:00Z", "2026-02-05T09:00:00Z"])]
#[case("2199-12-31 23:59:59", &["2199-12-31T23:59:59Z"])]
fn expressions_mean_what_systemd_says(#[case] expr: &str, #[case] expected: &[&str]) {
    let found = upcoming(&Spec::on_calendar(expr, "UTC"), "2026-01-30T12:00:00Z", 3);
    assert_eq!(found, expected);
}

/// Accepted although systemd 252 refuses it: old spelling of Healthchecks, or a slip of systemd.
#[rstest]
// A step that never comes round; Healthchecks takes it.
#[case("*:0/60", &["2026-01-30T13:00:00Z", "2026-01-30T14:00:00Z"])]
// systemd forbids 28 in a list after `~`, but not alone.
#[case("*-*~28,07", &["2026-02-01T00:00:00Z", "2026-02-22T00:00:00Z"])]
#[case("*:*:5..5", &["2026-01-30T12:00:05Z", "2026-01-30T12:01:05Z"])]
fn some_more_is_understood(#[case] expr: &str, #[case] expected: &[&str]) {
    assert_eq!(upcoming(&Spec::on_calendar(expr, "UTC"), "2026-01-30T12:00:00Z", 2), expected);
}

/// Refused by systemd too.
#[rstest]
fn nonsense_is_refused(
    #[values(
        "*:*/5",
        "*-*-* */5:00",
        "*-*~5..1",
        "Fri..Mon",
        "2026-13-1",
        "*-*-~1",
        "*-*-*~1",
        "10",
        "10:00 europe/riga",
        "*-*-* 24:00",
        "*:5..1",
        "Mon.. 10:00",
        "*-*-*T10:00",
        "*-*-1,2~3",
        ",1:00",
        "1,:00",
        "1..:00",
        "10:00 Mon",
        "10:00 *-*-*",
        "Mon Tue",
        "10:00 10:00",
        "1969-1-1",
        "2200-1-1",
        "0:0:60",
        "1:2:3:4",
        "*-0-1",
        "*-*-0",
        "*-*-32",
        "Monn",
        "Mo",
        "-5:00",
        "+5:00",
        "١:00",
        "daily daily",
        "daily 10:00",
        "@",
        "@-1",
        "@99999999999",
        "*-*~0",
        "0/0:0"
    )]
    expr: &str,
) {
    assert!(Schedule::parse(&Spec::on_calendar(expr, "UTC")).is_err());
}

#[test]
fn several_lines_are_due_when_any_is() {
    let spec = Spec::on_calendar("Mon 08:00\n\n*-*-* 20:00 America/New_York\r\nMon 08:00", "Europe/Riga");
    let expected = ["2026-06-01T00:00:00Z", "2026-06-01T05:00:00Z", "2026-06-02T00:00:00Z"];
    assert_eq!(upcoming(&spec, "2026-05-31T12:00:00Z", 3), expected);
}

#[rstest]
#[case("10:00 Asia/Tokyo", "2026-06-01T01:00:00Z")]
#[case("10:00 UTC", "2026-06-01T10:00:00Z")]
#[case("10:00 utc", "2026-06-01T10:00:00Z")]
#[case("Mon 10:00 Asia/Calcutta", "2026-06-01T04:30:00Z")]
#[case("daily Asia/Tokyo", "2026-06-01T15:00:00Z")]
#[case("10:00", "2026-06-01T07:00:00Z")]
fn a_zone_inside_wins(#[case] expr: &str, #[case] expected: &str) {
    assert_eq!(upcoming(&Spec::on_calendar(expr, "Europe/Riga"), "2026-06-01T00:00:00Z", 1), [expected]);
}

/// Every quarter of a skipped hour falls together on its end; of a doubled hour only the first pass counts.
#[test]
fn repetitions_follow_the_same_rule_as_single_times() {
    let spec = Spec::on_calendar("*:0/15", "Europe/Riga");
    let spring = ["2026-03-29T00:45:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z"];
    assert_eq!(upcoming(&spec, "2026-03-29T00:30:00Z", 3), spring);
    let autumn = ["2026-10-25T00:45:00Z", "2026-10-25T02:00:00Z", "2026-10-25T02:15:00Z"];
    assert_eq!(upcoming(&spec, "2026-10-25T00:30:00Z", 3), autumn);
    assert_eq!(upcoming(&spec, "2026-10-25T01:20:00Z", 1), ["2026-10-25T02:00:00Z"]);
    // Asked on the second pass, however many times of the first pass must be skipped.
    let every_second = Spec::on_calendar("*:*:*", "Europe/Riga");
    assert_eq!(upcoming(&every_second, "2026-10-25T01:00:00Z", 1), ["2026-10-25T02:00:00Z"]);
}

#[rstest]
#[case("69-7-20", "2069-07-20T00:00:00Z")]
#[case("70-7-20", "1970-07-20T00:00:00Z")]
#[case("1970..2199/229-01-01", "1970-01-01T00:00:00Z")]
fn short_years_are_those_from_1970_to_2069(#[case] expr: &str, #[case] expected: &str) {
    assert_eq!(upcoming(&Spec::on_calendar(expr, "UTC"), "1960-01-01T00:00:00Z", 1), [expected]);
}
