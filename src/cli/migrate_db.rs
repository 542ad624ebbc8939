//! `maibo migrate-db`: moves an installation to another database.
use std::io::{IsTerminal as _, Write as _};

use clap::Args;

use super::made::Made;
use super::{owner, say};
use crate::clock::Clock;
use crate::store::backup;
use crate::store::moving::{self, Place, Progress};

#[derive(Debug, Args)]
pub(super) struct Command {
    /// Database to copy, with the tables of this version; it is left as it is. A password may also stand in PGPASSWORD or ~/.pgpass
    #[arg(long, value_name = "URL")]
    from: String,
    /// Empty database to copy into; a SQLite file is made, a PostgreSQL database must exist
    #[arg(long, value_name = "URL")]
    to: String,
}

pub(super) async fn run(command: &Command, clock: &dyn Clock) -> anyhow::Result<()> {
    let (from, to) = (Place::read("--from", &command.from)?, Place::read("--to", &command.to)?);
    // What is wrong with the URLs is said before a file is made.
    anyhow::ensure!(!from.is(&to), moving::MoveError::Same);
    if let Some(file) = from.file() {
        backup::regular(file).map_err(|error| moving::MoveError::File(from.to_string(), error))?;
    }
    for file in [from.file(), to.file()].into_iter().flatten() {
        owner::step_aside(file)?;
    }
    // Held to the end: no server may start on either file meanwhile.
    let _source = from.file().map(|file| Made::locked(&command.from, file)).transpose()?;
    let target = to.file().map(|file| Made::locked(&command.to, file)).transpose()?;
    say(&format!("Copying {from} {to}; both are locked until this has ended."));
    let mut shown = Shown::default();
    let rows = moving::copy(&from, &to, clock.now(), &mut |progress| shown.show(&progress)).await;
    shown.end_line();
    let rows = rows?;
    if let Some(target) = target {
        target.keep();
    }
    say(&format!(
        "{rows} rows copied and verified. Now set MAIBO_DATABASE_URL to the new database and start the server; keep the old one until you have seen it work."
    ));
    Ok(())
}

/// Progress on stderr: one line that changes on a terminal, else a line for each table and each tenth of it.
#[derive(Default)]
struct Shown {
    last: Option<(String, i64)>,
    /// How long the line is that is still open.
    open: usize,
}

impl Shown {
    fn show(&mut self, progress: &Progress<'_>) {
        match progress {
            Progress::Copied { table, done, rows, percent } => {
                let tenth = done * 10 / (*rows).max(1);
                let line = format!("{percent:3} %  {table}: {done} of {rows} rows");
                if std::io::stderr().is_terminal() {
                    let width = self.open.saturating_sub(line.len());
                    drop(write!(std::io::stderr(), "\r{line}{}", " ".repeat(width)));
                    self.open = line.len();
                } else if self.last.as_ref().is_none_or(|(name, last)| name != table || *last != tenth) {
                    say(&line);
                }
                self.last = Some(((*table).to_owned(), tenth));
            }
            Progress::Verified { table, rows, sha256 } => {
                self.end_line();
                say(&format!("verified  {table}: {rows} rows, SHA-256 {}", &sha256[..16.min(sha256.len())]));
            }
            Progress::Notice(words) => {
                self.end_line();
                say(&format!("notice: {words}"));
            }
        }
    }

    fn end_line(&mut self) {
        if self.open > 0 {
            say("");
            self.open = 0;
        }
    }
}
