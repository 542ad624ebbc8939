//! What the machine gives: folders and files, room on the disk, the clock, the database file.
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use chrono::Datelike as _;

use super::Report;
use crate::app;
use crate::cli::owner;
use crate::clock::Clock;
use crate::config::Config;
use crate::core::{Span, span};
use crate::store::{Db, backup, blackouts, condition};

/// Free bytes below which it is too little, whatever the database takes.
const ROOM: u64 = 1 << 30;
/// A write-ahead log that is longer than this has not been worked in for long.
const LONG_WAL: u64 = 256 << 20;
/// How long the database file is looked through.
const PATIENCE: Duration = Duration::from_secs(20);
/// How far clocks may be apart.
const APART: Span = Span::seconds(1);
/// How far the liveness mark may be ahead: marks of other servers by their clocks.
const AHEAD: Span = Span::seconds(10);
/// Years in which this program can be at work.
const YEARS: std::ops::RangeInclusive<i32> = 2025..=2100;

/// What can be seen without asking the database.
pub(super) fn look(report: &mut Report, file: Option<&Path>, clock: &dyn Clock) {
    let year = clock.now().year();
    if YEARS.contains(&year) {
        report.ok("clock", format!("{}", clock.now().format("%Y-%m-%d %H:%M:%S UTC")));
    } else {
        report.fail("clock", format!("it says the year {year}"), "set the clock, and have it set by NTP");
    }
    let Some(file) = file.filter(|file| file.exists()) else { return };
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    permissions(report, folder, file);
    owners(report, folder, file);
    room(report, folder, file);
}

fn permissions(report: &mut Report, folder: &Path, file: &Path) {
    const ABOUT: &str = "permissions";
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| path.metadata().map_or(0, |found| found.permissions().mode() & 0o777);
        let (outer, inner) = (mode(folder), mode(file));
        let (folder, file) = (folder.display(), file.display());
        if outer & 0o011 != 0 && inner & 0o044 != 0 {
            let what =
                format!("other users of this machine can read {file} (mode {inner:o}), secrets and all");
            report.fail(ABOUT, what, format!("chmod 600 {file}; chmod 700 {folder}"));
        } else if outer & 0o077 != 0 {
            let what = format!("others may enter {folder} (mode {outer:o})");
            report.warn(ABOUT, what, format!("chmod 700 {folder}"));
        } else {
            report.ok(ABOUT, format!("only its owner may enter {folder}"));
        }
    }
}

/// Files that root has left beside those of the server are the usual reason why it cannot start.
fn owners(report: &mut Report, folder: &Path, file: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let owner = |path: &Path| path.metadata().ok().map(|found| found.uid());
        let Some(wanted) = owner(folder) else { return };
        let beside = ["", "-wal", "-shm"].map(|suffix| beside(file, suffix));
        let odd: Vec<String> = beside
            .iter()
            .chain([&app::lock_of(file)])
            .filter(|path| owner(path).is_some_and(|found| found != wanted))
            .map(|path| path.display().to_string())
            .collect();
        if !odd.is_empty() {
            let (names, owner, folder) = (odd.join(" "), owner::name_of(wanted), folder.display());
            report.fail(
                "owner",
                format!("{folder} belongs to {owner}, but these do not: {names}"),
                format!("chown {owner} {names}"),
            );
        }
    }
}

/// Whether files of settings that hold passwords are kept from others.
pub(super) fn secrets(report: &mut Report, files: &[PathBuf]) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for file in files {
            let mode = file.metadata().map_or(0, |found| found.permissions().mode() & 0o777);
            if mode & 0o004 != 0 {
                let name = file.display();
                let what = format!(
                    "{name} holds a password, and everybody on this machine can read it (mode {mode:o})"
                );
                report.warn("settings", what, format!("chmod 640 {name}, with the server's group"));
            }
        }
    }
}

fn room(report: &mut Report, folder: &Path, file: &Path) {
    const ABOUT: &str = "disk";
    let used = length(file) + length(&beside(file, "-wal"));
    let Some(free) = free(folder) else {
        report.warn(ABOUT, "how much room is free cannot be told: there is no `df`", "look for yourself");
        return;
    };
    let what = format!("{} free, the database takes {}", bytes(free), bytes(used));
    if free < ROOM || free < 2 * used {
        let advice = "free some: backups and migrations need as much again as the database takes, and a full disk answers pings with 503";
        report.warn(ABOUT, what, advice);
    } else {
        report.ok(ABOUT, what);
    }
}

/// Bytes that are free where this folder is, as POSIX's `df` tells.
fn free(folder: &Path) -> Option<u64> {
    let output = Command::new("df").args(["-P", "-k"]).arg(folder).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let kilobytes: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// Whether the clocks agree that have to.
pub(super) async fn clock(report: &mut Report, db: &Db, clock: &dyn Clock) {
    const ABOUT: &str = "clock";
    let before = clock.now();
    match condition::server_time(db).await {
        Ok(Some(theirs)) => {
            let after = clock.now();
            // They may differ by as long as the question took.
            let apart = if theirs < before { before - theirs } else { theirs - after };
            let words = span::text(apart);
            if apart > APART {
                let what = format!("the PostgreSQL server's is {words} apart from this machine's");
                report.warn(
                    ABOUT,
                    what,
                    "have both set by NTP: servers need clocks that agree to within a second",
                );
            } else {
                report.ok(ABOUT, "this machine's and the PostgreSQL server's agree");
            }
        }
        Ok(None) => {}
        Err(error) => report.fail(ABOUT, error.to_string(), super::advice(&error)),
    }
    match blackouts::last_alive(db).await {
        Ok(Some(mark)) if mark > clock.now() + AHEAD => report.fail(
            ABOUT,
            format!("the server's last sign of life is {} in the future", span::text(mark - clock.now())),
            "a clock was wrong, then or now: set it, and restart the server",
        ),
        Ok(_) => {}
        Err(error) => report.fail(ABOUT, error.to_string(), super::advice(&error)),
    }
}

/// Whether the database file is sound.
pub(super) async fn integrity(report: &mut Report, config: &Config) {
    const ABOUT: &str = "integrity";
    if !matches!(backup::file_of(&config.database_url), Ok(Some(_))) {
        return;
    }
    match condition::faults(&config.database_url, PATIENCE).await {
        Ok(Some(faults)) if faults.is_empty() => report.ok(ABOUT, "the database file is sound"),
        Ok(Some(faults)) => {
            report.fail(
                ABOUT,
                faults.join("; "),
                "stop the server and restore the newest backup that is sound",
            );
        }
        Ok(None) => report.warn(
            ABOUT,
            format!("the database is too large to be looked through in {} seconds", PATIENCE.as_secs()),
            "make a backup when there is time: that looks through all of it",
        ),
        Err(error) => report.fail(ABOUT, error.to_string(), super::advice(&error)),
    }
}

/// How large the database is.
pub(super) async fn size(report: &mut Report, config: &Config, db: &Db) {
    match backup::file_of(&config.database_url) {
        Ok(Some(file)) => {
            report.ok("database", format!("{}, up to date, {}", file.display(), bytes(length(&file))));
            let wal = length(&beside(&file, "-wal"));
            if wal > LONG_WAL {
                report.warn(
                    "write-ahead log",
                    format!(
                        "it has {}: somebody reads the database without end, or no server works it in",
                        bytes(wal)
                    ),
                    "end other programs that have the database open, then restart the server",
                );
            }
        }
        _ => match condition::server_size(db).await {
            Ok(size) => {
                let size = u64::try_from(size.unwrap_or_default()).unwrap_or_default();
                report.ok("database", format!("PostgreSQL, up to date, {}", bytes(size)));
            }
            Err(error) => report.fail("database", error.to_string(), super::advice(&error)),
        },
    }
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn length(file: &Path) -> u64 {
    file.metadata().map_or(0, |found| found.len())
}

/// A number of bytes for people.
fn bytes(count: u64) -> String {
    let units = [("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)];
    match units.iter().find(|(_, size)| count >= *size) {
        Some((unit, size)) => format!("{}.{} {unit}", count / size, count % size * 10 / size),
        None => format!("{count} B"),
    }
}
