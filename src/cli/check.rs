//! `maibo check`: checks.
use std::collections::BTreeSet;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Serialize;
use uuid::Uuid;

use super::schedule::ScheduleArgs;
use super::{Cx, conflict, name, print, say};
use crate::core::check::{Early, Event};
use crate::core::ping::parse_run_id;
use crate::core::{alias, slug, span};
use crate::healthchecks::{self, ApiCheck, View};
use crate::links::Links;
use crate::rng;
use crate::store::addresses::{self, Addresses};
use crate::store::checks::{self, Channels, Check, Settings};
use crate::store::listed::Listed;
use crate::store::{StoreError, channels, check_lists, projects, write_tx};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a check; prints its ping URL
    Create(Box<Create>),
    /// Show the checks of a project
    List {
        #[arg(long, default_value = projects::DEFAULT)]
        project: String,
        #[arg(long)]
        json: bool,
    },
    /// Stop expecting pings
    Pause(Which),
    /// Expect pings again, from the next one on
    Resume(Which),
    /// Delete a check and its history
    Delete(Which),
    /// Set the token that a check's old ping URL at another product has, so that the URL works here
    Alias(Alias),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[arg(long, default_value = projects::DEFAULT)]
    project: String,
    #[arg(long)]
    name: String,
    /// Short name for ping URLs: lower-case letters, digits, - and _
    #[arg(long)]
    slug: Option<String>,
    /// Keep an existing UUID when moving in from another server
    #[arg(long)]
    uuid: Option<String>,
    /// Keep the token of a ping URL of another product: its last part, or `<project's key>/<job's name>`
    #[arg(long, value_name = "TOKEN")]
    alias: Option<String>,
    #[command(flatten)]
    schedule: ScheduleArgs,
    /// How long after the due time before it is down [default: 1h, or a fifth of a shorter period]
    #[arg(long)]
    grace: Option<String>,
    /// Channel to notify: name, id, or * for all; may be repeated
    #[arg(long = "channel")]
    channels: Vec<String>,
    /// A word to find it by; may be repeated
    #[arg(long = "tag")]
    tags: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Alias {
    #[command(flatten)]
    which: Which,
    /// The last part of the old URL, or `<project's key>/<job's name>` where it has both
    #[arg(required_unless_present = "none", conflicts_with = "none")]
    token: Option<String>,
    /// Take the alias away
    #[arg(long)]
    none: bool,
}

/// A check by UUID, slug or name.
#[derive(Debug, Args)]
pub(super) struct Which {
    check: String,
    #[arg(long, default_value = projects::DEFAULT)]
    project: String,
}

pub(super) async fn run(cx: &Cx, command: Command) -> anyhow::Result<()> {
    let now = cx.clock.now();
    match command {
        Command::Create(create) => make(cx, &create).await,
        Command::List { project, json } => list(cx, &project, json).await,
        Command::Pause(which) => {
            let check = find(cx, &which).await?;
            checks::apply(&cx.db, check.id, Event::Pause, now).await?;
            say("Paused.");
            Ok(())
        }
        Command::Resume(which) => {
            let check = find(cx, &which).await?;
            checks::apply(&cx.db, check.id, Event::Resume, now).await?;
            say("Resumed; it waits for its next ping.");
            Ok(())
        }
        Command::Delete(which) => {
            let check = find(cx, &which).await?;
            checks::delete(&cx.db, check.id).await?;
            say("Deleted.");
            Ok(())
        }
        Command::Alias(alias) => set_alias(cx, &alias).await,
    }
}

async fn make(cx: &Cx, create: &Create) -> anyhow::Result<()> {
    let now = cx.clock.now();
    let project = cx.project(&create.project).await?;
    let (spec, _) = create.schedule.read(now)?;
    let grace = match &create.grace {
        Some(text) => span::parse(text).map_err(|error| anyhow::anyhow!("--grace: {error}"))?,
        None => spec.usual_grace(),
    };
    let slug = create.slug.clone().unwrap_or_else(|| slug::from_name(&create.name));
    anyhow::ensure!(
        slug::is_valid(&slug),
        "--slug {slug}: expected at most 100 lower-case letters, digits, - and _"
    );
    let uuid = match &create.uuid {
        // Badges and API readers know a check by the first half of its UUID, which is random in version 4 only.
        Some(text) => parse_run_id(text)
            .filter(|uuid| uuid.get_version_num() == 4)
            .ok_or_else(|| anyhow::anyhow!("--uuid {text}: not a UUID of version 4"))?,
        None => rng::uuid(),
    };
    let mut seen = BTreeSet::new();
    let tags = create.tags.iter().flat_map(|tag| tag.split_whitespace());
    let tags: Vec<&str> = tags.filter(|tag| seen.insert(*tag)).collect();
    let settings = Settings {
        slug,
        tags: tags.join(" "),
        spec,
        grace,
        early: Early::Auto,
        ..Settings::named(&name(&create.name)?)
    };
    let notify = find_channels(cx, project.id, &create.channels).await?;
    if let Some(token) = &create.alias {
        usable(cx, token, uuid).await.context("--alias")?;
    }
    insert(cx, project.id, uuid, &settings, &notify, create.alias.as_deref())
        .await
        .map_err(|error| conflict(error, "there is already a check with this UUID or alias"))?;
    if notify == Channels::These(Vec::new()) {
        say("It notifies nobody: with --channel '*' it would notify every channel of the project.");
    }
    print(&Links::new(&cx.config.base_url).ping(&uuid.to_string()))?;
    Ok(())
}

/// Makes a check, with its alias or not at all.
async fn insert(
    cx: &Cx,
    project_id: i64,
    uuid: Uuid,
    settings: &Settings,
    notify: &Channels,
    alias: Option<&str>,
) -> Result<(), StoreError> {
    write_tx!(cx.db, |tx| {
        let id = checks::insert_in(tx, project_id, uuid, settings, notify, cx.clock.now()).await?;
        if alias.is_some() {
            addresses::set_alias_in(tx, id, alias).await?;
        }
    });
    Ok(())
}

async fn set_alias(cx: &Cx, wanted: &Alias) -> anyhow::Result<()> {
    let check = find(cx, &wanted.which).await?;
    if let Some(token) = &wanted.token {
        usable(cx, token, check.uuid()).await?;
    }
    addresses::set_alias(&cx.db, check.id, wanted.token.as_deref())
        .await
        .map_err(|error| conflict(error, "another check has this alias"))?;
    say(if wanted.token.is_some() { "Set." } else { "Taken away." });
    Ok(())
}

/// Refuses what cannot be the alias of the check with this UUID.
async fn usable(cx: &Cx, token: &str, uuid: Uuid) -> anyhow::Result<()> {
    anyhow::ensure!(alias::is_valid(token), "{token}: expected {}", alias::EXPECTED);
    let owner = match addresses::by_alias(&cx.db, token).await? {
        Some(owner) => Some(owner),
        // A ping to it would no longer reach that check everywhere.
        None => match parse_run_id(token) {
            Some(other) => checks::by_uuid(&cx.db, other).await?.map(|check| check.uuid()),
            None => None,
        },
    };
    if let Some(owner) = owner.filter(|owner| *owner != uuid) {
        anyhow::bail!("{token}: it leads to the check {owner} already");
    }
    Ok(())
}

async fn find_channels(cx: &Cx, project_id: i64, wanted: &[String]) -> anyhow::Result<Channels> {
    if wanted.iter().any(|channel| channel == "*") {
        return Ok(Channels::All);
    }
    let known = channels::list(&cx.db, project_id).await?;
    let mut ids = Vec::new();
    for text in wanted {
        let fitting: Vec<_> =
            known.iter().filter(|channel| channel.uuid == *text || channel.name == *text).collect();
        match fitting.as_slice() {
            [channel] => ids.push(channel.id),
            [] => anyhow::bail!("--channel: there is no channel `{text}` in this project"),
            _ => anyhow::bail!("--channel: {} channels are called `{text}`; give the id", fitting.len()),
        }
    }
    Ok(Channels::These(ids))
}

/// A check as version 3 of the API shows it, with the addresses that it does not know.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    check: ApiCheck<'a>,
    short: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
}

async fn list(cx: &Cx, project: &str, as_json: bool) -> anyhow::Result<()> {
    let project = cx.project(project).await?;
    let now = cx.clock.now();
    let links = Links::new(&cx.config.base_url);
    let all = check_lists::list_all(&cx.db, project.id).await?;
    if as_json {
        let channels = check_lists::channel_uuids(&cx.db, project.id).await?;
        let addresses = addresses::of_project(&cx.db, project.id).await?;
        let mut rows = Vec::new();
        let listed: Vec<Listed> = all.iter().map(Check::listed).collect();
        for check in &listed {
            let channels = channels.get(&check.id()).map_or("", String::as_str);
            let (short, alias) = match addresses.get(&check.id()) {
                Some(Addresses { short, alias }) => (short.as_str(), alias.as_deref()),
                None => ("", None),
            };
            let check = healthchecks::check(check, channels, &links, 3, View::Full, now);
            rows.push(Row { check, short, alias });
        }
        print(&serde_json::to_string(&rows)?)?;
        return Ok(());
    }
    for check in &all {
        let status = check.state().shown(now).as_str();
        // A terminal obeys what a name may hold.
        let name = check.name.replace(char::is_control, "\u{fffd}");
        print(&format!("{status:<6}  {}  {name}", check.code()))?;
    }
    Ok(())
}

async fn find(cx: &Cx, which: &Which) -> anyhow::Result<Check> {
    if let Some(uuid) = parse_run_id(&which.check) {
        return by_uuid(cx, uuid).await;
    }
    let project = cx.project(&which.project).await?;
    let all = check_lists::list_all(&cx.db, project.id).await?;
    let mut fitting: Vec<Check> =
        all.into_iter().filter(|check| check.slug == which.check || check.name == which.check).collect();
    match (fitting.pop(), fitting.len()) {
        (Some(check), 0) => Ok(check),
        (None, _) => anyhow::bail!("there is no check `{}` in the project {}", which.check, project.name),
        (Some(_), more) => anyhow::bail!("{} checks are called `{}`; give the UUID", more + 1, which.check),
    }
}

async fn by_uuid(cx: &Cx, uuid: Uuid) -> anyhow::Result<Check> {
    checks::by_uuid(&cx.db, uuid).await?.ok_or_else(|| anyhow::anyhow!("there is no check {uuid}"))
}
