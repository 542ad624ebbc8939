//! Keys that open the APIs. A key is shown once; only its hash is kept.
use super::db::{on, read, run, write_tx};
use super::{Db, StoreError, micros, time};
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

    /// The scope with this stored word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        [Self::ReadWrite, Self::ReadOnly, Self::Metrics].into_iter().find(|known| known.as_str() == word)
    }
}

/// Most keys that a project may have when another is made for it.
pub const MAX_PER_PROJECT: usize = 100;

/// Stores a key, and gives its id. [`StoreError::Conflict`]: it is there already.
pub async fn insert(
    db: &Db,
    project_id: Option<i64>,
    scope: Scope,
    hash: &str,
    hint: &str,
    now: Time,
) -> Result<i64, StoreError> {
    const SQL: &str =
        "INSERT INTO api_keys (project_id, scope, hash, hint, created_at) VALUES ($1, $2, $3, $4, $5)
        RETURNING id";
    let (id,): (i64,) = write_tx!(db, |tx| on!(tx, |conn| {
        sqlx::query_as(SQL)
            .bind(project_id)
            .bind(scope.as_str())
            .bind(hash)
            .bind(hint)
            .bind(micros(now))
            .fetch_one(conn)
            .await?
    }));
    Ok(id)
}

/// What a list tells of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: i64,
    pub scope: Scope,
    /// How the key begins.
    pub hint: String,
    pub created_at: Time,
    pub used_at: Option<Time>,
}

/// A project's keys, oldest first.
pub async fn list(db: &Db, project_id: i64) -> Result<Vec<Listed>, StoreError> {
    const SQL: &str =
        "SELECT id, scope, hint, created_at, used_at FROM api_keys WHERE project_id = $1 ORDER BY id";
    let rows: Vec<(i64, String, String, i64, Option<i64>)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(project_id).fetch_all(pool).await?);
    Ok(rows
        .into_iter()
        .filter_map(|(id, scope, hint, created_at, used_at)| {
            let (created_at, used_at) = (time(created_at), used_at.map(time));
            Scope::named(&scope).map(|scope| Listed { id, scope, hint, created_at, used_at })
        })
        .collect())
}

/// Makes a key of a project worthless. `false`: it has no such key.
pub async fn revoke(db: &Db, project_id: i64, id: i64) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM api_keys WHERE project_id = $1 AND id = $2";
    Ok(write_tx!(db, |tx| run!(tx, sqlx::query(SQL).bind(project_id).bind(id)) > 0))
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
    Ok(row
        .and_then(|(id, project_id, scope)| Scope::named(&scope).map(|scope| Key { id, project_id, scope })))
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
