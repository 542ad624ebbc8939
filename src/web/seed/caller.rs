//! Who calls: a user by address and password or by token, or a project by its API key.
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;
use secrecy::SecretString;

use super::refusal::Refusal;
use crate::auth::throttle::Who;
use crate::auth::{password, secret, user_token};
use crate::core::access::{self, Action, Role};
use crate::i18n::Lang;
use crate::net::source::{Peer, client_ip};
use crate::store::keys::{self, Key, Scope};
use crate::store::users::{self, User};
use crate::store::{Db, StoreError, projects};
use crate::web::AppState;
use crate::web::extract::language_of;

const NOBODY: Refusal = Refusal::Unknown("Authentication credentials were not provided.");
const WRONG_PASSWORD: Refusal = Refusal::Unknown("Invalid username/password.");
const WRONG_TOKEN: Refusal = Refusal::Unknown("Invalid token.");

/// Somebody who has shown who they are.
#[derive(Debug)]
pub(super) struct Caller {
    identity: Identity,
    /// The language that they read.
    pub(super) lang: Lang,
}

#[derive(Debug)]
enum Identity {
    User(User),
    Key(Key),
}

impl Caller {
    /// Whether it is a person, and not a key.
    pub(super) const fn is_person(&self) -> bool {
        matches!(self.identity, Identity::User(_))
    }

    /// The caller's part in a project.
    async fn role(&self, db: &Db, project_id: i64) -> Result<Option<Role>, StoreError> {
        match &self.identity {
            Identity::User(user) => users::role(db, user, project_id).await,
            Identity::Key(key) => {
                let role = if key.scope == Scope::ReadWrite { Role::Member } else { Role::Viewer };
                Ok((key.project_id == project_id).then_some(role))
            }
        }
    }

    /// Refuses what the caller may not do in a project. A stranger's project does not exist.
    pub(super) async fn permit(&self, db: &Db, project_id: i64, action: Action) -> Result<(), Refusal> {
        match self.role(db, project_id).await? {
            role @ Some(_) if access::allows(role, action) => Ok(()),
            Some(_) => Err(Refusal::Forbidden),
            None => Err(Refusal::NotFound),
        }
    }

    /// The one project that lists and new checks belong to: the key's, or the user's oldest one where they may edit;
    /// where there is none, the oldest one that allows `action`.
    pub(super) async fn home(&self, db: &Db, action: Action) -> Result<i64, Refusal> {
        let user = match &self.identity {
            Identity::Key(key) => {
                self.permit(db, key.project_id, action).await?;
                return Ok(key.project_id);
            }
            Identity::User(user) => user,
        };
        let mut second = None;
        for project in projects::of_user(db, user).await? {
            let role = self.role(db, project.id).await?;
            if access::allows(role, Action::EditChecks) && access::allows(role, action) {
                return Ok(project.id);
            }
            if second.is_none() && access::allows(role, action) {
                second = Some(project.id);
            }
        }
        second.ok_or(Refusal::Forbidden)
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let header = parts.headers.get(header::AUTHORIZATION).ok_or(NOBODY)?;
        let header = header.to_str().map_err(|_| NOBODY)?.trim();
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        let (rest, ip) = (rest.trim(), ip_of(parts, state));
        let identity = match scheme.to_ascii_lowercase().as_str() {
            "basic" => by_password(state, ip, rest).await?,
            "token" => by_token(state, rest).await?,
            _ => return Err(NOBODY),
        };
        let lang = lang_of(&identity, &parts.headers);
        Ok(Self { identity, lang })
    }
}

/// A user's own language; for a key, what the request asks for.
fn lang_of(identity: &Identity, headers: &HeaderMap) -> Lang {
    match identity {
        Identity::User(user) => Lang::named(&user.language).unwrap_or_default(),
        Identity::Key(_) => language_of(headers),
    }
}

/// The address that tries are counted by.
pub(super) fn ip_of(parts: &Parts, state: &AppState) -> IpAddr {
    let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0);
    client_ip(peer, &parts.headers, &state.proxies)
}

/// The owner of a token or of an API key.
async fn by_secret(db: &Db, text: &str) -> Result<Option<Identity>, StoreError> {
    if text.starts_with(user_token::PREFIX)
        && let Some(user) = user_token::verify(db, text).await?
    {
        return Ok(Some(Identity::User(user)));
    }
    if text.len() != secret::API_KEY_LEN {
        return Ok(None);
    }
    Ok(keys::find(db, &secret::digest(text)).await?.map(Identity::Key))
}

/// A token, or an API key in its place.
async fn by_token(state: &AppState, text: &str) -> Result<Identity, Refusal> {
    by_secret(&state.db, text).await?.ok_or(WRONG_TOKEN)
}

/// Basic authentication. A token or an API key may stand in the place of the password, whatever the user name: no
/// personal password then stands in a crontab.
async fn by_password(state: &AppState, ip: IpAddr, encoded: &str) -> Result<Identity, Refusal> {
    let bad = "Invalid basic header. Credentials not correctly base64 encoded.";
    let bytes = base64(encoded).ok_or(Refusal::Unknown(bad))?;
    let text = String::from_utf8_lossy(&bytes);
    let (name, password) = text.split_once(':').ok_or(Refusal::Unknown(bad))?;
    if let Some(identity) = by_secret(&state.db, password).await? {
        return Ok(identity);
    }
    sign_in(state, ip, name, password).await?.map(Identity::User).ok_or(WRONG_PASSWORD)
}

/// The user with this address and password. Tries are counted as at the door of the pages, and in the same buckets. The
/// same password again within minutes is no try: it tells nobody anything new, and a crontab with an old password must
/// not lock out those that have the right one.
pub(super) async fn sign_in(
    state: &AppState,
    ip: IpAddr,
    name: &str,
    text: &str,
) -> Result<Option<User>, Refusal> {
    let account = users::normal_email(name).unwrap_or_default();
    let user = users::by_email(&state.db, &account).await?;
    let stored = user.as_ref().map(|user| user.password.clone());
    let known_by = stored.clone().unwrap_or_else(|| account.clone());
    let recall = || state.verified.recall(text, &known_by, state.now());
    if let Some(fits) = recall() {
        return Ok(user.filter(|_| fits));
    }
    let _turn = state.verified.turn().await;
    // Somebody who was before us in the line may have had the same password.
    if let Some(fits) = recall() {
        return Ok(user.filter(|_| fits));
    }
    let (address, anywhere) = (Who::from_ip(ip), Who::Account(account));
    let (guesses, now) = (&state.guesses, state.now());
    let taken = guesses.sign_in.take(address.clone(), now);
    taken.and_then(|()| guesses.account.take(anywhere.clone(), now)).map_err(Refusal::Throttled)?;
    let tried = SecretString::from(text.chars().take(users::MAX_PASSWORD + 1).collect::<String>());
    let fits = password::verify(tried, stored).await?;
    state.verified.remember(text, &known_by, fits, state.now());
    if fits {
        guesses.sign_in.forgive(&address);
        guesses.account.forgive(&anywhere);
    }
    Ok(user.filter(|_| fits))
}

/// Decodes base64 in its usual alphabet. `None`: it is something else.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0x3fff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    // One digit alone says less than a byte.
    (held < 6).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// Encoded with Python's base64.
    #[rstest]
    #[case("", Some(""))]
    #[case("YQ==", Some("a"))]
    #[case("YQ", Some("a"))]
    #[case("YWI=", Some("ab"))]
    #[case("YWJj", Some("abc"))]
    #[case("b3BzQGV4YW1wbGUub3JnOuWvhueggSA/Pj8+Og==", Some("ops@example.org:密码 ?>?>:"))]
    #[case("Y", None)]
    #[case("YQ===", None)]
    #[case("Y Q=", None)]
    #[case("密码", None)]
    #[case("=", Some(""))]
    fn base64_is_read_as_it_is_written(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(base64(text).as_deref(), expected.map(str::as_bytes));
    }
}
