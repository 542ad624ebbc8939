//! What Maibo is compared with: an axum handler that does nothing but answer, in a process of its own.
use std::io::Read as _;

use anyhow::Context as _;
use axum::Router;
use axum::routing::any;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

/// Serves on a port of 127.0.0.1 until standard input ends, as it does when the benchmark is gone.
pub(crate) fn serve(port: &str) -> anyhow::Result<()> {
    let port: u16 = port.parse().context("--bare takes a port")?;
    std::thread::spawn(|| {
        let mut rest = Vec::new();
        drop(std::io::stdin().read_to_end(&mut rest));
        std::process::exit(0);
    });
    // The runtime that `maibo serve` has.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let router = Router::new().route("/ping/{*rest}", any(async || "OK"));
        let listener = TcpListener::bind(("127.0.0.1", port)).await?.tap_io(|stream| {
            drop(stream.set_nodelay(true));
        });
        axum::serve(listener, router).await?;
        Ok(())
    })
}
