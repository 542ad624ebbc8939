//! Zulip: a bot's message into a channel's topic. NOTIFIERS.md §18.
use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use serde_json::Value;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::{Side, one_line};
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, sentence, wait};
use crate::notify::rooms::{basic, fenced, filled, given, inert, mark, uncalled};
use crate::notify::settings::{below, host, read_base};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

/// The vendor's limits, in code points.
const MAX_CONTENT: usize = 10_000;
const MAX_TOPIC: usize = 60;

pub(super) const DRIVER: Driver = Driver {
    kind: "zulip",
    family: Family::Chat,
    fields: &[
        Field::new("url", Input::Url).required(),
        Field::new("email", Input::Email).required(),
        Field::new("key", Input::Text).required().secret(),
        Field::new("channel", Input::Text).required(),
        Field::new("topic", Input::Text),
        Field::new("mention", Input::Text),
    ],
    target: |settings| format!("#{} @ {}", given(settings, "channel"), host(settings)),
    // The vendor's limit is 200 for all that the bot does.
    per_minute: Some(100),
    ..Driver::over_http(read, request, verdict)
};

fn read(settings: &Settings) -> Result<Settings, FieldError> {
    let mut url = read_base("url", given(settings, "url"))?;
    // Somebody copied the address of a call.
    if let Some((base, _)) = url.path().split_once("/api/v1") {
        let base = base.to_owned();
        url.set_path(&base);
    }
    let email = given(settings, "email");
    let address: lettre::Address =
        email.parse().map_err(|_| FieldError::new("email", "email", one_line(email)))?;
    let key = given(settings, "key");
    if !key.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(FieldError::new("key", "zulip-key", ""));
    }
    Ok(filled([
        ("url", url.to_string()),
        ("email", address.to_string()),
        ("key", key.to_owned()),
        ("channel", one_line(given(settings, "channel").trim_start_matches('#'))),
        ("topic", Unit::Chars.clip(&one_line(given(settings, "topic")), MAX_TOPIC)),
        ("mention", one_line(given(settings, "mention"))),
    ]))
}

/// Those to call. People have full names with spaces here, so that commas separate them; a group stands in `*…*`.
fn calls(draft: &Draft<'_>) -> String {
    if draft.alert.side != Side::Down {
        return String::new();
    }
    let entries = draft.get("mention").split([',', '，', '、']);
    let call = |entry: &str| {
        let bare = entry.trim().trim_start_matches('@');
        let group = bare.starts_with('*') && !bare.starts_with("**");
        let name = bare.trim_matches('*').trim();
        match (name, group) {
            ("", _) => String::new(),
            (name, true) => format!(" @*{name}*"),
            (name, false) => format!(" @**{name}**"),
        }
    };
    entries.map(call).collect()
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let alert = draft.alert;
    let topic = match draft.get("topic") {
        // A topic for each check keeps its story together.
        "" if alert.names.len() == 1 && alert.side != Side::Test => {
            Unit::Chars.clip(&alert.check.name, MAX_TOPIC)
        }
        "" => "Maibo".to_owned(),
        topic => topic.to_owned(),
    };
    let calls = calls(draft);
    let content =
        fit(draft.words, MAX_CONTENT, |words| content(draft, words, &calls), |text| Unit::Chars.len(text));
    let fields = [
        ("type", "stream"),
        ("to", draft.get("channel")),
        ("topic", topic.as_str()),
        ("content", content.as_str()),
    ];
    let request = HttpRequest::form(below(draft.get("url"), "api/v1/messages")?, &fields);
    let authorization = basic(draft.get("email"), draft.get("key"));
    Ok(Outgoing::Http(Box::new(request.with(AUTHORIZATION, &authorization))))
}

fn content(draft: &Draft<'_>, words: &Words, calls: &str) -> String {
    let alert = draft.alert;
    let quote = words.quote.as_deref().map(|quote| format!("\n```text\n{}\n```", fenced(quote)));
    let words = words.escaped(|text| uncalled(&inert(text)));
    let mut text = format!("{} **{}**{calls}\n{}", mark(alert.side), words.title, words.sentence);
    for (label, value) in &words.facts {
        text.extend(["\n* ", label, ": ", value]);
    }
    text.push_str(&quote.unwrap_or_default());
    text + &format!("\n\n[{}]({})", words.link_label, alert.link)
}

fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let code = body["code"].as_str().unwrap_or_default();
    let said = match (code, body["msg"].as_str().unwrap_or_default()) {
        ("", "") => format!("HTTP {}", reply.status),
        ("", message) => format!("HTTP {}: {}", reply.status, sentence(message)),
        (code, message) => format!("HTTP {}, {}: {}", reply.status, sentence(code), sentence(message)),
    };
    match code {
        "STREAM_DOES_NOT_EXIST"
        | "UNAUTHORIZED"
        | "INVALID_API_KEY"
        | "USER_DEACTIVATED"
        | "REALM_DEACTIVATED" => {
            return Err(SendError::Permanent(said));
        }
        "RATE_LIMIT_HIT" => {
            let asked =
                body["retry-after"].as_f64().and_then(|secs| Duration::try_from_secs_f64(secs.ceil()).ok());
            return Err(wait(said, asked.or(reply.retry_after)));
        }
        _ => {}
    }
    match reply.status {
        200 if body["result"] == "success" && body["id"].is_i64() => {
            Ok(Sent(format!("HTTP 200, message {}", body["id"])))
        }
        200 => Err(SendError::retry("HTTP 200 without Zulip's message number: is this the right address?")),
        // Zulip itself says `error`; anything else may be a proxy that is half set up.
        401 | 403 if body["result"] == "error" => Err(SendError::Permanent(said)),
        400 | 413 => Err(SendError::Rejected(said)),
        _ => Err(wait(said, reply.retry_after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use std::collections::HashMap;

    fn fields(topic: &str, mention: &str, name: &str) -> HashMap<String, String> {
        let given = [
            ("url", "https://zulip.example/api/v1/messages"),
            ("email", "maibo-bot@zulip.example"),
            ("key", "aKey0123"),
            ("channel", " #ops "),
            ("topic", topic),
            ("mention", mention),
        ];
        let mut alert = alert(Side::Down);
        name.clone_into(&mut alert.check.name);
        let sent = sample::request("zulip", &given, &alert, false);
        assert_eq!(sent.url.as_str(), "https://zulip.example/api/v1/messages");
        assert_eq!(sent.headers[AUTHORIZATION], "Basic bWFpYm8tYm90QHp1bGlwLmV4YW1wbGU6YUtleTAxMjM=");
        url::form_urlencoded::parse(&sent.body).into_owned().collect()
    }

    #[test]
    fn a_check_has_its_topic_unless_one_is_set() {
        let sent = fields("", "", &"夜间备份".repeat(30));
        assert_eq!((sent["type"].as_str(), sent["to"].as_str()), ("stream", "ops"));
        assert_eq!(Unit::Chars.len(&sent["topic"]), MAX_TOPIC);
        assert_eq!(fields("alerts", "", "job")["topic"], "alerts");
    }

    #[test]
    fn people_and_groups_are_called_and_names_call_nobody() {
        let sent = fields("", "Ann Lee, @**Bob**, *ops*", "@**all** [x](http://evil)");
        let first = sent["content"].lines().next().unwrap();
        assert!(first.ends_with(" @**Ann Lee** @**Bob** @*ops*"), "{first}");
        assert!(
            !sent["content"].contains("@**all") && !sent["content"].contains("[x]("),
            "{}",
            sent["content"]
        );
    }
}
