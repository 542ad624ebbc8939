//! Every address the server answers, in one place.
use std::any::Any;
use std::time::Duration;

use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::TimeoutLayer;

use super::pages::{
    api_docs, channel, channel_form, channel_kinds, channel_preview, channels, check, check_form, checks,
    consent, health, home, keys, language, operator, setup, sign_in, telegram, undelivered,
};
use super::{AppState, api, assets, badges, error, layers, maibo_api, metrics, pages, seed};
use crate::ingest::{Intake, dialects, http};

/// How long a request may take, sending its form included; a test message through a slow vendor takes most of it.
const PATIENCE: Duration = Duration::from_secs(40);

/// Everything but the pings, which have their own state and none of these layers.
pub fn router(state: AppState, intake: Intake) -> Router {
    let pages = Router::new()
        .route("/", get(home::get))
        .route("/setup", get(setup::get).post(setup::post))
        .route("/login", get(sign_in::get).post(sign_in::post))
        .route("/logout", post(sign_in::out))
        .route("/language", post(language::post))
        .route("/projects/{project}/checks", get(checks::get))
        .route("/projects/{project}/checks/new", get(check_form::new).post(check_form::make))
        .route("/projects/{project}/schedule", post(check_form::preview_only))
        .route("/projects/{project}/channels", get(channels::get))
        .route("/projects/{project}/channels/telegram", get(telegram::get).post(telegram::post))
        .route("/projects/{project}/channels/preview", post(channel_preview::post))
        .route("/projects/{project}/channels/new/{kind}", get(channel_form::new).post(channel_form::make))
        .route("/projects/{project}/badges", get(pages::badges::get))
        .route("/projects/{project}/keys", get(keys::get).post(keys::make))
        .route("/projects/{project}/keys/{key}/revoke", get(keys::ask_revoke).post(keys::revoke))
        .route("/projects/{project}/keys/ping", get(keys::ask_ping_key).post(keys::make_ping_key))
        .route("/checks/{check}", get(check::get))
        .route("/cloaked/{key}", get(check::by_unique_key))
        .route("/cloaked/{key}/", get(check::by_unique_key))
        .route("/checks/{check}/edit", get(check_form::edit).post(check_form::save))
        .route("/checks/{check}/pause", post(check::pause))
        .route("/checks/{check}/resume", post(check::resume))
        .route("/checks/{check}/delete", get(check::ask_delete).post(check::delete))
        .route("/checks/{check}/pings/{ping}/body", get(check::body))
        .route("/checks/{check}/pings/{ping}/source", get(check::source))
        .route("/projects/{project}/alerts", get(undelivered::get))
        .route("/projects/{project}/alerts/dismiss", post(undelivered::dismiss))
        .route("/projects/{project}/alerts/{alert}/resend", post(undelivered::resend))
        .route("/admin/delivery", get(operator::get))
        .route("/channels/{channel}", get(channel::get))
        .route("/channels/{channel}/resend", get(channel::resent).post(channel::resend))
        .route("/channels/{channel}/edit", get(channel_form::edit).post(channel_form::save))
        .route("/channels/{channel}/test", get(channels::tested).post(channels::test))
        .route("/channels/{channel}/ask", post(consent::ask))
        .route("/channels/{channel}/delete", get(channels::ask_delete).post(channels::delete))
        .route("/api/docs", get(api_docs::get))
        .route("/docs", get(channel_kinds::index))
        .route("/docs/", get(channel_kinds::index))
        .route("/docs/channels", get(channel_kinds::get))
        .layer(
            ServiceBuilder::new()
                .layer(from_fn(layers::secure))
                .layer(from_fn_with_state(state.clone(), error::as_html))
                .layer(csrf(&state)),
        );

    // Pings come from pages of other sites, too, as those below /ping/ do.
    let strays = Router::new().fallback_service(any(dialects::at_root).with_state(intake.clone())).layer(
        ServiceBuilder::new()
            .layer(from_fn(layers::secure))
            .layer(from_fn_with_state(state.clone(), error::as_html)),
    );

    // The signature in the address is the right to answer: a mailbox's provider posts there with one click, from
    // anywhere and without a cookie.
    let answers = Router::new()
        .route("/confirm/{channel}/{signature}", get(consent::ask_confirm).post(consent::confirm))
        .route("/unsubscribe/{channel}/{signature}", get(consent::ask_unsubscribe).post(consent::unsubscribe))
        .layer(
            ServiceBuilder::new()
                .layer(from_fn(layers::secure))
                .layer(from_fn_with_state(state.clone(), error::as_html)),
        );

    let apis = Router::new()
        .nest("/api/v1", management(1))
        .nest("/api/v2", management(2))
        .nest("/api/v3", management(3))
        .nest(maibo_api::PREFIX, maibo_api::router())
        .route("/api/openapi.json", get(maibo_api::json))
        // Not all at once: addresses of Sentry's, which are taken elsewhere, have a parameter in the second place.
        .route("/api/{project}", any(api::refusal::no_route))
        .route("/api/{project}/", any(api::refusal::no_route))
        .route("/api/{project}/{*rest}", any(api::refusal::no_route));
    let badges = Router::new()
        .route("/b/{states}/{file}", get(badges::of_check))
        .route("/badge/{key}/{file}", get(badges::of_all))
        .route("/badge/{key}/{signature}/{file}", get(badges::of_tag))
        .layer(from_fn(badges::never_kept))
        .layer(from_fn(api::cors::preflight))
        .layer(from_fn(api::cors::allow));

    let machines = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/static/{tag}/{*name}", get(assets::get))
        .route("/metrics", get(metrics::of_server))
        .route("/projects/{project}/metrics/", get(metrics::of_project_by_header))
        .route("/projects/{project}/metrics", get(metrics::of_project_by_header))
        .route("/projects/{project}/metrics/{key}", get(metrics::of_project))
        .route("/projects/{project}/checks/metrics/{key}", get(metrics::of_project));

    let links = state.links.clone();
    let others = Router::new()
        .merge(pages)
        .merge(strays)
        .merge(answers)
        .merge(apis)
        .merge(seed::router(intake.clone()))
        .merge(badges)
        .merge(machines)
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, PATIENCE))
        .with_state(state);
    let pings = Router::new()
        .route("/ping/{*rest}", any(dialects::below_ping))
        // Where a script's variable was empty.
        .route("/ping/", any(http::ping))
        .route("/ping", any(http::ping))
        .merge(dialects::router())
        .with_state(intake);
    let all = others.merge(pings).layer(CatchPanicLayer::custom(panicked));
    // Around the router and not in it: a layer inside runs after the path was matched.
    Router::new().fallback_service(
        ServiceBuilder::new()
            .layer(from_fn_with_state(links, layers::strip_prefix))
            .layer(from_fn(layers::trim_slash))
            .service(all),
    )
}

/// The Healthchecks management API. Addresses of lists end in a slash; clients leave it out, and those that post to such
/// an address were always sent on to read it.
fn management(version: u8) -> Router<AppState> {
    let checks = get(api::check_list::list).post(api::checks::create);
    let pings = get(api::pings::list);
    let flips = get(api::flips::list);
    let badges = get(api::badges::get);
    let channels = get(api::channels::list);
    Router::new()
        .route("/checks/", checks.clone())
        .route("/checks", checks)
        .route("/checks/{code}", get(api::checks::get).post(api::checks::update).delete(api::checks::delete))
        .route("/checks/{code}/pause", post(api::checks::pause))
        .route("/checks/{code}/resume", post(api::checks::resume))
        .route("/checks/{code}/pings/", pings.clone())
        .route("/checks/{code}/pings", pings.post(api::pings::list))
        .route("/checks/{code}/pings/{n}/body", get(api::pings::body))
        .route("/checks/{code}/flips/", flips.clone())
        .route("/checks/{code}/flips", flips.post(api::flips::list))
        .route("/badges/", badges.clone())
        .route("/badges", badges.post(api::badges::get))
        .route("/channels/", channels.clone())
        .route("/channels", channels.post(api::channels::list))
        .layer(from_fn(api::cors::preflight))
        .route("/status/", any(api::status::status))
        .route("/status", any(api::status::status))
        .route("/notifications/{code}/status", post(api::status::delivered))
        .route("/bounces/", any(api::status::bounced))
        .route("/bounces", any(api::status::bounced))
        .route("/metrics/", any(metrics::progress))
        .route("/metrics", any(metrics::progress))
        .fallback(api::refusal::no_route)
        // Lists are long and much alike: the quickest level makes them small enough.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(from_fn(api::cors::allow))
        .layer(Extension(api::Version(version)))
}

/// Posts from other sites are refused; ours are known by the browser's own word, or by the base URL.
fn csrf(state: &AppState) -> CsrfLayer {
    let origin = state.links.origin();
    CsrfLayer::new().add_trusted_origin(origin).unwrap_or_else(|_| CsrfLayer::new())
}

/// A fault of ours. Its words are in the log, from the panic itself.
fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked; please report this");
    (StatusCode::INTERNAL_SERVER_ERROR, "something went wrong on our side\n").into_response()
}
