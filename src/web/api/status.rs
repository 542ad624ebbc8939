//! `status/`: whether the database answers, for those who watch the API. It wants no key.
use axum::extract::State;

use super::refusal::Refusal;
use crate::store::projects;
use crate::web::AppState;

/// Any method on `status/`.
pub async fn status(State(state): State<AppState>) -> Result<&'static str, Refusal> {
    projects::list(&state.db).await?;
    Ok("OK")
}
