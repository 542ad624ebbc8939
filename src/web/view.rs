//! What pages share: the frame around them, and words for states, times and schedules.
use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use super::AppState;
use super::error::Result;
use super::extract::Visit;
use crate::core::access::{Action, Role, allows};
use crate::core::check::{Shown, State};
use crate::core::schedule::{Days, Kind, Schedule, Shape, Spec, Zone};
use crate::core::strip::{Mark, Strip};
use crate::core::{Span, Time};
use crate::i18n::Lang;
use crate::links::Links;
use crate::store::channels::{Channel, GROUP};
use crate::store::projects::{self, Project};
use crate::store::{StoreError, channels, delivery};

/// Draws a page.
pub fn page<T: Template>(template: &T) -> Result<Response> {
    Ok(Html(template.render()?).into_response())
}

/// The frame around every page.
#[expect(clippy::struct_excessive_bools, reason = "each shows or hides one thing")]
pub struct Shell {
    pub l: Lang,
    pub links: Links,
    pub email: Option<String>,
    /// The project that the page is about, and those one can switch to.
    pub project: Option<Project>,
    pub others: Vec<Project>,
    /// `checks`, `channels`, `badges` or `keys`.
    pub section: &'static str,
    /// Where a switch of language comes back to.
    pub here: String,
    /// A sentence at the top: alerts would reach nobody.
    pub nobody: bool,
    /// The groups that checks rely on and of which no member works, in words; empty when there is none.
    pub hollow: String,
    /// How many alerts could not be delivered, in words; empty when all were.
    pub undelivered: String,
    /// What just happened, told once.
    pub note: Option<String>,
    pub can_edit: bool,
    /// May see and make keys.
    pub is_owner: bool,
    /// May see how the server does.
    pub is_admin: bool,
}

impl Shell {
    /// The frame for somebody who is not signed in.
    #[must_use]
    pub fn plain(state: &AppState, lang: Lang, here: &str) -> Self {
        Self {
            l: lang,
            links: state.links.clone(),
            email: None,
            project: None,
            others: Vec::new(),
            section: "",
            here: here.to_owned(),
            nobody: false,
            hollow: String::new(),
            undelivered: String::new(),
            note: None,
            can_edit: false,
            is_owner: false,
            is_admin: false,
        }
    }

    /// The frame for a page about a project.
    pub async fn of(
        visit: &Visit,
        project: &Project,
        role: Role,
        section: &'static str,
    ) -> Result<Self, StoreError> {
        let db = &visit.state.db;
        let others = match &visit.user {
            Some(user) => projects::of_user(db, user).await?,
            None => Vec::new(),
        };
        let channels = channels::list(db, project.id).await?;
        let nobody = channels.iter().all(|channel| !channel.works() || channel.kind == GROUP);
        // Where nobody hears of anything, one sentence is enough.
        let groups = !nobody && channels.iter().any(|channel| channel.kind == GROUP);
        let hollow = if groups { hollow_words(visit, project, &channels).await? } else { String::new() };
        let undelivered = match delivery::count_undelivered(db, project.id).await? {
            0 => String::new(),
            delivery::MANY.. => visit.lang.ta("undelivered-many", &[("count", &delivery::MANY.to_string())]),
            count => visit.lang.tn("undelivered", count),
        };
        Ok(Self {
            email: visit.user.as_ref().map(|user| user.email.clone()),
            project: Some(project.clone()),
            others,
            section,
            here: visit.here.clone(),
            nobody,
            hollow,
            undelivered,
            note: note(&visit.here).map(|key| visit.lang.t(key)),
            can_edit: allows(Some(role), Action::EditChecks),
            is_owner: allows(Some(role), Action::EditProject),
            is_admin: visit.user.as_ref().is_some_and(|user| user.is_admin),
            ..Self::plain(&visit.state, visit.lang, &visit.here)
        })
    }

    /// A path on this host.
    #[must_use]
    pub fn to(&self, path: &str) -> String {
        self.links.local(path)
    }

    /// A path below the page's project.
    #[must_use]
    pub fn in_project(&self, path: &str) -> String {
        let uuid = self.project.as_ref().map_or("", |project| project.uuid.as_str());
        self.links.local(&format!("/projects/{uuid}{path}"))
    }

    /// The path of a check's page, or of something below it.
    #[must_use]
    pub fn check(&self, code: &str, below: &str) -> String {
        self.links.local(&format!("/checks/{code}{below}"))
    }

    /// The path of a ping's body.
    #[must_use]
    pub fn ping_body(&self, code: &str, ping: &i64) -> String {
        self.check(code, &format!("/pings/{ping}/body"))
    }

    /// The path of the same as it came.
    #[must_use]
    pub fn ping_source(&self, code: &str, ping: &i64) -> String {
        self.check(code, &format!("/pings/{ping}/source"))
    }

    /// The path of something below a channel.
    #[must_use]
    pub fn channel(&self, uuid: &str, below: &str) -> String {
        self.links.local(&format!("/channels/{uuid}{below}"))
    }

    /// The path of the form that adds a channel of a kind.
    #[must_use]
    pub fn add_channel(&self, kind: &str) -> String {
        self.in_project(&format!("/channels/new/{kind}"))
    }

    /// The path of another project's checks.
    #[must_use]
    pub fn checks_of(&self, project: &Project) -> String {
        self.links.local(&format!("/projects/{}/checks", project.uuid))
    }

    /// The word for a kind of channel.
    #[must_use]
    pub fn kind(&self, kind: &str) -> String {
        self.l.t(&format!("channel-kind-{kind}"))
    }

    /// The address of a static file.
    #[must_use]
    pub fn asset(&self, name: &str) -> String {
        self.links.local(super::assets::path(name))
    }
}

/// Says which groups tell nobody, of those that checks notify.
async fn hollow_words(visit: &Visit, project: &Project, all: &[Channel]) -> Result<String, StoreError> {
    let (db, l) = (&visit.state.db, visit.lang);
    let hollow = channels::hollow_groups(db, project.id).await?;
    if hollow.is_empty() {
        return Ok(String::new());
    }
    let uses = channels::uses(db, project.id).await?;
    let names: Vec<String> = all
        .iter()
        .filter(|channel| hollow.contains(&channel.id) && uses.contains_key(&channel.id))
        .map(|channel| l.ta("channel-quoted", &[("name", &channel.name)]))
        .collect();
    if names.is_empty() {
        return Ok(String::new());
    }
    Ok(l.ta("banner-hollow", &[("names", &names.join(&l.t("list-comma")))]))
}

/// Asks once more before something is gone for good.
#[derive(Template)]
#[template(path = "_partials/confirm.html")]
pub struct Confirm {
    pub s: Shell,
    pub title: String,
    pub text: String,
    /// Where the form posts to.
    pub action: String,
    pub button: String,
    pub back: String,
}

/// The locale key of what `?done=…` says has happened. Unknown words say nothing.
fn note(here: &str) -> Option<&'static str> {
    let query = here.split_once('?')?.1;
    let done = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "done")?.1;
    Some(match done.as_ref() {
        "check-made" => "note-check-made",
        "check-saved" => "note-check-saved",
        "check-deleted" => "note-check-deleted",
        "check-paused" => "note-check-paused",
        "check-resumed" => "note-check-resumed",
        "channel-made" => "note-channel-made",
        "channel-saved" => "note-channel-saved",
        "channel-asks" => "note-channel-asks",
        "channel-deleted" => "note-channel-deleted",
        "alert-resent" => "note-alert-resent",
        "alert-not-given-up" => "note-alert-not-given-up",
        "alerts-dismissed" => "note-alerts-dismissed",
        "key-revoked" => "note-key-revoked",
        "ping-key-made" => "note-ping-key-made",
        _ => return None,
    })
}

/// A state as the look has it: the mark's name in the sprite, its colour class, its word.
#[derive(Debug, Clone)]
pub struct Sign {
    pub icon: &'static str,
    pub class: &'static str,
    pub word: String,
}

/// The sign of a check. A running run shows unless something is wrong.
#[must_use]
pub fn sign(lang: Lang, shown: Shown, running: bool) -> Sign {
    let (icon, class, key) = match shown {
        Shown::Down => ("down", "down", "state-down"),
        Shown::Late if !running => ("late", "late", "state-late"),
        Shown::Paused => ("idle", "idle", "state-paused"),
        _ if running => ("run", "run", "state-running"),
        Shown::New => ("new", "idle", "state-new"),
        Shown::Late => ("late", "late", "state-late"),
        Shown::Up => ("up", "up", "state-up"),
    };
    Sign { icon, class, word: lang.t(key) }
}

/// A moment: told relatively, exact for machines and on hover.
#[derive(Debug, Clone)]
pub struct When {
    pub iso: String,
    pub exact: String,
    pub text: String,
}

/// `at` with its exact form in `zone`, called `text`.
#[must_use]
pub fn when(lang: Lang, at: Time, zone: &Zone, text: String) -> When {
    let civil = zone.civil(at);
    When {
        iso: at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        exact: format!("{} {} {}", civil.year, lang.moment(at, zone, true), zone.name()),
        text,
    }
}

/// How long ago something was.
#[must_use]
pub fn ago(lang: Lang, at: Time, now: Time) -> String {
    if now - at < Span::seconds(1) {
        return lang.t("just-now");
    }
    lang.ta("ago", &[("span", &lang.rough(now - at))])
}

/// The cell "next due" of a check: its words, and whether they are a warning.
#[must_use]
pub fn due_words(lang: Lang, state: &State, grace: Span, now: Time) -> (String, &'static str) {
    let span = |from: Time, to: Time| lang.rough(to - from);
    match state.shown(now) {
        Shown::Down => {
            let since = state.due.filter(|due| *due <= now).unwrap_or(state.since);
            let key = if state.due.is_some_and(|due| due <= now) { "due-overdue" } else { "due-down" };
            (lang.ta(key, &[("span", &span(since, now))]), "is-over")
        }
        Shown::Paused => (lang.t("state-paused"), ""),
        _ if state.run.is_some() => {
            let end = state.run.map_or(now, |run| run.at + grace);
            (lang.ta("due-ends-in", &[("span", &span(now, end))]), "")
        }
        Shown::Late => {
            let left = state.deadline.map_or_else(Span::zero, |deadline| deadline - now);
            (lang.ta("due-grace-left", &[("span", &lang.rough(left))]), "is-late")
        }
        Shown::New => (lang.t("due-waiting"), ""),
        Shown::Up => match state.due {
            Some(due) => (lang.ta("due-in", &[("span", &span(now, due))]), ""),
            None => (lang.t("due-never"), ""),
        },
    }
}

/// A schedule in words, with its zone where it has one.
#[must_use]
pub fn schedule_with_zone(lang: Lang, spec: &Spec) -> String {
    let words = schedule_words(lang, spec);
    match spec.kind {
        Kind::Period => words,
        _ => format!("{words}{}{}", lang.t("schedule-zone-comma"), spec.tz),
    }
}

/// A schedule in words, without its zone.
#[must_use]
pub fn schedule_words(lang: Lang, spec: &Spec) -> String {
    let Ok(schedule) = Schedule::parse(spec) else { return spec.expr.clone() };
    match schedule.shape() {
        Shape::Every(span) => lang.every(span),
        Shape::HourlyAt(0) => lang.t("schedule-hourly"),
        Shape::HourlyAt(minute) => lang.ta("schedule-hourly-at", &[("minute", &format!("{minute:02}"))]),
        Shape::At { times, days } => {
            let times: Vec<String> = times.iter().map(|(h, m)| format!("{h:02}:{m:02}")).collect();
            let times = times.join(if lang == Lang::En { ", " } else { "、" });
            lang.ta("schedule-days-at", &[("days", &days_words(lang, &days)), ("times", &times)])
        }
        Shape::Expression(text) => text,
    }
}

fn days_words(lang: Lang, days: &Days) -> String {
    let comma = if lang == Lang::En { ", " } else { "、" };
    match days {
        Days::EveryDay => lang.t("schedule-daily"),
        Days::Weekdays(days) => {
            let name = |day: &u8| lang.t(&format!("weekday-{day}"));
            let run = days.len() > 2 && days.windows(2).all(|pair| pair[1] == pair[0] + 1);
            match (days.first(), days.last()) {
                (Some(first), Some(last)) if run => format!("{}–{}", name(first), name(last)),
                _ => days.iter().map(name).collect::<Vec<_>>().join(comma),
            }
        }
        Days::DayOfMonth(days) => {
            let days: Vec<String> = days.iter().map(u8::to_string).collect();
            lang.ta("schedule-month-days", &[("days", &days.join(comma))])
        }
    }
}

/// One bar of a strip.
#[derive(Debug, Clone, Copy)]
pub struct Bar {
    pub x: usize,
    pub class: &'static str,
}

/// The last 30 runs as bars; where there were fewer, faint ones stand first.
#[must_use]
pub fn bars(strip: Strip) -> Vec<Bar> {
    let empty = Strip::LEN - strip.len();
    let classes = std::iter::repeat_n("n", empty).chain(strip.marks().map(|mark| match mark {
        Mark::Up => "u",
        Mark::Late => "l",
        Mark::Down => "d",
        Mark::Blind => "b",
    }));
    classes.enumerate().map(|(i, class)| Bar { x: i * 6, class }).collect()
}

/// What a strip says, for those who do not see it.
#[must_use]
pub fn strip_words(lang: Lang, strip: Strip) -> String {
    let missed = strip.marks().filter(|mark| matches!(mark, Mark::Down | Mark::Blind)).count();
    let all = i64::try_from(strip.len()).unwrap_or(0);
    lang.ta("strip-label", &[("runs", &lang.tn("runs", all)), ("missed", &missed.to_string())])
}

/// A number of bytes: `2.1 kB`.
#[must_use]
pub fn size_words(bytes: i64) -> String {
    match bytes {
        ..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
