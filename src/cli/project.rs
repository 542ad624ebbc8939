//! `maibo project`: projects.
use clap::Subcommand;
use serde_json::json;

use super::{Cx, name, print};
use crate::store::projects;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a project; prints its id
    Create { name: String },
    /// Show all projects
    List {
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(cx: &Cx, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Create { name: wanted } => {
            let project = projects::create(&cx.db, &name(&wanted)?, cx.clock.now()).await?;
            print(&project.uuid)?;
        }
        Command::List { json: as_json } => {
            let all = projects::list(&cx.db).await?;
            if as_json {
                let rows: Vec<_> = all.iter().map(|p| json!({"id": p.uuid, "name": p.name})).collect();
                print(&json!(rows).to_string())?;
            } else {
                for project in &all {
                    print(&format!("{}  {}", project.uuid, project.name))?;
                }
            }
        }
    }
    Ok(())
}
