//! Copies a whole installation into another database, in one transaction there, and proves that it arrived.
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _, SqliteConnection};

use super::db::{is_postgres, sqlite_file};
use super::schema::{self, Kind, Table};
use super::{Db, Role, StoreError, micros};
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

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error(
        "{0}: this is no database that Maibo can use; expected sqlite:///absolute/file, sqlite://relative/file or postgres://user@host:5432/database"
    )]
    Url(&'static str),
    #[error("{0}: the URL names no database; expected postgres://user@host:5432/database")]
    NoDatabase(&'static str),
    #[error("there is no database {}", .0.display())]
    Missing(PathBuf),
    #[error("both URLs name the same database")]
    Same,
    #[error("{0} server(s) use the database {1}; stop them first")]
    InUse(i64, &'static str),
    #[error(
        "the database to copy into is not empty: it has {0}. Give it a new one; nothing there is ever overwritten"
    )]
    NotEmpty(String),
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

/// Where one of the two databases is.
#[derive(Debug, Clone)]
pub enum Place {
    File(PathBuf),
    Server(Box<PgConnectOptions>),
}

impl Place {
    /// `flag`: which of the two, for the words of a refusal. They do not repeat the URL: it may hold a password.
    pub fn read(flag: &'static str, url: &str) -> Result<Self, MoveError> {
        if !is_postgres(url) {
            return sqlite_file(url).map(|file| Self::File(file.to_owned())).ok_or(MoveError::Url(flag));
        }
        let options = PgConnectOptions::from_str(url).map_err(|_| MoveError::Url(flag))?;
        if options.get_database().is_none() {
            return Err(MoveError::NoDatabase(flag));
        }
        // It idles while the other side works, and waits for nobody's locks for long.
        let options = options.application_name(&Role::Command.session_name()).options([
            ("client_min_messages", "warning"),
            ("statement_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
            ("lock_timeout", "6s"),
        ]);
        Ok(Self::Server(Box::new(options)))
    }

    /// The file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file),
            Self::Server(_) => None,
        }
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
        match (self, other) {
            (Self::File(one), Self::File(two)) => {
                let real = |file: &Path| std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
                real(one) == real(two)
            }
            (Self::Server(one), Self::Server(two)) => name(one) == name(two),
            _ => false,
        }
    }
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
/// `from` is read as it is at one moment and is not changed, but for being brought to this version's schema. `to` has
/// everything or, when this fails or dies, nothing. The caller keeps servers away from SQLite files.
pub async fn copy(
    from: (&Place, &str),
    to: (&Place, &str),
    now: Time,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<i64, MoveError> {
    if let Some(file) = from.0.file().filter(|file| !file.exists()) {
        return Err(MoveError::Missing(file.to_owned()));
    }
    if from.0.is(to.0) {
        return Err(MoveError::Same);
    }
    for ((place, url), which) in [(from, "to copy from"), (to, "to copy into")] {
        refuse_servers(place, which).await?;
        Db::open(url, Role::Command).await?.close().await;
    }
    let (mut source, mut target) = (Side::open(from.0).await?, Side::open(to.0).await?);
    let identity = source.identity().await?;
    if identity.is_some() && identity == target.identity().await? {
        return Err(MoveError::Same);
    }
    let tables = target.tables().await?;
    let pairs = paired(source.tables().await?, &tables)?;
    source.begin_reading().await?;
    target.begin_writing(&tables).await?;
    target.must_be_empty(&tables).await?;

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
    // One that started meanwhile has taken pings that are not among the copied.
    refuse_servers(from.0, "to copy from").await?;
    target.commit().await?;
    source.close().await?;
    target.close().await?;
    Ok(all)
}

/// PostgreSQL itself lists who is connected, also those of an older version.
async fn refuse_servers(place: &Place, which: &'static str) -> Result<(), MoveError> {
    const POSTGRES: &str = "SELECT COUNT(DISTINCT application_name) FROM pg_stat_activity
        WHERE datname = current_database() AND (application_name LIKE 'maibo-server-%'
            OR application_name LIKE 'maibo-worker-%' OR application_name LIKE 'maibo-web-%')";
    let Place::Server(options) = place else { return Ok(()) };
    let mut db = connect(options).await?;
    let (servers,): (i64,) = sqlx::query_as(POSTGRES).fetch_one(&mut db).await?;
    db.close().await?;
    if servers > 0 { Err(MoveError::InUse(servers, which)) } else { Ok(()) }
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let database = options.get_database().unwrap_or_default();
    let server = format!("{database} on {}:{}", options.get_host(), options.get_port());
    options.connect().await.map_err(|reason| StoreError::Connect { server, reason })
}

/// The source's tables with their columns, in the order of the target's. Each engine has its own kinds of columns.
fn paired(source: Vec<Table>, target: &[Table]) -> Result<Vec<Table>, MoveError> {
    let names = |tables: &[Table]| -> BTreeSet<String> {
        let of_one = |table: &Table| {
            table.columns.iter().map(|column| format!("{}.{}", table.name, column.name)).collect::<Vec<_>>()
        };
        tables.iter().flat_map(of_one).collect()
    };
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
    async fn open(place: &Place) -> Result<Self, MoveError> {
        match place {
            Place::File(file) => {
                let options = SqliteConnectOptions::new()
                    .filename(file)
                    .foreign_keys(true)
                    .row_buffer_size(READ_AHEAD)
                    .busy_timeout(std::time::Duration::from_secs(5));
                let open = |source| StoreError::Open { file: file.clone(), source };
                Ok(Self::Sqlite(options.connect().await.map_err(open)?))
            }
            Place::Server(options) => Ok(Self::Postgres(connect(options).await?)),
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

    /// From now on everything is read as it is at this moment.
    async fn begin_reading(&mut self) -> Result<(), StoreError> {
        let begin = match self {
            Self::Sqlite(_) => "BEGIN",
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

    /// Refuses when there is more than the project that every new database has, and removes that one.
    async fn must_be_empty(&mut self, tables: &[Table]) -> Result<(), MoveError> {
        const DEFAULT: &str = "DELETE FROM projects";
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
        if found.is_empty() {
            self.run(DEFAULT.to_owned()).await?;
            Ok(())
        } else {
            Err(MoveError::NotEmpty(found.join(", ")))
        }
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
