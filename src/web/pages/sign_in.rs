//! Signing in and out.
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use secrecy::SecretString;

use crate::auth::throttle::Who;
use crate::auth::{password, secret};
use crate::core::Span;
use crate::store::{sessions, users};
use crate::web::error::Result;
use crate::web::extract::{Fields, Visit, local_path, session_cookie};
use crate::web::view::{Shell, page};

/// How long a browser stays signed in.
const SESSION: Span = Span::days(30);

#[derive(Template)]
#[template(path = "people/sign_in.html")]
struct Page {
    s: Shell,
    next: String,
    email: String,
    error: Option<String>,
    /// Nobody exists yet: the way in is the link that the server printed.
    fresh: bool,
}

fn next_of(visit: &Visit) -> String {
    let query = visit.here.split_once('?').map_or("", |(_, query)| query);
    local_path(Fields::read(query.as_bytes()).get("next")).unwrap_or("/").to_owned()
}

/// `GET /login`
pub async fn get(visit: Visit) -> Result<Response> {
    let next = next_of(&visit);
    if visit.user.is_some() {
        return Ok(Redirect::to(&visit.state.links.local(&next)).into_response());
    }
    let fresh = !users::any(&visit.state.db).await?;
    let s = Shell::plain(&visit.state, visit.lang, &visit.here);
    page(&Page { s, next, email: String::new(), error: None, fresh })
}

/// `POST /login`
pub async fn post(visit: Visit, jar: CookieJar, form: Fields) -> Result<Response> {
    let (state, l) = (&visit.state, visit.lang);
    let next = local_path(form.get("next")).unwrap_or("/").to_owned();
    let email = form.get("email").chars().take(users::MAX_EMAIL).collect::<String>();
    let refuse = |words: String| {
        let s = Shell::plain(state, l, "/login");
        page(&Page { s, next: next.clone(), email: email.clone(), error: Some(words), fresh: false })
    };
    let account = users::normal_email(&email).unwrap_or_default();
    let (address, anywhere) = (Who::from_ip(visit.ip), Who::Account(account.clone()));
    let guesses = &state.guesses;
    let taken = guesses.sign_in.take(address.clone(), state.now());
    if let Err(wait) = taken.and_then(|()| guesses.account.take(anywhere.clone(), state.now())) {
        let wait = wait + Span::seconds(1);
        let mut response = refuse(l.ta("sign-in-wait", &[("span", &l.span(wait))]))?;
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert(header::RETRY_AFTER, wait.num_seconds().into());
        return Ok(response);
    }
    let user = users::by_email(&state.db, &account).await?;
    let text: String = form.raw("password").chars().take(users::MAX_PASSWORD + 1).collect();
    let stored = user.as_ref().map(|user| user.password.clone());
    let right = password::verify(SecretString::from(text), stored).await?;
    let Some(user) = user.filter(|_| right) else {
        return refuse(l.t("sign-in-wrong"));
    };
    guesses.sign_in.forgive(&address);
    guesses.account.forgive(&anywhere);
    let jar = start_session(&visit, jar, user.id).await?;
    Ok((jar, Redirect::to(&state.links.local(&next))).into_response())
}

/// Gives the browser a fresh session, whatever it had before.
pub(super) async fn start_session(visit: &Visit, jar: CookieJar, user_id: i64) -> Result<CookieJar> {
    let state = &visit.state;
    let token = secret::token();
    let now = state.now();
    sessions::create(&state.db, &secret::digest(&token), user_id, now, now + SESSION).await?;
    let https = state.links.is_https();
    // A name that begins with __Host- asks for the path `/`.
    let path = if https { "/".to_owned() } else { state.links.local("/") };
    let cookie = Cookie::build((session_cookie(https), token))
        .path(path)
        .http_only(true)
        .secure(https)
        .same_site(SameSite::Lax)
        .max_age(time::Duration::seconds(SESSION.num_seconds()));
    Ok(jar.add(cookie))
}

/// `POST /logout`
pub async fn out(visit: Visit, jar: CookieJar) -> Result<Response> {
    let links = &visit.state.links;
    if let Some(session) = &visit.session {
        sessions::delete(&visit.state.db, session).await?;
    }
    let https = links.is_https();
    let path = if https { "/".to_owned() } else { links.local("/") };
    let gone = Cookie::build(session_cookie(https)).path(path).secure(https);
    Ok((jar.remove(gone), Redirect::to(&links.local("/login"))).into_response())
}
