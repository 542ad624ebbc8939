//! Senders that are slow, break off, or talk nonsense.
use std::io::{Read as _, Write as _};
use std::net::Shutdown;

use serde_json::json;

use crate::support::http::{answer, connect, head};
use crate::support::{Maibo, until};

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
fn where_keywords_decide_a_body_that_is_cut_short_says_nothing() {
    let maibo = Maibo::serving();
    let uuid =
        maibo.api_check(&json!({"filter_http_body": true, "success_kw": "DONE", "failure_kw": "ERROR"}));
    let head = head("POST", &format!("/ping/{uuid}"), &[("Content-Length", "5000")]);
    let mut stream = connect(maibo.addr());
    stream.write_all(format!("{head}DONE step 1").as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut told = Vec::new();
    drop(stream.read_to_end(&mut told));
    assert!(!String::from_utf8_lossy(&told).starts_with("HTTP/1.1 2"));
    assert_eq!(maibo.post(&uuid, b"DONE step 1, ERROR in step 2").status, 200);
    assert_eq!(maibo.pings(&uuid, "kind"), ["fail"]);
}

#[test]
fn a_sender_that_asks_first_is_told_to_go_on() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let mut stream = connect(maibo.addr());
    // curl asks before it sends a long body, and waits a second for an answer.
    let headers = [("Content-Length", "5"), ("Expect", "100-continue")];
    stream.write_all(head("POST", &format!("/ping/{uuid}"), &headers).as_bytes()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").unwrap();
    assert_eq!(answer(&stream).status, 200);
    assert_eq!(maibo.last_body(&uuid), Some(b"hello".to_vec()));
}

/// Old tools and proxies: HTTP/1.0 without a host, and whole addresses in the place of paths.
#[test]
fn old_ways_to_ask_are_understood() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for request in [
        format!("GET /ping/{uuid} HTTP/1.0\r\n\r\n"),
        format!("POST /ping/{uuid}/fail HTTP/1.0\r\nContent-Length: 3\r\n\r\nout"),
        format!("GET http://elsewhere.test/ping/{uuid}/log HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    ] {
        let mut stream = connect(maibo.addr());
        stream.write_all(request.as_bytes()).unwrap();
        let reply = answer(&stream);
        assert_eq!((reply.status, reply.text().as_str()), (200, "OK"), "{request}");
    }
    assert_eq!(maibo.pings(&uuid, "kind"), ["success", "fail", "log"]);
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

/// What people write in a shell: a message in quotes, in angle brackets, in the encoding of their terminal.
#[test]
fn odd_bytes_in_a_url_cost_no_ping() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h", "--alias", "kuma-token"]);
    let send = |target: &[u8]| {
        let mut stream = connect(maibo.addr());
        // In two pieces, as a slow network has it.
        let (first, rest) = target.split_at(target.len() / 2);
        stream.write_all(&[b"GET ", first].concat()).unwrap();
        stream
            .write_all(&[rest, b" HTTP/1.1\r\nHost: maibo.test\r\nConnection: close\r\n\r\n"].concat())
            .unwrap();
        answer(&stream).status
    };
    let ours = |tail: &[u8]| [b"/ping/", uuid.as_bytes(), tail].concat();
    for tail in
        [b"?m=\"x\"".as_slice(), b"?m=<a b>", "?m=备份".as_bytes(), b"?m=\xb1\xb8\xb7\xdd", b"/fail?m=\x01"]
    {
        assert_eq!(send(&ours(tail)), 200, "{tail:?}");
    }
    assert_eq!(send("/api/push/kuma-token?status=down&msg=<备份 失败>".as_bytes()), 200);
    assert_eq!(maibo.pings(&uuid, "kind"), ["success", "success", "success", "success", "fail", "fail"]);
    assert_eq!(maibo.last_body(&uuid).as_deref(), Some("<备份 失败>".as_bytes()));
    assert_eq!(send(b"/ping/nobody\"<>"), 404);
}
