//! Keeps a channel's secrets out of what is written down about its messages, whoever repeated them.
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::outcome::{SendError, Sent};
use super::{Driver, Settings};

/// Shortest secret that is looked for, and shortest part of an address; in characters. What is shorter would hide half
/// of every sentence.
const LEAST: usize = 4;
const LEAST_IN_PATH: usize = 8;

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

    fn new(found: Vec<String>) -> Self {
        let mut all = Vec::new();
        for text in found {
            let json = serde_json::Value::from(text.as_str()).to_string();
            let form = url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            all.extend([
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
            Err(SendError::Retry { reason, after }) => {
                Err(SendError::Retry { reason: self.hide(&reason), after })
            }
            Err(SendError::Waits { reason, look_again }) => {
                Err(SendError::Waits { reason: self.hide(&reason), look_again })
            }
            Err(SendError::Permanent(reason)) => Err(SendError::Permanent(self.hide(&reason))),
            Err(SendError::Rejected(reason)) => Err(SendError::Rejected(self.hide(&reason))),
        }
    }
}

/// One line of a secret, and what could be told of it alone. Of an address: all but the host, which is no secret.
fn pieces(line: &str, found: &mut Vec<String>) {
    let Some(url) = Url::parse(line).ok().filter(Url::has_host) else {
        // `Authorization: Bearer x`, `user:password`
        found.extend(line.split([':', ',', ';', ' ', '\t']).map(str::to_owned));
        found.push(line.to_owned());
        return;
    };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut add = |text: &str, least: usize| {
        for text in [text.to_owned(), decoded(text)] {
            if text.chars().count() >= least {
                found.push(text);
            }
        }
    };
    add(url.username(), LEAST);
    add(url.password().unwrap_or_default(), LEAST);
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
}
