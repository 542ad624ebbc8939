//! What a send can end in.
use std::time::Duration;

use crate::net::egress::{HttpReply, NetError};

/// The far side accepted the message; its own words, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent(pub String);

/// Why a message did not go out, sorted by what must be done next. The sentences hold no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Try again, no sooner than `after` if the far side named a delay.
    #[error("{reason}")]
    Retry { reason: String, after: Option<Duration> },
    /// Not tried: somebody's answer is awaited, and looked for again after `look_again` at the latest.
    #[error("{reason}")]
    Waits { reason: String, look_again: Duration },
    /// The channel itself is dead: this will not work again until somebody changes it.
    #[error("{0}")]
    Permanent(String),
    /// This one message was refused; the same bytes would be refused again.
    #[error("{0}")]
    Rejected(String),
}

impl SendError {
    #[must_use]
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), after: None }
    }
}

impl From<NetError> for SendError {
    fn from(error: NetError) -> Self {
        Self::retry(error.to_string())
    }
}

/// Longest wait that a far side may ask for.
const MAX_WAIT: Duration = Duration::from_mins(15);

/// Sorts a plain HTTP answer. Kinds whose vendor hides errors in the body look there instead.
pub(in crate::notify) fn judge(reply: &HttpReply) -> Result<Sent, SendError> {
    let reason = format!("HTTP {}", reply.status);
    match reply.status {
        200 | 201 | 202 | 204 => Ok(Sent(reason)),
        408 | 425 | 429 | 500..=599 => Err(wait(reason, reply.retry_after)),
        // A webhook's receiver may be half-deployed or behind a proxy that is: any answer is worth another try.
        _ => Err(SendError::retry(reason)),
    }
}

/// Sorts the HTTP status of a vendor that means it: `dead` names those that say the channel itself is no longer good.
pub(in crate::notify) fn judge_status(reply: &HttpReply, dead: &[u16]) -> Result<Sent, SendError> {
    let reason = format!("HTTP {}", reply.status);
    match reply.status {
        200..=299 => Ok(Sent(reason)),
        status if dead.contains(&status) => Err(SendError::Permanent(reason)),
        408 | 425 | 429 | 500..=599 => Err(wait(reason, reply.retry_after)),
        400..=499 => Err(SendError::Rejected(reason)),
        _ => Err(SendError::retry(reason)),
    }
}

/// The same with what the vendor said, `said`, behind the status.
pub(in crate::notify) fn judge_said(reply: &HttpReply, dead: &[u16], said: &str) -> Result<Sent, SendError> {
    let with = |reason: String| if said.is_empty() { reason } else { format!("{reason}: {said}") };
    judge_status(reply, dead).map(|Sent(reason)| Sent(with(reason))).map_err(|error| match error {
        SendError::Retry { reason, after } => SendError::Retry { reason: with(reason), after },
        waits @ SendError::Waits { .. } => waits,
        SendError::Permanent(reason) => SendError::Permanent(with(reason)),
        SendError::Rejected(reason) => SendError::Rejected(with(reason)),
    })
}

/// To be tried again, after the wait that the far side asked for, within reason.
pub(in crate::notify) fn wait(reason: String, asked: Option<Duration>) -> SendError {
    SendError::Retry { reason, after: asked.map(|after| after.clamp(Duration::from_secs(1), MAX_WAIT)) }
}

/// A vendor's sentence, cleaned and short: it comes from outside.
pub(in crate::notify) fn sentence(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(160).collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_four_statuses_are_success() {
        for status in [200, 201, 202, 204] {
            assert!(judge(&HttpReply { status, ..HttpReply::default() }).is_ok());
        }
        for status in [206, 302, 400, 404, 429, 500, 503] {
            let error = judge(&HttpReply { status, ..HttpReply::default() }).unwrap_err();
            assert!(matches!(error, SendError::Retry { .. }), "{status}: {error:?}");
        }
    }

    #[test]
    fn a_named_delay_is_kept_within_reason() {
        let asked = |secs| {
            let reply = HttpReply {
                status: 429,
                retry_after: Some(Duration::from_secs(secs)),
                ..HttpReply::default()
            };
            match judge(&reply) {
                Err(SendError::Retry { after, .. }) => after.unwrap().as_secs(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((asked(0), asked(60), asked(86_400)), (1, 60, 900));
    }
}
