//! The domain: what a check is, when it is due, what a ping means, who may do what.
//!
//! Pure. No async, no I/O, no clock, no SQL: time and randomness are arguments.
pub mod access;
pub mod alias;
pub mod check;
pub mod ping;
pub mod schedule;
pub mod slug;
pub mod span;
pub mod strip;
pub mod text;

/// An instant in UTC, in whole microseconds.
pub type Time = chrono::DateTime<chrono::Utc>;
/// A length of time.
pub type Span = chrono::TimeDelta;
