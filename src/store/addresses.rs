//! Other addresses of a check than its UUID: the short one that every check has, and the token of another product that
//! an import may give it.
//!
//! A short address names a check to somebody who has said who they are. An alias is a secret like the UUID: whoever
//! knows it may ping.
use std::collections::HashMap;

use uuid::Uuid;

use super::db::{on, read, run, write_tx};
use super::{Db, StoreError, WriteTx};
use crate::core::alias;
use crate::core::ping::parse_check_uuid;
use crate::rng;

/// Characters of a short address that we make.
const SHORT_LEN: usize = 8;
/// Most characters of a short address or an alias that is brought along.
pub const MAX_CHARS: usize = alias::MAX_CHARS;

/// The addresses of one check.
#[derive(Debug, Clone, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Addresses {
    /// Letters and digits; unique in the installation.
    pub short: String,
    /// The token, or tokens joined by `/`, that the check had elsewhere; unique in the installation.
    pub alias: Option<String>,
}

/// Gives a new check its short address.
pub(super) async fn insert_in(tx: &mut WriteTx, check_id: i64) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO check_addresses (check_id, short) VALUES ($1, $2)";
    run!(tx, sqlx::query(SQL).bind(check_id).bind(rng::token(SHORT_LEN)));
    Ok(())
}

/// What is wanted of a check's addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub short: Option<String>,
    /// `Some(None)` takes it away.
    pub alias: Option<Option<String>>,
}

/// Changes the addresses of a check that has some. [`StoreError::Conflict`]: another check has one of them.
pub(super) async fn change_in(tx: &mut WriteTx, check_id: i64, change: &Change) -> Result<(), StoreError> {
    const SHORT: &str = "UPDATE check_addresses SET short = $2 WHERE check_id = $1";
    const ALIAS: &str = "UPDATE check_addresses SET alias = $2 WHERE check_id = $1";
    if let Some(short) = &change.short {
        run!(tx, sqlx::query(SHORT).bind(check_id).bind(short));
    }
    if let Some(alias) = &change.alias {
        is_free(tx, check_id, alias.as_deref()).await?;
        run!(tx, sqlx::query(ALIAS).bind(check_id).bind(alias));
    }
    Ok(())
}

/// Refuses a UUID for a new check that is the alias of another.
pub(super) async fn no_alias_is(tx: &mut WriteTx, uuid: &str) -> Result<(), StoreError> {
    const SQL: &str = "SELECT check_id FROM check_addresses WHERE alias = $1";
    let taken: Option<(i64,)> = on!(tx, |conn| sqlx::query_as(SQL).bind(uuid).fetch_optional(conn).await?);
    if taken.is_some() { Err(StoreError::Conflict) } else { Ok(()) }
}

/// Refuses an alias that is the UUID of another check: pings to that one would no longer reach it everywhere.
async fn is_free(tx: &mut WriteTx, check_id: i64, alias: Option<&str>) -> Result<(), StoreError> {
    const SQL: &str = "SELECT id FROM checks WHERE uuid = $1 AND id <> $2";
    let taken: Option<(i64,)> =
        on!(tx, |conn| sqlx::query_as(SQL).bind(alias).bind(check_id).fetch_optional(conn).await?);
    if taken.is_some() { Err(StoreError::Conflict) } else { Ok(()) }
}

pub async fn of(db: &Db, check_id: i64) -> Result<Addresses, StoreError> {
    const SQL: &str = "SELECT short, alias FROM check_addresses WHERE check_id = $1";
    let row: Option<Addresses> =
        read!(db, |pool| sqlx::query_as(SQL).bind(check_id).fetch_optional(pool).await?);
    Ok(row.unwrap_or_default())
}

/// The addresses of a project's checks, by the checks' ids.
pub async fn of_project(db: &Db, project_id: i64) -> Result<HashMap<i64, Addresses>, StoreError> {
    const SQL: &str =
        "SELECT a.check_id, a.short, a.alias FROM checks c JOIN check_addresses a ON a.check_id = c.id
        WHERE c.project_id = $1";
    let rows: Vec<(i64, String, Option<String>)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(project_id).fetch_all(pool).await?);
    Ok(rows.into_iter().map(|(id, short, alias)| (id, Addresses { short, alias })).collect())
}

/// The check with this short address.
pub async fn by_short(db: &Db, short: &str) -> Result<Option<Uuid>, StoreError> {
    const SQL: &str =
        "SELECT c.uuid FROM check_addresses a JOIN checks c ON c.id = a.check_id WHERE a.short = $1";
    // Nothing stored holds a NUL, and PostgreSQL refuses to look for one.
    if short.contains('\0') {
        return Ok(None);
    }
    let row: Option<(String,)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(short).fetch_optional(pool).await?);
    Ok(row.and_then(|(uuid,)| parse_check_uuid(&uuid)))
}

/// The check with this alias.
pub async fn by_alias(db: &Db, alias: &str) -> Result<Option<Uuid>, StoreError> {
    const SQL: &str =
        "SELECT c.uuid FROM check_addresses a JOIN checks c ON c.id = a.check_id WHERE a.alias = $1";
    if alias.contains('\0') {
        return Ok(None);
    }
    let row: Option<(String,)> =
        read!(db, |pool| sqlx::query_as(SQL).bind(alias).fetch_optional(pool).await?);
    Ok(row.and_then(|(uuid,)| parse_check_uuid(&uuid)))
}

/// Sets a check's alias, or takes it away. [`StoreError::Conflict`]: another check has it.
pub async fn set_alias(db: &Db, check_id: i64, alias: Option<&str>) -> Result<(), StoreError> {
    write_tx!(db, |tx| set_alias_in(tx, check_id, alias).await?);
    Ok(())
}

/// [`set_alias`] inside a transaction of the caller's.
pub async fn set_alias_in(tx: &mut WriteTx, check_id: i64, alias: Option<&str>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO check_addresses (check_id, short, alias) VALUES ($1, $3, $2)
        ON CONFLICT (check_id) DO UPDATE SET alias = excluded.alias";
    is_free(tx, check_id, alias).await?;
    run!(tx, sqlx::query(SQL).bind(check_id).bind(alias).bind(rng::token(SHORT_LEN)));
    Ok(())
}

/// Sets a check's short address, as an import brings it. [`StoreError::Conflict`]: another check has it.
pub async fn set_short(db: &Db, check_id: i64, short: &str) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO check_addresses (check_id, short) VALUES ($1, $2)
        ON CONFLICT (check_id) DO UPDATE SET short = excluded.short";
    write_tx!(db, |tx| {
        run!(tx, sqlx::query(SQL).bind(check_id).bind(short));
    });
    Ok(())
}
