//! The network: who is calling, and where we may call.
pub mod egress;
pub mod guard;
pub mod proxy;
pub mod source;
