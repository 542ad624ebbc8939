//! What handlers ask of a request: who is there, in which language, with which form.
use std::net::IpAddr;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::AppState;
use super::error::{AppError, Result};
use crate::auth::secret;
use crate::core::access::{self, Action, Role};
use crate::core::ping::parse_check_uuid;
use crate::i18n::Lang;
use crate::net::source::{Peer, client_ip};
use crate::store::channels::{self, Channel};
use crate::store::checks::{self, Check};
use crate::store::projects::{self, Project};
use crate::store::sessions;
use crate::store::users::{self, User};

/// Names of our cookies. With https the session's name binds it to this host.
pub const LANGUAGE_COOKIE: &str = "maibo_lang";

/// The session cookie's name.
#[must_use]
pub fn session_cookie(https: bool) -> &'static str {
    if https { "__Host-maibo" } else { "maibo_session" }
}

/// The language a reader chose, or whose browser did.
#[must_use]
pub fn language_of(headers: &HeaderMap) -> Lang {
    let chosen = CookieJar::from_headers(headers).get(LANGUAGE_COOKIE).and_then(|c| Lang::named(c.value()));
    chosen.unwrap_or_else(|| {
        let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Lang::negotiate(header.unwrap_or_default())
    })
}

/// A reader: signed in or not.
pub struct Visit {
    pub state: AppState,
    pub lang: Lang,
    pub user: Option<User>,
    /// Hash of the session's token.
    pub session: Option<String>,
    /// Path and query, to come back to.
    pub here: String,
    pub ip: IpAddr,
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let jar = CookieJar::from_headers(&parts.headers);
        let session = jar.get(session_cookie(state.links.is_https())).map(|c| secret::digest(c.value()));
        let user = match &session {
            Some(hash) => sessions::user(&state.db, hash, state.now()).await?,
            None => None,
        };
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0);
        Ok(Self {
            state: state.clone(),
            lang: language_of(&parts.headers),
            user,
            session,
            here: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            ip: client_ip(peer, &parts.headers, &state.proxies),
        })
    }
}

impl Visit {
    /// The signed-in user, or the way to the door.
    pub fn user(&self) -> Result<&User> {
        self.user.as_ref().ok_or_else(|| AppError::SignIn(self.here.clone()))
    }

    /// The user's part in a project; refuses what it does not allow. A stranger's project does not exist.
    async fn permit(&self, project_id: i64, action: Action) -> Result<Role> {
        let role = users::role(&self.state.db, self.user()?, project_id).await?;
        match role {
            Some(role) if access::allows(Some(role), action) => Ok(role),
            Some(_) => Err(AppError::Forbidden),
            None => Err(AppError::NotFound),
        }
    }

    /// A project by its id, for this action.
    pub async fn project(&self, uuid: &str, action: Action) -> Result<(Project, Role)> {
        self.user()?;
        let project = projects::by_uuid(&self.state.db, uuid).await?.ok_or(AppError::NotFound)?;
        let role = self.permit(project.id, action).await?;
        Ok((project, role))
    }

    /// A check by its UUID, for this action.
    pub async fn check(&self, code: &str, action: Action) -> Result<(Check, Project, Role)> {
        self.user()?;
        let uuid = parse_check_uuid(code).ok_or(AppError::NotFound)?;
        let check = checks::by_uuid(&self.state.db, uuid).await?.ok_or(AppError::NotFound)?;
        let role = self.permit(check.project_id, action).await?;
        let project = projects::by_id(&self.state.db, check.project_id).await?.ok_or(AppError::NotFound)?;
        Ok((check, project, role))
    }

    /// A channel by its id, for this action.
    pub async fn channel(&self, uuid: &str, action: Action) -> Result<(Channel, Project, Role)> {
        self.user()?;
        let channel = channels::by_uuid(&self.state.db, uuid).await?.ok_or(AppError::NotFound)?;
        let role = self.permit(channel.project_id, action).await?;
        let project = projects::by_id(&self.state.db, channel.project_id).await?.ok_or(AppError::NotFound)?;
        Ok((channel, project, role))
    }
}

/// Longest form, in bytes.
const MAX_FORM: usize = 256 * 1024;

/// The fields of a form or a query, in order, repeated names included.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    #[must_use]
    pub fn read(text: &[u8]) -> Self {
        Self(
            url::form_urlencoded::parse(text)
                .map(|(name, value)| (name.into_owned(), value.replace('\0', "")))
                .collect(),
        )
    }

    /// The last value of this name, trimmed; empty when there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The last value of this name as it was sent.
    #[must_use]
    pub fn raw(&self, name: &str) -> &str {
        self.0.iter().rev().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = AppError;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self> {
        let body = Limited::new(request.into_body(), MAX_FORM).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { AppError::TooLarge } else { AppError::BadRequest }
        })?;
        Ok(Self::read(&body.to_bytes()))
    }
}

/// A path inside Maibo to go to next, and nothing that leads elsewhere.
#[must_use]
pub fn local_path(next: &str) -> Option<&str> {
    let inside = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control);
    inside.then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_next_address_never_leads_away() {
        for bad in
            ["https://evil.example/", "//evil.example", "/\\evil.example", "", "javascript:alert(1)", "/a\nb"]
        {
            assert_eq!(local_path(bad), None, "{bad}");
        }
        assert_eq!(local_path("/checks/x?show=alerts"), Some("/checks/x?show=alerts"));
    }

    #[test]
    fn the_last_value_of_a_field_counts() {
        let fields = Fields::read(b"a=1&b=2&a=+3+&c=%00x");
        assert_eq!((fields.get("a"), fields.raw("a"), fields.get("c")), ("3", " 3 ", "x"));
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "3"]);
    }

    proptest! {
        #[test]
        fn a_local_path_stays_here_as_browsers_read_it(next in "/?[/\\\\:.@a\\t\\n?# ]{0,5}|\\PC{0,12}") {
            if let Some(path) = local_path(&next) {
                let here = url::Url::parse("http://maibo.test/login").unwrap();
                prop_assert_eq!(here.join(path).unwrap().origin(), here.origin(), "{}", path);
            }
        }

        #[test]
        fn a_form_is_read_whatever_is_in_it(text: Vec<u8>) {
            prop_assert!(Fields::read(&text).0.iter().all(|(_, value)| !value.contains('\0')));
        }
    }
}
