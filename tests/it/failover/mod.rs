//! When a channel fails for good: fallbacks, notices, canaries; and what is told together, or to a group.
mod groups;
mod late;
mod pages;

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
