//! Rocket.Chat, through an incoming integration of one's own server. NOTIFIERS.md §16.
use serde_json::{Value, json};

use super::mattermost;
use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, sentence, wait};
use crate::notify::rooms::{
    address, called_behind, colour, fenced, filled, given, inert, mark, read_people, uncalled,
};
use crate::notify::settings::{read_base, read_secret_url};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

/// Code points of a message; servers take 5000 unless told otherwise.
const MAX_TEXT: usize = 4800;

pub(super) const DRIVER: Driver = Driver {
    kind: "rocketchat",
    family: Family::Chat,
    fields: &[
        Field::new("url", Input::Url).required().secret(),
        Field::new("channel", Input::Text),
        Field::new("mention", Input::Text),
    ],
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

fn read(settings: &Settings) -> Result<Settings, FieldError> {
    let url = read_base("url", read_secret_url("url", given(settings, "url"))?.as_str())?;
    let key = url.path().rsplit_once("/hooks/").and_then(|(_, key)| key.split_once('/'));
    if !key.is_some_and(|(id, token)| !id.is_empty() && !token.is_empty() && !token.contains('/')) {
        return Err(FieldError::new("url", "rocketchat-url", ""));
    }
    let mut channel = given(settings, "channel").to_owned();
    if channel.contains(char::is_whitespace) {
        return Err(FieldError::new("channel", "rocketchat-channel", channel));
    }
    if !channel.is_empty() && !channel.starts_with(['#', '@']) {
        channel.insert(0, '#');
    }
    let mention = read_people(settings, "rocketchat-mention", mattermost::name)?;
    Ok(filled([("url", url.to_string()), ("channel", channel), ("mention", mention)]))
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let measure = |body: &Value| Unit::Chars.len(&body.to_string());
    let mut body = fit(draft.words, MAX_TEXT, |words| message(draft, words), measure);
    if !draft.get("channel").is_empty() {
        body["channel"] = draft.get("channel").into();
    }
    Ok(Outgoing::Http(Box::new(HttpRequest::json(address(draft)?, &body))))
}

fn message(draft: &Draft<'_>, words: &Words) -> Value {
    let alert = draft.alert;
    let harmless = |text: &str| uncalled(&inert(text));
    let quote = words.quote.as_deref().map(|quote| format!("\n```\n{}\n```", uncalled(&fenced(quote))));
    let words = words.escaped(harmless);
    let calls = called_behind(draft);
    let title = format!("{} *{}*{calls}", mark(alert.side), words.title);
    if draft.plain {
        return json!({"text": format!("{title}\n{}", words.text(&alert.link))});
    }
    let facts =
        words.facts.iter().map(|(label, value)| json!({"title": label, "value": value, "short": true}));
    let text =
        format!("{}{}\n[{}]({})", words.sentence, quote.unwrap_or_default(), words.link_label, alert.link);
    json!({
        "text": title,
        "attachments": [{"color": colour(alert.side), "text": text, "fields": facts.collect::<Vec<_>>()}],
    })
}

/// `success` decides, whatever the status is.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let error = body["error"].as_str().or_else(|| body["message"].as_str()).unwrap_or_default();
    let said = match error {
        "" => format!("HTTP {}", reply.status),
        error => format!("HTTP {}: {}", reply.status, sentence(error)),
    };
    match (reply.status, body["success"].as_bool()) {
        (200, Some(true)) => Ok(Sent(said)),
        // Rocket.Chat's own answer: its integration or room is gone. Another's 404 may be a proxy that is half set up.
        (401 | 403 | 404, Some(false)) => Err(SendError::Permanent(said)),
        (200 | 400, Some(false)) if error.contains("invalid-channel") || error.contains("archived") => {
            Err(SendError::Permanent(said))
        }
        (200, Some(false)) | (400 | 413, _) => Err(SendError::Rejected(said)),
        (200, None) => Err(SendError::retry(
            "HTTP 200 without Rocket.Chat's word of success: is this the right address?",
        )),
        _ => Err(wait(said, reply.retry_after)),
    }
}

#[cfg(test)]
mod tests {
    use crate::notify::alert::Side;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    const HOOK: &str = "https://chat.example/hooks/64f0c1/aToken0123456789";

    #[test]
    fn a_name_calls_nobody() {
        let mut alert = alert(Side::Down);
        alert.check.name = "@here *x*".into();
        let given = [("url", HOOK), ("channel", "ops"), ("mention", "all")];
        let body = sample::body("rocketchat", &given, &alert, false);
        assert_eq!(body["channel"], "#ops");
        assert!(!body.to_string().contains("@here"), "{body}");
        assert!(body["text"].as_str().unwrap().ends_with(" @all"), "{body}");
    }

    #[rstest]
    #[case("https://chat.example/hooks/64f0c1", "", "", "url")]
    #[case("https://chat.example/channel/general", "", "", "url")]
    #[case(HOOK, "two words", "", "channel")]
    #[case(HOOK, "", "<all>", "mention")]
    fn what_is_wrong_is_named(
        #[case] url: &str,
        #[case] channel: &str,
        #[case] mention: &str,
        #[case] field: &str,
    ) {
        let given = [("url", url), ("channel", channel), ("mention", mention)];
        assert_eq!(sample::wrong("rocketchat", &given), field);
    }
}
