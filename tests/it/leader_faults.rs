//! Faults of others that must not be ours: COMPATIBILITY.md, Part B, judged at the wire.
//!
//! Items that another test proves already, and where:
//!
//! | Item | Test |
//! |---|---|
//! | 1 a slow channel holds up the others | `delivery::a_channel_that_hangs_delays_no_other` |
//! | 2 an alert is lost in a crash | `delivery::what_was_under_way_when_maibo_died_is_sent_again`, `kill9` |
//! | 5 a forged or invalid `X-Forwarded-For` | `ping::headers::headers_of_a_proxy_are_believed_only_from_ours` |
//! | 6 `?rid=<uuid>%0A` | `ping::address::a_run_id_is_a_dashed_uuid_and_the_last_one_counts` |
//! | 7 the end of a long body is lost | `ping::body::of_a_long_body_head_and_tail_are_kept_within_the_limit` |
//! | 8 OPTIONS is a ping | `ping::headers::options_is_no_ping` |
//! | 10 own downtime becomes everybody's alarm | `silence::what_fell_due_while_maibo_was_away_…` and after it |
//! | 11 grace is the longest run too (kept) | `ping::runs::a_run_that_does_not_end_goes_down_at_start_plus_grace_…` |
//! | 12 only the newest start is tracked (kept) | `ping::runs::runs`, `api::pings::a_duration_is_told_where_a_start_fits` |
//! | 13 keywords re-decide explicit actions (kept) | `ping::rules::keywords_in_the_body_decide_in_the_order_…` |
//! | 14 the case of a mail's domain, a mail without a sender, `methods` for mails | `mail_pings::a_mail_is_a_ping_with_all_that_it_said`, `mail_pings::the_other_rules_of_a_check_hold_for_mails` |
//! | 16 slow uploads stall the intake | `ping::senders::a_slow_body_holds_up_nobody_and_arrives_whole` |
//! | 17 a dead robot looks healthy | `delivery::an_errcode_in_a_200_is_no_success` and after it |
//! | 18 no durations, no last ping for Prometheus | `metrics::a_projects_checks_are_told_…`, `metrics::the_server_tells_…` |
//! | Kuma: any exception is a 404 | `ping::durable::what_cannot_be_stored_is_answered_503_and_not_kept` |
//! | Kuma: a paused monitor answers 404 | `ping::rules::a_paused_check_wakes_by_a_ping_unless_it_is_resumed_by_hand` |
//! | Gatus: detection takes up to two intervals | `silence::silence_is_down_at_the_exact_deadline_…` |
//!
//! "Kept": where Healthchecks' clients could notice, the original's rule stands (deviation 5).
use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::http_sink::{Answer, Heard, HttpSink};
use crate::support::smtp_sink::{Fate, SmtpSink};
use crate::support::{Maibo, now, until};

/// A webhook channel that posts `$STATUS` for both sides.
fn hook(maibo: &Maibo, sink: &HttpSink) {
    let (down, up) = (format!("url_down={}", sink.url("/hook")), format!("url_up={}", sink.url("/hook")));
    let fields =
        [down.as_str(), "method_down=POST", "body_down=$STATUS", &up, "method_up=POST", "body_up=$STATUS"];
    maibo.channel("webhook", "hook", &fields);
}

fn texts(sink: &HttpSink) -> Vec<String> {
    sink.heard().iter().map(Heard::text).collect()
}

/// A mail server that is of no use.
#[derive(Debug, Clone, Copy)]
enum Mute {
    RefusesConnections,
    HasNoAddress,
    RefusesTheLogin,
}

/// Item 3: a mail server out of reach makes the leader skip the channels that follow.
#[rstest]
#[case(Mute::RefusesConnections)]
#[case(Mute::HasNoAddress)]
#[case(Mute::RefusesTheLogin)]
fn a_mail_server_that_fails_keeps_no_other_channel_from_hearing(#[case] mute: Mute) {
    let (mail, sink) = (SmtpSink::start([Fate::NoLogin("535 no"); 20]), HttpSink::ok());
    let url = match mute {
        // Whoever had this port has gone.
        Mute::RefusesConnections => {
            let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            format!("smtp://{gone}")
        }
        Mute::HasNoAddress => "smtp://nowhere.invalid:25".to_owned(),
        Mute::RefusesTheLogin => mail.url_as("ops", "secret-word"),
    };
    let mut maibo = Maibo::new().with("MAIBO_SMTP_URL", &url).with("MAIBO_MAIL_FROM", "ops@example.org");
    maibo.channel("email", "first", &["to=ops@example.org"]);
    hook(&maibo, &sink);
    let uuid = maibo.check("Job", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    maibo.ping_ok(&uuid);
    sink.wait_for(2);
    assert_eq!(texts(&sink), ["down", "up"]);
    // The mail is not given up: it waits, with the reason.
    let tried = "SELECT a.outcome, a.detail, o.state FROM attempts a JOIN outbox o ON o.id = a.outbox_id
                 JOIN channels c ON c.id = o.channel_id WHERE c.kind = 'email' ORDER BY a.id LIMIT 1";
    until("a try is recorded", || !maibo.rows::<(String, String, String)>(tried).is_empty());
    let (outcome, reason, state) = maibo.row::<(String, String, String)>(tried);
    assert_eq!((outcome.as_str(), state.as_str()), ("retry", "queued"), "{reason}");
    assert!(!reason.is_empty());
}

/// Item 4: a Chinese log that is cut in mid-character is an error to the leader, and its ping is lost.
#[test]
fn a_text_that_is_cut_in_mid_character_is_searched_and_kept() {
    let mut maibo = Maibo::new().with("MAIBO_PING_BODY_LIMIT", "10000");
    maibo.serve();
    let uuid = maibo.api_check(
        &json!({"filter_http_body": true, "success_kw": "备份成功", "failure_kw": "备份失败", "filter_default_fail": true}),
    );
    let mut torn = 0;
    // A character has three bytes: of three beginnings at least two are cut in the middle of one.
    for shift in 0..3 {
        for (last, kind) in [("备份成功", "success"), ("备份失败", "fail")] {
            let log = format!("{}{}{last}", "x".repeat(shift), "数据库日志".repeat(2000));
            assert_eq!(maibo.post(&uuid, log.as_bytes()).status, 200);
            assert_eq!(maibo.pings(&uuid, "kind").pop().unwrap(), kind, "{shift}");
            let kept = maibo.last_body(&uuid).unwrap();
            torn += u32::from(String::from_utf8(kept.clone()).is_err());
            let n = maibo.shown(&uuid)["n_pings"].clone();
            let shown = maibo.api("GET", &format!("/api/v3/checks/{uuid}/pings/{n}/body"), "");
            assert_eq!((shown.status, shown.body), (200, kept), "{shift}");
        }
    }
    assert!(torn >= 4, "{torn} of 6 were cut in mid-character");
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap_or_else(|| panic!("{value} is no time")).parse().unwrap()
}

/// Item 9: a job that ran a little early is "missing" its slot, except where checks are made by the leader's own API:
/// there the user has to ask for it (deviation 6).
#[test]
fn a_ping_shortly_before_its_slot_counts_for_it() {
    let maibo = Maibo::serving();
    // Near enough for the tolerance of ten minutes, and far enough for the slowest machine.
    let slot = now() + TimeDelta::minutes(8);
    let at = format!("{:02}:{:02}", slot.hour(), slot.minute());
    let ours = maibo.check("Ours", &["--at", &at, "--grace", "2h"]);
    let cron = format!("{} {} * * *", slot.minute(), slot.hour());
    let theirs = maibo.api_check(&json!({"name": "Theirs", "schedule": cron, "grace": 7200}));
    let ahead = |uuid: &str| {
        maibo.ping_ok(uuid);
        let check = maibo.shown(uuid);
        time(&check["next_ping"]) - time(&check["last_ping"])
    };
    assert!(ahead(&ours) > TimeDelta::hours(23), "the slot of today is answered");
    assert!(ahead(&theirs) < TimeDelta::minutes(10), "the slot of today is still to come");
}

/// Item 11, first half: another failure while down is no news; the original's clients know it so.
#[test]
fn a_repeated_failure_is_one_change_and_one_alert() {
    let sink = HttpSink::ok();
    let mut maibo = Maibo::new();
    hook(&maibo, &sink);
    let uuid = maibo.check("Job", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    for tail in ["/fail", "/7", "/fail", ""] {
        maibo.ping_ok(&format!("{uuid}{tail}"));
    }
    sink.wait_for(2);
    maibo.all_delivered();
    assert_eq!(texts(&sink), ["down", "up"]);
    let ups: Vec<Value> = maibo.flips(&uuid).iter().map(|flip| flip["up"].clone()).collect();
    assert_eq!(ups, [1, 0], "newest first");
    assert_eq!(maibo.pings(&uuid, "kind"), ["fail", "fail", "fail", "success"]);
}

/// Item 15: tags that are longer than the column make the leader fail.
#[test]
fn long_tags_are_kept_up_to_a_limit_that_is_told() {
    let maibo = Maibo::serving();
    let tags = "备份 ".repeat(700);
    let fitting: String = tags.chars().take(1999).chain("x".chars()).collect();
    let uuid = maibo.api_check(&json!({"name": "tagged", "tags": fitting}));
    assert_eq!(maibo.shown(&uuid)["tags"], fitting);
    let longer = json!({"tags": format!("{fitting}x")}).to_string();
    for target in ["/api/v3/checks/".to_owned(), format!("/api/v3/checks/{uuid}")] {
        let reply = maibo.api("POST", &target, &longer);
        let expected = json!({"error": "json validation error: tags is too long"});
        assert_eq!((reply.status, reply.json()), (400, expected), "{target}");
    }
    assert_eq!(maibo.shown(&uuid)["tags"], fitting);
}

/// Uptime Kuma sends its notifications inside the request: a slow one makes the job's curl hang, a failing one turns a
/// valid push into an error.
#[rstest]
#[case::one_that_does_not_answer(Answer::Waits)]
#[case::one_that_answers_nonsense(Answer::Garbage)]
#[case::one_that_fails(Answer::status(500))]
fn no_ping_waits_for_a_channel_or_fails_with_it(#[case] answer: Answer) {
    let sink = HttpSink::start([answer], Answer::status(200));
    let mut maibo = Maibo::new();
    hook(&maibo, &sink);
    let uuid = maibo.check("Job", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    sink.wait_for(1);
    // Nobody has released it yet.
    maibo.ping_ok(&uuid);
    assert_eq!(maibo.pings(&uuid, "kind"), ["fail", "success"]);
    sink.release();
    maibo.all_delivered();
    assert_eq!(texts(&sink).last().unwrap(), "up");
}

/// In Uptime Kuma and Gatus a restart gives everybody a whole interval again.
#[rstest]
#[case::stopped(true)]
#[case::killed(false)]
fn a_restart_moves_no_deadline_that_is_yet_to_come(#[case] orderly: bool) {
    let mut maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h", "--grace", "10m"]);
    let run = maibo.check("Run", &["--every", "1h", "--grace", "1h"]);
    maibo.ping_ok(&uuid);
    maibo.ping_ok(&format!("{run}/start"));
    let awaited = "SELECT uuid, due_at, deadline FROM checks ORDER BY uuid";
    let before: Vec<(String, Option<i64>, Option<i64>)> = maibo.rows(awaited);
    assert!(before.iter().all(|(_, _, deadline)| deadline.is_some()), "{before:?}");
    let next = [&uuid, &run].map(|uuid| maibo.shown(uuid)["next_ping"].clone());
    if orderly {
        assert_eq!(maibo.stop().code(), Some(0));
    } else {
        maibo.kill();
    }
    maibo.serve();
    assert_eq!([&uuid, &run].map(|uuid| maibo.shown(uuid)["next_ping"].clone()), next);
    assert_eq!(maibo.rows::<(String, Option<i64>, Option<i64>)>(awaited), before);
}
