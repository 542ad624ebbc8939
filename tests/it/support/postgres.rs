//! A database of its own for each test, on the PostgreSQL server that `TEST_DATABASE_URL` names; and servers that a
//! test may take away.
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use tokio::runtime::Runtime;
use url::Url;

use super::block_on;

/// The server, by the URL of a database on it that is always there.
fn server() -> Url {
    let Ok(url) = std::env::var("TEST_DATABASE_URL") else {
        panic!("no PostgreSQL: run `sh tests/postgres.sh cargo test --test it`, or set TEST_DATABASE_URL");
    };
    Url::parse(&url)
        .unwrap_or_else(|_| panic!("TEST_DATABASE_URL must be a URL like postgres://user@host/postgres"))
}

fn url_of(database: &str) -> String {
    let mut url = server();
    url.set_path(database);
    url.to_string()
}

/// A connection to a database by its URL.
pub async fn connect(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    options.connect().await.unwrap_or_else(|error| panic!("the PostgreSQL server for the tests: {error}"))
}

/// A connection that keeps a transaction, and its locks, while the test does other things.
pub struct Session {
    connection: PgConnection,
    runtime: Runtime,
}

impl Session {
    pub fn open(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(connect(url));
        Self { connection, runtime }
    }

    /// Runs statements, and waits for them.
    pub fn run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let statements = AssertSqlSafe(sql.to_owned());
        self.runtime.block_on(self.connection.execute(statements)).map(drop)
    }
}

/// Runs statements on the server, one by one.
fn on_server(statements: &[&str]) {
    block_on(async {
        let mut db = connect(server().as_str()).await;
        for sql in statements {
            db.execute(AssertSqlSafe((*sql).to_owned()))
                .await
                .unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
        db.close().await.unwrap();
    });
}

/// A migrated database that is copied for each test. Those of earlier runs are removed.
fn template() -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let old: Vec<(String,)> = block_on(async {
            let mut db = connect(server().as_str()).await;
            sqlx::query_as("SELECT datname FROM pg_database WHERE datname LIKE 'maibo\\_test\\_%'")
                .fetch_all(&mut db)
                .await
                .unwrap()
        });
        for (name,) in old {
            let process = name.split('_').nth(2).unwrap_or_default();
            if !Path::new("/proc").join(process).exists() {
                on_server(&[&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")]);
            }
        }
        let name = format!("maibo_test_{}_template", std::process::id());
        on_server(&[&format!("CREATE DATABASE {name}")]);
        let migrated = Command::new(env!("CARGO_BIN_EXE_maibo"))
            .args(["project", "list"])
            .env("MAIBO_DATABASE_URL", url_of(&name))
            .output()
            .unwrap();
        assert!(migrated.status.success(), "{migrated:?}");
        name
    })
}

/// A database; on the server that all tests share it goes away with this handle.
pub struct Database {
    url: String,
    shared: Option<String>,
}

impl Database {
    /// Migrated already, and with its default project.
    pub fn new() -> Self {
        Self::made_from(template())
    }

    /// With nothing in it.
    pub fn empty() -> Self {
        Self::made_from("template0")
    }

    fn made_from(template: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("maibo_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        on_server(&[&format!("CREATE DATABASE {name} TEMPLATE {template}")]);
        Self { url: url_of(&name), shared: Some(name) }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(name) = &self.shared {
            on_server(&[&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")]);
        }
    }
}

/// What a [`Cluster`]'s shell does for each line that it reads.
const STEERING: &str = r#"
    cd "$TEST_DATABASE_FOLDER"
    processes() { main=$(head -n 1 data/postmaster.pid); echo "$main $(cat "/proc/$main/task/$main/children")"; }
    echo "$TEST_DATABASE_URL"
    while read -r word; do
        case $word in
            stop) $TEST_DATABASE_CTL -m immediate stop >log.ctl 2>&1 ;;
            start) $TEST_DATABASE_CTL start >log.ctl 2>&1 ;;
            # The main process first: it makes and ends the others.
            freeze) kill -STOP "$(head -n 1 data/postmaster.pid)"; kill -STOP $(processes) 2>/dev/null || true ;;
            thaw) kill -CONT $(processes) 2>/dev/null || true ;;
        esac && echo "$word" || { cat log.ctl >&2; exit 1; }
    done
    kill -CONT $(processes) 2>/dev/null || true
"#;

/// A PostgreSQL server of a test's own, which may be taken away. It ends with this handle, and with this process.
pub struct Cluster {
    shell: Child,
    said: BufReader<ChildStdout>,
    url: String,
}

impl Cluster {
    pub fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres.sh");
        let mut shell = Command::new("sh")
            .arg(script)
            .args(["sh", "-c", STEERING])
            .env_remove("TEST_DATABASE_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(shell.stdout.take().unwrap());
        let mut cluster = Self { shell, said, url: String::new() };
        cluster.url = cluster.hear();
        cluster
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the cluster's shell has ended");
        line.trim_end().to_owned()
    }

    fn tell(&mut self, word: &str) {
        writeln!(self.shell.stdin.as_mut().unwrap(), "{word}").unwrap();
        assert_eq!(self.hear(), word);
    }

    /// Its one database, without tables yet.
    pub fn database(&self) -> Database {
        Database { url: self.url.clone(), shared: None }
    }

    /// Ends the server as a crash would.
    pub fn stop(&mut self) {
        self.tell("stop");
    }

    /// Starts the server that was stopped.
    pub fn restart(&mut self) {
        self.tell("start");
    }

    /// The server takes connections, and answers nobody.
    pub fn freeze(&mut self) {
        self.tell("freeze");
    }

    /// The server goes on as if nothing had been.
    pub fn thaw(&mut self) {
        self.tell("thaw");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // At the end of its input the shell, and then the script around it, tidies up.
        drop(self.shell.stdin.take());
        drop(self.shell.wait());
    }
}
