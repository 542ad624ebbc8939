//! Copies of a SQLite database: made while a server works, and looked through before anyone relies on them.
use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::db::{is_postgres, sqlite_file};
use super::migrate::History;
use super::{StoreError, micros, migrate, schema, time};
use crate::core::Time;
use crate::rng;

/// Why there is no copy, or why a file is not taken for one.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    #[error("{} is no regular file; name one, or a new one", .0.display())]
    NotAFile(PathBuf),
    #[error("{} exists already; choose another name, or add --force to replace it", .0.display())]
    Exists(PathBuf),
    #[error("{} is no Maibo database: {reason}", file.display())]
    Foreign { file: PathBuf, reason: String },
    #[error("{} is damaged: {reason}", file.display())]
    Damaged { file: PathBuf, reason: String },
    #[error(
        "{} was written by a newer Maibo (migration {version}); use that version or a newer one",
        file.display()
    )]
    Newer { file: PathBuf, version: i64 },
    #[error("{} is the database itself", .0.display())]
    Itself(PathBuf),
    #[error("another program has {} open; end it first", .0.display())]
    InUse(PathBuf),
    #[error("{}: {source}", file.display())]
    Io { file: PathBuf, source: std::io::Error },
    #[error("cannot copy {}: {source}", file.display())]
    Copy { file: PathBuf, source: sqlx::Error },
}

/// What a name leads to, which must be a regular file. One that may not be looked at is not taken for missing.
pub fn regular(file: &Path) -> Result<Metadata, BackupError> {
    match file.metadata() {
        Ok(found) if found.is_file() => Ok(found),
        Ok(_) => Err(BackupError::NotAFile(file.to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(BackupError::Missing(file.to_owned()))
        }
        Err(source) => Err(BackupError::Io { file: file.to_owned(), source }),
    }
}

impl BackupError {
    fn io(file: &Path) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::Io { file: file.to_owned(), source }
    }
}

/// What a database holds, in a few words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    pub checks: i64,
    pub users: i64,
    pub channels: i64,
    pub last_ping: Option<Time>,
    /// When a server was last known to work with it.
    pub alive: Option<Time>,
    /// The newest migration that it has seen.
    pub version: i64,
}

impl Contents {
    /// Whether nobody would miss it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.checks == 0 && self.users == 0 && self.channels == 0
    }
}

/// The file that a database URL names; `None`: it is on a PostgreSQL server.
pub fn file_of(url: &str) -> Result<Option<PathBuf>, StoreError> {
    if is_postgres(url) {
        return Ok(None);
    }
    let scheme = || url.split(':').next().unwrap_or_default().to_owned();
    sqlite_file(url).map(|file| Some(file.to_owned())).ok_or_else(|| StoreError::UnsupportedUrl(scheme()))
}

/// Copies the database into a new file `to`, readable for its owner alone; gives what the copy holds.
///
/// Servers may read and write all the while: the copy is the database at one moment, read by a connection of its
/// own. It has its name only once it is complete, on disk and looked through. `replace`: `to` may be a file that
/// exists, but nothing else.
pub async fn copy(database: &Path, to: &Path, replace: bool) -> Result<Contents, BackupError> {
    let free = || match to.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(_) if !replace => Err(BackupError::Exists(to.to_owned())),
        // A pipe, a device or a link to one may be what somebody's system needs.
        Ok(_) => regular(to).map(drop).map_err(|_| BackupError::NotAFile(to.to_owned())),
    };
    free()?;
    regular(database)?;
    // A copy in its place would be taken from under a server that has it open.
    if is_same(database, to) {
        return Err(BackupError::Itself(to.to_owned()));
    }
    let partial = with_suffix(to, &format!(".{}{PARTIAL}", &rng::uuid().simple().to_string()[..8]));
    let made = copy_to(database, &partial).await;
    let done = made.and_then(|contents| {
        free()?;
        std::fs::rename(&partial, to).map_err(BackupError::io(to))?;
        sync_folder(to)?;
        Ok(contents)
    });
    if done.is_err() {
        drop(std::fs::remove_file(&partial));
    }
    done
}

/// What the name of a copy that is being made ends with.
pub const PARTIAL: &str = ".partial";

async fn copy_to(database: &Path, to: &Path) -> Result<Contents, BackupError> {
    let mut options = File::options();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let name = to.to_str().ok_or_else(|| BackupError::io(to)(std::io::ErrorKind::InvalidFilename.into()))?;
    let file = options.open(to).map_err(BackupError::io(to))?;
    let failed = |source| BackupError::Copy { file: database.to_owned(), source };
    let mut db = open(database, true).await.map_err(failed)?;
    sqlx::query("VACUUM INTO $1")
        .bind(name)
        .execute(&mut db)
        .await
        .map_err(|source| explain(database, source))?;
    db.close().await.map_err(failed)?;
    let contents = look_through(to).await?;
    let synced = tokio::task::spawn_blocking(move || file.sync_all()).await;
    synced.map_err(std::io::Error::other).flatten().map_err(BackupError::io(to))?;
    Ok(contents)
}

/// Reads a database from end to end; gives what it holds, or why it is none that this version could use.
pub async fn look_through(file: &Path) -> Result<Contents, BackupError> {
    const SOUND: &str = "PRAGMA integrity_check(5)";
    regular(file)?;
    let contents = contents(file).await?;
    let wrong = |source| explain(file, source);
    let mut db = open(file, true).await.map_err(wrong)?;
    let said: Vec<(String,)> = sqlx::query_as(SOUND).fetch_all(&mut db).await.map_err(wrong)?;
    db.close().await.map_err(wrong)?;
    match said.as_slice() {
        [(ok,)] if ok == "ok" => Ok(contents),
        faults => {
            let reason = faults.iter().map(|(fault,)| fault.as_str()).collect::<Vec<_>>().join("; ");
            Err(BackupError::Damaged { file: file.to_owned(), reason })
        }
    }
}

/// What a database holds, without reading all of it.
pub async fn contents(file: &Path) -> Result<Contents, BackupError> {
    let mut db = open(file, true).await.map_err(|source| explain(file, source))?;
    let found = contents_of(&mut db, file).await;
    drop(db.close().await);
    found
}

async fn contents_of(db: &mut SqliteConnection, file: &Path) -> Result<Contents, BackupError> {
    const SQLITE_KNOWN: &str =
        "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'";
    const SQLITE_MIGRATIONS: &str =
        "SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version";
    const SQLITE_CONTENTS: &str = "SELECT (SELECT COUNT(*) FROM checks), (SELECT COUNT(*) FROM users),
        (SELECT COUNT(*) FROM channels), (SELECT MAX(last_ping_at) FROM checks),
        (SELECT MAX(alive_at) FROM liveness)";
    let wrong = |source| explain(file, source);
    let foreign = |reason: String| BackupError::Foreign { file: file.to_owned(), reason };
    let (known,): (i64,) = sqlx::query_as(SQLITE_KNOWN).fetch_one(&mut *db).await.map_err(wrong)?;
    if known == 0 {
        return Err(foreign("its tables are missing".to_owned()));
    }
    let noted: Vec<migrate::Noted> =
        sqlx::query_as(SQLITE_MIGRATIONS).fetch_all(&mut *db).await.map_err(wrong)?;
    match migrate::history(&noted, &migrate::SQLITE) {
        History::Current | History::Older(_) => {}
        History::Newer(version) => return Err(BackupError::Newer { file: file.to_owned(), version }),
        History::Foreign => {
            return Err(foreign("its tables were made by other migrations than Maibo's".to_owned()));
        }
    }
    let version = noted.last().map_or(0, |(version, ..)| *version);
    let missing = missing(db, version).await.map_err(|error| foreign(error.to_string()))?;
    if !missing.is_empty() {
        return Err(foreign(format!("it lacks {}", missing.join(", "))));
    }
    let (checks, users, channels, last_ping, alive): (i64, i64, i64, Option<i64>, Option<i64>) =
        sqlx::query_as(SQLITE_CONTENTS).fetch_one(db).await.map_err(wrong)?;
    Ok(Contents { checks, users, channels, last_ping: last_ping.map(time), alive: alive.map(time), version })
}

/// The tables and columns that the migrations up to `version` make, and that are not there.
async fn missing(db: &mut SqliteConnection, version: i64) -> Result<Vec<String>, StoreError> {
    let mut model = SqliteConnectOptions::new().in_memory(true).connect().await?;
    for migration in migrate::SQLITE.iter().filter(|migration| migration.version <= version) {
        sqlx::raw_sql(migration.sql.clone()).execute(&mut model).await?;
    }
    let wanted = schema::of_sqlite(&mut model).await?;
    model.close().await?;
    let found: BTreeSet<String> =
        schema::of_sqlite(db).await?.iter().flat_map(schema::Table::names).collect();
    Ok(wanted.iter().flat_map(schema::Table::names).filter(|name| !found.contains(name)).take(3).collect())
}

/// Closes what is queued in a copy that takes the database's place: it went out after the copy was made, or is about
/// something that has long been over. Gives how many alerts that were.
async fn close_queue(database: &Path, now: Time) -> Result<u64, BackupError> {
    const WHY: &str = "queued before the restore";
    const SQLITE_WHY: &str = "INSERT INTO attempts (outbox_id, at, took, outcome, detail, channel_id)
        SELECT id, $1, 0, 'skipped', $2, channel_id FROM outbox WHERE state = 'queued' ORDER BY id";
    const SQLITE_CLOSE: &str =
        "UPDATE outbox SET state = 'skipped', done_at = $1, leased_until = 0 WHERE state = 'queued'";
    let failed = |source| explain(database, source);
    let mut db = open(database, false).await.map_err(failed)?;
    let mut tx = db.begin().await.map_err(failed)?;
    sqlx::query(SQLITE_WHY).bind(micros(now)).bind(WHY).execute(&mut *tx).await.map_err(failed)?;
    let closed = sqlx::query(SQLITE_CLOSE).bind(micros(now)).execute(&mut *tx).await.map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    db.close().await.map_err(failed)?;
    Ok(closed.rows_affected())
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Where the old database is, if there was one.
    pub kept: Option<PathBuf>,
    /// Alerts that were queued in the backup and are not sent.
    pub closed: u64,
}

/// Puts the database in `backup` where `database` is.
///
/// The caller holds the lock that keeps servers away, and has looked through `backup`. The new one takes its place
/// in one step. The old one's write-ahead log is worked into it first, and never meets the new one.
pub async fn restore(backup: &Path, database: &Path, now: Time) -> Result<Restored, BackupError> {
    if database.symlink_metadata().is_ok() {
        regular(database)?;
    }
    if is_same(backup, database) {
        return Err(BackupError::Itself(backup.to_owned()));
    }
    let fresh = with_suffix(database, ".restoring");
    if fresh.exists() {
        std::fs::remove_file(&fresh).map_err(BackupError::io(&fresh))?;
    }
    let made = async {
        copy_to(backup, &fresh).await?;
        let closed = close_queue(&fresh, now).await?;
        let kept = swap(&fresh, database, now).await?;
        Ok(Restored { kept, closed })
    };
    let done = made.await;
    if done.is_err() {
        drop(std::fs::remove_file(&fresh));
    }
    done
}

async fn swap(fresh: &Path, database: &Path, now: Time) -> Result<Option<PathBuf>, BackupError> {
    let wal = with_suffix(database, "-wal");
    let old = std::fs::metadata(database).ok().filter(Metadata::is_file);
    let owner = old.clone().or_else(|| database.parent().and_then(|folder| folder.metadata().ok()));
    #[cfg(unix)]
    if let Some(owner) = owner {
        use std::os::unix::fs::MetadataExt as _;
        // Who restores as root leaves the database to the user that the server runs as.
        drop(std::os::unix::fs::chown(fresh, Some(owner.uid()), Some(owner.gid())));
    }
    let mut kept = None;
    if old.is_some_and(|old| old.len() > 0) {
        let aside = aside(database, now);
        // Opening one that cannot be read might cost its log, which somebody may still want.
        let flushed = contents(database).await.is_ok() && flush(database).await;
        if flushed && wal.exists() {
            return Err(BackupError::InUse(database.to_owned()));
        }
        // A second name for the same file; where that cannot be had, a copy.
        std::fs::hard_link(database, &aside)
            .or_else(|_| std::fs::copy(database, &aside).map(drop))
            .map_err(BackupError::io(&aside))?;
        if wal.exists() {
            // Not worked in: it goes where its database goes.
            std::fs::rename(&wal, with_suffix(&aside, "-wal")).map_err(BackupError::io(&wal))?;
        }
        kept = Some(aside);
    }
    for suffix in ["-wal", "-shm"] {
        let stale = with_suffix(database, suffix);
        if stale.exists() {
            std::fs::remove_file(&stale).map_err(BackupError::io(&stale))?;
        }
    }
    std::fs::rename(fresh, database).map_err(BackupError::io(database))?;
    sync_folder(database)?;
    Ok(kept)
}

/// A name for the old database that nothing has yet, nor its log: one second may see several restores.
fn aside(database: &Path, now: Time) -> PathBuf {
    let first = with_suffix(database, &format!(".before-restore-{}", stamp(now)));
    let is_free = |name: &Path| {
        name.symlink_metadata().is_err() && with_suffix(name, "-wal").symlink_metadata().is_err()
    };
    let mut name = first.clone();
    for count in 2_u32.. {
        if is_free(&name) {
            break;
        }
        name = with_suffix(&first, &format!("-{count}"));
    }
    name
}

/// Works the write-ahead log into the database and closes it, which removes the log. Whether that was possible.
async fn flush(database: &Path) -> bool {
    const INTO: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
    let Ok(mut db) = open(database, false).await else { return false };
    let flushed = sqlx::query(INTO).execute(&mut db).await.is_ok();
    db.close().await.is_ok() && flushed
}

fn is_same(one: &Path, two: &Path) -> bool {
    matches!((std::fs::canonicalize(one), std::fs::canonicalize(two)), (Ok(one), Ok(two)) if one == two)
}

async fn open(file: &Path, read_only: bool) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new()
        .filename(file)
        .read_only(read_only)
        .busy_timeout(Duration::from_secs(5))
        // That copying takes long is no news.
        .disable_statement_logging()
        .connect()
        .await
}

/// What SQLite says about a file that is none of its own, or no longer.
fn explain(file: &Path, source: sqlx::Error) -> BackupError {
    const DAMAGED: u32 = 11;
    const NOT_A_DATABASE: u32 = 26;
    let code = source.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    // The lowest byte; those above say more exactly where.
    match code.map(|code| code & 0xff) {
        Some(NOT_A_DATABASE) => {
            BackupError::Foreign { file: file.to_owned(), reason: "it is no SQLite file".to_owned() }
        }
        Some(DAMAGED) => BackupError::Damaged { file: file.to_owned(), reason: source.to_string() },
        _ => BackupError::Copy { file: file.to_owned(), source },
    }
}

/// A moment as it stands in names of files: `20261121T030000Z`.
#[must_use]
pub fn stamp(at: Time) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes a new name durable.
fn sync_folder(file: &Path) -> Result<(), BackupError> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(BackupError::io(folder))
}
