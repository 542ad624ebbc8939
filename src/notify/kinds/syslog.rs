//! Syslog, RFC 5424. NOTIFIERS.md §33.
use chrono::SecondsFormat;
use url::Url;

use crate::net::egress::HttpReply;
use crate::notify::alert::Side;
use crate::notify::clip::{Unit, fit};
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, LogLine, Outgoing, Settings};

/// Bytes of a line: every receiver takes so much over UDP, and over the others.
const MAX_DATAGRAM: usize = 1024;
const MAX_FRAME: usize = 8000;
/// In the order of their numbers, from 16 on, and those of programs before.
const FACILITIES: &[&str] =
    &["daemon", "user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"];

pub(super) const DRIVER: Driver = Driver {
    kind: "syslog",
    family: Family::Machine,
    fields: &[Field::new("url", Input::Text).required(), Field::new("facility", Input::Choice(FACILITIES))],
    shared: &[],
    read,
    urls: |settings| {
        settings.get("url").and_then(|url| Some(("url", Url::parse(url).ok()?))).into_iter().collect()
    },
    target: |settings| settings.get("url").cloned().unwrap_or_default(),
    hosts: &[],
    per_minute: None,
    each: true,
    has_plain: false,
    request,
    verdict: |_: &HttpReply| -> Result<Sent, SendError> { Err(SendError::Rejected("not a log line".into())) },
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let wrong = || FieldError::new("url", "syslog-url", "");
    let text = get("url");
    let text = text.strip_prefix("syslog+").or_else(|| text.strip_prefix("syslog://")).unwrap_or(text);
    let whole = if text.contains("://") { text.to_owned() } else { format!("udp://{text}") };
    let mut url = Url::parse(&whole).map_err(|_| wrong())?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let nobody = url.username().is_empty() && url.password().is_none();
    let known = matches!(url.scheme(), "udp" | "tcp" | "tls");
    if !known || !bare || !nobody || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong());
    }
    url.set_path("");
    let all = [("url", url.as_str()), ("facility", get("facility"))];
    let set = all.into_iter().filter(|(_, value)| !value.is_empty());
    Ok(set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn facility(word: &str) -> u8 {
    match word.strip_prefix("local").and_then(|number| number.parse::<u8>().ok()) {
        Some(number @ 0..=7) => 16 + number,
        _ if word == "user" => 1,
        _ => 3,
    }
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let server = Url::parse(draft.get("url"))
        .map_err(|_| SendError::Permanent("the log server's address is missing".into()))?;
    let limit = if server.scheme() == "udp" { MAX_DATAGRAM } else { MAX_FRAME };
    let line = fit(draft.words, limit, |words| line(draft, words), String::len);
    Ok(Outgoing::Log(Box::new(LogLine { server, line })))
}

fn line(draft: &Draft<'_>, words: &Words) -> String {
    let alert = draft.alert;
    let (severity, status) = match alert.side {
        Side::Down => (3, "down"),
        Side::Up => (5, "up"),
        Side::Test => (6, "test"),
    };
    let priority = facility(draft.get("facility")) * 8 + severity;
    let at = alert.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let host = Url::parse(&alert.link).ok().and_then(|url| Some(url.host_str()?.to_owned()));
    let host = host.filter(|host| host.len() <= 255).unwrap_or_else(|| "-".to_owned());
    let name = escaped(&Unit::Bytes.clip(&alert.check.name, 200));
    let (project, key) = (escaped(&Unit::Bytes.clip(&alert.project, 100)), alert.key());
    let data =
        format!("[maibo@32473 check=\"{name}\" project=\"{project}\" status=\"{status}\" id=\"{key}\"]");
    let mut text = format!("{}: {}", words.title, words.sentence);
    for (label, value) in &words.facts {
        text.extend([" | ", label, ": ", value]);
    }
    if let Some(quote) = &words.quote {
        text.extend([" | ", quote]);
    }
    // One line: not every receiver keeps several together.
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let id = status.to_ascii_uppercase();
    format!("<{priority}>1 {at} {host} maibo - {id} {data} \u{feff}{text} {}", alert.link)
}

/// A value of structured data.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '\\' | ']') {
            escaped.push('\\');
        }
        escaped.push(if c.is_control() { ' ' } else { c });
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use crate::notify::message::words;
    use rstest::rstest;

    #[test]
    fn a_line_as_rfc_5424_has_it() {
        let settings = Settings::from([("facility".to_owned(), "local0".to_owned())]);
        let mut alert = alert(Side::Down);
        "a\"b]c\\\n备份".clone_into(&mut alert.check.name);
        let words = words(&alert);
        let draft = Draft { settings: &settings, alert: &alert, words: &words, now: alert.at, plain: false };
        let line = line(&draft, &words);
        let head = "<131>1 2024-01-02T03:04:05.000Z mon.example maibo - DOWN [maibo@32473 check=\"a\\\"b\\]c\\\\ 备份\" project=\"prod\" status=\"down\" id=\"maibo-";
        assert!(line.starts_with(head), "{line}");
        assert!(line.contains("\"] \u{feff}DOWN | ") && !line.contains('\n'), "{line}");
    }

    #[rstest]
    #[case("log.example", Some("udp://log.example"))]
    #[case("tls://log.example:6514/", Some("tls://log.example:6514"))]
    #[case("syslog+tcp://log.example:601", Some("tcp://log.example:601"))]
    #[case("https://log.example", None)]
    #[case("tcp://me@log.example", None)]
    fn a_log_server_has_an_address(#[case] text: &str, #[case] expected: Option<&str>) {
        let read = read(&Settings::from([("url".to_owned(), text.to_owned())]));
        assert_eq!(read.ok().map(|settings| settings["url"].clone()).as_deref(), expected);
    }
}
