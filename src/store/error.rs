//! Why the database did not do what was asked, in words that say what to do.
use std::path::PathBuf;

use sqlx::migrate::MigrateError;

use super::backup::BackupError;
use super::db::{PARAMETERS, PATIENCE};

/// How often a transaction that PostgreSQL broke off is tried again.
const RETRIES: u32 = 5;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A uniqueness rule was broken; the caller decides what the user hears.
    #[error("already exists")]
    Conflict,
    #[error(
        "MAIBO_DATABASE_URL: `{0}` is not supported, expected sqlite:///absolute/file, sqlite://relative/file or postgres://user@host/database"
    )]
    UnsupportedUrl(String),
    // Without what the parser says: it may repeat a part of the URL.
    #[error(
        "MAIBO_DATABASE_URL: this is not a URL like postgres://user:password@host:5432/database?sslmode=require"
    )]
    PostgresUrl,
    #[error("MAIBO_DATABASE_URL: `{0}` is no parameter of a PostgreSQL URL; these are: {known}", known = PARAMETERS.join(", "))]
    Parameter(String),
    #[error("cannot use the PostgreSQL database {server}: {}", plain(reason))]
    Connect { server: String, reason: sqlx::Error },
    #[error(
        "a `maibo migrate-db` works on this database; wait until it has ended, then use the database that it copied into"
    )]
    Moving,
    #[error("another program keeps this database locked; end it (a `maibo migrate-db`?), then try again")]
    Locked,
    #[error("this database was written by a newer Maibo (migration {0}); start that version or a newer one")]
    NewerVersion(i64),
    #[error(
        "this version changes the database in a way that older servers cannot work with; stop the others ({0} connected), then start this one"
    )]
    OthersRun(i64),
    #[error("cannot open the database {}: {source}", file.display())]
    Open { file: PathBuf, source: sqlx::Error },
    #[error("cannot create the folder {}: {source}", folder.display())]
    Folder { folder: PathBuf, source: std::io::Error },
    #[error("cannot migrate the database: {0}")]
    Migrate(#[source] MigrateError),
    #[error("the database has not answered for {} seconds", PATIENCE.as_secs())]
    NoAnswer,
    #[error("this database has tables that Maibo did not make: {0}")]
    Schema(String),
    #[error("{0}")]
    Unusable(Box<BackupError>),
    #[error("database: {}", plain(.0))]
    Sql(sqlx::Error),
}

/// What a database said, without the place in its own source where it said so.
fn plain(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    }
}

/// Whether SQLite, or PostgreSQL after its `lock_timeout`, says that somebody else holds what is needed.
fn is_locked(error: &dyn sqlx::error::DatabaseError) -> bool {
    // SQLITE_BUSY with all its kinds, and lock_not_available.
    const BUSY: u32 = 5;
    error
        .code()
        .is_some_and(|code| code == "55P03" || code.parse::<u32>().is_ok_and(|code| code & 0xff == BUSY))
}

impl StoreError {
    /// Whether the same transaction may well succeed when it is tried once more: PostgreSQL broke it off for the
    /// sake of another one, or somebody deleted at that very moment what it refers to.
    pub fn may_pass(&self, tries: u32) -> bool {
        const SERIALIZATION_DEADLOCK_FOREIGN_KEY: [&str; 3] = ["40001", "40P01", "23503"];
        let Self::Sql(sqlx::Error::Database(error)) = self else { return false };
        tries < RETRIES
            && error.code().is_some_and(|code| SERIALIZATION_DEADLOCK_FOREIGN_KEY.contains(&code.as_ref()))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(db) if db.is_unique_violation() => Self::Conflict,
            sqlx::Error::Database(db) if is_locked(db.as_ref()) => Self::Locked,
            _ => Self::Sql(error),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::NewerVersion(version),
            MigrateError::Execute(error) => error.into(),
            other => Self::Migrate(other),
        }
    }
}
