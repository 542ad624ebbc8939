//! Ping URLs of other products: COMPATIBILITY 4.4.
mod alias;
mod cronitor;
mod sentry;
mod watchdog;

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

#[track_caller]
fn refused(ran: &Ran, word: &str) {
    assert!(ran.code != Some(0) && ran.stdout.is_empty() && ran.stderr.contains(word), "{word}: {ran:?}");
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
    let fourth = "2f5e3410-254c-41e8-b61d-55875966d031";
    let other = aliased(&maibo, fourth);
    assert_eq!(get(&maibo, &format!("/ping/{fourth}/fail")), (200, "OK".to_owned()));
    assert_eq!(maibo.pings(&other, "kind"), ["fail"], "of version 4, as ours are");
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
    let services = aliased(&maibo, "potato/core_服务");
    let other = ("Authorization", "Bearer potato");
    let by_name = "/api/v1/endpoints/core_%E6%9C%8D%E5%8A%A1/external?success=false";
    assert_eq!(send(&maibo, "POST", by_name, &[other], b"").status, 200);
    assert_eq!(maibo.pings(&services, "kind"), ["fail"]);
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
    let long = "x".repeat(300_000);
    let behind = format!("{{}}\n{{\"type\":\"event\",\"length\":300000}}\n{long}\n{}", item("ok"));
    assert_eq!(send(&maibo, "POST", &target, &[], behind.as_bytes()).status, 200);
    assert_eq!(last(&maibo, &uuid).0, "success", "behind a long item");
    let cut = "{}\n{\"type\":\"attachment\",\"length\":5000}\nshort";
    assert_eq!(send(&maibo, "POST", &target, &[], cut.as_bytes()).status, 413);
}
