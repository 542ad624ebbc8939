//! The body of "create a check" as the Healthchecks API has it: fields, limits and the exact words of refusal.
//!
//! Source: COMPATIBILITY.md 4.2, "Request fields", and 4.0, "Body" and "Schedules".
use serde_json::{Map, Value};

use crate::core::schedule::{Kind, Schedule, Spec, Zone, kind_of_expression};
use crate::core::{Span, Time, slug};
use crate::store::checks::{MAX_DESCRIPTION, MAX_TAGS, Settings, Unique};

/// Shortest and longest period and grace of this API, in seconds.
const SECONDS: std::ops::RangeInclusive<i64> = 60..=31_536_000;
/// 2^63.
const BEYOND_64_BITS: f64 = 9_223_372_036_854_775_808.0;

/// What a body asks for; absent fields change nothing.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// `*`, empty, or identifiers separated by commas. Looked up last.
    pub(super) channels: Option<String>,
    /// Fields by which an existing check is looked for.
    unique: Vec<String>,
    desc: Option<String>,
    failure_kw: Option<String>,
    filter_body: Option<bool>,
    filter_default_fail: Option<bool>,
    filter_http_body: Option<bool>,
    filter_subject: Option<bool>,
    grace: Option<i64>,
    manual_resume: Option<bool>,
    methods: Option<String>,
    name: Option<String>,
    schedule: Option<Spec>,
    slug: Option<String>,
    start_kw: Option<String>,
    subject: Option<String>,
    subject_fail: Option<String>,
    success_kw: Option<String>,
    tags: Option<String>,
    timeout: Option<i64>,
    tz: Option<String>,
}

/// Checks a body. The first bad field in alphabetical order is reported, in Healthchecks' words.
pub(super) fn read(body: &Map<String, Value>, now: Time) -> Result<Wanted, String> {
    let get = |name: &str| body.get(name);
    let mut wanted = Wanted {
        channels: exact(get("channels"), "channels", None)?,
        desc: text(get("desc"), "desc", Some(MAX_DESCRIPTION))?,
        failure_kw: text(get("failure_kw"), "failure_kw", Some(200))?,
        filter_body: boolean(get("filter_body"), "filter_body")?,
        filter_default_fail: boolean(get("filter_default_fail"), "filter_default_fail")?,
        filter_http_body: boolean(get("filter_http_body"), "filter_http_body")?,
        filter_subject: boolean(get("filter_subject"), "filter_subject")?,
        grace: seconds(get("grace"), "grace")?,
        manual_resume: boolean(get("manual_resume"), "manual_resume")?,
        methods: get("methods").map(methods).transpose()?,
        name: text(get("name"), "name", Some(slug::MAX_CHARS))?,
        ..Wanted::default()
    };
    let schedule = exact(get("schedule"), "schedule", Some(100))?;
    if let Some(line) = &schedule {
        // The zone has its own turn; the expression is checked in a zone that exists.
        wanted.schedule = Some(expression(line, "UTC", now)?);
    }
    wanted.slug = exact(get("slug"), "slug", Some(slug::MAX_CHARS))?;
    if wanted.slug.as_deref().is_some_and(|text| !slug::is_valid(text)) {
        return Err("slug does not match pattern".to_owned());
    }
    wanted.start_kw = text(get("start_kw"), "start_kw", Some(200))?;
    wanted.subject = text(get("subject"), "subject", Some(200))?;
    wanted.subject_fail = text(get("subject_fail"), "subject_fail", Some(200))?;
    wanted.success_kw = text(get("success_kw"), "success_kw", Some(200))?;
    wanted.tags = text(get("tags"), "tags", Some(MAX_TAGS))?;
    wanted.timeout = seconds(get("timeout"), "timeout")?;
    if let Some(name) = exact(get("tz"), "tz", None)? {
        let zone = Zone::named(&name).map_err(|_| "tz is not a valid timezone".to_owned())?;
        wanted.tz = Some(zone.name().to_owned());
    }
    wanted.unique = unique(get("unique"))?;
    Ok(wanted)
}

fn expression(line: &str, tz: &str, now: Time) -> Result<Spec, String> {
    let invalid = || "schedule is not a valid cron or OnCalendar expression".to_owned();
    let spec = match kind_of_expression(line) {
        Kind::Cron => Spec::cron(line, tz),
        _ => Spec::on_calendar(line, tz),
    };
    Schedule::parse_living(&spec, now).map_err(|_| invalid())?;
    Ok(spec)
}

/// A text for people.
fn text(value: Option<&Value>, name: &str, limit: Option<usize>) -> Result<Option<String>, String> {
    // NUL cannot be stored everywhere and is never meant.
    Ok(exact(value, name, limit)?.map(|text| text.replace('\0', "")))
}

/// A text that has its own rules.
fn exact(value: Option<&Value>, name: &str, limit: Option<usize>) -> Result<Option<String>, String> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) if limit.is_some_and(|limit| text.chars().count() > limit) => {
            Err(format!("{name} is too long"))
        }
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{name} is not a string")),
    }
}

fn boolean(value: Option<&Value>, name: &str) -> Result<Option<bool>, String> {
    match value {
        None => Ok(None),
        Some(Value::Bool(on)) => Ok(Some(*on)),
        Some(_) => Err(format!("{name} is not a boolean")),
    }
}

/// Whole seconds; JSON's `true` counts as 1, as in Python.
fn seconds(value: Option<&Value>, name: &str) -> Result<Option<i64>, String> {
    let number = match value {
        None => return Ok(None),
        Some(Value::Bool(on)) => i64::from(*on),
        Some(Value::Number(number)) if number.is_u64() => number.as_i64().unwrap_or(i64::MAX),
        Some(Value::Number(number)) if number.is_i64() => number.as_i64().unwrap_or(i64::MIN),
        // A whole number beyond 64 bits, which has become a float on its way.
        Some(Value::Number(number)) if number.as_f64().is_some_and(|n| n.abs() >= BEYOND_64_BITS) => {
            if number.as_f64().is_some_and(f64::is_sign_negative) { i64::MIN } else { i64::MAX }
        }
        Some(_) => return Err(format!("{name} is not a number")),
    };
    if number < *SECONDS.start() {
        Err(format!("{name} is too small"))
    } else if number > *SECONDS.end() {
        Err(format!("{name} is too large"))
    } else {
        Ok(Some(number))
    }
}

/// Whether this is a timeout that this API takes.
pub(super) fn is_timeout(value: &Value) -> bool {
    seconds(Some(value), "timeout").is_ok()
}

fn methods(value: &Value) -> Result<String, String> {
    value
        .as_str()
        .filter(|text| matches!(*text, "" | "POST"))
        .map(str::to_owned)
        .ok_or_else(|| "methods has unexpected value".to_owned())
}

fn unique(value: Option<&Value>) -> Result<Vec<String>, String> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let items = value.as_array().ok_or_else(|| "unique is not an array".to_owned())?;
    items
        .iter()
        .map(|item| {
            item.as_str()
                .filter(|name| matches!(*name, "name" | "slug" | "tags" | "timeout" | "grace"))
                .map(str::to_owned)
                .ok_or_else(|| "an item in 'unique' has unexpected value".to_owned())
        })
        .collect()
}

impl Wanted {
    /// By which values an existing check is looked for; `None`: by none, or one that is named is not given.
    pub(super) fn unique(&self) -> Option<Unique<'_>> {
        let mut unique = Unique::default();
        for name in &self.unique {
            match name.as_str() {
                "name" => unique.name = Some(self.name.as_deref()?),
                "slug" => unique.slug = Some(self.slug.as_deref()?),
                "tags" => unique.tags = Some(self.tags.as_deref()?),
                "timeout" => unique.period = Some(Span::seconds(self.timeout?)),
                _ => unique.grace = Some(Span::seconds(self.grace?)),
            }
        }
        (!self.unique.is_empty()).then_some(unique)
    }

    /// Puts what is wanted over what is there, as `version` of the API does it: 1 and 2 make a slug from a new name.
    pub(super) fn apply(&self, settings: &mut Settings, version: u8, now: Time) -> Result<(), String> {
        fn set<T: Clone>(target: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                target.clone_from(value);
            }
        }
        if let Some(name) = self.name.as_ref().filter(|name| version < 3 && **name != settings.name) {
            settings.slug = slug::from_name(name);
        }
        set(&mut settings.name, self.name.as_ref());
        set(&mut settings.slug, self.slug.as_ref());
        set(&mut settings.tags, self.tags.as_ref());
        set(&mut settings.description, self.desc.as_ref());
        set(&mut settings.manual_resume, self.manual_resume.as_ref());
        set(&mut settings.filter_mail_body, self.filter_body.as_ref());
        set(&mut settings.rules.filter_body, self.filter_http_body.as_ref());
        set(&mut settings.rules.default_fail, self.filter_default_fail.as_ref());
        set(&mut settings.rules.start, self.start_kw.as_ref());
        if let Some(methods) = &self.methods {
            settings.rules.post_only = methods == "POST";
        }
        if let Some(grace) = self.grace {
            settings.grace = Span::seconds(grace);
        }
        // The old names of the mail keywords: what is set by the new ones wins.
        if self.subject.is_some() || self.subject_fail.is_some() {
            set(&mut settings.rules.success, self.subject.as_ref());
            set(&mut settings.rules.failure, self.subject_fail.as_ref());
            settings.filter_subject =
                !settings.rules.success.is_empty() || !settings.rules.failure.is_empty();
        }
        set(&mut settings.rules.success, self.success_kw.as_ref());
        set(&mut settings.rules.failure, self.failure_kw.as_ref());
        set(&mut settings.filter_subject, self.filter_subject.as_ref());
        set(&mut settings.spec.tz, self.tz.as_ref());
        if let Some(schedule) = &self.schedule {
            let tz = settings.spec.tz.clone();
            // The period is kept unseen, as the zone of a simple check is: `unique` finds checks by it.
            settings.spec = Spec { period: settings.spec.period, ..expression(&schedule.expr, &tz, now)? };
        } else if let Some(timeout) = self.timeout {
            settings.spec = Spec { tz: settings.spec.tz.clone(), ..Spec::every(Span::seconds(timeout)) };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn refusal(body: &str) -> String {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        match serde_json::from_str(body).unwrap() {
            Value::Object(map) => read(&map, now).unwrap_err(),
            _ => panic!("an object"),
        }
    }

    #[rstest]
    #[case(r#"{"timeout": 59}"#, "timeout is too small")]
    #[case(r#"{"timeout": true}"#, "timeout is too small")]
    #[case(r#"{"timeout": 3600.0}"#, "timeout is not a number")]
    #[case(r#"{"timeout": 31536001}"#, "timeout is too large")]
    #[case(r#"{"timeout": "60"}"#, "timeout is not a number")]
    #[case(r#"{"timeout": 100000000000000000000}"#, "timeout is too large")]
    #[case(r#"{"timeout": -100000000000000000000}"#, "timeout is too small")]
    #[case(r#"{"timeout": 1, "name": 2}"#, "name is not a string")]
    #[case(r#"{"methods": null}"#, "methods has unexpected value")]
    #[case(r#"{"slug": "Größe"}"#, "slug does not match pattern")]
    #[case(r#"{"schedule": "0 0 31 2 *"}"#, "schedule is not a valid cron or OnCalendar expression")]
    #[case(r#"{"schedule": "@daily"}"#, "schedule is not a valid cron or OnCalendar expression")]
    #[case(r#"{"schedule": ""}"#, "schedule is not a valid cron or OnCalendar expression")]
    #[case(r#"{"slug": "a\u0000b"}"#, "slug does not match pattern")]
    #[case(r#"{"tz": "UTC\u0000"}"#, "tz is not a valid timezone")]
    #[case(r#"{"schedule": "* * * * *\u0000"}"#, "schedule is not a valid cron or OnCalendar expression")]
    #[case(r#"{"tz": "utc"}"#, "tz is not a valid timezone")]
    #[case(r#"{"unique": "name"}"#, "unique is not an array")]
    #[case(r#"{"unique": ["status"]}"#, "an item in 'unique' has unexpected value")]
    #[case(r#"{"manual_resume": "yes"}"#, "manual_resume is not a boolean")]
    fn refusals_have_healthchecks_words(#[case] body: &str, #[case] expected: &str) {
        assert_eq!(refusal(body), expected);
    }

    #[test]
    fn names_are_counted_in_characters() {
        assert_eq!(refusal(&format!(r#"{{"name": "{}"}}"#, "库".repeat(101))), "name is too long");
    }

    const NAMES: [&str; 22] = [
        "channels",
        "desc",
        "failure_kw",
        "filter_body",
        "filter_default_fail",
        "filter_http_body",
        "filter_subject",
        "grace",
        "manual_resume",
        "methods",
        "name",
        "schedule",
        "slug",
        "start_kw",
        "subject",
        "subject_fail",
        "success_kw",
        "tags",
        "timeout",
        "tz",
        "unique",
        "unknown",
    ];

    /// Values of every kind, some of which fit somewhere.
    fn values() -> impl Strategy<Value = Value> {
        let plain = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (50..4000_i64).prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
            "[0-9*/,-]{1,3}( [0-9*/,-]{1,3}){4}".prop_map(Value::from),
            "[a-z0-9]{90,210}".prop_map(Value::from),
            prop::sample::select(vec!["", "POST", "*", "daily", "Europe/Kiev", "name", "a\0b"])
                .prop_map(Value::from),
        ];
        plain.prop_recursive(2, 8, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-z]{0,5}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn bodies() -> impl Strategy<Value = Map<String, Value>> {
        let name = prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned);
        prop::collection::hash_map(name, values(), 0..6).prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #[test]
        fn any_object_is_refused_in_words_or_gives_a_check_that_can_be(body in bodies(), version in 1..=3_u8) {
            let now = "2026-01-01T00:00:00Z".parse().unwrap();
            let wanted = match read(&body, now) {
                Ok(wanted) => wanted,
                Err(words) => {
                    prop_assert!(body.keys().any(|name| words.contains(name.as_str())), "{}", words);
                    return Ok(());
                }
            };
            let _ = wanted.unique();
            let mut settings = Settings::named("job");
            if wanted.apply(&mut settings, version, now).is_ok() {
                prop_assert!(Schedule::parse(&settings.spec).is_ok(), "{:?}", settings.spec);
                prop_assert!(settings.name.chars().count() <= slug::MAX_CHARS);
                prop_assert!(slug::is_valid(&settings.slug), "{}", settings.slug);
                prop_assert!(settings.grace >= Span::seconds(60));
                let texts = [&settings.name, &settings.tags, &settings.description, &settings.rules.success];
                prop_assert!(texts.iter().all(|text| !text.contains('\0')));
            }
        }
    }
}
