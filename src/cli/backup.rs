//! `maibo backup` and `maibo restore`: a copy of the database, and the way back.
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use url::Url;

use super::made::Made;
use super::{print, say};
use crate::clock::Clock;
use crate::config::Config;
use crate::core::Time;
use crate::store::backup::{self, Contents};
use crate::store::{Db, Role, nodes};

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// File to write
    file: PathBuf,
    /// Replace the file where it exists
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A file that `maibo backup` wrote
    file: PathBuf,
    /// Replace the present database; it is kept beside the new one under a dated name
    #[arg(long)]
    force: bool,
}

pub(super) async fn backup(config: &Config, command: &Backup) -> anyhow::Result<()> {
    let Some(database) = backup::file_of(&config.database_url)? else {
        return dump(config, &command.file).await;
    };
    let contents = backup::copy(&database, &command.file, command.force).await?;
    say(&format!("Copied and verified: {}.", words(&contents)));
    print(&command.file.display().to_string())?;
    Ok(())
}

pub(super) async fn restore(config: &Config, command: &Restore, clock: &dyn Clock) -> anyhow::Result<()> {
    let Some(database) = backup::file_of(&config.database_url)? else {
        anyhow::bail!(
            "this installation is on PostgreSQL, which has its own tool. Stop the server, then:\n\n    pg_restore --clean --if-exists --no-owner --exit-on-error --single-transaction --dbname={} {}\n\nNothing was restored.",
            shell(&without_password(&config.database_url)),
            shell(&command.file.display().to_string())
        );
    };
    let contents = backup::look_through(&command.file).await?;
    say(&format!("{} is sound: {}.", command.file.display(), words(&contents)));
    // Makes the folder where there is none, and an empty file, so that the lock has its right name.
    let made = Made::locked(&config.database_url, &database)?;
    // SQLite keeps its log beside the file that a link leads to.
    let database = std::fs::canonicalize(&database)?;
    if !command.force
        && let Some(there) = there(&database).await
    {
        anyhow::bail!(
            "{} is there already: {there}. Add --force to put {} in its place; the old one is kept beside it under a dated name",
            database.display(),
            command.file.display()
        );
    }
    let restored = backup::restore(&command.file, &database, clock.now()).await?;
    made.keep();
    if let Some(kept) = restored.kept {
        say(&format!("The old database is {}.", kept.display()));
    }
    if restored.closed > 0 {
        say(&format!(
            "{} alert(s) that were queued in the backup will not be sent; the checks stay as they were, and their pages show this.",
            restored.closed
        ));
    }
    say(
        "Start the server. The time since the copy was made counts as Maibo's own absence and raises no alarms.",
    );
    print(&database.display().to_string())?;
    Ok(())
}

/// What would be lost with the present database; `None`: nothing.
async fn there(database: &Path) -> Option<String> {
    if database.metadata().is_ok_and(|file| file.len() == 0) {
        return None;
    }
    match backup::contents(database).await {
        Ok(contents) if contents.is_empty() => None,
        Ok(contents) => Some(words(&contents)),
        Err(error) => Some(error.to_string()),
    }
}

fn words(contents: &Contents) -> String {
    let moment = |at: Option<Time>| match at {
        Some(at) => at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        None => "never".to_owned(),
    };
    let plural = if contents.checks == 1 { "" } else { "s" };
    format!("{} check{plural}, last ping {}", contents.checks, moment(contents.last_ping))
}

/// PostgreSQL's own tool does it better: says how, and whether that tool is at hand.
async fn dump(config: &Config, file: &Path) -> anyhow::Result<()> {
    let db = Db::open(&config.database_url, Role::Command).await?;
    let server = nodes::postgres_version(&db).await?;
    db.close().await;
    let how = format!(
        "this installation is on PostgreSQL, which has its own tool:\n\n    umask 077\n    pg_dump --format=custom --no-owner --file={} {}\n\n",
        shell(&file.display().to_string()),
        shell(&without_password(&config.database_url))
    );
    let tool = match (pg_dump_version(), server) {
        (None, Some(server)) => {
            format!("There is no pg_dump here; install the client programs of PostgreSQL {server} or newer. ")
        }
        (Some(tool), Some(server)) if tool < server => {
            format!("The pg_dump here is version {tool}, too old for the server's {server}. ")
        }
        (Some(tool), _) => format!("pg_dump {tool} is here and new enough. "),
        (None, None) => String::new(),
    };
    anyhow::bail!("{how}{tool}No backup was made.")
}

/// The major version of the `pg_dump` that a shell would find.
fn pg_dump_version() -> Option<u32> {
    let output = Command::new("pg_dump").arg("--version").stdin(Stdio::null()).output().ok()?;
    // `pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split(") ").nth(1)?.split(['.', ' ', '\n']).next()?.parse().ok()
}

/// The URL as PostgreSQL's programs take it. They ask for the password, or find it in `~/.pgpass`.
fn without_password(url: &str) -> String {
    const KNOWN: [&str; 6] = ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port"];
    let Ok(mut url) = Url::parse(url) else { return "postgres://…".to_owned() };
    if url.set_password(None).is_err() {
        return "postgres://…".to_owned();
    }
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| KNOWN.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    url.to_string()
}

/// One word for a shell.
fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
