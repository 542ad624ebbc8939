//! What has happened to a check: pings, bodies, flips, alerts with their attempts; all in pages.
use serde_json::{Value, json};

use super::{call, edit, fields, made, read};
use crate::support::Maibo;
use crate::support::http_sink::{Answer, HttpSink};

fn check(maibo: &Maibo) -> (String, String) {
    let check = made(maibo, &json!({"name": "Job", "schedule": {"kind": "simple", "period": 3600}}));
    let uuid = check["uuid"].as_str().unwrap().to_owned();
    (format!("/checks/{uuid}"), uuid)
}

/// The entries of all pages of a list.
#[track_caller]
fn pages(maibo: &Maibo, path: &str, noun: &str, limit: usize) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let told = read(maibo, &format!("{path}/{noun}?limit={limit}{cursor}"));
        let page = told[noun].as_array().unwrap();
        all.extend(page.iter().cloned());
        assert!(all.len() < 100, "no page is the last one");
        match told["next"].as_i64() {
            Some(next) => {
                assert_eq!(page.len(), limit, "a page before the last one is full");
                cursor = format!("&cursor={next}");
            }
            None => return all,
        }
    }
}

#[test]
fn pings_come_newest_first_with_their_bodies() {
    let maibo = Maibo::serving();
    let (path, uuid) = check(&maibo);
    maibo.ping_ok(&format!("{uuid}/start"));
    assert_eq!(maibo.post(&format!("{uuid}/3"), "磁盘已满".as_bytes()).status, 200);
    maibo.post(&format!("{uuid}/log"), b"\xff\x00");
    maibo.ping_ok(&uuid);
    let all = pages(&maibo, &path, "pings", 2);
    let told: Vec<_> = all.iter().map(|p| (p["n"].as_i64().unwrap(), p["kind"].as_str().unwrap())).collect();
    assert_eq!(told, [(4, "success"), (3, "log"), (2, "fail"), (1, "start")]);
    assert_eq!((&all[2]["exit_status"], &all[2]["method"]), (&json!(3), &json!("POST")));
    assert!(all[2]["duration"].as_f64().unwrap() >= 0.0, "{}", all[2]);
    assert_eq!(pages(&maibo, &path, "pings", 4), all, "no empty page at the end");
    let body = |n: &str| call(&maibo, maibo.key(), "GET", &format!("{path}/pings/{n}/body"), "");
    assert_eq!(
        (body("2").text(), body("2").header("content-type")),
        ("磁盘已满".to_owned(), Some("text/plain; charset=utf-8"))
    );
    assert_eq!(
        (body("3").body, body("3").header("content-type")),
        (b"\xff\x00".to_vec(), Some("application/octet-stream"))
    );
    for n in ["1", "9", "0", "-1", "x", "99999999999999999999"] {
        assert_eq!(body(n).status, 404, "{n}");
    }
    for (query, field) in
        [("limit=0", "limit"), ("cursor=-1", "cursor"), ("cursor=x", "cursor"), ("n=1", "n")]
    {
        let (status, told) = edit(&maibo, "GET", &format!("{path}/pings?{query}"), &Value::Null);
        assert_eq!((status, fields(&told)), (422, vec![field]), "{query}");
    }
}

#[test]
fn the_pings_of_others_are_out_of_reach_of_a_cursor() {
    let maibo = Maibo::serving();
    let (_, one) = check(&maibo);
    let (path, _) = check(&maibo);
    maibo.ping_ok(&one);
    let id = maibo.number("SELECT MAX(id) FROM pings");
    assert_eq!(read(&maibo, &format!("{path}/pings?cursor={id}"))["pings"], json!([]));
}

#[test]
fn flips_say_what_changed_and_why() {
    let maibo = Maibo::serving();
    let (path, uuid) = check(&maibo);
    maibo.ping_ok(&uuid);
    maibo.ping_ok(&format!("{uuid}/7"));
    maibo.ping_ok(&uuid);
    edit(&maibo, "POST", &format!("{path}/pause"), &Value::Null);
    let flips = pages(&maibo, &path, "flips", 2);
    let told: Vec<_> = flips
        .iter()
        .map(|flip| ["from", "to", "reason"].map(|field| flip[field].as_str().unwrap()).join(" "))
        .collect();
    assert_eq!(told, ["up paused paused", "down up success", "up down exit", "new up success"]);
    assert_eq!(flips[2]["exit_status"], 7);
    let at = flips[2]["at"].as_str().unwrap();
    let since = read(&maibo, &format!("{path}/flips?from={at}"))["flips"].as_array().unwrap().len();
    let before = read(&maibo, &format!("{path}/flips?to={at}"))["flips"].as_array().unwrap().len();
    assert_eq!((since, before), (3, 1));
}

#[test]
fn alerts_tell_every_attempt() {
    let maibo = Maibo::serving();
    let sink = HttpSink::start([Answer::status(400)], Answer::status(200));
    let channel = maibo.channel("webhook", "ops", &[&format!("url_down={}", sink.url("/down"))]);
    let (path, uuid) = check(&maibo);
    maibo.ping_ok(&format!("{uuid}/fail"));
    maibo.all_delivered();
    maibo.ping_ok(&uuid);
    maibo.ping_ok(&format!("{uuid}/fail"));
    maibo.all_delivered();
    let alerts = pages(&maibo, &path, "alerts", 1);
    let told: Vec<_> = alerts
        .iter()
        .map(|alert| ["kind", "state"].map(|field| alert[field].as_str().unwrap()).join(" "))
        .collect();
    assert_eq!(told, ["down sent", "up skipped", "down sent"]);
    assert_eq!(alerts[0]["channel"], json!({"uuid": channel, "name": "ops", "kind": "webhook"}));
    let outcomes = |n: usize| -> Vec<&str> {
        alerts[n]["attempts"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect()
    };
    assert_eq!((outcomes(0), outcomes(1), outcomes(2)), (vec!["sent"], vec![], vec!["retry", "sent"]));
    assert!(alerts[2]["attempts"][0]["detail"].as_str().unwrap().contains("400"), "{}", alerts[2]);
    assert!(
        alerts.iter().all(|alert| alert["next_at"].is_null() && !alert["done_at"].is_null()),
        "{alerts:?}"
    );
}
