//! `badges/`: the addresses of a project's badges.
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::caller::Reader;
use super::refusal::Refusal;
use crate::web::{AppState, badges};

/// `GET badges/`
pub async fn get(State(state): State<AppState>, reader: Reader) -> Result<Json<Value>, Refusal> {
    Ok(Json(json!({"badges": badges::addresses(&state, reader.project).await?})))
}
