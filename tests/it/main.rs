//! One binary for all integration tests. They see what a user sees: the program, the wire, the database file.
//!
//! Nothing here sleeps in hope: `support::eventually` waits for what must become true, and what must not happen is
//! judged by the instants that were stored.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]
#![expect(clippy::print_stdout, reason = "what the test runner shows of a failed test")]
#![expect(unreachable_pub, reason = "there is no crate above a test binary")]
mod api;
mod architecture;
mod backup;
mod bad_input;
mod badges;
mod channel_forms;
mod cli;
mod contract;
mod delivery;
mod dialects;
mod doctor;
mod egress;
mod failover;
mod history;
mod kill9;
mod leader_faults;
mod maibo_api;
mod mail;
mod mail_pings;
mod metrics;
mod moving;
mod ping;
mod postgres;
mod random_input;
mod seed;
mod silence;
mod sql_is_valid;
mod sqlite_file;
mod support;
mod telegram;
mod transports;
