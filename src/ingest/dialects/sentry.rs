//! Sentry's crons: `/api/<project>/cron/<slug>/<public key>/?status=in_progress|ok|error`, the same as JSON, and the
//! envelopes in which Sentry's clients send check-ins to `/api/<project>/envelope/`.
//!
//! The public key is our ping key and the monitor's slug ours, or both together an alias; the project does not matter.
//! An environment is kept in the text only. Source: Sentry Relay (`endpoints/monitor.rs`, `relay-monitors`) and Sentry's
//! documentation for developers, "Check-Ins" and "Envelopes".
use axum::http::{HeaderName, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;
use url::Url;
use uuid::Uuid;

use super::{Address, Create, Dialect, Holder, Reply, Request, Said, ToldBy, text};
use crate::core::ping::Asked;
use crate::core::schedule::{Schedule, Spec};
use crate::core::{Span, slug};

const NOT_FOUND: Reply = Reply::json(
    StatusCode::NOT_FOUND,
    r#"{"detail":"no check with this slug belongs to this key, and there is no monitor_config that one can be made from"}"#,
);
const NO_KEY: Reply =
    Reply::json(StatusCode::UNAUTHORIZED, r#"{"detail":"missing authorization information"}"#);
const UNREADABLE: Reply = Reply::json(
    StatusCode::BAD_REQUEST,
    r#"{"detail":"the check-in cannot be read, or is too long; its status is in_progress, ok or error"}"#,
);
const TOO_LONG: Reply = Reply::json(
    StatusCode::PAYLOAD_TOO_LARGE,
    r#"{"detail":"the envelope is cut short, or longer than 1 MiB"}"#,
);
/// What else clients send: errors, traces, sessions.
const NOT_OURS: Reply = Reply::json(StatusCode::OK, "{}");

pub(super) const CRON: Dialect = Dialect {
    hasty: true,
    told_by: ToldBy::Body,
    ..Dialect::by_url(read_cron, Reply::bare(StatusCode::ACCEPTED), NOT_FOUND)
};
pub(super) const ENVELOPE: Dialect = Dialect {
    hasty: true,
    told_by: ToldBy::Message(holder),
    ..Dialect::by_url(read_envelope, NOT_OURS, NOT_FOUND)
};

/// How long a job may run, and how late it may check in, when its configuration does not say: Sentry's own figures, in
/// minutes.
const MAX_RUNTIME: i64 = 30;
const MARGIN: i64 = 1;

#[derive(Default, Deserialize)]
struct CheckIn {
    status: String,
    #[serde(rename = "check_in_id")]
    run: Option<String>,
    #[serde(default)]
    monitor_slug: String,
    environment: Option<String>,
    /// Seconds.
    duration: Option<f64>,
    monitor_config: Option<Value>,
}

fn read_cron(request: &Request<'_>) -> Result<Said, Reply> {
    let (slug, key) = match request.path()[..] {
        ["api", _, "cron", slug, key] => (slug, key.to_owned()),
        ["api", _, "cron", slug] => (slug, key_of(request).ok_or(NO_KEY)?),
        _ => return Err(NOT_FOUND),
    };
    let is_json = request.has_type("application/json") || request.body.trim_ascii_start().starts_with(b"{");
    let mut check_in = if is_json {
        serde_json::from_slice(request.body).map_err(|_| UNREADABLE)?
    } else {
        CheckIn {
            status: request.get("status").unwrap_or_default().to_owned(),
            run: request.get("check_in_id").map(str::to_owned),
            environment: request.get("environment").map(str::to_owned),
            duration: request.get("duration").and_then(|seconds| seconds.parse().ok()),
            ..CheckIn::default()
        }
    };
    slug.clone_into(&mut check_in.monitor_slug);
    said(key, check_in)
}

fn holder(request: &Request<'_>) -> Option<Holder> {
    key_of(request).map(Holder::Credential)
}

#[derive(Deserialize)]
struct EnvelopeHeader {
    dsn: Option<String>,
}

#[derive(Deserialize)]
struct ItemHeader {
    #[serde(rename = "type")]
    kind: String,
    /// Bytes; an item without it ends with its line.
    length: Option<usize>,
}

fn read_envelope(request: &Request<'_>) -> Result<Said, Reply> {
    let (header, items) = line(request.body);
    let header: EnvelopeHeader = serde_json::from_slice(header).map_err(|_| UNREADABLE)?;
    let mut all = Vec::new();
    for item in check_ins(items)? {
        all.push(serde_json::from_slice::<CheckIn>(item).map_err(|_| UNREADABLE)?);
    }
    // Clients send one. Of several, one that failed is what must be heard.
    let worst = all.iter().position(|check_in| check_in.status == "error").unwrap_or(0);
    if all.is_empty() {
        return Err(NOT_OURS);
    }
    let check_in = all.swap_remove(worst);
    let dsn = || Some(Url::parse(&header.dsn?).ok()?.username().to_owned());
    let key = key_of(request).or_else(dsn).filter(|key| !key.is_empty()).ok_or(NO_KEY)?;
    said(key, check_in)
}

/// The check-ins among an envelope's items.
fn check_ins(mut items: &[u8]) -> Result<Vec<&[u8]>, Reply> {
    let mut found = Vec::new();
    while !items.is_empty() {
        let (header, rest) = line(items);
        if header.is_empty() {
            items = rest;
            continue;
        }
        let header: ItemHeader = serde_json::from_slice(header).map_err(|_| UNREADABLE)?;
        let (item, rest) = match header.length {
            // What is too long for us is cut off in its middle; nothing behind that can be found.
            Some(length) if length > rest.len() && found.is_empty() => return Err(TOO_LONG),
            Some(length) if length > rest.len() => break,
            Some(length) => rest.split_at(length),
            None => line(rest),
        };
        if header.kind == "check_in" {
            found.push(item);
        }
        items = rest;
    }
    Ok(found)
}

/// The first line, and what follows it.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|b| *b == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

/// The public key that a client sends along: `X-Sentry-Auth: Sentry sentry_key=…, sentry_version=7`, or as a parameter.
fn key_of(request: &Request<'_>) -> Option<String> {
    let sent = request.header(HeaderName::from_static("x-sentry-auth"));
    let mut fields = sent.strip_prefix("Sentry ").unwrap_or(sent).split(',');
    let in_header = fields.find_map(|field| field.trim().strip_prefix("sentry_key="));
    in_header.or_else(|| request.get("sentry_key")).map(str::to_owned)
}

/// Clients send names, out of which Sentry makes slugs. We do the same where nothing is lost that could tell two jobs
/// apart: letters of other scripts, or the end of a long name.
fn slug_of(name: &str) -> Option<String> {
    if slug::is_valid(name) {
        return Some(name.to_owned()).filter(|name| !name.is_empty());
    }
    let is_lost = |c: char| !c.is_ascii() && c.is_alphanumeric();
    if name.chars().count() > slug::MAX_CHARS || name.nfkd().any(is_lost) {
        return None;
    }
    Some(slug::from_name(name)).filter(|slug| !slug.is_empty())
}

fn said(key: String, check_in: CheckIn) -> Result<Said, Reply> {
    let asked = match check_in.status.as_str() {
        "in_progress" => Asked::Start,
        "ok" => Asked::Success,
        "error" => Asked::Fail,
        _ => return Err(UNREADABLE),
    };
    let rid = match &check_in.run {
        None => None,
        Some(id) => Some(Uuid::try_parse(id).map_err(|_| UNREADABLE)?),
    };
    let duration = check_in.duration.map(|seconds| format!("{} s", (seconds * 1000.0).round() / 1000.0));
    let facts = [("environment", check_in.environment.as_deref()), ("duration", duration.as_deref())];
    let create = match check_in.monitor_config.as_ref().and_then(plan) {
        Some((spec, grace)) => Create::Planned(spec, grace),
        None => Create::Never,
    };
    let slug = slug_of(&check_in.monitor_slug);
    Ok(Said {
        address: Address::Pair { credential: key, slug, name: check_in.monitor_slug, create },
        asked,
        // All zeros: the latest run, whichever it is.
        rid: rid.filter(|rid| !rid.is_nil()),
        text: text(None, facts, &[]),
    })
}

/// The schedule and grace of a `monitor_config` that we can follow. Our grace bounds lateness and running time alike, so
/// it is the longer of Sentry's two.
fn plan(config: &Value) -> Option<(Spec, Span)> {
    let schedule = &config["schedule"];
    let spec = match schedule["type"].as_str()? {
        "crontab" => {
            let line = schedule["value"].as_str()?;
            Spec::cron(five_fields(line), config["timezone"].as_str().unwrap_or("UTC"))
        }
        "interval" => {
            let minutes = minutes_of(schedule["unit"].as_str()?)?;
            Spec::every(Span::try_minutes(schedule["value"].as_i64()?.checked_mul(minutes)?)?)
        }
        _ => return None,
    };
    Schedule::parse(&spec).ok()?;
    let minutes = |name: &str, default| config[name].as_i64().unwrap_or(default);
    let grace = minutes("checkin_margin", MARGIN).max(minutes("max_runtime", MAX_RUNTIME));
    Some((spec, Span::minutes(grace.clamp(1, 365 * 24 * 60))))
}

/// A crontab's nicknames, which we do not read, as the lines that they stand for.
fn five_fields(line: &str) -> &str {
    match line.trim() {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        line => line,
    }
}

fn minutes_of(unit: &str) -> Option<i64> {
    Some(match unit {
        "minute" => 1,
        "hour" => 60,
        "day" => 24 * 60,
        "week" => 7 * 24 * 60,
        "month" => 30 * 24 * 60,
        "year" => 365 * 24 * 60,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, said};
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
    const AUTH: (&str, &str) =
        ("x-sentry-auth", "Sentry sentry_key=pub, sentry_version=7, sentry_client=x/1");
    const RUN: &str = "a460c25ff2554577b920fcfacae4e5eb";

    #[rstest]
    #[case("?status=in_progress", Asked::Start, "")]
    #[case(
        "?status=ok&environment=prod&duration=2.49999",
        Asked::Success,
        "environment: prod\nduration: 2.5 s"
    )]
    #[case("?status=error", Asked::Fail, "")]
    fn words_of_the_cron_url(#[case] query: &str, #[case] asked: Asked, #[case] text: &str) {
        let expected = ("pub/nightly".to_owned(), asked, text.to_owned());
        let result = read(CRON, "GET", &format!("/api/42/cron/nightly/pub/{query}"), &[], "");
        assert_eq!(said(result), expected);
        let result = read(CRON, "GET", &format!("/api/42/cron/nightly/{query}"), &[AUTH], "");
        assert_eq!(said(result), expected);
        let by_query = format!("/api/42/cron/nightly/{query}&sentry_key=pub");
        assert_eq!(said(read(CRON, "POST", &by_query, &[], "")), expected);
    }

    #[test]
    fn run_ids_have_dashes_or_none_and_zeros_are_none() {
        for (id, rid) in [
            (RUN, Some("a460c25f-f255-4577-b920-fcfacae4e5eb")),
            ("a460c25f-f255-4577-b920-fcfacae4e5eb", Some("a460c25f-f255-4577-b920-fcfacae4e5eb")),
            ("00000000000000000000000000000000", None),
        ] {
            let url = format!("/api/42/cron/nightly/pub/?status=ok&check_in_id={id}");
            let said = read(CRON, "GET", &url, &[], "").unwrap();
            assert_eq!(said.rid.map(|rid| rid.to_string()).as_deref(), rid);
        }
    }

    #[rstest]
    #[case("/api/42/cron/nightly/pub/", &[], "", UNREADABLE)]
    #[case("/api/42/cron/nightly/pub/?status=missed", &[], "", UNREADABLE)]
    #[case("/api/42/cron/nightly/pub/?status=ok&check_in_id=7", &[], "", UNREADABLE)]
    #[case("/api/42/cron/nightly/pub/?status=ok", &[JSON], "{", UNREADABLE)]
    #[case("/api/42/cron/nightly/pub/", &[JSON], r#"{"status":3}"#, UNREADABLE)]
    #[case("/api/42/cron/nightly/?status=ok", &[], "", NO_KEY)]
    #[case("/api/42/cron/nightly/pub/more/", &[], "", NOT_FOUND)]
    fn refusals(
        #[case] url: &str,
        #[case] headers: &[(&'static str, &str)],
        #[case] body: &str,
        #[case] reply: Reply,
    ) {
        assert_eq!(read(CRON, "POST", url, headers, body), Err(reply));
    }

    #[rstest]
    #[case(json!({"schedule": {"type": "crontab", "value": "0 * * * *"}}), Spec::cron("0 * * * *", "UTC"), 30)]
    #[case(
        json!({"schedule": {"type": "crontab", "value": "@daily"}, "timezone": "Asia/Shanghai", "max_runtime": 90}),
        Spec::cron("0 0 * * *", "Asia/Shanghai"),
        90
    )]
    #[case(
        json!({"schedule": {"type": "interval", "value": 2, "unit": "hour"}, "checkin_margin": 45, "max_runtime": 1}),
        Spec::every(Span::hours(2)),
        45
    )]
    fn a_configuration_is_a_schedule(#[case] config: Value, #[case] spec: Spec, #[case] minutes: i64) {
        assert_eq!(plan(&config), Some((spec, Span::minutes(minutes))));
    }

    #[rstest]
    #[case(json!(null))]
    #[case(json!({"schedule": {"type": "crontab", "value": "often"}}))]
    #[case(json!({"schedule": {"type": "crontab", "value": "0 * * * *"}, "timezone": "Mars/Olympus"}))]
    #[case(json!({"schedule": {"type": "interval", "value": 2, "unit": "fortnight"}}))]
    #[case(json!({"schedule": {"type": "interval", "value": 9_000_000_000_000_000_000_i64, "unit": "year"}}))]
    #[case(json!({"schedule": {"type": "interval", "value": 0, "unit": "day"}}))]
    fn what_we_cannot_follow_makes_no_check(#[case] config: Value) {
        assert_eq!(plan(&config), None);
    }

    fn envelope(header: &str, items: &[(&str, &str)]) -> String {
        let mut text = format!("{header}\n");
        for (header, payload) in items {
            text.extend([header, "\n", payload, "\n"]);
        }
        text
    }

    #[test]
    fn a_check_in_is_found_in_its_envelope() {
        let payload =
            format!(r#"{{"check_in_id":"{RUN}","monitor_slug":"nightly","status":"error","duration":null}}"#);
        let length = format!(r#"{{"type":"check_in","length":{}}}"#, payload.len());
        let plain = r#"{"type":"check_in","content_type":"application/json"}"#;
        let other = (r#"{"type":"session","length":4}"#, "a\nb\n");
        let dsn = r#"{"dsn":"https://pub@o0.ingest.sentry.io/42"}"#;
        for (header, auth, items) in [
            ("{}", &[AUTH][..], vec![(length.as_str(), payload.as_str())]),
            ("{}", &[AUTH][..], vec![(plain, payload.as_str())]),
            (dsn, &[][..], vec![other, (length.as_str(), payload.as_str())]),
        ] {
            let text = envelope(header, &items);
            let result = read(ENVELOPE, "POST", "/api/42/envelope/", auth, &text);
            assert_eq!(said(result), ("pub/nightly".to_owned(), Asked::Fail, String::new()), "{text}");
        }
    }

    #[test]
    fn what_else_is_sent_is_let_go() {
        let event = (r#"{"type":"event","length":2}"#, "{}");
        let cut = (r#"{"type":"event","length":2000000}"#, "{ [... 12 bytes left out ...] }");
        for (items, reply) in [(vec![event], NOT_OURS), (vec![cut], TOO_LONG), (vec![], NOT_OURS)] {
            let text = envelope("{}", &items);
            assert_eq!(read(ENVELOPE, "POST", "/api/42/envelope/", &[AUTH], &text), Err(reply));
        }
        for text in ["", "nonsense", "{}\nnonsense\n", "{}\n{\"type\":\"check_in\"}\n"] {
            assert_eq!(read(ENVELOPE, "POST", "/api/42/envelope/", &[AUTH], text), Err(UNREADABLE), "{text}");
        }
        let text = envelope("{}", &[(r#"{"type":"check_in"}"#, r#"{"status":"ok"}"#)]);
        assert_eq!(read(ENVELOPE, "POST", "/api/42/envelope/", &[], &text), Err(NO_KEY));
    }
}
