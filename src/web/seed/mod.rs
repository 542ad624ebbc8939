//! The API of heartbeats, the system that Maibo grew out of, so that scripts written for it go on working: one file per
//! noun, and what they share.
//!
//! Source: COMPATIBILITY.md Part C, 5.1 to 5.3; its forms and words of refusal are those of the Django REST framework.
//! Checks are services here, daily times `at`, periods `every`; times are UTC. Who calls says so in a header: a cookie
//! opens nothing here.
mod body;
mod caller;
mod pings;
mod recipients;
mod refusal;
mod service;
mod services;
mod tags;
mod token;

use axum::routing::{get, post};
use axum::{Extension, Router};
use utoipa::OpenApi;

use super::AppState;
use crate::core::Time;
use crate::ingest::Intake;

/// Its addresses, each with and without a slash at its end.
pub fn router(intake: Intake) -> Router<AppState> {
    let of_service = get(services::get).put(services::update).patch(services::update);
    let of_tag = get(tags::get).put(tags::rename).patch(tags::rename);
    let addresses = [
        ("/api/services", get(services::list).post(services::create)),
        ("/api/services/{id}", of_service.delete(services::delete)),
        ("/api/tags", get(tags::list).post(tags::create)),
        ("/api/tags/{id}", of_tag.delete(tags::delete)),
        ("/api/pings", get(pings::list).post(pings::create)),
        // History is not edited.
        ("/api/pings/{id}", get(pings::get)),
        ("/api/token", post(token::create)),
    ];
    let add = |router: Router<AppState>, (path, methods): (&str, axum::routing::MethodRouter<AppState>)| {
        router.route(path, methods.clone()).route(&format!("{path}/"), methods)
    };
    addresses
        .into_iter()
        .fold(Router::new(), add)
        .method_not_allowed_fallback(refusal::method)
        .layer(Extension(intake))
}

/// What our own API needs of it.
#[derive(OpenApi)]
#[openapi(paths(token::create))]
struct Described;

/// What the document says of it: whence a person's token comes. The rest is for scripts that are there already.
pub fn document() -> utoipa::openapi::OpenApi {
    Described::openapi()
}

/// `2018-03-28 06:43:44`
fn date(at: Time) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}
