//! Text messages through Alibaba Cloud (阿里云短信), from an approved template. NOTIFIERS.md §28.
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::auth::secret::hex;
use crate::net::egress::{HttpReply, HttpRequest};
use crate::notify::alert::Side;
use crate::notify::answer::{foreign, json};
use crate::notify::clip::Unit;
use crate::notify::outcome::{SendError, Sent, sentence};
use crate::notify::people::words;
use crate::notify::settings::{mask, read_base};
use crate::notify::sign::hmac_sha256;
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const VENDOR: &str = "https://dysmsapi.aliyuncs.com";
const ACTION: &str = "SendSms";
const VERSION: &str = "2017-05-25";
/// Most numbers that one channel writes to; the vendor takes 1000.
const MAX_NUMBERS: usize = 100;
/// Longest value of a variable, in characters, with which no template is refused.
const MAX_VALUE: usize = 20;
/// What a variable of a template can be filled with.
const VALUES: [&str; 4] = ["name", "status", "project", "time"];

pub(super) const DRIVER: Driver = Driver {
    kind: "aliyunsms",
    family: Family::Sms,
    fields: &[
        Field::new("to", Input::Lines).required(),
        Field::new("access_key_id", Input::Text).required(),
        Field::new("access_key_secret", Input::Text).required().secret(),
        Field::new("sign_name", Input::Text).required(),
        Field::new("template_code", Input::Text).required(),
        Field::new("variables", Input::Text),
        Field::new("url", Input::Url),
    ],
    target: |settings| {
        let numbers = settings.get("to").map_or("", String::as_str);
        numbers.split(',').map(mask_number).collect::<Vec<_>>().join(", ")
    },
    hosts: &[".aliyuncs.com"],
    per_minute: Some(5),
    has_plain: true,
    ..Driver::over_http(read, request, verdict)
};

/// A number as lists may show it: its first three and last four digits.
fn mask_number(number: &str) -> String {
    match (number.get(..3), number.len().checked_sub(4).and_then(|at| number.get(at..))) {
        (Some(start), Some(end)) if number.len() >= 9 => format!("{start}…{end}"),
        _ => mask(number),
    }
}

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let mut settings = Settings::from([("to".to_owned(), numbers(get("to"))?.join(","))]);
    for name in ["access_key_id", "access_key_secret"] {
        let value = get(name);
        if !(8..=128).contains(&value.len()) || !value.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(FieldError::new(name, "aliyunsms-key", ""));
        }
        settings.insert(name.to_owned(), value.to_owned());
    }
    // Texts show it in 【】; some paste it with them.
    let sign_name = get("sign_name").trim_matches(['【', '】', ' ']);
    if sign_name.is_empty() {
        return Err(FieldError::new("sign_name", "required", ""));
    }
    settings.insert("sign_name".to_owned(), sign_name.to_owned());
    let template = get("template_code").to_ascii_uppercase();
    let number = template.strip_prefix("SMS_").unwrap_or(&template);
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(FieldError::new("template_code", "aliyunsms-template", ""));
    }
    settings.insert("template_code".to_owned(), format!("SMS_{number}"));
    let mut variables = Vec::new();
    for word in words(get("variables")) {
        // People copy `${name}` from the template.
        let bare = word.replace(['$', '{', '}'], "");
        let (theirs, ours) = bare.split_once('=').unwrap_or((&bare, &bare));
        let named = !theirs.is_empty() && theirs.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !named || !VALUES.contains(&ours) {
            return Err(FieldError::new("variables", "aliyunsms-variables", word));
        }
        variables.push(format!("{theirs}={ours}"));
    }
    if !variables.is_empty() {
        settings.insert("variables".to_owned(), variables.join(" "));
    }
    if !get("url").is_empty() {
        settings.insert("url".to_owned(), read_base("url", get("url"))?.to_string());
    }
    Ok(settings)
}

/// Numbers as the vendor wants them: 11 digits in mainland China, elsewhere the country's code and the number.
fn numbers(text: &str) -> Result<Vec<String>, FieldError> {
    let mut numbers = Vec::new();
    for piece in text.split(['\n', ',', ';', '，', '；', '、']).filter(|piece| !piece.trim().is_empty()) {
        // `138 0000 0000` is one number, `13800000000 13900000000` are two.
        let found = match number(piece) {
            Some(number) => vec![number],
            None => piece
                .split_whitespace()
                .map(|word| number(word).ok_or_else(|| FieldError::new("to", "aliyunsms-number", word)))
                .collect::<Result<_, _>>()?,
        };
        for number in found {
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
    }
    if numbers.is_empty() {
        return Err(FieldError::new("to", "required", ""));
    }
    if numbers.len() > MAX_NUMBERS {
        return Err(FieldError::new("to", "too-long", MAX_NUMBERS.to_string()));
    }
    Ok(numbers)
}

fn number(text: &str) -> Option<String> {
    let bare: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '(' | ')')).collect();
    let (digits, abroad) = match bare.strip_prefix('+').or_else(|| bare.strip_prefix("00")) {
        Some(digits) => (digits, true),
        None => (bare.as_str(), false),
    };
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let is_chinese = |digits: &str| digits.len() == 11 && digits.starts_with('1');
    match digits.strip_prefix("86").filter(|rest| is_chinese(rest)) {
        Some(rest) => Some(rest.to_owned()),
        None if is_chinese(digits) && !abroad => Some(digits.to_owned()),
        None => (abroad && (7..=15).contains(&digits.len())).then(|| digits.to_owned()),
    }
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let variables = match draft.get("variables") {
        "" => "name=name status=status",
        given => given,
    };
    let values: serde_json::Map<String, Value> = variables
        .split(' ')
        .filter_map(|pair| pair.split_once('='))
        .map(|(theirs, ours)| (theirs.to_owned(), value(draft, ours).into()))
        .collect();
    let values = Value::Object(values).to_string();
    // In the order of the alphabet.
    let query = query(&[
        ("PhoneNumbers", draft.get("to")),
        ("SignName", draft.get("sign_name")),
        ("TemplateCode", draft.get("template_code")),
        ("TemplateParam", &values),
    ]);
    let base = draft.settings.get("url").map_or(VENDOR, String::as_str);
    let mut url =
        Url::parse(base).map_err(|_| SendError::Permanent("the server's address is no URL".into()))?;
    url.set_path("/");
    url.set_query(Some(&query));
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    };
    let date = draft.now.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    // Different on every try, without chance.
    let seed = format!("{} {:?} {}", draft.alert.event_id, draft.now, draft.get("to"));
    let nonce = hex(&Sha256::digest(seed))[..32].to_owned();
    let call =
        Call { action: ACTION, version: VERSION, host: &host, date: &date, nonce: &nonce, query: &query };
    let signature = call.signature(draft.get("access_key_secret"));
    let mut request = HttpRequest { method: Method::POST, url, headers: HeaderMap::new(), body: Vec::new() };
    for (name, value) in call.headers().iter().filter(|(name, _)| *name != "host") {
        request = request.with(HeaderName::from_static(name), value);
    }
    let authorization = format!(
        "{ALGORITHM} Credential={},SignedHeaders={},Signature={signature}",
        draft.get("access_key_id"),
        call.signed_names(),
    );
    Ok(Outgoing::Http(Box::new(request.with(AUTHORIZATION, &authorization))))
}

/// What a variable is filled with. Links, addresses and host names are refused, so their signs become wide ones;
/// after a refusal anything but letters and digits is left out.
fn value(draft: &Draft<'_>, ours: &str) -> String {
    let Draft { alert, .. } = *draft;
    let lang = alert.lang;
    let safe = |text: &str| -> String {
        text.chars()
            .filter(|c| !draft.plain || c.is_alphanumeric() || *c == ' ')
            .map(|c| match c {
                '.' => '．',
                '/' => '／',
                ':' => '：',
                '【' | '】' => ' ',
                c => c,
            })
            .collect()
    };
    let text = match ours {
        "status" => lang.t(match alert.side {
            Side::Down => "aliyunsms-status-down",
            Side::Up => "aliyunsms-status-up",
            Side::Test => "aliyunsms-status-test",
        }),
        "project" => safe(&alert.project),
        "name" if alert.notice.is_some() => safe(&draft.words.title),
        "time" => lang.moment(alert.at, &alert.zone, false),
        _ if alert.names.len() > 1 => {
            let number = alert.names.len().to_string();
            let named = |name: &str| lang.ta("aliyunsms-names", &[("name", name), ("number", &number)]);
            let room = MAX_VALUE.saturating_sub(Unit::Chars.len(&named("")));
            named(&Unit::Chars.clip(&safe(&alert.check.name), room))
        }
        _ => safe(&alert.check.name),
    };
    let text = Unit::Chars.clip(text.trim(), MAX_VALUE);
    // An empty one counts as missing.
    if text.is_empty() { "-".to_owned() } else { text }
}

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// RFC 3986: everything but the unreserved signs is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn query(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ENCODED)));
    pairs.collect::<Vec<_>>().join("&")
}

/// A call without a body, as it is signed.
struct Call<'a> {
    action: &'a str,
    version: &'a str,
    host: &'a str,
    date: &'a str,
    nonce: &'a str,
    /// Encoded, in the order of the alphabet.
    query: &'a str,
}

impl Call<'_> {
    /// SHA-256 of nothing.
    const NOTHING: &'static str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// Those that are signed, in the order of the alphabet.
    fn headers(&self) -> [(&'static str, &str); 6] {
        [
            ("host", self.host),
            ("x-acs-action", self.action),
            ("x-acs-content-sha256", Self::NOTHING),
            ("x-acs-date", self.date),
            ("x-acs-signature-nonce", self.nonce),
            ("x-acs-version", self.version),
        ]
    }

    fn signed_names(&self) -> String {
        self.headers().map(|(name, _)| name).join(";")
    }

    /// The fingerprint of the call in the vendor's canonical form.
    fn hash(&self) -> String {
        let headers = self.headers().map(|(name, value)| format!("{name}:{value}\n")).concat();
        let canonical =
            format!("POST\n/\n{}\n{headers}\n{}\n{}", self.query, self.signed_names(), Self::NOTHING);
        hex(&Sha256::digest(canonical))
    }

    fn signature(&self, secret: &str) -> String {
        hex(&hmac_sha256(secret.as_bytes(), format!("{ALGORITHM}\n{}", self.hash()).as_bytes()))
    }
}

/// `Code` decides; it is a word.
fn verdict(reply: &HttpReply) -> Result<Sent, SendError> {
    let body = json(reply, "Alibaba Cloud")?;
    let Some(code) = body["Code"].as_str() else { return Err(foreign(reply, "Alibaba Cloud")) };
    let code = sentence(code);
    if code == "OK" && reply.status == 200 {
        return Ok(Sent(code));
    }
    let said = match body["Message"].as_str() {
        Some(text) => format!("{code}: {}", sentence(text)),
        None => code.clone(),
    };
    Err(match code.as_str() {
        // So many for a number in an hour or a day; the next window brings new ones.
        "isv.BUSINESS_LIMIT_CONTROL" | "isv.DAY_LIMIT_CONTROL" | "isv.MONTH_LIMIT_CONTROL" => {
            SendError::Retry { reason: said, after: Some(Duration::from_hours(1)) }
        }
        "isv.BLACK_KEY_CONTROL_LIMIT"
        | "isv.INVALID_JSON_PARAM"
        | "isv.INVALID_PARAMETERS"
        | "isv.PARAM_LENGTH_LIMIT"
        | "isv.PARAM_NOT_SUPPORT_URL" => SendError::Rejected(said),
        "isv.AMOUNT_NOT_ENOUGH"
        | "isv.ACCOUNT_NOT_EXISTS"
        | "isv.ACCOUNT_ABNORMAL"
        | "isv.MOBILE_NUMBER_ILLEGAL"
        | "isv.OUT_OF_SERVICE"
        | "isv.PRODUCT_UN_SUBSCRIPT"
        | "isv.SMS_SIGNATURE_ILLEGAL"
        | "isv.SMS_TEMPLATE_ILLEGAL"
        | "isv.TEMPLATE_MISSING_PARAMETERS"
        | "isp.RAM_PERMISSION_DENY"
        | "SignatureDoesNotMatch" => SendError::Permanent(said),
        other if other.starts_with("InvalidAccessKeyId") || other.starts_with("Forbidden") => {
            SendError::Permanent(said)
        }
        "InvalidTimeStamp.Expired" => {
            SendError::retry(format!("{said}; is the clock of Maibo's machine right?"))
        }
        _ => SendError::retry(said),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use crate::notify::sample;
    use rstest::rstest;

    /// The vendor's published example.
    #[test]
    fn the_signature_is_the_vendors() {
        let call = Call {
            action: "RunInstances",
            version: "2014-05-26",
            host: "ecs.cn-shanghai.aliyuncs.com",
            date: "2023-10-26T10:22:32Z",
            nonce: "3156853299f313e23d1673dc12e1703d",
            query: "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai",
        };
        assert_eq!(call.hash(), "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259");
        assert_eq!(
            call.signature("YourAccessKeySecret"),
            "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
        );
    }

    /// Computed with Python's hmac and hashlib.
    #[test]
    fn a_text_is_signed_the_same_way() {
        let query = query(&[
            ("PhoneNumbers", "13800000000"),
            ("SignName", "阿里云短信测试"),
            ("TemplateCode", "SMS_123456789"),
            ("TemplateParam", r#"{"name":"nightly-backup","status":"DOWN"}"#),
        ]);
        let call = Call {
            action: ACTION,
            version: VERSION,
            host: "dysmsapi.aliyuncs.com",
            date: "2024-01-02T03:04:05Z",
            nonce: "00000000-0000-4000-8000-000000000001",
            query: &query,
        };
        assert_eq!(call.hash(), "38559c29883c41ac808044eec7c62a67bb182d08f6a487f43b6dfcfc9c7fb965");
        assert_eq!(
            call.signature("testAccessKeySecret"),
            "4d6d36f4c4dae850b41cc5c7995f1194c6b02d64c2c3bc8c2578b1638113fb95"
        );
    }

    const ACCOUNT: [(&str, &str); 4] = [
        ("access_key_id", "LTAI5tExample"),
        ("access_key_secret", "ExampleSecret123"),
        ("sign_name", "【脉搏】"),
        ("template_code", "sms_123456789"),
    ];

    fn account<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        ACCOUNT.iter().chain(more).copied().collect()
    }

    /// The variables of a template, as they were filled in.
    fn filled(request: &HttpRequest) -> Value {
        let (_, text) = request.url.query_pairs().find(|(name, _)| name == "TemplateParam").unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_call_carries_what_it_signs() {
        let mut down = alert(Side::Down);
        let given = account(&[("to", "13800000000")]);
        let first = sample::request("aliyunsms", &given, &down, false);
        assert_eq!(first.headers["x-acs-date"], "2024-01-02T03:04:05Z");
        assert!(first.headers["authorization"].to_str().unwrap().starts_with(
            "ACS3-HMAC-SHA256 Credential=LTAI5tExample,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        ));
        assert_eq!(first.url.query_pairs().nth(1).unwrap().1, "脉搏");
        down.at += crate::core::Span::seconds(1);
        let second = sample::request("aliyunsms", &given, &down, false);
        assert_ne!(first.headers["x-acs-signature-nonce"], second.headers["x-acs-signature-nonce"]);
    }

    #[test]
    fn values_are_short_and_look_like_no_address() {
        let mut down = alert(Side::Down);
        down.check.name = "db1.example.com:5432/主库的每日夜间备份任务".to_owned();
        let given =
            account(&[("to", "13800000000"), ("variables", "job=name, state=status, ${time} project")]);
        let values = filled(&sample::request("aliyunsms", &given, &down, false));
        let name = values["job"].as_str().unwrap();
        assert!(name.chars().count() <= MAX_VALUE && !name.contains(['.', '/', ':']), "{name}");
        assert_eq!((&values["state"], &values["project"]), (&"DOWN".into(), &"prod".into()));
        let plain = filled(&sample::request("aliyunsms", &given, &down, true));
        assert!(plain["job"].as_str().unwrap().starts_with("db1examplecom5432主"), "{plain}");
        down.names = vec!["a".to_owned(); 1000];
        let many = filled(&sample::request("aliyunsms", &given, &down, false));
        assert!(many["job"].as_str().unwrap().chars().count() <= MAX_VALUE, "{many}");
        assert!(many["job"].as_str().unwrap().contains("1000"), "{many}");
    }

    #[rstest]
    #[case("13800000000", "13800000000")]
    #[case("+86 138-0000-0000", "13800000000")]
    #[case("008613800000000, 13900000000；13800000000", "13800000000,13900000000")]
    #[case("13800000000 13900000000\n+852 1234 5678", "13800000000,13900000000,85212345678")]
    fn numbers_are_taken_as_people_write_them(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(sample::settings("aliyunsms", &account(&[("to", text)]))["to"], expected);
    }

    #[rstest]
    #[case(account(&[("to", "12345")]), "to")]
    #[case(account(&[("to", "010-12345678")]), "to")]
    #[case(account(&[("to", "13800000000"), ("variables", "name=hostname")]), "variables")]
    #[case(vec![("to", "13800000000"), ("access_key_id", "with space")], "access_key_id")]
    #[case(
        vec![("to", "13800000000"), ("access_key_id", "LTAI5tExample"), ("access_key_secret", "ExampleSecret123"), ("sign_name", "x"), ("template_code", "T1")],
        "template_code"
    )]
    fn a_wrong_field_is_named(#[case] given: Vec<(&str, &str)>, #[case] field: &str) {
        assert_eq!(sample::wrong("aliyunsms", &given), field);
    }

    #[test]
    fn lists_do_not_show_whole_numbers() {
        assert_eq!(mask_number("13812345678"), "138…5678");
        assert_eq!(mask_number("1234"), "…");
    }

    #[rstest]
    #[case(200, r#"{"Message":"OK","RequestId":"r","BizId":"b","Code":"OK"}"#, "sent")]
    #[case(200, r#"{"Message":"x","RequestId":"r","Code":"isv.BUSINESS_LIMIT_CONTROL"}"#, "retry")]
    #[case(404, r#"{"Code":"InvalidAccessKeyId.NotFound","Message":"x","RequestId":"r"}"#, "permanent")]
    #[case(400, r#"{"Code":"InvalidTimeStamp.Expired","Message":"x"}"#, "retry")]
    #[case(400, r#"{"Code":"SignatureDoesNotMatch","Message":"x"}"#, "permanent")]
    #[case(200, r#"{"Code":"isv.PARAM_NOT_SUPPORT_URL","Message":"x"}"#, "rejected")]
    #[case(200, r#"{"Code":"isv.AMOUNT_NOT_ENOUGH","Message":"x"}"#, "permanent")]
    #[case(503, r#"{"Code":"Throttling.User","Message":"x"}"#, "retry")]
    #[case(500, r#"{"Code":"OK"}"#, "retry")]
    #[case(200, r#"{"Message":"OK"}"#, "retry")]
    fn code_decides(#[case] status: u16, #[case] body: &str, #[case] expected: &str) {
        assert_eq!(sample::verdict("aliyunsms", status, body).0, expected);
    }
}
