//! The network: who is calling, and where we may call.
pub mod command;
pub mod egress;
pub mod guard;
mod line;
pub mod mqtt;
pub mod proxy;
pub mod source;
mod syslog;
