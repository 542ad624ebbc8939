//! Text messages through Twilio. NOTIFIERS.md §27.
use serde::Deserialize;

use super::signal::phone;
use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::clip::fit;
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, judge_said, sentence};
use crate::notify::settings::{below, read_base};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

/// Characters that two parts hold in the plain alphabet, and three parts in the other one, which every character
/// beyond ASCII leads to: each part costs.
const MAX_PLAIN: usize = 306;
const MAX_WIDE: usize = 201;

pub(super) const DRIVER: Driver = Driver {
    kind: "twilio",
    family: Family::Sms,
    fields: &[
        Field::new("account", Input::Text).required(),
        Field::new("key", Input::Text),
        Field::new("token", Input::Text).required().secret(),
        Field::new("from", Input::Text).required(),
        Field::new("to", Input::Text).required(),
        Field::new("url", Input::Url),
    ],
    target: |settings| settings.get("to").cloned().unwrap_or_default(),
    hosts: &["api.twilio.com", ".twilio.com"],
    per_minute: Some(30),
    ..Driver::over_http(read, request, verdict)
};

fn is_sid(text: &str, prefix: &str) -> bool {
    text.len() == 34 && text.starts_with(prefix) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    if !is_sid(get("account"), "AC") {
        return Err(FieldError::new("account", "twilio-account", ""));
    }
    if !get("key").is_empty() && !is_sid(get("key"), "SK") {
        return Err(FieldError::new("key", "twilio-key", ""));
    }
    if !get("token").bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(FieldError::new("token", "token", ""));
    }
    let to = phone(get("to")).ok_or_else(|| FieldError::new("to", "phone-code", get("to")))?;
    let sender = get("from");
    let named = sender.len() <= 11 && sender.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ');
    let from = phone(sender)
        .or_else(|| (is_sid(sender, "MG") || named).then(|| sender.to_owned()))
        .ok_or_else(|| FieldError::new("from", "twilio-from", sender))?;
    let mut settings = Settings::from([("to".to_owned(), to), ("from".to_owned(), from)]);
    for name in ["account", "key", "token"] {
        if !get(name).is_empty() {
            settings.insert(name.to_owned(), get(name).to_owned());
        }
    }
    if !get("url").is_empty() {
        settings.insert("url".to_owned(), read_base("url", get("url"))?.to_string());
    }
    Ok(settings)
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let text = |words: &Words| format!("{}\n{}\n{}", words.title, words.sentence, draft.alert.link);
    let words = Words { facts: Vec::new(), quote: None, ..draft.words.clone() };
    let body = fit(&words, MAX_PLAIN, text, |text| {
        if text.is_ascii() {
            text.len()
        } else {
            (text.encode_utf16().count() * MAX_PLAIN).div_ceil(MAX_WIDE)
        }
    });
    let account = draft.get("account");
    let base = if draft.get("url").is_empty() { "https://api.twilio.com" } else { draft.get("url") };
    let url = below(base, &format!("2010-04-01/Accounts/{account}/Messages.json"))?;
    let from = draft.get("from");
    let sender = if is_sid(from, "MG") { "MessagingServiceSid" } else { "From" };
    let request = HttpRequest::form(url, &[("To", draft.get("to")), (sender, from), ("Body", &body)]);
    let user = if draft.get("key").is_empty() { account } else { draft.get("key") };
    Ok(Outgoing::Http(Box::new(request.signed_in(user, draft.get("token")))))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reply {
    sid: String,
    code: i64,
    message: String,
}

/// Codes that stay true until somebody changes the channel or the account: no such number, opted out, no mobile, the
/// region is closed, a trial account, the sender is not ours.
const DEAD: &[i64] = &[20003, 20404, 21211, 21212, 21408, 21606, 21608, 21610, 21614, 21659, 21660];

/// 201 with the message's id: Twilio has it. Whether the phone got it is told later, to those who ask.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Reply = serde_json::from_slice(&reply.body).unwrap_or_default();
    let said =
        if body.code == 0 { String::new() } else { format!("{}: {}", body.code, sentence(&body.message)) };
    match reply.status {
        201 if !body.sid.is_empty() => Ok(Sent(format!("message {}", sentence(&body.sid)))),
        200..=299 => Err(SendError::retry(format!("HTTP {} without Twilio's message id", reply.status))),
        status @ 400..=499 if DEAD.contains(&body.code) => {
            Err(SendError::Permanent(format!("HTTP {status}: {said}")))
        }
        _ => judge_said(reply, &[401, 403], &said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::Side;
    use crate::notify::alert::tests::alert;
    use crate::notify::message::words;

    fn sent(name: &str) -> String {
        let settings = Settings::from([("account".to_owned(), format!("AC{}", "0".repeat(32)))]);
        let mut alert = alert(Side::Down);
        name.clone_into(&mut alert.check.name);
        let words = words(&alert);
        let draft = Draft { settings: &settings, alert: &alert, words: &words, now: alert.at, plain: false };
        let Ok(Outgoing::Http(request)) = request(&draft) else { panic!("an alert goes out") };
        let body = url::form_urlencoded::parse(&request.body).find(|(name, _)| name == "Body");
        body.unwrap().1.into_owned()
    }

    #[test]
    fn a_message_costs_few_parts() {
        assert!(sent("nightly-backup").len() <= MAX_PLAIN);
        assert!(sent(&"x".repeat(5000)).len() <= MAX_PLAIN + 4, "the mark is wide");
        let wide = sent(&"夜间备份".repeat(1000));
        assert!(wide.encode_utf16().count() <= MAX_WIDE, "{wide}");
        assert!(wide.ends_with("https://mon.example/checks/x"));
    }
}
