//! The command line. One file per noun; each command opens the database itself.
//!
//! What a command makes goes to stdout, one line, the value alone; everything else goes to stderr.
mod backup;
mod channel;
mod check;
mod doctor;
mod health;
mod key;
mod made;
mod migrate_db;
mod owner;
mod project;
mod schedule;
mod serve;
mod user;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config, Flags, LogFormat};
use crate::store::projects::{self, Project};
use crate::store::{Db, Role, StoreError, backup as backup_store};

/// Maibo (脉搏) tells the right person when a job falls silent.
#[derive(Debug, Parser)]
#[command(name = "maibo", version, about, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take pings, watch deadlines, send alerts, show pages (the default)
    Serve {
        /// Take pings and show pages only; `maibo worker` does the rest (PostgreSQL)
        #[arg(long)]
        no_worker: bool,
    },
    /// Watch deadlines and send alerts only, beside servers that take pings (PostgreSQL)
    Worker,
    /// People who sign in
    #[command(subcommand)]
    User(user::Command),
    /// Projects
    #[command(subcommand)]
    Project(project::Command),
    /// Keys for the APIs and for ping URLs with slugs
    #[command(subcommand)]
    Key(key::Command),
    /// Where alerts go
    #[command(subcommand)]
    Channel(channel::Command),
    /// Checks
    #[command(subcommand)]
    Check(check::Command),
    /// Schedules
    #[command(subcommand)]
    Schedule(schedule::Command),
    /// Copy the database to a file, also while the server runs; prints its path
    Backup(backup::Backup),
    /// Put a backup in the place of the database, while the server is stopped; prints its path
    Restore(backup::Restore),
    /// Copy the whole installation into another, empty database: SQLite, PostgreSQL, either way
    MigrateDb(migrate_db::Command),
    /// Look for everything that could keep alerts from arriving, and say what to do; sends nothing
    Doctor(doctor::Command),
    /// Ask the running server whether it is ready; for container health checks
    Health,
}

/// What commands work with.
struct Cx {
    config: Config,
    clock: Arc<dyn Clock>,
    db: Db,
}

/// Runs the program: 0 on success, 1 on failure, 2 when the arguments make no sense.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {}", words(&error)));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    if let Some(Command::Schedule(command)) = cli.command {
        return schedule::run(&command, &SystemClock);
    }
    let config = Config::load(&cli.flags, |name| std::env::var(name).ok());
    if let Some(Command::Doctor(command)) = &cli.command {
        let secrets = config::secret_files(&cli.flags, |name| std::env::var(name).ok());
        return runtime()?.block_on(doctor::run(command, config, &secrets, Arc::new(SystemClock)));
    }
    let config = config?;
    if !matches!(cli.command, Some(Command::Health | Command::MigrateDb(_)))
        && let Some(file) = backup_store::file_of(&config.database_url)?
    {
        owner::step_aside(&file)?;
    }
    let role = match cli.command {
        None | Some(Command::Serve { no_worker: false }) => Role::Server,
        Some(Command::Serve { no_worker: true }) => Role::Web,
        Some(Command::Worker) => Role::Worker,
        Some(_) => Role::Command,
    };
    start_log(&config, role != Role::Command)?;
    if matches!(cli.command, Some(Command::Health)) {
        return health::run(&config);
    }
    runtime()?.block_on(async {
        match cli.command {
            // These open databases in their own way, and never make one.
            Some(Command::Backup(command)) => backup::backup(&config, &command).await,
            Some(Command::Restore(command)) => backup::restore(&config, &command, &SystemClock).await,
            Some(Command::MigrateDb(command)) => migrate_db::run(&command, &SystemClock).await,
            Some(command) if role == Role::Command => {
                let clock: Arc<dyn Clock> = Arc::new(SystemClock);
                let db = app::open_database(&config, clock.as_ref(), Role::Command).await?;
                let cx = Cx { config, clock, db };
                let done = dispatch(command, &cx).await;
                cx.db.close().await;
                done
            }
            _ => serve::run(config, role).await,
        }
    })
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(1024 * 1024)
        .build()
        .context("cannot start")
}

async fn dispatch(command: Command, cx: &Cx) -> anyhow::Result<()> {
    match command {
        Command::User(command) => user::run(cx, command).await,
        Command::Project(command) => project::run(cx, command).await,
        Command::Key(command) => key::run(cx, command).await,
        Command::Channel(command) => channel::run(cx, command).await,
        Command::Check(command) => check::run(cx, command).await,
        Command::Schedule(command) => schedule::run(&command, cx.clock.as_ref()),
        Command::Health => health::run(&cx.config),
        // Those that want no open database were run already.
        Command::Serve { .. }
        | Command::Worker
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::MigrateDb(_)
        | Command::Doctor(_) => Ok(()),
    }
}

/// Logs to stderr; short commands say only what went wrong.
fn start_log(config: &Config, serving: bool) -> anyhow::Result<()> {
    let filter = if serving { config.log.as_str() } else { "error" };
    let filter = EnvFilter::builder()
        .parse(filter)
        .map_err(|error| anyhow::anyhow!("MAIBO_LOG: `{}` is not a log filter: {error}", config.log))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => builder.with_target(false).init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

impl Cx {
    /// A project by name or id. Names need not be unique; then the id is asked for.
    async fn project(&self, wanted: &str) -> anyhow::Result<Project> {
        let all = projects::list(&self.db).await?;
        let fitting: Vec<&Project> =
            all.iter().filter(|project| project.uuid == wanted || project.name == wanted).collect();
        match fitting.as_slice() {
            [project] => Ok((*project).clone()),
            // Whoever gave the only project another name need not say it.
            [] if wanted == projects::DEFAULT && all.len() == 1 => Ok(all[0].clone()),
            [] => anyhow::bail!("there is no project `{wanted}`; `maibo project list` shows them"),
            _ => anyhow::bail!("{} projects are called `{wanted}`; give the id", fitting.len()),
        }
    }
}

/// An error with its causes, each said once.
fn words(error: &anyhow::Error) -> String {
    let mut words = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !words.contains(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    words
}

/// The result of a command, on stdout. Whoever asked for it must hear when it could not be told.
fn print(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("what this made cannot be written to stdout")
}

/// Talk, on stderr. Whoever closed stderr does not want to hear it.
fn say(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// A name that people gave, trimmed; refuses an empty or endless one.
fn name(text: &str) -> anyhow::Result<String> {
    let text = text.trim();
    anyhow::ensure!(!text.is_empty(), "the name is empty");
    anyhow::ensure!(text.chars().count() <= 100, "the name is longer than 100 characters");
    Ok(text.to_owned())
}

/// Words for a uniqueness rule that was broken.
fn conflict(error: StoreError, words: &str) -> anyhow::Error {
    match error {
        StoreError::Conflict => anyhow::anyhow!("{words}"),
        other => other.into(),
    }
}
