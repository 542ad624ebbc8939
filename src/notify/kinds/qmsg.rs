//! Qmsg: a push into QQ through somebody else's robot. NOTIFIERS.md §9.
use std::time::Duration;

use serde_json::json;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::answer::{foreign, json as read_json};
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, sentence};
use crate::notify::people::words;
use crate::notify::settings::{below, mask, read_base, read_url, vendors_or_named};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const HOST: &str = "qmsg.zendee.cn";
const TO: &[&str] = &["private", "group"];
/// Longest text, in characters: the vendor names no limit, but long ones do not arrive.
const MAX_TEXT: usize = 1000;

pub(super) const DRIVER: Driver = Driver {
    kind: "qmsg",
    family: Family::Push,
    fields: &[
        Field::new("key", Input::Text).required().secret(),
        Field::new("to", Input::Choice(TO)),
        Field::new("qq", Input::Text),
        Field::new("bot", Input::Text),
        Field::new("url", Input::Url),
    ],
    target: |settings| match settings.get("qq") {
        Some(qq) => qq.clone(),
        None => settings.get("key").map(|key| mask(key)).unwrap_or_default(),
    },
    hosts: &[HOST],
    per_minute: Some(5),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    vendors_or_named("key", given, DRIVER.hosts)?;
    let mut key = get("key").to_owned();
    let mut to = get("to").to_owned();
    if key.contains("://") {
        // …/send/KEY and …/jsend/KEY write to one person, …/group/KEY and …/jgroup/KEY to a group.
        let url = read_url("key", &key)?;
        let parts: Vec<String> = url.path_segments().into_iter().flatten().map(str::to_owned).collect();
        if to.is_empty() && parts.first().is_some_and(|way| way.contains("group")) {
            "group".clone_into(&mut to);
        }
        key = parts.get(1).cloned().unwrap_or_default();
    }
    if !(24..=64).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(FieldError::new("key", "qmsg", ""));
    }
    let mut settings = Settings::from([("key".to_owned(), key)]);
    if !to.is_empty() {
        settings.insert("to".to_owned(), to);
    }
    for name in ["qq", "bot"] {
        let numbers: Vec<&str> = words(get(name)).collect();
        if let Some(wrong) = numbers.iter().find(|number| number.parse::<u64>().is_err()) {
            return Err(FieldError::new(name, "qmsg-number", *wrong));
        }
        if !numbers.is_empty() {
            settings.insert(name.to_owned(), numbers.join(","));
        }
    }
    if !get("url").is_empty() {
        settings.insert("url".to_owned(), read_base("url", get("url"))?.to_string());
    }
    Ok(settings)
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    // `@face=1@` and its like are codes there.
    let words = draft.words.escaped(|text| text.replace('@', "＠"));
    let text = |words: &Words| {
        // Links may be what was refused.
        let rest = if draft.plain { words.sentence.clone() } else { words.text(&draft.alert.link) };
        format!("{}\n{rest}", words.title)
    };
    let mut body = json!({"msg": fit(&words, MAX_TEXT, text, |text| Unit::Chars.len(text))});
    for name in ["qq", "bot"] {
        if !draft.get(name).is_empty() {
            body[name] = draft.get(name).into();
        }
    }
    let base = draft.settings.get("url").cloned().unwrap_or_else(|| format!("https://{HOST}"));
    let way = if draft.get("to") == "group" { "jgroup" } else { "jsend" };
    let url = below(&base, &format!("{way}/{}", draft.get("key")))?;
    Ok(Outgoing::Http(Box::new(HttpRequest::json(url, &body))))
}

/// `success` decides; beside it stands only a sentence.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body = read_json(reply, "Qmsg")?;
    let reason = sentence(body["reason"].as_str().unwrap_or_default());
    match body["success"].as_bool() {
        Some(true) if reply.status == 200 => Ok(Sent(format!("success: {reason}"))),
        Some(false) if reason.contains('频') => {
            Err(SendError::Retry { reason, after: Some(Duration::from_mins(1)) })
        }
        Some(false) if reason.to_lowercase().contains("key") => Err(SendError::Permanent(reason)),
        Some(false) => Err(SendError::Rejected(format!("refused: {reason}"))),
        _ => Err(foreign(reply, "Qmsg")),
    }
}

#[cfg(test)]
mod tests {
    use crate::notify::alert::Side;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[rstest]
    #[case(KEY.to_owned(), "jsend")]
    #[case(format!("https://qmsg.zendee.cn/send/{KEY}?msg=x"), "jsend")]
    #[case(format!("https://qmsg.zendee.cn/jgroup/{KEY}"), "jgroup")]
    fn key_and_address_are_taken(#[case] text: String, #[case] way: &str) {
        let request =
            sample::request("qmsg", &[("key", &text), ("qq", "10001 10002")], &alert(Side::Down), false);
        assert_eq!(request.url.as_str(), format!("https://qmsg.zendee.cn/{way}/{KEY}"));
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["qq"], "10001,10002");
    }

    #[rstest]
    #[case(&[("key", "short")], "key")]
    #[case(&[("key", "https://qmsg.zendee.cn/")], "key")]
    #[case(&[("key", KEY), ("qq", "bob")], "qq")]
    fn a_wrong_field_is_named(#[case] given: &[(&str, &str)], #[case] field: &str) {
        assert_eq!(sample::wrong("qmsg", given), field);
    }

    #[test]
    fn a_name_is_no_code_and_a_refused_link_is_left_out() {
        let mut down = alert(Side::Down);
        down.check.name = "@face=1@".to_owned();
        let text =
            |plain| sample::body("qmsg", &[("key", KEY)], &down, plain)["msg"].as_str().unwrap().to_owned();
        assert!(!text(false).contains('@') && text(false).contains("https://"));
        assert!(!text(true).contains("https://"));
    }

    #[rstest]
    #[case(r#"{"success":true,"reason":"操作成功","code":0,"info":{}}"#, "sent")]
    #[case(r#"{"success":false,"reason":"发送频率过快"}"#, "retry")]
    #[case(r#"{"success":false,"reason":"消息包含违禁词"}"#, "rejected")]
    #[case(r#"{"success":false,"reason":"KEY不存在"}"#, "permanent")]
    #[case(r#"{"reason":"操作成功"}"#, "retry")]
    fn success_decides(#[case] body: &str, #[case] expected: &str) {
        assert_eq!(sample::verdict("qmsg", 200, body).0, expected);
    }
}
