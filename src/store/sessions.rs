//! Signed-in browsers. Only a hash of each token is stored.
use super::db::{read, run, write_tx};
use super::users::User;
use super::{Db, StoreError, micros};
use crate::core::Time;

pub async fn create(
    db: &Db,
    token_hash: &str,
    user_id: i64,
    now: Time,
    expires: Time,
) -> Result<(), StoreError> {
    const EXPIRED: &str = "DELETE FROM sessions WHERE expires_at <= $1";
    const SQL: &str =
        "INSERT INTO sessions (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    write_tx!(db, |tx| {
        run!(tx, sqlx::query(EXPIRED).bind(micros(now)));
        run!(tx, sqlx::query(SQL).bind(token_hash).bind(user_id).bind(micros(now)).bind(micros(expires)));
    });
    Ok(())
}

/// The user whose living session has this token.
pub async fn user(db: &Db, token_hash: &str, now: Time) -> Result<Option<User>, StoreError> {
    const SQL: &str = "SELECT u.id, u.email, u.password, u.is_admin, u.language FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE s.token_hash = $1 AND s.expires_at > $2";
    Ok(read!(db, |pool| sqlx::query_as(SQL).bind(token_hash).bind(micros(now)).fetch_optional(pool).await?))
}

pub async fn delete(db: &Db, token_hash: &str) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM sessions WHERE token_hash = $1";
    write_tx!(db, |tx| {
        run!(tx, sqlx::query(SQL).bind(token_hash));
    });
    Ok(())
}
