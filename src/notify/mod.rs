//! From the outbox to the world: channels, the words of an alert, and the dispatcher that delivers them.
pub mod alert;
mod answer;
pub mod canary;
pub mod clip;
pub mod consent;
pub mod dispatch;
pub mod kinds;
mod letter;
pub mod load;
mod markdown;
pub mod members;
pub mod message;
pub mod outcome;
mod people;
pub mod post;
mod recipient;
mod redact;
pub mod reference;
mod robot;
mod rooms;
#[cfg(test)]
mod sample;
pub mod settings;
pub mod shared;
mod sign;
pub mod template;
pub mod trial;

use lettre::message::MultiPart;

use crate::core::Time;
use crate::net::command::Command;
use crate::net::egress::{HttpReply, HttpRequest};
use crate::net::mqtt::Publish;
use alert::Alert;
pub use kinds::{DRIVERS, driver};
use message::Words;
use outcome::{SendError, Sent};
pub use settings::{FieldError, Settings, accept, mask, stay};
pub use shared::{HTTP, Shared};

/// One kind of channel.
pub struct Driver {
    /// Stable word: stored, and used on the command line. Never renamed.
    pub kind: &'static str,
    /// Where lists put it.
    pub family: Family,
    /// The settings, in the order of the form. Locale keys are `field-<kind>-<name>` and `…-hint`.
    pub fields: &'static [Field],
    /// Settings that many kinds have, shown after its own. [`Shared::Words`] is added by itself.
    pub shared: &'static [Shared],
    /// Reads settings (without the shared ones): trims, completes and checks what can be checked without the network.
    pub read: fn(&Settings) -> Result<Settings, FieldError>,
    /// The addresses that settings name, to be vetted when they are saved.
    pub urls: fn(&Settings) -> Vec<(&'static str, url::Url)>,
    /// What lists may show of where a channel leads: an address, a host, a masked key. Never a secret.
    pub target: fn(&Settings) -> String,
    /// The only hosts of this kind, unless the operator opened others; `.example.org` stands for every host below
    /// it. Empty: any public host.
    pub hosts: &'static [&'static str],
    /// Messages that one channel may get in a minute, below the vendor's own limit. What is more goes together.
    pub per_minute: Option<usize>,
    /// Every check gets a message of its own, whatever happened to others: the far side opens something for each.
    pub each: bool,
    /// There is a plainer form of the message, to be sent when the vendor refused the rich one.
    pub has_plain: bool,
    /// What to send.
    pub request: fn(&Draft<'_>) -> Result<Outgoing, SendError>,
    /// What the vendor's answer means.
    pub verdict: fn(&HttpReply) -> Result<Sent, SendError>,
}

impl Driver {
    /// What most kinds are: one call over HTTP, to the address in the field `url`, to whatever public host. Kind, family
    /// and fields are the caller's, and what differs: `Driver { kind: …, per_minute: Some(15), ..Driver::over_http(…) }`.
    const fn over_http(
        read: fn(&Settings) -> Result<Settings, FieldError>,
        request: fn(&Draft<'_>) -> Result<Outgoing, SendError>,
        verdict: fn(&HttpReply) -> Result<Sent, SendError>,
    ) -> Self {
        Self {
            kind: "",
            family: Family::Machine,
            fields: &[],
            shared: HTTP,
            read,
            urls: settings::only_url,
            target: settings::host,
            hosts: &[],
            per_minute: None,
            each: false,
            has_plain: false,
            request,
            verdict,
        }
    }

    /// Its own fields and the shared ones, in the order of the form.
    pub fn all_fields(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().chain(self.all_shared().flat_map(Shared::fields))
    }

    /// The locale key of a field's label; with `-hint`, that of the sentence below it.
    #[must_use]
    pub fn label_key(&self, field: &str) -> String {
        let own = self.fields.iter().any(|known| known.name == field);
        let of = if own { self.kind } else { "shared" };
        format!("field-{of}-{}", field.replace('_', "-"))
    }
}

/// Where lists put a kind of channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Mail,
    /// Group robots and other chat rooms.
    Chat,
    /// To one person's phone or desktop.
    Push,
    /// Text messages.
    Sms,
    /// On-call services.
    Incident,
    /// Programs and machines of one's own.
    Machine,
}

impl Family {
    /// In the order of lists.
    pub const ALL: [Self; 6] = [Self::Mail, Self::Chat, Self::Push, Self::Sms, Self::Incident, Self::Machine];

    /// The end of its locale key, `channel-family-<word>`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Chat => "chat",
            Self::Push => "push",
            Self::Sms => "sms",
            Self::Incident => "incident",
            Self::Machine => "machine",
        }
    }
}

/// The kind of channel that runs commands.
const SHELL: &str = "shell";

/// One setting of a kind of channel.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub input: Input,
    pub required: bool,
    /// Never shown again after it was saved.
    pub secret: bool,
    /// Few need it: a form has it out of the way.
    pub rare: bool,
}

impl Field {
    /// A setting that may be left out and is no secret.
    #[must_use]
    pub const fn new(name: &'static str, input: Input) -> Self {
        Self { name, input, required: false, secret: false, rare: false }
    }

    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    #[must_use]
    pub const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    #[must_use]
    pub const fn rare(self) -> Self {
        Self { rare: true, ..self }
    }
}

/// How a form asks for a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    Text,
    Email,
    Url,
    /// Several lines.
    Lines,
    /// A time zone by its name in the tz database.
    Zone,
    /// Other channels of the same project.
    Channels,
    /// One of these words; none is the first.
    Choice(&'static [&'static str]),
}

/// What one message is made from.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// As `read` gave them, and the shared ones.
    pub settings: &'a Settings,
    pub alert: &'a Alert,
    /// The alert in the channel's language.
    pub words: &'a Words,
    /// When it is sent: what signatures are made with.
    pub now: Time,
    /// The vendor refused the rich form.
    pub plain: bool,
}

impl<'a> Draft<'a> {
    /// A setting; empty when it is not set.
    #[must_use]
    pub fn get(&self, name: &str) -> &'a str {
        self.settings.get(name).map_or("", String::as_str)
    }
}

/// What a channel wants sent.
pub enum Outgoing {
    Http(Box<HttpRequest>),
    /// A request that needs a token which another request gives.
    WithToken(Box<WithToken>),
    Mail(Box<Mail>),
    Mqtt(Box<Publish>),
    Log(Box<LogLine>),
    /// Only where the operator allows it.
    Command(Box<Command>),
    /// This channel is not told about this side.
    Nothing,
}

/// A request that needs a token first. Tokens are kept until they run out, in memory.
pub struct WithToken {
    /// Asks for a token. Two channels with the same request share it.
    pub login: HttpRequest,
    /// Reads the token, and how long it may be used.
    pub token: fn(&HttpReply) -> Result<(String, std::time::Duration), SendError>,
    /// Puts the token into the request.
    pub request: Box<dyn Fn(&str) -> HttpRequest + Send + Sync>,
    /// Whether an answer says that the token is no longer good: then a fresh one is fetched, once.
    pub stale: fn(&HttpReply) -> bool,
}

/// A line for a log server.
pub struct LogLine {
    /// `udp`, `tcp` or `tls`.
    pub server: url::Url,
    pub line: String,
}

/// A mail before it has a sender.
pub struct Mail {
    pub to: lettre::Address,
    pub subject: String,
    pub body: MultiPart,
    /// Left side of the `Message-ID`; the same on every try.
    pub id: String,
    /// Left side of the id of the thread. It is never sent itself; mail programs group by it all the same.
    pub follows: Option<String>,
    /// Where the reader may stop these mails.
    pub unsubscribe: Option<String>,
    pub date: Time,
}
