//! Processes that are measured: started, watched, and ended by their id whatever happens.
use std::fs::read_to_string;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::report::float;

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often a server that starts is asked.
const LOOK: Duration = Duration::from_millis(1);
/// What `/proc/<id>/stat` counts in, by Linux's interface for programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// A port of 127.0.0.1 that nobody listens on.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A server under measurement. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    pub(crate) addr: SocketAddr,
    started: Instant,
}

impl Process {
    pub(crate) fn start(command: &mut Command, addr: SocketAddr) -> anyhow::Result<Self> {
        let started = Instant::now();
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        let child = child.with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self { child, addr, started })
    }

    /// The bare server.
    pub(crate) async fn bare() -> anyhow::Result<Self> {
        let addr = free_address()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--bare", &addr.port().to_string()]);
        let mut process = Self::start(&mut command, addr)?;
        process.until_answered("/ping/x").await?;
        Ok(process)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks until the answer is 200; gives how long after its start that was.
    pub(crate) async fn until_answered(&mut self, target: &str) -> anyhow::Result<Duration> {
        loop {
            if let Ok(reply) = crate::http::get(self.addr, target, &[]).await
                && reply.status == 200
            {
                return Ok(self.started.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status} before it answered {target}");
            }
            if self.started.elapsed() > PATIENCE {
                bail!("the server did not answer {target} within {} s", PATIENCE.as_secs());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// SIGTERM, and waits for the end.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().context("kill")?;
        let since = Instant::now();
        while self.child.try_wait()?.is_none() {
            if since.elapsed() > PATIENCE {
                bail!("the server did not stop within {} s", PATIENCE.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// CPU time so far, user and system, in seconds.
    pub(crate) fn cpu(&self) -> anyhow::Result<f64> {
        Ok(Stat::of(self.id())?.own)
    }

    /// Resident memory, in MB.
    pub(crate) fn resident(&self) -> anyhow::Result<f64> {
        status_kb(self.id(), "VmRSS:").map(|kb| kb / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn status_kb(id: u32, name: &str) -> anyhow::Result<f64> {
    let text = read_to_string(format!("/proc/{id}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).context("no such line in status")?;
    let words = line.split_whitespace().next().context("an empty line in status")?;
    Ok(float(words.parse()?))
}

/// What `/proc/<id>/stat` tells.
struct Stat {
    parent: u32,
    /// Seconds of CPU time: its own, and that of children that have ended.
    own: f64,
    of_ended: f64,
}

impl Stat {
    fn of(id: u32) -> anyhow::Result<Self> {
        let text = read_to_string(format!("/proc/{id}/stat"))?;
        // The name may hold blanks and parentheses.
        let (_, rest) = text.rsplit_once(')').context("not a stat line")?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        let number = |at: usize| -> anyhow::Result<i64> {
            words.get(at).and_then(|word| word.parse().ok()).context("not a stat line")
        };
        let seconds = |from: usize| -> anyhow::Result<f64> {
            Ok(float(number(from)? + number(from + 1)?) / TICKS_PER_SECOND)
        };
        Ok(Self { parent: u32::try_from(number(1)?)?, own: seconds(11)?, of_ended: seconds(13)? })
    }
}

/// CPU time of a process and all its children so far, in seconds.
pub(crate) fn cpu_of_family(id: u32) -> anyhow::Result<f64> {
    let root = Stat::of(id)?;
    let mut sum = root.own + root.of_ended;
    for entry in std::fs::read_dir("/proc")? {
        let Some(child) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // It may have ended since the folder was read.
        if let Ok(stat) = Stat::of(child)
            && stat.parent == id
        {
            sum += stat.own;
        }
    }
    Ok(sum)
}

/// The process that started this one.
pub(crate) fn parent(id: u32) -> anyhow::Result<u32> {
    Ok(Stat::of(id)?.parent)
}
