//! Delivers what the outbox holds: claim → load → send → judge → record.
//!
//! One task claims and records, each in one transaction for many alerts; every message is sent by a task of its
//! own, a few per channel at once, so that a slow channel delays no other.
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::load;
use super::outcome::{SendError, Sent};
use super::post::Post;
use super::recipient::recipient;
use super::{Family, Settings, driver};
use crate::clock::Clock;
use crate::core::{Span, Time};
use crate::meters::Meters;
use crate::rng;
use crate::store::attempts::{self, Fate, Finished};
use crate::store::outbox::{self, Claimed, Manner, Policy, Shares};
use crate::store::{Db, StoreError};
use crate::wake::Wakes;

/// Messages of one channel that may be under way at once.
const PER_CHANNEL: usize = 4;
/// Messages that may be under way at once in all, but for slow ones.
const AT_ONCE: usize = 256;
/// When a message under way counts as slow, and its channel with it, until one goes quickly again.
const SLOW: Span = Span::seconds(2);
/// Slow messages that may be under way at once, one for each channel. They take no room from the others: a vendor that
/// hangs makes all its channels hang, and nobody else's.
const SLOW_AT_ONCE: usize = 512;
/// Slow channels that are remembered when nothing of theirs is under way.
const SLOW_KNOWN: usize = 20_000;
/// How long a claimed alert stays ours: longer than any send may take.
const LEASE: Span = Span::seconds(90);
/// Longest sleep between two looks at the outbox: other processes write to it too.
const POLL: Duration = Duration::from_secs(1);
/// How long to wait for what is due and not to be had, while nothing of ours is under way.
const ELSEWHERE: Duration = Duration::from_millis(200);
/// How long a stopping server waits for messages that are under way.
const FAREWELL: Duration = Duration::from_secs(10);
/// What a vendor's limit is counted over.
const MINUTE: Span = Span::seconds(60);
/// How long an alert is tried before it is given up.
const GIVE_UP: Span = Span::hours(24);

/// Waits before the second, third, … try; after the last one every hour, until a day has passed.
const WAITS: [Span; 5] =
    [Span::seconds(5), Span::seconds(30), Span::minutes(2), Span::minutes(10), Span::minutes(30)];

/// Tries that an alert has before it is given up, however old it is: those before the hourly ones.
const FAIR_TRIES: i64 = 5;

/// What the queue must know about kinds of channels.
const POLICY: Policy = Policy { manner, room, rank };

/// How many messages somebody with this limit per minute may get now, after those of the last minute. Two thirds go
/// as they come; what follows goes together, at intervals that use up the rest, so that a storm is told within
/// seconds and not a minute later.
fn room(limit: usize, sent: &[Time], now: Time) -> usize {
    let singles = limit * 2 / 3;
    if sent.len() < singles {
        return singles - sent.len();
    }
    let interval = MINUTE / i32::try_from(limit - singles).unwrap_or(1).max(1);
    let rested = sent.last().is_none_or(|last| now - *last >= interval);
    usize::from(rested && sent.len() < limit)
}

/// How a channel wants to be told.
fn manner(kind: &str, settings: &Settings) -> Manner {
    let Some(driver) = driver(kind) else { return Manner::default() };
    Manner {
        each: driver.each,
        // Programs hear of each change, in order.
        both: !driver.each && driver.family != Family::Machine,
        limit: driver.per_minute.map(|limit| (recipient(driver, settings), limit)),
    }
}

/// Who is told that another channel died: mails first, then people's chats and phones, last what costs money or wakes
/// somebody up. Never programs.
pub fn rank(kind: &str) -> Option<u8> {
    match driver(kind)?.family {
        Family::Mail => Some(0),
        Family::Chat | Family::Push => Some(1),
        Family::Sms | Family::Incident => Some(2),
        Family::Machine => None,
    }
}

/// What is to be done with an alert after a try at `now`. `first`: when it was queued; `tries`: with this one.
fn fate(outcome: &Result<Option<Sent>, SendError>, first: Time, tries: i64, now: Time, jitter: f64) -> Fate {
    match outcome {
        Ok(Some(_)) => Fate::Sent,
        Ok(None) => Fate::Skipped,
        Err(SendError::Permanent(_) | SendError::Rejected(_)) => Fate::Dead,
        // What waited a day for its turn has not been tried for a day.
        Err(SendError::Retry { .. }) if now - first >= GIVE_UP && tries > FAIR_TRIES => Fate::Dead,
        Err(SendError::Waits { .. }) if now - first >= GIVE_UP => Fate::Dead,
        Err(SendError::Waits { look_again, .. }) => {
            Fate::Waits(now + Span::from_std(*look_again).unwrap_or_default())
        }
        Err(SendError::Retry { after, .. }) => {
            let planned = usize::try_from(tries).ok().and_then(|tries| WAITS.get(tries.saturating_sub(1)));
            let seconds = planned.map_or(3600, Span::num_seconds);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "at most 72 minutes"
            )]
            let wait = Span::milliseconds((seconds as f64 * 1000.0 * jitter) as i64);
            let asked = after.and_then(|after| Span::from_std(after).ok()).unwrap_or_default();
            Fate::Again(now + wait.max(asked))
        }
    }
}

/// The dispatcher. [`Dispatcher::run`] is its loop.
pub struct Dispatcher {
    db: Db,
    clock: Arc<dyn Clock>,
    post: Post,
    wakes: Wakes,
    meters: Arc<Meters>,
    tasks: TaskTracker,
    under_way: UnderWay,
    /// The channel that was served last.
    after: i64,
    done: mpsc::UnboundedReceiver<Finished>,
    report: mpsc::UnboundedSender<Finished>,
    unrecorded: Vec<Finished>,
}

impl Dispatcher {
    #[must_use]
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        post: Post,
        wakes: Wakes,
        meters: Arc<Meters>,
        tasks: TaskTracker,
    ) -> Self {
        // Unbounded, but never longer than what is under way.
        let (report, done) = mpsc::unbounded_channel();
        Self {
            db,
            clock,
            post,
            wakes,
            meters,
            tasks,
            under_way: UnderWay::default(),
            after: 0,
            done,
            report,
            unrecorded: Vec::new(),
        }
    }

    /// Delivers until `stop`; then waits a little for what is under way and records it.
    pub async fn run(mut self, stop: CancellationToken) {
        let outbox = Arc::clone(&self.wakes.outbox);
        let mut sleep = Duration::ZERO;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = outbox.notified() => {}
                Some(finished) = self.done.recv() => self.take(finished),
                () = tokio::time::sleep(sleep) => {}
            }
            sleep = match self.turn().await {
                Ok(sleep) => sleep,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read or written; trying again");
                    POLL
                }
            };
        }
        let farewell = async {
            while self.under_way.count() > 0 {
                let Some(finished) = self.done.recv().await else { break };
                self.take(finished);
            }
        };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!(
                "some messages were still under way; they will be sent again after the next start"
            );
        }
        if let Err(error) = self.record().await {
            tracing::error!(%error, "the last outcomes could not be recorded; those messages will be sent again");
        }
    }

    fn take(&mut self, finished: Finished) {
        let mut take = |finished: Finished| {
            self.under_way.ended(finished.channel_id, finished.at, finished.took);
            self.unrecorded.push(finished);
        };
        take(finished);
        while let Ok(finished) = self.done.try_recv() {
            take(finished);
        }
    }

    async fn record(&mut self) -> Result<(), StoreError> {
        if !self.unrecorded.is_empty() {
            attempts::record_all(&self.db, &self.unrecorded, POLICY).await?;
            self.unrecorded.clear();
        }
        Ok(())
    }

    /// Records what is done, claims what is due, starts sending it. Gives how long to sleep at most.
    async fn turn(&mut self) -> Result<Duration, StoreError> {
        let now = self.clock.now();
        let next = outbox::next_at(&self.db).await?;
        let quick = self.under_way.age(now);
        let due = next.is_some_and(|at| at <= now);
        if !due || quick >= AT_ONCE {
            self.record().await?;
            let until = next.map_or(POLL, |at| (at - now).to_std().unwrap_or(Duration::ZERO));
            return Ok(if due { POLL } else { until.min(POLL) });
        }
        let shares = self.under_way.shares(self.after);
        let (claimed, after) =
            outbox::exchange(&self.db, &self.unrecorded, now, LEASE, &shares, POLICY).await?;
        self.unrecorded.clear();
        self.after = after;
        let none = claimed.is_empty();
        for message in messages(claimed) {
            let channel_id = message[0].channel_id;
            self.under_way.began(channel_id, now);
            let sender = Sender {
                db: self.db.clone(),
                clock: Arc::clone(&self.clock),
                post: self.post.clone(),
                meters: Arc::clone(&self.meters),
                report: self.report.clone(),
            };
            self.tasks.spawn(async move { sender.deliver(message).await });
        }
        Ok(match (none && after == 0, self.under_way.count()) {
            (false, _) => Duration::ZERO,
            // What is due but not to be had waits for a channel that is busy: its result wakes us,
            (true, 1..) => POLL,
            // or for another server, or for the vendor's limit.
            (true, 0) => ELSEWHERE,
        })
    }
}

/// What is being sent, by channel, and which channels are slow.
#[derive(Default)]
struct UnderWay {
    /// When each message of a channel was begun.
    began: HashMap<i64, Vec<Time>>,
    slow: BTreeSet<i64>,
}

impl UnderWay {
    fn count(&self) -> usize {
        self.began.values().map(Vec::len).sum()
    }

    fn began(&mut self, channel_id: i64, now: Time) {
        self.began.entry(channel_id).or_default().push(now);
    }

    fn ended(&mut self, channel_id: i64, at: Time, took: Span) {
        if let Some(began) = self.began.get_mut(&channel_id) {
            // That of this message, or the one nearest to it: it began a moment before it was sent.
            let nearest = began.iter().rposition(|began| *began <= at).unwrap_or(0);
            began.remove(nearest.min(began.len().saturating_sub(1)));
            if began.is_empty() {
                self.began.remove(&channel_id);
            }
        }
        if took < SLOW {
            self.slow.remove(&channel_id);
        } else {
            self.slow.insert(channel_id);
        }
    }

    /// Marks channels as slow whose messages take long; gives how many messages of others are under way.
    fn age(&mut self, now: Time) -> usize {
        let long = self.began.iter().filter(|(_, began)| began.iter().any(|began| now - *began >= SLOW));
        self.slow.extend(long.map(|(id, _)| *id));
        if self.slow.len() > SLOW_KNOWN {
            self.slow.retain(|id| self.began.contains_key(id));
        }
        self.began.iter().filter(|(id, _)| !self.slow.contains(id)).map(|(_, began)| began.len()).sum()
    }

    /// Who may get how much now.
    fn shares(&self, after: i64) -> Shares {
        let slow_now: usize = self.slow.iter().filter_map(|id| self.began.get(id)).map(Vec::len).sum();
        let full = self
            .began
            .iter()
            .filter(|(id, began)| began.len() >= if self.slow.contains(id) { 1 } else { PER_CHANNEL });
        let mut busy: Vec<i64> = full.map(|(id, _)| *id).collect();
        if slow_now >= SLOW_AT_ONCE {
            busy.extend(&self.slow);
        }
        Shares { per_channel: PER_CHANNEL, busy, slow: self.slow.clone(), after }
    }
}

/// Puts claimed alerts together that are told in one message.
fn messages(claimed: Vec<Claimed>) -> Vec<Vec<Claimed>> {
    let mut messages: Vec<Vec<Claimed>> = Vec::new();
    let mut groups: HashMap<(i64, String), usize> = HashMap::new();
    for row in claimed {
        match row.group.clone() {
            None => messages.push(vec![row]),
            Some(group) => {
                let key = (row.channel_id, group);
                let at = *groups.entry(key).or_insert(messages.len());
                if at == messages.len() {
                    messages.push(Vec::new());
                }
                messages[at].push(row);
            }
        }
    }
    messages
}

struct Sender {
    db: Db,
    clock: Arc<dyn Clock>,
    post: Post,
    meters: Arc<Meters>,
    report: mpsc::UnboundedSender<Finished>,
}

impl Sender {
    async fn deliver(self, message: Vec<Claimed>) {
        let Some(first) = message.first() else { return };
        let at = self.clock.now();
        let (kind, outcome) = self.attempt(&message).await;
        let took = (self.clock.now() - at).max(Span::zero());
        let jitter = rng::jitter();
        let fates: Vec<(i64, Fate)> = message
            .iter()
            .map(|row| (row.id, fate(&outcome, row.since(), row.attempts, at + took, jitter)))
            .collect();
        // What is told of the message as a whole: the best that became of any of it.
        let dead = fates.iter().any(|(_, fate)| *fate == Fate::Dead);
        let fate = fates.iter().map(|(_, fate)| *fate).find(|fate| *fate != Fate::Dead).unwrap_or(Fate::Dead);
        let (detail, breaks_channel) = match &outcome {
            Ok(Some(Sent(said))) => (said.clone(), false),
            Ok(None) => (String::new(), false),
            // One that has failed for a whole day is as good as dead.
            Err(error) => (
                error.to_string(),
                match error {
                    SendError::Permanent(_) => true,
                    SendError::Retry { .. } | SendError::Waits { .. } => dead,
                    SendError::Rejected(_) => false,
                },
            ),
        };
        log(first, message.len(), fate, &detail);
        if let Some(kind) = kind {
            self.count(&kind, message.len(), fate);
            if !matches!(fate, Fate::Skipped | Fate::Waits(_)) {
                self.meters.took(&kind, took);
            }
        }
        let finished = Finished { channel_id: first.channel_id, fates, at, took, detail, breaks_channel };
        // The dispatcher is gone only when the process is; the lease then brings the alert back.
        drop(self.report.send(finished));
    }

    /// One try, and the kind of the channel if that is still there.
    async fn attempt(&self, message: &[Claimed]) -> (Option<String>, Result<Option<Sent>, SendError>) {
        let broken_store = |error: StoreError| Err(SendError::retry(error.to_string()));
        let Some(first) = message.first() else { return (None, Ok(None)) };
        let channel = match outbox::channel(&self.db, first.channel_id).await {
            Ok(Some(channel)) => channel,
            Ok(None) => return (None, Ok(None)),
            Err(error) => return (None, broken_store(error)),
        };
        let send = async |message: &[Claimed]| match load::load(&self.db, &self.post.links, &channel, message)
            .await
        {
            Ok(Some(alert)) => self.post.send(&channel, &alert, self.clock.now()).await,
            Ok(None) => Ok(None),
            Err(error) => broken_store(error),
        };
        let outcome = match send(message).await {
            // Not told about recoveries, and so not about one that nobody knows the beginning of: that goes alone.
            Ok(None) if message.iter().any(|row| row.kind == "up") => {
                let downs: Vec<Claimed> = message.iter().filter(|row| row.kind == "down").cloned().collect();
                if downs.is_empty() { Ok(None) } else { send(&downs).await }
            }
            outcome => outcome,
        };
        (Some(channel.kind), outcome)
    }

    fn count(&self, kind: &str, alerts: usize, fate: Fate) {
        let alerts = u64::try_from(alerts).unwrap_or(u64::MAX);
        self.meters.count_alerts(kind, |told| match fate {
            Fate::Sent => told.sent += alerts,
            Fate::Again(_) => told.retried += alerts,
            Fate::Dead => told.given_up += alerts,
            Fate::Skipped | Fate::Waits(_) => {}
        });
    }
}

fn log(first: &Claimed, alerts: usize, fate: Fate, detail: &str) {
    let (id, tries) = (first.id, first.attempts);
    match fate {
        Fate::Sent => tracing::info!(outbox.id = id, channel.id = first.channel_id, alerts, "alert sent"),
        Fate::Skipped => {}
        Fate::Waits(_) => {
            tracing::info!(outbox.id = id, channel.id = first.channel_id, detail, "alert not sent yet");
        }
        Fate::Again(_) => {
            tracing::warn!(
                outbox.id = id,
                channel.id = first.channel_id,
                tries,
                detail,
                "alert not sent, will be tried again"
            );
        }
        Fate::Dead => {
            tracing::error!(outbox.id = id, channel.id = first.channel_id, tries, detail, "alert given up");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_trying_before_an_alert_is_given_up() {
        let first: Time = "2026-01-01T00:00:00Z".parse().unwrap();
        let refused = Err(SendError::retry("connection refused"));
        let mut now = first;
        let mut waits = Vec::new();
        for tries in 1.. {
            match fate(&refused, first, tries, now, 1.0) {
                Fate::Again(at) => {
                    waits.push((at - now).num_seconds());
                    now = at;
                }
                other => {
                    assert_eq!(other, Fate::Dead);
                    break;
                }
            }
        }
        assert_eq!(waits[..6], [5, 30, 120, 600, 1800, 3600]);
        assert!(now - first >= GIVE_UP && now - first <= GIVE_UP + Span::hours(1));
    }

    #[test]
    fn a_channel_never_gets_more_than_its_limit_in_any_minute() {
        let start: Time = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut sent: Vec<Time> = Vec::new();
        let mut all = Vec::new();
        for tenth in 0..3000 {
            let now = start + Span::milliseconds(100 * tenth);
            sent.retain(|at| now - *at < MINUTE);
            if room(15, &sent, now) > 0 {
                sent.push(now);
                all.push(now);
            }
            assert!(sent.len() <= 15);
        }
        assert_eq!(all.iter().filter(|at| **at - start < Span::seconds(1)).count(), 10);
        assert_eq!(all[10] - all[9], Span::seconds(12), "and the storm goes on in digests");
    }

    #[test]
    fn the_vendors_hint_is_honoured() {
        let now: Time = "2026-01-01T00:00:00Z".parse().unwrap();
        let throttled = Err(SendError::Retry { reason: "429".into(), after: Some(Duration::from_mins(1)) });
        assert_eq!(fate(&throttled, now, 1, now, 1.0), Fate::Again(now + Span::seconds(60)));
    }
}
