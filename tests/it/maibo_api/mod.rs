//! Our own API, `/api/maibo/v1`, by nouns. Here: who may call what, and what is the same everywhere.
mod channels;
mod checks;
mod document;
mod history;

use serde_json::{Value, json};

use crate::support::Maibo;
use crate::support::http::{self, Reply};

const API: &str = "/api/maibo/v1";
const NOBODY: &str = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";

/// A call with this key; none when empty. `tail` is what stands behind the prefix.
fn call(maibo: &Maibo, key: &str, method: &str, tail: &str, body: &str) -> Reply {
    let headers: &[(&str, &str)] = if key.is_empty() { &[] } else { &[("X-Api-Key", key)] };
    http::request(maibo.addr(), method, &format!("{API}{tail}"), headers, body.as_bytes())
}

/// A call with a read-write key of the project `default`, and its status and JSON.
#[track_caller]
fn edit(maibo: &Maibo, method: &str, tail: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let reply = call(maibo, maibo.key(), method, tail, &body);
    (reply.status, if reply.body.is_empty() { Value::Null } else { reply.json() })
}

#[track_caller]
fn read(maibo: &Maibo, tail: &str) -> Value {
    let (status, told) = edit(maibo, "GET", tail, &Value::Null);
    assert_eq!(status, 200, "{tail}: {told}");
    told
}

/// The fields that a problem names.
fn fields(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect()
}

fn project(maibo: &Maibo) -> String {
    read(maibo, "/projects")["projects"][0]["uuid"].as_str().unwrap().to_owned()
}

/// Makes a check by the API; gives it as it was told.
#[track_caller]
fn made(maibo: &Maibo, wanted: &Value) -> Value {
    let (status, check) = edit(maibo, "POST", &format!("/projects/{}/checks", project(maibo)), wanted);
    assert_eq!(status, 201, "{check}");
    check
}

fn key(maibo: &Maibo, scope: &str, project: &str) -> String {
    maibo.made(&["key", "create", "--scope", scope, "--project", project])
}

#[test]
fn each_key_opens_what_its_role_allows_and_no_more() {
    let maibo = Maibo::serving();
    maibo.made(&["project", "create", "other"]);
    let project = project(&maibo);
    let check = made(&maibo, &json!({"name": "Job", "schedule": {"kind": "simple", "period": 60}}));
    let check = check["uuid"].as_str().unwrap();
    let channel = maibo.channel("webhook", "ops", &["url_down=http://127.0.0.1:9/"]);
    let read_write = maibo.key().to_owned();
    let read_only = key(&maibo, "read-only", "default");
    let theirs = key(&maibo, "read-write", "other");
    let metrics = key(&maibo, "metrics", "default");
    let paths = |tails: &[&str]| -> Vec<String> {
        let filled =
            |tail: &&str| tail.replace("{p}", &project).replace("{c}", check).replace("{h}", &channel);
        tails.iter().map(filled).collect()
    };
    let views = paths(&[
        "/projects/{p}",
        "/projects/{p}/checks",
        "/projects/{p}/channels",
        "/checks/{c}",
        "/checks/{c}/pings",
        "/checks/{c}/flips",
        "/checks/{c}/alerts",
        "/channels/{h}",
    ]);
    for path in &views {
        for (who, key, expected) in [
            ("nobody", "", 401),
            ("a stranger", "x", 401),
            ("the server's key", &metrics, 401),
            ("a reader", &read_only, 200),
            ("an editor", &read_write, 200),
            ("somebody else", &theirs, 404),
        ] {
            assert_eq!(call(&maibo, key, "GET", path, "").status, expected, "{who} GET {path}");
        }
    }
    let body = r#"{"name": "New name"}"#;
    let edits = paths(&["/checks/{c}", "/channels/{h}"]);
    for path in &edits {
        for (who, key, expected) in [
            ("nobody", "", 401),
            ("a reader", &read_only, 403),
            ("somebody else", &theirs, 404),
            ("an editor", &read_write, 200),
        ] {
            assert_eq!(call(&maibo, key, "PATCH", path, body).status, expected, "{who} PATCH {path}");
        }
    }
    // The project itself and its keys are its owners', which no key is.
    for (method, path, body) in [
        ("PATCH", format!("/projects/{project}"), body),
        ("DELETE", format!("/projects/{project}"), ""),
        ("POST", format!("/projects/{project}/ping-key"), ""),
        ("GET", format!("/projects/{project}/keys"), ""),
        ("POST", format!("/projects/{project}/keys"), r#"{"scope": "read-only"}"#),
        ("DELETE", format!("/projects/{project}/keys/1"), ""),
    ] {
        for (key, expected) in [("", 401), (&read_only, 403), (&read_write, 403), (&theirs, 404)] {
            assert_eq!(call(&maibo, key, method, &path, body).status, expected, "{method} {path}");
        }
    }
    let keys: i64 = maibo.number("SELECT COUNT(*) FROM api_keys");
    assert_eq!(keys, 4);
}

#[test]
fn who_may_only_read_learns_no_address_and_no_secret() {
    let maibo = Maibo::serving();
    let ping_key = key(&maibo, "ping", "default");
    let wanted =
        json!({"name": "Job", "schedule": {"kind": "simple", "period": 60}, "alias": "secret-token-of-old"});
    let check = made(&maibo, &wanted);
    let (uuid, unique_key) = (check["uuid"].as_str().unwrap(), check["unique_key"].as_str().unwrap());
    assert_eq!(check["slug_url"], format!("http://maibo.test/ping/{ping_key}/job"));
    maibo.channel("webhook", "ops", &["url_down=http://127.0.0.1:9/secret-hook"]);
    let read_only = key(&maibo, "read-only", "default");
    let project = project(&maibo);
    for path in [
        "/projects".to_owned(),
        format!("/projects/{project}"),
        format!("/projects/{project}/checks"),
        format!("/projects/{project}/channels"),
        format!("/checks/{unique_key}"),
        format!("/checks/{unique_key}/pings"),
    ] {
        let reply = call(&maibo, &read_only, "GET", &path, "");
        assert_eq!(reply.status, 200, "{path}");
        for secret in [uuid, &ping_key, "secret-token-of-old", "secret-hook"] {
            assert!(!reply.text().contains(secret), "{path}: {}", reply.text());
        }
    }
    assert_eq!(
        call(&maibo, &read_only, "GET", "/checks/0b689639e39a72f085377d07f3a9d95f1038142c", "").status,
        404
    );
}

#[test]
fn a_key_is_taken_from_either_header() {
    let maibo = Maibo::serving();
    let bearer = format!("Bearer {}", maibo.key());
    let target = format!("{API}/projects");
    let ask = |headers: &[(&str, &str)]| http::request(maibo.addr(), "GET", &target, headers, b"");
    assert_eq!(ask(&[("Authorization", &bearer)]).status, 200);
    assert_eq!(ask(&[("Authorization", "Basic eDp5")]).status, 401);
    assert_eq!(
        ask(&[("X-Api-Key", "wrong"), ("Authorization", &bearer)]).status,
        401,
        "the first one counts"
    );
    let refused = ask(&[]);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"maibo\""));
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.json()["type"], "urn:maibo:no-key");
}

#[test]
fn refusals_are_problems_that_name_what_is_wrong() {
    let maibo = Maibo::serving();
    let checks = format!("/projects/{}/checks", project(&maibo));
    let post = |body: &str| call(&maibo, maibo.key(), "POST", &checks, body);
    for body in ["", "{", "\u{feff}{}", "[".repeat(100_000).as_str()] {
        let reply = post(body);
        assert_eq!(
            (reply.status, &reply.json()["type"]),
            (400, &json!("urn:maibo:unreadable")),
            "{body:.20}"
        );
    }
    assert_eq!(post("[]").status, 422);
    let huge = post(&format!(r#"{{"name": "{}"}}"#, "x".repeat(1_100_000)));
    assert_eq!((huge.status, &huge.json()["type"]), (413, &json!("urn:maibo:too-large")));
    let unknown = post(r#"{"name": "x", "colour": "red"}"#).json();
    assert_eq!(fields(&unknown), ["colour"]);
    assert!(unknown["detail"].as_str().unwrap().contains("expected one of"), "{unknown}");
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("GET", "/checks/nonsense", 404),
        ("GET", "/checks/%00", 404),
        ("GET", "/projects/%00/checks", 404),
        ("GET", "/channels/%F0%9F", 404),
        ("PUT", "/projects", 405),
    ] {
        let reply = call(&maibo, maibo.key(), method, path, "");
        assert_eq!((reply.status, reply.json()["status"].as_u64()), (status, Some(status.into())), "{path}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{path}");
    }
    let options = call(&maibo, "", "OPTIONS", "/projects", "");
    assert_eq!((options.status, options.header("access-control-allow-origin")), (204, Some("*")));
}

#[test]
fn a_persons_token_opens_what_they_see_in_the_dashboard() {
    let maibo = Maibo::serving();
    let token = |email: &str| {
        let ran = maibo.run_with(&["user", "create", "--email", email, "--password-stdin"], "correct horse");
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let asked = json!({"username": email, "password": "correct horse"}).to_string();
        let told = http::request(maibo.addr(), "POST", "/api/token/", &[], asked.as_bytes());
        told.json()["token"].as_str().unwrap().to_owned()
    };
    let (owner, member) = (token("owner@example.org"), token("member@example.org"));
    let default = project(&maibo);

    let wanted = json!({"name": "  night shift "}).to_string();
    let made = call(&maibo, &owner, "POST", "/projects", &wanted);
    assert_eq!(made.status, 201, "{}", made.text());
    let other = made.json()["uuid"].as_str().unwrap().to_owned();
    assert_eq!((&made.json()["name"], &made.json()["role"]), (&json!("night shift"), &json!("owner")));
    assert!(made.header("location").unwrap().ends_with(&format!("/api/maibo/v1/projects/{other}")));
    for who in [&member, maibo.key()] {
        assert_eq!(call(&maibo, who, "POST", "/projects", &wanted).status, 403);
    }
    assert_eq!(call(&maibo, &owner, "POST", "/projects", r#"{"name": " "}"#).status, 422);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM projects"), 2);

    let seen =
        |who: &str| call(&maibo, who, "GET", "/projects", "").json()["projects"].as_array().unwrap().len();
    assert_eq!((seen(&owner), seen(&member)), (2, 1));
    let keys = |who: &str, project: &str| {
        call(&maibo, who, "POST", &format!("/projects/{project}/keys"), r#"{"scope": "read-only"}"#).status
    };
    assert_eq!((keys(&owner, &other), keys(&member, &default), keys(&member, &other)), (201, 403, 404));
    let check = json!({"name": "Job", "schedule": {"kind": "simple", "period": 60}}).to_string();
    let checks = |who: &str, project: &str| {
        call(&maibo, who, "POST", &format!("/projects/{project}/checks"), &check).status
    };
    assert_eq!((checks(&member, &default), checks(&member, &other)), (201, 404));
    let gone = |who: &str| call(&maibo, who, "DELETE", &format!("/projects/{other}"), "").status;
    assert_eq!((gone(&member), gone(&owner), gone(&owner)), (404, 204, 404));

    let ran = maibo
        .run_with(&["user", "password", "--email", "owner@example.org", "--password-stdin"], "another one");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        call(&maibo, &owner, "GET", "/projects", "").status,
        401,
        "the token is as old as the password"
    );
}

#[test]
fn without_its_database_it_asks_to_come_back() {
    let maibo = Maibo::serving();
    let check = made(&maibo, &json!({"name": "Job", "schedule": {"kind": "simple", "period": 60}}));
    let path = format!("/checks/{}", check["uuid"].as_str().unwrap());
    let reply = maibo.while_locked(|| call(&maibo, maibo.key(), "PATCH", &path, r#"{"name": "Other"}"#));
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(reply.header("retry-after"), Some("5"));
    assert_eq!(read(&maibo, &path)["name"], "Job");
}

#[test]
fn a_schedule_is_previewed_or_refused_with_the_reason() {
    let maibo = Maibo::serving();
    let told = read(
        &maibo,
        "/schedule?kind=daily&at=18:00,16:05&days=mon-fri&tz=Asia/Shanghai&from=2026-11-20T09:00:00Z&count=2",
    );
    assert_eq!(told["schedule"]["at"], json!(["16:05", "18:00"]));
    assert_eq!(told["schedule"]["days"], json!(["mon", "tue", "wed", "thu", "fri"]));
    assert_eq!(told["next"], json!(["2026-11-20T10:00:00Z", "2026-11-23T08:05:00Z"]));
    assert_eq!(read(&maibo, "/schedule?kind=simple&period=2&count=3")["next"].as_array().unwrap().len(), 3);
    for (query, field) in [
        ("kind=cron&expression=0+0+31+2+*", "expression"),
        ("kind=cron", "expression"),
        ("kind=cron&expression=*+*+*+*+*&tz=Mars/Olympus", "tz"),
        ("kind=simple&period=0", "period"),
        ("kind=daily&at=25:00", "at"),
        ("kind=daily&at=16:05&days=someday", "days"),
        ("kind=daily&at=16:05&count=0", "count"),
        ("kind=daily&at=16:05&from=yesterday", "from"),
        ("kind=daily&at=16:05&colour=red", "colour"),
        ("at=16:05", "kind"),
    ] {
        let (status, told) = edit(&maibo, "GET", &format!("/schedule?{query}"), &Value::Null);
        assert_eq!((status, fields(&told)), (422, vec![field]), "{query}: {told}");
    }
}
