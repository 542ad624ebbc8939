//! The ping routes, as Healthchecks' clients know them: COMPATIBILITY 4.0 and 4.1, with the deviations on purpose.
use std::io::Write as _;
use std::net::Shutdown;
use std::thread;

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::http::{self, answer, connect, head};
use crate::support::{Maibo, eventually, now, until};

const NOBODY: &str = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";
const RID: &str = "1d0c3a9e-59a7-4f3c-8f5b-2f6f1f7f0a01";
const OTHER_RID: &str = "2d0c3a9e-59a7-4f3c-8f5b-2f6f1f7f0a02";
const NEVER_CACHED: &str = "max-age=0, no-cache, no-store, must-revalidate, private";

/// A project with a ping key and a check with the slug `job`.
fn with_slug() -> (Maibo, String, String) {
    let maibo = Maibo::serving();
    let key = maibo.made(&["key", "create", "--scope", "ping"]);
    let uuid = maibo.check("Job", &["--slug", "job", "--every", "1h"]);
    (maibo, key, uuid)
}

fn said(maibo: &Maibo, tail: &str) -> (u16, String) {
    let reply = maibo.ping(tail);
    (reply.status, reply.text())
}

fn not_found() -> (u16, String) {
    (404, "not found".to_owned())
}

#[test]
fn the_path_after_a_uuid_says_what_happened() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let mut counted = Vec::new();
    for (tail, kind, exit) in [
        ("", "success", ""),
        ("/", "success", ""),
        ("/start", "start", ""),
        ("/fail", "fail", ""),
        ("/log", "log", ""),
        ("/0", "success", "0"),
        ("/000", "success", "0"),
        ("/1", "fail", "1"),
        ("/01", "fail", "1"),
        ("/255", "fail", "255"),
        ("/%66ail", "fail", ""),
        ("?unknown=parameter", "success", ""),
        ("?create=1", "success", ""),
    ] {
        maibo.ping_ok(&format!("{uuid}{tail}"));
        counted.push((kind.to_owned(), exit.to_owned()));
        let kinds = maibo.pings(&uuid, "kind");
        let exits = maibo.pings(&uuid, "exit_status");
        assert_eq!(kinds.into_iter().zip(exits).collect::<Vec<_>>(), counted, "{tail}");
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], counted.len());
}

#[test]
fn what_is_no_ping_address_is_refused_and_counts_for_nothing() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let format = || (400, "invalid url format".to_owned());
    for (tail, expected) in [
        (format!("{uuid}/abc"), not_found()),
        (format!("{uuid}/-1"), not_found()),
        (format!("{uuid}/1.5"), not_found()),
        (format!("{uuid}/log/1"), not_found()),
        (format!("{uuid}/start/"), not_found()),
        (format!("{uuid}/fail/"), not_found()),
        (format!("{uuid}/0/"), not_found()),
        (format!("{uuid}//"), not_found()),
        (format!("{uuid}/%ff"), not_found()),
        (format!("{uuid}/FAIL"), format()),
        (format!("{uuid}/256"), format()),
        (format!("{uuid}/99999999999999999999999999"), format()),
        (uuid.to_uppercase(), not_found()),
        (uuid.replace('-', ""), not_found()),
        (format!("%7B{uuid}%7D"), not_found()),
        (NOBODY.to_owned(), not_found()),
        (format!("{NOBODY}/fail"), not_found()),
        (format!("{NOBODY}/256"), not_found()),
        (format!("{NOBODY}?rid=nonsense"), not_found()),
        ("nonsense".to_owned(), not_found()),
        ("%00".to_owned(), not_found()),
    ] {
        assert_eq!(said(&maibo, &tail), expected, "{tail}");
    }
    assert_eq!(maibo.call("GET", "/ping/").status, 404);
    assert_eq!(maibo.call("GET", &format!("/ping/{}", "a".repeat(10_000))).status, 404);
    assert_eq!(maibo.shown(&uuid)["n_pings"], 0);
    assert_eq!(maibo.shown(&uuid)["status"], "new");
}

#[test]
fn the_path_after_a_slug_says_the_same() {
    let (maibo, key, uuid) = with_slug();
    for tail in ["", "/start", "/fail", "/log", "/0", "/3", "/%66ail"] {
        maibo.ping_ok(&format!("{key}/job{tail}"));
    }
    assert_eq!(maibo.pings(&uuid, "kind"), ["success", "start", "fail", "log", "success", "fail", "fail"]);
    for tail in ["job/", "job/start/", "job/nonsense", "job/1/2", "other", "j%20b"] {
        assert_eq!(said(&maibo, &format!("{key}/{tail}")), not_found(), "{tail}");
    }
    assert_eq!(said(&maibo, "wrongwrongwrongwrongwr/job"), not_found());
    assert_eq!(said(&maibo, &key), not_found());
    assert_eq!(maibo.shown(&uuid)["n_pings"], 7);
}

#[test]
fn errors_come_in_the_order_of_the_original() {
    let (maibo, key, uuid) = with_slug();
    maibo.check("Twin 1", &["--slug", "twin", "--every", "1h"]);
    maibo.check("Twin 2", &["--slug", "twin", "--every", "1h"]);
    let format = || (400, "invalid url format".to_owned());
    let bad_rid = || (400, "invalid uuid format".to_owned());
    let ambiguous = || (409, "ambiguous slug".to_owned());
    for (tail, expected) in [
        // An upper-case slug before any look-up.
        (format!("{key}/JOB"), format()),
        ("wrongwrongwrongwrongwr/JOB".to_owned(), format()),
        // Then 404 and 409.
        (format!("{key}/nobody/256?rid=bad"), not_found()),
        (format!("{key}/twin"), ambiguous()),
        (format!("{key}/twin/256"), ambiguous()),
        (format!("{key}/twin?rid=bad"), ambiguous()),
        (format!("{key}/twin?create=1"), ambiguous()),
        // Then the exit status.
        (format!("{key}/job/256?rid=bad"), format()),
        (format!("{uuid}/256?rid=bad"), format()),
        // Then the run id.
        (format!("{key}/job?rid=bad"), bad_rid()),
        (format!("{uuid}/start?rid=bad"), bad_rid()),
    ] {
        assert_eq!(said(&maibo, &tail), expected, "{tail}");
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 0);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM pings"), 0);
}

#[test]
fn a_run_id_is_a_dashed_uuid_and_the_last_one_counts() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for bad in [
        "rid",
        "rid=",
        "rid=nonsense",
        &format!("rid={}", RID.replace('-', "")),
        &format!("rid={RID}%0A"),
        &format!("rid=%7B{RID}%7D"),
        &format!("rid={RID}&rid=bad"),
        "rid=%ff",
    ] {
        assert_eq!(said(&maibo, &format!("{uuid}?{bad}")), (400, "invalid uuid format".to_owned()), "{bad}");
    }
    maibo.ping_ok(&format!("{uuid}/start?rid=bad&rid={RID}"));
    maibo.ping_ok(&format!("{uuid}?rid={}", RID.to_uppercase()));
    assert_eq!(maibo.pings(&uuid, "rid"), [RID, RID]);
    assert_eq!(maibo.shown(&uuid)["started"], false);
    assert_eq!(maibo.shown(&uuid)["n_pings"], 2);
}

#[test]
fn create_makes_a_daily_check_with_all_channels_once() {
    let (maibo, key, _) = with_slug();
    let mut channels = [
        maibo.channel("webhook", "a", &["url_down=http://127.0.0.1:9/"]),
        maibo.channel("email", "b", &["to=ops@example.org"]),
    ];
    channels.sort();
    let made = maibo.ping(&format!("{key}/fresh_1-x?create=1"));
    assert_eq!((made.status, made.text()), (201, "Created".to_owned()));
    assert!(made.header("ping-body-limit").is_some());
    maibo.ping_ok(&format!("{key}/fresh_1-x?create=1"));
    maibo.ping_ok(&format!("{key}/fresh_1-x"));

    let uuid = maibo.row::<(String,)>("SELECT uuid FROM checks WHERE slug = 'fresh_1-x'").0;
    let check = maibo.shown(&uuid);
    assert_eq!(
        (&check["name"], &check["slug"], &check["timeout"], &check["grace"]),
        (&json!("fresh_1-x"), &json!("fresh_1-x"), &json!(86400), &json!(3600))
    );
    assert_eq!((&check["status"], &check["n_pings"]), (&json!("up"), &json!(3)));
    assert_eq!(check["channels"], channels.join(","));

    assert_eq!(maibo.ping(&format!("{key}/begun/start?create=1")).status, 201);
    let begun = maibo.row::<(String,)>("SELECT uuid FROM checks WHERE slug = 'begun'").0;
    assert_eq!(maibo.shown(&begun)["started"], true);
    assert_eq!(maibo.ping(&format!("{key}/last?create=0&create=1")).status, 201);
}

#[test]
fn create_with_a_mistake_makes_nothing() {
    let (maibo, key, _) = with_slug();
    for (tail, status) in [
        (format!("{key}/n?create=true"), 404),
        (format!("{key}/n?create"), 404),
        (format!("{key}/n?create=1&create=0"), 404),
        (format!("{key}/n?create=%31%0A"), 404),
        (format!("{key}/n?create=1&rid=bad"), 400),
        (format!("{key}/n/256?create=1"), 400),
        (format!("{key}/N?create=1"), 400),
        (format!("{key}/{}?create=1", "n".repeat(101)), 404),
        ("wrongwrongwrongwrongwr/n?create=1".to_owned(), 404),
        (format!("{NOBODY}?create=1"), 404),
    ] {
        assert_eq!(maibo.ping(&tail).status, status, "{tail}");
    }
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 1);
}

#[test]
fn twenty_pings_at_once_create_one_check() {
    let (maibo, key, _) = with_slug();
    let (addr, target) = (maibo.addr(), format!("/ping/{key}/race?create=1"));
    let statuses: Vec<u16> = thread::scope(|scope| {
        let calls: Vec<_> =
            (0..20).map(|_| scope.spawn(|| http::request(addr, "GET", &target, &[], b"").status)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 19, "{statuses:?}");
    assert_eq!(maibo.number("SELECT n_pings FROM checks WHERE slug = 'race'"), 20);
}

#[test]
fn headers_are_those_that_clients_look_for() {
    let (maibo, key, uuid) = with_slug();
    for tail in [uuid.clone(), format!("{key}/job"), format!("{uuid}/start"), format!("{key}/new?create=1")] {
        let reply = maibo.ping(&tail);
        assert_eq!(reply.header("cache-control"), Some(NEVER_CACHED), "{tail}");
        assert_eq!(reply.header("ping-body-limit"), Some("100000"), "{tail}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{tail}");
        assert!(reply.header("content-type").unwrap().starts_with("text/plain"), "{tail}");
    }
    for tail in [NOBODY.to_owned(), format!("{uuid}/256"), format!("{uuid}?rid=bad")] {
        let reply = maibo.ping(&tail);
        assert_eq!(reply.header("cache-control"), Some(NEVER_CACHED), "{tail}");
        assert_eq!(reply.header("ping-body-limit"), None, "{tail}");
        assert_eq!(reply.header("access-control-allow-origin"), None, "{tail}");
    }
}

#[test]
fn options_is_no_ping() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for tail in [uuid.as_str(), NOBODY] {
        let reply = maibo.call("OPTIONS", &format!("/ping/{tail}"));
        assert_eq!((reply.status, reply.text()), (204, String::new()));
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        assert!(reply.header("access-control-allow-methods").unwrap().contains("POST"));
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 0);
}

#[test]
fn every_other_method_is_a_ping() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW", "PROPFIND"];
    for method in methods {
        let reply = maibo.call(method, &format!("/ping/{uuid}"));
        assert_eq!(reply.status, 200, "{method}");
        assert_eq!(reply.text(), if method == "HEAD" { "" } else { "OK" }, "{method}");
    }
    assert_eq!(maibo.pings(&uuid, "method"), methods);
}

#[rstest]
#[case::whole(b"all is well".to_vec())]
#[case::chinese("备份完成 ✓".as_bytes().to_vec())]
#[case::not_utf8(b"\xff\xfe\x00caf\xe9".to_vec())]
#[case::nul_bytes(vec![0; 3000])]
#[case::at_the_limit((0..100_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect())]
fn a_body_is_kept_as_it_came(#[case] body: Vec<u8>) {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    assert_eq!(maibo.post(&uuid, &body).status, 200);
    assert_eq!(maibo.last_body(&uuid), Some(body.clone()));

    // The same in chunks, as `curl -T -` sends it.
    let mut stream = connect(maibo.addr());
    let head = head("POST", &format!("/ping/{uuid}"), &[("Transfer-Encoding", "chunked")]);
    stream.write_all(head.as_bytes()).unwrap();
    for chunk in body.chunks(7777) {
        stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).unwrap();
        stream.write_all(chunk).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(answer(&stream).status, 200);
    assert_eq!(maibo.last_body(&uuid), Some(body));
}

#[test]
fn bodies_are_kept_for_every_method_and_action() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for method in ["GET", "PUT", "DELETE", "HEAD", "BREW"] {
        for action in ["", "/start", "/log", "/fail", "/7"] {
            let body = format!("{method} {action}");
            let target = format!("/ping/{uuid}{action}");
            let reply = http::request(maibo.addr(), method, &target, &[], body.as_bytes());
            assert_eq!(reply.status, 200, "{body}");
            assert_eq!(maibo.last_body(&uuid), Some(body.into_bytes()));
        }
    }
    maibo.ping_ok(&uuid);
    assert_eq!(maibo.last_body(&uuid), None);
    assert_eq!(maibo.pings(&uuid, "body_size").last().unwrap(), "0");
}

#[test]
fn of_a_long_body_head_and_tail_are_kept_within_the_limit() {
    let mut maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let body: Vec<u8> =
        (0..10_000_000_u32).flat_map(|n| format!("{n:09}\n").into_bytes()).take(10_000_000).collect();
    let keeps = |maibo: &Maibo, limit: usize| {
        let reply = maibo.post(&uuid, &body);
        assert_eq!((reply.status, reply.header("ping-body-limit")), (200, Some(limit.to_string().as_str())));
        let kept = maibo.last_body(&uuid).unwrap();
        assert!(kept.len() <= limit && kept.len() > limit - 200, "{}", kept.len());
        let sure = limit * 2 / 5;
        assert_eq!(kept[..sure], body[..sure], "the head");
        assert_eq!(kept[kept.len() - sure..], body[body.len() - sure..], "the tail");
        assert!(String::from_utf8(kept).unwrap().contains("bytes left out"));
    };
    keeps(&maibo, 100_000);
    assert!(maibo.stop().success());
    maibo = maibo.with("MAIBO_PING_BODY_LIMIT", "10000");
    maibo.serve();
    keeps(&maibo, 10_000);
}

#[test]
fn a_slow_body_holds_up_nobody_and_arrives_whole() {
    let maibo = Maibo::serving();
    let slow = maibo.check("Slow", &["--every", "1h"]);
    let quick = maibo.check("Quick", &["--every", "1h"]);
    let mut streams: Vec<_> = (0..50).map(|_| connect(maibo.addr())).collect();
    let head = head("POST", &format!("/ping/{slow}"), &[("Content-Length", "10")]);
    for stream in &mut streams {
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(b"first").unwrap();
    }
    for _ in 0..20 {
        maibo.ping_ok(&quick);
    }
    assert_eq!(maibo.shown(&slow)["n_pings"], 0, "not before the body is there");
    for stream in &mut streams {
        stream.write_all(b" last").unwrap();
    }
    for stream in &streams {
        assert_eq!(answer(stream).status, 200);
    }
    assert_eq!(maibo.last_body(&slow), Some(b"first last".to_vec()));
    assert_eq!(maibo.shown(&slow)["n_pings"], 50);
}

#[test]
fn a_body_that_never_ends_is_waited_for_only_so_long() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let mut stream = connect(maibo.addr());
    let head = head("POST", &format!("/ping/{uuid}/fail"), &[("Content-Length", "1000")]);
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(b"then the uplink died").unwrap();
    // Either way is fine for the sender; what counts is that the ping does.
    assert_eq!(answer(&stream).status, 200);
    assert_eq!(maibo.last_body(&uuid), Some(b"then the uplink died".to_vec()));
    assert_eq!(maibo.shown(&uuid)["status"], "down");
}

#[test]
fn a_ping_counts_although_its_sender_hangs_up_right_away() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let head = head("GET", &format!("/ping/{uuid}"), &[]);
    for n in 0..30 {
        let mut stream = connect(maibo.addr());
        stream.write_all(head.as_bytes()).unwrap();
        if n % 2 == 0 {
            stream.shutdown(Shutdown::Both).unwrap();
        }
    }
    until("all thirty are there", || maibo.shown(&uuid)["n_pings"] == 30);
}

#[test]
fn a_ping_counts_whole_although_its_sender_hangs_up_after_a_body() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let body = vec![b'x'; 60_000];
    let head = head("POST", &format!("/ping/{uuid}"), &[("Content-Length", "60000")]);
    for _ in 0..10 {
        let mut stream = connect(maibo.addr());
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
    }
    until("all ten are there", || maibo.shown(&uuid)["n_pings"] == 10);
    assert_eq!(maibo.pings(&uuid, "body_size"), vec!["60000"; 10]);
}

#[test]
fn a_ping_counts_although_its_sender_dies_in_mid_body() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for head in [
        head("POST", &format!("/ping/{uuid}/fail"), &[("Content-Length", "5000")]) + "half of it",
        head("POST", &format!("/ping/{uuid}/fail"), &[("Transfer-Encoding", "chunked")])
            + "a\r\nhalf of it\r\n",
    ] {
        let before = maibo.pings(&uuid, "kind").len();
        let mut stream = connect(maibo.addr());
        stream.write_all(head.as_bytes()).unwrap();
        drop(stream);
        until("it is there", || maibo.pings(&uuid, "kind").len() > before);
        assert_eq!(maibo.last_body(&uuid), Some(b"half of it".to_vec()));
    }
    assert_eq!(maibo.pings(&uuid, "kind"), ["fail", "fail"]);
}

#[test]
fn nonsense_on_the_wire_hurts_nobody() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let long = format!("GET /ping/{uuid} HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(200_000));
    let bad_chunk =
        head("POST", &format!("/ping/{uuid}/log"), &[("Transfer-Encoding", "chunked")]) + "zz\r\n";
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc".as_slice(),
        b"GET\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"GET /ping/x HTTP/9.9\r\n\r\n",
        b"POST /ping/x HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /ping/x HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        long.as_bytes(),
        bad_chunk.as_bytes(),
    ] {
        let mut stream = connect(maibo.addr());
        drop(stream.write_all(bytes));
    }
    maibo.ping_ok(&uuid);
    assert!(!maibo.log().contains("panic"), "{}", maibo.log());
}

fn forwarded(maibo: &Maibo, uuid: &str, headers: &[(&str, &str)]) -> (String, String) {
    let reply = http::request(maibo.addr(), "GET", &format!("/ping/{uuid}"), headers, b"");
    assert_eq!(reply.status, 200);
    let last = |column: &str| maibo.pings(uuid, column).pop().unwrap();
    (last("remote_addr"), last("scheme"))
}

#[test]
fn headers_of_a_proxy_are_believed_only_from_ours() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let headers = [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "https")];
    assert_eq!(forwarded(&maibo, &uuid, &headers), ("127.0.0.1".to_owned(), "http".to_owned()));
    drop(maibo);

    let mut maibo = Maibo::new().with("MAIBO_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1");
    maibo.serve();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for (list, addr) in [
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4:567, 9.9.9.9", "1.2.3.4"),
        ("2001:0DB8:0::1", "2001:db8::1"),
        ("unknown", "127.0.0.1"),
        ("_hidden, 1.2.3.4", "127.0.0.1"),
        ("", "127.0.0.1"),
    ] {
        let headers = [("X-Forwarded-For", list), ("X-Forwarded-Proto", "https")];
        assert_eq!(forwarded(&maibo, &uuid, &headers), (addr.to_owned(), "https".to_owned()), "{list}");
    }
    assert_eq!(forwarded(&maibo, &uuid, &[]), ("127.0.0.1".to_owned(), "http".to_owned()));
}

#[test]
fn a_user_agent_is_kept_up_to_200_characters() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for (sent, kept) in [("curl/8".to_owned(), "curl/8".to_owned()), ("é".repeat(300), "é".repeat(200))] {
        let headers = [("User-Agent", sent.as_str())];
        assert_eq!(http::request(maibo.addr(), "GET", &format!("/ping/{uuid}"), &headers, b"").status, 200);
        assert_eq!(maibo.pings(&uuid, "ua").pop().unwrap(), kept);
    }
}

#[test]
fn keywords_in_the_body_decide_in_the_order_failure_success_start() {
    let maibo = Maibo::serving();
    let rules = json!({"filter_http_body": true, "start_kw": "begin", "success_kw": "done, , good ", "failure_kw": "ERROR,错误"});
    let uuid = maibo.api_check(&rules);
    for (tail, body, kind) in [
        ("", "done with ERROR", "fail"),
        ("", "错误", "fail"),
        ("", "begin and done", "success"),
        ("", "so good", "success"),
        ("", "we begin", "start"),
        ("", "error in lower case", "ign"),
        ("", "nothing of the kind", "ign"),
        // The action in the URL and the exit status are ignored.
        ("/fail", "done", "success"),
        ("/1", "done", "success"),
        ("/start", "nothing", "ign"),
        ("/log", "ERROR", "fail"),
    ] {
        assert_eq!(maibo.post(&format!("{uuid}{tail}"), body.as_bytes()).status, 200, "{body}");
        assert_eq!(maibo.pings(&uuid, "kind").pop().unwrap(), kind, "{tail} {body}");
    }
    // What cannot be read as text is searched all the same, and so is the end of a long body.
    assert_eq!(maibo.post(&uuid, b"\xff\xfe ERROR \xe9").status, 200);
    assert_eq!(maibo.pings(&uuid, "kind").pop().unwrap(), "fail");
    let long = format!("{}\ndone", "x".repeat(3_000_000));
    assert_eq!(maibo.post(&uuid, long.as_bytes()).status, 200);
    assert_eq!(maibo.pings(&uuid, "kind").pop().unwrap(), "success");
    assert_eq!(maibo.shown(&uuid)["n_pings"], 13);
}

#[test]
fn without_a_keyword_the_default_may_be_failure() {
    let maibo = Maibo::serving();
    let uuid = maibo
        .api_check(&json!({"filter_http_body": true, "success_kw": "done", "filter_default_fail": true}));
    maibo.ping_ok(&uuid);
    assert_eq!(maibo.shown(&uuid)["status"], "down");
    assert_eq!(maibo.post(&uuid, b"done").status, 200);
    assert_eq!(maibo.shown(&uuid)["status"], "up");
}

#[test]
fn where_only_post_counts_others_are_logged_as_ignored() {
    let maibo = Maibo::serving();
    let uuid = maibo.api_check(
        &json!({"methods": "POST", "filter_http_body": true, "failure_kw": "ERROR", "success_kw": "done"}),
    );
    for method in ["GET", "HEAD", "PUT"] {
        let reply = http::request(maibo.addr(), method, &format!("/ping/{uuid}"), &[], b"ERROR");
        assert_eq!(reply.status, 200);
    }
    assert_eq!(maibo.pings(&uuid, "kind"), ["ign", "ign", "ign"]);
    let check = maibo.shown(&uuid);
    assert_eq!(
        (&check["status"], &check["n_pings"], &check["last_ping"]),
        (&json!("new"), &json!(3), &Value::Null)
    );
    assert_eq!(maibo.post(&uuid, b"done").status, 200);
    assert_eq!(maibo.shown(&uuid)["status"], "up");
}

#[test]
fn a_paused_check_wakes_by_a_ping_unless_it_is_resumed_by_hand() {
    let maibo = Maibo::serving();
    let by_ping = maibo.api_check(&json!({"name": "by ping"}));
    let by_hand = maibo.api_check(&json!({"name": "by hand", "manual_resume": true}));
    for uuid in [&by_ping, &by_hand] {
        assert_eq!(maibo.run(&["check", "pause", uuid]).code, Some(0));
        assert_eq!(maibo.shown(uuid)["status"], "paused");
        maibo.ping_ok(&format!("{uuid}/log"));
        maibo.ping_ok(&format!("{uuid}/start"));
        assert_eq!(maibo.shown(uuid)["status"], "paused", "a start does not resume");
    }
    assert_eq!(maibo.shown(&by_ping)["started"], true);
    assert_eq!(maibo.shown(&by_hand)["started"], false);
    maibo.ping_ok(&by_ping);
    maibo.ping_ok(&by_hand);
    maibo.ping_ok(&format!("{by_hand}/fail"));
    assert_eq!(maibo.shown(&by_ping)["status"], "up");
    assert_eq!(maibo.shown(&by_hand)["status"], "paused");
    assert_eq!(maibo.pings(&by_hand, "kind"), ["log", "ign", "ign", "ign"]);
    assert_eq!(maibo.shown(&by_hand)["n_pings"], 4);
}

#[test]
fn pause_and_resume_each_leave_one_flip() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    maibo.ping_ok(&uuid);
    for command in ["pause", "pause", "resume"] {
        assert_eq!(maibo.run(&["check", command, &uuid]).code, Some(0), "{command}");
    }
    let ups: Vec<_> = maibo.flips(&uuid).iter().map(|flip| flip["up"].clone()).collect();
    assert_eq!(ups, [0, 0, 1], "newest first; a second pause adds none");
    let check = maibo.shown(&uuid);
    assert_eq!((&check["status"], &check["n_pings"]), (&json!("new"), &json!(1)), "pings are still counted");
    assert_eq!((&check["last_ping"], &check["next_ping"]), (&Value::Null, &Value::Null));
}

#[test]
fn success_and_failure_set_the_status_and_the_next_ping() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let part = |name: &str| maibo.shown(&uuid)[name].clone();
    assert_eq!(
        (part("status"), part("next_ping"), part("last_ping")),
        (json!("new"), Value::Null, Value::Null)
    );
    maibo.ping_ok(&format!("{uuid}/log"));
    assert_eq!((part("status"), part("last_ping")), (json!("new"), Value::Null));
    maibo.ping_ok(&uuid);
    let time = |value: Value| value.as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(part("status"), "up");
    assert_eq!(time(part("next_ping")) - time(part("last_ping")), TimeDelta::hours(1));
    maibo.ping_ok(&format!("{uuid}/1"));
    assert_eq!((part("status"), part("next_ping")), (json!("down"), Value::Null));
    maibo.ping_ok(&format!("{uuid}/fail"));
    maibo.ping_ok(&uuid);
    assert_eq!(part("status"), "up");
    let ups: Vec<_> = maibo.flips(&uuid).iter().map(|flip| flip["up"].clone()).collect();
    assert_eq!(ups, [1, 0, 1], "a repeated failure is no flip");
    assert_eq!(part("n_pings"), 5);
}

#[test]
fn late_is_grace_and_silence_beyond_it_stays_down_whatever_the_new_timeout() {
    let maibo = Maibo::serving();
    let late = maibo.check("Late", &["--every", "1s", "--grace", "1d"]);
    let down = maibo.check("Down", &["--every", "1s", "--grace", "1s"]);
    maibo.ping_ok(&late);
    maibo.ping_ok(&down);
    until("one is late", || maibo.shown(&late)["status"] == "grace");
    until("one is down", || maibo.shown(&down)["status"] == "down");
    until("the flip is there", || maibo.flips(&down).len() == 2);
    assert!(maibo.shown(&late)["next_ping"].is_string(), "what is late is still expected");
    assert_eq!(maibo.shown(&down)["next_ping"], Value::Null);
    let raised =
        maibo.api("POST", "/api/v3/checks/", r#"{"name": "Down", "timeout": 3600, "unique": ["name"]}"#);
    assert_eq!((raised.status, &raised.json()["status"]), (200, &json!("down")));
    assert_eq!(maibo.shown(&down)["status"], "down");
}

/// Starts and ends of runs: what is sent, and whether a run is open after it.
#[rstest]
#[case::the_same_rid_ends_it(&[("/start?rid=A", true), ("?rid=A", false)])]
#[case::the_same_rid_ends_it_by_failure(&[("/start?rid=A", true), ("/fail?rid=A", false)])]
#[case::none_ends_none(&[("/start", true), ("", false)])]
#[case::another_success_leaves_it_open(&[("/start?rid=A", true), ("?rid=B", true)])]
#[case::another_failure_ends_it(&[("/start?rid=A", true), ("/fail?rid=B", false)])]
#[case::a_success_without_rid_ends_it(&[("/start?rid=A", true), ("", false)])]
#[case::a_failure_without_rid_ends_it(&[("/start?rid=A", true), ("/3", false)])]
#[case::a_success_with_rid_does_not_end_one_without(&[("/start", true), ("?rid=A", true)])]
#[case::a_log_ends_nothing(&[("/start?rid=A", true), ("/log?rid=A", true)])]
#[case::only_the_latest_start_is_remembered(
    &[("/start?rid=A", true), ("/start?rid=B", true), ("?rid=A", true), ("?rid=B", false)]
)]
fn runs(#[case] sent: &[(&str, bool)]) {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h", "--grace", "1h"]);
    for (tail, open) in sent {
        maibo.ping_ok(&format!(
            "{uuid}{}",
            tail.replace("=A", &format!("={RID}")).replace("=B", &format!("={OTHER_RID}"))
        ));
        let check = maibo.shown(&uuid);
        assert_eq!(check["started"], *open, "{tail}");
        if check["started"] == true {
            let started = maibo.number(&format!("SELECT run_at / 1000000 FROM checks WHERE uuid = '{uuid}'"));
            let next = check["next_ping"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
            assert_eq!(next.timestamp(), started, "while it runs, next_ping is its start");
        }
        assert_ne!(check["status"], "started", "only API v1 says so");
    }
}

#[test]
fn a_duration_belongs_to_the_run_with_the_same_rid() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    maibo.ping_ok(&format!("{uuid}/start?rid={RID}"));
    let started = now();
    until("more than a second has passed", || now() - started > TimeDelta::milliseconds(1100));
    maibo.ping_ok(&format!("{uuid}/fail?rid={RID}"));
    let (from, to, took): (i64, i64, i64) = maibo.row(
        "SELECT (SELECT at FROM pings WHERE kind = 'start'), at, duration FROM pings WHERE kind = 'fail'",
    );
    assert_eq!(took, to - from);
    assert_eq!(maibo.shown(&uuid)["last_duration"], took / 1_000_000, "floored");
    maibo.ping_ok(&uuid);
    assert_eq!(maibo.shown(&uuid).get("last_duration"), None, "it goes with the next ping that had no start");
    // An untimed end: a failure of another run.
    maibo.ping_ok(&format!("{uuid}/start?rid={RID}"));
    maibo.ping_ok(&format!("{uuid}/fail?rid={OTHER_RID}"));
    assert_eq!(maibo.pings(&uuid, "duration").pop().unwrap(), "");
}

#[test]
fn a_run_that_does_not_end_goes_down_at_start_plus_grace_whatever_other_runs_say() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h", "--grace", "2s"]);
    let paused = maibo.check("Paused", &["--every", "1h", "--grace", "2s"]);
    assert_eq!(maibo.run(&["check", "pause", &paused]).code, Some(0));
    maibo.ping_ok(&format!("{paused}/start"));
    maibo.ping_ok(&format!("{uuid}/start?rid={RID}"));
    maibo.ping_ok(&format!("{uuid}?rid={OTHER_RID}"));
    let check = maibo.shown(&uuid);
    assert_eq!((&check["status"], &check["started"]), (&json!("up"), &json!(true)));
    for uuid in [&uuid, &paused] {
        let (at, reason, blackout): (i64, String, Option<i64>) = eventually("it goes down", || {
            maibo
                .rows(&format!(
                    "SELECT f.at, f.reason, f.blackout_id FROM flips f JOIN checks c ON c.id = f.check_id
                     WHERE c.uuid = '{uuid}' AND f.new_status = 'down'"
                ))
                .pop()
        });
        let started = maibo.number(&format!(
            "SELECT p.at FROM pings p JOIN checks c ON c.id = p.check_id
             WHERE c.uuid = '{uuid}' AND p.kind = 'start'"
        ));
        assert_eq!(reason, "overrun");
        // A machine that stood still for seconds is a blackout, and moves the deadline.
        assert!(at == started + 2_000_000 || blackout.is_some(), "{started} {at}");
    }
}

#[test]
fn what_cannot_be_stored_is_answered_503_and_not_kept() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let addr = maibo.addr();
    let reply = maibo.while_locked(|| http::request(addr, "GET", &format!("/ping/{uuid}"), &[], b""));
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert!(reply.header("retry-after").is_some());
    assert_eq!(maibo.shown(&uuid)["n_pings"], 0);
    maibo.ping_ok(&uuid);
    assert_eq!(maibo.shown(&uuid)["n_pings"], 1);
}

#[test]
fn what_was_answered_is_there_after_sigterm() {
    let mut maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let addr = maibo.addr();
    let target = format!("/ping/{uuid}");
    let (answered, status) = thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut answered = 0_i64;
                    while let Some(status) = http::try_request(addr, "GET", &target, b"", http::PATIENCE) {
                        answered += i64::from(status == 200);
                    }
                    answered
                })
            })
            .collect();
        until("pings come in", || maibo.shown(&uuid)["n_pings"].as_i64().unwrap() > 100);
        let status = maibo.stop();
        (calls.into_iter().map(|call| call.join().unwrap()).sum::<i64>(), status)
    });
    assert_eq!(status.code(), Some(0));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM pings"), answered, "every answer, and nothing without one");
    assert_eq!(maibo.number("SELECT n_pings FROM checks"), answered);
}
