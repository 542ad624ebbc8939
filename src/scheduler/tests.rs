//! The scheduler on a real database, with a clock that the test moves.
use tempfile::TempDir;
use tokio_util::task::TaskTracker;

use super::*;
use crate::clock::ManualClock;
use crate::core::check::Early;
use crate::core::ping::Asked;
use crate::core::schedule::Spec;
use crate::ingest::{Answer, Incoming, Target};
use crate::rng;
use crate::store::Role;
use crate::store::bodies::StoredBody;
use crate::store::checks::{Channels, Settings};
use crate::store::flips::{self, Flip, Window};
use crate::store::{outbox, projects};

struct World {
    db: Db,
    clock: ManualClock,
    writer: Writer,
    scheduler: Scheduler,
    project: i64,
    _dir: TempDir,
}

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("t.db").display());
        let db = Db::open(&url, Role::Server).await.unwrap();
        let clock = ManualClock::starting_at(at("2026-03-01T12:00:00Z"));
        projects::ensure_default(&db, clock.now()).await.unwrap();
        let project = projects::list(&db).await.unwrap()[0].id;
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let meters = Arc::new(Meters::new(clock.now()));
        let (writer, task) =
            Writer::new(db.clone(), Arc::clone(&shared), Wakes::default(), Arc::clone(&meters));
        TaskTracker::new().spawn(task.run());
        let scheduler = Scheduler::new(db.clone(), shared, Some(writer.clone()), Wakes::default(), meters);
        Self { db, clock, writer, scheduler, project, _dir: dir }
    }

    /// Another process on the same database, after this one is gone.
    fn restart(&mut self) {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let meters = Arc::new(Meters::new(self.clock.now()));
        self.scheduler =
            Scheduler::new(self.db.clone(), clock, Some(self.writer.clone()), Wakes::default(), meters);
    }

    /// A check that was heard from now.
    async fn heard(&self, period: Span, grace: Span) -> i64 {
        let settings =
            Settings { spec: Spec::every(period), grace, early: Early::Auto, ..Settings::named("job") };
        let uuid = rng::uuid();
        let id = checks::insert(&self.db, self.project, uuid, &settings, &Channels::All, self.clock.now());
        let id = id.await.unwrap();
        self.ping(uuid).await;
        id
    }

    async fn ping(&self, uuid: uuid::Uuid) {
        let ping = Incoming {
            target: Target::Uuid(uuid),
            at: self.clock.now(),
            asked: Asked::Success,
            fault: None,
            rid: None,
            hasty: false,
            stated: false,
            missing: None,
            scheme: "http".to_owned(),
            method: "GET".to_owned(),
            remote_addr: "192.0.2.1".to_owned(),
            ua: String::new(),
            body: Vec::new(),
            mail: None,
        };
        assert_eq!(self.writer.submit(ping, StoredBody::default()).await, Answer::Ok);
    }

    /// Ticks as [`Scheduler::run`] would, second by second, for this long.
    async fn live(&mut self, span: Span) -> usize {
        let end = self.clock.now() + span;
        let mut down = 0;
        while self.clock.now() < end {
            self.clock.advance(Span::seconds(1));
            down += self.tick().await;
        }
        down
    }

    async fn tick(&mut self) -> usize {
        self.scheduler.tick(self.clock.now()).await.unwrap().went_down
    }

    async fn last_flip(&self, check: i64) -> Flip {
        flips::list(&self.db, check, Window::default(), 1).await.unwrap().remove(0)
    }
}

#[tokio::test]
async fn a_check_goes_down_at_its_exact_deadline() {
    let mut world = World::new().await;
    let check = world.heard(Span::milliseconds(2500), Span::seconds(1)).await;
    assert_eq!(world.live(Span::seconds(3)).await, 0);
    assert_eq!(world.live(Span::seconds(1)).await, 1);
    let flip = world.last_flip(check).await;
    assert_eq!((flip.at(), flip.new_status.as_str()), (at("2026-03-01T12:00:03.5Z"), "down"));
    assert_eq!(world.live(Span::seconds(60)).await, 0, "and only once");
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_alarms_nobody_before_the_grace_has_passed_again() {
    let mut world = World::new().await;
    let check = world.heard(Span::minutes(5), Span::minutes(10)).await;
    world.live(Span::seconds(5)).await;
    world.clock.advance(Span::hours(6));
    assert_eq!(world.tick().await, 0);
    let back = world.clock.now();
    assert_eq!(world.live(Span::seconds(599)).await, 0);
    assert_eq!(world.live(Span::seconds(1)).await, 1);
    let flip = world.last_flip(check).await;
    assert_eq!(flip.at(), back + Span::minutes(10));
    assert!(flip.blackout_id.is_some(), "the flip says that Maibo was away");
}

#[tokio::test]
async fn a_clock_that_steps_back_moves_no_deadline() {
    let mut world = World::new().await;
    let check = world.heard(Span::minutes(5), Span::minutes(1)).await;
    world.live(Span::seconds(5)).await;
    world.clock.advance(Span::minutes(-30));
    assert_eq!(world.tick().await, 0);
    assert_eq!(world.live(Span::minutes(35) + Span::seconds(54)).await, 0);
    assert_eq!(world.live(Span::seconds(1)).await, 1);
    let flip = world.last_flip(check).await;
    assert_eq!(flip.at(), at("2026-03-01T12:06:00Z"));
    assert_eq!(flip.blackout_id, None, "there was no gap");
}

#[tokio::test]
async fn a_restart_gives_what_fell_due_its_grace_again_and_the_rest_its_own_time() {
    let mut world = World::new().await;
    let missed = world.heard(Span::minutes(5), Span::minutes(10)).await;
    let later = world.heard(Span::hours(2), Span::minutes(10)).await;
    world.live(Span::seconds(5)).await;
    world.clock.advance(Span::hours(1));
    world.restart();
    assert_eq!(world.tick().await, 0);
    assert_eq!(world.live(Span::minutes(10)).await, 1);
    assert!(world.last_flip(missed).await.blackout_id.is_some());
    assert_eq!(world.live(Span::hours(1)).await, 1);
    let flip = world.last_flip(later).await;
    assert_eq!((flip.at(), flip.blackout_id), (at("2026-03-01T14:10:00Z"), None));
}

#[tokio::test]
async fn a_steady_life_leaves_no_blackout_and_no_alert() {
    let mut world = World::new().await;
    world.heard(Span::minutes(5), Span::minutes(1)).await;
    world.live(Span::seconds(5)).await;
    assert_eq!(blackouts::since(&world.db, Time::UNIX_EPOCH).await.unwrap(), []);
    assert_eq!(outbox::next_at(&world.db).await.unwrap(), None);
}

#[tokio::test]
async fn a_ping_that_reached_another_server_in_time_is_waited_for() {
    let mut world = World::new().await;
    let check = world.heard(Span::minutes(5), Span::minutes(1)).await;
    world.live(Span::seconds(359)).await;
    let deadline = at("2026-03-01T12:06:00Z");
    let late = deadline + SETTLE - Span::microseconds(1);
    assert_eq!(world.scheduler.step_due(late, late - SETTLE).await.unwrap(), 0);
    let late = deadline + SETTLE;
    assert_eq!(world.scheduler.step_due(late, late - SETTLE).await.unwrap(), 1);
    assert_eq!(world.last_flip(check).await.at(), deadline, "the wait moves no deadline");
}
