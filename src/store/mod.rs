//! Everything that speaks SQL, on both engines. One file per aggregate; `changes` writes what a step decided, in bulk.
pub mod addresses;
pub mod alerts;
pub mod attempts;
pub mod backup;
pub mod blackouts;
pub mod bodies;
pub mod canaries;
pub mod changes;
pub mod channels;
pub mod check_lists;
mod check_row;
mod check_rules;
pub mod checks;
pub mod condition;
pub mod consents;
mod db;
pub mod delivery;
mod error;
pub mod failover;
pub mod failures;
pub mod flips;
pub mod gauges;
pub mod glances;
pub mod history;
pub mod installation;
pub mod intake;
pub mod keys;
mod list;
pub mod listed;
mod migrate;
pub mod moving;
pub mod nodes;
pub mod outbox;
pub mod paced;
pub mod pings;
pub mod projects;
mod schema;
pub mod sessions;
pub mod tags;
pub mod users;
pub mod wake;

pub(crate) use db::write_tx;
pub use db::{Db, WriteTx, prepare};
pub use error::StoreError;
pub use nodes::Role;

use crate::core::{Span, Time};

/// An instant as both engines store it: microseconds since the Unix epoch.
#[must_use]
pub fn micros(at: Time) -> i64 {
    at.timestamp_micros()
}

/// The instant stored as `micros`. What no calendar can hold reads as the epoch.
#[must_use]
pub fn time(micros: i64) -> Time {
    Time::from_timestamp_micros(micros).unwrap_or(Time::UNIX_EPOCH)
}

/// A length of time in stored form.
#[must_use]
pub fn span_micros(span: Span) -> i64 {
    span.num_microseconds().unwrap_or(i64::MAX)
}
