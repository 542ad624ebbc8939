//! Maibo (脉搏): a self-hosted dead-man's switch.
//!
//! Jobs report by HTTP; when a report is late, missing or bad, the right people hear about it, and hear again when
//! it is over. `core` decides, `store` remembers, `ingest` takes pings, `scheduler` notices silence, `notify`
//! tells people, `web` shows it all. Arrows point inwards; `tests/it/architecture.rs` keeps it so.
pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod core;
pub mod healthchecks;
pub mod i18n;
pub mod ingest;
pub mod links;
pub mod mail;
pub mod meters;
mod mime;
pub mod net;
pub mod notify;
pub mod recent;
pub mod rng;
pub mod scheduler;
pub mod store;
pub mod wake;
pub mod web;
