//! What lets a page of any site call the API from a browser.
use axum::extract::Request;
use axum::http::header::{self, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::named::Code;
use super::refusal::Refusal;

/// Layer: CORS headers on every answer, refusals included.
pub async fn allow(request: Request, next: Next) -> Response {
    let last = request.uri().path().rsplit_once("/checks/").map_or("", |(_, last)| last);
    let methods = match Code::read(last) {
        Some(Code::Uuid(_)) => "GET, POST, DELETE, OPTIONS",
        _ => "GET, POST, OPTIONS",
    };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    // The second one is ours: without it a page could not say that it sends JSON.
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("X-Api-Key, Content-Type"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Layer: answers a browser's preflight before anything is looked at. HEAD is no method of this API.
pub async fn preflight(request: Request, next: Next) -> Response {
    match *request.method() {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        Method::HEAD => Refusal::Method.into_response(),
        _ => next.run(request).await,
    }
}
