//! `WxPusher`: a push into `WeChat` or its own app. NOTIFIERS.md §5.
use std::time::Duration;

use serde_json::json;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::answer::Answer;
use crate::notify::clip::{Unit, fit};
use crate::notify::markdown::{harmless, page};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent};
use crate::notify::people::words;
use crate::notify::settings::{below, mask, read_base, vendors_or_named};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const HOST: &str = "wxpusher.zjiecode.com";
/// The vendor's limits, in characters; the first below its 100 and 40000.
const MAX_SUMMARY: usize = 90;
const MAX_TEXT: usize = 39_000;
const MAX_LINK: usize = 400;
/// Most simple tokens in one request, and most groups.
const MAX_SIMPLE: usize = 10;
const MAX_TOPICS: usize = 4;

pub(super) const DRIVER: Driver = Driver {
    kind: "wxpusher",
    family: Family::Push,
    fields: &[
        Field::new("token", Input::Text).required().secret(),
        Field::new("to", Input::Text),
        Field::new("url", Input::Url),
    ],
    target: |settings| match settings.get("to") {
        Some(to) => to.clone(),
        None => settings.get("token").map(|token| mask(token)).unwrap_or_default(),
    },
    hosts: &[HOST],
    per_minute: Some(20),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

/// Of a pasted address, the part that is a token.
fn token_in(word: &str) -> Option<&str> {
    word.split(['/', '?', '&', '=']).find(|part| part.starts_with("AT_") || part.starts_with("SPT_"))
}

/// A token of an app with readers, or simple tokens, which are readers themselves.
fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    vendors_or_named("token", given, DRIVER.hosts)?;
    // A word without one is what a broken copy leaves.
    let tokens: Option<Vec<&str>> = words(get("token")).map(token_in).collect();
    let tokens = tokens.unwrap_or_default();
    let graphic =
        tokens.iter().all(|token| token.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)));
    let simple = tokens.iter().all(|token| token.starts_with("SPT_"));
    if tokens.is_empty() || !graphic || tokens.len() > if simple { MAX_SIMPLE } else { 1 } {
        return Err(FieldError::new("token", "wxpusher", ""));
    }
    let mut settings = Settings::from([("token".to_owned(), tokens.join(" "))]);
    let to: Vec<&str> = words(get("to")).collect();
    if simple && !to.is_empty() {
        return Err(FieldError::new("to", "wxpusher-simple", ""));
    }
    if !simple {
        let fits = |reader: &&str| {
            reader.starts_with("UID_")
                && reader.len() <= 64
                && reader.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                || reader.parse::<u32>().is_ok()
        };
        let topics = to.iter().filter(|reader| reader.parse::<u32>().is_ok()).count();
        if to.is_empty() || !to.iter().all(fits) || topics > MAX_TOPICS {
            return Err(FieldError::new("to", "wxpusher-to", ""));
        }
        settings.insert("to".to_owned(), to.join(" "));
    }
    if !get("url").is_empty() {
        settings.insert("url".to_owned(), read_base("url", get("url"))?.to_string());
    }
    Ok(settings)
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let link = draft.alert.link.as_str();
    let length = |text: &String| Unit::Chars.len(text);
    let render = |words: &Words| {
        if draft.plain {
            format!("{}\n{}", words.title, words.text(link))
        } else {
            format!("### {}\n\n{}", words.title, page(words, link))
        }
    };
    let words = if draft.plain { draft.words.clone() } else { draft.words.escaped(harmless) };
    let mut body = json!({
        "content": fit(&words, MAX_TEXT, render, length),
        "contentType": if draft.plain { 1 } else { 3 },
        "summary": Unit::Chars.clip(&draft.words.title, MAX_SUMMARY),
    });
    if link.len() < MAX_LINK {
        body["url"] = link.into();
    }
    let token = draft.get("token");
    let path = if token.starts_with("SPT_") {
        body["sptList"] = token.split(' ').collect();
        "api/send/message/simple-push"
    } else {
        body["appToken"] = token.into();
        let (topics, uids): (Vec<_>, Vec<_>) =
            draft.get("to").split(' ').partition(|reader| reader.parse::<u32>().is_ok());
        body["topicIds"] = topics.iter().filter_map(|topic| topic.parse::<u32>().ok()).collect();
        body["uids"] = uids.into();
        "api/send/message"
    };
    let base = draft.settings.get("url").cloned().unwrap_or_else(|| format!("https://{HOST}"));
    Ok(Outgoing::Http(Box::new(HttpRequest::json(below(&base, path)?, &body))))
}

/// Each reader has a code as well; the message is out when one of them gets it.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let answer = Answer::read(reply, "WxPusher", "code", "msg")?;
    let failed = |code: i64, said: String| match code {
        1001 | 1002 | 1004 | 1010 => SendError::Permanent(said),
        1003 | 1007 => SendError::Rejected(said),
        1008 => SendError::Retry { reason: said, after: Some(Duration::from_mins(1)) },
        _ => SendError::retry(said),
    };
    let Some(Sent(said)) = answer.sent(1000) else { return Err(failed(answer.code, answer.said)) };
    let codes: Vec<i64> =
        answer.body["data"].as_array().into_iter().flatten().filter_map(|one| one["code"].as_i64()).collect();
    let missed: Vec<i64> = codes.iter().copied().filter(|code| *code != 1000).collect();
    match missed.first() {
        None => Ok(Sent(said)),
        Some(code) if missed.len() == codes.len() => {
            Err(failed(*code, format!("{said}; no reader gets it: code {code}")))
        }
        Some(code) => Ok(Sent(format!(
            "{said}; {} of {} readers do not get it: code {code}",
            missed.len(),
            codes.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::Side;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    #[test]
    fn an_app_has_readers_and_groups() {
        let given = [("token", "AT_abc"), ("to", "UID_one, UID_two 123")];
        let request = sample::request("wxpusher", &given, &alert(Side::Down), false);
        assert_eq!(request.url.path(), "/api/send/message");
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!((&body["uids"], &body["topicIds"]), (&json!(["UID_one", "UID_two"]), &json!([123])));
        assert_eq!((&body["contentType"], &body["appToken"]), (&json!(3), &json!("AT_abc")));
    }

    #[test]
    fn a_simple_token_is_its_own_reader() {
        let given = [("token", "https://wxpusher.zjiecode.com/api/send/message/SPT_abc/hello")];
        let request = sample::request("wxpusher", &given, &alert(Side::Up), true);
        assert_eq!(request.url.path(), "/api/send/message/simple-push");
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!((&body["sptList"], &body["contentType"]), (&json!(["SPT_abc"]), &json!(1)));
    }

    #[rstest]
    #[case(&[("token", "abc")], "token")]
    #[case(&[("token", "AT_a AT_b"), ("to", "UID_x")], "token")]
    #[case(&[("token", "AT_abc def"), ("to", "UID_x")], "token")]
    #[case(&[("token", "AT_a")], "to")]
    #[case(&[("token", "AT_a"), ("to", "somebody")], "to")]
    #[case(&[("token", "AT_a"), ("to", "1 2 3 4 5")], "to")]
    #[case(&[("token", "SPT_a"), ("to", "UID_x")], "to")]
    fn a_wrong_field_is_named(#[case] given: &[(&str, &str)], #[case] field: &str) {
        assert_eq!(sample::wrong("wxpusher", given), field);
    }

    #[rstest]
    #[case(r#"{"code":1000,"msg":"处理成功","data":[{"uid":"UID_xxx","code":1000}],"success":true}"#, "sent")]
    #[case(r#"{"code":1000,"msg":"处理成功","data":[{"code":1004},{"code":1000}]}"#, "sent")]
    #[case(r#"{"code":1000,"msg":"处理成功","data":[{"code":1004}]}"#, "permanent")]
    #[case(r#"{"code":1001,"msg":"appToken不正确","success":false}"#, "permanent")]
    #[case(r#"{"code":1007,"msg":"x"}"#, "rejected")]
    #[case(r#"{"code":1008,"msg":"x"}"#, "retry")]
    #[case(r#"{"code":1,"msg":"x"}"#, "retry")]
    fn code_decides(#[case] body: &str, #[case] expected: &str) {
        assert_eq!(sample::verdict("wxpusher", 200, body).0, expected);
    }
}
