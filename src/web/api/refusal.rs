//! Why a call is refused, in Healthchecks' words where it has some.
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use flate2::CompressError;
use serde_json::json;

use crate::store::StoreError;

/// Why a call is refused.
#[derive(Debug)]
pub enum Refusal {
    /// A body that cannot be read.
    Body(&'static str),
    TooLarge,
    /// A field with a bad value.
    Field(String),
    Channel(String),
    MissingKey,
    WrongKey,
    /// Somebody else's check: no words.
    Forbidden,
    /// No such check or ping: no words.
    NotFound,
    /// No such address.
    NoRoute,
    /// Nothing of this kind may be done here: no words.
    Method,
    NotPaused,
    /// A bad filter: no words.
    Filter,
    Store(StoreError),
    /// An answer could not be compressed.
    Compression(CompressError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error =
            |status: StatusCode, words: &str| (status, axum::Json(json!({"error": words}))).into_response();
        match self {
            Self::Body(words) => error(StatusCode::BAD_REQUEST, words),
            Self::TooLarge => error(StatusCode::PAYLOAD_TOO_LARGE, "request body is too large"),
            Self::Field(words) => error(StatusCode::BAD_REQUEST, &format!("json validation error: {words}")),
            Self::Channel(words) => error(StatusCode::BAD_REQUEST, &words),
            Self::MissingKey => error(StatusCode::UNAUTHORIZED, "missing api key"),
            Self::WrongKey => error(StatusCode::UNAUTHORIZED, "wrong api key"),
            Self::Forbidden => StatusCode::FORBIDDEN.into_response(),
            Self::NotFound => StatusCode::NOT_FOUND.into_response(),
            Self::NoRoute => error(StatusCode::NOT_FOUND, "not found"),
            Self::Method => StatusCode::METHOD_NOT_ALLOWED.into_response(),
            // Bare words there, too.
            Self::NotPaused => (StatusCode::CONFLICT, "check is not paused").into_response(),
            Self::Filter => StatusCode::BAD_REQUEST.into_response(),
            Self::Compression(cause) => {
                tracing::error!(error = %cause, "an answer could not be compressed");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            Self::Store(cause) => {
                tracing::error!(error = %cause, "an API call failed");
                let mut response =
                    error(StatusCode::SERVICE_UNAVAILABLE, "the database is not available, please try again");
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
                response
            }
        }
    }
}

/// What no route answers.
pub async fn no_route() -> Refusal {
    Refusal::NoRoute
}
