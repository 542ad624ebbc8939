//! What an alert is about: plain data, gathered once and handed to every channel.
use chrono::SecondsFormat;
use sha2::{Digest, Sha256};

use crate::core::check::Blackout;
use crate::core::schedule::Zone;
pub use crate::core::text::one_line;
use crate::core::{Span, Time};
use crate::i18n::Lang;

/// Which side of a check's life is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Down,
    Up,
    /// Somebody pressed "Send a test".
    Test,
}

/// One message to one channel.
#[derive(Debug, Clone)]
pub struct Alert {
    pub side: Side,
    /// The same on every try, so that a mail program knows a repeated mail again.
    pub event_id: String,
    /// What groups all messages about one outage; none for a test.
    pub outage_id: Option<String>,
    /// When it happened: the flip's exact moment.
    pub at: Time,
    pub lang: Lang,
    /// The zone that times are told in: the channel's, or else the check's.
    pub zone: Zone,
    pub project: String,
    pub check: About,
    /// What happened; none for a test.
    pub event: Option<Happened>,
    /// Maibo was away when the sign of life may have come.
    pub blackout: Option<Blackout>,
    pub last: LastPing,
    /// Where a reader finds more.
    pub link: String,
    /// Where the reader of a mail may stop them.
    pub unsubscribe: Option<String>,
    /// The check and all others, when one message tells about several.
    pub names: Vec<String>,
    /// On a recovery whose outage was never told: why the check had gone down. One message then tells of both.
    pub untold: Option<Why>,
    /// A sentence of Maibo's own that goes with the message, such as why it arrives here and not elsewhere.
    pub note: Option<String>,
    /// It need not make a sound, where the far side can do without.
    pub quiet: bool,
    /// The message is not about a check: this is told instead. The side still says how loud to be.
    pub notice: Option<Notice>,
}

/// What Maibo has to say for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One line.
    pub title: String,
    pub sentence: String,
}

/// The check, in the words that channels need.
#[derive(Debug, Clone, Default)]
pub struct About {
    pub uuid: String,
    /// Never empty and on one line: an unnamed check is called by its slug, or a neutral word.
    pub name: String,
    pub slug: String,
    pub tags: String,
    pub grace: Span,
    /// The check as the management API v3 shows it, as JSON.
    pub json: String,
}

/// A change of status, as it was recorded.
#[derive(Debug, Clone)]
pub struct Happened {
    pub why: Why,
    /// When the status before began.
    pub since: Time,
    /// The last sign of life before.
    pub heard: Option<Time>,
    /// On a recovery: expected runs that never came.
    pub missed: i64,
}

/// Why a check went down, or came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Back,
    Failed,
    Exit(i64),
    /// Nothing came by the end of grace after this time.
    Missed(Time),
    /// The run that began at this time did not end.
    Overrun(Time),
}

/// The newest ping that came no later than the event.
#[derive(Debug, Clone, Default)]
pub struct LastPing {
    pub exit_status: Option<i64>,
    /// Invalid UTF-8 replaced; empty when there was no body.
    pub body: String,
    /// What people read of it, where that is not the body itself: of a mail, its subject and its text.
    pub readable: Option<String>,
}

impl Alert {
    /// What a far side may know a check by, on every message about it. Its ping address stays a secret.
    #[must_use]
    pub fn key(&self) -> String {
        let digest = Sha256::digest(self.check.uuid.as_bytes());
        let mut key = String::from("maibo-");
        for byte in digest.iter().take(10) {
            let hex = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
            key.extend([hex(byte >> 4), hex(byte & 15)]);
        }
        key
    }

    /// The event's time as webhooks have it: `2024-01-02T03:04:05+00:00`.
    #[must_use]
    pub fn now_text(&self) -> String {
        self.at.to_rfc3339_opts(SecondsFormat::Secs, false)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::i18n::zone_or_utc;

    /// A sample for the tests of channels.
    pub(in crate::notify) fn alert(side: Side) -> Alert {
        let at: Time = "2024-01-02T03:04:05Z".parse().unwrap();
        let name = "nightly-backup".to_owned();
        Alert {
            side,
            event_id: "7.c0ffee".to_owned(),
            outage_id: Some("outage.1.2".to_owned()),
            at,
            lang: Lang::En,
            zone: zone_or_utc("UTC"),
            project: "prod".to_owned(),
            check: About {
                uuid: "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2".to_owned(),
                name: name.clone(),
                slug: "nightly-backup".to_owned(),
                tags: "db backup".to_owned(),
                grace: Span::minutes(5),
                json: "{}".to_owned(),
            },
            event: Some(Happened {
                why: if side == Side::Up { Why::Back } else { Why::Missed(at - Span::minutes(5)) },
                since: at - Span::minutes(65),
                heard: Some(at - Span::minutes(65)),
                missed: 2,
            }),
            blackout: None,
            last: LastPing::default(),
            link: "https://mon.example/checks/x".to_owned(),
            unsubscribe: None,
            names: vec![name],
            untold: None,
            note: None,
            quiet: false,
            notice: None,
        }
    }

    #[test]
    fn webhooks_get_whole_seconds_with_an_offset() {
        assert_eq!(alert(Side::Down).now_text(), "2024-01-02T03:04:05+00:00");
    }
}
