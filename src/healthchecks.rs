//! Checks in the words of the Healthchecks management API: for that API and for the `$JSON` of webhooks.
//!
//! Source: COMPATIBILITY.md 4.2, "Check JSON"; the key order is the original's.
use chrono::SecondsFormat;
use serde::Serialize;
use sha1::{Digest as _, Sha1};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::auth::secret::hex;
use crate::core::Time;
use crate::core::check::{Run, Shown};
use crate::core::schedule::{Kind, Spec};
use crate::links::Links;
use crate::store::checks::Check;

/// Which parts of a check a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// With its ping address and its channels.
    Full,
    /// With a key in place of the address.
    ReadOnly,
}

/// `2026-11-21T03:12:00+00:00`.
#[must_use]
pub fn seconds(at: Time) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, false)
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
    #[schema(required = true, format = DateTime)]
    last_ping: Option<String>,
    #[schema(required = true, format = DateTime)]
    next_ping: Option<String>,
    manual_resume: bool,
    #[schema(schema_with = methods_schema)]
    methods: &'static str,
    subject: String,
    subject_fail: String,
    start_kw: String,
    success_kw: String,
    failure_kw: String,
    filter_subject: bool,
    filter_body: bool,
    filter_http_body: bool,
    filter_default_fail: bool,
    badge_url: String,
    /// Seconds; missing where it is zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_duration: Option<i64>,
    #[serde(flatten)]
    identity: Identity<'a>,
    #[serde(flatten)]
    times: Times,
}

fn status_schema() -> Object {
    let words = ["new", "up", "grace", "down", "paused"];
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// `POST`: only such requests are pings.
pub(crate) fn methods_schema() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["", "POST"])).build()
}

/// How to reach the check, or only how to tell it from others.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = HealthchecksIdentity)]
enum Identity<'a> {
    /// With a read-write key.
    Full {
        #[schema(format = Uuid)]
        uuid: &'a str,
        ping_url: String,
        update_url: String,
        pause_url: String,
        resume_url: String,
        /// UUIDs with commas between them.
        channels: &'a str,
    },
    /// With a read-only key.
    ReadOnly {
        #[schema(pattern = "^[0-9a-f]{40}$")]
        unique_key: String,
    },
}

/// When a ping is expected.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = HealthchecksTimes)]
enum Times {
    Period {
        /// Seconds.
        timeout: i64,
    },
    Calendar {
        schedule: String,
        tz: String,
    },
}

/// A check as API version `version` (1 to 3) shows it at `now`. `channels`: the UUIDs of its channels, sorted, with
/// commas between them.
#[must_use]
pub fn check<'a>(
    check: &'a Check,
    channels: &'a str,
    links: &Links,
    version: u8,
    view: View,
    now: Time,
) -> ApiCheck<'a> {
    let (state, rules, spec) = (check.state(), check.rules(), check.spec());
    let shown = state.shown(now);
    // A run that is overdue is told as such, not as running.
    let overdue = |run: Run| shown == Shown::Down && run.at + check.grace() <= now;
    let running = version == 1 && state.run.is_some_and(|run| !overdue(run));
    let mail_word = |word: &str| if check.filter_subject { word.to_owned() } else { String::new() };
    let code = check.code();
    let api = |tail: &str| links.to(&format!("/api/v{version}/checks/{code}{tail}"));
    ApiCheck {
        name: &check.name,
        slug: &check.slug,
        tags: &check.tags,
        desc: &check.description,
        grace: check.grace().num_seconds(),
        n_pings: check.n_pings,
        status: if running { "started" } else { shown.as_str() },
        started: state.run.is_some(),
        last_ping: state.last_ping.map(seconds),
        next_ping: state.next_ping(now).map(seconds),
        manual_resume: check.manual_resume,
        methods: if rules.post_only { "POST" } else { "" },
        subject: mail_word(&rules.success),
        subject_fail: mail_word(&rules.failure),
        start_kw: rules.start,
        success_kw: rules.success,
        failure_kw: rules.failure,
        filter_subject: check.filter_subject,
        filter_body: check.filter_body,
        filter_http_body: rules.filter_body,
        filter_default_fail: rules.default_fail,
        badge_url: links.to(&format!("/b/2/{}.svg", check.badge_key())),
        last_duration: state.last_duration.map(|span| span.num_seconds()).filter(|seconds| *seconds > 0),
        identity: match view {
            View::Full => Identity::Full {
                uuid: code,
                ping_url: links.ping(code),
                update_url: api(""),
                pause_url: api("/pause"),
                resume_url: api("/resume"),
                channels,
            },
            View::ReadOnly => Identity::ReadOnly { unique_key: unique_key(code) },
        },
        times: match spec.kind {
            Kind::Period => Times::Period { timeout: spec.period.num_seconds() },
            Kind::Cron | Kind::OnCalendar => Times::Calendar { schedule: spec.expr, tz: spec.tz },
            // A kind of ours, told in the words that such a reader understands: the same times as calendar events.
            Kind::Daily => Times::Calendar { schedule: as_on_calendar(&spec), tz: spec.tz },
        },
    }
}

/// A check in full, as one JSON text.
#[must_use]
pub fn text(of: &Check, channels: &str, links: &Links, now: Time) -> String {
    // Texts and numbers always have a form in JSON.
    serde_json::to_string(&check(of, channels, links, 3, View::Full, now)).unwrap_or_default()
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
