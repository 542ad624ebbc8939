//! Mails go to those who want them: who is asked first, the links with which they answer, and the mails that ask.
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use hmac::{KeyInit as _, Mac as _, SimpleHmac};
use lettre::message::MultiPart;
use sha2::Sha256;
use tokio_util::sync::CancellationToken;

use super::Mail;
use super::alert::one_line;
use super::clip::Unit;
use super::letter;
use super::outcome::{SendError, Sent};
use super::post::Post;
use super::settings::Settings;
use crate::auth::secret::{hex, same, token};
use crate::clock::Clock;
use crate::core::{Span, Time};
use crate::i18n::Lang;
use crate::links::Links;
use crate::store::channels::{self, Channel, Reader};
use crate::store::consents::{self, Question, State};
use crate::store::{Db, StoreError, installation, outbox, projects};

/// What a link in a mail does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Confirm,
    Unsubscribe,
}

impl Answer {
    /// The first part of its address.
    const fn word(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Unsubscribe => "unsubscribe",
        }
    }
}

/// The address that a channel of this kind mails to, in the form in which addresses are compared.
#[must_use]
pub fn reader(kind: &str, settings: &Settings) -> Option<String> {
    (kind == "email").then(|| settings.get("to").map(|to| to.to_lowercase())).flatten()
}

/// Whether the reader of such a channel has to say yes first: everybody but members of the project, and who has said
/// so to another of its channels.
pub async fn must_ask(db: &Db, project_id: i64, kind: &str, settings: &Settings) -> Result<bool, StoreError> {
    let Some(address) = reader(kind, settings) else { return Ok(false) };
    if consents::is_members(db, project_id, &address).await? {
        return Ok(false);
    }
    let said_yes = |channel: &Channel| {
        channel.consent() == Some(State::Given)
            && reader(&channel.kind, &channel.settings()).as_ref() == Some(&address)
    };
    Ok(!channels::list(db, project_id).await?.iter().any(said_yes))
}

/// What new settings of a channel mean for its reader.
pub async fn change(db: &Db, channel: &Channel, settings: &Settings) -> Result<Reader, StoreError> {
    if reader(&channel.kind, &channel.settings()) == reader(&channel.kind, settings) {
        return Ok(Reader::Same);
    }
    let asks = must_ask(db, channel.project_id, &channel.kind, settings).await?;
    Ok(if asks { Reader::Asked } else { Reader::Known })
}

/// How long an alert rests before it is looked at again whether its reader has confirmed. The confirmation itself
/// makes it due at once.
const LOOK_AGAIN: Duration = Duration::from_hours(1);

/// Why a channel must not be used now, when its reader has not said yes, or no.
pub(super) fn refusal(channel: &Channel) -> Result<(), SendError> {
    match channel.consent() {
        Some(State::Asked) => Err(SendError::Waits {
            reason: "waits until the recipient confirms the address by the link in the mail that asks"
                .to_owned(),
            look_again: LOOK_AGAIN,
        }),
        Some(State::Withdrawn) => Err(SendError::Permanent(UNSUBSCRIBED.to_owned())),
        Some(State::Given) | None => Ok(()),
    }
}

/// What the owners of a channel read once its reader has unsubscribed.
pub const UNSUBSCRIBED: &str = "the recipient unsubscribed";

/// The signature in a link: bound to the channel, its address, and what the link does.
fn sign(secret: &str, answer: Answer, uuid: &str, address: &str) -> String {
    // A key of any length will do.
    let Ok(mac) = SimpleHmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return token() };
    let signed = format!("{} {uuid} {address}", answer.word());
    let digits = hex(&mac.chain_update(signed.as_bytes()).finalize().into_bytes());
    digits[..40].to_owned()
}

async fn secret(db: &Db) -> Result<String, StoreError> {
    installation::get_or_insert(db, installation::MAIL_SECRET, token).await
}

/// The link with which a channel's reader answers; `None` where there is no reader.
pub async fn link(
    db: &Db,
    links: &Links,
    channel: &Channel,
    answer: Answer,
) -> Result<Option<String>, StoreError> {
    let Some(address) = reader(&channel.kind, &channel.settings()) else { return Ok(None) };
    let signature = sign(&secret(db).await?, answer, &channel.uuid, &address);
    Ok(Some(links.to(&format!("/{}/{}/{signature}", answer.word(), channel.uuid))))
}

/// The channel that a link is about; `None` when the link is not ours, or the channel is gone or leads elsewhere now.
pub async fn linked(
    db: &Db,
    answer: Answer,
    uuid: &str,
    signature: &str,
) -> Result<Option<Channel>, StoreError> {
    let Some(channel) = channels::by_uuid(db, uuid).await? else { return Ok(None) };
    let Some(address) = reader(&channel.kind, &channel.settings()) else { return Ok(None) };
    let ours = sign(&secret(db).await?, answer, &channel.uuid, &address);
    Ok(same(&ours, signature).then_some(channel))
}

#[derive(Template)]
#[template(path = "mail/confirm.html")]
struct Html<'a> {
    lang: &'static str,
    side: &'static str,
    bar: &'static str,
    font: &'static str,
    title: &'a str,
    text: &'a str,
    button: &'a str,
    link: &'a str,
    footer: &'a str,
}

#[derive(Template)]
#[template(path = "mail/confirm.txt")]
struct Plain<'a> {
    text: &'a str,
    button: &'a str,
    link: &'a str,
    footer: &'a str,
}

/// Longest name of a project in a mail to somebody who has not asked for it, in characters.
const SHOWN: usize = 60;

/// The mail that asks.
fn question(
    channel: &Channel,
    project: &str,
    links: &Links,
    link: &str,
    made_at: Time,
) -> Result<Mail, SendError> {
    let l = Lang::named(&channel.language).unwrap_or_default();
    let settings = channel.settings();
    let to = settings.get("to").and_then(|to| to.parse().ok());
    let to = to.ok_or_else(|| SendError::Permanent("the address is missing".into()))?;
    let project = Unit::Chars.clip(&one_line(project), SHOWN);
    let title = l.t("mail-confirm-title");
    let text = l.ta("mail-confirm-text", &[("project", &project), ("server", links.base())]);
    let (button, footer) = (l.t("consent-confirm-button"), l.t("mail-confirm-footer"));
    let frame = Html {
        lang: l.code(),
        side: "test",
        bar: letter::NEITHER,
        font: letter::FONT,
        title: &title,
        text: &text,
        button: &button,
        link,
        footer: &footer,
    };
    let html = frame.render();
    let plain = Plain { text: &text, button: &button, link, footer: &footer }.render();
    let (Ok(html), Ok(plain)) = (html, plain) else {
        return Err(SendError::Rejected("the mail could not be written".into()));
    };
    Ok(Mail {
        to,
        subject: title,
        body: MultiPart::alternative_plain_html(plain, html),
        id: format!("confirm-{}.{}", made_at.timestamp_micros(), channel.uuid),
        follows: None,
        unsubscribe: None,
        date: made_at,
    })
}

/// How often it is looked whether a mail that asks is due.
const POLL: Duration = Duration::from_secs(1);
/// How long a leased mail stays ours: longer than any send may take.
const LEASE: Span = Span::seconds(120);
/// Waits before the second, third, … try; after the last one every hour.
const WAITS: [Span; 4] = [Span::seconds(30), Span::minutes(2), Span::minutes(10), Span::minutes(30)];
/// How long it is tried.
const GIVE_UP: Span = Span::hours(24);

/// Sends the mails that ask.
pub struct Asker {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub post: Post,
}

impl Asker {
    /// Asks whoever is to be asked, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let work = async {
            loop {
                if let Err(error) = self.turn().await {
                    tracing::warn!(%error, "the mails that ask for consent could not be read; trying again");
                }
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    }

    async fn turn(&self) -> Result<(), StoreError> {
        for due in consents::due(&self.db, self.clock.now(), LEASE).await? {
            let outcome = self.ask(&due).await;
            let now = self.clock.now();
            let (mailed_at, again, trouble) = match outcome {
                Ok(_) => (Some(now), None, String::new()),
                Err(SendError::Retry { reason, .. }) => (None, again(&due, now), reason),
                Err(error) => (None, None, error.to_string()),
            };
            if !trouble.is_empty() {
                tracing::warn!(
                    channel.id = due.channel_id,
                    trouble,
                    "a mail that asks for consent was not sent"
                );
            }
            consents::asked(&self.db, &due, mailed_at, again, &trouble).await?;
        }
        Ok(())
    }

    async fn ask(&self, due: &Question) -> Result<Sent, SendError> {
        let broken = |error: StoreError| SendError::retry(error.to_string());
        let (db, links) = (&self.db, &self.post.links);
        let gone = || SendError::Permanent("the channel is gone".into());
        let channel = outbox::channel(db, due.channel_id).await.map_err(broken)?.ok_or_else(gone)?;
        let link = link(db, links, &channel, Answer::Confirm).await.map_err(broken)?.ok_or_else(gone)?;
        let project = projects::by_id(db, channel.project_id).await.map_err(broken)?.ok_or_else(gone)?;
        let mail = question(&channel, &project.name, links, &link, due.made_at())?;
        self.post.mail(mail).await
    }
}

/// When a mail that was not taken is tried again.
fn again(due: &Question, now: Time) -> Option<Time> {
    if now - due.made_at() >= GIVE_UP {
        return None;
    }
    let planned = usize::try_from(due.tries).ok().and_then(|tries| WAITS.get(tries.saturating_sub(1)));
    Some(now + planned.copied().unwrap_or(Span::hours(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_bound_to_what_it_does_and_for_whom() {
        let signed = sign("a secret", Answer::Confirm, "u", "a@b.org");
        assert_eq!(signed.len(), 40);
        assert_eq!(signed, sign("a secret", Answer::Confirm, "u", "a@b.org"));
        for other in [
            sign("another", Answer::Confirm, "u", "a@b.org"),
            sign("a secret", Answer::Unsubscribe, "u", "a@b.org"),
            sign("a secret", Answer::Confirm, "v", "a@b.org"),
            sign("a secret", Answer::Confirm, "u", "c@b.org"),
        ] {
            assert_ne!(signed, other);
        }
    }

    #[test]
    fn only_mails_have_a_reader() {
        let settings = Settings::from([("to".to_owned(), "Ops@Example.org".to_owned())]);
        assert_eq!(reader("email", &settings).as_deref(), Some("ops@example.org"));
        assert_eq!(reader("webhook", &settings), None);
    }
}
