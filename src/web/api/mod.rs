//! JSON for programs.
pub mod fields;
pub mod healthchecks;
