//! The contract for people and scripts: DESIGN, "The contract for people and scripts".
use rstest::rstest;
use serde_json::{Value, json};

mod schedules;
mod serving;

use crate::support::{Maibo, Ran, until};

const UUID: &str = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";

/// Refused: not 0, nothing on stdout, and all of these words on stderr.
#[track_caller]
pub fn refused(ran: &Ran, words: &[&str]) {
    assert!(ran.code.is_some_and(|code| code != 0), "{ran:?}");
    assert_eq!(ran.stdout, "", "{ran:?}");
    for word in words {
        assert!(ran.stderr.contains(word), "no `{word}` in {ran:?}");
    }
    assert!(!ran.stderr.contains("panicked"), "{ran:?}");
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.parse::<uuid::Uuid>().is_ok() && text == text.to_lowercase()
}

#[test]
fn each_thing_that_is_made_is_printed_alone_on_one_line() {
    let maibo = Maibo::new();
    for (args, fits) in [
        (vec!["project", "create", "ops 运维"], is_uuid as fn(&str) -> bool),
        (vec!["key", "create", "--scope", "read-write"], |key| key.starts_with("hcw_") && key.len() == 32),
        (vec!["key", "create", "--scope", "read-only"], |key| key.starts_with("hcr_") && key.len() == 32),
        (vec!["key", "create", "--scope", "ping"], |key| key.len() == 22),
        (vec!["key", "create", "--scope", "metrics"], |key| !key.is_empty()),
        (vec!["channel", "create", "--kind", "email", "--name", "m", "--set", "to=a@example.org"], is_uuid),
        (vec!["check", "create", "--name", "c", "--every", "2s"], |url| {
            let uuid = url.strip_prefix("http://maibo.test/ping/").unwrap();
            is_uuid(uuid) && uuid.as_bytes()[14] == b'4'
        }),
    ] {
        let line = maibo.made(&args);
        assert!(fits(&line), "{args:?}: {line}");
        assert_eq!(line, line.trim(), "{args:?}");
    }
}

#[test]
fn the_project_default_exists_and_lists_are_json() {
    let maibo = Maibo::new();
    let list = |maibo: &Maibo| {
        let value: Value = serde_json::from_str(&maibo.made(&["project", "list", "--json"])).unwrap();
        value
    };
    let first = list(&maibo);
    assert_eq!(first.as_array().unwrap().len(), 1);
    assert_eq!(first[0]["name"], "default");
    assert_eq!(first[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "name"]);
    assert!(is_uuid(first[0]["id"].as_str().unwrap()));
    let id = maibo.made(&["project", "create", "ops"]);
    assert_eq!(list(&maibo)[1], json!({"id": id, "name": "ops"}));

    // By name or by id; `default` when none is named.
    maibo.made(&["check", "create", "--name", "a", "--every", "1h", "--project", "ops"]);
    maibo.made(&["check", "create", "--name", "b", "--every", "1h", "--project", &id]);
    maibo.made(&["check", "create", "--name", "c", "--every", "1h"]);
    let names = |args: &[&str]| -> Vec<String> {
        let all = [&["check", "list", "--json"], args].concat();
        let value: Value = serde_json::from_str(&maibo.made(&all)).unwrap();
        value.as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["--project", &id]), ["a", "b"]);
    assert_eq!(names(&["--project", "ops"]), ["a", "b"]);
    assert_eq!(names(&[]), ["c"]);
    refused(&maibo.run(&["check", "list", "--project", "nobody"]), &["nobody"]);
    // Two of the same name: the id is asked for.
    maibo.made(&["project", "create", "ops"]);
    refused(&maibo.run(&["check", "list", "--project", "ops"]), &["ops", "id"]);
}

#[test]
fn a_list_of_checks_shows_what_the_api_shows() {
    let maibo = Maibo::serving();
    let hook = maibo.channel("webhook", "hook", &["url_down=http://127.0.0.1:9/"]);
    let uuid = maibo.check(
        "Nightly DB",
        &[
            "--cron",
            "30 3 * * 1-5",
            "--tz",
            "Asia/Shanghai",
            "--grace",
            "1h30m",
            "--channel",
            "hook",
            "--tag",
            "db",
            "--tag",
            "prod",
            "--uuid",
            UUID,
        ],
    );
    assert_eq!(uuid, UUID);
    let listed: Value = serde_json::from_str(&maibo.made(&["check", "list", "--json"])).unwrap();
    // As the API, and with the address that is short.
    let mut expected = maibo.shown(UUID);
    let (short,): (String,) = maibo.row("SELECT short FROM check_addresses");
    expected["short"] = json!(short);
    assert_eq!(listed, json!([expected]));
    let check = &listed[0];
    assert_eq!(
        (&check["name"], &check["slug"], &check["tags"]),
        (&json!("Nightly DB"), &json!("nightly-db"), &json!("db prod"))
    );
    assert_eq!((&check["schedule"], &check["tz"]), (&json!("30 3 * * 1-5"), &json!("Asia/Shanghai")));
    assert_eq!((&check["grace"], &check["channels"]), (&json!(5400), &json!(hook)));
    let plain = maibo.run(&["check", "list"]);
    assert!(plain.code == Some(0) && plain.stdout.contains("Nightly DB"), "{plain:?}");
}

#[rstest]
#[case("2s", 2)]
#[case("5m", 300)]
#[case("1h", 3600)]
#[case("1d", 86400)]
#[case("365d", 31_536_000)]
fn lengths_of_time(#[case] text: &str, #[case] seconds: i64) {
    let maibo = Maibo::serving();
    let uuid = maibo.check("c", &["--every", text, "--grace", text]);
    let check = maibo.shown(&uuid);
    assert_eq!((&check["timeout"], &check["grace"]), (&json!(seconds), &json!(seconds)));
}

#[test]
fn what_makes_no_check_is_refused_and_the_message_names_the_part() {
    let maibo = Maibo::new();
    for (args, words) in [
        (vec!["--every", "0s"], vec!["--every", "0s"]),
        (vec!["--every", "366d"], vec!["--every", "366d"]),
        (vec!["--every", "soon"], vec!["--every", "soon"]),
        (vec!["--every", "-5m"], vec!["--every"]),
        (vec!["--every", "5m", "--grace", "0s"], vec!["--grace", "0s"]),
        (vec!["--every", "5m", "--grace", "nonsense"], vec!["--grace", "nonsense"]),
        (vec!["--cron", "61 * * * *"], vec!["--cron", "minute", "61"]),
        (vec!["--cron", "* * * *"], vec!["--cron", "five fields"]),
        (vec!["--cron", "0 0 31 2 *"], vec!["--cron", "never"]),
        (vec!["--cron", "* * * * *", "--tz", "Mars/Olympus"], vec!["--tz", "Mars/Olympus"]),
        (vec!["--on-calendar", "Foo 10:00"], vec!["--on-calendar", "Foo"]),
        (vec!["--on-calendar", "2020-01-01"], vec!["--on-calendar", "never"]),
        (vec!["--at", "25:00"], vec!["--at", "25:00"]),
        (vec!["--at", "16:05", "--days", "mon-foo"], vec!["--days", "foo"]),
        (vec!["--at", "16:05", "--tz", "utc+8"], vec!["--tz", "utc+8"]),
        (vec!["--days", "mon-fri"], vec!["--at"]),
        (vec![], vec!["--every", "--cron", "--on-calendar", "--at"]),
        (vec!["--tz", "Asia/Shanghai"], vec!["--every", "--cron", "--on-calendar", "--at"]),
        (vec!["--every", "5m", "--cron", "* * * * *"], vec!["--every", "--cron"]),
        (vec!["--every", "5m", "--uuid", "nonsense"], vec!["--uuid", "nonsense"]),
        (vec!["--every", "5m", "--slug", "Größe"], vec!["--slug", "Größe"]),
        (vec!["--every", "5m", "--channel", "nobody"], vec!["--channel", "nobody"]),
        (vec!["--every", "5m", "--project", "nobody"], vec!["nobody"]),
        (vec!["--every", "5m", "--nonsense"], vec!["--nonsense"]),
    ] {
        let all = [&["check", "create", "--name", "c"], args.as_slice()].concat();
        refused(&maibo.run(&all), &words);
    }
    refused(&maibo.run(&["check", "create", "--name", " ", "--every", "5m"]), &["name"]);
    refused(&maibo.run(&["check", "create", "--every", "5m"]), &["--name"]);
    let long = "名".repeat(101);
    refused(&maibo.run(&["check", "create", "--name", &long, "--every", "5m"]), &["name", "100"]);
    maibo.check("taken", &["--every", "5m", "--uuid", UUID]);
    refused(&maibo.run(&["check", "create", "--name", "c", "--every", "5m", "--uuid", UUID]), &["UUID"]);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 1, "nothing else was made");
}

#[test]
fn a_uuid_of_another_version_is_refused() {
    // `unique_key` is made from the first half of a UUID, which must be random.
    let maibo = Maibo::new();
    let v7 = "0190b7d2-9c3e-7d0b-9a53-0f6d1c2b88e2";
    refused(
        &maibo.run(&["check", "create", "--name", "c", "--every", "5m", "--uuid", v7]),
        &["--uuid", "version 4"],
    );
}

#[test]
fn channels_of_a_check_are_named_by_name_id_or_star() {
    let maibo = Maibo::serving();
    let make = |name: &str| maibo.channel("email", name, &["to=ops@example.org"]);
    let (a, b, twin) = (make("a"), make("b"), make("twin"));
    let second_twin = make("twin");
    let of = |args: &[&str]| {
        let uuid = maibo.check("c", &[&["--every", "1h"], args].concat());
        let shown = maibo.shown(&uuid)["channels"].as_str().unwrap().to_owned();
        let mut ids: Vec<String> = shown.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect();
        ids.sort();
        ids
    };
    let sorted = |ids: &[&String]| {
        let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(of(&[]), [] as [String; 0], "none given is none");
    assert_eq!(of(&["--channel", "a", "--channel", &b]), sorted(&[&a, &b]));
    assert_eq!(of(&["--channel", "*"]), sorted(&[&a, &b, &twin, &second_twin]));
    assert_eq!(of(&["--channel", &twin]), sorted(&[&twin]));
    let ambiguous = maibo.run(&["check", "create", "--name", "c", "--every", "1h", "--channel", "twin"]);
    refused(&ambiguous, &["twin", "id"]);
}

#[test]
fn an_unusable_channel_is_refused_and_the_message_names_the_field() {
    let maibo = Maibo::new().with("MAIBO_OUTBOUND_ALLOW", "");
    for (kind, fields, words) in [
        ("pigeon", vec!["to=roof"], vec!["pigeon", "email", "wecom", "webhook"]),
        ("email", vec!["to=nonsense"], vec!["to", "nonsense"]),
        ("email", vec![], vec!["to", "required"]),
        ("email", vec!["to=a@example.org", "cc=b@example.org"], vec!["cc"]),
        ("email", vec!["to"], vec!["to", "field=value"]),
        ("webhook", vec![], vec!["url_down"]),
        ("webhook", vec!["url_down=nonsense"], vec!["url_down"]),
        ("webhook", vec!["url_down=ftp://example.org/"], vec!["url_down", "http"]),
        ("webhook", vec!["url_up=https://127.0.0.1/x"], vec!["url_up", "private", "MAIBO_OUTBOUND_ALLOW"]),
        ("webhook", vec!["url_down=https://[::ffff:10.0.0.1]/x"], vec!["url_down", "private"]),
        ("webhook", vec!["url_down=https://2130706433/x"], vec!["url_down", "private"]),
        ("webhook", vec!["url_down=http://1.1.1.1/x"], vec!["url_down", "https"]),
        ("webhook", vec!["url_down=https://1.1.1.1/", "method_down=BREW"], vec!["method_down", "POST"]),
        ("webhook", vec!["url_down=https://1.1.1.1/", "headers_down=Host: x"], vec!["headers_down", "Host"]),
        ("wecom", vec![], vec!["url"]),
        (
            "wecom",
            vec!["url=https://1.1.1.1/cgi-bin/webhook/send?key=0123456789"],
            vec!["url", "qyapi.weixin.qq.com"],
        ),
        ("wecom", vec!["url=https://qyapi.weixin.qq.com/cgi-bin/webhook/send"], vec!["url", "key"]),
    ] {
        let mut args = vec!["channel", "create", "--kind", kind, "--name", "c"];
        for field in fields {
            args.extend(["--set", field]);
        }
        refused(&maibo.run(&args), &words);
    }
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channels"), 0);
    // The robot's whole URL or its key, in either field.
    for field in ["key=693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa", "url=693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa"] {
        maibo.channel("wecom", "robot", &[field]);
    }
}

#[test]
fn a_users_password_is_one_line_of_stdin() {
    let maibo = Maibo::new();
    let create = ["user", "create", "--email", "Ops@Example.org", "--password-stdin"];
    refused(&maibo.run_with(&create, "short\n"), &["password"]);
    refused(&maibo.run_with(&create, ""), &["password"]);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM users"), 0);
    let made = maibo.run_with(&create, "correct horse battery\nsecond line\n");
    assert_eq!((made.code, made.stdout.lines().count()), (Some(0), 1), "{made:?}");
    let (hash, owner): (String, String) =
        maibo.row("SELECT u.password, m.role FROM users u JOIN members m ON m.user_id = u.id");
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    assert_eq!(owner, "owner");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fits = |hash: &str, password: &str| {
        let verified = maibo::auth::password::verify(password.into(), Some(hash.to_owned()));
        runtime.block_on(verified).unwrap()
    };
    assert!(fits(&hash, "correct horse battery"));
    refused(&maibo.run_with(&create, "another password\n"), &["already", "ops@example.org"]);

    let change = ["user", "password", "--email", "ops@example.org", "--password-stdin"];
    assert_eq!(maibo.run_with(&change, "a new one, 密码\n").code, Some(0));
    let (changed,): (String,) = maibo.row("SELECT password FROM users");
    assert!(fits(&changed, "a new one, 密码") && !fits(&changed, "correct horse battery"));
    let stranger = ["user", "password", "--email", "nobody@example.org", "--password-stdin"];
    refused(&maibo.run_with(&stranger, "a new password\n"), &["nobody@example.org"]);
    let no_address = ["user", "create", "--email", "nonsense", "--password-stdin"];
    refused(&maibo.run_with(&no_address, "a new password\n"), &["nonsense"]);
    // Without a terminal there is nobody to ask.
    refused(&maibo.run(&["user", "create", "--email", "b@example.org"]), &["--password-stdin"]);
}

#[test]
fn the_first_user_voids_the_set_up_link() {
    let maibo = Maibo::serving();
    assert!(maibo.log().contains("http://maibo.test/setup?token="), "{}", maibo.log());
    assert_eq!(maibo.number("SELECT COUNT(*) FROM installation WHERE name LIKE 'setup%'"), 1);
    let token = maibo.log().split("token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let kept = maibo.number(&format!("SELECT COUNT(*) FROM installation WHERE value LIKE '%{token}%'"));
    assert_eq!(kept, 0, "only a hash is kept");
    let create = ["user", "create", "--email", "ops@example.org", "--password-stdin"];
    assert_eq!(maibo.run_with(&create, "correct horse\n").code, Some(0));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM installation WHERE name LIKE 'setup%'"), 0);
}

#[test]
fn a_key_that_is_brought_along_is_kept() {
    let maibo = Maibo::serving();
    let old = "0123456789abcdefghijABCDEFGHIJ-_";
    assert_eq!(maibo.made(&["key", "create", "--scope", "read-write", "--value", old]), old);
    let uuid = maibo.check("Job", &["--every", "1h", "--slug", "job"]);
    let call = |key: &str| {
        let target = format!("/api/v3/checks/{uuid}");
        crate::support::http::request(maibo.addr(), "GET", &target, &[("X-Api-Key", key)], b"").status
    };
    assert_eq!(call(old), 200);
    refused(&maibo.run(&["key", "create", "--scope", "read-only", "--value", old]), &["already"]);
    for bad in ["short", &"x".repeat(33), &"é".repeat(16)] {
        refused(&maibo.run(&["key", "create", "--scope", "read-write", "--value", bad]), &["32"]);
    }
    let ping_key = "abcdefghijKLMNOPQRST-_";
    assert_eq!(maibo.made(&["key", "create", "--scope", "ping", "--value", ping_key]), ping_key);
    maibo.ping_ok(&format!("{ping_key}/job"));
    refused(&maibo.run(&["key", "create", "--scope", "ping", "--value", "short"]), &["22"]);
    maibo.made(&["project", "create", "other"]);
    let twice = maibo.run(&["key", "create", "--scope", "ping", "--value", ping_key, "--project", "other"]);
    refused(&twice, &["project", "ping key"]);
    refused(
        &maibo.run(&["key", "create", "--scope", "root"]),
        &["root", "read-write", "read-only", "ping", "metrics"],
    );
    let stored =
        maibo.number(&format!("SELECT COUNT(*) FROM api_keys WHERE hash LIKE '%{old}%' OR hint = '{old}'"));
    assert_eq!(stored, 0, "only a hash is kept");
}

#[test]
fn a_running_server_sees_what_the_command_line_does() {
    let mut maibo = Maibo::new();
    let before = maibo.check("Before", &["--every", "1s", "--grace", "1s"]);
    maibo.serve();
    maibo.ping_ok(&before);
    let after = maibo.check("After", &["--every", "1s", "--grace", "1s"]);
    maibo.ping_ok(&after);
    for uuid in [&before, &after] {
        until("it goes down", || {
            maibo.number(&format!(
            "SELECT COUNT(*) FROM flips f JOIN checks c ON c.id = f.check_id WHERE c.uuid = '{uuid}' AND f.new_status = 'down'"
        )) == 1
        });
    }
    assert_eq!(maibo.run(&["check", "pause", "after"]).code, Some(0), "by slug");
    assert_eq!(maibo.shown(&after)["status"], "paused");
    assert_eq!(maibo.run(&["check", "resume", "After"]).code, Some(0), "by name");
    assert_eq!(maibo.shown(&after)["status"], "new");
    assert_eq!(maibo.run(&["check", "delete", &after]).code, Some(0), "by UUID");
    assert_eq!(maibo.ping(&after).status, 404);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM pings"), 1, "its history goes with it");
    for command in ["pause", "resume", "delete"] {
        for unknown in [after.as_str(), "nobody"] {
            refused(&maibo.run(&["check", command, unknown]), &[unknown]);
        }
    }
}

#[test]
fn unknown_words_are_refused() {
    let maibo = Maibo::new();
    for args in [vec!["nonsense"], vec!["check", "nonsense"], vec!["--nonsense"], vec!["serve", "extra"]] {
        let ran = maibo.run(&args);
        refused(&ran, &[args.last().unwrap()]);
    }
    refused(&maibo.run(&["channel", "test", UUID]), &[UUID]);
    assert_eq!(maibo.run(&["--version"]).stdout, format!("maibo {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_result_that_cannot_be_printed_is_a_failure_in_words() {
    let maibo = Maibo::new();
    for command in [&["project", "create", "p"][..], &["project", "list"], &["doctor"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = maibo.command(command).stdout(full).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("cannot be written to stdout") && !said.contains("panicked"), "{said}");
    }
}

#[test]
fn what_a_command_does_beside_its_work_is_said() {
    let maibo = Maibo::new();
    let said = |args: &[&str]| {
        let ran = maibo.run(args);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.stderr
    };
    let silent = said(&["check", "create", "--name", "a", "--every", "1h"]);
    assert!(silent.contains("notifies nobody") && silent.contains("--channel '*'"), "{silent}");
    maibo.channel("webhook", "hook", &["url_down=http://127.0.0.1:9/"]);
    assert_eq!(said(&["check", "create", "--name", "b", "--every", "1h", "--channel", "*"]), "");
    let first = maibo.made(&["key", "create", "--scope", "ping"]);
    let second = said(&["key", "create", "--scope", "ping"]);
    assert!(second.contains(&first), "{second}");

    // The only project need not be named, whatever it is called.
    maibo.execute("UPDATE projects SET name = 'infra'");
    maibo.made(&["check", "create", "--name", "c", "--every", "1h"]);
    maibo.made(&["project", "create", "other"]);
    refused(&maibo.run(&["check", "create", "--name", "d", "--every", "1h"]), &["default"]);
    maibo.made(&["key", "create", "--scope", "metrics"]);
}

#[test]
fn keys_and_channels_are_listed_and_keys_revoked() {
    let maibo = Maibo::new();
    let hook = maibo.channel("webhook", "hook", &["url_down=http://127.0.0.1:9/"]);
    assert!(maibo.made(&["channel", "list"]).contains(&hook));
    let told: Value = serde_json::from_str(&maibo.made(&["channel", "list", "--json"])).unwrap();
    let row = json!({"id": hook, "kind": "webhook", "name": "hook", "broken": "", "consent": null,
        "fallback": null, "canary": "off"});
    assert_eq!(told, json!([row]));

    let key = maibo.made(&["key", "create", "--scope", "read-only"]);
    let told: Value = serde_json::from_str(&maibo.made(&["key", "list", "--json"])).unwrap();
    assert_eq!((&told[0]["scope"], &told[0]["used_at"]), (&json!("read-only"), &Value::Null));
    assert_eq!(told[0]["hint"], format!("{}…", &key[..8]));
    let list = maibo.made(&["key", "list"]);
    assert!(list.contains("never used") && !list.contains(&key), "{list}");
    let id = told[0]["id"].to_string();
    assert_eq!(maibo.run(&["key", "revoke", &id]).code, Some(0));
    refused(&maibo.run(&["key", "revoke", &id]), &["no key", &id]);
    assert_eq!(maibo.run(&["key", "list"]).stdout, "");
}
