//! `maibo check`: checks.
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::schedule::ScheduleArgs;
use super::{Cx, conflict, name, print, say};
use crate::core::check::{Early, Event};
use crate::core::ping::parse_run_id;
use crate::core::{slug, span};
use crate::healthchecks;
use crate::links::Links;
use crate::rng;
use crate::store::checks::{self, Channels, Check, Settings};
use crate::store::{channels, check_lists, projects};

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
    let mut tags: Vec<&str> = create.tags.iter().flat_map(|tag| tag.split_whitespace()).collect();
    tags.dedup();
    let settings = Settings {
        slug,
        tags: tags.join(" "),
        spec,
        grace,
        early: Early::Auto,
        ..Settings::named(&name(&create.name)?)
    };
    let notify = find_channels(cx, project.id, &create.channels).await?;
    checks::insert(&cx.db, project.id, uuid, &settings, &notify, now)
        .await
        .map_err(|error| conflict(error, "there is already a check with this UUID"))?;
    print(&Links::new(&cx.config.base_url).ping(&uuid.to_string()))?;
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

async fn list(cx: &Cx, project: &str, as_json: bool) -> anyhow::Result<()> {
    let project = cx.project(project).await?;
    let now = cx.clock.now();
    let links = Links::new(&cx.config.base_url);
    let all = check_lists::list_all(&cx.db, project.id).await?;
    if as_json {
        let channels = check_lists::channel_uuids(&cx.db, project.id).await?;
        let row = |check: &Check| {
            let channels = channels.get(&check.id).map_or("", String::as_str);
            healthchecks::text(check, channels, &links, now)
        };
        let rows: Vec<String> = all.iter().map(row).collect();
        print(&format!("[{}]", rows.join(",")))?;
        return Ok(());
    }
    for check in &all {
        let status = check.state().shown(now).as_str();
        print(&format!("{status:<6}  {}  {}", check.code(), check.name))?;
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
