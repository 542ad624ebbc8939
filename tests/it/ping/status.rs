//! What pings make of a check.
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Maibo, until};

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
