//! A job falls silent and people hear about it; and what happens when it was Maibo that was not there.
use chrono::TimeDelta;
use rstest::rstest;

use crate::support::http_sink::HttpSink;
use crate::support::smtp_sink::SmtpSink;
use crate::support::{Maibo, eventually, now, until};

const SECOND: i64 = 1_000_000;

/// A change of status as it is stored; times in microseconds.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
struct Flip {
    at: i64,
    new_status: String,
    reason: String,
    due_at: Option<i64>,
    blackout_id: Option<i64>,
}

fn flips(maibo: &Maibo, uuid: &str) -> Vec<Flip> {
    maibo.rows(&format!(
        "SELECT f.at, f.new_status, f.reason, f.due_at, f.blackout_id FROM flips f JOIN checks c ON c.id = f.check_id
         WHERE c.uuid = '{uuid}' ORDER BY f.id"
    ))
}

fn goes_down(maibo: &Maibo, uuid: &str) -> Flip {
    eventually("it goes down", || flips(maibo, uuid).into_iter().find(|flip| flip.new_status == "down"))
}

/// Blackouts in order: id, beginning, end, cause.
fn blackouts(maibo: &Maibo) -> Vec<(i64, i64, i64, String)> {
    maibo.rows("SELECT id, from_at, to_at, cause FROM blackouts ORDER BY id")
}

/// One channel of every kind, named after its kind.
struct Everywhere {
    hook: HttpSink,
    robot: HttpSink,
    mail: SmtpSink,
}

impl Everywhere {
    fn start() -> (Maibo, Self) {
        let all = Self { hook: HttpSink::ok(), robot: HttpSink::wecom(), mail: SmtpSink::start([]) };
        let maibo = Maibo::new().with("MAIBO_SMTP_URL", &all.mail.url());
        let url = all.hook.url("/hook");
        maibo.channel(
            "webhook",
            "webhook",
            &[
                &format!("url_down={url}"),
                "method_down=POST",
                "body_down=$STATUS|$NAME|$NOW",
                &format!("url_up={url}"),
                "method_up=POST",
                "body_up=$STATUS|$NAME|$NOW",
            ],
        );
        maibo.channel(
            "wecom",
            "wecom",
            &[&format!("url={}", all.robot.url("/cgi-bin/webhook/send?key=0123456789"))],
        );
        maibo.channel("email", "email", &["to=ops@example.org"]);
        (maibo, all)
    }

    /// What each channel has heard so far: the words of each message, channel by channel.
    fn heard(&self) -> [Vec<String>; 3] {
        let hook = self.hook.heard().iter().map(super::support::http_sink::Heard::text).collect();
        let robot = self.robot.heard().iter().map(|heard| markdown(&heard.text())).collect();
        let mail = self.mail.mails().iter().map(|mail| mail.part("text/plain")).collect();
        [hook, robot, mail]
    }
}

fn markdown(body: &str) -> String {
    let message: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(message["msgtype"], "markdown");
    message["markdown"]["content"].as_str().unwrap().to_owned()
}

/// A moment as webhooks have it.
fn moment(micros: i64) -> String {
    let at = chrono::DateTime::from_timestamp_micros(micros).unwrap();
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}

#[test]
fn silence_is_down_at_the_exact_deadline_and_all_channels_hear_it_and_hear_of_the_return() {
    let (mut maibo, all) = Everywhere::start();
    let uuid =
        maibo.check("Nightly dump", &["--every", "2s", "--grace", "1s", "--channel", "*", "--tag", "db"]);
    maibo.serve();
    maibo.ping_ok(&uuid);
    let down = goes_down(&maibo, &uuid);
    let pinged = maibo.number("SELECT at FROM pings WHERE n = 1");
    assert_eq!((down.reason.as_str(), down.due_at), ("missed", Some(pinged + 2 * SECOND)));
    // To the microsecond, unless the machine itself stood still for seconds.
    assert!(down.at == pinged + 3 * SECOND || down.blackout_id.is_some(), "{pinged} {down:?}");
    assert_eq!(maibo.flips(&uuid)[0]["timestamp"], moment(down.at), "the API tells the same");
    for (n, messages) in eventually("all hear it", || {
        let heard = all.heard();
        heard.iter().all(|messages| !messages.is_empty()).then_some(heard)
    })
    .iter()
    .enumerate()
    {
        assert_eq!(messages.len(), 1, "channel {n}: {messages:?}");
        assert!(messages[0].contains("Nightly dump"), "channel {n}: {messages:?}");
    }
    maibo.all_delivered();

    maibo.ping_ok(&uuid);
    until("all hear it", || all.heard().iter().all(|messages| messages.len() >= 2));
    let up = flips(&maibo, &uuid).into_iter().rfind(|flip| flip.new_status == "up").unwrap();
    assert_eq!(up.at, maibo.number("SELECT at FROM pings WHERE n = 2"));

    let [hook, robot, _] = all.heard();
    assert_eq!(hook[0], format!("down|Nightly dump|{}", moment(down.at)));
    assert_eq!(hook[1], format!("up|Nightly dump|{}", moment(up.at)));
    assert!(robot[0].contains("DOWN | Nightly dump") && robot[0].contains("warning"), "{robot:?}");
    assert!(robot[1].contains("UP | Nightly dump") && robot[1].contains("info"), "{robot:?}");
    let mails = all.mail.mails();
    let subjects: Vec<_> = mails.iter().map(|mail| mail.header("Subject").unwrap()).collect();
    assert_eq!(subjects[..2], ["DOWN | Nightly dump", "UP | Nightly dump"]);
    for mail in &mails {
        assert_eq!(mail.to, "ops@example.org");
        assert!(mail.header("From").unwrap().contains(&mail.from));
        assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
        assert!(mail.header("Date").is_some());
        assert!(mail.part("text/html").contains("Nightly dump"));
        let link = format!("http://maibo.test/checks/{uuid}");
        assert!(mail.part("text/plain").contains(&link) && mail.part("text/html").contains(&link));
    }
    assert_eq!(mails[0].header("References"), mails[1].header("References"), "one thread");
    assert!(mails[0].header("References").is_some());
    assert_ne!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
}

#[test]
fn a_failure_tells_its_exit_status_and_the_end_of_what_the_job_said() {
    let (mut maibo, all) = Everywhere::start();
    let uuid = maibo.check("备份", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    let body = format!("{}\npg_dump: 连接失败", "noise\n".repeat(5000));
    assert_eq!(maibo.post(&format!("{uuid}/3"), body.as_bytes()).status, 200);
    until("all hear it", || all.heard().iter().all(|messages| messages.len() == 1));
    let [hook, robot, mail] = all.heard();
    assert!(hook[0].starts_with("down|备份|"), "{hook:?}");
    for message in [&robot[0], &mail[0]] {
        assert!(message.contains("exit status 3") && message.contains("pg_dump: 连接失败"), "{message}");
    }
    let bytes = serde_json::from_str::<serde_json::Value>(&all.robot.heard()[0].text()).unwrap();
    assert!(bytes["markdown"]["content"].as_str().unwrap().len() <= 4096, "WeCom's limit");
}

#[test]
fn the_first_success_and_a_pause_are_no_news() {
    let (mut maibo, all) = Everywhere::start();
    let uuid = maibo.check("Quiet", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    maibo.ping_ok(&uuid);
    for command in ["pause", "resume"] {
        assert_eq!(maibo.run(&["check", command, &uuid]).code, Some(0));
    }
    maibo.ping_ok(&uuid);
    maibo.ping_ok(&format!("{uuid}/fail"));
    maibo.ping_ok(&format!("{uuid}/fail"));
    maibo.ping_ok(&uuid);
    until("the return is told", || all.heard().iter().all(|messages| messages.len() >= 2));
    maibo.all_delivered();
    assert!(all.heard().iter().all(|messages| messages.len() == 2), "{:?}", all.heard());
    assert_eq!(maibo.number("SELECT COUNT(*) FROM outbox"), 6);
}

#[test]
fn two_jobs_are_two_messages_while_maibo_was_there() {
    let (mut maibo, all) = Everywhere::start();
    let checks = ["a", "b"].map(|name| maibo.check(name, &["--every", "1h", "--channel", "*"]));
    maibo.serve();
    for uuid in &checks {
        maibo.ping_ok(&format!("{uuid}/fail"));
    }
    until("all hear it", || all.heard().iter().all(|messages| messages.len() == 2));
}

/// How Maibo is taken away, and comes back.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Away {
    Suspended,
    Killed,
    Stopped,
}

#[rstest]
#[case(Away::Suspended)]
#[case(Away::Killed)]
#[case(Away::Stopped)]
fn what_fell_due_while_maibo_was_away_has_its_grace_again_and_is_told_in_one_message(#[case] away: Away) {
    let (mut maibo, all) = Everywhere::start();
    let silent: Vec<String> = ["first job", "second job", "third job"]
        .iter()
        .map(|name| maibo.check(name, &["--every", "4s", "--grace", "3s", "--channel", "*"]))
        .collect();
    let alive = maibo.check("living job", &["--every", "4s", "--grace", "3s", "--channel", "*"]);
    maibo.serve();
    for uuid in silent.iter().chain([&alive]) {
        maibo.ping_ok(uuid);
    }
    let before = now();
    match away {
        Away::Suspended => maibo.signal("STOP"),
        Away::Killed => maibo.kill(),
        Away::Stopped => assert_eq!(maibo.stop().code(), Some(0)),
    }
    until("every deadline is long past", || now() - before > TimeDelta::seconds(8));
    let back = now().timestamp_micros();
    match away {
        Away::Suspended => maibo.signal("CONT"),
        Away::Killed | Away::Stopped => maibo.serve(),
    }
    maibo.ping_ok(&alive);

    let down: Vec<Flip> = silent.iter().map(|uuid| goes_down(&maibo, uuid)).collect();
    let [(id, from, to, cause), ..] = &blackouts(&maibo)[..] else { panic!("no blackout is recorded") };
    let expected_cause = if away == Away::Suspended { "stalled" } else { "stopped" };
    assert_eq!(cause, expected_cause);
    assert!(*from <= before.timestamp_micros() + SECOND && *to >= back, "{from} {before:?} {back} {to}");
    for flip in &down {
        assert_eq!(flip.reason, "missed");
        // Another stall on a busy machine would move it once more.
        let (id, to) = match flip.blackout_id {
            Some(told) if told != *id => {
                let other = blackouts(&maibo).into_iter().find(|row| row.0 == told).unwrap();
                (other.0, other.2)
            }
            _ => (*id, *to),
        };
        assert_eq!((flip.blackout_id, flip.at), (Some(id), to + 3 * SECOND), "{flip:?}");
    }
    until("all hear it", || all.heard().iter().all(|messages| !messages.is_empty()));
    maibo.all_delivered();
    let mut heard = all.heard();
    // The living one may go down later by itself: that is another message.
    for messages in &mut heard {
        messages.retain(|text| !text.contains("living job"));
    }
    for (n, messages) in heard.iter().enumerate() {
        assert_eq!(messages.len(), 1, "channel {n}: {messages:?}");
        for name in ["first job", "second job", "third job"] {
            assert!(messages[0].contains(name), "channel {n} does not name {name}: {}", messages[0]);
        }
    }
    for message in [&heard[1][0], &heard[2][0]] {
        assert!(message.contains("Maibo itself was away"), "{message}");
    }
    let subject = all.mail.mails()[0].header("Subject").unwrap();
    assert!(subject.contains("DOWN") && subject.contains('3'), "{subject}");
    let first = all.hook.heard()[0].at.timestamp_micros();
    assert!(first >= to + 3 * SECOND, "no alarm before the grace is over: {first} {to}");

    // Each comes back by itself, in a message of its own.
    for uuid in &silent {
        maibo.ping_ok(uuid);
    }
    until("all hear it", || {
        let returns = |messages: &Vec<String>| {
            messages.iter().filter(|text| text.starts_with("up|") && !text.contains("living")).count()
        };
        returns(&all.heard()[0]) == 3
    });
}

#[test]
fn what_was_not_due_while_maibo_was_away_has_no_such_excuse() {
    let mut maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "6s", "--grace", "1s"]);
    assert_eq!(maibo.stop().code(), Some(0));
    maibo.serve();
    maibo.ping_ok(&uuid);
    let down = goes_down(&maibo, &uuid);
    let pinged = maibo.number("SELECT at FROM pings");
    assert!(
        down.blackout_id.is_none() && down.at == pinged + 7 * SECOND || blackouts(&maibo).len() > 1,
        "{down:?}"
    );
    let [(_, from, to, cause), ..] = &blackouts(&maibo)[..] else { panic!("the restart is no secret") };
    assert!(cause == "stopped" && from <= to && *to <= pinged);
}

#[test]
fn a_run_that_ended_while_maibo_was_away_has_its_grace_again() {
    let mut maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h", "--grace", "3s"]);
    maibo.ping_ok(&format!("{uuid}/start"));
    let started = now();
    maibo.kill();
    until("the run is overdue", || now() - started > TimeDelta::seconds(4));
    maibo.serve();
    assert_ne!(maibo.shown(&uuid)["status"], "down", "nobody is shown as down for our own absence");
    let down = goes_down(&maibo, &uuid);
    let (id, _, to, _) = blackouts(&maibo).remove(0);
    assert_eq!(down.reason, "overrun");
    assert!(down.blackout_id.is_some_and(|told| told > id) || down.at == to + 3 * SECOND, "{down:?} {to}");
}

#[test]
fn nobody_is_shown_as_down_before_the_blackout_is_taken_into_account() {
    let mut maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "2s", "--grace", "1h"]);
    let short = maibo.check("Short", &["--every", "1s", "--grace", "10s"]);
    maibo.ping_ok(&uuid);
    maibo.ping_ok(&short);
    let pinged = now();
    maibo.kill();
    until("the deadline is past", || now() - pinged > TimeDelta::seconds(12));
    maibo.serve();
    assert_eq!(maibo.shown(&short)["status"], "grace");
    assert_eq!(maibo.shown(&uuid)["status"], "grace");
    maibo.ping_ok(&short);
    assert_eq!(flips(&maibo, &short).len(), 1, "it was never down");
}

#[test]
fn a_webhook_hears_of_every_check_that_went_down_after_a_blackout() {
    let sink = HttpSink::ok();
    let mut maibo = Maibo::new();
    let url = format!("url_down={}", sink.url("/hook"));
    maibo.channel("webhook", "hook", &[&url, "method_down=POST", "body_down=$CODE $SLUG $JSON"]);
    let make = |n: i32| maibo.check(&format!("q{n}"), &["--every", "2s", "--grace", "2s", "--channel", "*"]);
    let uuids: Vec<String> = (1..=3).map(make).collect();
    maibo.serve();
    for uuid in &uuids {
        maibo.ping_ok(uuid);
    }
    maibo.kill();
    std::thread::sleep(std::time::Duration::from_secs(6)); // away, beyond every deadline
    maibo.serve();
    let heard = sink.wait_for(1);
    maibo.all_delivered();
    assert_eq!(sink.heard().len(), 1, "one message");
    let text = heard[0].text();
    let (codes, rest) = text.split_once(' ').unwrap();
    let (slugs, json) = rest.split_once(' ').unwrap();
    assert_eq!(slugs, "q1,q2,q3");
    assert!(uuids.iter().all(|uuid| codes.contains(uuid)), "{codes}");
    let told: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(told.as_array().map(Vec::len), Some(3));
}
