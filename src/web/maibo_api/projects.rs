//! `projects`: those that a key opens, their names and their ping keys.
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PREFIX;
use super::caller::Caller;
use super::problem::{FieldError, Reading, Refusal, Result, Working, Writing};
use super::sent::{At, Patch, Sent, present};
use crate::auth::secret::{PING_KEY_LEN, PING_KEY_MAX, is_ping_key};
use crate::core::access::{Action, Role, allows};
use crate::core::text::one_line;
use crate::rng;
use crate::store::projects::{self, Change, Project};

/// Longest name, in characters.
const MAX_NAME: usize = 100;
const TAKEN: &str = "another project has this ping key";

/// Who works together on which checks and channels.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Project)]
pub(super) struct ProjectJson {
    #[schema(value_type = uuid::Uuid)]
    uuid: String,
    name: String,
    /// What the key that was sent allows in it.
    role: RoleWord,
    /// Stands in ping addresses by slug. null: none was made, or the key is a read-only one.
    #[schema(required = true)]
    ping_key: Option<String>,
}

/// A part in a project.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Role)]
enum RoleWord {
    /// Sees everything but secrets, changes nothing.
    Viewer,
    /// Works with checks and channels.
    Member,
    /// Also with the keys and the project itself.
    Owner,
}

/// Projects.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProjectList {
    /// Oldest first.
    projects: Vec<ProjectJson>,
}

/// A project to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProject {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// What is wanted of a project. A field that is absent stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, min_length = 1, max_length = 100, examples("Backups"))]
    name: Option<String>,
    /// 22 to 64 letters, digits, - or _. Addresses with the old one stop working. null: none.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 22, max_length = 64, pattern = "^[0-9A-Za-z_-]+$")]
    ping_key: Patch<String>,
}

fn project_json(project: Project, role: Role) -> ProjectJson {
    ProjectJson {
        uuid: project.uuid,
        name: project.name,
        ping_key: project.ping_key.filter(|_| allows(Some(role), Action::EditChecks)),
        role: match role {
            Role::Viewer => RoleWord::Viewer,
            Role::Member => RoleWord::Member,
            Role::Owner => RoleWord::Owner,
        },
    }
}

/// The projects that the key or token opens
///
/// A project's key opens that one, a person's token all that they see in the dashboard.
#[utoipa::path(get, path = "/projects", operation_id = "list_projects", tag = "projects",
    responses((status = 200, description = "All of them", body = ProjectList), Reading))]
pub(super) async fn list(caller: Caller) -> Result<Json<ProjectList>> {
    let projects = caller.projects().await?.into_iter().map(|(project, role)| project_json(project, role));
    Ok(Json(ProjectList { projects: projects.collect() }))
}

/// A project
#[utoipa::path(get, path = "/projects/{project}", operation_id = "get_project", tag = "projects",
    params(("project" = String, Path, description = "Its UUID")),
    responses((status = 200, description = "The project", body = ProjectJson), Reading))]
pub(super) async fn get(caller: Caller, At(uuid): At<String>) -> Result<Json<ProjectJson>> {
    let (project, role) = caller.project(&uuid, Action::View).await?;
    Ok(Json(project_json(project, role)))
}

async fn reread(caller: &Caller, id: i64, role: Role) -> Result<Json<ProjectJson>> {
    let project = projects::by_id(caller.db(), id).await?.ok_or(Refusal::NotFound)?;
    Ok(Json(project_json(project, role)))
}

/// A name as it is stored, or what is wrong with it.
fn checked(name: &str, wrong: &mut Vec<FieldError>) -> String {
    let name = name.replace('\0', "").trim().to_owned();
    if one_line(&name).is_empty() {
        wrong.push(FieldError::new("name", "must not be empty"));
    } else if name.chars().count() > MAX_NAME {
        wrong.push(FieldError::new("name", format!("must have at most {MAX_NAME} characters")));
    }
    name
}

/// Make a project
///
/// For the operator of the server, by their token.
#[utoipa::path(post, path = "/projects", operation_id = "create_project", tag = "projects",
    request_body = NewProject,
    responses(Writing, (status = 201, description = "The project; `Location` is its address", body = ProjectJson,
        headers(("Location" = String, description = "Its address in this API"))),
        (status = 403, description = "This is for the operator of the server", body = super::problem::Problem,
            content_type = "application/problem+json")))]
pub(super) async fn create(
    caller: Caller,
    Sent(wanted): Sent<NewProject>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<ProjectJson>)> {
    if !caller.is_operator() {
        return Err(Refusal::Forbidden("this needs the token of the server's operator"));
    }
    let mut wrong = Vec::new();
    let name = checked(&wanted.name, &mut wrong);
    if !wrong.is_empty() {
        return Err(Refusal::Fields(wrong));
    }
    let project = projects::create(caller.db(), &name, caller.state.now()).await?;
    let location = caller.state.links.to(&format!("{PREFIX}/projects/{}", project.uuid));
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(project_json(project, Role::Owner))))
}

/// Change a project
///
/// For its owners.
#[utoipa::path(patch, path = "/projects/{project}", operation_id = "update_project", tag = "projects",
    params(("project" = String, Path, description = "Its UUID")), request_body = ProjectChange,
    responses((status = 200, description = "The project as it is now", body = ProjectJson),
        (status = 409, description = "Another project has this ping key", body = super::problem::Problem,
            content_type = "application/problem+json"), Writing))]
pub(super) async fn update(
    caller: Caller,
    At(uuid): At<String>,
    Sent(wanted): Sent<ProjectChange>,
) -> Result<Json<ProjectJson>> {
    let (project, role) = caller.project(&uuid, Action::EditProject).await?;
    let mut wrong = Vec::new();
    let name = wanted.name.map(|name| checked(&name, &mut wrong));
    let ping_key = match wanted.ping_key {
        Patch::Keep => None,
        Patch::Reset => Some(None),
        Patch::Set(key) => {
            if !is_ping_key(&key) {
                let words = format!("must have {PING_KEY_LEN} to {PING_KEY_MAX} letters, digits, - or _");
                wrong.push(FieldError::new("ping_key", words));
            }
            Some(Some(key))
        }
    };
    if !wrong.is_empty() {
        return Err(Refusal::Fields(wrong));
    }
    projects::change(caller.db(), project.id, &Change { name, ping_key })
        .await
        .map_err(|error| Refusal::taken(error, TAKEN))?;
    reread(&caller, project.id, role).await
}

/// Make a new ping key
///
/// For the owners of the project. Addresses with the old one stop working.
#[utoipa::path(post, path = "/projects/{project}/ping-key", operation_id = "rotate_ping_key", tag = "projects",
    params(("project" = String, Path, description = "Its UUID")),
    responses((status = 200, description = "The project with its new ping key", body = ProjectJson), Working))]
pub(super) async fn rotate(caller: Caller, At(uuid): At<String>) -> Result<Json<ProjectJson>> {
    let (project, role) = caller.project(&uuid, Action::EditProject).await?;
    projects::set_ping_key(caller.db(), project.id, &rng::token(PING_KEY_LEN)).await?;
    reread(&caller, project.id, role).await
}

/// Delete a project
///
/// For its owners. It goes with everything in it. The only project there is stays.
#[utoipa::path(delete, path = "/projects/{project}", operation_id = "delete_project", tag = "projects",
    params(("project" = String, Path, description = "Its UUID")),
    responses((status = 204, description = "It is gone"),
        (status = 409, description = "It is the only project", body = super::problem::Problem,
            content_type = "application/problem+json"), Working))]
pub(super) async fn delete(caller: Caller, At(uuid): At<String>) -> Result<StatusCode> {
    let (project, _) = caller.project(&uuid, Action::EditProject).await?;
    if !projects::delete(caller.db(), project.id).await? {
        return Err(Refusal::Conflict("this is the only project; make another one first".to_owned()));
    }
    Ok(StatusCode::NO_CONTENT)
}
