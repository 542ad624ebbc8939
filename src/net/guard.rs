//! Which addresses may be called. Keeps addresses that users type away from private networks.
//!
//! The guard sits where the address is known: on literals, on what a name resolves to at the moment of the call, and on
//! redirects. What the operator opened with `MAIBO_OUTBOUND_ALLOW` may be reached, also without TLS and instead of a
//! vendor's host.
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// How long a name may take to be resolved.
const LOOKUP: Duration = Duration::from_secs(5);

/// Why an address may not be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("only http:// and https:// addresses can be called")]
    Scheme,
    #[error("{0} is a private address; MAIBO_OUTBOUND_ALLOW must cover it")]
    Private(String),
    #[error("plain http is accepted only for addresses that MAIBO_OUTBOUND_ALLOW covers; use https")]
    PlainHttp,
    #[error(
        "an unencrypted connection is accepted only for addresses that MAIBO_OUTBOUND_ALLOW covers; use TLS"
    )]
    Plain,
    #[error("this kind of channel calls {0} only, unless MAIBO_OUTBOUND_ALLOW covers the address")]
    OtherHost(String),
    #[error("{0} cannot be resolved")]
    Unresolved(String),
}

/// The address is known, and may not be called.
#[derive(Debug, thiserror::Error)]
#[error("blocked address")]
pub(super) struct Blocked;

pub(super) type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Asks for the addresses of a name.
type Lookup = Arc<dyn Fn(String) -> Found + Send + Sync>;

/// What may be called. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Guard {
    allow: Arc<[IpNet]>,
    lookup: Lookup,
}

/// Which addresses one call may reach.
#[derive(Debug, Clone, Default)]
pub(super) struct Policy {
    allow: Arc<[IpNet]>,
    /// Nothing but `allow`.
    pub(super) only_allowed: bool,
}

impl Policy {
    pub(super) fn permits(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical(); // ::ffff:10.0.0.1 must not slip past the IPv4 rules
        self.allow.iter().any(|net| net.contains(&ip)) || (!self.only_allowed && is_public(ip))
    }
}

impl Guard {
    pub(super) fn new(allow: &[IpNet]) -> Self {
        let lookup = |name: String| -> Found {
            Box::pin(async move {
                let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
                Ok(found.map(|addr| addr.ip()).collect())
            })
        };
        Self { allow: allow.into(), lookup: Arc::new(lookup) }
    }

    #[cfg(test)]
    pub(super) fn with_lookup(self, lookup: impl Fn(String) -> Found + Send + Sync + 'static) -> Self {
        Self { lookup: Arc::new(lookup), ..self }
    }

    /// The rules for this URL, and whether its address, as far as it tells by itself, may be called. `hosts`: those
    /// that the kind of channel belongs to; `.example.org` stands for every host below it, an empty list for every
    /// public host.
    pub(super) fn policy(&self, url: &Url, hosts: &[&str]) -> Result<Policy, Refusal> {
        let plain = match url.scheme() {
            "https" | "mqtts" | "tls" => false,
            "http" | "mqtt" | "tcp" | "udp" => true,
            _ => return Err(Refusal::Scheme),
        };
        let policy = Policy { allow: Arc::clone(&self.allow), only_allowed: plain || is_foreign(url, hosts) };
        match literal(url)? {
            Some(ip) if !policy.permits(ip) => Err(self.refusal(ip.to_string(), ip, url, hosts)),
            _ => Ok(policy),
        }
    }

    fn refusal(&self, host: String, ip: IpAddr, url: &Url, hosts: &[&str]) -> Refusal {
        let open = self.open();
        match () {
            () if is_foreign(url, hosts) => Refusal::OtherHost(named(hosts)),
            () if open.permits(ip) && url.scheme() == "http" => Refusal::PlainHttp,
            () if open.permits(ip) => Refusal::Plain,
            () => Refusal::Private(host),
        }
    }

    /// Every public address, and what the operator opened.
    fn open(&self) -> Policy {
        Policy { allow: Arc::clone(&self.allow), only_allowed: false }
    }

    /// Whether this URL may be called, as far as can be known now. A name that does not resolve today is accepted
    /// where it would be called like any other.
    pub(super) async fn vet(&self, url: &Url, hosts: &[&str]) -> Result<(), Refusal> {
        let policy = self.policy(url, hosts)?;
        let found = self.addresses_of(url).await;
        match found.first() {
            None => Self::vet_unknown(url, hosts, &policy),
            Some(_) if found.iter().any(|ip| policy.permits(*ip)) => Ok(()),
            Some(ip) => Err(self.refusal(host(url).to_owned(), *ip, url, hosts)),
        }
    }

    /// The same for a URL that somebody else will resolve, a proxy: a name that leads to a private address here is
    /// refused whatever else it leads to.
    pub(super) async fn vet_for_proxy(&self, url: &Url, hosts: &[&str]) -> Result<Policy, Refusal> {
        let policy = self.policy(url, hosts)?;
        let found = self.addresses_of(url).await;
        if found.is_empty() {
            Self::vet_unknown(url, hosts, &policy)?;
        }
        match found.iter().find(|ip| !policy.permits(**ip)) {
            None => Ok(policy),
            Some(ip) => Err(self.refusal(host(url).to_owned(), *ip, url, hosts)),
        }
    }

    /// Whether a proxy at this address may be used. What goes through it may well be encrypted: it need not be.
    pub(super) async fn vet_proxy(&self, proxy: &Url) -> Result<(), Refusal> {
        let open = self.proxy_policy(proxy)?;
        let found = self.addresses_of(proxy).await;
        if found.is_empty() || found.iter().any(|ip| open.permits(*ip)) {
            Ok(())
        } else {
            Err(Refusal::Private(host(proxy).to_owned()))
        }
    }

    /// The rules for a proxy's own address.
    pub(super) fn proxy_policy(&self, proxy: &Url) -> Result<Policy, Refusal> {
        let open = self.open();
        match literal(proxy)? {
            Some(ip) if !open.permits(ip) => Err(Refusal::Private(ip.to_string())),
            _ => Ok(open),
        }
    }

    fn vet_unknown(url: &Url, hosts: &[&str], policy: &Policy) -> Result<(), Refusal> {
        match () {
            () if is_foreign(url, hosts) => Err(Refusal::OtherHost(named(hosts))),
            // A vendor's own host: nobody opens that, and the name is right.
            () if url.scheme() == "http" && !hosts.is_empty() => Err(Refusal::PlainHttp),
            () if policy.only_allowed => Err(Refusal::Unresolved(host(url).to_owned())),
            () => Ok(()),
        }
    }

    /// Where a URL's host leads now; nothing where nobody knows.
    async fn addresses_of(&self, url: &Url) -> Vec<IpAddr> {
        if let Ok(Some(ip)) = literal(url) {
            return vec![ip];
        }
        let lookup = tokio::time::timeout(LOOKUP, (self.lookup)(host(url).to_owned())).await;
        lookup.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// The addresses of a URL that may be called now, for connections of our own.
    pub(super) async fn resolve(&self, url: &Url, port: u16) -> Result<Vec<SocketAddr>, Refusal> {
        let policy = self.policy(url, &[])?;
        let found = self.addresses_of(url).await;
        let Some(first) = found.first() else { return Err(Refusal::Unresolved(host(url).to_owned())) };
        let permitted: Vec<SocketAddr> =
            found.iter().filter(|ip| policy.permits(**ip)).map(|ip| SocketAddr::new(*ip, port)).collect();
        if permitted.is_empty() {
            return Err(self.refusal(host(url).to_owned(), *first, url, &[]));
        }
        Ok(permitted)
    }

    /// What an HTTP client asks for names. `proxy`: whose own name is asked for under other rules.
    pub(super) fn resolver(&self, policy: Policy, proxy: Option<(String, Policy)>) -> Resolver {
        Resolver { lookup: Arc::clone(&self.lookup), policy, proxy }
    }
}

/// Resolves names for an HTTP client: to what may be called, at the moment of the call.
pub(super) struct Resolver {
    lookup: Lookup,
    policy: Policy,
    proxy: Option<(String, Policy)>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().trim_matches(['[', ']']).to_owned();
        let policy = match &self.proxy {
            Some((proxy, policy)) if proxy.eq_ignore_ascii_case(&name) => policy.clone(),
            _ => self.policy.clone(),
        };
        let lookup = (self.lookup)(name);
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                lookup.await?.into_iter().filter(|ip| policy.permits(*ip)).map(|ip| (ip, 0).into()).collect();
            if found.is_empty() {
                return Err(Blocked.into());
            }
            let addrs: Addrs = Box::new(found.into_iter());
            Ok(addrs)
        })
    }
}

/// A URL's host, without the brackets of IPv6.
pub(super) fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_matches(['[', ']'])
}

/// The address that a URL holds itself, if it is no name. Schemes other than HTTP's leave dotted addresses as names.
fn literal(url: &Url) -> Result<Option<IpAddr>, Refusal> {
    match url.host() {
        None | Some(Host::Domain("")) => Err(Refusal::Scheme),
        Some(Host::Domain(name)) => Ok(name.parse().ok()),
        Some(Host::Ipv4(ip)) => Ok(Some(IpAddr::V4(ip))),
        Some(Host::Ipv6(ip)) => Ok(Some(IpAddr::V6(ip))),
    }
}

/// Whether a URL leads elsewhere than to the hosts of its kind of channel, on their own port.
fn is_foreign(url: &Url, hosts: &[&str]) -> bool {
    let Some(host) = url.host_str() else { return true };
    let fits = |known: &&str| if known.starts_with('.') { host.ends_with(*known) } else { host == *known };
    !hosts.is_empty() && (url.port().is_some() || !hosts.iter().any(fits))
}

/// The hosts of a kind of channel as a sentence names them.
fn named(hosts: &[&str]) -> String {
    let shown: Vec<String> = hosts
        .iter()
        .map(|host| if host.starts_with('.') { format!("*{host}") } else { (*host).to_owned() })
        .collect();
    shown.join(", ")
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
        || (a == 192 && b == 88 && c == 99) // relays to 6to4
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

    #[rstest]
    #[case("127.0.0.1", false)]
    #[case("10.1.2.3", false)]
    #[case("169.254.169.254", false)]
    #[case("100.64.0.1", false)]
    #[case("0.0.0.0", false)]
    #[case("::", false)]
    #[case("::1", false)]
    #[case("::ffff:10.0.0.1", false)]
    #[case("::127.0.0.1", false)]
    #[case("fd00::1", false)]
    #[case("fe80::1", false)]
    #[case("64:ff9b::a00:1", false)]
    #[case("2002:a00:1::1", false)]
    #[case("192.88.99.1", false)]
    #[case("192.88.98.1", true)]
    #[case("1.1.1.1", true)]
    #[case("2606:4700::1111", true)]
    fn private_networks_are_out_of_reach(#[case] ip: IpAddr, #[case] expected: bool) {
        assert_eq!(Policy::default().permits(ip), expected);
    }

    /// However an address is written, it is seen for what it is.
    #[rstest]
    #[case("https://127.0.0.1/x")]
    #[case("https://127.0.0.1./x")]
    #[case("https://2130706433/x")]
    #[case("https://0x7f000001/x")]
    #[case("https://0x7f.1/x")]
    #[case("https://0177.0.0.1/x")]
    #[case("https://127.1/x")]
    #[case("https://①②⑦.0.0.1/x")]
    #[case("https://[::ffff:127.0.0.1]/x")]
    #[case("https://[::ffff:7f00:1]/x")]
    #[case("https://hooks.example@127.0.0.1/x")]
    #[case("https://hooks.example:443@127.0.0.1:8443/x")]
    #[case("https://127.0.0.1\\@hooks.example/x")]
    #[case("mqtts://127.0.0.1:8883")]
    #[case("tls://[::1]:6514")]
    fn a_literal_is_refused_at_once(#[case] url: Url) {
        let refusal = Guard::new(&[]).policy(&url, &[]).unwrap_err();
        assert!(matches!(refusal, Refusal::Private(_)), "{refusal}");
    }

    #[rstest]
    #[case("https://localhost/x")]
    #[case("https://LOCALHOST:8443/x")]
    #[case("mqtts://2130706433:8883")]
    #[case("tls://127.1:6514")]
    #[tokio::test]
    async fn a_name_is_refused_for_what_it_leads_to(#[case] url: Url) {
        let refusal = Guard::new(&[]).vet(&url, &[]).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Private(_)), "{refusal}");
        assert!(Guard::new(&[]).resolve(&url, 1).await.is_err());
    }

    #[rstest]
    #[case("https://hooks.example/x", true)]
    #[case("https://eu.hooks.example/x", true)]
    #[case("https://hooks.example:8443/x", false)]
    #[case("https://hooks.example./x", false)]
    #[case("https://hooks.example@evil.example/x", false)]
    #[case("https://evil.example/hooks.example", false)]
    #[case("https://evilhooks.example/x", false)]
    #[case("https://hooks.example.evil.example/x", false)]
    #[case("http://hooks.example/x", false)]
    fn a_vendors_host_is_that_alone(#[case] url: Url, #[case] expected: bool) {
        let policy = Guard::new(&[]).policy(&url, &["hooks.example", ".hooks.example"]).unwrap();
        assert_eq!(!policy.only_allowed, expected);
    }

    /// Without DNS, what is wrong with the address itself is told all the same.
    #[rstest]
    #[case("http://hooks.example/x", Refusal::PlainHttp)]
    #[case("http://other.example/x", Refusal::OtherHost("hooks.example".into()))]
    #[tokio::test]
    async fn plain_http_to_a_vendor_is_named(#[case] url: Url, #[case] expected: Refusal) {
        let nowhere = |_: String| -> Found { Box::pin(std::future::ready(Ok(Vec::new()))) };
        let guard = Guard::new(&[]).with_lookup(nowhere);
        assert_eq!(guard.vet(&url, &["hooks.example"]).await, Err(expected));
        let unknown = Err(Refusal::Unresolved(host(&url).to_owned()));
        assert_eq!(guard.vet(&url, &[]).await, unknown);
    }

    #[rstest]
    #[case("http://10.0.0.1:3128", false)]
    #[case("socks5://127.0.0.1:1080", false)]
    #[case("socks5h://localhost:1080", false)]
    #[case("socks5h://2130706433:1080", false)]
    #[case("http://1.1.1.1:3128", true)]
    #[case("socks5://127.0.0.2:1080", true)]
    #[tokio::test]
    async fn a_proxy_is_an_address_like_any_other(#[case] url: Url, #[case] expected: bool) {
        let guard = Guard::new(&["127.0.0.2/32".parse().unwrap()]);
        assert_eq!(guard.vet_proxy(&url).await.is_ok(), expected);
    }
}
