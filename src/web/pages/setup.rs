//! The first user, by the one-time link that the server prints.
use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use secrecy::SecretString;

use super::sign_in::start_session;
use crate::auth::{password, secret};
use crate::store::users::{self, MAX_PASSWORD, MIN_PASSWORD};
use crate::store::{StoreError, installation, projects};
use crate::web::error::{AppError, Result};
use crate::web::extract::{Fields, Visit};
use crate::web::view::{Shell, page};

#[derive(Template)]
#[template(path = "people/setup.html")]
struct Page {
    s: Shell,
    token: String,
    email: String,
    email_error: Option<String>,
    password_error: Option<String>,
}

/// Whether this is a token that a server has printed and nobody has used.
async fn is_valid(visit: &Visit, token: &str) -> Result<bool> {
    let stored = installation::get(&visit.state.db, installation::SETUP_TOKEN).await?;
    let given = secret::digest(token);
    Ok(stored.is_some_and(|stored| stored.split(' ').any(|known| secret::same(known, &given))))
}

/// `GET /setup?token=…`
pub async fn get(visit: Visit) -> Result<Response> {
    let query = visit.here.split_once('?').map_or("", |(_, query)| query);
    let token = Fields::read(query.as_bytes()).get("token").to_owned();
    if !is_valid(&visit, &token).await? {
        return Err(AppError::NotFound);
    }
    page(&Page {
        s: Shell::plain(&visit.state, visit.lang, &visit.here),
        token,
        email: String::new(),
        email_error: None,
        password_error: None,
    })
}

/// `POST /setup`
pub async fn post(visit: Visit, jar: CookieJar, form: Fields) -> Result<Response> {
    let token = form.get("token").to_owned();
    if !is_valid(&visit, &token).await? {
        return Err(AppError::NotFound);
    }
    let l = visit.lang;
    let email = users::normal_email(form.get("email"));
    let text = form.raw("password");
    let chars = text.chars().count();
    let email_error = email.is_none().then(|| l.t("field-error-email"));
    let password_error =
        (!(MIN_PASSWORD..=MAX_PASSWORD).contains(&chars)).then(|| l.t("field-error-password"));
    let (Some(email), None) = (email, &password_error) else {
        let s = Shell::plain(&visit.state, l, &format!("/setup?token={token}"));
        return page(&Page { s, token, email: form.get("email").to_owned(), email_error, password_error });
    };
    let hash = password::hash(SecretString::from(text)).await?;
    let db = &visit.state.db;
    let project = projects::list(db).await?.into_iter().next().ok_or(AppError::NotFound)?;
    let made = users::create(db, &email, &hash, l.code(), project.id, true, visit.state.now()).await;
    let user = match made {
        Ok(user) => user,
        // Somebody else was faster with the same link.
        Err(StoreError::Conflict) => return Err(AppError::NotFound),
        Err(error) => return Err(error.into()),
    };
    let jar = start_session(&visit, jar, user).await?;
    Ok((jar, Redirect::to(&visit.state.links.local("/"))).into_response())
}
