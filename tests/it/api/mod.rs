//! The Healthchecks management API, by nouns: COMPATIBILITY.md 4.0 "Management API, observed" and 4.2. Here: keys, bodies,
//! methods and addresses, which are the same everywhere.
mod checks;
mod fields;
mod flips;
mod lists;
mod pings;

use serde_json::json;

use crate::support::Maibo;
use crate::support::http::{self, Reply};

const CHECKS: &str = "/api/v3/checks/";
const NOBODY: &str = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";

/// A call with this key; none when empty.
fn call(maibo: &Maibo, method: &str, target: &str, key: &str, body: &str) -> Reply {
    let headers: &[(&str, &str)] = if key.is_empty() { &[] } else { &[("X-Api-Key", key)] };
    http::request(maibo.addr(), method, target, headers, body.as_bytes())
}

fn error(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["error"].as_str().unwrap_or_default().to_owned())
}

fn read_only(maibo: &Maibo) -> String {
    maibo.made(&["key", "create", "--scope", "read-only"])
}

#[test]
fn what_is_no_json_object_is_refused_before_the_key_is_looked_at() {
    let maibo = Maibo::serving();
    let unreadable = || (400, "could not parse request body".to_owned());
    let no_object = || (400, "json validation error: value is not an object".to_owned());
    for (body, expected) in [
        ("{".to_owned(), unreadable()),
        ("  ".to_owned(), unreadable()),
        ("\u{feff}{}".to_owned(), unreadable()),
        (r#"{"name": "\ud800"}"#.to_owned(), unreadable()),
        ("{'name': 1}".to_owned(), unreadable()),
        ("[".repeat(100_000), unreadable()),
        ("[]".to_owned(), no_object()),
        ("null".to_owned(), no_object()),
        (r#""text""#.to_owned(), no_object()),
    ] {
        assert_eq!(error(&call(&maibo, "POST", CHECKS, "", &body)), expected, "{body:.40}");
    }
    let not_text = http::request(maibo.addr(), "POST", CHECKS, &[], b"{\"name\": \"\xff\"}");
    assert_eq!(error(&not_text), unreadable());
    for body in
        [r#"{"timeout": 100000000000000000000}"#.to_owned(), format!("{{\"timeout\": 1{}}}", "0".repeat(400))]
    {
        assert_eq!(maibo.api("POST", CHECKS, &body).status, 400, "{body:.60}");
    }
    let huge = format!(r#"{{"desc": "{}"}}"#, "x".repeat(3_000_000));
    let status = maibo.api("POST", CHECKS, &huge).status;
    assert!((400..500).contains(&status), "{status}");
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 0);
}

#[test]
fn a_key_is_asked_for_before_anything_is_looked_up() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let missing = || (401, "missing api key".to_owned());
    let wrong = || (401, "wrong api key".to_owned());
    let (unknown, read_only) = ("x".repeat(32), read_only(&maibo));
    let flips = format!("{CHECKS}{NOBODY}/flips/?seconds=bad");
    for (method, target) in [
        ("POST", CHECKS),
        ("GET", &format!("{CHECKS}{uuid}")),
        ("GET", &format!("{CHECKS}{NOBODY}")),
        ("GET", &flips),
    ] {
        assert_eq!(error(&call(&maibo, method, target, "", "")), missing(), "{method} {target}");
        assert_eq!(error(&call(&maibo, method, target, "short", "")), missing(), "{method} {target}");
        assert_eq!(error(&call(&maibo, method, target, &unknown, "")), wrong(), "{method} {target}");
    }
    assert_eq!(error(&call(&maibo, "POST", CHECKS, &read_only, r#"{"timeout": 1}"#)), wrong());
    assert_eq!(call(&maibo, "GET", &format!("{CHECKS}{uuid}"), &read_only, "").status, 200);
    // A ping key and a metrics key open nothing here.
    let metrics = maibo.made(&["key", "create", "--scope", "metrics"]);
    assert_eq!(error(&call(&maibo, "GET", &format!("{CHECKS}{uuid}"), &metrics, "")), wrong());
}

/// Many machines sit behind one address, and one of them may have an old key.
#[test]
fn wrong_keys_from_an_address_lock_nobody_out() {
    let maibo = Maibo::serving();
    let metrics = maibo.made(&["key", "create", "--scope", "metrics"]);
    let of_server =
        |key: &str| http::request(maibo.addr(), "GET", "/metrics", &[("X-Metrics-Key", key)], b"").status;
    for n in 0..300 {
        let wrong = format!("{n:032}");
        assert_eq!(error(&call(&maibo, "GET", CHECKS, &wrong, "")), (401, "wrong api key".to_owned()));
        assert_eq!(of_server(&wrong), 403);
    }
    assert_eq!(maibo.api("GET", CHECKS, "").status, 200);
    assert_eq!(of_server(&metrics), 200);
}

#[test]
fn a_key_in_the_body_counts_unless_there_is_a_header() {
    let maibo = Maibo::serving();
    let body = json!({"api_key": maibo.key()}).to_string();
    assert_eq!(call(&maibo, "POST", CHECKS, "", &body).status, 201);
    let empty_header = http::request(maibo.addr(), "POST", CHECKS, &[("X-Api-Key", "")], body.as_bytes());
    assert_eq!(error(&empty_header), (401, "missing api key".to_owned()));
    let other =
        http::request(maibo.addr(), "POST", CHECKS, &[("X-Api-Key", &"x".repeat(32))], body.as_bytes());
    assert_eq!(error(&other), (401, "wrong api key".to_owned()));
    // The content type is ignored, so that curl's default works.
    let headers = [("X-Api-Key", maibo.key()), ("Content-Type", "application/x-www-form-urlencoded")];
    let form = http::request(maibo.addr(), "POST", CHECKS, &headers, br#"{"name": "by curl"}"#);
    assert_eq!((form.status, form.json()["name"].as_str()), (201, Some("by curl")));
}

#[test]
fn checks_of_others_are_forbidden_and_unknown_ones_not_found() {
    let maibo = Maibo::serving();
    maibo.made(&["project", "create", "other"]);
    let theirs = maibo.check("Theirs", &["--project", "other", "--uuid", NOBODY, "--every", "1h"]);
    let unknown = "1f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";
    for tail in ["", "/flips/"] {
        let status = |code: &str| {
            let reply = maibo.api("GET", &format!("{CHECKS}{code}{tail}"), "");
            assert_eq!(reply.text(), "", "{code}{tail}: no words");
            reply.status
        };
        assert_eq!(status(&theirs), 403);
        assert_eq!(status("0b689639e39a72f085377d07f3a9d95f1038142c"), 404, "a unique_key of others");
        assert_eq!(status(unknown), 404);
        assert_eq!(status("nonsense"), 404);
        assert_eq!(status(&theirs.to_uppercase()), 404);
    }
}

#[test]
fn browsers_may_call_from_any_page() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let cors = |reply: &Reply, status: u16, what: &str| {
        assert_eq!(reply.status, status, "{what}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{what}");
        assert!(reply.header("access-control-allow-headers").unwrap().contains("X-Api-Key"), "{what}");
        let methods = reply.header("access-control-allow-methods").unwrap();
        assert!(["GET", "POST", "OPTIONS"].iter().all(|method| methods.contains(method)), "{what}");
        assert_eq!(reply.header("access-control-max-age"), Some("600"), "{what}");
    };
    for target in [CHECKS.to_owned(), format!("{CHECKS}{uuid}"), format!("{CHECKS}{NOBODY}/flips/")] {
        cors(&maibo.call("OPTIONS", &target), 204, &format!("OPTIONS {target}: without key or look-up"));
        cors(&maibo.api("PATCH", &target, ""), 405, &format!("PATCH {target}"));
    }
    cors(&maibo.api("GET", &format!("{CHECKS}{uuid}"), ""), 200, "GET");
    cors(&call(&maibo, "GET", &format!("{CHECKS}{uuid}"), "", ""), 401, "without a key");
    cors(&maibo.api("POST", CHECKS, "{"), 400, "bad JSON");
}

#[test]
fn head_is_a_wrong_method() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    assert_eq!(maibo.api("HEAD", &format!("{CHECKS}{uuid}"), "").status, 405);
}

#[test]
fn addresses_that_do_not_exist_are_told_so_to_programs() {
    let maibo = Maibo::serving();
    for target in [
        "/api/v3/nothing",
        "/api/v3/",
        "/api/v3",
        "/api/v4/checks/",
        "/api/v1/checks/a/b/c",
        "/api/x",
        "/api/v0/status/",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let reply = maibo.api(method, target, "");
            assert_eq!(
                (reply.status, reply.json()),
                (404, json!({"error": "not found"})),
                "{method} {target}"
            );
        }
    }
}

#[test]
fn every_method_on_every_address_is_answered_in_good_order() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let one = format!("checks/{uuid}");
    let tails = ["", "/pause", "/resume", "/pings/", "/pings", "/pings/1/body", "/flips/", "/flips"];
    let mut targets: Vec<String> = tails.iter().map(|tail| format!("{one}{tail}")).collect();
    targets.extend(["checks/", "checks", "channels/", "channels"].map(str::to_owned));
    for version in 1..=3 {
        for target in &targets {
            for method in ["HEAD", "PUT", "PATCH", "TRACE", "PROPFIND", "OPTIONS"] {
                let reply = maibo.api(method, &format!("/api/v{version}/{target}"), "");
                let expected = if method == "OPTIONS" { 204 } else { 405 };
                assert_eq!((reply.status, reply.text().len()), (expected, 0), "{method} {target}");
                assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{method} {target}");
            }
        }
    }
    let methods = |target: &str| {
        let reply = maibo.call("OPTIONS", target);
        reply.header("access-control-allow-methods").unwrap().to_owned()
    };
    assert_eq!(methods(CHECKS), "GET, POST, OPTIONS");
    assert_eq!(methods(&format!("/api/v3/{one}")), "GET, POST, DELETE, OPTIONS");
}

#[test]
fn a_huge_body_is_refused_in_words() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let body = format!(r#"{{"desc": "{}"}}"#, "x".repeat(100_000_000));
    for target in [CHECKS.to_owned(), format!("{CHECKS}{uuid}"), format!("{CHECKS}{uuid}/pause")] {
        let reply = maibo.api("POST", &target, &body);
        assert_eq!(error(&reply), (413, "request body is too large".to_owned()), "{target}");
    }
    let tags = format!(r#"{{"tags": "{}"}}"#, "t ".repeat(400_000));
    let reply = maibo.api("POST", CHECKS, &tags);
    assert_eq!(error(&reply), (400, "json validation error: tags is too long".to_owned()));
}

#[test]
fn vendors_that_report_on_messages_are_heard_out() {
    let maibo = Maibo::serving();
    for version in 1..=3 {
        let target = format!("/api/v{version}/notifications/{NOBODY}/status");
        let form = b"MessageStatus=failed&ErrorCode=30003";
        assert_eq!(http::request(maibo.addr(), "POST", &target, &[], form).status, 200);
        assert_eq!(maibo.call("GET", &target).status, 405);
        for method in ["GET", "POST", "PUT"] {
            let reply =
                http::request(maibo.addr(), method, &format!("/api/v{version}/bounces/"), &[], b"From: x");
            assert_eq!((reply.status, reply.text().as_str()), (200, "OK (bad signature)"));
        }
    }
}

#[test]
fn a_check_with_a_calendar_is_still_found_by_its_period() {
    let maibo = Maibo::serving();
    let unique = |body: serde_json::Value| {
        let reply = maibo.api("POST", CHECKS, &body.to_string());
        (reply.status, reply.json()["uuid"].as_str().unwrap().to_owned())
    };
    let made = maibo.api_check(&json!({"name": "a", "schedule": "* * * * *"}));
    let usual =
        json!({"name": "a", "timeout": 86400, "unique": ["name", "timeout"], "schedule": "* * * * *"});
    assert_eq!(unique(usual), (200, made));
    let made = maibo.api_check(&json!({"name": "b", "timeout": 300}));
    assert_eq!(maibo.api("POST", &format!("{CHECKS}{made}"), r#"{"schedule": "* * * * *"}"#).status, 200);
    assert_eq!(
        unique(json!({"name": "b", "timeout": 300, "unique": ["name", "timeout"]})),
        (200, made.clone())
    );
    assert_eq!(maibo.shown(&made)["timeout"], 300);
    assert_eq!(unique(json!({"name": "b", "timeout": 301, "unique": ["timeout"]})).0, 201);
}

#[test]
fn what_this_api_takes_can_be_edited_by_ours() {
    let maibo = Maibo::serving();
    let tags = (0..400).map(|n| format!("t{n:03}")).collect::<Vec<_>>().join(" ");
    assert_eq!(tags.len(), 1999);
    let uuid = maibo.api_check(&json!({"name": "a", "tags": tags}));
    let reply = maibo.api("PATCH", &format!("/api/maibo/v1/checks/{uuid}"), r#"{"name": "b"}"#);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(maibo.shown(&uuid)["tags"], tags);
}
