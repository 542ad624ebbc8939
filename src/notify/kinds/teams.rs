//! Microsoft Teams, through a Workflows webhook. NOTIFIERS.md §13.
use serde_json::{Value, json};

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::clip::fit;
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, sentence, wait};
use crate::notify::rooms::{address, called, filled, given, inert, mark, read_people};
use crate::notify::settings::read_secret_url;
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

/// Bytes of a whole message. The vendor says 28 KB; failures were seen above 21.
const MAX_BODY: usize = 20_000;

pub(super) const DRIVER: Driver = Driver {
    kind: "teams",
    family: Family::Chat,
    fields: &[Field::new("url", Input::Url).required().secret(), Field::new("mention", Input::Text)],
    hosts: &[
        ".logic.azure.com",
        ".environment.api.powerplatform.com",
        "api.powerautomate.com",
        "flow.microsoft.com",
    ],
    // The vendor takes 4 in a second; what a flow may do in a day is counted too.
    per_minute: Some(30),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

fn read(settings: &Settings) -> Result<Settings, FieldError> {
    let url = read_secret_url("url", given(settings, "url"))?;
    let host = url.host_str().unwrap_or_default();
    if host.ends_with(".webhook.office.com") || host == "outlook.office.com" {
        return Err(FieldError::new("url", "teams-retired", ""));
    }
    if !url.query_pairs().any(|(name, value)| name == "sig" && !value.is_empty()) {
        return Err(FieldError::new("url", "teams-sig", ""));
    }
    let mention = read_people(settings, "teams-mention", |entry| {
        let address: lettre::Address = entry.trim_matches(['<', '>']).parse().ok()?;
        Some(address.to_string())
    })?;
    Ok(filled([("url", url.to_string()), ("mention", mention)]))
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let body = fit(draft.words, MAX_BODY, |words| message(draft, words), |body| body.to_string().len());
    Ok(Outgoing::Http(Box::new(HttpRequest::json(address(draft)?, &body))))
}

/// An adaptive card. Its texts know a little Markdown, in which a line ends with an empty one.
fn message(draft: &Draft<'_>, words: &Words) -> Value {
    let Draft { alert, plain, .. } = *draft;
    let colour = match alert.side {
        Side::Down => "attention",
        Side::Up => "good",
        Side::Test => "default",
    };
    let text =
        |text: &str| json!({"type": "TextBlock", "text": inert(text).replace('\n', "\n\n"), "wrap": true});
    let mut title = text(&format!("{} {}", mark(alert.side), words.title));
    title["weight"] = "bolder".into();
    title["size"] = "medium".into();
    title["color"] = colour.into();
    let mut card = vec![title, text(&words.sentence)];
    if plain {
        card.extend(words.facts.iter().map(|(label, value)| text(&format!("{label}: {value}"))));
        card.extend(words.quote.iter().map(|quote| text(quote)));
    } else {
        let facts =
            words.facts.iter().map(|(label, value)| json!({"title": inert(label), "value": inert(value)}));
        let facts: Vec<Value> = facts.collect();
        if !facts.is_empty() {
            card.push(json!({"type": "FactSet", "facts": facts}));
        }
        let quote = words.quote.iter();
        card.extend(
            quote.map(|quote| json!({"type": "CodeBlock", "codeSnippet": quote, "language": "PlainText"})),
        );
    }
    let calls = called(draft);
    if !calls.is_empty() {
        let spoken: Vec<String> = calls.iter().map(|who| format!("<at>{who}</at>")).collect();
        card.push(json!({"type": "TextBlock", "text": spoken.join(" "), "wrap": true}));
    }
    let entities = calls.iter().map(|who| {
        json!({"type": "mention", "text": format!("<at>{who}</at>"), "mentioned": {"id": who, "name": who}})
    });
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.2",
                "fallbackText": words.title,
                "msteams": {"width": "Full", "entities": entities.collect::<Vec<_>>()},
                "body": card,
                "actions": [{"type": "Action.OpenUrl", "title": words.link_label, "url": alert.link}],
            },
        }],
    })
}

/// 202 says that the flow was started; whether its message came to be is told only in the flow's own history.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let code = body["error"]["code"].as_str().unwrap_or_default();
    let said = match (code, body["error"]["message"].as_str()) {
        ("", _) => format!("HTTP {}", reply.status),
        (code, message) => {
            format!("HTTP {}, {}: {}", reply.status, sentence(code), sentence(message.unwrap_or_default()))
        }
    };
    match reply.status {
        200 | 202 => Ok(Sent(format!("{said}: the flow was started"))),
        401 | 403 | 404 | 410 => Err(SendError::Permanent(said)),
        // Switched off, or deleted and not yet forgotten.
        400 if code.starts_with("Workflow") && code != "WorkflowRunInProgress" => {
            Err(SendError::Permanent(said))
        }
        400 | 413 => Err(SendError::Rejected(said)),
        _ => Err(wait(said, reply.retry_after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    const HOOK: &str = "https://prod-01.westeurope.logic.azure.com:443/workflows/0a/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=aSecret_1";

    #[test]
    fn the_signature_stays_as_it_was_given() {
        let url = &sample::settings("teams", &[("url", HOOK)])["url"];
        assert!(
            url.ends_with("?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=aSecret_1"),
            "{url}"
        );
    }

    #[rstest]
    #[case("https://acme.webhook.office.com/webhookb2/x/IncomingWebhook/y/z", "", "url")]
    #[case("https://prod-01.westeurope.logic.azure.com/workflows/0a", "", "url")]
    #[case(HOOK, "Ann", "mention")]
    fn what_is_wrong_is_named(#[case] url: &str, #[case] mention: &str, #[case] field: &str) {
        assert_eq!(sample::wrong("teams", &[("url", url), ("mention", mention)]), field);
    }

    #[test]
    fn people_are_called_by_name_and_entity() {
        let given = [("url", HOOK), ("mention", "ann@corp.example, bob@corp.example")];
        let body = sample::body("teams", &given, &alert(Side::Down), false);
        let card = &body["attachments"][0]["content"];
        assert_eq!(card["msteams"]["entities"][1]["mentioned"]["id"], "bob@corp.example");
        let texts = card["body"].to_string();
        assert!(texts.contains("<at>ann@corp.example</at> <at>bob@corp.example</at>"), "{texts}");
    }
}
