//! A SQLite file that a command has for itself; one that fails takes away what it has made.
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::app;
use crate::store;

/// The lock on a database file, and what was not there before. Until [`Made::keep`], all of that goes away with it.
pub(super) struct Made {
    new: Vec<PathBuf>,
    /// The folder, where that is new too.
    folder: Option<PathBuf>,
    /// Let go after the files are gone: whoever gets the lock next makes his own.
    lock: Option<File>,
}

impl Made {
    /// Makes the file that `url` names where there is none, and keeps servers away from it.
    pub(super) fn locked(url: &str, file: &Path) -> anyhow::Result<Self> {
        let is_new = |path: &PathBuf| path.symlink_metadata().is_err();
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned);
        let mut made = Self {
            new: ["", "-wal", "-shm", "-journal"].map(|suffix| beside(file, suffix)).into(),
            folder: folder.filter(is_new),
            lock: None,
        };
        if is_new(&file.to_owned()) {
            made.new.retain(is_new);
        } else {
            // What SQLite has beside a file of somebody's is SQLite's.
            made.new.clear();
        }
        store::prepare(url)?;
        // Only now: the folder may be reached by a link.
        made.new.extend(Some(app::lock_of(file)).filter(is_new));
        made.lock = app::try_lock(file)?;
        if made.lock.is_none() {
            // Somebody else has it, and what is there is his.
            made.keep();
            anyhow::bail!("a Maibo server uses {}; stop it first", file.display());
        }
        Ok(made)
    }

    /// The command has succeeded.
    pub(super) fn keep(mut self) {
        self.new.clear();
        self.folder = None;
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for file in &self.new {
            drop(std::fs::remove_file(file));
        }
        if let Some(folder) = &self.folder {
            drop(std::fs::remove_dir(folder));
        }
    }
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
