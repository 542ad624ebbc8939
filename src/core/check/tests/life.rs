//! Random lives, which must be the same in both implementations.
use proptest::prelude::*;
use proptest::sample::select;

use super::model::{DAY, EPOCH, Entry, HOUR, History, MINUTE, Rules, What, When, time};
use super::*;

/// What happens, after how many seconds, and whether the scheduler looks at once.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Do(What),
    Blackout,
}

fn deed() -> impl Strategy<Value = Deed> {
    let rid = || select(vec![None, A, B]);
    prop_oneof![
        6 => rid().prop_map(|rid| Deed::Do(What::Success(rid))),
        2 => (rid(), select(vec![0_u8, 0, 1, 255])).prop_map(|(rid, n)| Deed::Do(What::Fail(rid, n))),
        4 => rid().prop_map(|rid| Deed::Do(What::Start(rid))),
        1 => Just(Deed::Do(What::Log)),
        1 => Just(Deed::Do(What::Pause)),
        1 => Just(Deed::Do(What::Resume)),
        2 => rules().prop_map(|rules| Deed::Do(What::Edit(rules))),
        4 => Just(Deed::Do(What::Tick)),
        2 => Just(Deed::Blackout),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let when = select(vec![
        When::Every(MINUTE),
        When::Every(HOUR),
        When::Every(DAY),
        When::Cron(5),
        When::Cron(7),
        When::Cron(60),
        When::Shanghai(&[965]),
        When::Shanghai(&[0, 10, 965, 1080]),
        When::Riga(&[210, 270]),
        When::Riga(&[150, 200, 239, 240]),
    ]);
    let grace = select(vec![1, MINUTE, 4 * MINUTE, 20 * MINUTE, 2 * HOUR]);
    let early = select(vec![None, None, Some(0), Some(MINUTE), Some(HOUR)]);
    (when, grace, early, proptest::bool::weighted(0.2))
        .prop_map(|(when, grace, early, manual_resume)| Rules { when, grace, early, manual_resume })
}

/// Gaps from nothing to some hours, many of them just around round times.
fn gap() -> impl Strategy<Value = i64> {
    prop_oneof![
        2 => 0..5_i64,
        4 => 5..600_i64,
        3 => (select(vec![MINUTE, 4 * MINUTE, 20 * MINUTE, HOUR, 2 * HOUR]), -2..=2_i64).prop_map(|(a, b)| a + b),
        2 => 600..5 * HOUR,
    ]
}

fn event(what: What, blackouts: &[Blackout]) -> Event<'_> {
    let ping = |kind, exit_status, rid| Event::Ping { kind, exit_status, rid };
    match what {
        What::Success(rid) => ping(Kind::Success, None, rid),
        What::Fail(rid, n) => ping(Kind::Fail, (n > 0).then_some(n), rid),
        What::Start(rid) => ping(Kind::Start, None, rid),
        What::Pause => Event::Pause,
        What::Resume => Event::Resume,
        What::Edit(_) => Event::Edited,
        What::Tick => Event::Tick { blackouts },
        What::Made | What::Log | What::Fell { .. } => ping(Kind::Log, None, None),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn both_implementations_live_the_same_life(
        rules in rules(),
        begin in 0..2 * DAY,
        life in prop::collection::vec((gap(), deed(), any::<bool>()), 1..40),
        probes in prop::collection::vec(0..3 * HOUR, 3),
    ) {
        let mut now = EPOCH + begin;
        let made = Entry { at: now, what: What::Made, rules };
        let mut history = History { entries: vec![made], rules, blackouts: vec![] };
        let mut check = Check::new(rules.policy());
        check.state = State::new(time(now));

        for (gap, deed, looks) in life {
            let from = now;
            now += gap;
            let what = match deed {
                Deed::Do(what) => what,
                Deed::Blackout => {
                    // The scheduler looked just before, or it would have gone down then.
                    if history.blackouts.last().is_none_or(|(_, end)| *end < from) && gap > 0 {
                        check.tick_at(time(from));
                        history.tell(from, What::Tick);
                        let id = i64::try_from(history.blackouts.len()).unwrap() + 1;
                        check.blackouts.push(Blackout { id, from: time(from), to: time(now) });
                        history.blackouts.push((from, now));
                    }
                    What::Tick
                }
            };
            if let What::Edit(rules) = what {
                check.policy = rules.policy();
            }
            let blackouts = check.blackouts.clone();
            check.apply(event(what, &blackouts), time(now));
            history.tell(now, what);
            // What a blackout excuses after an edit or a ping is known with the next look at the clock.
            if looks || !blackouts.is_empty() {
                check.tick_at(time(now));
                history.tell(now, What::Tick);
            }

            prop_assert_eq!(check.status(), history.status());
            prop_assert_eq!(check.told(), history.flips());
            prop_assert_eq!(check.state.run.map(|run| run.at), history.started().map(time));
            prop_assert_eq!(check.state.last_duration, history.last_duration().map(Span::seconds));
            prop_assert_eq!(check.deadline(), history.deadline(now).map(|(deadline, ..)| time(deadline)));
            for probe in &probes {
                prop_assert_eq!(check.state.shown(time(now + probe)), history.shown(now, now + probe));
            }
        }
    }
}
