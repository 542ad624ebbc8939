//! The ping routes: `/ping/<uuid>…` and `/ping/<ping key>/<slug>…`, and the same at the root, as COMPATIBILITY.md 4.0 and 4.1 have them.
use std::borrow::Cow;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use uuid::Uuid;

use super::body::Collected;
use super::intake::{Intake, Sender, preflight, text, unavailable};
use super::writer::{Answer, Fault, Target};
use crate::auth::secret;
use crate::core::ping::{Asked, parse_check_uuid, parse_run_id};
use crate::core::slug;
use crate::store::{Db, StoreError, addresses, projects};

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
    let path = request.uri().path();
    let below = path.find("/ping/").map_or("", |start| &path[start + 6..]);
    match percent_encoding::percent_decode_str(below).decode_utf8() {
        Ok(below) => {
            let below = below.into_owned();
            take(intake, request, &below).await
        }
        Err(_) => BadRoute::NotFound.into_response(),
    }
}

/// Whether a decoded path without its first slash, which no other route answers, is a ping of ours: hc-ping.com has its
/// addresses at the root, and a job that comes from there changes the host alone.
pub(super) async fn is_at_root(db: &Db, path: &str, query: &str) -> Result<bool, StoreError> {
    match route(path) {
        // What such an address says in its query is for other products.
        Ok(Route { target: Target::Uuid(uuid), .. }) => {
            let theirs = |(key, _): (Cow<'_, str>, _)| matches!(key.as_ref(), "m" | "s" | "state");
            let theirs = url::form_urlencoded::parse(query.as_bytes()).any(theirs);
            Ok(!theirs && addresses::by_alias(db, &uuid.to_string()).await?.is_none())
        }
        Ok(Route { target: Target::Slug { ping_key, .. }, .. }) => {
            Ok(secret::is_ping_key(&ping_key) && projects::by_ping_key(db, &ping_key).await?.is_some())
        }
        // Close to one of ours: its own words tell what is wrong with it.
        Err(BadRoute::Format) => {
            let first = path.split('/').next().unwrap_or_default();
            let is_key = secret::is_ping_key(first);
            Ok(parse_check_uuid(first).is_some()
                || is_key && projects::by_ping_key(db, first).await?.is_some())
        }
        Ok(Route { target: Target::Planned { .. }, .. }) | Err(BadRoute::NotFound) => Ok(false),
    }
}

/// Takes a ping whose decoded path, below the place where such addresses begin, is `below`.
pub(super) async fn take(intake: Intake, request: Request, below: &str) -> Response {
    if request.method() == Method::OPTIONS {
        return preflight();
    }
    let (parts, body) = request.into_parts();
    let mut wanted = match route(below) {
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

    let sender = Sender::of(&parts, &intake.trusted_proxies);
    let with_body = {
        let intake = intake.clone();
        async move |kept: Collected| {
            let not_looked_up = |error: StoreError| {
                tracing::error!(%error, "a check could not be looked up; the sender of a ping is told to try again");
                Answer::Unavailable
            };
            let submit = async |target, body| {
                let mut ping = sender.clone().ping(target, wanted.asked, body, &intake);
                (ping.fault, ping.rid) = (fault, rid);
                (ping.stated, ping.missing) = (false, kept.missing);
                intake.submit(ping).await
            };
            match wanted.target {
                Target::Uuid(uuid) if is_ours(uuid) => {
                    let answer = submit(Target::Uuid(uuid), kept.bytes.clone()).await;
                    if !matches!(answer, Answer::NotFound) {
                        return answer;
                    }
                    match addresses::by_alias(&intake.db, &uuid.to_string()).await {
                        Ok(Some(known)) => submit(Target::Uuid(known), kept.bytes).await,
                        Ok(None) => answer,
                        Err(error) => not_looked_up(error),
                    }
                }
                Target::Uuid(uuid) => match addresses::by_alias(&intake.db, &uuid.to_string()).await {
                    Ok(known) => submit(Target::Uuid(known.unwrap_or(uuid)), kept.bytes).await,
                    Err(error) => not_looked_up(error),
                },
                target => submit(target, kept.bytes).await,
            }
        }
    };
    let answer = intake.with_body(body, intake.body_limit, with_body).await;
    respond(answer.unwrap_or(Answer::Unavailable), intake.body_limit)
}

/// Whether a UUID looks like ours: such a check is looked for first, and others by their alias. Cronhub's have the same
/// address.
fn is_ours(uuid: Uuid) -> bool {
    uuid.get_version_num() == 4
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
        Answer::Refused(Fault::Body) => return text(StatusCode::BAD_REQUEST, "the body ended too soon"),
        Answer::Refused(Fault::RunId) => return text(StatusCode::BAD_REQUEST, "invalid uuid format"),
        Answer::Unavailable => return unavailable(),
    };
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("ping-body-limit"), HeaderValue::from(body_limit));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
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
                Target::Planned { .. } => panic!("a path has no plan"),
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
