//! Settings: flags, then the environment, then a file, then defaults. `config/maibo.toml` documents them all.
mod file;

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use ipnet::IpNet;
use secrecy::SecretString;
use url::{Host, Url};

use crate::core::{Span, span};
use crate::mail::{MailSettingsError, Mailer};

/// Smallest and default number of bytes that are kept of a ping's body.
pub const MIN_PING_BODY_LIMIT: usize = 10_000;
pub const DEFAULT_PING_BODY_LIMIT: usize = 100_000;
/// Largest: bodies are held in memory while they arrive.
pub const MAX_PING_BODY_LIMIT: usize = 10_000_000;

/// Every setting as a flag and as a variable; empty means unset.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct Flags {
    /// File with settings, see config/maibo.toml
    #[arg(long, global = true, env = "MAIBO_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address and port to listen on [default: 127.0.0.1:8000]
    #[arg(long, global = true, env = "MAIBO_LISTEN", value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// Folder for the database [default: ./data]
    #[arg(long, global = true, env = "MAIBO_DATA", value_name = "FOLDER")]
    pub data: Option<String>,
    /// `sqlite:///absolute/file`, `sqlite://relative/file` or `postgres://user@host/database` [default: in the data folder]
    #[arg(long, global = true, env = "MAIBO_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Public address of this server; may hold a path [default: from the listening address]
    #[arg(long, global = true, env = "MAIBO_BASE_URL", value_name = "URL")]
    pub base_url: Option<String>,
    /// Bytes kept of a ping's body, head and tail [default: 100000]
    #[arg(long, global = true, env = "MAIBO_PING_BODY_LIMIT", value_name = "BYTES")]
    pub ping_body_limit: Option<String>,
    /// Pings kept of each check [default: 1000]
    #[arg(long, global = true, env = "MAIBO_HISTORY_PINGS", value_name = "COUNT")]
    pub history_pings: Option<String>,
    /// Days after which they go too [default: 400]
    #[arg(long, global = true, env = "MAIBO_HISTORY_DAYS", value_name = "DAYS")]
    pub history_days: Option<String>,
    /// `smtps://user:password@host:465`, `smtp+starttls://…:587` or `smtp://host:25`
    #[arg(long, global = true, env = "MAIBO_SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// Certificates (PEM) that the mail server's is trusted by, besides those of this machine
    #[arg(long, global = true, env = "MAIBO_SMTP_CA_FILE", value_name = "FILE")]
    pub smtp_ca_file: Option<String>,
    /// Sender of mails, `Maibo <maibo@example.org>` [default: the user of the SMTP URL]
    #[arg(long, global = true, env = "MAIBO_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// Address and port for pings by mail (SMTP) [default: none are taken]
    #[arg(long, global = true, env = "MAIBO_MAIL_LISTEN", value_name = "ADDR:PORT")]
    pub mail_listen: Option<String>,
    /// What stands behind the @ of the addresses that take pings, `ping.example.org`
    #[arg(long, global = true, env = "MAIBO_MAIL_DOMAIN", value_name = "DOMAIN")]
    pub mail_domain: Option<String>,
    /// Networks that alerts may reach although they are private, `192.168.0.0/16,127.0.0.0/8`
    #[arg(long, global = true, env = "MAIBO_OUTBOUND_ALLOW", value_name = "CIDRS")]
    pub outbound_allow: Option<String>,
    /// Whether channels may run commands on this machine [default: false]
    #[arg(long, global = true, env = "MAIBO_SHELL_CHANNELS", value_name = "BOOL")]
    pub shell_channels: Option<String>,
    /// Proxies whose X-Forwarded-For and -Proto are believed
    #[arg(long, global = true, env = "MAIBO_TRUSTED_PROXIES", value_name = "CIDRS")]
    pub trusted_proxies: Option<String>,
    /// Folder for scheduled backups of the SQLite database [default: none are made]
    #[arg(long, global = true, env = "MAIBO_BACKUP_FOLDER", value_name = "FOLDER")]
    pub backup_folder: Option<String>,
    /// How often a backup is made, `12h` or `1d` [default: 1d]
    #[arg(long, global = true, env = "MAIBO_BACKUP_EVERY", value_name = "DURATION")]
    pub backup_every: Option<String>,
    /// How many backups are kept [default: 7]
    #[arg(long, global = true, env = "MAIBO_BACKUP_KEEP", value_name = "NUMBER")]
    pub backup_keep: Option<String>,
    /// What to log: error, warn, info, debug, or a filter like `maibo=debug` [default: info]
    #[arg(long, global = true, env = "MAIBO_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// `text` or `json` [default: text]
    #[arg(long, global = true, env = "MAIBO_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<String>,
}

/// How logs are written to stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// All settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub database_url: String,
    pub base_url: Url,
    pub ping_body_limit: usize,
    /// Pings kept of each check, and as many changes of status.
    pub history_pings: u32,
    /// Days after which both go too.
    pub history_days: u32,
    pub smtp_url: Option<SecretString>,
    /// Certificates that are trusted besides the machine's own, for the mail server alone.
    pub smtp_ca_file: Option<PathBuf>,
    pub mail_from: Option<String>,
    /// `None`: no pings are taken by mail.
    pub mail_listen: Option<SocketAddr>,
    /// In lower case, as ASCII. Without an address of our own, another server takes the mails.
    pub mail_domain: Option<String>,
    pub outbound_allow: Vec<IpNet>,
    /// Whether channels may run commands, with our own rights.
    pub shell_channels: bool,
    pub trusted_proxies: Vec<IpNet>,
    /// `None`: no backups are made.
    pub backup_folder: Option<PathBuf>,
    pub backup_every: Span,
    pub backup_keep: usize,
    pub log: String,
    pub log_format: LogFormat,
}

/// Which setting is wrong, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {}: {source}", file.display())]
    Read { file: PathBuf, source: std::io::Error },
    #[error("{}: {problem}", file.display())]
    File { file: PathBuf, problem: String },
    #[error("{name}: `{value}` is not {expected}")]
    Value { name: &'static str, value: String, expected: &'static str },
    #[error(
        "MAIBO_MAIL_LISTEN wants MAIBO_MAIL_DOMAIN beside it: what stands behind the @ of the addresses that take pings, like ping.example.org"
    )]
    NoMailDomain,
    #[error(transparent)]
    Mail(#[from] MailSettingsError),
}

impl Config {
    /// Puts flags, environment (`env` reads a variable), file and defaults together.
    pub fn load(flags: &Flags, env: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let from_file = match &flags.config {
            Some(path) => file::read(path)?,
            None => file::Values::default(),
        };
        let trimmed = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let pick = |given: &Option<String>, name: &str| {
            given.clone().and_then(trimmed).or_else(|| from_file.get(name).and_then(trimmed))
        };
        let secret =
            |given: &Option<String>, variable: &str, name: &str| -> Result<Option<String>, ConfigError> {
                if let Some(text) = given.clone().filter(|text| !text.trim().is_empty()) {
                    return Ok(Some(text.trim().to_owned()));
                }
                match env(&format!("{variable}_FILE")).filter(|path| !path.is_empty()) {
                    Some(path) => {
                        let file = PathBuf::from(path);
                        let text = std::fs::read_to_string(&file)
                            .map_err(|source| ConfigError::Read { file: file.clone(), source })?;
                        Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
                    }
                    None => Ok(pick(&None, name)),
                }
            };
        let listen = match pick(&flags.listen, "listen") {
            Some(text) => parse("MAIBO_LISTEN", &text, "an address and a port like 127.0.0.1:8000")?,
            None => SocketAddr::from(([127, 0, 0, 1], 8000)),
        };
        let data = PathBuf::from(pick(&flags.data, "data").unwrap_or_else(|| "data".to_owned()));
        let database_url = secret(&flags.database_url, "MAIBO_DATABASE_URL", "database_url")?
            .unwrap_or_else(|| default_database(&data));
        let base_url = match pick(&flags.base_url, "base_url") {
            Some(text) => base_url(&text)?,
            None => default_base(listen)?,
        };
        let ping_body_limit = match pick(&flags.ping_body_limit, "ping_body_limit") {
            Some(text) => body_limit(&text)?,
            None => DEFAULT_PING_BODY_LIMIT,
        };
        let history_pings = match pick(&flags.history_pings, "history_pings") {
            Some(text) => {
                number("MAIBO_HISTORY_PINGS", &text, 10..=1_000_000, "a number from 10 to 1000000")?
            }
            None => 1000,
        };
        let history_days = match pick(&flags.history_days, "history_days") {
            Some(text) => number("MAIBO_HISTORY_DAYS", &text, 1..=3650, "a number of days from 1 to 3650")?,
            None => 400,
        };
        let log_format = match pick(&flags.log_format, "log_format").as_deref() {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(other) => return Err(bad("MAIBO_LOG_FORMAT", other, "`text` or `json`")),
        };
        let backup_every = match pick(&flags.backup_every, "backup_every") {
            Some(text) => backup_every(&text)?,
            None => Span::days(1),
        };
        let backup_keep = match pick(&flags.backup_keep, "backup_keep") {
            Some(text) => backup_keep(&text)?,
            None => 7,
        };
        let mail_listen = match pick(&flags.mail_listen, "mail_listen") {
            Some(text) => Some(parse("MAIBO_MAIL_LISTEN", &text, "an address and a port like 0.0.0.0:25")?),
            None => None,
        };
        let mail_domain =
            pick(&flags.mail_domain, "mail_domain").map(|text| mail_domain(&text)).transpose()?;
        if mail_listen.is_some() && mail_domain.is_none() {
            return Err(ConfigError::NoMailDomain);
        }
        Ok(Self {
            listen,
            database_url,
            base_url,
            ping_body_limit,
            history_pings,
            history_days,
            smtp_url: secret(&flags.smtp_url, "MAIBO_SMTP_URL", "smtp_url")?.map(SecretString::from),
            smtp_ca_file: pick(&flags.smtp_ca_file, "smtp_ca_file").map(PathBuf::from),
            mail_from: pick(&flags.mail_from, "mail_from"),
            mail_listen,
            mail_domain,
            outbound_allow: networks("MAIBO_OUTBOUND_ALLOW", pick(&flags.outbound_allow, "outbound_allow"))?,
            shell_channels: match pick(&flags.shell_channels, "shell_channels").as_deref() {
                None | Some("false") => false,
                Some("true") => true,
                Some(other) => return Err(bad("MAIBO_SHELL_CHANNELS", other, "`true` or `false`")),
            },
            trusted_proxies: networks(
                "MAIBO_TRUSTED_PROXIES",
                pick(&flags.trusted_proxies, "trusted_proxies"),
            )?,
            backup_folder: pick(&flags.backup_folder, "backup_folder").map(PathBuf::from),
            backup_every,
            backup_keep,
            log: pick(&flags.log, "log").unwrap_or_else(|| "info".to_owned()),
            log_format,
        })
    }

    /// The way to send mail, or which mail setting is wrong.
    pub fn mailer(&self) -> Result<Mailer, ConfigError> {
        let host = self.base_url.host_str().unwrap_or("localhost");
        let read = |file: &PathBuf| {
            std::fs::read(file).map_err(|source| ConfigError::Read { file: file.clone(), source })
        };
        let ca = self.smtp_ca_file.as_ref().map(read).transpose()?;
        Ok(Mailer::trusting(self.smtp_url.as_ref(), self.mail_from.as_deref(), host, ca.as_deref())?)
    }
}

/// The files that settings with a password in them come from.
#[must_use]
pub fn secret_files(flags: &Flags, env: impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    let named = ["MAIBO_DATABASE_URL_FILE", "MAIBO_SMTP_URL_FILE"].into_iter().filter_map(env);
    let mut files: Vec<PathBuf> = named.filter(|path| !path.is_empty()).map(PathBuf::from).collect();
    let has_password = |text: String| Url::parse(text.trim()).is_ok_and(|url| url.password().is_some());
    if let Some(path) = &flags.config
        && let Ok(values) = file::read(path)
        && ["database_url", "smtp_url"].into_iter().filter_map(|name| values.get(name)).any(has_password)
    {
        files.push(path.clone());
    }
    files
}

fn bad(name: &'static str, value: &str, expected: &'static str) -> ConfigError {
    ConfigError::Value { name, value: value.chars().take(100).collect(), expected }
}

fn parse<T: FromStr>(name: &'static str, text: &str, expected: &'static str) -> Result<T, ConfigError> {
    text.parse().map_err(|_| bad(name, text, expected))
}

fn default_database(data: &Path) -> String {
    let file = data.join("maibo.db");
    format!("sqlite://{}", file.display())
}

fn default_base(listen: SocketAddr) -> Result<Url, ConfigError> {
    let host = match listen.ip() {
        ip if ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V6(ip) => format!("[{ip}]"),
        IpAddr::V4(ip) => ip.to_string(),
    };
    base_url(&format!("http://{host}:{}", listen.port()))
}

fn base_url(text: &str) -> Result<Url, ConfigError> {
    const EXPECTED: &str = "an address like https://mon.example.org, without ?query and #fragment";
    let url: Url = parse("MAIBO_BASE_URL", text, EXPECTED)?;
    let usable =
        matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    if usable { Ok(url) } else { Err(bad("MAIBO_BASE_URL", text, EXPECTED)) }
}

fn body_limit(text: &str) -> Result<usize, ConfigError> {
    const EXPECTED: &str = "a number of bytes from 10000 to 10000000";
    let limit: usize = parse("MAIBO_PING_BODY_LIMIT", text, EXPECTED)?;
    if (MIN_PING_BODY_LIMIT..=MAX_PING_BODY_LIMIT).contains(&limit) {
        Ok(limit)
    } else {
        Err(bad("MAIBO_PING_BODY_LIMIT", text, EXPECTED))
    }
}

fn mail_domain(text: &str) -> Result<String, ConfigError> {
    let named = text.contains('.') && !text.ends_with('.') && !text.contains(['@', '_', '%']);
    match Host::parse(text) {
        Ok(Host::Domain(domain)) if named && domain.len() <= 253 => Ok(domain),
        _ => Err(bad("MAIBO_MAIL_DOMAIN", text, "a domain like ping.example.org, without an @")),
    }
}

fn number(
    name: &'static str,
    text: &str,
    range: RangeInclusive<u32>,
    expected: &'static str,
) -> Result<u32, ConfigError> {
    let number = parse(name, text, expected)?;
    if range.contains(&number) { Ok(number) } else { Err(bad(name, text, expected)) }
}

fn backup_every(text: &str) -> Result<Span, ConfigError> {
    let every = span::parse(text).ok().filter(|every| *every >= Span::minutes(1));
    every.ok_or_else(|| bad("MAIBO_BACKUP_EVERY", text, "a length of time from 1m to 365d, like 12h or 1d"))
}

fn backup_keep(text: &str) -> Result<usize, ConfigError> {
    const EXPECTED: &str = "a number from 1 to 1000";
    let keep: usize = parse("MAIBO_BACKUP_KEEP", text, EXPECTED)?;
    if (1..=1000).contains(&keep) { Ok(keep) } else { Err(bad("MAIBO_BACKUP_KEEP", text, EXPECTED)) }
}

/// Networks separated by commas; a single address counts as a network of one.
fn networks(name: &'static str, text: Option<String>) -> Result<Vec<IpNet>, ConfigError> {
    text.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let single = || part.parse::<IpAddr>().map(IpNet::from);
            part.parse().or_else(|_| single()).map_err(|_| bad(name, part, "a network like 192.168.0.0/16"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(flags: &Flags) -> Result<Config, String> {
        Config::load(flags, |_| None).map_err(|error| error.to_string())
    }

    #[test]
    fn everything_has_a_default() {
        let config = load(&Flags::default()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8000");
        assert_eq!(config.database_url, "sqlite://data/maibo.db");
        assert_eq!(config.base_url.as_str(), "http://127.0.0.1:8000/");
    }

    #[test]
    fn a_mistake_names_its_setting() {
        let mistakes = [
            (Flags { listen: Some("nonsense".into()), ..Flags::default() }, "MAIBO_LISTEN"),
            (Flags { ping_body_limit: Some("9999".into()), ..Flags::default() }, "MAIBO_PING_BODY_LIMIT"),
            (Flags { history_pings: Some("9".into()), ..Flags::default() }, "MAIBO_HISTORY_PINGS"),
            (Flags { history_days: Some("0".into()), ..Flags::default() }, "MAIBO_HISTORY_DAYS"),
            (
                Flags { outbound_allow: Some("10.0.0.0/99".into()), ..Flags::default() },
                "MAIBO_OUTBOUND_ALLOW",
            ),
            (Flags { backup_every: Some("5s".into()), ..Flags::default() }, "MAIBO_BACKUP_EVERY"),
            (Flags { backup_keep: Some("0".into()), ..Flags::default() }, "MAIBO_BACKUP_KEEP"),
            (Flags { base_url: Some("mon.example".into()), ..Flags::default() }, "MAIBO_BASE_URL"),
            (Flags { mail_listen: Some("25".into()), ..Flags::default() }, "MAIBO_MAIL_LISTEN"),
            (Flags { mail_listen: Some("0.0.0.0:25".into()), ..Flags::default() }, "MAIBO_MAIL_DOMAIN"),
            (Flags { mail_domain: Some("@ping.example".into()), ..Flags::default() }, "MAIBO_MAIL_DOMAIN"),
            (Flags { mail_domain: Some("192.0.2.1".into()), ..Flags::default() }, "MAIBO_MAIL_DOMAIN"),
        ];
        for (flags, name) in mistakes {
            let error = load(&flags).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_mail_domain_is_kept_as_it_is_compared() {
        for (given, kept) in
            [("Ping.Example.ORG", "ping.example.org"), ("监控.example", "xn--izun04b.example")]
        {
            let config = load(&Flags { mail_domain: Some(given.into()), ..Flags::default() }).unwrap();
            assert_eq!(config.mail_domain.as_deref(), Some(kept));
        }
    }

    #[tokio::test]
    async fn a_secret_may_come_from_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("smtp");
        std::fs::write(&path, "smtp://127.0.0.1:2525\n").unwrap();
        let env = |name: &str| (name == "MAIBO_SMTP_URL_FILE").then(|| path.display().to_string());
        let config = Config::load(&Flags::default(), env).unwrap();
        assert!(config.mailer().unwrap().is_configured());
    }

    #[test]
    fn the_documented_file_says_the_defaults() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/maibo.toml");
        let text = std::fs::read_to_string(path).unwrap();
        // Every setting stands there, commented out, with the value it has anyway.
        let all: String =
            text.lines().flat_map(|line| [line.strip_prefix("# = ").unwrap_or(line), "\n"]).collect();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("all.toml");
        std::fs::write(&file, &all).unwrap();
        let documented = load(&Flags { config: Some(file), ..Flags::default() }).unwrap();
        let default = load(&Flags::default()).unwrap();
        assert_eq!(format!("{documented:?}"), format!("{default:?}"));
        for name in file::NAMES {
            assert!(all.contains(name.rsplit('_').next().unwrap()), "{name} is not documented");
        }
    }
}
