//! `ServerChan` (Server酱), Turbo and 3: a push into `WeChat` or its own app. NOTIFIERS.md §3.
use std::time::Duration;

use serde_json::json;
use url::Url;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::answer::Answer;
use crate::notify::clip::{Unit, fit};
use crate::notify::markdown::{harmless, page};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent};
use crate::notify::people::words;
use crate::notify::settings::{mask, read_url};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const TURBO: &str = "sctapi.ftqq.com";
const THREE: &str = ".push.ft07.com";
/// The vendor's limits: characters, and for the text bytes.
const MAX_TITLE: usize = 32;
const MAX_SHORT: usize = 64;
const MAX_TEXT: usize = 32_000;

pub(super) const DRIVER: Driver = Driver {
    kind: "serverchan",
    family: Family::Push,
    fields: &[Field::new("key", Input::Text).required().secret(), Field::new("channel", Input::Text)],
    urls: |settings| settings.get("key").and_then(|key| Some(("key", address(key)?))).into_iter().collect(),
    target: |settings| {
        settings.get("key").map(|key| mask(key.rsplit('/').next().unwrap_or(key))).unwrap_or_default()
    },
    hosts: &[TURBO, THREE],
    // Accounts have a few messages a day.
    per_minute: Some(5),
    ..Driver::over_http(read, request, verdict)
};

/// The number in a key of `ServerChan` 3, `sctp<number>t…`; other keys are those of Turbo.
fn number(key: &str) -> Option<&str> {
    let (number, _) = key.strip_prefix("sctp")?.split_once('t')?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
}

/// Where messages go. A gateway's address is stored as a whole.
fn address(key: &str) -> Option<Url> {
    let text = match number(key) {
        _ if key.contains("://") => key.to_owned(),
        Some(number) => format!("https://{number}{THREE}/send/{key}.send"),
        None => format!("https://{TURBO}/{key}.send"),
    };
    Url::parse(&text).ok()
}

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let wrong = || FieldError::new("key", "serverchan", "");
    let is_key =
        |key: &str| (10..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric());
    let mut key = get("key").to_owned();
    if key.contains("://") {
        let mut url = read_url("key", &key)?;
        url.set_query(None);
        url.set_fragment(None);
        let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default().to_owned();
        let found = last.strip_suffix(".send").unwrap_or(&last);
        if !is_key(found) {
            return Err(wrong());
        }
        let ours = url.host_str().is_some_and(|host| host == TURBO || host.ends_with(THREE));
        key = if ours { found.to_owned() } else { url.to_string() };
    } else if !is_key(&key) {
        return Err(wrong());
    }
    let mut settings = Settings::from([("key".to_owned(), key)]);
    let channels: Vec<&str> = words(get("channel")).collect();
    if channels.len() > 2 || channels.iter().any(|code| code.parse::<u16>().is_err()) {
        return Err(FieldError::new("channel", "serverchan-channel", ""));
    }
    if !channels.is_empty() {
        settings.insert("channel".to_owned(), channels.join("|"));
    }
    Ok(settings)
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let url = address(draft.get("key")).ok_or_else(|| SendError::Permanent("the key is missing".into()))?;
    let words = draft.words.escaped(harmless);
    let text = |words: &Words| page(words, &draft.alert.link);
    let mut body = json!({
        "title": Unit::Chars.clip(&draft.words.title, MAX_TITLE),
        "desp": fit(&words, MAX_TEXT, text, String::len),
        "short": Unit::Chars.clip(&draft.words.sentence, MAX_SHORT),
    });
    if number(draft.get("key")).is_none() {
        // Does not show this server's address to whoever reads it.
        body["noip"] = "1".into();
        if !draft.get("channel").is_empty() {
            body["channel"] = draft.get("channel").into();
        }
    }
    Ok(Outgoing::Http(Box::new(HttpRequest::json(url, &body))))
}

/// Success means that the message is queued there.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let answer = Answer::read(reply, "ServerChan", "code", "message")?;
    if let Some(sent) = answer.sent(0) {
        return Ok(sent);
    }
    let said = answer.said;
    let used_up = ["次数", "上限", "额度", "频率"].iter().any(|word| answer.text.contains(word));
    Err(match answer.code {
        // The day's messages are used up; the next day brings new ones.
        _ if used_up => SendError::Retry { reason: said, after: Some(Duration::from_hours(1)) },
        40001 => SendError::Permanent(said),
        _ if answer.status == 429 => SendError::Retry { reason: said, after: Some(Duration::from_mins(1)) },
        _ => SendError::retry(said),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::Side;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    #[rstest]
    #[case("SCT123456TabcdefGHIJKL", "https://sctapi.ftqq.com/SCT123456TabcdefGHIJKL.send")]
    #[case("sctp1234tabcdefghijkl", "https://1234.push.ft07.com/send/sctp1234tabcdefghijkl.send")]
    #[case(
        " https://sctapi.ftqq.com/SCT123456TabcdefGHIJKL.send?title=x ",
        "https://sctapi.ftqq.com/SCT123456TabcdefGHIJKL.send"
    )]
    #[case(
        "https://1234.push.ft07.com/send/sctp1234tabcdefghijkl.send",
        "https://1234.push.ft07.com/send/sctp1234tabcdefghijkl.send"
    )]
    fn each_key_has_its_own_host(#[case] text: &str, #[case] expected: &str) {
        let sent = sample::request("serverchan", &[("key", text)], &alert(Side::Down), false);
        assert_eq!(sent.url.as_str(), expected);
    }

    #[rstest]
    #[case(&[("key", "short")], "key")]
    #[case(&[("key", "https://sctapi.ftqq.com/")], "key")]
    #[case(&[("key", "SCT123456TabcdefGHIJKL"), ("channel", "wechat")], "channel")]
    fn a_wrong_field_is_named(#[case] given: &[(&str, &str)], #[case] field: &str) {
        assert_eq!(sample::wrong("serverchan", given), field);
    }

    #[test]
    fn titles_are_cut_here() {
        let mut down = alert(Side::Down);
        down.check.name = "库".repeat(100);
        let body = sample::body(
            "serverchan",
            &[("key", "SCT123456TabcdefGHIJKL"), ("channel", "9, 66")],
            &down,
            false,
        );
        assert_eq!(body["title"].as_str().unwrap().chars().count(), MAX_TITLE);
        assert_eq!((&body["channel"], &body["noip"]), (&json!("9|66"), &json!("1")));
    }

    #[rstest]
    #[case(
        200,
        r#"{"code":0,"message":"","data":{"pushid":"1","readkey":"SECRET","error":"SUCCESS","errno":0}}"#,
        "sent"
    )]
    #[case(
        400,
        r#"{"message":"[AUTH]错误的Key","code":40001,"info":"错误的Key","args":[null],"scode":461}"#,
        "permanent"
    )]
    #[case(400, r#"{"message":"[AUTH]超过当天的发送次数限制[5]，请明天再试","code":40001}"#, "retry")]
    #[case(200, r#"{"code":7,"message":"x"}"#, "retry")]
    fn code_decides(#[case] status: u16, #[case] body: &str, #[case] expected: &str) {
        let (outcome, said) = sample::verdict("serverchan", status, body);
        assert_eq!(outcome, expected);
        assert!(!said.contains("SECRET"), "{said}");
    }
}
