//! From the wire to events: the ping routes and the one writer that makes pings durable.
pub mod body;
pub mod http;
pub mod writer;

pub use writer::{Answer, Incoming, Target, Writer};
