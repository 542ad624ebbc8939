//! Slack, through an incoming webhook or a workflow that one starts. NOTIFIERS.md §10.
use serde_json::{Value, json};

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, sentence, wait};
use crate::notify::rooms::{
    address, called_behind, colour, escaped_within, fenced, filled, given, inert, read_people,
};
use crate::notify::settings::{mask, only_url, read_secret_url};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const HOSTS: &[&str] = &["hooks.slack.com", "hooks.slack-gov.com"];
/// The vendor's limits, in code points: of a text that reads well, of a block's text, of a field of a block.
const MAX_TEXT: usize = 4000;
const MAX_SECTION: usize = 3000;
const MAX_FIELD: usize = 2000;
const MAX_FIELDS: usize = 10;
/// Longest title.
const MAX_TITLE: usize = 300;

pub(super) const DRIVER: Driver = Driver {
    kind: "slack",
    family: Family::Chat,
    fields: &[Field::new("url", Input::Url).required().secret(), Field::new("mention", Input::Text)],
    target: |settings| {
        let key =
            only_url(settings).pop().and_then(|(_, url)| Some(url.path().rsplit('/').next()?.to_owned()));
        key.as_deref().map(mask).unwrap_or_default()
    },
    hosts: HOSTS,
    // The vendor lets one through in a second, and a few more at once.
    per_minute: Some(30),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

fn read(settings: &Settings) -> Result<Settings, FieldError> {
    let url = read_secret_url("url", given(settings, "url"))?;
    let known = ["/services/", "/workflows/", "/triggers/"].iter().any(|start| url.path().starts_with(start));
    if HOSTS.contains(&url.host_str().unwrap_or_default()) && !known {
        return Err(FieldError::new("url", "slack-url", ""));
    }
    let mention = read_people(settings, "slack-mention", mention)?;
    Ok(filled([("url", url.to_string()), ("mention", mention)]))
}

/// One to call, as messages have it: `<!here>`, `<@U…>` for a person, `<!subteam^S…>` for a group.
fn mention(entry: &str) -> Option<String> {
    let bare = entry.trim_start_matches(['<', '@', '!']).trim_end_matches('>');
    let bare = bare.strip_prefix("subteam^").unwrap_or(bare);
    match bare {
        "channel" | "here" | "everyone" => return Some(format!("<!{bare}>")),
        _ => {}
    }
    let id = bare.len() >= 6 && bare.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    match bare.as_bytes().first()? {
        b'U' | b'W' if id => Some(format!("<@{bare}>")),
        b'S' if id => Some(format!("<!subteam^{bare}>")),
        _ => None,
    }
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let url = address(draft)?;
    let link = draft.alert.link.as_str();
    let calls = called_behind(draft);
    // A workflow takes only the variables that its author named: `text`.
    let flat = ["/workflows/", "/triggers/"].iter().any(|start| url.path().starts_with(start));
    let body = if draft.plain || flat {
        let text = |words: &Words| {
            let words = words.escaped(escape);
            format!("{}{calls}\n{}", words.title, words.text(link))
        };
        json!({"text": fit(draft.words, MAX_TEXT, text, |text| Unit::Chars.len(text))})
    } else {
        card(draft, &calls)
    };
    Ok(Outgoing::Http(Box::new(HttpRequest::json(url, &body))))
}

fn card(draft: &Draft<'_>, calls: &str) -> Value {
    let Draft { words, alert, .. } = *draft;
    let within =
        |text: &str, limit: usize| escaped_within(Unit::Chars, text, limit, |text| escape(&inert(text)));
    let title = within(&words.title, MAX_TITLE);
    // Verbatim: what looks like a room or a person becomes no link.
    let section =
        |text: String| json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}});
    let mut blocks = Vec::new();
    // A template may leave it empty, which Slack would not take.
    if !words.sentence.trim().is_empty() {
        blocks.push(section(within(&words.sentence, MAX_SECTION)));
    }
    let fields: Vec<Value> = words
        .facts
        .iter()
        .take(MAX_FIELDS)
        .map(|(label, value)| {
            let text = format!("*{}*\n{}", within(label, 100), within(value, MAX_FIELD - 200));
            json!({"type": "mrkdwn", "text": text, "verbatim": true})
        })
        .collect();
    if !fields.is_empty() {
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    if let Some(quote) = &words.quote {
        let quote = escaped_within(Unit::Chars, &fenced(quote), MAX_SECTION - 10, escape);
        blocks.push(section(format!("```{quote}```")));
    }
    // A link and no button: of a button, Slack tells whoever presses it that the app cannot handle it.
    let open = format!("<{}|{}>", escape(&alert.link), within(&words.link_label, 75));
    blocks.push(section(open));
    json!({
        // What a phone shows; the colour and all else is in the attachment.
        "text": format!("*{title}*{calls}"),
        "attachments": [{"color": colour(alert.side), "fallback": title, "blocks": blocks}],
    })
}

/// Slack's own three escapes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The word in the body decides: sources disagree about the statuses that go with it. Workflows answer in JSON.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let text = String::from_utf8_lossy(&reply.body);
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    let word = json["error"].as_str().unwrap_or(&text).trim().to_owned();
    let said = match word.as_str() {
        "" => format!("HTTP {}", reply.status),
        word => format!("HTTP {}: {}", reply.status, sentence(word)),
    };
    if reply.status == 200 && (word == "ok" || json["ok"] == true) {
        return Ok(Sent("HTTP 200: ok".to_owned()));
    }
    match word.as_str() {
        "no_service"
        | "no_service_id"
        | "no_team"
        | "no_active_hooks"
        | "team_disabled"
        | "invalid_token"
        | "channel_not_found"
        | "channel_is_archived"
        | "user_not_found"
        | "action_prohibited"
        | "posting_to_general_channel_denied"
        | "workflow_not_found"
        | "trigger_not_found" => {
            return Err(SendError::Permanent(said));
        }
        "invalid_payload"
        | "no_text"
        | "too_many_attachments"
        | "invalid_blocks"
        | "invalid_attachments"
        | "invalid_blocks_format" => return Err(SendError::Rejected(said)),
        _ => {}
    }
    match reply.status {
        401 | 403 | 404 | 410 => Err(SendError::Permanent(said)),
        400 | 413 => Err(SendError::Rejected(said)),
        200 => Err(SendError::retry("HTTP 200 without Slack's ok: is this the right address?")),
        _ => Err(wait(said, reply.retry_after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::Side;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample::{self, wrong};
    use rstest::rstest;

    const HOOK: &str = "https://hooks.slack.com/services/T0/B0/aSecretThatIsLong";

    fn body(url: &str, side: Side, name: &str, plain: bool) -> Value {
        let mut alert = alert(side);
        name.clone_into(&mut alert.check.name);
        sample::body("slack", &[("url", url), ("mention", "U012AB3CD here")], &alert, plain)
    }

    #[test]
    fn people_are_called_when_something_is_down() {
        let down = body(HOOK, Side::Down, "job", false);
        assert_eq!(down["text"], "*DOWN | job* <@U012AB3CD> <!here>");
        assert_eq!(body(HOOK, Side::Up, "job", false)["text"], "*UP | job*");
    }

    #[test]
    fn a_name_calls_nobody_and_links_nowhere() {
        for plain in [false, true] {
            let text = body(HOOK, Side::Up, "<!channel> <http://evil|x> &lt;", plain).to_string();
            assert!(!text.contains("<!channel>") && !text.contains("<http://evil"), "{text}");
        }
    }

    #[test]
    fn a_workflow_gets_its_variable_and_nothing_else() {
        let sent = body("https://hooks.slack.com/triggers/T0/1/x", Side::Down, "job", false);
        assert_eq!(sent.as_object().unwrap().keys().collect::<Vec<_>>(), ["text"]);
    }

    #[rstest]
    #[case("U012AB3CD", Some("<@U012AB3CD>"))]
    #[case("<@U012AB3CD>", Some("<@U012AB3CD>"))]
    #[case("<!subteam^S012AB3CD>", Some("<!subteam^S012AB3CD>"))]
    #[case("@channel", Some("<!channel>"))]
    #[case("@ann", None)]
    #[case("<", None)]
    fn whom_to_call(#[case] entry: &str, #[case] expected: Option<&str>) {
        assert_eq!(mention(entry).as_deref(), expected);
    }

    #[rstest]
    #[case("https://hooks.slack.com/", "", "url")]
    #[case("T0/B0/x", "", "url")]
    #[case(HOOK, "@ann", "mention")]
    fn what_is_wrong_is_named(#[case] url: &str, #[case] mention: &str, #[case] field: &str) {
        assert_eq!(wrong("slack", &[("url", url), ("mention", mention)]), field);
    }
}
