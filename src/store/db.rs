//! The database handle: opening, migrating, and the two ways to use it.
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, Database, Executor as _, Pool, Postgres, Sqlite};
use url::Url;

use super::error::StoreError;
use super::migrate;
use super::nodes::{self, Role};

/// A handle to the database. Cloning is cheap.
///
/// SQLite gets two pools: a few readers and exactly one writer, so that writers queue in the pool instead of
/// failing with `SQLITE_BUSY`.
#[derive(Debug, Clone)]
pub enum Db {
    Sqlite { reader: SqlitePool, writer: SqlitePool, file: Arc<OpenFile> },
    Postgres(PgPool),
}

/// The file that was opened, and which one it was among those that may come to have its name.
#[derive(Debug)]
pub struct OpenFile {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

/// What a file keeps whatever it is called; `None`: there is no file of this name.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    path.metadata().ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<(u64, u64)> {
    path.exists().then_some((0, 0))
}

/// Connections that one process holds to PostgreSQL at most.
const POSTGRES_CONNECTIONS: u32 = 10;
/// What each of them is told. A node that freezes within a transaction loses it before those who wait for its
/// locks give up, and what takes too long is ended by PostgreSQL before [`PATIENCE`] is over.
const POSTGRES_OPTIONS: [(&str, &str); 4] = [
    ("synchronous_commit", "on"),
    ("statement_timeout", "8s"),
    ("lock_timeout", "6s"),
    ("idle_in_transaction_session_timeout", "4s"),
];
/// How long a transaction or a read may take on PostgreSQL. A server that has neither answered nor ended it by then
/// is frozen or out of reach, and might never do either.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// A connection that was used so short a while ago is taken to be there still.
const FRESH: Duration = Duration::from_millis(100);
/// The file that `url` names: `sqlite:///absolute/file` or `sqlite://relative/file`.
pub(super) fn sqlite_file(url: &str) -> Option<&Path> {
    let file = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"))?;
    (!file.is_empty() && !file.contains('?') && file != ":memory:").then(|| Path::new(file))
}

pub(super) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// The parameters that a PostgreSQL URL may have. A slip of the pen in one must not go by: `sslmod=verify-full` would
/// leave the connection open to anybody.
pub(super) const PARAMETERS: [&str; 10] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "hostaddr", "port", "dbname", "user", "password"];

/// How to reach the PostgreSQL database of this URL, under the session name of `role`.
pub(super) fn postgres_options(url: &str, role: Role) -> Result<PgConnectOptions, StoreError> {
    let parsed = Url::parse(url).map_err(|_| StoreError::PostgresUrl)?;
    if let Some((name, _)) = parsed.query_pairs().find(|(name, _)| !PARAMETERS.contains(&name.as_ref())) {
        // A question mark in a password makes what follows it look like a parameter: that is not repeated.
        let shown = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-[]".contains(c));
        return Err(if shown { StoreError::Parameter(name.into_owned()) } else { StoreError::PostgresUrl });
    }
    Ok(PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::PostgresUrl)?
        .application_name(&role.session_name())
        // "already exists, skipping" is no news.
        .options([("client_min_messages", "warning")]))
}

/// A PostgreSQL database as people know it, without the password.
pub(super) fn postgres_name(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{database} on {}", socket.display()),
        None => format!("{database} on {}:{}", options.get_host(), options.get_port()),
    }
}

/// Makes sure that the database file that `url` names is there, readable for its owner alone; gives its path.
/// `None`: the database is no file of ours.
pub fn prepare(url: &str) -> Result<Option<PathBuf>, StoreError> {
    if is_postgres(url) { Ok(None) } else { prepare_file(url).map(Some) }
}

fn prepare_file(url: &str) -> Result<PathBuf, StoreError> {
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
    /// Opens the database and migrates it when needed. A SQLite file is created, a PostgreSQL database must exist.
    pub async fn open(url: &str, role: Role) -> Result<Self, StoreError> {
        if is_postgres(url) { Self::open_postgres(url, role).await } else { Self::open_sqlite(url).await }
    }

    async fn open_postgres(url: &str, role: Role) -> Result<Self, StoreError> {
        let options = postgres_options(url, role)?;
        let server = postgres_name(&options);
        let open = |reason| StoreError::Connect { server: server.clone(), reason };
        // A connection of its own, without time limits: a migration may have to wait, and to work.
        let connecting = tokio::time::timeout(PATIENCE, options.connect()).await;
        let mut migrating = connecting.map_err(|_| StoreError::NoAnswer)?.map_err(open)?;
        if !nodes::share(&mut migrating).await? {
            return Err(StoreError::Moving);
        }
        migrate::postgres(&mut migrating).await?;
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(Duration::from_secs(5))
            // Asking first whether somebody is still there takes as long as the question itself. No PostgreSQL has
            // stopped and started again within the moment that a connection counts as fresh.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > FRESH {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            // Each for itself: the connection of a server that had lost it for a while is a new one.
            .after_connect(|connection, _| {
                Box::pin(async move {
                    let shared = nodes::share(connection).await?;
                    shared.then_some(()).ok_or_else(|| sqlx::Error::Protocol(StoreError::Moving.to_string()))
                })
            })
            .connect_with(options.options(POSTGRES_OPTIONS))
            .await
            .map_err(open)?;
        // Not before the pool has a connection: we are never without one that says that we are here.
        migrating.close().await?;
        Ok(Self::Postgres(pool))
    }

    async fn open_sqlite(url: &str) -> Result<Self, StoreError> {
        let file = prepare_file(url)?;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        // A batch of pings changes many pages: they stay in memory, what a statement would have to take back is noted
        // there too, and several batches share a checkpoint.
        let writing = options
            .clone()
            .pragma("cache_size", "-16384")
            .pragma("temp_store", "MEMORY")
            .pragma("wal_autocheckpoint", "4096");
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
        let writer = pool(1).connect_with(writing).await.map_err(open)?;
        migrate::sqlite(&writer).await?;
        let reader = pool(3).connect_with(options.read_only(true)).await.map_err(open)?;
        let path = std::fs::canonicalize(&file).unwrap_or(file);
        let file = Arc::new(OpenFile { identity: identity(&path), path });
        Ok(Self::Sqlite { reader, writer, file })
    }

    /// The path of the SQLite file where there is no longer the file that was opened: somebody deleted or replaced
    /// it, and what is written now will be lost.
    pub fn lost_file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite { file, .. } if identity(&file.path) != file.identity => Some(&file.path),
            _ => None,
        }
    }

    /// Begins a write transaction. Dropped without [`WriteTx::commit`], it changes nothing.
    pub async fn begin(&self) -> Result<WriteTx, StoreError> {
        match self {
            Self::Sqlite { writer, .. } => {
                let mut held = Held::take(writer).await?;
                held.execute("BEGIN IMMEDIATE").await?;
                Ok(WriteTx::Sqlite(held))
            }
            Self::Postgres(pool) => {
                let mut held = Held::take(pool).await?;
                held.execute("BEGIN").await?;
                Ok(WriteTx::Postgres(held))
            }
        }
    }

    /// Does database work, within [`PATIENCE`] on PostgreSQL. A SQLite file has no far side that could go away.
    pub(crate) async fn patiently<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sqlite { .. } => work.await,
            Self::Postgres(_) => {
                tokio::time::timeout(PATIENCE, work).await.unwrap_or(Err(StoreError::NoAnswer))
            }
        }
    }

    /// Waits for what is under way, on PostgreSQL for at most [`PATIENCE`], and closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { reader, writer, .. } => {
                reader.close().await;
                writer.close().await;
            }
            // A server that is frozen does not even hear that we go.
            Self::Postgres(pool) => drop(tokio::time::timeout(PATIENCE, pool.close()).await),
        }
    }
}

/// An open write transaction; [`on!`] runs statements in it.
///
/// On SQLite it is alone with the database. On PostgreSQL others write at the same time: whoever reads a row in
/// order to write it locks the row (`FOR NO KEY UPDATE`), several rows in the order of their ids, and a project
/// before its checks.
#[derive(Debug)]
pub enum WriteTx {
    Sqlite(Held<Sqlite>),
    Postgres(Held<Postgres>),
}

impl WriteTx {
    /// Makes everything durable.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(mut held) => {
                held.execute("COMMIT").await?;
                held.give_back();
            }
            Self::Postgres(mut held) => {
                held.execute("COMMIT").await?;
                held.give_back();
            }
        }
        Ok(())
    }

    /// Keeps others from writing to a table until the end of the transaction, by a `LOCK TABLE` statement. SQLite
    /// has no need of it.
    pub(super) async fn lock(&mut self, statement: &'static str) -> Result<(), StoreError> {
        if let Self::Postgres(tx) = self {
            sqlx::query(statement).execute(&mut **tx).await?;
        }
        Ok(())
    }
}

/// A connection out of a pool, which gets it back only when the work was done to its end.
///
/// Otherwise the connection is closed and not used again. After some failures (a full disk is one) SQLite has ended
/// the transaction by itself, and nobody can tell any more what state the connection is in. And a PostgreSQL that
/// did not answer once would have the pool wait for it for ever.
#[derive(Debug)]
pub struct Held<D: Database> {
    connection: PoolConnection<D>,
    done: bool,
}

impl<D: Database> Held<D> {
    pub(super) async fn take(pool: &Pool<D>) -> Result<Self, StoreError> {
        Ok(Self { connection: pool.acquire().await?, done: false })
    }

    /// Gives the connection back to its pool.
    pub(super) fn give_back(mut self) {
        self.done = true;
    }
}

impl<D: Database> Deref for Held<D> {
    type Target = D::Connection;

    fn deref(&self) -> &D::Connection {
        &self.connection
    }
}

impl<D: Database> DerefMut for Held<D> {
    fn deref_mut(&mut self) -> &mut D::Connection {
        &mut self.connection
    }
}

impl<D: Database> Drop for Held<D> {
    fn drop(&mut self) {
        if !self.done {
            self.connection.close_on_drop();
        }
    }
}

/// A statement that the engines want in different words: JSON (`json_each`, `jsonb_array_elements`), locks on
/// rows (PostgreSQL alone), `LATERAL` (PostgreSQL alone).
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialects {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

impl Dialects {
    /// The text for the engine of this transaction.
    pub(super) const fn on(self, tx: &WriteTx) -> &'static str {
        match tx {
            WriteTx::Sqlite(_) => self.sqlite,
            WriteTx::Postgres(_) => self.postgres,
        }
    }
}

/// `count` unused ids. `newest` asks SQLite for the highest one in use: a write transaction is alone there.
/// `sequence` takes them from PostgreSQL's sequence.
pub(super) async fn ids(
    tx: &mut WriteTx,
    newest: &'static str,
    sequence: &'static str,
    count: usize,
) -> Result<Vec<i64>, StoreError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    match tx {
        WriteTx::Sqlite(tx) => {
            let (newest,): (i64,) = sqlx::query_as(newest).fetch_one(&mut **tx).await?;
            Ok((newest + 1..=newest + count).collect())
        }
        WriteTx::Postgres(tx) => {
            let rows: Vec<(i64,)> = sqlx::query_as(sequence).bind(count).fetch_all(&mut **tx).await?;
            Ok(rows.into_iter().map(|(id,)| id).collect())
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

/// Runs `$body`, one statement, against a pool or connection that may serve a read; expanded once per engine, so that
/// sqlx stays typed.
macro_rules! read {
    ($db:expr, |$pool:ident| $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite { reader: $pool, .. } => $body,
            db @ $crate::store::Db::Postgres(pool) => {
                let work = async {
                    let mut held = $crate::store::db::Held::take(pool).await?;
                    let $pool = &mut *held;
                    let out = $body;
                    held.give_back();
                    Ok(out)
                };
                db.patiently(work).await?
            }
        }
    };
}

/// Runs `$body` against the connection of a write transaction; expanded once per engine, like [`read!`].
macro_rules! on {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match &mut *$tx {
            $crate::store::WriteTx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
            $crate::store::WriteTx::Postgres(tx) => {
                let $conn = &mut **tx;
                $body
            }
        }
    };
}

/// Executes a query in a write transaction; gives the number of rows that it changed.
macro_rules! run {
    ($tx:expr, $query:expr) => {
        $crate::store::db::on!($tx, |conn| $query.execute(conn).await?.rows_affected())
    };
}

/// Runs `$body` inside one write transaction that commits when the body succeeds and rolls back when it fails or
/// is dropped. What PostgreSQL breaks off for the sake of another transaction is done once more from the start.
macro_rules! write_tx {
    ($db:expr, |$tx:ident| $body:expr) => {{
        let mut tries = 0;
        loop {
            let work = async {
                let mut begun = $db.begin().await?;
                let $tx = &mut begun;
                let out = $body;
                begun.commit().await?;
                Ok(out)
            };
            let done: Result<_, $crate::store::StoreError> = $db.patiently(work).await;
            match done {
                Err(error) if error.may_pass(tries) => tries += 1,
                done => break done?,
            }
        }
    }};
}

pub(crate) use write_tx;
pub(super) use {on, read, run};

#[cfg(test)]
mod tests {
    use super::*;

    /// A database whose one writing connection may bring it to this many pages.
    async fn small(dir: &tempfile::TempDir, pages: u32) -> Db {
        let db =
            Db::open(&format!("sqlite://{}", dir.path().join("t.db").display()), Role::Server).await.unwrap();
        let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        let Db::Sqlite { writer, .. } = &db else { panic!("a file") };
        sqlx::query(limit).execute(writer).await.unwrap();
        db
    }

    async fn insert(db: &Db) -> Result<(), StoreError> {
        const SQLITE: &str =
            "INSERT INTO installation (name, value) VALUES (hex(randomblob(8)), hex(randomblob(50000)))";
        write_tx!(db, |tx| {
            run!(tx, sqlx::query(SQLITE));
        });
        Ok(())
    }

    async fn count(db: &Db) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM installation";
        let (rows,): (i64,) = read!(db, |pool| sqlx::query_as(SQL).fetch_one(pool).await?);
        Ok(rows)
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
        let WriteTx::Sqlite(open) = &mut tx else { panic!("a file") };
        let statement = "INSERT INTO installation (name, value) VALUES ('x', 'y')";
        sqlx::query(statement).execute(&mut **open).await.unwrap();
        drop(tx);
        insert(&db).await.unwrap();
        assert_eq!(count(&db).await.unwrap(), 1);
    }

    #[test]
    fn a_url_names_a_file() {
        assert_eq!(sqlite_file("sqlite:///var/lib/maibo.db"), Some(Path::new("/var/lib/maibo.db")));
        assert_eq!(sqlite_file("sqlite://data/maibo.db"), Some(Path::new("data/maibo.db")));
        assert_eq!(sqlite_file("mysql://root:secret@db/maibo"), None);
    }
}
