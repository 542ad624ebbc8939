//! `keys` of a project: list, make, revoke.
use axum::Json;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::problem::{Refusal, Result, Working, Writing};
use super::sent::{At, Sent};
use crate::auth::secret;
use crate::core::access::Action;
use crate::notify::mask;
use crate::store::keys::{self, MAX_PER_PROJECT, Scope};

/// A key that opens the APIs for one project.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
struct KeyJson {
    id: i64,
    scope: ScopeWord,
    /// How it begins and ends.
    hint: String,
    created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    #[schema(required = true)]
    used_at: Option<DateTime<Utc>>,
}

/// A key that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeKey {
    id: i64,
    scope: ScopeWord,
    /// The key itself. It is shown this once.
    key: String,
}

/// What a key allows.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Scope)]
enum ScopeWord {
    ReadWrite,
    ReadOnly,
}

impl From<ScopeWord> for Scope {
    fn from(word: ScopeWord) -> Self {
        match word {
            ScopeWord::ReadWrite => Self::ReadWrite,
            ScopeWord::ReadOnly => Self::ReadOnly,
        }
    }
}

/// The keys of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyList {
    /// Oldest first.
    keys: Vec<KeyJson>,
}

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    scope: ScopeWord,
}

/// The keys of a project
///
/// For its owners.
#[utoipa::path(get, path = "/projects/{project}/keys", operation_id = "list_keys", tag = "keys",
    params(("project" = String, Path, description = "Its UUID")),
    responses((status = 200, description = "All of them", body = KeyList), Working))]
pub(super) async fn list(caller: Caller, At(project): At<String>) -> Result<Json<KeyList>> {
    let (project, _) = caller.project(&project, Action::EditProject).await?;
    let keys = keys::list(caller.db(), project.id).await?.into_iter().filter_map(|key| {
        let scope = match key.scope {
            Scope::ReadWrite => ScopeWord::ReadWrite,
            Scope::ReadOnly => ScopeWord::ReadOnly,
            Scope::Metrics => return None,
        };
        Some(KeyJson { id: key.id, scope, hint: key.hint, created_at: key.created_at, used_at: key.used_at })
    });
    Ok(Json(KeyList { keys: keys.collect() }))
}

/// Make a key
///
/// For the owners of the project. The key is shown this once.
#[utoipa::path(post, path = "/projects/{project}/keys", operation_id = "create_key", tag = "keys",
    params(("project" = String, Path, description = "Its UUID")), request_body = NewKey,
    responses((status = 201, description = "The key", body = MadeKey),
        (status = 409, description = "The project has 100 keys already", body = super::problem::Problem,
            content_type = "application/problem+json"), Writing))]
pub(super) async fn create(
    caller: Caller,
    At(project): At<String>,
    Sent(wanted): Sent<NewKey>,
) -> Result<(StatusCode, Json<MadeKey>)> {
    let (project, _) = caller.project(&project, Action::EditProject).await?;
    if keys::list(caller.db(), project.id).await?.len() >= MAX_PER_PROJECT {
        let words = format!("a project has at most {MAX_PER_PROJECT} keys; revoke one that nobody uses");
        return Err(Refusal::Conflict(words));
    }
    let scope = Scope::from(wanted.scope);
    let key = secret::api_key(scope);
    let (hash, hint) = (secret::digest(&key), mask(&key));
    let id = keys::insert(caller.db(), Some(project.id), scope, &hash, &hint, caller.state.now()).await?;
    Ok((StatusCode::CREATED, Json(MadeKey { id, scope: wanted.scope, key })))
}

/// Revoke a key
///
/// For the owners of the project. It opens nothing from now on.
#[utoipa::path(delete, path = "/projects/{project}/keys/{id}", operation_id = "delete_key", tag = "keys",
    params(("project" = String, Path, description = "Its UUID"), ("id" = i64, Path, description = "The key's number")),
    responses((status = 204, description = "It is worthless"), Working))]
pub(super) async fn delete(caller: Caller, At((project, id)): At<(String, String)>) -> Result<StatusCode> {
    let (project, _) = caller.project(&project, Action::EditProject).await?;
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    if !keys::revoke(caller.db(), project.id, id).await? {
        return Err(Refusal::NotFound);
    }
    Ok(StatusCode::NO_CONTENT)
}
