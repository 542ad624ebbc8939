//! Moving an installation from one database to another: `maibo migrate-db`.
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use crate::cli::refused;
use crate::support::http_sink::HttpSink;
use crate::support::postgres::{Database, Session};
use crate::support::{Engine, Maibo, Ran, engine};

/// Every table that the migrations make.
fn tables() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let made = text.split("CREATE TABLE ").skip(1);
        names.extend(made.map(|rest| rest.split([' ', '(']).next().unwrap().to_owned()));
        assert!(!text.contains("DROP TABLE"), "say here which tables are gone");
    }
    names.sort();
    assert!(names.len() > 15, "{names:?}");
    names
}

fn url(maibo: &Maibo) -> String {
    maibo.postgres_url().unwrap_or_else(|| format!("sqlite://{}", maibo.database().display()))
}

fn migrate(from: &Maibo, to: &Maibo) -> Ran {
    from.run(&["migrate-db", "--from", &url(from), "--to", &url(to)])
}

#[track_caller]
fn migrated(from: &Maibo, to: &Maibo) -> String {
    let ran = migrate(from, to);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
    ran.stderr
}

/// The rows of each table as the program's own checksums tell them.
fn verified(said: &str) -> BTreeMap<String, String> {
    said.lines()
        .filter_map(|line| line.strip_prefix("verified")?.trim().split_once(": "))
        .map(|(table, rest)| (table.to_owned(), rest.to_owned()))
        .collect()
}

/// An installation that has lived: rows in every table.
fn lived() -> Maibo {
    let sink = HttpSink::ok();
    let mut maibo = Maibo::new();
    maibo.run_with(&["user", "create", "--email", "ops@example.org", "--password-stdin"], "a long password");
    maibo.channel("webhook", "hook", &[&format!("url_down={}", sink.url("/hook"))]);
    let uuid = maibo.check("夜间 dump", &["--every", "1h", "--channel", "*", "--tag", "db"]);
    maibo.check("never", &["--cron", "5 4 * * *", "--tz", "Asia/Shanghai"]);
    maibo.serve();
    let _ = maibo.key();
    assert_eq!(maibo.post(&uuid, b"short").status, 200);
    assert_eq!(maibo.post(&format!("{uuid}/fail"), &vec![b'x'; 50_000]).status, 200);
    assert_eq!(maibo.post(&uuid, &[0, 255, 128, 7]).status, 200);
    maibo.all_delivered();
    maibo.stop();
    maibo.execute(
        "INSERT INTO sessions (token_hash, user_id, created_at, expires_at) SELECT 'h', id, 1, 2 FROM users",
    );
    maibo.execute("INSERT INTO installation (name, value) VALUES ('some', 'thing')");
    maibo.execute("INSERT INTO blackouts (from_at, to_at, cause) VALUES (1, 2, 'stopped')");
    maibo.execute(
        "INSERT INTO consent_mails (channel_id, made_at, tries, mailed_at, trouble)
            SELECT id, 1, 2, 3, 'greylisted' FROM channels",
    );
    maibo.execute(
        "INSERT INTO channel_members (group_id, channel_id) SELECT id, id FROM channels WHERE name = 'hook'",
    );
    maibo.execute("INSERT INTO paced (recipient, sent, last_at) VALUES ('somebody', '[7]', 7)");
    maibo.execute("UPDATE outbox SET state = 'queued', done_at = NULL, leased_until = 7, next_at = 7");
    for table in tables() {
        let filled = maibo.number(&format!("SELECT COUNT(*) FROM {table}")) > 0;
        assert!(filled, "{table} is empty: fill it here, so that moving it is seen to work");
    }
    maibo
}

#[test]
fn every_table_arrives_on_the_other_engine_and_comes_back_the_same() {
    let home = lived();
    let (there, back) = (Maibo::on_sqlite(), Maibo::new());
    let first = verified(&migrated(&home, &there));
    assert_eq!(first.keys().cloned().collect::<Vec<_>>(), tables());
    let second = verified(&migrated(&there, &back));
    assert_eq!(first, second);

    // Leases are free; nothing else has changed.
    let alerts = home.number("SELECT COUNT(*) FROM outbox WHERE leased_until = 7");
    assert_eq!(back.number("SELECT COUNT(*) FROM outbox WHERE leased_until = 0"), alerts);
    let shown = |maibo: &Maibo| maibo.made(&["check", "list", "--json"]);
    assert_eq!(shown(&home), shown(&there));
    assert_eq!(shown(&home), shown(&back));
}

#[test]
fn what_was_moved_serves() {
    let home = lived();
    let mut there = Maibo::on_sqlite();
    migrated(&home, &there);
    let (uuid,): (String,) = home.row("SELECT uuid FROM checks WHERE kind = 'every' OR n_pings > 0");
    there.serve();
    there.ping_ok(&uuid);
    there.stop();
    let mut back = Maibo::new();
    migrated(&there, &back);
    back.serve();
    // New rows get new numbers.
    back.ping_ok(&uuid);
    assert_eq!(back.pings(&uuid, "n"), ["1", "2", "3", "4", "5"]);
    let new = back.check("new", &["--every", "1h"]);
    back.ping_ok(&new);
    assert_eq!(back.last_body(&uuid), None);
}

#[test]
fn a_target_that_holds_anything_is_refused_and_left_alone() {
    let (home, there) = (lived(), Maibo::new());
    let uuid = there.check("mine", &["--every", "1h"]);
    refused(&migrate(&home, &there), &["not empty", "1 in checks"]);
    assert!(there.made(&["check", "list", "--json"]).contains(&uuid));
    // Only what every new database has: that is empty.
    let fresh = Maibo::new();
    fresh.made(&["project", "list"]);
    migrated(&home, &fresh);
    assert_eq!(fresh.number("SELECT COUNT(*) FROM projects"), 1);
}

#[test]
fn nothing_is_moved_while_a_server_runs_on_either_side() {
    let (mut home, mut there) = (Maibo::new(), Maibo::new());
    home.serve();
    refused(&migrate(&home, &there), &["stop"]);
    home.stop();
    there.serve();
    refused(&migrate(&home, &there), &["stop"]);
}

#[test]
fn urls_that_name_nothing_are_refused_in_words() {
    let maibo = Maibo::on_sqlite();
    let here = url(&maibo);
    let missing = format!("sqlite://{}", maibo.path("nothing.db").display());
    let new = format!("sqlite://{}", maibo.path("new.db").display());
    for (from, to, words) in [
        ("mysql://root:secret@db/maibo", new.as_str(), "--from"),
        (missing.as_str(), new.as_str(), "nothing.db"),
        ("sqlite://", new.as_str(), "--from"),
        ("postgres://maibo:secret@127.0.0.1:1", new.as_str(), "names no database"),
        ("postgres://maibo:secret@127.0.0.1:1/x", new.as_str(), "127.0.0.1:1"),
    ] {
        let ran = maibo.run(&["migrate-db", "--from", from, "--to", to]);
        refused(&ran, &[words]);
        assert!(!ran.stderr.contains("secret"), "{ran:?}");
    }
    maibo.made(&["project", "list"]);
    refused(&maibo.run(&["migrate-db", "--from", &here, "--to", &here]), &["same database"]);
    assert!(!maibo.path("nothing.db").exists());
}

#[test]
fn one_database_under_two_names_is_still_one() {
    let maibo = Maibo::new();
    maibo.made(&["project", "list"]);
    std::os::unix::fs::symlink(maibo.path("data"), maibo.path("link")).unwrap();
    let file = || format!("sqlite://{}", maibo.path("link/maibo.db").display());
    let other = maibo.postgres_url().map_or_else(file, |url| url.replace("127.0.0.1", "localhost"));
    refused(&maibo.run(&["migrate-db", "--from", &url(&maibo), "--to", &other]), &["same database"]);
}

#[test]
fn a_nul_that_postgres_cannot_keep_is_left_out_and_told() {
    let home = Maibo::on_sqlite();
    let uuid = home.check("Job", &["--every", "1h"]);
    home.execute("UPDATE checks SET description = 'one' || char(0) || 'two'");
    let there = Maibo::new();
    let said = migrated(&home, &there);
    let (text,): (String,) = there.row(&format!("SELECT description FROM checks WHERE uuid = '{uuid}'"));
    match engine() {
        Engine::Sqlite => assert_eq!(text, "one\0two"),
        Engine::Postgres => {
            assert_eq!(text, "onetwo");
            assert!(said.contains("checks 1: `description`"), "{said}");
        }
    }
}

#[test]
fn killed_in_the_middle_it_leaves_an_empty_target() {
    let (home, there) = (Maibo::on_sqlite(), Maibo::new());
    let uuid = home.check("Job", &["--every", "1h"]);
    home.execute(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 200000)
         INSERT INTO pings (check_id, n, at, kind, scheme, method, remote_addr, ua, body_size)
         SELECT 1, n, n, 'success', 'http', 'GET', '127.0.0.1', 'curl', 0 FROM n",
    );
    let mut child = home
        .command(&["migrate-db", "--from", &url(&home), "--to", &url(&there)])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let seen = lines.find(|line| line.contains("pings: "));
    assert!(seen.is_some_and(|line| !line.contains("100 %")), "it was in the middle of it");
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "it did not end by itself");
    assert_eq!(there.number("SELECT COUNT(*) FROM pings"), 0);
    assert_eq!(there.number("SELECT COUNT(*) FROM checks"), 0);
    // And once more, to the end.
    migrated(&home, &there);
    assert_eq!(there.number("SELECT COUNT(*) FROM pings"), 200_000);
    assert!(there.made(&["check", "list", "--json"]).contains(&uuid));
}

/// Starts to move so much that it takes a while; gives the process once it is in the middle, and held there.
fn halted(home: &Maibo, there: &Maibo) -> (Child, Box<dyn std::any::Any>) {
    let many = match engine() {
        Engine::Sqlite => "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 200000)",
        Engine::Postgres => "WITH n(n) AS (SELECT generate_series(1, 200000))",
    };
    home.execute(&format!(
        "INSERT INTO pings (check_id, n, at, kind, scheme, method, remote_addr, ua, body_size)
         {many} SELECT 1, n, n, 'success', 'http', 'GET', '127.0.0.1', 'curl', 0 FROM n"
    ));
    let mut child = home
        .command(&["migrate-db", "--from", &url(home), "--to", &url(there)])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let seen = lines.find(|line| line.contains("pings: "));
    signal(&child, "STOP");
    assert!(seen.is_some_and(|line| !line.contains("100 %")), "it was in the middle of it");
    (child, Box::new(lines))
}

fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id());
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

#[test]
fn nobody_writes_to_either_database_while_it_is_copied() {
    let (home, there) = (Maibo::new(), Maibo::new());
    home.check("Job", &["--every", "1h"]);
    there.made(&["project", "list"]);
    let (mut child, lines) = halted(&home, &there);
    for maibo in [&home, &there] {
        refused(&maibo.run(&["project", "create", "late"]), &["migrate-db"]);
        refused(&maibo.run(&["serve"]), &["migrate-db"]);
    }
    signal(&child, "CONT");
    // Its words are no longer read, which is no reason to fail.
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(there.number("SELECT COUNT(*) FROM pings"), 200_000);
    home.made(&["project", "create", "later"]);
    there.made(&["project", "create", "later"]);
}

#[test]
fn what_is_not_maibos_is_refused_before_anything_is_written() {
    let home = Maibo::on_sqlite();
    home.made(&["project", "list"]);
    let (foreign, empty) = (home.path("foreign.db"), home.path("empty.db"));
    crate::support::on_sqlite_file(
        &foreign,
        "CREATE TABLE recipes (id INTEGER); CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT, installed_on TIMESTAMP, success BOOLEAN, checksum BLOB, execution_time BIGINT); INSERT INTO _sqlx_migrations VALUES (1, 'start', 1, 1, x'01', 1)",
    );
    std::fs::write(&empty, "").unwrap();
    let before = std::fs::read(&foreign).unwrap();
    let file = |path: &std::path::Path| format!("sqlite://{}", path.display());
    let new = home.path("new/new.db");
    let run = |from: &str, to: &str| home.run(&["migrate-db", "--from", from, "--to", to]);
    refused(&run(&file(&foreign), &file(&new)), &["--from", "foreign.db", "no Maibo database"]);
    refused(&run(&file(&empty), &file(&new)), &["--from", "empty.db", "no tables"]);
    refused(&run(&url(&home), &file(&foreign)), &["--to", "foreign.db", "no Maibo database"]);
    refused(&run(&url(&home), &file(&home.path("data"))), &["no regular file"]);
    assert_eq!(std::fs::read(&foreign).unwrap(), before);
    assert_eq!(std::fs::metadata(&empty).unwrap().len(), 0);
    let mut left: Vec<_> =
        std::fs::read_dir(home.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["data", "empty.db", "foreign.db"]);
}

#[test]
fn a_postgres_database_that_is_not_maibos_is_refused_before_anything_is_written() {
    if engine() == Engine::Sqlite {
        return;
    }
    let home = Maibo::new();
    let (other, empty) = (Database::empty(), Database::empty());
    Session::open(&other.url()).run("CREATE TABLE recipes (id INT)").unwrap();
    let run = |from: &str, to: &str| home.run(&["migrate-db", "--from", from, "--to", to]);
    refused(&run(&url(&home), &other.url()), &["--to", "no Maibo database", "recipes"]);
    refused(&run(&other.url(), &empty.url()), &["--from", "no Maibo database", "recipes"]);
    refused(&run(&empty.url(), &other.url()), &["--from", "no tables"]);
    // Still nothing but what was there.
    Session::open(&other.url()).run("CREATE TABLE _sqlx_migrations (id INT)").unwrap();
    Session::open(&empty.url()).run("CREATE TABLE _sqlx_migrations (id INT)").unwrap();
}
