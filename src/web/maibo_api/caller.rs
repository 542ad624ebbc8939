//! Who calls, and what of a project that lets them see and do.
use axum::extract::FromRequestParts;
use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;

use super::problem::{Refusal, Result};
use crate::auth::throttle::Who as Counted;
use crate::auth::{secret, user_token};
use crate::core::access::{Action, Role, allows};
use crate::core::ping::parse_check_uuid;
use crate::healthchecks::unique_key;
use crate::store::channels::{self, Channel};
use crate::store::checks::{self, Check};
use crate::store::keys::{self, Scope};
use crate::store::projects::{self, Project};
use crate::store::users::{self, User};
use crate::store::{Db, check_lists};
use crate::web::AppState;
use crate::web::api::caller::note_use;

/// Longest secret that is looked up, in characters; keys have 32.
const MAX_SECRET: usize = 200;

/// Somebody with a key or a token.
pub(super) struct Caller {
    pub(super) state: AppState,
    who: Who,
}

/// What a secret makes of its bearer.
enum Who {
    /// The bearer of a key of one project.
    Project { key: i64, project: i64, role: Role },
    /// A person, by their token: in all projects as in the dashboard.
    User(User),
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
        if secret.starts_with(user_token::PREFIX)
            && let Some(user) = user_token::verify(&state.db, secret).await?
        {
            return Ok(Some(Self::User(user)));
        }
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
        Ok(Self { state: state.clone(), who: who.ok_or(Refusal::WrongKey)? })
    }
}

impl Caller {
    pub(super) fn db(&self) -> &Db {
        &self.state.db
    }

    /// What tests are counted by.
    pub(super) fn counted(&self) -> Counted {
        match &self.who {
            Who::Project { key, .. } => Counted::Account(format!("key {key}")),
            Who::User(user) => Counted::Account(user.email.clone()),
        }
    }

    /// The operator: they may make projects, and own all of them.
    pub(super) fn is_operator(&self) -> bool {
        matches!(&self.who, Who::User(user) if user.is_admin)
    }

    /// The part in this project; none in those of others.
    async fn role(&self, project_id: i64) -> Result<Option<Role>> {
        Ok(match &self.who {
            Who::Project { project, role, .. } => (*project == project_id).then_some(*role),
            Who::User(user) => users::role(self.db(), user, project_id).await?,
        })
    }

    /// The projects that may be seen, oldest first.
    pub(super) async fn projects(&self) -> Result<Vec<(Project, Role)>> {
        match &self.who {
            Who::Project { project, role, .. } => {
                let project = projects::by_id(self.db(), *project).await?;
                Ok(project.map(|project| (project, *role)).into_iter().collect())
            }
            Who::User(user) => {
                let mut seen = Vec::new();
                for project in projects::of_user(self.db(), user).await? {
                    if let Some(role) = users::role(self.db(), user, project.id).await? {
                        seen.push((project, role));
                    }
                }
                Ok(seen)
            }
        }
    }

    /// Refuses what the part in a project does not allow. What belongs to others does not exist.
    async fn permit(&self, project_id: i64, action: Action) -> Result<Role> {
        let role = self.role(project_id).await?.ok_or(Refusal::NotFound)?;
        if allows(Some(role), action) {
            return Ok(role);
        }
        Err(Refusal::Forbidden(match action {
            Action::View => "this needs a key of the project",
            Action::EditChecks | Action::EditChannels => "this needs a read-write key, or a member's token",
            Action::EditProject => "this needs the token of an owner of the project",
        }))
    }

    /// A project by its UUID, for this action.
    pub(super) async fn project(&self, uuid: &str, action: Action) -> Result<(Project, Role)> {
        let project = projects::by_uuid(self.db(), uuid).await?.ok_or(Refusal::NotFound)?;
        let role = self.permit(project.id, action).await?;
        Ok((project, role))
    }

    /// A check by its UUID or its `unique_key`, for this action.
    pub(super) async fn check(&self, code: &str, action: Action) -> Result<(Check, Role)> {
        let uuid = match parse_check_uuid(code) {
            Some(uuid) => uuid,
            None => self.by_unique_key(code).await?,
        };
        let check = checks::by_uuid(self.db(), uuid).await?.ok_or(Refusal::NotFound)?;
        let role = self.permit(check.project_id, action).await?;
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
        let role = self.permit(channel.project_id, action).await?;
        Ok((channel, role))
    }
}
