//! A check's own page, and what one can do to it there.
use std::collections::BTreeSet;

use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::events::{self, Log, Show};
use super::timeline::{self, Timeline};
use crate::core::access::Action;
use crate::core::check::{Early, Event, Shown, State};
use crate::core::ping::MailFilters;
use crate::core::schedule::{Kind, Schedule, Zone};
use crate::core::{Span, Time};
use crate::healthchecks::unique_key;
use crate::i18n::{Lang, zone_or_utc};
use crate::mime;
use crate::notify::load::display_name;
use crate::store::addresses::{self, Addresses};
use crate::store::channels::Channel;
use crate::store::checks::{self, Check};
use crate::store::flips::{self, Window};
use crate::store::pings::{self, Ping};
use crate::store::{blackouts, channels, check_lists, consents, projects};
use crate::web::error::{AppError, Result};
use crate::web::extract::{Fields, Visit};
use crate::web::view::{Confirm, Shell, Sign, page, schedule_words, sign};

/// How far back the timeline goes.
const DAYS: i64 = 7;
/// Due times that the page looks ahead.
const NEXT: usize = 3;

#[derive(Template)]
#[template(path = "checks/show.html")]
struct Page {
    s: Shell,
    code: String,
    name: String,
    description: String,
    tags: Vec<String>,
    sign: Sign,
    headline: String,
    explained: String,
    paused: bool,
    pinged: bool,
    timeline: Timeline,
    log: Log,
    show: Show,
    older: String,
    /// What stands behind `curl`.
    curl: String,
    crontab: String,
    /// What counts as which event, beyond the address: set by the API.
    filters: Vec<String>,
    slug_url: Option<String>,
    /// The address to mail to, where mails are taken.
    mail: Option<String>,
    short: String,
    alias: Option<String>,
    /// The path of the check's badge.
    badge: String,
    schedule: String,
    zone: String,
    times_in: String,
    grace: String,
    early: String,
    channels: Vec<Target>,
    next: Vec<String>,
}

/// A channel that hears of the check.
struct Target {
    name: String,
    /// Why nobody hears of anything through it, in a few words; empty where somebody does.
    trouble: String,
}

impl Target {
    /// `hollow`: the groups of which no member works.
    fn of(l: Lang, channel: Channel, hollow: &BTreeSet<i64>) -> Self {
        let trouble = match channel.consent() {
            Some(consents::State::Asked) => l.t("alerts-unconfirmed"),
            _ if !channel.works() || hollow.contains(&channel.id) => l.t("alerts-broken"),
            _ => String::new(),
        };
        Self { name: channel.name, trouble }
    }
}

/// `GET /cloaked/{key}`: to the page of the check whose `unique_key` a reader's program was given, for people who have
/// signed in.
pub async fn by_unique_key(visit: Visit, Path(key): Path<String>) -> Result<Response> {
    let (db, user) = (&visit.state.db, visit.user()?);
    for project in projects::of_user(db, user).await? {
        let codes = check_lists::codes(db, project.id).await?;
        if let Some(code) = codes.iter().find(|code| unique_key(code) == key) {
            let page = visit.state.links.local(&format!("/checks/{code}"));
            return Ok(Redirect::to(&page).into_response());
        }
    }
    Err(AppError::NotFound)
}

/// `GET /checks/{check}`
pub async fn get(visit: Visit, Path(code): Path<String>) -> Result<Response> {
    let (check, project, role) = visit.check(&code, Action::View).await?;
    let (db, l, now) = (&visit.state.db, visit.lang, visit.state.now());
    let query = Fields::read(visit.here.split_once('?').map_or("", |(_, query)| query).as_bytes());
    let show = Show::named(query.get("show"));
    let spec = check.spec();
    let zone = zone_or_utc(&spec.tz);
    let state = check.state();
    let from = now - Span::days(DAYS);
    let recent = flips::list(db, check.id, Window::default(), 1000).await?;
    let timeline = timeline::draw(&timeline::Of {
        l,
        zone: &zone,
        state: &state,
        made: check.created_at(),
        flips: &recent,
        blackouts: &blackouts::since(db, from).await?,
        from,
        now,
    });
    let log = events::log(db, l, &zone, &check, show, query.get("before").parse().ok(), now).await?;
    let linked = checks::channel_ids(db, check.id).await?;
    let names = channels::list(db, project.id).await?;
    let hollow = channels::hollow_groups(db, project.id).await?;
    let (headline, explained) = headline(l, &check, &state, &zone, now);
    let links = &visit.state.links;
    let slug_url = project
        .ping_key
        .as_ref()
        .filter(|_| !check.slug.is_empty())
        .map(|key| links.to(&format!("/ping/{key}/{}", check.slug)));
    let ping_url = links.ping(check.code());
    let Addresses { short, alias } = addresses::of(db, check.id).await?;
    page(&Page {
        s: Shell::of(&visit, &project, role, "checks").await?,
        name: display_name(&check, l),
        description: check.description.clone(),
        tags: check.tags.split_whitespace().map(str::to_owned).collect(),
        sign: sign(l, state.shown(now), state.run.is_some()),
        headline,
        explained,
        paused: state.status == crate::core::check::Status::Paused,
        pinged: check.n_pings > 0,
        timeline,
        older: log.older.map(|id| format!("{id}")).unwrap_or_default(),
        log,
        show,
        curl: format!("{CURL}{} {ping_url}", method(&check)),
        crontab: crontab(&check, &ping_url),
        filters: filters(l, &check),
        slug_url,
        mail: links.ping_mail(check.code()),
        short,
        alias,
        badge: format!("/b/3/{}.svg", check.badge_key()),
        schedule: schedule_words(l, &spec),
        zone: spec.tz.clone(),
        times_in: l.ta("times-in", &[("zone", zone.name())]),
        grace: l.span(check.grace()),
        early: early_words(l, &check),
        channels: names
            .into_iter()
            .filter(|c| linked.contains(&c.id))
            .map(|c| Target::of(l, c, &hollow))
            .collect(),
        next: next_runs(l, &check, &state, &zone, now),
        code,
    })
}

/// One sentence that answers the question of three in the morning: the state, and what stands behind it.
fn headline(l: Lang, check: &Check, state: &State, zone: &Zone, now: Time) -> (String, String) {
    // Where minutes would hide what happened, seconds are told.
    let exact = check.grace() < Span::minutes(5);
    let moment = |at: Time| l.near(at, zone, now, exact);
    let span = |at: Time| l.rough(now - at);
    let heard = match state.last_ping {
        Some(at) => l.ta("headline-heard", &[("span", &span(at))]),
        None => String::new(),
    };
    match state.shown(now) {
        Shown::Down => {
            let since = state.deadline.unwrap_or(state.since).min(now);
            let first = l.ta("headline-down", &[("span", &span(since))]);
            let why = match (state.due.filter(|due| *due <= since), state.run) {
                (_, Some(run)) => l.ta("headline-down-run", &[("started", &moment(run.at))]),
                (Some(due), None) => {
                    l.ta("headline-down-missed", &[("due", &moment(due)), ("end", &moment(since))])
                }
                (None, None) => l.ta("headline-down-failed", &[("at", &moment(since))]),
            };
            (first, why)
        }
        Shown::Late => {
            let due = state.due.unwrap_or(now);
            let left = state.deadline.map_or_else(Span::zero, |deadline| deadline - now);
            let values = [("due", moment(due)), ("span", l.rough(left))];
            (
                l.t("headline-late"),
                l.ta("headline-late-text", &[("due", &values[0].1), ("span", &values[1].1)]),
            )
        }
        Shown::Paused => (l.t("headline-paused"), l.t("headline-paused-text")),
        Shown::New if state.run.is_none() => (l.t("headline-new"), l.t("headline-new-text")),
        _ if state.run.is_some() => {
            let started = state.run.map_or(now, |run| run.at);
            let end = moment(started + check.grace());
            let first = l.ta("headline-running", &[("span", &span(started))]);
            (first, l.ta("headline-running-text", &[("end", &end)]))
        }
        _ => {
            let next = match state.due {
                Some(due) => l.ta("headline-next", &[("due", &moment(due)), ("span", &l.rough(due - now))]),
                None => String::new(),
            };
            (l.t("headline-up"), [heard, next].join(l.t("sentence-space").as_str()))
        }
    }
}

fn early_words(l: Lang, check: &Check) -> String {
    if check.spec().kind == Kind::Period {
        return String::new();
    }
    match check.early() {
        Early::Auto => l.t("early-auto"),
        Early::Within(span) if span.is_zero() => l.t("early-off"),
        Early::Within(span) => l.span(span),
    }
}

fn next_runs(l: Lang, check: &Check, state: &State, zone: &Zone, now: Time) -> Vec<String> {
    let Ok(schedule) = Schedule::parse(&check.spec()) else { return Vec::new() };
    let mut at = match state.due {
        Some(due) if due > now && state.shown(now) == Shown::Up => due,
        _ if schedule.is_period() => return Vec::new(),
        _ => match schedule.next_after(now) {
            Some(next) => next,
            None => return Vec::new(),
        },
    };
    let mut runs = vec![l.moment(at, zone, false)];
    while runs.len() < NEXT && !schedule.is_period() {
        match schedule.next_after(at) {
            Some(next) => at = next,
            None => break,
        }
        runs.push(l.moment(at, zone, false));
    }
    runs
}

const CURL: &str = "curl -fsS -m 10 --retry 5";

/// How curl is told to POST, where nothing else counts.
fn method(check: &Check) -> &'static str {
    if check.post_only { " -X POST" } else { "" }
}

/// A crontab line for this check: its own schedule where that is one, else an example.
fn crontab(check: &Check, ping_url: &str) -> String {
    let spec = check.spec();
    let times = if spec.kind == Kind::Cron { spec.expr } else { "0 3 * * *".to_owned() };
    format!("{times} /path/to/job.sh && {CURL}{} -o /dev/null {ping_url}", method(check))
}

/// The rules that decide what a ping counts as, in sentences.
fn filters(l: Lang, check: &Check) -> Vec<String> {
    let mut told = Vec::new();
    if check.post_only {
        told.push(l.t("filter-post"));
    }
    let mut by_keywords = |[failure, success, start, else_failure, else_nothing]: [&str; 5]| {
        for (key, words) in
            [(failure, &check.failure_kw), (success, &check.success_kw), (start, &check.start_kw)]
        {
            if !words.is_empty() {
                told.push(l.ta(key, &[("words", words)]));
            }
        }
        told.push(l.t(if check.filter_default_fail { else_failure } else { else_nothing }));
    };
    if check.filter_http_body {
        by_keywords([
            "filter-failure",
            "filter-success",
            "filter-start",
            "filter-else-failure",
            "filter-else-nothing",
        ]);
    }
    let in_mails = match check.mail_filters() {
        _ if check.post_only => None,
        MailFilters { subject: true, text: true } => Some("filter-mail-both"),
        MailFilters { subject: true, text: false } => Some("filter-mail-subject"),
        MailFilters { subject: false, text: true } => Some("filter-mail-text"),
        MailFilters { subject: false, text: false } => None,
    };
    if let Some(place) = in_mails {
        by_keywords([
            "filter-mail-failure",
            "filter-mail-success",
            "filter-mail-start",
            "filter-mail-else-failure",
            "filter-mail-else-nothing",
        ]);
        told.push(l.t(place));
    }
    if check.manual_resume {
        told.push(l.t("filter-manual-resume"));
    }
    told
}

/// `GET /checks/{check}/pings/{ping}/body`: what the job sent, as plain text. Of a mail its subject and its text.
pub async fn body(visit: Visit, Path((code, ping)): Path<(String, String)>) -> Result<Response> {
    let (ping, body) = sent(&visit, &code, &ping).await?;
    let read = ping.is_mail().then(|| mime::as_read(&body)).filter(|words| !words.trim().is_empty());
    Ok(plain(read.unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned())))
}

/// `GET /checks/{check}/pings/{ping}/source`: the same as it came; a mail with its head and all its parts.
pub async fn source(visit: Visit, Path((code, ping)): Path<(String, String)>) -> Result<Response> {
    let (_, body) = sent(&visit, &code, &ping).await?;
    Ok(plain(String::from_utf8_lossy(&body).into_owned()))
}

async fn sent(visit: &Visit, code: &str, ping: &str) -> Result<(Ping, Vec<u8>)> {
    let id: i64 = ping.parse().map_err(|_| AppError::NotFound)?;
    let (check, _, _) = visit.check(code, Action::View).await?;
    let ping = pings::by_id(&visit.state.db, check.id, id).await?.ok_or(AppError::NotFound)?;
    let stored = pings::body(&visit.state.db, check.id, id).await?.ok_or(AppError::NotFound)?;
    Ok((ping, stored.unpack()))
}

fn plain(text: String) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))];
    (StatusCode::OK, kind, text).into_response()
}

async fn apply(visit: &Visit, code: &str, event: Event<'_>, done: &str) -> Result<Response> {
    let (check, _, _) = visit.check(code, Action::EditChecks).await?;
    checks::apply(&visit.state.db, check.id, event, visit.state.now()).await?;
    let path = format!("/checks/{}?done={done}", check.code());
    Ok(Redirect::to(&visit.state.links.local(&path)).into_response())
}

/// `POST /checks/{check}/pause`
pub async fn pause(visit: Visit, Path(code): Path<String>) -> Result<Response> {
    apply(&visit, &code, Event::Pause, "check-paused").await
}

/// `POST /checks/{check}/resume`
pub async fn resume(visit: Visit, Path(code): Path<String>) -> Result<Response> {
    apply(&visit, &code, Event::Resume, "check-resumed").await
}

/// `GET /checks/{check}/delete`: asks once more.
pub async fn ask_delete(visit: Visit, Path(code): Path<String>) -> Result<Response> {
    let (check, project, role) = visit.check(&code, Action::EditChecks).await?;
    let (l, links) = (visit.lang, &visit.state.links);
    page(&Confirm {
        s: Shell::of(&visit, &project, role, "checks").await?,
        title: l.ta("check-delete-title", &[("name", &display_name(&check, l))]),
        text: l.t("check-delete-text"),
        action: links.local(&format!("/checks/{}/delete", check.code())),
        button: l.t("delete"),
        back: links.local(&format!("/checks/{}", check.code())),
    })
}

/// `POST /checks/{check}/delete`
pub async fn delete(visit: Visit, Path(code): Path<String>) -> Result<Response> {
    let (check, project, _) = visit.check(&code, Action::EditChecks).await?;
    checks::delete(&visit.state.db, check.id).await?;
    let path = format!("/projects/{}/checks?done=check-deleted", project.uuid);
    Ok(Redirect::to(&visit.state.links.local(&path)).into_response())
}
