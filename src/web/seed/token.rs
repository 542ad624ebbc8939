//! `/api/token/`: a token in exchange for a password.
use axum::Json;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use utoipa::ToSchema;

use super::body::Given;
use super::caller::{ip_of, sign_in};
use super::refusal::{BLANK, REQUIRED, Refusal, Wrong};
use crate::auth::user_token;
use crate::web::AppState;

/// Who asks for their token.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `create` reads")]
struct Credentials {
    /// The address by which they sign in.
    #[schema(min_length = 1, examples("ops@example.org"))]
    username: String,
    #[schema(min_length = 1, format = Password)]
    password: String,
}

/// A person's token. It opens our own API as `X-Api-Key` or as bearer token.
#[derive(ToSchema)]
#[schema(as = Token)]
#[expect(dead_code, reason = "describes what `create` writes")]
struct TokenBody {
    token: String,
}

/// Why there is no token.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what `Refusal` writes")]
enum TokenRefusal {
    /// The call as a whole.
    #[schema(title = "CallRefusal")]
    Call { detail: String },
    /// What is wrong with each field.
    #[schema(title = "FieldsRefusal")]
    Fields {
        #[schema(required = false, value_type = Vec<String>)]
        username: Option<Vec<String>>,
        #[schema(required = false, value_type = Vec<String>)]
        password: Option<Vec<String>>,
        /// With all of them together.
        #[schema(required = false, value_type = Vec<String>)]
        non_field_errors: Option<Vec<String>>,
    },
}

/// `POST /api/token/`: the same token each time, until the password is changed.
#[utoipa::path(post, path = "/api/token/", operation_id = "token", tag = "keys", summary = "Your token",
    description = "In exchange for your password. It opens the projects that you see in the dashboard, and is the same each time until you change your password.",
    security(()),
    request_body(content((Credentials = "application/json"), (Credentials = "application/x-www-form-urlencoded"))),
    responses((status = 200, description = "The token", body = TokenBody),
        (status = 400, description = "A field is missing, the password is wrong, or the body cannot be read", body = TokenRefusal),
        (status = 413, description = "The body has more than 1 MiB", body = TokenRefusal),
        (status = 429, description = "Too many tries", body = TokenRefusal,
            headers(("Retry-After" = i64, description = "Seconds to wait"))),
        (status = 503, description = "The database is not available", body = TokenRefusal,
            headers(("Retry-After" = i64, description = "Seconds to wait")))))]
pub(super) async fn create(State(state): State<AppState>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let ip = ip_of(&parts, &state);
    let given = Given::from_request(Request::from_parts(parts, body), &state).await?;
    let mut wrong = Wrong::default();
    let mut field = |name: &'static str| match given.get(name) {
        // A password may begin or end in spaces.
        Some(serde_json::Value::String(text)) if !text.is_empty() => text.clone(),
        Some(serde_json::Value::String(_)) => {
            wrong.add(name, BLANK);
            String::new()
        }
        Some(_) => {
            wrong.add(name, "Not a valid string.");
            String::new()
        }
        None => {
            wrong.add(name, REQUIRED);
            String::new()
        }
    };
    let (name, password) = (field("username"), field("password"));
    if !wrong.is_empty() {
        return Err(wrong.into());
    }
    let refused = || Refusal::field("non_field_errors", "Unable to log in with provided credentials.");
    let user = sign_in(&state, ip, &name, &password).await?.ok_or_else(refused)?;
    let token = user_token::issue(&user_token::secret(&state.db).await?, &user);
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(json!({"token": token}))).into_response())
}
