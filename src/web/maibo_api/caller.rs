//! Who calls, and what of a project that lets them see and do.
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;

use super::problem::{Refusal, Result};
use crate::auth::secret;
use crate::auth::throttle::Who as Counted;
use crate::core::access::{Action, Role, allows};
use crate::core::ping::parse_check_uuid;
use crate::healthchecks::unique_key;
use crate::net::source::{Peer, client_ip};
use crate::store::channels::{self, Channel};
use crate::store::checks::{self, Check};
use crate::store::keys::{self, Scope};
use crate::store::projects::{self, Project};
use crate::store::{Db, check_lists};
use crate::web::AppState;
use crate::web::api::caller::note_use;

/// Longest secret that is looked up, in characters; keys have 32.
const MAX_SECRET: usize = 200;

/// Somebody with a key.
pub(super) struct Caller {
    pub(super) state: AppState,
    who: Who,
}

/// What a key makes of its bearer.
enum Who {
    /// A key of one project.
    Project { key: i64, project: i64, role: Role },
}

/// `X-Api-Key: …` or `Authorization: Bearer …`, the former first.
fn presented(headers: &HeaderMap) -> Option<&str> {
    if let Some(key) = headers.get("x-api-key") {
        return Some(key.to_str().unwrap_or_default().trim());
    }
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

impl Who {
    async fn find(state: &AppState, secret: &str) -> Result<Option<Self>> {
        let Some(key) = keys::find(&state.db, &secret::digest(secret)).await? else { return Ok(None) };
        let role = match key.scope {
            Scope::ReadWrite => Role::Member,
            Scope::ReadOnly => Role::Viewer,
            Scope::Metrics => return Ok(None),
        };
        note_use(state, key.id);
        Ok(Some(Self::Project { key: key.id, project: key.project_id, role }))
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let secret = presented(&parts.headers).filter(|secret| !secret.is_empty()).ok_or(Refusal::NoKey)?;
        let who = if secret.len() <= MAX_SECRET { Who::find(state, secret).await? } else { None };
        if let Some(who) = who {
            return Ok(Self { state: state.clone(), who });
        }
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0);
        let from = Counted::from_ip(client_ip(peer, &parts.headers, &state.proxies));
        let taken = state.guesses.api_key.take(from, state.now());
        Err(taken.map_or_else(Refusal::TooMany, |()| Refusal::WrongKey))
    }
}

impl Caller {
    pub(super) fn db(&self) -> &Db {
        &self.state.db
    }

    /// What tests are counted by.
    pub(super) fn counted(&self) -> Counted {
        let Who::Project { key, .. } = self.who;
        Counted::Account(format!("key {key}"))
    }

    /// The part in this project; none in those of others.
    fn role(&self, project_id: i64) -> Option<Role> {
        let Who::Project { project, role, .. } = self.who;
        (project == project_id).then_some(role)
    }

    /// The projects that may be seen, oldest first.
    pub(super) async fn projects(&self) -> Result<Vec<(Project, Role)>> {
        let Who::Project { project, role, .. } = self.who;
        let project = projects::by_id(self.db(), project).await?;
        Ok(project.map(|project| (project, role)).into_iter().collect())
    }

    /// Refuses what the part in a project does not allow. What belongs to others does not exist.
    fn permit(&self, project_id: i64, action: Action) -> Result<Role> {
        let role = self.role(project_id).ok_or(Refusal::NotFound)?;
        if allows(Some(role), action) {
            return Ok(role);
        }
        Err(Refusal::Forbidden(match action {
            Action::View => "this needs a key of the project",
            Action::EditChecks | Action::EditChannels => "this needs a read-write key",
            Action::EditProject => "this is for the owners of the project",
        }))
    }

    /// A project by its UUID, for this action.
    pub(super) async fn project(&self, uuid: &str, action: Action) -> Result<(Project, Role)> {
        let project = projects::by_uuid(self.db(), uuid).await?.ok_or(Refusal::NotFound)?;
        let role = self.permit(project.id, action)?;
        Ok((project, role))
    }

    /// A check by its UUID or its `unique_key`, for this action.
    pub(super) async fn check(&self, code: &str, action: Action) -> Result<(Check, Role)> {
        let uuid = match parse_check_uuid(code) {
            Some(uuid) => uuid,
            None => self.by_unique_key(code).await?,
        };
        let check = checks::by_uuid(self.db(), uuid).await?.ok_or(Refusal::NotFound)?;
        let role = self.permit(check.project_id, action)?;
        Ok((check, role))
    }

    async fn by_unique_key(&self, key: &str) -> Result<uuid::Uuid> {
        if key.len() != 40 {
            return Err(Refusal::NotFound);
        }
        for (project, _) in self.projects().await? {
            let codes = check_lists::codes(self.db(), project.id).await?;
            let found = codes.iter().find(|code| unique_key(code) == key);
            if let Some(uuid) = found.and_then(|code| parse_check_uuid(code)) {
                return Ok(uuid);
            }
        }
        Err(Refusal::NotFound)
    }

    /// A channel by its UUID, for this action.
    pub(super) async fn channel(&self, uuid: &str, action: Action) -> Result<(Channel, Role)> {
        let channel = channels::by_uuid(self.db(), uuid).await?.ok_or(Refusal::NotFound)?;
        let role = self.permit(channel.project_id, action)?;
        Ok((channel, role))
    }
}
