//! Sends one message: asks the kind of channel what to send, sends it, and lets it judge the answer.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use sha2::{Digest, Sha256};
use url::Url;

use super::alert::Alert;
use super::consent;
use super::message::Words;
use super::outcome::{SendError, Sent, sentence};
use super::recipient::recipient;
use super::redact::Secrets;
use super::shared::PROXY;
use super::{Draft, Driver, LogLine, Mail, Outgoing, Settings, WithToken, driver, template};
use crate::core::{Span, Time};
use crate::links::Links;
use crate::mail::{MailError, Mailer};
use crate::net::command::{self, CommandError};
use crate::net::egress::{HttpReply, HttpRequest, Outbound};
use crate::net::mqtt::MqttError;
use crate::net::proxy;
use crate::rng;
use crate::store::channels::Channel;

/// What senders need. Cloning is cheap.
#[derive(Clone)]
pub struct Post {
    pub outbound: Outbound,
    pub mailer: Mailer,
    pub links: Links,
    tokens: Tokens,
    plain: PlainOnly,
}

impl Post {
    #[must_use]
    pub fn new(outbound: Outbound, mailer: Mailer, links: Links) -> Self {
        Self { outbound, mailer, links, tokens: Tokens::default(), plain: PlainOnly::default() }
    }

    /// Sends one alert through one channel: one try. `Ok(None)`: the channel is not told about this side. Nothing goes
    /// to who was asked and has not said yes, or has said no.
    pub async fn send(&self, channel: &Channel, alert: &Alert, now: Time) -> Result<Option<Sent>, SendError> {
        consent::refusal(channel)?;
        let driver = driver(&channel.kind).ok_or_else(|| {
            SendError::Permanent(format!(
                "this version of Maibo does not know channels of kind `{}`",
                channel.kind
            ))
        })?;
        self.send_with(driver, &channel.settings(), alert, now).await
    }

    /// The same with settings that may not be stored yet. Where the channel's templates fail, the message goes out in
    /// Maibo's own words, and the answer says so. A message that the vendor refused is sent once more in its
    /// plain form, where the kind has one.
    pub async fn send_with(
        &self,
        driver: &Driver,
        settings: &Settings,
        alert: &Alert,
        now: Time,
    ) -> Result<Option<Sent>, SendError> {
        let (words, fault) = template::words(settings, alert);
        let sent = self.with_words(driver, settings, alert, &words, now).await;
        Secrets::of(driver, settings).hide_in(sent.map(|sent| match (sent, fault) {
            (Some(Sent(said)), Some(fault)) => Some(Sent(format!("{said} (in Maibo's own words; {fault})"))),
            (sent, _) => sent,
        }))
    }

    async fn with_words(
        &self,
        driver: &Driver,
        settings: &Settings,
        alert: &Alert,
        words: &Words,
        now: Time,
    ) -> Result<Option<Sent>, SendError> {
        let draft = Draft { settings, alert, words, now, plain: false };
        // Where messages are counted, what is refused counts as well.
        let counted = driver.has_plain && driver.per_minute.is_some();
        let whom = counted.then(|| recipient(driver, settings));
        if whom.as_ref().is_some_and(|whom| self.plain.has(whom, now)) {
            return self.once(driver, &Draft { plain: true, ..draft }).await;
        }
        match self.once(driver, &draft).await {
            Err(SendError::Rejected(reason)) if driver.has_plain => {
                let sent = self.once(driver, &Draft { plain: true, ..draft }).await?;
                if let Some(whom) = whom {
                    self.plain.put(whom, now);
                }
                Ok(sent.map(|Sent(said)| Sent(format!("{said} (as plain text; refused before: {reason})"))))
            }
            outcome => outcome,
        }
    }

    async fn once(&self, driver: &Driver, draft: &Draft<'_>) -> Result<Option<Sent>, SendError> {
        let proxy = match draft.get(PROXY) {
            "" => None,
            text => Some(
                proxy::read(text).ok_or_else(|| SendError::Permanent("its proxy is no address".into()))?,
            ),
        };
        match (driver.request)(draft)? {
            Outgoing::Nothing => Ok(None),
            Outgoing::Http(request) => {
                let secrets = Secrets::in_request(&request);
                let reply = self.call(driver, *request, proxy.as_ref()).await?;
                secrets.hide_in((driver.verdict)(&reply).map(Some))
            }
            Outgoing::WithToken(exchange) => {
                let (reply, token) = self.with_token(driver, *exchange, proxy.as_ref(), draft.now).await?;
                Secrets::token(&token).hide_in((driver.verdict)(&reply).map(Some))
            }
            Outgoing::Mqtt(publish) => {
                // A name that no other connection has: the broker would end that one.
                let client = format!("maibo{}", rng::token(12));
                match self.outbound.publish(&publish, &client).await {
                    Ok(()) => Ok(Some(Sent("the broker has it".to_owned()))),
                    Err(error @ MqttError::SignIn(_)) => Err(SendError::Permanent(error.to_string())),
                    Err(error @ MqttError::Refused(_)) => Err(SendError::Rejected(error.to_string())),
                    Err(error) => Err(SendError::retry(error.to_string())),
                }
            }
            Outgoing::Log(log) => {
                let LogLine { server, line } = *log;
                self.outbound.log(&server, line.as_bytes()).await?;
                let said =
                    if server.scheme() == "udp" { "sent; over UDP nobody confirms it" } else { "sent" };
                Ok(Some(Sent(said.to_owned())))
            }
            Outgoing::Command(command) => {
                if !self.outbound.may_run_commands() {
                    return Err(SendError::Permanent(NO_COMMANDS.to_owned()));
                }
                match command::run(&command).await {
                    Ok(()) => Ok(Some(Sent("exit status 0".to_owned()))),
                    Err(CommandError::Status { status, said }) if !said.is_empty() => {
                        Err(SendError::retry(format!("exit status {status}: {}", last_line(&said))))
                    }
                    Err(error) => Err(SendError::retry(error.to_string())),
                }
            }
            Outgoing::Mail(mail) => self.mail(*mail).await.map(Some),
        }
    }

    /// Sends one mail: one try.
    pub(super) async fn mail(&self, mail: Mail) -> Result<Sent, SendError> {
        match self.mailer.send(self.compose(mail)?).await {
            Ok(said) => Ok(Sent(said)),
            Err(MailError::Temporary { reason, after }) => Err(SendError::Retry { reason, after }),
            Err(MailError::NoSuchRecipient(reason)) => Err(SendError::Permanent(reason)),
            Err(MailError::Refused(reason)) => Err(SendError::Rejected(reason)),
        }
    }

    async fn call(
        &self,
        driver: &Driver,
        request: HttpRequest,
        proxy: Option<&Url>,
    ) -> Result<HttpReply, SendError> {
        Ok(self.outbound.send(request, driver.hosts, proxy).await?)
    }

    async fn with_token(
        &self,
        driver: &Driver,
        exchange: WithToken,
        proxy: Option<&Url>,
        now: Time,
    ) -> Result<(HttpReply, String), SendError> {
        let key = fingerprint(&exchange.login);
        if let Some(token) = self.tokens.get(key, now) {
            let reply = self.call(driver, (exchange.request)(&token), proxy).await?;
            if !(exchange.stale)(&reply) {
                return Ok((reply, token));
            }
        }
        let secrets = Secrets::in_request(&exchange.login);
        let answer = self.call(driver, exchange.login, proxy).await?;
        let (token, good_for) = (exchange.token)(&answer).map_err(|error| secrets.hide_in_error(error))?;
        let good_for = Span::from_std(good_for).unwrap_or_default();
        self.tokens.put(key, token.clone(), now + good_for, now);
        let reply = self.call(driver, (exchange.request)(&token), proxy).await?;
        Ok((reply, token))
    }

    fn compose(&self, mail: Mail) -> Result<Message, SendError> {
        let from = self.mailer.from().clone();
        let domain = from.email.domain().to_owned();
        let mut builder = Message::builder()
            .from(from)
            .to(Mailbox::new(None, mail.to))
            .subject(mail.subject)
            .date(mail.date.into())
            .message_id(Some(format!("<maibo.{}@{domain}>", mail.id)))
            .header(AutoSubmitted)
            .header(AutoResponseSuppress);
        if let Some(root) = mail.follows {
            let root = format!("<maibo.{root}@{domain}>");
            builder = builder.in_reply_to(root.clone()).references(root);
        }
        if let Some(link) = mail.unsubscribe {
            // One click means a POST by the mailbox's provider, which must go by https (RFC 8058).
            if link.starts_with("https:") {
                builder = builder.header(ListUnsubscribePost);
            }
            builder = builder.header(ListUnsubscribe(format!("<{link}>")));
        }
        builder.multipart(mail.body).map_err(|error| SendError::Rejected(error.to_string()))
    }
}

/// Why a command is not run.
const NO_COMMANDS: &str =
    "commands are off on this server; its operator can allow them with MAIBO_SHELL_CHANNELS=true";

/// The end of what a command wrote: where programs say what went wrong.
fn last_line(said: &str) -> String {
    sentence(said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default())
}

/// RFC 3834: no vacation replies to machines.
#[derive(Clone)]
struct AutoSubmitted;

/// The same, as Exchange has it.
#[derive(Clone)]
struct AutoResponseSuppress;

/// RFC 2369: where the reader may stop these mails.
#[derive(Clone)]
struct ListUnsubscribe(String);

/// RFC 8058: a single POST there suffices.
#[derive(Clone)]
struct ListUnsubscribePost;

macro_rules! written_header {
    ($header:ty, $name:literal, |$self:ident| $value:expr) => {
        impl Header for $header {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }
            fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Err("is only written".into())
            }
            fn display(&$self) -> HeaderValue {
                HeaderValue::new(Self::name(), $value)
            }
        }
    };
}
written_header!(AutoSubmitted, "Auto-Submitted", |self| "auto-generated".to_owned());
written_header!(AutoResponseSuppress, "X-Auto-Response-Suppress", |self| "All".to_owned());
written_header!(ListUnsubscribe, "List-Unsubscribe", |self| self.0.clone());
written_header!(ListUnsubscribePost, "List-Unsubscribe-Post", |self| "List-Unsubscribe=One-Click".to_owned());

/// Tokens that vendors gave us, by a fingerprint of the request that fetches them. Cloning is cheap.
#[derive(Clone, Default)]
struct Tokens(Arc<Mutex<HashMap<Fingerprint, Token>>>);

type Fingerprint = [u8; 32];

struct Token {
    value: String,
    until: Time,
}

/// Most tokens kept; more than this many vendors' accounts fetch theirs each time.
const MAX_TOKENS: usize = 1000;

impl Tokens {
    fn get(&self, key: Fingerprint, now: Time) -> Option<String> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(&key).filter(|token| now < token.until).map(|token| token.value.clone())
    }

    fn put(&self, key: Fingerprint, value: String, until: Time, now: Time) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, token| now < token.until);
        if held.len() < MAX_TOKENS {
            held.insert(key, Token { value, until });
        }
    }
}

/// Those who are counted and refused the rich form of late: they get the plain one at once. Cloning is cheap.
#[derive(Clone, Default)]
struct PlainOnly(Arc<Mutex<HashMap<String, Time>>>);

/// How long after a refusal no rich form is tried.
const PLAIN_FOR: Span = Span::minutes(10);

impl PlainOnly {
    fn has(&self, whom: &str, now: Time) -> bool {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(whom).is_some_and(|refused| now - *refused < PLAIN_FOR)
    }

    fn put(&self, whom: String, now: Time) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, refused| now - *refused < PLAIN_FOR);
        held.insert(whom, now);
    }
}

fn fingerprint(request: &HttpRequest) -> Fingerprint {
    let mut digest = Sha256::new();
    digest.update(request.url.as_str());
    digest.update([0]);
    digest.update(&request.body);
    digest.finalize().into()
}
