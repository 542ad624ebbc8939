//! Who calls: the key in the header or the body, the project that it opens, and how far.
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::HeaderMap;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::auth::secret;
use crate::auth::throttle::Who;
use crate::healthchecks::View;
use crate::store::keys::{self, Scope};
use crate::web::AppState;
use crate::web::body::{BodyFault, collect};

/// Somebody with any key of a project.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    pub project: i64,
    pub view: View,
}

/// Somebody with a read-write key.
#[derive(Debug, Clone, Copy)]
pub struct Editor {
    pub project: i64,
}

/// Somebody with a read-write key, and what they want done.
#[derive(Debug)]
pub struct Edit {
    pub project: i64,
    pub body: Map<String, Value>,
}

/// `X-Api-Key`: any header, even an empty one, beats a key in the body.
fn presented(headers: &HeaderMap, body: Option<&Map<String, Value>>) -> String {
    match headers.get("x-api-key") {
        Some(value) => value.to_str().unwrap_or_default().to_owned(),
        None => body.and_then(|body| body.get("api_key")?.as_str()).unwrap_or_default().to_owned(),
    }
}

/// The project that a key opens, if it opens it as far as `needed`.
async fn authorise(state: &AppState, key: &str, needed: Scope) -> Result<(i64, Scope), Refusal> {
    if key.chars().count() != secret::API_KEY_LEN {
        return Err(Refusal::MissingKey);
    }
    let found = keys::find(&state.db, &secret::digest(key)).await?.ok_or(Refusal::WrongKey)?;
    if needed == Scope::ReadWrite && found.scope != Scope::ReadWrite {
        return Err(Refusal::WrongKey);
    }
    note_use(state, found.id);
    Ok((found.project_id, found.scope))
}

/// Writes down that a key was used, once a minute at most and in nobody's way.
pub(in crate::web) fn note_use(state: &AppState, id: i64) {
    let now = state.now();
    if state.guesses.key_use.take(Who::Account(id.to_string()), now).is_err() {
        return;
    }
    let db = state.db.clone();
    state.tasks.spawn(async move {
        if let Err(error) = keys::used(&db, id, now).await {
            tracing::warn!(%error, "the last use of an API key could not be recorded");
        }
    });
}

/// A JSON object; an empty body is an empty one. The content type is ignored.
async fn read(body: Body) -> Result<Map<String, Value>, Refusal> {
    let bytes = collect(body).await.map_err(|fault| match fault {
        BodyFault::Broken => Refusal::Body("could not parse request body"),
        BodyFault::TooLong => Refusal::TooLarge,
    })?;
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Refusal::Body("json validation error: value is not an object")),
        Err(_) => Err(Refusal::Body("could not parse request body")),
    }
}

impl FromRequestParts<AppState> for Reader {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let (project, scope) = authorise(state, &presented(&parts.headers, None), Scope::ReadOnly).await?;
        let view = if scope == Scope::ReadWrite { View::Full } else { View::ReadOnly };
        Ok(Self { project, view })
    }
}

impl FromRequestParts<AppState> for Editor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let (project, _) = authorise(state, &presented(&parts.headers, None), Scope::ReadWrite).await?;
        Ok(Self { project })
    }
}

impl FromRequest<AppState> for Edit {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        // Before the key: bad JSON is told to everybody.
        let body = read(body).await?;
        let key = presented(&parts.headers, Some(&body));
        let (project, _) = authorise(state, &key, Scope::ReadWrite).await?;
        Ok(Self { project, body })
    }
}
