//! What the figures were taken on, and with what.
use std::fs::{File, read_to_string};
use std::io::Write as _;
use std::process::Command;
use std::time::Instant;

use maibo::clock::{Clock as _, SystemClock};

use crate::database::{self, Database};
use crate::installation::binary;
use crate::report::{Section, Spread, float, grouped};

/// How often the disk is asked to keep 4 KiB.
const SYNCS: usize = 300;

/// The first line that a command says, or a dash.
fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let output = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    String::from_utf8_lossy(&output)
        .lines()
        .next()
        .map_or_else(|| "–".to_owned(), |line| line.trim().to_owned())
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Milliseconds that it takes to append 4 KiB and have them on disk, where the databases are.
fn syncs() -> anyhow::Result<Spread> {
    let dir = tempfile::tempdir()?;
    let mut file = File::create(dir.path().join("file"))?;
    let mut millis = Spread::default();
    for _ in 0..SYNCS {
        let begun = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        millis.add(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(millis)
}

pub(crate) async fn section(command: &str) -> anyhow::Result<Section> {
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse().ok());
    let memory: i64 = memory.unwrap_or(0);
    let temp = std::env::temp_dir();
    let syncs = syncs()?;
    let postgres = match database::postgres()? {
        Some(url) => {
            let mut db = Database::postgres(&url).await?;
            let version = db.text("SHOW server_version").await?;
            let mut said = vec![version];
            for name in ["fsync", "synchronous_commit", "full_page_writes", "shared_buffers"] {
                said.push(format!("{name} = {}", db.text(format!("SHOW {name}")).await?));
            }
            said.join(", ")
        }
        None => "not measured: no server".to_owned(),
    };
    let dirty = if said("git", &["status", "--porcelain", "--untracked-files=no"]) == "–" {
        ""
    } else {
        ", with changes that are not committed"
    };
    #[expect(clippy::cast_precision_loss, reason = "a file's size")]
    let size = std::fs::metadata(binary())?.len() as f64;
    let rows = [
        ("Command", format!("`{command}`")),
        ("Date", SystemClock.now().format("%Y-%m-%d %H:%M UTC").to_string()),
        ("Commit", format!("{}{dirty}", said("git", &["rev-parse", "--short=12", "HEAD"]))),
        (
            "CPU",
            format!(
                "{}, {} cores, shared by server, database and load",
                field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
                std::thread::available_parallelism()?
            ),
        ),
        ("Memory", format!("{} MB", grouped(float(memory) / 1024.0))),
        ("Kernel", said("uname", &["-sr"])),
        (
            "Disk",
            format!(
                "{}; append of 4 KiB with fdatasync: p50 {:.2} ms, p99 {:.2} ms",
                said("stat", &["-f", "-c", "%T", &temp.display().to_string()]),
                syncs.median(),
                syncs.quantile(0.99)
            ),
        ),
        ("Load before the start", read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned()),
        (
            "Maibo",
            format!(
                "{}, release binary of {} MB, default settings",
                said(&binary().display().to_string(), &["--version"]),
                grouped(size / 1e6)
            ),
        ),
        ("PostgreSQL", postgres),
        ("Load generator", said("wrk", &["-v"]).split(" [").next().unwrap_or_default().to_owned()),
        ("Compiler", said("rustc", &["--version"])),
    ];
    let mut section = Section::new("What it was measured on");
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    section.table(&["", ""], &rows);
    Ok(section)
}
