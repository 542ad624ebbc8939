//! When a channel fails for good: fallbacks, notices, canaries; and what is told together, or to a group.
use serde_json::Value;

use crate::support::http;
use crate::support::http_sink::{Answer, HttpSink};
use crate::support::{Maibo, until};

const REVOKED: &str = "errcode 93000: invalid webhook url";

fn revoked() -> Answer {
    Answer::wecom(93000, "invalid webhook url")
}

/// A robot at this server; its key tells it from others.
fn robot(maibo: &Maibo, name: &str, sink: &HttpSink) -> String {
    let url = sink.url(&format!("/cgi-bin/webhook/send?key=secret-key-of-{name}"));
    maibo.channel("wecom", name, &[&format!("url={url}")])
}

fn hook(maibo: &Maibo, name: &str, sink: &HttpSink) -> String {
    let url = sink.url("/hook");
    let (down, up) = (format!("url_down={url}"), format!("url_up={url}"));
    let fields =
        [down.as_str(), "method_down=POST", "body_down=$STATUS", &up, "method_up=POST", "body_up=$STATUS"];
    maibo.channel("webhook", name, &fields)
}

fn set(maibo: &Maibo, id: &str, args: &[&str]) {
    let ran = maibo.run(&[&["channel", "set", id], args].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// What robots were told, as they show it.
fn told(sink: &HttpSink) -> Vec<String> {
    let text = |heard: &crate::support::http_sink::Heard| {
        let message: Value = serde_json::from_slice(&heard.body).unwrap();
        message["markdown"]["content"].as_str().unwrap().to_owned()
    };
    sink.heard().iter().map(text).collect()
}

fn job(maibo: &Maibo, channel: &str) -> String {
    maibo.check("Job", &["--every", "1h", "--channel", channel])
}

/// Kind, channel and state of what was queued, in order.
fn queue(maibo: &Maibo) -> Vec<(String, String, String)> {
    maibo.rows(
        "SELECT o.kind, c.name, o.state FROM outbox o JOIN channels c ON c.id = o.channel_id ORDER BY o.id",
    )
}

fn row(kind: &str, channel: &str, state: &str) -> (String, String, String) {
    (kind.to_owned(), channel.to_owned(), state.to_owned())
}

fn broken(maibo: &Maibo, id: &str) -> String {
    maibo.row::<(String,)>(&format!("SELECT broken FROM channels WHERE uuid = '{id}'")).0
}

#[test]
fn what_came_back_before_anybody_was_told_is_one_message() {
    let sink = HttpSink::start([Answer::wecom(-1, "system busy")], Answer::wecom(0, "ok"));
    let mut maibo = Maibo::new();
    robot(&maibo, "robot", &sink);
    let uuid = job(&maibo, "*");
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    sink.wait_for(1);
    maibo.ping_ok(&uuid);
    // The third waits for its turn, and is told by itself.
    maibo.ping_ok(&format!("{uuid}/3"));
    sink.wait_for(3);
    maibo.all_delivered();
    let told = told(&sink);
    assert!(told[0].contains("DOWN"), "{told:?}");
    assert!(told[1].contains("UP") && told[1].contains("was down from"), "{told:?}");
    assert!(told[2].contains("exit status 3"), "{told:?}");
    assert_eq!(
        queue(&maibo),
        [row("down", "robot", "sent"), row("up", "robot", "sent"), row("down", "robot", "sent")]
    );
    let outcomes: Vec<(i64, String)> = maibo.rows("SELECT outbox_id, outcome FROM attempts ORDER BY id");
    let first = outcomes[0].0;
    assert_eq!(outcomes.iter().filter(|(id, _)| *id == first).count(), 2, "{outcomes:?}");
}

#[test]
fn a_dead_channels_alerts_go_to_its_fallback_and_say_why() {
    let (dead, spare) = (HttpSink::start([], revoked()), HttpSink::wecom());
    let mut maibo = Maibo::new();
    let from = robot(&maibo, "first", &dead);
    let to = robot(&maibo, "spare", &spare);
    set(&maibo, &from, &["--fallback", &to]);
    let uuid = job(&maibo, &from);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    // The alert, and the notice that the channel died.
    spare.wait_for(2);
    maibo.all_delivered();
    let told = told(&spare);
    let alert = told.iter().find(|text| text.contains("Job")).unwrap();
    assert!(alert.contains("first") && alert.contains("93000"), "{alert}");
    let notice = told.iter().find(|text| !text.contains("Job")).unwrap();
    assert!(notice.contains("first") && notice.contains("93000"), "{notice}");
    assert!(!told.concat().contains("secret-key"), "{told:?}");
    assert_eq!(
        queue(&maibo),
        [row("down", "first", "dead"), row("down", "spare", "sent"), row("notice", "spare", "sent")]
    );
    let key = maibo.made(&["key", "create", "--scope", "read-only"]);
    let bearer = format!("Bearer {key}");
    let alerts = format!("/api/maibo/v1/checks/{uuid}/alerts");
    let listed = http::request(maibo.addr(), "GET", &alerts, &[("Authorization", &bearer)], b"").json();
    let stands = |n: usize| {
        (listed["alerts"][n]["channel"]["name"].as_str(), listed["alerts"][n]["instead_of"].as_str())
    };
    assert_eq!((stands(0), stands(1)), ((Some("spare"), Some(from.as_str())), (Some("first"), None)));
    let ran = maibo.run(&["channel", "list"]);
    assert!(ran.stdout.contains("  first  (fallback: spare)  BROKEN: errcode 93000"), "{ran:?}");
    // It is told once that it died, however often it fails from then on.
    maibo.ping_ok(&uuid);
    spare.wait_for(3);
    maibo.all_delivered();
    assert_eq!(broken(&maibo, &from), REVOKED);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM outbox WHERE kind = 'notice'"), 1);
}

#[test]
fn a_ring_of_fallbacks_ends() {
    let (one, other) = (HttpSink::start([], revoked()), HttpSink::start([], revoked()));
    let mut maibo = Maibo::new();
    let (a, b) = (robot(&maibo, "a", &one), robot(&maibo, "b", &other));
    set(&maibo, &a, &["--fallback", &b]);
    set(&maibo, &b, &["--fallback", &a]);
    let uuid = job(&maibo, &a);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    until("both are marked", || !broken(&maibo, &a).is_empty() && !broken(&maibo, &b).is_empty());
    maibo.all_delivered();
    let alerts: Vec<_> = queue(&maibo).into_iter().filter(|(kind, ..)| kind == "down").collect();
    assert_eq!(alerts, [row("down", "a", "dead"), row("down", "b", "dead")]);
    assert!(one.heard().len() + other.heard().len() <= 4, "{:?}", queue(&maibo));
}

#[test]
fn a_fallback_is_another_channel_of_the_project_and_no_group() {
    let sink = HttpSink::wecom();
    let maibo = Maibo::new();
    let (a, b) = (robot(&maibo, "a", &sink), robot(&maibo, "b", &sink));
    let group = maibo.channel("group", "both", &["members=a,b"]);
    for bad in [&a, &group, &"nobody".to_owned()] {
        let ran = maibo.run(&["channel", "set", &a, "--fallback", bad]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
    }
    set(&maibo, &a, &["--fallback", &b]);
    set(&maibo, &a, &["--fallback", "none"]);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channels WHERE fallback_id IS NOT NULL"), 0);
}

#[test]
fn without_a_fallback_a_channel_that_works_tells_of_the_death_once() {
    let (dead, works) = (HttpSink::start([revoked(), revoked()], Answer::wecom(0, "ok")), HttpSink::wecom());
    let programs = HttpSink::ok();
    let mut maibo = Maibo::new();
    let id = robot(&maibo, "dead", &dead);
    robot(&maibo, "works", &works);
    hook(&maibo, "program", &programs);
    let uuid = job(&maibo, &id);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    works.wait_for(1);
    maibo.ping_ok(&uuid);
    dead.wait_for(2);
    maibo.all_delivered();
    assert_eq!(works.heard().len(), 1);
    // It works again, and dies again: that is another death.
    maibo.ping_ok(&format!("{uuid}/fail"));
    dead.wait_for(3);
    until("the mark is gone", || broken(&maibo, &id).is_empty());
    maibo.all_delivered();
    assert_eq!((works.heard().len(), programs.heard().len()), (1, 0), "a program has no use for it");
}

#[test]
fn a_group_tells_each_member_once() {
    let sinks = [HttpSink::ok(), HttpSink::ok(), HttpSink::ok()];
    let mut maibo = Maibo::new();
    let ids: Vec<String> =
        ["a", "b", "c"].iter().zip(&sinks).map(|(name, sink)| hook(&maibo, name, sink)).collect();
    let group = maibo.channel("group", "ops", &[&format!("members=a\n{}", ids[1])]);
    maibo.channel("group", "more", &["members=b, c"]);
    // By itself, and in two groups.
    let uuid = maibo.check("Job", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    for sink in &sinks {
        sink.wait_for(1);
    }
    maibo.all_delivered();
    assert_eq!(queue(&maibo), [row("down", "a", "sent"), row("down", "b", "sent"), row("down", "c", "sent")]);
    // A test tests each.
    let tested = maibo.run(&["channel", "test", &group]);
    assert_eq!(tested.code, Some(0), "{tested:?}");
    assert!(tested.stderr.contains("a: ") && tested.stderr.contains("b: "), "{tested:?}");
    assert_eq!(maibo.number("SELECT COUNT(*) FROM outbox WHERE kind = 'test' AND state = 'sent'"), 2);
    // Who is deleted leaves the group.
    maibo.execute(&format!("DELETE FROM channels WHERE uuid = '{}'", ids[0]));
    maibo.ping_ok(&uuid);
    maibo.all_delivered();
    assert_eq!(sinks.each_ref().map(|sink| sink.heard().len()), [2, 3, 2]);
}

#[test]
fn a_group_has_channels_of_its_project_and_no_groups() {
    let sink = HttpSink::ok();
    let maibo = Maibo::new();
    hook(&maibo, "a", &sink);
    maibo.channel("group", "inner", &["members=a"]);
    for (members, why) in
        [("members=a,nobody", "nobody"), ("members=inner", "group"), ("members= , ", "members")]
    {
        let ran = maibo.run(&["channel", "create", "--kind", "group", "--name", "g", "--set", members]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains(why), "{ran:?}");
    }
}

#[test]
fn a_canary_comes_once_a_week_and_a_dead_channel_is_found_by_it() {
    let (works, dead) = (HttpSink::wecom(), HttpSink::start([], revoked()));
    let mut maibo = Maibo::new();
    let ids = [robot(&maibo, "works", &works), robot(&maibo, "dead", &dead)];
    for id in &ids {
        set(&maibo, id, &["--canary", "weekly"]);
    }
    let now = crate::support::now().timestamp_micros();
    assert_eq!(maibo.number(&format!("SELECT COUNT(*) FROM channels WHERE canary_at > {now}")), 2);
    // Three weeks without a server are not made up for.
    maibo.execute("UPDATE channels SET canary_at = canary_at - 1814400000000");
    maibo.serve();
    dead.wait_for(1);
    until("the dead one is marked", || broken(&maibo, &ids[1]) == REVOKED);
    works.wait_for(2);
    maibo.all_delivered();
    let told = told(&works).concat();
    assert!(told.contains("dead"), "its death is told: {told}");
    assert_eq!(maibo.number("SELECT COUNT(*) FROM outbox WHERE kind = 'canary'"), 2);
    assert_eq!(maibo.number(&format!("SELECT COUNT(*) FROM channels WHERE canary_at > {now}")), 2);
    let group = maibo.channel("group", "ops", &["members=works"]);
    let refused = maibo.run(&["channel", "set", &group, "--canary", "weekly"]);
    assert!(refused.code == Some(1) && refused.stderr.contains("each of its members"), "{refused:?}");
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channels WHERE canary_at IS NULL"), 1);
    maibo.execute("DELETE FROM channels WHERE kind = 'group'");
    set(&maibo, &ids[0], &["--canary", "off"]);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channels WHERE canary_at IS NULL"), 1);
}

#[test]
fn killed_in_the_middle_a_fallback_is_neither_lost_nor_doubled() {
    let (dead, spare) = (
        HttpSink::start([], revoked()),
        HttpSink::start([Answer::Hangs, Answer::Hangs], Answer::wecom(0, "ok")),
    );
    let mut maibo = Maibo::new();
    let (from, to) = (robot(&maibo, "first", &dead), robot(&maibo, "spare", &spare));
    set(&maibo, &from, &["--fallback", &to]);
    let uuid = job(&maibo, &from);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    spare.wait_for(2);
    maibo.kill();
    maibo.serve();
    spare.wait_for(4);
    maibo.all_delivered();
    assert_eq!(
        queue(&maibo),
        [row("down", "first", "dead"), row("down", "spare", "sent"), row("notice", "spare", "sent")]
    );
    assert_eq!(dead.heard().len(), 1);
}

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

/// The vendor counts for the robot, whichever channel and whichever process a message comes from.
#[test]
fn two_channels_for_one_robot_share_its_limit_also_after_a_restart() {
    let sink = HttpSink::wecom();
    let mut maibo = Maibo::new();
    let url = format!("url={}", sink.url("/cgi-bin/webhook/send?key=the-one-and-only"));
    for name in ["one", "other"] {
        maibo.channel("wecom", name, &[&url]);
    }
    let uuids: Vec<String> =
        (0..20).map(|n| maibo.check(&format!("Job-{n:02}"), &["--every", "1h", "--channel", "*"])).collect();
    maibo.serve();
    let began = std::time::Instant::now();
    for uuid in &uuids[..10] {
        maibo.ping_ok(&format!("{uuid}/fail"));
    }
    sink.wait_for(8);
    maibo.kill();
    maibo.serve();
    for uuid in &uuids[10..] {
        maibo.ping_ok(&format!("{uuid}/fail"));
    }
    maibo.all_delivered();
    let minutes = usize::try_from(began.elapsed().as_secs() / 60).unwrap() + 1;
    // The kill may have cost a few that were sent and not recorded.
    assert!(sink.heard().len() <= 20 * minutes, "{} messages in {minutes} min", sink.heard().len());
    let text = told(&sink).concat();
    for n in 0..20 {
        assert!(text.contains(&format!("Job-{n:02}")), "Job-{n:02} is told about");
    }
}

/// Somebody who has signed in: the cookie.
fn sign_in(maibo: &Maibo) -> String {
    let args = ["user", "create", "--email", "ops@example.org", "--password-stdin"];
    assert_eq!(maibo.run_with(&args, "a long password").code, Some(0));
    let form = b"email=ops%40example.org&password=a+long+password";
    let ours = ("Origin", "http://maibo.test");
    let reply = http::request(maibo.addr(), "POST", "/login", &[ours], form);
    reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn what_was_not_delivered_is_seen_sent_again_and_put_aside() {
    let sink = HttpSink::start([revoked(), revoked()], Answer::wecom(0, "ok"));
    let mut maibo = Maibo::new();
    let id = robot(&maibo, "robot", &sink);
    let uuid = job(&maibo, &id);
    maibo.serve();
    let cookie = sign_in(&maibo);
    let page = |target: &str| {
        let reply = http::request(maibo.addr(), "GET", target, &[("Cookie", &cookie)], b"");
        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
        reply.text()
    };
    let post = |target: &str, form: &str| {
        let head = [("Cookie", cookie.as_str()), ("Origin", "http://maibo.test")];
        let reply = http::request(maibo.addr(), "POST", target, &head, form.as_bytes());
        assert_eq!(reply.status, 303, "{target}: {}", reply.text());
    };
    let (project,): (String,) = maibo.row("SELECT uuid FROM projects");
    let home = format!("/projects/{project}/checks");
    let list = format!("/projects/{project}/alerts");
    assert!(!page(&home).contains("could not be delivered"));
    maibo.ping_ok(&format!("{uuid}/fail"));
    sink.wait_for(1);
    maibo.ping_ok(&uuid);
    sink.wait_for(2);
    maibo.all_delivered();
    assert!(page(&home).contains("2 alerts could not be delivered"));
    let told = page(&list);
    assert!(told.contains("93000") && told.contains("Job") && !told.contains("secret-key"), "{told}");

    // One by the API, once.
    let key = maibo.made(&["key", "create", "--scope", "read-write"]);
    let bearer = format!("Bearer {key}");
    let call = |method: &str, path: &str| {
        let target = format!("/api/maibo/v1/checks/{uuid}{path}");
        http::request(maibo.addr(), method, &target, &[("Authorization", &bearer)], b"")
    };
    let alerts = call("GET", "/alerts").json();
    assert_eq!(alerts["alerts"][1]["kind"], "down");
    let down = alerts["alerts"][1]["id"].as_i64().unwrap();
    assert_eq!(call("POST", &format!("/alerts/{down}/resend")).status, 202);
    sink.wait_for(3);
    maibo.all_delivered();
    assert_eq!(call("POST", &format!("/alerts/{down}/resend")).status, 409);
    assert_eq!(call("POST", "/alerts/999999/resend").status, 404);
    assert_eq!(broken(&maibo, &id), "");

    // The check is back: that went with it. One more from the page of the channel.
    assert!(!page(&home).contains("could not be delivered"));
    maibo.execute("UPDATE outbox SET state = 'dead' WHERE kind = 'up'");
    let log = page(&format!("/channels/{id}"));
    assert!(log.contains("1 alert could not be delivered") && log.contains("93000"), "{log}");
    post(&format!("/channels/{id}/resend"), "");
    sink.wait_for(4);
    maibo.all_delivered();
    assert!(!page(&home).contains("could not be delivered"));

    // What nobody wants any more is put aside.
    maibo.execute("UPDATE outbox SET state = 'dead'");
    assert!(page(&home).contains("could not be delivered"));
    let newest = maibo.number("SELECT MAX(id) FROM outbox");
    // A second click on "Send again" finds nothing to do, and says so.
    let again = |alert: &str| {
        let head = [("Cookie", cookie.as_str()), ("Origin", "http://maibo.test")];
        http::request(maibo.addr(), "POST", &format!("{list}/{alert}/resend"), &head, b"")
    };
    let first = again(&newest.to_string());
    assert!(first.header("location").unwrap().ends_with("?done=alert-resent"), "{first:?}");
    maibo.all_delivered();
    let second = again(&newest.to_string());
    assert!(second.header("location").unwrap().ends_with("?done=alert-not-given-up"), "{second:?}");
    assert!(page(&format!("{list}?done=alert-not-given-up")).contains("Nothing was sent again"));
    assert_eq!((again("999999").status, again("x").status), (404, 404));
    post(&format!("{list}/dismiss"), &format!("newest={newest}"));
    assert!(!page(&home).contains("could not be delivered"));

    let operator = page("/admin/delivery");
    assert!(operator.contains("robot") && operator.contains("Nothing is waiting"), "{operator}");
}

#[test]
fn fallback_canary_and_members_are_set_in_the_form() {
    let sink = HttpSink::wecom();
    let mut maibo = Maibo::new();
    let (a, b) = (robot(&maibo, "a", &sink), robot(&maibo, "b", &sink));
    maibo.serve();
    let cookie = sign_in(&maibo);
    let post = |target: &str, form: &str| {
        let head = [("Cookie", cookie.as_str()), ("Origin", "http://maibo.test")];
        http::request(maibo.addr(), "POST", target, &head, form.as_bytes())
    };
    let saved = post(&format!("/channels/{a}/edit"), &format!("name=a&language=en&fallback={b}&canary=1"));
    assert_eq!(saved.status, 303, "{}", saved.text());
    let set = "SELECT COUNT(*) FROM channels WHERE name = 'a' AND canary_at IS NOT NULL
        AND fallback_id = (SELECT id FROM channels WHERE name = 'b')";
    assert_eq!(maibo.number(set), 1);
    let shown =
        http::request(maibo.addr(), "GET", &format!("/channels/{a}/edit"), &[("Cookie", &cookie)], b"");
    assert!(shown.text().contains(&format!("value=\"{b}\" selected")), "{}", shown.text());
    assert_eq!(post(&format!("/channels/{a}/edit"), "name=a&language=en&fallback=").status, 303);
    assert_eq!(maibo.number(set), 0);

    let (project,): (String,) = maibo.row("SELECT uuid FROM projects");
    let new = format!("/projects/{project}/channels/new/group");
    let empty = post(&new, "name=ops&language=en");
    assert!(empty.status == 200 && empty.text().contains("class=\"error\""), "{}", empty.text());
    assert_eq!(post(&new, &format!("name=ops&language=en&members={a}&members={b}")).status, 303);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channel_members"), 2);
    // Who is deleted leaves the group, and nobody relies on it any more.
    assert_eq!(post(&format!("/channels/{a}/delete"), "").status, 303);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channel_members"), 1);
    let (settings,): (String,) = maibo.row("SELECT settings FROM channels WHERE kind = 'group'");
    assert!(!settings.contains(&a) && settings.contains(&b), "{settings}");
}

#[test]
fn a_group_that_has_lost_its_last_member_is_told_everywhere() {
    let sink = HttpSink::ok();
    let mut maibo = Maibo::new();
    let ids = [hook(&maibo, "sink", &sink), hook(&maibo, "other", &sink), hook(&maibo, "third", &sink)];
    set(&maibo, &ids[2], &["--fallback", &ids[0]]);
    let group = maibo.channel("group", "alone", &["members=sink"]);
    maibo.channel("group", "pair", &["members=sink,other"]);
    let uuid = maibo.check("Nightly", &["--every", "1h", "--channel", &group]);
    maibo.check("Loud", &["--every", "1h", "--channel", &ids[1]]);
    maibo.serve();
    let cookie = sign_in(&maibo);
    let (project,): (String,) = maibo.row("SELECT uuid FROM projects");
    let page = |target: &str| {
        let reply = http::request(maibo.addr(), "GET", target, &[("Cookie", &cookie)], b"");
        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
        reply.text()
    };
    let check = format!("/checks/{uuid}");
    let lists = [format!("/projects/{project}/channels"), format!("/channels/{group}")];
    let own_banner = "No member of “alone” works";
    for target in lists.iter().chain([&check]) {
        let told = page(target);
        assert!(!told.contains("does not work") && !told.contains("It does not work"), "{target}: {told}");
        assert!(!told.contains(own_banner), "{target}: {told}");
    }
    assert!(!maibo.run(&["doctor"]).stdout.contains("tell nobody"));

    // Whoever deletes it reads what that means.
    let asked = page(&format!("/channels/{}/delete", ids[0]));
    for words in ["“pair”, which will go on", "“alone” will have no member left", "the fallback of “third”"]
    {
        assert!(asked.contains(words), "{words}: {asked}");
    }
    let head = [("Cookie", cookie.as_str()), ("Origin", "http://maibo.test")];
    let delete = format!("/channels/{}/delete", ids[0]);
    assert_eq!(http::request(maibo.addr(), "POST", &delete, &head, b"").status, 303);

    for target in &lists {
        assert!(page(target).contains("It does not work: none of its members"), "{target}");
    }
    let told = page(&check);
    assert!(told.contains("does not work") && told.contains(own_banner), "{told}");
    let doctor = maibo.run(&["doctor"]).stdout;
    assert!(doctor.contains("1 would go down and tell nobody: Nightly"), "{doctor}");
    assert!(
        doctor.contains("`alone` of default reaches nobody") && !doctor.contains("`pair` of default reaches")
    );

    // A member that is broken is none.
    maibo.execute("UPDATE channels SET broken = 'revoked' WHERE name = 'other'");
    let doctor = maibo.run(&["doctor"]).stdout;
    assert!(doctor.contains("`pair` of default reaches nobody"), "{doctor}");
    assert!(doctor.contains("2 would go down and tell nobody: Nightly, Loud"), "{doctor}");
}

#[test]
fn tests_count_for_a_robots_limit() {
    let sink = HttpSink::wecom();
    let maibo = Maibo::new();
    let id = robot(&maibo, "robot", &sink);
    for _ in 0..3 {
        let tested = maibo.run(&["channel", "test", &id]);
        assert_eq!(tested.code, Some(0), "{tested:?}");
    }
    let (sent,): (String,) = maibo.row("SELECT sent FROM paced");
    assert_eq!(serde_json::from_str::<Vec<i64>>(&sent).unwrap().len(), 3);
}
