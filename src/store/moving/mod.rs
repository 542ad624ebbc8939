//! Copies a whole installation into another database, in one transaction there, and proves that it arrived.
mod place;
mod row;
mod side;

use std::collections::BTreeSet;

use sqlx::Connection as _;

pub use place::Place;
use place::{PlaceKind, connect};
use row::{Sum, Tidy, Value};
use side::{Access, Found, Side};

use super::backup::{BackupError, regular};
use super::migrate::History;
use super::schema::Table;
use super::{StoreError, nodes};
use crate::core::Time;

/// Rows that one statement inserts.
const ROWS: usize = 500;
/// Values that one statement may bind: SQLite takes 32766, PostgreSQL 65535.
const VALUES: usize = 30_000;
/// Bytes after which a statement is sent, however few its rows: a body may have ten million.
const BYTES: usize = 4_000_000;
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
