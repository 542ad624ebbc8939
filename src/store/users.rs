//! People who sign in.
use super::db::{on, read, run, write_tx};
use super::installation::SETUP_TOKEN;
use super::{Db, StoreError, micros};
use crate::core::Time;
use crate::core::access::Role;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct User {
    pub id: i64,
    pub email: String,
    /// argon2id, in PHC form.
    pub password: String,
    /// The operator: owns every project.
    pub is_admin: bool,
    pub language: String,
}

/// Longest address and shortest and longest password that are accepted.
pub const MAX_EMAIL: usize = 254;
pub const MIN_PASSWORD: usize = 8;
pub const MAX_PASSWORD: usize = 1000;

/// Makes a user. The first one becomes the operator, owns the project `default` and voids the set-up link;
/// later ones are members of `project_id`. `only_first`: refuse (with `Conflict`) when there is a user already.
pub async fn create(
    db: &Db,
    email: &str,
    password_hash: &str,
    language: &str,
    project_id: i64,
    only_first: bool,
    now: Time,
) -> Result<i64, StoreError> {
    const POSTGRES_ALONE: &str = "LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE";
    const COUNT: &str = "SELECT COUNT(*) FROM users";
    const USER: &str = "INSERT INTO users (email, password, is_admin, language, created_at) VALUES ($1, $2, $3, $4, $5) RETURNING id";
    const MEMBER: &str = "INSERT INTO members (project_id, user_id, role) VALUES ($1, $2, $3)";
    const VOID: &str = "DELETE FROM installation WHERE name = $1";
    let id = write_tx!(db, |tx| {
        tx.lock(POSTGRES_ALONE).await?;
        let (count,): (i64,) = on!(tx, |conn| sqlx::query_as(COUNT).fetch_one(conn).await?);
        if only_first && count > 0 {
            return Err(StoreError::Conflict);
        }
        let first = count == 0;
        let (id,): (i64,) = on!(tx, |conn| {
            sqlx::query_as(USER)
                .bind(email)
                .bind(password_hash)
                .bind(first)
                .bind(language)
                .bind(micros(now))
                .fetch_one(conn)
                .await?
        });
        let role = if first { Role::Owner } else { Role::Member };
        run!(tx, sqlx::query(MEMBER).bind(project_id).bind(id).bind(role.as_str()));
        run!(tx, sqlx::query(VOID).bind(SETUP_TOKEN));
        id
    });
    Ok(id)
}

pub async fn by_email(db: &Db, email: &str) -> Result<Option<User>, StoreError> {
    const SQL: &str = "SELECT id, email, password, is_admin, language FROM users WHERE email = $1";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(email).fetch_optional(pool).await?))
}

pub async fn by_id(db: &Db, id: i64) -> Result<Option<User>, StoreError> {
    const SQL: &str = "SELECT id, email, password, is_admin, language FROM users WHERE id = $1";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(id).fetch_optional(pool).await?))
}

pub async fn any(db: &Db) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM users";
    let (count,): (i64,) = read!(db, |pool| sqlx::query_as(SQL).fetch_one(pool).await?);
    Ok(count > 0)
}

/// Sets a new password and ends all sessions of the user.
pub async fn set_password(db: &Db, id: i64, password_hash: &str) -> Result<(), StoreError> {
    const PASSWORD: &str = "UPDATE users SET password = $2 WHERE id = $1";
    const SESSIONS: &str = "DELETE FROM sessions WHERE user_id = $1";
    write_tx!(db, |tx| {
        run!(tx, sqlx::query(PASSWORD).bind(id).bind(password_hash));
        run!(tx, sqlx::query(SESSIONS).bind(id));
    });
    Ok(())
}

/// The user's part in a project.
pub async fn role(db: &Db, user: &User, project_id: i64) -> Result<Option<Role>, StoreError> {
    const SQL: &str = "SELECT role FROM members WHERE project_id = $1 AND user_id = $2";
    if user.is_admin {
        return Ok(Some(Role::Owner));
    }
    let row: Option<(String,)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(project_id).bind(user.id).fetch_optional(pool).await?);
    Ok(row.and_then(|(role,)| Role::named(&role)))
}

/// An address in the form it is stored and compared in; `None` when it cannot be one.
#[must_use]
pub fn normal_email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let usable = text.len() <= MAX_EMAIL && !text.contains('\0') && text.parse::<lettre::Address>().is_ok();
    usable.then_some(text)
}
