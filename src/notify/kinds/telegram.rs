//! Telegram bot. NOTIFIERS.md §12.
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, judge_said, sentence, wait};
use crate::notify::settings::{below, read_base, vendors_or_named};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const HOST: &str = "api.telegram.org";
const PUBLIC: &str = "https://api.telegram.org";
/// In UTF-16 units, and of the text without its tags: we count them too.
const MAX_TEXT: usize = 4096;

pub(super) const DRIVER: Driver = Driver {
    kind: "telegram",
    family: Family::Chat,
    fields: &[
        Field::new("token", Input::Text).required().secret(),
        Field::new("chat", Input::Text).required(),
        Field::new("thread", Input::Text),
        Field::new("mention", Input::Text),
        Field::new("url", Input::Url),
    ],
    target: |settings| settings.get("chat").cloned().unwrap_or_default(),
    // There are Bot API servers of one's own, and relays where Telegram is out of reach.
    // The vendor's limit is 20 for a group.
    per_minute: Some(15),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

/// The token, or an address or a word that holds it.
fn token(text: &str) -> Option<String> {
    let inner = text.find("/bot").map_or(text, |at| &text[at + 4..]);
    let inner = inner.strip_prefix("bot").unwrap_or(inner);
    let token = inner.split(['/', '?', ' ']).next()?;
    let (id, secret) = token.split_once(':')?;
    let fits = (5..=15).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_digit())
        && (30..=60).contains(&secret.len())
        && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    fits.then(|| token.to_owned())
}

/// A chat's number, a public name, or the address of a chat in the web client or on t.me.
fn chat(text: &str) -> Option<String> {
    let last = text.trim_end_matches('/').rsplit(['/', '#']).next()?;
    if last.parse::<i64>().is_ok_and(|id| id != 0) {
        return Some(last.to_owned());
    }
    let name = last.strip_prefix('@').unwrap_or(last);
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let fits = (4..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (begins && fits).then(|| format!("@{name}"))
}

/// Whom a message calls: `@name`, or the number of a person without a name.
fn people(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',', ';', '，', '、', '\t']).filter(|word| !word.is_empty())
}

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    vendors_or_named("token", given, &[HOST])?;
    let token = token(get("token")).ok_or_else(|| FieldError::new("token", "telegram-token", ""))?;
    let chat = chat(get("chat")).ok_or_else(|| FieldError::new("chat", "telegram-chat", get("chat")))?;
    let mut settings = Settings::from([("token".to_owned(), token), ("chat".to_owned(), chat)]);
    if !get("thread").is_empty() {
        let thread = get("thread").rsplit('/').next().and_then(|id| id.parse::<u32>().ok());
        let thread = thread.ok_or_else(|| FieldError::new("thread", "telegram-thread", get("thread")))?;
        settings.insert("thread".to_owned(), thread.to_string());
    }
    let mut mention = Vec::new();
    for word in people(get("mention")) {
        let name = word.strip_prefix('@').unwrap_or(word);
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(FieldError::new("mention", "telegram-mention", word));
        }
        mention.push(if name.parse::<i64>().is_ok() { name.to_owned() } else { format!("@{name}") });
    }
    if !mention.is_empty() {
        settings.insert("mention".to_owned(), mention.join(" "));
    }
    if !get("url").is_empty() {
        settings.insert("url".to_owned(), read_base("url", get("url"))?.to_string());
    }
    Ok(settings)
}

/// A call of the bot's, below the server that the settings name.
fn method(settings: &Settings, method: &str) -> Result<Url, SendError> {
    let get = |name: &str| settings.get(name).map_or("", String::as_str);
    let base = if get("url").is_empty() { PUBLIC } else { get("url") };
    below(base, &format!("bot{}/{method}", get("token")))
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let alert = draft.alert;
    let mentions = if alert.side == Side::Down { draft.get("mention") } else { "" };
    let chat = draft.get("chat");
    let mut body = json!({
        "chat_id": chat.parse::<i64>().map_or_else(|_| Value::from(chat), Value::from),
        "link_preview_options": {"is_disabled": true},
        "disable_notification": alert.side == Side::Up,
    });
    if draft.plain {
        let text = |words: &Words| format!("{}\n{}", words.title, words.text(&alert.link));
        body["text"] = fit(draft.words, MAX_TEXT, text, |text| Unit::Utf16.len(text)).into();
    } else {
        let words = draft.words.escaped(escape);
        let text = |words: &Words| html(words, alert.side, &escape(&alert.link), mentions);
        body["text"] = fit(&words, MAX_TEXT, text, |text| Unit::Utf16.len(text)).into();
        body["parse_mode"] = "HTML".into();
        // A topic that is gone is no reason to be silent: the plain form goes to the whole group.
        if let Ok(thread) = draft.get("thread").parse::<i64>() {
            body["message_thread_id"] = thread.into();
        }
    }
    Ok(Outgoing::Http(Box::new(HttpRequest::json(method(draft.settings, "sendMessage")?, &body))))
}

fn html(words: &Words, side: Side, link: &str, mentions: &str) -> String {
    let sign = match side {
        Side::Down => "🔴",
        Side::Up => "🟢",
        Side::Test => "🔵",
    };
    let mut text = format!("{sign} <b>{}</b>\n{}", words.title, words.sentence);
    for (label, value) in &words.facts {
        text.extend(["\n", label, ": ", value]);
    }
    if let Some(quote) = &words.quote {
        text.extend(["\n<pre>", quote, "</pre>"]);
    }
    text.extend(["\n<a href=\"", link, "\">", &words.link_label, "</a>"]);
    for (at, person) in people(mentions).enumerate() {
        text.push_str(if at == 0 { "\n" } else { " " });
        if person.starts_with('@') {
            text.push_str(person);
        } else {
            text.extend(["<a href=\"tg://user?id=", person, "\">@", person, "</a>"]);
        }
    }
    text
}

/// For Telegram's HTML. An `@` in a job's name calls nobody: an invisible character stands behind it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '@' => escaped.push_str("@\u{2060}"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reply {
    ok: bool,
    description: String,
    parameters: Parameters,
    result: Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

/// Descriptions behind a 400 that say that this chat takes no more messages from this bot.
const DEAD: &[&str] =
    &["chat not found", "not enough rights", "have no rights", "CHAT_WRITE_FORBIDDEN", "PEER_ID_INVALID"];

/// `ok` decides.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body: Reply = serde_json::from_slice(&reply.body).unwrap_or_default();
    let said = sentence(&body.description);
    match reply.status {
        200 if body.ok && body.result["message_id"].is_i64() => {
            Ok(Sent(format!("message {}", body.result["message_id"])))
        }
        200 => Err(SendError::retry("HTTP 200 without Telegram's message id: is this the right address?")),
        400 if let Some(id) = body.parameters.migrate_to_chat_id => Err(SendError::Permanent(format!(
            "HTTP 400: {said}; write its new number, {id}, into the channel"
        ))),
        400 if DEAD.iter().any(|dead| body.description.contains(dead)) => {
            Err(SendError::Permanent(format!("HTTP 400: {said}")))
        }
        429 => Err(wait(
            format!("HTTP 429: {said}"),
            body.parameters.retry_after.map(Duration::from_secs).or(reply.retry_after),
        )),
        // 404: no bot has this token.
        _ => judge_said(reply, &[401, 403, 404], &said),
    }
}

/// A chat that a bot has heard from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub chat: String,
    /// The topic of a forum in which it was.
    pub thread: Option<i64>,
    /// Its title, or the person's name.
    pub name: String,
    /// What was written last.
    pub text: String,
}

/// Asks which chats have written to the bot, for those who set it up.
pub fn ask_chats(settings: &Settings) -> Result<HttpRequest, FieldError> {
    vendors_or_named("token", settings, &[HOST])?;
    let mut known = settings.clone();
    let given = settings.get("token").map_or("", |value| value.trim());
    let token = token(given).ok_or_else(|| FieldError::new("token", "telegram-token", ""))?;
    known.insert("token".to_owned(), token);
    if let Some(url) = settings.get("url").map(|url| url.trim()).filter(|url| !url.is_empty()) {
        known.insert("url".to_owned(), read_base("url", url)?.to_string());
    }
    let url = method(&known, "getUpdates").map_err(|_| FieldError::new("url", "url", ""))?;
    // Nothing is acknowledged: whoever else reads the bot's messages still gets them.
    let wanted = ["message", "channel_post", "my_chat_member"];
    Ok(HttpRequest::json(url, &json!({"limit": 100, "timeout": 0, "allowed_updates": wanted})))
}

/// The chats in the answer, the newest first; or what Telegram said instead.
pub fn read_chats(reply: &HttpReply) -> Result<Vec<Heard>, SendError> {
    let body: Reply = serde_json::from_slice(&reply.body).unwrap_or_default();
    if !body.ok || reply.status != 200 {
        let said = sentence(&body.description);
        judge_said(reply, &[401, 403, 404], &said)?;
        return Err(SendError::retry("that is not Telegram's answer: is this the right address?"));
    }
    let mut found: Vec<Heard> = Vec::new();
    for update in body.result.as_array().map_or(&[][..], Vec::as_slice).iter().rev() {
        let message =
            ["message", "channel_post", "my_chat_member"].into_iter().find_map(|kind| update.get(kind));
        let Some(message) = message else { continue };
        let chat = &message["chat"];
        let Some(id) = chat["id"].as_i64() else { continue };
        let thread = message["message_thread_id"].as_i64().filter(|_| message["is_topic_message"] == true);
        let word = |key: &str| chat[key].as_str().unwrap_or_default();
        let person = format!("{} {}", word("first_name"), word("last_name"));
        let name = [word("title"), person.trim(), word("username")].into_iter().find(|name| !name.is_empty());
        let heard = Heard {
            chat: id.to_string(),
            thread,
            name: Unit::Chars.clip(&sentence(name.unwrap_or_default()), 80),
            text: sentence(message["text"].as_str().unwrap_or_default()),
        };
        if !found.iter().any(|known| known.chat == heard.chat && known.thread == heard.thread) {
            found.push(heard);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const TOKEN: &str = "123456789:AAabcdefghijklmnopqrstuvwxyz-_12345";

    #[rstest]
    #[case(TOKEN)]
    #[case("https://api.telegram.org/bot123456789:AAabcdefghijklmnopqrstuvwxyz-_12345/getMe")]
    #[case("bot123456789:AAabcdefghijklmnopqrstuvwxyz-_12345")]
    fn a_token_is_found_in_what_people_paste(#[case] text: &str) {
        assert_eq!(token(text).as_deref(), Some(TOKEN));
    }

    #[rstest]
    #[case("-1001234567890", Some("-1001234567890"))]
    #[case("42", Some("42"))]
    #[case("@ops_team", Some("@ops_team"))]
    #[case("https://t.me/ops_team", Some("@ops_team"))]
    #[case("https://web.telegram.org/a/#-1001234567890", Some("-1001234567890"))]
    #[case("0", None)]
    #[case("my group", None)]
    #[case("", None)]
    fn a_chat_has_a_number_or_a_name(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(chat(text).as_deref(), expected);
    }

    #[test]
    fn people_are_called_by_name_or_number() {
        let given = Settings::from([
            ("token".to_owned(), TOKEN.to_owned()),
            ("chat".to_owned(), "42".to_owned()),
            ("mention".to_owned(), "@alice, bob_b 777".to_owned()),
        ]);
        assert_eq!(read(&given).unwrap()["mention"], "@alice @bob_b 777");
        let words = Words {
            title: escape("DOWN | <b>@all"),
            sentence: String::new(),
            facts: Vec::new(),
            quote: None,
            link_label: "Open".to_owned(),
        };
        let text = html(&words, Side::Down, "https://x/", "@alice 777");
        assert!(text.contains("&lt;b&gt;@\u{2060}all"), "{text}");
        assert!(text.ends_with("\n@alice <a href=\"tg://user?id=777\">@777</a>"), "{text}");
    }

    #[test]
    fn chats_that_wrote_to_the_bot_are_listed_once() {
        let body = r#"{"ok":true,"result":[
            {"update_id":1,"message":{"message_id":1,"chat":{"id":42,"type":"private","first_name":"Ann","last_name":"Lee"},"text":"/start"}},
            {"update_id":2,"my_chat_member":{"chat":{"id":-100123,"title":"运维群","type":"supergroup"}}},
            {"update_id":3,"message":{"message_id":2,"chat":{"id":42,"type":"private","first_name":"Ann"},"text":"hello"}},
            {"update_id":4,"message":{"chat":{"id":-7,"title":"Forum"},"message_thread_id":9,"is_topic_message":true,"text":"x"}},
            {"update_id":5,"poll":{}}]}"#;
        let found = read_chats(&HttpReply { status: 200, body: body.into(), retry_after: None }).unwrap();
        let shown: Vec<_> =
            found.iter().map(|heard| (heard.chat.as_str(), heard.thread, heard.name.as_str())).collect();
        assert_eq!(shown, [("-7", Some(9), "Forum"), ("42", None, "Ann"), ("-100123", None, "运维群")]);
        let wrong = r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#;
        let wrong =
            read_chats(&HttpReply { status: 401, body: wrong.into(), retry_after: None }).unwrap_err();
        assert_eq!(wrong.to_string(), "HTTP 401: Unauthorized");
    }
}
