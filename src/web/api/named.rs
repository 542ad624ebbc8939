//! How an address names a check: by its UUID, or by the `unique_key` that readers get in its place.
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use uuid::Uuid;

use super::refusal::Refusal;
use crate::core::ping::parse_check_uuid;
use crate::healthchecks::unique_key;
use crate::store::checks::{self, Check};
use crate::store::{Db, check_lists};
use crate::web::AppState;

/// What stands behind `checks/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    Uuid(Uuid),
    /// 40 hex digits.
    UniqueKey(String),
}

impl Code {
    /// Anything else is no address at all.
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Some(uuid) = parse_check_uuid(text) {
            return Some(Self::Uuid(uuid));
        }
        let fits = text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
        fits.then(|| Self::UniqueKey(text.to_owned()))
    }

    /// The check of this project that is meant.
    pub(super) async fn find(&self, db: &Db, project: i64) -> Result<Check, Refusal> {
        match self {
            Self::Uuid(uuid) => CheckId(*uuid).find(db, project).await,
            Self::UniqueKey(key) => {
                let codes = check_lists::codes(db, project).await?;
                let code = codes.iter().find(|code| unique_key(code) == *key).ok_or(Refusal::NotFound)?;
                let uuid = parse_check_uuid(code).ok_or(Refusal::NotFound)?;
                checks::by_uuid(db, uuid).await?.ok_or(Refusal::NotFound)
            }
        }
    }
}

impl FromRequestParts<AppState> for Code {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Refusal::NotFound)?;
        let named = params.iter().find(|(name, _)| *name == "code");
        named.and_then(|(_, code)| Self::read(code)).ok_or(Refusal::NotFound)
    }
}

/// A check's UUID, where an address takes nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckId(Uuid);

impl CheckId {
    /// The check, if it is one of this project.
    pub(super) async fn find(self, db: &Db, project: i64) -> Result<Check, Refusal> {
        let check = checks::by_uuid(db, self.0).await?.ok_or(Refusal::NotFound)?;
        if check.project_id == project { Ok(check) } else { Err(Refusal::Forbidden) }
    }
}

impl FromRequestParts<AppState> for CheckId {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        match Code::from_request_parts(parts, state).await? {
            Code::Uuid(uuid) => Ok(Self(uuid)),
            // `checks/<unique_key>` is there, to be read.
            Code::UniqueKey(key) if parts.uri.path().ends_with(&key) => Err(Refusal::Method),
            Code::UniqueKey(_) => Err(Refusal::NotFound),
        }
    }
}
