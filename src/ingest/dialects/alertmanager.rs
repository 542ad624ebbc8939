//! Alertmanager's webhook, for an alert that always fires: `POST /api/alertmanager/<token>`, `?alertname=` where it is not
//! called Watchdog.
//!
//! While it fires the chain of Prometheus and Alertmanager works: a success. Resolved means that it is broken: a
//! failure. Other alerts, in the same message or alone, say nothing about the chain. Source: Alertmanager's documentation,
//! `webhook_config`, version 4 of the payload.
use axum::http::{Method, StatusCode};
use serde::Deserialize;

use super::{Dialect, Holder, POST_ONLY, Reply, Request, Said, ToldBy};
use crate::core::ping::Asked;

const UNKNOWN: Reply = Reply::text(StatusCode::NOT_FOUND, "not found");
const UNREADABLE: Reply = Reply::text(
    StatusCode::BAD_REQUEST,
    "the body is not an Alertmanager webhook with the status firing or resolved, or it is too long",
);
/// What the alert that always fires is called in the rules that most people have, and was in older ones.
const ALWAYS: &[&str] = &["Watchdog", "DeadMansSwitch"];
/// Alerts that are named in the text; of more their number is told.
const NAMED: usize = 20;

pub(super) const DIALECT: Dialect = Dialect {
    told_by: ToldBy::Message(holder),
    ..Dialect::by_url(read, Reply::text(StatusCode::OK, "OK"), UNKNOWN)
};

fn holder(request: &Request<'_>) -> Option<Holder> {
    let ["api", "alertmanager", token] = request.path()[..] else { return None };
    Some(Holder::Token(token.to_owned()))
}

#[derive(Deserialize)]
struct Webhook {
    status: String,
    #[serde(default)]
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
struct Alert {
    status: String,
    #[serde(default)]
    labels: Labels,
    #[serde(default)]
    annotations: Annotations,
}

#[derive(Default, Deserialize)]
struct Labels {
    #[serde(default)]
    alertname: String,
}

#[derive(Default, Deserialize)]
struct Annotations {
    summary: Option<String>,
    description: Option<String>,
}

fn read(request: &Request<'_>) -> Result<Said, Reply> {
    let ["api", "alertmanager", token] = request.path()[..] else { return Err(UNKNOWN) };
    if request.method != Method::POST {
        return Err(POST_ONLY);
    }
    let webhook: Webhook = serde_json::from_slice(request.body).map_err(|_| UNREADABLE)?;
    if !matches!(webhook.status.as_str(), "firing" | "resolved") {
        return Err(UNREADABLE);
    }
    let meant: Vec<&str> = match request.get("alertname") {
        Some(name) => vec![name],
        None => ALWAYS.to_vec(),
    };
    let watchdogs = || webhook.alerts.iter().filter(|alert| meant.contains(&alert.labels.alertname.as_str()));
    // Those of several clusters come together: one that is silent is not to be hidden by the others.
    let asked = if watchdogs().any(|alert| alert.status != "firing") {
        Asked::Fail
    } else if watchdogs().next().is_some() {
        Asked::Success
    } else {
        Asked::Log
    };
    let mut lines: Vec<String> = webhook.alerts.iter().take(NAMED).map(line).collect();
    if webhook.alerts.len() > NAMED {
        lines.push(format!("and {} more", webhook.alerts.len() - NAMED));
    }
    Ok(Said::token(token, asked, lines.join("\n").into_bytes()))
}

/// `Watchdog firing: what its summary says`.
fn line(alert: &Alert) -> String {
    let said = alert.annotations.summary.as_ref().or(alert.annotations.description.as_ref());
    let (name, status) = (&alert.labels.alertname, &alert.status);
    said.map_or_else(
        || format!("{name} {status}"),
        |said| format!("{name} {status}: {}", said.split_whitespace().collect::<Vec<_>>().join(" ")),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, said};
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("firing", Asked::Success)]
    #[case("resolved", Asked::Fail)]
    fn words_of_alertmanager(#[case] status: &str, #[case] asked: Asked) {
        let body = format!(
            r#"{{"version":"4","groupKey":"{{}}:{{}}","truncatedAlerts":0,"status":"{status}","receiver":"maibo",
                "groupLabels":{{}},"commonLabels":{{"alertname":"Watchdog"}},"externalURL":"http://am",
                "alerts":[{{"status":"{status}","labels":{{"alertname":"Watchdog","severity":"none"}},
                    "annotations":{{"summary":"always\nfires","runbook_url":"http://r"}},
                    "startsAt":"2026-03-01T12:00:00Z","endsAt":"0001-01-01T00:00:00Z"}},
                  {{"status":"firing","labels":{{}}}}]}}"#
        );
        let result = read(DIALECT, "POST", "/api/alertmanager/tok", &[], &body);
        let text = format!("Watchdog {status}: always fires\n firing");
        assert_eq!(said(result), ("tok".to_owned(), asked, text));
    }

    #[rstest]
    #[case("", r#"{"status":"firing","labels":{"alertname":"DiskFull"}}"#, Asked::Log)]
    #[case("", r#"{"status":"resolved","labels":{"alertname":"DiskFull"}}"#, Asked::Log)]
    #[case("", "", Asked::Log)]
    #[case(
        "",
        r#"{"status":"firing","labels":{"alertname":"DiskFull"}},{"status":"resolved","labels":{"alertname":"Watchdog"}}"#,
        Asked::Fail
    )]
    #[case(
        "",
        r#"{"status":"resolved","labels":{"alertname":"Watchdog"}},{"status":"firing","labels":{"alertname":"Watchdog"}}"#,
        Asked::Fail
    )]
    #[case("", r#"{"status":"firing","labels":{"alertname":"DeadMansSwitch"}}"#, Asked::Success)]
    #[case("?alertname=Alive", r#"{"status":"firing","labels":{"alertname":"Alive"}}"#, Asked::Success)]
    #[case("?alertname=Alive", r#"{"status":"firing","labels":{"alertname":"Watchdog"}}"#, Asked::Log)]
    fn only_the_alert_that_always_fires_counts(
        #[case] query: &str,
        #[case] alerts: &str,
        #[case] asked: Asked,
    ) {
        let body = format!(r#"{{"version":"4","status":"firing","alerts":[{alerts}]}}"#);
        let target = format!("/api/alertmanager/tok{query}");
        assert_eq!(said(read(DIALECT, "POST", &target, &[], &body)).1, asked);
    }

    #[rstest]
    #[case("POST", "", UNREADABLE)]
    #[case("POST", "[]", UNREADABLE)]
    #[case("POST", r#"{"status":"odd"}"#, UNREADABLE)]
    #[case("POST", r#"{"status":7}"#, UNREADABLE)]
    #[case("GET", r#"{"status":"firing"}"#, POST_ONLY)]
    fn refusals(#[case] method: &str, #[case] body: &str, #[case] reply: Reply) {
        assert_eq!(read(DIALECT, method, "/api/alertmanager/tok", &[], body), Err(reply));
    }
}
