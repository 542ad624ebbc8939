//! The list of a project's channels, and a test message through one of them.
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use super::consent::Health;
use crate::auth::throttle::Who;
use crate::core::access::Action;
use crate::i18n::{Lang, zone_or_utc};
use crate::notify::outcome::Sent;
use crate::notify::reference::{self, OfFamily};
use crate::notify::{driver, trial};
use crate::store::channels::{self, Channel, GROUP, Reliant};
use crate::store::consents;
use crate::store::outbox::{self, LastAttempt};
use crate::web::error::{AppError, Result};
use crate::web::extract::Visit;
use crate::web::view::{Confirm, Shell, When, ago, page, when};

#[derive(Template)]
#[template(path = "channels/list.html")]
struct Page {
    s: Shell,
    rows: Vec<Row>,
    families: Vec<OfFamily>,
    can_change: bool,
}

struct Row {
    uuid: String,
    name: String,
    kind: String,
    target: String,
    uses: String,
    health: Health,
    last: Option<(String, When, String)>,
}

/// `GET /projects/{project}/channels`
pub async fn get(visit: Visit, Path(project): Path<String>) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::View).await?;
    let (db, l, now) = (&visit.state.db, visit.lang, visit.state.now());
    let s = Shell::of(&visit, &project, role, "channels").await?;
    let uses = channels::uses(db, project.id).await?;
    let attempts = outbox::last_attempts(db, project.id).await?;
    let utc = zone_or_utc("UTC");
    let last = |channel: &Channel| {
        let attempt: &LastAttempt = attempts.iter().find(|attempt| attempt.channel_id == channel.id)?;
        let time = when(l, attempt.at(), &utc, ago(l, attempt.at(), now));
        Some((l.t(&format!("attempt-{}", attempt.outcome)), time, l.said(&attempt.detail)))
    };
    let failed = |channel: &Channel| {
        let newest = attempts.iter().find(|attempt| attempt.channel_id == channel.id);
        newest.is_some_and(|newest| newest.outcome != "sent")
    };
    let asked = consents::of_project(db, project.id).await?;
    let hollow = channels::hollow_groups(db, project.id).await?;
    let rows = channels::list(db, project.id)
        .await?
        .iter()
        .map(|channel| Row {
            uuid: channel.uuid.clone(),
            name: channel.name.clone(),
            kind: l.t(&format!("channel-kind-{}", channel.kind)),
            target: driver(&channel.kind)
                .map(|driver| (driver.target)(&channel.settings()))
                .unwrap_or_default(),
            uses: l.tn("channel-uses", uses.get(&channel.id).copied().unwrap_or(0)),
            health: match Health::of(l, channel, &asked, now).unless_hollow(l, channel, &hollow) {
                Health { class: "idle", words, can_ask, .. } if failed(channel) => {
                    Health { icon: "late", class: "late", words, can_ask }
                }
                health => health,
            },
            last: last(channel),
        })
        .collect();
    let can_change = crate::core::access::allows(Some(role), Action::EditChannels);
    page(&Page { s, rows, families: reference::families(l), can_change })
}

#[derive(Template)]
#[template(path = "channels/tested.html")]
struct Tested {
    s: Shell,
    name: String,
    good: bool,
    results: Vec<TestResult>,
    again: String,
    edit: String,
    log: String,
}

/// What became of a test of one channel.
struct TestResult {
    /// The name of a group's member.
    of: String,
    good: bool,
    said: String,
}

/// `POST /channels/{channel}/test`: one try, with the plain answer of the other side.
pub async fn test(visit: Visit, Path(uuid): Path<String>) -> Result<Response> {
    let (channel, project, role) = visit.channel(&uuid, Action::EditChannels).await?;
    let (state, l) = (&visit.state, visit.lang);
    let who = Who::Account(visit.user()?.email.clone());
    state.guesses.test_send.take(who, state.now()).map_err(|wait| AppError::TooMany(Some(wait)))?;
    let (uuid, name, one) = (channel.uuid.clone(), channel.name.clone(), channel.kind != GROUP);
    let trials = trial::run(&state.db, &state.post, &state.clock, channel, &project.name).await?;
    let results: Vec<TestResult> = trials
        .into_iter()
        .map(|trial| TestResult {
            good: trial.is_good(),
            of: if one { String::new() } else { trial.channel.name },
            said: match trial.outcome {
                Ok(Some(Sent(said))) => l.said(&said),
                Ok(None) => l.t("test-nothing"),
                Err(error) => l.said(&error.to_string()),
            },
        })
        .collect();
    let s = Shell::of(&visit, &project, role, "channels").await?;
    page(&Tested {
        again: s.to(&format!("/channels/{uuid}/test")),
        edit: s.to(&format!("/channels/{uuid}/edit")),
        log: s.to(&format!("/channels/{uuid}")),
        good: !results.is_empty() && results.iter().all(|result| result.good),
        s,
        name,
        results,
    })
}

/// `GET /channels/{channel}/test`: where a reload of the answer leads.
pub async fn tested(visit: Visit, Path(uuid): Path<String>) -> Result<Response> {
    let (_, project, _) = visit.channel(&uuid, Action::View).await?;
    let path = format!("/projects/{}/channels", project.uuid);
    Ok(Redirect::to(&visit.state.links.local(&path)).into_response())
}

/// `GET /channels/{channel}/delete`: asks once more.
pub async fn ask_delete(visit: Visit, Path(uuid): Path<String>) -> Result<Response> {
    let (channel, project, role) = visit.channel(&uuid, Action::EditChannels).await?;
    let l = visit.lang;
    let s = Shell::of(&visit, &project, role, "channels").await?;
    let uses = channels::uses(&visit.state.db, project.id).await?.get(&channel.id).copied().unwrap_or(0);
    page(&Confirm {
        title: l.ta("channel-delete-title", &[("name", &channel.name)]),
        text: delete_words(l, uses, &channels::reliant(&visit.state.db, channel.id).await?),
        action: s.to(&format!("/channels/{}/delete", channel.uuid)),
        button: l.t("delete"),
        back: s.in_project("/channels"),
        s,
    })
}

/// What a channel's end means, in sentences. `uses`: checks that notify it by itself.
fn delete_words(l: Lang, uses: i64, reliant: &[Reliant]) -> String {
    let told = |key: &str, which: fn(&Reliant) -> bool| {
        let names: Vec<String> = reliant
            .iter()
            .filter(|one| which(one))
            .map(|one| l.ta("channel-quoted", &[("name", &one.name)]))
            .collect();
        (!names.is_empty()).then(|| l.ta(key, &[("names", &names.join(&l.t("list-comma")))]))
    };
    let sentences = [
        Some(l.tn("channel-delete-text", uses)),
        told("channel-delete-groups", |one| one.is_group && one.has_others),
        told("channel-delete-last", |one| one.is_group && !one.has_others),
        told("channel-delete-fallback", |one| !one.is_group),
    ];
    let sentences: Vec<String> = sentences.into_iter().flatten().collect();
    sentences.join(l.t("sentence-space").as_str())
}

/// `POST /channels/{channel}/delete`
pub async fn delete(visit: Visit, Path(uuid): Path<String>) -> Result<Response> {
    let (channel, project, _) = visit.channel(&uuid, Action::EditChannels).await?;
    channels::delete(&visit.state.db, channel.id).await?;
    let path = format!("/projects/{}/channels?done=channel-deleted", project.uuid);
    Ok(Redirect::to(&visit.state.links.local(&path)).into_response())
}

/// The form's own address of a kind, or 404.
pub(super) fn known(kind: &str) -> Result<&'static crate::notify::Driver> {
    driver(kind).ok_or(AppError::NotFound)
}
