//! The process: builds everything once, starts it, and stops it in order. Tests start the same thing.
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::secret;
use crate::clock::Clock;
use crate::config::Config;
use crate::ingest::Writer;
use crate::ingest::http::Intake;
use crate::links::Links;
use crate::net::egress::Outbound;
use crate::notify::dispatch::{Dispatcher, Post};
use crate::scheduler::Scheduler;
use crate::scheduler::backups::Backups;
use crate::store::wake::{self, Signal};
use crate::store::{self, Db, Role, backup, installation, outbox, projects, users};
use crate::wake::Wakes;
use crate::web::{AppState, server};

/// How long open requests may take to finish once the server stops.
const FAREWELL: Duration = Duration::from_secs(10);

/// A running server.
pub struct App {
    /// Where it listens; the port is the real one even when 0 was asked for.
    pub addr: SocketAddr,
    /// The one-time link for the first user, while there is none.
    pub setup_link: Option<String>,
    stop: CancellationToken,
    server: JoinHandle<()>,
    background: TaskTracker,
    db: Db,
    /// Held as long as we serve: a second server on the same SQLite file must not start.
    _lock: Option<File>,
}

/// Opens the database, migrated and with its default project.
pub async fn open_database(config: &Config, clock: &dyn Clock, role: Role) -> anyhow::Result<Db> {
    let db = Db::open(&config.database_url, role).await?;
    projects::ensure_default(&db, clock.now()).await?;
    Ok(db)
}

/// The way to send alerts.
pub fn post(config: &Config) -> anyhow::Result<Post> {
    Ok(Post {
        outbound: Outbound::new(&config.outbound_allow),
        mailer: config.mailer()?,
        links: Links::new(&config.base_url),
    })
}

/// Makes sure that no other server uses the same SQLite file. The lock goes away with the process.
fn lock(file: &Path) -> anyhow::Result<File> {
    try_lock(file)?.with_context(|| {
        format!(
            "another Maibo server already uses {}; stop it first, or give this one its own MAIBO_DATA",
            file.display()
        )
    })
}

/// The lock that a server holds on its SQLite file; `None` while one does. It goes away with the process.
pub fn try_lock(file: &Path) -> anyhow::Result<Option<File>> {
    let real = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let mut name = real.into_os_string();
    name.push(".lock");
    let path = Path::new(&name);
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

impl App {
    /// Opens the database, catches up with the time that has passed, and listens.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let post = post(&config)?;
        let backups = backups_of(&config)?;
        // Before anything is migrated: the other server may be an older version that is at work.
        let lock = store::prepare(&config.database_url)?.map(|file| lock(&file)).transpose()?;
        let db = open_database(&config, clock.as_ref(), Role::Server).await?;
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("cannot listen on {} (MAIBO_LISTEN)", config.listen))?;
        let addr = listener.local_addr()?;
        let links = Links::new(&config.base_url);
        let setup_link = setup_link(&db, &links).await?;
        outbox::release_orphaned(&db, clock.now()).await?;

        let stop = CancellationToken::new();
        let background = TaskTracker::new();
        let wakes = Wakes::default();
        let (writer, writing) = Writer::new(db.clone(), Arc::clone(&clock), wakes.clone());
        background.spawn(writing.run());
        background.spawn(hear_others(db.clone(), wakes.clone(), stop.clone()));

        let mut scheduler = Scheduler::new(db.clone(), Arc::clone(&clock), writer.clone(), wakes.clone());
        // Before the first request: nobody shall see as down what only our own absence hid.
        scheduler.tick(clock.now()).await?;
        background.spawn(scheduler.run(stop.clone()));
        let dispatcher =
            Dispatcher::new(db.clone(), Arc::clone(&clock), post.clone(), wakes.clone(), background.clone());
        background.spawn(dispatcher.run(stop.clone()));

        if let Some((folder, database)) = backups {
            let (every, keep) = (config.backup_every, config.backup_keep);
            let backups =
                Backups { folder, every, keep, database, db: db.clone(), clock: Arc::clone(&clock) };
            background.spawn(backups.run(stop.clone()));
        }

        let intake = Intake::new(
            writer,
            Arc::clone(&clock),
            config.ping_body_limit,
            config.trusted_proxies.clone().into(),
            background.clone(),
        );
        let state = AppState::new(db.clone(), clock, links, post, wakes, config.trusted_proxies.into());
        let router = crate::web::routes::router(state, intake);
        let server = background.spawn(server::serve(listener, router, stop.clone(), FAREWELL));
        Ok(Self { addr, setup_link, stop, server, background, db, _lock: lock })
    }

    /// Stops taking requests, finishes what was taken, gives leases back, closes the database.
    pub async fn shutdown(self) {
        self.stop.cancel();
        drop(self.server.await);
        self.background.close();
        if tokio::time::timeout(FAREWELL * 2, self.background.wait()).await.is_err() {
            tracing::warn!("some work did not end in time; it will be taken up at the next start");
        }
        self.db.close().await;
    }
}

/// Where backups go and what is copied there; `None`: none are made.
fn backups_of(config: &Config) -> anyhow::Result<Option<(PathBuf, PathBuf)>> {
    let Some(folder) = &config.backup_folder else { return Ok(None) };
    let database = backup::file_of(&config.database_url)?.context(
        "MAIBO_BACKUP_FOLDER: backups are made of a SQLite database; this one is on PostgreSQL, so leave the setting empty and use pg_dump (`maibo backup FILE` shows how)",
    )?;
    Ok(Some((folder.clone(), database)))
}

/// Passes on what other servers on the same database tell.
async fn hear_others(db: Db, wakes: Wakes, stop: CancellationToken) {
    let heard = |signal| match signal {
        Signal::Outbox => wakes.outbox.notify_one(),
        Signal::Deadline(at) => wakes.deadline_at(at),
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = wake::listen(&db, heard) => {}
    }
}

/// A fresh one-time link while there is no user; older ones are void from then on.
async fn setup_link(db: &Db, links: &Links) -> anyhow::Result<Option<String>> {
    if users::any(db).await? {
        return Ok(None);
    }
    let token = secret::token();
    installation::set(db, installation::SETUP_TOKEN, &secret::digest(&token)).await?;
    Ok(Some(links.to(&format!("/setup?token={token}"))))
}
