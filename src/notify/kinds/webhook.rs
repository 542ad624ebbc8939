//! Generic webhook, with Healthchecks' placeholders. NOTIFIERS.md §30.
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::net::egress::HttpRequest;
use crate::notify::alert::{Alert, Side};
use crate::notify::outcome::{SendError, judge};
use crate::notify::settings::read_url;
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Outgoing, Settings};

const METHODS: &[&str] = &["GET", "POST", "PUT"];

pub(super) const DRIVER: Driver = Driver {
    kind: "webhook",
    family: Family::Machine,
    fields: &[
        Field::new("url_down", Input::Url).secret(),
        Field::new("method_down", Input::Choice(METHODS)),
        Field::new("headers_down", Input::Lines).secret(),
        Field::new("body_down", Input::Lines),
        Field::new("url_up", Input::Url).secret(),
        Field::new("method_up", Input::Choice(METHODS)),
        Field::new("headers_up", Input::Lines).secret(),
        Field::new("body_up", Input::Lines),
    ],
    urls: |settings| {
        ["url_down", "url_up"]
            .into_iter()
            .filter_map(|name| Some((name, Url::parse(settings.get(name)?).ok()?)))
            .collect()
    },
    target: |settings| {
        let url = settings.get("url_down").or_else(|| settings.get("url_up"));
        url.and_then(|url| Some(Url::parse(url).ok()?.host_str()?.to_owned())).unwrap_or_default()
    },
    ..Driver::over_http(read, request, judge)
};

/// Headers that belong to the transport.
const FORBIDDEN: &[&str] = &["host", "content-length", "transfer-encoding", "connection"];

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let mut settings = Settings::new();
    for (name, value) in given {
        let body = name.starts_with("body_");
        let value = if body { value.clone() } else { value.trim().to_owned() };
        if !value.is_empty() {
            settings.insert(name.clone(), value);
        }
    }
    for name in ["url_down", "url_up"] {
        if let Some(text) = settings.get(name) {
            read_url(name, text)?;
        }
    }
    if !settings.contains_key("url_down") && !settings.contains_key("url_up") {
        return Err(FieldError::new("url_down", "one-url", ""));
    }
    for name in ["headers_down", "headers_up"] {
        for line in
            settings.get(name).map_or("", String::as_str).lines().filter(|line| !line.trim().is_empty())
        {
            let (key, value) =
                line.split_once(':').ok_or_else(|| FieldError::new(name, "header", line.trim()))?;
            let (key, value) = (key.trim(), value.trim());
            if HeaderName::from_bytes(key.as_bytes()).is_err() || value.is_empty() {
                return Err(FieldError::new(name, "header", line.trim()));
            }
            if FORBIDDEN.contains(&key.to_ascii_lowercase().as_str()) {
                return Err(FieldError::new(name, "header-ours", key));
            }
        }
    }
    Ok(settings)
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let Draft { settings, alert, .. } = *draft;
    let up = match alert.side {
        Side::Down => false,
        Side::Up => true,
        Side::Test => !settings.contains_key("url_down"),
    };
    let get = |name: &str| {
        let side = if up { "up" } else { "down" };
        settings.get(&format!("{name}_{side}")).map_or("", String::as_str)
    };
    if get("url").is_empty() {
        return Ok(Outgoing::Nothing);
    }
    let values = Values::new(alert, if up { "up" } else { "down" });
    let url = Url::parse(&values.fill(get("url"), Place::Url)).map_err(|_| {
        SendError::Rejected("the URL is not one any more after its placeholders are filled in".into())
    })?;
    let method = match get("method") {
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        _ => Method::GET,
    };
    let mut headers = HeaderMap::new();
    for line in get("headers").lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = latin1(&values.fill(value.trim(), Place::Header));
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.trim().as_bytes()), HeaderValue::from_bytes(&value))
        {
            headers.append(name, value);
        }
    }
    let body = match method {
        Method::GET => Vec::new(),
        _ => values.fill(get("body"), Place::Body).into_bytes(),
    };
    Ok(Outgoing::Http(Box::new(HttpRequest { method, url, headers, body })))
}

/// Where a placeholder stands decides how its value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Url,
    Header,
    Body,
}

struct Values<'a> {
    alert: &'a Alert,
    status: &'static str,
}

impl<'a> Values<'a> {
    fn new(alert: &'a Alert, status: &'static str) -> Self {
        Self { alert, status }
    }

    /// One pass: what a value contains is never expanded again.
    fn fill(&self, template: &str, place: Place) -> String {
        let mut pieces = template.split('$');
        let mut filled = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            if let Some((value, rest)) = self.lookup(piece, place) {
                filled.push_str(&value);
                filled.push_str(rest);
            } else {
                filled.push('$');
                filled.push_str(piece);
            }
        }
        filled
    }

    /// The value of the placeholder that `piece` begins with, and what follows it. The first name that fits wins,
    /// in Healthchecks' order, without regard to word ends.
    fn lookup<'t>(&self, piece: &'t str, place: Place) -> Option<(String, &'t str)> {
        let check = &self.alert.check;
        let escaped = |text: &str| if place == Place::Url { percent(text) } else { text.to_owned() };
        let body_only = |text: String| (place == Place::Body).then_some(text);
        let json = |text: &str| serde_json::Value::from(text).to_string();
        let mut names: Vec<(&str, Option<String>)> = vec![
            ("CODE", Some(check.uuid.clone())),
            ("STATUS", Some(self.status.to_owned())),
            ("NOW", Some(escaped(&self.alert.now_text()))),
            ("NAME_JSON", Some(escaped(&json(&check.name)))),
            ("NAME", Some(escaped(&check.name))),
            ("SLUG", Some(check.slug.clone())),
            ("TAGS", Some(escaped(&check.tags))),
            ("JSON", Some(escaped(&check.json))),
            ("BODY_JSON", body_only(json(&self.alert.last.body))),
            ("BODY", body_only(self.alert.last.body.clone())),
            ("EXITSTATUS", Some(self.alert.last.exit_status.unwrap_or(-1).to_string())),
        ];
        let tag_names: Vec<String> =
            (1..=check.tags.split_whitespace().count()).map(|n| format!("TAG{n}")).collect();
        for (name, tag) in tag_names.iter().zip(check.tags.split_whitespace()) {
            names.push((name, Some(escaped(tag))));
        }
        let (name, value) = names.into_iter().find(|(name, _)| piece.starts_with(name))?;
        Some((value?, &piece[name.len()..]))
    }
}

/// Percent-encoding as Python's `quote`: letters, digits, `_.-~/` stay.
fn percent(text: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b'/');
    percent_encoding::utf8_percent_encode(text, KEPT).to_string()
}

/// A header value in ISO-8859-1; what it cannot hold becomes a decimal reference, and line breaks spaces.
fn latin1(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(u32::from(c)) {
            Ok(b'\r' | b'\n' | 0) => bytes.push(b' '),
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(format!("&#{};", u32::from(c)).as_bytes()),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use crate::notify::message::words;
    use rstest::rstest;

    fn fill(template: &str, place: Place) -> String {
        let mut alert = alert(Side::Down);
        "主库 \"a/b\" &$TAG1".clone_into(&mut alert.check.name);
        "db 备份".clone_into(&mut alert.check.tags);
        "line\n\"two\"".clone_into(&mut alert.last.body);
        Values::new(&alert, "down").fill(template, place)
    }

    #[rstest]
    #[case("$NAME", Place::Body, "主库 \"a/b\" &$TAG1")]
    #[case("$NAME", Place::Url, "%E4%B8%BB%E5%BA%93%20%22a/b%22%20%26%24TAG1")]
    #[case("$NAMEx$$NAME_JSON", Place::Body, "主库 \"a/b\" &$TAG1x$\"主库 \\\"a/b\\\" &$TAG1\"")]
    #[case("$TAG10", Place::Body, "db0")]
    #[case("$TAG3 $FOO", Place::Body, "$TAG3 $FOO")]
    #[case("$BODY_JSON", Place::Body, "\"line\\n\\\"two\\\"\"")]
    #[case("$BODY", Place::Url, "$BODY")]
    #[case("$EXITSTATUS $STATUS", Place::Header, "-1 down")]
    #[case("$NOW", Place::Url, "2024-01-02T03%3A04%3A05%2B00%3A00")]
    fn placeholders(#[case] template: &str, #[case] place: Place, #[case] expected: &str) {
        assert_eq!(fill(template, place), expected);
    }

    #[test]
    fn headers_are_latin1_without_line_breaks() {
        assert_eq!(latin1("½ā\r\nX: y"), b"\xbd&#257;  X: y");
    }

    #[rstest]
    #[case(&[], "url_down")]
    #[case(&[("url_down", "nonsense")], "url_down")]
    #[case(&[("url_down", "ftp://x/y")], "url_down")]
    #[case(&[("url_down", "https://x/"), ("headers_down", "no colon")], "headers_down")]
    #[case(&[("url_down", "https://x/"), ("headers_down", "Host: evil")], "headers_down")]
    fn bad_settings_name_the_field(#[case] given: &[(&str, &str)], #[case] field: &str) {
        let given = given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(read(&given).unwrap_err().field, field);
    }

    #[test]
    fn a_side_without_a_url_is_silent() {
        let settings = Settings::from([("url_down".to_owned(), "https://x/$STATUS".to_owned())]);
        let sent = |side| {
            let alert = alert(side);
            request(&Draft {
                settings: &settings,
                alert: &alert,
                words: &words(&alert),
                now: alert.at,
                plain: false,
            })
        };
        assert!(matches!(sent(Side::Up), Ok(Outgoing::Nothing)));
        match sent(Side::Down) {
            Ok(Outgoing::Http(request)) => assert_eq!(request.url.as_str(), "https://x/down"),
            _ => panic!("a down alert goes out"),
        }
    }
}
