//! `maibo doctor`: what it finds, what it advises, and what it never shows.
use rstest::rstest;
use serde_json::Value;

use crate::support::http_sink::HttpSink;
use crate::support::smtp_sink::{Fate, SmtpSink};
use crate::support::{Engine, Maibo, Ran, engine, now, until};

const MINUTE: i64 = 60_000_000;

/// The line about something, which must be there.
#[track_caller]
fn line<'a>(ran: &'a Ran, level: &str, words: &[&str]) -> &'a str {
    let fits =
        |line: &&str| line.starts_with(&format!("{level:<4}  ")) && words.iter().all(|w| line.contains(w));
    ran.stdout.lines().find(fits).unwrap_or_else(|| panic!("no {level} with {words:?} in\n{}", ran.stdout))
}

/// A channel and a check that notifies it.
fn set_up(maibo: &Maibo) {
    maibo.channel("webhook", "hook", &["url_down=http://127.0.0.1:9/secret-path"]);
    maibo.check("Job", &["--every", "1h", "--channel", "*"]);
}

#[test]
fn a_healthy_installation_has_nothing_broken() {
    let (hook, mail) = (HttpSink::ok(), SmtpSink::start([]));
    let mut maibo = Maibo::new().with("MAIBO_SMTP_URL", &mail.url());
    maibo.channel("webhook", "hook", &[&format!("url_down={}", hook.url("/hook"))]);
    let uuid = maibo.check("Job", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    until("the alert is sent", || maibo.number("SELECT COUNT(*) FROM attempts") == 1);
    maibo.all_delivered();
    let addr = maibo.addr().to_string();
    let maibo = maibo.with("MAIBO_LISTEN", &addr).with("MAIBO_BASE_URL", &format!("http://{addr}"));
    let ran = maibo.run(&["doctor"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!ran.stdout.contains("FAIL"), "{}", ran.stdout);
    for words in [
        &["settings:"][..],
        &["clock:"],
        &["database:", "up to date"],
        &["server:", &addr, "ready"],
        &["base URL:", "/healthz answers"],
        &["mail:", "no mail was sent"],
        &["channel:", "`hook` of default", "arrived"],
        &["checks:"],
        &["queue:", "0 alert(s)"],
    ] {
        line(&ran, "ok", words);
    }
    assert!(mail.mails().is_empty() && hook.heard().len() == 1, "nothing was sent");

    let json: Value = serde_json::from_str(&maibo.made(&["doctor", "--json"])).unwrap();
    let all = json.as_array().unwrap();
    assert_eq!(all.len(), ran.stdout.lines().count());
    assert!(
        all.iter().all(|one| one["level"].is_string() && one["about"].is_string() && one["what"].is_string())
    );
}

#[test]
fn each_fault_is_named_with_what_to_do() {
    let maibo = Maibo::new();
    set_up(&maibo);
    maibo.check("Lonely", &["--every", "1h"]);
    maibo.execute("UPDATE channels SET broken = '93000 invalid webhook url'");
    let now = now().timestamp_micros();
    maibo.execute(&format!("INSERT INTO liveness (id, alive_at) VALUES (1, {})", now + 60 * MINUTE));
    for (state, done) in [("queued", "NULL"), ("dead", &now.to_string())] {
        maibo.execute(&format!(
            "INSERT INTO outbox (kind, check_id, channel_id, state, created_at, attempts, next_at, leased_until, done_at)
             VALUES ('down', 1, 1, '{state}', {}, 1, {now}, 0, {done})",
            now - 90 * MINUTE
        ));
    }
    // Tests that failed are no alerts, and what somebody has put aside is seen.
    for kind in ["test", "down"] {
        maibo.execute(&format!(
            "INSERT INTO outbox (kind, channel_id, state, created_at, attempts, next_at, leased_until, done_at,
                dismissed_at) VALUES ('{kind}', 1, 'dead', {now}, 1, {now}, 0, {now}, {now})"
        ));
    }
    let ran = maibo.run(&["doctor"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    line(&ran, "FAIL", &["channel:", "`hook` of default", "93000 invalid webhook url", "maibo channel test"]);
    line(&ran, "FAIL", &["clock:", "in the future"]);
    line(&ran, "FAIL", &["queue:", "1 alert(s) wait, the oldest for 1h30m"]);
    line(&ran, "warn", &["queue:", "1 alert(s) of the last 7 days were given up"]);
    line(&ran, "warn", &["checks:", "2 would go down and tell nobody: Job, Lonely"]);
    line(&ran, "warn", &["server:", "none answers"]);
    line(&ran, "warn", &["base URL:", "plain http"]);
    assert!(!ran.stdout.contains("secret-path"), "{}", ran.stdout);
    assert!(ran.stderr.contains("FAIL"), "{ran:?}");
}

#[rstest]
#[case(Some(Fate::NoLogin("535 5.7.8 Login fail. Account is abnormal")), "authorization code")]
#[case(None, "nothing listens there")]
fn a_mail_server_that_does_not_take_us_is_told_with_the_usual_cause(
    #[case] fate: Option<Fate>,
    #[case] advice: &str,
) {
    let sink = SmtpSink::start(fate);
    let url = match fate {
        Some(_) => sink.url_as("ops%40qq.com", "s3cr3tcode"),
        None => "smtp://127.0.0.1:9".to_owned(),
    };
    let maibo = Maibo::new().with("MAIBO_SMTP_URL", &url);
    set_up(&maibo);
    let ran = maibo.run(&["doctor"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    line(&ran, "FAIL", &["mail:", advice]);
    assert!(!ran.stdout.contains("s3cr3tcode") && !ran.stderr.contains("s3cr3tcode"), "{ran:?}");
}

#[test]
fn mail_channels_without_a_mail_server_are_a_fault() {
    let maibo = Maibo::new();
    maibo.channel("email", "ops", &["to=ops@example.org"]);
    let ran = maibo.run(&["doctor"]);
    line(&ran, "FAIL", &["mail:", "1 email channel(s)", "MAIBO_SMTP_URL"]);
}

#[test]
fn a_setting_that_cannot_be_read_is_a_finding_too() {
    let maibo = Maibo::new().with("MAIBO_PING_BODY_LIMIT", "many");
    let ran = maibo.run(&["doctor"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    line(&ran, "FAIL", &["settings:", "MAIBO_PING_BODY_LIMIT"]);
}

#[test]
fn looking_makes_no_database_and_brings_none_up_to_date() {
    let maibo = Maibo::on_sqlite();
    let ran = maibo.run(&["doctor"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    line(&ran, "warn", &["database:", "none yet"]);
    assert!(!maibo.path("data").exists());
}

#[test]
fn a_file_that_others_can_read_or_that_is_damaged_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let maibo = Maibo::on_sqlite();
    set_up(&maibo);
    for path in [maibo.path("data"), maibo.database()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let ran = maibo.run(&["doctor"]);
    line(&ran, "FAIL", &["permissions:", "can read", "chmod 600"]);
    line(&ran, "ok", &["integrity:"]);

    let mut bytes = std::fs::read(maibo.database()).unwrap();
    let from = bytes.len() / 2;
    bytes[from..].fill(0xa5);
    std::fs::write(maibo.database(), bytes).unwrap();
    let ran = maibo.run(&["doctor"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let damaged = ran.stdout.lines().any(|line| {
        line.starts_with("FAIL  integrity:") || line.starts_with("FAIL  database:") && line.contains("backup")
    });
    assert!(damaged, "{}", ran.stdout);
}

#[test]
fn a_server_on_the_file_that_does_not_answer_here_is_told_apart_from_none() {
    let mut maibo = Maibo::on_sqlite();
    maibo.serve();
    // This command believes that the server listens elsewhere.
    let maibo = maibo.with("MAIBO_LISTEN", "127.0.0.1:9");
    let ran = maibo.run(&["doctor"]);
    line(&ran, "FAIL", &["server:", "none answers on 127.0.0.1:9", "settings"]);
}

#[test]
fn backups_that_should_be_there_and_are_not_are_told() {
    let maibo = Maibo::on_sqlite();
    set_up(&maibo);
    line(&maibo.run(&["doctor"]), "warn", &["backups:", "MAIBO_BACKUP_FOLDER"]);
    let folder = maibo.path("copies");
    let maibo = maibo.with("MAIBO_BACKUP_FOLDER", &folder.display().to_string());
    line(&maibo.run(&["doctor"]), "FAIL", &["backups:", "cannot read"]);
    std::fs::create_dir(&folder).unwrap();
    line(&maibo.run(&["doctor"]), "FAIL", &["backups:", "there is none"]);
    std::fs::write(folder.join("maibo-20200101T000000Z.db"), "").unwrap();
    line(&maibo.run(&["doctor"]), "FAIL", &["backups:", "one is due every 1d"]);
    std::fs::write(folder.join(format!("maibo-{}.db", now().format("%Y%m%dT%H%M%SZ"))), "").unwrap();
    line(&maibo.run(&["doctor"]), "ok", &["backups:", "old"]);
    maibo.execute("INSERT INTO installation (name, value) VALUES ('backup_failure', 'the disk is full')");
    line(&maibo.run(&["doctor"]), "FAIL", &["backups:", "the disk is full"]);
}

#[test]
fn a_database_out_of_reach_is_no_reason_to_restore_a_backup() {
    let maibo = Maibo::new();
    for (url, words) in [
        ("postgres://maibo:s3cret@127.0.0.1:1/maibo", "see that PostgreSQL runs"),
        ("postgres://maibo:s3cret@127.0.0.1:1/maibo?sslmod=verify-full", "`sslmod` is no parameter"),
        ("postgres://maibo:12?s3cret@127.0.0.1:1/maibo", "correct MAIBO_DATABASE_URL"),
    ] {
        let ran = maibo.command(&["doctor"]).env("MAIBO_DATABASE_URL", url).output().unwrap();
        let ran = Ran {
            code: ran.status.code(),
            stdout: String::from_utf8(ran.stdout).unwrap(),
            stderr: String::from_utf8(ran.stderr).unwrap(),
        };
        assert!(!line(&ran, "FAIL", &["database:", words]).contains("restore"), "{ran:?}");
        assert!(!ran.stdout.contains("s3cret") && !ran.stderr.contains("s3cret"), "{ran:?}");
    }
}

#[test]
fn a_server_that_nobody_watches_deadlines_for_is_a_fault() {
    if engine() == Engine::Sqlite {
        return;
    }
    let mut maibo = Maibo::new();
    set_up(&maibo);
    maibo.serve_without_worker();
    line(&maibo.run(&["doctor"]), "FAIL", &["deadlines:", "nobody has watched them ever", "maibo worker"]);
    line(&maibo.run(&["doctor"]), "ok", &["encryption:", "no TLS"]);
    let mut worker = maibo.another_node();
    worker.work();
    until("the worker leaves its mark", || maibo.number("SELECT COUNT(*) FROM liveness") == 1);
    line(&maibo.run(&["doctor"]), "ok", &["deadlines:"]);
}

#[test]
fn settings_with_a_password_that_everybody_can_read_are_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let maibo = Maibo::new();
    let file = maibo.path("maibo.toml");
    let config = file.display().to_string();
    let maibo = maibo.with("MAIBO_CONFIG", &config);
    for (text, mode, told) in [
        ("[smtp]\nurl = \"smtp://u:s3cret@127.0.0.1:9\"\n", 0o644, true),
        ("[smtp]\nurl = \"smtp://u:s3cret@127.0.0.1:9\"\n", 0o640, false),
        ("[smtp]\nurl = \"smtp://127.0.0.1:9\"\n", 0o644, false),
    ] {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let ran = maibo.run(&["doctor"]);
        assert_eq!(
            ran.stdout.contains("warn  settings: ") && ran.stdout.contains("chmod 640"),
            told,
            "{ran:?}"
        );
    }
}

#[test]
fn a_channel_on_a_private_network_that_is_not_open_is_told() {
    let maibo = Maibo::new();
    set_up(&maibo);
    let maibo = maibo.with("MAIBO_OUTBOUND_ALLOW", "");
    let ran = maibo.run(&["doctor"]);
    line(
        &ran,
        "warn",
        &["channel:", "`hook` of default", "127.0.0.1 is a private address", "MAIBO_OUTBOUND_ALLOW"],
    );
}
