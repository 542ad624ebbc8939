//! The smallest client that will do: one request per connection.
use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    /// Without the chunks' lengths.
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// A header by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
    }
}

/// A request that closes its connection.
pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    if method != "GET" {
        text.extend(["Content-Length: ", &body.len().to_string(), "\r\n"]);
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Sends a request and reads to the end of the connection.
pub(crate) async fn exchange(addr: SocketAddr, request: &[u8], answer: &mut Vec<u8>) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    stream.write_all(request).await?;
    answer.clear();
    stream.read_to_end(answer).await?;
    Ok(())
}

pub(crate) async fn send(addr: SocketAddr, request: &[u8]) -> anyhow::Result<Reply> {
    let mut bytes = Vec::new();
    exchange(addr, request, &mut bytes).await?;
    parsed(&bytes)
}

/// An answer, from its first byte to its last.
pub(crate) fn parsed(bytes: &[u8]) -> anyhow::Result<Reply> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").context("no answer")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).context("no status")?;
    let mut reply = Reply { status, head, body: bytes[end + 4..].to_vec() };
    if reply.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        reply.body = joined(&reply.body).context("broken chunks")?;
    }
    Ok(reply)
}

pub(crate) async fn get(addr: SocketAddr, target: &str, headers: &[(&str, &str)]) -> anyhow::Result<Reply> {
    send(addr, &request("GET", target, headers, b"")).await
}

/// What the chunks hold together.
fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + length)?);
        rest = rest.get(end + length + 4..)?;
    }
}
