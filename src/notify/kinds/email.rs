//! Email: text and HTML, threaded per outage. NOTIFIERS.md §32.
use askama::Template;
use lettre::message::MultiPart;

use crate::net::egress::HttpReply;
use crate::notify::alert::{Side, one_line};
use crate::notify::clip::Unit;
use crate::notify::letter;
use crate::notify::message::Words;
use crate::notify::outcome::{SendError, Sent};
use crate::notify::{Draft, Driver, Family, Field, FieldError, Input, Mail, Outgoing, Settings};

pub(super) const DRIVER: Driver = Driver {
    kind: "email",
    family: Family::Mail,
    fields: &[Field::new("to", Input::Email).required()],
    shared: &[],
    read,
    urls: |_| Vec::new(),
    target: |settings| settings.get("to").cloned().unwrap_or_default(),
    hosts: &[],
    per_minute: None,
    each: false,
    has_plain: false,
    request,
    verdict: |_: &HttpReply| -> Result<Sent, SendError> { Err(SendError::Rejected("not a mail".into())) },
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let to = given.get("to").map_or("", |to| to.trim());
    if to.contains([',', ';']) {
        return Err(FieldError::new("to", "one-address", ""));
    }
    to.parse::<lettre::Address>().map_err(|_| FieldError::new("to", "email", one_line(to)))?;
    Ok(Settings::from([("to".to_owned(), to.to_owned())]))
}

/// Longest subject, title and other texts, in characters: Gmail hides what is beyond 102 kB of a mail.
const SUBJECT: usize = 150;
const TITLE: usize = 300;
const TEXT: usize = 4000;

#[derive(Template)]
#[template(path = "mail/alert.html")]
struct Html<'a> {
    words: &'a Words,
    link: &'a str,
    side: &'static str,
    bar: &'static str,
    font: &'static str,
    lang: &'static str,
    footer: &'a str,
    unsubscribe: Option<&'a str>,
    stop: &'a str,
}

#[derive(Template)]
#[template(path = "mail/alert.txt")]
struct Text<'a> {
    words: &'a Words,
    link: &'a str,
    footer: &'a str,
    unsubscribe: Option<&'a str>,
    stop: &'a str,
}

/// Words of a length that a mail can have.
fn bounded(words: &Words) -> Words {
    let clip = |text: &str| Unit::Chars.clip(text, TEXT);
    Words {
        title: Unit::Chars.clip(&words.title, TITLE),
        sentence: clip(&words.sentence),
        facts: words.facts.iter().map(|(label, value)| (label.clone(), clip(value))).collect(),
        quote: words.quote.as_deref().map(clip),
        link_label: words.link_label.clone(),
    }
}

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let alert = draft.alert;
    let words = bounded(draft.words);
    let to = draft.get("to").parse().map_err(|_| SendError::Permanent("the address is missing".into()))?;
    let (side, bar) = match alert.side {
        Side::Down => ("down", letter::DOWN),
        Side::Up => ("up", letter::UP),
        Side::Test => ("test", letter::NEITHER),
    };
    let project = one_line(&alert.project);
    let footer = match alert.side {
        Side::Test => alert.lang.t("mail-footer"),
        _ => alert.lang.ta("mail-why", &[("project", &Unit::Chars.clip(&project, TITLE))]),
    };
    let stop = alert.lang.t("mail-unsubscribe");
    let unsubscribe = alert.unsubscribe.as_deref();
    let html = Html {
        words: &words,
        link: &alert.link,
        side,
        bar,
        font: letter::FONT,
        lang: alert.lang.code(),
        footer: &footer,
        unsubscribe,
        stop: &stop,
    }
    .render();
    let text = Text { words: &words, link: &alert.link, footer: &footer, unsubscribe, stop: &stop }.render();
    let (Ok(html), Ok(text)) = (html, text) else {
        return Err(SendError::Rejected("the mail could not be written".into()));
    };
    Ok(Outgoing::Mail(Box::new(Mail {
        to,
        // A subject is read on a locked phone: it says DOWN or UP. Mail programs put both into one thread by
        // `References`; Gmail, which wants the same subject too, shows two.
        subject: one_line(&Unit::Chars.clip(&words.title, SUBJECT)),
        body: MultiPart::alternative_plain_html(text, html),
        id: alert.event_id.clone(),
        follows: alert.outage_id.clone(),
        unsubscribe: alert.unsubscribe.clone(),
        date: alert.at,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::Alert;
    use crate::notify::alert::tests::alert;
    use crate::notify::message::words;

    fn mail(alert: &Alert) -> Mail {
        let settings = Settings::from([("to".to_owned(), "ops@example.org".to_owned())]);
        let words = words(alert);
        let draft = Draft { settings: &settings, alert, words: &words, now: alert.at, plain: false };
        match request(&draft) {
            Ok(Outgoing::Mail(mail)) => *mail,
            _ => panic!("an alert is a mail"),
        }
    }

    #[test]
    fn names_cannot_inject_headers_or_markup() {
        let mut alert = alert(Side::Down);
        alert.check.name = one_line("a\r\nBcc: x@y.z <b>&");
        let mail = mail(&alert);
        assert!(!mail.subject.contains(['\r', '\n']));
        let body = String::from_utf8(mail.body.formatted()).unwrap();
        let html = body.split("text/html").nth(1).unwrap();
        assert!(!html.contains("<b>"), "{html}");
    }

    #[test]
    fn a_mail_is_bounded_whatever_it_tells() {
        let mut alert = alert(Side::Down);
        alert.check.name = "夜".repeat(3_000_000);
        alert.project = "<b>".repeat(100_000);
        let mail = mail(&alert);
        assert!(mail.subject.chars().count() <= SUBJECT);
        let size = mail.body.formatted().len();
        assert!(size < 150_000, "{size}");
    }

    #[test]
    fn the_reader_can_stop_it() {
        let mut alert = alert(Side::Down);
        alert.unsubscribe = Some("https://mon.example/unsubscribe/u/s".to_owned());
        let body = String::from_utf8(mail(&alert).body.formatted()).unwrap().replace("=\r\n", "");
        assert_eq!(body.matches("https://mon.example/unsubscribe/u/s").count(), 2, "{body}");
    }

    #[test]
    fn one_address_per_channel() {
        for (to, good) in [("a@b.org", true), ("a@b.org, c@d.org", false), ("nonsense", false), ("", false)] {
            assert_eq!(read(&Settings::from([("to".to_owned(), to.to_owned())])).is_ok(), good, "{to}");
        }
    }
}
