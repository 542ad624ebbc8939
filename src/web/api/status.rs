//! `status/`: whether the database answers, for those who watch the API. It wants no key.
use axum::extract::State;

use super::document::Away;
use super::refusal::Refusal;
use crate::store::projects;
use crate::web::AppState;

/// Any method on `status/`.
#[utoipa::path(get, path = "/status/", operation_id = "status", summary = "Whether the database answers", description = "", security(()),
    responses((status = 200, description = "It does", body = String, content_type = "text/plain"), Away))]
pub async fn status(State(state): State<AppState>) -> Result<&'static str, Refusal> {
    projects::list(&state.db).await?;
    Ok("OK")
}
