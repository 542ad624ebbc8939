//! The database server is taken away under two running servers, and comes back.
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use rstest::rstest;

use super::webhook;
use crate::support::http::{self, Reply};
use crate::support::http_sink::HttpSink;
use crate::support::postgres::{Cluster, Session};
use crate::support::{Engine, Maibo, engine, eventually, until};

const SECOND: i64 = 1_000_000;

/// How the database server is taken away.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outage {
    /// It crashes.
    Stopped,
    /// It takes connections and answers nobody.
    Frozen,
}

/// One request whose answer may take 30 seconds: twice what the slowest one takes that is not stuck.
#[track_caller]
fn answered(addr: SocketAddr, target: &str) -> Reply {
    let stream = http::connect(addr);
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    std::io::Write::write_all(&mut &stream, http::head("GET", target, &[]).as_bytes()).unwrap();
    http::answer(&stream)
}

#[track_caller]
fn refused_for_now(reply: &Reply) {
    let retry: u32 = reply.header("retry-after").and_then(|value| value.parse().ok()).unwrap_or_default();
    assert!(reply.status == 503 && retry > 0, "{reply:?}");
}

#[rstest]
#[case(Outage::Stopped)]
#[case(Outage::Frozen)]
fn while_the_database_is_away_pings_are_refused_for_now_and_then_all_goes_on(#[case] outage: Outage) {
    assert_eq!(engine(), Engine::Postgres);
    let sink = HttpSink::ok();
    let mut cluster = Cluster::start();
    let mut first = Maibo::on_postgres(cluster.database());
    let mut second = first.another_node();
    first.serve();
    second.serve();
    webhook(&first, &sink);
    let every = |name: &str| first.check(name, &["--every", "4s", "--grace", "8s", "--channel", "*"]);
    let (living, silent) = (every("living"), every("silent"));
    let caught = first.check("caught", &["--every", "1d", "--channel", "*"]);
    for uuid in [&living, &silent, &caught] {
        second.ping_ok(uuid);
    }

    // A ping whose transaction is under way at that moment. The lock that it waits for keeps it there.
    let mut other = Session::open(&first.postgres_url().unwrap());
    other.run(&format!("BEGIN; SELECT id FROM checks WHERE uuid = '{caught}' FOR UPDATE")).unwrap();
    let (addr, target) = (first.addr(), format!("/ping/{caught}"));
    let under_way = thread::spawn(move || answered(addr, &target));
    until("the ping waits", || {
        first.number("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == 1
    });
    match outage {
        Outage::Stopped => cluster.stop(),
        Outage::Frozen => cluster.freeze(),
    }
    drop(other);
    refused_for_now(&under_way.join().unwrap());
    // At once: each of these waits for its own answer from the database.
    thread::scope(|scope| {
        for node in [&first, &second] {
            let (addr, living) = (node.addr(), &living);
            scope.spawn(move || assert_eq!(answered(addr, "/healthz").status, 200, "the process lives"));
            scope.spawn(move || refused_for_now(&answered(addr, &format!("/ping/{living}"))));
            scope.spawn(move || {
                let ready = answered(addr, "/readyz");
                assert!(ready.status == 503 && ready.text().contains("database"), "{}", ready.text());
            });
            scope.spawn(move || {
                let page = answered(addr, "/login");
                assert!(page.status == 503 && page.text().contains("</html>"), "{page:?}");
            });
        }
        let listed = first.run(&["check", "list"]);
        assert!(listed.code == Some(1) && listed.stderr.contains("database"), "{listed:?}");
    });

    match outage {
        Outage::Stopped => cluster.restart(),
        Outage::Frozen => cluster.thaw(),
    }
    // What a job does that is told to try again.
    for (node, uuid) in [(&first, &living), (&second, &caught)] {
        until("pings are taken", || {
            let status = answered(node.addr(), &format!("/ping/{uuid}")).status;
            assert!([200, 503].contains(&status), "{status}");
            status == 200
        });
    }
    // The other one stays away: that is an alarm, but not before it had its grace again.
    let (id, at, due_at, blackout): (i64, i64, i64, Option<i64>) = eventually("it goes down", || {
        answered(first.addr(), &format!("/ping/{living}"));
        first
            .rows(&format!(
                "SELECT f.id, f.at, f.due_at, f.blackout_id FROM flips f JOIN checks c ON c.id = f.check_id
                 WHERE c.uuid = '{silent}' AND f.new_status = 'down'"
            ))
            .pop()
    });
    let blackouts: Vec<(i64, i64, i64)> = first.rows("SELECT id, from_at, to_at FROM blackouts ORDER BY id");
    let Some((_, from, to)) = blackouts.iter().find(|row| Some(row.0) == blackout) else {
        panic!("{id} {at} {due_at} {blackout:?} {blackouts:?}")
    };
    assert!(*from < due_at && at == to + 8 * SECOND, "{id} {at} {due_at} {blackouts:?}");
    until("it is told", || sink.heard().iter().any(|heard| heard.text().contains("silent")));
    let alarms: i64 = first.number("SELECT COUNT(*) FROM flips WHERE new_status = 'down'");
    assert_eq!(alarms, 1, "who came back within the grace is no alarm: {blackouts:?}");

    // Failures are told as before, through both.
    for (node, text) in [(&first, "down living"), (&second, "down caught")] {
        let uuid = if text.ends_with("living") { &living } else { &caught };
        node.ping_ok(&format!("{uuid}/fail"));
        until("it is told", || sink.heard().iter().any(|heard| heard.text() == text));
    }
    until("both listen again", || {
        let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'";
        first.number(sql) == 2
    });
    for node in [&first, &second] {
        until("it is ready", || answered(node.addr(), "/readyz").status == 200);
    }
}
