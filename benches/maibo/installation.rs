//! An installation of Maibo on a data folder, and on PostgreSQL a database, of its own.
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;
use url::Url;

use crate::database::{self, Database, Engine};
use crate::process::{Process, free_address};

/// The program under test: what `MAIBO_BINARY` names, or the one that cargo builds for benchmarks, which has features
/// of libraries in it that only tests ask for.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("MAIBO_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_maibo").into(), PathBuf::from)
}

pub(crate) struct Installation {
    pub(crate) engine: Engine,
    dir: TempDir,
    /// On PostgreSQL: the database, and another one on the same server from which it can be made and dropped.
    postgres: Option<(Url, Url)>,
}

impl Installation {
    /// With nothing in it, not even tables.
    pub(crate) async fn empty(engine: Engine) -> anyhow::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let dir = tempfile::tempdir()?;
        let postgres = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let server = database::postgres()?.context("no PostgreSQL: run `make bench`")?;
                let number = NEXT.fetch_add(1, Ordering::Relaxed);
                let name = format!("maibo_bench_{}_{number}", std::process::id());
                let mut admin = Database::postgres(&server).await?;
                admin.execute(format!("CREATE DATABASE {name}")).await?;
                let mut url = server.clone();
                url.set_path(&name);
                Some((url, server))
            }
        };
        Ok(Self { engine, dir, postgres })
    }

    /// The program with our settings and nobody else's.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MAIBO_")) {
            command.env_remove(name);
        }
        command.env_remove("NOTIFY_SOCKET").current_dir(self.dir.path());
        command.env("MAIBO_DATA", self.dir.path().join("data"));
        command.env("MAIBO_OUTBOUND_ALLOW", "127.0.0.1/32");
        if let Some((url, _)) = &self.postgres {
            command.env("MAIBO_DATABASE_URL", url.as_str());
        }
        command.args(args);
        command
    }

    /// Runs a command that makes something; gives the line that it prints.
    pub(crate) fn made(&self, args: &[&str], stdin: &str) -> anyhow::Result<String> {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", binary().display()))?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(stdin.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        ensure!(
            output.status.success(),
            "maibo {}: {}",
            args.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    pub(crate) async fn database(&self) -> anyhow::Result<Database> {
        match &self.postgres {
            Some((url, _)) => Database::postgres(url).await,
            None => Database::sqlite(&self.file()).await,
        }
    }

    /// The database of SQLite.
    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("data").join("maibo.db")
    }

    /// A file beside the data.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Starts the server; does not wait for it.
    pub(crate) fn start(&self) -> anyhow::Result<Process> {
        let addr = free_address()?;
        let log = File::options().create(true).append(true).open(self.path("server.log"))?;
        let mut command = self.command(&["serve"]);
        command
            .env("MAIBO_LISTEN", addr.to_string())
            .env("MAIBO_BASE_URL", format!("http://{addr}"))
            .stderr(log);
        Process::start(&mut command, addr)
    }

    /// Starts the server and waits until it is ready.
    pub(crate) async fn serve(&self) -> anyhow::Result<Process> {
        let mut process = self.start()?;
        process.until_answered("/readyz").await?;
        Ok(process)
    }

    /// Removes everything. On SQLite, dropping it does.
    pub(crate) async fn remove(self) -> anyhow::Result<()> {
        if let Some((url, server)) = &self.postgres {
            let name = url.path().trim_start_matches('/');
            let mut admin = Database::postgres(server).await?;
            admin.execute(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        }
        Ok(())
    }
}
