//! `/api/token/`: a token in exchange for a password.
use axum::Json;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::body::Given;
use super::caller::{ip_of, sign_in};
use super::refusal::{BLANK, REQUIRED, Refusal, Wrong};
use crate::auth::user_token;
use crate::web::AppState;

/// `POST /api/token/`: the same token each time, until the password is changed.
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
