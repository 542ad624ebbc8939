//! Several servers on one PostgreSQL database.
mod load;
mod outage;
mod races;

use std::thread;

use sqlx::Executor as _;
use sqlx::postgres::PgListener;

use crate::support::http_sink::{Answer, HttpSink};
use crate::support::postgres::{Database, connect};
use crate::support::{Engine, Maibo, block_on, engine, eventually, until};

/// An installation whose first server is not started yet.
fn installation() -> Maibo {
    assert_eq!(
        engine(),
        Engine::Postgres,
        "needs a server: `sh tests/postgres.sh cargo test --test it`, or `--skip postgres::`"
    );
    Maibo::new()
}

/// Two servers on one database.
fn two_nodes(first: Maibo) -> (Maibo, Maibo) {
    let mut first = first;
    let mut second = first.another_node();
    first.serve();
    second.serve();
    (first, second)
}

fn webhook(maibo: &Maibo, sink: &HttpSink) {
    let url = sink.url("/hook");
    let fields =
        [format!("url_down={url}"), "method_down=POST".to_owned(), "body_down=$STATUS $NAME".to_owned()];
    maibo.channel("webhook", "hook", &fields.each_ref().map(String::as_str));
}

#[test]
fn an_empty_database_is_migrated_by_whoever_comes_first() {
    assert_eq!(engine(), Engine::Postgres);
    let (first, second) = two_nodes(Maibo::on_postgres(Database::empty()));
    assert_eq!(first.number("SELECT COUNT(*) FROM projects"), 1);
    let uuid = first.check("Job", &["--every", "1h"]);
    second.ping_ok(&uuid);
}

#[test]
fn a_ping_through_one_node_is_seen_at_once_through_the_other() {
    let (first, second) = two_nodes(installation());
    let uuid = first.check("Job", &["--every", "1h"]);
    // The same key opens both.
    let key = first.key().to_owned();
    for n in 1..=20 {
        let (through, seen_by) = if n % 2 == 0 { (&first, &second) } else { (&second, &first) };
        through.ping_ok(&uuid);
        let target = format!("/api/v3/checks/{uuid}");
        let reply =
            crate::support::http::request(seen_by.addr(), "GET", &target, &[("X-Api-Key", &key)], b"");
        assert_eq!(reply.json()["n_pings"], n);
    }
    let links =
        "SELECT COUNT(*) FROM pings p JOIN pings before ON before.id = p.prev_id WHERE before.n = p.n - 1";
    assert_eq!(first.number(links), 19, "the chain goes from node to node");
}

#[test]
fn pings_through_two_nodes_at_once_are_all_counted_and_none_is_refused() {
    let (first, second) = two_nodes(installation());
    let key = first.made(&["key", "create", "--scope", "ping"]);
    let checks: Vec<String> = (0..6).map(|n| first.check(&format!("c{n}"), &["--every", "1h"])).collect();
    let (first_addr, second_addr) = (first.addr(), second.addr());
    thread::scope(|scope| {
        for sender in 0..8_usize {
            let (checks, key) = (&checks, &key);
            let addr = if sender % 2 == 0 { first_addr } else { second_addr };
            scope.spawn(move || {
                for n in 0..30 {
                    // Half by UUID, in different orders, and half by a slug that the first of them makes.
                    let at = if sender < 4 { n } else { 29 - n };
                    let uuid = &checks[at % checks.len()];
                    let action = if n % 5 == 0 { "/fail" } else { "" };
                    for target in [
                        format!("/ping/{uuid}{action}"),
                        format!("/ping/{key}/made-{}{action}?create=1", at % 3),
                    ] {
                        let reply = crate::support::http::request(addr, "GET", &target, &[], b"");
                        assert!(
                            [200, 201].contains(&reply.status),
                            "{target}: {} {}",
                            reply.status,
                            reply.text()
                        );
                    }
                }
            });
        }
    });
    assert_eq!(first.number("SELECT COUNT(*) FROM pings"), 8 * 30 * 2);
    assert_eq!(first.number("SELECT CAST(SUM(n_pings) AS BIGINT) FROM checks"), 8 * 30 * 2);
    assert_eq!(first.number("SELECT COUNT(*) FROM checks"), 6 + 3, "each slug was made once");
    assert_eq!(
        first.number("SELECT COUNT(*) FROM (SELECT check_id, n FROM pings GROUP BY check_id, n) AS x"),
        480
    );
    let broken = first.number(
        "SELECT COUNT(*) FROM (SELECT old_status, LAG(new_status) OVER (PARTITION BY check_id ORDER BY id) AS before
            FROM flips) AS f WHERE before IS NOT NULL AND before <> old_status",
    );
    assert_eq!(broken, 0, "each flip begins where the one before it ended");
}

#[test]
fn the_leases_of_a_node_that_dies_run_out_and_another_takes_them_over() {
    let sink = HttpSink::start([Answer::Hangs], Answer::status(200));
    let maibo = installation();
    webhook(&maibo, &sink);
    let uuid = maibo.check("Job", &["--every", "1h", "--channel", "*"]);
    let mut first = maibo;
    first.serve();
    first.ping_ok(&format!("{uuid}/fail"));
    sink.wait_for(1);
    let lease = first.number("SELECT leased_until FROM outbox");
    let mut second = first.another_node();
    second.serve();
    assert_eq!(first.number("SELECT leased_until FROM outbox"), lease, "a living node keeps its leases");
    first.kill();
    // As if its time were over.
    first.execute("UPDATE outbox SET leased_until = 1, next_at = 1");
    second.all_delivered();
    let (state, attempts) =
        eventually("it is told", || second.rows::<(String, i64)>("SELECT state, attempts FROM outbox").pop());
    assert_eq!((state.as_str(), attempts), ("sent", 2));
    assert_eq!(second.number("SELECT COUNT(*) FROM blackouts"), 0, "another node was there");
}

#[test]
fn a_frozen_node_does_not_hold_the_others_up() {
    let (mut first, second) = two_nodes(installation());
    let uuid = first.check("Job", &["--every", "1h"]);
    first.ping_ok(&uuid);
    first.signal("STOP");
    for _ in 0..5 {
        second.ping_ok(&uuid);
    }
    first.signal("CONT");
    first.ping_ok(&uuid);
    assert_eq!(first.number("SELECT n_pings FROM checks"), 7);

    // Frozen with locks in its hands: its session has the limits that every session of ours has.
    block_on(async {
        let mut frozen = connect(&first.postgres_url().unwrap()).await;
        let limit = "SET idle_in_transaction_session_timeout = '4s'; BEGIN; SELECT id FROM checks FOR UPDATE";
        frozen.execute(limit).await.unwrap();
        second.ping_ok(&uuid);
    });
    assert_eq!(first.number("SELECT n_pings FROM checks"), 8);
}

#[test]
fn an_alert_is_told_to_the_other_nodes() {
    let mut maibo = installation();
    let sink = HttpSink::ok();
    webhook(&maibo, &sink);
    let uuid = maibo.check("Job", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    let told = block_on(async {
        let mut listener = PgListener::connect(&maibo.postgres_url().unwrap()).await.unwrap();
        listener.listen("maibo").await.unwrap();
        maibo.ping_ok(&format!("{uuid}/fail"));
        listener.recv().await.unwrap().payload().to_owned()
    });
    assert_eq!(told, "outbox");
}

#[test]
fn a_nul_in_an_address_finds_nothing_and_harms_nobody() {
    let mut maibo = installation();
    let key = maibo.made(&["key", "create", "--scope", "ping"]);
    maibo.serve();
    for tail in [format!("{key}/a%00b"), format!("{key}%00/ab?create=1"), format!("{key}/a%00b?create=1")] {
        let status = maibo.ping(&tail).status;
        assert!((400..500).contains(&status), "{tail}: {status}");
    }
}

#[test]
fn a_wrong_url_is_refused_without_its_password() {
    for url in [
        "postgres://maibo:secret-word@127.0.0.1:1/maibo",
        "postgres://maibo:secret-word@[127.0.0.1/maibo",
        "postgres://maibo:secret-word@127.0.0.1:1/maibo?sslmode=nonsense",
    ] {
        let ran = Maibo::on_sqlite().with("MAIBO_DATABASE_URL", url).run(&["serve"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(!ran.stderr.contains("secret-word") && !ran.stderr.is_empty(), "{ran:?}");
    }
}

#[test]
fn the_halves_run_apart() {
    let sink = HttpSink::ok();
    let mut web = installation();
    webhook(&web, &sink);
    let uuid = web.check("Job", &["--every", "1s", "--grace", "1s", "--channel", "*"]);
    web.serve_without_worker();
    let alone = web.call("GET", "/readyz");
    assert_eq!(alone.status, 200, "it can take pings");
    assert!(alone.text().contains("nobody watches deadlines"), "{}", alone.text());
    let mut worker = web.another_node();
    worker.work();
    until("somebody does", || web.call("GET", "/readyz").text() == "OK");
    web.ping_ok(&uuid);
    sink.wait_for(1);
    assert_eq!(web.number("SELECT COUNT(*) FROM blackouts"), 0);

    // Without anybody who takes pings, silence is no news.
    web.ping_ok(&uuid);
    web.all_delivered();
    web.kill();
    until("the worker knows", || worker.log().contains("no server takes pings any more"));
    web.serve_without_worker();
    until("it is down again", || web.number("SELECT COUNT(*) FROM flips WHERE new_status = 'down'") == 2);
    let blind: Vec<(Option<i64>,)> =
        web.rows("SELECT blackout_id FROM flips WHERE new_status = 'down' ORDER BY id");
    assert!(blind[0].0.is_none() && blind[1].0.is_some(), "{blind:?}");
    assert!(worker.stop().success());
}

#[test]
fn every_node_prints_a_set_up_link_that_works() {
    let (first, second) = two_nodes(installation());
    for node in [&first, &second] {
        let log = node.log();
        let link = log.split("http://maibo.test").find(|rest| rest.starts_with("/setup?token=")).unwrap();
        let link = link.split_whitespace().next().unwrap();
        for through in [&first, &second] {
            assert_eq!(through.call("GET", link).status, 200);
        }
    }
    assert_eq!(second.call("GET", "/setup?token=wrong").status, 404);
}

#[test]
fn a_column_of_a_newer_version_disturbs_no_server_at_work() {
    let (first, second) = two_nodes(installation());
    let uuid = first.check("Job", &["--every", "1h"]);
    let use_all = || {
        // More often than there are connections, so that each has its statements prepared.
        for node in [&first, &second] {
            for _ in 0..12 {
                node.ping_ok(&uuid);
                assert_eq!(node.api("GET", &format!("/api/v3/checks/{uuid}"), "").status, 200);
            }
        }
    };
    use_all();
    for table in ["checks", "pings", "flips", "outbox", "channels", "projects", "users"] {
        first.execute(&format!("ALTER TABLE {table} ADD COLUMN of_a_newer_version BIGINT"));
    }
    use_all();
    for node in [&first, &second] {
        assert!(!node.log().contains("ERROR"), "{}", node.log());
    }
}
