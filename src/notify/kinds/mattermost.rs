//! Mattermost, through an incoming webhook of one's own server. NOTIFIERS.md §15.
use serde_json::{Value, json};

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::clip::fit;
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, sentence, wait};
use crate::notify::rooms::{
    address, called_behind, colour, fenced, filled, given, mark, markdown, read_people, uncalled,
};
use crate::notify::settings::read_base;
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

/// Bytes of a whole message; the server takes 16,383 code points of text.
const MAX_BODY: usize = 16_000;

pub(super) const DRIVER: Driver = Driver {
    kind: "mattermost",
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
    let url = read_base("url", given(settings, "url"))?;
    let key = url.path().rsplit_once("/hooks/").map(|(_, key)| key);
    if !key.is_some_and(|key| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return Err(FieldError::new("url", "mattermost-url", ""));
    }
    let channel = given(settings, "channel").trim_start_matches('~').to_owned();
    if channel.contains(char::is_whitespace) {
        return Err(FieldError::new("channel", "mattermost-channel", channel));
    }
    let mention = read_people(settings, "mattermost-mention", name)?;
    Ok(filled([("url", url.to_string()), ("channel", channel), ("mention", mention)]))
}

/// One to call, with or without its `@`: `@ann`, `@channel`.
pub(super) fn name(entry: &str) -> Option<String> {
    let name = entry.trim_start_matches('@');
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (!name.is_empty() && name.len() <= 64 && name.chars().all(fits)).then(|| format!("@{name}"))
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let make = |words: &Words| if draft.plain { plain(draft, words) } else { rich(draft, words) };
    let mut body = fit(draft.words, MAX_BODY, make, |body| body.to_string().len());
    if !draft.get("channel").is_empty() {
        body["channel"] = draft.get("channel").into();
    }
    Ok(Outgoing::Http(Box::new(HttpRequest::json(address(draft)?, &body))))
}

fn escape(text: &str) -> String {
    uncalled(&markdown(text))
}

fn plain(draft: &Draft<'_>, words: &Words) -> Value {
    let words = words.escaped(escape);
    json!({"text": format!("{} {}{}\n{}", mark(draft.alert.side), words.title, called_behind(draft), words.text(&draft.alert.link))})
}

fn rich(draft: &Draft<'_>, words: &Words) -> Value {
    let alert = draft.alert;
    let quote = words.quote.as_deref().map(|quote| format!("\n```\n{}\n```", uncalled(&fenced(quote))));
    let fallback = uncalled(&words.title);
    let words = words.escaped(escape);
    let facts =
        words.facts.iter().map(|(label, value)| json!({"title": label, "value": value, "short": true}));
    let text =
        format!("{}{}\n[{}]({})", words.sentence, quote.unwrap_or_default(), words.link_label, alert.link);
    json!({
        "text": format!("{} **{}**{}", mark(alert.side), words.title, called_behind(draft)),
        "attachments": [{
            "color": colour(alert.side),
            "fallback": fallback,
            "text": text,
            "fields": facts.collect::<Vec<_>>(),
        }],
    })
}

/// `ok`, or an error whose id names the fault.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let text = String::from_utf8_lossy(&reply.body);
    if reply.status == 200 && text.trim().trim_matches('"') == "ok" {
        return Ok(Sent("HTTP 200: ok".to_owned()));
    }
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let id = body["id"].as_str().unwrap_or_default();
    let said = match (id, body["message"].as_str()) {
        ("", _) | (_, None) => format!("HTTP {}", reply.status),
        (id, Some(message)) => format!("HTTP {}, {}: {}", reply.status, sentence(id), sentence(message)),
    };
    let gone =
        [".invalid.", ".channel.", ".channel_locked.", ".disabled.", ".permissions.", ".user.", ".team."];
    match reply.status {
        200 => Err(SendError::retry("HTTP 200 without Mattermost's ok: is this the right address?")),
        400..=499 if gone.iter().any(|part| id.contains(part)) => Err(SendError::Permanent(said)),
        400 | 413 => Err(SendError::Rejected(said)),
        // Somebody's own server may stand behind something that is half set up.
        _ => Err(wait(said, reply.retry_after)),
    }
}

#[cfg(test)]
mod tests {
    use crate::notify::alert::Side;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    const HOOK: &str = "https://chat.example/team/hooks/xxxgeneratedkeyxxx0123456789/";

    #[test]
    fn a_name_calls_nobody_and_links_nowhere() {
        let given = [("url", HOOK), ("channel", "~ops"), ("mention", "ann, @here")];
        for plain in [false, true] {
            let mut alert = alert(Side::Down);
            alert.check.name = "@all [x](http://evil)".into();
            let body = sample::body("mattermost", &given, &alert, plain);
            assert_eq!(body["channel"], "ops");
            assert!(
                body["text"].as_str().unwrap().lines().next().unwrap().ends_with(" @ann @here"),
                "{body}"
            );
            assert!(!body.to_string().contains("@all"), "{body}");
            let texts = [&body["text"], &body["attachments"][0]["text"]].map(ToString::to_string).concat();
            assert!(!texts.contains("[x]("), "{texts}");
        }
    }

    #[rstest]
    #[case("https://chat.example/ops/channels/town-square", "", "", "url")]
    #[case("https://chat.example/hooks/", "", "", "url")]
    #[case(HOOK, "Town Square", "", "channel")]
    #[case(HOOK, "", "Ann<3", "mention")]
    fn what_is_wrong_is_named(
        #[case] url: &str,
        #[case] channel: &str,
        #[case] mention: &str,
        #[case] field: &str,
    ) {
        let given = [("url", url), ("channel", channel), ("mention", mention)];
        assert_eq!(sample::wrong("mattermost", &given), field);
    }
}
