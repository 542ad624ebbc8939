//! Pushover. NOTIFIERS.md §21.
use std::time::Duration;

use serde::Deserialize;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, judge_said, sentence, wait};
use crate::notify::settings::{below, mask, read_base};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings, WithToken};

const HOST: &str = "api.pushover.net";
/// The vendor's limits, in characters.
const MAX_MESSAGE: usize = 1024;
const MAX_TITLE: usize = 250;
/// An emergency is repeated every minute, for an hour, until somebody says that they saw it.
const RETRY: &str = "60";
const EXPIRE: &str = "3600";
const PRIORITIES: &[&str] = &["high", "emergency", "normal", "quiet", "silent"];
const PRIORITIES_UP: &[&str] = &["normal", "quiet", "silent", "high", "off"];

pub(super) const DRIVER: Driver = Driver {
    kind: "pushover",
    family: Family::Push,
    fields: &[
        Field::new("token", Input::Text).required().secret(),
        Field::new("user", Input::Text).required().secret(),
        Field::new("device", Input::Text),
        Field::new("priority", Input::Choice(PRIORITIES)),
        Field::new("priority_up", Input::Choice(PRIORITIES_UP)),
        Field::new("sound", Input::Text),
        Field::new("url", Input::Url),
    ],
    target: |settings| settings.get("user").map(|user| mask(user)).unwrap_or_default(),
    hosts: &[HOST],
    per_minute: Some(20),
    ..Driver::over_http(read, request, verdict)
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let mut settings = Settings::new();
    for name in ["token", "user"] {
        let key = get(name);
        if key.len() != 30 || !key.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(FieldError::new(name, "pushover-key", ""));
        }
        settings.insert(name.to_owned(), key.to_owned());
    }
    for (name, limit) in [("device", 25 * 8), ("sound", 20)] {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b',');
        if get(name).len() > limit || !get(name).bytes().all(fits) {
            return Err(FieldError::new(name, "pushover-word", get(name)));
        }
    }
    if !get("url").is_empty() {
        settings.insert("url".to_owned(), read_base("url", get("url"))?.to_string());
    }
    for name in ["device", "priority", "priority_up", "sound"] {
        if !get(name).is_empty() {
            settings.insert(name.to_owned(), get(name).to_owned());
        }
    }
    Ok(settings)
}

fn number(priority: &str) -> Option<&'static str> {
    match priority {
        "emergency" => Some("2"),
        "high" => Some("1"),
        "normal" => Some("0"),
        "quiet" => Some("-1"),
        "silent" => Some("-2"),
        _ => None,
    }
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let alert = draft.alert;
    let priority = match alert.side {
        Side::Down => number(draft.get("priority")).unwrap_or("1"),
        Side::Up if draft.get("priority_up") == "off" => "",
        Side::Up => number(draft.get("priority_up")).unwrap_or("0"),
        Side::Test => "0",
    };
    let base = if draft.get("url").is_empty() { "https://api.pushover.net" } else { draft.get("url") };
    // What an emergency is taken back by.
    let key = alert.key();
    let emergency = draft.get("priority") == "emergency";
    let cancel = || -> Result<HttpRequest, SendError> {
        let url = below(base, &format!("1/receipts/cancel_by_tag/{key}.json"))?;
        Ok(HttpRequest::form(url, &[("token", draft.get("token"))]))
    };
    if priority.is_empty() {
        return Ok(Outgoing::Nothing);
    }
    let title = Unit::Chars.clip(&draft.words.title, MAX_TITLE);
    let text = |words: &Words| words.text("").trim_end().to_owned();
    let message = fit(draft.words, MAX_MESSAGE, text, |text| Unit::Chars.len(text));
    let label = Unit::Chars.clip(&draft.words.link_label, 100);
    let mut fields = vec![
        ("token", draft.get("token")),
        ("user", draft.get("user")),
        ("title", &title),
        ("message", &message),
        ("priority", priority),
        ("url", &alert.link),
        ("url_title", &label),
    ];
    if priority == "2" {
        fields.extend([("retry", RETRY), ("expire", EXPIRE), ("tags", &key)]);
    }
    for name in ["device", "sound"] {
        if !draft.get(name).is_empty() {
            fields.push((name, draft.get(name)));
        }
    }
    let request = HttpRequest::form(below(base, "1/messages.json")?, &fields);
    if alert.side == Side::Up && emergency {
        // First the repeated alarm is taken back. Where that fails, the news that all is well still goes out.
        return Ok(Outgoing::WithToken(Box::new(WithToken {
            login: cancel()?,
            token: |_| Ok((String::new(), Duration::ZERO)),
            request: Box::new(move |_| request.clone()),
            stale: |_| false,
        })));
    }
    Ok(Outgoing::Http(Box::new(request)))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reply {
    status: i64,
    request: String,
    errors: Vec<String>,
    /// `invalid` where that is the fault.
    user: String,
    token: String,
}

/// `status` decides. What is refused must not be sent again as it is.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Option<Reply> = serde_json::from_slice(&reply.body).ok();
    let Some(body) = body else {
        if reply.status == 200 {
            return Err(SendError::retry("HTTP 200 without Pushover's status"));
        }
        return judge_said(reply, &[401], "");
    };
    let said = sentence(&body.errors.join("; "));
    match reply.status {
        200 if body.status == 1 => Ok(Sent(format!("request {}", sentence(&body.request)))),
        200 => Err(SendError::retry(format!("status {}: {said}", body.status))),
        // The month's messages are used up.
        429 => Err(wait(format!("HTTP 429: {said}"), Some(Duration::from_hours(1)))),
        status @ 400..=499 if body.user == "invalid" || body.token == "invalid" => {
            Err(SendError::Permanent(format!("HTTP {status}: {said}")))
        }
        _ => judge_said(reply, &[401], &said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use crate::notify::message::words;

    #[test]
    fn an_emergency_is_taken_back_before_the_good_news() {
        let settings = Settings::from([
            ("token".to_owned(), "azGDORePK8gMaC0QOYAMyEEuzJnyUi".to_owned()),
            ("priority".to_owned(), "emergency".to_owned()),
        ]);
        let made = |side| {
            let alert = alert(side);
            let words = words(&alert);
            request(&Draft { settings: &settings, alert: &alert, words: &words, now: alert.at, plain: false })
        };
        let Ok(Outgoing::Http(down)) = made(Side::Down) else { panic!("one request") };
        let key = alert(Side::Down).key();
        let body = String::from_utf8(down.body).unwrap();
        assert!(body.contains("priority=2&") && body.contains(&format!("tags={key}")), "{body}");
        assert!(body.contains("retry=60&expire=3600"), "{body}");
        let Ok(Outgoing::WithToken(up)) = made(Side::Up) else { panic!("two requests") };
        assert_eq!(up.login.url.path(), format!("/1/receipts/cancel_by_tag/{key}.json"));
        assert!(String::from_utf8((up.request)("").body).unwrap().contains("priority=0"));
    }
}
