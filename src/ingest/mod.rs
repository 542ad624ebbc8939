//! From the wire to events: the ping routes, other products' ping URLs, pings by mail, and the one writer that makes
//! pings durable.
pub mod body;
pub mod dialects;
pub mod http;
pub mod intake;
pub mod mail;
mod smtp;
pub mod writer;

pub use intake::{Intake, Sender};
pub use writer::{Answer, Incoming, Target, Writer};
