//! Projects: who works together on which checks and channels.
use super::db::{on, read, run, write_tx};
use super::users::User;
use super::{Db, StoreError, micros};
use crate::core::Time;
use crate::rng;

/// The project that exists after migration.
pub const DEFAULT: &str = "default";

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Project {
    pub id: i64,
    pub uuid: String,
    pub name: String,
    /// 22 characters; stands in ping URLs of the form `/ping/<key>/<slug>`.
    pub ping_key: Option<String>,
    pub badge_key: String,
}

/// Makes a project.
pub async fn create(db: &Db, name: &str, now: Time) -> Result<Project, StoreError> {
    const SQL: &str = "INSERT INTO projects (uuid, name, badge_key, created_at) VALUES ($1, $2, $3, $4)
        RETURNING id, uuid, name, ping_key, badge_key";
    Ok(write_tx!(db, |tx| {
        on!(tx, |conn| {
            sqlx::query_as(SQL)
                .bind(rng::uuid().to_string())
                .bind(name)
                .bind(rng::uuid().to_string())
                .bind(micros(now))
                .fetch_one(conn)
                .await?
        })
    }))
}

/// Makes the project `default` where there is no project at all.
pub async fn ensure_default(db: &Db, now: Time) -> Result<(), StoreError> {
    const POSTGRES_ALONE: &str = "LOCK TABLE projects IN SHARE ROW EXCLUSIVE MODE";
    const SQL: &str = "INSERT INTO projects (uuid, name, badge_key, created_at)
        SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM projects)";
    write_tx!(db, |tx| {
        tx.lock(POSTGRES_ALONE).await?;
        run!(
            tx,
            sqlx::query(SQL)
                .bind(rng::uuid().to_string())
                .bind(DEFAULT)
                .bind(rng::uuid().to_string())
                .bind(micros(now))
        );
    });
    Ok(())
}

pub async fn list(db: &Db) -> Result<Vec<Project>, StoreError> {
    const SQL: &str = "SELECT id, uuid, name, ping_key, badge_key FROM projects ORDER BY id";
    Ok(read!(db, |pool| sqlx::query_as(SQL).fetch_all(pool).await?))
}

/// The projects a user may see, oldest first.
pub async fn of_user(db: &Db, user: &User) -> Result<Vec<Project>, StoreError> {
    const SQL: &str = "SELECT p.id, p.uuid, p.name, p.ping_key, p.badge_key FROM projects p
        JOIN members m ON m.project_id = p.id WHERE m.user_id = $1 ORDER BY p.id";
    if user.is_admin {
        return list(db).await;
    }
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(user.id).fetch_all(pool).await?))
}

pub async fn by_uuid(db: &Db, uuid: &str) -> Result<Option<Project>, StoreError> {
    const SQL: &str = "SELECT id, uuid, name, ping_key, badge_key FROM projects WHERE uuid = $1";
    // Nothing stored holds a NUL, and PostgreSQL refuses to look for one.
    if uuid.contains('\0') {
        return Ok(None);
    }
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(uuid).fetch_optional(pool).await?))
}

/// The project whose ping addresses by slug have this key.
pub async fn by_ping_key(db: &Db, ping_key: &str) -> Result<Option<Project>, StoreError> {
    const SQL: &str = "SELECT id, uuid, name, ping_key, badge_key FROM projects WHERE ping_key = $1";
    if ping_key.contains('\0') {
        return Ok(None);
    }
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(ping_key).fetch_optional(pool).await?))
}

/// The project whose badges have this key in their addresses.
pub async fn by_badge_key(db: &Db, badge_key: &str) -> Result<Option<Project>, StoreError> {
    const SQL: &str = "SELECT id, uuid, name, ping_key, badge_key FROM projects WHERE badge_key = $1";
    if badge_key.contains('\0') {
        return Ok(None);
    }
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(badge_key).fetch_optional(pool).await?))
}

pub async fn by_id(db: &Db, id: i64) -> Result<Option<Project>, StoreError> {
    const SQL: &str = "SELECT id, uuid, name, ping_key, badge_key FROM projects WHERE id = $1";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(id).fetch_optional(pool).await?))
}

/// Sets the ping key, replacing an older one.
pub async fn set_ping_key(db: &Db, id: i64, key: &str) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE projects SET ping_key = $2 WHERE id = $1";
    write_tx!(db, |tx| {
        run!(tx, sqlx::query(SQL).bind(id).bind(key));
    });
    Ok(())
}

/// What is wanted of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub name: Option<String>,
    /// `Some(None)` takes it away.
    pub ping_key: Option<Option<String>>,
}

/// Changes a project. [`StoreError::Conflict`]: another one has this ping key.
pub async fn change(db: &Db, id: i64, change: &Change) -> Result<(), StoreError> {
    const NAME: &str = "UPDATE projects SET name = $2 WHERE id = $1";
    const PING_KEY: &str = "UPDATE projects SET ping_key = $2 WHERE id = $1";
    write_tx!(db, |tx| {
        if let Some(name) = &change.name {
            run!(tx, sqlx::query(NAME).bind(id).bind(name));
        }
        if let Some(ping_key) = &change.ping_key {
            run!(tx, sqlx::query(PING_KEY).bind(id).bind(ping_key));
        }
    });
    Ok(())
}

/// Deletes a project with everything in it; the pings of its checks go when history is next tidied up. `false`: it is the
/// only one, which stays.
pub async fn delete(db: &Db, id: i64) -> Result<bool, StoreError> {
    // Of two that are deleted at once, one must stay.
    const POSTGRES_ALONE: &str = "LOCK TABLE projects IN SHARE ROW EXCLUSIVE MODE";
    const SQL: &str =
        "DELETE FROM projects WHERE id = $1 AND EXISTS (SELECT 1 FROM projects o WHERE o.id <> $1)";
    Ok(write_tx!(db, |tx| {
        tx.lock(POSTGRES_ALONE).await?;
        run!(tx, sqlx::query(SQL).bind(id)) > 0
    }))
}
