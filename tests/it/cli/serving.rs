//! `maibo serve`: its settings, its signals, its log, and what keeps it from starting.
use std::process::Stdio;

use rstest::rstest;
use serde_json::Value;

use super::refused;
use crate::support::Maibo;

#[rstest]
#[case("MAIBO_LISTEN", "nonsense")]
#[case("MAIBO_LISTEN", "127.0.0.1")]
#[case("MAIBO_BASE_URL", "mon.example.org")]
#[case("MAIBO_BASE_URL", "ftp://mon.example.org")]
#[case("MAIBO_PING_BODY_LIMIT", "9999")]
#[case("MAIBO_PING_BODY_LIMIT", "lots")]
#[case("MAIBO_SMTP_URL", "mail.example.org")]
#[case("MAIBO_SMTP_URL", "smtp://user:secret-word@mail.example.org")]
#[case("MAIBO_MAIL_FROM", "nobody")]
#[case("MAIBO_MAIL_LISTEN", "ping.example.org")]
#[case("MAIBO_MAIL_DOMAIN", "ops@ping.example.org")]
#[case("MAIBO_OUTBOUND_ALLOW", "10.0.0.0/99")]
#[case("MAIBO_TRUSTED_PROXIES", "localhost")]
#[case("MAIBO_LOG", "maibo=loud")]
#[case("MAIBO_LOG_FORMAT", "xml")]
#[case("MAIBO_DATABASE_URL", "mysql://root:secret-word@db/maibo")]
#[case("MAIBO_DATABASE_URL_FILE", "/nonexistent/url")]
#[case("MAIBO_SMTP_URL_FILE", "/nonexistent/url")]
fn a_wrong_setting_is_named_and_its_secret_is_not(#[case] name: &str, #[case] value: &str) {
    let maibo = Maibo::on_sqlite().with(name, value);
    let ran = maibo.run(&["serve"]);
    let named = if name.ends_with("_FILE") { value } else { name };
    refused(&ran, &[named]);
    assert!(!ran.stderr.contains("secret-word"), "{ran:?}");
}

#[test]
fn a_file_a_variable_and_a_flag_set_the_same_things() {
    let maibo = Maibo::new();
    let file = maibo.path("maibo.toml");
    std::fs::write(&file, "base_url = \"https://from.file/maibo\"\n[smtp]\nurl = \"smtp://127.0.0.1:1\"\n")
        .unwrap();
    let file = file.display().to_string();
    let create = ["check", "create", "--name", "c", "--every", "1h"];
    let from = |maibo: &Maibo, more: &[&str]| maibo.made(&[&create, more].concat());
    assert!(
        from(&maibo, &["--config", &file]).starts_with("http://maibo.test/ping/"),
        "a variable beats the file"
    );
    let flagged = from(&maibo, &["--config", &file, "--base-url", "https://from.flag"]);
    assert!(flagged.starts_with("https://from.flag/ping/"), "a flag beats both");
    let maibo = maibo.with("MAIBO_BASE_URL", "");
    assert!(
        from(&maibo, &["--config", &file]).starts_with("https://from.file/maibo/ping/"),
        "an empty one is none"
    );
    for (text, words) in [
        ("[smtp]\nurk = \"x\"\n", vec!["smtp_urk"]),
        ("listen = [1]\n", vec!["listen"]),
        ("not toml", vec!["maibo.toml"]),
    ] {
        std::fs::write(maibo.path("maibo.toml"), text).unwrap();
        refused(&maibo.run(&["project", "list", "--config", &file]), &words);
    }
    refused(&maibo.run(&["project", "list", "--config", "/nonexistent.toml"]), &["/nonexistent.toml"]);
}

#[test]
fn a_database_from_a_newer_version_is_refused_and_left_alone() {
    let maibo = Maibo::new();
    maibo.made(&["project", "create", "p"]);
    maibo.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            SELECT 999999, 'from the future', success, checksum, 0 FROM _sqlx_migrations",
    );
    refused(&maibo.run(&["serve"]), &["newer", "999999"]);
    refused(&maibo.run(&["project", "create", "q"]), &["newer"]);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM projects"), 2);
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = Maibo::serving();
    let addr = taken.addr().to_string();
    refused(&Maibo::new().run(&["serve", "--listen", &addr]), &[&addr, "MAIBO_LISTEN"]);
}

#[rstest]
#[case("TERM")]
#[case("INT")]
fn a_signal_ends_the_server_with_0(#[case] signal: &str) {
    let mut maibo = Maibo::serving();
    // Somebody who keeps a connection open does not hold it up.
    let idle = crate::support::http::connect(maibo.addr());
    maibo.signal(signal);
    assert_eq!(maibo.wait().code(), Some(0));
    drop(idle);
    assert!(!maibo.log().contains("cut off"), "{}", maibo.log());
}

#[test]
fn without_a_command_it_serves_and_says_nothing_on_stdout() {
    let maibo = Maibo::new();
    let mut child = maibo
        .command(&[])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut log, &mut line).unwrap();
    assert!(line.contains("listens on http://127.0.0.1:"), "{line}");
    let id = child.id().to_string();
    assert!(
        std::process::Command::new("sh")
            .args(["-c", &format!("kill -TERM {id}")])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn a_log_in_a_file_holds_no_colours_and_json_is_json() {
    let mut maibo = Maibo::serving();
    maibo.kill();
    maibo.serve();
    assert!(maibo.log().contains("Maibo was away"), "{}", maibo.log());
    assert!(!maibo.log().contains('\u{1b}'), "{}", maibo.log());
    maibo.kill();
    let mut maibo = maibo.with("MAIBO_LOG_FORMAT", "json");
    maibo.serve();
    let log = maibo.log();
    let line = log.lines().find(|line| line.starts_with('{')).unwrap();
    let entry: Value = serde_json::from_str(line).unwrap();
    assert_eq!(entry["fields"]["message"], "Maibo was away");
}
