//! A channel's own page: how it does, and every attempt to deliver something through it.
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use super::consent::Health;
use crate::core::access::{Action, allows};
use crate::i18n::{Lang, zone_or_utc};
use crate::notify::driver;
use crate::store::channels;
use crate::store::consents;
use crate::store::delivery::{self, Logged, Waiting};
use crate::web::error::Result;
use crate::web::extract::{Fields, Visit};
use crate::web::view::{Shell, When, ago, page, when};

/// Attempts on one page of the log.
const ATTEMPTS: i64 = 50;

#[derive(Template)]
#[template(path = "channels/show.html")]
struct Page {
    s: Shell,
    uuid: String,
    name: String,
    kind: String,
    target: String,
    health: Health,
    fallback: String,
    canary: String,
    /// What waits, in words; empty when nothing does.
    waiting: String,
    dead: i64,
    dead_words: String,
    rows: Vec<Row>,
    older: Option<i64>,
    can_change: bool,
}

/// One attempt.
struct Row {
    at: When,
    icon: &'static str,
    class: &'static str,
    title: String,
    check: Option<(String, String)>,
    outcome: String,
    detail: String,
    took: String,
}

fn row(l: Lang, attempt: &Logged, now: crate::core::Time) -> Row {
    let utc = zone_or_utc("UTC");
    let (icon, class) = match attempt.outcome.as_str() {
        "sent" => ("up", "up"),
        "retry" => ("late", "late"),
        "skipped" => ("idle", "idle"),
        _ => ("down", "down"),
    };
    let mut title = l.t(&format!("delivery-{}", attempt.kind));
    if attempt.origin_id.is_some() && attempt.kind != "notice" {
        title = l.ta("delivery-instead", &[("what", &title)]);
    }
    let name = attempt.check_name.clone().filter(|name| !name.is_empty());
    Row {
        at: when(l, attempt.at(), &utc, ago(l, attempt.at(), now)),
        icon,
        class,
        title,
        check: attempt.check_uuid.clone().map(|uuid| (uuid, name.unwrap_or_else(|| l.t("check-unnamed")))),
        outcome: l.t(&format!("attempt-{}", attempt.outcome)),
        detail: l.said(&attempt.detail),
        took: format!("{} ms", attempt.took().num_milliseconds()),
    }
}

/// How much waits for a channel, and for how long.
pub(super) fn waiting_words(l: Lang, waiting: &Waiting, now: crate::core::Time) -> String {
    match waiting.oldest() {
        Some(oldest) => {
            l.tn("delivery-waiting", waiting.queued)
                + &l.ta("delivery-oldest", &[("span", &l.rough(now - oldest))])
        }
        None => String::new(),
    }
}

/// `GET /channels/{channel}`
pub async fn get(visit: Visit, Path(uuid): Path<String>) -> Result<Response> {
    let (channel, project, role) = visit.channel(&uuid, Action::View).await?;
    let (db, l, now) = (&visit.state.db, visit.lang, visit.state.now());
    let query = Fields::read(visit.here.split_once('?').map_or("", |(_, query)| query).as_bytes());
    let mut attempts = delivery::log(db, channel.id, query.get("before").parse().ok(), ATTEMPTS + 1).await?;
    let more = i64::try_from(attempts.len()).is_ok_and(|len| len > ATTEMPTS);
    attempts.truncate(usize::try_from(ATTEMPTS).unwrap_or(usize::MAX));
    let asked = consents::of_project(db, project.id).await?;
    let hollow = channels::hollow_groups(db, project.id).await?;
    let waiting = delivery::waiting(db, channel.id).await?;
    let all = channels::list(db, project.id).await?;
    let fallback = all.iter().find(|other| Some(other.id) == channel.fallback_id);
    let canary = channel.canary_at().map(|at| l.moment(at, &zone_or_utc("UTC"), false));
    page(&Page {
        s: Shell::of(&visit, &project, role, "channels").await?,
        uuid: channel.uuid.clone(),
        kind: l.t(&format!("channel-kind-{}", channel.kind)),
        target: driver(&channel.kind).map(|driver| (driver.target)(&channel.settings())).unwrap_or_default(),
        health: Health::of(l, &channel, &asked, now).unless_hollow(l, &channel, &hollow),
        fallback: fallback.map(|fallback| fallback.name.clone()).unwrap_or_default(),
        canary: canary.map(|at| l.ta("channel-canary-next", &[("at", &at)])).unwrap_or_default(),
        waiting: waiting_words(l, &waiting, now),
        dead: waiting.dead,
        dead_words: l.tn("undelivered", waiting.dead),
        older: attempts.last().filter(|_| more).map(|last| last.id),
        rows: attempts.iter().map(|attempt| row(l, attempt, now)).collect(),
        can_change: allows(Some(role), Action::EditChannels),
        name: channel.name,
    })
}

/// `POST /channels/{channel}/resend`: everything that it could not deliver, once more.
pub async fn resend(visit: Visit, Path(uuid): Path<String>) -> Result<Response> {
    let (channel, _, _) = visit.channel(&uuid, Action::EditChannels).await?;
    let state = &visit.state;
    delivery::resend_all(&state.db, channel.id, state.now()).await?;
    state.wakes.outbox.notify_one();
    let path = format!("/channels/{}?done=alert-resent", channel.uuid);
    Ok(Redirect::to(&state.links.local(&path)).into_response())
}

/// `GET /channels/{channel}/resend`: where a reload of the answer leads.
pub async fn resent(visit: Visit, Path(uuid): Path<String>) -> Result<Response> {
    let (channel, _, _) = visit.channel(&uuid, Action::View).await?;
    let path = format!("/channels/{}", channel.uuid);
    Ok(Redirect::to(&visit.state.links.local(&path)).into_response())
}
