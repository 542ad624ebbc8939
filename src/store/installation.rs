//! Single values of the installation itself.
use super::db::{read, run, write_tx};
use super::{Db, StoreError};

/// Hash of the one-time set-up token; absent once the first user exists.
pub const SETUP_TOKEN: &str = "setup_token";

/// When and why the last scheduled backup failed; empty or absent when it succeeded.
pub const BACKUP_FAILURE: &str = "backup_failure";

pub async fn get(db: &Db, name: &str) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT value FROM installation WHERE name = $1";
    let row: Option<(String,)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(name).fetch_optional(pool).await?);
    Ok(row.map(|(value,)| value))
}

pub async fn set(db: &Db, name: &str, value: &str) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    write_tx!(db, |tx| {
        run!(tx, sqlx::query(SQL).bind(name).bind(value));
    });
    Ok(())
}
