//! `maibo channel`: where alerts go.
use clap::Subcommand;
use serde_json::json;

use super::{Cx, name, print, say};
use crate::app;
use crate::i18n::Lang;
use crate::notify::outcome::Sent;
use crate::notify::{self, DRIVERS, Settings, load};
use crate::store::{channels, consents, projects};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a channel; prints its id
    Create {
        #[arg(long, default_value = projects::DEFAULT)]
        project: String,
        /// email, wecom or webhook
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
    /// Send a test message, one try; says what the other side answered
    Test { id: String },
}

async fn list(cx: &Cx, project: &str, as_json: bool) -> anyhow::Result<()> {
    let project = cx.project(project).await?;
    let all = channels::list(&cx.db, project.id).await?;
    if as_json {
        let rows = all.iter().map(|channel| {
            json!({
                "id": channel.uuid, "kind": channel.kind, "name": channel.name, "broken": channel.broken,
                "consent": channel.consent().map(consents::State::as_str),
            })
        });
        return print(&json!(rows.collect::<Vec<_>>()).to_string());
    }
    for channel in all {
        print(&format!("{}  {:<8}  {}", channel.uuid, channel.kind, channel.name))?;
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
        Command::Test { id } => {
            let channel = channels::by_uuid(&cx.db, id.trim())
                .await?
                .ok_or_else(|| anyhow::anyhow!("there is no channel with the id {id}"))?;
            let project = projects::by_id(&cx.db, channel.project_id).await?;
            let project = project.map(|project| project.name).unwrap_or_default();
            let alert = load::test(&channel, &project, &post.links, cx.clock.now());
            match post.send(&channel, &alert, cx.clock.now()).await {
                Ok(Some(Sent(said))) => say(&format!("Sent; the other side answered: {said}")),
                Ok(None) => anyhow::bail!("this channel has nothing to send"),
                Err(error) => anyhow::bail!("not sent: {error}"),
            }
        }
    }
    Ok(())
}
