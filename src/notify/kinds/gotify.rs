//! Gotify, a push server of one's own. NOTIFIERS.md §20.
use reqwest::header::HeaderName;
use serde_json::json;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::outcome::{SendError, Sent, judge_status};
use crate::notify::settings::{below, read_base, read_url};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

pub(super) const DRIVER: Driver = Driver {
    kind: "gotify",
    family: Family::Push,
    fields: &[Field::new("url", Input::Url).required(), Field::new("token", Input::Text).secret()],
    ..Driver::over_http(read, request, verdict)
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let pasted = read_url("url", get("url"))?;
    let mut url = read_base("url", pasted.as_str())?;
    // Somebody copied the address of a call.
    if let Some(base) = url.path().strip_suffix("/message").map(str::to_owned) {
        url.set_path(&base);
    }
    let named = pasted.query_pairs().find(|(name, _)| name == "token").map(|(_, token)| token.into_owned());
    // A stored address has no token: one in it is newer than what may be stored beside it.
    let token = named.unwrap_or_else(|| get("token").to_owned());
    if token.is_empty() {
        return Err(FieldError::new("token", "required", ""));
    }
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(FieldError::new("token", "token", ""));
    }
    Ok(Settings::from([("url".to_owned(), url.to_string()), ("token".to_owned(), token)]))
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

#[cfg(test)]
mod tests {
    use crate::notify::sample;
    use rstest::rstest;

    #[rstest]
    #[case(&[("url", "https://push.example/x/"), ("token", "AbC")])]
    #[case(&[("url", "https://push.example/x/message?token=AbC")])]
    #[case(&[("url", "https://push.example/x?token=AbC"), ("token", "stored")])]
    fn a_whole_address_will_do(#[case] given: &[(&str, &str)]) {
        let read = sample::settings("gotify", given);
        assert_eq!((read["url"].as_str(), read["token"].as_str()), ("https://push.example/x", "AbC"));
    }

    #[rstest]
    #[case(&[("url", "https://push.example/")])]
    #[case(&[("url", "https://push.example/message?token=a%20b")])]
    fn a_token_is_needed(#[case] given: &[(&str, &str)]) {
        assert_eq!(sample::wrong("gotify", given), "token");
    }
}
