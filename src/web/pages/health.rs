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

/// `GET /readyz`: the database can be written and this process's scheduler is on time.
///
/// Where the process has none, a missing worker is told, but it is no reason for a proxy to keep pings away.
pub async fn readyz(State(state): State<AppState>) -> Response {
    let now = state.now();
    if let Some(file) = state.db.lost_file() {
        let words = format!(
            "the database file {} was deleted or replaced while this server has it open; stop the server, put the file back, start it\n",
            file.display()
        );
        return (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
    }
    let writing = async { state.db.begin().await?.commit().await };
    if let Err(error) = state.db.patiently(writing).await {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("the database cannot be written: {error}\n"))
            .into_response();
    }
    if let Some(late) = state.wakes.overdue(now) {
        return if late <= MAX_LATE {
            "OK".into_response()
        } else {
            let words = format!("no deadline has been looked at for {} seconds\n", late.num_seconds());
            (StatusCode::SERVICE_UNAVAILABLE, words).into_response()
        };
    }
    match blackouts::last_alive(&state.db).await {
        Ok(Some(mark)) if now - mark <= MAX_LATE => "OK".into_response(),
        Ok(_) => "OK for pings; but nobody watches deadlines: start `maibo worker`\n".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}
