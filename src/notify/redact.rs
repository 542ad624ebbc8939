//! Keeps a channel's secrets out of what is written down about its messages, whoever repeated them.
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::header::AUTHORIZATION;
use url::Url;

use super::outcome::{SendError, Sent};
use super::sign::base64;
use super::{Driver, Settings};
use crate::net::egress::HttpRequest;

/// Shortest secret that is looked for, and shortest part of an address; in characters. What is shorter would hide half
/// of every sentence.
const LEAST: usize = 4;
const LEAST_IN_PATH: usize = 8;

/// Words of `Authorization`, before what must not be seen.
const SCHEMES: [&str; 2] = ["basic", "bearer"];
/// What follows those words in sentences is shorter, or has no sign of a key.
const LEAST_KEY: usize = 8;

/// How many characters of a secret in a row give it away: of a short one all.
fn telling(length: usize) -> usize {
    match length {
        16.. => 8,
        10..=15 => 6,
        _ => length,
    }
}

/// What must not be seen.
pub(super) struct Secrets(Vec<Vec<char>>);

impl Secrets {
    /// The secret settings of a channel: as they are, in pieces, and as an address or JSON has them.
    pub(super) fn of(driver: &Driver, settings: &Settings) -> Self {
        let mut found = Vec::new();
        for field in driver.all_fields().filter(|field| field.secret) {
            for line in settings.get(field.name).map_or("", String::as_str).lines() {
                pieces(line.trim(), &mut found);
            }
        }
        Self::new(found)
    }

    /// A secret that is no setting: a token that the vendor gave.
    pub(super) fn token(token: &str) -> Self {
        Self::new(vec![token.to_owned()])
    }

    /// How a request signs in: vendors repeat its headers.
    pub(super) fn in_request(request: &HttpRequest) -> Self {
        let mut found = Vec::new();
        sign_in(&request.url, &mut found);
        for value in request.headers.get_all(AUTHORIZATION) {
            let value = String::from_utf8_lossy(value.as_bytes());
            found.push(value.split_once(' ').map_or(&*value, |(_, word)| word).trim().to_owned());
        }
        Self::new(found)
    }

    fn new(found: Vec<String>) -> Self {
        let mut all = Vec::new();
        for text in found {
            let json = serde_json::Value::from(text.as_str()).to_string();
            let form = url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            // Base64 comes in two alphabets, with an end and without.
            let bare = text.trim_end_matches('=').to_owned();
            let other = bare.replace('+', "-").replace('/', "_");
            all.extend([
                bare,
                other,
                utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string(),
                form,
                json.trim_matches('"').to_owned(),
                text,
            ]);
        }
        all.retain(|text| text.chars().count() >= LEAST);
        all.sort();
        all.dedup();
        Self(all.into_iter().map(|text| text.chars().collect()).collect())
    }

    /// The text with `…` in place of every secret and of every part of a long one.
    pub(super) fn hide(&self, text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let mut hidden = vec![false; chars.len()];
        for secret in &self.0 {
            let size = telling(secret.len());
            for (at, seen) in chars.windows(size).enumerate() {
                if secret.windows(size).any(|part| part == seen) {
                    hidden[at..at + size].fill(true);
                }
            }
        }
        hide_keys(&chars, &mut hidden);
        let mut shown = String::with_capacity(text.len());
        for (at, c) in chars.into_iter().enumerate() {
            if !hidden[at] {
                shown.push(c);
            } else if at == 0 || !hidden[at - 1] {
                shown.push('…');
            }
        }
        shown
    }

    /// The same for what a send ended in.
    pub(super) fn hide_in(
        &self,
        outcome: Result<Option<Sent>, SendError>,
    ) -> Result<Option<Sent>, SendError> {
        match outcome {
            Ok(sent) => Ok(sent.map(|Sent(said)| Sent(self.hide(&said)))),
            Err(error) => Err(self.hide_in_error(error)),
        }
    }

    pub(super) fn hide_in_error(&self, error: SendError) -> SendError {
        match error {
            SendError::Retry { reason, after } => SendError::Retry { reason: self.hide(&reason), after },
            SendError::Waits { reason, look_again } => {
                SendError::Waits { reason: self.hide(&reason), look_again }
            }
            SendError::Permanent(reason) => SendError::Permanent(self.hide(&reason)),
            SendError::Rejected(reason) => SendError::Rejected(self.hide(&reason)),
        }
    }
}

/// Marks what follows `Basic` or `Bearer` and looks like a key, whoever's it is.
fn hide_keys(chars: &[char], hidden: &mut [bool]) {
    let ends = |c: &char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | ')' | '>' | '<' | '\\');
    let mut from = 0;
    let mut after_scheme = false;
    while from < chars.len() {
        let end = chars[from..].iter().position(ends).map_or(chars.len(), |length| from + length);
        let word = &chars[from..end];
        let sign_of_key =
            |(at, c): (usize, &char)| !c.is_ascii_lowercase() && (at > 0 || !c.is_ascii_uppercase());
        if after_scheme && word.len() >= LEAST_KEY && word.iter().enumerate().any(sign_of_key) {
            hidden[from..end].fill(true);
        }
        if !word.is_empty() {
            let word: String = word.iter().collect();
            let word = word.rsplit([':', '=']).next().unwrap_or_default();
            after_scheme = SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(word));
        }
        from = end + 1;
    }
}

/// The password of an address, alone and as `Authorization: Basic` has it.
fn sign_in(url: &Url, found: &mut Vec<String>) {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = (url.username(), url.password().unwrap_or_default());
    if user.is_empty() && password.is_empty() {
        return;
    }
    found.extend([password.to_owned(), decoded(password)]);
    found.push(base64(format!("{}:{}", decoded(user), decoded(password)).as_bytes()));
}

/// One line of a secret, and what could be told of it alone. Of an address: all but the host, which is no secret.
fn pieces(line: &str, found: &mut Vec<String>) {
    let Some(url) = Url::parse(line).ok().filter(Url::has_host) else {
        // `Authorization: Bearer x`, `user:password`
        found.extend(line.split([':', ',', ';', ' ', '\t']).map(str::to_owned));
        found.push(line.to_owned());
        return;
    };
    sign_in(&url, found);
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut add = |text: &str, least: usize| {
        for text in [text.to_owned(), decoded(text)] {
            if text.chars().count() >= least {
                found.push(text);
            }
        }
    };
    add(url.username(), LEAST);
    add(url.fragment().unwrap_or_default(), LEAST);
    for segment in url.path().split('/') {
        add(segment, LEAST_IN_PATH);
    }
    for pair in url.query().unwrap_or_default().split('&') {
        add(pair.split_once('=').map_or(pair, |(_, value)| value), LEAST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::driver;
    use rstest::rstest;

    #[rstest]
    #[case("https://hooks.example/services/T0000/B00000000/XXyyZZ112233?key=693a%2F91f6&a=b")]
    fn an_address_is_a_secret_but_for_its_host(#[case] url: &str) {
        let settings = Settings::from([("url_down".to_owned(), url.to_owned())]);
        let secrets = Secrets::of(driver("webhook").unwrap(), &settings);
        for (said, shown) in [
            ("hooks.example refused B00000000", "hooks.example refused …"),
            ("no such key: 693a/91f6.", "no such key: …."),
            ("no such key: 693a%2F91f6.", "no such key: …."),
            ("token yyZZ112233 unknown", "token … unknown"),
            ("HTTP 404: Not Found", "HTTP 404: Not Found"),
        ] {
            assert_eq!(secrets.hide(said), shown);
        }
        let whole = secrets.hide(&format!("cannot POST {url}"));
        for part in ["693a", "B0000", "ZZ11"] {
            assert!(!whole.contains(part), "{whole}");
        }
    }

    #[test]
    fn headers_and_passwords_are_secrets_in_every_dress() {
        let settings = Settings::from([
            ("headers_down".to_owned(), "Authorization: Bearer s3cr\"t/x\nX-Key: 密码密码".to_owned()),
            ("proxy".to_owned(), "socks5h://me:p%40ssw0rd@127.0.0.1:1080".to_owned()),
        ]);
        let secrets = Secrets::of(driver("webhook").unwrap(), &settings);
        for said in [
            "s3cr\"t/x",
            "s3cr%22t%2Fx",
            r#"{"got":"s3cr\"t/x"}"#,
            "密码密码",
            "%E5%AF%86%E7%A0%81%E5%AF%86%E7%A0%81",
            "p@ssw0rd",
            "p%40ssw0rd",
        ] {
            let shown = secrets.hide(said);
            assert!(!["s3cr", "密码", "E5%AF", "ssw0rd"].iter().any(|part| shown.contains(part)), "{shown}");
        }
        assert_eq!(secrets.hide("127.0.0.1 does not answer"), "127.0.0.1 does not answer");
    }

    #[test]
    fn how_a_request_signs_in_is_not_repeated() {
        let url = || Url::parse("https://zulip.example/api/v1/messages").unwrap();
        let basic = HttpRequest::form(url(), &[]).signed_in("bot@example", "p~~>>??ss");
        let with = |value: &str| HttpRequest::form(url(), &[]).with(AUTHORIZATION, value);
        for (request, said, shown) in [
            (&basic, "got Ym90QGV4YW1wbGU6cH5+Pj4/P3Nz", "got …"),
            (&basic, "got Ym90QGV4YW1wbGU6cH5-Pj4_P3Nz", "got …"),
            (&basic, "zulip.example: no such messages", "zulip.example: no such messages"),
            (
                &with("Basic YTpiY2Rl"),
                r#"{"authorization":"Basic YTpiY2Rl"}"#,
                r#"{"authorization":"Basic …"}"#,
            ),
            (&with("Basic YTpiYw=="), "YTpiYw==,YTpiYw", "…,…"),
            (&with("GenieKey 123-456-789"), "no key 123-456-789 here", "no key … here"),
        ] {
            assert_eq!(Secrets::in_request(request).hide(said), shown, "{said}");
        }
    }

    #[rstest]
    #[case("got Bearer eyJhbGciOi.x-y_z, why", "got Bearer …, why")]
    #[case("header Authorization:Basic dXNlcjpwYXNz!", "header Authorization:Basic …")]
    #[case(r#"{"a":"BEARER  0123456789abcdef"}"#, r#"{"a":"BEARER  …"}"#)]
    #[case("Invalid Bearer token", "Invalid Bearer token")]
    #[case("Basic Authentication is needed", "Basic Authentication is needed")]
    fn anyones_key_is_hidden(#[case] said: &str, #[case] shown: &str) {
        assert_eq!(Secrets::new(Vec::new()).hide(said), shown);
    }

    #[test]
    fn an_address_with_a_password_is_hidden_as_a_header_as_well() {
        let url = "https://user:pa%3Ass@hooks.example/services/T0000/B00000000/XXyyZZ112233";
        let settings = Settings::from([("url".to_owned(), url.to_owned())]);
        let secrets = Secrets::of(driver("slack").unwrap(), &settings);
        assert_eq!(secrets.hide("no dXNlcjpwYTpzcw== here"), "no … here");
    }
}
