//! ntfy, the public server or one of one's own. NOTIFIERS.md §19.
use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, judge_said, sentence, wait};
use crate::notify::settings::{below, read_base};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const PUBLIC: &str = "https://ntfy.sh";
/// Bytes of a message; a longer one would arrive as a file.
const MAX_MESSAGE: usize = 4096;
const MAX_TITLE: usize = 250;
/// With the server's numbers, 1 to 5.
const PRIORITIES: &[&str] = &["high", "urgent", "default", "low", "min"];
const PRIORITIES_UP: &[&str] = &["default", "low", "min", "high", "urgent", "off"];

pub(super) const DRIVER: Driver = Driver {
    kind: "ntfy",
    family: Family::Push,
    fields: &[
        Field::new("topic", Input::Text),
        Field::new("url", Input::Url),
        Field::new("token", Input::Text).secret(),
        Field::new("username", Input::Text),
        Field::new("password", Input::Text).secret(),
        Field::new("priority", Input::Choice(PRIORITIES)),
        Field::new("priority_up", Input::Choice(PRIORITIES_UP)),
    ],
    target: |settings| {
        let host = settings.get("url").and_then(|url| Some(Url::parse(url).ok()?.host_str()?.to_owned()));
        format!("{}/{}", host.unwrap_or_default(), settings.get("topic").map_or("", String::as_str))
    },
    // The public server refills one every five seconds.
    per_minute: Some(10),
    ..Driver::over_http(read, request, verdict)
};

/// The topic may stand at the end of the server's address, and the server in front of the topic.
fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let (mut server, mut topic) = (get("url").to_owned(), get("topic").to_owned());
    if let Some((before, last)) = topic.trim_end_matches('/').rsplit_once('/') {
        let with_scheme =
            if before.contains("://") { before.to_owned() } else { format!("https://{before}") };
        (server, topic) = (with_scheme, last.to_owned());
    }
    if server.is_empty() {
        PUBLIC.clone_into(&mut server);
    }
    let mut url = read_base("url", &server)?;
    if topic.is_empty()
        && let Some((before, last)) = url.path().rsplit_once('/')
        && !last.is_empty()
    {
        let (before, last) = (before.to_owned(), last.to_owned());
        url.set_path(&before);
        topic = last;
    }
    if topic.is_empty() {
        return Err(FieldError::new("topic", "required", ""));
    }
    let fits =
        topic.len() <= 64 && topic.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !fits {
        return Err(FieldError::new("topic", "ntfy-topic", topic));
    }
    let token = get("token");
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(FieldError::new("token", "token", ""));
    }
    if get("username").is_empty() != get("password").is_empty() {
        let missing = if get("username").is_empty() { "username" } else { "password" };
        return Err(FieldError::new(missing, "required", ""));
    }
    let mut settings = Settings::from([("url".to_owned(), url.to_string()), ("topic".to_owned(), topic)]);
    for name in ["token", "username", "password", "priority", "priority_up"] {
        if !get(name).is_empty() {
            settings.insert(name.to_owned(), get(name).to_owned());
        }
    }
    Ok(settings)
}

fn number(priority: &str) -> Option<u8> {
    match priority {
        "urgent" => Some(5),
        "high" => Some(4),
        "default" => Some(3),
        "low" => Some(2),
        "min" => Some(1),
        _ => None,
    }
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let alert = draft.alert;
    let (priority, tag) = match alert.side {
        Side::Down => (number(draft.get("priority")).unwrap_or(4), "rotating_light"),
        Side::Up if draft.get("priority_up") == "off" => return Ok(Outgoing::Nothing),
        Side::Up => (number(draft.get("priority_up")).unwrap_or(3), "white_check_mark"),
        Side::Test => (3, "wave"),
    };
    let text = |words: &Words| words.text(&alert.link);
    let body = json!({
        "topic": draft.get("topic"),
        "title": Unit::Bytes.clip(&draft.words.title, MAX_TITLE),
        "message": fit(draft.words, MAX_MESSAGE, text, String::len),
        "priority": priority,
        "tags": [tag],
        "click": alert.link,
        "actions": [{"action": "view", "label": draft.words.link_label, "url": alert.link}],
    });
    let mut request = HttpRequest::json(below(draft.get("url"), "")?, &body);
    if !draft.get("token").is_empty() {
        request = request.with(AUTHORIZATION, &format!("Bearer {}", draft.get("token")));
    } else if !draft.get("username").is_empty() {
        request = request.signed_in(draft.get("username"), draft.get("password"));
    }
    Ok(Outgoing::Http(Box::new(request)))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reply {
    id: String,
    event: String,
    code: i64,
    error: String,
}

/// Success is the message, with its id. The server names no delay.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Reply = serde_json::from_slice(&reply.body).unwrap_or_default();
    let said =
        if body.code == 0 { String::new() } else { format!("{} ({})", sentence(&body.error), body.code) };
    match (reply.status, body.code) {
        (200, _) if !body.id.is_empty() && body.event == "message" => {
            Ok(Sent(format!("message {}", sentence(&body.id))))
        }
        (200, _) => Err(SendError::retry("HTTP 200 without ntfy's message id: is this the right address?")),
        // The day's quota, and too many wrong passwords: it takes hours.
        (429, 42908 | 42909) => Err(wait(format!("HTTP 429: {said}"), Some(Duration::from_hours(1)))),
        _ => judge_said(reply, &[401, 403], &said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn settings(given: &[(&str, &str)]) -> Settings {
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[rstest]
    #[case(&[("topic", "ops")], "https://ntfy.sh/", "ops")]
    #[case(&[("topic", " https://ntfy.sh/ops ")], "https://ntfy.sh/", "ops")]
    #[case(&[("topic", "ntfy.sh/ops/")], "https://ntfy.sh/", "ops")]
    #[case(&[("url", "https://push.example/ntfy/ops")], "https://push.example/ntfy", "ops")]
    #[case(&[("url", "https://push.example/ntfy/"), ("topic", "ops")], "https://push.example/ntfy", "ops")]
    fn server_and_topic_are_told_apart(
        #[case] given: &[(&str, &str)],
        #[case] url: &str,
        #[case] topic: &str,
    ) {
        let read = read(&settings(given)).unwrap();
        assert_eq!((read["url"].as_str(), read["topic"].as_str()), (url, topic));
    }

    #[rstest]
    #[case(&[], "topic")]
    #[case(&[("topic", "two words")], "topic")]
    #[case(&[("url", "https://ntfy.sh/")], "topic")]
    #[case(&[("topic", "ops"), ("username", "me")], "password")]
    #[case(&[("topic", "ops"), ("token", "tk_ x")], "token")]
    fn bad_settings_name_the_field(#[case] given: &[(&str, &str)], #[case] field: &str) {
        assert_eq!(read(&settings(given)).unwrap_err().field, field);
    }
}
