//! `checks`: list, make, show, change, delete, pause and resume.
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::PREFIX;
use super::caller::Caller;
use super::check_fields::{NewCheck, Wanted, read_uuid};
use super::check_json::{CheckJson, check_json};
use super::problem::{Reading, Refusal, Result, Working, Writing};
use super::sent::{Asked, At, Patch, Sent};
use crate::core::access::{Action, Role};
use crate::core::check::{Event, Status};
use crate::rng;
use crate::store::check_lists::{self, Filter};
use crate::store::checks::{self, Channels, Check, Settings};
use crate::store::{addresses, channels, projects};

/// Most checks on a page, and how many there are when no number is asked for.
const MOST: i64 = 500;
const USUAL: i64 = 100;
/// Most characters of what is looked for.
const MOST_CHARS: usize = 100;

/// Which checks of a project are wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Narrowed {
    /// In this state. `running`: with a run that goes on.
    #[param(inline)]
    status: Option<StatusFilter>,
    /// With this very tag.
    #[param(max_length = 100)]
    tag: Option<String>,
    /// With this very slug.
    #[param(max_length = 100)]
    slug: Option<String>,
    /// With these words, at most two, in name, slug or tags.
    #[param(max_length = 100)]
    search: Option<String>,
    /// So many are left out at the beginning.
    #[param(minimum = 0, maximum = 1_000_000, default = 0)]
    offset: Option<i64>,
    /// How many are told.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum StatusFilter {
    New,
    Up,
    Late,
    Down,
    Paused,
    Running,
}

impl StatusFilter {
    const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Up => "up",
            Self::Late => "late",
            Self::Down => "down",
            Self::Paused => "paused",
            Self::Running => "running",
        }
    }
}

/// A page of a project's checks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckList {
    /// What needs attention first, then by name.
    checks: Vec<CheckJson>,
    /// How many there are on all pages.
    total: i64,
}

/// Refuses a number that is out of its range.
pub(super) fn within(field: &str, value: i64, from: i64, to: i64) -> Result<i64> {
    if (from..=to).contains(&value) {
        return Ok(value);
    }
    Err(Refusal::field(field, format!("expected {from} to {to}")))
}

/// The checks of a project
#[utoipa::path(get, path = "/projects/{project}/checks", operation_id = "list_checks", tag = "checks",
    params(("project" = String, Path, description = "Its UUID"), Narrowed),
    responses((status = 200, description = "A page of them", body = CheckList), Reading))]
pub(super) async fn list(
    caller: Caller,
    At(project): At<String>,
    Asked(asked): Asked<Narrowed>,
) -> Result<Json<CheckList>> {
    let (project, role) = caller.project(&project, Action::View).await?;
    let offset = within("offset", asked.offset.unwrap_or(0), 0, 1_000_000)?;
    let limit = within("limit", asked.limit.unwrap_or(USUAL), 1, MOST)?;
    for (field, text) in [("tag", &asked.tag), ("slug", &asked.slug), ("search", &asked.search)] {
        if text.as_ref().is_some_and(|text| text.chars().nth(MOST_CHARS).is_some()) {
            return Err(Refusal::field(field, format!("must have at most {MOST_CHARS} characters")));
        }
    }
    if asked.search.as_ref().is_some_and(|text| text.split_whitespace().nth(2).is_some()) {
        return Err(Refusal::field("search", "must have at most two words"));
    }
    let filter = Filter {
        status: asked.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        search: asked.search.unwrap_or_default(),
        tag: asked.tag.unwrap_or_default(),
        slug: asked.slug.unwrap_or_default(),
    };
    let (db, now) = (caller.db(), caller.state.now());
    let (found, mut total) = check_lists::page(db, project.id, &filter, now, offset, limit).await?;
    if found.is_empty() && offset > 0 {
        // Behind the last page there is no row to tell how many there are.
        total = check_lists::page(db, project.id, &filter, now, 0, 1).await?.1;
    }
    let channels = check_lists::channel_uuids(db, project.id).await?;
    let addresses = addresses::of_project(db, project.id).await?;
    let none = addresses::Addresses::default();
    let checks = found
        .iter()
        .map(|check| {
            let channels = channels.get(&check.id).map_or("", String::as_str);
            let channels = channels.split(',').filter(|uuid| !uuid.is_empty()).map(str::to_owned).collect();
            let addresses = addresses.get(&check.id).unwrap_or(&none);
            check_json(check, &project, role, channels, addresses, &caller.state.links, now)
        })
        .collect();
    Ok(Json(CheckList { checks, total }))
}

/// The check as it is now.
async fn shown(caller: &Caller, uuid: Uuid, role: Role) -> Result<Json<CheckJson>> {
    let db = caller.db();
    let check = checks::by_uuid(db, uuid).await?.ok_or(Refusal::NotFound)?;
    let project = projects::by_id(db, check.project_id).await?.ok_or(Refusal::NotFound)?;
    let channels = checks::channel_uuids(db, check.id).await?;
    let addresses = addresses::of(db, check.id).await?;
    let (links, now) = (&caller.state.links, caller.state.now());
    Ok(Json(check_json(&check, &project, role, channels, &addresses, links, now)))
}

/// The channels that are meant, all of which must be the project's.
async fn find_channels(caller: &Caller, project_id: i64, wanted: &Wanted) -> Result<Option<Channels>> {
    let uuids = match &wanted.channels {
        Patch::Keep => return Ok(None),
        Patch::Reset => return Ok(Some(Channels::All)),
        Patch::Set(uuids) => uuids,
    };
    let known = channels::list(caller.db(), project_id).await?;
    let mut ids = Vec::new();
    for uuid in uuids {
        let channel = known.iter().find(|channel| channel.uuid.eq_ignore_ascii_case(uuid));
        let channel = channel.ok_or_else(|| {
            Refusal::field("channels", format!("there is no channel `{uuid:.40}` in this project"))
        })?;
        ids.push(channel.id);
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(Some(Channels::These(ids)))
}

const TAKEN: &str = "another check has this UUID, short address or alias";

/// Make a check
///
/// With no more than a name and a schedule it has the usual grace and tells all channels of the project.
#[utoipa::path(post, path = "/projects/{project}/checks", operation_id = "create_check", tag = "checks",
    params(("project" = String, Path, description = "Its UUID")), request_body = NewCheck,
    responses((status = 201, description = "The check; `Location` is its address", body = CheckJson,
            headers(("Location" = String, description = "Its address in this API"))),
        (status = 409, description = "Another check has this UUID, short address or alias",
            body = super::problem::Problem, content_type = "application/problem+json"), Writing))]
pub(super) async fn create(
    caller: Caller,
    At(project): At<String>,
    Sent(body): Sent<Map<String, Value>>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<CheckJson>)> {
    let (project, role) = caller.project(&project, Action::EditChecks).await?;
    let NewCheck { uuid, wanted } = NewCheck::read(body)?;
    let now = caller.state.now();
    let uuid = uuid.map_or_else(|| Ok(rng::uuid()), |uuid| read_uuid(&uuid))?;
    let settings = wanted.apply(Settings::named(""), true, now)?;
    let links = find_channels(&caller, project.id, &wanted).await?.unwrap_or(Channels::All);
    let addresses = wanted.addresses()?;
    checks::bring(caller.db(), project.id, uuid, &settings, &links, &addresses, now)
        .await
        .map_err(|error| Refusal::taken(error, TAKEN))?;
    let location = caller.state.links.to(&format!("{PREFIX}/checks/{uuid}"));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], shown(&caller, uuid, role).await?))
}

/// A check
#[utoipa::path(get, path = "/checks/{check}", operation_id = "get_check", tag = "checks",
    params(("check" = String, Path, description = "Its UUID or its `unique_key`")),
    responses((status = 200, description = "The check", body = CheckJson), Reading))]
pub(super) async fn get(caller: Caller, At(code): At<String>) -> Result<Json<CheckJson>> {
    let (check, role) = caller.check(&code, Action::View).await?;
    shown(&caller, check.uuid(), role).await
}

/// Change a check
///
/// What is absent stays as it is; null stands for a field's default. A new schedule or grace moves the deadline.
#[utoipa::path(patch, path = "/checks/{check}", operation_id = "update_check", tag = "checks",
    params(("check" = String, Path, description = "Its UUID or its `unique_key`")), request_body = Wanted,
    responses((status = 200, description = "The check as it is now", body = CheckJson),
        (status = 409, description = "Another check has this short address or alias",
            body = super::problem::Problem, content_type = "application/problem+json"), Writing))]
pub(super) async fn update(
    caller: Caller,
    At(code): At<String>,
    Sent(wanted): Sent<Wanted>,
) -> Result<Json<CheckJson>> {
    let (check, role) = caller.check(&code, Action::EditChecks).await?;
    let now = caller.state.now();
    let links = find_channels(&caller, check.project_id, &wanted).await?;
    let addresses = wanted.addresses()?;
    let settings = |check: &Check| wanted.apply(check.settings(), false, now);
    let changed = checks::change(caller.db(), check.id, settings, links.as_ref(), &addresses, now)
        .await
        .map_err(|error| Refusal::taken(error, TAKEN))??;
    if !changed {
        return Err(Refusal::NotFound);
    }
    caller.state.wakes.deadlines.notify_one();
    shown(&caller, check.uuid(), role).await
}

/// Delete a check
///
/// It goes with its whole history; what was queued to be told about it is not told any more.
#[utoipa::path(delete, path = "/checks/{check}", operation_id = "delete_check", tag = "checks",
    params(("check" = String, Path, description = "Its UUID or its `unique_key`")),
    responses((status = 204, description = "It is gone"), Working))]
pub(super) async fn delete(caller: Caller, At(code): At<String>) -> Result<StatusCode> {
    let (check, _) = caller.check(&code, Action::EditChecks).await?;
    if !checks::delete(caller.db(), check.id).await? {
        return Err(Refusal::NotFound);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Pause a check
///
/// Nothing is expected of it until it is resumed or, unless `manual_resume` is set, pinged. A paused one stays so.
#[utoipa::path(post, path = "/checks/{check}/pause", operation_id = "pause_check", tag = "checks",
    params(("check" = String, Path, description = "Its UUID or its `unique_key`")),
    responses((status = 200, description = "The paused check", body = CheckJson), Working))]
pub(super) async fn pause(caller: Caller, At(code): At<String>) -> Result<Json<CheckJson>> {
    let (check, role) = caller.check(&code, Action::EditChecks).await?;
    checks::apply(caller.db(), check.id, Event::Pause, caller.state.now()).await?;
    shown(&caller, check.uuid(), role).await
}

/// Resume a check
///
/// It waits for its next ping as a new one does.
#[utoipa::path(post, path = "/checks/{check}/resume", operation_id = "resume_check", tag = "checks",
    params(("check" = String, Path, description = "Its UUID or its `unique_key`")),
    responses((status = 200, description = "The resumed check", body = CheckJson),
        (status = 409, description = "The check is not paused", body = super::problem::Problem,
            content_type = "application/problem+json"), Working))]
pub(super) async fn resume(caller: Caller, At(code): At<String>) -> Result<Json<CheckJson>> {
    let (check, role) = caller.check(&code, Action::EditChecks).await?;
    if check.state().status != Status::Paused {
        return Err(Refusal::Conflict("the check is not paused".to_owned()));
    }
    checks::apply(caller.db(), check.id, Event::Resume, caller.state.now()).await?;
    shown(&caller, check.uuid(), role).await
}
