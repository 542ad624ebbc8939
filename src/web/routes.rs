//! Every address the server answers, in one place.
use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{any, get, post};

use super::AppState;
use super::api::healthchecks;
use crate::ingest::http::{self, Intake};

pub fn router(state: AppState, intake: Intake) -> Router {
    let pings = Router::new().route("/ping/{*rest}", any(http::ping)).with_state(intake);
    let api = Router::new()
        .route("/api/v3/checks/", post(healthchecks::create))
        .route("/api/v3/checks", post(healthchecks::create))
        .route("/api/v3/checks/{code}", get(healthchecks::get))
        .route("/api/v3/checks/{code}/flips/", get(healthchecks::list_flips))
        .route("/api/v3/checks/{code}/flips", get(healthchecks::list_flips).post(healthchecks::list_flips))
        .layer(from_fn(healthchecks::cors));
    Router::new().merge(api).with_state(state).merge(pings)
}
