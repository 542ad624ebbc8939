//! `maibo key`: keys for the APIs and for ping URLs.
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::{Cx, conflict, print, say};
use crate::auth::secret::{self, API_KEY_LEN, PING_KEY_LEN, PING_KEY_MAX};
use crate::core::slug;
use crate::rng;
use crate::store::keys::{self, Scope};
use crate::store::projects::{self, Project};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Wanted {
    ReadWrite,
    ReadOnly,
    Ping,
    Metrics,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a key; prints it. API keys are shown this once; a new ping key replaces the old one
    Create {
        #[arg(long, default_value = projects::DEFAULT)]
        project: String,
        #[arg(long, value_enum)]
        scope: Wanted,
        /// Keep an existing key when moving in from another server
        #[arg(long)]
        value: Option<String>,
    },
    /// Show the API keys of a project: number, scope, how they begin, and when they were last used
    List {
        #[arg(long, default_value = projects::DEFAULT)]
        project: String,
        #[arg(long)]
        json: bool,
    },
    /// Make an API key worthless
    Revoke {
        #[arg(long, default_value = projects::DEFAULT)]
        project: String,
        /// Its number, as `key list` shows it
        id: i64,
    },
}

pub(super) async fn run(cx: &Cx, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create { project, scope, value } => create(cx, &project, scope, value).await,
        Command::List { project, json } => list(cx, &project, json).await,
        Command::Revoke { project, id } => {
            let project = cx.project(&project).await?;
            let gone = keys::revoke(&cx.db, project.id, id).await?;
            anyhow::ensure!(gone, "this project has no key {id}; `maibo key list` shows them");
            say("Revoked.");
            Ok(())
        }
    }
}

async fn list(cx: &Cx, project: &str, as_json: bool) -> anyhow::Result<()> {
    let project = cx.project(project).await?;
    let all = keys::list(&cx.db, project.id).await?;
    if as_json {
        let rows = all.iter().map(|key| {
            json!({"id": key.id, "scope": key.scope.as_str(), "hint": key.hint, "created_at": key.created_at,
                "used_at": key.used_at})
        });
        return print(&json!(rows.collect::<Vec<_>>()).to_string());
    }
    for key in all {
        let used = key.used_at.map_or_else(|| "never used".to_owned(), |at| format!("last used {at}"));
        print(&format!("{:<4}  {:<10}  {}  {used}", key.id, key.scope.as_str(), key.hint))?;
    }
    Ok(())
}

async fn create(cx: &Cx, project: &str, scope: Wanted, value: Option<String>) -> anyhow::Result<()> {
    let scope = match scope {
        Wanted::Ping => return ping_key(cx, &cx.project(project).await?, value).await,
        Wanted::ReadWrite => Scope::ReadWrite,
        Wanted::ReadOnly => Scope::ReadOnly,
        Wanted::Metrics => Scope::Metrics,
    };
    let key = match value {
        Some(key) => {
            let usable = key.len() == API_KEY_LEN && slug::could_be(&key);
            anyhow::ensure!(usable, "an API key has {API_KEY_LEN} characters: letters, digits, - and _");
            key
        }
        None => secret::api_key(scope),
    };
    let owner = match scope {
        Scope::Metrics => None,
        _ => Some(cx.project(project).await?.id),
    };
    keys::insert(&cx.db, owner, scope, &secret::digest(&key), &secret::hint(&key), cx.clock.now())
        .await
        .map_err(|error| conflict(error, "this key exists already"))?;
    print(&key)?;
    Ok(())
}

async fn ping_key(cx: &Cx, project: &Project, value: Option<String>) -> anyhow::Result<()> {
    let key = match value {
        Some(key) => {
            let usable = secret::is_ping_key(&key);
            anyhow::ensure!(
                usable,
                "a ping key has {PING_KEY_LEN} to {PING_KEY_MAX} characters: letters, digits, - and _"
            );
            key
        }
        None => rng::token(PING_KEY_LEN),
    };
    projects::set_ping_key(&cx.db, project.id, &key)
        .await
        .map_err(|error| conflict(error, "another project has this ping key"))?;
    if let Some(old) = project.ping_key.as_ref().filter(|old| **old != key) {
        say(&format!("It replaces {old}: jobs that ping with that one get an error from now on."));
    }
    print(&key)?;
    Ok(())
}
