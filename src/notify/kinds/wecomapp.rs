//! WeCom application (企业微信应用消息): a card to members, also inside `WeChat`. NOTIFIERS.md §2.
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::json;
use url::Url;

use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::answer::Answer;
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent};
use crate::notify::people::{People, words};
use crate::notify::settings::{below, read_base};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings, WithToken};

const VENDOR: &str = "https://qyapi.weixin.qq.com";
/// The vendor's limits, in bytes of UTF-8; cards are cut silently.
const MAX_TEXT: usize = 2048;
const MAX_TITLE: usize = 128;
const MAX_DESCRIPTION: usize = 512;
/// A token is given back so long before it runs out.
const SPARE: Duration = Duration::from_mins(5);

pub(super) const DRIVER: Driver = Driver {
    kind: "wecomapp",
    family: Family::Chat,
    fields: &[
        Field::new("corpid", Input::Text).required(),
        Field::new("agentid", Input::Text).required(),
        Field::new("secret", Input::Text).required().secret(),
        Field::new("touser", Input::Text),
        Field::new("toparty", Input::Text),
        Field::new("totag", Input::Text),
        Field::new("url", Input::Url),
    ],
    target: |settings| {
        let to = ["touser", "toparty", "totag"].into_iter().find_map(|name| settings.get(name));
        to.cloned().unwrap_or_default()
    },
    // The vendor answers only addresses that the app trusts: many have a proxy of their own with one that stays.
    // A member gets 30 a minute at most; what is more is dropped without a word.
    per_minute: Some(20),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let mut settings = Settings::new();
    let corpid = get("corpid");
    if !(8..=64).contains(&corpid.len()) || !corpid.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(FieldError::new("corpid", "wecomapp-corpid", ""));
    }
    let agentid = get("agentid");
    if agentid.parse::<u32>().is_err() {
        return Err(FieldError::new("agentid", "wecomapp-agentid", ""));
    }
    let secret = get("secret");
    if !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(FieldError::new("secret", "token", ""));
    }
    for (name, value) in [("corpid", corpid), ("agentid", agentid), ("secret", secret)] {
        settings.insert(name.to_owned(), value.to_owned());
    }
    let users = People::read(get("touser"));
    let users = if users.everyone { vec!["@all".to_owned()] } else { [users.ids, users.phones].concat() };
    let lists = [
        ("touser", users),
        ("toparty", words(get("toparty")).map(str::to_owned).collect()),
        ("totag", words(get("totag")).map(str::to_owned).collect()),
    ];
    for (name, list) in lists {
        if !list.is_empty() {
            settings.insert(name.to_owned(), list.join("|"));
        }
    }
    if !["touser", "toparty", "totag"].iter().any(|name| settings.contains_key(*name)) {
        return Err(FieldError::new("touser", "wecomapp-to", ""));
    }
    if !get("url").is_empty() {
        settings.insert("url".to_owned(), read_base("url", get("url"))?.to_string());
    }
    Ok(settings)
}

/// An address of the vendor's, or below the proxy in front of it.
fn call(settings: &Settings, path: &str, query: &[(&str, &str)]) -> Result<Url, SendError> {
    let mut url = below(settings.get("url").map_or(VENDOR, String::as_str), path)?;
    url.query_pairs_mut().extend_pairs(query);
    Ok(url)
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let login = call(
        draft.settings,
        "cgi-bin/gettoken",
        &[("corpid", draft.get("corpid")), ("corpsecret", draft.get("secret"))],
    )?;
    let link = draft.alert.link.as_str();
    let mut body = if draft.plain {
        let text = |words: &Words| format!("{}\n{}", words.title, words.text(link));
        json!({"msgtype": "text", "text": {"content": fit(draft.words, MAX_TEXT, text, String::len)}})
    } else {
        let title = Unit::Bytes.clip(&draft.words.title, MAX_TITLE);
        let rest = Words { title: String::new(), ..draft.words.escaped(|text| text.replace('<', "＜")) };
        let description = fit(&rest, MAX_DESCRIPTION, describe, String::len);
        json!({"msgtype": "textcard", "textcard": {"title": title, "description": description, "url": link}})
    };
    body["agentid"] = draft.get("agentid").parse::<u32>().unwrap_or_default().into();
    for name in ["touser", "toparty", "totag"] {
        if let Some(to) = draft.settings.get(name) {
            body[name] = to.as_str().into();
        }
    }
    // The same message within half an hour is a repeated try, unless somebody presses a button twice.
    if draft.alert.side != Side::Test {
        body["enable_duplicate_check"] = 1.into();
        body["duplicate_check_interval"] = 1800.into();
    }
    let send = call(draft.settings, "cgi-bin/message/send", &[])?;
    let request = HttpRequest::json(send, &body);
    Ok(Outgoing::WithToken(Box::new(WithToken {
        login: HttpRequest { method: Method::GET, url: login, headers: HeaderMap::new(), body: Vec::new() },
        token,
        request: Box::new(move |token| {
            let mut request = request.clone();
            request.url.query_pairs_mut().clear().append_pair("access_token", token);
            request
        }),
        stale: |reply| {
            let answer = Answer::read(reply, "WeCom", "errcode", "errmsg");
            answer.is_ok_and(|answer| matches!(answer.code, 40001 | 40014 | 42001))
        },
    })))
}

/// The text of a card, which knows a few classes of text.
fn describe(words: &Words) -> String {
    let mut text = words.sentence.clone();
    for (label, value) in &words.facts {
        text.extend(["<div class=\"gray\">", label, ": ", value, "</div>"]);
    }
    if let Some(quote) = &words.quote {
        text.extend(["<div class=\"normal\">", quote, "</div>"]);
    }
    text
}

/// Reads the answer to `gettoken`.
fn token(reply: &HttpReply) -> Result<(String, Duration), SendError> {
    let answer = Answer::read(reply, "WeCom", "errcode", "errmsg")?;
    let token = answer.body["access_token"].as_str().filter(|token| !token.is_empty());
    match token {
        Some(token) if answer.code == 0 => {
            let good_for = Duration::from_secs(answer.body["expires_in"].as_u64().unwrap_or_default());
            Ok((token.to_owned(), good_for.saturating_sub(SPARE)))
        }
        _ => Err(failed(answer)),
    }
}

fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let answer = Answer::read(reply, "WeCom", "errcode", "errmsg")?;
    let Some(Sent(said)) = answer.sent(0) else { return Err(failed(answer)) };
    // Some got it. Those who did not are told about, and nobody gets it twice.
    let missed =
        ["invaliduser", "invalidparty", "invalidtag", "unlicenseduser"].into_iter().filter_map(|name| {
            let who = answer.body[name].as_str().filter(|who| !who.is_empty())?;
            Some(format!("; {name}: {}", crate::notify::outcome::sentence(who)))
        });
    Ok(Sent(said + &missed.collect::<String>()))
}

fn failed(answer: Answer) -> SendError {
    let said = answer.said;
    match answer.code {
        45009 | 45033 => SendError::Retry { reason: said, after: Some(Duration::from_mins(1)) },
        60020 => SendError::Permanent(format!("{said}; add this server's address to the app's trusted IPs")),
        40001 | 40013 | 40056 | 48001 | 48002 | 50003 | 81013 => SendError::Permanent(said),
        40008 | 40033 | 40035 | 40058 | 40063 | 44004 | 45002 | 45034 => SendError::Rejected(said),
        _ => SendError::retry(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    const APP: [(&str, &str); 3] =
        [("corpid", "wwabcddzxdkrsdv"), ("agentid", "1000002"), ("secret", "s3cret")];

    fn app<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        APP.iter().chain(more).copied().collect()
    }

    #[test]
    fn a_card_goes_to_those_who_are_named() {
        let given =
            app(&[("touser", "zhangsan, lisi"), ("totag", "1 2"), ("url", "https://wx.example/proxy/")]);
        let request = sample::request("wecomapp", &given, &alert(Side::Down), false);
        assert_eq!(request.url.as_str(), "https://wx.example/proxy/cgi-bin/message/send?access_token=TOKEN");
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            (&body["touser"], &body["totag"], &body["agentid"]),
            (&json!("zhangsan|lisi"), &json!("1|2"), &json!(1_000_002))
        );
        assert_eq!(body["textcard"]["url"], "https://mon.example/checks/x");
        assert_eq!(body["enable_duplicate_check"], 1);
        let test = sample::body("wecomapp", &given, &alert(Side::Test), false);
        assert!(test.get("enable_duplicate_check").is_none());
        let all = sample::body("wecomapp", &app(&[("touser", "a @all")]), &alert(Side::Down), true);
        assert_eq!((&all["touser"], &all["msgtype"]), (&json!("@all"), &json!("text")));
    }

    #[test]
    fn a_card_keeps_within_its_small_limits() {
        let mut down = alert(Side::Down);
        down.check.name = "库<b>".repeat(1000);
        down.project = "项目".repeat(200);
        let body = sample::body("wecomapp", &app(&[("touser", "a")]), &down, false);
        let card = &body["textcard"];
        let (title, text) = (card["title"].as_str().unwrap(), card["description"].as_str().unwrap());
        assert!(title.len() <= MAX_TITLE && text.len() <= MAX_DESCRIPTION, "{title} {text}");
        assert!(!text.contains("<b>") && text.ends_with("</div>"), "{text}");
    }

    #[rstest]
    #[case(&[("corpid", "x y"), ("agentid", "1"), ("secret", "s"), ("touser", "a")], "corpid")]
    #[case(&[("corpid", "wwabcddzxdkrsdv"), ("agentid", "app"), ("secret", "s"), ("touser", "a")], "agentid")]
    #[case(&[("corpid", "wwabcddzxdkrsdv"), ("agentid", "1"), ("secret", "s s"), ("touser", "a")], "secret")]
    #[case(&[("corpid", "wwabcddzxdkrsdv"), ("agentid", "1"), ("secret", "s")], "touser")]
    fn a_wrong_field_is_named(#[case] given: &[(&str, &str)], #[case] field: &str) {
        assert_eq!(sample::wrong("wecomapp", given), field);
    }

    #[test]
    fn a_token_is_given_up_before_it_runs_out() {
        let reply = |body: &str| HttpReply { status: 200, body: body.into(), ..HttpReply::default() };
        let given =
            token(&reply(r#"{"errcode":0,"errmsg":"ok","access_token":"T1","expires_in":7200}"#)).unwrap();
        assert_eq!(given, ("T1".to_owned(), Duration::from_mins(115)));
        let refused = token(&reply(r#"{"errcode":40001,"errmsg":"invalid credential"}"#)).unwrap_err();
        assert!(matches!(refused, SendError::Permanent(_)), "{refused:?}");
        assert!(token(&reply(r#"{"errcode":0,"errmsg":"ok"}"#)).is_err());
    }

    #[rstest]
    #[case(r#"{"errcode":0,"errmsg":"ok","invaliduser":"","msgid":"x"}"#, "sent", "ok")]
    #[case(r#"{"errcode":0,"errmsg":"ok","invaliduser":"lisi"}"#, "sent", "invaliduser: lisi")]
    #[case(r#"{"errcode":81013,"errmsg":"all invalid"}"#, "permanent", "81013")]
    #[case(r#"{"errcode":60020,"errmsg":"not allow to access from your ip"}"#, "permanent", "trusted")]
    #[case(r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, "retry", "45009")]
    #[case(r#"{"errcode":40035,"errmsg":"bad"}"#, "rejected", "40035")]
    #[case(r#"{"errcode":5}"#, "retry", "5")]
    fn errcode_decides(#[case] body: &str, #[case] expected: &str, #[case] words: &str) {
        let (outcome, said) = sample::verdict("wecomapp", 200, body);
        assert_eq!(outcome, expected);
        assert!(said.contains(words), "{said}");
    }
}
