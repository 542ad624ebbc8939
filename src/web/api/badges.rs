//! `GET /api/v1|2|3/badges/`: the addresses of a project's badges.
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::healthchecks::{Refusal, authorise, presented};
use crate::web::{AppState, badges};

/// `GET /api/v1|2|3/badges/`
pub async fn get(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let answer = async {
        let (project, _) = authorise(&state, &presented(&headers, None), false).await?;
        Ok::<_, Refusal>(badges::addresses(&state, project).await?)
    };
    match answer.await {
        Ok(badges) => axum::Json(json!({"badges": badges})).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}
