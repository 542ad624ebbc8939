//! Google Chat, through a space's webhook. NOTIFIERS.md §14.
use serde_json::{Value, json};

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::clip::fit;
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, sentence, wait};
use crate::notify::rooms::{address, called_behind, filled, given, html, inert, mark, read_people};
use crate::notify::settings::{mask, only_url, read_secret_url};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const HOST: &str = "chat.googleapis.com";
/// Bytes of a whole message; the vendor takes 32,000.
const MAX_BODY: usize = 30_000;
/// Code points of a message's text.
const MAX_TEXT: usize = 4000;

pub(super) const DRIVER: Driver = Driver {
    kind: "googlechat",
    family: Family::Chat,
    fields: &[Field::new("url", Input::Url).required().secret(), Field::new("mention", Input::Text)],
    target: |settings| {
        let url = only_url(settings).pop().map(|(_, url)| url);
        let space = url.as_ref().and_then(|url| url.path().split("/spaces/").nth(1)?.split('/').next());
        space.map(mask).unwrap_or_default()
    },
    hosts: &[HOST],
    // A space takes one in a second, from all apps together.
    per_minute: Some(30),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

fn read(settings: &Settings) -> Result<Settings, FieldError> {
    let url = read_secret_url("url", given(settings, "url"))?;
    let has = |wanted: &str| url.query_pairs().any(|(name, value)| name == wanted && !value.is_empty());
    if !url.path().contains("/spaces/") || !url.path().ends_with("/messages") || !has("key") || !has("token")
    {
        return Err(FieldError::new("url", "googlechat-url", ""));
    }
    let mention = read_people(settings, "googlechat-mention", |entry| {
        let id = entry.trim_matches(['<', '>', '@']).trim_start_matches("users/");
        let known = id == "all" || (id.len() >= 10 && id.bytes().all(|b| b.is_ascii_digit()));
        known.then(|| format!("<users/{id}>"))
    })?;
    Ok(filled([("url", url.to_string()), ("mention", mention)]))
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let mut url = address(draft)?;
    if draft.alert.outage_id.is_some() && !url.query_pairs().any(|(name, _)| name == "messageReplyOption") {
        url.query_pairs_mut().append_pair("messageReplyOption", "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD");
    }
    let limit = if draft.plain { MAX_TEXT } else { MAX_BODY };
    let body = fit(
        draft.words,
        limit,
        |words| if draft.plain { plain(draft, words) } else { card(draft, words) },
        |body| body.to_string().len(),
    );
    Ok(Outgoing::Http(Box::new(HttpRequest::json(url, &body))))
}

/// The first line, which phones show, and the thread of the outage.
fn message(draft: &Draft<'_>, words: &Words) -> Value {
    let title = words.title.lines().map(harmless).collect::<Vec<_>>().join(" ");
    let calls = called_behind(draft);
    let mut body = json!({"text": format!("{} *{title}*{calls}", mark(draft.alert.side))});
    if let Some(outage) = &draft.alert.outage_id {
        body["thread"] = json!({"threadKey": outage});
    }
    body
}

fn plain(draft: &Draft<'_>, words: &Words) -> Value {
    let mut body = message(draft, words);
    let first = body["text"].as_str().unwrap_or_default();
    body["text"] = format!("{first}\n{}", words.escaped(harmless).text(&draft.alert.link)).into();
    body
}

fn card(draft: &Draft<'_>, words: &Words) -> Value {
    let mut body = message(draft, words);
    let words = words.escaped(|text| html(text).replace('\n', "<br>"));
    let mut widgets = Vec::new();
    // A template may leave it empty.
    if !words.sentence.trim().is_empty() {
        widgets.push(json!({"textParagraph": {"text": words.sentence}}));
    }
    let facts = words.facts.iter();
    widgets.extend(facts.map(
        |(label, value)| json!({"decoratedText": {"topLabel": label, "text": value, "wrapText": true}}),
    ));
    widgets.extend(words.quote.iter().map(|quote| json!({"textParagraph": {"text": quote}})));
    let button = json!({"text": words.link_label, "onClick": {"openLink": {"url": draft.alert.link}}});
    widgets.push(json!({"buttonList": {"buttons": [button]}}));
    body["cardsV2"] = json!([{"cardId": "maibo", "card": {"sections": [{"widgets": widgets}]}}]);
    body
}

/// Text of a message that calls nobody and links nowhere: there are no escapes.
fn harmless(text: &str) -> String {
    inert(&text.replace('<', "＜"))
}

fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let error = &body["error"];
    let (word, message) =
        (error["status"].as_str().unwrap_or_default(), error["message"].as_str().unwrap_or_default());
    let said = match word {
        "" => format!("HTTP {}", reply.status),
        word => format!("HTTP {}, {}: {}", reply.status, sentence(word), sentence(message)),
    };
    match reply.status {
        200 if body["name"].is_string() => Ok(Sent(said)),
        200 => Err(SendError::retry("HTTP 200 without Google Chat's message: is this the right address?")),
        401 | 403 | 404 => Err(SendError::Permanent(said)),
        // A wrong key is told as a wrong argument.
        400 if message.contains("API key") => Err(SendError::Permanent(said)),
        400 | 413 => Err(SendError::Rejected(said)),
        _ => Err(wait(said, reply.retry_after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::Side;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    const HOOK: &str = "https://chat.googleapis.com/v1/spaces/AAAA1234/messages?key=aKey-1&token=aToken%3D";

    #[test]
    fn an_outage_is_one_thread_and_a_name_calls_nobody() {
        for plain in [false, true] {
            let mut alert = alert(Side::Down);
            alert.check.name = "<users/all> <http://evil|x>".into();
            let sent =
                sample::request("googlechat", &[("url", HOOK), ("mention", "users/all")], &alert, plain);
            assert_eq!(
                sent.url.query(),
                Some("key=aKey-1&token=aToken%3D&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD")
            );
            let body: Value = serde_json::from_slice(&sent.body).unwrap();
            assert_eq!(body["thread"]["threadKey"], "outage.1.2");
            let text = body.to_string();
            assert_eq!(text.matches("<users/all>").count(), 1, "{text}");
            assert!(!text.contains("<http"), "{text}");
        }
    }

    #[rstest]
    #[case("https://chat.googleapis.com/v1/spaces/AAAA1234/messages?key=k", "", "url")]
    #[case("https://chat.google.com/room/AAAA1234", "", "url")]
    #[case(HOOK, "ann@corp.example", "mention")]
    fn what_is_wrong_is_named(#[case] url: &str, #[case] mention: &str, #[case] field: &str) {
        assert_eq!(sample::wrong("googlechat", &[("url", url), ("mention", mention)]), field);
    }
}
