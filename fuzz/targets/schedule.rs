//! Schedules: what can be read has due times that go forward, and its usual form is read again. A first line is the time
//! zone, the rest the expression.
#![no_main]
use libfuzzer_sys::fuzz_target;
use maibo::core::schedule::{Schedule, Spec};
use maibo::core::{Time, span};

fuzz_target!(|input: &str| {
    let (tz, text) = input.split_once('\n').unwrap_or(("UTC", input));
    let start = Time::from_timestamp(1_795_176_720, 0).unwrap_or_default();
    let _ = span::parse(text);
    for spec in [
        Spec::cron(text, tz),
        Spec::on_calendar(text, tz),
        Spec::daily(text, None, tz),
        Spec::daily("16:05", Some(text), tz),
    ] {
        let Ok(schedule) = Schedule::parse(&spec) else { continue };
        assert!(
            Schedule::parse(&schedule.spec()).is_ok(),
            "{spec:?} is not read again: {:?}",
            schedule.spec()
        );
        let mut at = start;
        for _ in 0..5 {
            let Some(next) = schedule.next_after(at) else { break };
            assert!(next > at, "{spec:?} at {at}: {next}");
            at = next;
        }
    }
});
