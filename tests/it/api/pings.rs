//! `checks/<uuid>/pings/` and the bodies of pings.
use rstest::rstest;
use serde_json::{Value, json};

use super::{CHECKS, NOBODY, call, error, read_only};
use crate::support::{Maibo, http};

fn list(maibo: &Maibo, uuid: &str) -> Vec<Value> {
    let reply = maibo.api("GET", &format!("{CHECKS}{uuid}/pings/"), "");
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["pings"].as_array().unwrap().clone()
}

#[test]
fn a_ping_is_listed_with_all_that_is_known_of_it() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    assert_eq!(list(&maibo, &uuid), [] as [Value; 0]);
    let headers = [("User-Agent", "curl/8.0"), ("Content-Length", "3")];
    let tail = format!("/ping/{uuid}/7?rid={}", NOBODY.to_uppercase());
    assert_eq!(http::request(maibo.addr(), "POST", &tail, &headers[..1], b"abc").status, 200);
    maibo.ping_ok(&format!("{uuid}/log"));
    let listed = list(&maibo, &uuid);
    let keys: Vec<&str> = listed[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["type", "date", "n", "scheme", "remote_addr", "method", "ua", "rid", "body_url"]);
    let (log, fail) = (&listed[0], &listed[1]);
    for (ping, name, expected) in [
        (log, "type", json!("log")),
        (log, "n", json!(2)),
        (log, "method", json!("GET")),
        (log, "ua", json!("")),
        (log, "rid", Value::Null),
        (log, "body_url", Value::Null),
        (fail, "type", json!("fail")),
        (fail, "n", json!(1)),
        (fail, "scheme", json!("http")),
        (fail, "remote_addr", json!("127.0.0.1")),
        (fail, "method", json!("POST")),
        (fail, "ua", json!("curl/8.0")),
        (fail, "rid", json!(NOBODY)),
        (fail, "body_url", json!(format!("http://maibo.test/api/v3/checks/{uuid}/pings/1/body"))),
    ] {
        assert_eq!(ping[name], expected, "{name} of {ping}");
    }
    let date = fail["date"].as_str().unwrap();
    assert_eq!((date.len(), date.as_bytes()[19], &date[26..]), (32, b'.', "+00:00"), "{date}: microseconds");
    for version in 1..=2 {
        let other = maibo.api("GET", &format!("/api/v{version}/checks/{uuid}/pings/"), "").json();
        let url = format!("http://maibo.test/api/v{version}/checks/{uuid}/pings/1/body");
        assert_eq!(other["pings"][1]["body_url"], url, "of the version that was called");
    }
    // Both forms of the address, and the detour that old clients take.
    for method in ["GET", "POST"] {
        let reply = maibo.api(method, &format!("{CHECKS}{uuid}/pings"), "");
        assert_eq!(reply.json()["pings"], json!(listed), "{method}");
    }
    assert_eq!(maibo.api("POST", &format!("{CHECKS}{uuid}/pings/"), "").status, 405);
}

#[test]
fn types_are_the_words_of_the_original() {
    let maibo = Maibo::serving();
    let uuid = maibo.api_check(&json!({"methods": "POST"}));
    for tail in ["", "/start", "/fail", "/log", "/0", "/9"] {
        assert_eq!(maibo.post(&format!("{uuid}{tail}"), b"").status, 200);
    }
    maibo.ping_ok(&uuid);
    let listed = list(&maibo, &uuid);
    let types: Vec<&str> = listed.iter().rev().map(|ping| ping["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["success", "start", "fail", "log", "success", "fail", "ign"]);
}

/// Each step: a ping, and whether it has a duration in the list. Runs are paired by their id.
#[rstest]
#[case::a_run(&[("start", false), ("", true)])]
#[case::a_failed_run(&[("start", false), ("fail", true)])]
#[case::no_start(&[("", false), ("", false)])]
#[case::logs_end_nothing(&[("start", false), ("log", false), ("", true)])]
#[case::ended_once(&[("start", false), ("", true), ("", false)])]
#[case::other_id(&[("start?rid=A", false), ("?rid=B", false), ("?rid=A", true)])]
#[case::overlapping(&[("start?rid=A", false), ("start?rid=B", false), ("?rid=A", true), ("?rid=B", true)])]
#[case::without_an_id(&[("start?rid=A", false), ("", false), ("fail?rid=A", true)])]
fn a_duration_is_told_where_a_start_fits(#[case] steps: &[(&str, bool)]) {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for (tail, _) in steps {
        let tail = tail.replace("rid=A", &format!("rid={NOBODY}"));
        let tail = tail.replace("rid=B", "rid=1f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2");
        let slash = if tail.is_empty() || tail.starts_with('?') { "" } else { "/" };
        maibo.ping_ok(&format!("{uuid}{slash}{tail}"));
    }
    let listed = list(&maibo, &uuid);
    for (ping, (tail, timed)) in listed.iter().rev().zip(steps) {
        assert_eq!(ping["duration"].is_number(), *timed, "{tail}: {ping}");
        assert!(*timed || ping.get("duration").is_none(), "left out, not null: {ping}");
    }
}

#[test]
fn a_body_is_served_as_it_came() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let long = "长的行\n".repeat(1000).into_bytes();
    let bodies: [&[u8]; 3] = [b"<script>\xff\x00</script>", b"", &long];
    for body in bodies {
        assert_eq!(maibo.post(&uuid, body).status, 200);
    }
    let get = |n: &str| maibo.api("GET", &format!("{CHECKS}{uuid}/pings/{n}/body"), "");
    for (n, body) in [("1", bodies[0]), ("3", bodies[2]), ("0003", bodies[2])] {
        let reply = get(n);
        assert_eq!((reply.status, reply.body.as_slice()), (200, body), "{n}");
        assert_eq!(reply.header("content-type"), Some("text/plain"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    }
    for n in ["2", "0", "4", "-1", "+1", "x", "1.0", "99999999999999999999999", "%00", "%ff"] {
        let reply = get(n);
        assert_eq!((reply.status, reply.text()), (404, String::new()), "{n}");
    }
}

#[test]
fn pings_are_for_those_with_a_read_write_key() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--uuid", NOBODY, "--every", "1h"]);
    assert_eq!(maibo.post(&uuid, b"secret").status, 200);
    maibo.made(&["project", "create", "other"]);
    let theirs = maibo.check("Theirs", &["--project", "other", "--every", "1h"]);
    let reader = read_only(&maibo);
    for tail in ["pings/", "pings", "pings/1/body"] {
        let at = |code: &str| format!("{CHECKS}{code}/{tail}");
        let wrong = (401, "wrong api key".to_owned());
        assert_eq!(error(&call(&maibo, "GET", &at(&uuid), &reader, "")), wrong, "{tail}");
        let in_body = format!(r#"{{"api_key": "{}"}}"#, maibo.key());
        let missing = (401, "missing api key".to_owned());
        assert_eq!(error(&call(&maibo, "GET", &at(&uuid), "", &in_body)), missing, "{tail}: not in a GET");
        assert_eq!(maibo.api("GET", &at(&theirs), "").status, 403, "{tail}");
        assert_eq!(maibo.api("GET", &at("1f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2"), "").status, 404, "{tail}");
        let unique_key = "0b689639e39a72f085377d07f3a9d95f1038142c";
        assert_eq!(maibo.api("GET", &at(unique_key), "").status, 404, "{tail}: by UUID alone");
    }
}

#[test]
fn at_most_a_thousand_pings_are_listed() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for _ in 0..1005 {
        maibo.ping_ok(&format!("{uuid}/log"));
    }
    let listed = list(&maibo, &uuid);
    assert_eq!((listed.len(), &listed[0]["n"], &listed[999]["n"]), (1000, &json!(1005), &json!(6)));

    // What the list does not show any more is gone, although it is still stored.
    let uuid = maibo.check("Another", &["--every", "1h"]);
    for n in 1..=1003 {
        assert_eq!(maibo.post(&format!("{uuid}/log"), format!("{n}").as_bytes()).status, 200);
    }
    for (n, status) in [(1, 404), (3, 404), (4, 200), (1003, 200), (1004, 404)] {
        let reply = maibo.api("GET", &format!("{CHECKS}{uuid}/pings/{n}/body"), "");
        assert_eq!(reply.status, status, "{n}");
    }
}
