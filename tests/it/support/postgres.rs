//! A database of its own for each test, on the PostgreSQL server that `TEST_DATABASE_URL` names.
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
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
            if !std::path::Path::new("/proc").join(process).exists() {
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

/// A database that goes away with this handle.
pub struct Database {
    name: String,
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
        Self { name }
    }

    pub fn url(&self) -> String {
        url_of(&self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        on_server(&[&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)]);
    }
}
