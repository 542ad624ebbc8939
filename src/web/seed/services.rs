//! `/api/services/`: checks.
use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::body::Given;
use super::caller::Caller;
use super::pings::{LastPing, Ping};
use super::refusal::Refusal;
use super::service::{Wanted, Words};
use super::tags::{self, Tag};
use super::{date, recipients};
use crate::core::Time;
use crate::core::access::Action;
use crate::core::check::{Event, Status};
use crate::rng;
use crate::store::channels::{self, Channel};
use crate::store::checks::{self, Channels, Check, Unique};
use crate::store::{addresses, check_lists, failures};
use crate::web::AppState;

/// A check as scripts see it. `tz` is ours.
#[derive(Serialize)]
struct Service<'a> {
    id: i64,
    name: &'a str,
    status: &'static str,
    tp: &'static str,
    value: String,
    grace: i64,
    short_url: String,
    tags: Vec<Tag>,
    last_ping: LastPing<'a>,
    notify_to: String,
    created: String,
    /// When settings were last saved is not kept: the same again.
    updated: String,
    tz: String,
}

impl<'a> Service<'a> {
    fn new(
        check: &'a Check,
        short_url: String,
        since: &BTreeMap<String, Time>,
        last_ping: LastPing<'a>,
        notify_to: String,
    ) -> Self {
        let words = Words::of(check);
        let made = |tag: &str| since.get(tag).copied().unwrap_or(check.created_at());
        Self {
            id: check.id,
            name: &check.name,
            status: words.status,
            tp: words.tp,
            value: words.value,
            grace: words.grace,
            short_url,
            tags: check.tags.split_whitespace().map(|tag| Tag::new(tag, made(tag))).collect(),
            last_ping,
            notify_to,
            created: date(check.created_at()),
            updated: date(check.created_at()),
            tz: words.tz,
        }
    }
}

/// The check that an address names, if the caller may do this with it.
pub(super) async fn find(
    state: &AppState,
    caller: &Caller,
    id: &str,
    action: Action,
) -> Result<Check, Refusal> {
    let id: i64 = id.parse().map_err(|_| Refusal::NotFound)?;
    let check = checks::by_id(&state.db, id).await?.ok_or(Refusal::NotFound)?;
    caller.permit(&state.db, check.project_id, action).await?;
    Ok(check)
}

/// A check as it is now.
async fn shown(state: &AppState, id: i64) -> Result<Response, Refusal> {
    let db = &state.db;
    let check = checks::by_id(db, id).await?.ok_or(Refusal::NotFound)?;
    let notified = checks::channel_ids(db, id).await?;
    let known = channels::list(db, check.project_id).await?;
    let last = match check.last_ping_id {
        Some(newest) => failures::list(db, id, newest, 1).await?.pop(),
        None => None,
    };
    let service = Service::new(
        &check,
        addresses::of(db, id).await?.short,
        &crate::store::tags::in_use(db, check.project_id).await?,
        LastPing(last.as_ref().map(|told| Ping::new(&check.name, told))),
        recipients::shown(&known, |channel| notified.contains(&channel.id)),
    );
    Ok(Json(service).into_response())
}

/// `GET /api/services/`, oldest first; `?tags=<id>,<id>`: those that have all of these tags.
pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let ids = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "tags").last();
    let ids = ids.map_or_else(String::new, |(_, ids)| ids.into_owned());
    let wanted: Result<Vec<u32>, _> =
        ids.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::parse).collect();
    let wanted =
        wanted.map_err(|_| Refusal::field("tags", "Enter whole numbers with commas between them."))?;

    let db = &state.db;
    let project = caller.home(db, Action::View).await?;
    let (checks, mut addresses, since, last, known, notified) = tokio::try_join!(
        check_lists::list_all(db, project),
        addresses::of_project(db, project),
        crate::store::tags::in_use(db, project),
        failures::newest(db, project),
        channels::list(db, project),
        check_lists::channel_uuids(db, project),
    )?;
    let last: HashMap<i64, &failures::Told> = last.iter().map(|told| (told.check_id, told)).collect();
    let services: Vec<Service<'_>> = checks
        .iter()
        .filter(|check| tags::has_all(&check.tags, &wanted))
        .map(|check| {
            let uuids = notified.get(&check.id).map_or("", String::as_str);
            let is_told = |channel: &Channel| uuids.split(',').any(|uuid| uuid == channel.uuid);
            Service::new(
                check,
                addresses.remove(&check.id).unwrap_or_default().short,
                &since,
                LastPing(last.get(&check.id).map(|told| Ping::new(&check.name, told))),
                recipients::shown(&known, is_told),
            )
        })
        .collect();
    Ok(Json(services).into_response())
}

/// `GET /api/services/<id>/`
pub(super) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let check = find(&state, &caller, &id, Action::View).await?;
    shown(&state, check.id).await
}

fn name_taken() -> Refusal {
    Refusal::field("name", "service with this name already exists.")
}

fn short_taken() -> Refusal {
    Refusal::field("short_url", "service with this short_url already exists.")
}

/// Refuses what cannot be a short address, or is one already.
async fn vet_short(state: &AppState, short: &str) -> Result<(), Refusal> {
    if short.len() > addresses::MAX_CHARS || !short.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Refusal::field("short_url", "Enter up to 200 letters and digits."));
    }
    if addresses::by_short(&state.db, short).await?.is_some() {
        return Err(short_taken());
    }
    Ok(())
}

/// `POST /api/services/`. The new check waits for its first ping. It notifies every channel of the project, but mails
/// only to the addresses in `notify_to` where that is given.
pub(super) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    given: Given,
) -> Result<Response, Refusal> {
    let (db, now) = (&state.db, state.now());
    let project = caller.home(db, Action::EditChecks).await?;
    let wanted = Wanted::read(&given, None, now)?;
    if let Some(short) = &wanted.short_url {
        vet_short(&state, short).await?;
    }
    let links = match &wanted.notify_to {
        Some(to) => {
            recipients::channels(&state, &caller, project, to, |one| !recipients::is_mail(one)).await?
        }
        None => Channels::All,
    };
    // Names are unique there, so a script that is run twice makes one service.
    let unique = Unique { name: wanted.name(), ..Unique::default() };
    let settings =
        |there: Option<&Check>| if there.is_some() { Err(name_taken()) } else { Ok(wanted.settings()) };
    let (uuid, _) = checks::upsert(db, project, rng::uuid(), unique, settings, Some(&links), now).await??;
    let id = checks::by_uuid(db, uuid).await?.ok_or(Refusal::NotFound)?.id;
    finish(&state, id, &wanted, now).await
}

/// `PUT` and `PATCH /api/services/<id>/`: changes what is given and nothing else.
pub(super) async fn update(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    given: Given,
) -> Result<Response, Refusal> {
    let (db, now) = (&state.db, state.now());
    let check = find(&state, &caller, &id, Action::EditChecks).await?;
    let mut wanted = Wanted::read(&given, Some(&check), now)?;
    let short = addresses::of(db, check.id).await?.short;
    wanted.short_url = wanted.short_url.filter(|wanted| *wanted != short);
    if let Some(short) = &wanted.short_url {
        vet_short(&state, short).await?;
    }
    if let Some(name) = wanted.name()
        && check_lists::has_name(db, check.project_id, name).await?
    {
        return Err(name_taken());
    }
    let links = match &wanted.notify_to {
        Some(to) => {
            let notified = checks::channel_ids(db, check.id).await?;
            let is_told = |channel: &Channel| notified.contains(&channel.id);
            Some(recipients::channels(&state, &caller, check.project_id, to, is_told).await?)
        }
        None => None,
    };
    let settings = |check: &Check| {
        let mut settings = check.settings();
        wanted.apply(&mut settings);
        Ok::<_, Refusal>(settings)
    };
    if !checks::update(db, check.id, settings, links.as_ref(), now).await?? {
        return Err(Refusal::NotFound);
    }
    finish(&state, check.id, &wanted, now).await
}

/// What is done once the settings are saved: stop or run, set the short address; then the service as it is now.
async fn finish(state: &AppState, id: i64, wanted: &Wanted, now: Time) -> Result<Response, Refusal> {
    let db = &state.db;
    let check = checks::by_id(db, id).await?.ok_or(Refusal::NotFound)?;
    match (wanted.stop, check.state().status) {
        (Some(true), Status::New | Status::Up | Status::Down) => {
            checks::apply(db, id, Event::Pause, now).await?;
        }
        (Some(false), Status::Paused) => {
            checks::apply(db, id, Event::Resume, now).await?;
        }
        _ => {}
    }
    if let Some(short) = &wanted.short_url {
        let set = addresses::set_short(db, id, short).await;
        set.map_err(|error| match error {
            crate::store::StoreError::Conflict => short_taken(),
            other => other.into(),
        })?;
    }
    state.wakes.deadlines.notify_one();
    shown(state, id).await
}

/// `DELETE /api/services/<id>/`
pub(super) async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let check = find(&state, &caller, &id, Action::EditChecks).await?;
    if !checks::delete(&state.db, check.id).await? {
        return Err(Refusal::NotFound);
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
