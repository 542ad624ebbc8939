//! Matrix: a bot's message into a room that is not encrypted. NOTIFIERS.md §17.
//!
//! Before the first message the bot joins the room. The answer names the room by its id, also where the setting holds
//! an alias; joining a room again changes nothing.
use std::time::Duration;

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::clip::fit;
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, sentence, wait};
use crate::notify::rooms::{called, filled, given, html, mark, read_people};
use crate::notify::settings::{below, host, read_base};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings, WithToken};

/// Bytes of what is sent; servers take events of 65,536 with their own part.
const MAX_BODY: usize = 50_000;
/// How long the room's id is remembered.
const JOINED: Duration = Duration::from_hours(24);

pub(super) const DRIVER: Driver = Driver {
    kind: "matrix",
    family: Family::Chat,
    fields: &[
        Field::new("url", Input::Url).required(),
        Field::new("token", Input::Text).required().secret(),
        Field::new("room", Input::Text).required(),
        Field::new("mention", Input::Text),
    ],
    target: |settings| format!("{} @ {}", given(settings, "room"), host(settings)),
    // Synapse lets through 10 at once and then one in 5 seconds, unless told otherwise.
    per_minute: Some(10),
    ..Driver::over_http(read, request, verdict)
};

fn read(settings: &Settings) -> Result<Settings, FieldError> {
    let mut url = read_base("url", given(settings, "url"))?;
    // Somebody copied the address of a call.
    if let Some((base, _)) = url.path().split_once("/_matrix") {
        let base = base.to_owned();
        url.set_path(&base);
    }
    let token = given(settings, "token");
    let token = token.strip_prefix("Bearer ").map_or(token, str::trim);
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(FieldError::new("token", "token", ""));
    }
    let room = room(given(settings, "room")).ok_or_else(|| FieldError::new("room", "matrix-room", ""))?;
    let mention = read_people(settings, "matrix-mention", |entry| {
        let entry = tail_of_link(entry);
        let person = entry.strip_prefix('@').and_then(|rest| rest.split_once(':'));
        let person = person.is_some_and(|(name, server)| !name.is_empty() && !server.is_empty());
        match entry.as_str() {
            "room" | "@room" => Some("room".to_owned()),
            _ => person.then_some(entry),
        }
    })?;
    Ok(filled([("url", url.to_string()), ("token", token.to_owned()), ("room", room), ("mention", mention)]))
}

/// A room's id (`!abc:example.org`, or without a server as newer rooms have it) or alias (`#ops:example.org`), also out
/// of a link to it.
fn room(text: &str) -> Option<String> {
    let room = tail_of_link(text);
    let (sigil, rest) = (room.chars().next()?, room.get(1..)?);
    let fits = !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control());
    let known = sigil == '!' || (sigil == '#' && rest.contains(':'));
    (fits && known).then_some(room)
}

/// What a link of Element or matrix.to leads to; any other text as it is.
fn tail_of_link(text: &str) -> String {
    let Some((_, tail)) = text.split_once("#/") else { return text.to_owned() };
    let path = tail.split('?').next().unwrap_or_default().trim_end_matches('/');
    let tail = path.rsplit('/').next().unwrap_or_default();
    percent_encoding::percent_decode_str(tail).decode_utf8_lossy().into_owned()
}

/// A part of a path.
fn part(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let base = draft.get("url").to_owned();
    let bearer = format!("Bearer {}", draft.get("token"));
    let join = below(&base, &format!("_matrix/client/v3/join/{}", part(draft.get("room"))))?;
    let event = fit(draft.words, MAX_BODY, |words| message(draft, words), |event| event.to_string().len());
    // The same bytes get the same number: a repeated try makes no second message, a message that grew is a new one.
    let digest = Sha256::digest(event.to_string().as_bytes());
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let transaction = part(&format!("{}-{number:x}", draft.alert.event_id));
    let send = {
        let bearer = bearer.clone();
        let first = below(&base, "_matrix/client/v3/rooms")?;
        move |room: &str| {
            let mut url = first.clone();
            url.set_path(&format!("{}/{}/send/m.room.message/{transaction}", first.path(), part(room)));
            let request = HttpRequest::json(url, &event).with(AUTHORIZATION, &bearer);
            HttpRequest { method: Method::PUT, ..request }
        }
    };
    Ok(Outgoing::WithToken(Box::new(WithToken {
        login: HttpRequest::json(join, &json!({})).with(AUTHORIZATION, &bearer),
        token: joined,
        request: Box::new(send),
        // Thrown out, and invited again since.
        stale: |reply| reply.status == 403,
    })))
}

fn joined(reply: &HttpReply) -> Result<(String, Duration), SendError> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match body["room_id"].as_str() {
        Some(room) if reply.status == 200 => Ok((room.to_owned(), JOINED)),
        _ => Err(refusal(reply, &body, "joining the room")),
    }
}

fn message(draft: &Draft<'_>, words: &Words) -> Value {
    let alert = draft.alert;
    let calls = called(draft);
    let spoken = if calls.is_empty() { String::new() } else { format!("\n{}", calls.join(" ")) };
    let text = format!("{} {}\n{}{spoken}", mark(alert.side), words.title, words.text(&alert.link));
    let users: Vec<&str> = calls.iter().copied().filter(|who| who.starts_with('@')).collect();
    let mut mentions = json!({});
    if !users.is_empty() {
        mentions["user_ids"] = users.into();
    }
    if calls.contains(&"room") {
        mentions["room"] = true.into();
    }
    json!({
        // By the usual rules a notice makes no sound.
        "msgtype": if alert.side == Side::Up || alert.quiet { "m.notice" } else { "m.text" },
        "body": text,
        "format": "org.matrix.custom.html",
        "formatted_body": formatted(draft, &words.escaped(html), &calls),
        // Present even when it is empty: then names in the text call nobody.
        "m.mentions": mentions,
    })
}

fn formatted(draft: &Draft<'_>, words: &Words, calls: &[&str]) -> String {
    let alert = draft.alert;
    let mut text = format!("{} <b>{}</b><br>{}", mark(alert.side), words.title, words.sentence);
    for (label, value) in &words.facts {
        text.extend(["<br>", label, ": ", value]);
    }
    if let Some(quote) = &words.quote {
        text.extend(["<pre><code>", quote, "</code></pre>"]);
    } else {
        text.push_str("<br>");
    }
    text.extend(["<a href=\"", &html(&alert.link), "\">", &words.link_label, "</a>"]);
    for who in calls {
        let who = html(who);
        text.extend(match who.as_str() {
            "room" => ["<br>", "@room", "", "", ""],
            who => ["<br><a href=\"https://matrix.to/#/", who, "\">", who, "</a>"],
        });
    }
    text
}

fn refusal(reply: &HttpReply, body: &Value, doing: &str) -> SendError {
    let code = body["errcode"].as_str().unwrap_or_default();
    let said = match (code, body["error"].as_str().unwrap_or_default()) {
        ("", _) => format!("{doing}: HTTP {}", reply.status),
        (code, error) => format!("{doing}: HTTP {}, {}: {}", reply.status, sentence(code), sentence(error)),
    };
    match code {
        "M_UNKNOWN_TOKEN"
        | "M_MISSING_TOKEN"
        | "M_FORBIDDEN"
        | "M_USER_DEACTIVATED"
        | "M_NOT_FOUND"
        | "M_CONSENT_NOT_GIVEN"
        | "M_INVALID_ROOM_STATE" => SendError::Permanent(said),
        "M_TOO_LARGE" | "M_BAD_JSON" | "M_NOT_JSON" => SendError::Rejected(said),
        "M_LIMIT_EXCEEDED" => {
            wait(said, body["retry_after_ms"].as_u64().map(Duration::from_millis).or(reply.retry_after))
        }
        "" if reply.status == 200 => SendError::retry(format!("{said}: is this the homeserver's address?")),
        _ => wait(said, reply.retry_after),
    }
}

fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match body["event_id"].as_str() {
        Some(event) if reply.status == 200 => Ok(Sent(format!("HTTP 200, event {}", sentence(event)))),
        _ => Err(refusal(reply, &body, "sending")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::Alert;
    use crate::notify::alert::tests::alert;
    use crate::notify::message::words;
    use crate::notify::sample;
    use rstest::rstest;

    fn given<'a>(room: &'a str, mention: &'a str) -> [(&'a str, &'a str); 4] {
        [("url", "https://matrix.example/"), ("token", " syt_aToken "), ("room", room), ("mention", mention)]
    }

    fn sent(alert: &Alert) -> (HttpRequest, Value) {
        let settings = sample::settings("matrix", &given("#ops:example.org", "@ann:example.org room"));
        let words = words(alert);
        let draft = Draft { settings: &settings, alert, words: &words, now: alert.at, plain: false };
        let Ok(Outgoing::WithToken(exchange)) = request(&draft) else { panic!("a room is joined first") };
        assert_eq!(
            exchange.login.url.as_str(),
            "https://matrix.example/_matrix/client/v3/join/%23ops%3Aexample%2Eorg"
        );
        let request = (exchange.request)("!abc:example.org");
        let body = serde_json::from_slice(&request.body).unwrap();
        (request, body)
    }

    #[test]
    fn a_repeated_try_has_the_same_number_and_another_text_has_not() {
        let mut alert = alert(Side::Down);
        let first = sent(&alert).0.url;
        assert!(first.as_str().starts_with(
            "https://matrix.example/_matrix/client/v3/rooms/%21abc%3Aexample%2Eorg/send/m.room.message/7%2Ec0ffee%2D"
        ));
        assert_eq!(sent(&alert).0.url, first);
        alert.project = "other".into();
        assert_ne!(sent(&alert).0.url, first);
    }

    #[test]
    fn names_are_text_and_only_the_fields_people_are_called() {
        let mut alert = alert(Side::Down);
        alert.check.name = "<b>@room</b>".into();
        let body = sent(&alert).1;
        assert_eq!(body["m.mentions"], json!({"user_ids": ["@ann:example.org"], "room": true}));
        assert!(!body["formatted_body"].as_str().unwrap().contains("<b>@room"), "{body}");
        alert.side = Side::Up;
        let body = sent(&alert).1;
        assert_eq!((&body["m.mentions"], &body["msgtype"]), (&json!({}), &json!("m.notice")));
    }

    #[rstest]
    #[case("!abc:example.org", Some("!abc:example.org"))]
    #[case(
        "!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM",
        Some("!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM")
    )]
    #[case("https://matrix.to/#/%23ops%3Aexample.org?via=example.org", Some("#ops:example.org"))]
    #[case("https://app.element.io/#/room/!abc:example.org", Some("!abc:example.org"))]
    #[case("#ops", None)]
    #[case("ops:example.org", None)]
    #[case("", None)]
    fn rooms(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(room(text).as_deref(), expected);
    }

    #[rstest]
    #[case("ann", "mention")]
    #[case("@ann", "mention")]
    fn people_have_a_server(#[case] mention: &str, #[case] field: &str) {
        assert_eq!(sample::wrong("matrix", &given("!a:b", mention)), field);
    }
}
