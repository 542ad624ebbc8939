//! Gatus' external endpoints: `POST /api/v1/endpoints/<group>_<name>/external?success=true|false&error=&duration=10s`
//! with a bearer token.
//!
//! The token is our ping key and `<group>_<name>` the slug, or both together an alias. Source: `CreateExternalEndpointResult`
//! in Gatus' `api/external_endpoint.go`, whose order of refusals this keeps. There a wrong token is 401 where the endpoint
//! is known; here a token is the key of a project or 401, and an endpoint that this project has not is 404.
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, StatusCode};
use serde::Deserialize;

use super::{Address, Create, Dialect, POST_ONLY, Reply, Request, Said, text};
use crate::core::ping::Asked;
use crate::core::slug;

const UNKNOWN: Reply = Reply::text(StatusCode::NOT_FOUND, "not found");
const NO_RESULT: Reply = Reply::text(StatusCode::BAD_REQUEST, "missing or invalid success query parameter");
const NO_BEARER: Reply = Reply::text(StatusCode::UNAUTHORIZED, "invalid Authorization header");
const WRONG_TOKEN: Reply = Reply::text(StatusCode::UNAUTHORIZED, "invalid token");
const NO_TOKEN: Reply = Reply::text(StatusCode::UNAUTHORIZED, "bearer token must not be empty");

pub(super) const DIALECT: Dialect = Dialect {
    stranger: Some(WRONG_TOKEN),
    ..Dialect::by_url(read, Reply::text(StatusCode::OK, ""), UNKNOWN)
};

#[derive(Deserialize)]
struct Body {
    error: String,
}

fn read(request: &Request<'_>) -> Result<Said, Reply> {
    let ["api", "v1", "endpoints", key, "external"] = request.path()[..] else { return Err(UNKNOWN) };
    if request.method != Method::POST {
        return Err(POST_ONLY);
    }
    let asked = match request.get("success") {
        Some("true") => Asked::Success,
        Some("false") => Asked::Fail,
        _ => return Err(NO_RESULT),
    };
    let token = request.header(AUTHORIZATION).strip_prefix("Bearer ").ok_or(NO_BEARER)?.trim();
    if token.is_empty() {
        return Err(NO_TOKEN);
    }
    let facts = [("duration", request.get("duration"))];
    let text = match serde_json::from_slice::<Body>(request.body) {
        Ok(sent) => text(request.get("error"), facts, sent.error.as_bytes()),
        Err(_) => text(request.get("error"), facts, request.body),
    };
    let slug = slug::is_valid(key).then(|| key.to_owned());
    let (credential, name) = (token.to_owned(), key.to_owned());
    let address = Address::Pair { credential, name, slug, create: Create::Never };
    Ok(Said { address, asked, rid: None, text })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, said};
    use super::*;
    use rstest::rstest;

    const URL: &str = "/api/v1/endpoints/core_ext-ep/external";
    const KEY: (&str, &str) = ("authorization", "Bearer potato");

    #[rstest]
    #[case("?success=true&duration=10s", "", Asked::Success, "duration: 10s")]
    #[case("?success=false&error=no%20route", "", Asked::Fail, "no route")]
    #[case("?success=false", r#"{"error":"timed out"}"#, Asked::Fail, "timed out")]
    #[case("?success=true", "plain", Asked::Success, "plain")]
    fn words_of_gatus(#[case] query: &str, #[case] body: &str, #[case] asked: Asked, #[case] text: &str) {
        let result = read(DIALECT, "POST", &format!("{URL}{query}"), &[KEY], body);
        assert_eq!(said(result), ("potato/core_ext-ep".to_owned(), asked, text.to_owned()));
    }

    #[rstest]
    #[case("POST", "", "Bearer potato", NO_RESULT)]
    #[case("POST", "?success=yes", "Bearer potato", NO_RESULT)]
    #[case("POST", "?success=yes", "", NO_RESULT)]
    #[case("POST", "?success=true", "potato", NO_BEARER)]
    #[case("POST", "?success=true", "Bearer  ", NO_TOKEN)]
    #[case("GET", "?success=true", "Bearer potato", POST_ONLY)]
    fn refusals(#[case] method: &str, #[case] query: &str, #[case] key: &str, #[case] reply: Reply) {
        let result = read(DIALECT, method, &format!("{URL}{query}"), &[("authorization", key)], "");
        assert_eq!(result, Err(reply));
    }
}
