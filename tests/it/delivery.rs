//! From the outbox to the world: at least once, in order, independent per channel, visible.
use rstest::rstest;
use serde_json::Value;

use crate::support::http_sink::{Answer, HttpSink};
use crate::support::smtp_sink::{Fate, SmtpSink};
use crate::support::{Maibo, eventually, until};

/// A webhook channel that posts `$STATUS` for both sides.
fn hook(maibo: &Maibo, name: &str, sink: &HttpSink) -> String {
    let url = sink.url("/hook");
    let (down, up) = (format!("url_down={url}"), format!("url_up={url}"));
    let fields =
        [down.as_str(), "method_down=POST", "body_down=$STATUS", &up, "method_up=POST", "body_up=$STATUS"];
    maibo.channel("webhook", name, &fields)
}

fn robot(maibo: &Maibo, sink: &HttpSink) -> String {
    maibo.channel(
        "wecom",
        "robot",
        &[&format!("url={}", sink.url("/cgi-bin/webhook/send?key=secret-robot-key"))],
    )
}

fn texts(sink: &HttpSink) -> Vec<String> {
    sink.heard().iter().map(crate::support::http_sink::Heard::text).collect()
}

/// The attempts on all alerts: channel, outcome, detail.
fn attempts(maibo: &Maibo) -> Vec<(String, String, String)> {
    maibo.rows(
        "SELECT c.name, a.outcome, a.detail FROM attempts a JOIN outbox o ON o.id = a.outbox_id
         JOIN channels c ON c.id = o.channel_id ORDER BY a.id",
    )
}

fn attempt(name: &str, outcome: &str, detail: &str) -> (String, String, String) {
    (name.to_owned(), outcome.to_owned(), detail.to_owned())
}

fn job(maibo: &Maibo) -> String {
    maibo.check("Job", &["--every", "1h", "--channel", "*"])
}

#[test]
fn after_a_500_it_is_tried_again_and_up_never_overtakes_down() {
    let sink = HttpSink::start([Answer::status(500)], Answer::status(200));
    let mut maibo = Maibo::new();
    hook(&maibo, "hook", &sink);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    sink.wait_for(1);
    maibo.ping_ok(&uuid);
    sink.wait_for(3);
    maibo.all_delivered();
    assert_eq!(texts(&sink), ["down", "down", "up"]);
    assert_eq!(
        attempts(&maibo),
        [
            attempt("hook", "retry", "HTTP 500"),
            attempt("hook", "sent", "HTTP 200"),
            attempt("hook", "sent", "HTTP 200")
        ]
    );
    let counted: Vec<(i64,)> = maibo.rows("SELECT attempts FROM outbox ORDER BY id");
    assert_eq!(counted, [(2,), (1,)]);
}

#[test]
fn down_and_up_of_one_check_come_in_order_however_fast_they_follow() {
    let sink = HttpSink::ok();
    let mut maibo = Maibo::new();
    hook(&maibo, "hook", &sink);
    let uuid = job(&maibo);
    maibo.serve();
    for _ in 0..10 {
        maibo.ping_ok(&format!("{uuid}/fail"));
        maibo.ping_ok(&uuid);
    }
    sink.wait_for(20);
    maibo.all_delivered();
    assert_eq!(texts(&sink), ["down", "up"].repeat(10));
}

#[test]
fn a_channel_that_hangs_delays_no_other() {
    let (dead, quick) = (HttpSink::start([], Answer::Hangs), HttpSink::ok());
    let mut maibo = Maibo::new();
    hook(&maibo, "dead", &dead);
    hook(&maibo, "quick", &quick);
    let checks: Vec<String> = (0..20).map(|_| job(&maibo)).collect();
    maibo.serve();
    for uuid in &checks {
        maibo.ping_ok(&format!("{uuid}/fail"));
    }
    dead.wait_for(1);
    quick.wait_for(20);
    for uuid in &checks {
        maibo.ping_ok(uuid);
    }
    quick.wait_for(40);
    let sent_by_dead = maibo.number(
        "SELECT COUNT(*) FROM attempts a JOIN outbox o ON o.id = a.outbox_id JOIN channels c ON c.id = o.channel_id
         WHERE c.name = 'dead' AND a.outcome = 'sent'",
    );
    assert_eq!(sent_by_dead, 0);
    assert!(dead.heard().len() <= 12, "a few at once, not all: {}", dead.heard().len());
}

/// A gateway that hangs makes all its channels hang: more of them than there is room for messages under way.
#[test]
fn a_hundred_channels_that_hang_delay_no_other() {
    let (dead, quick) = (HttpSink::start([], Answer::Hangs), HttpSink::ok());
    let mut maibo = Maibo::new();
    for n in 0..100 {
        hook(&maibo, &format!("dead {n}"), &dead);
    }
    let last = hook(&maibo, "quick", &quick);
    let stuck: Vec<String> = (0..8).map(|_| job(&maibo)).collect();
    let sound = maibo.check("sound", &["--every", "1h", "--channel", &last]);
    maibo.serve();
    for uuid in &stuck {
        maibo.ping_ok(&format!("{uuid}/fail"));
    }
    dead.wait_for(200);
    maibo.ping_ok(&format!("{sound}/fail"));
    // The eight as well: what hangs is in nobody's way, and what does not gets its turn before the first has timed out.
    quick.wait_for(9);
    let given_up = maibo.number("SELECT COUNT(*) FROM attempts WHERE outcome <> 'sent'");
    assert_eq!(given_up, 0, "before anything hung for long enough to be given up");
}

/// An alert of yesterday in the same message takes none of today's with it.
#[test]
fn what_waits_since_yesterday_is_given_up_alone() {
    let sink = HttpSink::start([], Answer::status(500));
    let mut maibo = Maibo::new();
    robot(&maibo, &sink);
    let checks: Vec<String> = (0..5).map(|_| job(&maibo)).collect();
    maibo.serve();
    for uuid in &checks {
        maibo.ping_ok(&format!("{uuid}/fail"));
    }
    until("each was tried", || maibo.number("SELECT COUNT(DISTINCT outbox_id) FROM attempts") == 5);
    // One was tried for a day, another has only waited for its turn.
    maibo.execute(
        "UPDATE outbox SET batch = 'together', next_at = (SELECT MAX(next_at) FROM outbox),
            attempts = CASE id WHEN 1 THEN 30 ELSE 1 END,
            created_at = CASE WHEN id <= 2 THEN created_at - 90000000000 ELSE created_at END",
    );
    until("one is given up", || maibo.number("SELECT COUNT(*) FROM outbox WHERE state = 'dead'") > 0);
    let dead: Vec<(i64,)> = maibo.rows("SELECT id FROM outbox WHERE state = 'dead'");
    assert_eq!(dead, [(1,)]);
}

#[rstest]
#[case::garbage(Answer::Garbage)]
#[case::redirect_to_a_private_address(Answer::Redirects("http://10.0.0.1/steal".to_owned()))]
#[case::redirect_to_another_loopback(Answer::Redirects("http://127.0.0.2:1/steal".to_owned()))]
#[case::redirect_to_another_scheme(Answer::Redirects("file:///etc/passwd".to_owned()))]
#[case::partial_content(Answer::status(206))]
#[case::not_found(Answer::status(404))]
#[case::too_many(Answer::status(429))]
#[case::unavailable(Answer::status(503))]
fn whatever_else_a_webhook_answers_is_tried_again(#[case] answer: Answer) {
    let sink = HttpSink::start([answer], Answer::status(204));
    let mut maibo = Maibo::new();
    hook(&maibo, "hook", &sink);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    sink.wait_for(2);
    maibo.all_delivered();
    let outcomes: Vec<String> = attempts(&maibo).into_iter().map(|(_, outcome, _)| outcome).collect();
    assert_eq!(outcomes, ["retry", "sent"]);
    let said = format!("{:?}", attempts(&maibo));
    assert!(!said.contains("/hook") && !said.contains("steal"), "no address in the log of attempts: {said}");
}

#[rstest]
#[case(200)]
#[case(201)]
#[case(202)]
#[case(204)]
fn these_four_are_success(#[case] status: u16) {
    let sink = HttpSink::start([], Answer::Says(status, if status == 204 { "" } else { "x" }.to_owned()));
    let mut maibo = Maibo::new();
    hook(&maibo, "hook", &sink);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    until("it is sent", || attempts(&maibo) == [attempt("hook", "sent", &format!("HTTP {status}"))]);
}

#[test]
fn a_redirect_within_what_the_operator_opened_is_followed() {
    let target = HttpSink::ok();
    let sink = HttpSink::start([], Answer::Redirects(target.url("/there")));
    let mut maibo = Maibo::new();
    maibo.channel("webhook", "hook", &[&format!("url_down={}", sink.url("/hook"))]);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    target.wait_for(1);
    maibo.all_delivered();
    assert_eq!(attempts(&maibo), [attempt("hook", "sent", "HTTP 200")]);
}

#[test]
fn an_endless_answer_is_read_only_so_far() {
    let sink = HttpSink::start([], Answer::Says(200, "x".repeat(5_000_000)));
    let mut maibo = Maibo::new();
    hook(&maibo, "hook", &sink);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    until("it is sent", || attempts(&maibo) == [attempt("hook", "sent", "HTTP 200")]);
}

#[test]
fn an_errcode_in_a_200_is_no_success() {
    let sink = HttpSink::start(
        [Answer::wecom(-1, "system busy"), Answer::Says(200, "<html>".into())],
        Answer::wecom(0, "ok"),
    );
    let mut maibo = Maibo::new();
    robot(&maibo, &sink);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    sink.wait_for(1);
    until("the first try is recorded", || attempts(&maibo).len() == 1);
    assert_eq!(attempts(&maibo)[0], attempt("robot", "retry", "errcode -1: system busy"));
    sink.wait_for(2);
    until("the second try is recorded", || attempts(&maibo).len() == 2);
    assert_eq!(attempts(&maibo)[1].1, "retry", "what has no errcode is no success either");
    assert_eq!(sink.heard()[0].header("content-type"), Some(b"application/json".as_slice()));
}

#[test]
fn a_robot_that_is_gone_marks_its_channel_and_a_success_clears_the_mark() {
    let sink = HttpSink::start([Answer::wecom(93000, "invalid webhook url")], Answer::wecom(0, "ok"));
    let mut maibo = Maibo::new();
    let id = robot(&maibo, &sink);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    let broken =
        |maibo: &Maibo| maibo.row::<(String,)>(&format!("SELECT broken FROM channels WHERE uuid = '{id}'")).0;
    until("the channel is marked", || broken(&maibo) == "errcode 93000: invalid webhook url");
    assert_eq!(attempts(&maibo), [attempt("robot", "dead", "errcode 93000: invalid webhook url")]);
    assert_eq!(maibo.row::<(String,)>("SELECT state FROM outbox").0, "dead");
    maibo.ping_ok(&uuid);
    until("the mark is gone", || broken(&maibo).is_empty());
    assert_eq!(sink.heard().len(), 2, "what is given up is not tried again");
}

#[test]
fn what_was_under_way_when_maibo_died_is_sent_again() {
    let sink = HttpSink::start([Answer::Hangs], Answer::status(200));
    let mut maibo = Maibo::new();
    hook(&maibo, "hook", &sink);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    sink.wait_for(1);
    maibo.kill();
    let lease_ends = maibo.number("SELECT leased_until FROM outbox");
    maibo.serve();
    let heard = sink.wait_for(2);
    maibo.all_delivered();
    assert_eq!(heard[0].body, heard[1].body);
    // Nobody holds that lease any more: it need not run out.
    assert!(maibo.number("SELECT at FROM attempts") < lease_ends);
    assert_eq!(maibo.row::<(String, i64)>("SELECT state, attempts FROM outbox"), ("sent".to_owned(), 2));
}

#[test]
fn a_stopping_server_waits_for_what_is_under_way() {
    let sink = HttpSink::start([], Answer::Waits);
    let mut maibo = Maibo::new();
    hook(&maibo, "hook", &sink);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    sink.wait_for(1);
    let addr = maibo.addr();
    maibo.signal("TERM");
    until("nobody listens any more", || std::net::TcpStream::connect(addr).is_err());
    sink.release();
    assert_eq!(maibo.wait().code(), Some(0));
    assert_eq!(maibo.row::<(String,)>("SELECT state FROM outbox").0, "sent");
    assert_eq!(attempts(&maibo), [attempt("hook", "sent", "HTTP 200")]);
}

#[test]
fn a_check_that_is_deleted_is_not_told_about_any_more() {
    let sink = HttpSink::start([Answer::status(500)], Answer::status(200));
    let mut maibo = Maibo::new();
    hook(&maibo, "hook", &sink);
    let (gone, other) = (job(&maibo), maibo.check("Other", &["--every", "1h", "--channel", "*"]));
    maibo.serve();
    maibo.ping_ok(&format!("{gone}/fail"));
    sink.wait_for(1);
    assert_eq!(maibo.run(&["check", "delete", &gone]).code, Some(0));
    maibo.ping_ok(&format!("{other}/fail"));
    sink.wait_for(2);
    maibo.all_delivered();
    assert_eq!(sink.heard().len(), 2);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM outbox"), 1);
}

#[test]
fn placeholders_are_filled_in_url_headers_and_body() {
    let sink = HttpSink::ok();
    let mut maibo = Maibo::new();
    let url = sink.url("/$STATUS/$CODE?n=$NAME&t=$TAG1&b=$BODY&now=$NOW");
    maibo.channel(
        "webhook",
        "hook",
        &[
            &format!("url_down={url}"),
            "method_down=PUT",
            "headers_down=X-Name: ½ $NAME\nX-Exit: $EXITSTATUS\nContent-Type: application/json",
            r#"body_down={"name":$NAME_JSON,"tags":"$TAGS","last":$BODY_JSON,"slug":"$SLUG","no":"$TAG3","check":$JSON}"#,
        ],
    );
    let name = "库 \"a/b\" &$TAG1";
    let uuid =
        maibo.check(name, &["--every", "1h", "--slug", "s", "--channel", "*", "--tag", "数据", "--tag", "x"]);
    maibo.serve();
    assert_eq!(maibo.post(&format!("{uuid}/7"), "line\n\"two\" $NAME".as_bytes()).status, 200);
    let heard = sink.wait_for(1).remove(0);
    assert_eq!(heard.method, "PUT");
    let start =
        format!("/down/{uuid}?n=%E5%BA%93%20%22a/b%22%20%26%24TAG1&t=%E6%95%B0%E6%8D%AE&b=$BODY&now=");
    assert!(heard.target.starts_with(&start), "{}", heard.target);
    assert!(heard.target.ends_with("%2B00%3A00"), "{}", heard.target);
    assert_eq!(heard.header("x-name"), Some(b"\xbd &#24211; \"a/b\" &$TAG1".as_slice()), "latin-1");
    assert_eq!(heard.header("x-exit"), Some(b"7".as_slice()));
    assert_eq!(heard.header("content-type"), Some(b"application/json".as_slice()));
    let body: Value = serde_json::from_slice(&heard.body).unwrap();
    assert_eq!(body["name"], name);
    assert_eq!(body["tags"], "数据 x");
    assert_eq!(body["last"], "line\n\"two\" $NAME", "what a value holds is not filled in again");
    assert_eq!((&body["slug"], &body["no"]), (&Value::from("s"), &Value::from("$TAG3")));
    assert_eq!(body["check"]["uuid"], uuid);
    // No URL for the other side: silence there, without an error.
    maibo.ping_ok(&uuid);
    until("the other side is settled", || {
        maibo.rows::<(String,)>("SELECT state FROM outbox ORDER BY id")
            == [("sent".to_owned(),), ("skipped".to_owned(),)]
    });
    assert_eq!(sink.heard().len(), 1);
}

#[test]
fn an_unknown_recipient_marks_the_channel() {
    let mail = SmtpSink::start([Fate::NoRecipient("550 5.1.1 no such user here")]);
    let mut maibo = Maibo::new().with("MAIBO_SMTP_URL", &mail.url());
    maibo.channel("email", "mail", &["to=nobody@example.org"]);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    until("the channel is marked", || {
        maibo.row::<(String,)>("SELECT broken FROM channels").0.contains("5.1.1")
    });
    assert_eq!(maibo.row::<(String,)>("SELECT state FROM outbox").0, "dead");
    assert!(attempts(&maibo)[0].2.contains("no such user here"), "{:?}", attempts(&maibo));
    assert!(mail.mails().is_empty());
}

#[test]
fn a_greylisted_mail_is_tried_again() {
    let mail = SmtpSink::start([Fate::NoRecipient("450 4.2.0 greylisted, come back later")]);
    let mut maibo = Maibo::new().with("MAIBO_SMTP_URL", &mail.url());
    maibo.channel("email", "mail", &["to=ops@example.org"]);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    until("the first try is recorded", || attempts(&maibo).len() == 1);
    let wait = maibo.number("SELECT o.next_at - a.at FROM outbox o JOIN attempts a ON a.outbox_id = o.id");
    assert!(wait >= 300_000_000, "such servers want to be left alone for five minutes: {wait}");
    maibo.execute("UPDATE outbox SET next_at = 0");
    mail.wait_for(1);
    maibo.all_delivered();
    assert_eq!(mail.refused(), 1);
    let outcomes: Vec<String> = attempts(&maibo).into_iter().map(|(_, outcome, _)| outcome).collect();
    assert_eq!(outcomes, ["retry", "sent"]);
    assert!(attempts(&maibo)[0].2.contains("greylisted"), "{:?}", attempts(&maibo));
}

#[test]
fn a_mail_that_was_cut_off_after_its_data_is_sent_again_under_the_same_id() {
    let mail = SmtpSink::start([Fate::DroppedAfterData]);
    let mut maibo = Maibo::new().with("MAIBO_SMTP_URL", &mail.url());
    maibo.channel("email", "mail", &["to=ops@example.org"]);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    let mails = mail.wait_for(2);
    maibo.all_delivered();
    assert_eq!((mails[0].taken, mails[1].taken), (false, true));
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert!(mails[0].header("Message-ID").is_some());
}

#[test]
fn a_refused_login_is_the_operators_to_mend_and_breaks_no_channel() {
    let mail = SmtpSink::start([Fate::NoLogin("535 Login Fail"), Fate::NoLogin("535 Login Fail")]);
    let mut maibo = Maibo::new().with("MAIBO_SMTP_URL", &mail.url_as("ops%40example.org", "secret-word"));
    maibo.channel("email", "mail", &["to=ops@example.org"]);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    let first = eventually("the first try is recorded", || attempts(&maibo).first().cloned());
    assert_eq!(first.1, "retry");
    assert!(first.2.contains("Login Fail"), "{first:?}");
    assert_eq!(maibo.row::<(String,)>("SELECT broken FROM channels").0, "");
    assert!(!format!("{first:?}{}", maibo.log()).contains("secret-word"));
}

#[test]
fn without_a_mail_server_mail_waits_and_the_reason_is_visible() {
    let mut maibo = Maibo::new();
    maibo.channel("email", "mail", &["to=ops@example.org"]);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    let first = eventually("the first try is recorded", || attempts(&maibo).first().cloned());
    assert!(first.1 == "retry" && first.2.contains("MAIBO_SMTP_URL"), "{first:?}");
    assert_eq!(maibo.row::<(String,)>("SELECT state FROM outbox").0, "queued");
    // A server that is set later gets it.
    assert_eq!(maibo.stop().code(), Some(0));
    let mail = SmtpSink::start([]);
    let mut maibo =
        maibo.with("MAIBO_SMTP_URL", &mail.url()).with("MAIBO_MAIL_FROM", "Pulse 脉搏 <pulse@example.org>");
    maibo.serve();
    let mails = mail.wait_for(1);
    assert_eq!(mails[0].from, "pulse@example.org");
    let from = mails[0].header("From").unwrap();
    assert!(from.is_ascii() && from.ends_with("<pulse@example.org>"), "{from}");
}

#[test]
fn a_name_cannot_become_a_header() {
    let mail = SmtpSink::start([]);
    let mut maibo = Maibo::new().with("MAIBO_SMTP_URL", &mail.url());
    maibo.channel("email", "mail", &["to=ops@example.org"]);
    let uuid = maibo.check("a\r\nBcc: victim@example.org <b>&", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    let mail = mail.wait_for(1).remove(0);
    assert_eq!(mail.header("Bcc"), None);
    assert_eq!(mail.to, "ops@example.org");
    assert!(!mail.part("text/html").contains("<b>"), "{}", mail.part("text/html"));
}

#[test]
fn a_test_message_is_one_try_and_says_what_was_answered() {
    let hooks = HttpSink::start([Answer::status(500)], Answer::status(200));
    let robots = HttpSink::start([Answer::wecom(93000, "invalid webhook url")], Answer::wecom(0, "ok"));
    let mail = SmtpSink::start([Fate::NoRecipient("550 5.1.1 no such user")]);
    let maibo = Maibo::new().with("MAIBO_SMTP_URL", &mail.url());
    let ids = [
        (hook(&maibo, "hook", &hooks), "HTTP 500", "HTTP 200"),
        (robot(&maibo, &robots), "errcode 93000", "errcode 0"),
        (maibo.channel("email", "mail", &["to=ops@example.org"]), "no such user", "250"),
    ];
    for (id, refusal, success) in &ids {
        let failed = maibo.run(&["channel", "test", id]);
        assert_eq!(failed.code, Some(1), "{failed:?}");
        assert!(failed.stderr.contains(refusal) && !failed.stderr.contains("secret-robot-key"), "{failed:?}");
        let sent = maibo.run(&["channel", "test", id]);
        assert_eq!(sent.code, Some(0), "{sent:?}");
        assert!(sent.stderr.contains(success), "{sent:?}");
    }
    assert_eq!((hooks.heard().len(), robots.heard().len(), mail.mails().len()), (2, 2, 1));
    assert!(robots.heard()[1].text().contains("TEST"));
}

#[test]
fn a_chinese_channel_speaks_chinese() {
    let sink = HttpSink::wecom();
    let mut maibo = Maibo::new();
    let url = format!("url={}", sink.url("/cgi-bin/webhook/send?key=0123456789"));
    maibo.made(&[
        "channel",
        "create",
        "--kind",
        "wecom",
        "--name",
        "机器人",
        "--language",
        "zh-CN",
        "--set",
        &url,
    ]);
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/2"));
    let message: Value = serde_json::from_slice(&sink.wait_for(1)[0].body).unwrap();
    let text = message["markdown"]["content"].as_str().unwrap().to_owned();
    assert!(text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{text}");
    assert!(!text.contains("exit status"), "{text}");
}

#[test]
fn what_settings_hold_never_reaches_the_log() {
    let sink = HttpSink::start([Answer::wecom(93000, "invalid webhook url")], Answer::Garbage);
    let mut maibo = Maibo::new().with("MAIBO_LOG", "trace");
    robot(&maibo, &sink);
    let url = sink.url("/secret-path");
    maibo.channel(
        "webhook",
        "hook",
        &[&format!("url_down={url}"), "headers_down=Authorization: Bearer secret-token"],
    );
    let uuid = job(&maibo);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    until("both were tried", || attempts(&maibo).len() >= 2);
    let ours: String =
        maibo.log().lines().filter(|line| !line.contains("TRACE") && !line.contains("DEBUG")).collect();
    for secret in ["secret-robot-key", "secret-path", "secret-token", maibo.key()] {
        assert!(!ours.contains(secret), "{secret}");
        assert!(!format!("{:?}", attempts(&maibo)).contains(secret), "{secret}");
    }
}

/// The vendor mutes a robot beyond twenty messages a minute, and counts those that it refuses.
#[test]
fn what_exceeds_a_robots_limit_goes_together_and_names_every_check() {
    let sink = HttpSink::wecom();
    let mut maibo = Maibo::new();
    robot(&maibo, &sink);
    let uuids: Vec<String> = (0..40)
        .map(|n| maibo.check(&format!("Job-{n:02}"), &["--every", "2s", "--grace", "1s", "--channel", "*"]))
        .collect();
    maibo.serve();
    for uuid in &uuids {
        maibo.ping_ok(uuid);
    }
    until("all have gone down", || {
        maibo.number("SELECT COUNT(*) FROM flips WHERE new_status = 'down'") == 40
    });
    maibo.all_delivered();
    let told = texts(&sink).join("\n");
    for n in 0..40 {
        assert!(told.contains(&format!("Job-{n:02}")), "Job-{n:02} is told about");
    }
    assert!(sink.heard().len() <= 15, "{} messages", sink.heard().len());
}
