//! Cronitor's telemetry: `/p/<api key>/<monitor key>?state=run|complete|fail|ok&message=&series=&metric=…`, the state also
//! as the last part of the path. Most of its clients say `/ping/` in place of `/p/`. Older monitors have
//! `/<monitor code>` at the root instead of both keys.
//!
//! The API key is our ping key and the monitor key the slug, or both together an alias; the code is an alias. Source:
//! Cronitor's documentation, "Telemetry API", its clients for Python and npm and borgmatic's hook: an unknown monitor is
//! made by its first event, and an event without a state is a heartbeat.
use axum::http::{StatusCode, Uri};
use sha1::{Digest as _, Sha1};
use uuid::{Builder, Uuid};

use super::{Address, Create, Dialect, Reply, Request, Said, exit, text};
use crate::core::ping::{Asked, parse_check_uuid, parse_run_id};
use crate::core::slug;

const UNKNOWN: Reply = Reply::text(StatusCode::NOT_FOUND, "not found");
const BAD_STATE: Reply =
    Reply::text(StatusCode::BAD_REQUEST, "unknown state; expected run, complete, fail or ok");

pub(super) const DIALECT: Dialect = Dialect::by_url(read, Reply::text(StatusCode::OK, "OK"), UNKNOWN);
pub(super) const AT_ROOT: Dialect =
    Dialect { read: read_at_root, unknown: Reply::bare(StatusCode::NOT_FOUND), ..DIALECT };

fn read(request: &Request<'_>) -> Result<Said, Reply> {
    let (api_key, key, state) = match request.path()[..] {
        ["p" | "ping", api_key, key] => (api_key, key, request.get("state")),
        ["p" | "ping", api_key, key, state] => (api_key, key, Some(state)),
        _ => return Err(UNKNOWN),
    };
    let (credential, name) = (api_key.to_owned(), key.to_owned());
    said(request, Address::Pair { credential, name, slug: slug_of(key), create: Create::Default }, state)
}

/// A monitor key as a slug: in lower case, with `-` for what cannot stand in one. Letters of other scripts are not left
/// out: two jobs would become one.
fn slug_of(key: &str) -> Option<String> {
    let fits = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' };
    let slug = key.is_ascii().then(|| key.chars().map(fits).collect::<String>());
    slug.filter(|slug| !slug.is_empty() && slug::is_valid(slug))
}

/// Whether an address below `/ping/` is Cronitor's, and not Healthchecks': it says what happened in words that Healthchecks
/// would not look at, or would not find a check by.
pub(super) fn is_below_ping(uri: &Uri) -> bool {
    let mut parts = uri.path().split('/').skip_while(|part| *part != "ping").skip(1);
    let (Some(first), Some(name), action, None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let query = uri.query().unwrap_or_default();
    let says =
        |words: &[&str]| url::form_urlencoded::parse(query.as_bytes()).any(|(key, _)| words.contains(&&*key));
    match action {
        None | Some("") => parse_check_uuid(first).is_none() && says(&["state"]),
        Some("run" | "complete" | "ok") => true,
        // That one both have.
        Some("fail") => {
            !slug::is_valid(name) || says(&["message", "series", "host", "env", "metric", "status_code"])
        }
        Some(_) => false,
    }
}

/// Whether these parts of a path and this query are of an older monitor.
pub(super) fn is_at_root(path: &[String], query: &str) -> bool {
    match path {
        [_] => url::form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == "state"),
        [_, state] => matches!(state.as_str(), "run" | "complete" | "fail" | "ok"),
        _ => false,
    }
}

fn read_at_root(request: &Request<'_>) -> Result<Said, Reply> {
    let (code, state) = match request.path()[..] {
        [code] => (code, request.get("state")),
        [code, state] => (code, Some(state)),
        _ => return Err(AT_ROOT.unknown),
    };
    said(request, Address::Token(code.to_owned()), state)
}

fn said(request: &Request<'_>, address: Address, state: Option<&str>) -> Result<Said, Reply> {
    let status = request.get("status_code");
    let state = state.map(str::to_ascii_lowercase);
    let asked = match (state.as_deref(), status.and_then(exit)) {
        (Some("run"), _) => Asked::Start,
        (Some("fail"), Some(Asked::Exit(n @ 1..))) => Asked::Exit(n),
        (Some("fail"), _) => Asked::Fail,
        // The state decides: a program may be fine with a status that others are not.
        (Some("complete"), Some(Asked::Exit(0))) => Asked::Exit(0),
        (None, Some(status)) if status.is_failure() => status,
        (Some("complete" | "ok") | None, _) => Asked::Success,
        (Some(_), _) => return Err(BAD_STATE),
    };
    let metrics = request.all("metric").map(|metric| ("metric", Some(metric)));
    let others =
        [("status code", status), ("environment", request.get("env")), ("host", request.get("host"))];
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
    use super::{AT_ROOT, BAD_STATE, DIALECT, Dialect, UNKNOWN, is_at_root, run_id};
    use crate::core::ping::Asked;
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
    #[case("?status_code=3", Asked::Exit(3), "status code: 3")]
    #[case("?metric=count:1&metric=duration:2.5", Asked::Success, "metric: count:1\nmetric: duration:2.5")]
    fn words_of_cronitor(#[case] query: &str, #[case] asked: Asked, #[case] text: &str) {
        let result = read(DIALECT, "GET", &format!("/p/key/nightly-job{query}"), &[], "");
        assert_eq!(said(result), ("key/nightly-job".to_owned(), asked, text.to_owned()));
    }

    #[test]
    fn an_unknown_state_is_refused() {
        assert_eq!(read(DIALECT, "GET", "/p/key/job?state=done", &[], ""), Err(BAD_STATE));
        assert_eq!(read(DIALECT, "GET", "/p/key/job/done?state=run", &[], ""), Err(BAD_STATE));
        assert_eq!(read(DIALECT, "GET", "/p/key?state=run", &[], ""), Err(UNKNOWN));
    }

    #[rstest]
    #[case(DIALECT, "/p/key/job/run", "key/job")]
    #[case(AT_ROOT, "/d3x0c1/run", "d3x0c1")]
    #[case(AT_ROOT, "/d3x0c1?state=run", "d3x0c1")]
    fn the_state_may_stand_in_the_path(
        #[case] dialect: Dialect,
        #[case] target: &str,
        #[case] address: &str,
    ) {
        assert_eq!(
            said(read(dialect, "POST", target, &[], "")),
            (address.to_owned(), Asked::Start, String::new())
        );
    }

    #[rstest]
    #[case("d3x0c1/run", "", true)]
    #[case("d3x0c1/fail", "x=1", true)]
    #[case("d3x0c1", "state=run", true)]
    #[case("d3x0c1", "m=run", false)]
    #[case("d3x0c1/edit", "state=run", false)]
    #[case("d3x0c1/run/1", "", false)]
    fn older_monitors_are_told_apart(#[case] path: &str, #[case] query: &str, #[case] is: bool) {
        let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        assert_eq!(is_at_root(&parts, query), is);
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
