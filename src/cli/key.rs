//! `maibo key`: keys for the APIs and for ping URLs.
use clap::{Subcommand, ValueEnum};

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
}

pub(super) async fn run(cx: &Cx, command: Command) -> anyhow::Result<()> {
    let Command::Create { project, scope, value } = command;
    let scope = match scope {
        Wanted::Ping => return ping_key(cx, &cx.project(&project).await?, value).await,
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
        _ => Some(cx.project(&project).await?.id),
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
