//! Mail: every way of TLS, what servers do wrong, what a mail holds, and who has to say yes first or may say no.
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::http::{self, Reply};
use crate::support::http_sink::HttpSink;
use crate::support::smtp_sink::{Fate, Mail, Security, SmtpSink, certificate};
use crate::support::{Maibo, until};

const API: &str = "/api/maibo/v1";

/// An installation that mails by this server, and people come to by https.
fn maibo(sink: &SmtpSink) -> Maibo {
    Maibo::new().with("MAIBO_SMTP_URL", &sink.url()).with("MAIBO_BASE_URL", "https://mon.example")
}

/// Makes a check that tells all channels; gives its UUID.
fn job(maibo: &Maibo, name: &str) -> String {
    let url = maibo.made(&["check", "create", "--name", name, "--every", "1h", "--channel", "*"]);
    url.strip_prefix("https://mon.example/ping/").unwrap().to_owned()
}

/// A check that has just failed, with one channel to `ops@example.org` that the operator made.
fn failed(mut maibo: Maibo) -> Maibo {
    maibo.channel("email", "mail", &["to=ops@example.org"]);
    let uuid = job(&maibo, "Job");
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    maibo
}

/// The attempts on all alerts about checks, oldest first: outcome and detail.
fn attempts(maibo: &Maibo) -> Vec<(String, String)> {
    maibo.rows(
        "SELECT a.outcome, a.detail FROM attempts a JOIN outbox o ON o.id = a.outbox_id
         WHERE o.check_id IS NOT NULL ORDER BY a.id",
    )
}

#[track_caller]
fn first_attempt(maibo: &Maibo) -> (String, String) {
    until("the first try is recorded", || !attempts(maibo).is_empty());
    attempts(maibo).remove(0)
}

#[rstest]
#[case::tls_from_the_start(Security::Tls("server"), "ca.pem")]
#[case::starttls(Security::StartTls("server"), "ca.pem")]
#[case::a_certificate_that_signed_itself(Security::StartTls("self"), "self.pem")]
fn mail_goes_through_tls_to_a_server_of_ones_own_ca(#[case] security: Security, #[case] ca: &str) {
    let sink = SmtpSink::secured(security, []);
    let url = sink.url_as("ops%40example.org", "secret-word");
    let maibo = maibo(&sink)
        .with("MAIBO_SMTP_URL", &url)
        .with("MAIBO_SMTP_CA_FILE", &certificate(ca).display().to_string());
    let maibo = failed(maibo);
    let mail = sink.wait_for(1).remove(0);
    maibo.all_delivered();
    assert!(mail.encrypted && sink.verbs().contains(&"AUTH".to_owned()));
    assert_eq!(mail.from, "ops@example.org", "who signs in is the sender");
}

#[rstest]
#[case::nobody_known_signed_it(Security::Tls("server"), None, "UnknownIssuer", "MAIBO_SMTP_CA_FILE")]
#[case::nobody_known_signed_it_2(Security::StartTls("server"), None, "UnknownIssuer", "MAIBO_SMTP_CA_FILE")]
#[case::of_another_host(Security::Tls("other"), Some("ca.pem"), "not valid for name", "the host name that")]
#[case::an_authority_itself(
    Security::Tls("authority"),
    Some("authority.pem"),
    "CaUsedAsEndEntity",
    "basicConstraints=CA:FALSE"
)]
fn a_certificate_that_is_not_to_be_trusted_gets_no_password(
    #[case] security: Security,
    #[case] ca: Option<&str>,
    #[case] words: &str,
    #[case] advice: &str,
) {
    let sink = SmtpSink::secured(security, []);
    let url = sink.url_as("ops%40example.org", "secret-word");
    let mut maibo = maibo(&sink).with("MAIBO_SMTP_URL", &url);
    if let Some(ca) = ca {
        maibo = maibo.with("MAIBO_SMTP_CA_FILE", &certificate(ca).display().to_string());
    }
    let maibo = failed(maibo);
    let (outcome, detail) = first_attempt(&maibo);
    assert!(outcome == "retry" && detail.contains(words), "{outcome}: {detail}");
    assert_eq!(maibo.row::<(String,)>("SELECT broken FROM channels").0, "");
    let doctor = maibo.run(&["doctor"]).stdout;
    let line = doctor.lines().find(|line| line.starts_with("FAIL  mail:")).unwrap();
    assert!(line.contains(words) && line.contains(advice), "{line}");
    let verbs = sink.verbs();
    assert!(!verbs.iter().any(|verb| verb == "AUTH" || verb == "MAIL"), "{verbs:?}");
}

#[test]
fn where_starttls_was_taken_away_nothing_is_said_in_clear() {
    let sink = SmtpSink::start([]);
    let url = format!("smtp+starttls://ops%40example.org:secret-word@{}", sink.addr());
    let maibo = failed(maibo(&sink).with("MAIBO_SMTP_URL", &url));
    let (outcome, detail) = first_attempt(&maibo);
    assert!(outcome == "retry" && detail.contains("STARTTLS is not supported"), "{outcome}: {detail}");
    let doctor = maibo.run(&["doctor"]).stdout;
    assert!(doctor.contains("nothing was sent in clear text"), "{doctor}");
    let verbs = sink.verbs();
    assert!(verbs.iter().all(|verb| verb == "EHLO" || verb == "QUIT"), "{verbs:?}");
}

#[test]
fn a_ca_file_that_is_none_stops_the_start_and_says_why() {
    for (file, words) in
        [(certificate("make.sh"), "no certificate in it"), ("/nowhere.pem".into(), "/nowhere.pem")]
    {
        let maibo = Maibo::new()
            .with("MAIBO_SMTP_URL", "smtps://127.0.0.1:9")
            .with("MAIBO_SMTP_CA_FILE", &file.display().to_string());
        let ran = maibo.run(&["serve"]);
        assert!(ran.code != Some(0) && ran.stderr.contains(words), "{ran:?}");
        let doctor = maibo.run(&["doctor"]);
        assert!(doctor.stdout.contains("FAIL  settings:") && doctor.stdout.contains(words), "{doctor:?}");
    }
}

#[test]
fn what_follows_the_last_answer_does_not_count() {
    let sink = SmtpSink::start([Fate::TakenWithJunk, Fate::TakenWithJunk]);
    let maibo = failed(maibo(&sink));
    sink.wait_for(1);
    maibo.all_delivered();
    let uuid = maibo.row::<(String,)>("SELECT uuid FROM checks").0;
    maibo.ping_ok(&uuid);
    sink.wait_for(2);
    maibo.all_delivered();
    let outcomes: Vec<String> = attempts(&maibo).into_iter().map(|(outcome, _)| outcome).collect();
    assert_eq!(outcomes, ["sent", "sent"]);
    assert_eq!(sink.mails().len(), 2);
}

#[rstest]
#[case::spam(Fate::NoContent("554 DT:SPM 163 smtp10"), "dead", "DT:SPM", false)]
#[case::policy(Fate::NoRecipient("550 Mail content denied"), "dead", "content denied", false)]
#[case::gone(Fate::NoRecipient("550 5.1.1 no such user"), "dead", "no such user", true)]
#[case::full(Fate::NoRecipient("552 5.2.2 mailbox full"), "retry", "mailbox full", false)]
#[case::not_ours(Fate::NoRecipient("553 Mail from must equal authorized user"), "retry", "authorized", false)]
#[case::no_relay(Fate::NoRecipient("554 5.7.1 Relay access denied"), "retry", "Relay", false)]
#[case::busy(Fate::NoContent("451 4.3.0 try again later"), "retry", "try again later", false)]
fn a_refusal_is_what_its_code_and_words_say(
    #[case] fate: Fate,
    #[case] outcome: &str,
    #[case] words: &str,
    #[case] breaks: bool,
) {
    let sink = SmtpSink::start([fate]);
    let maibo = failed(maibo(&sink));
    let (first, detail) = first_attempt(&maibo);
    assert!(first == outcome && detail.contains(words), "{first}: {detail}");
    let broken = maibo.row::<(String,)>("SELECT broken FROM channels WHERE name = 'mail'").0;
    assert_eq!(!broken.is_empty(), breaks, "{broken}");
}

#[test]
fn a_server_that_falls_silent_holds_up_nobody_for_long() {
    let sink = SmtpSink::start([Fate::Hangs]);
    let maibo = failed(maibo(&sink));
    let (outcome, detail) = first_attempt(&maibo);
    assert!(outcome == "retry" && detail.contains("took too long"), "{outcome}: {detail}");
    maibo.execute("UPDATE outbox SET next_at = 0");
    sink.wait_for(1);
    maibo.all_delivered();
}

#[test]
fn the_headers_are_those_that_mail_programs_and_filters_look_for() {
    let sink = SmtpSink::start([]);
    let maibo = failed(maibo(&sink));
    let down = sink.wait_for(1).remove(0);
    let uuid = maibo.row::<(String,)>("SELECT uuid FROM checks").0;
    maibo.ping_ok(&uuid);
    let up = sink.wait_for(2).remove(1);
    let header =
        |mail: &Mail, name: &str| mail.header(name).unwrap_or_else(|| panic!("no {name}: {}", mail.data));
    for mail in [&down, &up] {
        assert_eq!(mail.from, "maibo@mon.example");
        assert!(header(mail, "From").ends_with("<maibo@mon.example>"));
        assert_eq!((mail.to.as_str(), header(mail, "To").as_str()), ("ops@example.org", "ops@example.org"));
        assert_eq!(header(mail, "Auto-Submitted"), "auto-generated");
        assert_eq!(header(mail, "X-Auto-Response-Suppress"), "All");
        assert_eq!(header(mail, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        assert_eq!(header(mail, "MIME-Version"), "1.0");
        assert!(header(mail, "Date").ends_with("+0000"));
        assert!(header(mail, "Content-Type").starts_with("multipart/alternative"));
        assert!(mail.data.lines().all(|line| line.is_ascii() && line.len() < 998));
    }
    let ids = [header(&down, "Message-ID"), header(&up, "Message-ID")];
    assert!(ids[0] != ids[1] && ids.iter().all(|id| id.ends_with("@mon.example>")), "{ids:?}");
    assert_eq!(header(&down, "References"), header(&up, "References"), "one thread");
    assert_eq!(header(&up, "In-Reply-To"), header(&up, "References"));
    assert_eq!(header(&down, "Subject"), "DOWN | Job");
    let link = unsubscribe_link(&down);
    assert!(link.starts_with("https://mon.example/unsubscribe/"), "{link}");
    for part in ["text/plain", "text/html"] {
        assert!(down.part(part).contains(&link), "{}", down.part(part));
    }
}

#[test]
fn one_click_needs_https() {
    let sink = SmtpSink::start([]);
    let maibo = maibo(&sink).with("MAIBO_BASE_URL", "http://mon.example");
    maibo.channel("email", "mail", &["to=ops@example.org"]);
    let url = maibo.made(&["check", "create", "--name", "Job", "--every", "1h", "--channel", "*"]);
    let mut maibo = maibo;
    maibo.serve();
    maibo.ping_ok(&format!("{}/fail", url.strip_prefix("http://mon.example/ping/").unwrap()));
    let mail = sink.wait_for(1).remove(0);
    assert!(unsubscribe_link(&mail).starts_with("http://mon.example/unsubscribe/"));
    assert_eq!(mail.header("List-Unsubscribe-Post"), None);
}

fn unsubscribe_link(mail: &Mail) -> String {
    let header = mail.header("List-Unsubscribe").unwrap();
    header.strip_prefix('<').unwrap().strip_suffix('>').unwrap().to_owned()
}

/// The link to confirm in a mail that asks.
fn confirm_link(mail: &Mail) -> String {
    let text = mail.part("text/plain");
    let at = text.find("https://mon.example/confirm/").unwrap_or_else(|| panic!("no link: {text}"));
    text[at..].split_whitespace().next().unwrap().to_owned()
}

/// A call with a key of the project.
#[track_caller]
fn call(maibo: &Maibo, method: &str, tail: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let reply = maibo.api(method, &format!("{API}{tail}"), &body);
    (reply.status, if reply.body.is_empty() { Value::Null } else { reply.json() })
}

/// What somebody does with a link of a mail, from another site and without a cookie.
fn follow(maibo: &Maibo, method: &str, link: &str) -> Reply {
    let path = link.strip_prefix("https://mon.example").unwrap();
    let headers = [
        ("Origin", "https://mailbox.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let body: &[u8] = if method == "POST" { b"List-Unsubscribe=One-Click" } else { b"" };
    http::request(maibo.addr(), method, path, &headers, body)
}

/// Makes an email channel by the API; gives its path there, and itself.
#[track_caller]
fn mail_channel(maibo: &Maibo, to: &str) -> (u16, Value) {
    let (_, projects) = call(maibo, "GET", "/projects", &Value::Null);
    let project = projects["projects"][0]["uuid"].as_str().unwrap();
    let wanted = json!({"kind": "email", "name": to, "settings": {"to": to}, "for_all": true});
    call(maibo, "POST", &format!("/projects/{project}/channels"), &wanted)
}

#[test]
fn a_stranger_is_asked_once_and_alerts_wait_for_the_answer() {
    let sink = SmtpSink::start([]);
    let mut maibo = maibo(&sink);
    let uuid = job(&maibo, "Job");
    maibo.serve();
    let (status, channel) = mail_channel(&maibo, "Stranger@example.net");
    assert_eq!((status, &channel["consent"]), (201, &json!("asked")), "{channel}");
    let path = format!("/channels/{}", channel["uuid"].as_str().unwrap());

    let asked = sink.wait_for(1).remove(0);
    assert_eq!(asked.to, "Stranger@example.net");
    assert_eq!((asked.header("List-Unsubscribe"), asked.header("References")), (None, None));
    assert_eq!(asked.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert!(asked.part("text/html").contains("default"), "it names the project");

    // The alert stays in the queue, which is no failure; a test is refused.
    maibo.ping_ok(&format!("{uuid}/fail"));
    until("it was looked at", || {
        maibo.number("SELECT COUNT(*) FROM outbox WHERE attempts = 1 AND leased_until = 0") == 1
    });
    assert_eq!(attempts(&maibo), [], "nothing was tried");
    assert_eq!(maibo.row::<(String,)>("SELECT state FROM outbox").0, "queued");
    let (_, tested) = call(&maibo, "POST", &format!("{path}/test"), &Value::Null);
    let detail = tested["detail"].as_str().unwrap_or_default();
    assert!(tested["outcome"] == "failed" && detail.contains("confirms the address"), "{tested}");
    maibo.execute("DELETE FROM outbox WHERE kind = 'test'");

    // Who only looks changes nothing; neither does a link that is not ours.
    let link = confirm_link(&asked);
    let page = follow(&maibo, "GET", &link);
    assert!(page.status == 200 && page.text().contains("Stranger@example.net"), "{}", page.text());
    let (head, signature) = link.rsplit_once('/').unwrap();
    assert_eq!(follow(&maibo, "POST", &format!("{head}/{}", signature.replace(['a', '1'], "b"))).status, 404);
    assert_eq!(
        follow(&maibo, "POST", &format!("{}/{signature}", head.replace("confirm", "unsubscribe"))).status,
        404
    );
    assert_eq!(call(&maibo, "GET", &path, &Value::Null).1["consent"], "asked");
    assert_eq!(sink.mails().len(), 1, "one mail asks, however often one looks");

    assert_eq!(follow(&maibo, "POST", &link).status, 200);
    assert_eq!(call(&maibo, "GET", &path, &Value::Null).1["consent"], "given");
    let alert = sink.wait_for(2).remove(1);
    assert_eq!(alert.header("Subject").as_deref(), Some("DOWN | Job"));
    maibo.all_delivered();
    assert_eq!(follow(&maibo, "POST", &link).status, 200, "twice is as good as once");

    // Whoever said yes to one channel of the project is not asked about another.
    let (_, second) = mail_channel(&maibo, "stranger@example.net");
    assert_eq!(second["consent"], Value::Null);
    // A new address is a new question; another name is not.
    let (_, renamed) = call(&maibo, "PATCH", &path, &json!({"name": "night shift"}));
    assert_eq!(renamed["consent"], "given");
    let (_, moved) = call(&maibo, "PATCH", &path, &json!({"settings": {"to": "other@example.net"}}));
    assert_eq!(moved["consent"], "asked");
    assert_eq!(sink.wait_for(3)[2].to, "other@example.net");
    assert_eq!(follow(&maibo, "POST", &link).status, 404, "the old link says nothing about the new address");
}

#[test]
fn who_unsubscribes_gets_nothing_more_until_they_confirm_again() {
    let sink = SmtpSink::start([]);
    let robot = HttpSink::wecom();
    let maibo = failed(maibo(&sink));
    let channel = maibo.row::<(String,)>("SELECT uuid FROM channels").0;
    let url = format!("url={}", robot.url("/cgi-bin/webhook/send?key=0123456789"));
    maibo.channel("wecom", "owners", &[&url]);
    let path = format!("/channels/{channel}");
    let uuid = maibo.row::<(String,)>("SELECT uuid FROM checks").0;
    let link = unsubscribe_link(&sink.wait_for(1)[0]);
    assert_eq!(follow(&maibo, "GET", &link).status, 200);
    assert_eq!(call(&maibo, "GET", &path, &Value::Null).1["consent"], Value::Null, "looking changes nothing");

    let reply = follow(&maibo, "POST", &link);
    assert_eq!((reply.status, reply.header("location")), (200, None), "no detours: {}", reply.text());
    let (_, told) = call(&maibo, "GET", &path, &Value::Null);
    assert_eq!(
        (&told["consent"], &told["broken"]),
        (&json!("withdrawn"), &json!("the recipient unsubscribed"))
    );
    maibo.ping_ok(&uuid);
    until("the next alert is given up", || attempts(&maibo).len() == 2);
    assert_eq!(attempts(&maibo)[1], ("dead".to_owned(), "the recipient unsubscribed".to_owned()));
    let notice = robot.wait_for(1).remove(0).text();
    assert!(notice.contains("the recipient unsubscribed"), "the owners hear of it elsewhere: {notice}");
    // Neither a new name nor a test brings them back.
    let (_, renamed) = call(&maibo, "PATCH", &path, &json!({"name": "ops"}));
    assert_eq!((&renamed["consent"], &renamed["broken"]), (&json!("withdrawn"), &told["broken"]));
    assert_eq!(maibo.run(&["channel", "test", &channel]).code, Some(1));
    assert_eq!(sink.mails().len(), 1);
    let doctor = maibo.run(&["doctor"]).stdout;
    assert!(doctor.contains("the recipient unsubscribed — its page can ask them again"), "{doctor}");

    let (status, asked) = call(&maibo, "POST", &format!("{path}/ask"), &Value::Null);
    assert_eq!((status, &asked["consent"]), (200, &json!("asked")), "{asked}");
    let confirm = confirm_link(&sink.wait_for(2)[1]);
    assert_eq!(follow(&maibo, "POST", &confirm).status, 200);
    let (_, told) = call(&maibo, "GET", &path, &Value::Null);
    assert_eq!((&told["consent"], &told["broken"]), (&json!("given"), &Value::Null));
    maibo.ping_ok(&format!("{uuid}/fail"));
    sink.wait_for(3);
    maibo.all_delivered();
    assert_eq!(robot.heard().len(), 1, "and once");
    let (status, told) = call(&maibo, "POST", &format!("{path}/ask"), &Value::Null);
    assert_eq!(status, 409, "there is nothing to ask: {told}");
}

#[test]
fn members_and_the_operators_own_channels_are_not_asked_and_strangers_not_too_often() {
    let sink = SmtpSink::start([]);
    let mut maibo = maibo(&sink);
    let made = maibo
        .run_with(&["user", "create", "--email", "ops@example.org", "--password-stdin"], "a long password\n");
    assert_eq!(made.code, Some(0), "{made:?}");
    maibo.serve();
    assert_eq!(mail_channel(&maibo, "OPS@example.org").1["consent"], Value::Null);
    maibo.channel("email", "mail", &["to=stranger@example.net"]);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channels WHERE consent <> ''"), 0);

    for _ in 0..3 {
        let (status, told) = mail_channel(&maibo, "stranger@example.net");
        assert_eq!((status, &told["consent"]), (201, &json!("asked")));
    }
    let (status, told) = mail_channel(&maibo, "Stranger@Example.net");
    assert_eq!(status, 429, "{told}");
    assert_eq!(mail_channel(&maibo, "another@example.net").0, 201);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channels"), 6, "what is refused is not made");
}

#[test]
fn a_mail_that_asks_is_tried_again_and_its_trouble_is_shown() {
    let sink = SmtpSink::start([
        Fate::NoRecipient("450 4.2.0 greylisted"),
        Fate::NoRecipient("550 5.1.1 no such user"),
    ]);
    let mut maibo = maibo(&sink).with("MAIBO_TRUSTED_PROXIES", "127.0.0.1");
    maibo
        .run_with(&["user", "create", "--email", "ops@example.org", "--password-stdin"], "a long password\n");
    maibo.serve();
    assert_eq!(mail_channel(&maibo, "stranger@example.net").0, 201);
    let trouble = |maibo: &Maibo| maibo.row::<(String,)>("SELECT trouble FROM consent_mails").0;
    until("the first try is recorded", || trouble(&maibo).contains("greylisted"));
    assert!(maibo.number("SELECT next_at - made_at FROM consent_mails") > 0, "it is tried again");
    maibo.execute("UPDATE consent_mails SET next_at = 0");
    until("the second try is recorded", || trouble(&maibo).contains("no such user"));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM consent_mails WHERE next_at IS NOT NULL"), 0);

    let form = b"email=ops%40example.org&password=a+long+password";
    let reply = http::request(maibo.addr(), "POST", "/login", &[], form);
    let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let project = maibo.row::<(String,)>("SELECT uuid FROM projects").0;
    let channel = maibo.row::<(String,)>("SELECT uuid FROM channels").0;
    let page = |path: &str, method: &str| {
        let headers = [("Cookie", cookie.as_str()), ("Accept-Language", "en")];
        http::request(maibo.addr(), method, path, &headers, b"")
    };
    let list = page(&format!("/projects/{project}/channels"), "GET").text();
    assert!(list.contains("no such user") && list.contains(&format!("/channels/{channel}/ask")), "{list}");
    assert_eq!(page(&format!("/channels/{channel}/ask"), "POST").status, 303);
    sink.wait_for(1);
    until("the mail is recorded", || {
        maibo.number("SELECT COUNT(*) FROM consent_mails WHERE mailed_at > 0") == 1
    });
    let own = format!("/channels/{channel}");
    for path in [&format!("/projects/{project}/channels"), &own] {
        let told = page(path, "GET").text();
        assert!(told.contains("the mail that asks went out"), "{path}: {told}");
        let (ask, test) = (format!("{own}/ask\""), format!("{own}/test\""));
        assert!(told.contains(&ask) && !told.contains(&test), "a test would be refused: {path}: {told}");
    }
    let doctor = maibo.run(&["doctor"]).stdout;
    assert!(doctor.contains("waits until its recipient confirms"), "{doctor}");
}
