//! Deletes old history in the background, in slices with pauses, so that pings do not notice.
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::core::Span;
use crate::store::history::{self, Kind, Limits};
use crate::store::{Db, StoreError};

/// How often the whole history is gone through, by one server of all.
const EVERY: Span = Span::minutes(10);
/// How often a server asks whether it is time.
const ASK: Duration = Duration::from_mins(1);
/// After a slice in which nothing had to go, and at least after one in which something did.
const PAUSE: Duration = Duration::from_millis(5);
const PAUSE_AFTER_WRITING: Duration = Duration::from_millis(50);
/// How much longer than a slice took it rests after it: the database is others' for most of the time.
const REST: u32 = 4;

/// How much history is kept of each check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub count: i64,
    pub age: Span,
}

/// Goes through the history now and then, until `stop`.
pub async fn run(db: Db, clock: Arc<dyn Clock>, kept: Kept, stop: CancellationToken) {
    let work = async {
        loop {
            if let Err(error) = pass(&db, clock.as_ref(), kept).await {
                tracing::warn!(%error, "old history could not be deleted; trying again later");
            }
            tokio::time::sleep(ASK).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

async fn pass(db: &Db, clock: &dyn Clock, kept: Kept) -> Result<(), StoreError> {
    let now = clock.now();
    if !history::begin(db, now, EVERY).await? {
        return Ok(());
    }
    let limits = Limits { count: kept.count, oldest: now - kept.age };
    let pings = go_through(db, Kind::Pings, limits).await?;
    let flips = go_through(db, Kind::Flips, limits).await?;
    let messages = history::forget_messages(db, limits.oldest).await?;
    if pings + flips + messages > 0 {
        tracing::info!(pings, flips, messages, "old history deleted");
    }
    Ok(())
}

/// Slice after slice to the end; gives the number of rows that went.
async fn go_through(db: &Db, kind: Kind, limits: Limits) -> Result<u64, StoreError> {
    let mut gone = 0;
    let mut after = 0;
    loop {
        let begun = Instant::now();
        let done = history::prune(db, kind, after, limits).await?;
        let took = begun.elapsed();
        gone += done.gone;
        let Some(next) = done.next else { return Ok(gone) };
        after = next;
        let pause = if done.gone > 0 { PAUSE_AFTER_WRITING } else { PAUSE };
        tokio::time::sleep(pause.max(took * REST)).await;
    }
}
