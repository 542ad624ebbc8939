//! The network: who is calling, and where we may call.
pub mod egress;
pub mod source;
