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

use crate::net::egress::{HttpReply, HttpRequest, Outbound};
use alert::Alert;
use outcome::{SendError, Sent};

macro_rules! drivers {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+
        /// Every kind of channel, in the order the "Add a channel" page lists them.
        pub static DRIVERS: &[Driver] = &[$($name::DRIVER),+];
    };
}

drivers![email, wecom, webhook];

/// A channel's settings by field name. Values may be secrets.
pub type Settings = std::collections::BTreeMap<String, String>;

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

/// What is wrong with which setting. `code` is a locale key without `field-error-`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FieldError {
    pub field: String,
    pub problem: String,
}

impl FieldError {
    #[must_use]
    pub fn new(field: &str, problem: impl Into<String>) -> Self {
        Self { field: field.to_owned(), problem: problem.into() }
    }
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

/// Settings as they may be saved, or which field is wrong and why. Asks the network only about names in URLs.
pub async fn accept(driver: &Driver, given: &Settings, outbound: &Outbound) -> Result<Settings, FieldError> {
    for name in given.keys() {
        if !driver.fields.iter().any(|field| field.name == name) {
            let known: Vec<_> = driver.fields.iter().map(|field| field.name).collect();
            return Err(FieldError::new(
                name,
                format!("unknown field, expected one of {}", known.join(", ")),
            ));
        }
    }
    for field in driver.fields {
        let value = given.get(field.name).map_or("", |value| value.trim());
        if field.required && value.is_empty() {
            return Err(FieldError::new(field.name, "is required"));
        }
        if value.len() > MAX_VALUE {
            return Err(FieldError::new(field.name, format!("is longer than {MAX_VALUE} bytes")));
        }
        if let Input::Choice(choices) = field.input
            && !value.is_empty()
            && !choices.contains(&value)
        {
            return Err(FieldError::new(field.name, format!("expected one of {}", choices.join(", "))));
        }
    }
    let settings = (driver.read)(given)?;
    for (field, url) in (driver.urls)(&settings) {
        outbound
            .vet(&url, driver.vendor)
            .await
            .map_err(|refusal| FieldError::new(field, refusal.to_string()))?;
    }
    Ok(settings)
}

/// Longest value of one setting, in bytes.
const MAX_VALUE: usize = 4000;

/// A secret as a form may show it: its first four and last two characters.
#[must_use]
pub fn mask(secret: &str) -> String {
    let chars: Vec<char> = secret.chars().collect();
    if chars.len() < 12 {
        return "…".to_owned();
    }
    let start: String = chars.iter().take(4).collect();
    let end: String = chars.iter().skip(chars.len() - 2).collect();
    format!("{start}…{end}")
}

/// Reads a URL field.
fn read_url(field: &str, text: &str) -> Result<url::Url, FieldError> {
    let text = text.trim();
    if text.chars().count() > 1000 {
        return Err(FieldError::new(field, "is longer than 1000 characters"));
    }
    let url = url::Url::parse(text).map_err(|_| {
        FieldError::new(field, "is not a URL; it begins with https:// or http:// and has a host name")
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(FieldError::new(field, "only http:// and https:// addresses can be called"));
    }
    Ok(url)
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

    #[test]
    fn a_mask_hides_what_matters() {
        assert_eq!(mask("693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"), "693a…aa");
        assert_eq!(mask("短密码"), "…");
    }
}
