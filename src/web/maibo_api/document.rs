//! The OpenAPI document of everything that programs call.
use std::sync::LazyLock;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::Server;
use utoipa::openapi::{OpenApi as Document, RefOr, Schema};
use utoipa::{Modify, OpenApi};

use super::problem::Problem;
use super::{own_document, pings};
use crate::links::Links;
use crate::web::{AppState, api, badges, metrics, seed};

#[derive(OpenApi)]
#[openapi(
    info(title = "Maibo", description = "A dead-man's switch: it tells the right person when a job falls silent."),
    components(schemas(Problem)),
    modifiers(&Keys),
    security(("api_key" = []), ("bearer" = [])),
    tags(
        (name = "projects", description = "Who works together on which checks and channels."),
        (name = "checks", description = "What is expected to be heard from, and when."),
        (name = "history", description = "What has happened to a check: pings, changes of status, alerts."),
        (name = "channels", description = "Where alerts go."),
        (name = "keys", description = "What opens the APIs: the keys of a project, or a person's token."),
        (name = "schedule", description = "When a schedule is due."),
        (name = "pings", description = "What jobs call. Every method counts, but OPTIONS. The address is the secret: no key."),
        (name = "badges", description = "The state of checks as a small picture or a few words of JSON."),
        (name = "metrics", description = "For Prometheus."),
        (name = "healthchecks v3", description = "The Healthchecks management API, for its clients. A project's key opens it, as `X-Api-Key` or as `api_key` in the body of a POST; no bearer token does."),
        (name = "healthchecks v2", description = "The same, version 2: a new name makes a new slug."),
        (name = "healthchecks v1", description = "The same, version 1: a running check has the status `started`."),
    ),
)]
struct Base;

/// What stands outside the APIs.
#[derive(OpenApi)]
#[openapi(paths(
    badges::of_check,
    badges::of_all,
    badges::of_tag,
    metrics::of_server,
    metrics::of_project_by_header,
    metrics::of_project
))]
struct Others;

/// How a caller says who it is.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let header = ApiKeyValue::with_description(
            "X-Api-Key",
            "A key of a project, or a person's token, which `POST /api/token/` tells",
        );
        components.add_security_scheme("api_key", SecurityScheme::ApiKey(ApiKey::Header(header)));
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "The same as a bearer token; for metrics, the key that the call names and no token",
            ))
            .build();
        let project =
            "A key of a project; no person's token. Where a call takes a body, `api_key` in it does as well";
        let project = ApiKeyValue::with_description("X-Api-Key", project);
        components
            .add_security_scheme(api::document::PROJECT_KEY, SecurityScheme::ApiKey(ApiKey::Header(project)));
        let metrics = ApiKeyValue::with_description("X-Metrics-Key", "A metrics key of the server");
        components.add_security_scheme("metrics_key", SecurityScheme::ApiKey(ApiKey::Header(metrics)));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// The document as the program has it; its server is named when it is served.
static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let mut document = Base::openapi();
    document.merge(own_document());
    document.merge(pings::document());
    for version in [3, 2, 1] {
        document.merge(api::document::of_version(version));
    }
    document.merge(seed::document());
    document.merge(Others::openapi());
    as_well_at(
        &mut document,
        "/projects/{project}/metrics/{key}",
        "/projects/{project}/checks/metrics/{key}",
    );
    for name in ["Schedule", "TokenRefusal"] {
        strict_variants(&mut document, name);
    }
    document
});

/// Describes an address that answers as another one does.
fn as_well_at(document: &mut Document, known: &str, path: &str) {
    let Some(mut item) = document.paths.paths.get(known).cloned() else { return };
    if let Some(operation) = &mut item.get {
        let id = operation.operation_id.take().unwrap_or_default();
        operation.operation_id = Some(format!("{id}_below_checks"));
    }
    document.paths.paths.insert(path.to_owned(), item);
}

/// Says of each form that a schema may have that it has no other fields; the macro says so of whole objects only.
fn strict_variants(document: &mut Document, name: &str) {
    let schema = document.components.as_mut().and_then(|components| components.schemas.get_mut(name));
    let Some(RefOr::T(Schema::OneOf(forms))) = schema else { return };
    for form in &mut forms.items {
        if let RefOr::T(Schema::Object(object)) = form {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
}

/// The document of the server that has these addresses.
#[must_use]
pub fn whole(links: &Links) -> Document {
    let mut document = DOCUMENT.clone();
    document.servers = Some(vec![Server::new(links.to(""))]);
    document
}

/// `GET /api/openapi.json`
pub async fn json(State(state): State<AppState>) -> Response {
    let headers = [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (header::CACHE_CONTROL, "no-cache")];
    (headers, axum::Json(whole(&state.links))).into_response()
}
