//! `maibo doctor`: looks at everything that an installation needs, and says what to do about what is wrong.
mod delivery;
mod machine;
mod reach;

use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::print;
use crate::app;
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::store::condition::{self, Schema};
use crate::store::{Db, Role, backup};

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
            print(&format!("{word:<4}  {about}: {}{advice}", finding.what));
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
            print(&json!(all).to_string());
        }
        let broken = self.findings.iter().filter(|finding| finding.level == Level::Fail).count();
        anyhow::ensure!(broken == 0, "{broken} of {} things looked at FAIL", self.findings.len());
        Ok(())
    }
}

/// Looks at everything. `config`: the settings, or what is wrong with them.
pub(super) async fn run(
    command: &Command,
    config: Result<Config, ConfigError>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<()> {
    let mut report = Report { json: command.json, findings: Vec::new() };
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
    machine::look(&mut report, file.as_deref(), clock.as_ref());
    let ready = reach::server(&mut report, &config, file.as_deref());
    reach::base_url(&mut report, &config, ready).await;
    let db = database(&mut report, &config).await;
    if let Some(db) = &db {
        machine::clock(&mut report, db, clock.as_ref()).await;
        delivery::look(&mut report, &config, db, clock.as_ref()).await;
        db.close().await;
    }
    delivery::backups(&mut report, &config, file.is_some(), clock.now());
    report.end()
}

/// The database, open, when it is one that this program can ask.
async fn database(report: &mut Report, config: &Config) -> Option<Db> {
    const ABOUT: &str = "database";
    if let Ok(Some(file)) = backup::file_of(&config.database_url)
        && !file.exists()
    {
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
            report.fail(ABOUT, error.to_string(), "restore a backup, or correct MAIBO_DATABASE_URL");
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
            report.fail(ABOUT, error.to_string(), "make it writable for the user that the server runs as");
            None
        }
    }
}
