//! What a kind of channel would send, and what it makes of an answer, for the tests of kinds.
use serde_json::Value;

use super::alert::Alert;
use super::message::words;
use super::outcome::SendError;
use super::{Draft, Outgoing, Settings, driver};
use crate::net::egress::{HttpReply, HttpRequest};

/// Settings, read as the form of this kind reads them.
pub(in crate::notify) fn settings(kind: &str, given: &[(&str, &str)]) -> Settings {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    (driver(kind).unwrap().read)(&given).unwrap()
}

/// The field that a form finds fault with.
pub(in crate::notify) fn wrong(kind: &str, given: &[(&str, &str)]) -> String {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let fault = (driver(kind).unwrap().read)(&given).unwrap_err();
    assert!(!fault.to_string().contains("setting-error"), "{fault}");
    fault.field
}

/// The request that tells of an alert; with the token `TOKEN` where it needs one.
pub(in crate::notify) fn request(
    kind: &str,
    given: &[(&str, &str)],
    alert: &Alert,
    plain: bool,
) -> HttpRequest {
    let settings = settings(kind, given);
    let words = words(alert);
    let draft = Draft { settings: &settings, alert, words: &words, now: alert.at, plain };
    match (driver(kind).unwrap().request)(&draft) {
        Ok(Outgoing::Http(request)) => *request,
        Ok(Outgoing::WithToken(exchange)) => (exchange.request)("TOKEN"),
        Ok(_) => panic!("{kind} sends no request"),
        Err(error) => panic!("{kind}: {error}"),
    }
}

/// Its body.
pub(in crate::notify) fn body(kind: &str, given: &[(&str, &str)], alert: &Alert, plain: bool) -> Value {
    serde_json::from_slice(&request(kind, given, alert, plain).body).unwrap()
}

/// What an answer means, in one word, and the sentence for the log.
pub(in crate::notify) fn verdict(kind: &str, status: u16, body: &str) -> (&'static str, String) {
    let reply = HttpReply { status, body: body.into(), ..HttpReply::default() };
    match (driver(kind).unwrap().verdict)(&reply) {
        Ok(sent) => ("sent", sent.0),
        Err(error @ SendError::Retry { .. }) => ("retry", error.to_string()),
        Err(error @ SendError::Waits { .. }) => ("waits", error.to_string()),
        Err(error @ SendError::Permanent(_)) => ("permanent", error.to_string()),
        Err(error @ SendError::Rejected(_)) => ("rejected", error.to_string()),
    }
}
