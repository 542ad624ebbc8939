//! Home Assistant: a webhook trigger, or one of its notify services. NOTIFIERS.md §35.
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use url::Url;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, judge_status};
use crate::notify::settings::{below, read_base, read_url};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

/// What a phone shows, in bytes: its push services take 4 KiB with everything around.
const MAX_MESSAGE: usize = 2500;
const MAX_TITLE: usize = 250;
const WEBHOOK: &str = "/api/webhook/";

pub(super) const DRIVER: Driver = Driver {
    kind: "homeassistant",
    family: Family::Machine,
    fields: &[
        Field::new("url", Input::Url).required(),
        Field::new("webhook", Input::Text).secret(),
        Field::new("service", Input::Text),
        Field::new("token", Input::Text).secret(),
    ],
    target: |settings| {
        let host = settings.get("url").and_then(|url| Some(Url::parse(url).ok()?.host_str()?.to_owned()));
        let service = settings.get("service").map(|service| format!(", notify.{service}"));
        host.unwrap_or_default() + &service.unwrap_or_default()
    },
    ..Driver::over_http(read, request, verdict)
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let mut url = read_base("url", get("url"))?;
    let mut webhook = get("webhook").rsplit('/').next().unwrap_or_default().to_owned();
    let path = url.path().to_owned();
    if let Some((base, id)) = path.split_once(WEBHOOK) {
        url.set_path(base);
        if webhook.is_empty() {
            id.clone_into(&mut webhook);
        }
    }
    let pasted = get("webhook");
    if pasted.contains("://") && read_url("webhook", pasted)?.origin() != url.origin() {
        return Err(FieldError::new("webhook", "homeassistant-host", url.host_str().unwrap_or_default()));
    }
    let service = get("service").trim_start_matches("notify.").trim_start_matches("notify/").to_owned();
    if !webhook.bytes().all(|b| b.is_ascii_graphic() && !b"/?#%".contains(&b)) {
        return Err(FieldError::new("webhook", "homeassistant-webhook", ""));
    }
    if !service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(FieldError::new("service", "homeassistant-service", service));
    }
    match (webhook.is_empty(), service.is_empty(), get("token").is_empty()) {
        (true, true, _) | (false, false, _) => {
            return Err(FieldError::new("webhook", "homeassistant-one", ""));
        }
        (_, false, true) => return Err(FieldError::new("token", "required", "")),
        _ => {}
    }
    if !get("token").bytes().all(|b| b.is_ascii_graphic()) {
        return Err(FieldError::new("token", "token", ""));
    }
    let all = [
        ("url", url.to_string()),
        ("webhook", webhook),
        ("service", service),
        ("token", get("token").to_owned()),
    ];
    let set = all.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(set.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let (alert, words) = (draft.alert, draft.words);
    let status = match alert.side {
        Side::Down => "down",
        Side::Up => "up",
        Side::Test => "test",
    };
    let title = Unit::Bytes.clip(&words.title, MAX_TITLE);
    let text = |words: &Words| words.text("").trim_end().to_owned();
    let message = fit(words, MAX_MESSAGE, text, String::len);
    let url = draft.get("url");
    if draft.get("service").is_empty() {
        let body = json!({
            "status": status,
            "name": Unit::Bytes.clip(&alert.check.name, MAX_TITLE),
            "names": alert.names.iter().take(50).map(|name| Unit::Bytes.clip(name, MAX_TITLE)).collect::<Vec<_>>(),
            "id": alert.key(),
            "project": alert.project,
            "tags": alert.check.tags,
            "title": title,
            "message": message,
            "at": alert.now_text(),
            "url": alert.link,
        });
        let url = below(url, &format!("{}{}", &WEBHOOK[1..], draft.get("webhook")))?;
        return Ok(Outgoing::Http(Box::new(HttpRequest::json(url, &body))));
    }
    let (path, body) = if draft.get("service") == "persistent_notification" {
        let body = json!({"title": title, "message": format!("{message}\n\n{}", alert.link), "notification_id": alert.key()});
        ("api/services/persistent_notification/create".to_owned(), body)
    } else {
        let mut data = json!({"tag": alert.key(), "url": alert.link, "clickAction": alert.link});
        if alert.side == Side::Down {
            data["ttl"] = 0.into();
            data["priority"] = "high".into();
            data["push"] = json!({"interruption-level": "time-sensitive"});
        }
        let body = json!({"title": title, "message": message, "data": data});
        (format!("api/services/notify/{}", draft.get("service")), body)
    };
    let request = HttpRequest::json(below(url, &path)?, &body);
    Ok(Outgoing::Http(Box::new(request.with(AUTHORIZATION, &format!("Bearer {}", draft.get("token"))))))
}

/// Services answer with a list, webhooks with nothing, also where nobody knows the webhook: that cannot be told.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let sent = judge_status(reply, &[401])?;
    let is_list = || serde_json::from_slice::<Value>(&reply.body).is_ok_and(|body| body.is_array());
    if reply.status == 200 && (reply.body.is_empty() || is_list()) {
        Ok(sent)
    } else {
        Err(SendError::retry(format!(
            "HTTP {}, which is not Home Assistant's answer: is this the right address?",
            reply.status
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(&[("url", "https://ha.example:8123")], "webhook")]
    #[case(&[("url", "https://ha.example"), ("service", "notify.mobile_app_x")], "token")]
    #[case(&[("url", "https://ha.example"), ("service", "mobile app"), ("token", "t")], "service")]
    #[case(&[("url", "https://ha.example"), ("webhook", "a b")], "webhook")]
    #[case(&[("url", "https://ha.example"), ("webhook", "https://other.example/api/webhook/abc")], "webhook")]
    fn bad_settings_name_the_field(#[case] given: &[(&str, &str)], #[case] field: &str) {
        let given = given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(read(&given).unwrap_err().field, field);
    }

    #[test]
    fn a_webhook_of_the_same_server_may_stand_in_its_field() {
        let given = [("url", "https://ha.example"), ("webhook", "https://ha.example/api/webhook/abc")];
        assert_eq!(crate::notify::sample::settings("homeassistant", &given)["webhook"], "abc");
    }

    #[test]
    fn a_whole_webhook_address_will_do() {
        let given =
            Settings::from([("url".to_owned(), "https://ha.example/x/api/webhook/-Sec_ret".to_owned())]);
        let read = read(&given).unwrap();
        assert_eq!((read["url"].as_str(), read["webhook"].as_str()), ("https://ha.example/x", "-Sec_ret"));
    }
}
