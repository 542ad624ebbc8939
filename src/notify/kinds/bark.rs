//! Bark: a push to an iPhone, through the public server or one's own. NOTIFIERS.md §8.
use serde_json::{Value, json};

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::answer::Answer;
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, wait};
use crate::notify::settings::{below, mask, read_base, read_url};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const VENDOR: &str = "https://api.day.app";
/// How loud: the first breaks through focus modes, `critical` through mute as well.
const LEVELS: &[&str] = &["timeSensitive", "active", "passive", "critical"];
/// Apple takes 4096 bytes in all; this leaves room for the rest.
const MAX_BODY: usize = 2400;
const MAX_TITLE: usize = 300;

pub(super) const DRIVER: Driver = Driver {
    kind: "bark",
    family: Family::Push,
    fields: &[
        Field::new("key", Input::Text).required().secret(),
        Field::new("url", Input::Url),
        Field::new("level", Input::Choice(LEVELS)),
        Field::new("sound", Input::Text),
        Field::new("group", Input::Text),
    ],
    target: |settings| settings.get("key").map(|key| mask(key)).unwrap_or_default(),
    ..Driver::over_http(read, request, verdict)
};

fn is_key(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

/// A key, or the address that the app copies: `https://api.day.app/KEY/…`, where the server may lie below a path.
fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let mut settings = Settings::new();
    let text = get("key");
    if text.contains("://") {
        let url = read_url("key", text)?;
        let parts: Vec<&str> = url.path_segments().into_iter().flatten().collect();
        // Keys of the app have 22 characters; anything else is taken for one only where a key must stand.
        let at = parts.iter().position(|part| part.len() == 22 && is_key(part)).unwrap_or(0);
        let key = parts.get(at).copied().filter(|part| is_key(part));
        let key = key.ok_or_else(|| FieldError::new("key", "bark", ""))?;
        let mut base = url.clone();
        base.set_path(&parts[..at].join("/"));
        let base = read_base("key", base.as_str())?.to_string();
        if base.trim_end_matches('/') != VENDOR {
            settings.insert("url".to_owned(), base);
        }
        settings.insert("key".to_owned(), key.to_owned());
    } else if is_key(text) {
        settings.insert("key".to_owned(), text.to_owned());
    } else {
        return Err(FieldError::new("key", "bark", ""));
    }
    if !get("url").is_empty() {
        settings.entry("url".to_owned()).or_insert(read_base("url", get("url"))?.to_string());
    }
    for name in ["level", "sound", "group"] {
        if get(name).chars().count() > 64 {
            return Err(FieldError::new(name, "too-long", "64"));
        }
        if !get(name).is_empty() {
            settings.insert(name.to_owned(), get(name).to_owned());
        }
    }
    Ok(settings)
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let Draft { alert, .. } = *draft;
    let or = |name: &str, default: &'static str| match draft.get(name) {
        "" => default.to_owned(),
        value => value.to_owned(),
    };
    let level = match alert.side {
        _ if alert.quiet => "passive".to_owned(),
        Side::Down | Side::Test => or("level", LEVELS[0]),
        Side::Up => "active".to_owned(),
    };
    // A push with the same id takes the place of the one before: an outage has one notification.
    let id = match &alert.outage_id {
        Some(outage) if alert.names.len() == 1 => outage,
        _ => &alert.event_id,
    };
    let text = |words: &Words| text(words);
    // In JSON, quotation marks and line breaks count two.
    let size = |text: &String| Value::from(text.as_str()).to_string().len();
    let mut body = json!({
        "device_key": draft.get("key"),
        "title": Unit::Bytes.clip(&draft.words.title, MAX_TITLE),
        "body": fit(&Words { title: String::new(), ..draft.words.clone() }, MAX_BODY, text, size),
        "group": or("group", "Maibo"),
        "level": level,
        "id": id,
        "url": alert.link,
        "isArchive": "1",
    });
    if !draft.get("sound").is_empty() {
        body["sound"] = draft.get("sound").into();
    }
    let url = below(&or("url", VENDOR), "push")?;
    Ok(Outgoing::Http(Box::new(HttpRequest::json(url, &body))))
}

/// Without the link: the notification leads there itself.
fn text(words: &Words) -> String {
    let mut text = words.sentence.clone();
    for (label, value) in &words.facts {
        text.extend(["\n", label, ": ", value]);
    }
    if let Some(quote) = &words.quote {
        text.extend(["\n\n", quote]);
    }
    text
}

fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    if matches!(reply.status, 401 | 403 | 418) {
        return Err(SendError::Permanent(format!("HTTP {}: the server wants another login", reply.status)));
    }
    if reply.status == 429 {
        return Err(wait("HTTP 429".to_owned(), reply.retry_after));
    }
    let answer = Answer::read(reply, "Bark", "code", "message")?;
    if let Some(sent) = answer.sent(200) {
        return Ok(sent);
    }
    // Bark's own sentence holds the key.
    Err(match (answer.status, answer.code) {
        (400, _) | (_, 400) if answer.text.contains("device token") || answer.text.contains("device key") => {
            SendError::Permanent(format!("code {}: the server does not know this device key", answer.code))
        }
        (400, _) | (_, 400) => {
            SendError::Rejected(format!("code {}: the server refuses the message", answer.code))
        }
        _ => SendError::retry(format!("HTTP {}, code {}: the push failed", answer.status, answer.code)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    const KEY: &str = "yRp7zQw3nVb5mXc9kLd2Fg";

    #[rstest]
    #[case(KEY.to_owned(), None)]
    #[case(format!("https://api.day.app/{KEY}/"), None)]
    #[case(format!("https://api.day.app/{KEY}/title/body?level=active"), None)]
    #[case(format!("https://bark.example/{KEY}"), Some("https://bark.example/"))]
    #[case(format!("https://example.org/my/bark/{KEY}/title"), Some("https://example.org/my/bark"))]
    fn key_and_address_are_taken(#[case] text: String, #[case] server: Option<&str>) {
        let settings = sample::settings("bark", &[("key", &text)]);
        assert_eq!(settings["key"], KEY);
        assert_eq!(settings.get("url").map(String::as_str), server);
    }

    #[rstest]
    #[case(&[("key", "short")], "key")]
    #[case(&[("key", "https://api.day.app/")], "key")]
    #[case(&[("key", KEY), ("url", "no address")], "url")]
    fn a_wrong_field_is_named(#[case] given: &[(&str, &str)], #[case] field: &str) {
        assert_eq!(sample::wrong("bark", given), field);
    }

    #[test]
    fn good_news_is_quiet_and_takes_the_place_of_the_bad() {
        let given = [("key", KEY), ("level", "critical"), ("sound", "alarm"), ("group", "库")];
        let down = sample::body("bark", &given, &alert(Side::Down), false);
        let up = sample::body("bark", &given, &alert(Side::Up), false);
        assert_eq!((&down["level"], &up["level"]), (&json!("critical"), &json!("active")));
        assert_eq!(down["id"], up["id"]);
        assert_eq!((&down["sound"], &down["group"]), (&json!("alarm"), &json!("库")));
        let mut canary = alert(Side::Test);
        canary.quiet = true;
        assert_eq!(sample::body("bark", &given, &canary, false)["level"], "passive");
        let mut many = alert(Side::Down);
        many.names.push("another".to_owned());
        assert_ne!(sample::body("bark", &given, &many, false)["id"], down["id"]);
    }

    #[test]
    fn a_push_is_small_enough_for_apple() {
        let mut down = alert(Side::Down);
        down.check.name = "库\"".repeat(3000);
        down.last.body = "\"\n".repeat(5000);
        let body = sample::request("bark", &[("key", KEY)], &down, false).body;
        assert!(body.len() < 3600, "{}", body.len());
    }

    #[rstest]
    #[case(200, r#"{"code":200,"message":"success","timestamp":1}"#, "sent")]
    #[case(400, r#"{"code":400,"message":"failed to get device token: failed to get [KEY123] device token from database"}"#, "permanent")]
    #[case(400, r#"{"code":400,"message":"device key is empty"}"#, "permanent")]
    #[case(400, r#"{"code":400,"message":"request bind failed"}"#, "rejected")]
    #[case(500, r#"{"code":500,"message":"push failed: BadDeviceToken"}"#, "retry")]
    #[case(418, "I'm a teapot", "permanent")]
    #[case(404, "", "retry")]
    #[case(200, r#"{"code":500}"#, "retry")]
    fn code_decides(#[case] status: u16, #[case] body: &str, #[case] expected: &str) {
        let (outcome, said) = sample::verdict("bark", status, body);
        assert_eq!(outcome, expected);
        assert!(!said.contains("KEY123"), "{said}");
    }
}
