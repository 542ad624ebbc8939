//! `checks/<uuid or unique_key>/flips/`: changes of status.
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Reader;
use super::document::Reading;
use super::named::Code;
use super::refusal::Refusal;
use crate::core::{Span, Time};
use crate::healthchecks::Seconds;
use crate::store::flips::{self, Window};
use crate::web::AppState;

/// Most flips in one answer.
const MAX_FLIPS: i64 = 100_000;

#[derive(Serialize, ToSchema)]
#[schema(as = HealthchecksFlip)]
struct Flip {
    #[schema(value_type = String, format = DateTime)]
    timestamp: Seconds,
    /// 1 where the check came up, else 0.
    #[schema(maximum = 1)]
    up: u8,
}

#[derive(Serialize, ToSchema)]
#[schema(as = HealthchecksFlipList)]
pub(super) struct List {
    flips: Vec<Flip>,
}

/// `GET checks/<uuid or unique_key>/flips/`, newest first.
#[utoipa::path(get, path = "/checks/{code}/flips/", operation_id = "flips", summary = "The changes of a check's status",
    description = "Newest first.",
    params(("code" = String, Path, description = "The check's UUID, or its `unique_key`"), ("seconds" = Option<i64>, Query, minimum = 0, maximum = 31_536_000, description = "Of so many seconds up to now"),
        ("start" = Option<i64>, Query, minimum = 0, maximum = 10_000_000_000i64, description = "From this Unix time on"),
        ("end" = Option<i64>, Query, minimum = 0, maximum = 10_000_000_000i64, description = "Before this Unix time")),
    responses((status = 200, description = "The flips", body = List),
        (status = 400, description = "A bad filter: no words"), Reading))]
pub async fn list(
    State(state): State<AppState>,
    code: Code,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let check = code.find(&state.db, reader.project).await?;
    let window = window(query.as_deref().unwrap_or_default(), state.now()).ok_or(Refusal::Filter)?;
    let flips = flips::list(&state.db, check.id, window, MAX_FLIPS)
        .await?
        .iter()
        .map(|flip| Flip { timestamp: Seconds(flip.at()), up: u8::from(flip.new_status == "up") })
        .collect();
    Ok(Json(List { flips }).into_response())
}

/// `seconds` (0 to 31536000; 0 or empty is no filter), `start` and `end` (unix, 0 to 10^10); combined with AND.
/// The last of a repeated name counts.
fn window(query: &str, now: Time) -> Option<Window> {
    // As Django reads whole numbers: `60.0` is one.
    let whole = |text: &str| match text.trim().split_once('.') {
        Some((number, zeros)) if zeros.bytes().all(|b| b == b'0') => number.parse::<i64>().ok(),
        _ => text.trim().parse().ok(),
    };
    let number = |text: &str, max: i64| whole(text).filter(|n| (0..=max).contains(n));
    let instant = |text: &str| Time::from_timestamp(number(text, 10_000_000_000)?, 0);
    let (mut ago, mut start, mut end) = (None, None, None);
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match key.as_ref() {
            "seconds" => ago = Some(value),
            "start" => start = Some(value),
            "end" => end = Some(value),
            _ => {}
        }
    }
    let ago = match ago.filter(|text| !text.trim().is_empty()) {
        Some(text) => Some(number(&text, 31_536_000)?).filter(|seconds| *seconds > 0),
        None => None,
    };
    let start = start.map(|text| instant(&text).ok_or(())).transpose().ok()?;
    let to = end.map(|text| instant(&text).ok_or(())).transpose().ok()?;
    let from = [ago.map(|seconds| now - Span::seconds(seconds)), start].into_iter().flatten().max();
    Some(Window { from, to })
}
