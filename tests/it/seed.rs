//! The API of heartbeats, the system that Maibo grew out of: COMPATIBILITY.md Part C, 5.3. Scripts written for it go on
//! working.
use std::thread;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::Maibo;
use crate::support::http::{self, Reply};
use crate::support::http_sink::HttpSink;

const USER: &str = "root@example.org";
const PASSWORD: &str = "correct horse";
const SERVICES: &str = "/api/services/";

/// Makes a user; the first one owns everything, later ones are members of the project.
fn user(maibo: &Maibo, email: &str, project: &str) {
    let args = ["user", "create", "--email", email, "--password-stdin", "--project", project];
    let ran = maibo.run_with(&args, PASSWORD);
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// A server with the operator.
fn serving() -> Maibo {
    let mut maibo = Maibo::new();
    user(&maibo, USER, "default");
    maibo.serve();
    maibo
}

/// What curl makes of `-u`.
fn basic(user: &str, password: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("{user}:{password}");
    let mut encoded = String::from("Basic ");
    for three in text.as_bytes().chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, n| bits << 8 | usize::from(*three.get(n).unwrap_or(&0)));
        for n in 0..4 {
            let digit = char::from(DIGITS[bits >> (18 - 6 * n) & 63]);
            encoded.push(if n <= three.len() { digit } else { '=' });
        }
    }
    encoded
}

fn call(maibo: &Maibo, auth: &str, method: &str, target: &str, body: &str) -> Reply {
    http::request(maibo.addr(), method, target, &[("Authorization", auth)], body.as_bytes())
}

/// A call of the operator that must be answered like this.
#[track_caller]
fn ok(maibo: &Maibo, method: &str, target: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let reply = call(maibo, &basic(USER, PASSWORD), method, target, &body);
    assert!(
        (200..300).contains(&reply.status),
        "{method} {target} {body}: {} {}",
        reply.status,
        reply.text()
    );
    if reply.body.is_empty() { Value::Null } else { reply.json() }
}

/// A call of the operator that must be refused.
#[track_caller]
fn refused(maibo: &Maibo, method: &str, target: &str, body: &str) -> (u16, Value) {
    let reply = call(maibo, &basic(USER, PASSWORD), method, target, body);
    assert!((400..500).contains(&reply.status), "{method} {target}: {} {}", reply.status, reply.text());
    (reply.status, reply.json())
}

/// Makes a service; gives its short address.
#[track_caller]
fn service(maibo: &Maibo, name: &str) -> String {
    let made = ok(maibo, "POST", SERVICES, &json!({"name": name, "tp": "every", "value": "120", "grace": 5}));
    made["short_url"].as_str().unwrap().to_owned()
}

fn post(maibo: &Maibo, auth: &str, short: &str, rest: &str) -> Reply {
    call(maibo, auth, "POST", &format!("/api/pings/?service={short}{rest}"), "")
}

/// The same call by POST from several at once; gives the statuses of the answers.
fn together(maibo: &Maibo, count: usize, auth: &str, target: &str, body: &str) -> Vec<u16> {
    let addr = maibo.addr();
    let one = || http::request(addr, "POST", target, &[("Authorization", auth)], body.as_bytes()).status;
    thread::scope(|scope| {
        let all: Vec<_> = (0..count).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn uuid_of(maibo: &Maibo, name: &str) -> String {
    maibo.row::<(String,)>(&format!("SELECT uuid FROM checks WHERE name = '{name}'")).0
}

fn token(maibo: &Maibo, user: &str, password: &str) -> Reply {
    let body = json!({"username": user, "password": password}).to_string();
    http::request(
        maibo.addr(),
        "POST",
        "/api/token/",
        &[("Content-Type", "application/json")],
        body.as_bytes(),
    )
}

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
    sink.wait_for(6);
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
    // What cannot be read says nothing, and the ping counts.
    assert_eq!(data(&target, "{\"data\": "), "");
    assert_eq!(data(&target, &"x".repeat(3_000_000)), "");
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
fn a_token_is_the_same_each_time_and_dies_with_the_password() {
    let maibo = serving();
    let short = service(&maibo, "job");
    let told = token(&maibo, USER, PASSWORD);
    assert_eq!((told.status, told.header("cache-control")), (200, Some("no-store")));
    let first = told.json()["token"].as_str().unwrap().to_owned();
    assert!(first.starts_with("mbt_1_"), "{first}");
    assert_eq!(token(&maibo, USER, PASSWORD).json()["token"], first.as_str());
    let form = "username=root%40example.org&password=correct+horse";
    let by_form = http::request(maibo.addr(), "POST", "/api/token", &[], form.as_bytes());
    assert_eq!(by_form.json()["token"], first.as_str());
    let stored: Vec<(String,)> = maibo.rows("SELECT value FROM installation");
    assert!(stored.iter().all(|(value,)| !value.contains(&first)), "it is stored nowhere");

    let by_token = |token: &str| post(&maibo, &format!("Token {token}"), &short, "&data=").status;
    let forged = format!("{}{}", &first[..first.len() - 1], if first.ends_with('0') { '1' } else { '0' });
    assert_eq!(by_token(&first), 200);
    // In the place of the password, for whoever knows Basic alone.
    assert_eq!(post(&maibo, &basic("cron", &first), &short, "").status, 200);
    for wrong in
        [&*forged, &first.replace("mbt_1_", "mbt_2_"), &first.replace("mbt_1_", "mbt_01_"), "mbt_1_", "mbt_"]
    {
        let reply = post(&maibo, &format!("Token {wrong}"), &short, "");
        assert_eq!((reply.status, reply.json()), (401, json!({"detail": "Invalid token."})), "{wrong}");
    }
    let ran = maibo.run_with(&["user", "password", "--email", USER, "--password-stdin"], "another horse");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(by_token(&first), 401);
    assert_eq!(post(&maibo, &basic(USER, PASSWORD), &short, "").status, 401, "what was remembered is void");
    assert_eq!(post(&maibo, &basic(USER, "another horse"), &short, "").status, 200);
    assert_ne!(token(&maibo, USER, "another horse").json()["token"], first.as_str());
}

#[test]
fn a_token_is_refused_in_its_own_words() {
    let maibo = serving();
    let required = json!(["This field is required."]);
    let empty = http::request(maibo.addr(), "POST", "/api/token/", &[], b"");
    assert_eq!((empty.status, empty.json()), (400, json!({"username": required, "password": required})));
    let wrong = token(&maibo, USER, "wrong");
    let words = json!({"non_field_errors": ["Unable to log in with provided credentials."]});
    assert_eq!((wrong.status, wrong.json()), (400, words));
    assert_eq!(token(&maibo, "nobody@example.org", PASSWORD).status, 400);
    assert_eq!(maibo.call("GET", "/api/token/").status, 405);
}

#[test]
fn an_api_key_opens_its_project_and_no_other() {
    let maibo = serving();
    let short = service(&maibo, "job");
    maibo.made(&["project", "create", "other"]);
    let key = maibo.key();
    let theirs = maibo.made(&["key", "create", "--project", "other", "--scope", "read-write"]);
    let reader = maibo.made(&["key", "create", "--scope", "read-only"]);
    let server = maibo.made(&["key", "create", "--scope", "metrics"]);
    for (auth, expected) in [
        (basic("cron", key), 200),
        (format!("Token {key}"), 200),
        (format!("token {key}"), 200),
        (basic("cron", &theirs), 404),
        (format!("Token {theirs}"), 404),
        (basic("cron", &reader), 403),
        (format!("Token {server}"), 401),
        (basic("", &server), 401),
    ] {
        assert_eq!(post(&maibo, &auth, &short, "").status, expected, "{auth}");
    }
    let list = |key: &str| call(&maibo, &format!("Token {key}"), "GET", SERVICES, "").json();
    assert_eq!(list(key)[0]["name"], "job");
    assert_eq!(list(&reader)[0]["name"], "job");
    assert_eq!(list(&theirs), json!([]));
    assert_eq!(call(&maibo, &format!("Token {reader}"), "POST", SERVICES, "{}").status, 403);
    // It makes services, but sends mail to nobody whom a person has not chosen.
    maibo.channel("email", "Ops", &["to=ops@example.org"]);
    for (to, expected) in [("ops@example.org", 200), ("anybody@example.org", 400)] {
        let body = json!({"name": to, "value": "16:05", "notify_to": to}).to_string();
        let reply = call(&maibo, &format!("Token {key}"), "POST", SERVICES, &body);
        assert_eq!(reply.status, expected, "{}", reply.text());
    }
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channels"), 1);
}

#[test]
fn who_may_not_is_told_so_and_strangers_find_nothing() {
    let maibo = serving();
    let short = service(&maibo, "job");
    let id = ok(&maibo, "GET", SERVICES, &Value::Null)[0]["id"].to_string();
    post(&maibo, &basic(USER, PASSWORD), &short, "&data=secret");
    let ping = maibo.number("SELECT id FROM pings");
    maibo.made(&["project", "create", "other"]);
    user(&maibo, "viewer@example.org", "default");
    user(&maibo, "stranger@example.org", "other");
    maibo.execute("UPDATE members SET role = 'viewer' WHERE user_id = 2");
    let (viewer, stranger) = (basic("viewer@example.org", PASSWORD), basic("stranger@example.org", PASSWORD));
    let one = format!("{SERVICES}{id}/");
    let pings = format!("/api/pings/?service={id}");
    let of_short = format!("/api/pings/?service={short}&data=x");
    let of_ping = format!("/api/pings/{ping}/");
    let tag = r#"{"name": "x"}"#;
    let full = r#"{"name": "n", "tp": "every", "value": 5}"#;
    for (method, target, body, for_viewer, for_stranger) in [
        ("POST", &*of_short, "", 403, 404),
        ("GET", &*pings, "", 200, 404),
        ("GET", &*of_ping, "", 200, 404),
        ("GET", &*one, "", 200, 404),
        ("PUT", &*one, r#"{"name": "x"}"#, 403, 404),
        ("PATCH", &*one, r#"{"name": "x"}"#, 403, 404),
        ("DELETE", &*one, "", 403, 404),
        ("GET", SERVICES, "", 200, 200),
        ("GET", "/api/tags/", "", 200, 200),
        ("GET", "/api/pings/", "", 200, 200),
        ("POST", "/api/tags/", tag, 403, 201),
        ("POST", SERVICES, full, 403, 200),
    ] {
        assert_eq!(
            call(&maibo, &viewer, method, target, body).status,
            for_viewer,
            "viewer {method} {target}"
        );
        let reply = call(&maibo, &stranger, method, target, body);
        assert_eq!(reply.status, for_stranger, "stranger {method} {target}");
        assert!(!reply.text().contains("secret") && !reply.text().contains("\"job\""), "{method} {target}");
    }
    assert_eq!(maibo.number("SELECT COUNT(*) FROM pings"), 1);
    assert_eq!(maibo.number("SELECT project_id FROM checks WHERE name = 'n'"), 2);
    // A member of nothing at all.
    maibo.execute("DELETE FROM members WHERE user_id = 3");
    assert_eq!(call(&maibo, &stranger, "GET", SERVICES, "").status, 403);
}

#[rstest]
#[case("", "Authentication credentials were not provided.")]
#[case("Bearer x", "Authentication credentials were not provided.")]
#[case("Basic", "Invalid basic header. Credentials not correctly base64 encoded.")]
#[case("Basic !!", "Invalid basic header. Credentials not correctly base64 encoded.")]
#[case("Basic YQ==", "Invalid basic header. Credentials not correctly base64 encoded.")]
#[case("Token", "Invalid token.")]
#[case("Token x", "Invalid token.")]
fn nobody_is_let_in(#[case] header: &str, #[case] words: &str) {
    let maibo = Maibo::serving();
    let headers: &[(&str, &str)] = if header.is_empty() { &[] } else { &[("Authorization", header)] };
    for (method, target) in [
        ("POST", "/api/pings/?service=x"),
        ("GET", SERVICES),
        ("DELETE", "/api/tags/1/"),
        ("GET", "/api/pings/1"),
    ] {
        let reply = http::request(maibo.addr(), method, target, headers, b"{");
        assert_eq!((reply.status, reply.json()), (401, json!({"detail": words})), "{method} {target}");
        assert_eq!(reply.header("www-authenticate"), Some("Basic realm=\"api\""));
    }
}

#[test]
fn a_cookie_opens_nothing_and_other_sites_may_not_read() {
    let maibo = serving();
    let form = format!("email={}&password=correct+horse&next=%2F", USER.replace('@', "%40"));
    let origin = [("Origin", "http://maibo.test"), ("Content-Type", "application/x-www-form-urlencoded")];
    let reply = http::request(maibo.addr(), "POST", "/login", &origin, form.as_bytes());
    let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert!(cookie.starts_with("maibo_session="), "{cookie}");
    for (method, target) in [("GET", SERVICES), ("POST", "/api/pings/?service=x"), ("POST", SERVICES)] {
        let reply = http::request(maibo.addr(), method, target, &[("Cookie", &cookie)], b"");
        assert_eq!(reply.status, 401, "{method} {target}");
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
}

#[test]
fn guessing_is_slowed_down_and_who_knows_is_let_in() {
    let maibo = serving();
    let short = service(&maibo, "job");
    let guess = |n: u32| post(&maibo, &basic(USER, &format!("wrong {n}")), &short, "");
    let first = guess(0);
    assert_eq!((first.status, first.json()), (401, json!({"detail": "Invalid username/password."})));
    let slowed = (1..60).map(guess).find(|reply| reply.status == 429).unwrap();
    let words = slowed.json()["detail"].as_str().unwrap().to_owned();
    assert!(words.starts_with("Request was throttled. Expected available in"), "{words}");
    assert!(slowed.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    // The right one was right a moment ago.
    assert_eq!(post(&maibo, &basic(USER, PASSWORD), &short, "").status, 200);
    // Who tries at the other door has no more tries.
    assert_eq!(token(&maibo, USER, "something else").status, 429);
    assert_eq!(maibo.number("SELECT n_pings FROM checks"), 1);
}

#[test]
fn an_old_password_in_many_crontabs_locks_nobody_out() {
    let maibo = serving();
    let short = service(&maibo, "job");
    let ran = maibo.run_with(&["user", "password", "--email", USER, "--password-stdin"], "another horse");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let target = format!("/api/pings/?service={short}&data=");
    assert_eq!(together(&maibo, 40, &basic(USER, PASSWORD), &target, ""), [401; 40]);
    assert_eq!(together(&maibo, 40, &basic("root", PASSWORD), &target, ""), [401; 40]);
    assert_eq!(together(&maibo, 4, &basic(USER, "another horse"), &target, ""), [200; 4]);
}

#[test]
fn a_crowd_with_one_password_has_it_compared_once() {
    let maibo = serving();
    let short = service(&maibo, "job");
    // Nothing is remembered any more, and ten tries are all that an address has.
    let ran = maibo.run_with(&["user", "password", "--email", USER, "--password-stdin"], "another horse");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let auth = basic(USER, "another horse");
    let target = format!("/api/pings/?service={short}&data=");
    let statuses = together(&maibo, 40, &auth, &target, "");
    assert_eq!(statuses, [200; 40]);
    assert_eq!(maibo.number("SELECT n_pings FROM checks"), 40);
    let ids: Vec<(i64,)> = maibo.rows("SELECT id FROM pings");
    assert_eq!(ids.len(), 40);
}

#[test]
fn a_service_is_made_shown_changed_and_deleted() {
    let maibo = serving();
    let made = ok(
        &maibo,
        "POST",
        SERVICES,
        &json!({"name": "cert-sync", "tp": "every", "value": "120", "grace": "5", "status": "running",
            "notify_to": "a@example.org;B@example.org", "tags": "sync,cert"}),
    );
    let one = format!("{SERVICES}{}/", made["id"]);
    let (created, short) = (&made["created"], made["short_url"].as_str().unwrap());
    let tag = |name: &str| {
        let id =
            made["tags"].as_array().unwrap().iter().find(|tag| tag["name"] == name).unwrap()["id"].clone();
        json!({"id": id, "name": name, "created": created, "updated": created})
    };
    let mut expected = json!({"id": made["id"], "name": "cert-sync", "status": "running", "tp": "every",
        "value": "120", "grace": 5, "short_url": short, "tags": [tag("sync"), tag("cert")], "last_ping": {},
        "notify_to": "a@example.org;b@example.org", "created": created, "updated": created, "tz": "Asia/Shanghai"});
    assert_eq!(made, expected);
    assert_eq!(created.as_str().unwrap().len(), "2018-03-28 06:43:44".len());
    assert_eq!(ok(&maibo, "GET", &one, &Value::Null), expected);
    assert_eq!(ok(&maibo, "GET", one.trim_end_matches('/'), &Value::Null), expected);
    assert_eq!(ok(&maibo, "GET", SERVICES, &Value::Null), json!([expected]));
    let uuid = uuid_of(&maibo, "cert-sync");
    let shown = maibo.shown(&uuid);
    assert_eq!(
        (&shown["timeout"], &shown["grace"], &shown["slug"]),
        (&json!(7200), &json!(300), &json!("cert-sync"))
    );

    // What its own front end sends back: everything that it was shown, tags as text.
    let mut all = expected.clone();
    all["tags"] = json!("sync,cert");
    all.as_object_mut().unwrap().remove("last_ping");
    assert_eq!(ok(&maibo, "PUT", &one, &all), expected);
    let ping = post(&maibo, &basic(USER, PASSWORD), short, "&data=oops").json();
    expected["last_ping"] = ping;
    for (body, field, value) in [
        (json!({"name": "cert"}), "name", json!("cert")),
        (json!({"tp": "at", "value": "16:05"}), "tp", json!("at")),
        (json!({"value": "9:30"}), "value", json!("09:30")),
        (json!({"tz": "Europe/Riga"}), "tz", json!("Europe/Riga")),
        (json!({"grace": 0}), "grace", json!(0)),
        (json!({"notify_to": "b@example.org"}), "notify_to", json!("b@example.org")),
        (json!({"notify_to": ""}), "notify_to", json!("")),
        (json!({"tags": [{"name": "cert"}]}), "tags", json!([tag("cert")])),
        (json!({"tags": ""}), "tags", json!([])),
        (json!({"status": "stoped"}), "status", json!("stoped")),
        (json!({"status": "running"}), "status", json!("running")),
        (json!({"short_url": "60y4E"}), "short_url", json!("60y4E")),
        (json!({}), "name", json!("cert")),
    ] {
        expected[field] = value;
        expected["last_ping"]["service"] = expected["name"].clone();
        if field == "tp" {
            expected["value"] = json!("16:05");
        }
        let method = if field == "name" { "PATCH" } else { "PUT" };
        assert_eq!(ok(&maibo, method, &one, &body), expected, "{body}");
        assert_eq!(ok(&maibo, "GET", SERVICES, &Value::Null), json!([expected]), "{body}");
    }
    let reply = call(&maibo, &basic(USER, PASSWORD), "DELETE", &one, "");
    assert_eq!((reply.status, reply.text().len()), (204, 0));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 0);
    assert_eq!(refused(&maibo, "GET", &one, ""), (404, json!({"detail": "Not found."})));
    // Channels are the project's and stay.
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channels"), 2);
}

#[test]
fn a_stopped_service_stays_stopped_until_it_is_started() {
    let maibo = serving();
    let body = json!({"name": "job", "tp": "every", "value": 5, "status": "stoped"});
    let made = ok(&maibo, "POST", SERVICES, &body);
    assert_eq!(made["status"], "stoped");
    let short = made["short_url"].as_str().unwrap();
    for data in ["", "oops"] {
        assert_eq!(post(&maibo, &basic(USER, PASSWORD), short, &format!("&data={data}")).status, 200);
    }
    let one = format!("{SERVICES}{}/", made["id"]);
    assert_eq!(ok(&maibo, "GET", &one, &Value::Null)["status"], "stoped");
    ok(&maibo, "PUT", &one, &json!({"status": "running"}));
    assert_eq!(post(&maibo, &basic(USER, PASSWORD), short, "").status, 200);
    assert_eq!(maibo.shown(&uuid_of(&maibo, "job"))["status"], "up");
}

#[test]
fn addresses_are_mail_channels_and_other_channels_stay() {
    let sink = HttpSink::ok();
    let maibo = serving();
    let url = format!("url_down={}", sink.url("/"));
    let hook = maibo.channel("webhook", "hook", &[&url]);
    let mail = maibo.channel("email", "Ops", &["to=Ops@Example.org"]);
    let make = |name: &str, more: Value| {
        let mut body = json!({"name": name, "tp": "every", "value": 5});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ok(&maibo, "POST", SERVICES, &body)
    };
    let channels = |name: &str| -> Vec<String> {
        let shown = maibo.shown(&uuid_of(&maibo, name));
        shown["channels"].as_str().unwrap().split(',').map(str::to_owned).collect()
    };
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    // Nothing said: everybody is told, as on the dashboard.
    assert_eq!(make("a", json!({}))["notify_to"], "ops@example.org");
    assert_eq!(channels("a"), sorted(vec![hook.clone(), mail.clone()]));
    // No address: no mails, but what else the project has.
    let none = make("b", json!({"notify_to": ""}));
    assert_eq!((&none["notify_to"], channels("b")), (&json!(""), vec![hook.clone()]));
    // An address that has a channel keeps it; a new one gets one.
    let two = make("c", json!({"notify_to": "ops@example.org; new@example.org"}));
    assert_eq!(two["notify_to"], "ops@example.org;new@example.org");
    let (fresh, language): (String, String) =
        maibo.row("SELECT uuid, language FROM channels WHERE name = 'new@example.org'");
    assert_eq!(language, "en");
    assert_eq!(channels("c"), sorted(vec![hook.clone(), mail.clone(), fresh.clone()]));
    // Once the hook is off by hand, addresses do not bring it back.
    let off = json!({"channels": mail}).to_string();
    assert_eq!(maibo.api("POST", &format!("/api/v3/checks/{}", uuid_of(&maibo, "c")), &off).status, 200);
    ok(&maibo, "PUT", &format!("{SERVICES}{}/", two["id"]), &json!({"notify_to": "new@example.org"}));
    assert_eq!(channels("c"), [fresh]);
    for bad in ["nonsense", "a@b.org, c@d.org", "new@example.net;nonsense"] {
        let body = json!({"name": "d", "tp": "every", "value": 5, "notify_to": bad}).to_string();
        assert_eq!(refused(&maibo, "POST", SERVICES, &body).0, 400, "{bad}");
    }
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channels"), 3, "who is refused makes nothing");
}

#[rstest]
#[case(json!({}), json!({"name": ["This field is required."], "value": ["This field is required."]}))]
#[case(json!({"name": " ", "value": "16:05"}), json!({"name": ["This field may not be blank."]}))]
#[case(json!({"name": "库".repeat(101), "value": "16:05"}), json!({"name": ["Ensure this field has no more than 100 characters."]}))]
#[case(json!({"name": null, "value": "16:05"}), json!({"name": ["This field may not be null."]}))]
#[case(json!({"name": [1], "value": "16:05"}), json!({"name": ["Not a valid string."]}))]
#[case(json!({"name": "taken", "value": "16:05"}), json!({"name": ["service with this name already exists."]}))]
#[case(json!({"name": "n", "tp": "weekly", "value": "1"}), json!({"tp": ["\"weekly\" is not a valid choice."]}))]
#[case(json!({"name": "n", "value": "16:05", "status": "stopped"}), json!({"status": ["\"stopped\" is not a valid choice."]}))]
#[case(json!({"name": "n", "value": "16:05", "grace": "x"}), json!({"grace": ["A valid integer is required."]}))]
#[case(json!({"name": "n", "value": "16:05", "grace": 1.5}), json!({"grace": ["A valid integer is required."]}))]
#[case(json!({"name": "n", "value": "16:05", "grace": -1}), json!({"grace": ["Ensure this value is greater than or equal to 0."]}))]
#[case(json!({"name": "n", "value": "16:05", "grace": 525_601}), json!({"grace": ["Ensure this value is less than or equal to 525600."]}))]
#[case(json!({"name": "n", "value": "16:05", "grace": "9".repeat(400)}), json!({"grace": ["A valid integer is required."]}))]
#[case(json!({"name": "n", "tp": "every", "value": "16:05"}), json!({"value": ["Enter a whole number of minutes from 1 to 525600."]}))]
#[case(json!({"name": "n", "tp": "every", "value": 0}), json!({"value": ["Enter a whole number of minutes from 1 to 525600."]}))]
#[case(json!({"name": "n", "value": "16:05", "tags": 5}), json!({"tags": ["Expected tags with commas between them."]}))]
#[case(json!({"name": "n", "value": "16:05", "tags": "t".repeat(501)}), json!({"tags": ["Ensure the tags have no more than 500 characters together."]}))]
#[case(json!({"name": "n", "value": "16:05", "short_url": "a/b"}), json!({"short_url": ["Enter up to 200 letters and digits."]}))]
#[case(json!({"name": "n", "value": "16:05", "short_url": "60y4E"}), json!({"short_url": ["service with this short_url already exists."]}))]
fn a_bad_service_is_refused_field_by_field(#[case] body: Value, #[case] expected: Value) {
    let maibo = serving();
    maibo.check("taken", &["--every", "1h"]);
    maibo.execute("UPDATE check_addresses SET short = '60y4E'");
    assert_eq!(refused(&maibo, "POST", SERVICES, &body.to_string()), (400, expected));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 1);
}

#[test]
fn a_bad_value_names_what_is_wrong_with_it() {
    let maibo = serving();
    let refusal = |body: Value| refused(&maibo, "POST", SERVICES, &body.to_string()).1;
    let words = refusal(json!({"name": "n", "value": "25:00"}));
    assert!(words["value"][0].as_str().unwrap().contains("25:00"), "{words}");
    let words = refusal(json!({"name": "n", "value": "16:05", "tz": "Mars/Olympus"}));
    assert!(words["tz"][0].as_str().unwrap().contains("Mars/Olympus"), "{words}");
    // On a service that is there, a bad field leaves everything as it was.
    service(&maibo, "job");
    let one = format!("{SERVICES}{}/", ok(&maibo, "GET", SERVICES, &Value::Null)[0]["id"]);
    let bad = json!({"name": "other", "grace": "x"}).to_string();
    assert_eq!(refused(&maibo, "PUT", &one, &bad).0, 400);
    maibo.check("taken", &["--every", "1h"]);
    assert_eq!(refused(&maibo, "PUT", &one, r#"{"name": "taken"}"#).0, 400);
    assert_eq!(ok(&maibo, "GET", &one, &Value::Null)["name"], "job");
}

#[test]
fn what_is_no_body_is_refused() {
    let maibo = serving();
    for body in ["{", "[]", "[1]", "{\"name\": \"\\ud800\"}", &"[".repeat(100_000)] {
        let (status, words) = refused(&maibo, "POST", SERVICES, body);
        assert_eq!(status, 400, "{body:.20}");
        assert!(words.get("detail").or(words.get("non_field_errors")).is_some(), "{words}");
    }
    let huge = json!({"name": "x".repeat(3_000_000)}).to_string();
    let (status, words) = refused(&maibo, "POST", SERVICES, &huge);
    assert_eq!((status, words), (413, json!({"detail": "The request body is too large."})));
    let headers = [("Authorization", &*basic(USER, PASSWORD))];
    let not_text = http::request(maibo.addr(), "POST", SERVICES, &headers, b"{\"name\": \"\xff\"}");
    assert_eq!(not_text.status, 400);
    let with_nul = ok(&maibo, "POST", SERVICES, &json!({"name": "a\0b", "value": "16:05", "tags": "x\0y"}));
    assert_eq!((&with_nul["name"], &with_nul["tags"][0]["name"]), (&json!("ab"), &json!("xy")));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 1);
}

#[test]
fn of_two_that_make_a_service_at_once_one_does() {
    let maibo = serving();
    let auth = basic(USER, PASSWORD);
    ok(&maibo, "GET", SERVICES, &Value::Null);
    let body = json!({"name": "job", "tp": "every", "value": 5}).to_string();
    let mut statuses = together(&maibo, 8, &auth, SERVICES, &body);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 1);
}

#[test]
fn schedules_that_it_does_not_know_are_shown_and_outlive_an_edit() {
    let maibo = serving();
    for (name, args, tp, value, grace) in [
        ("a", ["--cron", "0 3 * * 1-5", "--tz", "Europe/Riga"], "cron", "0 3 * * 1-5", 60),
        ("b", ["--on-calendar", "Mon..Fri 03:00", "--grace", "90s"], "oncalendar", "Mon..Fri 03:00", 1),
        ("c", ["--at", "16:05,18:00", "--days", "mon-fri"], "at", "16:05,18:00 mon-fri", 60),
        ("d", ["--every", "90s", "--grace", "30s"], "every", "1.5", 0),
    ] {
        let uuid = maibo.check(name, &args);
        let list = ok(&maibo, "GET", SERVICES, &Value::Null);
        let shown = list.as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (&shown["tp"], &shown["value"], &shown["grace"]),
            (&json!(tp), &json!(value), &json!(grace))
        );
        let before = maibo.shown(&uuid);
        let one = format!("{SERVICES}{}/", shown["id"]);
        let mut back = shown.clone();
        back["tags"] = json!("x");
        ok(&maibo, "PUT", &one, &back);
        let mut expected = before;
        expected["tags"] = json!("x");
        assert_eq!(maibo.shown(&uuid), expected, "{name}");
    }
}

#[test]
fn tags_have_numbers_by_which_services_are_found() {
    let maibo = serving();
    let make = |name: &str, tags: &str| {
        ok(&maibo, "POST", SERVICES, &json!({"name": name, "tp": "every", "value": 5, "tags": tags}))
    };
    make("a", "sync,backup");
    make("b", "sync");
    make("c", "");
    let tags = ok(&maibo, "GET", "/api/tags/", &Value::Null);
    let id = |name: &str| {
        let found = tags.as_array().unwrap().iter().find(|tag| tag["name"] == name);
        found.unwrap_or_else(|| panic!("{name}: {tags}"))["id"].clone()
    };
    let (sync, backup) = (id("sync"), id("backup"));
    assert_eq!(tags.as_array().unwrap().len(), 2);
    let names = |query: &str| -> Vec<String> {
        let list = ok(&maibo, "GET", &format!("{SERVICES}?{query}"), &Value::Null);
        list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&format!("tags={sync}")), ["a", "b"]);
    assert_eq!(names(&format!("tags={sync},{backup}")), ["a"]);
    assert_eq!(names(&format!("tags={backup}%2C{sync},")), ["a"]);
    assert_eq!(names("tags="), ["a", "b", "c"]);
    assert_eq!(names("tags=7"), Vec::<String>::new());
    for bad in ["sync", "-1", "99999999999999999999", "%00"] {
        assert_eq!(refused(&maibo, "GET", &format!("{SERVICES}?tags={bad}"), "").0, 400, "{bad}");
    }

    // A tag has no row: its number is told before a check has it, and is the same then.
    let new = ok(&maibo, "POST", "/api/tags/", &json!({"name": "night"}));
    assert_eq!(refused(&maibo, "GET", &format!("/api/tags/{}/", new["id"]), "").0, 404);
    let night = make("d", "night");
    assert_eq!(night["tags"][0]["id"], new["id"]);
    assert_eq!(ok(&maibo, "GET", &format!("/api/tags/{}/", new["id"]), &Value::Null)["name"], "night");
    let taken = json!({"name": ["tag with this name already exists."]});
    assert_eq!(refused(&maibo, "POST", "/api/tags/", r#"{"name": "sync"}"#), (400, taken.clone()));
    for bad in [json!({}), json!({"name": ""}), json!({"name": "a,b"}), json!({"name": "x".repeat(201)})] {
        assert_eq!(refused(&maibo, "POST", "/api/tags/", &bad.to_string()).0, 400, "{bad}");
    }

    // Renamed and removed on all checks, and on no other project's.
    maibo.made(&["project", "create", "other"]);
    maibo.check("theirs", &["--project", "other", "--every", "1h", "--tag", "sync"]);
    maibo.check("longer", &["--every", "1h", "--tag", "sync2"]);
    let one = format!("/api/tags/{sync}/");
    assert_eq!(refused(&maibo, "PUT", &one, r#"{"name": "backup"}"#), (400, taken));
    let renamed = ok(&maibo, "PATCH", &one, &json!({"name": "同 步"}));
    assert_eq!(renamed["name"], "同_步");
    assert_eq!(refused(&maibo, "GET", &one, "").0, 404);
    let of = |name: &str| maibo.row::<(String,)>(&format!("SELECT tags FROM checks WHERE name = '{name}'")).0;
    assert_eq!(
        (of("a"), of("b"), of("longer"), of("theirs")),
        ("同_步 backup".into(), "同_步".into(), "sync2".into(), "sync".into())
    );
    ok(&maibo, "DELETE", &format!("/api/tags/{}/", renamed["id"]), &Value::Null);
    assert_eq!((of("a"), of("b"), of("c")), ("backup".into(), String::new(), String::new()));
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
fn the_command_line_tells_the_short_address() {
    let maibo = serving();
    let short = service(&maibo, "job");
    let ran = maibo.run(&["check", "list", "--json"]);
    let list: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&list[0]["name"], &list[0]["short"]), (&json!("job"), &json!(short)));
}
