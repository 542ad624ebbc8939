//! JSON for programs.
pub mod badges;
pub mod fields;
pub mod healthchecks;
