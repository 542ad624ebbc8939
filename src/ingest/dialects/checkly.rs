//! Checkly's heartbeats: `/heartbeats/ping/<uuid>`. Those of `ping.checklyhq.com` stand at the root and are read as
//! Dead Man's Snitch's are.
//!
//! Source: COMPATIBILITY 4.4 and the URLs that Checkly's API gives out.
use axum::http::StatusCode;

use super::{Dialect, Reply, Request, Said};
use crate::core::ping::Asked;

const UNKNOWN: Reply = Reply::text(StatusCode::NOT_FOUND, "not found");

pub(super) const DIALECT: Dialect = Dialect::by_url(read, Reply::text(StatusCode::OK, "OK"), UNKNOWN);

fn read(request: &Request<'_>) -> Result<Said, Reply> {
    let ["heartbeats", "ping", token] = request.path()[..] else { return Err(UNKNOWN) };
    Ok(Said::token(token, Asked::Success, request.body.to_vec()))
}
