//! Settings that decide what a ping counts as: keywords, methods, resuming by hand.
use serde_json::{Value, json};

use super::said;
use crate::support::{Maibo, http};

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
fn what_is_resumed_by_hand_is_resumed_by_no_keyword() {
    let maibo = Maibo::serving();
    let uuid = maibo.api_check(
        &json!({"manual_resume": true, "filter_http_body": true, "failure_kw": "ERROR", "filter_default_fail": true}),
    );
    assert_eq!(maibo.run(&["check", "pause", &uuid]).code, Some(0));
    for body in ["ERROR", "nothing"] {
        assert_eq!(maibo.post(&uuid, body.as_bytes()).status, 200);
    }
    assert_eq!(said(&maibo, &format!("{uuid}?rid=bad")).0, 400, "a mistake is told all the same");
    assert_eq!(maibo.pings(&uuid, "kind"), ["ign", "ign"]);
    let check = maibo.shown(&uuid);
    assert_eq!(
        (&check["status"], &check["n_pings"], &check["next_ping"]),
        (&json!("paused"), &json!(2), &Value::Null)
    );
    assert_eq!(maibo.run(&["check", "resume", &uuid]).code, Some(0));
    assert_eq!(maibo.post(&uuid, b"ERROR").status, 200);
    assert_eq!(maibo.shown(&uuid)["status"], "down");
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
    assert_eq!(maibo.pings(&by_hand, "kind"), ["ign", "ign", "ign", "ign"]);
    assert_eq!(maibo.shown(&by_hand)["n_pings"], 4);
}
