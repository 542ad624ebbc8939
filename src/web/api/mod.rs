//! The Healthchecks management API, versions 1 to 3: one file per noun, and what they share.
//!
//! Source: COMPATIBILITY.md 4.0 "Management API, observed" and 4.2.
pub mod badges;
pub mod caller;
pub mod channels;
pub mod check_list;
pub mod checks;
pub mod cors;
pub mod document;
mod fields;
pub mod flips;
mod named;
pub mod pings;
pub mod refusal;
pub mod status;

/// The version of the API that was called, 1 to 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(pub u8);
