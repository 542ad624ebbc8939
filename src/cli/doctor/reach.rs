//! Whether the server answers, and under the address that people and jobs use.
use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;
use reqwest::Method;
use reqwest::header::HeaderMap;
use url::{Host, Url};

use super::Report;
use crate::app;
use crate::cli::health::{self, Answer};
use crate::config::Config;
use crate::core::{Span, Time, span};
use crate::links::Links;
use crate::net::egress::{HttpRequest, Outbound};
use crate::store::{Db, blackouts, condition, nodes};

/// How old the mark may be that whoever watches deadlines leaves.
const MAX_LATE: Span = Span::seconds(15);

/// Asks the running server whether it is ready; gives whether it answered.
pub(super) fn server(report: &mut Report, config: &Config, file: Option<&Path>) -> bool {
    const ABOUT: &str = "server";
    match health::ask(config) {
        Answer::Ready(_) => {
            report.ok(ABOUT, format!("it answers on {} and is ready", config.listen));
            return true;
        }
        Answer::NotReady(reason) => {
            let what = format!("it answers on {} and is not ready: {reason}", config.listen);
            report.fail(ABOUT, what, "look at its log; /readyz tells when it is over");
            return true;
        }
        Answer::Silent => {
            let what = format!("it takes connections on {}, and has not answered in time", config.listen);
            report.fail(ABOUT, what, "look at its log and at the database; restart it when it hangs");
            return true;
        }
        Answer::None(_) => {}
    }
    if file.is_some_and(app::is_locked) {
        report.fail(
            ABOUT,
            format!("one uses this database, but none answers on {}", config.listen),
            "give this command the server's own settings (--config, MAIBO_LISTEN), or restart the server when it hangs",
        );
    } else {
        report.warn(
            ABOUT,
            format!("none answers on {}", config.listen),
            "start it: nobody watches the checks",
        );
    }
    false
}

/// Whether anybody watches deadlines, where there is somebody who takes pings.
pub(super) async fn worker(report: &mut Report, db: &Db, running: bool, now: Time) {
    const ABOUT: &str = "deadlines";
    let asked = async { Ok((nodes::others_take_pings(db).await?, blackouts::last_alive(db).await?)) };
    let (taken, mark) = match asked.await {
        Ok(found) => found,
        Err(error) => {
            let error: crate::store::StoreError = error;
            report.fail(ABOUT, error.to_string(), super::advice(&error));
            return;
        }
    };
    if !running && !taken {
        return;
    }
    match mark {
        Some(mark) if now - mark <= MAX_LATE => report.ok(ABOUT, "somebody watches them"),
        mark => {
            let since = mark.map_or("ever".to_owned(), |mark| format!("for {}", span::text(now - mark)));
            let what = format!("nobody has watched them {since}");
            report.fail(ABOUT, what, "start `maibo worker` or a server: until then nothing goes down");
        }
    }
}

/// Whether what goes to a PostgreSQL server and comes from it can be read on the way.
pub(super) async fn encryption(report: &mut Report, config: &Config, db: &Db) {
    const ABOUT: &str = "encryption";
    let local = condition::is_on_this_machine(&config.database_url);
    match condition::encryption(db).await {
        Ok(None) => {}
        Ok(Some(Some(version))) => report.ok(ABOUT, format!("the connection to PostgreSQL uses {version}")),
        Ok(Some(None)) if local => {
            report.ok(ABOUT, "the connection to PostgreSQL uses no TLS; it stays on this machine");
        }
        Ok(Some(None)) => report.warn(
            ABOUT,
            "the connection to PostgreSQL uses no TLS: what goes over it can be read on the way",
            "add ?sslmode=verify-full to MAIBO_DATABASE_URL, and TLS to the server",
        ),
        Err(error) => report.fail(ABOUT, error.to_string(), super::advice(&error)),
    }
}

/// Whether the public address fits, and answers. `running`: there is a server that could.
pub(super) async fn base_url(report: &mut Report, config: &Config, running: bool) {
    const ABOUT: &str = "base URL";
    const SETTING: &str = "set MAIBO_BASE_URL to the address that people and jobs use";
    let base = &config.base_url;
    let local = is_local(base);
    if local && !config.listen.ip().is_loopback() {
        report.warn(
            ABOUT,
            format!("{base} works on this machine alone, but the server listens for others"),
            SETTING,
        );
    } else if local && !config.trusted_proxies.is_empty() {
        report.warn(
            ABOUT,
            format!("{base} works on this machine alone, but there is a proxy in front"),
            SETTING,
        );
    } else if !local && base.scheme() == "http" {
        report.warn(
            ABOUT,
            format!("{base} is plain http: passwords and ping addresses can be read on the way"),
            "put a reverse proxy with TLS in front, and write https:// into MAIBO_BASE_URL",
        );
    } else {
        report.ok(ABOUT, base.to_string());
    }
    if config.trusted_proxies.iter().any(|net| net.prefix_len() == 0) {
        report.warn(
            "proxies",
            "MAIBO_TRUSTED_PROXIES covers everybody: anybody can claim any address",
            "name only the networks of your own proxies",
        );
    }
    if running {
        fetch(report, config).await;
    }
}

async fn fetch(report: &mut Report, config: &Config) {
    const ABOUT: &str = "base URL";
    let Ok(url) = Url::parse(&Links::new(&config.base_url).to("/healthz")) else { return };
    // The operator's own address may be private, and plain http; nothing else is ever called this way.
    let everywhere: Vec<IpNet> = ["0.0.0.0/0", "::/0"].iter().filter_map(|net| net.parse().ok()).collect();
    let request =
        HttpRequest { method: Method::GET, url: url.clone(), headers: HeaderMap::new(), body: Vec::new() };
    let advice = "check DNS, the reverse proxy and MAIBO_BASE_URL; some networks cannot reach their own public address from inside, then try from elsewhere";
    match Outbound::new(&everywhere).send(request, &[], None).await {
        Ok(reply) if reply.status == 200 && reply.body == b"OK" => {
            report.ok(ABOUT, format!("{url} answers"));
        }
        Ok(reply) => {
            report.warn(ABOUT, format!("{url} answers {}, which is not Maibo", reply.status), advice);
        }
        Err(error) => {
            report.warn(ABOUT, format!("{url}: {error}"), advice);
        }
    }
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}
