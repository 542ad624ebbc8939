//! Answers of vendors that say in the body what came of a message, most of them with HTTP status 200 whatever happened.
use serde_json::Value;

use super::outcome::{SendError, Sent, sentence, wait};
use crate::net::egress::HttpReply;

/// A vendor's own word.
pub(in crate::notify) struct Answer {
    pub status: u16,
    /// The number that decides.
    pub code: i64,
    /// The sentence beside it, cleaned.
    pub text: String,
    /// Both, for the log: `errcode 93000: invalid webhook url`.
    pub said: String,
    pub body: Value,
}

impl Answer {
    /// Reads the fields of these names.
    pub(in crate::notify) fn read(
        reply: &HttpReply,
        vendor: &str,
        code: &str,
        text: &str,
    ) -> Result<Self, SendError> {
        let body = json(reply, vendor)?;
        let found = &body[code];
        let Some(number) = found.as_i64().or_else(|| found.as_str()?.parse().ok()) else {
            return Err(foreign(reply, vendor));
        };
        let text = sentence(body[text].as_str().unwrap_or_default());
        let said =
            if text.is_empty() { format!("{code} {number}") } else { format!("{code} {number}: {text}") };
        Ok(Self { status: reply.status, code: number, text, said, body })
    }

    /// Success, when the code is this one and the status agrees.
    pub(in crate::notify) fn sent(&self, success: i64) -> Option<Sent> {
        (self.status == 200 && self.code == success).then(|| Sent(self.said.clone()))
    }
}

/// The body of an answer, or what came instead.
pub(in crate::notify) fn json(reply: &HttpReply, vendor: &str) -> Result<Value, SendError> {
    match serde_json::from_slice::<Value>(&reply.body) {
        Ok(body) if body.is_object() => Ok(body),
        _ => Err(foreign(reply, vendor)),
    }
}

/// An answer that is not the vendor's: something on the way, or a wrong address.
pub(in crate::notify) fn foreign(reply: &HttpReply, vendor: &str) -> SendError {
    if reply.status == 200 {
        SendError::retry(format!("HTTP 200, but not in the words of {vendor}: is this the right address?"))
    } else {
        wait(format!("HTTP {}", reply.status), reply.retry_after)
    }
}
