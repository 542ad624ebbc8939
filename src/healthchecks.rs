//! Checks in the words of the Healthchecks management API: for that API and for the `$JSON` of webhooks.
//!
//! Source: COMPATIBILITY.md 4.2, "Check JSON"; the key order is the original's.
mod json;

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash as _, Hasher};

use chrono::SecondsFormat;
use serde::{Serialize, Serializer};
use sha1::{Digest as _, Sha1};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::auth::secret::hex;
use crate::core::Time;
use crate::core::check::Shown;
use crate::core::schedule::{Kind, Spec};
use crate::links::Links;
use crate::store::checks::Check;
use crate::store::listed::Listed;

/// Which parts of a check a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// With its ping address and its channels.
    Full,
    /// With a key in place of the address.
    ReadOnly,
}

/// An instant in whole seconds: `2026-11-21T03:12:00+00:00`.
#[derive(Debug, Clone, Copy, Hash)]
pub struct Seconds(pub Time);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Secs, false))
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A name for a check that does not give its ping address away: SHA-1 of the UUID's first 16 hex digits.
#[must_use]
pub fn unique_key(code: &str) -> String {
    let half: String = code.chars().filter(|c| *c != '-').take(16).collect();
    hex(&Sha1::digest(half.as_bytes()))
}

/// The same with microseconds, as pings have it.
#[must_use]
pub fn micros(at: Time) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, false)
}

// Borrows what it can: a list has thousands of them.
/// A check as the API shows it.
#[expect(clippy::struct_excessive_bools, reason = "they are the fields of the original")]
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HealthchecksCheck)]
pub struct ApiCheck<'a> {
    name: &'a str,
    slug: &'a str,
    tags: &'a str,
    desc: &'a str,
    /// Seconds.
    grace: i64,
    n_pings: i64,
    #[schema(schema_with = status_schema)]
    status: &'static str,
    started: bool,
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    last_ping: Option<Seconds>,
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    next_ping: Option<Seconds>,
    manual_resume: bool,
    #[schema(schema_with = methods_schema)]
    methods: &'static str,
    subject: &'a str,
    subject_fail: &'a str,
    start_kw: &'a str,
    success_kw: &'a str,
    failure_kw: &'a str,
    filter_subject: bool,
    filter_body: bool,
    filter_http_body: bool,
    filter_default_fail: bool,
    #[schema(value_type = String)]
    badge_url: Joined<'a>,
    /// Seconds; missing where it is zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false)]
    last_duration: Option<i64>,
    /// For a read-only key, in place of the addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, pattern = "^[0-9a-f]{40}$")]
    unique_key: Option<String>,
    /// From here to `channels`: for a read-write key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = Uuid)]
    uuid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    ping_url: Option<Joined<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    update_url: Option<Joined<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pause_url: Option<Joined<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    resume_url: Option<Joined<'a>>,
    /// UUIDs with commas between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    channels: Option<&'a str>,
    /// Seconds; of a check with a period.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false)]
    timeout: Option<i64>,
    /// Of a check with a calendar, as its zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    schedule: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    tz: Option<&'a str>,
}

fn status_schema() -> Object {
    let words = ["new", "up", "grace", "down", "paused", "started"];
    let about = "`started` in version 1 only";
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).description(Some(about)).build()
}

/// `POST`: only such requests are pings.
pub(crate) fn methods_schema() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["", "POST"])).build()
}

/// A text in parts.
#[derive(Debug)]
struct Joined<'a>([&'a str; 4]);

impl fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| f.write_str(part))
    }
}

impl Serialize for Joined<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A check as API version `version` (1 to 3) shows it at `now`. `channels`: the UUIDs of its channels, sorted, with
/// commas between them.
#[must_use]
pub fn check<'a>(
    check: &'a Listed,
    channels: &'a str,
    links: &'a Links,
    version: u8,
    view: View,
    now: Time,
) -> ApiCheck<'a> {
    let (settings, outlook) = (check.settings.as_ref(), check.outlook());
    let shown = outlook.shown(now);
    // A run that is overdue is told as such, not as running.
    let overdue = |run: Time| shown == Shown::Down && run + settings.grace() <= now;
    let running = version == 1 && outlook.run.is_some_and(|run| !overdue(run));
    let mail_word = |word: &'a str| if settings.filter_subject { word } else { "" };
    let (full, base, code) = (view == View::Full, links.base(), settings.code.as_ref());
    let api = |tail: &'static str| {
        let root = match version {
            1 => "/api/v1/checks/",
            2 => "/api/v2/checks/",
            _ => "/api/v3/checks/",
        };
        Joined([base, root, code, tail])
    };
    let (timeout, schedule, tz) = match settings.kind {
        Kind::Period => (Some(settings.period().num_seconds()), None, None),
        Kind::Cron | Kind::OnCalendar => {
            (None, Some(Cow::Borrowed(settings.expr.as_ref())), Some(&settings.tz))
        }
        // A kind of ours, told in the words that such a reader understands: the same times as calendar events.
        Kind::Daily => (None, Some(Cow::Owned(as_on_calendar(&settings.spec()))), Some(&settings.tz)),
    };
    ApiCheck {
        name: &settings.name,
        slug: &settings.slug,
        tags: &settings.tags,
        desc: &settings.description,
        grace: settings.grace().num_seconds(),
        n_pings: check.n_pings(),
        status: if running { "started" } else { shown.as_str() },
        started: outlook.run.is_some(),
        last_ping: check.last_ping().map(Seconds),
        next_ping: outlook.next_ping(now).map(Seconds),
        manual_resume: settings.manual_resume,
        methods: if settings.post_only { "POST" } else { "" },
        subject: mail_word(&settings.success_kw),
        subject_fail: mail_word(&settings.failure_kw),
        start_kw: &settings.start_kw,
        success_kw: &settings.success_kw,
        failure_kw: &settings.failure_kw,
        filter_subject: settings.filter_subject,
        filter_body: settings.filter_body,
        filter_http_body: settings.filter_http_body,
        filter_default_fail: settings.filter_default_fail,
        badge_url: Joined([base, "/b/2/", &settings.badge_key, ".svg"]),
        last_duration: check.last_duration().map(|span| span.num_seconds()).filter(|seconds| *seconds > 0),
        unique_key: (!full).then(|| unique_key(code)),
        uuid: full.then_some(code),
        ping_url: full.then_some(Joined([base, "/ping/", code, ""])),
        update_url: full.then(|| api("")),
        pause_url: full.then(|| api("/pause")),
        resume_url: full.then(|| api("/resume")),
        channels: full.then_some(channels),
        timeout,
        schedule,
        tz: tz.map(AsRef::as_ref),
    }
}

/// A check in full, as one JSON text.
#[must_use]
pub fn text(of: &Check, channels: &str, links: &Links, now: Time) -> String {
    let mut text = Vec::new();
    check(&of.listed(), channels, links, 3, View::Full, now).write(&mut text);
    String::from_utf8(text).unwrap_or_default()
}

impl ApiCheck<'_> {
    /// Adds to a fingerprint what of this changes with the time alone.
    pub fn hash_moment(&self, hasher: &mut impl Hasher) {
        (self.status, self.next_ping).hash(hasher);
    }

    /// Appends the same JSON as [`Serialize`] writes, in a fraction of the time.
    pub fn write(&self, out: &mut Vec<u8>) {
        json::write(self, out);
    }
}

/// Daily times as OnCalendar lines: `Mon..Fri *-*-* 16:05:00`.
fn as_on_calendar(spec: &Spec) -> String {
    let (times, days) = spec.daily_parts().unwrap_or_default();
    let days = days.map_or_else(String::new, |days| {
        let named: Vec<String> = days
            .split(',')
            .map(|part| {
                let ends: Vec<String> = part.split('-').map(capitalised).collect();
                ends.join("..")
            })
            .collect();
        format!("{} ", named.join(","))
    });
    let lines: Vec<String> = times.split(',').map(|time| format!("{days}*-*-* {}:00", time.trim())).collect();
    lines.join("\n")
}

fn capitalised(word: &str) -> String {
    let mut chars = word.trim().chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::schedule::Schedule;

    #[test]
    fn daily_times_are_told_as_calendar_events() {
        let at = |text: &str| text.parse::<Time>().unwrap();
        for (spec, expected) in [
            (Spec::daily("16:05", Some("mon-fri"), "Asia/Shanghai"), "Mon..Fri *-*-* 16:05:00"),
            (Spec::daily("06:00,18:30", None, "Asia/Shanghai"), "*-*-* 06:00:00\n*-*-* 18:30:00"),
        ] {
            let told = as_on_calendar(&spec);
            assert_eq!(told, expected);
            let ours = Schedule::parse(&spec).unwrap();
            let theirs = Schedule::parse(&Spec::on_calendar(told, "Asia/Shanghai")).unwrap();
            let mut now = at("2026-11-20T00:00:00Z");
            for _ in 0..20 {
                assert_eq!(ours.next_after(now), theirs.next_after(now));
                now = ours.next_after(now).unwrap();
            }
        }
    }

    /// sha1("6f1c9a527c1e4d0b"), computed with Python's hashlib.
    #[test]
    fn a_unique_key_is_made_from_half_of_the_uuid() {
        let key = unique_key("6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2");
        assert_eq!(key, "0b689639e39a72f085377d07f3a9d95f1038142c");
    }
}
