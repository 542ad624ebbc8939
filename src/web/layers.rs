//! What every answer carries: security headers, and the base path on the way in.
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::uri::{PathAndQuery, Uri};
use axum::middleware::Next;
use axum::response::Response;

use crate::links::Links;

/// Nothing but our own files: no inline script or style, no frames, no foreign forms.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Layer for pages: headers that keep a browser on our side.
pub async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Ping addresses are secrets and stand in our own.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Takes the path of the base URL off, for proxies that leave it on.
pub async fn strip_prefix(State(links): State<Links>, mut request: Request, next: Next) -> Response {
    if !links.prefix().is_empty()
        && let Some(rest) = request.uri().path().strip_prefix(links.prefix())
        && (rest.is_empty() || rest.starts_with('/'))
    {
        let path = if rest.is_empty() { "/".to_owned() } else { rest.to_owned() };
        set_path(&mut request, &path);
    }
    next.run(request).await
}

/// Takes the slash off the end of addresses of our own API: those of Healthchecks have one, and hands have their habits.
pub async fn trim_slash(mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if (path.starts_with("/api/maibo/") || path == "/api/docs/") && path.ends_with('/') {
        let path = path.trim_end_matches('/').to_owned();
        set_path(&mut request, &path);
    }
    next.run(request).await
}

/// Gives a request another path; its query stays.
fn set_path(request: &mut Request, path: &str) {
    let full = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = request.uri().clone().into_parts();
    if let Ok(path) = full.parse::<PathAndQuery>() {
        parts.path_and_query = Some(path);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
}
