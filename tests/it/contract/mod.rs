//! What every kind of channel promises, each against a local server that answers like its vendor.
//!
//! A vendor is a row of facts; the tests below hold for all. Kinds that do not speak HTTP have tests of their own.
use std::sync::Arc;

use maibo::core::Span;
use maibo::i18n::{Lang, zone_or_utc};
use maibo::links::Links;
use maibo::mail::Mailer;
use maibo::net::egress::Outbound;
use maibo::notify::alert::{About, Alert, Happened, LastPing, Side, Why};
use maibo::notify::outcome::{SendError, Sent};
use maibo::notify::post::Post;
use maibo::notify::{DRIVERS, FieldError, Settings, accept, driver};

use crate::support::http_sink::{Answer, Heard, HttpSink};

mod incident;
mod push;
mod robots;
mod rooms;

/// What the contract knows about a vendor.
pub struct Vendor {
    pub kind: &'static str,
    /// Settings of a channel that leads to the server at this address (`http://127.0.0.1:port`).
    pub settings: fn(base: &str) -> Vec<(&'static str, String)>,
    /// What the settings hold that must not be seen in any error.
    pub secrets: &'static [&'static str],
    /// Answers that come before the one that matters: the token.
    pub before: &'static [(u16, &'static str)],
    /// Success, as the vendor says it.
    pub ok: (u16, &'static str),
    /// Other answers, and what they mean.
    pub verdicts: &'static [(u16, &'static str, Verdict)],
    /// Success has no body that could be told from something else's.
    pub blind: bool,
    /// Longest body that may be sent, in bytes.
    pub longest: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Sent,
    Retry,
    /// No sooner than after so many seconds.
    RetryAfter(u64),
    Permanent,
    Rejected,
}

impl Verdict {
    fn of(outcome: &Result<Option<Sent>, SendError>) -> Self {
        match outcome {
            Ok(_) => Self::Sent,
            Err(SendError::Retry { after: Some(after), .. }) => Self::RetryAfter(after.as_secs()),
            Err(SendError::Retry { after: None, .. }) => Self::Retry,
            Err(SendError::Waits { .. }) => unreachable!("no vendor waits for a consent"),
            Err(SendError::Permanent(_)) => Self::Permanent,
            Err(SendError::Rejected(_)) => Self::Rejected,
        }
    }
}

fn vendors() -> Vec<Vendor> {
    [robots::vendors(), rooms::vendors(), push::vendors(), incident::vendors()]
        .into_iter()
        .flatten()
        .collect()
}

/// Kinds that do not speak HTTP, or (webhooks) have no vendor: other tests are about them.
const ELSEWHERE: &[&str] = &["email", "webhook", "mqtt", "syslog", "shell", "group"];

#[test]
fn every_kind_has_its_contract() {
    let known: Vec<&str> = vendors().iter().map(|vendor| vendor.kind).collect();
    for driver in DRIVERS {
        assert!(
            known.contains(&driver.kind) || ELSEWHERE.contains(&driver.kind),
            "no contract for {}",
            driver.kind
        );
    }
}

pub fn post() -> Post {
    let outbound = Outbound::new(&["127.0.0.0/30".parse().unwrap()]);
    Post::new(
        outbound,
        Mailer::new(None, None, "mon.example").unwrap(),
        Links::new(&"https://mon.example".parse().unwrap()),
    )
}

/// An alert as the dispatcher makes it.
pub fn alert(side: Side, name: &str, body: &str) -> Alert {
    let at = "2024-01-02T03:04:05Z".parse().unwrap();
    Alert {
        side,
        event_id: "7.c0ffee".to_owned(),
        outage_id: (side != Side::Test).then(|| "outage.1.2".to_owned()),
        at,
        lang: Lang::En,
        zone: zone_or_utc("UTC"),
        project: "prod".to_owned(),
        check: About {
            uuid: "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2".to_owned(),
            name: name.to_owned(),
            slug: "nightly-backup".to_owned(),
            tags: "db backup".to_owned(),
            grace: Span::minutes(5),
            json: "{}".to_owned(),
        },
        event: (side != Side::Test).then(|| Happened {
            why: if side == Side::Up { Why::Back } else { Why::Exit(3) },
            since: at - Span::minutes(65),
            heard: Some(at - Span::minutes(65)),
            missed: 2,
        }),
        blackout: None,
        untold: None,
        note: None,
        quiet: false,
        notice: None,
        last: LastPing { exit_status: Some(3), body: body.to_owned(), readable: None },
        link: "https://mon.example/checks/x".to_owned(),
        unsubscribe: None,
        names: vec![name.to_owned()],
    }
}

/// The settings of a channel that leads to `base`, read as a form reads them.
async fn settings(vendor: &Vendor, base: &str, post: &Post) -> Result<Settings, FieldError> {
    let given = (vendor.settings)(base).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    accept(driver(vendor.kind).unwrap(), &given, &post.outbound).await
}

/// Sends one alert to a vendor that answers with `answer`; what came of it, and what the vendor heard.
async fn send(
    vendor: &Vendor,
    answer: Answer,
    alert: &Alert,
) -> (Result<Option<Sent>, SendError>, Vec<Heard>) {
    let before = vendor.before.iter().map(|(status, body)| Answer::Says(*status, (*body).to_owned()));
    let sink = HttpSink::start(before.collect::<Vec<_>>(), answer);
    let post = post();
    let settings = settings(vendor, &sink.url(""), &post)
        .await
        .unwrap_or_else(|wrong| panic!("{}: {wrong}", vendor.kind));
    let outcome = post.send_with(driver(vendor.kind).unwrap(), &settings, alert, alert.at).await;
    if let Err(error) = &outcome {
        for secret in vendor.secrets {
            assert!(!error.to_string().contains(secret), "{} tells its secret: {error}", vendor.kind);
        }
    }
    (outcome, sink.heard())
}

/// Runs a test for every vendor at once.
async fn each<F: Future<Output = ()> + Send + 'static>(test: impl Fn(Arc<Vendor>) -> F) {
    let mut tests = tokio::task::JoinSet::new();
    for vendor in vendors() {
        tests.spawn(test(Arc::new(vendor)));
    }
    while let Some(outcome) = tests.join_next().await {
        outcome.unwrap();
    }
}

fn says((status, body): (u16, &str)) -> Answer {
    Answer::Says(status, body.to_owned())
}

#[tokio::test]
async fn each_side_is_delivered() {
    each(async |vendor: Arc<Vendor>| {
        for side in [Side::Down, Side::Up, Side::Test] {
            let (outcome, heard) = send(&vendor, says(vendor.ok), &alert(side, "nightly-backup", "")).await;
            assert_eq!(Verdict::of(&outcome), Verdict::Sent, "{} {side:?}: {outcome:?}", vendor.kind);
            assert_eq!(heard.len(), vendor.before.len() + 1, "{} {side:?}", vendor.kind);
        }
    })
    .await;
}

#[tokio::test]
async fn the_vendors_own_answer_decides() {
    each(async |vendor: Arc<Vendor>| {
        for (status, body, expected) in vendor.verdicts {
            let (outcome, _) = send(&vendor, says((*status, body)), &alert(Side::Down, "job", "")).await;
            let verdict = Verdict::of(&outcome);
            assert_eq!(verdict, *expected, "{}: {status} {body}: {outcome:?}", vendor.kind);
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_but_the_vendors_word_is_success() {
    each(async |vendor: Arc<Vendor>| {
        let lies = [
            Answer::status(500),
            Answer::status(503),
            Answer::status(302),
            Answer::status(404),
            Answer::Garbage,
            Answer::Redirects("http://10.0.0.1/steal".to_owned()),
            Answer::Redirects("http://127.0.0.9:1/steal".to_owned()),
        ];
        let unreadable = [
            Answer::Says(200, "<html>please sign in</html>".to_owned()),
            Answer::Says(200, "{}".to_owned()),
            Answer::Says(200, "null".to_owned()),
            Answer::Says(200, "x".repeat(10 << 20)),
            Answer::Says(200, "[".repeat(60_000)),
        ];
        let lies = lies.into_iter().chain(unreadable.into_iter().filter(|_| !vendor.blind));
        for lie in lies {
            let shown = format!("{lie:?}").chars().take(60).collect::<String>();
            let (outcome, _) = send(&vendor, lie, &alert(Side::Down, "job", "")).await;
            assert!(outcome.is_err(), "{} takes {shown} for success", vendor.kind);
        }
    })
    .await;
}

/// A vendor that repeats what it was sent does not bring it into the log.
#[tokio::test]
async fn no_answer_brings_a_secret_into_the_log() {
    each(async |vendor: Arc<Vendor>| {
        for secret in vendor.secrets {
            let half: String = secret.chars().skip(secret.chars().count() / 3).collect();
            let part = if secret.chars().count() < 10 { *secret } else { &half };
            for said in [(*secret).to_owned(), secret.replace('-', "%2D"), part.to_owned()] {
                let keys = ["error", "errmsg", "msg", "message", "description", "errorDescription", "reason"];
                let mut body: serde_json::Map<String, serde_json::Value> =
                    keys.iter().map(|key| ((*key).to_owned(), said.clone().into())).collect();
                body.insert("errors".to_owned(), vec![said.clone()].into());
                for code in ["code", "errcode", "ret", "retcode", "error_code"] {
                    body.insert(code.to_owned(), 400.into());
                }
                let body = serde_json::Value::Object(body).to_string();
                for status in [200, 400, 401, 404, 500] {
                    let answer = Answer::Says(status, body.clone());
                    let (outcome, _) = send(&vendor, answer, &alert(Side::Down, "job", "")).await;
                    let shown = format!("{outcome:?}");
                    assert!(!shown.contains(part), "{} tells its secret: {shown}", vendor.kind);
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_vendor_that_hangs_is_given_up_and_tried_again() {
    each(async |vendor: Arc<Vendor>| {
        let (outcome, _) = send(&vendor, Answer::Hangs, &alert(Side::Down, "job", "")).await;
        assert_eq!(Verdict::of(&outcome), Verdict::Retry, "{}: {outcome:?}", vendor.kind);
    })
    .await;
}

/// What no markup may take for its own.
const NASTY: &str =
    "库\"\\'`*_~|<b>&lt;[x](http://evil.example)@everyone @all <!channel> <at id=all></at> {{1}} $NAME % 👨‍👩‍👧‍👦";

#[tokio::test]
async fn texts_of_any_length_and_kind_fit() {
    each(async |vendor: Arc<Vendor>| {
        for name in [NASTY, &"库".repeat(5000), &"👨‍👩‍👧‍👦".repeat(1500), NASTY.repeat(60).as_str()]
        {
            for side in [Side::Down, Side::Up] {
                let body = "错误: disk full \"\\\n".repeat(5000);
                let (outcome, heard) = send(&vendor, says(vendor.ok), &alert(side, name, &body)).await;
                assert_eq!(Verdict::of(&outcome), Verdict::Sent, "{}: {outcome:?}", vendor.kind);
                let sent = heard.last().unwrap();
                assert!(sent.body.len() <= vendor.longest, "{} sends {} bytes", vendor.kind, sent.body.len());
                assert!(!sent.target.contains(['\n', ' ', '<']), "{}", vendor.kind);
            }
        }
    })
    .await;
}
