//! An Apprise API server of one's own. NOTIFIERS.md §29.
use reqwest::header::ACCEPT;
use serde_json::json;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, judge_status};
use crate::notify::settings::{below, read_base};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

/// What any of the services behind it may still take, in characters.
const MAX_BODY: usize = 4000;
const MAX_TITLE: usize = 250;

pub(super) const DRIVER: Driver = Driver {
    kind: "apprise",
    family: Family::Machine,
    fields: &[
        Field::new("url", Input::Url).required(),
        Field::new("key", Input::Text).secret(),
        Field::new("urls", Input::Lines).secret(),
        Field::new("tag", Input::Text),
    ],
    ..Driver::over_http(read, request, verdict)
};

/// The key may stand in the address that people paste, `…/notify/KEY`.
fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let mut url = read_base("url", get("url"))?;
    let mut key = get("key").to_owned();
    let path = url.path().to_owned();
    let parts = path.rsplit_once("/notify").filter(|(_, rest)| rest.is_empty() || rest.starts_with('/'));
    if let Some((base, rest)) = parts {
        url.set_path(base);
        if key.is_empty() {
            rest.trim_matches('/').clone_into(&mut key);
        }
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if key.len() > 128 || !key.bytes().all(fits) {
        return Err(FieldError::new("key", "apprise-key", ""));
    }
    let urls: Vec<&str> =
        get("urls").split([',', '\n', ' ']).map(str::trim).filter(|url| !url.is_empty()).collect();
    if key.is_empty() && urls.is_empty() {
        return Err(FieldError::new("key", "apprise-one", ""));
    }
    if let Some(wrong) = urls.iter().position(|url| !url.contains("://")) {
        return Err(FieldError::new("urls", "apprise-url", (wrong + 1).to_string()));
    }
    let all =
        [("url", url.to_string()), ("key", key), ("urls", urls.join("\n")), ("tag", get("tag").to_owned())];
    let set = all.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(set.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let kind = match draft.alert.side {
        Side::Down => "failure",
        Side::Up => "success",
        Side::Test => "info",
    };
    let text = |words: &Words| words.text(&draft.alert.link);
    let mut body = json!({
        "title": Unit::Chars.clip(&draft.words.title, MAX_TITLE),
        "body": fit(draft.words, MAX_BODY, text, |text| Unit::Chars.len(text)),
        "type": kind,
        "format": "text",
    });
    let path = if draft.get("key").is_empty() {
        body["urls"] = draft.get("urls").replace('\n', ",").into();
        "notify".to_owned()
    } else {
        format!("notify/{}", draft.get("key"))
    };
    if !draft.get("tag").is_empty() {
        body["tag"] = draft.get("tag").into();
    }
    let request = HttpRequest::json(below(draft.get("url"), &path)?, &body);
    Ok(Outgoing::Http(Box::new(request.with(ACCEPT, "application/json"))))
}

/// The status decides, as far as it goes: 204 says that there was nothing to do, and is a failure for us.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    match reply.status {
        // Somebody's sign-in page, in front of it.
        200 if reply.body.trim_ascii_start().starts_with(b"<") => {
            Err(SendError::retry("HTTP 200 with a web page: is this the right address?"))
        }
        200 => Ok(Sent("HTTP 200".to_owned())),
        204 => Err(SendError::Permanent("HTTP 204: the server knows no services for this key".to_owned())),
        424 => {
            Err(SendError::retry("HTTP 424: at least one of the services failed, or no service has the tag"))
        }
        _ => judge_status(reply, &[401, 403]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_address_holds_the_key() {
        let read_url = |url: &str| {
            let read = read(&Settings::from([("url".to_owned(), url.to_owned())])).unwrap();
            (read["url"].clone(), read["key"].clone())
        };
        let expected = ("https://a.example/x".to_owned(), "my-key".to_owned());
        assert_eq!(read_url("https://a.example/x/notify/my-key"), expected);
        assert_eq!(read_url("https://a.example/x/notify/my-key/"), expected);
        let none = Settings::from([("url".to_owned(), "https://a.example/notify".to_owned())]);
        assert_eq!(read(&none).unwrap_err().field, "key");
    }
}
