//! Cronitor's telemetry: `/p/<api key>/<monitor key>?state=run|complete|fail|ok&message=&series=&metric=…`.
//!
//! The API key is our ping key and the monitor key the slug, or both together an alias. Source: Cronitor's
//! documentation, "Telemetry API", and its Python client: an unknown monitor is made by its first event, and an event
//! without a state is a heartbeat.
use axum::http::StatusCode;
use sha1::{Digest as _, Sha1};
use uuid::{Builder, Uuid};

use super::{Address, Create, Dialect, Reply, Request, Said, exit, text};
use crate::core::ping::{Asked, parse_run_id};

const UNKNOWN: Reply = Reply::text(StatusCode::NOT_FOUND, "not found");
const BAD_STATE: Reply =
    Reply::text(StatusCode::BAD_REQUEST, "unknown state; expected run, complete, fail or ok");

pub(super) const DIALECT: Dialect =
    Dialect { read, taken: Reply::text(StatusCode::OK, "OK"), unknown: UNKNOWN };

fn read(request: &Request<'_>) -> Result<Said, Reply> {
    let ["p", api_key, key] = request.path()[..] else { return Err(UNKNOWN) };
    let status = request.get("status_code");
    let asked = match (request.get("state"), status.and_then(exit)) {
        (Some("run"), _) => Asked::Start,
        (Some("fail"), Some(Asked::Exit(n @ 1..))) => Asked::Exit(n),
        (Some("fail"), _) => Asked::Fail,
        // The state decides: a program may be fine with a status that others are not.
        (Some("complete"), Some(Asked::Exit(0))) => Asked::Exit(0),
        (Some("complete" | "ok") | None, _) => Asked::Success,
        (Some(_), _) => return Err(BAD_STATE),
    };
    let metrics = request.all("metric").map(|metric| ("metric", Some(metric)));
    let others =
        [("status code", status), ("environment", request.get("env")), ("host", request.get("host"))];
    let address =
        Address::Pair { credential: api_key.to_owned(), name: key.to_owned(), create: Create::Default };
    Ok(Said {
        address,
        asked,
        rid: request.get("series").map(run_id),
        text: text(request.get("message"), metrics.chain(others), request.body),
    })
}

/// A run id of the same run each time: the series itself where it is a UUID, else one of version 5 made from it.
fn run_id(series: &str) -> Uuid {
    parse_run_id(series).unwrap_or_else(|| {
        let hash = Sha1::new().chain_update(Uuid::NAMESPACE_OID).chain_update(series).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Builder::from_sha1_bytes(bytes).into_uuid()
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, said};
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", Asked::Success, "")]
    #[case("?state=run&host=db1", Asked::Start, "host: db1")]
    #[case("?state=complete&status_code=0", Asked::Exit(0), "status code: 0")]
    #[case("?state=complete&status_code=2", Asked::Success, "status code: 2")]
    #[case("?state=fail&status_code=2&message=no+space", Asked::Exit(2), "no space\nstatus code: 2")]
    #[case("?state=fail&status_code=0", Asked::Fail, "status code: 0")]
    #[case("?state=fail&status_code=-9", Asked::Fail, "status code: -9")]
    #[case("?state=ok&env=staging", Asked::Success, "environment: staging")]
    #[case("?metric=count:1&metric=duration:2.5", Asked::Success, "metric: count:1\nmetric: duration:2.5")]
    fn words_of_cronitor(#[case] query: &str, #[case] asked: Asked, #[case] text: &str) {
        let result = read(DIALECT, "GET", &format!("/p/key/nightly-job{query}"), &[], "");
        assert_eq!(said(result), ("key/nightly-job".to_owned(), asked, text.to_owned()));
    }

    #[test]
    fn an_unknown_state_is_refused() {
        assert_eq!(read(DIALECT, "GET", "/p/key/job?state=done", &[], ""), Err(BAD_STATE));
        assert_eq!(read(DIALECT, "GET", "/p/key?state=run", &[], ""), Err(UNKNOWN));
    }

    #[test]
    fn a_series_is_a_run() {
        let uuid = "1d0c3a9e-59a7-4f3c-8f5b-2f6f1f7f0a01";
        assert_eq!(run_id(uuid).to_string(), uuid);
        // As any maker of version 5 has it: uuid5(NAMESPACE_OID, "run-1").
        assert_eq!(run_id("run-1").to_string(), "5b82ca70-b601-5100-a70a-45def212889c");
        assert_ne!(run_id("run-1"), run_id("run-2"));
    }
}
