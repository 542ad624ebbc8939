//! Opsgenie, and Jira Service Management, which takes the same requests at an address of its own. NOTIFIERS.md §23.
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::clip::Unit;
use crate::notify::outcome::{SendError, Sent, sentence, wait};
use crate::notify::rooms::{filled, given, incident, is_canary};
use crate::notify::settings::{below, mask, read_base};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

/// Where alerts go, by the word in the field.
const SERVICES: [(&str, &str); 3] = [
    ("jsm", "https://api.atlassian.com/jsm/ops/integration"),
    ("opsgenie", "https://api.opsgenie.com"),
    ("opsgenie-eu", "https://api.eu.opsgenie.com"),
];
/// The vendor's limits, in code points.
const MAX_MESSAGE: usize = 130;
const MAX_DESCRIPTION: usize = 10_000;
const MAX_DETAIL: usize = 1000;
const MAX_TAGS: usize = 20;
const MAX_TAG: usize = 50;

pub(super) const DRIVER: Driver = Driver {
    kind: "opsgenie",
    family: Family::Incident,
    fields: &[
        Field::new("key", Input::Text).required().secret(),
        Field::new("service", Input::Choice(&["jsm", "opsgenie", "opsgenie-eu"])),
        Field::new("priority", Input::Choice(&["P3", "P1", "P2", "P4", "P5"])),
        Field::new("url", Input::Url),
    ],
    target: |settings| mask(given(settings, "key")),
    hosts: &["api.atlassian.com", "api.opsgenie.com", "api.eu.opsgenie.com"],
    each: true,
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

fn read(settings: &Settings) -> Result<Settings, FieldError> {
    let key = given(settings, "key");
    let key = key.strip_prefix("GenieKey").map_or(key, str::trim);
    if !(20..=60).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(FieldError::new("key", "opsgenie-key", ""));
    }
    let url = match given(settings, "url") {
        "" => String::new(),
        url => read_base("url", url)?.to_string(),
    };
    Ok(filled([
        ("key", key.to_owned()),
        ("service", given(settings, "service").to_owned()),
        ("priority", given(settings, "priority").to_owned()),
        ("url", url),
    ]))
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let alert = draft.alert;
    let known = SERVICES.iter().find(|(word, _)| *word == draft.get("service")).unwrap_or(&SERVICES[0]);
    let base = Some(draft.get("url")).filter(|url| !url.is_empty()).unwrap_or(known.1);
    let (path, body) = if alert.side == Side::Up || is_canary(alert) {
        // Nobody is woken by the end of what never began, and the key is checked all the same.
        let alias = if is_canary(alert) { "maibo-canary".to_owned() } else { incident(alert) };
        let note = Unit::Chars.clip(&draft.words.sentence, MAX_DETAIL);
        (format!("v2/alerts/{alias}/close?identifierType=alias"), json!({"source": "Maibo", "note": note}))
    } else {
        ("v2/alerts".to_owned(), opening(draft))
    };
    let authorization = format!("GenieKey {}", draft.get("key"));
    let request = HttpRequest::json(below(base, &path)?, &body).with(AUTHORIZATION, &authorization);
    Ok(Outgoing::Http(Box::new(request)))
}

fn opening(draft: &Draft<'_>) -> Value {
    let Draft { alert, words, .. } = *draft;
    let clip = |text: &str| Unit::Chars.clip(text, MAX_DETAIL);
    let priority = match draft.get("priority") {
        "" => "P3",
        priority => priority,
    };
    let mut body = json!({
        "alias": incident(alert),
        "message": Unit::Chars.clip(&words.title, MAX_MESSAGE),
        "description": Unit::Chars.clip(&words.text(&alert.link), MAX_DESCRIPTION),
        "source": "Maibo",
        "priority": priority,
    });
    if !draft.plain {
        let mut details: serde_json::Map<String, Value> =
            words.facts.iter().take(8).map(|(label, value)| (clip(label), clip(value).into())).collect();
        details.insert(clip(&words.link_label), alert.link.clone().into());
        let tags = alert.check.tags.split_whitespace().take(MAX_TAGS);
        body["tags"] = tags.map(|tag| Unit::Chars.clip(tag, MAX_TAG)).collect();
        body["entity"] = Unit::Chars.clip(&alert.check.name, 500).into();
        body["details"] = details.into();
    }
    body
}

fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let message = body["message"].as_str().or_else(|| body["result"].as_str()).unwrap_or_default();
    let said = match message {
        "" => format!("HTTP {}", reply.status),
        message => format!("HTTP {}: {}", reply.status, sentence(message)),
    };
    // Every answer of the vendor's own has the number of the request.
    let own = body["requestId"].is_string();
    match reply.status {
        202 if own => {
            Ok(Sent(format!("{said}, request {}", sentence(body["requestId"].as_str().unwrap_or_default()))))
        }
        // What is to be closed is closed already, or was never opened.
        404 if own => Ok(Sent(said)),
        401 | 403 if own => Err(SendError::Permanent(said)),
        422 if message.contains("Key format") => Err(SendError::Permanent(said)),
        400 | 413 | 422 => Err(SendError::Rejected(said)),
        200..=299 => Err(SendError::retry(format!(
            "{said} without Opsgenie's request number: is this the right address?"
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

    const KEY: &str = "eb243592-faa2-4ba2-a551-1afdf565c889";

    fn sent(alert: &Alert, service: &str) -> (String, Value) {
        let key = format!("GenieKey {KEY}");
        let sent = sample::request("opsgenie", &[("key", &key), ("service", service)], alert, false);
        assert_eq!(sent.headers[AUTHORIZATION], key);
        (sent.url.to_string(), serde_json::from_slice(&sent.body).unwrap())
    }

    #[test]
    fn what_a_check_opens_it_closes() {
        let (url, down) = sent(&alert(Side::Down), "");
        assert_eq!(url, "https://api.atlassian.com/jsm/ops/integration/v2/alerts");
        let alias = down["alias"].as_str().unwrap();
        let (url, up) = sent(&alert(Side::Up), "opsgenie-eu");
        assert_eq!(url, format!("https://api.eu.opsgenie.com/v2/alerts/{alias}/close?identifierType=alias"));
        assert!(up["note"].as_str().unwrap().contains("is back"), "{up}");
    }

    #[test]
    fn a_long_name_fits_the_title_and_details_are_texts() {
        let mut alert = alert(Side::Down);
        alert.check.name = "夜间备份".repeat(500);
        let (_, down) = sent(&alert, "opsgenie");
        assert!(Unit::Chars.len(down["message"].as_str().unwrap()) <= MAX_MESSAGE);
        assert!(down["details"].as_object().unwrap().values().all(Value::is_string));
        assert_eq!(down["tags"], json!(["db", "backup"]));
    }
}
