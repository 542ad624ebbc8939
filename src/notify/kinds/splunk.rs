//! Splunk On-Call (formerly VictorOps), through its REST integration. NOTIFIERS.md §24.
use serde_json::{Value, json};

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::clip::Unit;
use crate::notify::outcome::{SendError, Sent, sentence, wait};
use crate::notify::rooms::{address, filled, given, incident, is_canary};
use crate::notify::settings::{mask, only_url, read_secret_url};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

/// Code points of a message.
const MAX_MESSAGE: usize = 20_000;
const SEVERITIES: &[&str] = &["CRITICAL", "WARNING"];

pub(super) const DRIVER: Driver = Driver {
    kind: "splunk",
    family: Family::Incident,
    fields: &[
        Field::new("url", Input::Url).required().secret(),
        Field::new("routing", Input::Text),
        Field::new("severity", Input::Choice(SEVERITIES)),
    ],
    target: |settings| {
        let url = only_url(settings).pop().map(|(_, url)| url);
        let mut parts = url.as_ref().map(|url| url.path().rsplit('/')).into_iter().flatten();
        let (routing, key) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        format!("{} / {routing}", mask(key))
    },
    hosts: &["alert.victorops.com"],
    each: true,
    ..Driver::over_http(read, request, verdict)
};

/// The address as the vendor shows it ends in `$routing_key`; the field beside it, or its end, says which.
fn read(settings: &Settings) -> Result<Settings, FieldError> {
    let mut url = read_secret_url("url", given(settings, "url"))?;
    let wrong = || FieldError::new("url", "splunk-url", "");
    let (before, tail) = url.path().split_once("/alert/").ok_or_else(wrong)?;
    let mut parts = tail.split('/').filter(|part| !part.is_empty());
    let key = parts.next().ok_or_else(wrong)?;
    let shown =
        parts.next().filter(|part| !part.contains("$routing_key") && !part.contains("%24routing_key"));
    let routing = Some(given(settings, "routing")).filter(|text| !text.is_empty()).or(shown);
    let routing = routing.ok_or_else(|| FieldError::new("routing", "splunk-routing", ""))?;
    if !routing.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'%')) {
        return Err(FieldError::new("routing", "splunk-routing", ""));
    }
    let path = format!("{before}/alert/{key}/{routing}");
    url.set_path(&path);
    url.set_query(None);
    Ok(filled([("url", url.to_string()), ("severity", given(settings, "severity").to_owned())]))
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let Draft { alert, words, .. } = *draft;
    let kind = match (alert.side, draft.get("severity")) {
        // A line in the timeline, for which nobody is woken.
        _ if is_canary(alert) => "INFO",
        (Side::Up, _) => "RECOVERY",
        (_, "") => SEVERITIES[0],
        (_, severity) => severity,
    };
    let mut body = json!({
        "message_type": kind,
        "entity_id": incident(alert),
        "entity_display_name": Unit::Chars.clip(&words.title, 500),
        "state_message": Unit::Chars.clip(&words.text(&alert.link), MAX_MESSAGE),
        "monitoring_tool": "Maibo",
        "alert_url": alert.link,
    });
    if alert.side == Side::Down {
        body["state_start_time"] = alert.at.timestamp().into();
    }
    Ok(Outgoing::Http(Box::new(HttpRequest::json(address(draft)?, &body))))
}

fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let result = body["result"].as_str().unwrap_or_default();
    let said = match (result, body["message"].as_str().or_else(|| body["messages"].as_str())) {
        ("", None) => format!("HTTP {}", reply.status),
        (result, message) => {
            format!(
                "HTTP {}: {}",
                reply.status,
                sentence(format!("{result} {}", message.unwrap_or_default()).trim())
            )
        }
    };
    match reply.status {
        200 if result == "success" => Ok(Sent(said)),
        200 if result.is_empty() => Err(SendError::retry(
            "HTTP 200 without Splunk On-Call's word of success: is this the right address?",
        )),
        200 | 400 | 413 => Err(SendError::Rejected(said)),
        401 | 403 | 404 => Err(SendError::Permanent(said)),
        _ => Err(wait(said, reply.retry_after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    const START: &str = "https://alert.victorops.com/integrations/generic/20131114/alert";

    fn read_one(url: &str, routing: &str) -> Result<Settings, FieldError> {
        read(&Settings::from([("url", url), ("routing", routing)].map(|(k, v)| (k.to_owned(), v.to_owned()))))
    }

    #[rstest]
    #[case("/aKey-1/ops", "", Ok("/aKey-1/ops"))]
    #[case("/aKey-1/$routing_key", "ops", Ok("/aKey-1/ops"))]
    #[case("/aKey-1/ops", "db", Ok("/aKey-1/db"))]
    #[case("/aKey-1/$routing_key", "", Err("routing"))]
    #[case("/aKey-1", "", Err("routing"))]
    #[case("/aKey-1/ops", "a b", Err("routing"))]
    #[case("", "", Err("url"))]
    fn addresses(#[case] tail: &str, #[case] routing: &str, #[case] expected: Result<&str, &str>) {
        match (read_one(&format!("{START}{tail}"), routing), expected) {
            (Ok(settings), Ok(tail)) => assert_eq!(settings["url"], format!("{START}{tail}")),
            (Err(wrong), Err(field)) => assert_eq!(wrong.field, field),
            (read, _) => panic!("{read:?}"),
        }
    }

    #[test]
    fn what_a_check_opens_it_closes() {
        let url = format!("{START}/aKey-1/ops");
        let sent = |side| sample::body("splunk", &[("url", &url)], &alert(side), false);
        let (down, up) = (sent(Side::Down), sent(Side::Up));
        assert_eq!((&down["message_type"], &up["message_type"]), (&json!("CRITICAL"), &json!("RECOVERY")));
        assert_eq!(down["entity_id"], up["entity_id"]);
        assert_eq!(down["state_start_time"], 1_704_164_645);
    }
}
