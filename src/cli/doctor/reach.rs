//! Whether the server answers, and under the address that people and jobs use.
use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;
use reqwest::Method;
use reqwest::header::HeaderMap;
use url::{Host, Url};

use super::Report;
use crate::app;
use crate::cli::health;
use crate::config::Config;
use crate::links::Links;
use crate::net::egress::{HttpRequest, Outbound};

/// Asks the running server whether it is ready; gives whether it answered.
pub(super) fn server(report: &mut Report, config: &Config, file: Option<&Path>) -> bool {
    const ABOUT: &str = "server";
    match health::run(config) {
        Ok(()) => {
            report.ok(ABOUT, format!("it answers on {} and is ready", config.listen));
            return true;
        }
        Err(error) if error.to_string().starts_with("not ready") => {
            report.fail(ABOUT, error.to_string(), "look at its log; /readyz tells when it is over");
            return true;
        }
        Err(_) => {}
    }
    let elsewhere = file.filter(|file| file.exists()).is_some_and(|file| {
        // Held for a moment only, and let go again.
        matches!(app::try_lock(file), Ok(None))
    });
    if elsewhere {
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
    match Outbound::new(&everywhere).send(request, None).await {
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
