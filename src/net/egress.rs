//! Outbound HTTP, behind the guard: within limits of time and size, and through a proxy where a channel has one.
use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use chrono::DateTime;
use ipnet::IpNet;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use url::Url;

use super::guard::{Blocked, Guard, Policy, Refusal, host};

/// How long a connection and a whole exchange may take.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
pub(super) const WHOLE: Duration = Duration::from_secs(20);
/// Bytes of an answer that are read; vendors' verdicts are short.
const MAX_ANSWER: usize = 64 * 1024;
const MAX_REDIRECTS: usize = 3;

/// One request, ready to go.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// A `POST` of JSON.
    #[must_use]
    pub fn json(url: Url, body: &serde_json::Value) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Self { method: Method::POST, url, headers, body: body.to_string().into_bytes() }
    }

    /// A `POST` of a form.
    #[must_use]
    pub fn form(url: Url, fields: &[(&str, &str)]) -> Self {
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self {
            method: Method::POST,
            url,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, kind)]),
            body: body.into_bytes(),
        }
    }

    /// The same, signed in with a user and a password (`Authorization: Basic`).
    #[must_use]
    pub fn signed_in(mut self, user: &str, password: &str) -> Self {
        // The client makes the header of them; they leave the URL again. Only an address without a host takes none.
        let taken = self.url.set_username(user).and_then(|()| self.url.set_password(Some(password)));
        debug_assert!(taken.is_ok(), "HTTP addresses have hosts");
        self
    }

    /// The same with a header. A value that no header can hold is left out.
    #[must_use]
    pub fn with(mut self, name: reqwest::header::HeaderName, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
        self
    }
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct HttpReply {
    pub status: u16,
    /// `Retry-After`, when the far side gave one.
    pub retry_after: Option<Duration>,
    /// At most 64 KiB.
    pub body: Vec<u8>,
}

/// Why there is no answer. The texts hold no URL: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    #[error("{0}")]
    Refused(Refusal),
    #[error("timed out")]
    Timeout,
    #[error("{0}")]
    Failed(&'static str),
}

/// Clients for proxies that are kept; more proxies than that share the memory, and connect anew.
const MAX_PROXIES: usize = 32;

/// The way out. Cloning is cheap.
#[derive(Clone)]
pub struct Outbound {
    guard: Guard,
    /// Built when first used: reading the system's certificates costs time and memory. The second reaches nothing but
    /// what the operator opened.
    clients: Arc<[OnceLock<reqwest::Client>; 2]>,
    proxied: Proxied,
    commands: bool,
}

impl Outbound {
    /// Reaches public addresses and what `allow` holds, and runs no commands.
    #[must_use]
    pub fn new(allow: &[IpNet]) -> Self {
        Self {
            guard: Guard::new(allow),
            clients: Arc::default(),
            proxied: Proxied::default(),
            commands: false,
        }
    }

    /// The same, where the operator says whether commands may be run.
    #[must_use]
    pub fn with_commands(self, commands: bool) -> Self {
        Self { commands, ..self }
    }

    /// Whether commands may be run on this machine.
    #[must_use]
    pub fn may_run_commands(&self) -> bool {
        self.commands
    }

    /// Why this URL may not be called, as far as it tells by itself: a name is not asked for.
    pub fn refusal_of(&self, url: &Url, hosts: &[&str]) -> Option<Refusal> {
        self.guard.policy(url, hosts).err()
    }

    /// Whether this URL may be called, as far as can be known now. A name that does not resolve today is accepted
    /// where it would be called like any other. `hosts`: those that the kind of channel belongs to; `.example.org`
    /// stands for every host below it, an empty list for every public host.
    pub async fn vet(&self, url: &Url, hosts: &[&str]) -> Result<(), Refusal> {
        self.guard.vet(url, hosts).await
    }

    /// Whether a proxy at this address may be used.
    pub async fn vet_proxy(&self, proxy: &Url) -> Result<(), Refusal> {
        self.guard.vet_proxy(proxy).await
    }

    /// Where a server that does not speak HTTP may be reached now. The scheme says whether the way there is encrypted:
    /// `mqtts` and `tls` are, `mqtt`, `tcp` and `udp` are not.
    pub async fn resolve(&self, url: &Url, port: u16) -> Result<Vec<SocketAddr>, Refusal> {
        self.guard.resolve(url, port).await
    }

    /// Sends one request and reads the answer, within 20 seconds. Through a proxy the target's name is resolved by
    /// that, but for `socks5`; one that leads to a private address here is refused all the same.
    pub async fn send(
        &self,
        request: HttpRequest,
        hosts: &[&str],
        proxy: Option<&Url>,
    ) -> Result<HttpReply, NetError> {
        let exchange = tokio::time::timeout(WHOLE, self.exchange(request, hosts, proxy));
        exchange.await.unwrap_or(Err(NetError::Timeout))
    }

    /// Follows redirects by hand: each address on the way is looked at like the first.
    async fn exchange(
        &self,
        mut request: HttpRequest,
        hosts: &[&str],
        proxy: Option<&Url>,
    ) -> Result<HttpReply, NetError> {
        let mut hops = 0;
        loop {
            let client = match self.client(&request.url, hosts, proxy).await {
                Ok(client) => client,
                Err(NetError::Refused(_)) if hops > 0 => {
                    return Err(NetError::Failed("it redirects to an address that may not be called"));
                }
                Err(error) => return Err(error),
            };
            let response = client
                .request(request.method.clone(), request.url.clone())
                .headers(request.headers.clone())
                .body(request.body.clone())
                .send()
                .await
                .map_err(|error| explain(&error, proxy))?;
            match redirect(&mut request, &response) {
                Redirect::None => return read(response, proxy).await,
                Redirect::Lost => {
                    return Err(NetError::Failed(
                        "it redirects, and what was sent would be lost on the way; use the address it leads to",
                    ));
                }
                Redirect::Follow if hops == MAX_REDIRECTS => {
                    return Err(NetError::Failed("too many redirects"));
                }
                Redirect::Follow => hops += 1,
            }
        }
    }

    async fn client(
        &self,
        url: &Url,
        hosts: &[&str],
        proxy: Option<&Url>,
    ) -> Result<reqwest::Client, NetError> {
        const NO_CLIENT: NetError =
            NetError::Failed("no HTTPS client: are the system's certificates readable?");
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NetError::Refused(Refusal::Scheme));
        }
        let Some(proxy) = proxy else {
            let policy = self.guard.policy(url, hosts).map_err(NetError::Refused)?;
            let cell = &self.clients[usize::from(policy.only_allowed)];
            if let Some(client) = cell.get() {
                return Ok(client.clone());
            }
            let built = builder(&self.guard, policy, None).no_proxy().build().map_err(|_| NO_CLIENT)?;
            return Ok(cell.get_or_init(|| built).clone());
        };
        let proxy_policy = self.guard.proxy_policy(proxy).map_err(NetError::Refused)?;
        let policy = self.guard.vet_for_proxy(url, hosts).await.map_err(NetError::Refused)?;
        self.proxied.get(proxy, policy.only_allowed, || {
            let through = reqwest::Proxy::all(proxy.clone()).map_err(|_| NO_CLIENT)?;
            let own = (host(proxy).to_owned(), proxy_policy);
            builder(&self.guard, policy, Some(own)).proxy(through).build().map_err(|_| NO_CLIENT)
        })
    }
}

/// Clients for proxies: the ones that were used last. Cloning is cheap.
#[derive(Clone, Default)]
struct Proxied(Arc<Mutex<Vec<ForProxy>>>);

struct ForProxy {
    proxy: Url,
    only_allowed: bool,
    client: reqwest::Client,
}

impl Proxied {
    fn get(
        &self,
        proxy: &Url,
        only_allowed: bool,
        build: impl FnOnce() -> Result<reqwest::Client, NetError>,
    ) -> Result<reqwest::Client, NetError> {
        let held = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |known: &ForProxy| known.only_allowed == only_allowed && known.proxy == *proxy;
        {
            let mut held = held();
            if let Some(at) = held.iter().position(fits) {
                let found = held.remove(at);
                let client = found.client.clone();
                held.push(found);
                return Ok(client);
            }
        }
        let client = build()?;
        let mut held = held();
        if held.len() >= MAX_PROXIES {
            held.remove(0);
        }
        held.push(ForProxy { proxy: proxy.clone(), only_allowed, client: client.clone() });
        Ok(client)
    }
}

/// What an answer says about where to go next.
enum Redirect {
    None,
    Follow,
    /// Only a `GET` without a body would go on: its success would say nothing about the message.
    Lost,
}

/// Turns the request to where the answer sends it. Somebody else's host gets no headers but the kind of content: they
/// may hold passwords.
fn redirect(request: &mut HttpRequest, response: &reqwest::Response) -> Redirect {
    let kept = match response.status() {
        // A page to sign in at is led to in this way; an address that has moved, by one of the others.
        StatusCode::FOUND | StatusCode::SEE_OTHER => request.method == Method::GET,
        StatusCode::MOVED_PERMANENTLY | StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => {
            true
        }
        _ => return Redirect::None,
    };
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(url) = location.and_then(|location| request.url.join(location).ok()) else {
        return Redirect::None;
    };
    if !kept {
        return Redirect::Lost;
    }
    if url.origin() != request.url.origin() {
        let kind = request.headers.remove(CONTENT_TYPE);
        request.headers = kind.into_iter().map(|kind| (CONTENT_TYPE, kind)).collect();
    }
    request.url = url;
    Redirect::Follow
}

async fn read(mut response: reqwest::Response, proxy: Option<&Url>) -> Result<HttpReply, NetError> {
    let retry_after = retry_after(response.headers());
    let mut reply = HttpReply { status: response.status().as_u16(), retry_after, body: Vec::new() };
    while reply.body.len() < MAX_ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = MAX_ANSWER - reply.body.len();
                reply.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            }
            Ok(None) => break,
            Err(error) => return Err(explain(&error, proxy)),
        }
    }
    Ok(reply)
}

/// `Retry-After`: seconds, or a date (RFC 9110), which is counted from the far side's own `Date`, so that nobody's
/// clock needs to be right.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = |text: &str| DateTime::parse_from_rfc2822(text).ok();
    let wait = date(asked)? - date(text(DATE)?)?;
    Some(wait.to_std().unwrap_or(Duration::ZERO))
}

fn builder(guard: &Guard, policy: Policy, proxy: Option<(String, Policy)>) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .dns_resolver(Arc::new(guard.resolver(policy, proxy)))
        .redirect(reqwest::redirect::Policy::none())
        // The address itself may be the secret.
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(4)
        .user_agent(concat!("Maibo/", env!("CARGO_PKG_VERSION")))
}

/// A plain reason, without the URL.
fn explain(error: &reqwest::Error, proxy: Option<&Url>) -> NetError {
    let proxied = proxy.is_some();
    if error.is_timeout() {
        return NetError::Timeout;
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<Blocked>() {
            return NetError::Failed(
                "the address is private or plain http; MAIBO_OUTBOUND_ALLOW must cover it",
            );
        }
        if let Some(io) = inner.downcast_ref::<std::io::Error>()
            && let Some(known) = explain_io(io)
        {
            return if proxied && known == REFUSED {
                NetError::Failed("the proxy cannot be reached")
            } else {
                known
            };
        }
        cause = inner.source();
    }
    // The innermost words name the cause; they are matched, never shown.
    let words = format!("{error:?}");
    let says = |word: &str| words.contains(word);
    NetError::Failed(if proxied && (says("uthorization") || says("NoAcceptable") || says("Auth")) {
        "the proxy asks for a user and a password, or for others"
    } else if says("dns error") || says("lookup address") {
        match proxy.map(Url::scheme) {
            None => "the host name cannot be resolved",
            // Only that kind leaves the target's name to us.
            Some("socks5") => "the host name, or that of the proxy, cannot be resolved",
            Some(_) => "the proxy's host name cannot be resolved",
        }
    } else if proxied && error.is_connect() {
        "the proxy does not connect there"
    } else if says("InvalidContentType") {
        "TLS handshake failed: the port answers without TLS"
    } else if says("ertificate") || says("tls") || says("Tls") {
        "TLS handshake failed"
    } else if error.is_connect() {
        "cannot connect"
    } else {
        "the connection broke"
    })
}

const REFUSED: NetError = NetError::Failed("connection refused");

/// The same for what went wrong on a connection.
pub(super) fn explain_io(error: &std::io::Error) -> Option<NetError> {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => Some(REFUSED),
        ErrorKind::ConnectionReset => Some(NetError::Failed("connection reset")),
        ErrorKind::TimedOut => Some(NetError::Timeout),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Some(NetError::Failed("the host cannot be reached"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::guard::Found;
    use rstest::rstest;
    use serde_json::json;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn outbound(allow: &[&str]) -> Outbound {
        Outbound::new(&allow.iter().map(|net| net.parse().unwrap()).collect::<Vec<_>>())
    }

    #[rstest]
    #[case("https://127.0.0.1/x", Refusal::Private("127.0.0.1".into()))]
    #[case("https://2130706433/x", Refusal::Private("127.0.0.1".into()))]
    #[case("https://[::ffff:10.0.0.1]/", Refusal::Private("::ffff:a00:1".into()))]
    #[case("https://localhost/x", Refusal::Private("localhost".into()))]
    #[case("http://1.1.1.1/x", Refusal::PlainHttp)]
    #[case("ftp://1.1.1.1/x", Refusal::Scheme)]
    #[case("file:///etc/passwd", Refusal::Scheme)]
    #[tokio::test]
    async fn a_url_is_refused_with_its_reason(#[case] url: Url, #[case] expected: Refusal) {
        let refusal = outbound(&[]).vet(&url, &[]).await.unwrap_err();
        let shown = refusal.to_string();
        assert!(refusal == expected || shown.contains("::ffff:"), "{shown}");
    }

    #[tokio::test]
    async fn what_the_operator_opened_may_be_called_plainly_and_as_a_gateway() {
        let open = outbound(&["127.0.0.0/8"]);
        let url: Url = "http://127.0.0.1:9000/hook".parse().unwrap();
        assert_eq!(open.vet(&url, &[]).await, Ok(()));
        assert_eq!(open.vet(&url, &["qyapi.weixin.qq.com"]).await, Ok(()));
        let foreign: Url = "https://1.1.1.1/cgi-bin".parse().unwrap();
        assert_eq!(
            open.vet(&foreign, &["qyapi.weixin.qq.com"]).await,
            Err(Refusal::OtherHost("qyapi.weixin.qq.com".into()))
        );
    }

    /// A name that was harmless when it was looked at, and leads home when it is called.
    #[tokio::test]
    async fn a_name_that_changes_its_mind_is_caught_at_the_call() {
        let home = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        home.set_nonblocking(true).unwrap();
        let port = home.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let rebinding = move |_: String| -> Found {
            let first = count.fetch_add(1, Ordering::SeqCst) == 0;
            let ip = if first { "1.1.1.1" } else { "127.0.0.1" };
            Box::pin(std::future::ready(Ok(vec![ip.parse().unwrap()])))
        };
        let outbound = Outbound { guard: Guard::new(&[]).with_lookup(rebinding), ..outbound(&[]) };
        let url: Url = format!("https://rebind.example:{port}/").parse().unwrap();
        assert_eq!(outbound.vet(&url, &[]).await, Ok(()));
        let sent = outbound.send(HttpRequest::json(url.clone(), &json!({})), &[], None).await;
        assert_eq!(
            sent.unwrap_err().to_string(),
            "the address is private or plain http; MAIBO_OUTBOUND_ALLOW must cover it"
        );
        assert!(asked.load(Ordering::SeqCst) >= 2, "it was asked for again");
        assert!(outbound.resolve(&url, port).await.is_err());
        let nobody = home.accept().unwrap_err();
        assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
    }

    #[rstest]
    #[case(None, "the host name cannot be resolved")]
    #[case(Some("http://proxy.example:3128"), "the proxy's host name cannot be resolved")]
    #[case(Some("socks5h://proxy.example:1080"), "the proxy's host name cannot be resolved")]
    #[tokio::test]
    async fn a_name_that_nobody_knows_is_told_by_whose_it_is(
        #[case] proxy: Option<&str>,
        #[case] expected: &str,
    ) {
        let nowhere = |_: String| -> Found {
            Box::pin(std::future::ready(Err(std::io::Error::other("failed to lookup address information"))))
        };
        let outbound = Outbound { guard: Guard::new(&[]).with_lookup(nowhere), ..outbound(&[]) };
        let proxy: Option<Url> = proxy.map(|proxy| proxy.parse().unwrap());
        let request = HttpRequest::json("https://hooks.example/x".parse().unwrap(), &json!({}));
        let said = outbound.send(request, &[], proxy.as_ref()).await.unwrap_err().to_string();
        assert_eq!(said, expected);
    }

    #[rstest]
    #[case("120", Some(120.0))]
    #[case("0.5", Some(0.5))]
    #[case("Sun, 06 Nov 1994 08:51:37 GMT", Some(120.0))]
    #[case("Sun, 06 Nov 1994 08:00:00 GMT", Some(0.0))]
    #[case("-1", None)]
    #[case("inf", None)]
    #[case("NaN", None)]
    #[case("soon", None)]
    fn a_wait_is_seconds_or_a_date(#[case] asked: &str, #[case] expected: Option<f64>) {
        let headers = HeaderMap::from_iter([
            (RETRY_AFTER, asked.parse().unwrap()),
            (DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap()),
        ]);
        assert_eq!(retry_after(&headers).map(|wait| wait.as_secs_f64()), expected);
    }

    #[test]
    fn a_bounded_number_of_proxies_is_kept() {
        let kept = Proxied::default();
        for port in 1..=34 {
            let proxy: Url = format!("http://127.0.0.1:{port}").parse().unwrap();
            let build = || Ok(reqwest::Client::builder().no_proxy().build().unwrap());
            kept.get(&proxy, false, build).unwrap();
            let again = || -> Result<reqwest::Client, NetError> { panic!("it is kept") };
            kept.get(&proxy, false, again).unwrap();
        }
        assert_eq!(kept.0.lock().unwrap().len(), MAX_PROXIES);
    }
}
