//! For Prometheus: a project's checks, and the server itself. For Healthchecks' own monitors: how far the work has got.
//!
//! Source: COMPATIBILITY.md 4.0 and 4.2, "Prometheus" and `metrics/`.
mod exposition;
mod project;
mod server;

use axum::extract::{Path, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use utoipa::ToSchema;

use super::AppState;
use super::error::Result;
use crate::auth::secret::{API_KEY_LEN, digest};
use crate::store::keys::{self, Scope};
use crate::store::{blackouts, check_lists, gauges, projects};
use exposition::Exposition;

const METRICS_KEY: HeaderName = HeaderName::from_static("x-metrics-key");

/// How far the work has got.
#[derive(ToSchema)]
#[schema(as = HealthchecksProgress)]
#[expect(dead_code, reason = "describes what `progress` writes")]
pub struct ProgressBody {
    /// Unix time.
    ts: i64,
    #[schema(required = true)]
    max_ping_id: Option<i64>,
    #[schema(required = true)]
    max_notification_id: Option<i64>,
    num_unprocessed_flips: i64,
}

/// What is wrong with a key, or with there being none.
enum Refusal {
    /// No key in sight.
    Missing,
    /// This cannot be a key.
    Malformed,
    Wrong,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Missing => {
                let ask = [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))];
                (StatusCode::UNAUTHORIZED, ask, "a key is needed: Authorization: Bearer <key>\n")
                    .into_response()
            }
            Self::Malformed => {
                let words = format!("a key has {API_KEY_LEN} characters\n");
                (StatusCode::BAD_REQUEST, words).into_response()
            }
            Self::Wrong => (StatusCode::FORBIDDEN, "this key opens nothing here\n").into_response(),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// `GET /projects/<project>/metrics/<key>` and `/projects/<project>/checks/metrics/<key>`
#[utoipa::path(get, path = "/projects/{project}/metrics/{key}", operation_id = "project_metrics_by_address", tag = "metrics",
    summary = "The checks of a project, with the key in the address", description = "As Healthchecks has it.", security(()),
    params(("project" = String, Path, description = "Its UUID"),
        ("key" = String, Path, description = "A read-only key of this project")),
    responses((status = 200, description = "Series", body = String, content_type = "text/plain"),
        (status = 400, description = "This cannot be a key", body = String, content_type = "text/plain"),
        (status = 403, description = "Not a read-only key of this project", body = String, content_type = "text/plain"),
        (status = 503, description = "The database is not available")))]
pub async fn of_project(
    State(state): State<AppState>,
    Path((project, key)): Path<(String, String)>,
) -> Result<Response> {
    project_page(&state, &project, &key).await
}

/// `GET /projects/<project>/metrics/` with `Authorization: Bearer <key>`
#[utoipa::path(get, path = "/projects/{project}/metrics/", operation_id = "project_metrics", tag = "metrics",
    summary = "The checks of a project, for Prometheus", description = "With a read-only key of this project.",
    security(("bearer" = [])), params(("project" = String, Path, description = "Its UUID")),
    responses((status = 200, description = "Series", body = String, content_type = "text/plain"),
        (status = 400, description = "This cannot be a key", body = String, content_type = "text/plain"),
        (status = 401, description = "No key", body = String, content_type = "text/plain"),
        (status = 403, description = "Not a read-only key of this project", body = String, content_type = "text/plain"),
        (status = 503, description = "The database is not available")))]
pub async fn of_project_by_header(
    State(state): State<AppState>,
    Path(project): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    match bearer(&headers) {
        Some(key) => project_page(&state, &project, key).await,
        None => Ok(Refusal::Missing.into_response()),
    }
}

/// The key must be a read-only one of this very project: it stands in addresses and in Prometheus' settings.
async fn project_page(state: &AppState, uuid: &str, key: &str) -> Result<Response> {
    if key.chars().count() != API_KEY_LEN {
        return Ok(Refusal::Malformed.into_response());
    }
    let project = match keys::find(&state.db, &digest(key)).await? {
        Some(key) if key.scope == Scope::ReadOnly => key.project_id,
        _ => return Ok(Refusal::Wrong.into_response()),
    };
    if projects::by_id(&state.db, project).await?.is_none_or(|project| project.uuid != uuid) {
        return Ok(Refusal::Wrong.into_response());
    }
    let checks = check_lists::list_all(&state.db, project).await?;
    Ok(project::page(&checks, state.now()).into_response())
}

/// `GET /metrics` with a key of the server, by `Authorization: Bearer` or `X-Metrics-Key`
#[utoipa::path(get, path = "/metrics", operation_id = "server_metrics", tag = "metrics", summary = "The server, for Prometheus",
    description = "With a metrics key of the server, as `X-Metrics-Key` or as bearer token.", security(("metrics_key" = []), ("bearer" = [])),
    responses((status = 200, description = "Series", body = String, content_type = "text/plain"),
        (status = 401, description = "No key", body = String, content_type = "text/plain"),
        (status = 403, description = "Not a metrics key", body = String, content_type = "text/plain"),
        (status = 503, description = "The database is not available")))]
pub async fn of_server(State(state): State<AppState>, headers: HeaderMap) -> Result<Response> {
    let by_header = headers.get(METRICS_KEY).and_then(|value| value.to_str().ok());
    let Some(key) = by_header.or_else(|| bearer(&headers)) else {
        return Ok(Refusal::Missing.into_response());
    };
    if !keys::opens_metrics(&state.db, &digest(key)).await? {
        return Ok(Refusal::Wrong.into_response());
    }
    let now = state.now();
    let stored = server::Stored {
        checks: gauges::checks(&state.db, now).await?,
        kinds: gauges::kinds(&state.db).await?,
        watched: blackouts::last_alive(&state.db).await?,
    };
    let page: Exposition = server::page(&state.meters, &stored, state.wakes.overdue(now), now);
    Ok(page.into_response())
}

/// `/api/v1|2|3/metrics/` with `X-Metrics-Key`, by any method
#[utoipa::path(get, path = "/metrics/", operation_id = "progress", summary = "How far the work has got",
    description = "With a metrics key of the server.",
    security(("metrics_key" = [])),
    responses((status = 200, description = "Numbers", body = ProgressBody),
        (status = 403, description = "Not a metrics key", body = String, content_type = "text/plain"),
        (status = 503, description = "The database is not available")))]
pub async fn progress(State(state): State<AppState>, headers: HeaderMap) -> Result<Response> {
    let key = headers.get(METRICS_KEY).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !keys::opens_metrics(&state.db, &digest(key)).await? {
        return Ok(Refusal::Wrong.into_response());
    }
    let got = gauges::progress(&state.db).await?;
    let told = json!({
        "ts": state.now().timestamp(),
        "max_ping_id": got.max_ping_id,
        "max_notification_id": got.max_notification_id,
        "num_unprocessed_flips": got.num_unprocessed_flips,
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(told)).into_response())
}
