//! `checks/<uuid>/pings/` and the bodies that came with them.
use std::collections::HashMap;

use axum::Json;
use axum::extract::{RawPathParams, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Version;
use super::caller::Editor;
use super::document::Reading;
use super::named::CheckId;
use super::refusal::Refusal;
use crate::core::ping::Kind;
use crate::core::{Span, Time};
use crate::healthchecks::micros;
use crate::store::pings::{self, Ping};
use crate::web::AppState;

/// Most pings in one answer.
const MAX_PINGS: i64 = 1000;

#[derive(Serialize, ToSchema)]
#[schema(as = HealthchecksPing)]
struct Entry<'a> {
    /// `success`, `start`, `fail`, `log` or `ign`.
    r#type: &'a str,
    #[schema(format = DateTime)]
    date: String,
    n: i64,
    scheme: &'a str,
    #[schema(required = true)]
    remote_addr: Option<&'a str>,
    method: &'a str,
    ua: &'a str,
    #[schema(required = true, format = Uuid)]
    rid: Option<&'a str>,
    #[schema(required = true)]
    body_url: Option<String>,
    /// Seconds, to the hundredth.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<f64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = HealthchecksPingList)]
pub(super) struct List<'a> {
    pings: Vec<Entry<'a>>,
}

/// `GET checks/<uuid>/pings/`, newest first.
#[utoipa::path(get, path = "/checks/{code}/pings/", operation_id = "pings", summary = "The pings of a check",
    description = "Newest first, at most 1000.", params(("code" = String, Path, description = "The check's UUID")),
    responses((status = 200, description = "The pings", body = List<'static>), Reading))]
pub async fn list(
    State(state): State<AppState>,
    axum::Extension(Version(version)): axum::Extension<Version>,
    id: CheckId,
    editor: Editor,
) -> Result<Response, Refusal> {
    let check = id.find(&state.db, editor.project).await?;
    let pings = pings::list(&state.db, check.id, check.last_ping_id, MAX_PINGS).await?;
    let pings = pings
        .iter()
        .zip(durations(&pings))
        .map(|(ping, duration)| Entry {
            r#type: &ping.kind,
            date: micros(ping.at()),
            n: ping.n,
            scheme: &ping.scheme,
            remote_addr: Some(ping.remote_addr.as_str()).filter(|addr| !addr.is_empty()),
            method: &ping.method,
            ua: &ping.ua,
            rid: ping.rid.as_deref(),
            body_url: (ping.body_size > 0).then(|| {
                let path = format!("/api/v{version}/checks/{}/pings/{}/body", check.code(), ping.n);
                state.links.to(&path)
            }),
            duration: duration.map(hundredths),
        })
        .collect();
    Ok(Json(List { pings }).into_response())
}

/// How long the run took that each of these pings ended, newest first like them: the time since the start with the
/// same run id, where no other success or failure with that id came between.
///
/// A check itself knows its latest start alone, so overlapping runs have their lengths only here.
pub(in crate::web) fn durations(pings: &[Ping]) -> Vec<Option<Span>> {
    let mut starts: HashMap<Option<&str>, Option<Time>> = HashMap::new();
    let mut found: Vec<Option<Span>> = pings
        .iter()
        .rev()
        .map(|ping| match Kind::named(&ping.kind)? {
            Kind::Start => {
                starts.insert(ping.rid.as_deref(), Some(ping.at()));
                None
            }
            Kind::Success | Kind::Fail => match starts.insert(ping.rid.as_deref(), None) {
                Some(start) => start.map(|start| ping.at() - start),
                // Its start is older than this list.
                None => ping.duration(),
            },
            Kind::Log | Kind::Ignored => None,
        })
        .map(|span| span.filter(|span| *span > Span::zero()))
        .collect();
    found.reverse();
    found
}

fn hundredths(span: Span) -> f64 {
    (span.as_seconds_f64() * 100.0).round() / 100.0
}

/// `GET checks/<uuid>/pings/<n>/body`: what the job sent, as it came.
#[utoipa::path(get, path = "/checks/{code}/pings/{n}/body", operation_id = "ping_body", summary = "The body of a ping", description = "",
    params(("code" = String, Path, description = "The check's UUID"), ("n" = i64, Path, description = "The ping's number")),
    responses((status = 200, description = "What the job sent", body = String, content_type = "text/plain"), Reading))]
pub async fn body(
    State(state): State<AppState>,
    id: CheckId,
    params: RawPathParams,
    editor: Editor,
) -> Result<Response, Refusal> {
    let check = id.find(&state.db, editor.project).await?;
    let named = params.iter().find(|(name, _)| *name == "n").map(|(_, n)| n);
    let n = named.filter(|text| text.bytes().all(|b| b.is_ascii_digit())).and_then(|text| text.parse().ok());
    // What the list does not show any more is gone, although history may be kept for longer.
    let Some(n) = n.filter(|n| *n > check.n_pings - MAX_PINGS) else { return Err(Refusal::NotFound) };
    let Some(newest) = check.last_ping_id else { return Err(Refusal::NotFound) };
    let body = pings::body_of(&state.db, check.id, newest, n).await?.ok_or(Refusal::NotFound)?;
    let headers = [(header::CONTENT_TYPE, "text/plain"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Ok((headers, body.unpack()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_in_hundredths_of_a_second() {
        assert!((hundredths(Span::microseconds(1_234_567)) - 1.23).abs() < f64::EPSILON);
    }
}
