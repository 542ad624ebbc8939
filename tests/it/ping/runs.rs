//! Runs: starts and their ends, by run id.
use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use super::{OTHER_RID, RID};
use crate::support::{Maibo, eventually, now, until};

/// Starts and ends of runs: what is sent, and whether a run is open after it.
#[rstest]
#[case::the_same_rid_ends_it(&[("/start?rid=A", true), ("?rid=A", false)])]
#[case::the_same_rid_ends_it_by_failure(&[("/start?rid=A", true), ("/fail?rid=A", false)])]
#[case::none_ends_none(&[("/start", true), ("", false)])]
#[case::another_success_leaves_it_open(&[("/start?rid=A", true), ("?rid=B", true)])]
#[case::another_failure_ends_it(&[("/start?rid=A", true), ("/fail?rid=B", false)])]
#[case::a_success_without_rid_ends_it(&[("/start?rid=A", true), ("", false)])]
#[case::a_failure_without_rid_ends_it(&[("/start?rid=A", true), ("/3", false)])]
#[case::a_success_with_rid_does_not_end_one_without(&[("/start", true), ("?rid=A", true)])]
#[case::a_log_ends_nothing(&[("/start?rid=A", true), ("/log?rid=A", true)])]
#[case::only_the_latest_start_is_remembered(
    &[("/start?rid=A", true), ("/start?rid=B", true), ("?rid=A", true), ("?rid=B", false)]
)]
fn runs(#[case] sent: &[(&str, bool)]) {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h", "--grace", "1h"]);
    for (tail, open) in sent {
        maibo.ping_ok(&format!(
            "{uuid}{}",
            tail.replace("=A", &format!("={RID}")).replace("=B", &format!("={OTHER_RID}"))
        ));
        let check = maibo.shown(&uuid);
        assert_eq!(check["started"], *open, "{tail}");
        if check["started"] == true {
            let started = maibo.number(&format!("SELECT run_at / 1000000 FROM checks WHERE uuid = '{uuid}'"));
            let next = check["next_ping"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
            assert_eq!(next.timestamp(), started, "while it runs, next_ping is its start");
        }
        assert_ne!(check["status"], "started", "only API v1 says so");
    }
}

#[test]
fn pause_and_resume_end_a_run() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let started = || maibo.shown(&uuid)["started"].clone();
    maibo.ping_ok(&format!("{uuid}/start?rid={RID}"));
    assert_eq!(started(), true);
    assert_eq!(maibo.run(&["check", "pause", &uuid]).code, Some(0));
    assert_eq!(started(), false);
    maibo.ping_ok(&format!("{uuid}/start?rid={RID}"));
    assert_eq!(
        (started(), &maibo.shown(&uuid)["next_ping"]),
        (json!(true), &Value::Null),
        "paused all the same"
    );
    assert_eq!(maibo.run(&["check", "resume", &uuid]).code, Some(0));
    assert_eq!(started(), false);
    // Its end is an ordinary success, without a duration.
    maibo.ping_ok(&format!("{uuid}?rid={RID}"));
    assert_eq!(maibo.pings(&uuid, "duration").pop().unwrap(), "");
    assert_eq!(maibo.shown(&uuid)["status"], "up");
}

#[test]
fn a_duration_belongs_to_the_run_with_the_same_rid() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    maibo.ping_ok(&format!("{uuid}/start?rid={RID}"));
    let started = now();
    until("more than a second has passed", || now() - started > TimeDelta::milliseconds(1100));
    maibo.ping_ok(&format!("{uuid}/fail?rid={RID}"));
    let (from, to, took): (i64, i64, i64) = maibo.row(
        "SELECT (SELECT at FROM pings WHERE kind = 'start'), at, duration FROM pings WHERE kind = 'fail'",
    );
    assert_eq!(took, to - from);
    assert_eq!(maibo.shown(&uuid)["last_duration"], took / 1_000_000, "floored");
    maibo.ping_ok(&uuid);
    assert_eq!(maibo.shown(&uuid).get("last_duration"), None, "it goes with the next ping that had no start");
    // An untimed end: a failure of another run.
    maibo.ping_ok(&format!("{uuid}/start?rid={RID}"));
    maibo.ping_ok(&format!("{uuid}/fail?rid={OTHER_RID}"));
    assert_eq!(maibo.pings(&uuid, "duration").pop().unwrap(), "");
}

#[test]
fn a_run_that_does_not_end_goes_down_at_start_plus_grace_whatever_other_runs_say() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h", "--grace", "2s"]);
    let paused = maibo.check("Paused", &["--every", "1h", "--grace", "2s"]);
    assert_eq!(maibo.run(&["check", "pause", &paused]).code, Some(0));
    maibo.ping_ok(&format!("{paused}/start"));
    maibo.ping_ok(&format!("{uuid}/start?rid={RID}"));
    maibo.ping_ok(&format!("{uuid}?rid={OTHER_RID}"));
    let check = maibo.shown(&uuid);
    assert_eq!((&check["status"], &check["started"]), (&json!("up"), &json!(true)));
    for uuid in [&uuid, &paused] {
        let (at, reason, blackout): (i64, String, Option<i64>) = eventually("it goes down", || {
            maibo
                .rows(&format!(
                    "SELECT f.at, f.reason, f.blackout_id FROM flips f JOIN checks c ON c.id = f.check_id
                     WHERE c.uuid = '{uuid}' AND f.new_status = 'down'"
                ))
                .pop()
        });
        let started = maibo.number(&format!(
            "SELECT p.at FROM pings p JOIN checks c ON c.id = p.check_id
             WHERE c.uuid = '{uuid}' AND p.kind = 'start'"
        ));
        assert_eq!(reason, "overrun");
        // A machine that stood still for seconds is a blackout, and moves the deadline.
        assert!(at == started + 2_000_000 || blackout.is_some(), "{started} {at}");
    }
}
