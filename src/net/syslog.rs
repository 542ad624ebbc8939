//! Carries a line to a log server: over UDP, or framed by octet counting over TCP and TLS (RFC 5425, 6587).
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;
use url::Url;

use super::egress::{NetError, Outbound, WHOLE};
use super::line::broken;

/// How long a server may take to close its side once it has the line; one that refuses it resets the connection.
const FAREWELL: Duration = Duration::from_secs(1);

impl Outbound {
    /// Sends a line, `udp://host:514`, `tcp://host:601` or `tls://host:6514`, within 20 seconds. Nobody acknowledges
    /// it: what is known is that the network took it.
    pub async fn log(&self, server: &Url, line: &[u8]) -> Result<(), NetError> {
        let whole = async {
            match server.scheme() {
                "udp" => self.datagram(server, line).await,
                "tcp" => self.framed(server, 601, line).await,
                _ => self.framed(server, 6514, line).await,
            }
        };
        tokio::time::timeout(WHOLE, whole).await.unwrap_or(Err(NetError::Timeout))
    }

    async fn datagram(&self, server: &Url, line: &[u8]) -> Result<(), NetError> {
        let addresses =
            self.resolve(server, server.port().unwrap_or(514)).await.map_err(NetError::Refused)?;
        let mut outcome = Err(NetError::Failed("cannot connect"));
        for address in addresses {
            outcome = send(address, line).await.map_err(|error| broken(&error));
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    async fn framed(&self, server: &Url, port: u16, line: &[u8]) -> Result<(), NetError> {
        let mut stream = self.connect(server, port).await?;
        let lost = |error: std::io::Error| broken(&error);
        let mut frame = format!("{} ", line.len()).into_bytes();
        frame.extend(line);
        stream.write_all(&frame).await.map_err(lost)?;
        stream.flush().await.map_err(lost)?;
        stream.shutdown().await.map_err(lost)?;
        match tokio::time::timeout(FAREWELL, stream.read(&mut [0; 1])).await {
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionReset => Err(broken(&error)),
            _ => Ok(()),
        }
    }
}

async fn send(address: SocketAddr, line: &[u8]) -> std::io::Result<()> {
    let ours: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(ours).await?;
    socket.connect(address).await?;
    socket.send(line).await.map(|_| ())
}
