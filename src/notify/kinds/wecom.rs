//! WeCom group robot (企业微信群机器人). NOTIFIERS.md §1.
use std::time::Duration;

use serde_json::json;
use url::Url;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::answer::Answer;
use crate::notify::clip::fit;
use crate::notify::markdown::harmless;
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent};
use crate::notify::people::People;
use crate::notify::rooms::address;
use crate::notify::settings::{mask, read_secret_url};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const HOST: &str = "qyapi.weixin.qq.com";
const PATH: &str = "/cgi-bin/webhook/send";
/// The vendor's limits, in bytes of UTF-8.
const MAX_MARKDOWN: usize = 4096;
const MAX_TEXT: usize = 2048;

pub(super) const DRIVER: Driver = Driver {
    kind: "wecom",
    family: Family::Chat,
    fields: &[
        Field::new("url", Input::Text).secret(),
        Field::new("key", Input::Text).secret(),
        Field::new("mention", Input::Text),
    ],
    target: |settings| {
        let key = settings.get("url").and_then(|url| Some(url.split_once("key=")?.1));
        key.map(mask).unwrap_or_default()
    },
    hosts: &[HOST],
    // The vendor's limit is 20, and what it refuses counts as well.
    per_minute: Some(15),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

/// Whole URL or key, in either field: people paste what they have. Stored as the URL. A key beside one is the newer
/// one and goes onto it: the key of somebody's own relay is never told to the vendor.
fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let (field, text) = if get("key").is_empty() { ("url", get("url")) } else { ("key", get("key")) };
    let no_key = |field| FieldError::new(field, "wecom-key-form", "");
    let (field, mut url) = match get("url") {
        _ if text.is_empty() => return Err(FieldError::new("url", "wecom", "")),
        _ if text.contains("://") => (field, read_secret_url(field, text)?),
        _ if !is_key(text) => return Err(no_key(field)),
        beside if beside.contains("://") => ("url", with_key(read_secret_url("url", beside)?, text)),
        beside if beside.is_empty() || is_key(beside) => {
            (field, read_secret_url(field, &format!("https://{HOST}{PATH}?key={text}"))?)
        }
        _ => return Err(no_key("url")),
    };
    let elsewhere = url.path() != PATH || url.port().is_some();
    let key = url.query_pairs().find(|(name, value)| name == "key" && !value.is_empty());
    let key = key.map(|(_, key)| key.into_owned()).ok_or_else(|| FieldError::new(field, "wecom-key", ""))?;
    if url.host_str() == Some(HOST) {
        if elsewhere {
            return Err(FieldError::new(field, "wecom-key", ""));
        }
        // A relay of one's own may ask for more.
        url.query_pairs_mut().clear().append_pair("key", &key);
        url.set_fragment(None);
    }
    let mut settings = Settings::from([("url".to_owned(), url.to_string())]);
    People::store(given, &mut settings, "wecom-mention", is_user_id)?;
    Ok(settings)
}

fn is_key(text: &str) -> bool {
    (10..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The URL with this key in place of its own. A server without a path has the vendor's.
fn with_key(mut url: Url, key: &str) -> Url {
    if url.path() == "/" {
        url.set_path(PATH);
    }
    let others: Vec<(String, String)> =
        url.query_pairs().filter(|(name, _)| name != "key").map(|(n, v)| (n.into(), v.into())).collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair("key", key);
    url
}

/// Ids of members have 1 to 64 of these.
fn is_user_id(id: &str) -> bool {
    id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-@.".contains(&b))
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let url = address(draft)?;
    let people = People::of(draft);
    // Only plain texts can call somebody by phone number, or everybody.
    let body = if draft.plain || people.everyone || !people.phones.is_empty() {
        let words = draft.words.escaped(|text| text.replace("<@", "＜@"));
        let text = |words: &Words| format!("{}\n{}", words.title, words.text(&draft.alert.link));
        let mut text = json!({"content": fit(&words, MAX_TEXT, text, String::len)});
        if !people.is_empty() {
            let everyone = people.everyone.then(|| "@all".to_owned());
            text["mentioned_list"] = people.ids.into_iter().chain(everyone).collect();
            text["mentioned_mobile_list"] = people.phones.into();
        }
        json!({"msgtype": "text", "text": text})
    } else {
        let words = draft.words.escaped(harmless);
        let called = people.ids.iter().map(|id| format!("<@{id}>")).collect::<Vec<_>>().concat();
        let text = |words: &Words| markdown(words, draft.alert.side, &draft.alert.link, &called);
        json!({"msgtype": "markdown", "markdown": {"content": fit(&words, MAX_MARKDOWN, text, String::len)}})
    };
    Ok(Outgoing::Http(Box::new(HttpRequest::json(url, &body))))
}

fn markdown(words: &Words, side: Side, link: &str, called: &str) -> String {
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
    text.extend(["\n[", &words.link_label, "](", link, ")"]);
    if !called.is_empty() {
        text.extend(["\n", called]);
    }
    text
}

/// HTTP 200 says nothing here: `errcode` decides.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let answer = Answer::read(reply, "WeCom", "errcode", "errmsg")?;
    if let Some(sent) = answer.sent(0) {
        return Ok(sent);
    }
    let said = answer.said;
    Err(match answer.code {
        45009 | 45033 => SendError::Retry { reason: said, after: Some(Duration::from_mins(1)) },
        93000 => SendError::Permanent(said),
        40008 | 40033 | 40035 | 40058 | 40063 | 44004 | 45002 | 45034 => SendError::Rejected(said),
        _ => SendError::retry(said),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
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

    /// Whoever has a relay of their own never meant the vendor to hear its key.
    #[rstest]
    #[case("http://127.0.0.1:19010/cgi-bin/webhook/send", "http://127.0.0.1:19010/cgi-bin/webhook/send?key=")]
    #[case("http://127.0.0.1:19010", "http://127.0.0.1:19010/cgi-bin/webhook/send?key=")]
    #[case(
        "https://relay.example/x/send?key=old-key-of-it&room=1",
        "https://relay.example/x/send?room=1&key="
    )]
    fn a_key_goes_onto_the_address_beside_it(#[case] url: &str, #[case] expected: &str) {
        let settings = sample::settings("wecom", &[("url", url), ("key", KEY)]);
        assert_eq!(settings["url"], format!("{expected}{KEY}"));
        let whole = format!("https://{HOST}{PATH}?key={KEY}");
        assert_eq!(sample::settings("wecom", &[("url", url), ("key", &whole)])["url"], whole);
    }

    #[rstest]
    #[case(&[("url", "http://127.0.0.1:19010/x")], "url")]
    #[case(&[("url", "not an address"), ("key", KEY)], "url")]
    #[case(&[("url", "https://relay.example/x?key=two words here")], "url")]
    #[case(&[("key", "two words here")], "key")]
    fn a_wrong_field_is_named(#[case] given: &[(&str, &str)], #[case] field: &str) {
        assert_eq!(sample::wrong("wecom", given), field);
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
        let body = sample::body("wecom", &[("key", KEY)], &alert, false);
        let text = body["markdown"]["content"].as_str().unwrap();
        assert!(text.len() <= MAX_MARKDOWN, "{}", text.len());
        assert!(!text.contains("<b>") && !text.contains("[x]"));
        assert!(text.ends_with(&format!("({})", alert.link)));
    }

    fn to(mention: &str) -> [(&str, &str); 2] {
        [("key", KEY), ("mention", mention)]
    }

    #[test]
    fn members_are_called_in_the_rich_form_and_phones_in_a_plain_one() {
        let down = alert(Side::Down);
        let rich = sample::body("wecom", &to("zhangsan @li.si"), &down, false);
        assert!(rich["markdown"]["content"].as_str().unwrap().ends_with("\n<@zhangsan><@li.si>"), "{rich}");
        let plain = sample::body("wecom", &to("zhangsan, @all, +8613800001111"), &down, false);
        assert_eq!(plain["msgtype"], "text");
        assert_eq!(plain["text"]["mentioned_list"], json!(["zhangsan", "@all"]));
        assert_eq!(plain["text"]["mentioned_mobile_list"], json!(["13800001111"]));
        for side in [Side::Up, Side::Test] {
            assert_eq!(sample::body("wecom", &to("@all"), &alert(side), false)["msgtype"], "markdown");
        }
        assert_eq!(sample::wrong("wecom", &to("张三")), "mention");
    }

    #[test]
    fn a_name_calls_nobody() {
        let mut down = alert(Side::Down);
        down.check.name = "<@all> @all <@zhangsan>".to_owned();
        for plain in [false, true] {
            let body = sample::body("wecom", &[("key", KEY)], &down, plain);
            assert!(!body.to_string().contains("<@"), "{body}");
            assert!(body["text"].get("mentioned_list").is_none());
        }
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
        assert_eq!(sample::verdict("wecom", status, body).0, expected);
    }
}
