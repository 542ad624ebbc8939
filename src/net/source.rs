//! Who is calling. Headers of a proxy count only when the proxy is one of ours.
use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The address at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Where a ping came from, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub addr: String,
    /// `http` or `https`, or what a trusted proxy said.
    pub scheme: String,
}

fn trusted(peer: IpAddr, proxies: &[IpNet]) -> bool {
    let peer = peer.to_canonical();
    proxies.iter().any(|net| net.contains(&peer))
}

/// `1.2.3.4`, `1.2.3.4:567` or an IPv6 address. A port is cut from IPv4 only.
fn parse_entry(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    // Whatever stands for the port.
    let without_port = || entry.split_once(':').and_then(|(addr, _)| addr.parse().ok()).map(IpAddr::V4);
    entry.parse().ok().or_else(without_port)
}

/// The source of a ping: the first entry of `X-Forwarded-For`, as Healthchecks has it, when a trusted proxy
/// sent it and it is an address.
#[must_use]
pub fn forwarded_for_ping(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> Source {
    let mut source = Source { addr: peer.to_canonical().to_string(), scheme: "http".to_owned() };
    if trusted(peer, proxies) {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(addr) = header("x-forwarded-for").and_then(|list| parse_entry(list.split(',').next()?)) {
            source.addr = addr.to_string();
        }
        if let Some(scheme) = header("x-forwarded-proto") {
            source.scheme = scheme.chars().take(10).collect();
        }
    }
    source
}

/// The nearest address that is not one of our proxies: what a limit may be counted by, since nobody can choose it.
#[must_use]
pub fn client_ip(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    if !trusted(peer, proxies) {
        return peer.to_canonical();
    }
    let mut entries = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .filter_map(parse_entry)
        .collect::<Vec<_>>();
    while let Some(entry) = entries.pop() {
        if !trusted(entry, proxies) {
            return entry.to_canonical();
        }
    }
    peer.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;
    use rstest::rstest;

    fn headers(forwarded_for: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded_for.parse().unwrap());
        headers.insert("x-forwarded-proto", "https".parse().unwrap());
        headers
    }

    fn proxies() -> Vec<IpNet> {
        vec!["10.0.0.0/8".parse().unwrap()]
    }

    #[rstest]
    #[case("1.2.3.4", "1.2.3.4")]
    #[case("1.2.3.4:567, 9.9.9.9", "1.2.3.4")]
    #[case("2001:DB8::1", "2001:db8::1")]
    #[case("unknown", "10.0.0.9")]
    fn a_trusted_proxy_is_believed(#[case] header: &str, #[case] expected: &str) {
        let source = forwarded_for_ping("10.0.0.9".parse().unwrap(), &headers(header), &proxies());
        assert_eq!((source.addr.as_str(), source.scheme.as_str()), (expected, "https"));
    }

    #[test]
    fn a_stranger_is_not() {
        let source = forwarded_for_ping("8.8.8.8".parse().unwrap(), &headers("1.2.3.4"), &proxies());
        assert_eq!(source, Source { addr: "8.8.8.8".into(), scheme: "http".into() });
    }

    #[test]
    fn limits_are_counted_by_an_address_that_nobody_can_choose() {
        let ip = |peer: &str, list: &str| client_ip(peer.parse().unwrap(), &headers(list), &proxies());
        assert_eq!(ip("10.0.0.9", "6.6.6.6, 1.2.3.4, 10.0.0.3"), "1.2.3.4".parse::<IpAddr>().unwrap());
        assert_eq!(ip("::ffff:8.8.8.8", "6.6.6.6"), "8.8.8.8".parse::<IpAddr>().unwrap());
    }

    proptest! {
        #[test]
        fn whatever_a_proxy_says_an_address_is_stored(
            list: Vec<u8>,
            likely in "[0-9.:, \\[\\]f]{0,20}",
            scheme in "[ -~é]{0,30}",
        ) {
            for list in [&list, likely.as_bytes()] {
                let scheme = HeaderValue::from_bytes(scheme.as_bytes()).unwrap();
                let Ok(list) = HeaderValue::from_bytes(list) else { continue };
                let mut headers = HeaderMap::new();
                headers.insert("x-forwarded-for", list);
                headers.insert("x-forwarded-proto", scheme);
                let source = forwarded_for_ping("10.0.0.9".parse().unwrap(), &headers, &proxies());
                prop_assert!(source.addr.parse::<IpAddr>().is_ok(), "{}", source.addr);
                prop_assert!(source.scheme.chars().count() <= 10);
                let peer = "10.0.0.9".parse().unwrap();
                let counted = client_ip(peer, &headers, &proxies());
                prop_assert!(counted == peer || !trusted(counted, &proxies()), "{}", counted);
            }
        }
    }
}
