//! The ping routes: `/ping/<uuid>…` and `/ping/<ping key>/<slug>…`, as COMPATIBILITY.md 4.0 and 4.1 have them.
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body::Body as _;
use ipnet::IpNet;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::body;
use super::writer::{Answer, Fault, Incoming, Target, Writer};
use crate::clock::Clock;
use crate::core::ping::{Asked, parse_check_uuid, parse_run_id};
use crate::core::slug;
use crate::net::source::{Peer, forwarded_for_ping};
use crate::store::bodies::StoredBody;

/// Longest user agent that is kept, in characters.
const MAX_UA: usize = 200;
/// Bodies that may be on their way in at once: each may take `MAIBO_PING_BODY_LIMIT` bytes of memory.
const BODIES_AT_ONCE: usize = 1000;
/// How long a ping waits for its turn to send a body; then it counts without one.
const BODY_PATIENCE: Duration = Duration::from_secs(5);

const NEVER_CACHED: &str = "max-age=0, no-cache, no-store, must-revalidate, private";

/// What the ping routes need.
#[derive(Clone)]
pub struct Intake {
    pub writer: Writer,
    pub clock: Arc<dyn Clock>,
    pub body_limit: usize,
    pub trusted_proxies: Arc<[IpNet]>,
    /// Pings with a body go on here even when their sender hangs up.
    pub tasks: TaskTracker,
    bodies: Arc<Semaphore>,
}

impl Intake {
    #[must_use]
    pub fn new(
        writer: Writer,
        clock: Arc<dyn Clock>,
        body_limit: usize,
        trusted_proxies: Arc<[IpNet]>,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            writer,
            clock,
            body_limit,
            trusted_proxies,
            tasks,
            bodies: Arc::new(Semaphore::new(BODIES_AT_ONCE)),
        }
    }
}

/// What a path below `/ping/` asks for.
#[derive(Debug, PartialEq, Eq)]
struct Route {
    target: Target,
    asked: Asked,
    fault: Option<Fault>,
}

#[derive(Debug, PartialEq, Eq)]
enum BadRoute {
    NotFound,
    /// An upper-case slug or action.
    Format,
}

impl IntoResponse for BadRoute {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => text(StatusCode::NOT_FOUND, "not found"),
            Self::Format => text(StatusCode::BAD_REQUEST, "invalid url format"),
        }
    }
}

/// Reads the decoded path below `/ping/`.
fn route(path: &str) -> Result<Route, BadRoute> {
    let parts: Vec<&str> = path.split('/').collect();
    let found = |target, action| action_of(action).map(|(asked, fault)| Route { target, asked, fault });
    match parts.as_slice() {
        [uuid] | [uuid, ""] => found(Target::Uuid(parse_check_uuid(uuid).ok_or(BadRoute::NotFound)?), "")
            .ok_or(BadRoute::NotFound),
        [first, second] => {
            if let (Some(uuid), Some(route)) = (parse_check_uuid(first), action_of(second)) {
                let (asked, fault) = route;
                return Ok(Route { target: Target::Uuid(uuid), asked, fault });
            }
            found(by_slug(first, second)?, "").ok_or(BadRoute::NotFound)
        }
        [ping_key, name, action] if !action.is_empty() => {
            let (asked, fault) = action_of(action).ok_or(BadRoute::NotFound)?;
            Ok(Route { target: by_slug(ping_key, name)?, asked, fault })
        }
        _ => Err(BadRoute::NotFound),
    }
}

fn by_slug(ping_key: &str, name: &str) -> Result<Target, BadRoute> {
    if !slug::could_be(ping_key) || !slug::could_be(name) {
        return Err(BadRoute::NotFound);
    }
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(BadRoute::Format);
    }
    Ok(Target::Slug { ping_key: ping_key.to_owned(), slug: name.to_owned(), create: false })
}

/// The action in the last part of a path; `None` when it is not one. Any whole number is an exit status, and one
/// above 255 is a fault.
fn action_of(part: &str) -> Option<(Asked, Option<Fault>)> {
    Some(match part {
        "" => (Asked::Success, None),
        "start" => (Asked::Start, None),
        "fail" => (Asked::Fail, None),
        "log" => (Asked::Log, None),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
            let number = digits.trim_start_matches('0');
            match if number.is_empty() { Ok(0) } else { number.parse::<u8>() } {
                Ok(n) => (Asked::Exit(n), None),
                Err(_) => (Asked::Fail, Some(Fault::ExitStatus)),
            }
        }
        _ => return None,
    })
}

/// Any method on `/ping/…`.
pub async fn ping(State(intake): State<Intake>, request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return preflight();
    }
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let below = path.find("/ping/").map_or("", |start| &path[start + 6..]);
    let Ok(below) = percent_encoding::percent_decode_str(below).decode_utf8() else {
        return BadRoute::NotFound.into_response();
    };
    let mut wanted = match route(&below) {
        Ok(route) => route,
        Err(bad) => return bad.into_response(),
    };
    let query = Query::read(parts.uri.query().unwrap_or_default());
    if let Target::Slug { create, .. } = &mut wanted.target {
        *create = query.create;
    }
    let (rid, bad_rid) = match &query.rid {
        None => (None, false),
        Some(text) => {
            let rid = parse_run_id(text);
            (rid, rid.is_none())
        }
    };
    let fault = wanted.fault.or(bad_rid.then_some(Fault::RunId));

    let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0);
    let source = forwarded_for_ping(peer, &parts.headers, &intake.trusted_proxies);
    let mut incoming = Incoming {
        target: wanted.target,
        at: intake.clock.now(),
        asked: wanted.asked,
        fault,
        rid,
        scheme: source.scheme,
        method: parts.method.as_str().chars().take(20).collect(),
        remote_addr: source.addr,
        ua: user_agent(&parts.headers),
        body: Vec::new(),
    };
    let answer = if body.is_end_stream() {
        let packed = StoredBody::default();
        intake.writer.submit(incoming, packed).await
    } else {
        let with_body = {
            let intake = intake.clone();
            async move {
                let (kept, _turn) = receive(&intake, body).await;
                incoming.at = intake.clock.now();
                let packed = StoredBody::pack(kept.clone());
                incoming.body = kept;
                intake.writer.submit(incoming, packed).await
            }
        };
        // A task of its own: when the sender hangs up, what has arrived still counts.
        intake.tasks.spawn(with_body).await.unwrap_or(Answer::Unavailable)
    };
    respond(answer, intake.body_limit)
}

async fn receive(intake: &Intake, body: Body) -> (Vec<u8>, Option<tokio::sync::OwnedSemaphorePermit>) {
    let turn = tokio::time::timeout(BODY_PATIENCE, Arc::clone(&intake.bodies).acquire_owned()).await;
    match turn {
        Ok(Ok(turn)) => (body::collect(body, intake.body_limit).await, Some(turn)),
        _ => (Vec::new(), None),
    }
}

fn user_agent(headers: &HeaderMap) -> String {
    headers
        .get(header::USER_AGENT)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).chars().take(MAX_UA).collect())
        .unwrap_or_default()
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Query {
    rid: Option<String>,
    create: bool,
}

impl Query {
    /// The last of repeated parameters counts; only exactly `1` creates; a bare `rid` is an empty one.
    fn read(text: &str) -> Self {
        let mut query = Self::default();
        for (key, value) in url::form_urlencoded::parse(text.as_bytes()) {
            match key.as_ref() {
                "rid" => query.rid = Some(value.into_owned()),
                "create" => query.create = value == "1",
                _ => {}
            }
        }
        query
    }
}

fn respond(answer: Answer, body_limit: usize) -> Response {
    let mut response = match answer {
        Answer::Ok => text(StatusCode::OK, "OK"),
        Answer::Created => text(StatusCode::CREATED, "Created"),
        Answer::NotFound => return BadRoute::NotFound.into_response(),
        Answer::Ambiguous => return text(StatusCode::CONFLICT, "ambiguous slug"),
        Answer::Refused(Fault::ExitStatus) => return BadRoute::Format.into_response(),
        Answer::Refused(Fault::RunId) => return text(StatusCode::BAD_REQUEST, "invalid uuid format"),
        Answer::Unavailable => {
            let mut response =
                text(StatusCode::SERVICE_UNAVAILABLE, "not stored, please try again in a few seconds");
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            return response;
        }
    };
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("ping-body-limit"), HeaderValue::from(body_limit));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn text(status: StatusCode, words: &'static str) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, NEVER_CACHED)];
    (status, headers, words).into_response()
}

/// A browser's question before a ping from a page. Never a ping: it says nothing about the job.
fn preflight() -> Response {
    (
        StatusCode::NO_CONTENT,
        [
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, OPTIONS"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "*"),
            (header::ACCESS_CONTROL_MAX_AGE, "600"),
        ],
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const UUID: &str = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";

    #[expect(clippy::unnecessary_wraps, reason = "stands beside refusals in a table")]
    fn uuid(asked: Asked) -> Result<Route, BadRoute> {
        Ok(Route { target: Target::Uuid(UUID.parse().unwrap()), asked, fault: None })
    }

    #[rstest]
    #[case("", uuid(Asked::Success))]
    #[case("/", uuid(Asked::Success))]
    #[case("/start", uuid(Asked::Start))]
    #[case("/fail", uuid(Asked::Fail))]
    #[case("/log", uuid(Asked::Log))]
    #[case("/000", uuid(Asked::Exit(0)))]
    #[case("/01", uuid(Asked::Exit(1)))]
    #[case("/255", uuid(Asked::Exit(255)))]
    #[case("/start/", Err(BadRoute::NotFound))]
    #[case("/0/", Err(BadRoute::NotFound))]
    #[case("/FAIL", Err(BadRoute::Format))]
    #[case("/-1", by_slug(UUID, "-1").map(|target| Route { target, asked: Asked::Success, fault: None }))]
    #[case("/log/1", by_slug(UUID, "log").map(|target| Route { target, asked: Asked::Exit(1), fault: None }))]
    fn paths_after_a_uuid(#[case] rest: &str, #[case] expected: Result<Route, BadRoute>) {
        assert_eq!(route(&format!("{UUID}{rest}")), expected);
    }

    #[rstest]
    #[case("6F1C9A52-7C1E-4D0B-9A53-0F6D1C2B88E2", BadRoute::NotFound)]
    #[case("6f1c9a527c1e4d0b9a530f6d1c2b88e2", BadRoute::NotFound)]
    #[case("key/Slug", BadRoute::Format)]
    #[case("key/slug/", BadRoute::NotFound)]
    #[case("key/slug/nonsense", BadRoute::NotFound)]
    #[case("key/sl ug", BadRoute::NotFound)]
    #[case("key/slug/1/2", BadRoute::NotFound)]
    #[case("", BadRoute::NotFound)]
    fn paths_that_are_refused(#[case] path: &str, #[case] expected: BadRoute) {
        assert_eq!(route(path), Err(expected));
    }

    #[test]
    fn an_exit_status_beyond_a_byte_is_a_fault_however_long() {
        for digits in ["256", "99999999999999999999999999"] {
            assert_eq!(action_of(digits).unwrap().1, Some(Fault::ExitStatus));
        }
    }

    #[test]
    fn the_last_parameter_counts() {
        let query = Query::read("rid=a&rid=b&create=1&create=true");
        assert_eq!(query, Query { rid: Some("b".into()), create: false });
        assert_eq!(Query::read("rid").rid.as_deref(), Some(""));
    }

    /// Paths made of what stands in paths, so that some of them are addresses.
    fn paths() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            prop::sample::select(vec![UUID, "key", "slug", "Slug", "start", "fail", "log", "255", "256", ""])
                .prop_map(str::to_owned),
            "[-_a-z0-9]{0,8}",
            "\\PC{0,8}",
        ];
        prop::collection::vec(part, 0..5).prop_map(|parts| parts.join("/"))
    }

    proptest! {
        #[test]
        fn what_is_an_address_is_read_to_its_last_character(path in paths()) {
            let Ok(read) = route(&path) else { return Ok(()) };
            let target = match &read.target {
                Target::Uuid(uuid) => uuid.to_string(),
                Target::Slug { ping_key, slug, create } => {
                    prop_assert!(!create && !slug.bytes().any(|b| b.is_ascii_uppercase()));
                    format!("{ping_key}/{slug}")
                }
            };
            let action = path.strip_prefix(&target).unwrap();
            if action == "/" {
                // Of a UUID alone.
                prop_assert!(matches!(read.target, Target::Uuid(_)));
            }
            let known = action_of(action.strip_prefix('/').unwrap_or(action));
            prop_assert_eq!(known, Some((read.asked, read.fault)));
        }

        #[test]
        fn a_number_is_an_exit_status_up_to_255(digits in "0{0,5}[0-9]{1,30}") {
            let significant = digits.trim_start_matches('0');
            let fits = significant.len() <= 3 && format!("0{significant}").parse::<u16>().unwrap() <= 255;
            let (asked, fault) = action_of(&digits).unwrap();
            prop_assert_eq!(fault.is_none(), fits);
            prop_assert_eq!(asked.exit_status().is_some(), fits);
        }

        #[test]
        fn a_query_is_read_whatever_is_in_it(
            pairs in prop::collection::vec(("rid|create|other", "\\PC{0,6}|1"), 0..6),
            nonsense in "\\PC{0,40}",
        ) {
            let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let last = |name: &str| pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value);
            let create = last("create").is_some_and(|text| text == "1");
            prop_assert_eq!(Query::read(&text), Query { rid: last("rid").cloned(), create });
            Query::read(&nonsense);
        }
    }
}
