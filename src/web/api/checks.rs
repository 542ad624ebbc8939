//! Checks one by one: `POST checks/`, `checks/<uuid or unique_key>`, with `/pause` and `/resume`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Map, Value};

use super::Version;
use super::caller::{Edit, Editor, Reader};
use super::document::{CheckBody, Reading, Writing};
use super::fields;
use super::named::{CheckId, Code};
use super::refusal::Refusal;
use crate::core::Time;
use crate::core::check::{Event, Status};
use crate::healthchecks::{self as wire, ApiCheck, View};
use crate::rng;
use crate::store::channels;
use crate::store::checks::{self, Channels, Check, Settings};
use crate::web::AppState;

/// The check as it is now, with its channels.
async fn shown(
    state: &AppState,
    check: &Check,
    version: u8,
    view: View,
    now: Time,
) -> Result<Response, Refusal> {
    let channels = match view {
        View::Full => checks::channel_uuids(&state.db, check.id).await?.join(","),
        View::ReadOnly => String::new(),
    };
    Ok(Json(wire::check(&check.listed(), &channels, &state.links, version, view, now)).into_response())
}

/// The check after somebody worked on it.
async fn reread(state: &AppState, check: &Check, version: u8, now: Time) -> Result<Response, Refusal> {
    let check = checks::by_uuid(&state.db, check.uuid()).await?.ok_or(Refusal::NotFound)?;
    shown(state, &check, version, View::Full, now).await
}

/// `GET checks/<uuid or unique_key>`
#[utoipa::path(get, path = "/checks/{code}", operation_id = "check", summary = "A check", description = "", params(("code" = String, Path, description = "The check's UUID, or its `unique_key`")),
    responses((status = 200, description = "The check", body = ApiCheck<'static>), Reading))]
pub async fn get(
    State(state): State<AppState>,
    Extension(Version(version)): Extension<Version>,
    code: Code,
    reader: Reader,
) -> Result<Response, Refusal> {
    let check = code.find(&state.db, reader.project).await?;
    shown(&state, &check, version, reader.view, state.now()).await
}

/// `POST checks/`: makes a check, or updates the oldest one that has what `unique` names.
#[utoipa::path(post, path = "/checks/", operation_id = "create_check", summary = "Make or update a check",
    description = "With `unique`, updates the oldest check that has the same values in the fields that it names.",
    request_body = CheckBody,
    responses((status = 200, description = "The check that was updated", body = ApiCheck<'static>),
        (status = 201, description = "The check that was made", body = ApiCheck<'static>), Writing))]
pub async fn create(
    State(state): State<AppState>,
    Extension(Version(version)): Extension<Version>,
    edit: Edit,
) -> Result<Response, Refusal> {
    let now = state.now();
    let wanted = fields::read(&edit.body, now).map_err(Refusal::Field)?;
    let settings = |there: Option<&Check>| {
        let mut settings = there.map_or_else(|| Settings::named(""), Check::settings);
        wanted.apply(&mut settings, version, now).map(|()| settings).map_err(Refusal::Field)
    };
    let links = find_channels(&state, edit.project, &wanted).await?;
    let uuid = rng::uuid();
    let (uuid, made) = if let Some(unique) = wanted.unique() {
        checks::upsert(&state.db, edit.project, uuid, unique, settings, links.as_ref(), now).await??
    } else {
        let links = links.unwrap_or(Channels::These(Vec::new()));
        checks::insert(&state.db, edit.project, uuid, &settings(None)?, &links, now).await?;
        (uuid, true)
    };
    state.wakes.deadlines.notify_one();
    let check = checks::by_uuid(&state.db, uuid).await?.ok_or(Refusal::NotFound)?;
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    let check = shown(&state, &check, version, View::Full, now).await?;
    Ok((status, check).into_response())
}

/// `POST checks/<uuid>`
#[utoipa::path(post, path = "/checks/{code}", operation_id = "update_check", summary = "Update a check", description = "",
    params(("code" = String, Path, description = "The check's UUID")), request_body = CheckBody,
    responses((status = 200, description = "The check as it is now", body = ApiCheck<'static>), Writing))]
pub async fn update(
    State(state): State<AppState>,
    Extension(Version(version)): Extension<Version>,
    id: CheckId,
    edit: Edit,
) -> Result<Response, Refusal> {
    let check = id.find(&state.db, edit.project).await?;
    let now = state.now();
    let wanted = fields::read(&news(edit.body, &check, &state, now), now).map_err(Refusal::Field)?;
    let settings = |check: &Check| {
        let mut settings = check.settings();
        wanted.apply(&mut settings, version, now).map(|()| settings).map_err(Refusal::Field)
    };
    // What is wrong with a field is told before what is wrong with channels.
    settings(&check)?;
    let links = find_channels(&state, edit.project, &wanted).await?;
    if !checks::update(&state.db, check.id, settings, links.as_ref(), now).await?? {
        return Err(Refusal::NotFound);
    }
    state.wakes.deadlines.notify_one();
    reread(&state, &check, version, now).await
}

/// A body without the plan that it found: clients send back what they were shown, and what is shown of a plan of our own
/// kinds (seconds, times of the day) need not be one that this API can set.
fn news(mut body: Map<String, Value>, check: &Check, state: &AppState, now: Time) -> Map<String, Value> {
    let listed = check.listed();
    let shown = wire::check(&listed, "", &state.links, 3, View::Full, now);
    let shown = serde_json::to_value(shown).unwrap_or_default();
    let same = |body: &Map<String, Value>, name: &str| {
        body.get(name).is_some_and(|sent| Some(sent) == shown.get(name))
    };
    if same(&body, "grace") {
        body.remove("grace");
    }
    let timeout = body.get("timeout");
    if same(&body, "schedule") && timeout.is_none_or(fields::is_timeout) {
        // Beside a schedule it counts for nothing.
        body.remove("timeout");
        body.remove("schedule");
    } else if same(&body, "timeout") && !body.contains_key("schedule") {
        body.remove("timeout");
    }
    body
}

/// UUIDs or unique names, exact, separated by commas; `*` for all. `None`: the body does not speak of them.
async fn find_channels(
    state: &AppState,
    project: i64,
    wanted: &fields::Wanted,
) -> Result<Option<Channels>, Refusal> {
    let text = match wanted.channels.as_deref() {
        None => return Ok(None),
        Some("*") => return Ok(Some(Channels::All)),
        Some("") => return Ok(Some(Channels::These(Vec::new()))),
        Some(text) => text,
    };
    let known = channels::list(&state.db, project).await?;
    let mut ids = Vec::new();
    for part in text.split(',') {
        if part.is_empty() {
            return Err(Refusal::Channel("empty channel identifier".to_owned()));
        }
        let mut fitting = known.iter().filter(|channel| channel.uuid == part || channel.name == part);
        match (fitting.next(), fitting.next()) {
            (Some(channel), None) => ids.push(channel.id),
            (None, _) => return Err(Refusal::Channel(format!("invalid channel identifier: {part}"))),
            _ => return Err(Refusal::Channel(format!("non-unique channel identifier: {part}"))),
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(Channels::These(ids)))
}

/// `DELETE checks/<uuid>`: gives the check as it was, without its channels.
#[utoipa::path(delete, path = "/checks/{code}", operation_id = "delete_check", summary = "Delete a check", description = "",
    params(("code" = String, Path, description = "The check's UUID")), responses((status = 200, description = "The check as it was", body = ApiCheck<'static>), Reading))]
pub async fn delete(
    State(state): State<AppState>,
    Extension(Version(version)): Extension<Version>,
    id: CheckId,
    editor: Editor,
) -> Result<Response, Refusal> {
    let check = id.find(&state.db, editor.project).await?;
    let now = state.now();
    if !checks::delete(&state.db, check.id).await? {
        return Err(Refusal::NotFound);
    }
    Ok(Json(wire::check(&check.listed(), "", &state.links, version, View::Full, now)).into_response())
}

/// `POST checks/<uuid>/pause`; a paused check stays paused.
#[utoipa::path(post, path = "/checks/{code}/pause", operation_id = "pause_check", summary = "Pause a check", description = "",
    params(("code" = String, Path, description = "The check's UUID")),
    responses((status = 200, description = "The paused check", body = ApiCheck<'static>), Writing))]
pub async fn pause(
    State(state): State<AppState>,
    Extension(Version(version)): Extension<Version>,
    id: CheckId,
    edit: Edit,
) -> Result<Response, Refusal> {
    let check = id.find(&state.db, edit.project).await?;
    let now = state.now();
    checks::apply(&state.db, check.id, Event::Pause, now).await?;
    reread(&state, &check, version, now).await
}

/// `POST checks/<uuid>/resume`: the check is as if it were new, but keeps its count of pings.
#[utoipa::path(post, path = "/checks/{code}/resume", operation_id = "resume_check", summary = "Resume a check", description = "",
    params(("code" = String, Path, description = "The check's UUID")),
    responses((status = 200, description = "The resumed check", body = ApiCheck<'static>),
        (status = 409, description = "The check is not paused", body = String, content_type = "text/plain"), Writing))]
pub async fn resume(
    State(state): State<AppState>,
    Extension(Version(version)): Extension<Version>,
    id: CheckId,
    edit: Edit,
) -> Result<Response, Refusal> {
    let check = id.find(&state.db, edit.project).await?;
    if check.state().status != Status::Paused {
        return Err(Refusal::NotPaused);
    }
    let now = state.now();
    checks::apply(&state.db, check.id, Event::Resume, now).await?;
    reread(&state, &check, version, now).await
}
