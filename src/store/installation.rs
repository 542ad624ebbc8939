//! Single values of the installation itself.
use super::db::{on, read, run, write_tx};
use super::{Db, StoreError, WriteTx, nodes};

/// Hashes of the one-time set-up tokens, separated by spaces; absent once the first user exists.
pub const SETUP_TOKEN: &str = "setup_token";
/// Servers that may have a set-up link each; beyond that, the oldest link is void.
const SETUP_TOKENS: usize = 8;

/// When and why the last scheduled backup failed; empty or absent when it succeeded.
pub const BACKUP_FAILURE: &str = "backup_failure";

/// What the addresses of badges are signed with; made when the first one is asked for.
pub const BADGE_SECRET: &str = "badge_secret";

/// What the links in mails are signed with; made when the first one is asked for.
pub const MAIL_SECRET: &str = "mail_secret";

/// What tokens of users are signed with; made when the first one is asked for.
pub const TOKEN_SECRET: &str = "token_secret";

pub async fn get(db: &Db, name: &str) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT value FROM installation WHERE name = $1";
    let row: Option<(String,)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(name).fetch_optional(pool).await?);
    Ok(row.map(|(value,)| value))
}

/// A value that is made once: the first one wins, whoever else makes one at the same time.
pub async fn get_or_insert(db: &Db, name: &str, make: impl Fn() -> String) -> Result<String, StoreError> {
    const SQL: &str = "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    loop {
        if let Some(value) = get(db, name).await? {
            return Ok(value);
        }
        let value = make();
        write_tx!(db, |tx| {
            run!(tx, sqlx::query(SQL).bind(name).bind(&value));
        });
    }
}

/// Sets a value.
pub async fn set(db: &Db, name: &str, value: &str) -> Result<(), StoreError> {
    write_tx!(db, |tx| set_in(tx, name, value).await?);
    Ok(())
}

async fn set_in(tx: &mut WriteTx, name: &str, value: &str) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    run!(tx, sqlx::query(SQL).bind(name).bind(value));
    Ok(())
}

/// Adds a set-up token to those that other servers have printed. Where there is no other server, older ones are void.
pub async fn add_setup_token(db: &Db, hash: &str) -> Result<(), StoreError> {
    const POSTGRES_LOCK: &str = "LOCK TABLE installation IN SHARE ROW EXCLUSIVE MODE";
    const SQL: &str = "SELECT value FROM installation WHERE name = $1";
    write_tx!(db, |tx| {
        tx.lock(POSTGRES_LOCK).await?;
        let before: Option<(String,)> =
            on!(tx, |conn| sqlx::query_as(SQL).bind(SETUP_TOKEN).fetch_optional(conn).await?);
        let others = nodes::others_take_pings_in(tx).await?;
        let before = before.filter(|_| others).map(|(value,)| value).unwrap_or_default();
        let mut hashes: Vec<&str> = before.split(' ').filter(|known| !known.is_empty()).collect();
        hashes.push(hash);
        let newest = hashes.split_off(hashes.len().saturating_sub(SETUP_TOKENS));
        set_in(tx, SETUP_TOKEN, &newest.join(" ")).await?;
    });
    Ok(())
}
