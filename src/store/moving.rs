//! Copies a whole installation into another database, in one transaction there, and proves that it arrived.
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _, SqliteConnection};

use super::backup::{BackupError, regular};
use super::db::{is_postgres, postgres_name, postgres_options, sqlite_file};
use super::migrate::{self, History, Noted};
use super::schema::{self, Kind, Table};
use super::{Role, StoreError, micros, nodes};
use crate::auth::secret::hex;
use crate::core::Time;

/// Rows that one statement inserts.
const ROWS: usize = 500;
/// Values that one statement may bind: SQLite takes 32766, PostgreSQL 65535.
const VALUES: usize = 30_000;
/// Bytes after which a statement is sent, however few its rows: a body may have ten million.
const BYTES: usize = 4_000_000;
/// Rows that the SQLite driver reads ahead.
const READ_AHEAD: usize = 4;
/// How often a long table tells how far it is, in rows.
const TELL_EVERY: i64 = 5_000;
/// Notices of one kind that are told one by one.
const NOTICES: u64 = 10;
/// How often, and how many times, a database is asked for that somebody is about to let go: a command that has ended
/// is connected for a moment longer.
const ASK_EVERY: Duration = Duration::from_millis(50);
const ASKED: u32 = 60;

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error(
        "{0}: this is no database that Maibo can use; expected sqlite:///absolute/file, sqlite://relative/file or postgres://user@host:5432/database"
    )]
    Url(&'static str),
    #[error("{0}: the URL names no database; expected postgres://user@host:5432/database")]
    NoDatabase(&'static str),
    #[error("both URLs name the same database")]
    Same,
    #[error("{0}: {1} server(s) of Maibo use it; stop them first")]
    InUse(String, i64),
    #[error("{0}: a command of Maibo, or another migrate-db, uses it; try again when that has ended")]
    Busy(String),
    #[error("{0}: this is no Maibo database: {1}")]
    Foreign(String, String),
    #[error(
        "{0}: it is at migration {1}, and a database to copy from is not touched; start the server of this version on it once, or use the migrate-db of the version that wrote it"
    )]
    Older(String, i64),
    #[error("{0}: it is not empty: it has {1}. Give it a new one; nothing there is ever overwritten")]
    NotEmpty(String, String),
    #[error("{0}: {1}")]
    File(String, BackupError),
    #[error("{0}: {1}")]
    Side(String, StoreError),
    #[error("the two databases have different tables ({0}); is one of them not Maibo's?")]
    Tables(String),
    #[error(
        "{table}: what arrived is not what was sent ({sent} rows sent, {arrived} arrived); nothing was kept"
    )]
    Unequal { table: String, sent: i64, arrived: i64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for MoveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress<'a> {
    /// `done` of `rows` rows of a table are written; of the whole, `percent`.
    Copied { table: &'a str, done: i64, rows: i64, percent: i64 },
    /// A table was read back, and is what was sent.
    Verified { table: &'a str, rows: i64, sha256: &'a str },
    /// Something that was not copied as it was.
    Notice(String),
}

/// One of the two databases: where it is, and by which flag it was named.
#[derive(Debug, Clone)]
pub struct Place {
    flag: &'static str,
    kind: PlaceKind,
}

#[derive(Debug, Clone)]
enum PlaceKind {
    File(PathBuf),
    Server(Box<PgConnectOptions>),
}

impl std::fmt::Display for Place {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            PlaceKind::File(file) => write!(f, "{} {}", self.flag, file.display()),
            PlaceKind::Server(options) => write!(f, "{} {}", self.flag, postgres_name(options)),
        }
    }
}

impl Place {
    /// `flag`: which of the two, for the words of a refusal. They do not repeat the URL: it may hold a password.
    pub fn read(flag: &'static str, url: &str) -> Result<Self, MoveError> {
        if !is_postgres(url) {
            let file = sqlite_file(url).ok_or(MoveError::Url(flag))?;
            return Ok(Self { flag, kind: PlaceKind::File(file.to_owned()) });
        }
        let options = postgres_options(url, Role::Command).map_err(|error| match error {
            StoreError::Parameter(_) => MoveError::Side(flag.to_owned(), error),
            _ => MoveError::Url(flag),
        })?;
        if options.get_database().is_none() {
            return Err(MoveError::NoDatabase(flag));
        }
        // It idles while the other side works, and waits for nobody's locks for long.
        let options = options.options([
            ("statement_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
            ("lock_timeout", "6s"),
        ]);
        Ok(Self { flag, kind: PlaceKind::Server(Box::new(options)) })
    }

    /// The file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.kind {
            PlaceKind::File(file) => Some(file),
            PlaceKind::Server(_) => None,
        }
    }

    /// An error of this side, in words that name it.
    fn wrong(&self, error: StoreError) -> MoveError {
        MoveError::Side(self.to_string(), error)
    }

    /// Whether both are the same, as far as their names tell.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let name = |options: &PgConnectOptions| {
            (
                options.get_host().to_owned(),
                options.get_socket().cloned(),
                options.get_port(),
                options.get_database().map(str::to_owned),
            )
        };
        match (&self.kind, &other.kind) {
            (PlaceKind::File(one), PlaceKind::File(two)) => {
                let real = |file: &Path| std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
                real(one) == real(two)
            }
            (PlaceKind::Server(one), PlaceKind::Server(two)) => name(one) == name(two),
            _ => false,
        }
    }
}

/// What a database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// To see what it is; nothing is written.
    Look,
    /// To be copied from.
    Copy,
    /// To be copied into.
    Fill,
}

/// One of the two databases, open.
enum Side {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A value on its way, as both engines know it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Value {
    fn size(&self) -> usize {
        match self {
            Self::Null | Self::Integer(_) => 8,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        }
    }
}

/// Copies everything in `from` into the empty `to`; gives the number of rows.
///
/// `from` is read as it is at one moment, and not changed: it must have this version's tables. `to` has everything or,
/// when this fails or dies, nothing but empty tables; what is not Maibo's, or holds anything, is not touched at all.
/// Nobody writes to either meanwhile. The caller keeps servers away from SQLite files, both of which exist.
pub async fn copy(
    from: &Place,
    to: &Place,
    now: Time,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<i64, MoveError> {
    refuse_servers(from).await?;
    refuse_servers(to).await?;
    must_be_ours(from).await?;
    may_be_filled(to).await?;
    let (mut source, mut target) =
        (Side::open(from, Access::Copy).await?, Side::open(to, Access::Fill).await?);
    let identity = source.identity().await?;
    if identity.is_some() && identity == target.identity().await? {
        return Err(MoveError::Same);
    }
    source.be_alone(from).await?;
    target.be_alone(to).await?;
    source.begin_reading().await.map_err(|error| from.wrong(error))?;
    target.migrate().await.map_err(|error| to.wrong(error))?;
    let tables = target.tables().await.map_err(|error| to.wrong(error))?;
    let pairs = paired(source.tables().await.map_err(|error| from.wrong(error))?, &tables)?;
    target.begin_writing(&tables).await.map_err(|error| to.wrong(error))?;
    target.must_be_empty(to, &tables).await?;
    target.run("DELETE FROM projects".to_owned()).await?;

    let mut rows = Vec::with_capacity(tables.len());
    for table in &tables {
        rows.push(source.count(&table.name).await?);
    }
    let all: i64 = rows.iter().sum();
    let mut before = 0;
    let mut sent = Vec::with_capacity(tables.len());
    for ((pair, table), rows) in pairs.iter().zip(&tables).zip(&rows) {
        let mut copied = |done: i64| {
            let percent = (before + done) * 100 / all.max(1);
            Progress::Copied { table: &table.name, done, rows: *rows, percent }
        };
        sent.push(copy_table((&mut source, pair), (&mut target, table), now, &mut copied, tell).await?);
        before += rows;
    }
    for (table, (count, digest)) in tables.iter().zip(&sent) {
        let (arrived, found) = target.digest(table).await?;
        if (arrived, &found) != (*count, digest) {
            return Err(MoveError::Unequal { table: table.name.clone(), sent: *count, arrived });
        }
        tell(Progress::Verified { table: &table.name, rows: arrived, sha256: &found });
    }
    target.set_sequences(&tables).await?;
    // One of an older version that started meanwhile has taken pings that are not among the copied; and whoever had
    // cut our connection has let everybody in.
    refuse_servers(from).await?;
    source.run("SELECT 1".to_owned()).await.map_err(|error| from.wrong(error))?;
    target.commit().await?;
    source.close().await?;
    target.close().await?;
    Ok(all)
}

/// What a database is before anything is done to it.
enum Found {
    Nothing,
    /// Tables or views that are not Maibo's.
    Others(String),
    Ours(History),
}

/// Looks at a database without changing it.
async fn look(place: &Place) -> Result<Found, MoveError> {
    if let Some(file) = place.file() {
        let found = regular(file).map_err(|error| MoveError::File(place.flag.to_owned(), error))?;
        if found.len() == 0 {
            return Ok(Found::Nothing);
        }
    }
    let mut side = Side::open(place, Access::Look).await?;
    let found = side.look().await.map_err(|error| place.wrong(error))?;
    side.close().await?;
    Ok(found)
}

/// Refuses to copy what is no Maibo database of this version.
async fn must_be_ours(from: &Place) -> Result<(), MoveError> {
    let foreign = |words: &str| MoveError::Foreign(from.to_string(), words.to_owned());
    match look(from).await? {
        Found::Ours(History::Current) => Ok(()),
        Found::Ours(History::Older(version)) => Err(MoveError::Older(from.to_string(), version)),
        Found::Ours(History::Newer(version)) => Err(from.wrong(StoreError::NewerVersion(version))),
        Found::Ours(History::Foreign) => {
            Err(foreign("its tables were made by other migrations than Maibo's"))
        }
        Found::Nothing => Err(foreign("it has no tables")),
        Found::Others(names) => Err(foreign(&format!("it has {names}"))),
    }
}

/// Refuses to migrate or fill what holds anything.
async fn may_be_filled(to: &Place) -> Result<(), MoveError> {
    let foreign =
        |words: String| MoveError::Foreign(to.to_string(), format!("{words}; give it an empty one"));
    match look(to).await? {
        Found::Nothing => Ok(()),
        Found::Others(names) => Err(foreign(format!("it has {names}"))),
        Found::Ours(History::Foreign) => {
            Err(foreign("its tables were made by other migrations than Maibo's".to_owned()))
        }
        Found::Ours(History::Newer(version)) => Err(to.wrong(StoreError::NewerVersion(version))),
        Found::Ours(History::Older(_) | History::Current) => {
            let mut side = Side::open(to, Access::Look).await?;
            let tables = side.tables().await.map_err(|error| to.wrong(error))?;
            side.must_be_empty(to, &tables).await?;
            Ok(side.close().await?)
        }
    }
}

/// PostgreSQL itself lists who is connected, also those of an older version.
async fn refuse_servers(place: &Place) -> Result<(), MoveError> {
    let PlaceKind::Server(options) = &place.kind else { return Ok(()) };
    let asked = async {
        let mut db = connect(options).await?;
        let servers = nodes::servers(&mut db).await?;
        db.close().await?;
        Ok(servers)
    };
    match asked.await.map_err(|error| place.wrong(error))? {
        0 => Ok(()),
        servers => Err(MoveError::InUse(place.to_string(), servers)),
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let server = postgres_name(options);
    options.connect().await.map_err(|reason| StoreError::Connect { server, reason })
}

/// The source's tables with their columns, in the order of the target's. Each engine has its own kinds of columns.
fn paired(source: Vec<Table>, target: &[Table]) -> Result<Vec<Table>, MoveError> {
    let names = |tables: &[Table]| -> BTreeSet<String> { tables.iter().flat_map(Table::names).collect() };
    let (ours, theirs) = (names(&source), names(target));
    if ours != theirs {
        let odd: Vec<&str> = ours.symmetric_difference(&theirs).map(String::as_str).collect();
        return Err(MoveError::Tables(odd.join(", ")));
    }
    let place = |table: &Table| target.iter().position(|other| other.name == table.name);
    let mut tables = source;
    tables.sort_by_key(place);
    for (table, other) in tables.iter_mut().zip(target) {
        let place = |name: &str| other.columns.iter().position(|column| column.name == name);
        table.columns.sort_by_key(|column| place(&column.name));
    }
    Ok(tables)
}

/// Copies the rows of one table; gives their number and the checksum of what was written.
async fn copy_table<'a>(
    (source, pair): (&mut Side, &Table),
    (target, table): (&mut Side, &'a Table),
    now: Time,
    copied: &mut dyn FnMut(i64) -> Progress<'a>,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<(i64, String), MoveError> {
    let strip = matches!(target, Side::Postgres(_));
    let mut tidy = Tidy { table, strip, now, stripped: 0 };
    let mut sum = Sum::default();
    let (mut batch, mut bytes) = (Vec::new(), 0);
    let full = ROWS.min(VALUES / table.columns.len().max(1));
    source
        .each(pair, async |mut row| {
            if let Some(notice) = tidy.tidy(&mut row) {
                tell(Progress::Notice(notice));
            }
            sum.add(&row);
            bytes += row.iter().map(Value::size).sum::<usize>();
            batch.push(row);
            if batch.len() >= full || bytes >= BYTES {
                target.insert(table, &batch).await?;
                batch.clear();
                bytes = 0;
            }
            if sum.rows % TELL_EVERY == 0 {
                tell(copied(sum.rows));
            }
            Ok(())
        })
        .await?;
    if !batch.is_empty() {
        target.insert(table, &batch).await?;
    }
    if tidy.stripped > NOTICES {
        let more = tidy.stripped - NOTICES;
        tell(Progress::Notice(format!("{}: {more} more texts held a NUL; it was left out", table.name)));
    }
    tell(copied(sum.rows));
    Ok(sum.finish())
}

/// What a row must become on its way.
struct Tidy<'a> {
    table: &'a Table,
    /// PostgreSQL keeps no NUL in a text.
    strip: bool,
    now: Time,
    stripped: u64,
}

impl Tidy<'_> {
    /// Changes the row where it must; gives the words for what people should know.
    fn tidy(&mut self, row: &mut [Value]) -> Option<String> {
        let mut notice = None;
        if self.strip {
            for (at, column) in self.table.columns.iter().enumerate() {
                let Some(Value::Text(text)) = row.get_mut(at) else { continue };
                if !text.contains('\0') {
                    continue;
                }
                text.retain(|c| c != '\0');
                self.stripped += 1;
                if self.stripped <= NOTICES {
                    let key = self.key_of(row);
                    notice = Some(format!(
                        "{} {key}: `{}` held a NUL, which PostgreSQL cannot keep; it was left out",
                        self.table.name, column.name
                    ));
                }
            }
        }
        if self.table.name == "outbox" {
            self.free_lease(row);
        }
        notice
    }

    /// The key of a row in words.
    fn key_of(&self, row: &[Value]) -> String {
        let of_key = self.table.columns.iter().zip(row).filter(|(c, _)| self.table.key.contains(&c.name));
        let words = of_key.map(|(_, value)| match value {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Null | Value::Blob(_) => String::new(),
        });
        words.collect::<Vec<_>>().join("/")
    }

    /// Whoever held a lease is gone: the alert is due at once.
    fn free_lease(&self, row: &mut [Value]) {
        let at = |name: &str| self.table.columns.iter().position(|column| column.name == name);
        let (Some(leased), Some(next)) = (at("leased_until"), at("next_at")) else { return };
        if matches!(row.get(leased), Some(Value::Integer(until)) if *until != 0) {
            if let Some(Value::Integer(next)) = row.get_mut(next) {
                *next = (*next).min(micros(self.now));
            }
            if let Some(until) = row.get_mut(leased) {
                *until = Value::Integer(0);
            }
        }
    }
}

/// A checksum over rows that is the same on every engine.
#[derive(Default)]
struct Sum {
    rows: i64,
    hash: Sha256,
}

impl Sum {
    fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            let (tag, bytes): (u8, &[u8]) = match value {
                Value::Null => (0, &[]),
                Value::Integer(number) => (1, &number.to_be_bytes()),
                Value::Text(text) => (2, text.as_bytes()),
                Value::Blob(bytes) => (3, bytes),
            };
            self.hash.update([tag]);
            self.hash.update(bytes.len().to_be_bytes());
            self.hash.update(bytes);
        }
    }

    fn finish(self) -> (i64, String) {
        (self.rows, hex(&self.hash.finalize()))
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list(names: impl Iterator<Item = impl AsRef<str>>) -> String {
    names.map(|name| quoted(name.as_ref())).collect::<Vec<_>>().join(", ")
}

impl Side {
    async fn open(place: &Place, access: Access) -> Result<Self, MoveError> {
        match &place.kind {
            PlaceKind::File(file) => {
                let options = SqliteConnectOptions::new()
                    .filename(file)
                    .read_only(access == Access::Look)
                    .foreign_keys(true)
                    .row_buffer_size(READ_AHEAD)
                    .busy_timeout(Duration::from_secs(5));
                let options = match access {
                    Access::Fill => options.journal_mode(SqliteJournalMode::Wal),
                    Access::Look | Access::Copy => options,
                };
                let opened = options.connect().await;
                opened.map(Self::Sqlite).map_err(|source| place.wrong(source.into()))
            }
            PlaceKind::Server(options) => {
                connect(options).await.map(Self::Postgres).map_err(|error| place.wrong(error))
            }
        }
    }

    /// What stands in it.
    async fn look(&mut self) -> Result<Found, StoreError> {
        const NOTED: &str = "SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version";
        const SQLITE_NAMES: &str = "SELECT name FROM sqlite_schema
            WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
        const POSTGRES_NAMES: &str = "SELECT CAST(t.relname AS TEXT) FROM pg_class t
            JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = current_schema()
            WHERE t.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY t.relname";
        let names: Vec<(String,)> = match self {
            Self::Sqlite(db) => sqlx::query_as(SQLITE_NAMES).fetch_all(db).await?,
            Self::Postgres(db) => sqlx::query_as(POSTGRES_NAMES).fetch_all(db).await?,
        };
        let names: Vec<String> = names.into_iter().map(|(name,)| name).collect();
        if names.is_empty() {
            return Ok(Found::Nothing);
        }
        let some = names.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if names.len() > 3 { ", …" } else { "" };
        let others = Found::Others(format!("the tables {some}{more}"));
        if !names.iter().any(|name| name == "_sqlx_migrations") {
            return Ok(others);
        }
        let (noted, known): (Vec<Noted>, _) = match self {
            Self::Sqlite(db) => (sqlx::query_as(NOTED).fetch_all(db).await?, &migrate::SQLITE),
            Self::Postgres(db) => (sqlx::query_as(NOTED).fetch_all(db).await?, &migrate::POSTGRES),
        };
        Ok(match migrate::history(&noted, known) {
            // A server was ended before it had made anything.
            History::Foreign if noted.is_empty() && names.len() == 1 => Found::Nothing,
            History::Foreign if noted.is_empty() => others,
            history => Found::Ours(history),
        })
    }

    /// From now on no other process of Maibo uses it. SQLite files have locks of their own, which the caller holds.
    async fn be_alone(&mut self, place: &Place) -> Result<(), MoveError> {
        let Self::Postgres(db) = self else { return Ok(()) };
        for _ in 0..ASKED {
            if nodes::seclude(db).await? {
                return Ok(());
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        Err(MoveError::Busy(place.to_string()))
    }

    /// Makes the tables, or brings empty ones up to date.
    async fn migrate(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => Ok(migrate::SQLITE.run(db).await?),
            Self::Postgres(db) => migrate::postgres(db).await,
        }
    }

    async fn tables(&mut self) -> Result<Vec<Table>, StoreError> {
        match self {
            Self::Sqlite(db) => schema::of_sqlite(db).await,
            Self::Postgres(db) => schema::of_postgres(db).await,
        }
    }

    /// Runs a statement that is put together from names of tables.
    async fn run(&mut self, sql: String) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await.map(drop)?,
            Self::Postgres(db) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await.map(drop)?,
        }
        Ok(())
    }

    /// From now on everything is read as it is at this moment, and no command writes to a SQLite file.
    async fn begin_reading(&mut self) -> Result<(), StoreError> {
        let begin = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        self.run(begin.to_owned()).await
    }

    /// From now on nobody else reads or writes here.
    async fn begin_writing(&mut self, tables: &[Table]) -> Result<(), StoreError> {
        if let Self::Sqlite(_) = self {
            return self.run("BEGIN IMMEDIATE".to_owned()).await;
        }
        self.run("BEGIN".to_owned()).await?;
        let names = list(tables.iter().map(|table| &table.name));
        self.run(format!("LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")).await
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT".to_owned()).await
    }

    async fn close(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.close().await?,
            Self::Postgres(db) => db.close().await?,
        }
        Ok(())
    }

    async fn count(&mut self, table: &str) -> Result<i64, StoreError> {
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {}", quoted(table)));
        let (count,): (i64,) = match self {
            Self::Sqlite(db) => sqlx::query_as(sql).fetch_one(db).await?,
            Self::Postgres(db) => sqlx::query_as(sql).fetch_one(db).await?,
        };
        Ok(count)
    }

    async fn projects(&mut self) -> Result<Vec<(String, Option<String>)>, StoreError> {
        const SQL: &str = "SELECT name, ping_key FROM projects";
        Ok(match self {
            Self::Sqlite(db) => sqlx::query_as(SQL).fetch_all(db).await?,
            Self::Postgres(db) => sqlx::query_as(SQL).fetch_all(db).await?,
        })
    }

    /// What no other PostgreSQL database has, by whatever name one reaches it.
    async fn identity(&mut self) -> Result<Option<(String, String)>, StoreError> {
        const POSTGRES: &str = "SELECT CAST(d.oid AS TEXT), CAST(pg_postmaster_start_time() AS TEXT)
            FROM pg_database d WHERE d.datname = current_database()";
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(db) => Ok(Some(sqlx::query_as(POSTGRES).fetch_one(db).await?)),
        }
    }

    /// Refuses when there is more than the project that every new database has.
    async fn must_be_empty(&mut self, place: &Place, tables: &[Table]) -> Result<(), MoveError> {
        let mut found = Vec::new();
        for table in tables {
            let count = self.count(&table.name).await?;
            let untouched = table.name == "projects"
                && count == 1
                && self
                    .projects()
                    .await?
                    .iter()
                    .all(|(name, ping_key)| name == super::projects::DEFAULT && ping_key.is_none());
            if count > 0 && !untouched {
                found.push(format!("{count} in {}", table.name));
            }
        }
        if found.is_empty() { Ok(()) } else { Err(MoveError::NotEmpty(place.to_string(), found.join(", "))) }
    }

    /// Hands over all rows of a table, one by one, in the order of its key.
    async fn each(
        &mut self,
        table: &Table,
        mut take: impl AsyncFnMut(Vec<Value>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let columns = list(table.columns.iter().map(|column| &column.name));
        let key = list(table.key.iter());
        let sql = AssertSqlSafe(format!("SELECT {columns} FROM {} ORDER BY {key}", quoted(&table.name)));
        macro_rules! each {
            ($db:expr) => {{
                let mut rows = sqlx::query(sql).fetch($db);
                while let Some(row) = poll_fn(|cx| rows.as_mut().poll_next(cx)).await.transpose()? {
                    let mut values = Vec::with_capacity(table.columns.len());
                    for (at, column) in table.columns.iter().enumerate() {
                        let value = match column.kind {
                            Kind::Integer => row.try_get::<Option<i64>, _>(at)?.map(Value::Integer),
                            Kind::Boolean => {
                                row.try_get::<Option<bool>, _>(at)?.map(|yes| Value::Integer(yes.into()))
                            }
                            Kind::Text => row.try_get::<Option<String>, _>(at)?.map(Value::Text),
                            Kind::Blob => row.try_get::<Option<Vec<u8>>, _>(at)?.map(Value::Blob),
                        };
                        values.push(value.unwrap_or(Value::Null));
                    }
                    take(values).await?;
                }
            }};
        }
        match self {
            Self::Sqlite(db) => each!(db),
            Self::Postgres(db) => each!(db),
        }
        Ok(())
    }

    /// How many rows a table has, and their checksum.
    async fn digest(&mut self, table: &Table) -> Result<(i64, String), StoreError> {
        let mut sum = Sum::default();
        self.each(table, async |row| {
            sum.add(&row);
            Ok(())
        })
        .await?;
        Ok(sum.finish())
    }

    async fn insert(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<(), StoreError> {
        // SQLite looks up thousands of numbered places one after the other.
        let numbered = matches!(self, Self::Postgres(_));
        let place = |n: usize| if numbered { format!("${}", n + 1) } else { "?".to_owned() };
        let width = table.columns.len();
        let places: Vec<String> = (0..rows.len())
            .map(|row| {
                let places: Vec<String> = (0..width).map(|column| place(row * width + column)).collect();
                format!("({})", places.join(", "))
            })
            .collect();
        let columns = list(table.columns.iter().map(|column| &column.name));
        let sql = AssertSqlSafe(format!(
            "INSERT INTO {} ({columns}) VALUES {}",
            quoted(&table.name),
            places.join(", ")
        ));
        // Only full batches come again in the same words.
        let again = rows.len() == ROWS;
        macro_rules! insert {
            ($db:expr) => {{
                let mut query = sqlx::query(sql).persistent(again);
                for row in rows {
                    for (value, column) in row.iter().zip(&table.columns) {
                        query = match (value, column.kind) {
                            (Value::Integer(number), Kind::Boolean) => query.bind(*number != 0),
                            (Value::Integer(number), _) => query.bind(*number),
                            (Value::Text(text), _) => query.bind(text.as_str()),
                            (Value::Blob(bytes), _) => query.bind(bytes.as_slice()),
                            (Value::Null, Kind::Integer) => query.bind(None::<i64>),
                            (Value::Null, Kind::Boolean) => query.bind(None::<bool>),
                            (Value::Null, Kind::Text) => query.bind(None::<String>),
                            (Value::Null, Kind::Blob) => query.bind(None::<Vec<u8>>),
                        };
                    }
                }
                query.execute($db).await?;
            }};
        }
        match self {
            Self::Sqlite(db) => insert!(db),
            Self::Postgres(db) => insert!(db),
        }
        Ok(())
    }

    /// Lets new rows get numbers above those that were copied. SQLite looks for itself.
    async fn set_sequences(&mut self, tables: &[Table]) -> Result<(), StoreError> {
        if let Self::Sqlite(_) = self {
            return Ok(());
        }
        for table in tables {
            for column in table.columns.iter().filter(|column| column.identity) {
                let (table, column) = (quoted(&table.name), quoted(&column.name));
                let name = column.trim_matches('"');
                self.run(format!(
                    "SELECT setval(pg_get_serial_sequence('{table}', '{name}'),
                        (SELECT COALESCE(MAX({column}), 0) + 1 FROM {table}), false)"
                ))
                .await?;
            }
        }
        Ok(())
    }
}
