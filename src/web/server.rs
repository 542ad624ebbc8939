//! Accepts connections and serves them, within limits, until told to stop.
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::connection::{Connection, Unread};
use crate::net::source::Peer;

/// Connections that are open at once; more wait in the kernel's queue.
const CONNECTIONS: usize = 8192;
/// How long a client may take to send a request's head, or stay silent between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves until `stop`, then lets open requests finish for at most `farewell`.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, farewell: Duration) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let router = router.clone();
        let unread = Unread::default();
        let stream = Connection::new(stream, unread.clone());
        let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut request: Request = request.map(|body| unread.watch(body));
            request.extensions_mut().insert(Peer(peer.ip().to_canonical()));
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // A sender may hang up right after its request: the ping counts all the same.
            .half_close(true)
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            // A connection that breaks is the client's business.
            drop(connection.await);
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(farewell, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Answers are small: they must not wait for more.
            drop(stream.set_nodelay(true));
            Some((stream, peer, place))
        }
        Err(error) => {
            // Out of file descriptors, most likely: give others time to close theirs.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}
