//! `OneBot` 11 over HTTP: a QQ account of one's own (`NapCat`, Lagrange and others). NOTIFIERS.md §9.
use reqwest::header::AUTHORIZATION;
use serde_json::json;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::answer::Answer;
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent};
use crate::notify::people::People;
use crate::notify::settings::{below, read_base, read_url};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

/// Longest text, in characters.
const MAX_TEXT: usize = 4000;
/// What may stand at the end of a pasted address.
const ACTIONS: &[&str] = &["send_msg", "send_private_msg", "send_group_msg"];

pub(super) const DRIVER: Driver = Driver {
    kind: "onebot",
    family: Family::Chat,
    fields: &[
        Field::new("url", Input::Url).required(),
        Field::new("token", Input::Text).secret(),
        Field::new("group", Input::Text),
        Field::new("user", Input::Text),
        Field::new("mention", Input::Text),
    ],
    target: |settings| {
        let to = ["group", "user"].into_iter().find_map(|name| settings.get(name));
        to.cloned().unwrap_or_default()
    },
    // Accounts that write much are locked.
    per_minute: Some(20),
    ..Driver::over_http(read, request, verdict)
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let pasted = read_url("url", get("url"))?;
    let asked = |name: &str| {
        let found = pasted.query_pairs().find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
    };
    let base = read_base("url", pasted.as_str())?.to_string();
    let base = match base.rsplit_once('/') {
        Some((start, action)) if ACTIONS.contains(&action) => start.to_owned(),
        _ => base,
    };
    let mut settings = Settings::from([("url".to_owned(), base)]);
    let fields = [("token", "access_token", 512), ("group", "group_id", 20), ("user", "user_id", 20)];
    for (name, parameter, longest) in fields {
        let value = Some(get(name).to_owned()).filter(|value| !value.is_empty()).or_else(|| asked(parameter));
        let Some(value) = value else { continue };
        if value.len() > longest {
            return Err(FieldError::new(name, "too-long", longest.to_string()));
        }
        settings.insert(name.to_owned(), value);
    }
    if let Some(token) = settings.get("token")
        && !token.bytes().all(|b| b.is_ascii_graphic())
    {
        return Err(FieldError::new("token", "token", ""));
    }
    for name in ["group", "user"] {
        if settings.get(name).is_some_and(|number| number.parse::<u64>().is_err()) {
            return Err(FieldError::new(name, "onebot-number", ""));
        }
    }
    match (settings.contains_key("group"), settings.contains_key("user")) {
        (false, false) => return Err(FieldError::new("group", "onebot-to", "")),
        (true, true) => return Err(FieldError::new("user", "onebot-both", "")),
        _ => {}
    }
    // Numbers that look like phones are numbers of accounts here.
    let people = People::read(get("mention"));
    if let Some(wrong) = people.ids.iter().chain(&people.phones).find(|id| id.parse::<u64>().is_err()) {
        return Err(FieldError::new("mention", "onebot-mention", wrong));
    }
    People::store(given, &mut settings, "onebot-mention", |_| true)?;
    Ok(settings)
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let text = |words: &Words| format!("{}\n{}", words.title, words.text(&draft.alert.link));
    let text = fit(draft.words, MAX_TEXT, text, |text| Unit::Chars.len(text));
    let segment = |text: &str| json!({"type": "text", "data": {"text": text}});
    // Segments, not a string: in those, nothing that a name says becomes a code.
    let mut message = vec![segment(&text)];
    let group: u64 = draft.get("group").parse().unwrap_or_default();
    let mut body = if group > 0 {
        let people = People::of(draft);
        let everyone = people.everyone.then(|| "all".to_owned());
        for id in everyone.into_iter().chain(people.phones).chain(people.ids) {
            message.extend([segment(" "), json!({"type": "at", "data": {"qq": id}})]);
        }
        json!({"group_id": group})
    } else {
        let user: u64 = draft.get("user").parse().unwrap_or_default();
        json!({"user_id": user})
    };
    body["message"] = message.into();
    let url = below(draft.get("url"), if group > 0 { "send_group_msg" } else { "send_private_msg" })?;
    let mut request = HttpRequest::json(url, &body);
    if !draft.get("token").is_empty() {
        request = request.with(AUTHORIZATION, &format!("Bearer {}", draft.get("token")));
    }
    Ok(Outgoing::Http(Box::new(request)))
}

fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    match reply.status {
        401 => return Err(SendError::Permanent("HTTP 401: OneBot wants its access token".into())),
        403 => return Err(SendError::Permanent("HTTP 403: OneBot has another access token".into())),
        404 => return Err(SendError::retry("HTTP 404: is this the address of OneBot's HTTP server?")),
        _ => {}
    }
    let mut answer = Answer::read(reply, "OneBot", "retcode", "wording")?;
    if answer.text.is_empty() {
        // Some implementations say it here.
        answer = Answer::read(reply, "OneBot", "retcode", "message")?;
    }
    match (answer.body["status"].as_str(), answer.code) {
        (Some("ok"), 0) if reply.status == 200 => {
            let id = answer.body["data"]["message_id"].as_i64();
            Ok(Sent(id.map_or(answer.said, |id| format!("message {id}"))))
        }
        // Taken on, but nobody will say what became of it.
        (Some("async"), 1) if reply.status == 200 => Ok(Sent("retcode 1: accepted".to_owned())),
        (_, 100 | 1400 | 1404) => Err(SendError::Rejected(answer.said)),
        (_, 1401 | 1403) => Err(SendError::Permanent(answer.said)),
        _ => Err(SendError::retry(answer.said)),
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
    fn a_group_is_written_to_and_its_members_called() {
        let given = [
            ("url", "https://qq.example/bot/"),
            ("group", "20002"),
            ("mention", "@10001, 13800001111 all"),
            ("token", "t"),
        ];
        let request = sample::request("onebot", &given, &alert(Side::Down), false);
        assert_eq!(request.url.as_str(), "https://qq.example/bot/send_group_msg");
        assert_eq!(request.headers["authorization"], "Bearer t");
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["group_id"], 20002);
        let called: Vec<_> =
            body["message"].as_array().unwrap().iter().filter(|part| part["type"] == "at").collect();
        let qq = |id: &str| json!({"type": "at", "data": {"qq": id}});
        assert_eq!(called, [&qq("all"), &qq("13800001111"), &qq("10001")]);
        let up = sample::body("onebot", &given, &alert(Side::Up), false);
        assert_eq!(up["message"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_pasted_call_is_taken_apart() {
        let url = "http://192.168.1.5:3000/send_private_msg?access_token=abc&user_id=10001";
        let settings = sample::settings("onebot", &[("url", url)]);
        assert_eq!(settings["url"], "http://192.168.1.5:3000");
        assert_eq!((settings["token"].as_str(), settings["user"].as_str()), ("abc", "10001"));
    }

    #[rstest]
    #[case(&[("url", "nonsense"), ("group", "1")], "url")]
    #[case(&[("url", "https://x/")], "group")]
    #[case(&[("url", "https://x/"), ("group", "1"), ("user", "2")], "user")]
    #[case(&[("url", "https://x/"), ("group", "ops")], "group")]
    #[case(&[("url", "https://x/"), ("user", "1"), ("token", "a b")], "token")]
    #[case(&[("url", "https://x/"), ("group", "1"), ("mention", "bob")], "mention")]
    fn a_wrong_field_is_named(#[case] given: &[(&str, &str)], #[case] field: &str) {
        assert_eq!(sample::wrong("onebot", given), field);
    }

    #[rstest]
    #[case(200, r#"{"status":"ok","retcode":0,"data":{"message_id":1}}"#, "sent")]
    #[case(200, r#"{"status":"async","retcode":1,"data":null}"#, "sent")]
    #[case(200, r#"{"status":"failed","retcode":100,"data":null,"wording":"x"}"#, "rejected")]
    #[case(200, r#"{"status":"failed","retcode":1200,"data":null,"message":"x"}"#, "retry")]
    #[case(200, r#"{"status":"failed","retcode":0}"#, "retry")]
    #[case(401, "", "permanent")]
    #[case(403, "", "permanent")]
    #[case(404, "", "retry")]
    fn status_and_retcode_decide(#[case] status: u16, #[case] body: &str, #[case] expected: &str) {
        assert_eq!(sample::verdict("onebot", status, body).0, expected);
    }
}
