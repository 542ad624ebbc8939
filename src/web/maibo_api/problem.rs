//! Why a call is refused: a problem in JSON, in one form for all (RFC 9457).
use std::collections::BTreeMap;

use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, RefOr, ResponseBuilder, Type};
use utoipa::{IntoResponses, ToSchema};

use crate::core::Span;
use crate::core::schedule::ScheduleError;
use crate::store::StoreError;

pub(super) type Result<T, E = Refusal> = std::result::Result<T, E>;

/// The media type of a problem.
const PROBLEM: &str = "application/problem+json";
/// Seconds after which a caller may try again when the database is away.
const RETRY_SECONDS: i64 = 5;

/// Why a call was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// The kind of problem, for programs: `urn:maibo:` and a word that stays.
    #[schema(examples("urn:maibo:invalid"))]
    r#type: &'static str,
    /// The same for people.
    #[schema(examples("Some fields are not right"))]
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What was wrong this time, and what to do.
    detail: String,
    /// Everything that is wrong with the fields of the body or the query; only with status 422.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// Its path in the body, `schedule.tz`, or its name in the query. Empty: the whole.
    #[schema(examples("schedule.tz"))]
    pub field: String,
    #[schema(examples("unknown time zone `Mars/Olympus`"))]
    pub message: String,
}

impl FieldError {
    pub(super) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    /// A schedule that was refused, with the fields of our JSON.
    pub(super) fn schedule(prefix: &str, error: &ScheduleError) -> Self {
        let field = match error.field() {
            "schedule" => "expression",
            other => other,
        };
        Self::new(format!("{prefix}{field}"), error.to_string())
    }
}

/// Why a call is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A body that is no JSON.
    Unreadable(String),
    NoKey,
    WrongKey,
    /// Known, but not allowed: what is needed.
    Forbidden(&'static str),
    /// Also for what belongs to others.
    NotFound,
    Method,
    /// In the way of something that is there; a sentence.
    Conflict(String),
    TooLarge,
    Fields(Vec<FieldError>),
    /// For how long.
    TooMany(Span),
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Refusal {
    /// One field is wrong.
    pub(super) fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Fields(vec![FieldError::new(field, message)])
    }

    /// A uniqueness rule that was broken, in these words.
    pub(super) fn taken(error: StoreError, words: &str) -> Self {
        match error {
            StoreError::Conflict => Self::Conflict(words.to_owned()),
            other => Self::Store(other),
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::NoKey | Self::WrongKey => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Fields(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The words that stay the same whenever this happens: for programs, for people.
    const fn kind(&self) -> (&'static str, &'static str) {
        match self {
            Self::Unreadable(_) => ("urn:maibo:unreadable", "The body cannot be read"),
            Self::NoKey => ("urn:maibo:no-key", "A key is needed"),
            Self::WrongKey => ("urn:maibo:wrong-key", "This key opens nothing"),
            Self::Forbidden(_) => ("urn:maibo:forbidden", "This key does not allow that"),
            Self::NotFound => ("urn:maibo:not-found", "There is nothing here"),
            Self::Method => ("urn:maibo:method", "Not with this method"),
            Self::Conflict(_) => ("urn:maibo:conflict", "Something else is in the way"),
            Self::TooLarge => ("urn:maibo:too-large", "The body is too large"),
            Self::Fields(_) => ("urn:maibo:invalid", "Some fields are not right"),
            Self::TooMany(_) => ("urn:maibo:too-many", "Too many tries"),
            Self::Store(_) => ("urn:maibo:unavailable", "The database is not available"),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Unreadable(words) | Self::Conflict(words) => words.clone(),
            Self::NoKey => "send a key as `X-Api-Key: …` or `Authorization: Bearer …`".to_owned(),
            Self::WrongKey => "the key is wrong, or was revoked".to_owned(),
            Self::Forbidden(needed) => (*needed).to_owned(),
            Self::NotFound => "no such thing, or none that this key may see".to_owned(),
            Self::Method => "the header Allow names the methods that there are".to_owned(),
            Self::TooLarge => "a body may have 1 MiB".to_owned(),
            Self::Fields(errors) => {
                let told = errors.iter().map(|error| match error.field.as_str() {
                    "" => error.message.clone(),
                    field => format!("{field}: {}", error.message),
                });
                told.collect::<Vec<_>>().join("; ")
            }
            Self::TooMany(wait) => format!("try again in {} seconds", seconds_up(*wait)),
            Self::Store(_) => format!("nothing was changed; try again in {RETRY_SECONDS} seconds"),
        }
    }
}

/// Whole seconds, at least one and never less than `wait`.
fn seconds_up(wait: Span) -> i64 {
    (wait.num_milliseconds().max(1) + 999) / 1000
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Self::Store(cause) = &self {
            tracing::error!(error = %cause, "an API call failed");
        }
        let (r#type, title) = self.kind();
        let (status, detail) = (self.status(), self.detail());
        let wait = match &self {
            Self::TooMany(wait) => Some(seconds_up(*wait)),
            Self::Store(_) => Some(RETRY_SECONDS),
            _ => None,
        };
        let ask = matches!(self, Self::NoKey | Self::WrongKey);
        let errors = if let Self::Fields(errors) = self { errors } else { Vec::new() };
        let problem = Problem { r#type, title, status: status.as_u16(), detail, errors };
        let mut response = (status, axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if ask {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"maibo\""));
        }
        if let Some(seconds) = wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What no route answers.
pub(super) async fn no_route() -> Refusal {
    Refusal::NotFound
}

/// What a route does not answer by this method.
pub(super) async fn no_method() -> Refusal {
    Refusal::Method
}

type Responses = BTreeMap<String, RefOr<utoipa::openapi::Response>>;

fn refusals(of: &[(u16, &str)]) -> Responses {
    let response = |status: u16, words: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let mut response = ResponseBuilder::new().description(words).content(PROBLEM, content);
        let mut header = |name: HeaderName, kind: Type, words: &str| {
            let schema = ObjectBuilder::new().schema_type(kind).build();
            let header = HeaderBuilder::new().schema(Some(schema)).description(Some(words)).build();
            response = std::mem::take(&mut response).header(name.as_str(), header);
        };
        match status {
            401 => header(header::WWW_AUTHENTICATE, Type::String, "How to say who calls"),
            503 => header(header::RETRY_AFTER, Type::Integer, "Seconds to wait"),
            _ => {}
        }
        (status.to_string(), RefOr::T(response.build()))
    };
    of.iter().map(|(status, words)| response(*status, words)).collect()
}

const NOBODY: (u16, &str) = (401, "No key, or a wrong one");
const NOT_THERE: (u16, &str) = (404, "No such thing, or none that the key may see");
const INVALID: (u16, &str) = (422, "Fields of the body or the query are not right");
const AWAY: (u16, &str) = (503, "The database is not available; nothing was changed");

/// The refusals of a call that reads.
pub(super) struct Reading;

impl IntoResponses for Reading {
    fn responses() -> Responses {
        refusals(&[NOBODY, NOT_THERE, INVALID, AWAY])
    }
}

/// The refusals of a call that changes something, or shows what editors alone may see.
pub(super) struct Working;

impl IntoResponses for Working {
    fn responses() -> Responses {
        let forbidden = (403, "The key is a read-only one, or this is for the owners of the project");
        refusals(&[NOBODY, forbidden, NOT_THERE, AWAY])
    }
}

/// The refusals of a call that changes something and has a body.
pub(super) struct Writing;

impl IntoResponses for Writing {
    fn responses() -> Responses {
        let mut all = Working::responses();
        let unreadable = (400, "The body is no JSON");
        all.extend(refusals(&[unreadable, (413, "The body has more than 1 MiB"), INVALID]));
        all
    }
}
