//! Load: wrk on connections that stay open, and a generator of our own for a new connection per ping.
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::task::JoinSet;

use crate::http::{exchange, request};
use crate::report::{Spread, float};

/// wrk's script. It goes beside the list of paths, where wrk can read both.
const SCRIPT: &str = include_str!("wrk.lua");
/// Most connections of one run of our own generator: each leaves a port behind that rests for a minute.
const MOST_CONNECTIONS: usize = 60_000;

/// What load brought to light.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Answers with a status below 400 (wrk) or of 2xx (our own).
    pub(crate) answered: i64,
    /// Other answers.
    pub(crate) refused: i64,
    /// Requests without an answer: no connection, a broken one, or a wait of more than two seconds (wrk).
    pub(crate) broken: i64,
    pub(crate) seconds: f64,
    /// Milliseconds from the request (keep-alive) or from connecting (close) to the whole answer.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Load {
    pub(crate) fn rate(&self) -> f64 {
        float(self.answered) / self.seconds
    }
}

#[derive(serde::Deserialize)]
struct Said {
    answers: i64,
    micros: i64,
    refused: i64,
    broken: i64,
    p50: i64,
    p99: i64,
}

/// Requests over `connections` that stay open, as fast as answers come, over the paths that the file `paths`
/// lists.
pub(crate) async fn keep_alive(
    addr: SocketAddr,
    paths: &Path,
    connections: u32,
    seconds: u64,
) -> anyhow::Result<Load> {
    let script = paths.with_file_name("wrk.lua");
    fs::write(&script, SCRIPT)?;
    let threads = connections.min(2);
    let mut command = Command::new("wrk");
    command
        .arg(format!("-t{threads}"))
        .arg(format!("-c{connections}"))
        .arg(format!("-d{seconds}s"))
        .arg("--latency")
        .arg("-s")
        .arg(&script)
        .arg(format!("http://{addr}"))
        .arg("--")
        .arg(paths);
    // It ends by itself, also when nobody waits for it any more.
    let output = tokio::task::spawn_blocking(move || command.output()).await?;
    let output = output.context("cannot start wrk, which Debian's package of that name has")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("RESULT ")).with_context(|| {
        format!("wrk measured nothing: {text}{}", String::from_utf8_lossy(&output.stderr))
    })?;
    let said: Said = serde_json::from_str(line)?;
    Ok(Load {
        answered: said.answers - said.refused,
        refused: said.refused,
        broken: said.broken,
        seconds: float(said.micros) / 1e6,
        p50: float(said.p50) / 1e3,
        p99: float(said.p99) / 1e3,
    })
}

/// What a generator is to send.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) requests: Arc<Vec<Vec<u8>>>,
    pub(crate) senders: usize,
    /// Ends after this many requests, or after this time.
    pub(crate) most: usize,
    pub(crate) time: Duration,
}

/// Requests that each have a connection of their own, from `connections` senders at once.
pub(crate) async fn close(
    addr: SocketAddr,
    paths: &Path,
    connections: u32,
    seconds: u64,
) -> anyhow::Result<Load> {
    let paths = fs::read_to_string(paths)?;
    let requests = paths.lines().map(|path| request("GET", path, &[], b"")).collect();
    run(
        addr,
        Plan {
            requests: Arc::new(requests),
            senders: usize::try_from(connections)?,
            most: MOST_CONNECTIONS,
            time: Duration::from_secs(seconds),
        },
    )
    .await
}

#[derive(Default)]
struct Tally {
    millis: Vec<f64>,
    refused: i64,
    broken: i64,
}

/// Carries a plan out, on a thread of its own.
pub(crate) async fn run(addr: SocketAddr, plan: Plan) -> anyhow::Result<Load> {
    ensure!(!plan.requests.is_empty(), "nothing to send");
    let work = move || -> anyhow::Result<(Tally, f64)> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let begun = Instant::now();
        let tally = runtime.block_on(send_all(addr, &plan));
        Ok((tally, begun.elapsed().as_secs_f64()))
    };
    let (tally, seconds) = tokio::task::spawn_blocking(work).await??;
    let answered = i64::try_from(tally.millis.len())?;
    let millis: Spread = tally.millis.into_iter().collect();
    Ok(Load {
        answered,
        refused: tally.refused,
        broken: tally.broken,
        seconds,
        p50: millis.median(),
        p99: millis.quantile(0.99),
    })
}

async fn send_all(addr: SocketAddr, plan: &Plan) -> Tally {
    let next = Arc::new(AtomicUsize::new(0));
    let end = Instant::now() + plan.time;
    let mut senders = JoinSet::new();
    for _ in 0..plan.senders {
        let (next, plan) = (Arc::clone(&next), plan.clone());
        senders.spawn(async move {
            let mut tally = Tally::default();
            let mut answer = Vec::new();
            while Instant::now() < end {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= plan.most {
                    break;
                }
                let begun = Instant::now();
                let sent = exchange(addr, &plan.requests[number % plan.requests.len()], &mut answer).await;
                match sent {
                    Ok(()) if answer.starts_with(b"HTTP/1.1 2") => {
                        tally.millis.push(begun.elapsed().as_secs_f64() * 1e3);
                    }
                    Ok(()) if !answer.is_empty() => tally.refused += 1,
                    _ => tally.broken += 1,
                }
            }
            tally
        });
    }
    let mut all = Tally::default();
    while let Some(done) = senders.join_next().await {
        // A sender has nothing to panic about; if one does, its share is missing and the counts tell.
        let Ok(tally) = done else { continue };
        all.millis.extend(tally.millis);
        all.refused += tally.refused;
        all.broken += tally.broken;
    }
    all
}
