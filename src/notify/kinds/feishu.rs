//! Feishu and Lark group robot (飞书自定义机器人): a card, signed or with a keyword. NOTIFIERS.md §7.
use std::time::Duration;

use serde_json::{Value, json};

use crate::core::Time;
use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::answer::Answer;
use crate::notify::clip::fit;
use crate::notify::markdown::harmless;
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent};
use crate::notify::people::People;
use crate::notify::robot;
use crate::notify::rooms::address;
use crate::notify::settings::{mask, read_url};
use crate::notify::sign::{base64, hmac_sha256};
use crate::notify::{Draft, Driver, Family, FieldError, Outgoing, Settings};

const FEISHU: &str = "open.feishu.cn";
const LARK: &str = "open.larksuite.com";
const PATH: &str = "/open-apis/bot/v2/hook/";
/// The vendor's limit of a whole request is 20 KB; the signature is put in afterwards.
const MAX_BODY: usize = 19_800;

pub(super) const DRIVER: Driver = Driver {
    kind: "feishu",
    family: Family::Chat,
    fields: robot::FIELDS,
    target: |settings| {
        let id = settings.get("url").and_then(|url| Some(url.rsplit_once('/')?.1));
        id.map(mask).unwrap_or_default()
    },
    hosts: &[FEISHU, LARK],
    // The vendor's limits are 100 a minute and 5 a second.
    per_minute: Some(60),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let text = get("url");
    let wrong = || FieldError::new("url", "feishu", "");
    let is_id = |id: &str| {
        (10..=100).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    };
    let url = if is_id(text) {
        format!("https://{FEISHU}{PATH}{text}")
    } else if text.contains("://") {
        let mut url = read_url("url", text)?;
        url.set_query(None);
        url.set_fragment(None);
        let ours = matches!(url.host_str(), Some(FEISHU | LARK));
        let fits = url.path().strip_prefix(PATH).is_some_and(is_id) && url.port().is_none();
        if ours && !fits {
            return Err(wrong());
        }
        url.to_string()
    } else {
        return Err(wrong());
    };
    let mut settings = robot::guarded(url, given, "feishu-secret")?;
    if let Some(phone) = People::read(get("mention")).phones.first() {
        return Err(FieldError::new("mention", "feishu-mention", phone));
    }
    let is_open_id = |id: &str| id.starts_with("ou_") && is_id(id);
    People::store(given, &mut settings, "feishu-mention", is_open_id)?;
    Ok(settings)
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let url = address(draft)?;
    let people = People::of(draft);
    let size = |body: &Value| body.to_string().len();
    let mut body = if draft.plain {
        let words = draft.words.escaped(|text| text.replace('<', "＜"));
        fit(&words, MAX_BODY, |words| text(words, draft, &people), size)
    } else {
        // Only a few parts of a card know markup; the others show what they are given.
        let shown = |words: &Words| card(words, &words.escaped(harmless), draft, &people);
        fit(draft.words, MAX_BODY, shown, size)
    };
    let secret = draft.get("secret");
    if !secret.is_empty() {
        let (timestamp, sign) = sign(secret, draft.now);
        body["timestamp"] = timestamp.into();
        body["sign"] = sign.into();
    }
    Ok(Outgoing::Http(Box::new(HttpRequest::json(url, &body))))
}

/// A card with a coloured head. `words` for parts without markup, `harmless` for those with it.
fn card(words: &Words, harmless: &Words, draft: &Draft<'_>, people: &People) -> Value {
    let colour = match draft.alert.side {
        Side::Down => "red",
        Side::Up => "green",
        Side::Test => "blue",
    };
    let plain = |text: &str| json!({"tag": "plain_text", "content": text});
    let markup = |text: String| json!({"tag": "lark_md", "content": text});
    let mut elements = vec![json!({"tag": "div", "text": plain(&words.sentence)})];
    if !harmless.facts.is_empty() {
        let facts = harmless.facts.iter().map(|(label, value)| {
            // Two short ones stand side by side.
            json!({"is_short": value.chars().count() <= 16, "text": markup(format!("**{label}**\n{value}"))})
        });
        elements.push(json!({"tag": "div", "fields": facts.collect::<Vec<_>>()}));
    }
    if let Some(quote) = &words.quote {
        elements.push(json!({"tag": "note", "elements": [plain(quote)]}));
    }
    if !people.is_empty() {
        let called = called(people).map(|id| format!("<at id={id}></at>"));
        elements.push(json!({"tag": "div", "text": markup(called.collect::<Vec<_>>().join(" "))}));
    }
    let button = json!({"tag": "button", "text": plain(&words.link_label), "url": draft.alert.link, "type": "default"});
    elements.push(json!({"tag": "action", "actions": [button]}));
    let keyword = draft.get("keyword");
    if !keyword.is_empty() {
        elements.push(json!({"tag": "note", "elements": [plain(keyword)]}));
    }
    json!({
        "msg_type": "interactive",
        "card": {
            "config": {"wide_screen_mode": true},
            "header": {"template": colour, "title": plain(&words.title)},
            "elements": elements,
        },
    })
}

fn text(words: &Words, draft: &Draft<'_>, people: &People) -> Value {
    let mut text = format!("{}\n{}", words.title, words.text(&draft.alert.link));
    let called: Vec<String> = called(people).map(|id| format!("<at user_id=\"{id}\"></at>")).collect();
    for part in [called.join(" "), draft.get("keyword").to_owned()] {
        if !part.is_empty() {
            text.extend(["\n\n", &part]);
        }
    }
    json!({"msg_type": "text", "content": {"text": text}})
}

fn called(people: &People) -> impl Iterator<Item = &str> {
    people.everyone.then_some("all").into_iter().chain(people.ids.iter().map(String::as_str))
}

/// The time in seconds, and the signature that goes with it: the key signs nothing.
fn sign(secret: &str, now: Time) -> (String, String) {
    let timestamp = now.timestamp().to_string();
    let mac = hmac_sha256(format!("{timestamp}\n{secret}").as_bytes(), b"");
    (timestamp, base64(&mac))
}

/// `code` decides, whatever the HTTP status.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let answer = Answer::read(reply, "Feishu", "code", "msg")?;
    if let Some(sent) = answer.sent(0) {
        return Ok(sent);
    }
    let said = answer.said;
    Err(match answer.code {
        11232 => SendError::Retry { reason: said, after: Some(Duration::from_mins(1)) },
        9499 => SendError::Rejected(said),
        19021 => SendError::Permanent(format!("{said}; check the secret, and the clock of Maibo's machine")),
        19022 => SendError::Permanent(format!("{said}; add this server's address to the robot's list")),
        19024 => SendError::Permanent(format!("{said}; set the robot's keyword on this channel")),
        19001 => SendError::Permanent(said),
        _ => SendError::retry(said),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    const ID: &str = "0a1b2c3d-4e5f-6789-abcd-ef0123456789";

    /// Computed with Python's hmac and with OpenSSL.
    #[rstest]
    #[case(1_700_000_000, "8oT2n3SMKFfEnDoiwer8BUM/SjKLwe9SqoEIHlhDTKo=")]
    #[case(100, "jquNHnVOwmDRfw+vqTIrY5dooJAgi5EcRtLsQE4wfXg=")]
    #[case(1_599_360_473, "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=")]
    fn the_signature_is_the_vendors(#[case] at: i64, #[case] expected: &str) {
        let now = Time::from_timestamp(at, 0).unwrap();
        assert_eq!(sign("demo", now), (at.to_string(), expected.to_owned()));
    }

    #[test]
    fn a_signature_is_of_the_moment_it_is_sent() {
        let mut late = alert(Side::Down);
        late.at = Time::from_timestamp(1_700_000_000, 0).unwrap();
        for plain in [false, true] {
            let body = sample::body("feishu", &[("url", ID), ("secret", "demo")], &late, plain);
            assert_eq!(body["timestamp"], "1700000000");
            assert_eq!(body["sign"], "8oT2n3SMKFfEnDoiwer8BUM/SjKLwe9SqoEIHlhDTKo=");
            let unsigned = sample::body("feishu", &[("url", ID)], &late, plain);
            assert!(unsigned.get("sign").is_none());
        }
    }

    #[rstest]
    #[case(ID.to_owned(), FEISHU)]
    #[case(format!(" https://{FEISHU}{PATH}{ID}?from=app "), FEISHU)]
    #[case(format!("https://{LARK}{PATH}{ID}"), LARK)]
    fn url_and_id_are_taken(#[case] text: String, #[case] host: &str) {
        let settings = sample::settings("feishu", &[("url", &text)]);
        assert_eq!(settings["url"], format!("https://{host}{PATH}{ID}"));
    }

    #[rstest]
    #[case(&[("url", "https://open.feishu.cn/open-apis/bot/hook/0a1b2c3d4e5f")], "url")]
    #[case(&[("url", "https://open.feishu.cn/open-apis/bot/v2/hook/")], "url")]
    #[case(&[("url", "short")], "url")]
    #[case(&[("url", ID), ("secret", "two words")], "secret")]
    #[case(&[("url", ID), ("mention", "13800001111")], "mention")]
    #[case(&[("url", ID), ("mention", "zhangsan")], "mention")]
    fn a_wrong_field_is_named(#[case] given: &[(&str, &str)], #[case] field: &str) {
        assert_eq!(sample::wrong("feishu", given), field);
    }

    #[test]
    fn people_are_called_when_a_check_falls() {
        let given = [("url", ID), ("mention", "ou_84aad35d084aa403 @all"), ("keyword", "告警")];
        let down = alert(Side::Down);
        let rich = sample::body("feishu", &given, &down, false).to_string();
        assert!(
            rich.contains("<at id=all></at> <at id=ou_84aad35d084aa403></at>") && rich.contains("告警"),
            "{rich}"
        );
        let plain = sample::body("feishu", &given, &down, true);
        let text = plain["content"]["text"].as_str().unwrap();
        let end = "\n\n<at user_id=\"all\"></at> <at user_id=\"ou_84aad35d084aa403\"></at>\n\n告警";
        assert!(text.ends_with(end), "{text}");
        let up = sample::body("feishu", &given, &alert(Side::Up), false).to_string();
        assert!(!up.contains("<at") && up.contains("\"green\""), "{up}");
    }

    #[test]
    fn a_name_calls_nobody_and_is_no_markup() {
        let mut down = alert(Side::Down);
        down.check.name = "<at id=all></at><at user_id=\"all\"></at>".to_owned();
        down.check.tags = "<at id=all></at> [x](http://evil) **b**".to_owned();
        let plain = sample::body("feishu", &[("url", ID)], &down, true);
        assert!(!plain.to_string().contains("<at"), "{plain}");
        let rich = sample::body("feishu", &[("url", ID)], &down, false);
        for element in rich["card"]["elements"].as_array().unwrap() {
            for part in element["fields"].as_array().into_iter().flatten().chain([element]) {
                if part["text"]["tag"] == "lark_md" {
                    let text = part["text"]["content"].as_str().unwrap();
                    assert!(!text.contains('<') && !text.contains('['), "{text}");
                }
            }
        }
        assert_eq!(rich["card"]["header"]["title"]["tag"], "plain_text");
    }

    #[rstest]
    #[case(200, r#"{"code":0,"msg":"success","data":{}}"#, "sent")]
    #[case(200, r#"{"code":11232,"msg":"frequency limited"}"#, "retry")]
    #[case(400, r#"{"code":9499,"msg":"Bad Request","data":{}}"#, "rejected")]
    #[case(200, r#"{"code":9499,"msg":"Bad Request"}"#, "rejected")]
    #[case(
        200,
        r#"{"code":19001,"msg":"param invalid: incoming webhook access token invalid"}"#,
        "permanent"
    )]
    #[case(
        200,
        r#"{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}"#,
        "permanent"
    )]
    #[case(200, r#"{"code":19022,"msg":"Ip Not Allowed"}"#, "permanent")]
    #[case(200, r#"{"code":19024,"msg":"Key Words Not Found"}"#, "permanent")]
    #[case(200, r#"{"code":4242,"msg":"x"}"#, "retry")]
    #[case(500, r#"{"code":0}"#, "retry")]
    #[case(200, r#"{"msg":"ok"}"#, "retry")]
    fn code_decides(#[case] status: u16, #[case] body: &str, #[case] expected: &str) {
        assert_eq!(sample::verdict("feishu", status, body).0, expected);
    }
}
