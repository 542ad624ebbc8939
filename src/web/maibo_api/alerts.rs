//! `checks/<check>/alerts`: what was told about a check, to whom, and every attempt at it.
use axum::Json;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::check_json::seconds;
use super::history::Paged;
use super::problem::{Reading, Refusal, Result, Working};
use super::sent::{Asked, At};
use crate::core::access::Action;
use crate::store::alerts::{self, Alert};
use crate::store::delivery;
use crate::store::outbox::Attempt;

/// What one change of status had to tell one channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
struct AlertJson {
    /// Its number, by which it can be sent again.
    id: i64,
    kind: AlertKind,
    state: AlertState,
    channel: AlertChannel,
    /// The channel that could not deliver it, and whose fallback stands in; null for an alert of the channel's own.
    #[schema(value_type = Option<uuid::Uuid>, required = true)]
    instead_of: Option<String>,
    /// When the check changed its status.
    #[schema(required = true)]
    flipped_at: Option<DateTime<Utc>>,
    /// When the alert was queued.
    created_at: DateTime<Utc>,
    /// When it is tried next; null once it is done.
    #[schema(required = true)]
    next_at: Option<DateTime<Utc>>,
    /// When it was sent or given up.
    #[schema(required = true)]
    done_at: Option<DateTime<Utc>>,
    /// Oldest first.
    attempts: Vec<AttemptJson>,
}

/// What an alert says.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum AlertKind {
    Down,
    Up,
}

/// How far an alert has come.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AlertState {
    Queued,
    Sent,
    /// It will not be tried again.
    GivenUp,
    /// The channel is not told about this side.
    Skipped,
}

/// Where an alert goes.
#[derive(Debug, Serialize, ToSchema)]
struct AlertChannel {
    #[schema(value_type = uuid::Uuid)]
    uuid: String,
    name: String,
    kind: String,
}

/// One try to deliver.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
struct AttemptJson {
    at: DateTime<Utc>,
    /// Seconds until there was an answer.
    took: f64,
    outcome: AttemptOutcome,
    /// The other side's code and words, or what went wrong on the way. Never a secret.
    detail: String,
}

/// What became of an attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AttemptOutcome {
    Sent,
    /// To be tried again.
    Retry,
    /// It will not be tried again.
    GivenUp,
    /// Closed when a backup was restored.
    Skipped,
}

/// A page of a check's alerts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AlertList {
    /// Newest first.
    alerts: Vec<AlertJson>,
    /// The `cursor` of the next page; null on the last one.
    #[schema(required = true)]
    next: Option<i64>,
}

fn attempt(attempt: &Attempt) -> AttemptJson {
    AttemptJson {
        at: attempt.at(),
        took: seconds(attempt.took()),
        outcome: match attempt.outcome.as_str() {
            "sent" => AttemptOutcome::Sent,
            "retry" => AttemptOutcome::Retry,
            "skipped" => AttemptOutcome::Skipped,
            _ => AttemptOutcome::GivenUp,
        },
        detail: attempt.detail.clone(),
    }
}

fn alert(alert: &Alert, attempts: &[Attempt]) -> AlertJson {
    AlertJson {
        id: alert.id,
        kind: if alert.kind == "up" { AlertKind::Up } else { AlertKind::Down },
        state: match alert.state.as_str() {
            "sent" => AlertState::Sent,
            "dead" => AlertState::GivenUp,
            "skipped" => AlertState::Skipped,
            _ => AlertState::Queued,
        },
        channel: AlertChannel {
            uuid: alert.channel_uuid.clone(),
            name: alert.channel_name.clone(),
            kind: alert.channel_kind.clone(),
        },
        instead_of: alert.instead_of.clone(),
        flipped_at: alert.flipped_at(),
        created_at: alert.created_at(),
        next_at: alert.next_at(),
        done_at: alert.done_at(),
        attempts: attempts.iter().filter(|one| one.outbox_id == alert.id).map(attempt).collect(),
    }
}

/// The alerts about a check
///
/// Who was told about it, and every attempt at it.
#[utoipa::path(get, path = "/checks/{check}/alerts", operation_id = "list_alerts", tag = "history",
    params(("check" = String, Path, description = "Its UUID or its `unique_key`"), Paged),
    responses((status = 200, description = "A page of them", body = AlertList), Reading))]
pub(super) async fn list(
    caller: Caller,
    At(code): At<String>,
    Asked(paged): Asked<Paged>,
) -> Result<Json<AlertList>> {
    let (check, _) = caller.check(&code, Action::View).await?;
    let (cursor, limit) = paged.read()?;
    let mut found = alerts::page(caller.db(), check.id, cursor, limit + 1).await?;
    let more = i64::try_from(found.len()).is_ok_and(|len| len > limit);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let (Some(newest), Some(oldest)) = (found.first(), found.last()) else {
        return Ok(Json(AlertList { alerts: Vec::new(), next: None }));
    };
    let attempts = alerts::attempts(caller.db(), check.id, oldest.id, newest.id).await?;
    let next = more.then_some(oldest.id);
    let alerts = found.iter().map(|one| alert(one, &attempts)).collect();
    Ok(Json(AlertList { alerts, next }))
}

/// Send an alert again
///
/// One that was given up is queued once more, as if it were new. Those on their way and those delivered stay as they
/// are.
#[utoipa::path(post, path = "/checks/{check}/alerts/{alert}/resend", operation_id = "resend_alert", tag = "history",
    params(("check" = String, Path, description = "Its UUID"), ("alert" = i64, Path, description = "Its `id`")),
    responses((status = 202, description = "It is queued"),
        (status = 409, description = "It was not given up", body = super::problem::Problem,
            content_type = "application/problem+json"), Working))]
pub(super) async fn resend(caller: Caller, At((code, alert)): At<(String, i64)>) -> Result<StatusCode> {
    let (check, _) = caller.check(&code, Action::EditChannels).await?;
    let state = &caller.state;
    let now = state.now();
    if delivery::resend(&state.db, check.project_id, Some(check.id), alert, now).await? {
        state.wakes.outbox.notify_one();
        return Ok(StatusCode::ACCEPTED);
    }
    let found = alerts::page(&state.db, check.id, alert.checked_add(1), 1).await?;
    match found.first() {
        Some(known) if known.id == alert => {
            Err(Refusal::Conflict("this alert was not given up: it needs no second sending".to_owned()))
        }
        _ => Err(Refusal::NotFound),
    }
}
