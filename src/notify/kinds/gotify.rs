//! Gotify, a push server of one's own. NOTIFIERS.md §20.
use reqwest::header::HeaderName;
use serde_json::json;
use url::Url;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::outcome::{SendError, Sent, judge_status};
use crate::notify::settings::{below, read_base};
use crate::notify::{Draft, Driver, Family, Field, FieldError, HTTP, Input, Outgoing, Settings};

pub(super) const DRIVER: Driver = Driver {
    kind: "gotify",
    family: Family::Push,
    fields: &[Field::new("url", Input::Url).required(), Field::new("token", Input::Text).required().secret()],
    shared: HTTP,
    read,
    urls: |settings| {
        settings.get("url").and_then(|url| Some(("url", Url::parse(url).ok()?))).into_iter().collect()
    },
    target: |settings| {
        settings
            .get("url")
            .and_then(|url| Some(Url::parse(url).ok()?.host_str()?.to_owned()))
            .unwrap_or_default()
    },
    hosts: &[],
    per_minute: None,
    each: false,
    has_plain: false,
    request,
    verdict,
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let url = read_base("url", get("url"))?;
    let token = get("token");
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(FieldError::new("token", "token", ""));
    }
    Ok(Settings::from([("url".to_owned(), url.to_string()), ("token".to_owned(), token.to_owned())]))
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let priority = match draft.alert.side {
        Side::Down => 8,
        Side::Up | Side::Test => 5,
    };
    let body = json!({
        "title": draft.words.title,
        "message": draft.words.text(&draft.alert.link),
        "priority": priority,
        "extras": {"client::notification": {"click": {"url": draft.alert.link}}},
    });
    let request = HttpRequest::json(below(draft.get("url"), "message")?, &body);
    let key = HeaderName::from_static("x-gotify-key");
    Ok(Outgoing::Http(Box::new(request.with(key, draft.get("token")))))
}

/// Success is 200 with the number of the message.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let sent = judge_status(reply, &[401, 403])?;
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match body["id"].as_i64() {
        Some(id) => Ok(Sent(format!("{}, message {id}", sent.0))),
        None => Err(SendError::retry("HTTP 200 without Gotify's message number: is this the right address?")),
    }
}
