//! What a template can speak of, and the filters that it has.
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{FixedOffset, TimeZone as _};
use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Environment, Error, ErrorKind, context};

use super::MAX_WRITTEN;
use crate::core::schedule::Zone;
use crate::core::{Span, Time};
use crate::i18n::Lang;
use crate::notify::alert::{About, Alert, Happened, LastPing, Side, Why, one_line};
use crate::notify::clip::Unit;
use crate::notify::message::{self, Words};

/// Every name that a template may use; parts of facts have `label` and `value`.
pub const NAMES: &[&str] = &[
    "check.name",
    "check.slug",
    "check.tags",
    "project",
    "status",
    "title",
    "text",
    "sentence",
    "reason",
    "at",
    "since",
    "heard",
    "down_for",
    "down_seconds",
    "missed",
    "exit_status",
    "last_lines",
    "facts",
    "names",
    "link",
];

/// Every filter.
pub const FILTERS: &[&str] =
    &["upper", "lower", "trim", "default", "replace", "truncate", "lines", "join", "length", "date", "zone"];

pub(super) fn context(alert: &Alert, words: &Words) -> Value {
    let moment = |at: Time| Value::from_object(Moment { at, zone: alert.zone.clone(), lang: alert.lang });
    let event = alert.event.as_ref();
    let up = alert.side == Side::Up;
    // When the outage began: on a recovery what was before, else what is now.
    let since = event.filter(|_| up).map_or(alert.at, |event| event.since);
    let why = alert.untold.or_else(|| event.map(|event| event.why));
    let down_for = alert.at - since;
    let whole = Words { title: String::new(), link_label: String::new(), ..words.clone() };
    let facts: Vec<Value> = words
        .facts
        .iter()
        .map(|(label, value)| context! { label => label.as_str(), value => value.as_str() })
        .collect();
    let exit_status = match why {
        Some(Why::Exit(status)) => Value::from(status),
        _ => Value::from(""),
    };
    context! {
        check => context! {
            name => alert.check.name.as_str(),
            slug => alert.check.slug.as_str(),
            tags => alert.check.tags.as_str(),
        },
        project => one_line(&alert.project),
        status => match alert.side { Side::Down => "down", Side::Up => "up", Side::Test => "test" },
        title => words.title.as_str(),
        text => whole.text_alone(),
        sentence => words.sentence.as_str(),
        reason => why.map_or_else(String::new, |why| message::reason(alert.lang, why)),
        at => moment(alert.at),
        since => moment(since),
        heard => event.and_then(|event| event.heard).map_or_else(|| Value::from(""), moment),
        down_for => alert.lang.span(down_for),
        down_seconds => down_for.num_seconds(),
        missed => event.map_or(0, |event| event.missed),
        exit_status => exit_status,
        last_lines => words.quote.clone().unwrap_or_default(),
        facts => facts,
        names => alert.names.iter().take(100).map(|name| Value::from(name.as_str())).collect::<Vec<_>>(),
        link => alert.link.as_str(),
    }
}

/// A moment, told in a zone.
#[derive(Debug)]
struct Moment {
    at: Time,
    zone: Zone,
    lang: Lang,
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.lang.moment(self.at, &self.zone, true), self.zone.name())
    }
}

fn wrong(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason.into())
}

/// A text, as filters take it. Numbers and moments are written out; lists have no text of their own.
fn text(value: &Value) -> Result<String, Error> {
    if let Some(text) = value.as_str() {
        return Ok(text.to_owned());
    }
    if value.is_number() || value.downcast_object_ref::<Moment>().is_some() {
        return Ok(value.to_string());
    }
    Err(wrong("this filter takes a text"))
}

fn bounded(text: String) -> Result<String, Error> {
    if text.len() > MAX_WRITTEN { Err(wrong(format!("longer than {MAX_WRITTEN} bytes"))) } else { Ok(text) }
}

fn moment(value: &Value) -> Result<&Moment, Error> {
    value.downcast_object_ref::<Moment>().ok_or_else(|| wrong("this filter takes a time: at, since or heard"))
}

/// Adds the filters named in [`FILTERS`].
pub(super) fn add_filters(env: &mut Environment<'_>) {
    env.add_filter("upper", |value: Value| bounded(text(&value)?.to_uppercase()));
    env.add_filter("lower", |value: Value| bounded(text(&value)?.to_lowercase()));
    env.add_filter("trim", |value: Value| Ok::<_, Error>(text(&value)?.trim().to_owned()));
    env.add_filter("default", |value: Value, other: Value| if value.is_true() { value } else { other });
    env.add_filter("replace", |value: Value, from: String, to: String| {
        let text = text(&value)?;
        if from.is_empty() {
            return Err(wrong("replace needs a text to look for"));
        }
        let grown = text.matches(from.as_str()).count().saturating_mul(to.len());
        if grown > MAX_WRITTEN {
            return Err(wrong(format!("longer than {MAX_WRITTEN} bytes")));
        }
        bounded(text.replace(from.as_str(), &to))
    });
    env.add_filter("truncate", |value: Value, limit: usize| {
        Ok::<_, Error>(Unit::Chars.clip(&text(&value)?, limit))
    });
    env.add_filter("lines", |value: Value, count: usize| {
        let text = text(&value)?;
        let lines: Vec<&str> = text.lines().collect();
        Ok::<_, Error>(lines[lines.len().saturating_sub(count)..].join("\n"))
    });
    env.add_filter("join", |value: Value, separator: String| {
        let mut joined = String::new();
        for (n, item) in value.try_iter()?.enumerate() {
            if n > 0 {
                joined.push_str(&separator);
            }
            joined.push_str(&text(&item)?);
            if joined.len() > MAX_WRITTEN {
                return Err(wrong(format!("longer than {MAX_WRITTEN} bytes")));
            }
        }
        Ok(joined)
    });
    env.add_filter("length", |value: Value| value.len().ok_or_else(|| wrong("this has no length")));
    env.add_filter("date", |value: Value, form: String| {
        let moment = moment(&value)?;
        let civil = moment.zone.civil(moment.at);
        let offset = FixedOffset::east_opt(civil.offset_seconds).ok_or_else(|| wrong("no such offset"))?;
        let there = offset.from_utc_datetime(&moment.at.naive_utc());
        let mut written = String::new();
        write!(written, "{}", there.format(&form))
            .map_err(|_| wrong(format!("`{form}` is no form of a date; one is %Y-%m-%d %H:%M:%S")))?;
        bounded(written)
    });
    env.add_filter("zone", |value: Value, name: String| {
        let Moment { at, lang, .. } = *moment(&value)?;
        let zone = Zone::named(&name).map_err(|_| wrong(format!("there is no time zone `{name}`")))?;
        Ok::<_, Error>(Value::from_object(Moment { at, zone, lang }))
    });
}

/// Alerts of every sort, to try a template on.
pub(super) fn samples() -> Vec<Alert> {
    let at = Time::default();
    let sample = |side, why: Option<Why>, body: &str| sample(Lang::En, Zone::utc(), at, side, why, body);
    vec![
        sample(Side::Down, Some(Why::Missed(at - Span::hours(1))), ""),
        sample(Side::Down, Some(Why::Exit(1)), "dumping\nno space left on device\n"),
        sample(Side::Up, Some(Why::Back), ""),
        sample(Side::Test, None, ""),
    ]
}

/// An event that did not happen.
pub(super) fn sample(lang: Lang, zone: Zone, at: Time, side: Side, why: Option<Why>, body: &str) -> Alert {
    let name = lang.t("alert-sample-name");
    let event = |why| Happened {
        why,
        since: at - Span::minutes(65),
        heard: Some(at - Span::hours(25)),
        missed: i64::from(side == Side::Up),
    };
    Alert {
        side,
        event_id: String::new(),
        outage_id: None,
        at,
        lang,
        zone,
        project: lang.t("alert-sample-project"),
        check: About {
            name: name.clone(),
            slug: "nightly-backup".to_owned(),
            tags: "db backup".to_owned(),
            ..About::default()
        },
        event: why.map(event),
        blackout: None,
        last: LastPing { body: body.to_owned(), ..LastPing::default() },
        link: "https://maibo.example.org/checks/1".to_owned(),
        names: vec![name],
        untold: None,
        note: None,
        quiet: false,
        unsubscribe: None,
        notice: None,
    }
}
