//! When the next ping is expected, and how many expected ones never came.
use super::{Early, Policy, State, Status};
use crate::core::{Span, Time};

/// Most missed runs that are counted one by one; more are reported as this many.
pub const MAX_MISSED: u32 = 1000;

/// The next slot after a ping at `at`, counting an early ping for the slot that it anticipates.
/// `before` is the state that the ping met.
pub(super) fn after_ping(policy: &Policy, before: &State, at: Time) -> Option<Time> {
    let slot = policy.schedule.next_after(at)?;
    // A ping while a slot is still open answers that one, however close the next may be.
    if policy.schedule.is_period() || has_open_slot(policy, before, at) {
        return Some(slot);
    }
    match policy.schedule.next_after(slot) {
        Some(after) if anticipates(policy, at, slot, after) => Some(after),
        _ => Some(slot),
    }
}

/// Whether a slot has passed that may still be answered at `at`: its grace, and what a blackout added, lasts.
fn has_open_slot(policy: &Policy, state: &State, at: Time) -> bool {
    let Some(due) = state.due.filter(|due| state.status == Status::Up && *due <= at) else { return false };
    due.checked_add_signed(policy.grace).is_none_or(|end| at <= end)
        || state.deadline.is_some_and(|deadline| at <= deadline)
}

/// Whether a ping at `at` is near enough to `slot` to count for it; `after` is the slot that follows.
fn anticipates(policy: &Policy, at: Time, slot: Time, after: Time) -> bool {
    let (limit, share) = match policy.early {
        Early::Auto => (policy.grace.min(Span::minutes(10)), 10),
        Early::Within(span) => (span, 2),
    };
    let ahead = slot - at;
    let Some(room) = ahead.checked_mul(share).filter(|_| ahead <= limit) else { return false };
    // The gap before the slot counts like the one after it. Of 12:00, 12:10 and 18:00, a second ping at 12:03
    // belongs to 12:00: taken for 12:10, it would let that one go missing unnoticed.
    let free_after = slot.checked_add_signed(room).is_some_and(|end| end <= after);
    let free_before = slot
        .checked_sub_signed(room)
        .is_some_and(|start| policy.schedule.next_after(start).is_none_or(|next| next >= slot));
    free_after && free_before
}

/// What is expected once the policy has become `policy` at `now`.
///
/// A period counts from the last ping, whatever it was before. A calendar is another matter: nobody promised the
/// slots that lie before the edit, so a job moved from 02:00 to 03:00 at ten in the morning has missed nothing.
pub(super) fn after_edit(policy: &Policy, state: &State, now: Time) -> Option<Time> {
    let last = state.last_ping?;
    let slot = policy.schedule.next_after(last)?;
    if policy.schedule.is_period() {
        return Some(slot);
    }
    // Which slot the last ping counted for was settled when it came, by the tolerance of that time.
    if state.due.is_some_and(|due| due == slot || policy.schedule.next_after(slot) == Some(due)) {
        return state.due;
    }
    let candidate = after_ping(policy, state, last)?;
    if candidate > now {
        return Some(candidate);
    }
    match state.due {
        // What was late before the edit stays late: an edit hides no missed run.
        Some(due) if due <= now => Some(due.max(candidate)),
        _ => policy.schedule.next_after(now),
    }
}

/// How many slots, from the awaited one on, were still unanswered when their grace had ended at `at`.
pub(super) fn missed_by(policy: &Policy, state: &State, at: Time) -> u32 {
    let mut missed = 0;
    let mut slot = state.due;
    while let Some(due) = slot
        && missed < MAX_MISSED
        && due.checked_add_signed(policy.grace).is_some_and(|end| end <= at)
    {
        missed += 1;
        slot = policy.schedule.next_after(due);
    }
    missed
}
