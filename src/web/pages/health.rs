//! For those who watch the watcher: `/healthz` (the process lives) and `/readyz` (it can do its work).
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::core::Span;
use crate::store::blackouts;
use crate::web::AppState;

/// How late the scheduler may be, or how old the mark that one leaves.
const MAX_LATE: Span = Span::seconds(15);

/// `GET /healthz`
pub async fn healthz() -> &'static str {
    "OK"
}

/// `GET /readyz`: the database can be written and the scheduler is on time: this process's own, or where it has none,
/// somebody's.
pub async fn readyz(State(state): State<AppState>) -> Response {
    let now = state.now();
    let writing = async { state.db.begin().await?.commit().await };
    if let Err(error) = state.db.patiently(writing).await {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("the database cannot be written: {error}\n"))
            .into_response();
    }
    let late = match state.wakes.overdue(now) {
        Some(late) => Ok(Some(late)),
        None => blackouts::last_alive(&state.db).await.map(|mark| mark.map(|at| now - at)),
    };
    let problem = match late {
        Ok(Some(late)) if late <= MAX_LATE => return "OK".into_response(),
        Ok(Some(late)) => format!("no deadline has been looked at for {} seconds\n", late.num_seconds()),
        Ok(None) => "no deadline has been looked at yet\n".to_owned(),
        Err(error) => format!("{error}\n"),
    };
    (StatusCode::SERVICE_UNAVAILABLE, problem).into_response()
}
