//! The program under test, on a data folder of its own, and the world around it.
pub mod http;
pub mod http_sink;
pub mod postgres;
pub mod smtp_sink;

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use maibo::clock::{Clock as _, SystemClock};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, FromRow};
use tempfile::TempDir;

use http::Reply;

/// How long anything may take that is bound to happen: generous, since machines are shared.
const DEADLINE: Duration = Duration::from_secs(90);
/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// The database engine that a run of the tests is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// As `MAIBO_TEST_ENGINE` says: `sqlite`, which is the default, or `postgres`.
pub fn engine() -> Engine {
    match std::env::var("MAIBO_TEST_ENGINE").as_deref() {
        Ok("postgres") => Engine::Postgres,
        Ok("sqlite") | Err(_) => Engine::Sqlite,
        Ok(other) => panic!("MAIBO_TEST_ENGINE: `{other}` is neither sqlite nor postgres"),
    }
}

/// Runs database work to its end.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Waits until `look` finds something.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "never happened: {what}");
        sleep(LOOK);
    }
}

/// Waits until `look` is true.
#[track_caller]
pub fn until(what: &str, mut look: impl FnMut() -> bool) {
    eventually(what, || look().then_some(()));
}

/// The wall clock, which the program under test reads too.
pub fn now() -> DateTime<Utc> {
    SystemClock.now()
}

/// Runs a statement on any SQLite file, which is made when it is missing.
#[track_caller]
pub fn on_sqlite_file(file: &std::path::Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    block_on(async {
        let mut db = options.connect().await.unwrap();
        db.execute(AssertSqlSafe(sql.to_owned())).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        db.close().await.unwrap();
    });
}

/// What a run of the program ended with.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Where a server says that it listens.
fn address(said: &str) -> Option<SocketAddr> {
    let rest = said.split("listens on http://").nth(1)?;
    rest.split_once('\n')?.0.trim().parse().ok()
}

/// An installation: a data folder, settings, and a server while one runs.
pub struct Maibo {
    dir: TempDir,
    settings: Vec<(String, String)>,
    server: Option<(Child, SocketAddr)>,
    /// A read-write key of the project `default`, once asked for.
    key: std::cell::OnceCell<String>,
    /// Dropped when no installation uses it any more.
    postgres: Option<Arc<postgres::Database>>,
}

impl Maibo {
    /// A fresh installation on the engine of this run; nothing runs yet.
    pub fn new() -> Self {
        match engine() {
            Engine::Sqlite => Self::on_sqlite(),
            Engine::Postgres => Self::on_postgres(postgres::Database::new()),
        }
    }

    /// A fresh installation on a SQLite file in its data folder.
    pub fn on_sqlite() -> Self {
        Self::fresh(None)
    }

    /// A fresh installation on this database.
    pub fn on_postgres(database: postgres::Database) -> Self {
        let url = database.url();
        Self::fresh(Some(Arc::new(database))).with("MAIBO_DATABASE_URL", &url)
    }

    /// One more server for the same PostgreSQL database; it is not started yet.
    pub fn another_node(&self) -> Self {
        // Several servers need PostgreSQL.
        let database = self.postgres.clone().unwrap();
        let url = database.url();
        Self::fresh(Some(database)).with("MAIBO_DATABASE_URL", &url)
    }

    fn fresh(postgres: Option<Arc<postgres::Database>>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data").display().to_string();
        Self { dir, settings: Vec::new(), server: None, key: std::cell::OnceCell::new(), postgres }
            .with("MAIBO_DATA", &data)
            .with("MAIBO_LISTEN", "127.0.0.1:0")
            .with("MAIBO_BASE_URL", "http://maibo.test")
            .with("MAIBO_OUTBOUND_ALLOW", "127.0.0.1/32")
    }

    /// A fresh installation whose server runs.
    pub fn serving() -> Self {
        let mut maibo = Self::new();
        maibo.serve();
        maibo
    }

    /// Sets a variable for everything that is started from now on.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path in the installation's folder, outside the data folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn database(&self) -> PathBuf {
        self.path("data").join("maibo.db")
    }

    /// The program with our settings and nobody else's.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_maibo"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MAIBO_")) {
            command.env_remove(name);
        }
        command.env_remove("NOTIFY_SOCKET").current_dir(self.dir.path());
        command.envs(self.settings.iter().map(|(name, value)| (name, value))).args(args);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, "")
    }

    /// Runs a command to its end with this on its standard input.
    pub fn run_with(&self, args: &[&str], stdin: &str) -> Ran {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Who does not read its standard input may be gone already.
        drop(child.stdin.take().unwrap().write_all(stdin.as_bytes()));
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that makes something; gives the one line that it prints.
    #[track_caller]
    pub fn made(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "{args:?}: {ran:?}");
        let line = ran.stdout.strip_suffix('\n').unwrap_or_else(|| panic!("{args:?}: no line: {ran:?}"));
        assert!(
            !line.is_empty() && !line.contains('\n'),
            "{args:?} prints one line, the value alone: {ran:?}"
        );
        line.to_owned()
    }

    /// Makes a check; gives its UUID.
    #[track_caller]
    pub fn check(&self, name: &str, args: &[&str]) -> String {
        let all = [&["check", "create", "--name", name], args].concat();
        let url = self.made(&all);
        url.strip_prefix("http://maibo.test/ping/").unwrap_or_else(|| panic!("{url}")).to_owned()
    }

    /// Makes a channel; gives its id.
    #[track_caller]
    pub fn channel(&self, kind: &str, name: &str, fields: &[&str]) -> String {
        let mut args = vec!["channel", "create", "--kind", kind, "--name", name];
        for field in fields {
            args.extend(["--set", field]);
        }
        self.made(&args)
    }

    fn log_file(&self) -> PathBuf {
        self.path("server.log")
    }

    /// Everything that the servers of this installation have logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_to(&self) -> File {
        OpenOptions::new().create(true).append(true).open(self.log_file()).unwrap()
    }

    /// Starts the server and waits until it listens.
    #[track_caller]
    pub fn serve(&mut self) {
        self.start(&["serve"], address);
    }

    /// Starts the half that takes pings and shows pages.
    #[track_caller]
    pub fn serve_without_worker(&mut self) {
        self.start(&["serve", "--no-worker"], address);
    }

    /// Starts the half that watches deadlines and sends alerts; it has no address.
    #[track_caller]
    pub fn work(&mut self) {
        self.start(&["worker"], |said| {
            said.contains("watches deadlines").then_some(SocketAddr::from(([0, 0, 0, 0], 0)))
        });
    }

    /// Starts a process that goes on, and waits until `ready` finds its address in what it said.
    #[track_caller]
    fn start(&mut self, args: &[&str], ready: impl Fn(&str) -> Option<SocketAddr>) {
        assert!(self.server.is_none(), "it runs already");
        let before = self.log().len();
        let mut child = self
            .command(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(self.log_to())
            .spawn()
            .unwrap();
        let addr = eventually("the server listens", || {
            let log = self.log();
            let said = &log[before..];
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "the server ended: {ended:?}\n{said}");
            ready(said)
        });
        self.server = Some((child, addr));
    }

    #[track_caller]
    fn child(&mut self) -> &mut Child {
        &mut self.server.as_mut().unwrap().0
    }

    /// Sends the server a signal by name: TERM, STOP, CONT.
    #[track_caller]
    pub fn signal(&mut self, name: &str) {
        let id = self.child().id().to_string();
        let done = Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status().unwrap();
        assert!(done.success());
    }

    /// `kill -9`.
    #[track_caller]
    pub fn kill(&mut self) {
        self.child().kill().unwrap();
        self.child().wait().unwrap();
        self.server = None;
    }

    /// Waits for the server to end by itself.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let status = eventually("the server ends", || self.child().try_wait().unwrap());
        self.server = None;
        status
    }

    /// SIGTERM, and waits for the end.
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    #[track_caller]
    pub fn addr(&self) -> SocketAddr {
        self.server.as_ref().unwrap().1
    }

    /// One request without a body.
    #[track_caller]
    pub fn call(&self, method: &str, target: &str) -> Reply {
        http::request(self.addr(), method, target, &[], b"")
    }

    /// A ping by GET: `tail` is what stands behind `/ping/`.
    #[track_caller]
    pub fn ping(&self, tail: &str) -> Reply {
        self.call("GET", &format!("/ping/{tail}"))
    }

    /// A ping by GET that must be taken.
    #[track_caller]
    pub fn ping_ok(&self, tail: &str) {
        let reply = self.ping(tail);
        assert_eq!((reply.status, reply.text()), (200, "OK".to_owned()), "{tail}");
    }

    /// A ping by POST with a body.
    #[track_caller]
    pub fn post(&self, tail: &str, body: &[u8]) -> Reply {
        http::request(self.addr(), "POST", &format!("/ping/{tail}"), &[], body)
    }

    /// A read-write key of the project `default`.
    pub fn key(&self) -> &str {
        self.key.get_or_init(|| self.made(&["key", "create", "--scope", "read-write"]))
    }

    /// Makes a user, `ops@example.org`, who owns everything, and signs in: the cookie.
    #[track_caller]
    pub fn sign_in(&self) -> String {
        let args = ["user", "create", "--email", "ops@example.org", "--password-stdin"];
        let made = self.run_with(&args, "a long password\n");
        assert_eq!(made.code, Some(0), "{made:?}");
        let form = b"email=ops%40example.org&password=a+long+password";
        let reply = http::request(self.addr(), "POST", "/login", &[("Origin", "http://maibo.test")], form);
        reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    /// A page as somebody sees who has signed in and reads English.
    pub fn page(&self, cookie: &str, path: &str) -> Reply {
        http::request(self.addr(), "GET", path, &[("Cookie", cookie), ("Accept-Language", "en")], b"")
    }

    /// A call to the management API with a key.
    #[track_caller]
    pub fn api(&self, method: &str, target: &str, body: &str) -> Reply {
        http::request(self.addr(), method, target, &[("X-Api-Key", self.key())], body.as_bytes())
    }

    /// A check as API v3 shows it.
    #[track_caller]
    pub fn shown(&self, uuid: &str) -> Value {
        let reply = self.api("GET", &format!("/api/v3/checks/{uuid}"), "");
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    /// A check's flips as API v3 shows them.
    #[track_caller]
    pub fn flips(&self, uuid: &str) -> Vec<Value> {
        let reply = self.api("GET", &format!("/api/v3/checks/{uuid}/flips/"), "");
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["flips"].as_array().unwrap().clone()
    }

    /// Makes a check by the API; gives its UUID.
    #[track_caller]
    pub fn api_check(&self, body: &Value) -> String {
        let reply = self.api("POST", "/api/v3/checks/", &body.to_string());
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()["uuid"].as_str().unwrap().to_owned()
    }

    /// Rows of the database itself, read by a connection that is closed again at once.
    #[track_caller]
    pub fn rows<T>(&self, sql: &str) -> Vec<T>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let rows = if let Some(database) = &self.postgres {
            block_on(async {
                let mut db = postgres::connect(&database.url()).await;
                let rows = sqlx::query_as(AssertSqlSafe(sql.to_owned())).fetch_all(&mut db).await;
                db.close().await.unwrap();
                rows
            })
        } else {
            self.on_file(async |db| sqlx::query_as(AssertSqlSafe(sql.to_owned())).fetch_all(db).await)
        };
        rows.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Runs a statement on the database itself.
    #[track_caller]
    pub fn execute(&self, sql: &str) {
        let statement = AssertSqlSafe(sql.to_owned());
        let done = if let Some(database) = &self.postgres {
            block_on(async {
                let mut db = postgres::connect(&database.url()).await;
                db.execute(statement).await.map(drop)
            })
        } else {
            self.on_file(async |db| db.execute(statement).await.map(drop))
        };
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Does something while nobody can write to the database.
    pub fn while_locked<T>(&self, work: impl FnOnce() -> T) -> T {
        if let Some(database) = &self.postgres {
            block_on(async {
                let mut db = postgres::connect(&database.url()).await;
                db.execute("BEGIN; LOCK TABLE checks IN ACCESS EXCLUSIVE MODE").await.unwrap();
                let done = work();
                db.execute("ROLLBACK").await.unwrap();
                done
            })
        } else {
            self.on_file(async |db| {
                sqlx::query("BEGIN IMMEDIATE").execute(&mut *db).await.unwrap();
                let done = work();
                sqlx::query("ROLLBACK").execute(&mut *db).await.unwrap();
                done
            })
        }
    }

    /// The only row.
    #[track_caller]
    pub fn row<T>(&self, sql: &str) -> T
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut rows = self.rows(sql);
        assert_eq!(rows.len(), 1, "{sql}");
        rows.pop().unwrap()
    }

    /// The only number.
    #[track_caller]
    pub fn number(&self, sql: &str) -> i64 {
        self.row::<(i64,)>(sql).0
    }

    /// The PostgreSQL database, where there is one.
    pub fn postgres_url(&self) -> Option<String> {
        self.postgres.as_ref().map(|database| database.url())
    }

    /// Does something with the SQLite file itself.
    pub fn on_file<T>(&self, work: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> T {
        let options = SqliteConnectOptions::new().filename(self.database()).busy_timeout(DEADLINE);
        block_on(async {
            let mut db = options.connect().await.unwrap();
            let done = work(&mut db).await;
            db.close().await.unwrap();
            done
        })
    }

    /// The body of a check's newest ping, as it came.
    #[track_caller]
    pub fn last_body(&self, uuid: &str) -> Option<Vec<u8>> {
        let sql = format!(
            "SELECT b.zstd, b.body, p.body_size FROM checks c JOIN pings p ON p.id = c.last_ping_id
             JOIN ping_bodies b ON b.ping_id = p.id WHERE c.uuid = '{uuid}'"
        );
        let (packed, bytes, size): (bool, Vec<u8>, i64) = self.rows(&sql).pop()?;
        let size = usize::try_from(size).unwrap();
        Some(if packed { zstd::bulk::decompress(&bytes, size).unwrap() } else { bytes })
    }

    /// A column of a check's pings, oldest first.
    #[track_caller]
    pub fn pings(&self, uuid: &str, column: &str) -> Vec<String> {
        let sql = format!(
            "SELECT COALESCE(CAST(p.{column} AS TEXT), '') FROM pings p JOIN checks c ON c.id = p.check_id
             WHERE c.uuid = '{uuid}' ORDER BY p.id"
        );
        self.rows::<(String,)>(&sql).into_iter().map(|(value,)| value).collect()
    }

    /// Waits until nothing is left to deliver.
    #[track_caller]
    pub fn all_delivered(&self) {
        until("the outbox is empty", || {
            self.number("SELECT COUNT(*) FROM outbox WHERE state = 'queued'") == 0
        });
    }
}

impl Drop for Maibo {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.server {
            drop(child.kill());
            drop(child.wait());
        }
        if std::thread::panicking() {
            // Shown by the test runner for failed tests only.
            let log = self.log();
            let from = log.len().saturating_sub(6000);
            println!("--- the end of the server's log ---\n{}", log.get(from..).unwrap_or(&log));
        }
    }
}
