//! What every way in shares: who sends, the body and its limits, the way to the writer, the common answers.
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body::Body as _;
use ipnet::IpNet;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::body::{self, Collected, Missing};
use super::writer::{Answer, Incoming, Target, Writer};
use crate::clock::Clock;
use crate::core::ping::Asked;
use crate::net::source::{Peer, forwarded_for_ping};
use crate::store::Db;
use crate::store::bodies::StoredBody;

/// Longest user agent that is kept, in characters.
const MAX_UA: usize = 200;
/// Longest method that is kept, in characters.
const MAX_METHOD: usize = 20;
/// Bodies that may be on their way in at once: each may take `MAIBO_PING_BODY_LIMIT` bytes of memory.
const BODIES_AT_ONCE: usize = 1000;
/// Bodies longer than that which may be on their way in at once: from senders who are known only.
const MESSAGES_AT_ONCE: usize = 16;
/// How long a ping waits for its turn to send a body; then it counts without one.
const BODY_PATIENCE: Duration = Duration::from_secs(5);

/// For caches that are older than `Cache-Control`.
const LONG_AGO: &str = "Thu, 01 Jan 1970 00:00:00 GMT";
const NEVER_CACHED: &str = "max-age=0, no-cache, no-store, must-revalidate, private";

/// What the routes that take pings need.
#[derive(Clone)]
pub struct Intake {
    pub writer: Writer,
    /// To find a check by its alias; pings are stored by the writer alone.
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub body_limit: usize,
    pub trusted_proxies: Arc<[IpNet]>,
    /// Pings with a body go on here even when their sender hangs up.
    pub tasks: TaskTracker,
    bodies: Arc<Semaphore>,
    messages: Arc<Semaphore>,
}

impl Intake {
    #[must_use]
    pub fn new(
        writer: Writer,
        db: Db,
        clock: Arc<dyn Clock>,
        body_limit: usize,
        trusted_proxies: Arc<[IpNet]>,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            writer,
            db,
            clock,
            body_limit,
            trusted_proxies,
            tasks,
            bodies: Arc::new(Semaphore::new(BODIES_AT_ONCE)),
            messages: Arc::new(Semaphore::new(MESSAGES_AT_ONCE)),
        }
    }

    /// Takes a body in and goes on with what is kept of it, at most `limit` bytes, also when the sender hangs up
    /// meanwhile: what has arrived still counts. `None`: the server is stopping, or `then` panicked.
    pub(super) async fn with_body<T, F>(
        &self,
        body: Body,
        limit: usize,
        then: impl FnOnce(Collected) -> F + Send + 'static,
    ) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        if body.is_end_stream() {
            return Some(then(Collected::default()).await);
        }
        let turns = Arc::clone(if limit > self.body_limit { &self.messages } else { &self.bodies });
        let work = async move {
            let turn = tokio::time::timeout(BODY_PATIENCE, turns.acquire_owned()).await;
            match turn {
                Ok(Ok(_turn)) => then(body::collect(body, limit).await).await,
                _ => then(Collected { missing: Some(Missing::Late), ..Collected::default() }).await,
            }
        };
        self.tasks.spawn(work).await.ok()
    }

    /// Hands a ping to the writer and waits until it is durable, or known not to be.
    pub async fn submit(&self, ping: Incoming) -> Answer {
        let packed =
            if ping.body.is_empty() { StoredBody::default() } else { StoredBody::pack(ping.body.clone()) };
        self.writer.submit(ping, packed).await
    }
}

/// Where a ping comes from, as it is stored.
#[derive(Debug, Clone)]
pub struct Sender {
    scheme: String,
    method: String,
    remote_addr: String,
    ua: String,
}

impl Sender {
    #[must_use]
    pub fn of(parts: &Parts, proxies: &[IpNet]) -> Self {
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0);
        let source = forwarded_for_ping(peer, &parts.headers, proxies);
        Self {
            scheme: source.scheme,
            method: parts.method.as_str().chars().take(MAX_METHOD).collect(),
            remote_addr: source.addr,
            ua: user_agent(&parts.headers),
        }
    }

    /// Who sends a mail: the peer, and the sender that it names, which is empty in a bounce.
    #[must_use]
    pub fn of_mail(peer: IpAddr, from: &str) -> Self {
        let from = if from.is_empty() { "<>" } else { from };
        Self {
            scheme: "email".to_owned(),
            method: String::new(),
            remote_addr: peer.to_canonical().to_string(),
            ua: format!("Email from {from}").chars().take(MAX_UA).collect(),
        }
    }

    /// A ping that counts now, without a run id; its sender has stated what happened, whatever the body says.
    #[must_use]
    pub fn ping(self, target: Target, asked: Asked, body: Vec<u8>, intake: &Intake) -> Incoming {
        Incoming {
            target,
            at: intake.clock.now(),
            asked,
            fault: None,
            rid: None,
            hasty: false,
            missing: None,
            stated: true,
            scheme: self.scheme,
            method: self.method,
            remote_addr: self.remote_addr,
            ua: self.ua,
            body,
            mail: None,
        }
    }
}

fn user_agent(headers: &HeaderMap) -> String {
    headers
        .get(header::USER_AGENT)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).chars().take(MAX_UA).collect())
        .unwrap_or_default()
}

/// A ping that could not be stored.
pub(super) fn unavailable() -> Response {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, "not stored, please try again in a few seconds");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

pub(super) fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(NEVER_CACHED));
    response.headers_mut().insert(header::EXPIRES, HeaderValue::from_static(LONG_AGO));
    response
}

/// A few words that nobody may keep.
pub(super) fn text(status: StatusCode, words: &'static str) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))];
    uncached((status, kind, words).into_response())
}

/// A browser's question before a ping from a page. Never a ping: it says nothing about the job.
pub(super) fn preflight() -> Response {
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
