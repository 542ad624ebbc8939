//! Copies of the database, and the way back: `maibo backup`, `maibo restore`.
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;

use crate::cli::refused;
use crate::support::http::{PATIENCE, try_request};
use crate::support::{Engine, Maibo, engine, now, until};

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// What lies in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| text(Path::new(&entry.unwrap().file_name())))
        .collect();
    names.sort();
    names
}

#[test]
fn a_backup_taken_under_load_has_what_was_answered_before_it_and_serves() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut maibo = Maibo::on_sqlite();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    maibo.serve();
    let addr = maibo.addr();
    let (answered, done) = (AtomicI64::new(0), AtomicBool::new(false));
    let target = format!("/ping/{uuid}");
    let copy = maibo.path("copy.db");
    let (before, after) = thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(try_request(addr, "POST", &target, &[b'x'; 900], PATIENCE), Some(200));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        until("pings are answered", || answered.load(Ordering::Relaxed) > 100);
        let before = answered.load(Ordering::Relaxed);
        let path = maibo.made(&["backup", &text(&copy)]);
        let after = answered.load(Ordering::Relaxed);
        until("pings go on", || answered.load(Ordering::Relaxed) > after + 50);
        done.store(true, Ordering::Relaxed);
        assert_eq!(path, text(&copy));
        (before, after + 4)
    });
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!names(&maibo.path("")).iter().any(|name| name.contains("partial")), "nothing is left over");

    let mut other = Maibo::on_sqlite();
    assert_eq!(other.made(&["restore", &text(&copy)]), text(&other.database()));
    let pings = other.number("SELECT COUNT(*) FROM pings");
    assert!((before..=after).contains(&pings), "{before} {pings} {after}");
    other.serve();
    other.ping_ok(&uuid);
    assert_eq!(other.number("SELECT n_pings FROM checks"), pings + 1);
}

#[test]
fn a_backup_replaces_nothing_unless_it_is_told_to() {
    let maibo = Maibo::on_sqlite();
    let copy = maibo.path("copy.db");
    refused(&maibo.run(&["backup", &text(&copy)]), &["no file", "maibo.db"]);
    maibo.check("one", &["--every", "1h"]);
    std::fs::write(&copy, "precious").unwrap();
    refused(&maibo.run(&["backup", &text(&copy)]), &["exists already", "--force"]);
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "precious");
    maibo.made(&["backup", "--force", &text(&copy)]);
    assert!(std::fs::read(&copy).unwrap().starts_with(b"SQLite format 3"));
    let below = maibo.path("nowhere/copy.db");
    refused(&maibo.run(&["backup", &text(&below)]), &["nowhere"]);
}

#[test]
fn a_restore_keeps_the_old_database_with_what_was_last_written_to_it() {
    let mut maibo = Maibo::on_sqlite();
    let first = maibo.check("first", &["--every", "1h"]);
    let copy = maibo.path("copy.db");
    maibo.made(&["backup", &text(&copy)]);
    maibo.serve();
    let second = maibo.check("second", &["--every", "1h"]);
    maibo.ping_ok(&second);
    refused(&maibo.run(&["restore", "--force", &text(&copy)]), &["stop"]);
    // The newest rows stand in the write-ahead log alone.
    maibo.kill();
    assert!(std::fs::metadata(maibo.path("data/maibo.db-wal")).unwrap().len() > 0);

    refused(&maibo.run(&["restore", &text(&copy)]), &["2 checks", "last ping 20", "--force"]);
    maibo.made(&["restore", "--force", &text(&copy)]);
    let list = maibo.run(&["check", "list"]).stdout;
    assert!(list.contains("first") && !list.contains("second"), "{list}");

    let data = maibo.path("data");
    let kept = names(&data).into_iter().find(|name| name.starts_with("maibo.db.before-restore-2")).unwrap();
    let old = Maibo::on_sqlite();
    old.made(&["restore", &text(&data.join(kept))]);
    assert_eq!(old.number("SELECT COUNT(*) FROM pings"), 1);
    maibo.serve();
    maibo.ping_ok(&first);
    assert_eq!(maibo.ping(&second).status, 404);
}

#[test]
fn the_database_is_never_its_own_copy() {
    let maibo = Maibo::on_sqlite();
    maibo.check("one", &["--every", "1h"]);
    let itself = text(&maibo.database());
    refused(&maibo.run(&["backup", "--force", &itself]), &["the database itself"]);
    refused(&maibo.run(&["restore", "--force", &itself]), &["the database itself"]);
    assert_eq!(names(&maibo.path("data")).iter().filter(|name| name.contains("restor")).count(), 0);
}

#[test]
fn a_database_beyond_repair_is_replaced_and_kept_with_its_log() {
    let maibo = Maibo::on_sqlite();
    let uuid = maibo.check("one", &["--every", "1h"]);
    let copy = maibo.path("copy.db");
    maibo.made(&["backup", &text(&copy)]);
    std::fs::write(maibo.database(), "no database any more").unwrap();
    std::fs::write(maibo.path("data/maibo.db-wal"), "nor a log").unwrap();
    refused(&maibo.run(&["restore", &text(&copy)]), &["no SQLite file", "--force"]);
    maibo.made(&["restore", "--force", &text(&copy)]);
    assert!(maibo.made(&["check", "list", "--json"]).contains(&uuid));
    let kept: Vec<String> =
        names(&maibo.path("data")).into_iter().filter(|name| name.contains(".before-restore-")).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    let log = std::fs::read_to_string(maibo.path("data").join(&kept[1])).unwrap();
    assert!(kept[1].ends_with("-wal") && log == "nor a log", "{kept:?}");
}

#[test]
fn what_is_no_sound_backup_is_refused_and_changes_nothing() {
    let maibo = Maibo::on_sqlite();
    let uuid = maibo.check("mine", &["--every", "1h"]);
    for n in 0..200 {
        maibo.execute(&format!(
            "INSERT INTO pings (check_id, n, at, kind, scheme, method, remote_addr, ua, body_size)
             VALUES (1, {n}, 1, 'success', 'http', 'GET', '', '{}', 0)",
            "x".repeat(500)
        ));
    }
    let good = maibo.path("good.db");
    maibo.made(&["backup", &text(&good)]);
    let bytes = std::fs::read(&good).unwrap();
    let notes = maibo.path("notes.txt");
    std::fs::write(&notes, "These are somebody's notes, and no database at all. ".repeat(100)).unwrap();
    let torn = maibo.path("torn.db");
    std::fs::write(&torn, &bytes[..bytes.len() / 2]).unwrap();
    let mut rotten = bytes.clone();
    let at = rotten.len() / 2;
    rotten[at..at + 8192].fill(0xa5);
    std::fs::write(maibo.path("rotten.db"), rotten).unwrap();
    let newer = maibo.path("newer.db");
    std::fs::copy(&good, &newer).unwrap();
    crate::support::on_sqlite_file(&newer, "UPDATE _sqlx_migrations SET version = 9000 WHERE version = 1");
    let foreign = maibo.path("foreign.db");
    crate::support::on_sqlite_file(&foreign, "CREATE TABLE checks (id INTEGER)");
    for (name, sql) in [("unnoted.db", "DELETE FROM _sqlx_migrations"), ("lacking.db", "DROP TABLE attempts")]
    {
        std::fs::copy(&good, maibo.path(name)).unwrap();
        crate::support::on_sqlite_file(&maibo.path(name), sql);
    }
    for (file, words) in [
        (maibo.path("nothing.db"), "no file"),
        (notes.clone(), "no SQLite file"),
        (torn, "torn.db"),
        (maibo.path("rotten.db"), "rotten.db"),
        (newer, "newer Maibo (migration 9000)"),
        (foreign, "tables are missing"),
        (maibo.path("unnoted.db"), "other migrations"),
        (maibo.path("lacking.db"), "lacks attempts."),
        (maibo.path("data"), "no regular file"),
        (notes.join("below.db"), "below.db: Not a directory"),
    ] {
        refused(&maibo.run(&["restore", "--force", &text(&file)]), &[words]);
    }
    assert_eq!(names(&maibo.path("data")).iter().filter(|name| name.contains("restor")).count(), 0);
    assert!(maibo.made(&["check", "list", "--json"]).contains(&uuid));
}

#[test]
fn the_time_between_backup_and_restore_raises_no_alarms() {
    const HOURS: i64 = 3 * 3600 * 1_000_000;
    let mut maibo = Maibo::on_sqlite();
    let uuid = maibo.check("Job", &["--every", "1h", "--grace", "1m"]);
    maibo.serve();
    maibo.ping_ok(&uuid);
    maibo.stop();
    // As if all of this had been three hours ago: the job was due two hours ago.
    maibo.execute(&format!("UPDATE liveness SET alive_at = alive_at - {HOURS}"));
    maibo.execute(&format!(
        "UPDATE checks SET since = since - {HOURS}, last_ping_at = last_ping_at - {HOURS},
            due_at = due_at - {HOURS}, deadline = deadline - {HOURS}, wake_at = wake_at - {HOURS}"
    ));
    let copy = maibo.path("copy.db");
    maibo.made(&["backup", &text(&copy)]);
    let mut other = Maibo::on_sqlite();
    other.made(&["restore", &text(&copy)]);
    let started = now().timestamp_micros();
    other.serve();
    let (from, to): (i64, i64) = other.row("SELECT from_at, to_at FROM blackouts");
    assert!(to - from >= HOURS && to >= started, "{from} {to}");
    assert_eq!(other.number("SELECT COUNT(*) FROM flips WHERE new_status = 'down'"), 0);
    assert_eq!(other.shown(&uuid)["status"], "grace", "due, and given its grace again");
    other.ping_ok(&uuid);
    assert_eq!(other.number("SELECT COUNT(*) FROM outbox"), 0);
}

#[test]
fn on_postgres_the_tools_of_postgres_are_named() {
    if engine() == Engine::Sqlite {
        return;
    }
    let maibo = Maibo::new();
    let url = maibo.postgres_url().unwrap().replace("maibo@", "maibo:s3cret@");
    let maibo = maibo.with("MAIBO_DATABASE_URL", &url);
    let ran = maibo.run(&["backup", "my copy.dump"]);
    refused(
        &ran,
        &[
            "umask 077",
            "pg_dump --format=custom",
            "'my copy.dump'",
            "postgres://maibo@127.0.0.1",
            "No backup was made",
        ],
    );
    assert!(!ran.stderr.contains("s3cret"), "{ran:?}");
    let ran = maibo.run(&["restore", "x.dump"]);
    refused(&ran, &["pg_restore", "postgres://maibo@127.0.0.1"]);
    assert!(!ran.stderr.contains("s3cret"), "{ran:?}");
}

#[test]
fn a_server_backs_itself_up_and_keeps_the_newest() {
    let folder = |maibo: &Maibo| maibo.path("copies");
    let mut maibo = Maibo::on_sqlite();
    let path = text(&folder(&maibo));
    maibo = maibo
        .with("MAIBO_BACKUP_FOLDER", &path)
        .with("MAIBO_BACKUP_EVERY", "1h")
        .with("MAIBO_BACKUP_KEEP", "2");
    std::fs::create_dir_all(folder(&maibo)).unwrap();
    let old = ["maibo-20200101T000000Z.db", "maibo-20200102T000000Z.db", "maibo-20200103T000000Z.db"];
    for name in old.iter().chain(&["maibo-mine.db", "20200101T000000Z.db"]) {
        std::fs::write(folder(&maibo).join(name), "").unwrap();
    }
    // Neither is a file, whatever it is called.
    std::fs::create_dir(folder(&maibo).join("maibo-20200104T000000Z.db")).unwrap();
    std::os::unix::fs::symlink("maibo-mine.db", folder(&maibo).join("maibo-20200105T000000Z.db")).unwrap();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    maibo.serve();
    until("old ones are gone", || names(&folder(&maibo)).len() == 6);
    let there = names(&folder(&maibo));
    assert!(there.contains(&old[2].to_owned()) && there.contains(&"maibo-mine.db".to_owned()), "{there:?}");
    let made = there.iter().find(|name| !name.contains("2020") && !name.contains("mine")).unwrap();
    // It is not due again after a restart: the folder tells.
    maibo.stop();
    maibo.serve();
    maibo.ping_ok(&uuid);
    maibo.stop();
    assert_eq!(names(&folder(&maibo)), there);

    let other = Maibo::on_sqlite();
    other.made(&["restore", &text(&folder(&maibo).join(made))]);
    assert!(other.made(&["check", "list", "--json"]).contains(&uuid));
}

#[test]
fn a_backup_that_fails_is_an_error_in_the_log_and_deletes_nothing() {
    let maibo = Maibo::on_sqlite();
    std::fs::write(maibo.path("not"), "a folder").unwrap();
    let path = text(&maibo.path("not/mounted"));
    let mut maibo = maibo.with("MAIBO_BACKUP_FOLDER", &path);
    maibo.serve();
    until("it is told", || maibo.log().contains("ERROR the database was not backed up"));
    until("it is kept", || {
        maibo.rows::<(String,)>("SELECT value FROM installation WHERE name = 'backup_failure'").len() == 1
    });
    let (why,): (String,) = maibo.row("SELECT value FROM installation WHERE name = 'backup_failure'");
    assert!(why.contains("not/mounted"), "{why}");
}

#[test]
fn on_postgres_a_backup_folder_is_refused_at_the_start() {
    if engine() == Engine::Sqlite {
        return;
    }
    let maibo = Maibo::new().with("MAIBO_BACKUP_FOLDER", "copies");
    refused(&maibo.run(&["serve"]), &["MAIBO_BACKUP_FOLDER", "pg_dump"]);
}

#[test]
fn only_a_file_is_ever_replaced() {
    let maibo = Maibo::on_sqlite();
    maibo.check("one", &["--every", "1h"]);
    let (folder, link) = (maibo.path("folder"), maibo.path("link"));
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    let pipe = maibo.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for there in [&folder, &link, &pipe] {
        let before = there.symlink_metadata().unwrap().file_type();
        refused(&maibo.run(&["backup", "--force", &text(there)]), &["no regular file"]);
        assert_eq!(there.symlink_metadata().unwrap().file_type(), before);
    }
}

#[test]
fn alerts_that_were_queued_in_a_backup_are_not_sent_after_a_restore() {
    let maibo = Maibo::on_sqlite();
    maibo.channel("webhook", "hook", &["url_down=http://127.0.0.1:9/"]);
    let uuid = maibo.check("Job", &["--every", "1h", "--channel", "*"]);
    maibo.execute(
        "INSERT INTO flips (check_id, at, old_status, new_status, reason, since, missed)
            SELECT id, 1, 'up', 'down', 'fail', 1, 0 FROM checks;
         UPDATE checks SET status = 'down';
         INSERT INTO outbox (kind, check_id, flip_id, channel_id, state, created_at, attempts, next_at, leased_until)
            SELECT 'down', check_id, id, 1, 'queued', 1, 0, 1, 0 FROM flips",
    );
    let copy = maibo.path("copy.db");
    maibo.made(&["backup", &text(&copy)]);
    let mut other = Maibo::on_sqlite();
    let ran = other.run(&["restore", &text(&copy)]);
    assert!(ran.code == Some(0) && ran.stderr.contains("1 alert(s) that were queued"), "{ran:?}");
    other.serve();
    assert_eq!(other.shown(&uuid)["status"], "down");
    assert_eq!(other.number("SELECT COUNT(*) FROM outbox WHERE state = 'skipped'"), 1);
    assert_eq!(
        other.rows::<(String, String)>("SELECT outcome, detail FROM attempts"),
        [("skipped".to_owned(), "queued before the restore".to_owned())]
    );
    // The backup itself still has it.
    assert_eq!(maibo.number("SELECT COUNT(*) FROM outbox WHERE state = 'queued'"), 1);
}

#[test]
fn what_a_restore_cannot_do_leaves_nothing_behind() {
    let maibo = Maibo::on_sqlite();
    maibo.check("one", &["--every", "1h"]);
    let copy = maibo.path("copy.db");
    maibo.made(&["backup", &text(&copy)]);
    let other = Maibo::on_sqlite();
    // What is in the way of the new file is no file.
    std::fs::create_dir_all(other.path("data/maibo.db.restoring")).unwrap();
    refused(&other.run(&["restore", &text(&copy)]), &["restoring"]);
    assert_eq!(names(&other.path("data")), ["maibo.db.restoring"]);
}
