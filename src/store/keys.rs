//! Keys that open the APIs. A key is shown once; only its hash is kept.
use super::db::{read, run, write_tx};
use super::{Db, StoreError, micros};
use crate::core::Time;

/// What a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    ReadWrite,
    ReadOnly,
    /// Belongs to the server, not to a project.
    Metrics,
}

impl Scope {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "read-only",
            Self::Metrics => "metrics",
        }
    }
}

pub async fn insert(
    db: &Db,
    project_id: Option<i64>,
    scope: Scope,
    hash: &str,
    hint: &str,
    now: Time,
) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO api_keys (project_id, scope, hash, hint, created_at) VALUES ($1, $2, $3, $4, $5)";
    write_tx!(db, |tx| {
        run!(
            tx,
            sqlx::query(SQL).bind(project_id).bind(scope.as_str()).bind(hash).bind(hint).bind(micros(now))
        );
    });
    Ok(())
}

/// Whether a key with this hash opens the numbers of the server.
pub async fn opens_metrics(db: &Db, hash: &str) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT id FROM api_keys WHERE hash = $1 AND scope = $2";
    let scope = Scope::Metrics.as_str();
    let row: Option<(i64,)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(hash).bind(scope).fetch_optional(pool).await?);
    Ok(row.is_some())
}

/// The project that a key with this hash opens, and how far.
pub async fn find(db: &Db, hash: &str) -> Result<Option<(i64, Scope)>, StoreError> {
    const SQL: &str = "SELECT project_id, scope FROM api_keys WHERE hash = $1 AND project_id IS NOT NULL";
    let row: Option<(i64, String)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(hash).fetch_optional(pool).await?);
    Ok(row.and_then(|(project, scope)| {
        [Scope::ReadWrite, Scope::ReadOnly]
            .into_iter()
            .find(|known| known.as_str() == scope)
            .map(|scope| (project, scope))
    }))
}
