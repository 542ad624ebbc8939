//! The one writer: takes every ping that is waiting, makes them durable in one transaction, answers everyone.
//!
//! While it commits, the next batch gathers: one sync serves hundreds of pings. Settings are read in the same
//! transaction, so there is no cache to invalidate.
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::body::Missing;
use crate::clock::Clock;
use crate::core::check::{Early, Effect, Event, OVERTAKEN, Policy, State, Status, step};
use crate::core::ping::{Asked, Kind, Mail, Rules};
use crate::core::schedule::Spec;
use crate::core::{Span, Time, slug};
use crate::meters::Meters;
use crate::rng;
use crate::store::bodies::StoredBody;
use crate::store::changes::{Changes, PingRow, Wake};
use crate::store::checks::{self, Channels, Check, Settings};
use crate::store::intake::{self, PingIds};
use crate::store::{Db, StoreError, WriteTx, write_tx};
use crate::wake::Wakes;

/// Pings that may wait for the writer; beyond that, senders wait, then hear 503.
const QUEUE: usize = 4096;
/// Most pings in one transaction.
const BATCH: usize = 512;
const _: () = assert!(BATCH <= intake::PING_IDS);
/// How long a ping may wait for a place in the queue.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most checks that pings with `?create=1` may bring a project to.
const MAX_CREATED: i64 = 20_000;

/// Which check a ping is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Uuid(Uuid),
    /// `create`: make the check when there is none.
    Slug {
        ping_key: String,
        slug: String,
        create: bool,
    },
    /// As by its slug; a check that is made because there is none is due on this schedule, with this grace.
    Planned {
        ping_key: String,
        slug: String,
        spec: Spec,
        grace: Span,
    },
}

impl Target {
    /// The ping key and the slug, where these name the check.
    fn name(&self) -> Option<(&str, &str)> {
        match self {
            Self::Uuid(_) => None,
            Self::Slug { ping_key, slug, .. } | Self::Planned { ping_key, slug, .. } => {
                Some((ping_key, slug))
            }
        }
    }

    /// The settings of the check to make when there is none.
    fn plan(&self) -> Option<Settings> {
        match self {
            Self::Uuid(_) | Self::Slug { create: false, .. } => None,
            Self::Slug { slug, .. } => Some(Settings { slug: slug.clone(), ..Settings::named(slug) }),
            Self::Planned { slug, spec, grace, .. } => Some(Settings {
                slug: slug.clone(),
                spec: spec.clone(),
                grace: *grace,
                early: Early::Auto,
                ..Settings::named(slug)
            }),
        }
    }
}

/// What is wrong with a ping, apart from its target. Told only once the target is known to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    ExitStatus,
    RunId,
    /// The body that decides ended too soon.
    Body,
}

/// A ping off the wire.
#[derive(Debug)]
pub struct Incoming {
    pub target: Target,
    pub at: Time,
    pub asked: Asked,
    pub fault: Option<Fault>,
    pub rid: Option<Uuid>,
    /// The sender waits for no answer before it tells the next thing, and gives no two runs the same id. A start that
    /// comes behind the end of its run then opens none: it would stand open until it counts as overrun.
    pub hasty: bool,
    /// The sender's own words say what happened, not an address that keywords may re-decide: a failure stays one.
    pub stated: bool,
    /// Where keywords decide, a ping whose body is cut short is not stored.
    pub missing: Option<Missing>,
    pub scheme: String,
    pub method: String,
    pub remote_addr: String,
    pub ua: String,
    /// What is kept of the body, as it came; keywords are searched in it.
    pub body: Vec<u8>,
    /// Of a ping that came as a mail: keywords are searched in this instead.
    pub mail: Option<Arc<Mail>>,
}

/// What the sender hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Durable.
    Ok,
    /// Durable, and the check was made for it.
    Created,
    NotFound,
    /// Two checks of the project have this slug.
    Ambiguous,
    Refused(Fault),
    /// Not stored; try again.
    Unavailable,
}

enum Command {
    Ping(Box<(Incoming, StoredBody)>, oneshot::Sender<Answer>),
    Fence(oneshot::Sender<()>),
}

/// The way into the writer's queue.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Command>,
}

impl Writer {
    /// The handle, and the task that must be run for it.
    #[must_use]
    pub fn new(db: Db, clock: Arc<dyn Clock>, wakes: Wakes, meters: Arc<Meters>) -> (Self, Task) {
        let (queue, commands) = mpsc::channel(QUEUE);
        (Self { queue }, Task { db, clock, wakes, meters, commands, ids: PingIds::default() })
    }

    /// Hands a ping in and waits until it is durable, or known not to be.
    pub async fn submit(&self, ping: Incoming, body: StoredBody) -> Answer {
        let (reply, answer) = oneshot::channel();
        let command = Command::Ping(Box::new((ping, body)), reply);
        match self.queue.try_send(command) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Closed(_)) => return Answer::Unavailable,
            Err(mpsc::error::TrySendError::Full(command)) => {
                match tokio::time::timeout(PATIENCE, self.queue.send(command)).await {
                    Ok(Ok(())) => {}
                    _ => return Answer::Unavailable,
                }
            }
        }
        answer.await.unwrap_or(Answer::Unavailable)
    }

    /// Returns once every ping handed in before is committed or refused.
    pub async fn fence(&self) {
        let (reply, done) = oneshot::channel();
        if self.queue.send(Command::Fence(reply)).await.is_ok() {
            drop(done.await);
        }
    }
}

/// The writer itself. Ends when every [`Writer`] handle is gone and the queue is empty.
pub struct Task {
    db: Db,
    clock: Arc<dyn Clock>,
    wakes: Wakes,
    meters: Arc<Meters>,
    commands: mpsc::Receiver<Command>,
    ids: PingIds,
}

type Waiting = (Incoming, StoredBody, oneshot::Sender<Answer>);

impl Task {
    pub async fn run(mut self) {
        let mut gathered = Vec::with_capacity(BATCH);
        while self.commands.recv_many(&mut gathered, BATCH).await > 0 {
            let mut pings: Vec<Waiting> = Vec::with_capacity(gathered.len());
            let mut fences = Vec::new();
            for command in gathered.drain(..) {
                match command {
                    Command::Ping(ping, reply) => pings.push((ping.0, ping.1, reply)),
                    Command::Fence(reply) => fences.push(reply),
                }
            }
            self.answer(pings).await;
            for fence in fences {
                // Who no longer waits has been cancelled.
                let _ = fence.send(());
            }
        }
    }

    /// Makes a batch durable: all of it or nothing.
    async fn commit(&mut self, pings: &[Waiting], now: Time) -> Result<(Vec<Answer>, Told), StoreError> {
        Ok(write_tx!(self.db, |tx| write(tx, &mut self.ids, pings, now).await?))
    }

    async fn answer(&mut self, pings: Vec<Waiting>) {
        if pings.is_empty() {
            return;
        }
        let now = self.clock.now();
        match self.commit(&pings, now).await {
            Ok((answers, told)) => {
                self.meters.batch_size.observe(u64::try_from(pings.len()).unwrap_or(u64::MAX));
                self.meters.commit.observe_span(self.clock.now() - now);
                let stored = answers.iter().filter(|answer| matches!(answer, Answer::Ok | Answer::Created));
                self.meters.pings_stored.add(stored.count());
                for ((_, _, reply), answer) in pings.into_iter().zip(answers) {
                    // The ping is durable whether or not its sender still listens.
                    let _ = reply.send(answer);
                }
                if told.alerts {
                    self.wakes.outbox.notify_one();
                }
                if let Some(at) = told.wake {
                    self.wakes.deadline_at(at);
                }
            }
            Err(error) => {
                tracing::error!(%error, pings = pings.len(), "pings could not be stored; their senders are told to try again");
                self.meters.pings_turned_away.add(pings.len());
                for (_, _, reply) in pings {
                    let _ = reply.send(Answer::Unavailable);
                }
            }
        }
    }
}

/// What others are to be woken for once the transaction is committed.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    alerts: bool,
    wake: Option<Time>,
}

/// A check as the batch goes on, with its parsed policy.
struct Live {
    check: Check,
    policy: Policy,
    state: State,
    touched: bool,
    /// Runs that hasty senders ended in this batch.
    ended: Vec<Uuid>,
}

async fn write(
    tx: &mut WriteTx,
    ids: &mut PingIds,
    pings: &[Waiting],
    now: Time,
) -> Result<(Vec<Answer>, Told), StoreError> {
    let mut changes = Changes::new(now);
    let mut live: HashMap<i64, Live> = HashMap::new();
    let found = find(tx, pings, &mut live).await?;
    let ids = ids.take(tx, pings.len()).await?;

    let mut answers = Vec::with_capacity(pings.len());
    for (((ping, body, _), target), ping_id) in pings.iter().zip(found).zip(ids) {
        let (id, created) = match target {
            Found::Check(id) => (id, false),
            Found::None if ping.fault.is_none() => {
                if let Some(made) = create(tx, &ping.target, &mut live, now).await? {
                    made
                } else {
                    answers.push(Answer::NotFound);
                    continue;
                }
            }
            Found::None => {
                answers.push(refusal(tx, ping).await?);
                continue;
            }
            Found::Several => {
                answers.push(Answer::Ambiguous);
                continue;
            }
        };
        if let Some(fault) = ping.fault {
            answers.push(Answer::Refused(fault));
            continue;
        }
        if let Some(check) = live.get_mut(&id) {
            if let Some(missing) = ping.missing.filter(|_| rules(check, ping).filter_body) {
                answers.push(match missing {
                    Missing::Broken => Answer::Refused(Fault::Body),
                    Missing::Late => Answer::Unavailable,
                });
                continue;
            }
            let asked = if is_behind(tx, check, ping).await? { Asked::Log } else { ping.asked };
            apply(check, ping_id, (ping, asked), body, &mut changes, now);
        }
        answers.push(if created { Answer::Created } else { Answer::Ok });
    }
    for check in live.values().filter(|check| check.touched) {
        changes.state(&check.check, &check.state, Wake::Keep);
    }
    changes.write(tx).await?;
    Ok((answers, Told { alerts: changes.has_alerts(), wake: changes.earliest_wake() }))
}

/// Whether a ping of a hasty sender starts a run that has ended.
async fn is_behind(tx: &mut WriteTx, live: &mut Live, ping: &Incoming) -> Result<bool, StoreError> {
    let Some(rid) = ping.rid.filter(|_| ping.hasty) else { return Ok(false) };
    match ping.asked {
        Asked::Start if live.ended.contains(&rid) => Ok(true),
        Asked::Start => intake::has_ended(tx, live.check.id, &rid.to_string()).await,
        Asked::Log => Ok(false),
        Asked::Success | Asked::Fail | Asked::Exit(_) => {
            live.ended.push(rid);
            Ok(false)
        }
    }
}

/// Steps one check with one ping and gathers what must be written.
fn apply<'a>(
    live: &mut Live,
    id: i64,
    (ping, asked): (&'a Incoming, Asked),
    body: &'a StoredBody,
    changes: &mut Changes<'a>,
    now: Time,
) {
    let rules = rules(live, ping);
    let kind = match &ping.mail {
        Some(mail) => rules.decide_mail(live.check.mail_filters(), mail),
        None => rules.decide(asked, &ping.method, &ping.body),
    };
    let event = Event::Ping { kind, exit_status: ping.asked.exit_status(), rid: ping.rid };
    let at = counts_at(ping.at, &live.state, now);
    let (state, effects) = step(&live.policy, &live.state, event, at);
    let ignored = effects.contains(&Effect::Ignored);
    let duration = effects.iter().find_map(|effect| match effect {
        Effect::RunClosed(span) => Some(*span),
        _ => None,
    });
    live.check.n_pings += 1;
    changes.ping(PingRow {
        id,
        check_id: live.check.id,
        prev_id: live.check.last_ping_id,
        n: live.check.n_pings,
        at,
        kind: if ignored { Kind::Ignored } else { kind },
        exit_status: ping.asked.exit_status(),
        rid: ping.rid,
        duration,
        scheme: &ping.scheme,
        method: &ping.method,
        remote_addr: &ping.remote_addr,
        ua: &ping.ua,
        body,
    });
    live.check.last_ping_id = Some(id);
    live.state = state;
    live.touched = true;
    changes.effects(live.check.id, &effects, Some(id), now);
}

/// The check's rules, as far as they may re-decide this ping.
fn rules(live: &Live, ping: &Incoming) -> Rules {
    let mut rules = live.check.rules();
    rules.filter_body &= !(ping.stated && ping.asked.is_failure());
    rules
}

/// The time at which a ping counts: when it came, unless it waited so long in a frozen server that others were stored
/// before it. To [`step`] it would look like a clock that stepped back; but that clock shows a later time than any
/// recorded one.
fn counts_at(at: Time, state: &State, now: Time) -> Time {
    let paused = (state.status == Status::Paused).then_some(state.since);
    let newest = [state.last_ping, state.run.map(|run| run.at), paused].into_iter().flatten().max();
    match newest.filter(|newest| *newest <= now) {
        Some(newest) => at.max(newest - OVERTAKEN),
        None => at,
    }
}

#[derive(Debug, Clone, Copy)]
enum Found {
    Check(i64),
    None,
    Several,
}

/// Loads the checks that a batch is for, in at most two queries.
async fn find(
    tx: &mut WriteTx,
    pings: &[Waiting],
    live: &mut HashMap<i64, Live>,
) -> Result<Vec<Found>, StoreError> {
    let mut uuids = Vec::new();
    let mut slugs = Vec::new();
    let mut creating = Vec::new();
    for (ping, _, _) in pings {
        if let Target::Uuid(uuid) = &ping.target {
            uuids.push(uuid.to_string());
        }
        // Nothing stored holds a NUL, and PostgreSQL refuses to look for one.
        let name =
            ping.target.name().filter(|(ping_key, slug)| !ping_key.contains('\0') && !slug.contains('\0'));
        if let Some((ping_key, slug)) = name {
            slugs.push((ping_key, slug));
            if ping.target.plan().is_some() {
                creating.push(ping_key);
            }
        }
    }
    if !slugs.is_empty() {
        intake::lock(tx, &uuids, &slugs, &creating).await?;
    }
    let mut by_uuid: HashMap<Uuid, i64> = HashMap::new();
    let mut by_slug: HashMap<(String, String), Found> = HashMap::new();
    let take = |check: Check, live: &mut HashMap<i64, Live>| {
        let id = check.id;
        live.entry(id).or_insert_with(|| Live {
            policy: check.policy(),
            state: check.state(),
            check,
            touched: false,
            ended: Vec::new(),
        });
        id
    };
    if !uuids.is_empty() {
        for check in intake::by_uuids(tx, &uuids).await? {
            by_uuid.insert(check.uuid(), check.id);
            take(check, live);
        }
    }
    if !slugs.is_empty() {
        for (ping_key, check) in intake::by_slugs(tx, &slugs).await? {
            let key = (ping_key, check.slug.clone());
            let id = take(check, live);
            by_slug.entry(key).and_modify(|found| *found = Found::Several).or_insert(Found::Check(id));
        }
    }
    Ok(pings
        .iter()
        .map(|(ping, _, _)| match &ping.target {
            Target::Uuid(uuid) => by_uuid.get(uuid).map_or(Found::None, |id| Found::Check(*id)),
            Target::Slug { ping_key, slug, .. } | Target::Planned { ping_key, slug, .. } => {
                by_slug.get(&(ping_key.clone(), slug.clone())).copied().unwrap_or(Found::None)
            }
        })
        .collect())
}

/// What is said of a ping with a fault where there is no check: the fault counts if the check would have been made.
async fn refusal(tx: &mut WriteTx, ping: &Incoming) -> Result<Answer, StoreError> {
    let (Some((ping_key, _)), Some(_)) = (ping.target.name(), ping.target.plan()) else {
        return Ok(Answer::NotFound);
    };
    let project = intake::project_by_ping_key(tx, ping_key).await?;
    Ok(project.and(ping.fault).map_or(Answer::NotFound, Answer::Refused))
}

/// Makes the check that a ping with `?create=1`, or of a product that makes them unasked, is for. An earlier ping of
/// the batch may have made it.
async fn create(
    tx: &mut WriteTx,
    target: &Target,
    live: &mut HashMap<i64, Live>,
    now: Time,
) -> Result<Option<(i64, bool)>, StoreError> {
    let (Some((ping_key, slug)), Some(settings)) = (target.name(), target.plan()) else { return Ok(None) };
    if !slug::is_valid(slug) || ping_key.contains('\0') {
        return Ok(None);
    }
    let Some(project_id) = intake::project_by_ping_key(tx, ping_key).await? else { return Ok(None) };
    let made_before =
        live.values().find(|live| live.check.project_id == project_id && live.check.slug == slug);
    if let Some(live) = made_before {
        return Ok(Some((live.check.id, false)));
    }
    if intake::count(tx, project_id).await? >= MAX_CREATED {
        return Ok(None);
    }
    let uuid = rng::uuid();
    let id = checks::insert_in(tx, project_id, uuid, &settings, &Channels::All, now).await?;
    for check in intake::by_uuids(tx, &[uuid.to_string()]).await? {
        let (policy, state) = (check.policy(), check.state());
        let entry = Live { policy, state, check, touched: false, ended: Vec::new() };
        live.insert(id, entry);
    }
    Ok(Some((id, true)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::store::{Role, pings, projects};
    use tokio_util::task::TaskTracker;

    fn told(uuid: Uuid, asked: Asked, rid: Uuid, hasty: bool, at: Time) -> Incoming {
        Incoming {
            target: Target::Uuid(uuid),
            at,
            asked,
            fault: None,
            rid: Some(rid),
            hasty,
            stated: true,
            missing: None,
            scheme: "http".to_owned(),
            method: "POST".to_owned(),
            remote_addr: "192.0.2.1".to_owned(),
            ua: String::new(),
            body: Vec::new(),
            mail: None,
        }
    }

    #[tokio::test]
    async fn within_a_batch_too_a_start_behind_its_end_opens_no_run() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("t.db").display());
        let db = Db::open(&url, Role::Server).await.unwrap();
        let now: Time = "2026-03-01T12:00:00Z".parse().unwrap();
        projects::ensure_default(&db, now).await.unwrap();
        let project = projects::list(&db).await.unwrap()[0].id;
        let clock = Arc::new(ManualClock::starting_at(now));
        let (writer, task) = Writer::new(db.clone(), clock, Wakes::default(), Arc::new(Meters::new(now)));
        // On this one thread both pings of a pair are in the queue before the writer looks.
        TaskTracker::new().spawn(task.run());
        for (hasty, expected) in [(true, ["log", "success"]), (false, ["start", "success"])] {
            let uuid = rng::uuid();
            let settings = Settings::named("job");
            checks::insert(&db, project, uuid, &settings, &Channels::All, now).await.unwrap();
            let rid = rng::uuid();
            let submit = |asked| writer.submit(told(uuid, asked, rid, hasty, now), StoredBody::default());
            let answers = tokio::join!(submit(Asked::Success), submit(Asked::Start));
            assert_eq!(answers, (Answer::Ok, Answer::Ok));
            let check = checks::by_uuid(&db, uuid).await.unwrap().unwrap();
            let newest = pings::list(&db, check.id, check.last_ping_id, 9).await.unwrap();
            assert_eq!(newest.iter().map(|ping| ping.kind.as_str()).collect::<Vec<_>>(), expected);
            assert_eq!(check.state().run.is_some(), !hasty);
        }
    }

    #[test]
    fn a_ping_that_waited_is_late_and_an_old_clock_is_believed() {
        let start: Time = "2026-03-01T12:00:00Z".parse().unwrap();
        let second = |n| start + Span::seconds(n);
        let heard_at = |n| State { last_ping: Some(second(n)), ..State::new(start) };
        assert_eq!(counts_at(second(20), &heard_at(60), second(61)), second(50), "overtaken, no more");
        assert_eq!(counts_at(second(55), &heard_at(60), second(61)), second(55));
        assert_eq!(counts_at(second(61), &heard_at(60), second(61)), second(61));
        assert_eq!(counts_at(second(20), &heard_at(60), second(20)), second(20), "the clock stepped back");
        assert_eq!(counts_at(second(20), &State::new(start), second(90)), second(20));
    }
}
