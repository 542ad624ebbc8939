//! `maibo doctor`: looks at everything that an installation needs, and says what to do about what is wrong.
mod delivery;
mod machine;
mod reach;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::{owner, print};
use crate::app;
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::store::condition::{self, Schema, Trouble, trouble};
use crate::store::{Db, Role, StoreError, backup};

#[derive(Debug, Args)]
pub(super) struct Command {
    /// One JSON array in place of lines
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Ok,
    Warn,
    Fail,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

/// One thing that was looked at.
struct Finding {
    level: Level,
    /// What it is about, in a word or two.
    about: &'static str,
    what: String,
    /// What to do; empty where nothing is.
    advice: String,
}

/// What was found so far. Lines appear as they are found: some take seconds.
struct Report {
    json: bool,
    findings: Vec<Finding>,
    /// Whether all lines could be printed.
    printed: anyhow::Result<()>,
}

impl Report {
    fn ok(&mut self, about: &'static str, what: impl Into<String>) {
        self.add(Level::Ok, about, what.into(), String::new());
    }

    fn warn(&mut self, about: &'static str, what: impl Into<String>, advice: impl Into<String>) {
        self.add(Level::Warn, about, what.into(), advice.into());
    }

    fn fail(&mut self, about: &'static str, what: impl Into<String>, advice: impl Into<String>) {
        self.add(Level::Fail, about, what.into(), advice.into());
    }

    fn add(&mut self, level: Level, about: &'static str, what: String, advice: String) {
        // One line each, whatever a vendor or a name holds.
        let one_line = |text: String| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let finding = Finding { level, about, what: one_line(what), advice: one_line(advice) };
        if !self.json {
            let word = finding.level.word();
            let advice =
                if finding.advice.is_empty() { String::new() } else { format!(" — {}", finding.advice) };
            let line = format!("{word:<4}  {about}: {}{advice}", finding.what);
            if self.printed.is_ok() {
                self.printed = print(&line);
            }
        }
        self.findings.push(finding);
    }

    /// Says everything in JSON where that was asked for; fails when something is broken.
    fn end(self) -> anyhow::Result<()> {
        if self.json {
            let all: Vec<_> = self
                .findings
                .iter()
                .map(|f| json!({"level": f.level.word(), "about": f.about, "what": f.what, "advice": f.advice}))
                .collect();
            print(&json!(all).to_string())?;
        }
        self.printed?;
        let broken = self.findings.iter().filter(|finding| finding.level == Level::Fail).count();
        anyhow::ensure!(broken == 0, "{broken} of {} things looked at FAIL", self.findings.len());
        Ok(())
    }
}

/// Looks at everything. `config`: the settings, or what is wrong with them. `secrets`: the files of settings that hold
/// passwords.
pub(super) async fn run(
    command: &Command,
    config: Result<Config, ConfigError>,
    secrets: &[PathBuf],
    clock: Arc<dyn Clock>,
) -> anyhow::Result<()> {
    let mut report = Report { json: command.json, findings: Vec::new(), printed: Ok(()) };
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            report.fail(
                "settings",
                error.to_string(),
                "correct this setting; nothing else could be looked at",
            );
            return report.end();
        }
    };
    match app::post(&config) {
        Ok(_) => report.ok("settings", "they can be read"),
        Err(error) => report.fail("settings", error.to_string(), "correct this setting"),
    }
    let file = backup::file_of(&config.database_url).unwrap_or_default();
    machine::secrets(&mut report, secrets);
    machine::look(&mut report, file.as_deref(), clock.as_ref());
    let running = reach::server(&mut report, &config, file.as_deref());
    reach::base_url(&mut report, &config, running).await;
    let db = database(&mut report, &config, file.as_deref(), running).await;
    if let Some(db) = &db {
        reach::worker(&mut report, db, running, clock.now()).await;
        reach::encryption(&mut report, &config, db).await;
        machine::clock(&mut report, db, clock.as_ref()).await;
        delivery::look(&mut report, &config, db, clock.as_ref()).await;
        db.close().await;
    }
    delivery::backups(&mut report, &config, file.is_some(), clock.now());
    report.end()
}

/// The database, open, when it is one that this program can ask.
async fn database(report: &mut Report, config: &Config, file: Option<&Path>, running: bool) -> Option<Db> {
    const ABOUT: &str = "database";
    if let Some(owner) = file.and_then(owner::other_owner) {
        report.fail(
            ABOUT,
            format!("it belongs to {owner}; root would leave files beside it that {owner} cannot open"),
            format!("run this as that user: sudo -u {owner} maibo doctor, with the same settings"),
        );
        return None;
    }
    if let Some(file) = file.filter(|file| matches!(file.try_exists(), Ok(false))) {
        if running {
            report.fail(
                ABOUT,
                format!("a server answers, but there is no file {}", file.display()),
                "give this command the server's own settings; or, if somebody deleted the file, stop the server and restore a backup",
            );
            return None;
        }
        report.warn(
            ABOUT,
            format!("there is none yet at {}", file.display()),
            "start the server, which makes it, or correct MAIBO_DATA or MAIBO_DATABASE_URL",
        );
        return None;
    }
    match condition::schema(&config.database_url).await {
        Ok(Schema::Current) => {}
        Ok(Schema::Empty) => {
            report.warn(ABOUT, "it is empty", "start the server, which makes its tables");
            return None;
        }
        Ok(Schema::Older(version)) => {
            report.warn(
                ABOUT,
                format!("it is at migration {version}; this program knows newer ones"),
                "back up, then start the server of this version, which brings it up to date",
            );
            return None;
        }
        Err(error) => {
            report.fail(ABOUT, error.to_string(), advice(&error));
            return None;
        }
    }
    machine::integrity(report, config).await;
    match Db::open(&config.database_url, Role::Command).await {
        Ok(db) => {
            machine::size(report, config, &db).await;
            Some(db)
        }
        Err(error) => {
            report.fail(ABOUT, error.to_string(), advice(&error));
            None
        }
    }
}

/// What to do about a database that cannot be used.
const fn advise(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Damaged => "stop the server, and restore the newest backup that is sound",
        Trouble::Forbidden => {
            "run this as the user that the server runs as, and let that user read and write it"
        }
        Trouble::Full => "make room on the disk of the database",
        Trouble::Locked => "end the program that has it locked, or wait until it is done",
        Trouble::Unreachable => {
            "see that PostgreSQL runs and can be reached from here; correct host, port and sslmode in MAIBO_DATABASE_URL"
        }
        Trouble::SignIn => "correct user and password in MAIBO_DATABASE_URL, or the server's pg_hba.conf",
        Trouble::Absent => "make the database, or correct its name in MAIBO_DATABASE_URL",
        Trouble::Newer => "install the version that the server has, or a newer one",
        Trouble::Foreign => "correct MAIBO_DATA or MAIBO_DATABASE_URL: this is somebody else's",
        Trouble::Url => "correct MAIBO_DATABASE_URL",
        Trouble::Other => "see the server's log, and the database's own",
    }
}

fn advice(error: &StoreError) -> &'static str {
    advise(trouble(error))
}
