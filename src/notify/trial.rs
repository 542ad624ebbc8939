//! Test messages: one try each, with the plain answer of the other side.
use std::sync::Arc;

use tokio::task::JoinSet;

use super::driver;
use super::load;
use super::outcome::{SendError, Sent};
use super::post::Post;
use super::recipient::recipient;
use crate::clock::Clock;
use crate::core::Span;
use crate::store::attempts::Fate;
use crate::store::channels::{self, Channel, GROUP};
use crate::store::{Db, StoreError, delivery, paced};

/// What became of a test of one channel.
#[derive(Debug)]
pub struct Trial {
    pub channel: Channel,
    /// `None`: it is told about no side.
    pub outcome: Result<Option<Sent>, SendError>,
}

impl Trial {
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self.outcome, Ok(Some(_)))
    }
}

/// Tries a channel, or each member of a group at the same time. It is noted in their logs, and one that works loses the
/// mark that it does not.
pub async fn run(
    db: &Db,
    post: &Post,
    clock: &Arc<dyn Clock>,
    channel: Channel,
    project: &str,
) -> Result<Vec<Trial>, StoreError> {
    let tried = if channel.kind == GROUP { channels::members(db, channel.id).await? } else { vec![channel] };
    let order: Vec<i64> = tried.iter().map(|channel| channel.id).collect();
    let mut running = JoinSet::new();
    for channel in tried {
        // Whoever counts messages counts this one too.
        if let Some(driver) = driver(&channel.kind).filter(|driver| driver.per_minute.is_some()) {
            paced::count(db, &recipient(driver, &channel.settings()), clock.now()).await?;
        }
        let (post, clock, alert) =
            (post.clone(), Arc::clone(clock), load::test(&channel, project, &post.links, clock.now()));
        running.spawn(async move {
            let at = clock.now();
            let outcome = post.send(&channel, &alert, at).await;
            (Trial { channel, outcome }, at, (clock.now() - at).max(Span::zero()))
        });
    }
    let mut trials = Vec::new();
    while let Some(done) = running.join_next().await {
        // Nobody cancels them, and none panics.
        let Ok((trial, at, took)) = done else { continue };
        let noted = match &trial.outcome {
            Ok(Some(Sent(said))) => Some((Fate::Sent, said.clone())),
            Ok(None) => None,
            Err(error) => Some((Fate::Dead, error.to_string())),
        };
        if let Some((fate, detail)) = noted {
            delivery::note_test(db, trial.channel.id, at, took, fate, &detail).await?;
        }
        if trial.is_good() {
            // It works again, whatever was wrong with it.
            channels::mend(db, trial.channel.id).await?;
        }
        trials.push(trial);
    }
    trials.sort_by_key(|trial| order.iter().position(|id| *id == trial.channel.id));
    Ok(trials)
}
