//! Our own API, `/api/maibo/v1`: everything about checks that Healthchecks' API cannot say, channels, projects and keys.
//! One file per noun; what calls answer is described beside their handlers, and `document` makes the OpenAPI of it.
mod alerts;
mod caller;
mod channels;
mod check_fields;
mod check_json;
mod checks;
mod cors;
mod document;
mod history;
mod keys;
mod pings;
mod problem;
mod projects;
mod schedule;
mod sent;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::any;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;

pub use document::{json, whole};

/// Where all its addresses begin.
pub const PREFIX: &str = "/api/maibo/v1";

/// Its routes with what the document says of them.
fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(projects::list, projects::create))
        .routes(routes!(projects::get, projects::update, projects::delete))
        .routes(routes!(projects::rotate))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::delete))
        .routes(routes!(checks::list, checks::create))
        .routes(routes!(checks::get, checks::update, checks::delete))
        .routes(routes!(checks::pause))
        .routes(routes!(checks::resume))
        .routes(routes!(history::pings))
        .routes(routes!(history::body))
        .routes(routes!(history::flips))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::resend))
        .routes(routes!(channels::list, channels::create))
        .routes(routes!(channels::get, channels::update, channels::delete))
        .routes(routes!(channels::test))
        .routes(routes!(channels::ask))
        .routes(routes!(schedule::preview))
}

/// What stands below [`PREFIX`].
pub fn router() -> Router<AppState> {
    let (router, _) = described().split_for_parts();
    router
        // A route and no fallback: those of other APIs would come first.
        .route("/{*rest}", any(problem::no_route))
        .route("/", any(problem::no_route))
        .method_not_allowed_fallback(problem::no_method)
        .layer(from_fn(cors::preflight))
        .layer(from_fn(cors::allow))
}

/// The part of the document that is about it.
fn own_document() -> OpenApi {
    OpenApiRouter::new().nest(PREFIX, described()).into_openapi()
}
