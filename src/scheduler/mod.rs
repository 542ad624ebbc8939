//! What happens because time passed: checks that go down, and blackouts of Maibo itself.
//!
//! Everything is a `tick(now)`; [`Scheduler::run`] only decides when to tick.
pub mod backups;
pub mod housekeeping;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::core::check::{Blackout, Effect, Event, deadline_after, step};
use crate::core::{Span, Time};
use crate::ingest::Writer;
use crate::meters::Meters;
use crate::store::changes::{Changes, Wake};
use crate::store::checks::{self, Check};
use crate::store::{Db, StoreError, WriteTx, blackouts, canaries, nodes, write_tx};
use crate::wake::Wakes;

/// Longest sleep: the command line and other processes write deadlines too.
const POLL: Span = Span::seconds(1);
/// How much longer than planned a sleep may be before it counts as a blackout.
const TOLERANCE: Span = Span::seconds(1);
/// How often the mark is left by which the next start knows how long nobody was there.
const MARK_EVERY: Span = Span::seconds(3);
/// How old the mark may be while another server leaves it.
const MARK_AGE: Span = Span::seconds(5);
/// How long a deadline is left alone while other processes take pings: a ping that reached one of them just before
/// it is durable by then.
const SETTLE: Span = Span::milliseconds(100);
/// How long to wait for checks that are due but in another server's hands.
const IN_OTHER_HANDS: Span = Span::milliseconds(20);
/// Checks that are stepped in one transaction.
const BATCH: i64 = 500;
/// Checks that go down because of one blackout within this time of each other are told together.
const GATHER: Span = Span::seconds(60);
/// Room for the rest of a batch to be written before its message goes out.
const GATHER_SLACK: Span = Span::seconds(1);
/// How far back blackouts can matter: the longest period plus the longest grace, twice.
const BLACKOUTS_MATTER: Span = Span::days(4 * 365);

/// Watches deadlines.
pub struct Scheduler {
    db: Db,
    clock: Arc<dyn Clock>,
    /// Where this process takes pings itself.
    writer: Option<Writer>,
    wakes: Wakes,
    meters: Arc<Meters>,
    /// Whether other processes take pings, as known since the last mark.
    others_take_pings: bool,
    /// When this process was last known to be alive, and until when it meant to sleep.
    alive: Option<Alive>,
    marked: Option<Time>,
}

#[derive(Debug, Clone, Copy)]
struct Alive {
    at: Time,
    next: Time,
}

/// What a tick found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticked {
    /// Checks that went down.
    pub went_down: usize,
    /// When to tick again, unless something earlier comes up.
    pub next: Time,
}

impl Scheduler {
    #[must_use]
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        writer: Option<Writer>,
        wakes: Wakes,
        meters: Arc<Meters>,
    ) -> Self {
        Self { db, clock, writer, wakes, meters, others_take_pings: false, alive: None, marked: None }
    }

    /// Ticks until `stop`, and leaves a last mark.
    pub async fn run(mut self, stop: CancellationToken) {
        let deadlines = Arc::clone(&self.wakes.deadlines);
        loop {
            let now = self.clock.now();
            let next = match self.tick(now).await {
                Ok(ticked) => ticked.next,
                Err(error) => {
                    tracing::error!(%error, "deadlines cannot be watched: the database does not answer");
                    now + POLL
                }
            };
            let sleep = (next - self.clock.now()).to_std().unwrap_or(Duration::ZERO);
            tokio::select! {
                () = stop.cancelled() => break,
                () = deadlines.notified() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
        if let Err(error) = blackouts::mark_alive(&self.db, self.clock.now()).await {
            tracing::warn!(%error, "the last sign of life could not be stored");
        }
    }

    /// Does everything that is due at `now`.
    pub async fn tick(&mut self, now: Time) -> Result<Ticked, StoreError> {
        // A database that keeps us waiting keeps pings waiting too, and then has them refused: while we knock,
        // nobody is there.
        blackouts::last_alive(&self.db).await?;
        let now = self.clock.now().max(now);
        let mark = self.marked.is_none_or(|marked| (now - marked).abs() >= MARK_EVERY);
        if mark || self.writer.is_none() {
            self.look_for_others().await?;
        }
        if self.writer.is_none() && !self.others_take_pings {
            // While nobody takes pings, silence means nothing: no deadline is looked at, no mark is left, and what
            // follows is a blackout.
            return Ok(Ticked { went_down: 0, next: now + POLL });
        }
        if let Some(alive) = self.alive {
            self.meters.lag.observe_span(now - alive.next);
        }
        self.notice_blackout(now).await?;
        let settle = if self.others_take_pings { SETTLE } else { Span::zero() };
        let went_down = self.step_due(now, now - settle).await?;
        if mark {
            blackouts::mark_alive(&self.db, now).await?;
            self.marked = Some(now);
            if canaries::queue(&self.db, now).await? > 0 {
                self.wakes.outbox.notify_one();
            }
        }
        let wake = checks::next_wake(&self.db).await?.map(|wake| wake + settle);
        let next = match wake {
            // What is due still, another server has in hand.
            Some(wake) if wake <= now => now + IN_OTHER_HANDS,
            Some(wake) => wake.min(now + POLL),
            None => now + POLL,
        };
        self.wakes.plan(next);
        // Work that took long is no absence: pings were taken all the while.
        let after = self.clock.now().max(now);
        self.alive = Some(Alive { at: after, next: next.max(after) });
        Ok(Ticked { went_down, next })
    }

    async fn look_for_others(&mut self) -> Result<(), StoreError> {
        let before = self.others_take_pings;
        self.others_take_pings = nodes::others_take_pings(&self.db).await?;
        if self.writer.is_none() && before && !self.others_take_pings {
            tracing::warn!("no server takes pings any more; deadlines wait until one does");
        }
        Ok(())
    }

    /// Compares the time with what was planned, and records the gap when nobody was watching.
    async fn notice_blackout(&mut self, now: Time) -> Result<(), StoreError> {
        let (own, cause) = match self.alive {
            None => (None, "stopped"),
            Some(alive) if now > alive.next + TOLERANCE => (Some(alive.at), "stalled"),
            Some(_) => return Ok(()),
        };
        if let Some(gap) = blackouts::record_gap(&self.db, own, now, MARK_AGE, cause).await? {
            self.marked = Some(now);
            tracing::warn!(blackout.id = gap.id, from = %gap.from, to = %gap.to, cause, "Maibo was away");
        }
        Ok(())
    }

    /// Steps every check whose deadline has passed at `until`.
    async fn step_due(&mut self, now: Time, until: Time) -> Result<usize, StoreError> {
        let due_by = |wake: Option<Time>| wake.is_some_and(|wake| wake <= until);
        if !due_by(checks::next_wake(&self.db).await?) {
            return Ok(0);
        }
        // Pings that were handed in before now are committed first: they may be the ones that are awaited.
        if let Some(writer) = &self.writer {
            writer.fence().await;
        }
        let known = blackouts::since(&self.db, now - BLACKOUTS_MATTER).await?;
        let mut went_down = 0;
        loop {
            let (looked, down) = write_tx!(self.db, |tx| step_batch(tx, &known, now, until).await?);
            went_down += down;
            if looked < BATCH {
                break;
            }
        }
        if went_down > 0 {
            tracing::info!(checks = went_down, "checks went down");
            self.wakes.outbox.notify_one();
        }
        Ok(went_down)
    }
}

/// Steps up to [`BATCH`] checks as of `until`; gives how many were looked at, and how many went down.
async fn step_batch(
    tx: &mut WriteTx,
    known: &[Blackout],
    now: Time,
    until: Time,
) -> Result<(i64, usize), StoreError> {
    let due = checks::claim_due(tx, until, BATCH).await?;
    if due.is_empty() {
        return Ok((0, 0));
    }
    let mut changes = Changes::new(now);
    let mut went_down = 0;
    let mut stepped = Vec::with_capacity(due.len());
    for check in due {
        let (state, effects) = step(&check.policy(), &check.state(), Event::Tick { blackouts: known }, until);
        stepped.push((check, state, effects));
    }
    let blind = stepped.iter().flat_map(|(_, _, effects)| effects).any(|effect| match effect {
        Effect::Flip(flip) => flip.reason.blackout().is_some(),
        _ => false,
    });
    let tell_at = if blind { gather_until(tx, known, now).await? } else { now };
    for (check, state, effects) in &stepped {
        went_down += effects.iter().filter(|effect| matches!(effect, Effect::Flip(_))).count();
        changes.state(check, state, Wake::Rearm);
        changes.effects(check.id, effects, None, tell_at);
    }
    changes.write(tx).await?;
    Ok((i64::try_from(stepped.len()).unwrap_or(BATCH), went_down))
}

/// Until when the alerts of a blackout wait for each other: the last deadline, within [`GATHER`], of a check that
/// the blackout touched and that may still go down.
async fn gather_until(tx: &mut WriteTx, known: &[Blackout], now: Time) -> Result<Time, StoreError> {
    let Some(blackout) = known.last() else { return Ok(now + GATHER_SLACK) };
    let soon = checks::due(tx, now + GATHER, 5000).await?;
    let touched = |check: &Check| {
        let state = check.state();
        let awaited = state.run.map(|run| run.at).or(state.due);
        let deadline = deadline_after(&check.policy(), &state, known)?;
        (awaited? <= blackout.to && deadline <= now + GATHER).then_some(deadline)
    };
    let last = soon.iter().filter_map(touched).max().unwrap_or(now);
    Ok(last.max(now) + GATHER_SLACK)
}

#[cfg(test)]
mod tests;
