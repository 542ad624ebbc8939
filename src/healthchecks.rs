//! Checks in the words of the Healthchecks management API: for that API and for the `$JSON` of webhooks.
//!
//! Source: COMPATIBILITY.md 4.2, "Check JSON"; the key order is the original's.
use chrono::SecondsFormat;
use serde_json::{Map, Value, json};
use sha1::{Digest as _, Sha1};

use crate::auth::secret::hex;
use crate::core::Time;
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

/// A check as API version `version` (1 to 3) shows it at `now`. `channels`: the UUIDs of its channels, sorted.
#[must_use]
pub fn check(check: &Check, channels: &[String], links: &Links, version: u8, view: View, now: Time) -> Value {
    let (state, rules, spec) = (check.state(), check.rules(), check.spec());
    let status = if version == 1 && state.run.is_some() { "started" } else { state.shown(now).as_str() };
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    put("name", json!(check.name));
    put("slug", json!(check.slug));
    put("tags", json!(check.tags));
    put("desc", json!(check.description));
    put("grace", json!(check.grace().num_seconds()));
    put("n_pings", json!(check.n_pings));
    put("status", json!(status));
    put("started", json!(state.run.is_some()));
    put("last_ping", json!(state.last_ping.map(seconds)));
    put("next_ping", json!(state.next_ping(now).map(seconds)));
    put("manual_resume", json!(check.manual_resume));
    put("methods", json!(if rules.post_only { "POST" } else { "" }));
    put("subject", json!(if check.filter_subject { rules.success.as_str() } else { "" }));
    put("subject_fail", json!(if check.filter_subject { rules.failure.as_str() } else { "" }));
    put("start_kw", json!(rules.start));
    put("success_kw", json!(rules.success));
    put("failure_kw", json!(rules.failure));
    put("filter_subject", json!(check.filter_subject));
    put("filter_body", json!(check.filter_body));
    put("filter_http_body", json!(rules.filter_body));
    put("filter_default_fail", json!(rules.default_fail));
    put("badge_url", json!(links.to(&format!("/b/2/{}.svg", check.badge_key()))));
    if let Some(seconds) = state.last_duration.map(|span| span.num_seconds()).filter(|seconds| *seconds > 0) {
        put("last_duration", json!(seconds));
    }
    let code = check.code();
    if view == View::Full {
        let api = |tail: &str| links.to(&format!("/api/v{version}/checks/{code}{tail}"));
        put("uuid", json!(code));
        put("ping_url", json!(links.ping(code)));
        put("update_url", json!(api("")));
        put("pause_url", json!(api("/pause")));
        put("resume_url", json!(api("/resume")));
        put("channels", json!(channels.join(",")));
    } else {
        put("unique_key", json!(unique_key(code)));
    }
    match spec.kind {
        Kind::Period => put("timeout", json!(spec.period.num_seconds())),
        Kind::Cron | Kind::OnCalendar => {
            put("schedule", json!(spec.expr));
            put("tz", json!(spec.tz));
        }
        // A kind of ours, told in the words that such a reader understands: the same times as calendar events.
        Kind::Daily => {
            put("schedule", json!(as_on_calendar(&spec)));
            put("tz", json!(spec.tz));
        }
    }
    Value::Object(out)
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
