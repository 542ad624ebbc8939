//! Signal, through a signal-cli daemon of one's own (JSON-RPC over HTTP). NOTIFIERS.md §26.
use serde::Deserialize;
use serde_json::{Value, json};

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, judge_status, sentence, wait};
use crate::notify::settings::{below, read_base};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

/// In UTF-16 units; a longer message would go out as a file.
const MAX_TEXT: usize = 2000;
const RPC: &str = "api/v1/rpc";

pub(super) const DRIVER: Driver = Driver {
    kind: "signal",
    family: Family::Push,
    fields: &[
        Field::new("url", Input::Url).required(),
        Field::new("to", Input::Text).required(),
        Field::new("account", Input::Text),
    ],
    target: |settings| settings.get("to").cloned().unwrap_or_default(),
    // Signal asks senders of many messages to solve riddles.
    per_minute: Some(6),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

/// A number as people write it, `+86 138-0013-8000`, as the network wants it.
pub(super) fn phone(text: &str) -> Option<String> {
    let plain: String =
        text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '\u{a0}')).collect();
    let number = plain.strip_prefix("00").map_or_else(|| plain.clone(), |rest| format!("+{rest}"));
    let digits = number.strip_prefix('+')?;
    let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then_some(number)
}

/// A number, a user name (`name.01`), or a group's id.
fn recipient(text: &str) -> Option<String> {
    if let Some(number) = phone(text) {
        return Some(number);
    }
    let word = |text: &str, also: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c))
    };
    if let Some(group) = text.strip_prefix("group.") {
        return word(group, "+/=").then(|| text.to_owned());
    }
    let name = text.strip_prefix("u:").unwrap_or(text);
    if name.split_once('.').is_some_and(|(name, digits)| word(name, "_") && word(digits, "")) {
        return Some(format!("u:{name}"));
    }
    (text.len() >= 24 && word(text, "+/=-")).then(|| text.to_owned())
}

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let mut url = read_base("url", get("url"))?;
    let path = url.path().trim_end_matches(RPC).trim_end_matches('/').to_owned();
    url.set_path(&path);
    let to = recipient(get("to")).ok_or_else(|| FieldError::new("to", "signal-to", get("to")))?;
    let mut settings = Settings::from([("url".to_owned(), url.to_string()), ("to".to_owned(), to)]);
    if !get("account").is_empty() {
        let account =
            phone(get("account")).ok_or_else(|| FieldError::new("account", "phone-code", get("account")))?;
        settings.insert("account".to_owned(), account);
    }
    Ok(settings)
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let text = |words: &Words| format!("{}\n{}", words.title, words.text(&draft.alert.link));
    let made = fit(
        draft.words,
        MAX_TEXT,
        |words: &Words| (Unit::Utf16.len(&words.title), text(words)),
        |(_, text)| Unit::Utf16.len(text),
    );
    let (bold, message) = made;
    let to = draft.get("to");
    let mut params = json!({"message": message});
    // Ids of people have dashes, those of groups have not.
    if to.starts_with('+') || to.starts_with("u:") || to.contains('-') {
        params["recipient"] = json!([to]);
    } else {
        params["groupId"] = to.strip_prefix("group.").unwrap_or(to).into();
    }
    if !draft.get("account").is_empty() {
        params["account"] = draft.get("account").into();
    }
    if !draft.plain {
        params["textStyle"] = json!([format!("0:{bold}:BOLD")]);
    }
    let body = json!({"jsonrpc": "2.0", "id": draft.alert.event_id, "method": "send", "params": params});
    Ok(Outgoing::Http(Box::new(HttpRequest::json(below(draft.get("url"), RPC)?, &body))))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reply {
    result: Option<Value>,
    error: Option<Fault>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Fault {
    code: i64,
    message: String,
    data: Value,
}

/// What became of each recipient, wherever the daemon's version puts it.
fn types(value: &Value) -> Vec<&str> {
    let results = [&value["results"], &value["response"]["results"]].into_iter().find_map(Value::as_array);
    results.into_iter().flatten().filter_map(|result| result["type"].as_str()).collect()
}

fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    if reply.status != 200 {
        return judge_status(reply, &[401, 403]);
    }
    let body: Reply = serde_json::from_slice(&reply.body).unwrap_or_default();
    match body {
        Reply { error: Some(fault), .. } => Err(faulty(&fault)),
        Reply { result: Some(result), .. } if result["timestamp"].is_i64() => {
            match types(&result).into_iter().find(|kind| *kind != "SUCCESS") {
                None => Ok(Sent(format!("message {}", result["timestamp"]))),
                Some(kind) => Err(failed(kind, kind, &result)),
            }
        }
        _ => Err(SendError::retry("HTTP 200 without signal-cli's answer: is this the right address?")),
    }
}

fn faulty(fault: &Fault) -> SendError {
    let said = format!("{}: {}", fault.code, sentence(&fault.message));
    if let Some(kind) = types(&fault.data).into_iter().find(|kind| *kind != "SUCCESS") {
        return failed(kind, &format!("{said} ({kind})"), &fault.data);
    }
    let message = fault.message.to_ascii_lowercase();
    match fault.code {
        _ if message.contains("unregistered") || message.contains("not registered") => {
            SendError::Permanent(said)
        }
        -5 => failed("RATE_LIMIT_FAILURE", &said, &fault.data),
        -4 => SendError::Permanent(said),
        -3 | -32603 => SendError::retry(said),
        _ => SendError::Rejected(said),
    }
}

/// What a recipient's fate means. The words come from outside.
fn failed(kind: &str, said: &str, data: &Value) -> SendError {
    let said = sentence(said);
    match kind {
        "UNREGISTERED_FAILURE" => SendError::Permanent(said),
        "IDENTITY_FAILURE" => {
            SendError::Permanent(format!("{said}; their safety number changed: trust it with signal-cli"))
        }
        "RATE_LIMIT_FAILURE" => {
            let results =
                [&data["results"], &data["response"]["results"]].into_iter().find_map(Value::as_array);
            let seconds =
                results.into_iter().flatten().find_map(|result| result["retryAfterSeconds"].as_u64());
            let after = std::time::Duration::from_secs(seconds.unwrap_or(900));
            wait(format!("{said}; signal-cli may have to solve a captcha"), Some(after))
        }
        _ => SendError::retry(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("+86 138-0013-8000", Some("+8613800138000"))]
    #[case("0049 (151) 234567", Some("+49151234567"))]
    #[case("alice.01", Some("u:alice.01"))]
    #[case("u:alice.01", Some("u:alice.01"))]
    #[case("group.YWJj", Some("group.YWJj"))]
    #[case(
        "EdSqI90cS0UomDpgUXOlCoObWvQOXlH5G3Z2d3f4ayE=",
        Some("EdSqI90cS0UomDpgUXOlCoObWvQOXlH5G3Z2d3f4ayE=")
    )]
    #[case("6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2", Some("6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2"))]
    #[case("13800138000", None)]
    #[case("alice", None)]
    fn who_gets_it(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(recipient(text).as_deref(), expected);
    }
}
