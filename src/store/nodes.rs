//! Which other processes use the same database right now.
//!
//! PostgreSQL tells itself, by the names of its sessions: a process that died has none left, whatever it wrote
//! before. To a SQLite file there is never another one.
use sqlx::PgConnection;

use super::db::{WriteTx, read};
use super::{Db, StoreError};
use crate::rng;

/// What a process opens the database for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Takes pings, shows pages, watches deadlines, sends alerts.
    Server,
    /// Takes pings and shows pages.
    Web,
    /// Watches deadlines and sends alerts.
    Worker,
    /// A command of the command line.
    Command,
}

impl Role {
    /// Whether this process takes pings.
    #[must_use]
    pub const fn takes_pings(self) -> bool {
        matches!(self, Self::Server | Self::Web)
    }

    /// Whether this process watches deadlines and sends alerts.
    #[must_use]
    pub const fn works(self) -> bool {
        matches!(self, Self::Server | Self::Worker)
    }

    /// How PostgreSQL's own lists call our sessions; each process but a command by a name that no other has.
    pub(super) fn session_name(self) -> String {
        let part = match self {
            Self::Server => "server",
            Self::Web => "web",
            Self::Worker => "worker",
            Self::Command => return "maibo-command".to_owned(),
        };
        format!("maibo-{part}-{}", rng::uuid())
    }
}

/// Says for as long as this connection lives that Maibo uses the database. `false`: a `maibo migrate-db` has it for
/// itself.
pub(super) async fn share(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    const POSTGRES: &str = "SELECT pg_try_advisory_lock_shared(469785731695)";
    let (shared,): (bool,) = sqlx::query_as(POSTGRES).fetch_one(db).await?;
    Ok(shared)
}

/// Keeps every other process of Maibo away for as long as this connection lives. `false`: one is there. Does not
/// queue for it: those who are there could open no new connection meanwhile.
pub(super) async fn seclude(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    const POSTGRES: &str = "SELECT pg_try_advisory_lock(469785731695)";
    let (alone,): (bool,) = sqlx::query_as(POSTGRES).fetch_one(db).await?;
    Ok(alone)
}

/// Servers, and halves of them, that are connected to the database, also those of a version that does not [`share`].
pub(super) async fn servers(db: &mut PgConnection) -> Result<i64, sqlx::Error> {
    const POSTGRES: &str = "SELECT COUNT(DISTINCT application_name) FROM pg_stat_activity
        WHERE datname = current_database() AND (application_name LIKE 'maibo-server-%'
            OR application_name LIKE 'maibo-worker-%' OR application_name LIKE 'maibo-web-%')";
    let (servers,): (i64,) = sqlx::query_as(POSTGRES).fetch_one(db).await?;
    Ok(servers)
}

/// Whether another process is connected that watches deadlines and sends alerts.
pub(super) async fn others_work(tx: &mut WriteTx) -> Result<bool, StoreError> {
    const POSTGRES: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
        AND (application_name LIKE 'maibo-server-%' OR application_name LIKE 'maibo-worker-%')
        AND application_name <> current_setting('application_name')";
    let WriteTx::Postgres(tx) = tx else { return Ok(false) };
    let (count,): (i64,) = sqlx::query_as(POSTGRES).fetch_one(&mut **tx).await?;
    Ok(count > 0)
}

const POSTGRES_TAKE_PINGS: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
    AND (application_name LIKE 'maibo-server-%' OR application_name LIKE 'maibo-web-%')
    AND application_name <> current_setting('application_name')";

/// Whether another process is connected that takes pings.
pub async fn others_take_pings(db: &Db) -> Result<bool, StoreError> {
    if matches!(db, Db::Sqlite { .. }) {
        return Ok(false);
    }
    let (count,): (i64,) = read!(db, |pool| sqlx::query_as(POSTGRES_TAKE_PINGS).fetch_one(pool).await?);
    Ok(count > 0)
}

/// [`others_take_pings`] inside a transaction of the caller's.
pub(super) async fn others_take_pings_in(tx: &mut WriteTx) -> Result<bool, StoreError> {
    let WriteTx::Postgres(tx) = tx else { return Ok(false) };
    let (count,): (i64,) = sqlx::query_as(POSTGRES_TAKE_PINGS).fetch_one(&mut **tx).await?;
    Ok(count > 0)
}

/// The major version of the PostgreSQL server; `None` on SQLite.
pub async fn postgres_version(db: &Db) -> Result<Option<u32>, StoreError> {
    const POSTGRES: &str = "SELECT CAST(current_setting('server_version_num') AS BIGINT)";
    let Db::Postgres(pool) = db else { return Ok(None) };
    let (number,): (i64,) = sqlx::query_as(POSTGRES).fetch_one(pool).await?;
    Ok(u32::try_from(number / 10_000).ok())
}
