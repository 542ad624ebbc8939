//! What `maibo doctor` asks a database about itself. Nothing here changes it.
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::backup::BackupError;
use super::db::{is_postgres, postgres_name, postgres_options, read};
use super::{Db, Role, StoreError, backup, micros, migrate, time};
use crate::core::Time;

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What kind of trouble an error is, for those who say what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The file is not what was written.
    Damaged,
    /// It may not be read or written by this user.
    Forbidden,
    /// There is no room left.
    Full,
    /// Another program has it.
    Locked,
    /// Nobody answers there.
    Unreachable,
    /// The database server does not take this user or password.
    SignIn,
    /// The database server has no such database.
    Absent,
    /// A newer version wrote it.
    Newer,
    /// It is somebody else's.
    Foreign,
    /// The URL is wrong.
    Url,
    Other,
}

/// What kind of trouble this is.
#[must_use]
pub fn trouble(error: &StoreError) -> Trouble {
    match error {
        StoreError::UnsupportedUrl(_) | StoreError::PostgresUrl | StoreError::Parameter(_) => Trouble::Url,
        StoreError::NewerVersion(_) => Trouble::Newer,
        StoreError::Moving | StoreError::Locked => Trouble::Locked,
        StoreError::NoAnswer => Trouble::Unreachable,
        StoreError::Schema(_) => Trouble::Foreign,
        StoreError::Connect { reason: error, .. }
        | StoreError::Open { source: error, .. }
        | StoreError::Sql(error) => of_engine(error),
        StoreError::Folder { source, .. } => of_system(source),
        StoreError::Unusable(error) => match error.as_ref() {
            BackupError::Foreign { .. } => Trouble::Foreign,
            BackupError::Damaged { .. } => Trouble::Damaged,
            BackupError::Newer { .. } => Trouble::Newer,
            BackupError::InUse(_) => Trouble::Locked,
            BackupError::Io { source, .. } => of_system(source),
            BackupError::Copy { source, .. } => of_engine(source),
            BackupError::Missing(_)
            | BackupError::NotAFile(_)
            | BackupError::Exists(_)
            | BackupError::Itself(_) => Trouble::Other,
        },
        StoreError::Conflict | StoreError::OthersRun(_) | StoreError::Migrate(_) => Trouble::Other,
    }
}

fn of_engine(error: &sqlx::Error) -> Trouble {
    let error = match error {
        sqlx::Error::Io(error) => return of_system(error),
        sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut => return Trouble::Unreachable,
        sqlx::Error::Database(error) => error,
        _ => return Trouble::Other,
    };
    let code = error.code().unwrap_or_default();
    // PostgreSQL's codes have five characters; SQLite's are numbers, whose lowest byte is the kind.
    match code.as_ref() {
        "28P01" | "28000" => return Trouble::SignIn,
        "3D000" => return Trouble::Absent,
        "42501" | "25006" => return Trouble::Forbidden,
        "53100" => return Trouble::Full,
        "55P03" => return Trouble::Locked,
        "53300" | "57P03" => return Trouble::Unreachable,
        "XX001" | "XX002" => return Trouble::Damaged,
        _ => {}
    }
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(11 | 26) => Trouble::Damaged,
        Ok(3 | 8 | 14 | 23) => Trouble::Forbidden,
        Ok(13) => Trouble::Full,
        Ok(5 | 6) => Trouble::Locked,
        _ => Trouble::Other,
    }
}

fn of_system(error: &std::io::Error) -> Trouble {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Trouble::Forbidden,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Trouble::Full,
        ErrorKind::ConnectionRefused
        | ErrorKind::ConnectionReset
        | ErrorKind::TimedOut
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::UnexpectedEof => Trouble::Unreachable,
        _ => Trouble::Other,
    }
}

/// Whether the PostgreSQL server of this URL is on this machine, as far as the URL tells.
#[must_use]
pub fn is_on_this_machine(url: &str) -> bool {
    let Ok(options) = postgres_options(url, Role::Command) else { return false };
    let host = options.get_host().trim_matches(['[', ']']);
    options.get_socket().is_some()
        || host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// How the connection to a PostgreSQL server is kept from others: the version of TLS, or `None` where it is not.
/// On SQLite there is no connection.
pub async fn encryption(db: &Db) -> Result<Option<Option<String>>, StoreError> {
    const POSTGRES: &str = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
    let Db::Postgres(pool) = db else { return Ok(None) };
    let found: Option<(Option<String>,)> = sqlx::query_as(POSTGRES).fetch_optional(pool).await?;
    Ok(Some(found.map(|(version,)| version.unwrap_or_default())))
}

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
        let found = backup::contents(&file).await.map_err(|error| StoreError::Unusable(Box::new(error)))?;
        let newest = migrate::SQLITE.iter().map(|known| known.version).max();
        return judge(found.version, newest.unwrap_or(0));
    }
    let options = postgres_options(url, Role::Command)?;
    let server = postgres_name(&options);
    let connecting = tokio::time::timeout(PATIENCE, options.connect()).await;
    let mut db = connecting
        .map_err(|_| StoreError::NoAnswer)?
        .map_err(|reason| StoreError::Connect { server, reason })?;
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

/// Checks that tell nobody: how many, and the names of a few. Those that are paused do not count. A group tells whom
/// its members tell, and a channel that does not work tells nobody.
pub async fn silent_checks(db: &Db) -> Result<(i64, Vec<String>), StoreError> {
    const COUNT: &str = "SELECT COUNT(*) FROM checks c WHERE c.status <> 'paused'
        AND NOT EXISTS (SELECT 1 FROM check_channels n LEFT JOIN channel_members m ON m.group_id = n.channel_id
            JOIN channels t ON t.id = COALESCE(m.channel_id, n.channel_id)
            WHERE n.check_id = c.id AND t.kind <> 'group' AND t.broken = '' AND t.consent IN ('', 'given'))";
    const NAMES: &str = "SELECT c.name FROM checks c WHERE c.status <> 'paused'
        AND NOT EXISTS (SELECT 1 FROM check_channels n LEFT JOIN channel_members m ON m.group_id = n.channel_id
            JOIN channels t ON t.id = COALESCE(m.channel_id, n.channel_id)
            WHERE n.check_id = c.id AND t.kind <> 'group' AND t.broken = '' AND t.consent IN ('', 'given'))
        ORDER BY c.id LIMIT 3";
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
    /// Given up since some moment, and not put aside; tests are not counted, for nobody waits for one.
    pub dead: i64,
}

/// What waits for delivery, and what was given up since `since`.
pub async fn queue(db: &Db, since: Time) -> Result<Queue, StoreError> {
    const SQL: &str = "SELECT (SELECT COUNT(*) FROM outbox WHERE state = 'queued'),
        (SELECT MIN(created_at) FROM outbox WHERE state = 'queued'),
        (SELECT COUNT(*) FROM outbox o WHERE o.state = 'dead' AND o.dismissed_at IS NULL AND o.done_at >= $1)";
    let (waiting, oldest, dead): (i64, Option<i64>, i64) =
        read!(db, |pool| sqlx::query_as(SQL).bind(micros(since)).fetch_one(pool).await?);
    Ok(Queue { waiting, oldest: oldest.map(time), dead })
}
