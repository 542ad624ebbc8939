//! For those who watch the watcher: `/healthz` (the process lives) and `/readyz` (it can do its work).
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::core::Span;
use crate::store::blackouts;
use crate::web::AppState;

/// How old the scheduler's mark may be.
const MARK_AGE: Span = Span::seconds(15);

/// `GET /healthz`
pub async fn healthz() -> &'static str {
    "OK"
}

/// `GET /readyz`: the database can be written and the scheduler is on time.
pub async fn readyz(State(state): State<AppState>) -> Response {
    let now = state.now();
    let writable = match state.db.begin().await {
        Ok(tx) => tx.commit().await,
        Err(error) => Err(error),
    };
    if let Err(error) = writable {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("the database cannot be written: {error}\n"))
            .into_response();
    }
    match blackouts::last_alive(&state.db).await {
        Ok(Some(at)) if now - at <= MARK_AGE => "OK".into_response(),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "the scheduler has not been heard of for a while\n")
            .into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}
