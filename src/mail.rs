//! Outgoing mail: the operator's one mail server. NOTIFIERS.md §32.
use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use url::Url;

/// How long the server may take for each of its answers,
const TIMEOUT: Duration = Duration::from_secs(20);
/// and for a whole mail.
const PATIENCE: Duration = Duration::from_secs(45);
/// Connections at once: QQ and 163 refuse more than a few.
const CONNECTIONS: u32 = 4;
/// How long a mail waits for one of them, before it goes back to the queue.
const TURN: Duration = Duration::from_secs(30);
/// What a greylisting server wants a sender to wait at least.
const GREYLISTED: Duration = Duration::from_mins(5);
/// What a server that has had enough mail for now is given.
const ENOUGH: Duration = Duration::from_mins(15);

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
    #[error("MAIBO_SMTP_CA_FILE: {0}: expected certificates in PEM form, -----BEGIN CERTIFICATE-----")]
    Ca(String),
    #[error("this machine's own certificates cannot be read ({0}); install the package ca-certificates")]
    Roots(String),
}

/// How a mail ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailError {
    /// Worth another try, no sooner than after this; the sentence says what happened.
    Temporary { reason: String, after: Option<Duration> },
    /// The server will never take mail for this address.
    NoSuchRecipient(String),
    /// The server refused this mail.
    Refused(String),
}

impl MailError {
    fn temporary(reason: impl Into<String>) -> Self {
        Self::Temporary { reason: reason.into(), after: None }
    }
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
    /// Host, port and user of the server, for advice.
    server: Option<Server>,
    free: Arc<Semaphore>,
}

/// What the settings say of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    host: String,
    port: u16,
    user: String,
}

impl Server {
    fn of(url: &Url) -> Option<Self> {
        let host = url.host_str()?.trim_matches(['[', ']']).to_lowercase();
        Some(Self { host, port: port(url)?, user: decode(url.username()) })
    }

    /// Whose server it is, where they take mail only from the address that signed in.
    fn strict(&self) -> Option<&'static str> {
        // Netease serves its four domains from hosts of their names; Tencent has QQ, and companies' mail on exmail.
        const STRICT: [&str; 6] = ["qq.com", "163.com", "126.com", "yeah.net", "foxmail.com", "sina.com"];
        STRICT
            .into_iter()
            .find(|domain| self.host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
    }

    /// The address that signs in, as far as the settings tell.
    fn address(&self) -> Option<String> {
        match (self.user.contains('@'), self.strict()) {
            (true, _) => Some(self.user.clone()),
            (false, Some(domain)) if !self.user.is_empty() => Some(format!("{}@{domain}", self.user)),
            _ => None,
        }
    }
}

impl Mailer {
    /// `url` absent: no mail can be sent. `from` absent: made from the user of the URL, or from `host`.
    pub fn new(
        url: Option<&SecretString>,
        from: Option<&str>,
        host: &str,
    ) -> Result<Self, MailSettingsError> {
        Self::trusting(url, from, host, None)
    }

    /// The same; `ca` holds certificates (PEM) that are trusted besides those of the machine.
    pub fn trusting(
        url: Option<&SecretString>,
        from: Option<&str>,
        host: &str,
        ca: Option<&[u8]>,
    ) -> Result<Self, MailSettingsError> {
        let parsed = match url {
            Some(url) => Some(Url::parse(url.expose_secret()).map_err(|_| MailSettingsError::Url)?),
            None => None,
        };
        let from = match from {
            Some(text) => text.parse().map_err(|_| MailSettingsError::From(text.to_owned()))?,
            None => default_from(parsed.as_ref(), host)?,
        };
        let transport = parsed.as_ref().map(|url| transport(url, host, ca)).transpose()?;
        let server = parsed.as_ref().and_then(Server::of);
        let free = Arc::new(Semaphore::new(CONNECTIONS as usize));
        Ok(Self { transport, from, server, free })
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
            return Err(MailError::temporary("no mail server is configured (MAIBO_SMTP_URL)"));
        };
        let Ok(Ok(_ours)) = tokio::time::timeout(TURN, self.free.acquire()).await else {
            return Err(MailError::temporary("the mail server is busy with other mails"));
        };
        // What becomes of the connection afterwards says nothing about the mail: the last answer counts.
        let Ok(outcome) = tokio::time::timeout(PATIENCE, transport.send(message)).await else {
            return Err(MailError::temporary("the mail server took too long"));
        };
        match outcome {
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
        let port = self.server.as_ref().map_or(0, |server| server.port);
        let Ok(outcome) = tokio::time::timeout(PATIENCE, transport.test_connection()).await else {
            let words = "the mail server took too long".to_owned();
            return Probe::Fails { advice: advice(None, &words, true, port), words };
        };
        match outcome {
            Ok(true) => Probe::Works,
            Ok(false) => Probe::Fails {
                words: "the mail server hung up after the sign-in".to_owned(),
                advice: "try again; it may limit how often one signs in",
            },
            Err(error) => {
                let words = clean(&root_cause(&error));
                let code = error.status().map(u16::from);
                let advice = advice(code, &words, error.is_timeout(), port);
                Probe::Fails { words, advice }
            }
        }
    }
}

impl Mailer {
    /// What is wrong with the settings although the server may take the sign-in: words, and what to do.
    #[must_use]
    pub fn misgivings(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let Some(server) = &self.server else { return found };
        let from = self.from.email.to_string();
        if let (Some(whose), Some(user)) = (server.strict(), server.address())
            && !user.eq_ignore_ascii_case(&from)
        {
            found.push((
                format!("the sender is {from} and {user} signs in: {whose} takes mail only from the address that signed in"),
                format!("leave MAIBO_MAIL_FROM empty, or set it to `Maibo <{user}>`"),
            ));
        }
        let domain = self.from.email.domain();
        if !domain.contains('.') || domain.starts_with('[') {
            found.push((
                format!("the sender is {from}, which no mail server outside knows"),
                "set MAIBO_MAIL_FROM to an address of yours, or MAIBO_BASE_URL to the server's real name"
                    .to_owned(),
            ));
        }
        found
    }
}

/// What to do about a mail server that does not take our sign-in: the usual faults.
fn advice(code: Option<u16>, words: &str, timeout: bool, port: u16) -> &'static str {
    let words = words.to_lowercase();
    let says = |signs: &[&str]| signs.iter().any(|sign| words.contains(sign));
    match code {
        Some(500..=599) if says(&["5.7.139", "smtpclientauthentication"]) => {
            "Microsoft has switched off sign-in by password for this mailbox: let its administrator allow authenticated SMTP, or use another mail server"
        }
        Some(534 | 535 | 526 | 550) => {
            "user or password is wrong in MAIBO_SMTP_URL; QQ and 163 want SMTP switched on in their settings page and its authorization code in place of the password, Gmail an app password; write @ in the user as %40"
        }
        Some(530 | 538 | 523) => {
            "the server wants TLS, or a sign-in: use smtps:// or smtp+starttls:// with user and password"
        }
        Some(504) => {
            "the server knows no way to sign in that we know; without user and password it may take mail all the same"
        }
        Some(554) => {
            "the server refuses this machine, perhaps for its address: use a mail server where you have an account, with user and password"
        }
        Some(400..=499) => "the server has no time now; try again later",
        Some(_) => "the server refuses us; its words tell why",
        None if timeout && port == 25 => {
            "most clouds block port 25: use port 465 with smtps://, or 587 with smtp+starttls://, and a user and password"
        }
        None if says(&["starttls is not supported"]) => {
            "the server offers no STARTTLS there, and nothing was sent in clear text: 465 needs smtps://; smtp:// is for a relay on a network of yours"
        }
        None if says(&["unreachable", "no route"]) => {
            "this machine has no way there: look at its network, and at IPv6 if the name has such an address"
        }
        None if timeout || says(&["timed out", "incomplete", "eof", "connection reset", "broken pipe"]) => {
            "port and scheme must fit: 465 needs smtps://, 587 smtp+starttls://, 25 smtp://; or a firewall swallows the packets"
        }
        None if says(&["authentication mechanism"]) => {
            "the server offers no sign-in there: use its port for sending with one (465 or 587), or leave user and password out"
        }
        None if says(&["causedasendentity"]) => {
            "this certificate signs itself as an authority does: give the server one that its own CA has signed, or make it with basicConstraints=CA:FALSE; MAIBO_SMTP_CA_FILE names what is trusted"
        }
        None if says(&["unknownissuer"]) => {
            "nobody whom this machine trusts has signed the server's certificate: name its CA, or the certificate itself, in MAIBO_SMTP_CA_FILE"
        }
        None if says(&["notvalidforname"]) => {
            "MAIBO_SMTP_URL must have the host name that the server's certificate is for"
        }
        None if says(&["expired", "notvalidyet"]) => {
            "the server's certificate has run out, or this machine's clock is wrong"
        }
        None if says(&["certificate"]) => {
            "use the host name that the server's certificate is for, and a certificate that this machine trusts"
        }
        None if says(&["tls", "corrupt message", "invalidcontenttype", "handshake"]) => {
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
    let address = url.and_then(Server::of).and_then(|server| server.address()).unwrap_or_else(|| {
        let domain = if host.parse::<std::net::IpAddr>().is_ok() { "localhost" } else { host };
        format!("maibo@{domain}")
    });
    let parsed = address.parse().map_err(|_| MailSettingsError::From(address))?;
    Ok(Mailbox::new(Some("Maibo".to_owned()), parsed))
}

/// The port of a mail server, by its scheme where none is given; `None` for another scheme.
fn port(url: &Url) -> Option<u16> {
    let usual = match url.scheme() {
        "smtps" => 465,
        "smtp+starttls" => 587,
        "smtp" => 25,
        _ => return None,
    };
    Some(url.port().unwrap_or(usual))
}

fn tls(host: &str, ca: Option<&[u8]>) -> Result<TlsParameters, MailSettingsError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = ca {
        if !String::from_utf8_lossy(pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(MailSettingsError::Ca("no certificate in it".to_owned()));
        }
        let certificates =
            Certificate::from_pem(pem).map_err(|error| MailSettingsError::Ca(root_cause(&error)))?;
        builder = builder.add_root_certificate(certificates);
    }
    builder.build().map_err(|error| match ca {
        Some(_) => MailSettingsError::Ca(root_cause(&error)),
        None => MailSettingsError::Roots(root_cause(&error)),
    })
}

fn transport(
    url: &Url,
    our_name: &str,
    ca: Option<&[u8]>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailSettingsError> {
    let host = url.host_str().ok_or(MailSettingsError::Url)?.trim_matches(['[', ']']);
    let port = port(url).ok_or(MailSettingsError::Url)?;
    let tls = match url.scheme() {
        "smtps" => Tls::Wrapper(tls(host, ca)?),
        // Required: without it nothing is sent.
        "smtp+starttls" => Tls::Required(tls(host, ca)?),
        _ => Tls::None,
    };
    let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if url.password().is_some() && matches!(tls, Tls::None) && !local {
        return Err(MailSettingsError::ClearPassword);
    }
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(port)
        .tls(tls)
        .timeout(Some(TIMEOUT))
        .hello_name(ClientId::Domain(our_name.to_owned()))
        .pool_config(PoolConfig::new().max_size(CONNECTIONS).idle_timeout(Duration::from_secs(20)));
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
        return MailError::temporary(if error.is_timeout() {
            "the mail server timed out".to_owned()
        } else {
            words
        });
    };
    sort(u16::from(code), words)
}

fn sort(code: u16, words: String) -> MailError {
    let lower = words.to_lowercase();
    let says = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    let after = |after| MailError::Temporary { reason: words.clone(), after: Some(after) };
    match code {
        400..=499 if says(&["greylist", "graylist", "grey list", "postgrey"]) => after(GREYLISTED),
        // Sign-in, sender and relaying concern all mail and are the operator's to mend: keep trying.
        523 | 530 | 534 | 535 | 538 => MailError::temporary(words),
        500..=599 if says(&["authorized user", "authorization user", "relay", "authentication required"]) => {
            MailError::temporary(words)
        }
        // What passes with time, whatever the code says: a full mailbox, a day's limit.
        500..=599 if says(FULL) => after(ENOUGH),
        511 | 550 | 551 | 553 if says(NOBODY) => MailError::NoSuchRecipient(words),
        500..=599 => MailError::Refused(words),
        _ => MailError::temporary(words),
    }
}

/// Signs that a mailbox or a day's allowance is full.
const FULL: &[&str] = &[
    "5.2.2",
    "5.4.5",
    "mailbox full",
    "mailbox is full",
    "over quota",
    "overquota",
    "quota exceeded",
    "exceeded storage",
    "sending limit",
    "rate limit",
    "frequency limited",
    "too many",
];

/// Signs that there is no such mailbox.
const NOBODY: &[&str] = &[
    "5.1.1",
    "user unknown",
    "unknown user",
    "no such user",
    "user not found",
    "mailbox unavailable",
    "mailbox not found",
    "does not exist",
    "invalid recipient",
];

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
            (None, "invalid peer certificate: UnknownIssuer", "MAIBO_SMTP_CA_FILE"),
            (None, "invalid peer certificate: certificate not valid for name \"x\"", "host name"),
            (None, "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "CA:FALSE"),
            (None, "invalid peer certificate: certificate expired: verification time 1", "run out"),
            (None, "STARTTLS is not supported on this server", "nothing was sent in clear text"),
            (None, "Network is unreachable (os error 101)", "IPv6"),
            (Some(535), "535 5.7.139 Authentication unsuccessful", "Microsoft"),
            (Some(550), "550 User has no permission", "SMTP switched on"),
            (Some(554), "554 5.7.1 listed by a blocklist", "account"),
            (None, "No compatible authentication mechanism was found", "no sign-in there"),
            (None, "failed to lookup address information", "DNS"),
            (None, "Connection refused (os error 111)", "nothing listens"),
        ] {
            assert!(advice(code, words, false, 465).contains(expected), "{words}");
        }
        assert!(advice(None, "", true, 587).contains("firewall"));
        assert!(advice(None, "", true, 25).contains("block port 25"));
    }

    #[test]
    fn what_a_refusal_means() {
        let kind = |code: u16, words: &str| match sort(code, format!("{code} {words}")) {
            MailError::Temporary { after: Some(after), .. } => format!("after {}", after.as_secs()),
            MailError::Temporary { after: None, .. } => "again".to_owned(),
            MailError::NoSuchRecipient(_) => "nobody".to_owned(),
            MailError::Refused(_) => "refused".to_owned(),
        };
        for (code, words, expected) in [
            (450, "4.2.0 Greylisted, see postgrey", "after 300"),
            (421, "too many connections", "again"),
            (452, "4.2.2 mailbox full", "again"),
            (535, "Login Fail", "again"),
            (553, "Mail from must equal authorized user", "again"),
            (501, "mail from address must be same as authorization user", "again"),
            (554, "5.7.1 Relay access denied", "again"),
            (552, "5.2.2 over quota", "after 900"),
            (550, "5.4.5 Daily user sending limit exceeded", "after 900"),
            (550, "5.1.1 no such user", "nobody"),
            (553, "mailbox not found", "nobody"),
            (550, "Mail content denied", "refused"),
            (554, "DT:SPM 163 smtp", "refused"),
        ] {
            assert_eq!(kind(code, words), expected, "{code} {words}");
        }
    }

    #[tokio::test]
    async fn who_may_not_be_the_sender_is_told() {
        let with = |url: &str, from: Option<&str>| {
            let mailer = Mailer::new(Some(&url.into()), from, "mon.example.org").unwrap();
            mailer.misgivings().into_iter().map(|(words, advice)| words + &advice).collect::<String>()
        };
        assert_eq!(with("smtps://ops%40qq.com:code@smtp.qq.com", None), "");
        assert_eq!(with("smtps://ops:code@smtp.163.com", None), "", "the sender is ops@163.com");
        assert_eq!(with("smtps://ops:code@mail.example.org", Some("Maibo <maibo@example.org>")), "");
        for host in ["smtp.qq.com", "smtp.exmail.qq.com", "smtp.163.com", "smtp.yeah.net"] {
            let said = with(&format!("smtps://ops%40example.org:code@{host}"), Some("maibo@example.org"));
            assert!(
                said.contains("takes mail only from") && said.contains("Maibo <ops@example.org>"),
                "{said}"
            );
        }
        let said = with("smtp://127.0.0.1:2525", Some("maibo@localhost"));
        assert!(said.contains("no mail server outside knows"), "{said}");
    }

    #[tokio::test]
    async fn a_file_that_holds_no_certificate_is_refused() {
        let with = |pem: &[u8]| {
            let url = "smtps://mail.example.org".into();
            Mailer::trusting(Some(&url), None, "mon.example.org", Some(pem)).err()
        };
        assert!(matches!(with(b"nonsense"), Some(MailSettingsError::Ca(_))));
        let damaged = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(with(damaged), Some(MailSettingsError::Ca(_))));
    }

    #[tokio::test]
    async fn the_sender_is_the_signed_in_user_where_that_is_an_address() {
        let mailer = mailer("smtps://ops%40qq.com:code@smtp.qq.com").unwrap();
        assert_eq!(mailer.from().email.to_string(), "ops@qq.com");
        let plain = Mailer::new(None, None, "mon.example.org").unwrap();
        assert_eq!(plain.from().email.to_string(), "maibo@mon.example.org");
    }
}
