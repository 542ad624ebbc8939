//! Discord, through a channel's webhook. NOTIFIERS.md §11.
use std::time::Duration;

use serde_json::{Value, json};

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, sentence, wait};
use crate::notify::rooms::{address, called, escaped_within, fenced, filled, given, markdown, read_people};
use crate::notify::settings::{mask, only_url, read_url};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const HOSTS: &[&str] = &["discord.com", "discordapp.com", "canary.discord.com", "ptb.discord.com"];
/// The vendor's limits; it counts code points, and UTF-16 is on the safe side of that.
const UNIT: Unit = Unit::Utf16;
const MAX_CONTENT: usize = 2000;
const MAX_TITLE: usize = 256;
const MAX_SENTENCE: usize = 2400;
const MAX_QUOTE: usize = 1200;
const MAX_LABEL: usize = 100;
const MAX_VALUE: usize = 800;
const MAX_FIELDS: usize = 25;
/// Of all texts of an embed together.
const MAX_EMBED: usize = 6000;
/// The flag of a message that makes no sound (`SUPPRESS_NOTIFICATIONS`).
const WITHOUT_SOUND: u32 = 1 << 12;

pub(super) const DRIVER: Driver = Driver {
    kind: "discord",
    family: Family::Chat,
    fields: &[Field::new("url", Input::Url).required().secret(), Field::new("mention", Input::Text)],
    target: |settings| {
        let token =
            only_url(settings).pop().and_then(|(_, url)| Some(url.path().rsplit('/').next()?.to_owned()));
        token.as_deref().map(mask).unwrap_or_default()
    },
    hosts: HOSTS,
    // The vendor lets 30 into a room in a minute.
    per_minute: Some(25),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

fn read(settings: &Settings) -> Result<Settings, FieldError> {
    let mut url = read_url("url", given(settings, "url"))?;
    let wrong = || FieldError::new("url", "discord-url", "");
    // `…/webhooks/ID/TOKEN`, with `/slack` or `/github` behind it where somebody copied that form.
    let path = url.path().trim_end_matches('/').to_owned();
    let path = path.strip_suffix("/slack").or_else(|| path.strip_suffix("/github")).unwrap_or(&path);
    let (_, key) = path.split_once("/webhooks/").ok_or_else(wrong)?;
    let (id, token) = key.split_once('/').ok_or_else(wrong)?;
    let token_fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty()
        || !id.bytes().all(|b| b.is_ascii_digit())
        || token.is_empty()
        || !token.chars().all(token_fits)
    {
        return Err(wrong());
    }
    url.set_path(path);
    let thread = url.query_pairs().find(|(name, _)| name == "thread_id").map(|(_, id)| id.into_owned());
    // With `wait`, the answer holds the message itself: proof that there is one.
    url.set_query(Some("wait=true"));
    if let Some(thread) = thread {
        url.query_pairs_mut().append_pair("thread_id", &thread);
    }
    let mention = read_people(settings, "discord-mention", mention)?;
    Ok(filled([("url", url.to_string()), ("mention", mention)]))
}

/// One to call, as messages have it: `@here`, `<@1>` for a person, `<@&1>` for a role.
fn mention(entry: &str) -> Option<String> {
    let bare = entry.trim_start_matches(['<', '@', '!']).trim_end_matches('>');
    if matches!(bare, "everyone" | "here") {
        return Some(format!("@{bare}"));
    }
    let id = bare.strip_prefix('&').unwrap_or(bare);
    (id.len() >= 15 && id.bytes().all(|b| b.is_ascii_digit())).then(|| format!("<@{bare}>"))
}

/// Who may be called: those that the message names on purpose, nobody whose name stands in a check's.
fn allowed(calls: &[&str]) -> Value {
    let ids = |start: &str| -> Vec<&str> {
        calls
            .iter()
            .filter_map(|call| call.strip_prefix(start)?.strip_suffix('>'))
            .filter(|id| id.bytes().all(|b| b.is_ascii_digit()))
            .collect()
    };
    let everyone = calls.iter().any(|call| call.starts_with('@'));
    json!({
        "parse": if everyone { vec!["everyone"] } else { Vec::new() },
        "users": ids("<@"),
        "roles": ids("<@&"),
    })
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let calls = called(draft);
    let spoken = calls.join(" ");
    let mut body = json!({"username": "Maibo", "allowed_mentions": allowed(&calls)});
    if draft.alert.quiet {
        body["flags"] = WITHOUT_SOUND.into();
    }
    if draft.plain {
        let text = |words: &Words| {
            let words = words.escaped(markdown);
            format!("{}\n{}\n{spoken}", words.title, words.text(&draft.alert.link)).trim_end().to_owned()
        };
        body["content"] = fit(draft.words, MAX_CONTENT, text, |text| UNIT.len(text)).into();
    } else {
        if !spoken.is_empty() {
            body["content"] = UNIT.clip(&spoken, MAX_CONTENT).into();
        }
        let measure = |embed: &Value| texts(embed).map(|text| UNIT.len(text)).sum::<usize>();
        body["embeds"] = json!([fit(draft.words, MAX_EMBED, |words| embed(draft, words), measure)]);
    }
    Ok(Outgoing::Http(Box::new(HttpRequest::json(address(draft)?, &body))))
}

/// All texts of an embed that count.
fn texts(embed: &Value) -> impl Iterator<Item = &str> {
    let fields = embed["fields"].as_array().into_iter().flatten();
    let fields = fields.flat_map(|field| [field["name"].as_str(), field["value"].as_str()]);
    [embed["title"].as_str(), embed["description"].as_str()].into_iter().chain(fields).flatten()
}

fn embed(draft: &Draft<'_>, words: &Words) -> Value {
    let alert = draft.alert;
    let within = |text: &str, limit: usize| escaped_within(UNIT, text, limit, markdown);
    let colour = match alert.side {
        Side::Down => 0x00d9_534f,
        Side::Up => 0x005c_b85c,
        Side::Test => 0x008a_8f98,
    };
    let mut about = within(&words.sentence, MAX_SENTENCE);
    if let Some(quote) = &words.quote {
        about.extend(["\n```\n", &UNIT.clip(&fenced(quote), MAX_QUOTE), "\n```"]);
    }
    about.extend(["\n[", &within(&words.link_label, MAX_LABEL), "](", &alert.link, ")"]);
    let fields: Vec<Value> = words
        .facts
        .iter()
        .filter(|(label, value)| !label.trim().is_empty() && !value.trim().is_empty())
        .take(MAX_FIELDS)
        .map(|(label, value)| {
            json!({"name": within(label, MAX_LABEL), "value": within(value, MAX_VALUE), "inline": true})
        })
        .collect();
    json!({
        "title": within(&words.title, MAX_TITLE),
        "url": alert.link,
        "color": colour,
        "timestamp": alert.at.to_rfc3339(),
        "description": about,
        "fields": fields,
    })
}

fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let code = body["code"].as_i64();
    let said = match (code, body["message"].as_str()) {
        (Some(code), Some(message)) => format!("HTTP {}, code {code}: {}", reply.status, sentence(message)),
        (None, Some(message)) => format!("HTTP {}: {}", reply.status, sentence(message)),
        _ => format!("HTTP {}", reply.status),
    };
    match reply.status {
        204 => Ok(Sent(said)),
        200 => match body["id"].as_str() {
            Some(id) => Ok(Sent(format!("HTTP 200, message {}", sentence(id)))),
            None => Err(SendError::retry("HTTP 200 without Discord's message: is this the right address?")),
        },
        // A forum's webhook writes into threads only; which one must stand in the address.
        400 if code == Some(220_001) => Err(SendError::Permanent(format!(
            "{said}; for a forum, add ?thread_id=… to the webhook's address"
        ))),
        // Discord bans addresses that go on calling what is gone.
        401 | 403 | 404 => Err(SendError::Permanent(said)),
        400 | 413 => Err(SendError::Rejected(said)),
        429 => {
            let asked =
                body["retry_after"].as_f64().and_then(|secs| Duration::try_from_secs_f64(secs.ceil()).ok());
            // An answer without Discord's words is from the network in front of it, which is slower to forgive.
            Err(wait(said, asked.or(reply.retry_after).or(Some(Duration::from_mins(5)))))
        }
        _ => Err(wait(said, reply.retry_after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::Why;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    const HOOK: &str = "https://discord.com/api/webhooks/1098/aToken_that-is-long";

    fn body(side: Side, name: &str, mention: &str) -> Value {
        let mut alert = alert(side);
        name.clone_into(&mut alert.check.name);
        alert.last.body = "错误```@everyone\n".repeat(500);
        if let Some(event) = &mut alert.event {
            event.why = Why::Failed;
        }
        sample::body("discord", &[("url", HOOK), ("mention", mention)], &alert, false)
    }

    #[test]
    fn nobody_is_called_but_those_of_the_field() {
        let mention = "<@&223456789012345678> 323456789012345678";
        let sent = body(Side::Down, "@everyone <@123456789012345678>", mention);
        assert_eq!(
            sent["allowed_mentions"],
            json!({"parse": [], "users": ["323456789012345678"], "roles": ["223456789012345678"]})
        );
        assert_eq!(sent["content"], "<@&223456789012345678> <@323456789012345678>");
        let sent = body(Side::Up, "job", "@here");
        assert_eq!(sent["allowed_mentions"]["parse"], json!([]));
        assert!(sent["content"].is_null());
    }

    #[test]
    fn all_texts_together_keep_within_the_limit() {
        let sent = body(Side::Down, &"👨‍👩‍👧‍👦*".repeat(2000), "");
        let embed = &sent["embeds"][0];
        let all: usize = texts(embed).map(|text| UNIT.len(text)).sum();
        assert!(all <= MAX_EMBED, "{all}");
        assert!(UNIT.len(embed["title"].as_str().unwrap()) <= MAX_TITLE);
        let about = embed["description"].as_str().unwrap();
        assert!(UNIT.len(about) <= 4096 && about.ends_with("(https://mon.example/checks/x)"), "{about}");
    }

    #[rstest]
    #[case(HOOK, "https://discord.com/api/webhooks/1098/aToken_that-is-long?wait=true")]
    #[case(
        " https://discordapp.com/api/v10/webhooks/1098/aToken_that-is-long/slack?thread_id=7&x=y ",
        "https://discordapp.com/api/v10/webhooks/1098/aToken_that-is-long?wait=true&thread_id=7"
    )]
    fn addresses(#[case] url: &str, #[case] expected: &str) {
        assert_eq!(sample::settings("discord", &[("url", url)])["url"], expected);
    }

    #[rstest]
    #[case("https://discord.com/channels/1/2", "", "url")]
    #[case("https://discord.com/api/webhooks/1098", "", "url")]
    #[case("https://discord.com/api/webhooks/x/y", "", "url")]
    #[case(HOOK, "@ann", "mention")]
    fn what_is_wrong_is_named(#[case] url: &str, #[case] mention: &str, #[case] field: &str) {
        assert_eq!(sample::wrong("discord", &[("url", url), ("mention", mention)]), field);
    }
}
