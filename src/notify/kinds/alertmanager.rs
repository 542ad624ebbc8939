//! A Prometheus Alertmanager, through its API v2. NOTIFIERS.md §25.
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::core::{Span, Time};
use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::{Side, one_line};
use crate::notify::clip::Unit;
use crate::notify::outcome::{SendError, Sent, judge_status, sentence};
use crate::notify::rooms::{basic, filled, given, incident, is_canary};
use crate::notify::settings::{below, read_base};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

/// When an alert ends by itself. Alertmanager takes one without an end for over after five minutes, and Maibo tells of
/// an outage once: the end lies far beyond any outage that somebody still works on. For ever would be too long: the
/// recovery of a check that is deleted is never told.
const HOLDS: Span = Span::days(30);
/// A test is over soon.
const TEST_HOLDS: Span = Span::minutes(5);
/// Code points of an annotation.
const MAX_TEXT: usize = 4000;
/// The label that is ours alone.
const KEY: &str = "check_key";

pub(super) const DRIVER: Driver = Driver {
    kind: "alertmanager",
    family: Family::Incident,
    fields: &[
        Field::new("url", Input::Url).required(),
        Field::new("labels", Input::Lines),
        Field::new("user", Input::Text),
        Field::new("password", Input::Text).secret(),
    ],
    each: true,
    ..Driver::over_http(read, request, verdict)
};

fn read(settings: &Settings) -> Result<Settings, FieldError> {
    let mut url = read_base("url", given(settings, "url"))?;
    // Somebody copied the address of a call, or of a page.
    if let Some((base, _)) = url.path().split_once("/api/v") {
        let base = base.to_owned();
        url.set_path(&base);
    }
    let mut lines = Vec::new();
    for line in given(settings, "labels").lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) =
            label(line).ok_or_else(|| FieldError::new("labels", "alertmanager-label", one_line(line)))?;
        lines.push(format!("{name}={value}"));
    }
    let (user, password) = (given(settings, "user"), given(settings, "password"));
    if user.contains(':') || (user.is_empty() && !password.is_empty()) {
        return Err(FieldError::new("user", "alertmanager-user", ""));
    }
    Ok(filled([
        ("url", url.to_string()),
        ("labels", lines.join("\n")),
        ("user", user.to_owned()),
        ("password", password.to_owned()),
    ]))
}

/// `team=db`, also with a colon or in quotes.
fn label(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(['=', ':'])?;
    let (name, value) = (name.trim(), value.trim().trim_matches('"'));
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let goes_on = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (begins && goes_on && name != KEY && !value.is_empty()).then_some((name, value))
}

/// What the alert is known by: all labels together. Names of checks and projects are no labels, and stand in the
/// annotations: after a renaming, a recovery would no longer fit what it ends.
fn labels(draft: &Draft<'_>) -> Value {
    let name = match draft.alert.side {
        Side::Test => "MaiboTest",
        _ => "MaiboCheckDown",
    };
    let mut labels = json!({"alertname": name, "severity": "critical"});
    for (name, value) in draft.get("labels").lines().filter_map(label) {
        labels[name] = value.into();
    }
    labels[KEY] = incident(draft.alert).into();
    labels
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let Draft { alert, words, .. } = *draft;
    let (starts, ends) = match alert.side {
        // It was over before it was told: nobody hears of it.
        _ if is_canary(alert) => (alert.at - TEST_HOLDS, alert.at - Span::minutes(1)),
        Side::Test => (alert.at, alert.at + TEST_HOLDS),
        Side::Down => (alert.at, alert.at + HOLDS),
        Side::Up => (alert.event.as_ref().map_or(alert.at, |event| event.since.min(alert.at)), alert.at),
    };
    let clip = |text: &str| Unit::Chars.clip(text, MAX_TEXT);
    let mut annotations = json!({
        "summary": clip(&words.title),
        "description": clip(&words.text(&alert.link)),
    });
    if alert.notice.is_none() {
        annotations["check"] = clip(&alert.check.name).into();
        annotations["project"] = clip(&alert.project).into();
    }
    let time = |at: Time| at.to_rfc3339();
    let body = json!([{
        "labels": labels(draft),
        "annotations": annotations,
        "generatorURL": alert.link,
        "startsAt": time(starts),
        "endsAt": time(ends),
    }]);
    let request = HttpRequest::json(below(draft.get("url"), "api/v2/alerts")?, &body);
    let request = match draft.get("user") {
        "" => request,
        user => request.with(AUTHORIZATION, &basic(user, draft.get("password"))),
    };
    Ok(Outgoing::Http(Box::new(request)))
}

/// Success has no body; a refusal is one sentence in JSON.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let why = body.as_str().or_else(|| body["message"].as_str()).map(sentence).filter(|why| !why.is_empty());
    match judge_status(reply, &[401, 403, 404]) {
        Err(SendError::Rejected(said)) if why.is_some() => {
            Err(SendError::Rejected(format!("{said}: {}", why.unwrap_or_default())))
        }
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::Alert;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    fn given<'a>(labels: &'a str, user: &'a str) -> [(&'a str, &'a str); 4] {
        let password = if user.is_empty() { "" } else { "secret" };
        let url = "https://am.example/prefix/api/v2/alerts";
        [("url", url), ("labels", labels), ("user", user), ("password", password)]
    }

    fn sent(alert: &Alert) -> Value {
        let sent =
            sample::request("alertmanager", &given("team = db\nseverity: page", "maibo"), alert, false);
        assert_eq!(sent.url.as_str(), "https://am.example/prefix/api/v2/alerts");
        assert_eq!(sent.headers[AUTHORIZATION], "Basic bWFpYm86c2VjcmV0");
        serde_json::from_slice::<Value>(&sent.body).unwrap()[0].clone()
    }

    #[test]
    fn a_recovery_has_the_labels_of_its_outage_after_a_renaming_too() {
        let down = sent(&alert(Side::Down));
        let mut back = alert(Side::Up);
        back.check.name = "renamed".into();
        back.project = "moved".into();
        let up = sent(&back);
        assert_eq!(down["labels"], up["labels"]);
        assert_eq!(down["labels"]["team"], "db");
        assert_eq!(down["labels"]["severity"], "page");
        assert_eq!(up["endsAt"], "2024-01-02T03:04:05+00:00");
        assert_eq!(down["endsAt"], "2024-02-01T03:04:05+00:00");
    }

    #[rstest]
    #[case("a b", "", "labels")]
    #[case("1st=x", "", "labels")]
    #[case("team=", "", "labels")]
    #[case("check_key=x", "", "labels")]
    #[case("", "a:b", "user")]
    fn what_is_wrong_is_named(#[case] labels: &str, #[case] user: &str, #[case] field: &str) {
        assert_eq!(sample::wrong("alertmanager", &given(labels, user)), field);
    }
}
