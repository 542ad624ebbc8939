//! The Healthchecks management API: create a check, read one, read its flips. The rest of it is not here yet.
//!
//! Source: COMPATIBILITY.md 4.0 "Management API, observed" and 4.2.
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::fields;
use crate::auth::secret;
use crate::core::ping::parse_check_uuid;
use crate::core::{Span, Time};
use crate::healthchecks::{self as wire, View, unique_key};
use crate::rng;
use crate::store::checks::{self, Channels, Check, Settings};
use crate::store::flips::Window;
use crate::store::keys::{self, Scope};
use crate::store::{StoreError, channels, check_lists, flips};
use crate::web::AppState;

/// The version of the API that is served.
const VERSION: u8 = 3;
/// Longest body, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// Most flips in one answer.
const MAX_FLIPS: i64 = 100_000;

/// Why a call is refused, with Healthchecks' words where it has some.
pub(super) enum Refusal {
    Body(&'static str),
    TooLarge,
    Field(String),
    Channel(String),
    MissingKey,
    WrongKey,
    /// Somebody else's check: no words.
    Forbidden,
    NotFound,
    /// A bad filter: no words.
    Filter,
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error =
            |status: StatusCode, words: &str| (status, axum::Json(json!({"error": words}))).into_response();
        match self {
            Self::Body(words) => error(StatusCode::BAD_REQUEST, words),
            Self::TooLarge => error(StatusCode::PAYLOAD_TOO_LARGE, "request body is too large"),
            Self::Field(words) => error(StatusCode::BAD_REQUEST, &format!("json validation error: {words}")),
            Self::Channel(words) => error(StatusCode::BAD_REQUEST, &words),
            Self::MissingKey => error(StatusCode::UNAUTHORIZED, "missing api key"),
            Self::WrongKey => error(StatusCode::UNAUTHORIZED, "wrong api key"),
            Self::Forbidden => StatusCode::FORBIDDEN.into_response(),
            Self::NotFound => StatusCode::NOT_FOUND.into_response(),
            Self::Filter => StatusCode::BAD_REQUEST.into_response(),
            Self::Store(cause) => {
                tracing::error!(error = %cause, "an API call failed");
                let mut response =
                    error(StatusCode::SERVICE_UNAVAILABLE, "the database is not available, please try again");
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
                response
            }
        }
    }
}

/// Layer: CORS headers on every answer, and the answer to a browser's preflight.
pub async fn cors(method: Method, request: axum::extract::Request, next: Next) -> Response {
    let mut response = match method {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        // Observed: only what is listed, and HEAD is not.
        Method::HEAD => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("X-Api-Key, Content-Type"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// `X-Api-Key`: any header, even an empty one, beats a key in the body.
pub(super) fn presented(headers: &HeaderMap, body: Option<&Map<String, Value>>) -> String {
    match headers.get("x-api-key") {
        Some(value) => value.to_str().unwrap_or_default().to_owned(),
        None => body.and_then(|body| body.get("api_key")?.as_str()).unwrap_or_default().to_owned(),
    }
}

/// The project that a key opens.
pub(super) async fn authorise(state: &AppState, key: &str, write: bool) -> Result<(i64, Scope), Refusal> {
    if key.chars().count() != secret::API_KEY_LEN {
        return Err(Refusal::MissingKey);
    }
    match keys::find(&state.db, &secret::digest(key)).await? {
        Some((project, scope)) if !write || scope == Scope::ReadWrite => Ok((project, scope)),
        _ => Err(Refusal::WrongKey),
    }
}

async fn read_body(body: Body) -> Result<Map<String, Value>, Refusal> {
    let bytes: Bytes = match axum::body::to_bytes(body, MAX_BODY).await {
        Ok(bytes) => bytes,
        Err(_) => return Err(Refusal::TooLarge),
    };
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Refusal::Body("json validation error: value is not an object")),
        Err(_) => Err(Refusal::Body("could not parse request body")),
    }
}

/// `POST /api/v3/checks/`
pub async fn create(State(state): State<AppState>, headers: HeaderMap, body: Body) -> Response {
    match create_check(&state, &headers, body).await {
        Ok((status, value)) => (status, axum::Json(value)).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn create_check(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
) -> Result<(StatusCode, Value), Refusal> {
    let body = read_body(body).await?;
    let (project, _) = authorise(state, &presented(headers, Some(&body)), true).await?;
    let now = state.now();
    let wanted = fields::read(&body, now).map_err(Refusal::Field)?;
    let existing = if wanted.unique.is_empty() {
        None
    } else {
        check_lists::list_all(&state.db, project)
            .await?
            .into_iter()
            .find(|check| wanted.is(&check.settings()))
    };
    let mut settings = existing.as_ref().map_or_else(|| Settings::named(""), Check::settings);
    wanted.apply(&mut settings, now).map_err(Refusal::Field)?;
    let links = match &wanted.channels {
        Some(text) => Some(find_channels(state, project, text).await?),
        None => None,
    };
    let (uuid, status) = if let Some(check) = existing {
        checks::update(&state.db, check.id, &settings, links.as_ref(), now).await?;
        (check.uuid(), StatusCode::OK)
    } else {
        let uuid = rng::uuid();
        let channels = links.unwrap_or(Channels::These(Vec::new()));
        checks::insert(&state.db, project, uuid, &settings, &channels, now).await?;
        (uuid, StatusCode::CREATED)
    };
    let check = checks::by_uuid(&state.db, uuid).await?.ok_or(Refusal::NotFound)?;
    state.wakes.deadlines.notify_one();
    Ok((status, shown(state, &check, View::Full, now).await?))
}

/// UUIDs or unique names, exact, separated by commas; `*` for all.
async fn find_channels(state: &AppState, project: i64, text: &str) -> Result<Channels, Refusal> {
    match text {
        "*" => return Ok(Channels::All),
        "" => return Ok(Channels::These(Vec::new())),
        _ => {}
    }
    let known = channels::list(&state.db, project).await?;
    let mut ids = Vec::new();
    for part in text.split(',') {
        if part.is_empty() {
            return Err(Refusal::Channel("empty channel identifier".to_owned()));
        }
        let fitting: Vec<i64> =
            known.iter().filter(|c| c.uuid == part || c.name == part).map(|channel| channel.id).collect();
        match fitting.as_slice() {
            [id] => ids.push(*id),
            [] => return Err(Refusal::Channel(format!("invalid channel identifier: {part}"))),
            _ => return Err(Refusal::Channel(format!("non-unique channel identifier: {part}"))),
        }
    }
    Ok(Channels::These(ids))
}

async fn shown(state: &AppState, check: &Check, view: View, now: Time) -> Result<Value, StoreError> {
    let channels = checks::channel_uuids(&state.db, check.id).await?;
    Ok(wire::check(check, &channels, &state.links, VERSION, view, now))
}

/// A check by its UUID (the caller's project or 403) or its `unique_key` (the caller's project or 404).
async fn find(state: &AppState, project: i64, code: &str) -> Result<Check, Refusal> {
    if let Some(uuid) = parse_check_uuid(code) {
        let check = checks::by_uuid(&state.db, uuid).await?.ok_or(Refusal::NotFound)?;
        return if check.project_id == project { Ok(check) } else { Err(Refusal::Forbidden) };
    }
    if code.len() != 40 || !code.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Refusal::NotFound);
    }
    let all = check_lists::list_all(&state.db, project).await?;
    all.into_iter().find(|check| unique_key(check.code()) == code).ok_or(Refusal::NotFound)
}

/// `GET /api/v3/checks/<uuid or unique_key>`
pub async fn get(State(state): State<AppState>, Path(code): Path<String>, headers: HeaderMap) -> Response {
    let answer = async {
        let (project, scope) = authorise(&state, &presented(&headers, None), false).await?;
        let check = find(&state, project, &code).await?;
        let view = if scope == Scope::ReadWrite { View::Full } else { View::ReadOnly };
        Ok::<_, Refusal>(shown(&state, &check, view, state.now()).await?)
    };
    match answer.await {
        Ok(value) => axum::Json(value).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// `GET /api/v3/checks/<uuid or unique_key>/flips/`
pub async fn list_flips(
    State(state): State<AppState>,
    Path(code): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let (project, _) = authorise(&state, &presented(&headers, None), false).await?;
        let check = find(&state, project, &code).await?;
        let window = window(query.as_deref().unwrap_or_default(), state.now()).ok_or(Refusal::Filter)?;
        let flips = flips::list(&state.db, check.id, window, MAX_FLIPS).await?;
        let flips: Vec<Value> = flips
            .iter()
            .map(|flip| json!({"timestamp": wire::seconds(flip.at()), "up": i32::from(flip.new_status == "up")}))
            .collect();
        Ok::<_, Refusal>(json!({"flips": flips}))
    };
    match answer.await {
        Ok(value) => axum::Json(value).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// `seconds` (0 to 31536000; 0 or empty is no filter), `start` and `end` (unix, 0 to 10^10); combined with AND.
fn window(query: &str, now: Time) -> Option<Window> {
    let mut window = Window::default();
    let number = |text: &str, max: i64| text.parse::<i64>().ok().filter(|n| (0..=max).contains(n));
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match key.as_ref() {
            "seconds" if value.is_empty() => {}
            "seconds" => {
                let seconds = number(&value, 31_536_000)?;
                if seconds > 0 {
                    let from = now - Span::seconds(seconds);
                    window.from = Some(window.from.map_or(from, |set| set.max(from)));
                }
            }
            "start" => {
                let from = Time::from_timestamp(number(&value, 10_000_000_000)?, 0)?;
                window.from = Some(window.from.map_or(from, |set| set.max(from)));
            }
            "end" => window.to = Some(Time::from_timestamp(number(&value, 10_000_000_000)?, 0)?),
            _ => {}
        }
    }
    Some(window)
}
