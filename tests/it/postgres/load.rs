//! Three servers under a steady stream of pings, while one dies and another one freezes.
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use maibo::core::check::{Blackout, Early, Effect, Event, Flip, Policy, Reason, State, step};
use maibo::core::ping::Kind;
use maibo::core::schedule::{Schedule, Spec};

use super::installation;
use crate::support::http::try_request;
use crate::support::http_sink::{Answer, HttpSink};
use crate::support::{Maibo, eventually, now};

/// Checks that many senders ping at once, through all nodes.
const BUSY: usize = 24;
/// Checks with one sender each, which falls silent again and again.
const SILENT: usize = 6;
const SENDERS_PER_NODE: usize = 3;
/// Messages of one channel that a node has under way at most.
const PER_CHANNEL: usize = 4;
/// How long a node that died keeps its alerts from the others.
const LEASE: TimeDelta = TimeDelta::seconds(90);
/// Period and grace of the checks that fall silent, and for how long they do.
const SECOND: TimeDelta = TimeDelta::seconds(1);
const SILENCE: TimeDelta = TimeDelta::seconds(8);

/// What senders know of the world.
struct World {
    nodes: Mutex<Vec<SocketAddr>>,
    busy: Vec<String>,
    next: AtomicU64,
    done: AtomicBool,
    /// Bodies of pings that were answered 200.
    answered: Mutex<BTreeSet<String>>,
    /// Bodies of those that were not: each may have been stored or not.
    retried: Mutex<BTreeSet<String>>,
}

impl World {
    /// Sends a ping until it is taken, as `curl --retry` does behind a load balancer; each try has a body of its own.
    fn send(&self, through: usize, path: &str) {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        for attempt in 0.. {
            let body = format!("{n}.{attempt};");
            let addr = {
                let nodes = self.nodes.lock().unwrap();
                nodes[(through + attempt) % nodes.len()]
            };
            let target = format!("/ping/{path}");
            let status = try_request(addr, "POST", &target, body.as_bytes(), Duration::from_secs(2));
            if status == Some(200) {
                self.answered.lock().unwrap().insert(body);
                return;
            }
            assert!(matches!(status, None | Some(503)), "{target}: {status:?}");
            assert!(attempt < 200, "nobody takes {target}");
            self.retried.lock().unwrap().insert(body);
            sleep(Duration::from_millis(100));
        }
    }

    fn keep_busy(&self, sender: usize) {
        while !self.done.load(Ordering::Relaxed) {
            let n = usize::try_from(self.next.load(Ordering::Relaxed)).unwrap();
            let uuid = &self.busy[(n * 7 + sender) % self.busy.len()];
            let action = match n % 20 {
                0 | 1 => "/fail",
                2..=4 => "/start",
                _ => "",
            };
            self.send(sender, &format!("{uuid}{action}"));
            sleep(Duration::from_millis(30));
        }
    }

    /// A few pings, and then nothing for so long that the check goes down.
    fn fall_silent(&self, number: usize, uuid: &str) {
        let mut through = number;
        while !self.done.load(Ordering::Relaxed) {
            for _ in 0..2 {
                self.send(through, uuid);
                through += 1;
                sleep(Duration::from_millis(300));
            }
            let end = Instant::now() + SILENCE.to_std().unwrap() + Duration::from_millis(200);
            while Instant::now() < end && !self.done.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(100));
            }
        }
    }
}

#[test]
fn three_nodes_of_which_one_dies_and_one_freezes_lose_nothing_and_tell_everything() {
    // Slow enough that alerts are under way at any moment.
    let sink = HttpSink::start([], Answer::Slowly(Duration::from_millis(100)));
    let mut first = installation();
    let url = sink.url("/hook");
    let body = "$STATUS|$NAME|$NOW|$BODY";
    first.channel(
        "webhook",
        "hook",
        &[
            &format!("url_down={url}"),
            "method_down=POST",
            &format!("body_down={body}"),
            &format!("url_up={url}"),
            "method_up=POST",
            &format!("body_up={body}"),
        ],
    );
    let mut second = first.another_node();
    let mut third = first.another_node();
    for node in [&mut first, &mut second, &mut third] {
        node.serve();
    }
    let busy: Vec<String> = (0..BUSY)
        .map(|n| {
            let name = format!("busy{n}");
            first.api_check(
                &serde_json::json!({"name": name, "timeout": 86400, "grace": 86400, "channels": "*"}),
            )
        })
        .collect();
    let silent: Vec<String> = (0..SILENT)
        .map(|n| first.check(&format!("silent{n}"), &["--every", "1s", "--grace", "1s", "--channel", "*"]))
        .collect();

    let world = World {
        nodes: Mutex::new(vec![first.addr(), second.addr(), third.addr()]),
        busy,
        next: AtomicU64::new(1),
        done: AtomicBool::new(false),
        answered: Mutex::default(),
        retried: Mutex::default(),
    };
    let began = Instant::now();
    let burn_until = |second: u64| sleep(Duration::from_secs(second).saturating_sub(began.elapsed()));
    let killed_at = thread::scope(|scope| {
        for sender in 0..3 * SENDERS_PER_NODE {
            let world = &world;
            scope.spawn(move || world.keep_busy(sender));
        }
        for (number, uuid) in silent.iter().enumerate() {
            let world = &world;
            scope.spawn(move || world.fall_silent(number, uuid));
        }
        burn_until(3);
        first.kill();
        let killed_at = now();
        burn_until(6);
        second.signal("STOP");
        burn_until(9);
        first.serve();
        world.nodes.lock().unwrap()[0] = first.addr();
        burn_until(16);
        second.signal("CONT");
        burn_until(22);
        world.done.store(true, Ordering::Relaxed);
        killed_at
    });

    let (answered, retried) = (world.answered.into_inner().unwrap(), world.retried.into_inner().unwrap());
    every_answered_ping_is_stored_once(&third, &answered, &retried);
    let told = flips_are_what_a_replay_gives(&third);
    let silences = each_silence_is_one_flip(&third);

    // As if the time of the node that died were over; who lives has long recorded what it had then.
    let over = (killed_at + LEASE).timestamp_micros();
    eventually("everything is delivered", || {
        third.execute(&format!(
            "UPDATE outbox SET leased_until = 1, next_at = 1
             WHERE state = 'queued' AND leased_until BETWEEN 2 AND {over}"
        ));
        (third.number("SELECT COUNT(*) FROM outbox WHERE state = 'queued'") == 0).then_some(())
    });
    let mut heard: BTreeMap<String, usize> = BTreeMap::new();
    for request in sink.heard() {
        *heard.entry(request.text()).or_default() += 1;
    }
    let untold: Vec<&String> =
        told.iter().filter(|start| !heard.keys().any(|text| text.starts_with(*start))).collect();
    assert!(untold.is_empty(), "never told: {untold:?}");
    let repeated = heard.values().sum::<usize>() - heard.len();
    println!(
        "{} pings answered 200, {} tries were not, {} changes told, {silences} of them silences, {repeated} twice",
        answered.len(),
        retried.len(),
        told.len(),
    );
    assert!(repeated <= 2 * PER_CHANNEL, "{repeated}: more than was under way at the kill and at the stop");
    for node in [&first, &second, &third] {
        assert!(!node.log().contains("panicked"), "{}", node.log());
    }
}

fn every_answered_ping_is_stored_once(
    maibo: &Maibo,
    answered: &BTreeSet<String>,
    retried: &BTreeSet<String>,
) {
    let rows: Vec<(Vec<u8>,)> =
        maibo.rows("SELECT b.body FROM pings p JOIN ping_bodies b ON b.ping_id = p.id ORDER BY p.id");
    let stored: Vec<String> =
        rows.into_iter().map(|(body,)| String::from_utf8_lossy(&body).into_owned()).collect();
    let distinct: BTreeSet<String> = stored.iter().cloned().collect();
    assert_eq!(distinct.len(), stored.len(), "nothing is stored twice");
    let lost: Vec<&String> = answered.difference(&distinct).collect();
    assert!(lost.is_empty(), "answered 200 and gone: {lost:?}");
    let unknown: Vec<&String> =
        distinct.iter().filter(|body| !answered.contains(*body) && !retried.contains(*body)).collect();
    assert!(unknown.is_empty(), "nobody sent {unknown:?}");
    assert!(answered.len() > 300, "only {} pings: too quiet to prove anything", answered.len());
    let total = i64::try_from(stored.len()).unwrap();
    assert_eq!(maibo.number("SELECT COUNT(*) FROM pings"), total);
    let uncounted = maibo.number(
        "SELECT COUNT(*) FROM checks c WHERE c.n_pings <> (SELECT COUNT(*) FROM pings p WHERE p.check_id = c.id)
            OR c.n_pings <> (SELECT COUNT(DISTINCT p.n) FROM pings p WHERE p.check_id = c.id)",
    );
    assert_eq!(uncounted, 0, "each check has counted its pings without a gap");
}

fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap()
}

fn blackouts(maibo: &Maibo) -> Vec<Blackout> {
    let rows: Vec<(i64, i64, i64)> = maibo.rows("SELECT id, from_at, to_at FROM blackouts ORDER BY to_at");
    rows.into_iter().map(|(id, from, to)| Blackout { id, from: time(from), to: time(to) }).collect()
}

/// A flip as it is stored.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    at: i64,
    old_status: String,
    new_status: String,
    reason: String,
    due_at: Option<i64>,
    since: i64,
    heard_at: Option<i64>,
    missed: i64,
    blackout_id: Option<i64>,
    ping_id: Option<i64>,
}

impl Row {
    fn is(&self, flip: &Flip) -> bool {
        let (reason, due) = match flip.reason {
            Reason::Success => ("success", None),
            Reason::Fail => ("fail", None),
            Reason::Missed { due, .. } => ("missed", Some(due)),
            Reason::Overrun { started, .. } => ("overrun", Some(started)),
            Reason::Exit(_) | Reason::Paused | Reason::Resumed => return false,
        };
        let micros = |at: DateTime<Utc>| at.timestamp_micros();
        (self.old_status.as_str(), self.new_status.as_str(), self.reason.as_str())
            == (flip.from.as_str(), flip.to.as_str(), reason)
            && (self.at, self.since, self.missed)
                == (micros(flip.at), micros(flip.since), i64::from(flip.missed))
            && (self.due_at, self.heard_at) == (due.map(micros), flip.heard.map(micros))
            && self.blackout_id == flip.reason.blackout()
    }
}

/// Steps every check through its stored pings, and through its silences where they stand, and compares each flip.
/// Gives how the message of each flip begins that people are told.
fn flips_are_what_a_replay_gives(maibo: &Maibo) -> Vec<String> {
    let known = blackouts(maibo);
    let checks: Vec<(i64, String, i64, i64, i64)> =
        maibo.rows("SELECT id, name, created_at, period, grace FROM checks ORDER BY id");
    let mut told = Vec::new();
    for (id, name, created_at, period, grace) in checks {
        let schedule = Schedule::parse(&Spec::every(TimeDelta::microseconds(period))).unwrap();
        let grace = TimeDelta::microseconds(grace);
        let policy = Policy { schedule, grace, early: Early::Auto, manual_resume: false };
        let pings: Vec<(i64, String, Vec<u8>)> = maibo.rows(&format!(
            "SELECT p.at, p.kind, b.body FROM pings p JOIN ping_bodies b ON b.ping_id = p.id
             WHERE p.check_id = {id} ORDER BY p.n"
        ));
        let rows: Vec<Row> = maibo.rows(&format!(
            "SELECT at, old_status, new_status, reason, due_at, since, heard_at, missed, blackout_id, ping_id
             FROM flips WHERE check_id = {id} ORDER BY id"
        ));
        let mut state = State::new(time(created_at));
        let mut flips: Vec<(Flip, String)> = Vec::new();
        for (at, kind, body) in &pings {
            let event = Event::Ping { kind: Kind::named(kind).unwrap(), exit_status: None, rid: None };
            let (next, effects) = step(&policy, &state, event, time(*at));
            state = next;
            flips.extend(of(effects).map(|flip| (flip, String::from_utf8_lossy(body).into_owned())));
            // The silence that is recorded next, if this ping is the last that was heard before it.
            let heard = state.last_ping.map(|at| at.timestamp_micros());
            let silence = rows.get(flips.len()).filter(|row| row.ping_id.is_none() && row.heard_at == heard);
            if let Some(row) = silence {
                let over: Vec<Blackout> =
                    known.iter().copied().filter(|blackout| blackout.to <= time(row.at)).collect();
                let (next, effects) = step(&policy, &state, Event::Tick { blackouts: &over }, time(row.at));
                state = next;
                flips.extend(of(effects).map(|flip| (flip, String::new())));
            }
        }
        for (n, (flip, _)) in flips.iter().enumerate() {
            assert!(rows.get(n).is_some_and(|row| row.is(flip)), "{name}: {flip:?} is {:?}", rows.get(n));
        }
        assert_eq!(flips.len(), rows.len(), "{name}: {:?}", rows.last());
        // What a blackout explains is told in one message for all.
        let alerts = flips.iter().filter(|(flip, _)| flip.alerts() && flip.reason.blackout().is_none());
        told.extend(alerts.map(|(flip, body)| {
            let moment = flip.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, false);
            format!("{}|{name}|{moment}|{body}", flip.to.as_str())
        }));
    }
    told
}

fn of(effects: Vec<Effect>) -> impl Iterator<Item = Flip> {
    effects.into_iter().filter_map(|effect| match effect {
        Effect::Flip(flip) => Some(flip),
        Effect::RunClosed(_) | Effect::Ignored => None,
    })
}

/// Each long pause between two pings is one flip at its exact moment, and no slot is two; gives how many there were.
fn each_silence_is_one_flip(maibo: &Maibo) -> usize {
    let pings: Vec<(i64, i64)> = maibo.rows(
        "SELECT p.check_id, p.at FROM pings p JOIN checks c ON c.id = p.check_id WHERE c.name LIKE 'silent%'
         ORDER BY p.check_id, p.at",
    );
    let flips: Vec<(i64, i64, i64, Option<i64>)> =
        maibo.rows("SELECT check_id, due_at, at, blackout_id FROM flips WHERE reason = 'missed'");
    let second = SECOND.num_microseconds().unwrap();
    let slots: BTreeSet<(i64, i64)> = flips.iter().map(|(check, due, ..)| (*check, *due)).collect();
    assert_eq!(slots.len(), flips.len(), "a slot is missed once");
    for (check, due, at, blackout) in &flips {
        assert!(pings.contains(&(*check, due - second)), "{check}: nothing was due at {due}");
        assert!(*at == due + second || blackout.is_some(), "{check}: {due} {at}");
    }
    let mut silences = 0;
    for pair in pings.windows(2) {
        let ((check, at), (next_check, next)) = (pair[0], pair[1]);
        if check == next_check && time(next) - time(at) >= SILENCE {
            assert!(slots.contains(&(check, at + second)), "{check} was silent from {at} to {next}");
            silences += 1;
        }
    }
    assert!(silences >= SILENT, "only {silences} silences");
    silences
}
