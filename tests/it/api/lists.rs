//! The lists of checks and of channels.
use std::io::{Read as _, Write as _};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::{CHECKS, call, error, read_only};
use crate::support::{Maibo, http, until};

fn names(maibo: &Maibo, query: &str) -> Vec<String> {
    let reply = maibo.api("GET", &format!("{CHECKS}{query}"), "");
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    let checks = reply.json()["checks"].as_array().unwrap().clone();
    checks.iter().map(|check| check["name"].as_str().unwrap().to_owned()).collect()
}

fn unpacked(body: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    GzDecoder::new(body).read_to_end(&mut unpacked).unwrap();
    unpacked
}

#[test]
fn tags_and_a_slug_narrow_the_list() {
    let maibo = Maibo::serving();
    for (name, slug, tags) in
        [("a", "one", "prod db"), ("b", "two", "prod"), ("c", "one", "product 生产"), ("d", "", "")]
    {
        maibo.api_check(&json!({"name": name, "slug": slug, "tags": tags}));
    }
    for (query, expected) in [
        ("", "abcd"),
        ("?tag=prod", "ab"),
        ("?tag=prod&tag=db", "a"),
        ("?tag=db&tag=prod&tag=db", "a"),
        ("?tag=PROD", ""),
        ("?tag=prod%20db", ""),
        ("?tag=", ""),
        ("?tag", ""),
        ("?tag=%00", ""),
        ("?tag=%E7%94%9F%E4%BA%A7", "c"),
        ("?slug=one", "ac"),
        ("?slug=two&slug=one", "ac"),
        ("?slug=one&tag=db", "a"),
        ("?slug=", "abcd"),
        ("?slug", "abcd"),
        ("?slug=On", ""),
        ("?slug=%00", ""),
        ("?slug=%FF", ""),
        ("?unknown=1", "abcd"),
    ] {
        assert_eq!(names(&maibo, query).concat(), expected, "{query}");
    }
}

#[test]
fn an_entry_of_the_list_is_the_check_itself() {
    let maibo = Maibo::serving();
    let (hook, mail) = (
        maibo.channel("webhook", "hook", &["url_down=http://127.0.0.1:9/"]),
        maibo.channel("email", "mail", &["to=ops@example.org"]),
    );
    let both = maibo.api_check(&json!({"name": "both", "channels": format!("{mail},{hook}")}));
    let none = maibo.api_check(&json!({"name": "none", "schedule": "* * * * *"}));
    maibo.made(&["project", "create", "other"]);
    maibo.check("theirs", &["--project", "other", "--every", "1h"]);
    for version in 1..=3 {
        let get = |tail: &str, key: &str| {
            call(&maibo, "GET", &format!("/api/v{version}/checks/{tail}"), key, "").json()
        };
        for key in [maibo.key().to_owned(), read_only(&maibo)] {
            let expected = json!({"checks": [get(&both, &key), get(&none, &key)]});
            let listed = get("", &key);
            assert_eq!(listed, expected);
            assert_eq!(listed.to_string(), expected.to_string(), "in the same order of keys");
        }
        let listed = get("", maibo.key());
        assert_eq!(
            listed["checks"][0]["update_url"],
            format!("http://maibo.test/api/v{version}/checks/{both}")
        );
        let mut ids = [hook.clone(), mail.clone()];
        ids.sort();
        assert_eq!(listed["checks"][0]["channels"], ids.join(","));
        assert_eq!(listed["checks"][1]["channels"], "");
    }
    let text = call(&maibo, "GET", CHECKS, &read_only(&maibo), "").text();
    assert!(!text.contains(&both) && !text.contains(&hook), "a reader sees no address: {text}");
}

#[test]
fn a_list_is_compressed_for_those_who_ask() {
    let maibo = Maibo::serving();
    for n in 0..20 {
        maibo.api_check(&json!({"name": format!("job {n}")}));
    }
    let headers = [("X-Api-Key", maibo.key()), ("Accept-Encoding", "gzip")];
    let reply = http::request(maibo.addr(), "GET", CHECKS, &headers, b"");
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    let plain = maibo.api("GET", CHECKS, "").body;
    assert!(reply.body.len() < plain.len() / 4, "{} of {}", reply.body.len(), plain.len());
}

/// Longer than what one reader reads and one core writes; by slug, which is how an index has it, in the other direction.
#[test]
fn a_long_list_is_whole_and_in_order_however_it_is_packed() {
    let maibo = Maibo::serving();
    let name = |n: usize| format!("job {n}");
    for n in 0..210 {
        let tags = match n {
            0..3 => "first",
            207.. => "last",
            _ => "",
        };
        let slug = format!("job-{:03}", 210 - n);
        maibo.api_check(&json!({"name": name(n), "slug": slug, "tags": tags, "desc": "\u{1}\"é\u{2028}"}));
    }
    let expected: Vec<String> = (0..210).map(name).collect();
    assert_eq!(names(&maibo, ""), expected);
    assert_eq!(names(&maibo, "?tag=first"), expected[..3]);
    assert_eq!(names(&maibo, "?tag=last"), expected[207..]);
    assert_eq!(names(&maibo, "?tag=none"), [""; 0]);
    for key in [maibo.key().to_owned(), read_only(&maibo)] {
        for query in ["", "?tag=first", "?tag=last", "?tag=first&tag=last", "?slug=job-001"] {
            let target = format!("{CHECKS}{query}");
            let plain = call(&maibo, "GET", &target, &key, "").body;
            let asking = |asked: &str| {
                let headers = [("X-Api-Key", key.as_str()), ("Accept-Encoding", asked)];
                http::request(maibo.addr(), "GET", &target, &headers, b"")
            };
            let reply = asking("gzip, deflate, br");
            let packed = (plain.len() > 32).then_some("gzip");
            let body = if packed.is_some() { unpacked(&reply.body) } else { reply.body.clone() };
            assert!(body == plain, "{query}");
            // The layer around, which weighs what is asked for, has the same headers.
            for reply in [&reply, &asking("gzip;q=0.5")] {
                let headers = [reply.header("content-encoding"), reply.header("vary")];
                assert_eq!(headers, [packed, packed.map(|_| "accept-encoding")], "{query}");
            }
        }
    }
}

/// What a server remembers of settings between two lists is never shown when they were changed since, whoever did that.
#[test]
fn a_list_shows_every_change_at_once() {
    let maibo = Maibo::serving();
    let uuids: Vec<String> = (0..5).map(|n| maibo.api_check(&json!({"name": format!("job {n}")}))).collect();
    let listed = || {
        let plain = maibo.api("GET", CHECKS, "").body;
        let headers = [("X-Api-Key", maibo.key()), ("Accept-Encoding", "gzip")];
        let packed = http::request(maibo.addr(), "GET", CHECKS, &headers, b"");
        assert!(unpacked(&packed.body) == plain);
        let list: Value = serde_json::from_slice(&plain).unwrap();
        list["checks"].as_array().unwrap().clone()
    };
    let shown = |uuids: &[String]| -> Vec<Value> { uuids.iter().map(|uuid| maibo.shown(uuid)).collect() };
    assert_eq!(listed(), shown(&uuids));
    let mut before = listed();
    let mut changed = |what: &str, at: usize, field: &str, expected: Value| {
        let now = listed();
        assert_eq!(now, shown(&uuids), "{what}");
        assert_eq!(now[at][field], expected, "{what}");
        assert_ne!(now[at], before[at], "{what}");
        before = now;
    };
    maibo.ping_ok(&uuids[0]);
    changed("a ping", 0, "n_pings", json!(1));
    maibo.ping_ok(&format!("{}/fail", uuids[0]));
    changed("a failure", 0, "status", json!("down"));
    assert_eq!(maibo.api("POST", &format!("{CHECKS}{}/pause", uuids[1]), "").status, 200);
    changed("a pause", 1, "status", json!("paused"));
    for (field, value) in [
        ("name", json!("other")),
        ("slug", json!("other-slug")),
        ("tags", json!("a b")),
        ("desc", json!("why")),
        ("timeout", json!(120)),
        ("grace", json!(180)),
        ("methods", json!("POST")),
        ("start_kw", json!("BEGIN")),
        ("success_kw", json!("OK")),
        ("failure_kw", json!("ERROR")),
        ("filter_subject", json!(true)),
        ("filter_body", json!(true)),
        ("filter_http_body", json!(true)),
        ("filter_default_fail", json!(true)),
        ("manual_resume", json!(true)),
        ("schedule", json!("5 4 * * *")),
        ("tz", json!("Asia/Shanghai")),
    ] {
        let reply = maibo.api("POST", &format!("{CHECKS}{}", uuids[2]), &json!({field: value}).to_string());
        assert_eq!(reply.status, 200, "{field}: {}", reply.text());
        changed(field, 2, field, value);
    }
    // Each column on its own, and not through this server.
    for (column, value, field, expected) in [
        ("name", "'by hand'", "name", json!("by hand")),
        ("slug", "'by-hand'", "slug", json!("by-hand")),
        ("tags", "'by hand'", "tags", json!("by hand")),
        ("description", "'by hand'", "desc", json!("by hand")),
        ("period", "7200000000", "timeout", json!(7200)),
        ("grace", "60000000", "grace", json!(60)),
        ("post_only", "NOT post_only", "methods", json!("POST")),
        ("start_kw", "'S'", "start_kw", json!("S")),
        ("success_kw", "'G'", "success_kw", json!("G")),
        ("failure_kw", "'B'", "failure_kw", json!("B")),
        ("filter_subject", "NOT filter_subject", "filter_subject", json!(true)),
        ("filter_body", "NOT filter_body", "filter_body", json!(true)),
        ("filter_http_body", "NOT filter_http_body", "filter_http_body", json!(true)),
        ("filter_default_fail", "NOT filter_default_fail", "filter_default_fail", json!(true)),
        ("manual_resume", "NOT manual_resume", "manual_resume", json!(true)),
        ("expr", "'5 4 * * *'", "timeout", json!(7200)),
        ("kind", "'cron'", "schedule", json!("5 4 * * *")),
        ("tz", "'Asia/Shanghai'", "tz", json!("Asia/Shanghai")),
    ] {
        maibo.execute(&format!("UPDATE checks SET {column} = {value} WHERE uuid = '{}'", uuids[3]));
        if column == "expr" {
            // Nothing shows it while the check has a period.
            continue;
        }
        changed(column, 3, field, expected);
    }
    let channel = maibo.channel("email", "mail", &["to=ops@example.org"]);
    let reply = maibo.api("POST", &format!("{CHECKS}{}", uuids[3]), r#"{"channels": "*"}"#);
    assert_eq!(reply.status, 200);
    changed("a channel", 3, "channels", json!(channel));

    // SQLite gives the id of the newest row again once that is gone.
    assert_eq!(maibo.api("DELETE", &format!("{CHECKS}{}", uuids[4]), "").status, 200);
    let again = maibo.api_check(&json!({"name": "job 4"}));
    let uuids = [&uuids[..4], &[again]].concat();
    assert_eq!(listed(), shown(&uuids));
    assert_eq!(maibo.api("DELETE", &format!("{CHECKS}{}", uuids[2]), "").status, 200);
    assert_eq!(listed(), shown(&[&uuids[..2], &uuids[3..]].concat()));
}

#[test]
fn a_check_is_late_in_the_list_although_nothing_was_stored() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("job", &["--every", "2s", "--grace", "1h"]);
    maibo.ping_ok(&uuid);
    let status = || maibo.api("GET", CHECKS, "").json()["checks"][0]["status"].clone();
    let stored = || maibo.row::<(String, i64)>("SELECT status, n_pings FROM checks");
    // As a rule it is up here, and what is remembered says so.
    assert!(["up", "grace"].map(Value::from).contains(&status()));
    until("it is late", || status() == json!("grace"));
    assert_eq!(stored(), ("up".to_owned(), 1));
}

#[test]
fn channels_are_listed_without_their_secrets() {
    let maibo = Maibo::serving();
    let hook = maibo.channel("webhook", "值班", &["url_down=http://127.0.0.1:9/secret"]);
    let mail = maibo.channel("email", "mail", &["to=ops@example.org"]);
    maibo.made(&["project", "create", "other"]);
    maibo.made(&[
        "channel",
        "create",
        "--project",
        "other",
        "--kind",
        "email",
        "--name",
        "theirs",
        "--set",
        "to=a@example.org",
    ]);
    let expected = json!({"channels": [
        {"id": hook, "name": "值班", "kind": "webhook"},
        {"id": mail, "name": "mail", "kind": "email"},
    ]});
    for version in 1..=3 {
        for (method, tail) in [("GET", "channels/"), ("GET", "channels"), ("POST", "channels")] {
            let reply = maibo.api(method, &format!("/api/v{version}/{tail}"), "");
            assert_eq!((reply.status, reply.json()), (200, expected.clone()), "{method} {tail}");
        }
    }
    assert_eq!(maibo.api("POST", "/api/v3/channels/", "").status, 405);
    let reader = call(&maibo, "GET", "/api/v3/channels/", &read_only(&maibo), "");
    assert_eq!(error(&reader), (401, "wrong api key".to_owned()));
}

#[test]
fn the_last_use_of_a_key_is_recorded() {
    let maibo = Maibo::serving();
    let used = || maibo.rows::<(Option<i64>,)>("SELECT used_at FROM api_keys ORDER BY id");
    let (key, never) = (maibo.key(), read_only(&maibo));
    assert_eq!(used(), [(None,), (None,)]);
    let before = crate::support::now().timestamp_micros();
    assert_eq!(call(&maibo, "GET", CHECKS, key, "").status, 200);
    until("the use is recorded", || used()[0].0.is_some_and(|at| at >= before));
    let first = used();
    assert_eq!(first[1], (None,), "{never} was not used");
    for _ in 0..5 {
        assert_eq!(call(&maibo, "GET", CHECKS, key, "").status, 200);
    }
    // Recorded in order behind those that would come from the calls above.
    assert_eq!(call(&maibo, "GET", CHECKS, &never, "").status, 200);
    until("the other one is recorded", || used()[1].0.is_some());
    assert_eq!(used()[0], first[0], "at most once a minute");
}

#[test]
fn status_asks_for_nothing() {
    let maibo = Maibo::serving();
    for version in 1..=3 {
        for (method, tail) in [("GET", "status/"), ("POST", "status/"), ("GET", "status"), ("PUT", "status/")]
        {
            let reply = maibo.call(method, &format!("/api/v{version}/{tail}"));
            assert_eq!((reply.status, reply.text()), (200, "OK".to_owned()), "{method} {tail}");
        }
    }
    assert_eq!(maibo.call("HEAD", "/api/v3/status/").status, 200);
    let list: Value = maibo.api("GET", CHECKS, "").json();
    assert_eq!(list, json!({"checks": []}));
}

/// A connection that is closed while something of its request is unread is reset, and the client loses what it has not
/// read of the answer.
#[test]
fn a_body_that_nobody_asked_for_costs_nothing_of_the_answer() {
    let maibo = Maibo::serving();
    for _ in 0..100 {
        maibo.api_check(&json!({"desc": "x".repeat(9000)}));
    }
    let head = http::head("GET", CHECKS, &[("X-Api-Key", maibo.key()), ("Content-Length", "200000")]);
    for _ in 0..10 {
        let mut stream = http::connect(maibo.addr());
        stream.write_all(head.as_bytes()).unwrap();
        // The answer begins before the body comes.
        let mut answer = vec![0; 100];
        stream.read_exact(&mut answer).unwrap();
        stream.write_all(&vec![b' '; 200_000]).unwrap();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.ends_with(b"]}"), "{} bytes", answer.len());
    }
}
