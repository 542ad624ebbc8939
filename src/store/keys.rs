//! Keys that open the APIs. A key is shown once; only its hash is kept.
use super::db::{read, run, write_tx};
use super::{Db, StoreError, micros};
use crate::core::{Span, Time};

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

/// A key of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    pub id: i64,
    pub project_id: i64,
    /// [`Scope::ReadWrite`] or [`Scope::ReadOnly`].
    pub scope: Scope,
}

/// The key with this hash, if it opens a project.
pub async fn find(db: &Db, hash: &str) -> Result<Option<Key>, StoreError> {
    const SQL: &str = "SELECT id, project_id, scope FROM api_keys WHERE hash = $1 AND project_id IS NOT NULL";
    let row: Option<(i64, i64, String)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(hash).fetch_optional(pool).await?);
    Ok(row.and_then(|(id, project_id, scope)| {
        [Scope::ReadWrite, Scope::ReadOnly]
            .into_iter()
            .find(|known| known.as_str() == scope)
            .map(|scope| Key { id, project_id, scope })
    }))
}

/// Records that a key was used, unless that was done within the last minute.
pub async fn used(db: &Db, id: i64, now: Time) -> Result<(), StoreError> {
    // A use in the future was recorded by a clock that was wrong.
    const SQL: &str = "UPDATE api_keys SET used_at = $2
        WHERE id = $1 AND (used_at IS NULL OR used_at NOT BETWEEN $3 AND $2)";
    write_tx!(db, |tx| {
        run!(tx, sqlx::query(SQL).bind(id).bind(micros(now)).bind(micros(now - Span::minutes(1)) + 1));
    });
    Ok(())
}
