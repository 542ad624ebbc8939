//! `/api/pings/`: the line at the end of a job, and what came of it.
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::header::{self, HeaderMap};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use serde_json::Value;

use super::body::Given;
use super::caller::Caller;
use super::date;
use super::refusal::Refusal;
use super::services;
use crate::core::access::Action;
use crate::core::ping::{Asked, Kind};
use crate::ingest::{Answer, Intake, Sender, Target, body};
use crate::store::checks::{self, Check};
use crate::store::failures::{self, Told};
use crate::store::{Db, addresses, check_lists, pings};
use crate::web::AppState;

/// Most pings in one answer.
const MAX_PINGS: i64 = 1000;
/// How far back a ping is looked for that was stored a moment ago.
const RECENT: i64 = 20;

/// A ping as scripts see it.
#[derive(Debug, Serialize)]
pub(super) struct Ping<'a> {
    id: i64,
    /// The service's name.
    service: &'a str,
    remote_addr: Option<&'a str>,
    ua: &'a str,
    /// What the failure said; empty for what is no failure.
    data: String,
    created: String,
}

/// The newest ping; an empty object when there is none.
#[derive(Debug)]
pub(super) struct LastPing<'a>(pub(super) Option<Ping<'a>>);

impl Serialize for LastPing<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(ping) => ping.serialize(serializer),
            None => serde_json::Map::new().serialize(serializer),
        }
    }
}

impl<'a> Ping<'a> {
    pub(super) fn new(service: &'a str, told: &'a Told) -> Self {
        Self::with(service, &told.ping, data(told))
    }

    fn with(service: &'a str, ping: &'a pings::Ping, data: String) -> Self {
        Self {
            id: ping.id,
            service,
            remote_addr: Some(ping.remote_addr.as_str()).filter(|addr| !addr.is_empty()),
            ua: &ping.ua,
            data,
            created: date(ping.at()),
        }
    }
}

/// What a ping says to those who take every text for a failure: one that failed without a word says so, and one that
/// was a success says nothing, whatever log came with it.
fn data(told: &Told) -> String {
    let ping = &told.ping;
    if Kind::named(&ping.kind) != Some(Kind::Fail) {
        return String::new();
    }
    let text = told.text().filter(|text| !text.trim().is_empty());
    text.unwrap_or_else(|| match (ping.body_size, ping.exit_status) {
        (failures::MAX_LISTED.., _) => format!("({} bytes, see /api/pings/{}/)", ping.body_size, ping.id),
        (_, Some(status)) => format!("exit status {status}"),
        (_, None) => "failed".to_owned(),
    })
}

/// The last value of this name in a query.
fn parameter(query: &str, name: &str) -> Option<String> {
    let values = url::form_urlencoded::parse(query.as_bytes()).filter(|(known, _)| known == name);
    values.last().map(|(_, value)| value.into_owned())
}

/// `POST /api/pings/?service=<short address>&data=<text>`: a text is a failure, none is a success.
pub(super) async fn create(
    State(state): State<AppState>,
    Extension(intake): Extension<Intake>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, sent) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let short = parameter(query, "service").ok_or(Refusal::NotFound)?;
    let check = by_short(&state.db, &short).await?;
    caller.permit(&state.db, check.project_id, Action::EditChecks).await?;
    let data = match parameter(query, "data") {
        Some(data) => data,
        None => in_body(&parts.headers, &body::collect(sent, intake.body_limit).await.bytes),
    };
    let failed = !data.trim().is_empty();
    let data = if failed { data } else { String::new() };
    let kept = body::bounded(data.as_bytes(), intake.body_limit);

    let asked = if failed { Asked::Fail } else { Asked::Success };
    let sender = Sender::of(&parts, &intake.trusted_proxies);
    let ping = sender.ping(Target::Uuid(check.uuid()), asked, kept, &intake);
    let (at, ua, remote_addr) = (ping.at, ping.ua.clone(), ping.remote_addr.clone());
    match intake.submit(ping).await {
        Answer::Ok | Answer::Created => {}
        Answer::NotFound | Answer::Ambiguous | Answer::Refused(_) => return Err(Refusal::NotFound),
        Answer::Unavailable => return Err(Refusal::NotStored),
    }
    // It is stored, and so has a number. Others may have come since.
    let check = checks::by_id(&state.db, check.id).await?.ok_or(Refusal::NotFound)?;
    let recent = pings::list(&state.db, check.id, check.last_ping_id, RECENT).await?;
    let ours = |ping: &&pings::Ping| ping.at() == at && ping.ua == ua && ping.remote_addr == remote_addr;
    let ping = recent.iter().find(ours).or_else(|| recent.first()).ok_or(Refusal::NotFound)?;
    Ok(Json(Ping::with(&check.name, ping, data)).into_response())
}

async fn by_short(db: &Db, short: &str) -> Result<Check, Refusal> {
    let uuid = addresses::by_short(db, short).await?.ok_or(Refusal::NotFound)?;
    checks::by_uuid(db, uuid).await?.ok_or(Refusal::NotFound)
}

/// `data` in a form or in JSON, for who looks for it there. A body in which nothing can be found is a text itself: a
/// failure must not be taken for a success.
fn in_body(headers: &HeaderMap, sent: &[u8]) -> String {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_json = kind.starts_with("application/json") || sent.trim_ascii_start().starts_with(b"{");
    let is_form = kind.is_empty() || kind.starts_with("application/x-www-form-urlencoded");
    let given = if is_json || is_form { Given::read(sent, is_json).ok() } else { None };
    match &given {
        Some(given) => match given.get("data") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
            // Every text reads as a form: as one name without a value.
            None if is_json || given.has_values() => String::new(),
            None => String::from_utf8_lossy(sent).into_owned(),
        },
        None => String::from_utf8_lossy(sent).into_owned(),
    }
}

/// `GET /api/pings/?service=<id>`: the newest thousand, oldest first. Without `service`, the newest of each service.
pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let db = &state.db;
    let id = parameter(query.as_deref().unwrap_or_default(), "service").filter(|id| !id.is_empty());
    let Some(id) = id else {
        let project = caller.home(db, Action::View).await?;
        let (told, checks) =
            tokio::try_join!(failures::newest(db, project), check_lists::list_all(db, project))?;
        let name = |id: i64| {
            let at = checks.binary_search_by_key(&id, |check| check.id).ok()?;
            checks.get(at).map(|check| check.name.as_str())
        };
        let shown: Vec<Ping<'_>> =
            told.iter().filter_map(|told| Some(Ping::new(name(told.check_id)?, told))).collect();
        return Ok(Json(shown).into_response());
    };
    let check = services::find(&state, &caller, id.trim(), Action::View).await?;
    let told = match check.last_ping_id {
        Some(newest) => failures::list(db, check.id, newest, MAX_PINGS).await?,
        None => Vec::new(),
    };
    let shown: Vec<Ping<'_>> = told.iter().rev().map(|told| Ping::new(&check.name, told)).collect();
    Ok(Json(shown).into_response())
}

/// `GET /api/pings/<id>/`
pub(super) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id: i64 = id.parse().map_err(|_| Refusal::NotFound)?;
    let told = failures::by_id(&state.db, id).await?.ok_or(Refusal::NotFound)?;
    let check = checks::by_id(&state.db, told.check_id).await?.ok_or(Refusal::NotFound)?;
    caller.permit(&state.db, check.project_id, Action::View).await?;
    Ok(Json(Ping::new(&check.name, &told)).into_response())
}
