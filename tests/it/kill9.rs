//! What was answered is durable, and what it changed is told: under a steady stream of pings the server dies again
//! and again, at any instruction.
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::support::http::{PATIENCE, try_request};
use crate::support::http_sink::HttpSink;
use crate::support::{Maibo, eventually, until};

const KILLS: u32 = 20;
const SENDERS: u64 = 3;

#[test]
fn nothing_that_was_answered_is_lost_and_every_change_is_told() {
    let sink = HttpSink::ok();
    let mut maibo = Maibo::new();
    let hook = sink.url("/hook");
    maibo.channel(
        "webhook",
        "hook",
        &[
            &format!("url_down={hook}"),
            "method_down=POST",
            "body_down=$STATUS $BODY",
            &format!("url_up={hook}"),
            "method_up=POST",
            "body_up=$STATUS $BODY",
        ],
    );
    let uuid = maibo.check("Job", &["--every", "1d", "--grace", "1d", "--channel", "*"]);
    maibo.serve();

    let server: Mutex<Option<SocketAddr>> = Mutex::new(Some(maibo.addr()));
    let (next, done) = (AtomicU64::new(1), AtomicBool::new(false));
    let acknowledged: Mutex<BTreeSet<u64>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let Some(addr) = *server.lock().unwrap() else {
                        thread::yield_now();
                        continue;
                    };
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    // Of every ten, two are failures: changes of status all the time.
                    let action = if n % 10 < 2 { "/fail" } else { "" };
                    let body = format!("ping-{n};");
                    let target = format!("/ping/{uuid}{action}");
                    if try_request(addr, "POST", &target, body.as_bytes(), PATIENCE) == Some(200) {
                        acknowledged.lock().unwrap().insert(n);
                    }
                }
            });
        }
        for kill in 0..KILLS {
            let before = acknowledged.lock().unwrap().len();
            // Some die in the middle of it, some after hardly anything.
            let progress = 5 + usize::try_from(kill % 4).unwrap() * 15;
            until("pings are answered", || acknowledged.lock().unwrap().len() >= before + progress);
            maibo.kill();
            *server.lock().unwrap() = None;
            maibo.serve();
            *server.lock().unwrap() = Some(maibo.addr());
        }
        let before = acknowledged.lock().unwrap().len();
        until("pings are answered", || acknowledged.lock().unwrap().len() >= before + 20);
        done.store(true, Ordering::Relaxed);
    });
    maibo.all_delivered();

    // Every ping that was answered is there, once.
    let acknowledged = acknowledged.into_inner().unwrap();
    let rows: Vec<(i64, i64, String, Vec<u8>)> = maibo.rows(
        "SELECT p.n, p.at, p.kind, b.body FROM pings p JOIN ping_bodies b ON b.ping_id = p.id ORDER BY p.id",
    );
    let stored: Vec<u64> = rows.iter().map(|(.., body)| number(&String::from_utf8_lossy(body))).collect();
    let distinct: BTreeSet<u64> = stored.iter().copied().collect();
    let lost: Vec<&u64> = acknowledged.difference(&distinct).collect();
    assert!(lost.is_empty(), "answered 200 and gone: {lost:?}");
    assert_eq!(distinct.len(), stored.len(), "nothing is stored twice");
    let counted: Vec<i64> = rows.iter().map(|(n, ..)| *n).collect();
    assert_eq!(
        counted,
        (1..=i64::try_from(rows.len()).unwrap()).collect::<Vec<_>>(),
        "numbered without a gap"
    );
    assert_eq!(maibo.number("SELECT n_pings FROM checks"), counted.last().copied().unwrap());
    assert_eq!(maibo.number("SELECT COUNT(*) FROM pings"), counted.last().copied().unwrap());
    assert_eq!(maibo.shown(&uuid)["n_pings"], rows.len());

    // The flips are what a replay of the pings gives.
    let (mut status, mut newest) = ("new", i64::MIN);
    let mut changes = Vec::new();
    for ((_, at, kind, _), n) in rows.iter().zip(&stored) {
        // A success that was overtaken on its way by a later failure takes nothing back.
        let overtaken = status == "down" && *at < newest;
        let to = if kind == "fail" || overtaken { "down" } else { "up" };
        newest = newest.max(*at);
        if to != status {
            changes.push((to.to_owned(), *n));
            status = to;
        }
    }
    let flips: Vec<(String, Vec<u8>)> = maibo.rows(
        "SELECT f.new_status, b.body FROM flips f JOIN ping_bodies b ON b.ping_id = f.ping_id ORDER BY f.id",
    );
    let flips: Vec<(String, u64)> =
        flips.into_iter().map(|(to, body)| (to, number(&String::from_utf8_lossy(&body)))).collect();
    assert_eq!(flips, changes);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM flips"), i64::try_from(changes.len()).unwrap());
    assert!(changes.len() > 40, "only {} changes: too quiet to prove anything", changes.len());

    // Each change but the first (new to up is no news) has reached the sink at least once.
    let told_changes = changes.iter().filter(|(to, _)| to == "down").count()
        + changes.iter().skip(1).filter(|(to, _)| to == "up").count();
    let heard: BTreeMap<(String, u64), usize> = eventually("the last alerts arrive", || {
        let mut heard = BTreeMap::new();
        for request in sink.heard() {
            let text = request.text();
            let (status, body) = text.split_once(' ').unwrap();
            *heard.entry((status.to_owned(), number(body))).or_default() += 1;
        }
        (heard.len() >= told_changes).then_some(heard)
    });
    for (at, change) in changes.iter().enumerate() {
        let first_up = at == 0 && change.0 == "up";
        assert!(heard.contains_key(change) != first_up, "{change:?}: {:?}", heard.get(change));
    }
    let requests: usize = heard.values().sum();
    println!(
        "{KILLS} kills: {} pings answered 200, {} stored, {} changes told in {requests} messages, {} of them repeated",
        acknowledged.len(),
        rows.len(),
        told_changes,
        requests - told_changes,
    );
}

/// The number in `ping-7;`.
fn number(body: &str) -> u64 {
    body.trim_start_matches("ping-").trim_end_matches(';').parse().unwrap()
}
