//! `PushPlus` (推送加): a push into `WeChat` and more. NOTIFIERS.md §4.
use std::time::Duration;

use serde_json::json;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::answer::Answer;
use crate::notify::clip::{Unit, fit};
use crate::notify::markdown::{harmless, page};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent};
use crate::notify::settings::{below, mask, read_base, read_url, vendors_or_named};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const HOST: &str = "www.pushplus.plus";
/// The vendor's ways to a reader.
const CHANNELS: &[&str] = &["wechat", "app", "mail", "sms", "voice", "extension", "webhook", "cp"];
/// The vendor's limits, in characters.
const MAX_TITLE: usize = 100;
const MAX_TEXT: usize = 20_000;

pub(super) const DRIVER: Driver = Driver {
    kind: "pushplus",
    family: Family::Push,
    fields: &[
        Field::new("token", Input::Text).required().secret(),
        Field::new("topic", Input::Text),
        Field::new("channel", Input::Choice(CHANNELS)),
        Field::new("webhook", Input::Text),
        Field::new("url", Input::Url),
    ],
    target: |settings| settings.get("token").map(|token| mask(token)).unwrap_or_default(),
    hosts: &[HOST, "pushplus.plus"],
    // Too many requests lock the account until the next day.
    per_minute: Some(5),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    vendors_or_named("token", given, DRIVER.hosts)?;
    let mut settings = Settings::new();
    let mut token = get("token").to_owned();
    if token.contains("://") {
        // …/send?token=… or …/send/…
        let url = read_url("token", &token)?;
        let named = url.query_pairs().find(|(name, _)| name == "token").map(|(_, token)| token.into_owned());
        let last = url.path_segments().and_then(|mut parts| parts.nth(1)).map(str::to_owned);
        token = named.or(last).unwrap_or_default();
    }
    if !(16..=64).contains(&token.len())
        || !token.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    {
        return Err(FieldError::new("token", "pushplus", ""));
    }
    settings.insert("token".to_owned(), token);
    for name in ["topic", "channel", "webhook"] {
        if get(name).chars().count() > 100 {
            return Err(FieldError::new(name, "too-long", "100"));
        }
        if !get(name).is_empty() {
            settings.insert(name.to_owned(), get(name).to_owned());
        }
    }
    if matches!(get("channel"), "webhook" | "cp") && get("webhook").is_empty() {
        return Err(FieldError::new("webhook", "required", ""));
    }
    if !get("url").is_empty() {
        settings.insert("url".to_owned(), read_base("url", get("url"))?.to_string());
    }
    Ok(settings)
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let link = draft.alert.link.as_str();
    let length = |text: &String| Unit::Chars.len(text);
    let (template, content) = if draft.plain {
        ("txt", fit(draft.words, MAX_TEXT, |words: &Words| words.text(link), length))
    } else {
        ("markdown", fit(&draft.words.escaped(harmless), MAX_TEXT, |words: &Words| page(words, link), length))
    };
    let mut body = json!({
        "token": draft.get("token"),
        "title": Unit::Chars.clip(&draft.words.title, MAX_TITLE),
        "content": content,
        "template": template,
    });
    for name in ["topic", "channel", "webhook"] {
        if !draft.get(name).is_empty() {
            body[name] = draft.get(name).into();
        }
    }
    let base = draft.settings.get("url").cloned().unwrap_or_else(|| format!("https://{HOST}"));
    Ok(Outgoing::Http(Box::new(HttpRequest::json(below(&base, "send")?, &body))))
}

/// Success means that the message was accepted there.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let answer = Answer::read(reply, "PushPlus", "code", "msg")?;
    if let Some(sent) = answer.sent(200) {
        return Ok(sent);
    }
    let said = answer.said;
    Err(match answer.code {
        // Locked until midnight in China; each further request makes it longer.
        900 => SendError::Retry { reason: said, after: Some(Duration::from_hours(6)) },
        401 | 403 | 805 | 888 | 903 | 905 => SendError::Permanent(said),
        600 | 999 => SendError::Rejected(said),
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

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    #[rstest]
    #[case(format!(" {TOKEN} "))]
    #[case(format!("https://www.pushplus.plus/send?token={TOKEN}&title=x"))]
    #[case(format!("http://www.pushplus.plus/send/{TOKEN}"))]
    fn token_and_address_are_taken(#[case] text: String) {
        assert_eq!(sample::settings("pushplus", &[("token", &text)])["token"], TOKEN);
    }

    #[rstest]
    #[case(&[("token", "too short")], "token")]
    #[case(&[("token", "https://www.pushplus.plus/")], "token")]
    #[case(&[("token", TOKEN), ("channel", "cp")], "webhook")]
    fn a_wrong_field_is_named(#[case] given: &[(&str, &str)], #[case] field: &str) {
        assert_eq!(sample::wrong("pushplus", given), field);
    }

    #[test]
    fn a_group_gets_markdown_and_plain_text_if_need_be() {
        let given = [("token", TOKEN), ("topic", "ops")];
        let rich = sample::request("pushplus", &given, &alert(Side::Down), false);
        assert_eq!(rich.url.as_str(), "https://www.pushplus.plus/send");
        let rich: serde_json::Value = serde_json::from_slice(&rich.body).unwrap();
        assert_eq!((&rich["template"], &rich["topic"]), (&json!("markdown"), &json!("ops")));
        assert_eq!(sample::body("pushplus", &given, &alert(Side::Down), true)["template"], "txt");
    }

    #[rstest]
    #[case(r#"{"code":200,"msg":"请求成功","data":"abc123"}"#, "sent")]
    #[case(r#"{"code":903,"msg":"无效的用户令牌","data":null}"#, "permanent")]
    #[case(r#"{"code":905,"msg":"账户未进行实名认证"}"#, "permanent")]
    #[case(r#"{"code":900,"msg":"用户账号使用受限"}"#, "retry")]
    #[case(r#"{"code":999,"msg":"服务端验证错误"}"#, "rejected")]
    #[case(r#"{"code":500,"msg":"系统异常"}"#, "retry")]
    #[case(r#"{"code":0}"#, "retry")]
    fn code_decides(#[case] body: &str, #[case] expected: &str) {
        assert_eq!(sample::verdict("pushplus", 200, body).0, expected);
    }
}
