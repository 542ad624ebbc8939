//! Switching the language.
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use crate::i18n::Lang;
use crate::web::error::{AppError, Result};
use crate::web::extract::{Fields, LANGUAGE_COOKIE, Visit, local_path};

/// `POST /language`
pub async fn post(visit: Visit, jar: CookieJar, form: Fields) -> Result<Response> {
    let lang = Lang::named(form.get("language")).ok_or(AppError::BadRequest)?;
    let links = &visit.state.links;
    let cookie = Cookie::build((LANGUAGE_COOKIE, lang.code()))
        .path(links.local("/"))
        .http_only(true)
        .secure(links.is_https())
        .same_site(SameSite::Lax)
        .permanent();
    let next = local_path(form.get("next")).unwrap_or("/");
    Ok((jar.add(cookie), Redirect::to(&links.local(next))).into_response())
}
