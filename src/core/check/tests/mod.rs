//! The state machine: its rules as sentences, its properties, and a second implementation to agree with.
mod edits;
mod life;
mod model;
mod order;
mod outages;
mod properties;
mod rules;

use chrono::NaiveTime;
use uuid::Uuid;

use super::{Blackout, Early, Effect, Event, Flip, Policy, Reason, Run, Shown, State, Status, step};
use crate::core::ping::Kind;
use crate::core::schedule::{Schedule, Spec};
use crate::core::strip::Mark;
use crate::core::{Span, Time};

const A: Option<Uuid> = Some(Uuid::from_u128(0xa));
const B: Option<Uuid> = Some(Uuid::from_u128(0xb));

/// A time of day such as `12:05` or `12:05:00.250`, on a Tuesday.
fn t(text: &str) -> Time {
    on(10, text)
}

/// A time of day in March 2026.
fn on(day: u32, text: &str) -> Time {
    let time =
        NaiveTime::parse_from_str(text, "%H:%M:%S%.f").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"));
    chrono::NaiveDate::from_ymd_opt(2026, 3, day).unwrap().and_time(time.unwrap()).and_utc()
}

fn minutes(n: i64) -> Span {
    Span::minutes(n)
}

fn policy(spec: &Spec, grace: Span) -> Policy {
    Policy {
        schedule: Schedule::parse(spec).unwrap(),
        grace,
        early: Early::Within(Span::zero()),
        manual_resume: false,
    }
}

fn every(period: Span, grace: Span) -> Policy {
    policy(&Spec::every(period), grace)
}

fn cron(expr: &str, grace: Span) -> Policy {
    policy(&Spec::cron(expr, "UTC"), grace)
}

/// A check that lives through a test.
#[derive(Debug, Clone)]
struct Check {
    policy: Policy,
    state: State,
    flips: Vec<Flip>,
    closed: Vec<Span>,
    ignored: u32,
    blackouts: Vec<Blackout>,
}

impl Check {
    /// Made on the day before the tests happen.
    fn new(policy: Policy) -> Self {
        let state = State::new(on(9, "00:00"));
        Self { policy, state, flips: vec![], closed: vec![], ignored: 0, blackouts: vec![] }
    }

    /// An hourly period with ten minutes of grace.
    fn hourly() -> Self {
        Self::new(every(minutes(60), minutes(10)))
    }

    fn apply(&mut self, event: Event<'_>, now: Time) -> &mut Self {
        let (state, effects) = step(&self.policy, &self.state, event, now);
        self.state = state;
        for effect in effects {
            match effect {
                Effect::Flip(flip) => self.flips.push(flip),
                Effect::RunClosed(took) => self.closed.push(took),
                Effect::Ignored => self.ignored += 1,
            }
        }
        self
    }

    fn ping(&mut self, kind: Kind, rid: Option<Uuid>, now: Time) -> &mut Self {
        self.apply(Event::Ping { kind, exit_status: None, rid }, now)
    }

    fn success(&mut self, now: &str) -> &mut Self {
        self.ping(Kind::Success, None, t(now))
    }

    fn fail(&mut self, now: &str) -> &mut Self {
        self.ping(Kind::Fail, None, t(now))
    }

    fn exit(&mut self, n: u8, now: &str) -> &mut Self {
        let kind = if n == 0 { Kind::Success } else { Kind::Fail };
        self.apply(Event::Ping { kind, exit_status: Some(n), rid: None }, t(now))
    }

    fn start(&mut self, now: &str) -> &mut Self {
        self.ping(Kind::Start, None, t(now))
    }

    fn start_run(&mut self, rid: Option<Uuid>, now: &str) -> &mut Self {
        self.ping(Kind::Start, rid, t(now))
    }

    fn success_of(&mut self, rid: Option<Uuid>, now: &str) -> &mut Self {
        self.ping(Kind::Success, rid, t(now))
    }

    fn fail_of(&mut self, rid: Option<Uuid>, now: &str) -> &mut Self {
        self.ping(Kind::Fail, rid, t(now))
    }

    fn pause(&mut self, now: &str) -> &mut Self {
        self.apply(Event::Pause, t(now))
    }

    fn resume(&mut self, now: &str) -> &mut Self {
        self.apply(Event::Resume, t(now))
    }

    fn edit(&mut self, policy: Policy, now: &str) -> &mut Self {
        self.policy = policy;
        self.apply(Event::Edited, t(now))
    }

    fn tick(&mut self, now: &str) -> &mut Self {
        self.tick_at(t(now))
    }

    fn tick_at(&mut self, now: Time) -> &mut Self {
        let blackouts = self.blackouts.clone();
        self.apply(Event::Tick { blackouts: &blackouts }, now)
    }

    /// Maibo is away, and ticks as soon as it is back.
    fn blackout(&mut self, from: &str, to: &str) -> &mut Self {
        let id = i64::try_from(self.blackouts.len()).unwrap() + 1;
        self.blackouts.push(Blackout { id, from: t(from), to: t(to) });
        self.tick(to)
    }

    fn status(&self) -> Status {
        self.state.status
    }

    fn shown(&self, now: &str) -> Shown {
        self.state.shown(t(now))
    }

    fn deadline(&self) -> Option<Time> {
        self.state.deadline
    }

    fn marks(&self) -> Vec<Mark> {
        self.state.strip.marks().collect()
    }

    /// Every flip as (to, at, reason).
    fn told(&self) -> Vec<(Status, Time, Reason)> {
        self.flips.iter().map(|flip| (flip.to, flip.at, flip.reason)).collect()
    }
}

fn missed(due: &str) -> Reason {
    Reason::Missed { due: t(due), blackout: None }
}

fn overrun(started: &str) -> Reason {
    Reason::Overrun { started: t(started), blackout: None }
}
