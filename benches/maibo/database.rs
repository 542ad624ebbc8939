//! The databases under measurement, seen from outside: made, filled with copies of rows, and asked.
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use url::Url;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// A fresh UUID of version 4, as SQL. Also tells the engines apart where SQL must.
    const fn uuid(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) ||
                    '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
            }
            Self::Postgres => "CAST(gen_random_uuid() AS TEXT)",
        }
    }
}

/// The server that `TEST_DATABASE_URL` names: tests/postgres.sh starts one.
pub(crate) fn postgres() -> anyhow::Result<Option<Url>> {
    match std::env::var("TEST_DATABASE_URL") {
        Ok(url) => Ok(Some(Url::parse(&url).context("TEST_DATABASE_URL must be a URL")?)),
        Err(_) => Ok(None),
    }
}

/// A row of a query's answer can be this.
pub(crate) trait Row:
    for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
    + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
    + Send
    + Unpin
{
}

impl<T> Row for T where
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin
{
}

/// A connection of our own, beside those of the server.
pub(crate) enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    pub(crate) async fn sqlite(file: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(30))
            // Filling a table of a million rows with random keys needs them in memory.
            .pragma("cache_size", "-400000");
        Ok(Self::Sqlite(options.connect().await?))
    }

    pub(crate) async fn postgres(url: &Url) -> anyhow::Result<Self> {
        let options: PgConnectOptions = url.as_str().parse()?;
        Ok(Self::Postgres(options.connect().await.context("the PostgreSQL server for the benchmark")?))
    }

    pub(crate) const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    pub(crate) async fn execute(&mut self, sql: impl Into<String> + Send) -> anyhow::Result<()> {
        let sql = sql.into();
        let statement = AssertSqlSafe(sql.clone());
        let done = match self {
            Self::Sqlite(db) => db.execute(statement).await.map(drop),
            Self::Postgres(db) => db.execute(statement).await.map(drop),
        };
        done.with_context(|| sql)
    }

    pub(crate) async fn rows<T: Row>(&mut self, sql: impl Into<String> + Send) -> anyhow::Result<Vec<T>> {
        let sql = sql.into();
        let statement = AssertSqlSafe(sql.clone());
        let rows = match self {
            Self::Sqlite(db) => sqlx::query_as(statement).fetch_all(db).await,
            Self::Postgres(db) => sqlx::query_as(statement).fetch_all(db).await,
        };
        rows.with_context(|| sql)
    }

    /// The one number that a query gives.
    pub(crate) async fn number(&mut self, sql: impl Into<String> + Send) -> anyhow::Result<i64> {
        let rows: Vec<(i64,)> = self.rows(sql).await?;
        Ok(rows.first().context("a query without an answer")?.0)
    }

    /// The one text that a query gives.
    pub(crate) async fn text(&mut self, sql: impl Into<String> + Send) -> anyhow::Result<String> {
        let rows: Vec<(String,)> = self.rows(sql).await?;
        Ok(rows.into_iter().next().context("a query without an answer")?.0)
    }

    /// Copies the row of `table` whose id is `model` `count` times. `n` counts from 1 in the expressions that
    /// `except` gives for columns; all other columns but `id` are as in the model. The copies' ids follow `base`.
    async fn copy(
        &mut self,
        table: &str,
        model: i64,
        (base, count): (i64, i64),
        except: &[(&str, String)],
    ) -> anyhow::Result<()> {
        let columns = match self.engine() {
            Engine::Sqlite => format!("SELECT name FROM pragma_table_info('{table}')"),
            Engine::Postgres => format!(
                "SELECT CAST(column_name AS TEXT) FROM information_schema.columns WHERE table_name = '{table}'"
            ),
        };
        let columns: Vec<(String,)> = self.rows(columns).await?;
        let names: Vec<&str> = columns.iter().map(|(name,)| name.as_str()).collect();
        let values = names.iter().map(|name| match except.iter().find(|(column, _)| column == name) {
            Some((_, value)) => value.clone(),
            None if *name == "id" => format!("{base} + numbers.n"),
            None => format!("model.{name}"),
        });
        let values = values.collect::<Vec<_>>().join(", ");
        let numbers = match self.engine() {
            Engine::Sqlite => {
                format!(
                    "(WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {count}) SELECT n FROM up)"
                )
            }
            Engine::Postgres => {
                format!("(SELECT CAST(n AS BIGINT) AS n FROM generate_series(1, {count}) AS n)")
            }
        };
        self.execute(format!(
            "INSERT INTO {table} ({}) SELECT {values} FROM {numbers} AS numbers, {table} AS model WHERE model.id = {model}",
            names.join(", ")
        ))
        .await
    }

    /// Fills the database with checks that are up and fall silent one after the other: the `n`-th, counted from 1,
    /// at `first_deadline + (n - 1) * apart` microseconds. Their ids follow `base`.
    pub(crate) async fn copy_checks(
        &mut self,
        model: i64,
        (base, count): (i64, i64),
        now: i64,
        first_deadline: i64,
        apart: i64,
    ) -> anyhow::Result<()> {
        let deadline = format!("{first_deadline} + (n - 1) * {apart}");
        let uuid = self.engine().uuid();
        let except = [
            ("uuid", uuid.to_owned()),
            ("badge_key", uuid.to_owned()),
            ("name", "'job ' || n".to_owned()),
            ("slug", "'job-' || n".to_owned()),
            ("status", "'up'".to_owned()),
            ("since", now.to_string()),
            ("last_ping_at", now.to_string()),
            ("last_ping_id", "NULL".to_owned()),
            ("due_at", format!("{deadline} - model.grace")),
            ("deadline", deadline.clone()),
            ("wake_at", deadline),
        ];
        self.copy("checks", model, (base, count), &except).await?;
        self.settle("checks").await
    }

    /// Gives the `count` checks after `base` a copy of the channel `model` each, with `/seed` in its settings
    /// replaced by the check's number.
    pub(crate) async fn copy_channels(
        &mut self,
        model: i64,
        (base, count): (i64, i64),
    ) -> anyhow::Result<()> {
        let uuid = self.engine().uuid();
        let except = [
            ("uuid", uuid.to_owned()),
            ("name", "'hook ' || n".to_owned()),
            ("settings", format!("replace(model.settings, '/seed', '/' || ({base} + n))")),
        ];
        self.copy("channels", model, (base, count), &except).await?;
        self.execute(format!(
            "INSERT INTO check_channels (check_id, channel_id) SELECT id, id FROM checks WHERE id > {base} AND id <= {base} + {count}"
        ))
        .await?;
        self.settle("channels").await?;
        self.settle("check_channels").await
    }

    /// Does now what filling a table leaves to be done later, so that it is not measured with the rest.
    async fn settle(&mut self, table: &str) -> anyhow::Result<()> {
        match self.engine() {
            Engine::Sqlite => self.flush().await,
            Engine::Postgres => {
                self.execute(format!("VACUUM (ANALYZE) {table}")).await?;
                self.flush().await
            }
        }
    }

    /// Brings what is in the log into the database's files.
    pub(crate) async fn flush(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(_) => self.execute("PRAGMA wal_checkpoint(TRUNCATE)").await,
            Self::Postgres(_) => self.execute("CHECKPOINT").await,
        }
    }

    /// Copies the ping `model` `count` times. Their ids follow `base`, and later pings get higher ones.
    pub(crate) async fn copy_pings(&mut self, model: i64, (base, count): (i64, i64)) -> anyhow::Result<()> {
        self.copy("pings", model, (base, count), &[]).await?;
        if self.engine() == Engine::Postgres {
            self.execute(format!("SELECT setval('pings_id_seq', {base} + {count})")).await?;
            self.execute("VACUUM ANALYZE pings").await?;
        }
        Ok(())
    }

    /// The paths of the pings for the checks whose ids lie in `from..to`, in no order of theirs.
    pub(crate) async fn ping_paths(&mut self, from: i64, to: i64) -> anyhow::Result<Vec<String>> {
        let rows: Vec<(String,)> = self
            .rows(format!(
                "SELECT '/ping/' || uuid FROM checks WHERE id >= {from} AND id < {to} ORDER BY uuid"
            ))
            .await?;
        Ok(rows.into_iter().map(|(path,)| path).collect())
    }
}
