//! One of the two databases, open: everything that is said to either engine.
use std::future::poll_fn;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _, SqliteConnection};

use super::place::{Place, PlaceKind, connect};
use super::row::{Sum, Value};
use super::{MoveError, ROWS};
use crate::store::migrate::{self, History, Noted};
use crate::store::schema::{self, Kind, Table};
use crate::store::{StoreError, nodes, projects};

/// Rows that the SQLite driver reads ahead.
const READ_AHEAD: usize = 4;
/// How often, and how many times, a database is asked for that somebody is about to let go: a command that has ended
/// is connected for a moment longer.
const ASK_EVERY: Duration = Duration::from_millis(50);
const ASKED: u32 = 60;

/// What a database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// To see what it is; nothing is written.
    Look,
    /// To be copied from.
    Copy,
    /// To be copied into.
    Fill,
}

/// One of the two databases, open.
pub(super) enum Side {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// What a database is before anything is done to it.
pub(super) enum Found {
    Nothing,
    /// Tables or views that are not Maibo's.
    Others(String),
    Ours(History),
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list(names: impl Iterator<Item = impl AsRef<str>>) -> String {
    names.map(|name| quoted(name.as_ref())).collect::<Vec<_>>().join(", ")
}

impl Side {
    pub(super) async fn open(place: &Place, access: Access) -> Result<Self, MoveError> {
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
    pub(super) async fn look(&mut self) -> Result<Found, StoreError> {
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
    pub(super) async fn be_alone(&mut self, place: &Place) -> Result<(), MoveError> {
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
    pub(super) async fn migrate(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => Ok(migrate::SQLITE.run(db).await?),
            Self::Postgres(db) => migrate::postgres(db).await,
        }
    }

    pub(super) async fn tables(&mut self) -> Result<Vec<Table>, StoreError> {
        match self {
            Self::Sqlite(db) => schema::of_sqlite(db).await,
            Self::Postgres(db) => schema::of_postgres(db).await,
        }
    }

    /// Runs a statement that is put together from names of tables.
    pub(super) async fn run(&mut self, sql: String) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await.map(drop)?,
            Self::Postgres(db) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await.map(drop)?,
        }
        Ok(())
    }

    /// From now on everything is read as it is at this moment, and no command writes to a SQLite file.
    pub(super) async fn begin_reading(&mut self) -> Result<(), StoreError> {
        let begin = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        self.run(begin.to_owned()).await
    }

    /// From now on nobody else reads or writes here.
    pub(super) async fn begin_writing(&mut self, tables: &[Table]) -> Result<(), StoreError> {
        if let Self::Sqlite(_) = self {
            return self.run("BEGIN IMMEDIATE".to_owned()).await;
        }
        self.run("BEGIN".to_owned()).await?;
        let names = list(tables.iter().map(|table| &table.name));
        self.run(format!("LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")).await
    }

    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        self.run("COMMIT".to_owned()).await
    }

    pub(super) async fn close(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.close().await?,
            Self::Postgres(db) => db.close().await?,
        }
        Ok(())
    }

    pub(super) async fn count(&mut self, table: &str) -> Result<i64, StoreError> {
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {}", quoted(table)));
        let (count,): (i64,) = match self {
            Self::Sqlite(db) => sqlx::query_as(sql).fetch_one(db).await?,
            Self::Postgres(db) => sqlx::query_as(sql).fetch_one(db).await?,
        };
        Ok(count)
    }

    pub(super) async fn projects(&mut self) -> Result<Vec<(String, Option<String>)>, StoreError> {
        const SQL: &str = "SELECT name, ping_key FROM projects";
        Ok(match self {
            Self::Sqlite(db) => sqlx::query_as(SQL).fetch_all(db).await?,
            Self::Postgres(db) => sqlx::query_as(SQL).fetch_all(db).await?,
        })
    }

    /// What no other PostgreSQL database has, by whatever name one reaches it.
    pub(super) async fn identity(&mut self) -> Result<Option<(String, String)>, StoreError> {
        const POSTGRES: &str = "SELECT CAST(d.oid AS TEXT), CAST(pg_postmaster_start_time() AS TEXT)
            FROM pg_database d WHERE d.datname = current_database()";
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(db) => Ok(Some(sqlx::query_as(POSTGRES).fetch_one(db).await?)),
        }
    }

    /// Refuses when there is more than the project that every new database has.
    pub(super) async fn must_be_empty(&mut self, place: &Place, tables: &[Table]) -> Result<(), MoveError> {
        let mut found = Vec::new();
        for table in tables {
            let count = self.count(&table.name).await?;
            let untouched = table.name == "projects"
                && count == 1
                && self
                    .projects()
                    .await?
                    .iter()
                    .all(|(name, ping_key)| name == projects::DEFAULT && ping_key.is_none());
            if count > 0 && !untouched {
                found.push(format!("{count} in {}", table.name));
            }
        }
        if found.is_empty() { Ok(()) } else { Err(MoveError::NotEmpty(place.to_string(), found.join(", "))) }
    }

    /// Hands over all rows of a table, one by one, in the order of its key.
    pub(super) async fn each(
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
    pub(super) async fn digest(&mut self, table: &Table) -> Result<(i64, String), StoreError> {
        let mut sum = Sum::default();
        self.each(table, async |row| {
            sum.add(&row);
            Ok(())
        })
        .await?;
        Ok(sum.finish())
    }

    pub(super) async fn insert(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<(), StoreError> {
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
    pub(super) async fn set_sequences(&mut self, tables: &[Table]) -> Result<(), StoreError> {
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
