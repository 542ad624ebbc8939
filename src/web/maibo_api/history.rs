//! What has happened to a check: `pings` with their bodies, and `flips`.
use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::check_json::seconds;
use super::checks::within;
use super::problem::{Reading, Refusal, Result};
use super::sent::{Asked, At};
use crate::core::access::Action;
use crate::store::flips::{self, Flip, Window};
use crate::store::pings::{self, Ping};
use crate::web::api::pings::durations;

/// Most entries on a page, and how many there are when no number is asked for.
const MOST: i64 = 500;
const USUAL: i64 = 100;

/// Which page of a history is wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paged {
    /// The `next` of the page before; the newest when absent.
    #[param(minimum = 0)]
    cursor: Option<i64>,
    /// How many are told.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
}

impl Paged {
    /// Where the page begins, and how many entries it has at most.
    pub(super) fn read(&self) -> Result<(Option<i64>, i64)> {
        let cursor = self.cursor.map(|cursor| within("cursor", cursor, 0, i64::MAX)).transpose()?;
        Ok((cursor, within("limit", self.limit.unwrap_or(USUAL), 1, MOST)?))
    }
}

/// What a job said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ping)]
struct PingJson {
    /// The check's pings are counted from 1.
    n: i64,
    at: DateTime<Utc>,
    kind: PingKind,
    #[schema(required = true, minimum = 0, maximum = 255)]
    exit_status: Option<i64>,
    /// Tells overlapping runs apart.
    #[schema(value_type = Option<uuid::Uuid>, required = true)]
    rid: Option<String>,
    /// Seconds that the run took which this ping ended.
    #[schema(required = true)]
    duration: Option<f64>,
    /// `http`, `https` or `email`.
    scheme: String,
    method: String,
    remote_addr: String,
    user_agent: String,
    /// Bytes of the body that are kept.
    body_size: i64,
}

/// What a ping counted as.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PingKind {
    Success,
    Start,
    Fail,
    Log,
    /// Kept, and without effect.
    Ignored,
}

impl PingKind {
    fn of(word: &str) -> Self {
        match word {
            "success" => Self::Success,
            "start" => Self::Start,
            "fail" => Self::Fail,
            "log" => Self::Log,
            _ => Self::Ignored,
        }
    }
}

/// A page of a check's pings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PingList {
    /// Newest first.
    pings: Vec<PingJson>,
    /// The `cursor` of the next page; null on the last one.
    #[schema(required = true)]
    next: Option<i64>,
}

/// The pings of a check
///
/// As many as history keeps, newest first.
#[utoipa::path(get, path = "/checks/{check}/pings", operation_id = "list_pings", tag = "history",
    params(("check" = String, Path, description = "Its UUID or its `unique_key`"), Paged),
    responses((status = 200, description = "A page of them", body = PingList), Reading))]
pub(super) async fn pings(
    caller: Caller,
    At(code): At<String>,
    Asked(paged): Asked<Paged>,
) -> Result<Json<PingList>> {
    let (check, _) = caller.check(&code, Action::View).await?;
    let (cursor, limit) = paged.read()?;
    let mut found = pings::list(caller.db(), check.id, cursor.or(check.last_ping_id), limit + 1).await?;
    let took = durations(&found);
    let next = beyond(&mut found, limit).map(|ping: Ping| ping.id);
    let pings = found
        .iter()
        .zip(took)
        .map(|(ping, took)| PingJson {
            n: ping.n,
            at: ping.at(),
            kind: PingKind::of(&ping.kind),
            exit_status: ping.exit_status,
            rid: ping.rid.clone(),
            duration: took.map(seconds),
            scheme: ping.scheme.clone(),
            method: ping.method.clone(),
            remote_addr: ping.remote_addr.clone(),
            user_agent: ping.ua.clone(),
            body_size: ping.body_size,
        })
        .collect();
    Ok(Json(PingList { pings, next }))
}

/// The entry that was read to see whether there is a next page: it is not on this one.
fn beyond<T>(found: &mut Vec<T>, limit: i64) -> Option<T> {
    if i64::try_from(found.len()).is_ok_and(|len| len > limit) { found.pop() } else { None }
}

/// The body of a ping
///
/// What the job sent, as it came; of a long one head and tail.
#[utoipa::path(get, path = "/checks/{check}/pings/{n}/body", operation_id = "get_ping_body", tag = "history",
    params(("check" = String, Path, description = "Its UUID or its `unique_key`"),
        ("n" = i64, Path, description = "The ping's number", minimum = 1)),
    responses((status = 200, description = "The bytes", content((Vec<u8> = "text/plain"),
        (Vec<u8> = "application/octet-stream"))), Reading))]
pub(super) async fn body(caller: Caller, At((code, n)): At<(String, String)>) -> Result<Response> {
    let (check, _) = caller.check(&code, Action::View).await?;
    let (Some(newest), Ok(n)) = (check.last_ping_id, n.parse()) else { return Err(Refusal::NotFound) };
    let stored = pings::body_of(caller.db(), check.id, newest, n).await?.ok_or(Refusal::NotFound)?;
    let bytes = stored.unpack();
    let kind = match str::from_utf8(&bytes) {
        Ok(_) => "text/plain; charset=utf-8",
        Err(_) => "application/octet-stream",
    };
    Ok(([(header::CONTENT_TYPE, kind)], bytes).into_response())
}

/// A change of status.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Flip)]
struct FlipJson {
    /// The exact moment: of the ping, or of the deadline.
    at: DateTime<Utc>,
    from: FlipStatus,
    to: FlipStatus,
    reason: FlipReason,
    /// With the reason `exit`.
    #[schema(required = true, minimum = 0, maximum = 255)]
    exit_status: Option<i64>,
    /// What was awaited: the due time of a missed run, or the start of one that took too long.
    #[schema(required = true)]
    awaited: Option<DateTime<Utc>>,
    /// When `from` began.
    since: DateTime<Utc>,
    /// The last success or failure before.
    #[schema(required = true)]
    heard_at: Option<DateTime<Utc>>,
    /// On a recovery: expected runs that never came, at most 1000.
    missed: i64,
    /// Maibo itself was away when the sign of life may have come.
    blind: bool,
}

/// A status as flips have it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum FlipStatus {
    New,
    Up,
    Down,
    Paused,
}

impl FlipStatus {
    fn of(word: &str) -> Self {
        match word {
            "up" => Self::Up,
            "down" => Self::Down,
            "paused" => Self::Paused,
            _ => Self::New,
        }
    }
}

/// Why a status changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum FlipReason {
    Success,
    Fail,
    /// A failure with an exit status.
    Exit,
    /// Nothing came by the end of grace.
    Missed,
    /// A run did not end within its grace.
    Overrun,
    Paused,
    Resumed,
}

impl FlipReason {
    fn of(word: &str) -> Self {
        match word {
            "fail" => Self::Fail,
            "exit" => Self::Exit,
            "missed" => Self::Missed,
            "overrun" => Self::Overrun,
            "paused" => Self::Paused,
            "resumed" => Self::Resumed,
            _ => Self::Success,
        }
    }
}

/// Which flips are wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FlipsAsked {
    /// At this instant or later.
    #[param(value_type = Option<DateTime<Utc>>)]
    from: Option<DateTime<Utc>>,
    /// Before this instant.
    #[param(value_type = Option<DateTime<Utc>>)]
    to: Option<DateTime<Utc>>,
    /// The `next` of the page before; the newest when absent.
    #[param(minimum = 0)]
    cursor: Option<i64>,
    /// How many are told.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
}

/// A page of a check's changes of status.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlipList {
    /// Newest first.
    flips: Vec<FlipJson>,
    /// The `cursor` of the next page; null on the last one.
    #[schema(required = true)]
    next: Option<i64>,
}

/// The changes of a check's status
#[utoipa::path(get, path = "/checks/{check}/flips", operation_id = "list_flips", tag = "history",
    params(("check" = String, Path, description = "Its UUID or its `unique_key`"), FlipsAsked),
    responses((status = 200, description = "A page of them", body = FlipList), Reading))]
pub(super) async fn flips(
    caller: Caller,
    At(code): At<String>,
    Asked(asked): Asked<FlipsAsked>,
) -> Result<Json<FlipList>> {
    let (check, _) = caller.check(&code, Action::View).await?;
    let (cursor, limit) = Paged { cursor: asked.cursor, limit: asked.limit }.read()?;
    let window = Window { from: asked.from, to: asked.to };
    let mut found = flips::page(caller.db(), check.id, window, cursor, limit + 1).await?;
    let more = beyond(&mut found, limit).is_some();
    let next = found.last().filter(|_| more).map(|flip: &Flip| flip.id);
    let flips = found
        .iter()
        .map(|flip| FlipJson {
            at: flip.at(),
            from: FlipStatus::of(&flip.old_status),
            to: FlipStatus::of(&flip.new_status),
            reason: FlipReason::of(&flip.reason),
            exit_status: flip.exit_status,
            awaited: flip.due_at(),
            since: flip.since(),
            heard_at: flip.heard_at(),
            missed: flip.missed,
            blind: flip.blackout_id.is_some(),
        })
        .collect();
    Ok(Json(FlipList { flips, next }))
}
