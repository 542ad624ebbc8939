//! The database handle: opening, migrating, and the two ways to use it.
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, SqliteConnection};

/// A handle to the database. Cloning is cheap.
///
/// SQLite gets two pools: a few readers and exactly one writer, so that writers queue in the pool instead of
/// failing with `SQLITE_BUSY`.
#[derive(Debug, Clone)]
pub enum Db {
    Sqlite { reader: SqlitePool, writer: SqlitePool },
}

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A uniqueness rule was broken; the caller decides what the user hears.
    #[error("already exists")]
    Conflict,
    #[error(
        "MAIBO_DATABASE_URL: `{0}` is not supported, expected sqlite:///absolute/file or sqlite://relative/file"
    )]
    UnsupportedUrl(String),
    #[error("this database was written by a newer Maibo (migration {0}); start that version or a newer one")]
    NewerVersion(i64),
    #[error("cannot open the database {}: {source}", file.display())]
    Open { file: PathBuf, source: sqlx::Error },
    #[error("cannot create the folder {}: {source}", folder.display())]
    Folder { folder: PathBuf, source: std::io::Error },
    #[error("cannot migrate the database: {0}")]
    Migrate(#[source] MigrateError),
    #[error("database: {0}")]
    Sql(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(db) if db.is_unique_violation() => Self::Conflict,
            _ => Self::Sql(error),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::NewerVersion(version),
            other => Self::Migrate(other),
        }
    }
}

/// The file that `url` names: `sqlite:///absolute/file` or `sqlite://relative/file`.
fn sqlite_file(url: &str) -> Option<&Path> {
    let file = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"))?;
    (!file.is_empty() && !file.contains('?') && file != ":memory:").then(|| Path::new(file))
}

/// Makes sure that the database file that `url` names is there, readable for its owner alone; gives its path.
pub fn prepare(url: &str) -> Result<PathBuf, StoreError> {
    // The URL of another engine may hold a password: only its scheme is shown.
    let shown = || url.split(':').next().unwrap_or_default().to_owned();
    let file = sqlite_file(url).ok_or_else(|| StoreError::UnsupportedUrl(shown()))?.to_owned();
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_private_folder(folder)
            .map_err(|source| StoreError::Folder { folder: folder.to_owned(), source })?;
    }
    let mut options = std::fs::File::options();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(StoreError::Open { file, source: sqlx::Error::Io(error) })
        }
        _ => Ok(file),
    }
}

impl Db {
    /// Opens the database, creating and migrating it when needed.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let file = prepare(url)?;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let pool = |max: u32| {
            SqlitePoolOptions::new()
                .max_connections(max)
                .min_connections(1)
                .acquire_timeout(Duration::from_secs(15))
                .test_before_acquire(false)
                .idle_timeout(None)
                .max_lifetime(None)
        };
        let open = |source| StoreError::Open { file: file.clone(), source };
        let writer = pool(1).connect_with(options.clone()).await.map_err(open)?;
        sqlx::migrate!("./migrations/sqlite").run(&writer).await?;
        let reader = pool(3).connect_with(options.read_only(true)).await.map_err(open)?;
        Ok(Self::Sqlite { reader, writer })
    }

    /// Begins a write transaction. Dropped without [`WriteTx::commit`], it changes nothing.
    pub async fn begin(&self) -> Result<WriteTx, StoreError> {
        match self {
            Self::Sqlite { writer, .. } => {
                let mut tx = WriteTx { open: Some(writer.acquire().await?) };
                sqlx::query("BEGIN IMMEDIATE").execute(tx.conn()?).await?;
                Ok(tx)
            }
        }
    }

    /// Waits for what is under way and closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { reader, writer } => {
                reader.close().await;
                writer.close().await;
            }
        }
    }
}

/// An open write transaction, for work that reads, decides and writes.
///
/// Dropped without a commit, its connection is closed and not used again. After some failures (a full disk is one)
/// SQLite has ended the transaction by itself, and nobody can tell any more what state the connection is in.
pub struct WriteTx {
    open: Option<PoolConnection<Sqlite>>,
}

impl WriteTx {
    /// The connection that the store's functions work on.
    pub fn conn(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.open.as_deref_mut().ok_or(StoreError::Sql(sqlx::Error::PoolClosed))
    }

    /// Makes everything durable.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        sqlx::query("COMMIT").execute(self.conn()?).await?;
        // Only now the connection may serve others again.
        drop(self.open.take());
        Ok(())
    }
}

impl Drop for WriteTx {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.open {
            connection.close_on_drop();
        }
    }
}

/// Creates a folder that only its owner may enter: it will hold secrets.
fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Runs `$body` against whichever pool may serve a read; expanded once per engine, so that sqlx stays typed.
macro_rules! read {
    ($db:expr, |$pool:ident| $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite { reader: $pool, .. } => $body,
        }
    };
}

/// Like [`read!`], inside one write transaction that commits when the body succeeds and rolls back when it
/// fails or is dropped.
macro_rules! write_tx {
    ($db:expr, |$tx:ident| $body:expr) => {{
        let mut open = $db.begin().await?;
        let $tx = open.conn()?;
        let out = $body;
        open.commit().await?;
        out
    }};
}

pub(super) use {read, write_tx};

#[cfg(test)]
mod tests {
    use super::*;

    /// A database whose one writing connection may bring it to this many pages.
    async fn small(dir: &tempfile::TempDir, pages: u32) -> Db {
        let db = Db::open(&format!("sqlite://{}", dir.path().join("t.db").display())).await.unwrap();
        let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        let Db::Sqlite { writer, .. } = &db;
        sqlx::query(limit).execute(writer).await.unwrap();
        db
    }

    async fn insert(db: &Db) -> Result<(), StoreError> {
        const SQL: &str =
            "INSERT INTO installation (name, value) VALUES (hex(randomblob(8)), hex(randomblob(50000)))";
        write_tx!(db, |tx| {
            sqlx::query(SQL).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// The limit belongs to the connection: it is gone with it, like a full disk that somebody has tidied up.
    #[tokio::test]
    async fn a_full_disk_is_no_trouble_any_more_once_there_is_room() {
        let dir = tempfile::tempdir().unwrap();
        let db = small(&dir, 200).await;
        let mut failures = 0;
        for _ in 0..30 {
            failures += u32::from(insert(&db).await.is_err());
        }
        assert_eq!(failures, 1, "the first write after the failure finds a sound connection");
    }

    #[tokio::test]
    async fn a_transaction_that_is_dropped_changes_nothing_and_blocks_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let db = small(&dir, 100_000).await;
        let mut tx = db.begin().await.unwrap();
        sqlx::query("INSERT INTO installation (name, value) VALUES ('x', 'y')")
            .execute(tx.conn().unwrap())
            .await
            .unwrap();
        drop(tx);
        insert(&db).await.unwrap();
        let (rows,): (i64,) = read!(&db, |pool| sqlx::query_as("SELECT COUNT(*) FROM installation")
            .fetch_one(pool)
            .await
            .unwrap());
        assert_eq!(rows, 1);
    }

    #[test]
    fn a_url_names_a_file() {
        assert_eq!(sqlite_file("sqlite:///var/lib/maibo.db"), Some(Path::new("/var/lib/maibo.db")));
        assert_eq!(sqlite_file("sqlite://data/maibo.db"), Some(Path::new("data/maibo.db")));
        assert_eq!(sqlite_file("mysql://root:secret@db/maibo"), None);
    }
}
