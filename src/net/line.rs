//! Connections to servers that do not speak HTTP: resolved and connected under the same rules, with or without TLS.
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::egress::{CONNECT, NetError, Outbound, explain_io};
use super::guard::host;

/// A connection, encrypted or not.
pub(super) trait Line: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

impl Outbound {
    /// Connects to a URL's host; `port` where it names none.
    pub(super) async fn connect(&self, url: &Url, port: u16) -> Result<Box<dyn Line>, NetError> {
        let addresses = self.resolve(url, url.port().unwrap_or(port)).await.map_err(NetError::Refused)?;
        let mut outcome = Err(NetError::Failed("cannot connect"));
        for address in addresses {
            outcome = match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => Ok(stream),
                Ok(Err(error)) => Err(explain_io(&error).unwrap_or(NetError::Failed("cannot connect"))),
                Err(_) => Err(NetError::Timeout),
            };
            if outcome.is_ok() {
                break;
            }
        }
        let stream = outcome?;
        if !matches!(url.scheme(), "mqtts" | "tls") {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(host(url).to_owned())
            .map_err(|_| NetError::Failed("no certificate can be for this host name"))?;
        let config = ClientConfig::with_platform_verifier()
            .map_err(|_| NetError::Failed("no TLS: are the system's certificates readable?"))?;
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
        match tokio::time::timeout(CONNECT, handshake).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(explain_io(&error).unwrap_or(NetError::Failed("TLS handshake failed"))),
            Err(_) => Err(NetError::Timeout),
        }
    }
}

/// What went wrong on a connection that was there.
pub(super) fn broken(error: &std::io::Error) -> NetError {
    explain_io(error).unwrap_or(NetError::Failed("the connection broke"))
}
