//! What the reader of a mail says to it: yes to a channel's alerts, or no more of them. And asking once more.
use std::collections::BTreeSet;

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use crate::core::Time;
use crate::core::access::Action;
use crate::i18n::Lang;
use crate::notify::consent::{self, Answer};
use crate::notify::dispatch;
use crate::store::channels::Channel;
use crate::store::consents::{self, Asking, State};
use crate::store::projects;
use crate::web::error::{AppError, Result};
use crate::web::extract::Visit;
use crate::web::view::{Shell, ago, page};

/// A sentence, and the button that makes it so.
#[derive(Template)]
#[template(path = "people/answer.html")]
struct Page {
    s: Shell,
    title: String,
    text: String,
    /// Where the button posts to; none where there is nothing to do.
    action: Option<String>,
    button: String,
}

/// The channel and its project's name, if the link is one of ours.
async fn linked(visit: &Visit, answer: Answer, uuid: &str, signature: &str) -> Result<(Channel, String)> {
    let db = &visit.state.db;
    let channel = consent::linked(db, answer, uuid, signature).await?.ok_or(AppError::NotFound)?;
    let project = projects::by_id(db, channel.project_id).await?.ok_or(AppError::NotFound)?;
    Ok((channel, project.name))
}

/// Draws `<key>-title`, `<key>-text` and, with an action, `<key>-button`.
fn draw(visit: &Visit, key: &str, channel: &Channel, project: &str, acts: bool) -> Result<Response> {
    let l = visit.lang;
    let address = channel.settings().get("to").cloned().unwrap_or_default();
    let names = [("address", address.as_str()), ("project", project)];
    let here = visit.here.split('?').next().unwrap_or_default();
    let s = Shell::plain(&visit.state, l, here);
    page(&Page {
        title: l.ta(&format!("consent-{key}-title"), &names),
        text: l.ta(&format!("consent-{key}-text"), &names),
        action: acts.then(|| s.to(here)),
        button: if acts { l.t(&format!("consent-{key}-button")) } else { String::new() },
        s,
    })
}

/// How a channel does, for a list or its own page.
pub(super) struct Health {
    pub(super) icon: &'static str,
    pub(super) class: &'static str,
    /// What is wrong, or awaited; empty when nothing is.
    pub(super) words: String,
    /// Its reader has not said yes, and can be asked once more.
    pub(super) can_ask: bool,
}

impl Health {
    /// `asked`: the mails that asked for consent to this channel and others.
    pub(super) fn of(l: Lang, channel: &Channel, asked: &[Asking], now: Time) -> Self {
        let asked = asked.iter().find(|asked| asked.channel_id == channel.id);
        let (icon, class, words) = match (channel.consent(), asked) {
            (Some(State::Withdrawn), _) => ("down", "down", l.t("channel-withdrawn")),
            (Some(State::Asked), Some(asked)) => match asked.mailed_at() {
                Some(at) => ("late", "late", l.ta("channel-asked", &[("ago", &ago(l, at, now))])),
                None if asked.trouble.is_empty() => ("late", "late", l.t("channel-asking")),
                None => ("down", "down", l.ta("channel-ask-failed", &[("why", &asked.trouble)])),
            },
            (Some(State::Asked), None) => ("late", "late", l.t("channel-asking")),
            (Some(State::Given) | None, _) if channel.broken.is_empty() => ("bell", "idle", String::new()),
            _ => ("down", "down", format!("{} {}", l.t("channel-broken"), channel.broken)),
        };
        let can_ask = matches!(channel.consent(), Some(State::Asked | State::Withdrawn));
        Self { icon, class, words, can_ask }
    }

    /// The same for a channel that may be a group; `hollow`: the groups of which no member works.
    pub(super) fn unless_hollow(self, l: Lang, channel: &Channel, hollow: &BTreeSet<i64>) -> Self {
        if !hollow.contains(&channel.id) {
            return self;
        }
        Self { icon: "down", class: "down", words: l.t("channel-hollow"), can_ask: false }
    }
}

type Link = Path<(String, String)>;

/// `GET /confirm/{channel}/{signature}`: changes nothing, since programs that look for viruses follow links.
pub async fn ask_confirm(visit: Visit, Path((uuid, signature)): Link) -> Result<Response> {
    let (channel, project) = linked(&visit, Answer::Confirm, &uuid, &signature).await?;
    let done = !matches!(channel.consent(), Some(State::Asked | State::Withdrawn));
    draw(&visit, if done { "confirmed" } else { "confirm" }, &channel, &project, !done)
}

/// `POST /confirm/{channel}/{signature}`
pub async fn confirm(visit: Visit, Path((uuid, signature)): Link) -> Result<Response> {
    let (channel, project) = linked(&visit, Answer::Confirm, &uuid, &signature).await?;
    consents::give(&visit.state.db, &channel, visit.state.now()).await?;
    visit.state.wakes.outbox.notify_one();
    tracing::info!(channel.id = channel.id, "the recipient confirmed");
    draw(&visit, "confirmed", &channel, &project, false)
}

/// `GET /unsubscribe/{channel}/{signature}`: changes nothing either.
pub async fn ask_unsubscribe(visit: Visit, Path((uuid, signature)): Link) -> Result<Response> {
    let (channel, project) = linked(&visit, Answer::Unsubscribe, &uuid, &signature).await?;
    let done = channel.consent() == Some(State::Withdrawn);
    draw(&visit, if done { "unsubscribed" } else { "unsubscribe" }, &channel, &project, !done)
}

/// `POST /unsubscribe/{channel}/{signature}`: at once, as RFC 8058 wants it.
pub async fn unsubscribe(visit: Visit, Path((uuid, signature)): Link) -> Result<Response> {
    let (channel, project) = linked(&visit, Answer::Unsubscribe, &uuid, &signature).await?;
    let (db, now) = (&visit.state.db, visit.state.now());
    if consents::withdraw(db, &channel, consent::UNSUBSCRIBED, now, dispatch::rank).await? {
        visit.state.wakes.outbox.notify_one();
        tracing::warn!(channel.id = channel.id, "the recipient unsubscribed");
    }
    draw(&visit, "unsubscribed", &channel, &project, false)
}

/// `POST /channels/{channel}/ask`: sends the mail that asks once more.
pub async fn ask(visit: Visit, Path(uuid): Path<String>) -> Result<Response> {
    let (channel, project, _) = visit.channel(&uuid, Action::EditChannels).await?;
    let state = &visit.state;
    let address = consent::reader(&channel.kind, &channel.settings()).unwrap_or_default();
    if matches!(channel.consent(), Some(State::Asked | State::Withdrawn)) {
        state
            .guesses
            .may_ask(project.id, &address, state.now())
            .map_err(|wait| AppError::TooMany(Some(wait)))?;
        consents::ask_again(&state.db, channel.id, state.now()).await?;
    }
    let path = format!("/projects/{}/channels?done=channel-asks", project.uuid);
    Ok(Redirect::to(&state.links.local(&path)).into_response())
}
