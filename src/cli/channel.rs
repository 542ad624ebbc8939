//! `maibo channel`: where alerts go.
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::{Cx, name, print, say};
use crate::app;
use crate::core::text::one_line;
use crate::i18n::Lang;
use crate::notify::outcome::Sent;
use crate::notify::trial::{self, Trial};
use crate::notify::{self, DRIVERS, Settings, canary, members};
use crate::store::channels::{self, Channel, GROUP};
use crate::store::{canaries, consents, projects};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a channel; prints its id
    Create {
        #[arg(long, default_value = projects::DEFAULT)]
        project: String,
        /// `email`, `wecom`, `dingtalk`, `webhook` …: docs/channels.md lists all with their fields
        #[arg(long)]
        kind: String,
        #[arg(long)]
        name: String,
        /// A field of this kind; may be repeated
        #[arg(long = "set", value_name = "FIELD=VALUE")]
        set: Vec<String>,
        /// Language of the messages: en or zh-CN
        #[arg(long, default_value = "en")]
        language: String,
    },
    /// Show the channels of a project
    List {
        #[arg(long, default_value = projects::DEFAULT)]
        project: String,
        #[arg(long)]
        json: bool,
    },
    /// Change what happens besides sending
    Set {
        id: String,
        /// The channel that gets what this one could not deliver: its id, or none
        #[arg(long)]
        fallback: Option<String>,
        /// Whether it is tried once a week, to see that it works
        #[arg(long)]
        canary: Option<Canary>,
    },
    /// Send a test message, one try; says what the other side answered
    Test { id: String },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Canary {
    Off,
    Weekly,
}

async fn found(cx: &Cx, id: &str) -> anyhow::Result<Channel> {
    let channel = channels::by_uuid(&cx.db, id.trim()).await?;
    channel.ok_or_else(|| anyhow::anyhow!("there is no channel with the id {id}"))
}

async fn set(cx: &Cx, id: &str, fallback: Option<&str>, canary: Option<Canary>) -> anyhow::Result<()> {
    let channel = found(cx, id).await?;
    anyhow::ensure!(
        channel.kind != GROUP || !matches!(canary, Some(Canary::Weekly)),
        "{} is a group, which has no messages of its own: set the canary of each of its members",
        channel.name
    );
    match fallback {
        None => {}
        Some("none") => drop(channels::set_fallback(&cx.db, channel.id, None).await?),
        Some(other) => {
            let other = found(cx, other).await?;
            anyhow::ensure!(
                channels::set_fallback(&cx.db, channel.id, Some(other.id)).await?,
                "{} cannot be the fallback: expected another channel of the same project that is no group",
                other.name
            );
        }
    }
    match canary {
        None => {}
        Some(Canary::Off) => canaries::set(&cx.db, channel.id, None).await?,
        Some(Canary::Weekly) if channel.canary_at().is_some() => {}
        Some(Canary::Weekly) => {
            let next = canary::next(&channel.uuid, cx.clock.now());
            canaries::set(&cx.db, channel.id, Some(next)).await?;
        }
    }
    Ok(())
}

async fn list(cx: &Cx, project: &str, as_json: bool) -> anyhow::Result<()> {
    let project = cx.project(project).await?;
    let all = channels::list(&cx.db, project.id).await?;
    let fallback = |channel: &Channel| all.iter().find(|other| Some(other.id) == channel.fallback_id);
    if as_json {
        let rows = all.iter().map(|channel| {
            json!({
                "id": channel.uuid, "kind": channel.kind, "name": channel.name, "broken": channel.broken,
                "consent": channel.consent().map(consents::State::as_str),
                "fallback": fallback(channel).map(|other| &other.uuid),
                "canary": if channel.canary_at().is_some() { "weekly" } else { "off" },
            })
        });
        return print(&json!(rows.collect::<Vec<_>>()).to_string());
    }
    for channel in &all {
        let fallback = fallback(channel).map(|other| format!("  (fallback: {})", other.name));
        let canary = if channel.canary_at().is_some() { "  (tried weekly)" } else { "" };
        let broken = Some(&channel.broken).filter(|why| !why.is_empty());
        let broken = broken.map(|why| format!("  BROKEN: {}", one_line(why)));
        print(&format!(
            "{}  {:<8}  {}{}{canary}{}",
            channel.uuid,
            channel.kind,
            channel.name,
            fallback.unwrap_or_default(),
            broken.unwrap_or_default()
        ))?;
    }
    Ok(())
}

pub(super) async fn run(cx: &Cx, command: Command) -> anyhow::Result<()> {
    let post = app::post(&cx.config)?;
    match command {
        Command::List { project, json } => list(cx, &project, json).await?,
        Command::Create { project, kind, name: wanted, set, language } => {
            let project = cx.project(&project).await?;
            let driver = notify::driver(&kind).ok_or_else(|| {
                let known: Vec<_> = DRIVERS.iter().map(|driver| driver.kind).collect();
                anyhow::anyhow!("there is no channel kind `{kind}`, expected one of {}", known.join(", "))
            })?;
            let lang = Lang::named(&language)
                .ok_or_else(|| anyhow::anyhow!("there is no language `{language}`, expected en or zh-CN"))?;
            let mut given = Settings::new();
            for pair in &set {
                let (field, value) = pair
                    .split_once('=')
                    .ok_or_else(|| anyhow::anyhow!("--set {pair}: expected field=value"))?;
                given.insert(field.trim().to_owned(), value.to_owned());
            }
            let settings = notify::accept(driver, &given, &post.outbound).await?;
            let settings = members::resolve(&cx.db, project.id, driver, settings).await??;
            let channel = channels::create(
                &cx.db,
                project.id,
                &channels::New {
                    kind: driver.kind,
                    name: &name(&wanted)?,
                    settings: &settings,
                    language: lang.code(),
                    // The operator knows whose addresses these are.
                    asks: false,
                },
                false,
                cx.clock.now(),
            )
            .await?;
            print(&channel.uuid)?;
        }
        Command::Set { id, fallback, canary } => set(cx, &id, fallback.as_deref(), canary).await?,
        Command::Test { id } => {
            let channel = found(cx, &id).await?;
            let project = projects::by_id(&cx.db, channel.project_id).await?;
            let project = project.map(|project| project.name).unwrap_or_default();
            let one = channel.kind != GROUP;
            let trials = trial::run(&cx.db, &post, &cx.clock, channel, &project).await?;
            let mut failed = Vec::new();
            for Trial { channel, outcome } in trials {
                let whose = if one { String::new() } else { format!("{}: ", channel.name) };
                match outcome {
                    Ok(Some(Sent(said))) => say(&format!("{whose}Sent; the other side answered: {said}")),
                    Ok(None) => failed.push(format!("{whose}this channel has nothing to send")),
                    Err(error) => failed.push(format!("{whose}not sent: {error}")),
                }
            }
            anyhow::ensure!(failed.is_empty(), failed.join("\n"));
        }
    }
    Ok(())
}
