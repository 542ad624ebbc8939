//! The event log of a check: pings, changes of status, alerts with their attempts, and our own absences.
use std::collections::HashMap;

use crate::core::Time;
use crate::core::check::Blackout;
use crate::core::schedule::Zone;
use crate::i18n::{Lang, clock_time};
use crate::store::checks::Check;
use crate::store::flips::{Flip, Window};
use crate::store::outbox::{Attempt, Shown};
use crate::store::pings::Ping;
use crate::store::{Db, StoreError, blackouts, flips, outbox, pings};
use crate::web::view::size_words;

/// Pings on one page of the log.
const PINGS: i64 = 50;
/// Flips that are looked at for one page.
const FLIPS: i64 = 200;

/// What of the log is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    All,
    Pings,
    Alerts,
}

impl Show {
    #[must_use]
    pub fn named(word: &str) -> Self {
        match word {
            "pings" => Self::Pings,
            "alerts" => Self::Alerts,
            _ => Self::All,
        }
    }
}

/// One line of the log.
pub struct Event {
    at: Time,
    pub iso: String,
    pub time: String,
    pub exact: String,
    pub icon: &'static str,
    pub class: &'static str,
    pub title: String,
    pub extra: String,
    pub side: String,
    /// The ping whose body can be read.
    pub body: Option<i64>,
    /// Whether that body is a mail, whose source can be read too.
    pub is_mail: bool,
    pub attempts: Vec<Try>,
    /// How many attempts there were, in words.
    pub tries: String,
}

/// One attempt to deliver an alert.
pub struct Try {
    pub time: String,
    pub text: String,
}

/// The events of one day.
pub struct Day {
    pub title: String,
    pub events: Vec<Event>,
}

/// A page of the log, and where the next one begins.
pub struct Log {
    pub days: Vec<Day>,
    pub older: Option<i64>,
}

/// Gathers one page: up to 50 pings back from `before` (or the newest), and everything else in their time.
pub async fn log(
    db: &Db,
    l: Lang,
    zone: &Zone,
    check: &Check,
    show: Show,
    before: Option<i64>,
    now: Time,
) -> Result<Log, StoreError> {
    let from = before.or(check.last_ping_id);
    let mut found = pings::list(db, check.id, from, PINGS + 1).await?;
    let older = (found.len() > usize::try_from(PINGS).unwrap_or(50))
        .then(|| found.pop().map(|ping| ping.id))
        .flatten();
    // Without a next page this one reaches back to the beginning.
    let window = Window {
        from: older.and(found.last().map(Ping::at)),
        to: before.and(found.first().map(|ping| ping.at() + crate::core::Span::microseconds(1))),
    };
    let changes = flips::list(db, check.id, window, FLIPS).await?;
    let mut events = Vec::new();
    if show != Show::Alerts {
        events.extend(found.iter().map(|ping| of_ping(l, zone, ping)));
    }
    if show != Show::Pings {
        let oldest = changes.last().map_or(i64::MAX, |flip| flip.id);
        let alerts = outbox::of_flips(db, check.id, oldest).await?;
        let attempts = outbox::attempts(db, check.id, oldest).await?;
        let in_window = |alert: &&Shown| changes.iter().any(|flip| flip.id == alert.flip_id);
        let flip_at: HashMap<i64, Time> = changes.iter().map(|flip| (flip.id, flip.at())).collect();
        for alert in alerts.iter().filter(in_window) {
            let at = flip_at.get(&alert.flip_id).copied().unwrap_or(now);
            events.push(of_alert(l, zone, alert, &attempts, at, now));
        }
        let since = window.from.unwrap_or_else(|| check.created_at());
        let until = window.to.unwrap_or(now);
        for blackout in blackouts::since(db, since).await? {
            if blackout.to <= until && show == Show::All {
                events.push(of_blackout(l, zone, blackout));
            }
        }
    }
    if show == Show::All {
        events.extend(changes.iter().map(|flip| of_flip(l, zone, flip)));
    }
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    Ok(Log { days: by_day(l, zone, events, now), older })
}

fn by_day(l: Lang, zone: &Zone, events: Vec<Event>, now: Time) -> Vec<Day> {
    let today = zone.civil(now);
    let mut days: Vec<Day> = Vec::new();
    for event in events {
        let civil = zone.civil(event.at);
        let mut title =
            format!("{}{}", l.t(&format!("weekday-{}", civil.weekday)), l.t("schedule-zone-comma"));
        title.push_str(&l.day(&civil));
        if (civil.year, civil.month, civil.day) == (today.year, today.month, today.day) {
            title = l.ta("today", &[("day", &l.day(&civil))]);
        } else if civil.year != today.year {
            title = format!("{} {title}", civil.year);
        }
        match days.last_mut() {
            Some(day) if day.title == title => day.events.push(event),
            _ => days.push(Day { title, events: vec![event] }),
        }
    }
    days
}

fn event(l: Lang, zone: &Zone, at: Time, icon: &'static str, class: &'static str, title: String) -> Event {
    Event {
        at,
        iso: at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        time: clock_time(&zone.civil(at), true),
        exact: format!("{} {}", l.moment(at, zone, true), zone.name()),
        icon,
        class,
        title,
        extra: String::new(),
        side: String::new(),
        body: None,
        is_mail: false,
        attempts: Vec::new(),
        tries: String::new(),
    }
}

fn of_ping(l: Lang, zone: &Zone, ping: &Ping) -> Event {
    let (icon, class) = match ping.kind.as_str() {
        "success" => ("up", "up"),
        "start" => ("run", "still"),
        "fail" => ("down", "down"),
        _ => ("note", "idle"),
    };
    let mut extra = Vec::new();
    if let Some(status) = ping.exit_status {
        extra.push(l.ta("event-exit", &[("status", &status.to_string())]));
    }
    if let Some(duration) = ping.duration() {
        extra.push(l.span(duration));
    }
    if let Some(rid) = &ping.rid {
        extra.push(l.ta("event-run", &[("run", rid.get(..8).unwrap_or(rid))]));
    }
    if ping.body_size > 0 {
        extra.push(l.ta("event-body", &[("size", &size_words(ping.body_size))]));
    }
    let agent = ping.ua.split(['/', ' ']).next().unwrap_or_default();
    let side = [ping.remote_addr.as_str(), agent].into_iter().filter(|part| !part.is_empty());
    Event {
        extra: extra.join(" · "),
        side: side.collect::<Vec<_>>().join(" · "),
        body: (ping.body_size > 0).then_some(ping.id),
        is_mail: ping.is_mail(),
        ..event(l, zone, ping.at(), icon, class, l.t(&format!("event-ping-{}", ping.kind)))
    }
}

fn of_flip(l: Lang, zone: &Zone, flip: &Flip) -> Event {
    let (icon, class) = match flip.new_status.as_str() {
        "up" => ("up", "up"),
        "down" => ("down", "down"),
        "paused" => ("idle", "idle"),
        _ => ("new", "idle"),
    };
    let moment = |at: Time| l.moment(at, zone, true);
    let due = flip.due_at().map(moment).unwrap_or_default();
    let extra = match flip.reason.as_str() {
        "missed" if flip.blackout_id.is_some() => l.ta("event-why-blind", &[("due", &due)]),
        "missed" => l.ta("event-why-missed", &[("due", &due)]),
        "overrun" => l.ta("event-why-overrun", &[("started", &due)]),
        "exit" => l.ta("event-exit", &[("status", &flip.exit_status.unwrap_or_default().to_string())]),
        "fail" => l.t("event-why-fail"),
        "success" if flip.old_status == "down" => {
            let away = l.span(flip.at() - flip.since());
            let missed = if flip.missed > 0 { l.tn("alert-runs-missed", flip.missed) } else { String::new() };
            [l.ta("event-why-back", &[("span", &away)]), missed]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" · ")
        }
        _ => String::new(),
    };
    Event { extra, ..event(l, zone, flip.at(), icon, class, l.t(&format!("event-flip-{}", flip.new_status))) }
}

fn of_alert(l: Lang, zone: &Zone, alert: &Shown, attempts: &[Attempt], at: Time, now: Time) -> Event {
    let tries: Vec<Try> = attempts
        .iter()
        .filter(|attempt| attempt.outbox_id == alert.id)
        .map(|attempt| Try {
            time: l.moment(attempt.at(), zone, true),
            text: format!(
                "{} · {} · {} ms",
                l.t(&format!("attempt-{}", attempt.outcome)),
                l.said(&attempt.detail),
                attempt.took().num_milliseconds()
            ),
        })
        .collect();
    let class = match alert.state.as_str() {
        "sent" | "skipped" => "idle",
        "dead" => "down",
        _ => "late",
    };
    let side = match alert.state.as_str() {
        "queued" if alert.is_unconfirmed => l.t("alerts-unconfirmed"),
        "queued" if alert.next_at() > now && alert.attempts > 0 => {
            l.ta("alert-state-again", &[("span", &l.span(alert.next_at() - now))])
        }
        state => l.t(&format!("alert-state-{state}")),
    };
    let kind = l.t(&format!("channel-kind-{}", alert.channel_kind));
    Event {
        extra: format!("{} ({kind})", alert.channel_name),
        side,
        tries: l.tn("attempts", i64::try_from(tries.len()).unwrap_or(0)),
        attempts: tries,
        ..event(l, zone, at, "bell", class, l.t(&format!("event-alert-{}", alert.kind)))
    }
}

fn of_blackout(l: Lang, zone: &Zone, blackout: Blackout) -> Event {
    let values = (l.moment(blackout.from, zone, true), l.span(blackout.to - blackout.from));
    Event {
        extra: l.ta("event-blackout-text", &[("from", &values.0), ("span", &values.1)]),
        ..event(l, zone, blackout.to, "blind", "blind", l.t("event-blackout"))
    }
}
