//! What `maibo doctor` asks a database about itself. Nothing here changes it.
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::db::{is_postgres, read};
use super::{Db, Role, StoreError, backup, micros, migrate, time};
use crate::core::Time;

/// How far a database is with migrations, compared with this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// No table is there yet.
    Empty,
    Current,
    /// It waits for the migrations after this one.
    Older(i64),
}

/// Looks without migrating: the server may be an older version that is at work. `file`: the SQLite file.
pub async fn schema(url: &str) -> Result<Schema, StoreError> {
    const POSTGRES_THERE: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    const SQL: &str = "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations";
    if !is_postgres(url) {
        let Some(file) = backup::file_of(url)? else { return Ok(Schema::Empty) };
        if file.metadata().is_ok_and(|file| file.len() == 0) {
            return Ok(Schema::Empty);
        }
        let found = backup::contents(&file).await.map_err(|error| StoreError::Unusable(error.to_string()))?;
        let newest = migrate::SQLITE.iter().map(|known| known.version).max();
        return judge(found.version, newest.unwrap_or(0));
    }
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::PostgresUrl)?
        .application_name(&Role::Command.session_name());
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    let server = format!("{database} on {}:{}", options.get_host(), options.get_port());
    let mut db = options.connect().await.map_err(|reason| StoreError::Connect { server, reason })?;
    let (there,): (bool,) = sqlx::query_as(POSTGRES_THERE).fetch_one(&mut db).await?;
    if !there {
        return Ok(Schema::Empty);
    }
    let (version,): (i64,) = sqlx::query_as(SQL).fetch_one(&mut db).await?;
    db.close().await?;
    let newest = migrate::POSTGRES.iter().map(|known| known.version).max();
    judge(version, newest.unwrap_or(0))
}

fn judge(version: i64, newest: i64) -> Result<Schema, StoreError> {
    match version.cmp(&newest) {
        std::cmp::Ordering::Less => Ok(Schema::Older(version)),
        std::cmp::Ordering::Equal => Ok(Schema::Current),
        std::cmp::Ordering::Greater => Err(StoreError::NewerVersion(version)),
    }
}

/// What SQLite finds wrong with its file, at most a few faults; nothing when it is sound. `None`: it took longer than
/// `limit`.
pub async fn faults(url: &str, limit: Duration) -> Result<Option<Vec<String>>, StoreError> {
    const QUICK: &str = "PRAGMA quick_check(3)";
    let Some(file) = backup::file_of(url)? else { return Ok(Some(Vec::new())) };
    let mut db = SqliteConnectOptions::new()
        .filename(&file)
        .read_only(true)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(|source| StoreError::Open { file, source })?;
    let asked = tokio::time::timeout(limit, sqlx::query_as::<_, (String,)>(QUICK).fetch_all(&mut db)).await;
    let Ok(said) = asked else { return Ok(None) };
    let faults = said?.into_iter().map(|(line,)| line).filter(|line| line != "ok").collect();
    Ok(Some(faults))
}

/// The database server's own time; `None` on SQLite, which has none.
pub async fn server_time(db: &Db) -> Result<Option<Time>, StoreError> {
    const POSTGRES: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
    let Db::Postgres(pool) = db else { return Ok(None) };
    let (at,): (i64,) = sqlx::query_as(POSTGRES).fetch_one(pool).await?;
    Ok(Some(time(at)))
}

/// Bytes that a PostgreSQL database takes; `None` on SQLite, whose file tells.
pub async fn server_size(db: &Db) -> Result<Option<i64>, StoreError> {
    const POSTGRES: &str = "SELECT pg_database_size(current_database())";
    let Db::Postgres(pool) = db else { return Ok(None) };
    let (size,): (i64,) = sqlx::query_as(POSTGRES).fetch_one(pool).await?;
    Ok(Some(size))
}

/// Checks that tell nobody: how many, and the names of a few. Those that are paused do not count.
pub async fn silent_checks(db: &Db) -> Result<(i64, Vec<String>), StoreError> {
    const COUNT: &str = "SELECT COUNT(*) FROM checks c WHERE c.status <> 'paused'
        AND NOT EXISTS (SELECT 1 FROM check_channels n WHERE n.check_id = c.id)";
    const NAMES: &str = "SELECT c.name FROM checks c WHERE c.status <> 'paused'
        AND NOT EXISTS (SELECT 1 FROM check_channels n WHERE n.check_id = c.id) ORDER BY c.id LIMIT 3";
    let (count,): (i64,) = read!(db, |pool| sqlx::query_as(COUNT).fetch_one(pool).await?);
    let names: Vec<(String,)> = read!(db, |pool| sqlx::query_as(NAMES).fetch_all(pool).await?);
    Ok((count, names.into_iter().map(|(name,)| name).collect()))
}

/// The alerts that are on their way, and those that never arrived.
#[derive(Debug, Clone, Copy)]
pub struct Queue {
    pub waiting: i64,
    /// When the oldest of them was written.
    pub oldest: Option<Time>,
    /// Given up since some moment.
    pub dead: i64,
}

/// What waits for delivery, and what was given up since `since`.
pub async fn queue(db: &Db, since: Time) -> Result<Queue, StoreError> {
    const SQL: &str = "SELECT (SELECT COUNT(*) FROM outbox WHERE state = 'queued'),
        (SELECT MIN(created_at) FROM outbox WHERE state = 'queued'),
        (SELECT COUNT(*) FROM outbox WHERE state = 'dead' AND done_at >= $1)";
    let (waiting, oldest, dead): (i64, Option<i64>, i64) =
        read!(db, |pool| sqlx::query_as(SQL).bind(micros(since)).fetch_one(pool).await?);
    Ok(Queue { waiting, oldest: oldest.map(time), dead })
}
