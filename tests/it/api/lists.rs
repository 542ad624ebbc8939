//! The lists of checks and of channels.
use serde_json::{Value, json};

use super::{CHECKS, call, error, read_only};
use crate::support::{Maibo, http, until};

fn names(maibo: &Maibo, query: &str) -> Vec<String> {
    let reply = maibo.api("GET", &format!("{CHECKS}{query}"), "");
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    let checks = reply.json()["checks"].as_array().unwrap().clone();
    checks.iter().map(|check| check["name"].as_str().unwrap().to_owned()).collect()
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
