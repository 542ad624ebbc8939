//! What holds whatever happens.
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Anything that can be done to a check but looking at the clock.
#[derive(Debug, Clone)]
enum Deed {
    Ping(Kind, Option<u8>, Option<Uuid>),
    Pause,
    Resume,
    Edit(Box<Policy>),
}

fn policies() -> impl Strategy<Value = Policy> {
    let spec = select(vec![
        Spec::every(Span::seconds(1)),
        Spec::every(Span::hours(1)),
        Spec::cron("*/5 * * * *", "UTC"),
        Spec::cron("0 2 * * 1-5", "America/New_York"),
        Spec::daily("16:05,18:00", None, "Asia/Shanghai"),
        Spec::on_calendar("Mon *-*-* 03:30:15", "Europe/Berlin"),
    ]);
    let grace = prop_oneof![1..120_i64, 120..7200_i64, Just(365 * 86_400)];
    let early = prop_oneof![Just(Early::Auto), (0..4000_i64).prop_map(|s| Early::Within(Span::seconds(s)))];
    (spec, grace, early, proptest::bool::weighted(0.2)).prop_map(|(spec, grace, early, manual_resume)| {
        Policy { early, manual_resume, ..policy(&spec, Span::seconds(grace)) }
    })
}

fn pings() -> impl Strategy<Value = Deed> {
    let kind = select(vec![Kind::Success, Kind::Success, Kind::Start, Kind::Fail, Kind::Log, Kind::Ignored]);
    (kind, any::<Option<u8>>(), select(vec![None, A, B]))
        .prop_map(|(kind, exit, rid)| Deed::Ping(kind, exit, rid))
}

fn deeds() -> impl Strategy<Value = Deed> {
    prop_oneof![
        8 => pings(),
        1 => Just(Deed::Pause),
        1 => Just(Deed::Resume),
        1 => policies().prop_map(|policy| Deed::Edit(Box::new(policy))),
    ]
}

/// Microseconds until the next deed.
fn gaps() -> impl Strategy<Value = i64> {
    prop_oneof![0..5_000_000_i64, 0..600_000_000_i64, 0..20_000_000_000_i64, 0..400_000_000_000_i64]
}

fn life() -> impl Strategy<Value = Vec<(i64, Deed, bool)>> {
    prop::collection::vec((gaps(), deeds(), any::<bool>()), 0..25)
}

fn micros(n: i64) -> Span {
    Span::microseconds(n)
}

impl Check {
    fn suffer(&mut self, deed: &Deed, now: Time) {
        match deed {
            Deed::Ping(kind, exit_status, rid) => {
                self.apply(Event::Ping { kind: *kind, exit_status: *exit_status, rid: *rid }, now);
            }
            Deed::Pause => {
                self.apply(Event::Pause, now);
            }
            Deed::Resume => {
                self.apply(Event::Resume, now);
            }
            Deed::Edit(policy) => {
                self.policy = *policy.clone();
                self.apply(Event::Edited, now);
            }
        }
    }

    /// A check after this life, and what time it is then.
    fn after(policy: Policy, life: &[(i64, Deed, bool)]) -> (Self, Time) {
        let mut check = Self::new(policy);
        let mut now = check.state.since;
        for (gap, deed, ticks) in life {
            now += micros(*gap);
            check.suffer(deed, now);
            if *ticks {
                check.tick_at(now);
            }
        }
        (check, now)
    }
}

fn strictly_inside(at: Time, blackout: &Blackout) -> bool {
    blackout.from <= at && at <= blackout.to
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_ping_leaves_a_deadline_in_the_past(policy in policies(), life in life(), ping in pings(), gap in gaps()) {
        let (mut check, mut now) = Check::after(policy, &life);
        now += micros(gap);
        // What had passed before is the scheduler's to record; a start does not take it back.
        check.tick_at(now).suffer(&ping, now);
        prop_assert!(check.deadline().is_none_or(|deadline| deadline >= now));
        if matches!(ping, Deed::Ping(Kind::Success, ..)) && check.status() == Status::Up {
            prop_assert!(check.state.due.is_none_or(|due| due > now));
        }
    }

    #[test]
    fn a_success_never_leaves_a_deadline_in_the_past_even_before_a_tick(
        policy in policies(), life in life(), gap in gaps(),
    ) {
        let (mut check, mut now) = Check::after(policy, &life);
        now += micros(gap);
        check.suffer(&Deed::Ping(Kind::Success, None, None), now);
        prop_assert!(check.deadline().is_none_or(|deadline| deadline > now));
    }

    #[test]
    fn a_start_takes_no_deadline_back(policy in policies(), life in life(), gap in gaps()) {
        let (mut check, mut now) = Check::after(policy, &life);
        now += micros(gap);
        let before = check.state;
        check.suffer(&Deed::Ping(Kind::Start, None, A), now);
        if before.run.is_none() && let Some(deadline) = before.deadline {
            prop_assert!(check.deadline().is_some_and(|after| after <= deadline.max(now + check.policy.grace)));
            prop_assert!(deadline > now || check.deadline() == Some(deadline));
        }
    }

    #[test]
    fn a_check_goes_down_by_a_failure_or_at_its_deadline_and_not_otherwise(policy in policies(), life in life()) {
        let mut check = Check::new(policy);
        let mut now = check.state.since;
        for (gap, deed, ticks) in &life {
            now += micros(*gap);
            let known = check.flips.len();
            check.suffer(deed, now);
            for flip in &check.flips[known..] {
                let failed = matches!(deed, Deed::Ping(Kind::Fail, ..));
                prop_assert_eq!(flip.to == Status::Down, failed && flip.from != Status::Down);
                prop_assert_eq!(flip.at, now);
            }
            let (known, deadline) = (check.flips.len(), check.deadline());
            if *ticks {
                check.tick_at(now);
                let due = deadline.filter(|deadline| *deadline <= now);
                let told: Vec<_> = check.flips[known..].iter().map(|flip| (flip.to, flip.at)).collect();
                prop_assert_eq!(told, due.map(|at| (Status::Down, at)).into_iter().collect::<Vec<_>>());
            }
        }
        prop_assert!(check.flips.windows(2).all(|two| two[0].to == two[1].from && two[0].at == two[1].since));
    }

    #[test]
    fn ticks_may_be_repeated_and_split_at_will(
        policy in policies(),
        life in life(),
        away in prop::collection::vec((1..20_000_000_000_i64, 1..20_000_000_000_i64), 0..3),
        between in prop::collection::vec(0..40_000_000_000_i64, 0..6),
    ) {
        let (mut once, mut now) = Check::after(policy, &life);
        once.tick_at(now);
        for (id, (gap, length)) in (1..).zip(&away) {
            let from = now + micros(*gap);
            now = from + micros(*length);
            once.blackouts.push(Blackout { id, from, to: now });
        }
        let mut often = once.clone();
        let end = now + micros(between.iter().sum());
        once.tick_at(end);
        // All blackouts are over: Maibo looks now and then.
        often.tick_at(now).tick_at(now);
        for gap in between {
            now += micros(gap);
            often.tick_at(now).tick_at(now);
        }
        prop_assert_eq!(once.state, often.state);
        prop_assert_eq!(once.flips, often.flips);
    }

    #[test]
    fn what_counts_for_nothing_changes_nothing(
        policy in policies(), life in life(), gap in gaps(),
        kind in select(vec![Kind::Log, Kind::Ignored]), exit in any::<Option<u8>>(),
    ) {
        let (mut check, now) = Check::after(policy, &life);
        let before = check.clone();
        check.suffer(&Deed::Ping(kind, exit, A), now + micros(gap));
        prop_assert_eq!(before.state, check.state);
        prop_assert_eq!(before.flips, check.flips);
    }

    #[test]
    fn a_paused_check_that_is_resumed_by_hand_hears_no_ping(
        policy in policies(), life in life(), more in prop::collection::vec((gaps(), pings()), 1..10),
    ) {
        let (mut check, mut now) = Check::after(Policy { manual_resume: true, ..policy }, &life);
        check.policy.manual_resume = true;
        check.suffer(&Deed::Pause, now);
        check.tick_at(now);
        let (state, flips) = (check.state, check.flips.clone());
        for (gap, ping) in more {
            now += micros(gap);
            check.suffer(&ping, now);
            check.tick_at(now);
        }
        prop_assert_eq!(state, check.state);
        prop_assert_eq!(flips, check.flips);
    }

    #[test]
    fn no_alarm_comes_from_a_blackout_before_its_end_and_grace_and_none_is_swallowed(
        policy in policies(), life in life(), gap in gaps(), length in 1..50_000_000_000_i64,
    ) {
        let (mut check, now) = Check::after(policy, &life);
        let from = now + micros(gap);
        check.tick_at(from - micros(1));
        let before = check.state;
        let blackout = Blackout { id: 7, from, to: from + micros(length) };
        check.blackouts.push(blackout);
        let known = check.flips.len();
        let again = blackout.to + check.policy.grace;
        check.tick_at(blackout.to);
        for second in 0..20 {
            check.tick_at(blackout.to + check.policy.grace * second / 20);
        }
        let early = check.flips[known..].first().copied();
        check.tick_at(again + Span::days(5000));
        let flip = check.flips[known..].first().copied();
        prop_assert_eq!(flip.map(|flip| flip.to), before.deadline.map(|_| Status::Down));

        if let (Some(flip), Some(awaited), Some(deadline)) = (flip, before.awaited(), before.deadline) {
            let excused = strictly_inside(awaited.at(), &blackout) || strictly_inside(deadline, &blackout);
            prop_assert_eq!(flip.at, if excused { deadline.max(again) } else { deadline });
            prop_assert!(!excused || early.is_none_or(|early| early.at >= again));
            let overlaps = awaited.at() <= blackout.to && blackout.from <= flip.at;
            prop_assert_eq!(flip.reason.blackout(), overlaps.then_some(7));
        }
    }

    #[test]
    fn an_early_ping_skips_one_slot_at_most(policy in policies(), life in life(), gap in gaps()) {
        let (mut check, mut now) = Check::after(policy, &life);
        now += micros(gap);
        check.suffer(&Deed::Ping(Kind::Success, None, None), now);
        let schedule = &check.policy.schedule;
        if let (Status::Up, Some(due)) = (check.status(), check.state.due) {
            let slot = schedule.next_after(now).unwrap();
            prop_assert!(due == slot || Some(due) == schedule.next_after(slot));
            // Silence from here on is told one grace after the second slot at the latest.
            let deadline = check.deadline().unwrap();
            prop_assert!(deadline <= schedule.next_after(slot).unwrap() + check.policy.grace);
        }
    }

    #[test]
    fn an_edit_puts_nothing_in_the_past_and_hides_nothing_that_is_down(
        policy in policies(), life in life(), edited in policies(), gap in gaps(),
    ) {
        let (mut check, mut now) = Check::after(policy, &life);
        now += micros(gap);
        let status = check.tick_at(now).status();
        let flips = check.flips.len();
        check.suffer(&Deed::Edit(Box::new(edited)), now);
        prop_assert_eq!((check.status(), check.flips.len()), (status, flips));
        prop_assert!(check.deadline().is_none_or(|deadline| deadline >= now));
        prop_assert_eq!(check.deadline().is_some(), check.state.awaited().is_some());
    }

    #[test]
    fn every_expected_run_has_one_mark(
        days in prop::collection::vec((0..5_u8, 0..590_i64), 1..40),
        ticks in prop::collection::vec(any::<bool>(), 40),
    ) {
        let mut check = Check::new(policy(&Spec::daily("12:00", None, "UTC"), minutes(10)));
        let mut expected = Vec::new();
        let mut slot = t("12:00");
        check.ping(Kind::Success, None, slot - Span::hours(24));
        for ((how, seconds), ticks) in days.iter().zip(&ticks) {
            let late = slot + Span::seconds(*seconds);
            // At noon sharp is late by nothing, and late is what the dashboard says from then on.
            match how {
                0 | 1 => {
                    let was = check.status();
                    check.ping(Kind::Success, None, late);
                    expected.push(if was == Status::Down { Mark::Up } else { Mark::Late });
                }
                2 => {
                    check.ping(Kind::Fail, None, late);
                    expected.push(Mark::Down);
                }
                _ => {
                    expected.push(Mark::Down);
                }
            }
            // Only a check that is down already may be left alone: else its deadline is noticed.
            if *ticks || check.status() == Status::Up {
                check.tick_at(slot + minutes(10));
            }
            slot += Span::days(1);
        }
        // Runs missed while it is down are marked once it is heard again.
        check.ping(Kind::Success, None, slot);
        expected.push(*check.marks().last().unwrap());
        expected.insert(0, Mark::Up);
        let last = expected.len().saturating_sub(30);
        prop_assert_eq!(check.marks(), &expected[last..]);
    }

    #[test]
    fn no_time_is_too_extreme(
        policy in policies(),
        times in prop::collection::vec((
            prop_oneof![
                any::<i64>(),
                select(vec![
                    0, -1, i64::MIN, i64::MAX,
                    253_402_300_799_999_999, // the last microsecond of 9999
                    7_258_118_400_000_000,   // 2200
                    Time::MAX_UTC.timestamp_micros(), Time::MIN_UTC.timestamp_micros(),
                ]),
            ],
            deeds(),
        ), 1..12),
    ) {
        let mut check = Check::new(policy);
        let bound = |micros: i64| {
            Time::from_timestamp_micros(micros).unwrap_or(if micros < 0 { Time::MIN_UTC } else { Time::MAX_UTC })
        };
        for (i, (micros, deed)) in times.iter().enumerate() {
            let now = bound(*micros);
            check.suffer(deed, now);
            let (from, to) = (now.min(check.state.since), now.max(check.state.since));
            check.blackouts.push(Blackout { id: i64::try_from(i).unwrap(), from, to });
            check.tick_at(now);
            let _ = (check.state.shown(now), check.state.next_ping(now));
        }
    }
}
