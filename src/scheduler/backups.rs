//! Copies of the database on a schedule, and which of the old ones go. The folder itself tells when the last was made.
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDateTime;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::core::{Span, Time};
use crate::store::backup::{self, BackupError, PARTIAL};
use crate::store::{Db, installation};

/// How soon a copy that failed is tried again, unless the next is due earlier.
const RETRY: Span = Span::minutes(10);
/// Longest sleep: clocks are set, and files are deleted by hand.
const LOOK: Span = Span::minutes(1);

/// Makes copies every so often and deletes all but the newest.
pub struct Backups {
    pub folder: PathBuf,
    pub every: Span,
    /// Copies that stay.
    pub keep: usize,
    /// The SQLite file.
    pub database: PathBuf,
    pub db: Db,
    pub clock: Arc<dyn Clock>,
}

/// The name of a copy that was begun at this moment.
#[must_use]
pub fn name(at: Time) -> String {
    format!("maibo-{}.db", backup::stamp(at))
}

/// The names of the regular files in a folder: a link or a folder is no copy, whatever it is called.
pub fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let regular = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        if entry.file_type().ok()?.is_file() { entry.file_name().into_string().ok() } else { None }
    };
    Ok(std::fs::read_dir(folder)?.filter_map(regular).collect())
}

/// When the copy of this name was begun; `None` for every name that is not exactly one of ours.
#[must_use]
pub fn begun(file: &str) -> Option<Time> {
    let stamp = file.strip_prefix("maibo-")?.strip_suffix(".db")?;
    let at = NaiveDateTime::parse_from_str(stamp, "%Y%m%dT%H%M%SZ").ok()?.and_utc();
    (name(at) == file).then_some(at)
}

/// Whether this is what a copy that was broken off has left.
fn is_leftover(file: &str) -> bool {
    let parts = file.strip_suffix(PARTIAL).and_then(|rest| rest.rsplit_once('.'));
    parts.is_some_and(|(copy, id)| {
        begun(copy).is_some()
            && id.len() == 8
            && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// When the newest copy was begun, of those that were not begun in the future.
pub fn newest<'a>(files: impl IntoIterator<Item = &'a str>, now: Time) -> Option<Time> {
    files.into_iter().filter_map(begun).filter(|at| *at <= now).max()
}

/// When the next copy is due; `now` or earlier: at once.
#[must_use]
pub fn due(files: &[String], every: Span, now: Time) -> Time {
    newest(files.iter().map(String::as_str), now).map_or(now, |newest| newest + every)
}

/// What may be deleted once a copy has been made at `now`: all copies but the newest `keep`, and what broken-off ones
/// have left. What was begun in the future stays: some clock is wrong, and nobody knows which.
#[must_use]
pub fn expired(files: &[String], keep: usize, now: Time) -> Vec<&str> {
    let mut copies: Vec<(Time, &str)> = files
        .iter()
        .filter_map(|file| Some((begun(file)?, file.as_str())))
        .filter(|(at, _)| *at <= now)
        .collect();
    copies.sort_unstable_by(|one, two| two.cmp(one));
    let old = copies.into_iter().skip(keep.max(1)).map(|(_, file)| file);
    old.chain(files.iter().map(String::as_str).filter(|file| is_leftover(file))).collect()
}

impl Backups {
    /// Makes what is due until `stop`. A copy that is under way then is broken off.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let now = self.clock.now();
            let next = tokio::select! {
                () = stop.cancelled() => break,
                next = self.tick(now) => next,
            };
            let sleep = (next.min(now + LOOK) - self.clock.now()).to_std().unwrap_or(Duration::ZERO);
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Makes a copy when one is due; gives when the next will be.
    async fn tick(&self, now: Time) -> Time {
        let failure = match self.make_due(now).await {
            Ok(None) => return self.next(now),
            Ok(Some(file)) => {
                tracing::info!(file = %file.display(), "the database was backed up");
                String::new()
            }
            Err(error) => {
                tracing::error!(%error, "the database was not backed up; `maibo doctor` tells more");
                format!("{} {error}", now.format("%Y-%m-%d %H:%M:%S UTC:"))
            }
        };
        let failed = !failure.is_empty();
        if let Err(error) = installation::set(&self.db, installation::BACKUP_FAILURE, &failure).await {
            tracing::warn!(%error, "how the backup went could not be stored");
        }
        if failed { now + RETRY.min(self.every) } else { self.next(now) }
    }

    fn next(&self, now: Time) -> Time {
        self.files().map_or(now + RETRY, |files| due(&files, self.every, now))
    }

    async fn make_due(&self, now: Time) -> Result<Option<PathBuf>, BackupError> {
        if due(&self.files()?, self.every, now) > now {
            return Ok(None);
        }
        let file = self.folder.join(name(now));
        backup::copy(&self.database, &file, false).await?;
        for old in expired(&self.files()?, self.keep, now) {
            let old = self.folder.join(old);
            if let Err(error) = std::fs::remove_file(&old) {
                tracing::warn!(%error, file = %old.display(), "an old backup could not be deleted");
            }
        }
        Ok(Some(file))
    }

    /// The names in the folder, which is made where it is missing.
    fn files(&self) -> Result<Vec<String>, BackupError> {
        let failed = |source| BackupError::Io { file: self.folder.clone(), source };
        if !self.folder.is_dir() {
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&self.folder).map_err(failed)?;
        }
        names(&self.folder).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn files(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[rstest]
    #[case("maibo-20261121T030000Z.db", true)]
    #[case("maibo-20261121T030000Z.db.1a2b3c4d.partial", false)]
    #[case("maibo-20261121T030000Z.db.gz", false)]
    #[case("maibo-20261121T030000.db", false)]
    #[case("maibo-20261321T030000Z.db", false)]
    #[case("maibo-+2026121T030000Z.db", false)]
    #[case("maibo-20261121T03000Z.db", false)]
    #[case("my-maibo-20261121T030000Z.db", false)]
    #[case("maibo.db", false)]
    fn only_names_that_are_exactly_ours_are_ours(#[case] file: &str, #[case] ours: bool) {
        assert_eq!(begun(file).is_some(), ours);
        assert_eq!(
            expired(&files(&[file, "maibo-20261122T030000Z.db"]), 1, at("2027-01-01T00:00:00Z")).len(),
            usize::from(ours || file.ends_with("d.partial"))
        );
    }

    #[rstest]
    // None yet: at once.
    #[case(&["notes.txt"], "2026-11-21T12:00:00Z")]
    #[case(&["maibo-20261121T030000Z.db", "maibo-20261120T030000Z.db"], "2026-11-22T03:00:00Z")]
    // Missed while the server was off: at once.
    #[case(&["maibo-20261001T030000Z.db"], "2026-10-02T03:00:00Z")]
    // Made by a clock that was wrong: it does not keep the next ones from being made.
    #[case(&["maibo-20361121T030000Z.db", "maibo-20261121T030000Z.db"], "2026-11-22T03:00:00Z")]
    fn a_copy_is_due_so_long_after_the_newest(#[case] names: &[&str], #[case] expected: &str) {
        assert_eq!(due(&files(names), Span::days(1), at("2026-11-21T12:00:00Z")), at(expected));
    }

    #[test]
    fn the_newest_stay_and_so_does_everything_that_is_not_ours() {
        let folder = files(&[
            "maibo-20261119T030000Z.db",
            "maibo-20261121T030000Z.db",
            "maibo-20261120T030000Z.db",
            "maibo-20361120T030000Z.db",
            "maibo-20261118T030000Z.db",
            "maibo-20261118T030000Z.db.0123abcd.partial",
            "maibo.db",
            "holiday.jpg",
        ]);
        let now = at("2026-11-21T03:00:00Z");
        assert_eq!(
            expired(&folder, 2, now),
            [
                "maibo-20261119T030000Z.db",
                "maibo-20261118T030000Z.db",
                "maibo-20261118T030000Z.db.0123abcd.partial"
            ]
        );
        assert!(expired(&folder[..4], 9, now).is_empty());
        // Never the one that was made just now.
        assert!(!expired(&folder, 0, now).contains(&"maibo-20261121T030000Z.db"));
    }
}
