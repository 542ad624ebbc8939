//! Pings: the line at the end of a job, and what is told of it.
use serde_json::{Value, json};

use super::{PASSWORD, SERVICES, USER, basic, call, ok, post, refused, service, serving, user, uuid_of};
use crate::support::Maibo;
use crate::support::http;
use crate::support::http_sink::HttpSink;

#[test]
fn the_line_of_its_readme_works_unchanged() {
    let maibo = serving();
    let uuid = maibo.check("cert-sync", &["--every", "2h", "--grace", "5m"]);
    maibo.execute("UPDATE check_addresses SET short = '60y4E'");
    let headers = [("Authorization", &*basic(USER, PASSWORD)), ("User-Agent", "curl/7.58.0")];
    let target = "/api/pings/?service=60y4E&&data=";
    let reply = http::request(maibo.addr(), "POST", target, &headers, b"");
    assert_eq!(reply.status, 200, "{}", reply.text());
    let told = reply.json();
    let (id, at): (i64, i64) = maibo.row("SELECT id, at FROM pings");
    let created =
        chrono::DateTime::from_timestamp_micros(at).unwrap().format("%Y-%m-%d %H:%M:%S").to_string();
    let expected = json!({"id": id, "service": "cert-sync", "remote_addr": "127.0.0.1", "ua": "curl/7.58.0",
        "data": "", "created": created});
    assert_eq!(told, expected);
    assert_eq!(maibo.shown(&uuid)["status"], "up");
    assert_eq!(maibo.pings(&uuid, "method"), ["POST"]);
}

#[test]
fn a_text_is_a_failure_and_its_alert_has_the_text() {
    let sink = HttpSink::wecom();
    let mut maibo = Maibo::new();
    user(&maibo, USER, "default");
    let url = format!("url={}", sink.url("/cgi-bin/webhook/send?key=secret-robot-key"));
    maibo.channel("wecom", "robot", &[&url]);
    maibo.serve();
    let short = service(&maibo, "cert-sync");
    let uuid = uuid_of(&maibo, "cert-sync");
    let auth = basic(USER, PASSWORD);
    let status = || maibo.shown(&uuid)["status"].as_str().unwrap().to_owned();
    let text = "192.168.0.3:cpu:95,%E5%86%85%E5%AD%98:92,/dev/sda1:91";
    let told = post(&maibo, &auth, &short, &format!("&&data={text}")).json();
    assert_eq!(told["data"], "192.168.0.3:cpu:95,内存:92,/dev/sda1:91");
    assert_eq!(status(), "down");
    let alert = sink.wait_for(1).remove(0).text();
    assert!(
        alert.contains("cert-sync") && alert.contains("192.168.0.3:cpu:95,内存:92,/dev/sda1:91"),
        "{alert}"
    );
    // Again: it is down already, and nobody is told twice.
    assert_eq!(post(&maibo, &auth, &short, &format!("&data={text}")).status, 200);
    for (rest, expected) in
        [("&data=%20%0A", "up"), ("&data=x", "down"), ("", "up"), ("&data=x", "down"), ("&data", "up")]
    {
        assert_eq!(post(&maibo, &auth, &short, rest).status, 200, "{rest}");
        assert_eq!(status(), expected, "{rest}");
    }
    // What comes back before it was told of is one message.
    maibo.all_delivered();
    assert_eq!(maibo.number("SELECT COUNT(*) FROM outbox"), 6);
}

#[test]
fn a_text_may_stand_in_the_body_and_the_query_wins() {
    let maibo = serving();
    let short = service(&maibo, "job");
    let auth = basic(USER, PASSWORD);
    let target = format!("/api/pings/?service={short}");
    let data = |target: &str, body: &str| call(&maibo, &auth, "POST", target, body).json()["data"].clone();
    assert_eq!(data(&target, "data=disk+full"), "disk full");
    assert_eq!(data(&target, r#"{"data": "disk full"}"#), "disk full");
    assert_eq!(data(&format!("{target}&data="), "data=disk+full"), "");
    // What cannot be read is a text as well: a failure must not be taken for a success.
    assert_eq!(data(&target, "{\"data\": "), "{\"data\": ");
    assert!(data(&target, &"x".repeat(3_000_000)).as_str().unwrap().starts_with("xxx"));
    assert_eq!(maibo.number("SELECT n_pings FROM checks"), 5);
}

#[test]
fn a_query_of_any_bytes_is_a_ping() {
    let maibo = serving();
    let short = service(&maibo, "job");
    let (uuid, auth) = (uuid_of(&maibo, "job"), basic(USER, PASSWORD));
    for (data, expected) in [
        ("%ff%fe", "\u{fffd}\u{fffd}"),
        ("a%00b", "a\0b"),
        ("%F0%9F%92%94", "\u{1f494}"),
        ("内存:92", "内存:92"),
        ("%", "%"),
        ("a&data=b", "b"),
    ] {
        let reply = post(&maibo, &auth, &short, &format!("&data={data}"));
        assert_eq!((reply.status, reply.json()["data"].as_str()), (200, Some(expected)), "{data}");
        assert_eq!(maibo.last_body(&uuid).unwrap(), expected.as_bytes(), "{data}");
    }
    let long = "x".repeat(30_000);
    assert_eq!(post(&maibo, &auth, &short, &format!("&data={long}")).json()["data"].as_str(), Some(&*long));
    for short in ["a%00b", "%ff", "", "' OR 1=1", &"x".repeat(5000), "内"] {
        let reply = post(&maibo, &auth, &short.replace(' ', "%20"), "&data=x");
        assert_eq!((reply.status, reply.json()), (404, json!({"detail": "Not found."})), "{short:.20}");
    }
    let nothing = call(&maibo, &auth, "POST", "/api/pings/?data=x", "");
    assert_eq!((nothing.status, nothing.json()), (404, json!({"detail": "Not found."})));
}

#[test]
fn pings_are_listed_oldest_first_and_never_changed() {
    let maibo = serving();
    let short = service(&maibo, "job");
    let (uuid, auth) = (uuid_of(&maibo, "job"), basic(USER, PASSWORD));
    let id = ok(&maibo, "GET", SERVICES, &Value::Null)[0]["id"].to_string();
    let of_service = format!("/api/pings/?service={id}");
    assert_eq!(ok(&maibo, "GET", &of_service, &Value::Null), json!([]));
    let first = post(&maibo, &auth, &short, "&data=one").json();
    let second = post(&maibo, &auth, &short, "").json();
    // What came by other ways: a log is no failure, and a failure without a word has one here.
    assert_eq!(maibo.post(&uuid, b"all is well").status, 200);
    maibo.ping_ok(&format!("{uuid}/fail"));
    maibo.ping_ok(&format!("{uuid}/3"));
    assert_eq!(maibo.post(&format!("{uuid}/fail"), &[b'x'; 5000]).status, 200);
    let list = ok(&maibo, "GET", &of_service, &Value::Null);
    assert_eq!((&list[0], &list[1]), (&first, &second));
    let newest = list[5]["id"].to_string();
    let data: Vec<&str> =
        list.as_array().unwrap().iter().map(|ping| ping["data"].as_str().unwrap()).collect();
    let cut = format!("(5000 bytes, see /api/pings/{newest}/)");
    assert_eq!(data, ["one", "", "", "failed", "exit status 3", &cut]);
    let whole = ok(&maibo, "GET", &format!("/api/pings/{newest}/"), &Value::Null);
    assert_eq!(whole["data"], "x".repeat(5000));
    assert_eq!(ok(&maibo, "GET", "/api/pings/", &Value::Null)[0], list[5], "the newest of each service");
    assert_eq!(ok(&maibo, "GET", SERVICES, &Value::Null)[0]["last_ping"], list[5]);
    for method in ["PUT", "PATCH", "DELETE", "POST"] {
        let reply = call(&maibo, &auth, method, &format!("/api/pings/{newest}/"), "{}");
        let words = json!({"detail": format!("Method \"{method}\" not allowed.")});
        assert_eq!((reply.status, reply.json()), (405, words));
        assert_eq!(reply.header("allow"), Some("GET,HEAD"));
    }
    for target in [
        "/api/pings/0/",
        "/api/pings/x/",
        "/api/pings/99999999999999999999/",
        "/api/pings/%00/",
        "/api/pings/?service=x",
        "/api/pings/?service=0",
        &format!("/api/pings/?service={short}x"),
    ] {
        assert_eq!(refused(&maibo, "GET", target, ""), (404, json!({"detail": "Not found."})), "{target}");
    }
}

#[test]
fn a_body_that_is_no_form_is_a_text() {
    let maibo = serving();
    let short = service(&maibo, "job");
    let uuid = uuid_of(&maibo, "job");
    let target = format!("/api/pings/?service={short}");
    let long = format!("data={}", "x".repeat(2_000_000));
    for (kind, body, expected) in [
        ("application/x-www-form-urlencoded", "data=disk+full", "fail"),
        ("application/x-www-form-urlencoded", "disk full", "fail"),
        ("application/x-www-form-urlencoded", "data=", "success"),
        ("application/x-www-form-urlencoded", "other=field", "success"),
        ("application/x-www-form-urlencoded", &long, "fail"),
        ("application/json", r#"{"data": "disk full"}"#, "fail"),
        ("application/json", r#"{"data": ""}"#, "success"),
        ("application/json", "{}", "success"),
        ("application/json", r#"{"data":"#, "fail"),
        ("multipart/form-data; boundary=x", "--x\r\n…", "fail"),
        ("text/plain", "a=b", "fail"),
        ("text/plain", "", "success"),
    ] {
        let headers = [("Authorization", &*basic(USER, PASSWORD)), ("Content-Type", kind)];
        let reply = http::request(maibo.addr(), "POST", &target, &headers, body.as_bytes());
        assert_eq!(reply.status, 200, "{kind} {}", reply.text());
        assert_eq!(maibo.pings(&uuid, "kind").last().map(String::as_str), Some(expected), "{kind}");
    }
}
