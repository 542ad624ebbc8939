//! A server in the process of a fuzz target, on a database that goes away with it. A panic in any thread is a finding.
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use maibo::app::{self, App};
use maibo::auth::secret;
use maibo::clock::{Clock as _, SystemClock};
use maibo::config::{Config, Flags};
use maibo::core::ping::Rules;
use maibo::store::checks::{self, Channels, Settings};
use maibo::store::keys::{self, Scope};
use maibo::store::{Role, projects};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

/// A check whose pings are filtered by keywords; its slug is `job`.
pub const UUID: &str = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";
/// The ping key of its project.
pub const PING_KEY: &str = "abcdefghijklmnopqrstuv";
/// A read-write key of its project.
pub const API_KEY: &str = "hcw_abcdefghijklmnopqrstuvwxyz01";
/// How long an answer may take, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(60);

struct Server {
    addr: SocketAddr,
    _app: App,
    _runtime: Runtime,
    _folder: TempDir,
}

impl Server {
    fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let flags = Flags {
            data: Some(folder.path().display().to_string()),
            listen: Some("127.0.0.1:0".to_owned()),
            trusted_proxies: Some("127.0.0.1".to_owned()),
            ..Flags::default()
        };
        let config = Config::load(&flags, |_| None)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let app = runtime.block_on(async {
            furnish(&config).await?;
            App::start(config, Role::Server, Arc::new(SystemClock)).await
        })?;
        let addr = app.addr.context("the server has no address")?;
        Ok(Self { addr, _app: app, _runtime: runtime, _folder: folder })
    }
}

/// Makes what the targets name in their requests.
async fn furnish(config: &Config) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let db = app::open_database(config, &SystemClock, Role::Command).await?;
    let project = projects::list(&db).await?.into_iter().next().context("there is no project")?;
    projects::set_ping_key(&db, project.id, PING_KEY).await?;
    keys::insert(&db, Some(project.id), Scope::ReadWrite, &secret::digest(API_KEY), "hcw_…", now).await?;
    let rules = Rules {
        filter_body: true,
        start: "begin".to_owned(),
        success: "done, 完成".to_owned(),
        failure: "ERROR".to_owned(),
        ..Rules::default()
    };
    let settings = Settings { slug: "job".to_owned(), rules, ..Settings::named("Job") };
    checks::insert(&db, project.id, UUID.parse::<Uuid>()?, &settings, &Channels::All, now).await?;
    db.close().await;
    Ok(())
}

/// Sends these bytes; gives the answer's status and everything after it. Panics where there is no answer, or one that
/// admits an error of ours.
#[must_use]
pub fn talk(request: &[u8]) -> (u16, String) {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let server = SERVER.get_or_init(|| Server::start().unwrap_or_else(|error| panic!("{error:#}")));
    let answer = ask(server.addr, request).unwrap_or_else(|error| panic!("the server is gone: {error}"));
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let rest = answer.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("no answer: {answer}"));
    let (status, rest) = rest.split_at_checked(3).unwrap_or_default();
    let status = status.parse().unwrap_or_else(|_| panic!("no status: {answer}"));
    assert!(status < 500, "{answer}");
    (status, rest.to_owned())
}

fn ask(addr: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answer = Vec::new();
    // A server may answer, and close, before it has read everything.
    let _ = stream.write_all(request);
    let _ = stream.shutdown(Shutdown::Write);
    let read = stream.read_to_end(&mut answer);
    if answer.is_empty() { read.map(|_| answer) } else { Ok(answer) }
}
