//! `maibo health`: asks the running server whether it is ready, for container health checks.
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context as _;

use crate::config::Config;

const TIMEOUT: Duration = Duration::from_secs(4);

pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    let mut addr = config.listen;
    if addr.ip().is_unspecified() {
        addr = SocketAddr::from(([127, 0, 0, 1], addr.port()));
    }
    let mut stream =
        TcpStream::connect_timeout(&addr, TIMEOUT).with_context(|| format!("no server answers on {addr}"))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(16 * 1024).read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    let reason = text.rsplit("\r\n\r\n").next().unwrap_or_default().trim();
    anyhow::ensure!(text.starts_with("HTTP/1.1 200"), "not ready: {reason}");
    Ok(())
}
