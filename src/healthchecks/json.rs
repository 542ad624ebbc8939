//! JSON, written quickly: what serde would write, without its search of every field's name for what is to be escaped.
use chrono::{Datelike as _, SecondsFormat, Timelike as _};

use super::{ApiCheck, Joined, Seconds};

/// An object on its way out. Keys are given with what stands before and after them: `,"name":`.
struct Object<'o>(&'o mut Vec<u8>);

impl Object<'_> {
    fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, key: &str, text: &str) {
        self.raw(key.as_bytes());
        if is_plain(text) {
            self.raw(b"\"");
            self.raw(text.as_bytes());
            self.raw(b"\"");
        } else {
            // Into memory, and a text always has a form: this cannot fail.
            let _ = serde_json::to_writer(&mut *self.0, text);
        }
    }

    fn joined(&mut self, key: &str, text: &Joined<'_>) {
        if text.0.iter().all(|part| is_plain(part)) {
            self.raw(key.as_bytes());
            self.raw(b"\"");
            text.0.iter().for_each(|part| self.raw(part.as_bytes()));
            self.raw(b"\"");
        } else {
            self.text(key, &text.to_string());
        }
    }

    fn number(&mut self, key: &str, number: i64) {
        self.raw(key.as_bytes());
        let _ = serde_json::to_writer(&mut *self.0, &number);
    }

    fn flag(&mut self, key: &str, flag: bool) {
        self.raw(key.as_bytes());
        self.raw(if flag { b"true" } else { b"false" });
    }

    fn instant(&mut self, key: &str, at: Option<Seconds>) {
        self.raw(key.as_bytes());
        match at.map(|at| (digits(at), at)) {
            None => self.raw(b"null"),
            Some((Some(text), _)) => self.raw(&text),
            Some((None, at)) => self.text("", &at.0.to_rfc3339_opts(SecondsFormat::Secs, false)),
        }
    }
}

/// Whether a text is its own form in JSON.
fn is_plain(text: &str) -> bool {
    // Without a way out in between, so that many bytes are looked at in one step.
    let special = |byte: u8| u8::from(byte < b' ') | u8::from(byte == b'"') | u8::from(byte == b'\\');
    text.bytes().fold(0, |found, byte| found | special(byte)) == 0
}

/// An instant, with quotes, if its year has four digits.
fn digits(Seconds(at): Seconds) -> Option<[u8; 27]> {
    let mut text = *b"\"0000-00-00T00:00:00+00:00\"";
    let year = u32::try_from(at.year()).ok().filter(|year| *year < 10_000)?;
    let pairs = [
        (1, year / 100),
        (3, year % 100),
        (6, at.month()),
        (9, at.day()),
        (12, at.hour()),
        (15, at.minute()),
    ];
    for (place, number) in pairs.into_iter().chain([(18, at.second())]) {
        let [tens, ones] = [number / 10, number % 10].map(|digit| u8::try_from(digit).unwrap_or_default());
        text[place] += tens;
        text[place + 1] += ones;
    }
    Some(text)
}

/// Appends a check, as serde would write it.
pub(super) fn write(check: &ApiCheck<'_>, out: &mut Vec<u8>) {
    let mut object = Object(out);
    object.text(r#"{"name":"#, check.name);
    object.text(r#","slug":"#, check.slug);
    object.text(r#","tags":"#, check.tags);
    object.text(r#","desc":"#, check.desc);
    object.number(r#","grace":"#, check.grace);
    object.number(r#","n_pings":"#, check.n_pings);
    object.text(r#","status":"#, check.status);
    object.flag(r#","started":"#, check.started);
    object.instant(r#","last_ping":"#, check.last_ping);
    object.instant(r#","next_ping":"#, check.next_ping);
    object.flag(r#","manual_resume":"#, check.manual_resume);
    object.text(r#","methods":"#, check.methods);
    object.text(r#","subject":"#, check.subject);
    object.text(r#","subject_fail":"#, check.subject_fail);
    object.text(r#","start_kw":"#, check.start_kw);
    object.text(r#","success_kw":"#, check.success_kw);
    object.text(r#","failure_kw":"#, check.failure_kw);
    object.flag(r#","filter_subject":"#, check.filter_subject);
    object.flag(r#","filter_body":"#, check.filter_body);
    object.flag(r#","filter_http_body":"#, check.filter_http_body);
    object.flag(r#","filter_default_fail":"#, check.filter_default_fail);
    object.joined(r#","badge_url":"#, &check.badge_url);
    if let Some(seconds) = check.last_duration {
        object.number(r#","last_duration":"#, seconds);
    }
    let texts = |object: &mut Object<'_>, named: &[(&str, Option<&str>)]| {
        for (key, text) in named {
            if let Some(text) = text {
                object.text(key, text);
            }
        }
    };
    texts(&mut object, &[(r#","unique_key":"#, check.unique_key.as_deref()), (r#","uuid":"#, check.uuid)]);
    let addresses = [
        (r#","ping_url":"#, &check.ping_url),
        (r#","update_url":"#, &check.update_url),
        (r#","pause_url":"#, &check.pause_url),
        (r#","resume_url":"#, &check.resume_url),
    ];
    for (key, address) in addresses {
        if let Some(address) = address {
            object.joined(key, address);
        }
    }
    texts(&mut object, &[(r#","channels":"#, check.channels)]);
    if let Some(seconds) = check.timeout {
        object.number(r#","timeout":"#, seconds);
    }
    texts(&mut object, &[(r#","schedule":"#, check.schedule.as_deref()), (r#","tz":"#, check.tz)]);
    object.raw(b"}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::Time;
    use crate::healthchecks::{View, check};
    use crate::links::Links;
    use crate::store::checks::Check;

    fn written(check: &ApiCheck<'_>) -> String {
        let mut out = Vec::new();
        check.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// Texts in which all is that must be escaped, and all that must not.
    fn texts() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z0-9 ]{0,40}", "[\\x00-\\x7f]{0,20}", any::<String>()]
    }

    proptest! {
        #[test]
        fn a_check_is_written_as_serde_writes_it(
            name in texts(),
            description in texts(),
            channels in texts(),
            base in prop::sample::select(vec!["http://x", "https://mon.example/a\"b\\c"]),
            at in prop::sample::select(vec![0, 1_763_694_720, -70_000_000_000, 253_402_300_800]),
            version in 1u8..=3,
            full: bool,
        ) {
            let now = Time::from_timestamp(at, 0).unwrap();
            let mut sample = Check::sample(&name, now);
            sample.description = description;
            let (listed, links) = (sample.listed(), Links::new(&base.parse().unwrap()));
            let view = if full { View::Full } else { View::ReadOnly };
            let mut check = check(&listed, &channels, &links, version, view, now);
            check.last_ping = Some(Seconds(now));
            prop_assert_eq!(written(&check), serde_json::to_string(&check).unwrap());
            // What a sample has not, and the other way round.
            check.last_duration = Some(i64::from(version));
            check.timeout = check.timeout.is_none().then_some(60);
            check.schedule = Some(name.as_str().into());
            check.tz = Some(&channels);
            check.ping_url = Some(Joined([&name, "\"", "\n", "é"]));
            check.started = !check.started;
            prop_assert_eq!(written(&check), serde_json::to_string(&check).unwrap());
        }

        #[test]
        fn an_instant_has_the_same_digits(micros in -62_200_000_000_000_000i64..253_500_000_000_000_000) {
            let at = Seconds(crate::store::time(micros));
            let mut out = Vec::new();
            Object(&mut out).instant("", Some(at));
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&at).unwrap());
        }
    }
}
