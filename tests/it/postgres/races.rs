//! What servers do to each other, and to themselves, at one instant: storms, deadlocks, leases that run out.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use chrono::{DateTime, TimeDelta, Utc};
use maibo::app::App;
use maibo::clock::{Clock, SystemClock};
use maibo::config::{Config, Flags};
use maibo::store::Role;

use super::{installation, webhook};
use crate::support::http;
use crate::support::http_sink::{Answer, HttpSink};
use crate::support::postgres::Session;
use crate::support::{Maibo, until};

/// Deadlocks that PostgreSQL has broken in this database.
fn deadlocks(maibo: &Maibo) -> i64 {
    maibo.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
}

#[test]
fn a_thousand_checks_that_fall_silent_at_one_instant_go_down_once_each() {
    const CHECKS: i64 = 1000;
    let sink = HttpSink::ok();
    let mut first = installation();
    webhook(&first, &sink);
    let uuid = first.check("c0", &["--every", "1m", "--grace", "1m", "--channel", "*"]);
    first.execute(&format!(
        "INSERT INTO checks SELECT (jsonb_populate_record(c, jsonb_build_object(
                'id', nextval(pg_get_serial_sequence('checks', 'id')), 'name', 'c' || n,
                'uuid', gen_random_uuid(), 'badge_key', gen_random_uuid()))).*
            FROM checks c, generate_series(1, {CHECKS} - 1) AS n WHERE c.uuid = '{uuid}';
         INSERT INTO check_channels SELECT c.id, h.id FROM checks c, channels h WHERE c.uuid <> '{uuid}'"
    ));
    let mut second = first.another_node();
    let mut third = first.another_node();
    for node in [&mut first, &mut second, &mut third] {
        node.serve();
    }
    // As if the last pings had come two minutes ago, all at once.
    let instant = crate::support::now().timestamp_micros() + 500_000;
    first.execute(&format!(
        "UPDATE checks SET status = 'up', deadline = {instant}, wake_at = {instant},
            due_at = {instant} - 60000000, last_ping_at = {instant} - 120000000, since = {instant} - 120000000"
    ));
    sink.wait_for(usize::try_from(CHECKS).unwrap());
    first.all_delivered();
    assert_eq!(first.number("SELECT COUNT(*) FROM flips"), CHECKS);
    assert_eq!(
        first.number(&format!("SELECT COUNT(DISTINCT check_id) FROM flips WHERE at = {instant}")),
        CHECKS,
        "each once, at that instant"
    );
    assert_eq!(first.number("SELECT COUNT(*) FROM outbox"), CHECKS);
    let mut heard: BTreeMap<String, usize> = BTreeMap::new();
    for request in sink.heard() {
        *heard.entry(request.text()).or_default() += 1;
    }
    assert_eq!(i64::try_from(heard.len()).unwrap(), CHECKS, "each is told");
    let messages: usize = heard.values().sum();
    println!("{CHECKS} alerts in {messages} messages");
    assert_eq!(messages, heard.len(), "nobody died: nothing is told twice");
    assert_eq!(first.number("SELECT COUNT(*) FROM blackouts"), 0, "somebody was there all the time");
    assert_eq!(deadlocks(&first), 0);
    for node in [&first, &second, &third] {
        assert!(!node.log().contains("ERROR"), "{}", node.log());
    }
}

#[test]
fn a_ping_that_postgresql_breaks_off_because_of_a_deadlock_is_stored_all_the_same() {
    let mut maibo = installation();
    let sink = HttpSink::ok();
    webhook(&maibo, &sink);
    let uuid = maibo.check("Job", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    let url = maibo.postgres_url().unwrap();
    // A failure locks its check, writes the ping, and refers to the channel. Somebody holds it up at the ping …
    let mut brake = Session::open(&url);
    brake.run("BEGIN; LOCK TABLE pings IN SHARE MODE").unwrap();
    let (addr, target) = (maibo.addr(), format!("/ping/{uuid}/fail"));
    let ping = thread::spawn(move || http::request(addr, "GET", &target, &[], b""));
    let waiting = |query: &str| {
        maibo.number(&format!(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '{query}'"
        ))
    };
    until("the ping waits", || waiting("%INSERT INTO pings%") == 1);
    // … while somebody else locks the channel and then the check: the wrong order.
    // It never looks for a deadlock itself, so that it is the ping that PostgreSQL breaks off.
    let mut culprit = Session::open(&url);
    culprit.run("SET deadlock_timeout = '1h'; BEGIN; SELECT id FROM channels FOR UPDATE").unwrap();
    let culprit = thread::spawn(move || {
        let done = culprit.run("SELECT id FROM checks FOR UPDATE");
        (done, culprit.run("ROLLBACK"))
    });
    until("it waits", || waiting("SELECT id FROM checks FOR UPDATE") == 1);
    brake.run("ROLLBACK").unwrap();
    let (locked, released) = culprit.join().unwrap();
    assert!(locked.is_ok() && released.is_ok(), "the ping's transaction was broken off: {locked:?}");
    assert_eq!(ping.join().unwrap().status, 200);
    until("the deadlock is counted", || deadlocks(&maibo) == 1);
    for table in ["pings", "flips", "outbox"] {
        assert_eq!(maibo.number(&format!("SELECT COUNT(*) FROM {table}")), 1, "{table}");
    }
    assert_eq!(sink.wait_for(1)[0].text(), "down Job");
}

#[test]
fn a_ping_whose_transaction_cannot_be_serialized_is_stored_all_the_same() {
    let mut maibo = installation();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    // An administrator may set this; then PostgreSQL refuses to lock what has changed since the transaction began.
    maibo.execute(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = ''repeatable read''',
            current_database()); END $$",
    );
    maibo.serve();
    let mut other = Session::open(&maibo.postgres_url().unwrap());
    other.run("BEGIN; UPDATE checks SET description = 'new'").unwrap();
    let (addr, target) = (maibo.addr(), format!("/ping/{uuid}"));
    let ping = thread::spawn(move || http::request(addr, "GET", &target, &[], b""));
    until("the ping waits", || {
        maibo.number("SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == 1
    });
    other.run("COMMIT").unwrap();
    assert_eq!(ping.join().unwrap().status, 200);
    assert_eq!(maibo.number("SELECT n_pings FROM checks WHERE description = 'new'"), 1);
}

/// The wall clock of a machine that is ahead by what a test says, in microseconds.
#[derive(Clone, Default)]
struct Ahead(Arc<AtomicI64>);

impl Ahead {
    /// Makes it this time now.
    fn set(&self, to: i64) {
        self.0.store(to - SystemClock.now().timestamp_micros(), Ordering::SeqCst);
    }
}

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::microseconds(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn the_lease_of_a_node_that_dies_runs_out_by_itself() {
    let stuck = HttpSink::start([Answer::Hangs], Answer::status(200));
    let other = HttpSink::ok();
    let mut first = installation();
    webhook(&first, &stuck);
    let uuid = first.check("Job", &["--every", "1h", "--channel", "*"]);
    let fields = [&format!("url_down={}", other.url("/other"))];
    first.channel("webhook", "other", &fields.map(String::as_str));
    let another = first.check("Another", &["--every", "1h", "--channel", "other"]);
    first.serve();
    first.ping_ok(&format!("{uuid}/fail"));
    stuck.wait_for(1);
    // A second node, in this process: its clock is ours to move.
    let clock = Ahead::default();
    let flags = Flags {
        listen: Some("127.0.0.1:0".to_owned()),
        database_url: first.postgres_url(),
        outbound_allow: Some("127.0.0.1/32".to_owned()),
        ..Flags::default()
    };
    let config = Config::load(&flags, |_| None).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let second = runtime.block_on(App::start(config, Role::Server, Arc::new(clock.clone()))).unwrap();
    first.kill();

    let of_job = "SELECT state, attempts, leased_until FROM outbox ORDER BY id LIMIT 1";
    let (state, attempts, lease): (String, i64, i64) = first.row(of_job);
    assert_eq!((state.as_str(), attempts), ("queued", 1));
    // Half a minute before the end it has other things to tell, and leaves this one alone.
    clock.set(lease - 30_000_000);
    let reply = http::request(second.addr.unwrap(), "GET", &format!("/ping/{another}/fail"), &[], b"");
    assert_eq!(reply.status, 200);
    other.wait_for(1);
    assert_eq!(first.row::<(String, i64, i64)>(of_job), (state, attempts, lease));
    clock.set(lease);
    first.all_delivered();
    let (state, attempts, _): (String, i64, i64) = first.row(of_job);
    assert_eq!((state.as_str(), attempts), ("sent", 2));
    assert_eq!(stuck.heard().len(), 2, "once by each");
    runtime.block_on(second.shutdown());
}
