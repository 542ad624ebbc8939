//! From the outbox to the world: channels, the words of an alert, and the dispatcher that delivers them.
//!
//! A channel is one file: its fields, `request(alert)` and `verdict(reply)`, both pure. Transport, address guard,
//! retries and log are shared. To add one: write `<kind>.rs` with `DRIVER`, add its name to `drivers!`.
use lettre::message::MultiPart;

pub mod alert;
pub mod dispatch;
pub mod load;
pub mod message;
pub mod outcome;
pub mod settings;

use crate::net::egress::{HttpReply, HttpRequest};
use alert::Alert;
use outcome::{SendError, Sent};
pub use settings::{FieldError, Settings, accept, mask};

macro_rules! drivers {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+
        /// Every kind of channel, in the order the "Add a channel" page lists them.
        pub static DRIVERS: &[Driver] = &[$($name::DRIVER),+];
    };
}

drivers![email, wecom, webhook];

/// One kind of channel.
pub struct Driver {
    /// Stable word: stored, and used on the command line. Never renamed.
    pub kind: &'static str,
    /// The settings, in the order of the form. Locale keys are `field-<kind>-<name>`.
    pub fields: &'static [Field],
    /// Reads settings: trims, completes and checks what can be checked without the network.
    pub read: fn(&Settings) -> Result<Settings, FieldError>,
    /// The addresses that settings name, to be vetted when they are saved.
    pub urls: fn(&Settings) -> Vec<(&'static str, url::Url)>,
    /// The only host of this kind, unless the operator opened others.
    pub vendor: Option<&'static str>,
    /// Messages that one channel may get in a minute, below the vendor's own limit. What is more goes together.
    pub per_minute: Option<usize>,
    /// What to send for an alert.
    pub request: fn(&Settings, &Alert) -> Result<Outgoing, SendError>,
    /// What the vendor's answer means.
    pub verdict: fn(&HttpReply) -> Result<Sent, SendError>,
}

/// One setting of a kind of channel.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub input: Input,
    pub required: bool,
    /// Never shown again after it was saved.
    pub secret: bool,
}

/// How a form asks for a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    Text,
    Email,
    Url,
    /// Several lines.
    Lines,
    Choice(&'static [&'static str]),
}

/// What a channel wants sent.
pub enum Outgoing {
    Http(Box<HttpRequest>),
    Mail(Box<Mail>),
    /// This channel is not told about this side.
    Nothing,
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
    pub date: crate::core::Time,
}

/// The kind of channel with this name.
#[must_use]
pub fn driver(kind: &str) -> Option<&'static Driver> {
    DRIVERS.iter().find(|driver| driver.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_driver_has_its_own_kind() {
        let kinds: HashSet<_> = DRIVERS.iter().map(|driver| driver.kind).collect();
        assert_eq!(kinds.len(), DRIVERS.len());
    }
}
