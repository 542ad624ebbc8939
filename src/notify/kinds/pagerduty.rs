//! PagerDuty, through its Events API v2. NOTIFIERS.md §22.
use serde_json::{Value, json};
use url::Url;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::clip::Unit;
use crate::notify::outcome::{SendError, Sent, sentence, wait};
use crate::notify::rooms::{filled, given, incident, is_canary};
use crate::notify::settings::{below, mask, read_base, vendors_or_named};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const US: &str = "events.pagerduty.com";
const EU: &str = "events.eu.pagerduty.com";
/// Code points of an incident's title.
const MAX_SUMMARY: usize = 1024;
/// Of each other text; the vendor takes 512 KB in all.
const MAX_TEXT: usize = 4000;
const REGIONS: &[&str] = &["us", "eu"];
const SEVERITIES: &[&str] = &["critical", "error", "warning", "info"];

pub(super) const DRIVER: Driver = Driver {
    kind: "pagerduty",
    family: Family::Incident,
    fields: &[
        Field::new("key", Input::Text).required().secret(),
        Field::new("region", Input::Choice(REGIONS)),
        Field::new("severity", Input::Choice(SEVERITIES)),
        Field::new("url", Input::Url),
    ],
    target: |settings| mask(given(settings, "key")),
    hosts: &[US, EU],
    each: true,
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

fn read(settings: &Settings) -> Result<Settings, FieldError> {
    vendors_or_named("key", settings, DRIVER.hosts)?;
    let text = given(settings, "key");
    // The key stands in an integration's address as well.
    let is_key = |part: &&str| part.len() == 32 && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let key = text
        .split(['/', '?', '=', '&'])
        .find(is_key)
        .ok_or_else(|| FieldError::new("key", "pagerduty-key", ""))?;
    let region = if text.contains(EU) { "eu" } else { given(settings, "region") };
    let url = match given(settings, "url") {
        "" => String::new(),
        url => read_base("url", url)?.to_string(),
    };
    Ok(filled([
        ("key", key.to_owned()),
        ("region", region.to_owned()),
        ("severity", given(settings, "severity").to_owned()),
        ("url", url),
    ]))
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let Draft { alert, words, .. } = *draft;
    let base = match (draft.get("url"), draft.get("region")) {
        ("", "eu") => format!("https://{EU}"),
        ("", _) => format!("https://{US}"),
        (url, _) => url.to_owned(),
    };
    let url = below(&base, "v2/enqueue")?;
    let key = incident(alert);
    // Nobody is woken by an end without a beginning, and the key is checked all the same.
    if alert.side == Side::Up || is_canary(alert) {
        let key = if is_canary(alert) { "maibo-canary" } else { &key };
        let body = json!({"routing_key": draft.get("key"), "event_action": "resolve", "dedup_key": key});
        return Ok(Outgoing::Http(Box::new(HttpRequest::json(url, &body))));
    }
    let clip = |text: &str| Unit::Chars.clip(text, MAX_TEXT);
    let mut details = serde_json::Map::new();
    if !draft.plain {
        for (label, value) in &words.facts {
            details.insert(clip(label), clip(value).into());
        }
        if let Some(quote) = &words.quote {
            details.insert("Output".to_owned(), clip(quote).into());
        }
    }
    let severity = match draft.get("severity") {
        "" => SEVERITIES[0],
        severity => severity,
    };
    let source = Url::parse(&alert.link).ok().and_then(|link| Some(link.host_str()?.to_owned()));
    let summary = match alert.side {
        Side::Test => format!("{}: {}", words.title, words.sentence),
        _ => words.sentence.clone(),
    };
    let body = json!({
        "routing_key": draft.get("key"),
        "event_action": "trigger",
        "dedup_key": key,
        "client": "Maibo",
        "client_url": alert.link,
        "links": [{"href": alert.link, "text": clip(&words.link_label)}],
        "payload": {
            "summary": Unit::Chars.clip(&summary, MAX_SUMMARY),
            "source": source.unwrap_or_else(|| "Maibo".to_owned()),
            "severity": severity,
            "timestamp": alert.at.to_rfc3339(),
            "component": clip(&alert.check.name),
            "group": clip(&alert.project),
            "custom_details": details,
        },
    });
    Ok(Outgoing::Http(Box::new(HttpRequest::json(url, &body))))
}

fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let errors = body["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join("; ");
    let message = body["message"].as_str().unwrap_or_default();
    let said = match (message, errors.as_str()) {
        ("", _) => format!("HTTP {}", reply.status),
        (message, "") => format!("HTTP {}: {}", reply.status, sentence(message)),
        (message, errors) => format!("HTTP {}: {}: {}", reply.status, sentence(message), sentence(errors)),
    };
    let names_key = errors.contains("routing_key") || message.to_lowercase().contains("routing key");
    match reply.status {
        202 if body["status"] == "success" => Ok(Sent(said)),
        400 if names_key => Err(SendError::Permanent(said)),
        401 | 403 if body["status"].is_string() => Err(SendError::Permanent(said)),
        400 | 413 => Err(SendError::Rejected(said)),
        200..=299 => Err(SendError::retry(format!(
            "{said} without PagerDuty's word of success: is this the right address?"
        ))),
        _ => Err(wait(said, reply.retry_after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::Alert;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    const KEY: &str = "R0123456789abcdef0123456789abcde";

    fn sent(alert: &Alert, region: &str) -> (String, Value) {
        let sent = sample::request("pagerduty", &[("key", KEY), ("region", region)], alert, false);
        (sent.url.to_string(), serde_json::from_slice(&sent.body).unwrap())
    }

    #[test]
    fn what_a_check_opens_it_closes() {
        let (url, down) = sent(&alert(Side::Down), "");
        let (eu, up) = sent(&alert(Side::Up), "eu");
        assert_eq!(url, "https://events.pagerduty.com/v2/enqueue");
        assert_eq!(eu, "https://events.eu.pagerduty.com/v2/enqueue");
        assert_eq!((&down["event_action"], &up["event_action"]), (&json!("trigger"), &json!("resolve")));
        assert_eq!(down["dedup_key"], up["dedup_key"]);
        assert_eq!(down["payload"]["severity"], "critical");
    }

    #[test]
    fn a_sign_of_life_wakes_nobody() {
        let mut alert = alert(Side::Test);
        alert.quiet = true;
        assert_eq!(sent(&alert, "").1["event_action"], "resolve");
    }

    #[rstest]
    #[case(KEY, Some(("us", KEY)))]
    #[case("https://events.eu.pagerduty.com/integration/R0123456789abcdef0123456789abcde/enqueue", Some(("eu", KEY)))]
    #[case("too-short", None)]
    fn keys(#[case] text: &str, #[case] expected: Option<(&str, &str)>) {
        let settings = read(&Settings::from([("key".to_owned(), text.to_owned())])).ok();
        let read = settings
            .as_ref()
            .map(|settings| (settings.get("region").map_or("us", String::as_str), settings["key"].as_str()));
        assert_eq!(read, expected);
    }
}
