//! The state machine of a check: `step(policy, state, event, now) -> (state, effects)`.
//!
//! The same function serves live pings, the passing of time and replays. It reads no clock and cannot fail.

mod due;
mod step;

use uuid::Uuid;

use super::schedule::Schedule;
use super::strip::Strip;
use super::{Span, Time, ping};

pub use due::MAX_MISSED;
pub use step::{OVERTAKEN, deadline_after, step};

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
    /// The smallest of grace, 10 % of the gap to the nearest other slot, and 10 minutes.
    Auto,
    /// This much, but never more than half of that gap. Zero switches it off.
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

    /// The status for a reader at `now`: see [`Outlook::shown`].
    #[must_use]
    pub fn shown(&self, now: Time) -> Shown {
        self.outlook().shown(now)
    }

    /// When the next sign of life is expected: see [`Outlook::next_ping`].
    #[must_use]
    pub fn next_ping(&self, now: Time) -> Option<Time> {
        self.outlook().next_ping(now)
    }

    fn outlook(&self) -> Outlook {
        let run = self.run.map(|run| run.at);
        Outlook { status: self.status, run, due: self.due, deadline: self.deadline }
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

/// What a reader's view of a check depends on, as time passes: a part of its [`State`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    pub status: Status,
    /// When the open run began.
    pub run: Option<Time>,
    pub due: Option<Time>,
    pub deadline: Option<Time>,
}

impl Outlook {
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
                [due, self.run].into_iter().flatten().min()
            }
        }
    }
}

/// What a deadline is about, and from when on its grace counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

#[cfg(test)]
mod tests;
