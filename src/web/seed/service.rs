//! A check as a service: `every` so many minutes or `at` a time of day, with some minutes of grace, running or stopped.
use super::body::Given;
use super::recipients;
use super::refusal::{BLANK, REQUIRED, Wrong};
use super::tags;
use crate::core::check::{Early, Status};
use crate::core::schedule::{Kind, Schedule, Spec, Zone};
use crate::core::{Span, Time, slug};
use crate::store::checks::{Check, Settings};

/// The zone of times of day when nobody has chosen one: heartbeats knew no other.
const ZONE: &str = "Asia/Shanghai";
/// Longest period and longest grace, in minutes: 365 days.
const MAX_MINUTES: i64 = 525_600;
/// Longest tags together, in characters.
const MAX_TAGS: usize = 500;
/// Grace of nought minutes: a check has at least a second.
const LEAST_GRACE: Span = Span::seconds(1);

const RUNNING: &str = "running";
/// As heartbeats spells it.
const STOPPED: &str = "stoped";

/// A check's settings in the words of a service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) status: &'static str,
    /// `every`, `at`, or a kind that heartbeats does not have: `cron`, `oncalendar`.
    pub(super) tp: &'static str,
    /// Minutes; times of day, with weekdays if they are not all; or the expression.
    pub(super) value: String,
    /// Whole minutes.
    pub(super) grace: i64,
    pub(super) tz: String,
}

impl Words {
    pub(super) fn of(check: &Check) -> Self {
        let spec = check.spec();
        let (tp, value) = match spec.kind {
            Kind::Period => ("every", minutes(spec.period)),
            Kind::Daily => ("at", spec.expr),
            Kind::Cron => ("cron", spec.expr),
            Kind::OnCalendar => ("oncalendar", spec.expr),
        };
        let stopped = check.state().status == Status::Paused;
        let status = if stopped { STOPPED } else { RUNNING };
        Self { status, tp, value, grace: check.grace().num_minutes(), tz: spec.tz }
    }
}

/// A period in minutes, `120` or `1.5`.
fn minutes(period: Span) -> String {
    let hundredths = (period.num_seconds() * 100 + 30) / 60;
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What a body asks for. What it says as it is already is not asked for: scripts send back all that they were shown, and
/// a schedule that has no exact words here must outlive that.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    name: Option<String>,
    tags: Option<String>,
    grace: Option<Span>,
    spec: Option<Spec>,
    /// Whether it is to be stopped.
    pub(super) stop: Option<bool>,
    pub(super) notify_to: Option<Vec<String>>,
    pub(super) short_url: Option<String>,
}

impl Wanted {
    /// Checks a body. `before`: the check that it is about; without one, what a new one needs must be there.
    pub(super) fn read(given: &Given, before: Option<&Check>, now: Time) -> Result<Self, Wrong> {
        let mut wrong = Wrong::default();
        let shown = before.map(Words::of);
        let mut text = |name: &'static str| match given.text(name)? {
            Ok(text) => Some(text),
            Err(words) => {
                wrong.add(name, words);
                None
            }
        };
        let name = text("name");
        let [status, tp, value, grace, tz] = ["status", "tp", "value", "grace", "tz"].map(&mut text);
        let (notify_to, short_url) = (text("notify_to"), text("short_url"));
        let new =
            |text: Option<String>, known: Option<&str>| text.filter(|text| Some(text.as_str()) != known);
        let status = new(status, shown.as_ref().map(|shown| shown.status));
        let tp = new(tp, shown.as_ref().map(|shown| shown.tp));
        let value = new(value, shown.as_ref().map(|shown| shown.value.as_str()));
        let tz = new(tz, shown.as_ref().map(|shown| shown.tz.as_str()));
        let grace = new(grace, shown.as_ref().map(|shown| shown.grace.to_string()).as_deref());

        let mut wanted = Self { name: read_name(name, before, &mut wrong), ..Self::default() };
        wanted.tags = given.get("tags").and_then(|tags| read_tags(tags, &mut wrong));
        wanted.grace = match grace {
            Some(grace) => read_grace(&grace, &mut wrong),
            // A new one that says nothing of it has none, as in heartbeats.
            None => before.is_none().then_some(LEAST_GRACE),
        };
        if before.is_none() || tp.is_some() || value.is_some() || tz.is_some() {
            let known = shown.as_ref().map(|shown| (shown.tp, shown.value.clone()));
            let (known_tp, known_value) = known.map_or(("at", None), |(tp, value)| (tp, Some(value)));
            let tz = tz.unwrap_or_else(|| zone(before));
            match value.or(known_value) {
                None => wrong.add("value", REQUIRED),
                Some(value) => match spec(tp.as_deref().unwrap_or(known_tp), &value, &tz, now) {
                    Ok(spec) => wanted.spec = Some(spec),
                    Err((field, words)) => wrong.add(field, words),
                },
            }
        }
        match status.as_deref() {
            None => {}
            Some(RUNNING) => wanted.stop = Some(false),
            Some(STOPPED) => wanted.stop = Some(true),
            Some(other) => wrong.add("status", no_choice(other)),
        }
        if let Some(text) = notify_to {
            recipients::read(&text)
                .map_or_else(|words| wrong.add("notify_to", words), |to| wanted.notify_to = Some(to));
        }
        wanted.short_url = short_url.filter(|short| !short.is_empty());
        if wrong.is_empty() { Ok(wanted) } else { Err(wrong) }
    }

    /// The name that is asked for.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Puts what is wanted over what is there.
    pub(super) fn apply(&self, settings: &mut Settings) {
        if let Some(name) = &self.name {
            settings.name.clone_from(name);
        }
        if let Some(tags) = &self.tags {
            settings.tags.clone_from(tags);
        }
        if let Some(grace) = self.grace {
            settings.grace = grace;
        }
        if let Some(spec) = &self.spec {
            settings.spec = spec.clone();
        }
        // A stopped service stays stopped while its job goes on to ping.
        settings.manual_resume |= self.stop == Some(true);
    }

    /// The settings of a new check.
    pub(super) fn settings(&self) -> Settings {
        let name = self.name.as_deref().unwrap_or_default();
        let mut settings =
            Settings { slug: slug::from_name(name), early: Early::Auto, ..Settings::named(name) };
        self.apply(&mut settings);
        settings
    }
}

fn read_name(name: Option<String>, before: Option<&Check>, wrong: &mut Wrong) -> Option<String> {
    match name {
        None if before.is_none() => wrong.add("name", REQUIRED),
        Some(name) if name.is_empty() => wrong.add("name", BLANK),
        Some(name) if name.chars().count() > slug::MAX_CHARS => {
            wrong.add("name", format!("Ensure this field has no more than {} characters.", slug::MAX_CHARS));
        }
        name => return name.filter(|name| before.is_none_or(|before| before.name != *name)),
    }
    None
}

/// A text with commas, or what a service shows: a list of tags.
fn read_tags(value: &serde_json::Value, wrong: &mut Wrong) -> Option<String> {
    let name =
        |tag: &serde_json::Value| tag.as_str().or_else(|| tag.get("name")?.as_str()).map(str::to_owned);
    let text = match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Array(list) => {
            list.iter().map(name).collect::<Option<Vec<_>>>().map(|list| list.join(","))
        }
        _ => None,
    };
    let Some(text) = text else {
        wrong.add("tags", "Expected tags with commas between them.");
        return None;
    };
    let tags = tags::words(&text.replace('\0', "")).join(" ");
    if tags.chars().count() > MAX_TAGS {
        wrong.add("tags", format!("Ensure the tags have no more than {MAX_TAGS} characters together."));
        return None;
    }
    Some(tags)
}

fn read_grace(text: &str, wrong: &mut Wrong) -> Option<Span> {
    match text.parse::<i64>() {
        Ok(minutes @ 0..=MAX_MINUTES) => return Some(Span::minutes(minutes).max(LEAST_GRACE)),
        Ok(..0) => wrong.add("grace", "Ensure this value is greater than or equal to 0."),
        Ok(_) => wrong.add("grace", format!("Ensure this value is less than or equal to {MAX_MINUTES}.")),
        Err(_) => wrong.add("grace", "A valid integer is required."),
    }
    None
}

fn no_choice(text: &str) -> String {
    let text: String = text.chars().take(60).collect();
    format!("\"{text}\" is not a valid choice.")
}

/// The zone of a schedule when nothing is said of it: the one that there is, if somebody may have chosen it.
fn zone(before: Option<&Check>) -> String {
    let known = before.map(Check::spec).filter(|spec| spec.kind != Kind::Period || spec.tz != "UTC");
    known.map_or_else(|| ZONE.to_owned(), |spec| spec.tz)
}

/// The schedule that these words mean, or which field is wrong.
fn spec(tp: &str, value: &str, tz: &str, now: Time) -> Result<Spec, (&'static str, String)> {
    let zone = Zone::named(tz).map_err(|error| ("tz", error.to_string()))?;
    let tz = zone.name().to_owned();
    let spec = match tp {
        "every" => {
            let minutes = value.parse::<i64>().ok().filter(|minutes| (1..=MAX_MINUTES).contains(minutes));
            let words = || ("value", format!("Enter a whole number of minutes from 1 to {MAX_MINUTES}."));
            Spec { tz, ..Spec::every(Span::minutes(minutes.ok_or_else(words)?)) }
        }
        "at" => Spec { kind: Kind::Daily, expr: value.to_owned(), ..Spec::cron("", tz) },
        "cron" => Spec::cron(value, tz),
        "oncalendar" => Spec::on_calendar(value, tz),
        other => return Err(("tp", no_choice(other))),
    };
    let schedule = Schedule::parse_living(&spec, now).map_err(|error| ("value", error.to_string()))?;
    Ok(Spec { tz: spec.tz, ..schedule.spec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(7200, "120")]
    #[case(60, "1")]
    #[case(600, "10")]
    #[case(90, "1.5")]
    #[case(2, "0.03")]
    #[case(1, "0.02")]
    #[case(31_536_000, "525600")]
    fn periods_are_told_in_minutes(#[case] seconds: i64, #[case] expected: &str) {
        assert_eq!(minutes(Span::seconds(seconds)), expected);
    }

    #[rstest]
    #[case("every", "120", "UTC", Ok("120"))]
    #[case("every", "0", "UTC", Err("value"))]
    #[case("every", "525601", "UTC", Err("value"))]
    #[case("every", "16:05", "UTC", Err("value"))]
    #[case("at", "9:05", "Asia/Shanghai", Ok("09:05"))]
    #[case("at", "18:00,06:00 mon-fri", "Asia/Shanghai", Ok("06:00,18:00 mon-fri"))]
    #[case("at", "24:00", "Asia/Shanghai", Err("value"))]
    #[case("at", "120", "Asia/Shanghai", Err("value"))]
    #[case("at", "", "Asia/Shanghai", Err("value"))]
    #[case("at", "16:05", "Mars/Olympus", Err("tz"))]
    #[case("cron", "0 3 * * *", "UTC", Ok("0 3 * * *"))]
    #[case("cron", "0 0 31 2 *", "UTC", Err("value"))]
    #[case("weekly", "1", "UTC", Err("tp"))]
    fn words_make_a_schedule(
        #[case] tp: &str,
        #[case] value: &str,
        #[case] tz: &str,
        #[case] expected: Result<&str, &str>,
    ) {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let made = spec(tp, value, tz, now);
        let told = made.as_ref().map(|spec| match spec.kind {
            Kind::Period => minutes(spec.period),
            _ => spec.expr.clone(),
        });
        assert_eq!(told.as_deref().map_err(|(field, _)| *field), expected);
    }
}
