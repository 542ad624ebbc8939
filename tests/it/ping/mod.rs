//! The ping routes, as Healthchecks' clients know them: COMPATIBILITY 4.0 and 4.1, with the deviations on purpose.
mod address;
mod body;
mod create;
mod durable;
mod headers;
mod rules;
mod runs;
mod senders;
mod status;

use crate::support::Maibo;

const NOBODY: &str = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";
const RID: &str = "1d0c3a9e-59a7-4f3c-8f5b-2f6f1f7f0a01";
const OTHER_RID: &str = "2d0c3a9e-59a7-4f3c-8f5b-2f6f1f7f0a02";

/// A project with a ping key and a check with the slug `job`.
fn with_slug() -> (Maibo, String, String) {
    let maibo = Maibo::serving();
    let key = maibo.made(&["key", "create", "--scope", "ping"]);
    let uuid = maibo.check("Job", &["--slug", "job", "--every", "1h"]);
    (maibo, key, uuid)
}

fn said(maibo: &Maibo, tail: &str) -> (u16, String) {
    let reply = maibo.ping(tail);
    (reply.status, reply.text())
}

fn not_found() -> (u16, String) {
    (404, "not found".to_owned())
}
