//! The API of heartbeats, the system that Maibo grew out of: COMPATIBILITY.md Part C, 5.3. Scripts written for it go on
//! working.
mod callers;
mod pings;
mod services;
mod tags;

use std::thread;

use serde_json::{Value, json};

use crate::support::Maibo;
use crate::support::http::{self, Reply};

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
