//! Which chats have written to a Telegram bot: asked for when a channel is set up, without a public address.
use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::channel_form::sentence_case;
use crate::auth::throttle::Who;
use crate::core::access::{Action, Role};
use crate::net::proxy;
use crate::notify::kinds::{Heard, ask_chats, read_chats};
use crate::notify::{FieldError, Settings};
use crate::store::projects::Project;
use crate::web::error::{AppError, Result};
use crate::web::extract::{Fields, Visit};
use crate::web::view::{Shell, page};

#[derive(Template)]
#[template(path = "channels/telegram.html")]
struct Page {
    s: Shell,
    token: String,
    url: String,
    proxy: String,
    /// What is wrong with what was typed, or what Telegram said.
    fault: Option<String>,
    /// None before anybody was asked.
    chats: Option<Vec<Heard>>,
    language: &'static str,
}

async fn draw(
    visit: &Visit,
    project: &Project,
    role: Role,
    fields: &Fields,
    found: Option<std::result::Result<Vec<Heard>, String>>,
) -> Result<Response> {
    let (chats, fault) = match found {
        None => (None, None),
        Some(Ok(chats)) => (Some(chats), None),
        Some(Err(fault)) => (None, Some(fault)),
    };
    page(&Page {
        s: Shell::of(visit, project, role, "channels").await?,
        token: fields.get("token").to_owned(),
        url: fields.get("url").to_owned(),
        proxy: fields.get("proxy").to_owned(),
        fault,
        chats,
        language: visit.lang.code(),
    })
}

/// `GET /projects/{project}/channels/telegram`
pub async fn get(visit: Visit, Path(project): Path<String>) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::EditChannels).await?;
    draw(&visit, &project, role, &Fields::default(), None).await
}

/// `POST /projects/{project}/channels/telegram`: asks Telegram once.
pub async fn post(visit: Visit, Path(project): Path<String>, fields: Fields) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::EditChannels).await?;
    let who = Who::Account(visit.user()?.email.clone());
    visit
        .state
        .guesses
        .test_send
        .take(who, visit.state.now())
        .map_err(|wait| AppError::TooMany(Some(wait)))?;
    let found = ask(&visit, &fields).await;
    draw(&visit, &project, role, &fields, Some(found)).await
}

async fn ask(visit: &Visit, fields: &Fields) -> std::result::Result<Vec<Heard>, String> {
    let l = visit.lang;
    let settings: Settings =
        ["token", "url"].into_iter().map(|name| (name.to_owned(), fields.get(name).to_owned())).collect();
    let wrong = |fault: FieldError| sentence_case(&fault.words(l));
    let proxy = match fields.get("proxy") {
        "" => None,
        text => Some(proxy::read(text).ok_or_else(|| wrong(FieldError::new("proxy", "proxy", "")))?),
    };
    let request = ask_chats(&settings).map_err(wrong)?;
    let failed = |reason: String| l.ta("telegram-failed", &[("reason", &reason)]);
    let reply = visit.state.post.outbound.send(request, &[], proxy.as_ref()).await;
    read_chats(&reply.map_err(|error| failed(error.to_string()))?).map_err(|error| failed(error.to_string()))
}
