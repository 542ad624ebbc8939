//! What lets programs in: the project's API keys, and the ping key of its short ping addresses. For owners only.
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use crate::auth::secret::{self, PING_KEY_LEN};
use crate::auth::user_token;
use crate::core::access::{Action, Role};
use crate::i18n::zone_or_utc;
use crate::rng;
use crate::store::StoreError;
use crate::store::keys::{self, Listed, MAX_PER_PROJECT, Scope};
use crate::store::projects::{self, Project};
use crate::web::error::{AppError, Result};
use crate::web::extract::{Fields, Visit};
use crate::web::view::{Confirm, Shell, When, ago, page, when};

#[derive(Template)]
#[template(path = "keys/list.html")]
struct Page {
    s: Shell,
    /// The key that was just made: nobody will see it again.
    made: Option<String>,
    rows: Vec<Row>,
    /// There is room for another one.
    room: bool,
    /// Which form this is: sent again, it makes the same key and no second one.
    form: String,
    ping_key: Option<String>,
    /// A ping address by ping key and slug.
    ping_url: String,
    api_url: String,
    metrics_url: String,
}

struct Row {
    id: i64,
    hint: String,
    scope: String,
    made: When,
    used: Option<When>,
}

/// `GET /projects/{project}/keys`
pub async fn get(visit: Visit, Path(project): Path<String>) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::EditProject).await?;
    show(&visit, &project, role, None).await
}

async fn show(visit: &Visit, project: &Project, role: Role, made: Option<String>) -> Result<Response> {
    let (l, now, links) = (visit.lang, visit.state.now(), &visit.state.links);
    let utc = zone_or_utc("UTC");
    let moment = |at| when(l, at, &utc, ago(l, at, now));
    let row = |key: Listed| Row {
        id: key.id,
        hint: key.hint,
        scope: l.t(&format!("key-scope-{}", key.scope.as_str())),
        made: moment(key.created_at),
        used: key.used_at.map(moment),
    };
    let rows: Vec<Row> = keys::list(&visit.state.db, project.id).await?.into_iter().rev().map(row).collect();
    page(&Page {
        s: Shell::of(visit, project, role, "keys").await?,
        made,
        room: rows.len() < MAX_PER_PROJECT,
        form: secret::token(),
        rows,
        ping_url: project
            .ping_key
            .as_ref()
            .map_or_else(String::new, |key| links.to(&format!("/ping/{key}/"))),
        ping_key: project.ping_key.clone(),
        api_url: links.to("/api/v3/checks/"),
        metrics_url: links.to(&format!("/projects/{}/metrics/", project.uuid)),
    })
}

/// `POST /projects/{project}/keys`: makes a key and shows it, this once.
pub async fn make(visit: Visit, Path(project): Path<String>, fields: Fields) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::EditProject).await?;
    let Some(scope @ (Scope::ReadWrite | Scope::ReadOnly)) = Scope::named(fields.get("scope")) else {
        return Err(AppError::BadRequest);
    };
    let db = &visit.state.db;
    let known = keys::list(db, project.id).await?;
    let form = format!("key {} {}", project.id, fields.get("form"));
    let key = secret::api_key_of_form(scope, &user_token::secret(db).await?, &form);
    let (hash, hint) = (secret::digest(&key), secret::hint(&key));
    if keys::find(db, &hash).await?.is_none() {
        if known.len() >= MAX_PER_PROJECT {
            return Err(AppError::TooMany(None));
        }
        match keys::insert(db, Some(project.id), scope, &hash, &hint, visit.state.now()).await {
            Ok(_) | Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    show(&visit, &project, role, Some(key)).await
}

fn back(visit: &Visit, project: &Project, done: &str) -> Response {
    let path = format!("/projects/{}/keys?done={done}", project.uuid);
    Redirect::to(&visit.state.links.local(&path)).into_response()
}

/// The key of this project that an address names.
async fn find(visit: &Visit, project: &Project, id: &str) -> Result<Listed> {
    let id: i64 = id.parse().map_err(|_| AppError::NotFound)?;
    let all = keys::list(&visit.state.db, project.id).await?;
    all.into_iter().find(|key| key.id == id).ok_or(AppError::NotFound)
}

/// `GET /projects/{project}/keys/{key}/revoke`: asks once more.
pub async fn ask_revoke(visit: Visit, Path((project, id)): Path<(String, String)>) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::EditProject).await?;
    let key = find(&visit, &project, &id).await?;
    let (l, now) = (visit.lang, visit.state.now());
    let s = Shell::of(&visit, &project, role, "keys").await?;
    let used = match key.used_at {
        Some(at) => l.ta("key-used", &[("ago", &ago(l, at, now))]),
        None => l.t("key-never-used"),
    };
    page(&Confirm {
        title: l.ta("key-revoke-title", &[("key", &key.hint)]),
        text: l.ta("key-revoke-text", &[("used", &used)]),
        action: s.in_project(&format!("/keys/{}/revoke", key.id)),
        button: l.t("key-revoke"),
        back: s.in_project("/keys"),
        s,
    })
}

/// `POST /projects/{project}/keys/{key}/revoke`
pub async fn revoke(visit: Visit, Path((project, id)): Path<(String, String)>) -> Result<Response> {
    let (project, _) = visit.project(&project, Action::EditProject).await?;
    let key = find(&visit, &project, &id).await?;
    keys::revoke(&visit.state.db, project.id, key.id).await?;
    Ok(back(&visit, &project, "key-revoked"))
}

/// `GET /projects/{project}/keys/ping`: asks before a ping key is replaced.
pub async fn ask_ping_key(visit: Visit, Path(project): Path<String>) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::EditProject).await?;
    let l = visit.lang;
    let s = Shell::of(&visit, &project, role, "keys").await?;
    page(&Confirm {
        title: l.t("ping-key-replace-title"),
        text: l.t("ping-key-replace-text"),
        action: s.in_project("/keys/ping"),
        button: l.t("ping-key-replace"),
        back: s.in_project("/keys"),
        s,
    })
}

/// `POST /projects/{project}/keys/ping`: makes a ping key, in the place of an older one.
pub async fn make_ping_key(visit: Visit, Path(project): Path<String>) -> Result<Response> {
    let (project, _) = visit.project(&project, Action::EditProject).await?;
    projects::set_ping_key(&visit.state.db, project.id, &rng::token(PING_KEY_LEN)).await?;
    Ok(back(&visit, &project, "ping-key-made"))
}
