//! The state machine of a check: `step(policy, state, event, now) -> (state, effects)`.
//!
//! The same function serves live pings, the passing of time and replays. It reads no clock and cannot fail.
use uuid::Uuid;

use super::schedule::Schedule;
use super::strip::{Mark, Strip};
use super::{Span, Time, ping};

/// A check's status as stored. Late and started are derived: see [`State::shown`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Never heard from since it was made or resumed.
    New,
    Up,
    Down,
    Paused,
}

impl Status {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Up => "up",
            Self::Down => "down",
            Self::Paused => "paused",
        }
    }

    /// The status with this stored word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        [Self::New, Self::Up, Self::Down, Self::Paused].into_iter().find(|status| status.as_str() == word)
    }
}

/// What a reader is told: the stored status plus "late".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shown {
    New,
    Up,
    /// Due, and still within its grace. Healthchecks says `grace`.
    Late,
    Down,
    Paused,
}

impl Shown {
    /// The word of the Healthchecks API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Up => "up",
            Self::Late => "grace",
            Self::Down => "down",
            Self::Paused => "paused",
        }
    }
}

/// How much too soon a ping may come and still count for the coming slot of a calendar schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Early {
    /// The smallest of grace, 10 % of the gap between two slots, and 10 minutes.
    Auto,
    /// This much, but never more than half of the gap. Zero switches it off.
    Within(Span),
}

/// What a user sets.
#[derive(Debug, Clone)]
pub struct Policy {
    pub schedule: Schedule,
    /// How long after the due time the check still is only late; also the longest a run may take.
    pub grace: Span,
    pub early: Early,
    /// While paused, pings change nothing.
    pub manual_resume: bool,
}

/// A run that has begun and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub at: Time,
    pub id: Option<Uuid>,
}

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    pub status: Status,
    /// When the stored status last changed, or the check was made.
    pub since: Time,
    /// The last success or failure.
    pub last_ping: Option<Time>,
    /// The latest start that no success or failure has ended.
    pub run: Option<Run>,
    /// How long the last ended run took.
    pub last_duration: Option<Span>,
    /// The next time something is expected from the schedule; it passes while the check is late or down.
    pub due: Option<Time>,
    /// When the check goes down unless something is heard.
    pub deadline: Option<Time>,
    pub strip: Strip,
}

/// A time in which Maibo itself was not there: stopped, killed, suspended, or skipped by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blackout {
    pub id: i64,
    pub from: Time,
    pub to: Time,
}

/// Something that happened to a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A ping that counts as `kind`; see [`ping::Rules::decide`].
    Ping {
        kind: ping::Kind,
        exit_status: Option<u8>,
        rid: Option<Uuid>,
    },
    /// Time has passed. `blackouts` are those that may touch what is due, oldest first.
    Tick {
        blackouts: &'a [Blackout],
    },
    /// The policy is another one now.
    Edited,
    Pause,
    Resume,
}

/// Why a status changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Success,
    Fail,
    /// A failure with this exit status.
    Exit(u8),
    /// Nothing came from `due` to the end of grace. `blackout`: Maibo was away in between.
    Missed {
        due: Time,
        blackout: Option<i64>,
    },
    /// A run began at `started` and did not end within the grace.
    Overrun {
        started: Time,
        blackout: Option<i64>,
    },
    Paused,
    Resumed,
}

impl Reason {
    /// The blackout that may have swallowed what was missed.
    #[must_use]
    pub const fn blackout(self) -> Option<i64> {
        match self {
            Self::Missed { blackout, .. } | Self::Overrun { blackout, .. } => blackout,
            _ => None,
        }
    }
}

/// A change of stored status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flip {
    pub from: Status,
    pub to: Status,
    /// The exact moment: of the ping, or the deadline, not when somebody noticed.
    pub at: Time,
    pub reason: Reason,
    /// When `from` began.
    pub since: Time,
    /// The last success or failure before the flip.
    pub heard: Option<Time>,
    /// On a recovery: how many expected runs never came.
    pub missed: u32,
}

impl Flip {
    /// Whether people are told: anything that goes down, and what comes back from being down.
    #[must_use]
    pub const fn alerts(&self) -> bool {
        matches!((self.from, self.to), (_, Status::Down) | (Status::Down, Status::Up))
    }
}

/// What the caller persists besides the new state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Flip(Flip),
    /// A run ended after this long.
    RunClosed(Span),
    /// The ping was kept, but counts for nothing.
    Ignored,
}

/// Most missed runs that are counted one by one; more are reported as this many.
pub const MAX_MISSED: u32 = 1000;

impl State {
    /// A check as it is made.
    #[must_use]
    pub fn new(now: Time) -> Self {
        Self {
            status: Status::New,
            since: now,
            last_ping: None,
            run: None,
            last_duration: None,
            due: None,
            deadline: None,
            strip: Strip::default(),
        }
    }

    /// The status for a reader at `now`. A deadline that has passed counts at once, even before it is recorded.
    #[must_use]
    pub fn shown(&self, now: Time) -> Shown {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            return Shown::Down;
        }
        match self.status {
            Status::New => Shown::New,
            Status::Down => Shown::Down,
            Status::Paused => Shown::Paused,
            Status::Up if self.due.is_some_and(|due| due <= now) => Shown::Late,
            Status::Up => Shown::Up,
        }
    }

    /// When the next sign of life is expected, as the Healthchecks API tells it: the start of a running run,
    /// else the next due time; nothing while new, down or paused.
    #[must_use]
    pub fn next_ping(&self, now: Time) -> Option<Time> {
        match self.shown(now) {
            Shown::Down | Shown::Paused => None,
            Shown::New | Shown::Up | Shown::Late => {
                let due = self.due.filter(|_| self.status == Status::Up);
                [due, self.run.map(|run| run.at)].into_iter().flatten().min()
            }
        }
    }

    /// What the deadline is about: the open run if that ends first, else the slot.
    fn awaited(&self) -> Option<Awaited> {
        let slot = self.due.filter(|_| self.status == Status::Up);
        let run = self.run.filter(|_| self.status != Status::Down).map(|run| run.at);
        match (slot, run) {
            (Some(due), Some(started)) if due < started => Some(Awaited::Slot(due)),
            (_, Some(started)) => Some(Awaited::RunEnd(started)),
            (Some(due), None) => Some(Awaited::Slot(due)),
            (None, None) => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Awaited {
    Slot(Time),
    RunEnd(Time),
}

impl Awaited {
    const fn at(self) -> Time {
        match self {
            Self::Slot(at) | Self::RunEnd(at) => at,
        }
    }
}

/// Applies one event and says what must follow. Pure: same input, same output.
#[must_use]
pub fn step(policy: &Policy, state: &State, event: Event<'_>, now: Time) -> (State, Vec<Effect>) {
    let mut next = *state;
    let mut effects = Vec::new();
    match event {
        Event::Ping { kind, exit_status, rid } => {
            let asleep = state.status == Status::Paused && policy.manual_resume;
            match kind {
                ping::Kind::Log => {}
                ping::Kind::Ignored => effects.push(Effect::Ignored),
                ping::Kind::Success | ping::Kind::Fail | ping::Kind::Start if asleep => {
                    effects.push(Effect::Ignored);
                }
                ping::Kind::Start => {
                    next.run = Some(Run { at: now, id: rid });
                    rearm(policy, &mut next);
                }
                ping::Kind::Success => heard(policy, &mut next, Reason::Success, rid, now, &mut effects),
                ping::Kind::Fail => {
                    let reason = match exit_status {
                        Some(n) if n > 0 => Reason::Exit(n),
                        _ => Reason::Fail,
                    };
                    heard(policy, &mut next, reason, rid, now, &mut effects);
                }
            }
        }
        Event::Tick { blackouts } => {
            next.deadline = excused(policy, state, blackouts);
            if let Some(deadline) = next.deadline.filter(|deadline| *deadline <= now) {
                go_down(&mut next, deadline, blackouts, &mut effects);
            }
        }
        Event::Edited => {
            if matches!(state.status, Status::Up | Status::Down) {
                next.due = state.last_ping.and_then(|last| next_due(policy, state, last));
            }
            rearm(policy, &mut next);
            // Nobody goes down at a moment that only the new settings put into the past.
            next.deadline = next.deadline.map(|deadline| deadline.max(now));
        }
        Event::Pause => {
            if state.status != Status::Paused {
                next.run = None;
                flip(&mut next, Status::Paused, now, Reason::Paused, 0, &mut effects);
                next.due = None;
                next.deadline = None;
            }
        }
        Event::Resume => {
            if state.status == Status::Paused {
                next.run = None;
                next.last_ping = None;
                flip(&mut next, Status::New, now, Reason::Resumed, 0, &mut effects);
                next.due = None;
                next.deadline = None;
            }
        }
    }
    (next, effects)
}

/// A success or a failure: ends runs, changes the status, sets what is expected next.
fn heard(
    policy: &Policy,
    next: &mut State,
    reason: Reason,
    rid: Option<Uuid>,
    now: Time,
    effects: &mut Vec<Effect>,
) {
    let failed = reason != Reason::Success;
    let missed = if next.status == Status::Down { slots_missed(policy, next, now) } else { 0 };
    let mark = match (failed, next.shown(now)) {
        (true, _) => Mark::Down,
        // Down only by the clock, not yet recorded: the ping was faster than the scheduler.
        (false, Shown::Late | Shown::Down) if next.status == Status::Up => Mark::Late,
        (false, _) => Mark::Up,
    };

    next.last_duration = None;
    if let Some(run) = next.run {
        if run.id == rid {
            let took = (now - run.at).max(Span::zero());
            next.last_duration = Some(took);
            next.run = None;
            effects.push(Effect::RunClosed(took));
        } else if failed || rid.is_none() || run.at + policy.grace <= now {
            // The last case is ours: that run is overdue and has been told about, so another run's success
            // must not be answered by going down again at once.
            next.run = None;
        }
    }

    // Slots that passed unheard while the check was down; one that took it down has its mark already.
    let marked = u32::from(next.due.is_some_and(|due| due <= next.since));
    for _ in marked..missed.min(30) {
        next.strip = next.strip.push(Mark::Down);
    }
    next.strip = next.strip.push(mark);

    let to = if failed { Status::Down } else { Status::Up };
    let before = *next;
    flip(next, to, now, reason, missed, effects);
    next.last_ping = Some(now);
    next.due = next_due(policy, &before, now);
    rearm(policy, next);
}

/// The next slot after a ping at `now`, counting an early ping for the slot that it anticipates.
fn next_due(policy: &Policy, before: &State, now: Time) -> Option<Time> {
    let slot = policy.schedule.next_after(now)?;
    if policy.schedule.is_period() {
        return Some(slot);
    }
    // A ping within the grace of an open slot answers that one, however close the next may be.
    let answers_open_slot =
        before.status == Status::Up && before.due.is_some_and(|due| due <= now && now <= due + policy.grace);
    if answers_open_slot {
        return Some(slot);
    }
    let Some(after) = policy.schedule.next_after(slot) else {
        return Some(slot);
    };
    let gap = after - slot;
    let tolerance = match policy.early {
        Early::Auto => policy.grace.min(gap / 10).min(Span::minutes(10)),
        Early::Within(span) => span.min(gap / 2),
    };
    Some(if slot - now <= tolerance { after } else { slot })
}

/// Sets the deadline from what is awaited.
fn rearm(policy: &Policy, next: &mut State) {
    next.deadline = next.awaited().and_then(|awaited| awaited.at().checked_add_signed(policy.grace));
}

/// The deadline after what blackouts excuse: whatever fell due while Maibo was away has its grace again.
fn excused(policy: &Policy, state: &State, blackouts: &[Blackout]) -> Option<Time> {
    let awaited = state.awaited()?;
    let mut deadline = state.deadline?;
    for blackout in blackouts {
        let within = |at: Time| blackout.from <= at && at <= blackout.to;
        if (within(awaited.at()) || within(deadline))
            && let Some(again) = blackout.to.checked_add_signed(policy.grace)
        {
            deadline = deadline.max(again);
        }
    }
    Some(deadline)
}

/// The deadline of this check after `blackouts`, for those who plan around it.
#[must_use]
pub fn deadline_after(policy: &Policy, state: &State, blackouts: &[Blackout]) -> Option<Time> {
    excused(policy, state, blackouts)
}

fn go_down(next: &mut State, deadline: Time, blackouts: &[Blackout], effects: &mut Vec<Effect>) {
    let Some(awaited) = next.awaited() else {
        next.deadline = None;
        return;
    };
    let blackout = blackouts
        .iter()
        .rev()
        .find(|blackout| blackout.from <= deadline && awaited.at() <= blackout.to)
        .map(|blackout| blackout.id);
    let reason = match awaited {
        Awaited::Slot(due) => Reason::Missed { due, blackout },
        Awaited::RunEnd(started) => Reason::Overrun { started, blackout },
    };
    next.strip = next.strip.push(if blackout.is_some() { Mark::Blind } else { Mark::Down });
    flip(next, Status::Down, deadline, reason, 0, effects);
    next.deadline = None;
}

fn flip(next: &mut State, to: Status, at: Time, reason: Reason, missed: u32, effects: &mut Vec<Effect>) {
    if next.status == to {
        return;
    }
    effects.push(Effect::Flip(Flip {
        from: next.status,
        to,
        at,
        reason,
        since: next.since,
        heard: next.last_ping,
        missed,
    }));
    next.status = to;
    next.since = at;
}

/// How many expected runs never came, from the slot that was awaited until `now`.
fn slots_missed(policy: &Policy, state: &State, now: Time) -> u32 {
    let Some(mut due) = state.due else { return 0 };
    let mut missed = 0;
    while due + policy.grace <= now && missed < MAX_MISSED {
        missed += 1;
        match policy.schedule.next_after(due) {
            Some(after) => due = after,
            None => break,
        }
    }
    missed
}
