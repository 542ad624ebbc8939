//! Ping URLs of other products: COMPATIBILITY 4.4.
use std::io::{Read as _, Write as _};
use std::net::Shutdown;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::http::{self, Reply};
use crate::support::http_sink::HttpSink;
use crate::support::{Maibo, Ran};

const NOBODY: &str = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";
/// Of version 1, as Cronhub's are.
const CRONHUB: &str = "1f5e3410-254c-11e8-b61d-55875966d031";
const RUN: &str = "a460c25ff2554577b920fcfacae4e5eb";
const OTHER_RUN: &str = "b460c25ff2554577b920fcfacae4e5eb";
/// As long as a key of Cronitor or Sentry.
const KEY: &str = "0123456789abcdef0123456789abcdef";
const JSON: (&str, &str) = ("Content-Type", "application/json");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const BEARER: (&str, &str) = ("Authorization", "Bearer 0123456789abcdef0123456789abcdef");

fn send(maibo: &Maibo, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    http::request(maibo.addr(), method, target, headers, body)
}

fn get(maibo: &Maibo, target: &str) -> (u16, String) {
    let reply = maibo.call("GET", target);
    (reply.status, reply.text())
}

/// A check with this alias; gives its UUID.
fn aliased(maibo: &Maibo, alias: &str) -> String {
    maibo.check(alias, &["--every", "1h", "--alias", alias])
}

/// A project whose ping key is [`KEY`], with a check of the slug `nightly`.
fn named() -> (Maibo, String) {
    let maibo = Maibo::serving();
    maibo.made(&["key", "create", "--scope", "ping", "--value", KEY]);
    let uuid = maibo.check("Nightly", &["--slug", "nightly", "--every", "1h"]);
    (maibo, uuid)
}

/// The newest ping: kind, exit status, text.
fn last(maibo: &Maibo, uuid: &str) -> (String, String, String) {
    let newest = |column| maibo.pings(uuid, column).pop().unwrap_or_default();
    let body = maibo.last_body(uuid).unwrap_or_default();
    (newest("kind"), newest("exit_status"), String::from_utf8(body).unwrap())
}

fn was(kind: &str, exit: &str, text: &str) -> (String, String, String) {
    (kind.to_owned(), exit.to_owned(), text.to_owned())
}

fn watchdog(status: &str) -> String {
    json!({
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": status, "receiver": "maibo",
        "groupLabels": {}, "commonLabels": {"alertname": "Watchdog"}, "commonAnnotations": {},
        "externalURL": "http://am:9093",
        "alerts": [{
            "status": status, "labels": {"alertname": "Watchdog", "severity": "none"},
            "annotations": {"summary": "the chain of alerts"}, "startsAt": "2026-03-01T12:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://p", "fingerprint": "1a30"
        }]
    })
    .to_string()
}

fn check_in(slug: &str, status: &str, run: &str, config: Option<Value>) -> Value {
    let mut check_in =
        json!({"check_in_id": run, "monitor_slug": slug, "status": status, "environment": "production"});
    if let Some(config) = config {
        check_in["monitor_config"] = config;
    }
    check_in
}

fn envelope(item: &Value) -> Vec<u8> {
    let item = item.to_string();
    let header = json!({"type": "check_in", "content_type": "application/json", "length": item.len()});
    format!("{{\"sent_at\":\"2026-03-01T12:00:00Z\"}}\n{header}\n{item}\n").into_bytes()
}

/// What gzip makes of bytes when it does not compress them.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let length = u16::try_from(bytes.len()).unwrap();
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    packed.extend(length.to_le_bytes());
    packed.extend((!length).to_le_bytes());
    packed.extend(bytes);
    packed.extend((!crc).to_le_bytes());
    packed.extend(u32::from(length).to_le_bytes());
    packed
}

fn sentry_auth() -> (&'static str, &'static str) {
    ("X-Sentry-Auth", "Sentry sentry_key=0123456789abcdef0123456789abcdef, sentry_version=7")
}

#[test]
fn uptime_kuma() {
    let maibo = Maibo::serving();
    let uuid = aliased(&maibo, "aBc123");
    let ok = || (200, r#"{"ok":true}"#.to_owned());
    for (method, tail, expected) in [
        ("GET", "aBc123", was("success", "", "")),
        ("GET", "aBc123/", was("success", "", "")),
        ("GET", "aBc123?status=up&msg=OK&ping=", was("success", "", "OK")),
        ("POST", "aBc123?status=down&msg=%E7%9B%98%E6%BB%A1&ping=12", was("fail", "", "盘满\nping: 12")),
        ("PUT", "aBc123?status=odd", was("fail", "", "")),
    ] {
        let reply = maibo.call(method, &format!("/api/push/{tail}"));
        assert_eq!((reply.status, reply.text()), ok(), "{tail}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(last(&maibo, &uuid), expected, "{tail}");
    }
    assert_eq!(get(&maibo, &format!("/api/push/{uuid}?msg=own")), ok());
    assert_eq!(last(&maibo, &uuid), was("success", "", "own"));
    let unknown = (404, r#"{"ok":false,"msg":"Monitor not found or not active."}"#.to_owned());
    for token in ["nobody", NOBODY, "aBc123/x", "abc123", "%00", "%ff", "a%2Fb"] {
        assert_eq!(get(&maibo, &format!("/api/push/{token}")), unknown, "{token}");
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 6);
}

#[test]
fn better_stack_and_checkly() {
    let maibo = Maibo::serving();
    let uuid = aliased(&maibo, "XYZ1234");
    for (method, target, body, expected) in [
        ("GET", "/api/v1/heartbeat/XYZ1234", "", was("success", "", "")),
        ("HEAD", "/api/v1/heartbeat/XYZ1234", "", was("success", "", "")),
        ("POST", "/api/v1/heartbeat/XYZ1234/fail", "no space", was("fail", "", "no space")),
        ("POST", "/api/v1/heartbeat/XYZ1234/3", "row 7", was("fail", "3", "row 7")),
        ("POST", "/api/v1/heartbeat/XYZ1234/0", "", was("success", "0", "")),
        ("POST", "/api/v1/heartbeat/XYZ1234/300", "", was("fail", "", "")),
        ("GET", "/heartbeats/ping/XYZ1234", "", was("success", "", "")),
    ] {
        assert_eq!(send(&maibo, method, target, &[FORM], body.as_bytes()).status, 200, "{target}");
        assert_eq!(last(&maibo, &uuid), expected, "{target}");
    }
    for target in [
        "/api/v1/heartbeat/nobody",
        "/api/v1/heartbeat/XYZ1234/start",
        "/api/v1/heartbeat/XYZ1234/-",
        "/api/v1/heartbeat/XYZ1234/1/2",
        "/heartbeats/ping/nobody",
        "/heartbeats/ping/XYZ1234/fail",
    ] {
        assert_eq!(get(&maibo, target), (404, "not found".to_owned()), "{target}");
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 7);
    // What the Healthchecks API has in the same place is still there.
    assert_eq!(maibo.api("GET", "/api/v1/checks/", "").status, 200);
    assert_eq!(maibo.api("GET", "/api/v1/heartbeat", "").status, 404);
}

#[test]
fn cronhub() {
    let maibo = Maibo::serving();
    let uuid = aliased(&maibo, CRONHUB);
    let ok = || (200, r#"{"success":true}"#.to_owned());
    assert_eq!(get(&maibo, &format!("/start/{CRONHUB}")), ok());
    assert_eq!(get(&maibo, &format!("/finish/{CRONHUB}")), ok());
    assert_eq!(get(&maibo, &format!("/fail/{CRONHUB}")), ok());
    assert_eq!(get(&maibo, &format!("/start/{uuid}")), ok());
    // Its fourth address is one of ours.
    assert_eq!(get(&maibo, &format!("/ping/{CRONHUB}")), (200, "OK".to_owned()));
    assert_eq!(get(&maibo, &format!("/ping/{CRONHUB}/7")), (200, "OK".to_owned()));
    assert_eq!(maibo.pings(&uuid, "kind"), ["start", "success", "fail", "start", "success", "fail"]);
    let durations = maibo.pings(&uuid, "duration");
    assert!(!durations[1].is_empty() && !durations[4].is_empty(), "{durations:?}");
    for target in ["/start/nobody", "/finish/nobody", "/fail/nobody/1"] {
        assert_eq!(get(&maibo, target), (404, r#"{"success":false}"#.to_owned()), "{target}");
    }
    let stranger = CRONHUB.replace('1', "2");
    assert_eq!(get(&maibo, &format!("/ping/{stranger}")), (404, "not found".to_owned()));
}

#[test]
fn a_snitch_stands_at_the_root_behind_every_page() {
    let maibo = Maibo::serving();
    let uuid = aliased(&maibo, "c2354d53d2");
    let thanks = || (202, "Got it, thanks!".to_owned());
    for (target, body, expected) in [
        ("/c2354d53d2", "", was("success", "", "")),
        ("/c2354d53d2/", "", was("success", "", "")),
        (
            "/c2354d53d2?m=Finished%20in%2023.8%20seconds.",
            "",
            was("success", "", "Finished in 23.8 seconds."),
        ),
        ("/c2354d53d2?s=", "", was("success", "", "")),
        ("/c2354d53d2", "s=0", was("success", "0", "")),
        ("/c2354d53d2", "s=2&m=disk+full", was("fail", "2", "disk full")),
        ("/c2354d53d2", "plain output", was("success", "", "plain output")),
    ] {
        let reply = send(&maibo, "POST", target, &[FORM], body.as_bytes());
        assert_eq!((reply.status, reply.text()), thanks(), "{target} {body}");
        assert_eq!(last(&maibo, &uuid), expected, "{target} {body}");
    }
    assert_eq!(get(&maibo, &format!("/{uuid}?m=done")), thanks());
    assert_eq!(maibo.call("HEAD", "/c2354d53d2").status, 202);
    let pings = maibo.shown(&uuid)["n_pings"].clone();

    // Nobody's token is an address that does not exist, in words for people.
    for target in ["/nobody", &format!("/{NOBODY}?m=done"), "/c2354d53d2/x", "/%00", "/%ff", "/a%20b"] {
        let (status, text) = get(&maibo, target);
        assert!(status == 404 && text.contains("<html"), "{target}: {status} {text}");
    }
    let huge = vec![b'x'; 3_000_000];
    assert_eq!(send(&maibo, "POST", "/nobody", &[], &huge).status, 404);
    assert_eq!(maibo.call("OPTIONS", "/c2354d53d2").status, 204);
    assert_eq!(maibo.call("OPTIONS", "/nobody").status, 404);
    // What pages are called, and what browsers ask for, is no alias.
    for taken in ["metrics", "favicon.ico", "login", "channels/x"] {
        refused(&maibo.run(&["check", "alias", &uuid, taken]), "Maibo itself");
    }
    assert!(get(&maibo, "/login").1.contains("<form"));
    assert_eq!(maibo.call("DELETE", "/login").status, 405);
    assert_eq!(get(&maibo, "/healthz").0, 200);
    assert_eq!(maibo.shown(&uuid)["n_pings"], pings);
}

#[test]
fn alertmanager() {
    let maibo = Maibo::serving();
    let uuid = aliased(&maibo, "watchdog-1");
    for (status, kind) in [("firing", "success"), ("resolved", "fail")] {
        let body = watchdog(status);
        let reply = send(&maibo, "POST", "/api/alertmanager/watchdog-1", &[JSON], body.as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(last(&maibo, &uuid), was(kind, "", &format!("Watchdog {status}: the chain of alerts")));
    }
    let status = maibo.shown(&uuid)["status"].clone();
    for state in ["firing", "resolved"] {
        let other = watchdog(state).replace("Watchdog", "DiskFull");
        assert_eq!(
            send(&maibo, "POST", "/api/alertmanager/watchdog-1", &[JSON], other.as_bytes()).status,
            200
        );
        assert_eq!(last(&maibo, &uuid).0, "log", "another alert, {state}");
    }
    assert_eq!(maibo.shown(&uuid)["status"], status);
    for (method, target, body, status) in [
        ("POST", "/api/alertmanager/nobody", watchdog("firing"), 404),
        ("GET", "/api/alertmanager/watchdog-1", String::new(), 405),
        ("POST", "/api/alertmanager/watchdog-1", String::new(), 400),
        ("POST", "/api/alertmanager/watchdog-1", "{".to_owned(), 400),
        ("POST", "/api/alertmanager/watchdog-1", watchdog("odd"), 400),
        // What is cut in its middle cannot be read any more.
        (
            "POST",
            "/api/alertmanager/watchdog-1",
            watchdog("firing").replace("chain", &"c".repeat(200_000)),
            400,
        ),
    ] {
        let reply = send(&maibo, method, target, &[JSON], body.as_bytes());
        assert_eq!(reply.status, status, "{method} {target} {}", reply.text());
        assert_eq!(reply.header("allow").is_some(), status == 405);
    }
    assert_eq!(
        send(&maibo, "POST", "/api/alertmanager/watchdog-1", &[JSON], b"{\"status\":\"\xff\"}").status,
        400
    );
    assert_eq!(maibo.shown(&uuid)["n_pings"], 4);
}

#[test]
fn gatus() {
    let (maibo, uuid) = named();
    let moved = aliased(&maibo, "potato/core_ext");
    let url = |tail: &str| format!("/api/v1/endpoints/nightly/external{tail}");
    for (tail, body, expected) in [
        ("?success=true&duration=10s", "", was("success", "", "duration: 10s")),
        ("?success=false&error=no%20route", "", was("fail", "", "no route")),
        ("?success=false", r#"{"error":"timed out"}"#, was("fail", "", "timed out")),
    ] {
        let reply = send(&maibo, "POST", &url(tail), &[BEARER], body.as_bytes());
        assert_eq!((reply.status, reply.text()), (200, String::new()), "{tail}");
        assert_eq!(last(&maibo, &uuid), expected, "{tail}");
    }
    let other = ("Authorization", "Bearer potato");
    let moved_url = "/api/v1/endpoints/core_ext/external?success=true";
    assert_eq!(send(&maibo, "POST", moved_url, &[other], b"").status, 200);
    assert_eq!(maibo.shown(&moved)["n_pings"], 1);
    for (method, target, headers, status) in [
        ("POST", url(""), vec![BEARER], 400),
        ("POST", url("?success=1"), vec![], 400),
        ("POST", url("?success=true"), vec![], 401),
        ("POST", url("?success=true"), vec![("Authorization", "Basic eA==")], 401),
        ("POST", url("?success=true"), vec![("Authorization", "Bearer ")], 401),
        ("POST", url("?success=true"), vec![("Authorization", "Bearer wrong")], 401),
        ("POST", url("?success=true").replace("nightly", "nobody"), vec![BEARER], 404),
        ("POST", url("?success=true").replace("nightly", ""), vec![BEARER], 404),
        ("GET", url("?success=true"), vec![BEARER], 405),
    ] {
        assert_eq!(send(&maibo, method, &target, &headers, b"").status, status, "{method} {target}");
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 3);
}

#[test]
fn cronitor() {
    let (maibo, uuid) = named();
    for (tail, expected) in [
        ("", was("success", "", "")),
        ("?state=run&host=db1&env=prod", was("start", "", "environment: prod\nhost: db1")),
        (
            "?state=complete&metric=count:3&metric=duration:2.5",
            was("success", "", "metric: count:3\nmetric: duration:2.5"),
        ),
        ("?state=complete&status_code=0", was("success", "0", "status code: 0")),
        ("?state=fail&status_code=9&message=no+space", was("fail", "9", "no space\nstatus code: 9")),
        ("?state=ok", was("success", "", "")),
        ("/run", was("start", "", "")),
    ] {
        assert_eq!(get(&maibo, &format!("/p/{KEY}/nightly{tail}")).0, 200, "{tail}");
        assert_eq!(last(&maibo, &uuid), expected, "{tail}");
    }
    for target in [
        format!("/p/{KEY}/nightly?state=odd"),
        format!("/p/{KEY}/Nightly"),
        format!("/p/{KEY}"),
        format!("/p/{KEY}/"),
        format!("/p/{KEY}/nightly/run/1"),
        "/p/wrongwrongwrongwrongwr/nightly".to_owned(),
    ] {
        let status = if target.ends_with("odd") { 400 } else { 404 };
        assert_eq!(get(&maibo, &target).0, status, "{target}");
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 7);

    // An unknown monitor is made by its first event, as it is there.
    assert_eq!(get(&maibo, &format!("/p/{KEY}/new-job?state=run")), (200, "OK".to_owned()));
    assert_eq!(maibo.number("SELECT n_pings FROM checks WHERE slug = 'new-job'"), 1);
    // One that was moved in keeps key and name, whatever they are.
    let moved = aliased(&maibo, "old.key~/Nightly Job".replace(' ', "_").as_str());
    assert_eq!(get(&maibo, "/p/old.key~/Nightly_Job?state=fail").0, 200);
    assert_eq!(maibo.pings(&moved, "kind"), ["fail"]);
}

#[test]
fn older_monitors_of_cronitor_stand_at_the_root() {
    let maibo = Maibo::serving();
    let uuid = aliased(&maibo, "d3x0c1");
    for (target, kind) in [
        ("/d3x0c1/run", "start"),
        ("/d3x0c1/complete", "success"),
        ("/d3x0c1/fail?message=x", "fail"),
        ("/d3x0c1?state=ok", "success"),
    ] {
        assert_eq!(get(&maibo, target), (200, "OK".to_owned()), "{target}");
        assert_eq!(last(&maibo, &uuid).0, kind, "{target}");
    }
    for target in ["/nobody/run", "/nobody?state=run", "/d3x0c1/edit", "/d3x0c1/run/1", "/checks/run"] {
        let (status, text) = get(&maibo, target);
        assert!(status != 200 && (text.is_empty() || text.contains("<html")), "{target}: {status} {text}");
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 4);
}

#[test]
fn a_series_of_cronitor_is_a_run() {
    let (maibo, uuid) = named();
    let event = |tail: &str| assert_eq!(get(&maibo, &format!("/p/{KEY}/nightly?{tail}")).0, 200);
    event("state=run&series=a-1");
    event("state=run&series=b-2");
    event("state=complete&series=a-1");
    event("state=fail&series=b-2");
    let rids = maibo.pings(&uuid, "rid");
    assert_eq!((&rids[0], &rids[1]), (&rids[2], &rids[3]));
    assert_ne!(rids[0], rids[1]);
    let pings = maibo.api("GET", &format!("/api/v3/checks/{uuid}/pings/"), "").json();
    let timed =
        pings["pings"].as_array().unwrap().iter().filter(|ping| ping.get("duration").is_some()).count();
    assert_eq!(timed, 2, "{pings}");
}

#[test]
fn sentry_by_url() {
    let (maibo, uuid) = named();
    let url = |tail: &str| format!("/api/42/cron/nightly/{KEY}/{tail}");
    let accepted = || (202, String::new());
    for (method, target, headers, body, expected) in [
        ("GET", url("?status=in_progress"), vec![], String::new(), was("start", "", "")),
        (
            "POST",
            url("?status=ok&environment=prod"),
            vec![FORM],
            String::new(),
            was("success", "", "environment: prod"),
        ),
        ("GET", url("?status=error&duration=2.5"), vec![], String::new(), was("fail", "", "duration: 2.5 s")),
        (
            "GET",
            url("").trim_end_matches('/').to_owned() + "?status=ok",
            vec![],
            String::new(),
            was("success", "", ""),
        ),
        (
            "GET",
            format!("/api/42/cron/nightly/?status=ok&sentry_key={KEY}"),
            vec![],
            String::new(),
            was("success", "", ""),
        ),
        (
            "POST",
            url(""),
            vec![JSON],
            json!({"status": "ok", "duration": 3}).to_string(),
            was("success", "", "duration: 3 s"),
        ),
    ] {
        let reply = send(&maibo, method, &target, &headers, body.as_bytes());
        assert_eq!((reply.status, reply.text()), accepted(), "{target}");
        assert_eq!(last(&maibo, &uuid), expected, "{target}");
    }
    for (target, headers, body, status) in [
        (url(""), vec![], "", 400),
        (url("?status=missed"), vec![], "", 400),
        (url("?status=ok&check_in_id=7"), vec![], "", 400),
        (url("?status=ok"), vec![JSON], "{", 400),
        ("/api/42/cron/nightly/?status=ok".to_owned(), vec![], "", 401),
        (url("?status=ok").replace("nightly", "nobody"), vec![], "", 404),
        (url("?status=ok").replace(KEY, "wrongwrongwrongwrongwr"), vec![], "", 404),
    ] {
        let reply = send(&maibo, "POST", &target, &headers, body.as_bytes());
        assert_eq!(reply.status, status, "{target}");
        assert!(reply.json()["detail"].is_string());
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 6);
}

#[rstest]
#[case::plain(false)]
#[case::compressed(true)]
fn sentry_by_envelope(#[case] compressed: bool) {
    let (maibo, uuid) = named();
    let post = |bytes: Vec<u8>| {
        let (headers, bytes) = if compressed {
            (vec![sentry_auth(), ("Content-Encoding", "gzip")], gzip(&bytes))
        } else {
            (vec![sentry_auth()], bytes)
        };
        let reply = send(&maibo, "POST", "/api/42/envelope/", &headers, &bytes);
        (reply.status, reply.text())
    };
    let taken = || (200, "{}".to_owned());
    for (status, run) in [("in_progress", RUN), ("in_progress", OTHER_RUN), ("ok", RUN), ("error", OTHER_RUN)]
    {
        assert_eq!(post(envelope(&check_in("nightly", status, run, None))), taken());
    }
    assert_eq!(maibo.pings(&uuid, "kind"), ["start", "start", "success", "fail"]);
    assert_eq!(maibo.pings(&uuid, "rid")[0], "a460c25f-f255-4577-b920-fcfacae4e5eb");
    let pings = maibo.api("GET", &format!("/api/v3/checks/{uuid}/pings/"), "").json();
    let timed =
        pings["pings"].as_array().unwrap().iter().filter(|ping| ping.get("duration").is_some()).count();
    assert_eq!(timed, 2, "{pings}");
    assert_eq!(last(&maibo, &uuid).2, "environment: production");
    // Errors and the like are let go.
    assert_eq!(post(b"{}\n{\"type\":\"event\",\"length\":2}\n{}\n".to_vec()), taken());
    assert_eq!(post(b"nonsense".to_vec()).0, 400);
    assert_eq!(post(envelope(&check_in("nobody", "ok", RUN, None))).0, 404);
    assert_eq!(post(envelope(&check_in("", "ok", RUN, None))).0, 404);
    assert_eq!(maibo.shown(&uuid)["n_pings"], 4);
}

#[test]
fn a_start_of_sentry_that_comes_behind_its_end_opens_no_run() {
    let (maibo, uuid) = named();
    let post = |slug: &str, status: &str, run: &str| {
        let config = json!({"schedule": {"type": "interval", "value": 1, "unit": "hour"}});
        let item = envelope(&check_in(slug, status, run, Some(config)));
        assert_eq!(send(&maibo, "POST", "/api/42/envelope/", &[sentry_auth()], &item).status, 200);
    };
    post("nightly", "in_progress", OTHER_RUN);
    post("nightly", "ok", RUN);
    post("nightly", "ok", OTHER_RUN);
    post("nightly", "in_progress", RUN);
    assert_eq!(maibo.pings(&uuid, "kind"), ["start", "success", "success", "log"]);
    assert_eq!(maibo.shown(&uuid)["started"], false);
    post("nightly", "in_progress", "c460c25ff2554577b920fcfacae4e5eb");
    assert_eq!(maibo.shown(&uuid)["started"], true);
    // A check that is only made by it has no end yet.
    post("made", "in_progress", RUN);
    let made: (String,) = maibo.row("SELECT uuid FROM checks WHERE slug = 'made'");
    assert_eq!(maibo.pings(&made.0, "kind"), ["start"]);
    // By the URL and an alias it is the same.
    let moved = aliased(&maibo, "key/slug");
    for (status, kind) in [("error", "fail"), ("in_progress", "log")] {
        assert_eq!(get(&maibo, &format!("/api/1/cron/slug/key/?status={status}&check_in_id={RUN}")).0, 202);
        assert_eq!(last(&maibo, &moved).0, kind);
    }
}

#[test]
fn what_is_compressed_in_a_way_we_do_not_know_is_told_so() {
    let (maibo, _) = named();
    let headers = [sentry_auth(), ("Content-Encoding", "br")];
    assert_eq!(send(&maibo, "POST", "/api/42/envelope/", &headers, b"x").status, 415);
    let headers = [sentry_auth(), ("Content-Encoding", "gzip")];
    assert_eq!(send(&maibo, "POST", "/api/42/envelope/", &headers, b"not gzip").status, 400);
}

#[test]
fn a_monitor_config_makes_the_check_that_is_missing() {
    let (maibo, uuid) = named();
    let config = json!({
        "schedule": {"type": "crontab", "value": "5 4 * * *"}, "timezone": "Asia/Shanghai", "checkin_margin": 5,
        "max_runtime": 45
    });
    let post = |slug: &str, config: &Value| {
        let item = envelope(&check_in(slug, "ok", RUN, Some(config.clone())));
        send(&maibo, "POST", "/api/42/envelope/", &[sentry_auth()], &item).status
    };
    assert_eq!(post("made", &config), 200);
    let made: (String,) = maibo.row("SELECT uuid FROM checks WHERE slug = 'made'");
    let shown = maibo.shown(&made.0);
    assert_eq!(shown["schedule"], "5 4 * * *");
    assert_eq!(shown["tz"], "Asia/Shanghai");
    assert_eq!(shown["grace"], 45 * 60);
    assert_eq!(shown["status"], "up");
    // A job's own code says when it runs: a check that is there follows it.
    let hourly = json!({"schedule": {"type": "interval", "value": 1, "unit": "hour"}, "max_runtime": 10});
    assert_eq!((post("made", &hourly), post("nightly", &config)), (200, 200));
    let shown = maibo.shown(&made.0);
    assert_eq!(
        (&shown["timeout"], &shown["grace"], &shown["n_pings"]),
        (&json!(3600), &json!(600), &json!(2))
    );
    let shown = maibo.shown(&uuid);
    assert_eq!((&shown["schedule"], &shown["tz"]), (&json!("5 4 * * *"), &json!("Asia/Shanghai")));
    // The same once more changes nothing, and neither does a check-in that says nothing of it.
    let revision = || maibo.number("SELECT revision FROM checks WHERE slug = 'nightly'");
    let before = revision();
    let bare = envelope(&check_in("nightly", "ok", RUN, None));
    assert_eq!(post("nightly", &config), 200);
    assert_eq!(send(&maibo, "POST", "/api/42/envelope/", &[sentry_auth()], &bare).status, 200);
    assert_eq!((revision(), maibo.shown(&uuid)["schedule"].clone()), (before, json!("5 4 * * *")));
    assert_eq!(post("hourly", &hourly), 200);
    assert_eq!(maibo.number("SELECT period / 1000000 FROM checks WHERE slug = 'hourly'"), 3600);
    // A schedule that cannot be followed, or a name that cannot be ours, makes nothing.
    let odd = json!({"schedule": {"type": "crontab", "value": "sometimes"}});
    assert_eq!((post("odd", &odd), post("Upper", &config), post("nightly", &odd)), (404, 404, 200));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 3);
}

#[test]
fn options_is_never_a_ping() {
    let (maibo, uuid) = named();
    for target in [
        format!("/api/push/{uuid}"),
        format!("/api/v1/heartbeat/{uuid}"),
        format!("/heartbeats/ping/{uuid}"),
        format!("/start/{uuid}"),
        format!("/finish/{uuid}"),
        format!("/fail/{uuid}"),
        format!("/api/alertmanager/{uuid}"),
        format!("/p/{KEY}/nightly"),
        format!("/api/42/cron/nightly/{KEY}/?status=ok"),
        "/api/42/envelope/".to_owned(),
        "/api/v1/endpoints/nightly/external?success=true".to_owned(),
    ] {
        let reply = send(&maibo, "OPTIONS", &target, &[BEARER], b"");
        assert_eq!(reply.status, 204, "{target}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{target}");
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 0);
}

#[test]
fn the_ping_shows_where_it_came_from_and_is_never_cached() {
    let maibo = Maibo::serving();
    let uuid = aliased(&maibo, "tok123");
    let agent = ("User-Agent", "Wget/1.21");
    let reply = send(&maibo, "PATCH", "/api/push/tok123", &[agent], b"");
    assert!(reply.header("cache-control").unwrap().contains("no-store"));
    let column = |name| maibo.pings(&uuid, name);
    assert_eq!(column("ua"), ["Wget/1.21"]);
    assert_eq!(column("method"), ["PATCH"]);
    assert_eq!(column("scheme"), ["http"]);
    assert_eq!(column("remote_addr"), ["127.0.0.1"]);
}

#[test]
fn the_rules_of_the_check_decide_as_for_any_ping() {
    let maibo = Maibo::serving();
    let check = |body: Value| {
        let uuid = maibo.api_check(&body);
        maibo.run(&["check", "alias", &uuid, body["name"].as_str().unwrap()]);
        uuid
    };
    let words = check(
        json!({"name": "words-1", "filter_http_body": true, "failure_kw": "ERROR", "success_kw": "OK"}),
    );
    for (msg, kind) in [("OK", "success"), ("OK+ERROR", "fail"), ("other", "ign")] {
        assert_eq!(get(&maibo, &format!("/api/push/words-1?msg={msg}")).0, 200);
        assert_eq!(last(&maibo, &words).0, kind, "{msg}");
    }
    let post = check(json!({"name": "post-1", "methods": "POST"}));
    assert_eq!(get(&maibo, "/api/push/post-1").0, 200);
    assert_eq!(maibo.call("POST", "/api/push/post-1").status, 200);
    assert_eq!(maibo.pings(&post, "kind"), ["ign", "success"]);
}

#[test]
fn long_texts_keep_head_and_tail_and_bytes_stay_as_they_came() {
    let maibo = Maibo::serving();
    let uuid = aliased(&maibo, "tok123");
    let long = [b"head ".as_slice(), &vec![b'x'; 3_000_000], b" tail"].concat();
    assert_eq!(send(&maibo, "POST", "/api/push/tok123?msg=first", &[], &long).status, 200);
    let kept = maibo.last_body(&uuid).unwrap();
    assert!(kept.len() <= 100_000 && kept.starts_with(b"first\nhead ") && kept.ends_with(b" tail"));
    let bytes = [0xff, 0x00, 0xfe, b'\n'];
    assert_eq!(send(&maibo, "POST", "/api/v1/heartbeat/tok123/1", &[], &bytes).status, 200);
    assert_eq!(maibo.last_body(&uuid).unwrap(), bytes);
}

#[test]
fn the_alert_shows_what_was_said() {
    let sink = HttpSink::wecom();
    let mut maibo = Maibo::new();
    let url = sink.url("/cgi-bin/webhook/send?key=k");
    maibo.channel("wecom", "robot", &[&format!("url={url}")]);
    maibo.check("Job", &["--every", "1h", "--channel", "*", "--alias", "tok123"]);
    maibo.serve();
    assert_eq!(get(&maibo, "/api/push/tok123?status=down&msg=disk+sdb+is+full").0, 200);
    let heard = sink.wait_for(1);
    assert!(heard[0].text().contains("disk sdb is full"), "{}", heard[0].text());
}

#[rstest]
#[case("GET", "/api/push/tok123", &[], "")]
#[case("GET", "/tok123", &[], "")]
#[case("GET", "/ping/1f5e3410-254c-11e8-b61d-55875966d031", &[], "")]
#[case("POST", "/api/42/cron/nightly/k/", &[JSON], r#"{"status":"ok"}"#)]
fn what_cannot_be_stored_is_answered_503(
    #[case] method: &str,
    #[case] target: &str,
    #[case] headers: &[(&str, &str)],
    #[case] body: &str,
) {
    let maibo = Maibo::serving();
    let uuid = aliased(&maibo, if target.contains("cron") { "k/nightly" } else { "tok123" });
    if target.starts_with("/ping") {
        let ran = maibo.run(&["check", "alias", &uuid, CRONHUB]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    let reply = maibo.while_locked(|| send(&maibo, method, target, headers, body.as_bytes()));
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert!(reply.header("retry-after").is_some());
    assert_eq!(maibo.shown(&uuid)["n_pings"], 0);
    let reply = send(&maibo, method, target, headers, body.as_bytes());
    assert!((200..300).contains(&reply.status), "{}", reply.status);
    assert_eq!(maibo.shown(&uuid)["n_pings"], 1);
}

#[track_caller]
fn refused(ran: &Ran, word: &str) {
    assert!(ran.code != Some(0) && ran.stdout.is_empty() && ran.stderr.contains(word), "{word}: {ran:?}");
}

#[test]
fn an_alias_is_set_shown_and_taken_away() {
    let maibo = Maibo::serving();
    let first = aliased(&maibo, "one/two");
    let second = maibo.check("Second", &["--every", "1h"]);
    let alias = |check: &str, token: &str| maibo.run(&["check", "alias", check, token]);
    let shown = || {
        let rows: Value = serde_json::from_str(&maibo.run(&["check", "list", "--json"]).stdout).unwrap();
        rows.as_array().unwrap().iter().map(|row| row["alias"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(shown(), [json!("one/two"), Value::Null]);
    refused(&alias(&second, "one/two"), &first);
    refused(&alias(&second, &first), &first);
    for token in ["", "a b", "a//b", "/a", "a/", "a/../b", "ä", &"a".repeat(201)] {
        refused(&alias(&second, token), "200");
    }
    refused(&alias("nobody", "tok123"), "nobody");
    refused(&maibo.run(&["check", "alias", &second]), "TOKEN");
    refused(&maibo.run(&["check", "alias", &second, "tok123", "--none"]), "--none");
    refused(&maibo.run(&["check", "create", "--name", "x", "--every", "1h", "--alias", "one/two"]), &first);
    refused(
        &maibo.run(&["check", "create", "--name", "x", "--every", "1h", "--alias", "no good"]),
        "--alias",
    );
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 2);

    assert_eq!(alias("Second", &"a".repeat(200)).code, Some(0));
    assert_eq!(alias(&second, "tok123").code, Some(0));
    assert_eq!(alias(&second, "tok123").code, Some(0), "once more changes nothing");
    assert_eq!(alias(&second, &second).code, Some(0), "it leads there anyway");
    assert_eq!(alias(&second, "tok123").code, Some(0));
    assert_eq!(shown(), [json!("one/two"), json!("tok123")]);
    assert_eq!(get(&maibo, "/api/push/tok123").0, 200);
    assert_eq!(maibo.run(&["check", "alias", &second, "--none"]).code, Some(0));
    assert_eq!(get(&maibo, "/api/push/tok123").0, 404);
    assert_eq!(shown(), [json!("one/two"), Value::Null]);
    // A free alias may be taken again; a deleted check leaves its own free.
    assert_eq!(maibo.run(&["check", "delete", &first]).code, Some(0));
    assert_eq!(alias(&second, "one/two").code, Some(0));
    assert_eq!(get(&maibo, "/api/push/one%2Ftwo").0, 200);
}

#[test]
fn a_failure_is_never_taken_for_a_success() {
    let maibo = Maibo::serving();
    let uuid = aliased(&maibo, "tok123");
    maibo.execute("UPDATE checks SET filter_http_body = TRUE, success_kw = 'fine'");
    // Keywords decide about what is not stated; a failure that is stated stays one.
    for (target, kind) in [
        ("/api/push/tok123?status=down&msg=no+space", "fail"),
        ("/tok123?s=1", "fail"),
        ("/api/v1/heartbeat/tok123/fail", "fail"),
        ("/api/push/tok123?status=up&msg=fine", "success"),
        ("/api/push/tok123?status=up&msg=so+so", "ign"),
    ] {
        assert!(get(&maibo, target).0 < 300, "{target}");
        assert_eq!(last(&maibo, &uuid).0, kind, "{target}");
    }
    maibo.execute("UPDATE checks SET filter_http_body = FALSE");
    assert_eq!(send(&maibo, "POST", "/tok123", &[JSON], br#"{"s": 2, "m": "full"}"#).status, 202);
    assert_eq!(last(&maibo, &uuid), was("fail", "2", "full"));
    let multipart = ("Content-Type", "multipart/form-data; boundary=x");
    assert_eq!(send(&maibo, "POST", "/tok123", &[multipart], b"--x--").status, 415);
    let pings = maibo.shown(&uuid)["n_pings"].clone();

    // What is cut short says nothing where the body decides.
    for (target, body) in [("/tok123", "m=lots"), ("/api/alertmanager/tok123", r#"{"status":"firing""#)] {
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: {}\r\nContent-Length: 1000\r\n\r\n{body}",
            FORM.1
        );
        let mut stream = http::connect(maibo.addr());
        stream.write_all(head.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut reply = String::new();
        let _ = stream.read_to_string(&mut reply);
        assert!(!reply.starts_with("HTTP/1.1 2"), "{target}: {reply}");
    }
    maibo.ping_ok(&uuid);
    assert_eq!(maibo.shown(&uuid)["n_pings"], pings.as_i64().unwrap() + 1);

    // Two check-ins in one envelope: the one that failed is heard.
    let key = maibo.made(&["key", "create", "--scope", "ping"]);
    maibo.execute("UPDATE checks SET slug = 'nightly'");
    let item = |status: &str| {
        let check_in = format!(r#"{{"check_in_id":"{RUN}","monitor_slug":"nightly","status":"{status}"}}"#);
        format!("{{\"type\":\"check_in\"}}\n{check_in}\n")
    };
    let envelope = format!("{{}}\n{}{}", item("ok"), item("error"));
    let target = format!("/api/1/envelope/?sentry_key={key}");
    assert_eq!(send(&maibo, "POST", &target, &[], envelope.as_bytes()).status, 200);
    assert_eq!(last(&maibo, &uuid).0, "fail");
    let cut = "{}\n{\"type\":\"attachment\",\"length\":5000}\nshort";
    assert_eq!(send(&maibo, "POST", &target, &[], cut.as_bytes()).status, 413);
}

#[test]
fn an_alias_takes_no_pings_away_from_those_who_have_the_key() {
    let maibo = Maibo::serving();
    let key = maibo.made(&["key", "create", "--scope", "ping"]);
    let own = maibo.check("Job", &["--every", "1h", "--slug", "nightly"]);
    maibo.made(&["project", "create", "other"]);
    let alias = format!("{key}/nightly");
    let thief = maibo.check("Thief", &["--every", "1h", "--project", "other", "--alias", &alias]);
    assert_eq!(get(&maibo, &format!("/p/{key}/nightly?state=complete")).0, 200);
    let pings = |uuid: &str| maibo.number(&format!("SELECT n_pings FROM checks WHERE uuid = '{uuid}'"));
    assert_eq!((pings(&own), pings(&thief)), (1, 0));
    // Within the project an alias may give a name to a check with another slug.
    let moved =
        maibo.check("Moved", &["--every", "1h", "--slug", "new-name", "--alias", &format!("{key}/old-name")]);
    assert_eq!(get(&maibo, &format!("/p/{key}/old-name?state=complete")).0, 200);
    assert_eq!(pings(&moved), 1);
}
