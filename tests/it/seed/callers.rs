//! Who calls: passwords, tokens, keys, and how often one may guess.
use rstest::rstest;
use serde_json::{Value, json};

use super::{PASSWORD, SERVICES, USER, basic, call, ok, post, service, serving, together, token, user};
use crate::support::Maibo;
use crate::support::http;

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
