//! Random input: requests made of random bytes and of what stands in real ones, on one server. None is answered with an
//! error of ours, and none harms a check that it does not name.
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::support::Maibo;
use crate::support::http::{connect, request};

/// Requests per run: a second or two of them.
const CASES: u32 = 400;

fn runner() -> TestRunner {
    TestRunner::new(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })
}

/// A request as it goes over the wire, right or wrong.
#[derive(Debug, Clone)]
struct Thrown {
    method: Vec<u8>,
    target: Vec<u8>,
    headers: Vec<u8>,
    body: Vec<u8>,
    framing: Framing,
}

#[derive(Debug, Clone, Copy)]
enum Framing {
    Length,
    WrongLength(usize),
    Chunked,
    /// Says that it is in chunks, and is not.
    NotChunked,
    Unsaid,
}

impl Thrown {
    fn bytes(&self) -> Vec<u8> {
        let framing = match self.framing {
            Framing::Length => format!("Content-Length: {}\r\n", self.body.len()),
            Framing::WrongLength(length) => format!("Content-Length: {length}\r\n"),
            Framing::Chunked | Framing::NotChunked => "Transfer-Encoding: chunked\r\n".to_owned(),
            Framing::Unsaid => String::new(),
        };
        let body = match self.framing {
            Framing::Chunked => {
                let size = format!("{:x}\r\n", self.body.len()).into_bytes();
                let chunk =
                    if self.body.is_empty() { Vec::new() } else { [&size, &self.body[..], b"\r\n"].concat() };
                [&chunk[..], b"0\r\n\r\n"].concat()
            }
            _ => self.body.clone(),
        };
        let head =
            [&self.method[..], b" ", &self.target, b" HTTP/1.1\r\n", framing.as_bytes(), &self.headers];
        [&head.concat()[..], b"\r\n", &body].concat()
    }
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

fn words(words: &[&str]) -> impl Strategy<Value = Vec<u8>> + use<> {
    select(words.iter().map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>())
}

/// Requests that mostly arrive at `/ping/`, where `uuid` and `<key>/job` are.
fn requests(uuid: &str, key: &str) -> impl Strategy<Value = Thrown> + use<> {
    let method = prop_oneof![
        8 => words(&["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "BREW"]),
        1 => bytes(6),
    ];
    let start =
        prop_oneof![8 => words(&["/ping/"]), 1 => words(&["/", "/api/v3/checks/", "*", ""]), 1 => bytes(6)];
    let part = prop_oneof![
        4 => words(&[uuid, uuid, key, "job", "start", "fail", "log", "0", "255", "256"]),
        2 => words(&["/", "/", "%2F", "%00", "%ff", "%", "%zz", "..", "Job", "备份", "%E5%A4", "?", "#"]),
        1 => bytes(5),
    ];
    let odd = prop::collection::vec(part, 0..4).prop_map(|parts| parts.join(&b'/'));
    let there = words(&[uuid, &format!("{key}/job"), &format!("{uuid}/start"), &format!("{key}/job/3")]);
    let path = prop_oneof![odd, there];
    let given = prop_oneof![
        words(&[
            "create=1",
            "rid=%00",
            "rid=1d0c3a9e-59a7-4f3c-8f5b-2f6f1f7f0a01",
            "create",
            "&",
            "=",
            "rid=%ff"
        ]),
        bytes(6),
    ];
    let query = prop_oneof![
        Just(Vec::new()),
        prop::collection::vec(given, 0..3).prop_map(|given| [b"?", &given.join(&b'&')[..]].concat()),
    ];
    let target = (start, path, query).prop_map(|(start, path, query)| [start, path, query].concat());
    let name = prop_oneof![
        9 => words(&["User-Agent", "X-Forwarded-For", "X-Forwarded-Proto", "Host", "Content-Type", "Cookie", "Range"]),
        1 => bytes(6),
    ];
    // Most bytes may stand in a value, and a line's end ends the request early.
    let value = bytes(20).prop_map(|mut value| {
        value.retain(|byte| !matches!(byte, b'\r' | b'\n'));
        value
    });
    let header = (name, prop_oneof![value, bytes(9)])
        .prop_map(|(name, value)| [&name[..], b": ", &value, b"\r\n"].concat());
    let headers = prop::collection::vec(header, 0..3).prop_map(|headers| headers.concat());
    let body = prop_oneof![
        Just(Vec::new()),
        bytes(200),
        "(ERROR|done|begin|错误|.){0,9}".prop_map(String::into_bytes)
    ];
    let framing = prop_oneof![
        4 => Just(Framing::Length),
        1 => (0..2000_usize).prop_map(Framing::WrongLength),
        2 => Just(Framing::Chunked),
        1 => Just(Framing::NotChunked),
        1 => Just(Framing::Unsaid),
    ];
    (method, target, headers, body, framing).prop_map(|(method, target, headers, body, framing)| Thrown {
        method,
        target,
        headers,
        body,
        framing,
    })
}

/// The statuses of all answers to these bytes; none where the server hangs up.
fn statuses(addr: SocketAddr, thrown: &[u8]) -> Vec<String> {
    let mut stream = connect(addr);
    let mut told = Vec::new();
    // A server may answer, and close, before it has read everything.
    drop(stream.write_all(thrown));
    drop(stream.shutdown(Shutdown::Write));
    drop(stream.read_to_end(&mut told));
    let told = String::from_utf8_lossy(&told).into_owned();
    told.match_indices("HTTP/1.1 ")
        .map(|(at, begin)| told[at + begin.len()..].chars().take(3).collect())
        .collect()
}

#[track_caller]
fn is_unharmed(maibo: &Maibo, canary: &str) {
    assert_eq!(maibo.pings(canary, "kind").len(), 0);
    maibo.ping_ok(canary);
    assert_eq!(maibo.shown(canary)["n_pings"], 1);
    let log = maibo.log();
    for bad in ["panicked", "please report", "ERROR"] {
        assert!(!log.contains(bad), "`{bad}` in the log:\n{log}");
    }
}

#[test]
fn no_bytes_on_the_way_to_a_ping_make_the_server_fail() {
    let mut maibo = Maibo::new().with("MAIBO_TRUSTED_PROXIES", "127.0.0.1");
    maibo.serve();
    let key = maibo.made(&["key", "create", "--scope", "ping"]);
    let uuid = maibo.api_check(
        &json!({"slug": "job", "filter_http_body": true, "failure_kw": "ERROR,错误", "success_kw": "done",
                "start_kw": "begin"}),
    );
    let canary = maibo.check("Canary", &["--every", "1h"]);
    let addr = maibo.addr();
    let thrown = runner().run(&requests(&uuid, &key), |thrown| {
        for status in statuses(addr, &thrown.bytes()) {
            prop_assert!(("200".."500").contains(&status.as_str()), "{}", status);
        }
        Ok(())
    });
    thrown.unwrap_or_else(|error| panic!("{error}"));
    let stored = maibo.pings(&uuid, "kind");
    assert!(stored.len() > 10, "the requests were too wrong to prove anything: {stored:?}");
    is_unharmed(&maibo, &canary);
}

/// Values of every kind, some of which fit somewhere.
fn values() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (50..4000_i64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9*/,-]{1,3}( [0-9*/,-]{1,3}){4}".prop_map(Value::from),
        select(vec!["", "POST", "*", "daily", "Europe/Kiev", "Asia/Shanghai", "a\0b", "0 2 * * *"])
            .prop_map(Value::from),
    ];
    plain.prop_recursive(3, 16, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        let object = prop::collection::hash_map("\\PC{0,4}", inner, 0..4);
        prop_oneof![list, object.prop_map(|map| Value::Object(map.into_iter().collect()))]
    })
}

/// Bodies that speak of a check's fields, some of them torn.
fn json_bodies() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        select(vec![
            "api_key",
            "channels",
            "desc",
            "failure_kw",
            "filter_http_body",
            "grace",
            "manual_resume",
            "methods",
            "name",
            "schedule",
            "slug",
            "start_kw",
            "subject",
            "success_kw",
            "tags",
            "timeout",
            "tz",
            "unique",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    let whole = prop::collection::hash_map(name, values(), 0..6)
        .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>()).to_string().into_bytes())
        .boxed();
    let torn =
        (whole.clone(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut bytes, at, byte)| {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        });
    prop_oneof![6 => whole, 2 => torn, 1 => bytes(60)]
}

#[test]
fn no_json_makes_the_server_fail() {
    let maibo = Maibo::serving();
    let uuid = maibo.api_check(&json!({"name": "Job"}));
    maibo.made(&["project", "create", "other"]);
    let canary = maibo.check("Canary", &["--every", "1h"]);
    let (addr, key) = (maibo.addr(), maibo.key());
    let targets =
        ["/api/v1/checks/".to_owned(), "/api/v3/checks/".to_owned(), format!("/api/v2/checks/{uuid}")];
    let thrown = runner().run(&(json_bodies(), select(targets.to_vec())), |(body, target)| {
        let reply = request(addr, "POST", &target, &[("X-Api-Key", key)], &body);
        prop_assert!([200, 201, 400].contains(&reply.status), "{}: {}", reply.status, reply.text());
        let told: Value = reply.json();
        if reply.status == 400 {
            prop_assert!(told["error"].as_str().is_some_and(|words| !words.is_empty()), "{}", told);
            return Ok(());
        }
        // What was taken is shown again, just the same.
        let code = told["uuid"].as_str().unwrap().to_owned();
        let shown = request(addr, "GET", &format!("/api/v3/checks/{code}"), &[("X-Api-Key", key)], b"");
        prop_assert_eq!(shown.status, 200);
        let shown = shown.json();
        for field in
            ["name", "slug", "tags", "desc", "timeout", "schedule", "tz", "grace", "channels", "success_kw"]
        {
            prop_assert_eq!(shown.get(field), told.get(field), "{}", field);
        }
        Ok(())
    });
    thrown.unwrap_or_else(|error| panic!("{error}"));
    assert!(maibo.number("SELECT COUNT(*) FROM checks") > 12, "the bodies were too wrong to prove anything");
    assert_eq!(maibo.api("GET", "/api/v3/checks/", "").status, 200);
    is_unharmed(&maibo, &canary);
}
