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
use crate::core::Span;
use crate::ingest::{Intake, Writer, mail};
use crate::links::Links;
use crate::meters::Meters;
use crate::net::egress::Outbound;
use crate::notify::consent::Asker;
use crate::notify::dispatch::Dispatcher;
use crate::notify::post::Post;
use crate::scheduler::Scheduler;
use crate::scheduler::backups::Backups;
use crate::scheduler::housekeeping::{self, Kept};
use crate::store::wake::{self, Signal};
use crate::store::{self, Db, Role, backup, installation, outbox, projects, users};
use crate::wake::Wakes;
use crate::web::{AppState, server};

/// How long open requests may take to finish once the server stops.
const FAREWELL: Duration = Duration::from_secs(10);

/// A running process: a server, or one half of it.
pub struct App {
    /// Where it listens, if it does; the port is the real one even when 0 was asked for.
    pub addr: Option<SocketAddr>,
    /// Where it takes pings by mail, if it does.
    pub mail_addr: Option<SocketAddr>,
    /// The one-time link for the first user, while there is none.
    pub setup_link: Option<String>,
    stop: CancellationToken,
    server: Option<JoinHandle<()>>,
    background: TaskTracker,
    db: Db,
    meters: Arc<Meters>,
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
    Ok(Post::new(
        Outbound::new(&config.outbound_allow).with_commands(config.shell_channels),
        config.mailer()?,
        Links::new(&config.base_url).with_mail(config.mail_domain.as_deref()),
    ))
}

/// Makes sure that no other server uses the same SQLite file. The lock goes away with the process.
fn lock(file: &Path) -> anyhow::Result<File> {
    try_lock(file)?.with_context(|| {
        format!(
            "another Maibo server already uses {}, or a restore or migrate-db works on it; stop it first, or give this one its own MAIBO_DATA",
            file.display()
        )
    })
}

/// The lock that a server holds on its SQLite file; `None` while one does. It goes away with the process.
pub fn try_lock(file: &Path) -> anyhow::Result<Option<File>> {
    let path = lock_of(file);
    loop {
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match lock.try_lock() {
            // A command that failed takes the file away that it had made: a lock on that one keeps nobody out.
            Ok(()) if is_the_file(&lock, &path) => return Ok(Some(lock)),
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
            Err(std::fs::TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
    }
}

/// Whether a server, or a command that wants to be alone, uses this SQLite file. Leaves no trace.
pub fn is_locked(file: &Path) -> bool {
    let Ok(lock) = File::open(lock_of(file)) else { return false };
    matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock))
}

/// The file that is locked for a SQLite file, by whatever name that was reached.
#[must_use]
pub fn lock_of(file: &Path) -> PathBuf {
    let mut name = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned()).into_os_string();
    name.push(".lock");
    name.into()
}

/// Whether what is open is still what the path leads to.
#[cfg(unix)]
fn is_the_file(open: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(open), Ok(there)) = (open.metadata(), path.metadata()) else { return false };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}

#[cfg(not(unix))]
fn is_the_file(_: &File, path: &Path) -> bool {
    path.exists()
}

impl App {
    /// Opens the database, catches up with the time that has passed, and listens, as far as `role` has it so.
    pub async fn start(config: Config, role: Role, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let post = post(&config)?;
        let backups = backups_of(&config)?;
        anyhow::ensure!(
            role == Role::Server || backup::file_of(&config.database_url)?.is_none(),
            "the halves of Maibo run apart on PostgreSQL only: on a SQLite file one server does everything"
        );
        let file = store::prepare(&config.database_url)?;
        // Before anything is migrated: the other server may be an older version that is at work.
        let lock = file.map(|file| lock(&file)).transpose()?;
        let db = open_database(&config, clock.as_ref(), role).await?;
        let mut app = Self {
            addr: None,
            mail_addr: None,
            setup_link: None,
            stop: CancellationToken::new(),
            server: None,
            background: TaskTracker::new(),
            db,
            meters: Arc::new(Meters::new(clock.now())),
            _lock: lock,
        };
        let wakes = Wakes::default();
        app.background.spawn(hear_others(app.db.clone(), wakes.clone(), app.stop.clone()));
        // Bound before the first look at deadlines, served after it: nobody shall see as down what only our own
        // absence hid, and a port that is taken is known before anything is done.
        let listener = if role.takes_pings() { Some(app.listen(&config).await?) } else { None };
        let by_mail = if role.takes_pings() { app.listen_for_mail(&config).await? } else { None };
        let writer = listener.is_some().then(|| {
            let meters = Arc::clone(&app.meters);
            let (writer, writing) = Writer::new(app.db.clone(), Arc::clone(&clock), wakes.clone(), meters);
            app.background.spawn(writing.run());
            writer
        });
        if role.works() {
            app.work(&clock, &post, &wakes, writer.clone()).await?;
            app.keep_house(&config, backups, &clock);
        }
        if let (Some(listener), Some(writer)) = (listener, writer) {
            app.serve((listener, by_mail), writer, config, clock, post, wakes).await?;
        }
        Ok(app)
    }

    async fn listen(&mut self, config: &Config) -> anyhow::Result<TcpListener> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("cannot listen on {} (MAIBO_LISTEN)", config.listen))?;
        self.addr = Some(listener.local_addr()?);
        Ok(listener)
    }

    /// The way in for mails, and what stands behind their @.
    async fn listen_for_mail(&mut self, config: &Config) -> anyhow::Result<Option<(TcpListener, Arc<str>)>> {
        let (Some(addr), Some(domain)) = (config.mail_listen, &config.mail_domain) else { return Ok(None) };
        let listener = TcpListener::bind(addr)
            .await
            .with_context(|| format!("cannot listen on {addr} (MAIBO_MAIL_LISTEN)"))?;
        self.mail_addr = Some(listener.local_addr()?);
        Ok(Some((listener, domain.as_str().into())))
    }

    /// Watches deadlines and sends alerts.
    async fn work(
        &self,
        clock: &Arc<dyn Clock>,
        post: &Post,
        wakes: &Wakes,
        writer: Option<Writer>,
    ) -> anyhow::Result<()> {
        outbox::release_orphaned(&self.db, clock.now()).await?;
        let meters = Arc::clone(&self.meters);
        let mut scheduler = Scheduler::new(self.db.clone(), Arc::clone(clock), writer, wakes.clone(), meters);
        scheduler.tick(clock.now()).await?;
        self.background.spawn(scheduler.run(self.stop.clone()));
        let dispatcher = Dispatcher::new(
            self.db.clone(),
            Arc::clone(clock),
            post.clone(),
            wakes.clone(),
            Arc::clone(&self.meters),
            self.background.clone(),
        );
        self.background.spawn(dispatcher.run(self.stop.clone()));
        let asker = Asker { db: self.db.clone(), clock: Arc::clone(clock), post: post.clone() };
        self.background.spawn(asker.run(self.stop.clone()));
        Ok(())
    }

    /// Bounds the history, and makes backups where that is wanted.
    fn keep_house(&self, config: &Config, backups: Option<(PathBuf, PathBuf)>, clock: &Arc<dyn Clock>) {
        let kept =
            Kept { count: i64::from(config.history_pings), age: Span::days(i64::from(config.history_days)) };
        let (db, stop) = (self.db.clone(), self.stop.clone());
        self.background.spawn(housekeeping::run(db.clone(), Arc::clone(clock), kept, stop.clone()));
        if let Some((folder, database)) = backups {
            let (every, keep) = (config.backup_every, config.backup_keep);
            let backups = Backups { folder, every, keep, database, db, clock: Arc::clone(clock) };
            self.background.spawn(backups.run(stop));
        }
    }

    /// Takes pings and shows pages.
    async fn serve(
        &mut self,
        (listener, by_mail): (TcpListener, Option<(TcpListener, Arc<str>)>),
        writer: Writer,
        config: Config,
        clock: Arc<dyn Clock>,
        post: Post,
        wakes: Wakes,
    ) -> anyhow::Result<()> {
        self.setup_link = setup_link(&self.db, &post.links).await?;
        let intake = Intake::new(
            writer,
            self.db.clone(),
            Arc::clone(&clock),
            config.ping_body_limit,
            config.trusted_proxies.clone().into(),
            self.background.clone(),
        );
        if let Some((listener, domain)) = by_mail {
            let serving = mail::serve(listener, domain, intake.clone(), self.stop.clone(), FAREWELL);
            self.background.spawn(serving);
        }
        let (db, meters) = (self.db.clone(), Arc::clone(&self.meters));
        let (proxies, tasks) = (config.trusted_proxies.into(), self.background.clone());
        let state = AppState::new(db, clock, post, wakes, meters, proxies, tasks);
        let router = crate::web::routes::router(state, intake);
        let serving = server::serve(listener, router, self.stop.clone(), FAREWELL);
        self.server = Some(self.background.spawn(serving));
        Ok(())
    }

    /// Stops taking requests, finishes what was taken, gives leases back, closes the database.
    pub async fn shutdown(self) {
        self.stop.cancel();
        if let Some(server) = self.server {
            drop(server.await);
        }
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

/// A fresh one-time link while there is no user.
async fn setup_link(db: &Db, links: &Links) -> anyhow::Result<Option<String>> {
    if users::any(db).await? {
        return Ok(None);
    }
    let token = secret::token();
    installation::add_setup_token(db, &secret::digest(&token)).await?;
    Ok(Some(links.to(&format!("/setup?token={token}"))))
}
