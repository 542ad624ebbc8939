//! Why a call is refused, in the forms and words of the Django REST framework.
use axum::Json;
use axum::http::header::{self, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::auth::password::PasswordError;
use crate::core::Span;
use crate::store::StoreError;

pub(super) const REQUIRED: &str = "This field is required.";
pub(super) const BLANK: &str = "This field may not be blank.";

/// What is wrong with which fields: the first fault of each.
#[derive(Debug, Default)]
pub(super) struct Wrong(Vec<(&'static str, String)>);

impl Wrong {
    pub(super) fn add(&mut self, field: &'static str, words: impl Into<String>) {
        if self.0.iter().all(|(known, _)| *known != field) {
            self.0.push((field, words.into()));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Why a call is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Nobody, or somebody who could not show who they are.
    Unknown(&'static str),
    /// Known, but not allowed.
    Forbidden,
    /// No such thing, or somebody else's.
    NotFound,
    /// A body that cannot be read.
    Body(String),
    TooLarge,
    Fields(Wrong),
    /// What cannot be done as things are.
    Conflict(String),
    /// Too many tries; how long to wait.
    Throttled(Span),
    /// A ping that is not stored.
    NotStored,
    Store(StoreError),
    Password(PasswordError),
}

impl Refusal {
    /// One field, one fault.
    pub(super) fn field(field: &'static str, words: impl Into<String>) -> Self {
        Self::Fields(Wrong(vec![(field, words.into())]))
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<PasswordError> for Refusal {
    fn from(error: PasswordError) -> Self {
        Self::Password(error)
    }
}

impl From<Wrong> for Refusal {
    fn from(wrong: Wrong) -> Self {
        Self::Fields(wrong)
    }
}

fn detail(status: StatusCode, words: &str) -> Response {
    (status, Json(json!({"detail": words}))).into_response()
}

/// Worth another try, after so many seconds.
fn later(status: StatusCode, words: &str, seconds: i64) -> Response {
    let mut response = detail(status, words);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let unavailable = |words: &str| later(StatusCode::SERVICE_UNAVAILABLE, words, 5);
        match self {
            Self::Unknown(words) => {
                let mut response = detail(StatusCode::UNAUTHORIZED, words);
                let door = HeaderValue::from_static("Basic realm=\"api\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, door);
                response
            }
            Self::Forbidden => {
                detail(StatusCode::FORBIDDEN, "You do not have permission to perform this action.")
            }
            Self::NotFound => detail(StatusCode::NOT_FOUND, "Not found."),
            Self::Body(words) => detail(StatusCode::BAD_REQUEST, &words),
            Self::TooLarge => detail(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large."),
            Self::Fields(Wrong(fields)) => {
                let fields: Map<String, Value> =
                    fields.into_iter().map(|(field, words)| (field.to_owned(), json!([words]))).collect();
                (StatusCode::BAD_REQUEST, Json(fields)).into_response()
            }
            Self::Conflict(words) => detail(StatusCode::CONFLICT, &words),
            Self::Throttled(wait) => {
                let seconds = wait.num_seconds() + 1;
                let words = format!("Request was throttled. Expected available in {seconds} seconds.");
                later(StatusCode::TOO_MANY_REQUESTS, &words, seconds)
            }
            Self::NotStored => unavailable("Not stored, please try again in a few seconds."),
            Self::Store(cause) => {
                tracing::error!(error = %cause, "an API call failed");
                unavailable("The database is not available, please try again in a few seconds.")
            }
            Self::Password(cause) => {
                tracing::error!(error = %cause, "an API call failed");
                unavailable("Passwords cannot be checked right now, please try again in a few seconds.")
            }
        }
    }
}

/// A method that an address has no use for.
pub(super) async fn method(method: Method) -> Response {
    let words = format!("Method \"{method}\" not allowed.");
    detail(StatusCode::METHOD_NOT_ALLOWED, &words)
}
