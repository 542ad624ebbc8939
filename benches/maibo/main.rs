//! Measures the release binary from outside and writes a report: see `make bench` in CONTRIBUTING.md.
//!
//! `cargo bench --bench maibo -- [part …]`. All parts together write docs/benchmarks.md; single ones write to
//! target/bench.md alone. Started without `--bench`, as tests do, it ends at once.
mod backlog;
mod bare;
mod bytes;
mod database;
mod history;
mod http;
mod installation;
mod load;
mod machine;
mod pages;
mod pings;
mod process;
mod report;
mod scale;
mod sink;
mod start;
mod storm;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use tokio::signal::unix::{SignalKind, signal};

use crate::database::Engine;
use crate::report::Section;

/// The parts, in the order of the report.
const PARTS: [&str; 8] = ["pings", "start", "alerts", "backlog", "scale", "history", "bytes", "pages"];

const PREFACE: &str = "# Benchmarks

Written by `make bench`, as a whole: changes by hand do not last. Each figure is the median of what was measured, with
the least and the most in parentheses. Rates depend on the machine and on what else it does; ratios to a bare server
that was measured in the same minute depend on them less. Goals are the project's own.";

/// What to measure, and how thoroughly.
pub(crate) struct Settings {
    pub(crate) engines: Vec<Engine>,
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
}

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [first, port] = args.as_slice()
        && first == "--bare"
    {
        return bare::serve(port);
    }
    if !args.iter().any(|arg| arg == "--bench") {
        return Ok(());
    }
    let asked: Vec<&str> = args.iter().map(String::as_str).filter(|arg| !arg.starts_with('-')).collect();
    for part in &asked {
        ensure!(PARTS.contains(part), "there is no part `{part}`; there are {}", PARTS.join(", "));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        let mut interrupted = signal(SignalKind::interrupt())?;
        // Whatever is dropped on the way ends the processes that it started.
        tokio::select! {
            done = measure(&asked) => done,
            _ = terminated.recv() => anyhow::bail!("terminated"),
            _ = interrupted.recv() => anyhow::bail!("interrupted"),
        }
    })
}

async fn measure(asked: &[&str]) -> anyhow::Result<()> {
    let begun = Instant::now();
    let all = asked.is_empty();
    let engines = match database::postgres()? {
        Some(_) => vec![Engine::Sqlite, Engine::Postgres],
        None if all => anyhow::bail!("no PostgreSQL: run `make bench`, which starts one"),
        None => vec![Engine::Sqlite],
    };
    let settings =
        Settings { engines, rounds: number("BENCH_ROUNDS", 3)?, seconds: number("BENCH_SECONDS", 4)? };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let draft = root.join("target").join("bench.md");
    let command = format!(
        "BENCH_ROUNDS={} BENCH_SECONDS={} make bench{}",
        settings.rounds,
        settings.seconds,
        if all { String::new() } else { format!(" PART='{}'", asked.join(" ")) }
    );
    let mut text = format!("{PREFACE}\n\n{}", machine::section(&command).await?.text());
    for part in PARTS.into_iter().filter(|part| all || asked.contains(part)) {
        say(&format!("{:>4} s  {part}", begun.elapsed().as_secs()));
        let section = match part {
            "pings" => pings::section(&settings).await,
            "start" => start::section(&settings).await,
            "alerts" => storm::section(&settings).await,
            "backlog" => backlog::section(&settings).await,
            "scale" => scale::section(&settings).await,
            "history" => history::section(&settings).await,
            "bytes" => bytes::section(&settings).await,
            _ => pages::section(&settings).await,
        };
        let section = section.with_context(|| format!("the part `{part}`"))?;
        text.push('\n');
        text.push_str(section.text());
        // What is known already survives what fails later.
        fs::write(&draft, &text)?;
    }
    say(&format!("{:>4} s  done", begun.elapsed().as_secs()));
    if all {
        let docs = root.join("docs").join("benchmarks.md");
        fs::write(&docs, &text)?;
        say(&format!("written: {}", docs.display()));
    } else {
        say(&text);
    }
    Ok(())
}

/// A positive number from the environment.
fn number<T: std::str::FromStr + PartialOrd + From<u8>>(name: &str, default: T) -> anyhow::Result<T> {
    let Ok(text) = std::env::var(name) else { return Ok(default) };
    let number = text.parse().ok().filter(|number| *number >= T::from(1));
    number.with_context(|| format!("{name}: `{text}` is not a number from 1"))
}

/// Talk, on stderr.
pub(crate) fn say(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// The present in microseconds since 1970, which is how the database has it.
pub(crate) fn now() -> i64 {
    use maibo::clock::{Clock as _, SystemClock};
    SystemClock.now().timestamp_micros()
}

/// A section with the words that explain it.
pub(crate) fn titled(title: &str, words: &str) -> Section {
    let mut section = Section::new(title);
    section.say(words);
    section
}
