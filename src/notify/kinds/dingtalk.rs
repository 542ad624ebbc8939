//! DingTalk group robot (钉钉自定义机器人), signed or with a keyword. NOTIFIERS.md §6.
use std::time::Duration;

use serde_json::{Value, json};

use crate::core::Time;
use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::answer::Answer;
use crate::notify::clip::fit;
use crate::notify::markdown::{harmless, page};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent};
use crate::notify::people::People;
use crate::notify::robot;
use crate::notify::rooms::address;
use crate::notify::settings::{mask, read_url};
use crate::notify::sign::{base64, hmac_sha256};
use crate::notify::{Draft, Driver, Family, FieldError, Outgoing, Settings};

const HOST: &str = "oapi.dingtalk.com";
/// The vendor's limit of a whole request, in bytes.
const MAX_BODY: usize = 20_000;

pub(super) const DRIVER: Driver = Driver {
    kind: "dingtalk",
    family: Family::Chat,
    fields: robot::FIELDS,
    target: |settings| {
        let token = settings.get("url").and_then(|url| Some(url.split_once("access_token=")?.1));
        token.map(mask).unwrap_or_default()
    },
    hosts: &[HOST],
    // Beyond 20 a minute the robot is muted for ten.
    per_minute: Some(15),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let text = get("url");
    let wrong = || FieldError::new("url", "dingtalk", "");
    let mut url = if text.contains("://") {
        let url = read_url("url", text)?;
        if url.host_str() == Some(HOST) && (url.path() != "/robot/send" || url.port().is_some()) {
            return Err(wrong());
        }
        url
    } else {
        read_url("url", &format!("https://{HOST}/robot/send?access_token={text}")).map_err(|_| wrong())?
    };
    // What was copied from a program has a timestamp and a signature, which are of that moment.
    let token =
        url.query_pairs().find(|(name, _)| name == "access_token").map(|(_, token)| token.into_owned());
    let token = token.filter(|token| is_token(token)).ok_or_else(wrong)?;
    url.set_query(Some(&format!("access_token={token}")));
    let mut settings = robot::guarded(url, given, "dingtalk-secret")?;
    let is_user_id =
        |id: &str| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-@.$".contains(&b));
    People::store(given, &mut settings, "dingtalk-mention", is_user_id)?;
    Ok(settings)
}

/// Tokens have 64 hex digits; the secret that stands beside them on the robot's page begins with `SEC`.
fn is_token(token: &str) -> bool {
    (16..=128).contains(&token.len())
        && token.bytes().all(|b| b.is_ascii_alphanumeric())
        && !token.starts_with("SEC")
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let mut url = address(draft)?;
    let secret = draft.get("secret");
    if !secret.is_empty() {
        let (timestamp, sign) = sign(secret, draft.now);
        url.query_pairs_mut().append_pair("timestamp", &timestamp).append_pair("sign", &sign);
    }
    let people = People::of(draft);
    let tail = tail(&people, draft.get("keyword"));
    let at = json!({"atMobiles": people.phones, "atUserIds": people.ids, "isAtAll": people.everyone});
    let link = draft.alert.link.as_str();
    let size = |body: &Value| body.to_string().len();
    let body = if draft.plain {
        let render = |words: &Words| {
            let text = format!("{}\n{}{tail}", words.title, words.text(link));
            json!({"msgtype": "text", "text": {"content": text}, "at": at})
        };
        fit(draft.words, MAX_BODY, render, size)
    } else {
        let colour = match draft.alert.side {
            Side::Down => "🔴",
            Side::Up => "🟢",
            Side::Test => "🔵",
        };
        let render = |words: &Words| {
            let text = format!("### {colour} {}\n\n{}{tail}", words.title, page(words, link));
            json!({"msgtype": "markdown", "markdown": {"title": words.title, "text": text}, "at": at})
        };
        fit(&draft.words.escaped(harmless), MAX_BODY, render, size)
    };
    Ok(Outgoing::Http(Box::new(HttpRequest::json(url, &body))))
}

/// What a message ends with: the robot's keyword, and those whom it calls. The vendor wants their names in the text
/// as well; without them nobody is called.
fn tail(people: &People, keyword: &str) -> String {
    let named: Vec<String> = people.phones.iter().chain(&people.ids).map(|one| format!("@{one}")).collect();
    let parts = [keyword.to_owned(), named.join(" ")];
    parts.into_iter().filter(|part| !part.is_empty()).flat_map(|part| ["\n\n".to_owned(), part]).collect()
}

/// The time in milliseconds, and the signature that goes with it.
fn sign(secret: &str, now: Time) -> (String, String) {
    let timestamp = now.timestamp_millis().to_string();
    let mac = hmac_sha256(secret.as_bytes(), format!("{timestamp}\n{secret}").as_bytes());
    (timestamp, base64(&mac))
}

/// HTTP 200 says nothing here: `errcode` decides.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let answer = Answer::read(reply, "DingTalk", "errcode", "errmsg")?;
    if let Some(sent) = answer.sent(0) {
        return Ok(sent);
    }
    let said = answer.said;
    let text = answer.text.to_lowercase();
    Err(match answer.code {
        // The code of the limit has changed before; its words have not.
        130_101 | 410_100 => too_fast(said, &answer.body),
        _ if text.contains("too fast") || text.contains("times per minute") => too_fast(said, &answer.body),
        310_000 if text.contains("timestamp") => {
            SendError::retry(format!("{said}; is the clock of Maibo's machine right?"))
        }
        310_000 => SendError::Permanent(format!("{said}{}", advice(&text))),
        300_001 | 300_005 | 400_013 | 400_101 | 400_102 | 400_106 => SendError::Permanent(said),
        40035 | 43004 | 400_105 | 430_101..=430_104 | 460_101 => SendError::Rejected(said),
        _ => SendError::retry(said),
    })
}

fn too_fast(reason: String, body: &Value) -> SendError {
    let asked = Duration::from_secs(body["wait"].as_u64().unwrap_or_default());
    SendError::Retry { reason, after: Some(asked.clamp(Duration::from_mins(1), Duration::from_mins(15))) }
}

/// What to do about a robot whose security settings turned a message away.
fn advice(text: &str) -> &'static str {
    match () {
        () if text.contains("keyword") => "; set the robot's keyword on this channel",
        () if text.contains("sign") => "; set the secret that the robot's page shows on this channel",
        () if text.contains("whitelist") || text.contains("ip") => "; add this address to the robot's list",
        () => "; look at the robot's security settings",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /// Computed with Python's hmac and with OpenSSL.
    #[rstest]
    #[case("this is secret", "sSFWELbV2YwjdDQhWZwTcWlX5BWUx5J6TPpsZmuPii0=")]
    #[case(
        "SEC0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "bTgY2yDbep+wesS7jKiNj+srsHoADES4+C4f8LCHFtU="
    )]
    fn the_signature_is_the_vendors(#[case] secret: &str, #[case] expected: &str) {
        let now = Time::from_timestamp_millis(1_700_000_000_000).unwrap();
        assert_eq!(sign(secret, now), ("1700000000000".to_owned(), expected.to_owned()));
    }

    #[test]
    fn a_signature_is_of_the_moment_it_is_sent_and_encoded_once() {
        let mut late = alert(Side::Down);
        late.at = Time::from_timestamp_millis(1_700_000_000_000).unwrap();
        let secret = format!("SEC{TOKEN}");
        let request = sample::request("dingtalk", &[("url", TOKEN), ("secret", &secret)], &late, false);
        assert_eq!(
            request.url.query(),
            Some(format!("access_token={TOKEN}&timestamp=1700000000000&sign=bTgY2yDbep%2BwesS7jKiNj%2BsrsHoADES4%2BC4f8LCHFtU%3D").as_str())
        );
        let unsigned = sample::request("dingtalk", &[("url", TOKEN)], &late, false);
        assert_eq!(unsigned.url.query(), Some(format!("access_token={TOKEN}").as_str()));
    }

    #[rstest]
    #[case(TOKEN.to_owned())]
    #[case(format!(" https://{HOST}/robot/send?access_token={TOKEN} "))]
    #[case(format!("https://{HOST}/robot/send?access_token={TOKEN}&timestamp=1&sign=x"))]
    fn url_and_token_are_taken(#[case] text: String) {
        let settings = sample::settings("dingtalk", &[("url", &text)]);
        assert_eq!(settings["url"], format!("https://{HOST}/robot/send?access_token={TOKEN}"));
    }

    #[rstest]
    #[case(&[("url", "https://oapi.dingtalk.com/robot/send")], "url")]
    #[case(&[("url", "https://oapi.dingtalk.com/other?access_token=0123456789abcdef")], "url")]
    #[case(&[("url", "SEC0123456789abcdef0123456789abcdef")], "url")]
    #[case(&[("url", "two words")], "url")]
    #[case(&[("url", "0123456789abcdef"), ("secret", "SEC with spaces")], "secret")]
    #[case(&[("url", "0123456789abcdef"), ("mention", "张三")], "mention")]
    fn a_wrong_field_is_named(#[case] given: &[(&str, &str)], #[case] field: &str) {
        assert_eq!(sample::wrong("dingtalk", given), field);
    }

    #[test]
    fn those_who_are_called_stand_in_the_text_as_well() {
        let given = [("url", TOKEN), ("mention", "13800001111 manager7008"), ("keyword", "告警")];
        for plain in [false, true] {
            let body = sample::body("dingtalk", &given, &alert(Side::Down), plain);
            let text = if plain { &body["text"]["content"] } else { &body["markdown"]["text"] };
            assert!(text.as_str().unwrap().ends_with("\n\n告警\n\n@13800001111 @manager7008"), "{text}");
            let at = json!({"atMobiles": ["13800001111"], "atUserIds": ["manager7008"], "isAtAll": false});
            assert_eq!(body["at"], at);
        }
        let body =
            sample::body("dingtalk", &[("url", TOKEN), ("mention", "@all")], &alert(Side::Down), false);
        assert_eq!(body["at"]["isAtAll"], true);
        let body = sample::body("dingtalk", &[("url", TOKEN), ("mention", "@all")], &alert(Side::Up), false);
        assert_eq!(body["at"]["isAtAll"], false);
    }

    #[test]
    fn a_name_calls_nobody_and_is_no_markup() {
        let mut down = alert(Side::Down);
        down.check.name = "@all @所有人 [x](http://evil) <b>".to_owned();
        let body = sample::body("dingtalk", &[("url", TOKEN)], &down, false);
        assert_eq!(body["at"], json!({"atMobiles": [], "atUserIds": [], "isAtAll": false}));
        let text = body["markdown"]["text"].as_str().unwrap();
        assert!(!text.contains("[x]") && !text.contains("<b>"), "{text}");
    }

    #[rstest]
    #[case(r#"{"errcode":0,"errmsg":"ok"}"#, "sent", "ok")]
    #[case(r#"{"errcode":-1,"errmsg":"system busy"}"#, "retry", "busy")]
    #[case(
        r#"{"errcode":310000,"errmsg":"keywords not in content, more: [x]"}"#,
        "permanent",
        "set the robot's keyword"
    )]
    #[case(r#"{"errcode":310000,"errmsg":"sign not match, more: [x]"}"#, "permanent", "set the secret")]
    #[case(r#"{"errcode":310000,"errmsg":"ip 1.2.3.4 not in whitelist"}"#, "permanent", "add this address")]
    #[case(r#"{"errcode":310000,"errmsg":"invalid timestamp, more: [x]"}"#, "retry", "clock")]
    #[case(r#"{"errcode":300005,"errmsg":"token is not exist"}"#, "permanent", "token is not exist")]
    #[case(r#"{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}"#, "retry", "too fast")]
    #[case(r#"{"errcode":424242,"errmsg":"send too fast"}"#, "retry", "too fast")]
    #[case(r#"{"errcode":430104,"errmsg":"content is unsafe"}"#, "rejected", "unsafe")]
    #[case(r#"{"errcode":777}"#, "retry", "errcode 777")]
    #[case(r#"{"errcode":null}"#, "retry", "DingTalk")]
    fn errcode_decides(#[case] body: &str, #[case] expected: &str, #[case] words: &str) {
        let (outcome, said) = sample::verdict("dingtalk", 200, body);
        assert_eq!(outcome, expected);
        assert!(said.contains(words), "{said}");
    }

    #[test]
    fn a_muted_robot_is_left_alone_as_long_as_it_says() {
        let wait =
            |body: &str| match verdict(&HttpReply { status: 200, body: body.into(), ..HttpReply::default() })
            {
                Err(SendError::Retry { after: Some(after), .. }) => after.as_secs(),
                other => panic!("{other:?}"),
            };
        assert_eq!(wait(r#"{"errcode":130101,"errmsg":"x","wait":5,"punish":"deny"}"#), 60);
        assert_eq!(wait(r#"{"errcode":410100,"errmsg":"x","wait":600}"#), 600);
    }
}
