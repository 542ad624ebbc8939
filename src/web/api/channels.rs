//! `channels/`: what a check may notify.
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::caller::Editor;
use super::document::{ChannelListBody, Listing};
use super::refusal::Refusal;
use crate::store::channels;
use crate::web::AppState;

/// `GET channels/`, without their settings: those hold secrets.
#[utoipa::path(get, path = "/channels/", operation_id = "channels", summary = "List the channels",
    description = "Without their settings: those hold secrets.",
    responses((status = 200, description = "The channels", body = ChannelListBody), Listing))]
pub async fn list(State(state): State<AppState>, editor: Editor) -> Result<Response, Refusal> {
    let channels: Vec<Value> = channels::list(&state.db, editor.project)
        .await?
        .iter()
        .map(|channel| json!({"id": channel.uuid, "name": channel.name, "kind": channel.kind}))
        .collect();
    Ok(Json(json!({"channels": channels})).into_response())
}
