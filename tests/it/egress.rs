//! The way out, against servers that mean no good, and through real proxies.
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use maibo::net::egress::{HttpReply, HttpRequest, NetError, Outbound};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName};
use rstest::rstest;
use serde_json::json;
use url::Url;

use crate::support::block_on;
use crate::support::http_sink::{Answer, HttpSink};

fn outbound(allow: &str) -> Outbound {
    Outbound::new(&[allow.parse().unwrap()])
}

fn send(outbound: &Outbound, url: &str, proxy: Option<&str>) -> Result<HttpReply, NetError> {
    let request = HttpRequest::json(url.parse().unwrap(), &json!({"text": "x"}));
    let proxy: Option<Url> = proxy.map(|proxy| proxy.parse().unwrap());
    block_on(outbound.send(request, &[], proxy.as_ref()))
}

/// A server that is given each connection, once its request was read to the end of the headers.
fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                serve(stream);
            });
        }
    });
    addr
}

#[test]
fn an_answer_that_drips_ends_with_our_patience() {
    let addr = server(|mut stream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"));
        while stream.write_all(b"x").is_ok() {
            thread::sleep(std::time::Duration::from_secs(1));
        }
    });
    let answer = send(&outbound("127.0.0.1/32"), &format!("http://{addr}/"), None);
    assert_eq!(answer.unwrap_err(), NetError::Timeout);
}

#[test]
fn headers_without_end_are_not_read() {
    let addr = server(|mut stream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n"));
        while stream.write_all(&[b"X-More: ".as_slice(), &[b'x'; 8000], b"\r\n"].concat()).is_ok() {}
    });
    assert!(send(&outbound("127.0.0.1/32"), &format!("http://{addr}/"), None).is_err());
}

#[test]
fn of_ten_megabytes_only_the_beginning_is_read() {
    let addr = server(|mut stream| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n"));
        drop(stream.write_all(&vec![b'x'; 10_000_000]));
    });
    let answer = send(&outbound("127.0.0.1/32"), &format!("http://{addr}/"), None).unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 64 * 1024));
}

/// A `GET` that goes on would say that all is well without having carried the message.
#[test]
fn a_message_is_not_lost_on_a_redirect() {
    let target = HttpSink::ok();
    let sink = HttpSink::start([], Answer::Redirects(target.url("/login")));
    let answer = send(&outbound("127.0.0.1/32"), &sink.url("/hook"), None);
    assert!(answer.unwrap_err().to_string().contains("redirects"));
    assert!(target.heard().is_empty());
}

#[test]
fn an_address_that_has_moved_gets_the_whole_message_and_no_password() {
    let target = HttpSink::ok();
    let there = target.url("/there");
    let addr = server(move |mut stream| {
        let head = format!(
            "HTTP/1.1 308 Moved\r\nLocation: {there}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        drop(stream.write_all(head.as_bytes()));
        drop(stream.read(&mut [0; 1024]));
    });
    let url = format!("http://{addr}/").parse().unwrap();
    let request = HttpRequest::json(url, &json!({"text": "x"}))
        .with(AUTHORIZATION, "Bearer secret")
        .with(HeaderName::from_static("x-gotify-key"), "secret");
    let answer = block_on(outbound("127.0.0.1/32").send(request, &[], None)).unwrap();
    assert_eq!(answer.status, 200);
    let heard = &target.heard()[0];
    assert_eq!((heard.method.as_str(), heard.text()), ("POST", r#"{"text":"x"}"#.to_owned()));
    assert!(heard.header("authorization").is_none() && heard.header("x-gotify-key").is_none());
    assert_eq!(heard.header("content-type"), Some(&b"application/json"[..]));
}

#[test]
fn a_circle_of_redirects_ends() {
    let addr = server(|mut stream| {
        drop(stream.write_all(
            b"HTTP/1.1 307 Again\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        ));
        drop(stream.read(&mut [0; 1024]));
    });
    let answer = send(&outbound("127.0.0.1/32"), &format!("http://{addr}/"), None);
    assert_eq!(answer.unwrap_err().to_string(), "too many redirects");
}

/// What a proxy was asked for.
type Asked = Arc<Mutex<Vec<String>>>;

fn pump(one: TcpStream, other: TcpStream) {
    let (mut from, mut to) = (one.try_clone().unwrap(), other.try_clone().unwrap());
    thread::spawn(move || drop(std::io::copy(&mut from, &mut to)));
    let (mut from, mut to) = (other, one);
    drop(std::io::copy(&mut from, &mut to));
}

/// An HTTP proxy that leads everything to one server, and answers 407 without a password.
fn http_proxy(leads_to: SocketAddr) -> (SocketAddr, Asked) {
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read_exact(&mut byte).is_err() {
                    break;
                }
                head.push(byte[0]);
            }
            let text = String::from_utf8_lossy(&head).into_owned();
            log.lock().unwrap().push(text.clone());
            // `me:pa ss`
            if !text.contains("Basic bWU6cGEgc3M=") && !text.contains("basic bWU6cGEgc3M=") {
                drop(stream.write_all(
                    b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                ));
                continue;
            }
            let mut server = TcpStream::connect(leads_to).unwrap();
            server.write_all(&head).unwrap();
            thread::spawn(move || pump(stream, server));
        }
    });
    (addr, asked)
}

/// A SOCKS5 proxy without passwords that leads everything to one server.
fn socks_proxy(leads_to: SocketAddr) -> (SocketAddr, Asked) {
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut methods = [0; 2];
            stream.read_exact(&mut methods).unwrap();
            stream.read_exact(&mut vec![0; usize::from(methods[1])]).unwrap();
            stream.write_all(&[5, 0]).unwrap();
            let mut head = [0; 4];
            stream.read_exact(&mut head).unwrap();
            let length = match head[3] {
                1 => 4,
                4 => 16,
                _ => {
                    let mut length = [0];
                    stream.read_exact(&mut length).unwrap();
                    usize::from(length[0])
                }
            };
            let mut host = vec![0; length];
            stream.read_exact(&mut host).unwrap();
            stream.read_exact(&mut [0; 2]).unwrap();
            let name = if head[3] == 3 { String::from_utf8(host).unwrap() } else { format!("{host:?}") };
            log.lock().unwrap().push(name);
            stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80]).unwrap();
            let server = TcpStream::connect(leads_to).unwrap();
            thread::spawn(move || pump(stream, server));
        }
    });
    (addr, asked)
}

fn addr_of(sink: &HttpSink) -> SocketAddr {
    sink.url("").trim_start_matches("http://").parse().unwrap()
}

#[test]
fn a_channel_goes_through_its_proxy() {
    let sink = HttpSink::ok();
    let (proxy, asked) = http_proxy(addr_of(&sink));
    // The proxy leads elsewhere than the address: what arrives went through it.
    let answer = send(
        &outbound("127.0.0.0/8"),
        "http://127.0.0.9:9/hook",
        Some(&format!("http://me:pa%20ss@{proxy}")),
    );
    assert_eq!(answer.unwrap().status, 200);
    assert!(asked.lock().unwrap()[0].starts_with("POST http://127.0.0.9:9/hook HTTP/1.1\r\n"));
    assert_eq!(sink.heard().len(), 1);
}

#[test]
fn a_proxy_that_wants_a_password_is_told_from_a_vendor() {
    let sink = HttpSink::ok();
    let (proxy, _) = http_proxy(addr_of(&sink));
    let answer = send(&outbound("127.0.0.0/8"), "https://127.0.0.9:9/hook", Some(&format!("http://{proxy}")));
    assert_eq!(answer.unwrap_err().to_string(), "the proxy asks for a user and a password, or for others");
    assert!(sink.heard().is_empty());
}

#[rstest]
#[case("socks5h", "localhost")]
#[case("socks5", "[127, 0, 0, 1]")]
fn socks_proxies_resolve_names_or_leave_it_to_us(#[case] scheme: &str, #[case] expected: &str) {
    let sink = HttpSink::ok();
    let (proxy, asked) = socks_proxy(addr_of(&sink));
    let allow = Outbound::new(&["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
    let answer = send(&allow, "http://localhost:9/hook", Some(&format!("{scheme}://{proxy}")));
    assert_eq!(answer.unwrap().status, 200);
    let first = asked.lock().unwrap()[0].clone();
    assert!(first == expected || first.contains("0, 1]"), "{first}");
    assert_eq!(sink.heard().len(), 1);
}

#[rstest]
#[case::a_private_proxy(
    "10.0.0.0/8",
    "https://1.1.1.1/",
    "http://127.0.0.1:9",
    "127.0.0.1 is a private address"
)]
#[case::a_private_literal(
    "127.0.0.1/32",
    "https://10.0.0.1/",
    "http://127.0.0.1:9",
    "10.0.0.1 is a private address"
)]
#[case::a_private_name(
    "127.0.0.2/32",
    "https://localhost/",
    "http://127.0.0.2:9",
    "localhost is a private address"
)]
#[case::plain_http("127.0.0.1/32", "http://1.1.1.1/", "socks5h://127.0.0.1:9", "plain http")]
#[case::nobody_there("127.0.0.1/32", "https://1.1.1.1/", "http://127.0.0.1:9", "the proxy cannot be reached")]
fn a_proxy_opens_no_door(
    #[case] allow: &str,
    #[case] url: &str,
    #[case] proxy: &str,
    #[case] expected: &str,
) {
    let said = send(&outbound(allow), url, Some(proxy)).unwrap_err().to_string();
    assert!(said.contains(expected), "{said}");
}

#[test]
fn headers_are_kept_where_the_host_is_the_same() {
    let request = HttpRequest {
        method: reqwest::Method::GET,
        url: "http://127.0.0.1/".parse().unwrap(),
        headers: HeaderMap::new(),
        body: Vec::new(),
    };
    assert!(request.signed_in("me", "p@ss").url.as_str().starts_with("http://me:p%40ss@"));
}
