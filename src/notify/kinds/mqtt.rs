//! MQTT: what happened, and the state of each check. NOTIFIERS.md §34.
use serde_json::json;
use url::Url;

use crate::net::egress::HttpReply;
use crate::net::mqtt::{Message, Publish};
use crate::notify::alert::Side;
use crate::notify::clip::Unit;
use crate::notify::outcome::{SendError, Sent};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

/// Bytes of a text in an event: small devices read along.
const MAX_TEXT: usize = 2000;
const MAX_NAME: usize = 500;
const MAX_TOPIC: usize = 200;

pub(super) const DRIVER: Driver = Driver {
    kind: "mqtt",
    family: Family::Machine,
    fields: &[
        Field::new("url", Input::Text).required(),
        Field::new("username", Input::Text),
        Field::new("password", Input::Text).secret(),
        Field::new("topic", Input::Text),
    ],
    shared: &[],
    read,
    urls: |settings| {
        settings.get("url").and_then(|url| Some(("url", Url::parse(url).ok()?))).into_iter().collect()
    },
    target: |settings| {
        let host = settings.get("url").and_then(|url| Some(Url::parse(url).ok()?.host_str()?.to_owned()));
        format!("{}, {}", host.unwrap_or_default(), settings.get("topic").map_or("maibo", String::as_str))
    },
    hosts: &[],
    per_minute: None,
    each: true,
    has_plain: false,
    request,
    verdict: |_: &HttpReply| -> Result<Sent, SendError> {
        Err(SendError::Rejected("not an MQTT message".into()))
    },
};

/// A user and a password may stand in the address.
fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let wrong = || FieldError::new("url", "mqtt-url", "");
    let text = get("url");
    let whole = if text.contains("://") { text.to_owned() } else { format!("mqtt://{text}") };
    let whole = whole.replacen("ssl://", "mqtts://", 1).replacen("tcp://", "mqtt://", 1);
    let mut url = Url::parse(&whole).map_err(|_| wrong())?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "mqtt" | "mqtts") || !bare || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong());
    }
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut user = decoded(url.username());
    let mut password = decoded(url.password().unwrap_or_default());
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return Err(wrong());
    }
    url.set_path("");
    if !get("username").is_empty() {
        get("username").clone_into(&mut user);
    }
    if !get("password").is_empty() {
        get("password").clone_into(&mut password);
    }
    if user.is_empty() && !password.is_empty() {
        return Err(FieldError::new("username", "required", ""));
    }
    let topic = get("topic").trim_matches('/');
    if topic.len() > MAX_TOPIC || topic.contains(['#', '+', '\0']) || topic.starts_with('$') {
        return Err(FieldError::new("topic", "mqtt-topic", topic));
    }
    let all = [("url", url.as_str()), ("username", &user), ("password", &password), ("topic", topic)];
    let set = all.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let alert = draft.alert;
    let server = Url::parse(draft.get("url"))
        .map_err(|_| SendError::Permanent("the broker's address is missing".into()))?;
    let status = match alert.side {
        Side::Down => "down",
        Side::Up => "up",
        Side::Test => "test",
    };
    let key = alert.key();
    let base = if draft.get("topic").is_empty() { "maibo" } else { draft.get("topic") };
    let clip = |text: &str, limit| Unit::Bytes.clip(text, limit);
    let event = json!({
        "event_id": alert.event_id,
        "id": key,
        "check": clip(&alert.check.name, MAX_NAME),
        "slug": alert.check.slug,
        "project": clip(&alert.project, MAX_NAME),
        "tags": clip(&alert.check.tags, MAX_NAME),
        "status": status,
        "title": clip(&draft.words.title, MAX_NAME),
        "text": clip(&draft.words.sentence, MAX_TEXT),
        "at": alert.now_text(),
        "url": alert.link,
    });
    let mut messages = vec![Message {
        topic: format!("{base}/{key}/event"),
        payload: event.to_string().into_bytes(),
        retain: false,
    }];
    // A test says nothing about the check.
    if alert.side != Side::Test {
        let topic = format!("{base}/{key}/state");
        messages.push(Message { topic, payload: status.as_bytes().to_vec(), retain: true });
    }
    Ok(Outgoing::Mqtt(Box::new(Publish {
        server,
        username: draft.get("username").to_owned(),
        password: draft.get("password").to_owned(),
        messages,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn settings(given: &[(&str, &str)]) -> Settings {
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[rstest]
    #[case("broker.example:1883", "mqtt://broker.example:1883", "")]
    #[case(" mqtts://me:p%40ss@broker.example/ ", "mqtts://broker.example", "me p@ss")]
    #[case("ssl://broker.example:8883", "mqtts://broker.example:8883", "")]
    fn a_broker_has_many_spellings(#[case] text: &str, #[case] url: &str, #[case] user: &str) {
        let read = read(&settings(&[("url", text)])).unwrap();
        let get = |name: &str| read.get(name).map_or("", String::as_str);
        assert_eq!((get("url"), format!("{} {}", get("username"), get("password")).trim()), (url, user));
    }

    #[rstest]
    #[case(&[("url", "https://broker.example")], "url")]
    #[case(&[("url", "mqtt://")], "url")]
    #[case(&[("url", "mqtts://b.example"), ("password", "x")], "username")]
    #[case(&[("url", "mqtts://b.example"), ("topic", "a/#")], "topic")]
    fn bad_settings_name_the_field(#[case] given: &[(&str, &str)], #[case] field: &str) {
        assert_eq!(read(&settings(given)).unwrap_err().field, field);
    }
}
