//! The transitions: what a ping, the passing of time or a hand on the check does to it.
use uuid::Uuid;

use super::due::{after_edit, after_ping, missed_by};
use super::{Awaited, Blackout, Effect, Event, Flip, Policy, Reason, Run, Shown, State, Status};
use crate::core::strip::{Mark, Strip};
use crate::core::{Span, Time, ping};

/// How much older a ping may be than what is recorded already and still count as one that was merely overtaken:
/// pings wait for the writer, and for each other. Anything older is a clock that stepped back, and then the new
/// time is believed, or a clock that once ran a year ahead would silence a check for that year.
pub const OVERTAKEN: Span = Span::seconds(10);

/// Applies one event and says what must follow. Pure: same input, same output.
#[must_use]
pub fn step(policy: &Policy, state: &State, event: Event<'_>, now: Time) -> (State, Vec<Effect>) {
    let mut next = *state;
    let mut effects = Vec::new();
    let asleep = state.status == Status::Paused && policy.manual_resume;
    match event {
        Event::Ping { kind, exit_status, rid } => match kind {
            ping::Kind::Ignored => effects.push(Effect::Ignored),
            _ if asleep => effects.push(Effect::Ignored),
            ping::Kind::Log => {}
            ping::Kind::Start => started(policy, &mut next, rid, now),
            ping::Kind::Success => heard(policy, &mut next, Reason::Success, rid, now, &mut effects),
            ping::Kind::Fail => {
                let reason = match exit_status {
                    Some(n) if n > 0 => Reason::Exit(n),
                    _ => Reason::Fail,
                };
                heard(policy, &mut next, reason, rid, now, &mut effects);
            }
        },
        // A run that began before the check asked for a hand: no ping could end it any more.
        Event::Tick { .. } if asleep => rest(&mut next),
        Event::Tick { blackouts } => {
            next.deadline = deadline_after(policy, state, blackouts);
            if let Some(deadline) = next.deadline.filter(|deadline| *deadline <= now) {
                go_down(policy, &mut next, deadline, blackouts, &mut effects);
            }
        }
        Event::Edited => {
            if matches!(state.status, Status::Up | Status::Down) {
                next.due = after_edit(policy, state, now);
            }
            if asleep {
                rest(&mut next);
            }
            // Nobody goes down at a moment that only the new settings put into the past.
            next.deadline = natural_deadline(policy, &next).map(|deadline| deadline.max(now));
        }
        // A check that is paused already may have a run, which ends as well.
        Event::Pause => {
            rest(&mut next);
            flip(&mut next, Status::Paused, now, Reason::Paused, 0, &mut effects);
        }
        Event::Resume => {
            if state.status == Status::Paused {
                rest(&mut next);
                flip(&mut next, Status::New, now, Reason::Resumed, 0, &mut effects);
                next.last_ping = None;
            }
        }
    }
    (next, effects)
}

/// Nothing is expected any more.
fn rest(next: &mut State) {
    next.run = None;
    next.due = None;
    next.deadline = None;
}

/// A run begins.
fn started(policy: &Policy, next: &mut State, rid: Option<Uuid>, now: Time) {
    let ended_already = next.last_ping.is_some_and(|last| overtaken(now, last))
        // A failure ends any run. So does a success, unless it names another; which one it named is not known any
        // more, so a run with an id is opened: better one alarm too many than a hung run unseen.
        && (rid.is_none() || last_was_failure(next));
    let superseded = next.run.is_some_and(|run| overtaken(now, run.at));
    let paused_since = next.status == Status::Paused && overtaken(now, next.since);
    if ended_already || superseded || paused_since {
        return;
    }
    let before = next.awaited();
    next.run = Some(Run { at: now, id: rid });
    // A slot that is awaited as before keeps its deadline, which a blackout may have moved.
    if next.awaited() != before {
        // What an edit kept from going down in the past stays kept from it.
        let floor = next.deadline.map_or(now, |deadline| deadline.min(now));
        next.deadline = natural_deadline(policy, next).map(|deadline| deadline.max(floor));
    }
}

/// A success or a failure: ends runs, changes the status, sets what is expected next.
///
/// A deadline that passed unrecorded is let go: it is the scheduler's to judge, which alone knows whether Maibo
/// itself was away, and which lets pings that were handed in before go first.
fn heard(
    policy: &Policy,
    next: &mut State,
    reason: Reason,
    rid: Option<Uuid>,
    now: Time,
    effects: &mut Vec<Effect>,
) {
    let before = *next;
    let failed = reason != Reason::Success;

    next.last_duration = None;
    if let Some(run) = next.run {
        if run.id == rid {
            let took = (now - run.at).max(Span::zero());
            next.last_duration = Some(took);
            next.run = None;
            effects.push(Effect::RunClosed(took));
        } else if failed || rid.is_none() || told_of(policy, &before, run) {
            // The last case is ours: people heard that this run is overdue, so another run's success must not be
            // answered by going down for it again.
            next.run = None;
        }
    }

    let missed = missed_by(policy, &before, now);
    let mark = match (failed, before.shown(now)) {
        (true, _) => Mark::Down,
        // Down only by the clock, not yet recorded: the ping was faster than the scheduler.
        (false, Shown::Late | Shown::Down) if before.status == Status::Up => Mark::Late,
        (false, _) => Mark::Up,
    };
    next.strip = match before.status {
        // Slots that passed unheard while the check was down, beyond those that were marked when it went down.
        Status::Down => fill(next.strip, Mark::Down, missed.saturating_sub(marked(policy, &before))),
        // They passed and it did not go down: nobody was watching. This ping stands for the last of them.
        Status::Up => fill(next.strip, Mark::Blind, missed.saturating_sub(1)),
        Status::New | Status::Paused => next.strip,
    };
    next.strip = next.strip.push(mark);

    let late_news = before.last_ping.filter(|last| overtaken(now, *last));
    let heard_at = late_news.unwrap_or(now);
    let to = match before.status {
        // A ping that was sent before the check was paused does not resume it.
        Status::Paused if overtaken(now, before.since) => Status::Paused,
        // A success from before the last ping takes nothing back of what stood after that: neither a failure nor
        // the silence that followed.
        Status::Down if late_news.is_some() => Status::Down,
        _ if failed => Status::Down,
        _ => Status::Up,
    };
    let missed = if before.status == Status::Down { missed } else { 0 };
    flip(next, to, now, reason, missed, effects);
    next.last_ping = Some(heard_at);
    next.due = match (to, before.due) {
        (Status::Paused, _) => None,
        (_, Some(due)) if late_news.is_some() => Some(due),
        _ => after_ping(policy, &before, heard_at),
    };
    // The clock goes on from here: a run that is overdue and that nobody was told about goes down now.
    next.deadline = natural_deadline(policy, next).map(|deadline| deadline.max(heard_at));
}

/// Whether `at` lies so little before what is recorded already that only the order was lost.
fn overtaken(at: Time, recorded: Time) -> bool {
    at < recorded && recorded - at <= OVERTAKEN
}

/// Whether the last success or failure was a failure: a check that went down by the clock was heard before that.
fn last_was_failure(state: &State) -> bool {
    state.status == Status::Down && state.last_ping.is_some_and(|last| state.since <= last)
}

/// Whether the check went down when this run was overdue already.
fn told_of(policy: &Policy, state: &State, run: Run) -> bool {
    state.status == Status::Down
        && run.at.checked_add_signed(policy.grace).is_some_and(|end| end <= state.since)
}

/// How many slots have their mark since the check went down.
fn marked(policy: &Policy, state: &State) -> u32 {
    match state.due {
        Some(due) if due <= state.since => missed_by(policy, state, state.since).max(1),
        _ => 0,
    }
}

fn fill(strip: Strip, mark: Mark, times: u32) -> Strip {
    (0..times).take(Strip::LEN).fold(strip, |strip, _| strip.push(mark))
}

/// The deadline of what is awaited, before any blackout excuses it.
fn natural_deadline(policy: &Policy, state: &State) -> Option<Time> {
    state.awaited()?.at().checked_add_signed(policy.grace)
}

/// The deadline of this check after `blackouts`, oldest first: whatever fell due while Maibo was away has its
/// grace again.
///
/// Only ever later than the stored one. It starts from what is awaited as well, because an edit may have put the
/// stored deadline out of the blackout that excuses it.
#[must_use]
pub fn deadline_after(policy: &Policy, state: &State, blackouts: &[Blackout]) -> Option<Time> {
    let awaited = state.awaited()?.at();
    let stored = state.deadline?;
    let excused = |from: Time| {
        blackouts.iter().fold(from, |deadline, blackout| {
            let within = |at: Time| blackout.from <= at && at <= blackout.to;
            match blackout.to.checked_add_signed(policy.grace) {
                Some(again) if within(awaited) || within(deadline) => deadline.max(again),
                _ => deadline,
            }
        })
    };
    let natural = natural_deadline(policy, state).map_or(stored, excused);
    Some(excused(stored).max(natural))
}

fn go_down(
    policy: &Policy,
    next: &mut State,
    deadline: Time,
    blackouts: &[Blackout],
    effects: &mut Vec<Effect>,
) {
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
    let mark = if blackout.is_some() { Mark::Blind } else { Mark::Down };
    next.strip = fill(next.strip, mark, missed_by(policy, next, deadline).max(1));
    flip(next, Status::Down, deadline, reason, 0, effects);
    next.deadline = None;
}

fn flip(next: &mut State, to: Status, at: Time, reason: Reason, missed: u32, effects: &mut Vec<Effect>) {
    if next.status == to {
        return;
    }
    // Flips stand in the order in which they happened.
    let at = if overtaken(at, next.since) { next.since } else { at };
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
