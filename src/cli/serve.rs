//! `maibo serve` and `maibo worker`: run the server, or one half of it, until SIGTERM or Ctrl-C.
use std::hint::black_box;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::say;
use crate::app::App;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::store::Role;

/// Bytes of the largest piece of memory that is kept for reuse; twice as much may lie free in each thread's arena.
const KEPT: usize = 4 << 20;

/// Has glibc keep what is freed. It gives the kernel back whatever is larger than the largest piece that it has seen freed so
/// far (128 KiB to begin with), and a list of a thousand checks would be a hundred page faults, every time.
fn keep_memory() {
    drop(black_box(Vec::<u8>::with_capacity(black_box(KEPT))));
}

pub(super) async fn run(config: Config, role: Role) -> anyhow::Result<()> {
    keep_memory();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let base = config.base_url.clone();
    let mail = config.smtp_url.is_some();
    let mail_domain = config.mail_domain.clone();
    let app = App::start(config, role, Arc::new(SystemClock)).await?;
    let version = env!("CARGO_PKG_VERSION");
    match app.addr {
        None => say(&format!("Maibo {version} watches deadlines and sends alerts; it takes no pings.")),
        Some(addr) => {
            say(&format!("Maibo {version} listens on http://{addr}"));
            if let (Some(addr), Some(domain)) = (app.mail_addr, &mail_domain) {
                say(&format!("Mails to addresses at {domain} are taken on {addr}"));
            }
            if base.port_or_known_default() != Some(addr.port()) || base.scheme() == "https" {
                say(&format!("Public address: {base}"));
            }
        }
    }
    if role == Role::Web {
        say("It watches no deadlines and sends no alerts: run `maibo worker` beside it.");
    }
    if let Some(link) = &app.setup_link {
        say(&format!("\nTo make the first user, open this link once:\n\n    {link}\n"));
    }
    if !mail {
        say("No mail server is configured (MAIBO_SMTP_URL): email channels will wait until there is one.");
    }
    // Only systemd listens to this.
    drop(sd_notify::notify(&[sd_notify::NotifyState::Ready]));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    drop(sd_notify::notify(&[sd_notify::NotifyState::Stopping]));
    app.shutdown().await;
    say("Maibo has stopped.");
    Ok(())
}
