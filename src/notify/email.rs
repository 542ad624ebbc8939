//! Email: text and HTML, threaded per outage. NOTIFIERS.md §32.
use askama::Template;
use lettre::message::MultiPart;

use super::alert::{Alert, Side};
use super::message::{Words, words};
use super::outcome::{SendError, Sent};
use super::{Driver, Field, FieldError, Input, Mail, Outgoing, Settings};
use crate::net::egress::HttpReply;

pub(super) const DRIVER: Driver = Driver {
    kind: "email",
    fields: &[Field { name: "to", input: Input::Email, required: true, secret: false }],
    read,
    urls: |_| Vec::new(),
    vendor: None,
    per_minute: None,
    request,
    verdict: |_: &HttpReply| -> Result<Sent, SendError> { Err(SendError::Rejected("not a mail".into())) },
};

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let to = given.get("to").map_or("", |to| to.trim());
    if to.contains([',', ';']) {
        return Err(FieldError::new("to", "one-address", ""));
    }
    to.parse::<lettre::Address>()
        .map_err(|_| FieldError::new("to", "email", super::alert::one_line(to)))?;
    Ok(Settings::from([("to".to_owned(), to.to_owned())]))
}

#[derive(Template)]
#[template(path = "mail/alert.html")]
struct Html<'a> {
    words: &'a Words,
    link: &'a str,
    side: &'static str,
    lang: &'static str,
    footer: String,
}

#[derive(Template)]
#[template(path = "mail/alert.txt")]
struct Text<'a> {
    words: &'a Words,
    link: &'a str,
    footer: String,
}

fn request(settings: &Settings, alert: &Alert) -> Result<Outgoing, SendError> {
    let to = settings
        .get("to")
        .and_then(|to| to.parse().ok())
        .ok_or_else(|| SendError::Permanent("the address is missing".into()))?;
    let words = words(alert);
    let side = match alert.side {
        Side::Down => "down",
        Side::Up => "up",
        Side::Test => "test",
    };
    let footer = alert.lang.t("mail-footer");
    let html = Html { words: &words, link: &alert.link, side, lang: alert.lang.code(), footer: footer.clone() }.render();
    let text = Text { words: &words, link: &alert.link, footer }.render();
    let (Ok(html), Ok(text)) = (html, text) else {
        return Err(SendError::Rejected("the mail could not be written".into()));
    };
    Ok(Outgoing::Mail(Box::new(Mail {
        to,
        subject: words.title,
        body: MultiPart::alternative_plain_html(text, html),
        id: alert.event_id.clone(),
        follows: alert.outage_id.clone(),
        date: alert.at,
    })))
}

#[cfg(test)]
mod tests {
    use super::super::alert::tests::alert;
    use super::*;

    fn mail(alert: &Alert) -> Mail {
        let settings = Settings::from([("to".to_owned(), "ops@example.org".to_owned())]);
        match request(&settings, alert) {
            Ok(Outgoing::Mail(mail)) => *mail,
            _ => panic!("an alert is a mail"),
        }
    }

    #[test]
    fn names_cannot_inject_headers_or_markup() {
        let mut alert = alert(Side::Down);
        alert.check.name = super::super::alert::one_line("a\r\nBcc: x@y.z <b>&");
        let mail = mail(&alert);
        assert!(!mail.subject.contains(['\r', '\n']));
        let body = String::from_utf8(mail.body.formatted()).unwrap();
        let html = body.split("text/html").nth(1).unwrap();
        assert!(!html.contains("<b>"), "{html}");
    }

    #[test]
    fn one_address_per_channel() {
        for (to, good) in [("a@b.org", true), ("a@b.org, c@d.org", false), ("nonsense", false), ("", false)] {
            assert_eq!(read(&Settings::from([("to".to_owned(), to.to_owned())])).is_ok(), good, "{to}");
        }
    }
}
