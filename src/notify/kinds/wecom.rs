//! WeCom group robot (企业微信群机器人). NOTIFIERS.md §1.
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::clip::fit;
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent, sentence};
use crate::notify::settings::{mask, read_url};
use crate::notify::{Draft, Driver, Family, Field, FieldError, HTTP, Input, Outgoing, Settings};

const HOST: &str = "qyapi.weixin.qq.com";
/// The vendor's limits, in bytes of UTF-8.
const MAX_MARKDOWN: usize = 4096;
const MAX_TEXT: usize = 2048;

pub(super) const DRIVER: Driver = Driver {
    kind: "wecom",
    family: Family::Chat,
    fields: &[Field::new("url", Input::Text).secret(), Field::new("key", Input::Text).secret()],
    shared: HTTP,
    read,
    urls: |settings| settings.get("url").and_then(|url| Some(("url", Url::parse(url).ok()?))).into_iter().collect(),
    target: |settings| {
        let key = settings.get("url").and_then(|url| Some(url.split_once("key=")?.1));
        key.map(mask).unwrap_or_default()
    },
    hosts: &[HOST],
    // The vendor's limit is 20, and what it refuses counts as well.
    per_minute: Some(15),
    each: false,
    has_plain: true,
    request,
    verdict,
};

/// Whole URL or key, in either field: people paste what they have. Stored as the URL, so that a key beside it is the
/// newer one.
fn read(given: &Settings) -> Result<Settings, FieldError> {
    let (field, text) = ["key", "url"]
        .into_iter()
        .find_map(|field| Some((field, given.get(field)?.trim())).filter(|(_, text)| !text.is_empty()))
        .ok_or_else(|| FieldError::new("url", "wecom", ""))?;
    let is_key = (10..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let url = if is_key {
        format!("https://{HOST}/cgi-bin/webhook/send?key={text}")
    } else if !text.contains("://") {
        return Err(FieldError::new(field, "wecom-key-form", ""));
    } else {
        let url = read_url(field, text)?;
        let elsewhere = url.path() != "/cgi-bin/webhook/send" || url.port().is_some();
        if url.host_str() == Some(HOST) && elsewhere {
            return Err(FieldError::new(field, "wecom-key", ""));
        }
        if !url.query_pairs().any(|(name, value)| name == "key" && !value.is_empty()) {
            return Err(FieldError::new(field, "wecom-key", ""));
        }
        url.to_string()
    };
    Ok(Settings::from([("url".to_owned(), url)]))
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let url = Url::parse(draft.get("url")).map_err(|_| SendError::Permanent("the robot's URL is missing".into()))?;
    let body = if draft.plain {
        let text = |words: &Words| format!("{}\n{}", words.title, words.text(&draft.alert.link));
        json!({"msgtype": "text", "text": {"content": fit(draft.words, MAX_TEXT, text, String::len)}})
    } else {
        let words = draft.words.escaped(harmless);
        let text = |words: &Words| markdown(words, draft.alert.side, &draft.alert.link);
        json!({"msgtype": "markdown", "markdown": {"content": fit(&words, MAX_MARKDOWN, text, String::len)}})
    };
    Ok(Outgoing::Http(Box::new(HttpRequest::json(url, &body))))
}

fn markdown(words: &Words, side: Side, link: &str) -> String {
    let colour = match side {
        Side::Down => "warning",
        Side::Up => "info",
        Side::Test => "comment",
    };
    let mut text = format!("## <font color=\"{colour}\">{}</font>\n{}", words.title, words.sentence);
    for (label, value) in &words.facts {
        text.extend(["\n> ", label, ": ", value]);
    }
    for line in words.quote.iter().flat_map(|quote| quote.lines()) {
        text.extend(["\n> ", line]);
    }
    text + &format!("\n[{}]({link})", words.link_label)
}

/// Text that must not become markup: the few characters that WeCom reads as such are replaced by their wide twins.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '<' => '＜',
            '`' => '\'',
            '[' => '［',
            ']' => '］',
            '*' => '＊',
            c => c,
        })
        .collect()
}

#[derive(Deserialize)]
struct Reply {
    errcode: i64,
    #[serde(default)]
    errmsg: String,
}

/// HTTP 200 says nothing here: `errcode` decides.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    if reply.status != 200 {
        return Err(SendError::Retry { reason: format!("HTTP {}", reply.status), after: reply.retry_after });
    }
    let Ok(body) = serde_json::from_slice::<Reply>(&reply.body) else {
        return Err(SendError::retry("HTTP 200 without WeCom's errcode: is this the right address?"));
    };
    let said = format!("errcode {}: {}", body.errcode, sentence(&body.errmsg));
    match body.errcode {
        0 => Ok(Sent(said)),
        45009 | 45033 => Err(SendError::Retry { reason: said, after: Some(Duration::from_mins(1)) }),
        93000 => Err(SendError::Permanent(said)),
        40008 | 40033 | 40035 | 40058 | 40063 | 44004 | 45002 | 45034 => Err(SendError::Rejected(said)),
        _ => Err(SendError::retry(said)),
    }
}

#[cfg(test)]
mod tests {
    use crate::notify::alert::tests::alert;
    use crate::notify::message::words;
    use super::*;
    use rstest::rstest;

    const KEY: &str = "693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa";

    #[rstest]
    #[case("key", KEY.to_owned())]
    #[case("url", KEY.to_owned())]
    #[case("key", format!(" https://{HOST}/cgi-bin/webhook/send?key={KEY} "))]
    fn key_and_url_are_taken_in_either_field(#[case] field: &str, #[case] text: String) {
        let settings = read(&Settings::from([(field.to_owned(), text)])).unwrap();
        assert_eq!(settings["url"], format!("https://{HOST}/cgi-bin/webhook/send?key={KEY}"));
    }

    #[test]
    fn a_new_key_replaces_the_stored_url() {
        let stored = read(&Settings::from([("key".to_owned(), "an-older-key".to_owned())])).unwrap();
        let mut given = stored;
        given.insert("key".to_owned(), KEY.to_owned());
        assert!(read(&given).unwrap()["url"].ends_with(KEY));
    }

    #[test]
    fn a_url_without_a_key_is_refused() {
        let given = Settings::from([("url".to_owned(), format!("https://{HOST}/cgi-bin/webhook/send"))]);
        assert!(read(&given).is_err());
    }

    #[test]
    fn a_huge_name_and_quote_stay_within_the_limit() {
        let mut alert = alert(Side::Down);
        alert.check.name = "库<b>`[x](http://evil)*".repeat(500);
        alert.last.body = "错误\n".repeat(5000);
        if let Some(event) = &mut alert.event {
            event.why = crate::notify::alert::Why::Failed;
        }
        let now = alert.at;
        let settings = Settings::from([("url".to_owned(), format!("https://{HOST}/cgi-bin/webhook/send?key={KEY}"))]);
        let words = words(&alert);
        let draft = Draft { settings: &settings, alert: &alert, words: &words, now, plain: false };
        let Ok(Outgoing::Http(request)) = request(&draft) else { panic!("an alert goes out") };
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let text = body["markdown"]["content"].as_str().unwrap();
        assert!(text.len() <= MAX_MARKDOWN, "{}", text.len());
        assert!(!text.contains("<b>") && !text.contains("[x]"));
        assert!(text.ends_with(&format!("({})", alert.link)));
    }

    #[rstest]
    #[case(200, r#"{"errcode":0,"errmsg":"ok"}"#, "sent")]
    #[case(200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, "permanent")]
    #[case(200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, "retry")]
    #[case(200, r#"{"errcode":40058,"errmsg":"too long"}"#, "rejected")]
    #[case(200, r#"{"errcode":-1,"errmsg":"busy"}"#, "retry")]
    #[case(200, r#"{"errcode":123456}"#, "retry")]
    #[case(200, "<html>login</html>", "retry")]
    #[case(200, "{}", "retry")]
    #[case(502, "", "retry")]
    fn errcode_decides(#[case] status: u16, #[case] body: &str, #[case] expected: &str) {
        let outcome = match verdict(&HttpReply { status, body: body.into(), retry_after: None }) {
            Ok(_) => "sent",
            Err(SendError::Retry { .. }) => "retry",
            Err(SendError::Permanent(_)) => "permanent",
            Err(SendError::Rejected(_)) => "rejected",
        };
        assert_eq!(outcome, expected);
    }
}
