//! Outbound HTTP. Keeps addresses that users type away from private networks.
//!
//! The guard sits where the address is known: on literals, on what a name resolves to, and on redirects. What the
//! operator opened with `MAIBO_OUTBOUND_ALLOW` may be reached, also by plain http and instead of a vendor's host.
use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use url::{Host, Url};

/// How long a connection and a whole exchange may take.
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(20);
/// Bytes of an answer that are read; vendors' verdicts are short.
const MAX_ANSWER: usize = 64 * 1024;
const MAX_REDIRECTS: usize = 3;

/// One request, ready to go.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    pub method: reqwest::Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// A `POST` of JSON.
    #[must_use]
    pub fn json(url: Url, body: &serde_json::Value) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Self { method: reqwest::Method::POST, url, headers, body: body.to_string().into_bytes() }
    }

    /// A `POST` of a form.
    #[must_use]
    pub fn form(url: Url, fields: &[(&str, &str)]) -> Self {
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self {
            method: reqwest::Method::POST,
            url,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, kind)]),
            body: body.into_bytes(),
        }
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
    /// `Retry-After` in seconds, when the far side gave one.
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

/// Why an address may not be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("only http:// and https:// addresses can be called")]
    Scheme,
    #[error("{0} is a private address; MAIBO_OUTBOUND_ALLOW must cover it")]
    Private(String),
    #[error("plain http is accepted only for addresses that MAIBO_OUTBOUND_ALLOW covers; use https")]
    PlainHttp,
    #[error("this kind of channel calls {0} only, unless MAIBO_OUTBOUND_ALLOW covers the address")]
    OtherHost(String),
    #[error("{0} cannot be resolved")]
    Unresolved(String),
}

/// Which addresses may be reached.
#[derive(Debug, Clone, Default)]
struct Policy {
    allow: Arc<[IpNet]>,
    /// Nothing but `allow`.
    only_allowed: bool,
}

impl Policy {
    fn permits(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical(); // ::ffff:10.0.0.1 must not slip past the IPv4 rules
        self.allow.iter().any(|net| net.contains(&ip)) || (!self.only_allowed && is_public(ip))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("blocked address")]
struct Blocked;

impl Resolve for Policy {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0))
                .await?
                .filter(|addr| policy.permits(addr.ip()))
                .collect();
            if found.is_empty() {
                return Err(Blocked.into());
            }
            let addrs: Addrs = Box::new(found.into_iter());
            Ok(addrs)
        })
    }
}

/// The way out. Cloning is cheap.
#[derive(Clone)]
pub struct Outbound {
    allow: Arc<[IpNet]>,
    /// Built when first used: reading the system's certificates costs time and memory.
    clients: Arc<(OnceLock<reqwest::Client>, OnceLock<reqwest::Client>)>,
}

impl Outbound {
    #[must_use]
    pub fn new(allow: &[IpNet]) -> Self {
        Self { allow: allow.into(), clients: Arc::default() }
    }

    /// The rules for this URL. `hosts`: those that the kind of channel belongs to; `.example.org` stands for every
    /// host below it, an empty list for every public host.
    fn policy(&self, url: &Url, hosts: &[&str]) -> Result<Policy, Refusal> {
        let plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(Refusal::Scheme),
        };
        let foreign = is_foreign(url, hosts);
        let policy = Policy { allow: Arc::clone(&self.allow), only_allowed: plain || foreign };
        let ip = match url.host() {
            None => return Err(Refusal::Scheme),
            Some(Host::Domain(_)) => return Ok(policy),
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
        };
        if policy.permits(ip) { Ok(policy) } else { Err(self.refusal(ip.to_string(), ip, url, hosts)) }
    }

    fn refusal(&self, host: String, ip: IpAddr, url: &Url, hosts: &[&str]) -> Refusal {
        let open = Policy { allow: Arc::clone(&self.allow), only_allowed: false };
        match () {
            () if is_foreign(url, hosts) => Refusal::OtherHost(named(hosts)),
            () if open.permits(ip) => Refusal::PlainHttp,
            () => Refusal::Private(host),
        }
    }

    /// Why this URL may not be called, as far as it tells by itself: a name is not asked for.
    pub fn refusal_of(&self, url: &Url, hosts: &[&str]) -> Option<Refusal> {
        self.policy(url, hosts).err()
    }

    /// Whether this URL may be called, as far as can be known now. A name that does not resolve today is accepted
    /// where it would be called like any other.
    pub async fn vet(&self, url: &Url, hosts: &[&str]) -> Result<(), Refusal> {
        let policy = self.policy(url, hosts)?;
        let Some(Host::Domain(host)) = url.host() else { return Ok(()) };
        let lookup = tokio::time::timeout(CONNECT, tokio::net::lookup_host((host, 0))).await;
        let found: Vec<IpAddr> = match lookup {
            Ok(Ok(addrs)) => addrs.map(|addr| addr.ip()).collect(),
            _ => Vec::new(),
        };
        match found.first() {
            None if is_foreign(url, hosts) => Err(Refusal::OtherHost(named(hosts))),
            None if policy.only_allowed => Err(Refusal::Unresolved(host.to_owned())),
            None => Ok(()),
            Some(_) if found.iter().any(|ip| policy.permits(*ip)) => Ok(()),
            Some(ip) => Err(self.refusal(host.to_owned(), *ip, url, hosts)),
        }
    }

    /// Sends one request and reads the answer, within 20 seconds.
    pub async fn send(&self, request: HttpRequest, hosts: &[&str]) -> Result<HttpReply, NetError> {
        let policy = self.policy(&request.url, hosts).map_err(NetError::Refused)?;
        let cell = if policy.only_allowed { &self.clients.1 } else { &self.clients.0 };
        let client = if let Some(client) = cell.get() {
            client
        } else {
            let built = client(policy)
                .map_err(|_| NetError::Failed("no HTTPS client: are the system's certificates readable?"))?;
            cell.get_or_init(|| built)
        };
        let mut response = client
            .request(request.method, request.url)
            .headers(request.headers)
            .body(request.body)
            .send()
            .await
            .map_err(|error| explain(&error))?;
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let mut reply = HttpReply { status: response.status().as_u16(), retry_after, body: Vec::new() };
        while reply.body.len() < MAX_ANSWER {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = MAX_ANSWER - reply.body.len();
                    reply.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                }
                Ok(None) => break,
                Err(error) => return Err(explain(&error)),
            }
        }
        Ok(reply)
    }
}

/// Whether a URL leads elsewhere than to the hosts of its kind of channel.
fn is_foreign(url: &Url, hosts: &[&str]) -> bool {
    let Some(host) = url.host_str() else { return true };
    let fits = |known: &&str| if known.starts_with('.') { host.ends_with(*known) } else { host == *known };
    !hosts.is_empty() && !hosts.iter().any(fits)
}

/// The hosts of a kind of channel as a sentence names them.
fn named(hosts: &[&str]) -> String {
    let shown: Vec<String> = hosts
        .iter()
        .map(|host| if host.starts_with('.') { format!("*{host}") } else { (*host).to_owned() })
        .collect();
    shown.join(", ")
}

fn client(policy: Policy) -> reqwest::Result<reqwest::Client> {
    let on_redirect = policy.clone();
    reqwest::Client::builder()
        .dns_resolver(Arc::new(policy))
        .redirect(reqwest::redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() > MAX_REDIRECTS {
                return attempt.error("too many redirects");
            }
            let url = attempt.url();
            let literal = match url.host() {
                Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
                Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
                _ => None,
            };
            let scheme_fits = url.scheme() == "https" || (url.scheme() == "http" && on_redirect.only_allowed);
            if !scheme_fits || literal.is_some_and(|ip| !on_redirect.permits(ip)) {
                return attempt.error(Blocked);
            }
            attempt.follow()
        }))
        // The address itself may be the secret.
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(4)
        .user_agent(concat!("Maibo/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// A plain reason, without the URL.
fn explain(error: &reqwest::Error) -> NetError {
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
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            match io.kind() {
                std::io::ErrorKind::ConnectionRefused => return NetError::Failed("connection refused"),
                std::io::ErrorKind::ConnectionReset => return NetError::Failed("connection reset"),
                std::io::ErrorKind::TimedOut => return NetError::Timeout,
                std::io::ErrorKind::HostUnreachable | std::io::ErrorKind::NetworkUnreachable => {
                    return NetError::Failed("the host cannot be reached");
                }
                _ => {}
            }
        }
        cause = inner.source();
    }
    // The innermost words name the cause; they are matched, never shown.
    let words = format!("{error:?}");
    NetError::Failed(if words.contains("dns error") || words.contains("lookup address") {
        "the host name cannot be resolved"
    } else if words.contains("ertificate") || words.contains("tls") || words.contains("Tls") {
        "TLS handshake failed"
    } else if error.is_redirect() {
        "too many redirects"
    } else if error.is_connect() {
        "cannot connect"
    } else {
        "the connection broke"
    })
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT
        || (a == 198 && (18..20).contains(&b)) // benchmarking
        || (a == 192 && b == 0 && c == 0))
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // Global unicast is 2000::/3; everything else is reserved, local or multicast.
    (0x2000..=0x3fff).contains(&first)
        && first != 0x2002 // 6to4 embeds an IPv4 address
        && !(first == 0x2001 && second < 0x200) // IETF protocol assignments, Teredo
        && !(first == 0x2001 && second == 0xdb8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn outbound(allow: &[&str]) -> Outbound {
        Outbound::new(&allow.iter().map(|net| net.parse().unwrap()).collect::<Vec<_>>())
    }

    #[rstest]
    #[case("127.0.0.1", false)]
    #[case("10.1.2.3", false)]
    #[case("169.254.169.254", false)]
    #[case("100.64.0.1", false)]
    #[case("::1", false)]
    #[case("::ffff:10.0.0.1", false)]
    #[case("fd00::1", false)]
    #[case("fe80::1", false)]
    #[case("64:ff9b::a00:1", false)]
    #[case("1.1.1.1", true)]
    #[case("2606:4700::1111", true)]
    fn private_networks_are_out_of_reach(#[case] ip: IpAddr, #[case] expected: bool) {
        assert_eq!(Policy::default().permits(ip), expected);
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
}
