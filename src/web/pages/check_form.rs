//! Adding and editing a check, with a preview of its next due times.
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use crate::core::access::{Action, Role};
use crate::core::check::Early;
use crate::core::schedule::{Kind, Schedule, ScheduleError, Spec, WEEKDAYS, zone_names};
use crate::core::span::{self, SpanError};
use crate::core::{Span, Time, slug};
use crate::i18n::{Lang, zone_or_utc};
use crate::rng;
use crate::store::channels::Channel;
use crate::store::checks::{self, Channels, Check, Fault, Settings};
use crate::store::projects::Project;
use crate::store::{channels, check_lists};
use crate::web::error::{AppError, Result};
use crate::web::extract::{Fields, Visit};
use crate::web::view::{Shell, page, schedule_with_zone};

/// Due times in the preview.
const PREVIEW: usize = 5;

/// What stands in the form, good or bad.
#[derive(Debug, Clone, Default)]
struct Form {
    name: String,
    slug: String,
    tags: String,
    description: String,
    kind: String,
    every: String,
    at: String,
    days: Vec<String>,
    cron: String,
    calendar: String,
    tz: String,
    grace: String,
    early: bool,
    manual_resume: bool,
    channels: Vec<i64>,
}

/// What is wrong, by field.
#[derive(Debug, Default)]
struct Wrong(Vec<(&'static str, String)>);

impl Wrong {
    fn get(&self, field: &str) -> Option<&String> {
        self.0.iter().find(|(name, _)| *name == field).map(|(_, words)| words)
    }
}

#[derive(Template)]
#[template(path = "checks/form.html")]
struct Page {
    s: Shell,
    title: String,
    action: String,
    back: String,
    form: Form,
    wrong: Wrong,
    days: Vec<Day>,
    channels: Vec<Channel>,
    zones: Vec<&'static str>,
    preview: Option<Preview>,
}

struct Day {
    value: &'static str,
    word: String,
    on: bool,
}

/// The schedule in words and its next due times.
#[derive(Template)]
#[template(path = "checks/preview.html")]
struct Preview {
    words: String,
    next: Vec<String>,
    l: Lang,
    /// The schedule can be read.
    good: bool,
}

impl Form {
    /// What was sent, for a project with these channels; refuses what the form does not offer.
    fn sent(fields: &Fields, offered: &[Channel]) -> Result<Self> {
        let form = Self::read(fields);
        let known = |id: &i64| offered.iter().any(|channel| channel.id == *id);
        let whole = form.channels.len() == fields.all("channels").count();
        let sound = whole && form.channels.iter().all(known) && form.kind.parse::<Kind>().is_ok();
        if sound { Ok(form) } else { Err(AppError::BadRequest) }
    }

    fn read(fields: &Fields) -> Self {
        let text = |name: &str| fields.get(name).to_owned();
        Self {
            name: text("name"),
            slug: text("slug"),
            tags: fields
                .get("tags")
                .split([' ', ',', '，', '\t'])
                .filter(|t| !t.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
            description: text("description"),
            kind: text("kind"),
            every: text("every"),
            at: fields.get("at").replace(['，', '、', '；', ';', ' '], ",").replace('：', ":"),
            days: fields.all("days").map(str::to_owned).collect(),
            cron: text("cron"),
            calendar: fields.get("calendar").replace("\r\n", "\n"),
            tz: text("tz"),
            grace: text("grace"),
            early: fields.has("early"),
            manual_resume: fields.has("manual_resume"),
            channels: fields.all("channels").filter_map(|id| id.parse().ok()).collect(),
        }
    }

    fn notifies(&self, channel: &Channel) -> bool {
        self.channels.contains(&channel.id)
    }

    fn fresh(tz: &str, channels: &[Channel]) -> Self {
        Self {
            kind: Kind::Period.as_str().to_owned(),
            every: "1d".to_owned(),
            at: "03:00".to_owned(),
            cron: "0 3 * * *".to_owned(),
            calendar: "Mon..Fri 03:00".to_owned(),
            tz: tz.to_owned(),
            grace: "1h".to_owned(),
            early: true,
            channels: channels.iter().map(|channel| channel.id).collect(),
            ..Self::default()
        }
    }

    fn of(check: &Check, channels: Vec<i64>) -> Self {
        let spec = check.spec();
        let mut form = Self {
            name: check.name.clone(),
            slug: check.slug.clone(),
            tags: check.tags.clone(),
            description: check.description.clone(),
            kind: spec.kind.as_str().to_owned(),
            tz: spec.tz.clone(),
            grace: span::text(check.grace()),
            early: check.early() != Early::Within(Span::zero()),
            manual_resume: check.manual_resume,
            channels,
            ..Self::fresh("UTC", &[])
        };
        match spec.kind {
            Kind::Period => form.every = span::text(spec.period),
            Kind::Cron => form.cron = spec.expr,
            Kind::OnCalendar => form.calendar = spec.expr,
            Kind::Daily => {
                form.at = spec.daily_parts().unwrap_or_default().0;
                form.days = spec.daily_days().into_iter().map(str::to_owned).collect();
            }
        }
        form
    }

    /// The schedule, or which field of it is wrong.
    fn schedule(&self, l: Lang, now: Time) -> Result<(Spec, Schedule), (&'static str, String)> {
        let kind = self.kind.parse().unwrap_or(Kind::Period);
        let spec = match kind {
            Kind::Period => {
                let period = span::parse(&self.every).map_err(|error| ("every", span_words(l, &error)))?;
                Spec { tz: self.tz.clone(), ..Spec::every(period) }
            }
            Kind::Cron => Spec::cron(&self.cron, &self.tz),
            Kind::OnCalendar => Spec::on_calendar(&self.calendar, &self.tz),
            Kind::Daily => {
                let all = self.days.is_empty() || self.days.len() == WEEKDAYS.len();
                let days = (!all).then(|| self.days.join(","));
                Spec::daily(&self.at, days.as_deref(), &self.tz)
            }
        };
        Schedule::accept(&spec, now).map_err(|error| schedule_error(l, kind, &error))
    }

    /// The settings, or everything that is wrong with them.
    fn settings(&self, l: Lang, before: Option<&Settings>, now: Time) -> Result<Settings, Wrong> {
        let mut wrong = Wrong::default();
        let grace = span::parse(&self.grace).map_err(|error| wrong.0.push(("grace", span_words(l, &error))));
        let spec = self.schedule(l, now).map_err(|error| wrong.0.push(error));
        let before = before.cloned().unwrap_or_else(|| Settings::named(""));
        let early = match before.early {
            _ if !self.early => Early::Within(Span::zero()),
            Early::Within(span) if !span.is_zero() => Early::Within(span),
            _ => Early::Auto,
        };
        let settings = Settings {
            name: self.name.clone(),
            slug: self.slug.clone(),
            tags: self.tags.clone(),
            description: self.description.clone(),
            spec: spec.map_or_else(|()| before.spec.clone(), |(spec, _)| spec),
            grace: grace.unwrap_or(before.grace),
            early,
            manual_resume: self.manual_resume,
            ..before
        };
        wrong.0.extend(settings.faults().into_iter().map(|(field, fault)| (field, fault_words(l, fault))));
        if wrong.0.is_empty() { Ok(settings) } else { Err(wrong) }
    }
}

fn fault_words(l: Lang, fault: Fault) -> String {
    match fault {
        Fault::Required => l.t("field-error-required"),
        Fault::TooLong(limit) => l.ta("field-error-too-long", &[("limit", &limit.to_string())]),
        Fault::Slug => l.t("field-error-slug"),
        Fault::Span => l.t("field-error-span-range"),
    }
}

fn span_words(l: Lang, error: &SpanError) -> String {
    l.t(match error {
        SpanError::Unreadable(_) => "field-error-span",
        SpanError::OutOfRange(_) => "field-error-span-range",
    })
}

/// The words for a bad schedule: ours for the kind of fault, and the exact place as the parser names it.
fn schedule_error(l: Lang, kind: Kind, error: &ScheduleError) -> (&'static str, String) {
    let field = match (error.field(), kind) {
        ("tz", _) => "tz",
        ("period", _) => "every",
        ("days", _) => "days",
        (_, Kind::Daily) => "at",
        (_, Kind::Cron) => "cron",
        (_, Kind::OnCalendar) => "calendar",
        (_, Kind::Period) => "every",
    };
    let words = l.t(&format!("schedule-error-{}", error.code()));
    // The parser names the exact place in English; elsewhere the offending text says as much.
    let place = if l == Lang::En { error.to_string() } else { error.value().unwrap_or_default().to_owned() };
    (field, if place.is_empty() { words } else { format!("{words} ({place})") })
}

fn preview(l: Lang, spec: &Spec, schedule: &Schedule, now: Time) -> Preview {
    let zone = zone_or_utc(&spec.tz);
    let mut next = Vec::new();
    let mut at = now;
    while next.len() < PREVIEW && !schedule.is_period() {
        let Some(due) = schedule.next_after(at) else { break };
        let weekday = l.t(&format!("weekday-{}", zone.civil(due).weekday));
        next.push(format!("{weekday} {}", l.moment(due, &zone, false)));
        at = due;
    }
    Preview { words: schedule_with_zone(l, spec), next, l, good: true }
}

async fn draw(
    visit: &Visit,
    project: &Project,
    role: Role,
    check: Option<&Check>,
    form: Form,
    wrong: Wrong,
) -> Result<Response> {
    let (l, now) = (visit.lang, visit.state.now());
    let s = Shell::of(visit, project, role, "checks").await?;
    let preview = form.schedule(l, now).ok().map(|(spec, schedule)| preview(l, &spec, &schedule, now));
    let days = WEEKDAYS
        .iter()
        .zip(1..)
        .map(|(value, n)| Day {
            value,
            word: l.t(&format!("weekday-{n}")),
            on: form.days.iter().any(|day| day == value),
        })
        .collect();
    let (title, action, back) = match check {
        Some(check) => {
            let page = format!("/checks/{}", check.code());
            (l.t("check-edit"), s.to(&format!("{page}/edit")), s.to(&page))
        }
        None => (l.t("check-add"), s.in_project("/checks/new"), s.in_project("/checks")),
    };
    page(&Page {
        title,
        action,
        back,
        days,
        channels: channels::list(&visit.state.db, project.id).await?,
        zones: zone_names(),
        preview,
        form,
        wrong,
        s,
    })
}

/// `GET /projects/{project}/checks/new`
pub async fn new(visit: Visit, Path(project): Path<String>) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::EditChecks).await?;
    let db = &visit.state.db;
    let tz = match check_lists::newest_zone(db, project.id).await? {
        Some(tz) => tz,
        None if visit.lang == Lang::ZhCn => "Asia/Shanghai".to_owned(),
        None => "UTC".to_owned(),
    };
    let form = Form::fresh(&tz, &channels::list(db, project.id).await?);
    draw(&visit, &project, role, None, form, Wrong::default()).await
}

/// `POST /projects/{project}/checks/new`: makes the check, or shows a preview where that was asked for.
pub async fn make(visit: Visit, Path(project): Path<String>, fields: Fields) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::EditChecks).await?;
    let mut form = Form::sent(&fields, &channels::list(&visit.state.db, project.id).await?)?;
    if fields.has("preview") {
        let wrong = form.schedule(visit.lang, visit.state.now()).err().map(|one| Wrong(vec![one]));
        return draw(&visit, &project, role, None, form, wrong.unwrap_or_default()).await;
    }
    if form.slug.is_empty() {
        form.slug = slug::from_name(&form.name);
    }
    let now = visit.state.now();
    match form.settings(visit.lang, None, now) {
        Err(wrong) => draw(&visit, &project, role, None, form, wrong).await,
        Ok(settings) => {
            let uuid = rng::uuid();
            let linked = Channels::These(form.channels.clone());
            checks::insert(&visit.state.db, project.id, uuid, &settings, &linked, now).await?;
            let path = format!("/checks/{uuid}?done=check-made");
            Ok(Redirect::to(&visit.state.links.local(&path)).into_response())
        }
    }
}

/// `GET /checks/{check}/edit`
pub async fn edit(visit: Visit, Path(code): Path<String>) -> Result<Response> {
    let (check, project, role) = visit.check(&code, Action::EditChecks).await?;
    let form = Form::of(&check, checks::channel_ids(&visit.state.db, check.id).await?);
    draw(&visit, &project, role, Some(&check), form, Wrong::default()).await
}

/// `POST /checks/{check}/edit`
pub async fn save(visit: Visit, Path(code): Path<String>, fields: Fields) -> Result<Response> {
    let (check, project, role) = visit.check(&code, Action::EditChecks).await?;
    let form = Form::sent(&fields, &channels::list(&visit.state.db, project.id).await?)?;
    if fields.has("preview") {
        let wrong = form.schedule(visit.lang, visit.state.now()).err().map(|one| Wrong(vec![one]));
        return draw(&visit, &project, role, Some(&check), form, wrong.unwrap_or_default()).await;
    }
    let now = visit.state.now();
    let linked = Channels::These(form.channels.clone());
    let settings = |check: &Check| form.settings(visit.lang, Some(&check.settings()), now);
    match checks::update(&visit.state.db, check.id, settings, Some(&linked), now).await? {
        Err(wrong) => draw(&visit, &project, role, Some(&check), form, wrong).await,
        Ok(false) => Err(AppError::NotFound),
        Ok(true) => {
            visit.state.wakes.deadlines.notify_one();
            let path = format!("/checks/{}?done=check-saved", check.code());
            Ok(Redirect::to(&visit.state.links.local(&path)).into_response())
        }
    }
}

/// `POST /projects/{project}/schedule`: the preview alone, for a form that asks while one types.
pub async fn preview_only(visit: Visit, Path(project): Path<String>, fields: Fields) -> Result<Response> {
    visit.project(&project, Action::View).await?;
    let (l, now) = (visit.lang, visit.state.now());
    match Form::read(&fields).schedule(l, now) {
        Ok((spec, schedule)) => page(&preview(l, &spec, &schedule, now)),
        Err((_, words)) => page(&Preview { words, next: Vec::new(), l, good: false }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_punctuation_in_times_is_understood() {
        let form = Form::read(&Fields::read("at=06：00，18:30&kind=daily&tz=UTC".as_bytes()));
        assert_eq!(form.at, "06:00,18:30");
    }
}
