//! Email: text and HTML, threaded per outage. NOTIFIERS.md §32.
use askama::Template;
use lettre::message::MultiPart;

use crate::net::egress::HttpReply;
use crate::notify::alert::{Side, one_line};
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
    to.parse::<lettre::Address>()
        .map_err(|_| FieldError::new("to", "email", one_line(to)))?;
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

fn request(draft: &Draft<'_>) -> Result<Outgoing, SendError> {
    let Draft { alert, words, .. } = *draft;
    let to = draft.get("to").parse().map_err(|_| SendError::Permanent("the address is missing".into()))?;
    let side = match alert.side {
        Side::Down => "down",
        Side::Up => "up",
        Side::Test => "test",
    };
    let footer = alert.lang.t("mail-footer");
    let html = Html { words, link: &alert.link, side, lang: alert.lang.code(), footer: footer.clone() }.render();
    let text = Text { words, link: &alert.link, footer }.render();
    let (Ok(html), Ok(text)) = (html, text) else {
        return Err(SendError::Rejected("the mail could not be written".into()));
    };
    Ok(Outgoing::Mail(Box::new(Mail {
        to,
        subject: words.title.clone(),
        body: MultiPart::alternative_plain_html(text, html),
        id: alert.event_id.clone(),
        follows: alert.outage_id.clone(),
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
    fn one_address_per_channel() {
        for (to, good) in [("a@b.org", true), ("a@b.org, c@d.org", false), ("nonsense", false), ("", false)] {
            assert_eq!(read(&Settings::from([("to".to_owned(), to.to_owned())])).is_ok(), good, "{to}");
        }
    }
}
