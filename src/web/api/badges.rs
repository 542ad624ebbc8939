//! `badges/`: the addresses of a project's badges.
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::caller::Reader;
use super::document::{BadgeListBody, Listing};
use super::refusal::Refusal;
use crate::web::{AppState, badges};

/// `GET badges/`
#[utoipa::path(get, path = "/badges/", operation_id = "badges", summary = "The addresses of the badges",
    description = "Under `*` those for all checks, then those for each tag.",
    responses((status = 200, description = "The addresses", body = BadgeListBody), Listing))]
pub async fn get(State(state): State<AppState>, reader: Reader) -> Result<Json<Value>, Refusal> {
    Ok(Json(json!({"badges": badges::addresses(&state, reader.project).await?})))
}
