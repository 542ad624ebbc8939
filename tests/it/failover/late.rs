//! What is told of an outage after its end.
use super::{hook, job, queue, revoked, robot, row, set, told};
use crate::support::http_sink::{Answer, HttpSink};
use crate::support::{Maibo, http, until};

/// What a hook was told, in order.
fn sides(sink: &HttpSink) -> Vec<String> {
    sink.heard().iter().map(crate::support::http_sink::Heard::text).collect()
}

/// Asks for the first alert that a check's channel could not deliver once more.
fn resend(maibo: &Maibo, check: &str) {
    let key = maibo.made(&["key", "create", "--scope", "read-write"]);
    let id = maibo.number("SELECT MIN(id) FROM outbox WHERE kind = 'down' AND state = 'dead'");
    let target = format!("/api/maibo/v1/checks/{check}/alerts/{id}/resend");
    let bearer = format!("Bearer {key}");
    let reply = http::request(maibo.addr(), "POST", &target, &[("Authorization", &bearer)], b"");
    assert_eq!(reply.status, 202, "{}", reply.text());
}

#[test]
fn an_outage_that_is_sent_again_after_its_end_is_told_as_over() {
    let sink = HttpSink::start([revoked()], Answer::wecom(0, "ok"));
    let program = HttpSink::ok();
    let mut maibo = Maibo::new();
    let robot = robot(&maibo, "robot", &sink);
    let hook = hook(&maibo, "program", &program);
    let (for_robot, for_program) = (job(&maibo, &robot), job(&maibo, &hook));
    maibo.serve();
    for (uuid, sink) in [(&for_robot, &sink), (&for_program, &program)] {
        maibo.ping_ok(&format!("{uuid}/fail"));
        sink.wait_for(1);
        maibo.all_delivered();
        // As if the program's had been given up too.
        maibo.execute(
            "UPDATE outbox SET state = 'dead' WHERE kind = 'down' AND id = (SELECT MAX(id) FROM outbox)",
        );
        maibo.ping_ok(uuid);
        sink.wait_for(2);
        maibo.all_delivered();
        resend(&maibo, uuid);
        sink.wait_for(3);
        maibo.all_delivered();
    }
    // Among them is the notice of the program's death.
    let of_checks =
        || -> Vec<String> { told(&sink).into_iter().filter(|text| text.contains("Job")).collect() };
    let told = of_checks();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[2].contains("UP") && told[2].contains("was down from"), "{told:?}");
    assert_eq!(sides(&program), ["down", "up", "down", "up"], "a program hears how it ended, last");
    // While it is down again, what was not told is sent as it was.
    maibo.execute("UPDATE outbox SET state = 'dead' WHERE id = (SELECT MIN(id) FROM outbox)");
    maibo.ping_ok(&format!("{for_robot}/fail"));
    sink.wait_for(4);
    maibo.all_delivered();
    resend(&maibo, &for_robot);
    sink.wait_for(5);
    let told = self::told(&sink);
    assert!(told[4].contains("DOWN"), "{told:?}");
}

#[test]
fn who_was_told_of_an_outage_instead_hears_of_its_end() {
    let first = HttpSink::start([revoked()], Answer::wecom(0, "ok"));
    let spare = HttpSink::ok();
    let mut maibo = Maibo::new();
    let (from, to) = (robot(&maibo, "first", &first), hook(&maibo, "spare", &spare));
    set(&maibo, &from, &["--fallback", &to]);
    let uuid = job(&maibo, &from);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    until("it stands in", || sides(&spare).contains(&"down".to_owned()));
    maibo.all_delivered();
    maibo.execute("DELETE FROM outbox WHERE kind = 'notice'");
    let before = spare.heard().len();
    // The first channel works again, and tells of the end by itself.
    maibo.ping_ok(&uuid);
    spare.wait_for(before + 1);
    first.wait_for(2);
    maibo.all_delivered();
    assert_eq!(sides(&spare).last().map(String::as_str), Some("up"));
    // The next outage is the first channel's alone.
    maibo.ping_ok(&format!("{uuid}/fail"));
    maibo.ping_ok(&uuid);
    first.wait_for(4);
    maibo.all_delivered();
    assert_eq!(spare.heard().len(), before + 1, "{:?}", sides(&spare));
}

#[test]
fn a_fallback_that_was_late_tells_of_an_outage_that_is_over() {
    let first = HttpSink::start([revoked()], Answer::wecom(0, "ok"));
    // The alert, and the notice.
    let busy = || Answer::wecom(-1, "system busy");
    let spare = HttpSink::start([busy(), busy()], Answer::wecom(0, "ok"));
    let mut maibo = Maibo::new();
    let (from, to) = (robot(&maibo, "first", &first), robot(&maibo, "spare", &spare));
    set(&maibo, &from, &["--fallback", &to]);
    let uuid = job(&maibo, &from);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    spare.wait_for(2);
    maibo.ping_ok(&uuid);
    first.wait_for(2);
    maibo.all_delivered();
    let told: Vec<String> = told(&spare).into_iter().skip(2).filter(|text| text.contains("Job")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("UP") && told[0].contains("was down from"), "{told:?}");
}

#[test]
fn an_alert_that_dies_after_the_end_of_its_outage_takes_that_along() {
    // A program hears of each by itself: the first is given up, and the second arrives.
    let first = HttpSink::start([Answer::status(503), Answer::status(503)], Answer::status(200));
    let spare = HttpSink::ok();
    let mut maibo = Maibo::new();
    let (from, to) = (hook(&maibo, "first", &first), hook(&maibo, "spare", &spare));
    set(&maibo, &from, &["--fallback", &to]);
    let uuid = job(&maibo, &from);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    first.wait_for(1);
    // A day has passed since it was queued, and it was tried all the time.
    maibo.execute("UPDATE outbox SET created_at = created_at - 90000000000, attempts = 30");
    maibo.ping_ok(&uuid);
    first.wait_for(3);
    until("the spare one heard of the end", || sides(&spare).contains(&"up".to_owned()));
    maibo.all_delivered();
    let mut queue = queue(&maibo);
    queue.retain(|(kind, ..)| kind != "notice");
    queue.sort();
    let mut expected = [row("down", "first", "dead"), row("down", "spare", "sent")].to_vec();
    expected.extend([row("up", "first", "sent"), row("up", "spare", "sent")]);
    assert_eq!(queue, expected);
}
