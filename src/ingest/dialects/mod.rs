//! Ping URLs of other products, so that a job keeps its URL but for the host name. A file for each product turns a
//! request into our event; what they share is here.
//!
//! A check is found by its alias (the token that it had there, see [`crate::core::alias`]) or by its UUID; where the
//! product has a project's key and a name instead, also by our ping key and slug.
mod alertmanager;
mod better_stack;
mod checkly;
mod cronhub;
mod cronitor;
mod gatus;
mod kuma;
mod sentry;
mod snitch;

use std::borrow::Cow;
use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{self, HeaderMap};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::map_request;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};
use http_body_util::Limited;
use tower_http::decompression::RequestDecompressionLayer;
use uuid::Uuid;

use super::body::{self, Collected, Missing};
use super::http;
use super::intake::{Intake, Sender, preflight, unavailable, uncached};
use super::writer::{Answer, Target};
use crate::core::ping::{Asked, parse_check_uuid};
use crate::core::schedule::{Kind, Spec};
use crate::core::{Span, alias, slug};
use crate::store::checks::{self, Check};
use crate::store::{Db, StoreError, addresses, check_lists, projects};

/// The routes of all products but those whose URLs stand at the root: see [`at_root`].
pub fn router() -> Router<Intake> {
    // Clients of Sentry compress what they send.
    let envelope = || {
        let unpacked: MethodRouter<Intake> = takes(sentry::ENVELOPE).layer(map_request(bounded));
        unpacked.layer(RequestDecompressionLayer::new())
    };
    Router::new()
        .route("/api/push/{*rest}", takes(kuma::DIALECT))
        .route("/api/v1/endpoints/{*rest}", takes(gatus::DIALECT))
        .route("/api/v1/heartbeat/{*rest}", takes(better_stack::DIALECT))
        .route("/api/alertmanager/{*rest}", takes(alertmanager::DIALECT))
        .route("/api/{project}/cron/{*rest}", takes(sentry::CRON))
        .route("/api/{project}/envelope/", envelope())
        .route("/api/{project}/envelope", envelope())
        .route("/p/{*rest}", takes(cronitor::DIALECT))
        .route("/start/{*rest}", takes(cronhub::DIALECT))
        .route("/finish/{*rest}", takes(cronhub::DIALECT))
        .route("/fail/{*rest}", takes(cronhub::DIALECT))
        .route("/heartbeats/ping/{*rest}", takes(checkly::DIALECT))
}

/// Most bytes of an envelope once it is unpacked: a check-in has a few hundred, and a few bytes of gzip can hold gigabytes.
const MAX_ENVELOPE: usize = 4 * 1024 * 1024;

/// Most bytes of a message that are read, whatever is kept: a thousand alerts have less.
const MAX_MESSAGE: usize = 1024 * 1024;

/// Breaks an envelope off that is too long.
async fn bounded(request: axum::extract::Request) -> axum::extract::Request {
    request.map(|body| Body::new(Limited::new(body, MAX_ENVELOPE)))
}

/// Any method on `/ping/…`: a ping of ours, unless it says in Cronitor's words what happened.
pub async fn below_ping(State(intake): State<Intake>, request: axum::extract::Request) -> Response {
    if cronitor::is_below_ping(request.uri()) {
        return handle(cronitor::DIALECT, intake, request).await;
    }
    http::ping(State(intake), request).await
}

/// What no other route answers: a ping of a product whose URLs stand at the root (hc-ping.com, Dead Man's Snitch, older
/// ones of Cronitor) when it has the token of a check, else an address that does not exist.
pub async fn at_root(State(intake): State<Intake>, request: axum::extract::Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let whole = percent_encoding::percent_decode_str(request.uri().path()).decode_utf8_lossy();
    let whole = whole.strip_prefix('/').unwrap_or(&whole).to_owned();
    match http::is_at_root(&intake.db, &whole, query).await {
        Ok(true) => return spoken(http::take(intake, request, &whole).await),
        Ok(false) => {}
        Err(error) => return not_looked_up(&error),
    }
    let path = parts_of(request.uri().path()).unwrap_or_default();
    let dialect = match path.as_slice() {
        path if cronitor::is_at_root(path, query) => cronitor::AT_ROOT,
        [_] => snitch::DIALECT,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    // Most that comes here is mistyped: it gets its page without its body being read.
    match target(&intake.db, Address::Token(path[0].clone())).await {
        // A browser's question, too, now that there is somebody to ask.
        Ok(Some(_)) => spoken(handle(dialect, intake, request).await),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => not_looked_up(&error),
    }
}

/// Marks an answer whose words are for a program, among pages whose errors are for people.
#[derive(Debug, Clone, Copy)]
pub struct Spoken;

fn spoken(mut response: Response) -> Response {
    if response.headers().contains_key(header::CONTENT_TYPE) {
        response.extensions_mut().insert(Spoken);
    }
    response
}

/// A product's way to say things: pure functions and fixed answers.
#[derive(Clone, Copy)]
struct Dialect {
    /// What a request says, or why that cannot be told.
    read: fn(&Request<'_>) -> Result<Said, Reply>,
    /// The answer once the ping is on disk.
    taken: Reply,
    /// The answer when there is no such check.
    unknown: Reply,
    /// The answer in place of that when no project has the credential, for a product that tells the two apart.
    stranger: Option<Reply>,
    /// See [`Incoming::hasty`](super::Incoming::hasty).
    hasty: bool,
    told_by: ToldBy,
}

impl Dialect {
    /// One whose URL says what happened, whose senders wait for the answer, and that answers strangers as it answers those
    /// who ask for a check that is not there.
    const fn by_url(read: fn(&Request<'_>) -> Result<Said, Reply>, taken: Reply, unknown: Reply) -> Self {
        Self { read, taken, unknown, stranger: None, hasty: false, told_by: ToldBy::Url }
    }
}

/// What tells of a ping what happened.
#[derive(Clone, Copy)]
enum ToldBy {
    Url,
    /// The body may: without all of it nothing is known. What is kept of it is read.
    Body,
    /// A message about many things, in which ours is looked for: up to [`MAX_MESSAGE`] of it are read, and our part is
    /// kept. That costs time and memory, so it is done for those only whom this names by their URL and headers.
    Message(fn(&Request<'_>) -> Option<Holder>),
}

/// Who sends something, as far as can be told before its body has come.
#[derive(Debug, PartialEq, Eq)]
enum Holder {
    Token(String),
    Credential(String),
}

/// How many bytes are read of a request whose body has not come yet.
async fn room(told_by: ToldBy, intake: &Intake, request: &Request<'_>) -> usize {
    let ToldBy::Message(holder) = told_by else { return intake.body_limit };
    let known = match holder(request) {
        None => Ok(false),
        Some(Holder::Credential(key)) => {
            projects::by_ping_key(&intake.db, &key).await.map(|found| found.is_some())
        }
        Some(Holder::Token(token)) => match target(&intake.db, Address::Token(token)).await {
            Ok(Some(Target::Uuid(uuid))) => {
                checks::by_uuid(&intake.db, uuid).await.map(|found| found.is_some())
            }
            Ok(_) => Ok(false),
            Err(error) => Err(error),
        },
    };
    match known {
        Ok(true) => intake.body_limit.max(MAX_MESSAGE),
        // Whoever it is gets an answer when the body is there.
        Ok(false) | Err(_) => intake.body_limit,
    }
}

/// A request as a dialect sees it.
struct Request<'a> {
    method: &'a Method,
    /// The decoded parts of the path; a slash at its end is not seen.
    path: Vec<String>,
    query: Vec<(String, String)>,
    headers: &'a HeaderMap,
    /// What is kept of the body.
    body: &'a [u8],
}

impl Request<'_> {
    fn path(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// A parameter of the query that is not empty; the last one where it is repeated.
    fn get(&self, name: &str) -> Option<&str> {
        self.all(name).last()
    }

    /// Every value of a parameter but empty ones.
    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.query
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty())
            .map(|(_, v)| v.as_str())
    }

    /// A header as text, empty when there is none.
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn has_type(&self, wanted: &str) -> bool {
        let sent = self.header(header::CONTENT_TYPE);
        sent.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted))
    }
}

/// What a request says, in our words.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    address: Address,
    asked: Asked,
    /// Tells overlapping runs apart.
    rid: Option<Uuid>,
    /// What is kept as the ping's body.
    text: Vec<u8>,
}

impl Said {
    fn token(token: &str, asked: Asked, text: Vec<u8>) -> Self {
        Self { address: Address::Token(token.to_owned()), asked, rid: None, text }
    }
}

/// How a product names a check.
#[derive(Debug, PartialEq, Eq)]
enum Address {
    /// A check's alias or its UUID.
    Token(String),
    /// The alias `<credential>/<name>`, or our ping key and slug.
    Pair {
        credential: String,
        name: String,
        /// What the name is as a slug; `None`: nothing that one could tell from others.
        slug: Option<String>,
        create: Create,
    },
}

/// What to do when a project has no check of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Create {
    Never,
    /// Make it as `?create=1` does.
    Default,
    /// Make it, due on this schedule, with this grace.
    Planned(Spec, Span),
}

/// An answer in the words of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reply {
    status: StatusCode,
    /// Empty where there are no words.
    content_type: &'static str,
    words: &'static str,
}

impl Reply {
    const fn text(status: StatusCode, words: &'static str) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", words }
    }

    const fn json(status: StatusCode, words: &'static str) -> Self {
        Self { status, content_type: "application/json", words }
    }

    const fn bare(status: StatusCode) -> Self {
        Self { status, content_type: "", words: "" }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.words).into_response();
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        if self.content_type.is_empty() {
            headers.remove(header::CONTENT_TYPE);
        } else {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        uncached(response)
    }
}

const AMBIGUOUS: Reply = Reply::text(StatusCode::CONFLICT, "ambiguous slug");
const BROKEN: Reply =
    Reply::text(StatusCode::BAD_REQUEST, "the body ended too soon, is too long, or cannot be unpacked");
const POST_ONLY: Reply = Reply::text(StatusCode::METHOD_NOT_ALLOWED, "only POST is taken here");

fn takes(dialect: Dialect) -> MethodRouter<Intake> {
    any(move |State(intake): State<Intake>, request: axum::extract::Request| handle(dialect, intake, request))
}

async fn handle(dialect: Dialect, intake: Intake, request: axum::extract::Request) -> Response {
    if request.method() == Method::OPTIONS {
        return preflight();
    }
    let (parts, body) = request.into_parts();
    let Some(path) = parts_of(parts.uri.path()) else { return dialect.unknown.into_response() };
    let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let query = query.map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
    let sender = Sender::of(&parts, &intake.trusted_proxies);
    let head = Request { method: &parts.method, path, query, headers: &parts.headers, body: &[] };
    let limit = room(dialect.told_by, &intake, &head).await;
    let Request { path, query, .. } = head;
    let with_body = {
        let intake = intake.clone();
        async move |kept: Collected| {
            match kept.missing.filter(|_| !matches!(dialect.told_by, ToldBy::Url)) {
                Some(Missing::Broken) => return BROKEN.into_response(),
                Some(Missing::Late) => return unavailable(),
                None => {}
            }
            let is_long = kept.bytes.len() > intake.body_limit;
            let read = move || {
                let (method, headers) = (&parts.method, &parts.headers);
                (dialect.read)(&Request { method, path, query, headers, body: &kept.bytes })
            };
            // What takes a while keeps nobody else waiting.
            let said = if is_long { intake.tasks.spawn_blocking(read).await } else { Ok(read()) };
            let said = match said {
                Ok(Ok(said)) => said,
                Ok(Err(reply)) => return reply.into_response(),
                Err(_) => return BROKEN.into_response(),
            };
            let named = match &said.address {
                Address::Pair { credential, name, .. } => Some((credential.clone(), name.clone())),
                Address::Token(_) => None,
            };
            let plan = match &said.address {
                Address::Pair { create: Create::Planned(spec, grace), .. } => Some((spec.clone(), *grace)),
                _ => None,
            };
            let target = match target(&intake.db, said.address).await {
                Ok(Some(target)) => target,
                Ok(None) => return unknown(dialect, &intake.db, named).await,
                Err(error) => return not_looked_up(&error),
            };
            if let Some((spec, grace)) = plan
                && let Err(error) = follow(&intake, &target, spec, grace).await
            {
                return not_looked_up(&error);
            }
            let text = body::bounded(&said.text, intake.body_limit);
            let mut ping = sender.ping(target, said.asked, text, &intake);
            (ping.rid, ping.hasty) = (said.rid, dialect.hasty);
            match intake.submit(ping).await {
                Answer::Ok | Answer::Created => dialect.taken.into_response(),
                // Nothing that a dialect hands in has a fault to be refused for.
                Answer::NotFound | Answer::Refused(_) => unknown(dialect, &intake.db, named).await,
                Answer::Ambiguous => AMBIGUOUS.into_response(),
                Answer::Unavailable => unavailable(),
            }
        }
    };
    intake.with_body(body, limit, with_body).await.unwrap_or_else(unavailable)
}

/// There is no such check: whose words that takes depends on whether the credential is anybody's. The log tells of a
/// name that somebody's job uses, for most clients are silent about refusals.
async fn unknown(dialect: Dialect, db: &Db, named: Option<(String, String)>) -> Response {
    let Some((key, name)) = named else { return dialect.unknown.into_response() };
    match projects::by_ping_key(db, &key).await {
        Ok(Some(project)) => {
            let (project, name) = (project.name, name.chars().take(slug::MAX_CHARS).collect::<String>());
            tracing::warn!(project, name, "a ping names a check that is not there and cannot be made");
            dialect.unknown.into_response()
        }
        Ok(None) => dialect.stranger.unwrap_or(dialect.unknown).into_response(),
        Err(error) => not_looked_up(&error),
    }
}

/// Gives a check that is there already the schedule and the grace that its job states, as the product does: they are
/// written in the job's code, and change there.
async fn follow(intake: &Intake, target: &Target, spec: Spec, grace: Span) -> Result<(), StoreError> {
    let check = match target {
        Target::Uuid(uuid) => checks::by_uuid(&intake.db, *uuid).await?,
        Target::Slug { ping_key, slug, .. } | Target::Planned { ping_key, slug, .. } => {
            let Some(project) = projects::by_ping_key(&intake.db, ping_key).await? else { return Ok(()) };
            let mut fitting = check_lists::with_slug(&intake.db, project.id, slug).await?;
            // More than one: the ping is refused as ambiguous.
            if fitting.len() == 1 { fitting.pop() } else { None }
        }
    };
    let Some(check) = check else { return Ok(()) };
    let settings = |check: &Check| {
        let mut settings = check.settings();
        let period = if spec.kind == Kind::Period { spec.period } else { settings.spec.period };
        (settings.spec, settings.grace) = (Spec { period, ..spec.clone() }, grace);
        Ok::<_, Infallible>(settings)
    };
    let (Ok(wanted), now) = (settings(&check), intake.clock.now());
    if wanted.spec == check.settings().spec && wanted.grace == check.settings().grace {
        return Ok(());
    }
    checks::update(&intake.db, check.id, settings, None, now).await.map(drop)
}

/// The decoded parts of a path, without the empty ones at its ends. `None`: it is not UTF-8.
fn parts_of(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let decoded = |part| percent_encoding::percent_decode_str(part).decode_utf8().ok().map(Cow::into_owned);
    path.split('/').map(decoded).collect()
}

/// Which check is meant. `None`: certainly none; the writer knows whether there is one otherwise.
async fn target(db: &Db, address: Address) -> Result<Option<Target>, StoreError> {
    let alias = match &address {
        Address::Token(token) => token.clone(),
        Address::Pair { credential, name, .. } => format!("{credential}/{name}"),
    };
    if alias::is_valid(&alias)
        && let Some(uuid) = addresses::by_alias(db, &alias).await?
        && !is_of_others(db, &address, uuid).await?
    {
        return Ok(Some(Target::Uuid(uuid)));
    }
    Ok(match address {
        Address::Token(token) => parse_check_uuid(&token).map(Target::Uuid),
        // A check without a slug has no name to be called by.
        Address::Pair { slug: None, .. } => None,
        Address::Pair { credential, .. } if !slug::could_be(&credential) => None,
        Address::Pair { credential: ping_key, slug: Some(slug), create, .. } => Some(match create {
            Create::Planned(spec, grace) => Target::Planned { ping_key, slug, spec, grace },
            create => Target::Slug { ping_key, slug, create: create == Create::Default },
        }),
    })
}

/// Whether the credential is the ping key of another project than that of the check: an alias takes no pings away from
/// those who have the key.
async fn is_of_others(db: &Db, address: &Address, uuid: Uuid) -> Result<bool, StoreError> {
    let Address::Pair { credential, .. } = address else { return Ok(false) };
    let Some(project) = projects::by_ping_key(db, credential).await? else { return Ok(false) };
    Ok(checks::by_uuid(db, uuid).await?.is_none_or(|check| check.project_id != project.id))
}

fn not_looked_up(error: &StoreError) -> Response {
    tracing::error!(%error, "a check could not be looked up; the sender of a ping is told to try again");
    unavailable()
}

/// What a status as programs exit with means: any whole number but 0 is a failure. `None`: it is no number.
fn exit(status: &str) -> Option<Asked> {
    let number = status.strip_prefix('-').unwrap_or(status);
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Windows knows longer ones, and negative ones.
    Some(status.parse().map_or(Asked::Fail, Asked::Exit))
}

/// The text that is kept: the message, then the other facts a line each, then what came as the body.
fn text<'a>(
    message: Option<&str>,
    facts: impl IntoIterator<Item = (&'static str, Option<&'a str>)>,
    body: &[u8],
) -> Vec<u8> {
    let mut text = message.unwrap_or_default().as_bytes().to_vec();
    let mut add = |more: &[u8]| {
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        text.extend_from_slice(more);
    };
    for (label, value) in facts {
        if let Some(value) = value {
            add(format!("{label}: {value}").as_bytes());
        }
    }
    if !body.is_empty() {
        add(body);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// Reads a request as a dialect would.
    pub(super) fn read(
        dialect: Dialect,
        method: &str,
        target: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Result<Said, Reply> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        (dialect.read)(&Request {
            method: &method.parse().unwrap(),
            path: parts_of(path).unwrap(),
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: &headers,
            body: body.as_bytes(),
        })
    }

    /// What a request said, its text as a string: token or pair, event, text.
    pub(super) fn said(result: Result<Said, Reply>) -> (String, Asked, String) {
        let said = result.unwrap();
        let address = match said.address {
            Address::Token(token) => token,
            Address::Pair { credential, name, .. } => format!("{credential}/{name}"),
        };
        (address, said.asked, String::from_utf8(said.text).unwrap())
    }

    #[rstest]
    #[case("0", Some(Asked::Exit(0)))]
    #[case("007", Some(Asked::Exit(7)))]
    #[case("255", Some(Asked::Exit(255)))]
    #[case("256", Some(Asked::Fail))]
    #[case("-1", Some(Asked::Fail))]
    #[case("3221225786", Some(Asked::Fail))]
    #[case("", None)]
    #[case("-", None)]
    #[case("1.5", None)]
    #[case("+1", None)]
    fn statuses_of_programs(#[case] text: &str, #[case] asked: Option<Asked>) {
        assert_eq!(exit(text), asked);
    }

    #[test]
    fn a_path_is_decoded_part_by_part() {
        assert_eq!(parts_of("/p/a%2Fb/c/").unwrap(), ["p", "a/b", "c"]);
        assert_eq!(parts_of("/").unwrap(), [""]);
        assert_eq!(parts_of("/p/%ff"), None);
    }

    #[test]
    fn the_message_stands_first() {
        let facts = [("host", Some("db1")), ("env", None)];
        assert_eq!(text(Some("done"), facts, b"\xff"), b"done\nhost: db1\n\xff");
        assert_eq!(text(None, [], b"log"), b"log");
        assert_eq!(text(None, [], b""), b"");
    }
}
