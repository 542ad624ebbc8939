//! How servers on one PostgreSQL database wake each other. SQLite has one server: nothing to say, nobody to hear.
//!
//! Nothing depends on it: who hears nothing looks every second.
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};

use super::db::WriteTx;
use super::{Db, StoreError, micros, time};
use crate::core::Time;

/// The channel of `LISTEN` and `NOTIFY`; it belongs to the database.
const CHANNEL: &str = "maibo";
/// How long to wait before listening again after the connection failed.
const PAUSE: Duration = Duration::from_secs(2);

/// What one server tells the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// There is something to deliver.
    Outbox,
    /// A check must be looked at no later than this.
    Deadline(Time),
}

impl Signal {
    fn text(self) -> String {
        match self {
            Self::Outbox => "outbox".to_owned(),
            Self::Deadline(at) => format!("deadline {}", micros(at)),
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            Some(("deadline", at)) => at.parse().ok().map(|at| Self::Deadline(time(at))),
            None if text == "outbox" => Some(Self::Outbox),
            _ => None,
        }
    }
}

/// Tells the others once the transaction is committed.
pub(super) async fn tell(tx: &mut WriteTx, signal: Signal) -> Result<(), StoreError> {
    const POSTGRES: &str = "SELECT pg_notify($1, $2)";
    if let WriteTx::Postgres(tx) = tx {
        sqlx::query(POSTGRES).bind(CHANNEL).bind(signal.text()).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Hears what servers tell, this one too, until the database is closed.
pub async fn listen(db: &Db, heard: impl Fn(Signal)) {
    let Db::Postgres(pool) = db else { return };
    while !pool.is_closed() {
        if let Err(error) = listen_once(pool, &heard).await {
            tracing::debug!(%error, "other servers cannot be heard; looking every second meanwhile");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn listen_once(pool: &PgPool, heard: &impl Fn(Signal)) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    // What was told before we listened is in the tables.
    heard(Signal::Outbox);
    loop {
        let told = listener.recv().await?;
        if let Some(signal) = Signal::read(told.payload()) {
            heard(signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_what_is_heard() {
        for signal in [Signal::Outbox, Signal::Deadline(time(1_234_567))] {
            assert_eq!(Signal::read(&signal.text()), Some(signal));
        }
        assert_eq!(Signal::read("what a newer version tells"), None);
    }
}
