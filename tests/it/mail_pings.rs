//! Pings by mail: real conversations, by sockets that write what they like and by a client that programs have.
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;

use lettre::message::{Mailbox, MultiPart, SinglePart, header};
use lettre::transport::smtp::client::Tls;
use lettre::{Message, SmtpTransport, Transport as _};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::http::{self, connect};
use crate::support::http_sink::HttpSink;
use crate::support::{Maibo, eventually, until};

const DOMAIN: &str = "ping.example.org";

/// An installation that takes mails at [`DOMAIN`].
fn taking() -> Maibo {
    Maibo::new().with("MAIBO_MAIL_LISTEN", "127.0.0.1:0").with("MAIBO_MAIL_DOMAIN", "Ping.Example.org")
}

fn serving() -> Maibo {
    let mut maibo = taking();
    maibo.serve();
    maibo
}

/// Where its newest server takes mails.
fn mail_addr(maibo: &Maibo) -> SocketAddr {
    eventually("the server says where it takes mails", || {
        let log = maibo.log();
        let rest = log.rsplit_once("are taken on ")?.1;
        rest.split_once('\n')?.0.trim().parse().ok()
    })
}

/// A connection on which a test talks SMTP.
struct Talk {
    stream: BufReader<TcpStream>,
}

impl Talk {
    fn to(addr: SocketAddr) -> Self {
        let mut talk = Self { stream: BufReader::new(connect(addr)) };
        assert_eq!(talk.reply(), format!("220 {DOMAIN} ESMTP Maibo"));
        talk
    }

    /// One that has said hello.
    fn begun(maibo: &Maibo) -> Self {
        Self::begun_at(mail_addr(maibo))
    }

    fn begun_at(addr: SocketAddr) -> Self {
        let mut talk = Self::to(addr);
        assert_eq!(talk.says("HELO nas"), format!("250 {DOMAIN}"));
        talk
    }

    fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// The next line of a reply; empty at the end of the connection.
    fn reply(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn says(&mut self, command: &str) -> String {
        self.write(format!("{command}\r\n").as_bytes());
        self.reply()
    }

    /// Sends a mail to these mailboxes, up to the reply to its end.
    fn mails(&mut self, to: &[&str], message: &[u8]) -> String {
        assert_eq!(self.says("MAIL FROM:<nas@example.org>"), "250 2.1.0 OK");
        for local in to {
            assert_eq!(self.says(&format!("RCPT TO:<{local}@{DOMAIN}>")), "250 2.1.5 OK");
        }
        assert!(self.says("DATA").starts_with("354 "));
        self.write(message);
        self.write(b"\r\n.\r\n");
        self.reply()
    }
}

/// Sends a mail as a program does; gives whether it was taken.
fn sent(maibo: &Maibo, message: &Message) -> Result<(), String> {
    let addr = mail_addr(maibo);
    let transport = SmtpTransport::builder_dangerous(addr.ip().to_string()).port(addr.port()).tls(Tls::None);
    transport.build().send(message).map(drop).map_err(|error| error.to_string())
}

fn message(to: &[&str]) -> lettre::message::MessageBuilder {
    let from: Mailbox = "NAS <nas@example.org>".parse().unwrap();
    to.iter().fold(Message::builder().from(from), |builder, local| {
        builder.to(format!("{local}@{DOMAIN}").parse().unwrap())
    })
}

fn last(maibo: &Maibo, uuid: &str) -> String {
    maibo.pings(uuid, "kind").pop().unwrap()
}

#[test]
fn a_mail_is_a_ping_with_all_that_it_said() {
    let maibo = serving();
    let uuid = maibo.check("NAS", &["--every", "1d"]);
    let mut talk = Talk::begun(&maibo);
    assert_eq!(talk.mails(&[&uuid], b"Subject: backup\r\n\r\nERROR\r\n..dots\r\n"), "250 2.0.0 OK");
    assert_eq!(maibo.shown(&uuid)["status"], "up", "without a filter any mail is a success");
    let pings = maibo.api("GET", &format!("/api/v3/checks/{uuid}/pings/"), "").json();
    let ping = &pings["pings"][0];
    assert_eq!(
        (&ping["type"], &ping["scheme"], &ping["method"], &ping["remote_addr"], &ping["ua"]),
        (
            &json!("success"),
            &json!("email"),
            &json!(""),
            &json!("127.0.0.1"),
            &json!("Email from nas@example.org")
        )
    );
    assert_eq!(maibo.last_body(&uuid).unwrap(), b"Subject: backup\r\n\r\nERROR\r\n.dots\r\n\r\n");

    // The same connection, an upper-case UUID, a domain in another case, and nobody as the sender.
    assert_eq!(talk.says("MAIL FROM:<>"), "250 2.1.0 OK");
    let upper = uuid.to_uppercase();
    assert_eq!(talk.says(&format!("RCPT TO:<{upper}@PING.example.ORG>")), "250 2.1.5 OK");
    assert!(talk.says("DATA").starts_with("354 "));
    assert_eq!(talk.says("."), "250 2.0.0 OK");
    assert_eq!(maibo.pings(&uuid, "ua"), ["Email from nas@example.org", "Email from <>"]);
    assert_eq!(maibo.last_body(&uuid), None);
    assert_eq!(talk.says("QUIT"), "221 2.0.0 Bye");
    assert_eq!(talk.reply(), "");
}

#[test]
fn a_program_mails_to_several_checks_by_uuid_and_by_name() {
    let maibo = serving();
    let key = maibo.made(&["key", "create", "--scope", "ping"]);
    let first = maibo.check("First", &["--every", "1d"]);
    let second = maibo.check("Second", &["--every", "1d", "--slug", "second"]);
    let by_name = format!("{key}+second");
    let unknown = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";
    let mail = message(&[&first, unknown, &by_name]).subject("完成").body("好的".to_owned()).unwrap();
    sent(&maibo, &mail).unwrap();
    for uuid in [&first, &second] {
        assert_eq!(maibo.pings(uuid, "kind"), ["success"]);
        assert!(!maibo.last_body(uuid).unwrap().is_empty());
    }
    until("the one that nobody has is logged", || maibo.log().contains("a mail was dropped"));
    assert!(!maibo.log().contains(unknown) && !maibo.log().contains(&key));

    // Two checks with one name: the mail is for neither.
    let third = maibo.check("Third", &["--every", "1d", "--slug", "second"]);
    sent(&maibo, &message(&[&by_name]).subject("x").body(String::new()).unwrap()).unwrap();
    assert_eq!((maibo.pings(&second, "kind").len(), maibo.pings(&third, "kind").len()), (1, 0));
}

/// A check with keywords, and these settings beside them.
fn filtering(maibo: &Maibo, more: &Value) -> String {
    let mut body = json!({"start_kw": "begin", "success_kw": "成功, done", "failure_kw": "失败,ERROR"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    maibo.api_check(&body)
}

#[test]
fn keywords_in_subject_and_text_decide_where_the_check_wants_it() {
    let maibo = serving();
    let subject = filtering(&maibo, &json!({"filter_subject": true}));
    let text = filtering(&maibo, &json!({"filter_body": true, "filter_default_fail": true}));
    let both = filtering(&maibo, &json!({"filter_subject": true, "filter_body": true}));
    let http = filtering(&maibo, &json!({"filter_http_body": true, "filter_default_fail": true}));
    let all = [subject.as_str(), &text, &both, &http];
    let kinds = || all.map(|uuid| last(&maibo, uuid));

    let plain = |title: &str, body: &str| message(&all).subject(title).body(body.to_owned()).unwrap();
    sent(&maibo, &plain("备份成功", "nothing to say")).unwrap();
    assert_eq!(kinds(), ["success", "fail", "success", "success"], "an encoded word");
    sent(&maibo, &plain("begin", "备份失败：磁盘已满")).unwrap();
    assert_eq!(kinds(), ["start", "fail", "fail", "success"], "an encoded text");
    sent(&maibo, &plain("report", "done")).unwrap();
    assert_eq!(kinds(), ["ign", "success", "success", "success"]);
    sent(&maibo, &plain("done", "begin")).unwrap();
    assert_eq!(kinds(), ["success", "start", "success", "success"], "success goes before start");

    let part = |kind, words: &str| SinglePart::builder().header(kind).body(words.to_owned());
    let html = "<html><style>.ERROR{}</style><body>All&nbsp;is <b>do</b>ne: &#25104;&#21151;</body></html>";
    let alternatives = MultiPart::alternative()
        .singlepart(part(header::ContentType::TEXT_PLAIN, "see the other part"))
        .singlepart(part(header::ContentType::TEXT_HTML, html));
    sent(&maibo, &message(&all).subject("report").multipart(alternatives).unwrap()).unwrap();
    assert_eq!(kinds(), ["ign", "success", "success", "success"], "HTML is read as text");
    let mixed = MultiPart::mixed().singlepart(part(header::ContentType::TEXT_PLAIN, "done")).singlepart(
        lettre::message::Attachment::new("log.txt".to_owned())
            .body("ERROR".to_owned(), header::ContentType::TEXT_PLAIN),
    );
    sent(&maibo, &message(&all).subject("report").multipart(mixed).unwrap()).unwrap();
    assert_eq!(kinds(), ["ign", "success", "success", "success"], "attachments are not read");
}

#[test]
fn what_chinese_devices_write_is_read() {
    let maibo = serving();
    let uuid = filtering(&maibo, &json!({"filter_subject": true, "filter_body": true}));
    let mut talk = Talk::begun(&maibo);
    // "备份" and "失败" in GB18030, Base64, folded; then "备份成功" in a text.
    for (mail, kind) in [
        ("Subject: =?gb18030?B?sbi33Q==?=\r\n =?GB2312?B?yqew3A==?=\r\n\r\nx", "fail"),
        (
            "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=gb18030\r\n\
             Content-Transfer-Encoding: base64\r\n\r\nsbi33bPJuaY=\r\n",
            "success",
        ),
        (
            "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=\"GBK\"\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>=B1=B8=B7=DD=CA=A7=B0=DC</p>\r\n",
            "fail",
        ),
        ("Subject: 备份成功\r\n\r\nnot encoded at all", "success"),
    ] {
        assert_eq!(talk.mails(&[&uuid], mail.as_bytes()), "250 2.0.0 OK");
        assert_eq!(last(&maibo, &uuid), kind, "{mail}");
    }
}

#[test]
fn the_other_rules_of_a_check_hold_for_mails() {
    let maibo = serving();
    let post = filtering(&maibo, &json!({"methods": "POST", "filter_subject": true}));
    let paused = maibo.api_check(&json!({"manual_resume": true}));
    maibo.ping_ok(&paused);
    assert_eq!(maibo.api("POST", &format!("/api/v3/checks/{paused}/pause"), "").status, 200);
    let mail = message(&[&post, &paused]).subject("ERROR").body(String::new()).unwrap();
    sent(&maibo, &mail).unwrap();
    assert_eq!((last(&maibo, &post), last(&maibo, &paused)), ("ign".to_owned(), "ign".to_owned()));
    assert_eq!(
        (&maibo.shown(&post)["status"], &maibo.shown(&paused)["status"]),
        (&json!("new"), &json!("paused"))
    );
}

#[test]
fn who_is_not_here_is_refused() {
    let maibo = serving();
    let uuid = maibo.check("NAS", &["--every", "1d"]);
    let mut talk = Talk::begun(&maibo);
    assert_eq!(talk.says("MAIL FROM:<nas@example.org>"), "250 2.1.0 OK");
    assert_eq!(talk.says(&format!("RCPT TO:<root@{DOMAIN}>")), "550 5.1.1 Invalid mailbox");
    assert_eq!(talk.says(&format!("RCPT TO:<{uuid}@example.org>")), "550 5.1.1 Recipient rejected");
    assert_eq!(talk.says("DATA"), "503 5.5.1 RCPT first");
    assert_eq!(talk.says("STARTTLS"), "502 5.5.1 Command not known here");
    for _ in 0..5 {
        assert_eq!(talk.says("GET / HTTP/1.1"), "502 5.5.1 Command not known here");
    }
    assert_eq!(talk.says(&"x".repeat(100_000)), "421 4.7.0 Too many errors");
    assert_eq!(talk.reply(), "");
    assert!(sent(&maibo, &message(&["root"]).body(String::new()).unwrap()).unwrap_err().contains("5.1.1"));
    assert_eq!(maibo.shown(&uuid)["n_pings"], 0);
}

#[test]
fn commands_that_come_at_once_are_answered_one_by_one() {
    let maibo = serving();
    let uuid = maibo.check("NAS", &["--every", "1d"]);
    let mut talk = Talk::to(mail_addr(&maibo));
    talk.write(b"EHLO nas\r\n");
    let told: Vec<String> = std::iter::from_fn(|| Some(talk.reply())).take(6).collect();
    let expected = ["ping.example.org", "SIZE 10485760", "8BITMIME", "PIPELINING", "SMTPUTF8"];
    assert_eq!(told[..5], expected.map(|word| format!("250-{word}")));
    // Some devices end their lines without CR.
    let all = format!("MAIL FROM:<a@b.c> SIZE=9\nRCPT TO:<{uuid}@{DOMAIN}>\r\nNOOP\r\nDATA\r\n");
    talk.write(all.as_bytes());
    let replies: Vec<String> = std::iter::from_fn(|| Some(talk.reply())).take(4).collect();
    assert_eq!(replies[..3], ["250 2.1.0 OK", "250 2.1.5 OK", "250 2.0.0 OK"]);
    talk.write(b"x\r\n.\r\nQUIT\r\n");
    assert_eq!(talk.reply(), "250 2.0.0 OK");
    assert_eq!(talk.reply(), "221 2.0.0 Bye");
    assert_eq!(maibo.pings(&uuid, "kind"), ["success"]);
}

#[test]
fn the_log_of_a_mail_reads_as_people_read_it_and_its_source_is_there_too() {
    let maibo = serving();
    let uuid = maibo.check("NAS", &["--every", "1d"]);
    let mut talk = Talk::begun(&maibo);
    let mail = "Subject: =?gb18030?B?sbi33Q==?=\r\nMIME-Version: 1.0\r\n\
                Content-Type: text/plain; charset=gb18030\r\nContent-Transfer-Encoding: base64\r\n\r\nsbi33bPJuaY=\r\n";
    assert_eq!(talk.mails(&[&uuid], mail.as_bytes()), "250 2.0.0 OK");
    assert_eq!(talk.mails(&[&uuid], b"X-Nothing: to read\r\n\r\n"), "250 2.0.0 OK");
    assert_eq!(maibo.post(&uuid, b"Subject: of a job").status, 200);

    let cookie = maibo.sign_in();
    let ids = maibo.pings(&uuid, "id");
    let read = |n: usize, what: &str| {
        let reply = maibo.page(&cookie, &format!("/checks/{uuid}/pings/{}/{what}", ids[n]));
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/plain; charset=utf-8")));
        reply.text()
    };
    assert_eq!(read(0, "body"), "备份\n备份成功");
    assert_eq!(read(0, "source"), format!("{mail}\r\n"));
    assert_eq!(read(1, "body"), "X-Nothing: to read\r\n\r\n\r\n", "better than nothing");
    assert_eq!(read(2, "body"), "Subject: of a job");
    let page = maibo.page(&cookie, &format!("/checks/{uuid}")).text();
    assert_eq!(page.matches("/source\"").count(), 2, "only mails have one");
    let missing = maibo.page(&cookie, &format!("/checks/{uuid}/pings/999999/source"));
    assert_eq!(missing.status, 404);
}

/// Whoever takes `LF . LF` for the end of a message sees a second mail in the middle of the first, from whom its writer
/// likes.
#[rstest]
#[case("\n.\n")]
#[case("\n.\r\n")]
#[case("\r\n.\n")]
#[case("\r.\r")]
#[case("\r\n.\r")]
fn no_mail_is_smuggled_into_another(#[case] end: &str) {
    let maibo = serving();
    let job = maibo.check("Job", &["--every", "1d"]);
    let other = maibo.check("Other", &["--every", "1d"]);
    let inner = format!("MAIL FROM:<x@y.z>\r\nRCPT TO:<{other}@{DOMAIN}>\r\nDATA\r\nSubject: x\r\n\r\nx");
    let mut talk = Talk::begun(&maibo);
    assert_eq!(talk.mails(&[&job], format!("Subject: a\r\n\r\nb{end}{inner}").as_bytes()), "250 2.0.0 OK");
    assert_eq!(talk.says("QUIT"), "221 2.0.0 Bye", "one mail, one reply");
    assert_eq!((maibo.pings(&job, "kind").len(), maibo.pings(&other, "kind").len()), (1, 0));
    assert!(String::from_utf8(maibo.last_body(&job).unwrap()).unwrap().contains("MAIL FROM:<x@y.z>"));
}

#[test]
fn a_long_mail_is_cut_and_one_that_is_too_long_is_refused() {
    let maibo = serving();
    let uuid = filtering(&maibo, &json!({"filter_body": true}));
    let mut talk = Talk::begun(&maibo);
    // The keyword stands in what is not kept.
    let line = format!("{}\r\n", "x".repeat(98));
    let middle = format!("Subject: a\r\n\r\n{0}done\r\n{0}", line.repeat(2000));
    assert_eq!(talk.mails(&[&uuid], middle.as_bytes()), "250 2.0.0 OK");
    assert_eq!(last(&maibo, &uuid), "success");
    let kept = String::from_utf8(maibo.last_body(&uuid).unwrap()).unwrap();
    assert!(kept.len() <= 100_000 && kept.starts_with("Subject: a") && kept.contains("bytes left out"));
    assert!(!kept.contains("done"));

    let whole = line.repeat(10 * 1024 * 1024 / 100 + 1);
    assert_eq!(talk.mails(&[&uuid], whole.as_bytes()), "552 5.3.4 Message too large");
    assert_eq!(talk.says("MAIL FROM:<a@b.c> SIZE=10485761"), "552 5.3.4 Message too large");
    assert_eq!(talk.mails(&[&uuid], b"\r\nERROR"), "250 2.0.0 OK", "the connection goes on");
    assert_eq!(maibo.pings(&uuid, "kind"), ["success", "fail"]);
}

#[test]
fn what_cannot_be_stored_is_to_be_sent_again() {
    let maibo = serving();
    let uuid = maibo.check("NAS", &["--every", "1d"]);
    let mut talk = Talk::begun(&maibo);
    let reply = maibo.while_locked(|| talk.mails(&[&uuid], b"Subject: a\r\n\r\nb"));
    assert_eq!(reply, "451 4.3.0 Not stored, please try again");
    assert_eq!(maibo.shown(&uuid)["n_pings"], 0);
    assert_eq!(talk.mails(&[&uuid], b"Subject: a\r\n\r\nb"), "250 2.0.0 OK");
    assert_eq!(maibo.shown(&uuid)["n_pings"], 1);
}

#[test]
fn a_mail_that_breaks_off_is_no_ping() {
    let maibo = serving();
    let uuid = maibo.check("NAS", &["--every", "1d"]);
    let mut talk = Talk::begun(&maibo);
    assert_eq!(talk.says("MAIL FROM:<a@b.c>"), "250 2.1.0 OK");
    assert_eq!(talk.says(&format!("RCPT TO:<{uuid}@{DOMAIN}>")), "250 2.1.5 OK");
    assert!(talk.says("DATA").starts_with("354 "));
    talk.write(b"Subject: a\r\n\r\nall is w");
    talk.stream.get_mut().shutdown(Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    talk.stream.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
    assert_eq!(maibo.shown(&uuid)["n_pings"], 0);
}

#[test]
fn slow_senders_hold_up_nobody_and_too_many_are_turned_away() {
    let maibo = serving();
    let uuid = maibo.check("NAS", &["--every", "1d"]);
    let mut slow: Vec<Talk> = (0..31).map(|_| Talk::begun(&maibo)).collect();
    for talk in &mut slow {
        talk.write(b"MAIL FR");
    }
    let mut quick = Talk::begun(&maibo);
    assert_eq!(quick.mails(&[&uuid], b"\r\nx"), "250 2.0.0 OK");
    let mut one_more = Talk { stream: BufReader::new(connect(mail_addr(&maibo))) };
    assert_eq!(one_more.reply(), "421 4.7.0 Too many connections, please try again later");
    // The place of one who has gone is free again.
    slow.pop();
    eventually("a place is free", || {
        let mut talk = Talk { stream: BufReader::new(connect(mail_addr(&maibo))) };
        talk.reply().starts_with("220 ").then_some(())
    });
    for mut talk in slow {
        talk.write(b"OM:<a@b.c>\r\n");
        assert_eq!(talk.reply(), "250 2.1.0 OK");
    }
}

#[test]
fn a_server_that_stops_takes_what_is_on_its_way() {
    let mut maibo = serving();
    let uuid = maibo.check("NAS", &["--every", "1d"]);
    let mut idle = Talk::begun(&maibo);
    let mut busy = Talk::begun(&maibo);
    assert_eq!(busy.says("MAIL FROM:<a@b.c>"), "250 2.1.0 OK");
    assert_eq!(busy.says(&format!("RCPT TO:<{uuid}@{DOMAIN}>")), "250 2.1.5 OK");
    assert!(busy.says("DATA").starts_with("354 "));
    busy.write(b"Subject: a\r\n");
    maibo.signal("TERM");
    assert_eq!(idle.reply(), "421 4.3.2 Maibo is stopping");
    busy.write(b"\r\nb\r\n.\r\n");
    assert_eq!(busy.reply(), "250 2.0.0 OK");
    assert_eq!(busy.reply(), "421 4.3.2 Maibo is stopping");
    assert_eq!(maibo.wait().code(), Some(0));
    assert_eq!(maibo.pings(&uuid, "kind"), ["success"]);
}

#[test]
fn mails_of_many_at_once_are_all_there() {
    let maibo = serving();
    let uuids: Vec<String> = (0..5).map(|n| maibo.check(&format!("NAS {n}"), &["--every", "1d"])).collect();
    let addr = mail_addr(&maibo);
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                let to: Vec<&str> = uuids.iter().map(String::as_str).collect();
                let mut talk = Talk::begun_at(addr);
                for _ in 0..5 {
                    assert_eq!(talk.mails(&to, b"\r\nx"), "250 2.0.0 OK");
                }
            });
        }
    });
    assert!(uuids.iter().all(|uuid| maibo.shown(uuid)["n_pings"] == 50));
}

#[test]
fn the_settings_belong_together_and_the_half_that_works_takes_no_mail() {
    let ran = Maibo::on_sqlite().with("MAIBO_MAIL_LISTEN", "127.0.0.1:0").run(&["serve"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("MAIBO_MAIL_DOMAIN"), "{ran:?}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let ran = taking().with("MAIBO_MAIL_LISTEN", &addr).run(&["serve"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("MAIBO_MAIL_LISTEN"), "{ran:?}");
    if taking().postgres_url().is_some() {
        let mut web = taking();
        let uuid = web.check("NAS", &["--every", "1d"]);
        web.serve_without_worker();
        assert_eq!(Talk::begun(&web).mails(&[&uuid], b"\r\nx"), "250 2.0.0 OK");
        let mut worker = web
            .another_node()
            .with("MAIBO_MAIL_LISTEN", &mail_addr(&web).to_string())
            .with("MAIBO_MAIL_DOMAIN", DOMAIN);
        // It would fail on the port, which is taken.
        worker.work();
    }
}

#[test]
fn the_page_of_a_check_shows_where_to_mail_and_what_is_searched() {
    let maibo = serving();
    let args = ["user", "create", "--email", "ops@example.org", "--password-stdin"];
    assert_eq!(maibo.run_with(&args, "a long password").code, Some(0));
    let form = b"email=ops%40example.org&password=a+long+password";
    let ours = ("Origin", "http://maibo.test");
    let reply = http::request(maibo.addr(), "POST", "/login", &[ours], form);
    let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let uuid = filtering(&maibo, &json!({"filter_subject": true}));
    for (lang, words) in [("en", "Of mails, the subject is searched."), ("zh-CN", "邮件只看主题。")] {
        let head = [("Cookie", cookie.as_str()), ("Accept-Language", lang)];
        let page = http::request(maibo.addr(), "GET", &format!("/checks/{uuid}"), &head, b"").text();
        assert!(
            page.contains(&format!("<code>{uuid}@{DOMAIN}</code>")) && page.contains(words),
            "{lang}: {page}"
        );
    }
}

#[test]
fn the_alert_quotes_what_people_read_of_a_mail() {
    let sink = HttpSink::wecom();
    let mut maibo = taking();
    maibo.serve();
    maibo.channel("wecom", "ops", &[&format!("url={}", sink.url("/cgi-bin/webhook/send?key=0123456789"))]);
    let uuid = filtering(&maibo, &json!({"filter_subject": true, "channels": "*"}));
    let failed = message(&[&uuid]).subject("夜间备份失败").body("磁盘已满：/data\n".to_owned()).unwrap();
    sent(&maibo, &failed).unwrap();
    let said = sink.wait_for(1)[0].text();
    assert!(said.contains("夜间备份失败") && said.contains("磁盘已满：/data"), "{said}");
    assert!(!said.contains("Content-Type") && !said.contains("Subject"), "{said}");
    let kept = String::from_utf8(maibo.last_body(&uuid).unwrap()).unwrap();
    assert!(kept.contains("Subject: =?utf-8?"), "what is kept is the mail as it came: {kept}");
}
