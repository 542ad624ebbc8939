//! Alerts of a project that could not be delivered: who, when, why; to be sent again or put aside.
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use crate::core::access::{Action, allows};
use crate::i18n::zone_or_utc;
use crate::store::delivery;
use crate::web::error::{AppError, Result};
use crate::web::extract::{Fields, Visit};
use crate::web::view::{Shell, When, ago, page, when};

/// Alerts on the page.
const SHOWN: i64 = 200;

#[derive(Template)]
#[template(path = "channels/undelivered.html")]
struct Page {
    s: Shell,
    rows: Vec<Row>,
    /// The newest that is shown: later ones are not put aside unseen.
    newest: i64,
    can_change: bool,
}

struct Row {
    id: i64,
    at: When,
    title: String,
    check: Option<(String, String)>,
    channel_uuid: String,
    channel: String,
    detail: String,
    told_elsewhere: bool,
}

/// `GET /projects/{project}/alerts`
pub async fn get(visit: Visit, Path(project): Path<String>) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::View).await?;
    let (db, l, now) = (&visit.state.db, visit.lang, visit.state.now());
    let utc = zone_or_utc("UTC");
    let found = delivery::undelivered(db, project.id, SHOWN).await?;
    let newest = found.first().map_or(0, |first| first.id);
    let rows = found.into_iter().map(|alert| {
        let at = alert.done_at().unwrap_or_else(|| alert.created_at());
        let name = alert.check_name.filter(|name| !name.is_empty()).unwrap_or_else(|| l.t("check-unnamed"));
        Row {
            id: alert.id,
            at: when(l, at, &utc, ago(l, at, now)),
            title: l.t(&format!("delivery-{}", alert.kind)),
            check: alert.check_uuid.map(|uuid| (uuid, name)),
            channel_uuid: alert.channel_uuid,
            channel: alert.channel_name,
            detail: l.said(alert.detail.as_deref().unwrap_or_default()),
            told_elsewhere: alert.told_elsewhere,
        }
    });
    let rows = rows.collect();
    let s = Shell::of(&visit, &project, role, "alerts").await?;
    page(&Page { s, rows, newest, can_change: allows(Some(role), Action::EditChannels) })
}

fn back(visit: &Visit, project: &str, done: &str) -> Response {
    let path = format!("/projects/{project}/alerts?done={done}");
    Redirect::to(&visit.state.links.local(&path)).into_response()
}

/// `POST /projects/{project}/alerts/dismiss`: everything up to the newest that was shown.
pub async fn dismiss(visit: Visit, Path(project): Path<String>, fields: Fields) -> Result<Response> {
    let (project, _) = visit.project(&project, Action::EditChannels).await?;
    let newest = fields.get("newest").parse().map_err(|_| AppError::BadRequest)?;
    delivery::dismiss(&visit.state.db, project.id, newest, visit.state.now()).await?;
    let path = format!("/projects/{}/channels?done=alerts-dismissed", project.uuid);
    Ok(Redirect::to(&visit.state.links.local(&path)).into_response())
}

/// `POST /projects/{project}/alerts/{alert}/resend`
pub async fn resend(visit: Visit, Path((project, alert)): Path<(String, String)>) -> Result<Response> {
    let (project, _) = visit.project(&project, Action::EditChannels).await?;
    let alert: i64 = alert.parse().map_err(|_| AppError::NotFound)?;
    let state = &visit.state;
    if !delivery::resend(&state.db, project.id, None, alert, state.now()).await? {
        // A second click, or another tab.
        return if delivery::knows(&state.db, project.id, alert).await? {
            Ok(back(&visit, &project.uuid, "alert-not-given-up"))
        } else {
            Err(AppError::NotFound)
        };
    }
    state.wakes.outbox.notify_one();
    Ok(back(&visit, &project.uuid, "alert-resent"))
}
