//! Which other servers use the same database right now.
use super::db::WriteTx;
use super::{Db, StoreError};
use crate::rng;

/// What a process opens the database for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Server,
    /// A command of the command line.
    Command,
}

impl Role {
    /// How PostgreSQL's own lists call our sessions; a server by a name that no other has.
    pub(super) fn session_name(self) -> String {
        match self {
            Self::Server => format!("maibo-server-{}", rng::uuid()),
            Self::Command => "maibo-command".to_owned(),
        }
    }
}

/// Whether another server is connected. To a SQLite file there is never one.
///
/// PostgreSQL tells itself: a server that died has no sessions left, whatever it wrote before.
pub(super) async fn others(tx: &mut WriteTx) -> Result<bool, StoreError> {
    const POSTGRES: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name LIKE 'maibo-server-%' AND application_name <> current_setting('application_name')";
    let WriteTx::Postgres(tx) = tx else { return Ok(false) };
    let (count,): (i64,) = sqlx::query_as(POSTGRES).fetch_one(&mut **tx).await?;
    Ok(count > 0)
}

/// The major version of the PostgreSQL server; `None` on SQLite.
pub async fn postgres_version(db: &Db) -> Result<Option<u32>, StoreError> {
    const POSTGRES: &str = "SELECT CAST(current_setting('server_version_num') AS BIGINT)";
    let Db::Postgres(pool) = db else { return Ok(None) };
    let (number,): (i64,) = sqlx::query_as(POSTGRES).fetch_one(pool).await?;
    Ok(u32::try_from(number / 10_000).ok())
}
