//! A client that writes exactly the bytes it is told to.
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// How long an answer may take: generous, since machines are shared.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A connection on which a test writes as it likes.
pub fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// The head of a request that closes its connection.
pub fn head(method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: maibo.test\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    text + "\r\n"
}

/// Reads an answer to the end of the connection.
#[track_caller]
pub fn answer(mut stream: &TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer: {read:?} {}", String::from_utf8_lossy(&bytes)));
    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = text.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    Reply { status, headers, body: bytes[end + 4..].to_vec() }
}

/// One request, one answer.
#[track_caller]
pub fn request(addr: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let length = body.len().to_string();
    let mut headers = headers.to_vec();
    if !body.is_empty() {
        headers.push(("Content-Length", &length));
    }
    let mut stream = connect(addr);
    let mut bytes = head(method, target, &headers).into_bytes();
    bytes.extend_from_slice(body);
    // A server may answer, and close, before it has read everything.
    drop(stream.write_all(&bytes));
    answer(&stream)
}

/// One request; whatever goes wrong on the way is `None`: the server may die at any moment, or stay silent for longer
/// than `patience`.
pub fn try_request(
    addr: SocketAddr,
    method: &str,
    target: &str,
    body: &[u8],
    patience: Duration,
) -> Option<u16> {
    let length = body.len().to_string();
    let mut stream = TcpStream::connect(addr).ok()?;
    stream.set_read_timeout(Some(patience)).ok()?;
    let mut bytes = head(method, target, &[("Content-Length", &length)]).into_bytes();
    bytes.extend_from_slice(body);
    stream.write_all(&bytes).ok()?;
    let mut reply = Vec::new();
    // A reset after the answer does not take the answer back.
    drop(stream.read_to_end(&mut reply));
    let text = String::from_utf8_lossy(&reply).into_owned();
    text.strip_prefix("HTTP/1.1 ")?.split(' ').next()?.parse().ok()
}
