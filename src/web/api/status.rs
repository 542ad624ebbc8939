//! What wants no key: `status/`, for those who watch the API, and the addresses at which vendors report on messages.
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

/// `notifications/<uuid>/status`: what a vendor says later of a message. Ours are judged by the answer to sending them; a
/// vendor who is still told of this address must not try again and again.
#[utoipa::path(post, path = "/notifications/{code}/status", operation_id = "notification_status",
    summary = "Take a report on a message", description = "Nothing is done with it.", security(()),
    params(("code" = String, Path, description = "The message's UUID")),
    responses((status = 200, description = "It is taken")))]
pub async fn delivered() {}

/// Any method on `bounces/`: mail that came back. Ours comes back to the sender of `MAIBO_MAIL_FROM`.
#[utoipa::path(post, path = "/bounces/", operation_id = "bounces", summary = "Take a mail that came back",
    description = "Nothing is done with it.", security(()),
    responses((status = 200, description = "It is taken", body = String, content_type = "text/plain")))]
pub async fn bounced() -> &'static str {
    "OK (bad signature)"
}
