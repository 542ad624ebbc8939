//! Outgoing mail: the operator's one mail server.
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(20);

/// What is wrong with the mail settings. The texts hold no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailSettingsError {
    #[error(
        "MAIBO_SMTP_URL: expected smtps://user:password@host:465, smtp+starttls://user:password@host:587 or smtp://host:25"
    )]
    Url,
    #[error(
        "MAIBO_SMTP_URL: smtp:// would send the password in clear text; use smtps:// or smtp+starttls://"
    )]
    ClearPassword,
    #[error("MAIBO_MAIL_FROM: `{0}` is not an address like `Maibo <maibo@example.org>`")]
    From(String),
}

/// How a mail ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailError {
    /// Worth another try; the sentence says what happened.
    Temporary(String),
    /// The server will never take mail for this address.
    NoSuchRecipient(String),
    /// The server refused this mail.
    Refused(String),
}

/// What a sign-in without a mail found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    Works,
    /// What happened, and what to do about it. Neither holds the password.
    Fails {
        words: String,
        advice: &'static str,
    },
}

/// Sends mail through the configured server, or says that there is none.
#[derive(Clone)]
pub struct Mailer {
    transport: Option<AsyncSmtpTransport<Tokio1Executor>>,
    from: Mailbox,
}

impl Mailer {
    /// `url` absent: no mail can be sent. `from` absent: made from the user of the URL, or from `host`.
    pub fn new(
        url: Option<&SecretString>,
        from: Option<&str>,
        host: &str,
    ) -> Result<Self, MailSettingsError> {
        let parsed = match url {
            Some(url) => Some(Url::parse(url.expose_secret()).map_err(|_| MailSettingsError::Url)?),
            None => None,
        };
        let from = match from {
            Some(text) => text.parse().map_err(|_| MailSettingsError::From(text.to_owned()))?,
            None => default_from(parsed.as_ref(), host)?,
        };
        let transport = parsed.as_ref().map(|url| transport(url, host)).transpose()?;
        Ok(Self { transport, from })
    }

    /// Whether a mail server is configured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.transport.is_some()
    }

    #[must_use]
    pub fn from(&self) -> &Mailbox {
        &self.from
    }

    /// Sends one mail; gives the server's answer.
    pub async fn send(&self, message: Message) -> Result<String, MailError> {
        let Some(transport) = &self.transport else {
            return Err(MailError::Temporary("no mail server is configured (MAIBO_SMTP_URL)".to_owned()));
        };
        match transport.send(message).await {
            Ok(response) => Ok(clean(&format!(
                "{} {}",
                response.code(),
                response.message().collect::<Vec<_>>().join(" ")
            ))),
            Err(error) => Err(judge(&error)),
        }
    }
}

impl Mailer {
    /// Connects, greets and signs in, as for a mail, and sends none.
    pub async fn probe(&self) -> Probe {
        let Some(transport) = &self.transport else {
            return Probe::Fails {
                words: "no mail server is configured".to_owned(),
                advice: "set MAIBO_SMTP_URL",
            };
        };
        match transport.test_connection().await {
            Ok(true) => Probe::Works,
            Ok(false) => Probe::Fails {
                words: "the mail server hung up after the sign-in".to_owned(),
                advice: "try again; it may limit how often one signs in",
            },
            Err(error) => {
                let words = clean(&root_cause(&error));
                let code = error.status().map(u16::from);
                let advice = advice(code, &words, error.is_timeout());
                Probe::Fails { words, advice }
            }
        }
    }
}

/// What to do about a mail server that does not take our sign-in: the usual faults.
fn advice(code: Option<u16>, words: &str, timeout: bool) -> &'static str {
    let words = words.to_lowercase();
    let says = |signs: &[&str]| signs.iter().any(|sign| words.contains(sign));
    match code {
        Some(534 | 535 | 526 | 550) => {
            "user or password is wrong in MAIBO_SMTP_URL; QQ and 163 want the authorization code from their settings page in place of the password, Gmail an app password; write @ in the user as %40"
        }
        Some(530 | 538 | 523) => {
            "the server wants TLS, or a sign-in: use smtps:// or smtp+starttls:// with user and password"
        }
        Some(504) => {
            "the server knows no way to sign in that we know; without user and password it may take mail all the same"
        }
        Some(400..=499) => "the server has no time now; try again later",
        Some(_) => "the server refuses us; its words tell why",
        None if timeout || says(&["timed out", "incomplete", "eof", "connection reset"]) => {
            "port and scheme must fit: 465 needs smtps://, 587 smtp+starttls://, 25 smtp://; or a firewall swallows the packets"
        }
        None if says(&["authentication mechanism"]) => {
            "the server offers no sign-in there: use its port for sending with one (465 or 587), or leave user and password out"
        }
        None if says(&["certificate", "unknownissuer", "notvalidforname"]) => {
            "use the host name that the server's certificate is for, and a certificate that this machine trusts"
        }
        None if says(&["tls", "corrupt message", "invalidcontenttype", "handshake", "starttls"]) => {
            "the server does not speak TLS there: 465 needs smtps://, 587 smtp+starttls://, 25 smtp://"
        }
        None if says(&["lookup", "resolve", "name or service", "nodename"]) => {
            "the host name is unknown: correct MAIBO_SMTP_URL, or this machine's DNS"
        }
        None if says(&["refused"]) => "nothing listens there: correct host and port in MAIBO_SMTP_URL",
        None => "check host, port and scheme of MAIBO_SMTP_URL",
    }
}

/// QQ and 163 accept mail only from the signed-in user, so that is the better guess where it is an address.
fn default_from(url: Option<&Url>, host: &str) -> Result<Mailbox, MailSettingsError> {
    let user = url.map(|url| decode(url.username())).filter(|user| user.contains('@'));
    let address = user.unwrap_or_else(|| {
        let domain = if host.parse::<std::net::IpAddr>().is_ok() { "localhost" } else { host };
        format!("maibo@{domain}")
    });
    let parsed = address.parse().map_err(|_| MailSettingsError::From(address))?;
    Ok(Mailbox::new(Some("Maibo".to_owned()), parsed))
}

fn transport(url: &Url, our_name: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailSettingsError> {
    let host = url.host_str().ok_or(MailSettingsError::Url)?.trim_matches(['[', ']']);
    let tls = || TlsParameters::new(host.to_owned()).map_err(|_| MailSettingsError::Url);
    let (tls, port) = match url.scheme() {
        "smtps" => (Tls::Wrapper(tls()?), 465),
        "smtp+starttls" => (Tls::Required(tls()?), 587),
        "smtp" => (Tls::None, 25),
        _ => return Err(MailSettingsError::Url),
    };
    let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if url.password().is_some() && matches!(tls, Tls::None) && !local {
        return Err(MailSettingsError::ClearPassword);
    }
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(url.port().unwrap_or(port))
        .tls(tls)
        .timeout(Some(TIMEOUT))
        .hello_name(ClientId::Domain(our_name.to_owned()))
        .pool_config(PoolConfig::new().max_size(4).idle_timeout(Duration::from_secs(20)));
    if !url.username().is_empty() {
        let password = decode(url.password().unwrap_or_default());
        builder = builder.credentials(Credentials::new(decode(url.username()), password));
    }
    Ok(builder.build())
}

fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// SMTP replies, sorted as NOTIFIERS.md §32 has them.
fn judge(error: &lettre::transport::smtp::Error) -> MailError {
    let words = clean(&root_cause(error));
    let Some(code) = error.status() else {
        return MailError::Temporary(if error.is_timeout() {
            "the mail server timed out".to_owned()
        } else {
            words
        });
    };
    let code = u16::from(code);
    match code {
        // Wrong credentials concern all mail and are the operator's to mend: keep trying.
        530 | 534 | 535 => MailError::Temporary(words),
        550 | 551 | 553 | 511 if !error.is_transient() && names_recipient(&words) => {
            MailError::NoSuchRecipient(words)
        }
        500..=599 => MailError::Refused(words),
        _ => MailError::Temporary(words),
    }
}

fn names_recipient(words: &str) -> bool {
    let words = words.to_lowercase();
    ["5.1.1", "user unknown", "no such user", "mailbox unavailable", "does not exist", "mailbox not found"]
        .iter()
        .any(|sign| words.contains(sign))
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = inner.source();
    }
    words
}

/// One short line without control characters.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer(url: &str) -> Result<Mailer, MailSettingsError> {
        Mailer::new(Some(&url.into()), None, "mon.example.org")
    }

    #[tokio::test]
    async fn settings_are_checked_when_the_server_starts() {
        assert!(mailer("smtps://u%40qq.com:code@smtp.qq.com:465").is_ok());
        assert!(mailer("smtp://127.0.0.1:2525").is_ok());
        assert_eq!(mailer("http://mail").err(), Some(MailSettingsError::Url));
        assert_eq!(mailer("smtp://u:p@mail.example.org").err(), Some(MailSettingsError::ClearPassword));
    }

    #[test]
    fn the_usual_faults_of_a_sign_in_have_their_advice() {
        for (code, words, expected) in [
            (Some(535), "535 Login fail", "authorization code"),
            (Some(530), "530 must issue STARTTLS first", "smtp+starttls://"),
            (Some(421), "421 too many connections", "later"),
            (None, "received corrupt message of type InvalidContentType", "465 needs smtps://"),
            (None, "invalid peer certificate: UnknownIssuer", "certificate"),
            (None, "No compatible authentication mechanism was found", "no sign-in there"),
            (None, "failed to lookup address information", "DNS"),
            (None, "Connection refused (os error 111)", "nothing listens"),
        ] {
            assert!(advice(code, words, false).contains(expected), "{words}");
        }
        assert!(advice(None, "", true).contains("firewall"));
    }

    #[tokio::test]
    async fn the_sender_is_the_signed_in_user_where_that_is_an_address() {
        let mailer = mailer("smtps://ops%40qq.com:code@smtp.qq.com").unwrap();
        assert_eq!(mailer.from().email.to_string(), "ops@qq.com");
        let plain = Mailer::new(None, None, "mon.example.org").unwrap();
        assert_eq!(plain.from().email.to_string(), "maibo@mon.example.org");
    }
}
