//! One error type for all pages; a layer decides how an error looks, in the reader's language.
use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::AppState;
use super::extract::language_of;
use super::view::Shell;
use crate::auth::password::PasswordError;
use crate::core::Span;
use crate::ingest::dialects::Spoken;
use crate::store::StoreError;

pub type Result<T, E = AppError> = std::result::Result<T, E>;

/// Why a page is not shown.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("not found")]
    NotFound,
    /// Known, but not allowed.
    #[error("forbidden")]
    Forbidden,
    /// Nobody is signed in; the address to come back to.
    #[error("sign in first")]
    SignIn(String),
    /// A form that no browser would send.
    #[error("bad request")]
    BadRequest,
    /// A form that is longer than any of ours.
    #[error("the form is too long")]
    TooLarge,
    /// For how long, where that is known.
    #[error("too many tries")]
    TooMany(Option<Span>),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error("a page could not be drawn: {0}")]
    Template(#[from] askama::Error),
}

impl AppError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::SignIn(_) => StatusCode::SEE_OTHER,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Store(_) | Self::Password(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Template(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        if let Self::SignIn(next) = &self {
            let query: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            return Redirect::to(&format!("login?next={query}")).into_response();
        }
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = %self, "a page failed");
        }
        if let Self::TooMany(Some(wait)) = self {
            let seconds = (wait.num_milliseconds().max(1) + 999) / 1000;
            return (status, [(header::RETRY_AFTER, HeaderValue::from(seconds))]).into_response();
        }
        status.into_response()
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    s: Shell,
    status: u16,
    title: String,
    text: String,
}

/// Layer: gives every error a page that is none yet, or a sentence where no HTML is wanted, and puts the base path in front of redirects to sign in.
pub async fn as_html(State(state): State<AppState>, uri: Uri, request: Request, next: Next) -> Response {
    let lang = language_of(request.headers());
    // curl says that it takes anything; a browser, that it takes HTML.
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let is_program = accepted.is_some_and(|accepted| !accepted.contains("text/html"));
    let mut response = next.run(request).await;
    if response.status() == StatusCode::SEE_OTHER
        && let Some(target) = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok())
        && target.starts_with("login?")
    {
        let full = state.links.local(&format!("/{target}"));
        if let Ok(value) = HeaderValue::from_str(&full) {
            response.headers_mut().insert(header::LOCATION, value);
        }
        return response;
    }
    let status = response.status();
    // What axum refuses by itself, an address that is no text for one, comes in plain English.
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let is_spoken = response.extensions().get::<Spoken>().is_some();
    if !(status.is_client_error() || status.is_server_error()) || is_page || is_spoken {
        return response;
    }
    let key = match status {
        StatusCode::NOT_FOUND => "not-found",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::TOO_MANY_REQUESTS => "too-many",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        status if status.is_server_error() => "server",
        _ => "bad-request",
    };
    let wait =
        response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let text = match wait {
        Some(seconds) if status == StatusCode::TOO_MANY_REQUESTS => {
            lang.ta("error-too-many-wait", &[("span", &lang.span(Span::seconds(seconds)))])
        }
        _ => lang.t(&format!("error-{key}-text")),
    };
    if is_program {
        let words = format!("{text}\n");
        let mut told = (status, words).into_response();
        keep(&response, &mut told);
        return told;
    }
    let page = ErrorPage {
        s: Shell::plain(&state, lang, uri.path()),
        status: status.as_u16(),
        title: lang.t(&format!("error-{key}")),
        text,
    };
    let mut drawn = match page.render() {
        Ok(html) => (status, axum::response::Html(html)).into_response(),
        Err(_) => return response,
    };
    keep(&response, &mut drawn);
    drawn
}

/// What an error says in headers stands in its new form too.
fn keep(from: &Response, to: &mut Response) {
    for name in [header::RETRY_AFTER, header::ALLOW] {
        if let Some(value) = from.headers().get(&name) {
            to.headers_mut().insert(name, value.clone());
        }
    }
}
