//! `maibo health`: asks the running server whether it is ready, for container health checks.
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::config::Config;

/// How long the server may think: longer than it waits for its database.
const TIMEOUT: Duration = Duration::from_secs(12);

/// What the server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It can do its work; what it says besides.
    Ready(String),
    /// It cannot, for this reason.
    NotReady(String),
    /// It takes the connection, and says nothing in time.
    Silent,
    /// There is none.
    None(String),
}

pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    let addr = address(config);
    match ask(config) {
        Answer::Ready(_) => Ok(()),
        Answer::NotReady(reason) => anyhow::bail!("not ready: {reason}"),
        Answer::Silent => {
            anyhow::bail!(
                "the server on {addr} has not answered within {} seconds: it hangs",
                TIMEOUT.as_secs()
            )
        }
        Answer::None(reason) => anyhow::bail!("no server answers on {addr}: {reason}"),
    }
}

/// Asks the server that listens where these settings say.
pub(super) fn ask(config: &Config) -> Answer {
    let mut stream = match TcpStream::connect_timeout(&address(config), TIMEOUT) {
        Ok(stream) => stream,
        Err(error) => return Answer::None(error.to_string()),
    };
    let mut answer = Vec::new();
    let asked = stream
        .set_read_timeout(Some(TIMEOUT))
        .and_then(|()| stream.set_write_timeout(Some(TIMEOUT)))
        .and_then(|()| {
            stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        })
        .and_then(|()| stream.take(16 * 1024).read_to_end(&mut answer));
    match asked {
        Ok(_) => read(&String::from_utf8_lossy(&answer)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Answer::Silent,
        Err(error) => Answer::None(error.to_string()),
    }
}

fn address(config: &Config) -> SocketAddr {
    let mut addr = config.listen;
    if addr.ip().is_unspecified() {
        addr = SocketAddr::from(([127, 0, 0, 1], addr.port()));
    }
    addr
}

fn read(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.lines().next().unwrap_or_default();
    let body = body.trim().to_owned();
    if status.starts_with("HTTP/1.1 200") && body.starts_with("OK") {
        Answer::Ready(body)
    } else if status.starts_with("HTTP/1.1 503") && !body.is_empty() {
        Answer::NotReady(body)
    } else if status.is_empty() {
        Answer::NotReady("it closed the connection without an answer".to_owned())
    } else {
        Answer::NotReady(format!("it answers `{status}`; is it Maibo?"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_always_has_its_reason() {
        let reply = |status: &str, body: &str| read(&format!("HTTP/1.1 {status}\r\nA: b\r\n\r\n{body}"));
        assert_eq!(reply("200 OK", "OK"), Answer::Ready("OK".to_owned()));
        assert_eq!(reply("503 x", "the disk is full\n"), Answer::NotReady("the disk is full".to_owned()));
        let Answer::NotReady(words) = reply("404 Not Found", "") else { panic!("it is not ready") };
        assert!(words.contains("404 Not Found"), "{words}");
        let Answer::NotReady(words) = read("") else { panic!("it is not ready") };
        assert!(words.contains("closed"), "{words}");
    }
}
