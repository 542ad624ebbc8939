//! Adding and editing a channel. The form is made from the kind's fields.
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use super::channel_relations::{self, Asked, Relations};
use super::channels::known;
use crate::core::access::{Action, Role};
use crate::i18n::Lang;
use crate::notify::{self, Driver, Input, Settings, mask, members};
use crate::store::channels::{self, Channel, New};
use crate::store::projects::Project;
use crate::web::error::Result;
use crate::web::extract::{Fields, Visit};
use crate::web::view::{Shell, page};

#[derive(Template)]
#[template(path = "channels/form.html")]
struct Page {
    s: Shell,
    title: String,
    about: String,
    /// What to do on the other side, step by step.
    steps: Vec<String>,
    action: String,
    name: String,
    name_error: Option<String>,
    language: Lang,
    inputs: Vec<Field>,
    relations: Relations,
    members_error: Option<String>,
    is_new: bool,
    for_all: bool,
    no_mail: bool,
}

/// One field of the form.
struct Field {
    id: String,
    label: String,
    hint: String,
    /// `text`, `email`, `url`, `lines`, `zone` or `choice`.
    input: &'static str,
    choices: &'static [&'static str],
    value: String,
    /// What is stored and not shown: kept when the field stays empty.
    kept: Option<String>,
    required: bool,
    error: Option<String>,
}

struct Draft<'a> {
    driver: &'static Driver,
    channel: Option<&'a Channel>,
    name: String,
    language: Lang,
    given: Settings,
    for_all: bool,
    name_error: Option<String>,
    wrong: Option<notify::FieldError>,
    asked: Asked,
}

async fn draw(visit: &Visit, project: &Project, role: Role, draft: Draft<'_>) -> Result<Response> {
    let l = visit.lang;
    let s = Shell::of(visit, project, role, "channels").await?;
    let stored = draft.channel.map(Channel::settings).unwrap_or_default();
    let kind = draft.driver.kind;
    let inputs = draft
        .driver
        .all_fields()
        .filter(|field| field.input != Input::Channels)
        .map(|field| {
            let kept = stored.get(field.name).filter(|_| field.secret).map(|secret| mask(secret));
            Field {
                id: field.name.to_owned(),
                label: l.t(&draft.driver.label_key(field.name)),
                hint: l.t(&format!("{}-hint", draft.driver.label_key(field.name))),
                input: match field.input {
                    Input::Text | Input::Channels => "text",
                    Input::Email => "email",
                    Input::Url => "url",
                    Input::Lines => "lines",
                    Input::Zone => "zone",
                    Input::Choice(_) => "choice",
                },
                choices: match field.input {
                    Input::Choice(choices) => choices,
                    _ => &[],
                },
                value: draft.given.get(field.name).cloned().unwrap_or_default(),
                required: field.required && kept.is_none(),
                kept,
                error: draft
                    .wrong
                    .as_ref()
                    .filter(|wrong| wrong.field == field.name)
                    .map(|wrong| sentence_case(&wrong.words(l))),
            }
        })
        .collect();
    let word = l.t(&format!("channel-kind-{kind}"));
    let (title, action) = if let Some(channel) = draft.channel {
        let title = l.ta("channel-edit-title", &[("name", &channel.name)]);
        (title, s.to(&format!("/channels/{}/edit", channel.uuid)))
    } else {
        let title = l.ta("channel-add-title", &[("kind", &word)]);
        (title, s.in_project(&format!("/channels/new/{kind}")))
    };
    let members = draft.given.get("members").map_or("", String::as_str);
    let state = &visit.state;
    let relations =
        channel_relations::draw(state, l, project.id, kind, draft.channel, members, &draft.asked).await?;
    let wrong_member = draft.wrong.as_ref().filter(|wrong| wrong.field == "members");
    page(&Page {
        relations,
        members_error: wrong_member.map(|wrong| sentence_case(&wrong.words(l))),
        s,
        title,
        about: l.t(&format!("channel-about-{kind}")),
        steps: l.t(&format!("channel-steps-{kind}")).lines().map(str::to_owned).collect(),
        action,
        name: draft.name,
        name_error: draft.name_error,
        language: draft.language,
        inputs,
        is_new: draft.channel.is_none(),
        for_all: draft.for_all,
        no_mail: kind == "email" && !visit.state.post.mailer.is_configured(),
    })
}

/// `GET /projects/{project}/channels/new/{kind}`
pub async fn new(visit: Visit, Path((project, kind)): Path<(String, String)>) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::EditChannels).await?;
    let driver = known(&kind)?;
    let mut given = Settings::new();
    if driver.kind == "email" {
        given.insert("to".to_owned(), visit.user()?.email.clone());
    }
    let draft = Draft {
        driver,
        channel: None,
        name: visit.lang.t(&format!("channel-kind-{kind}")),
        language: visit.lang,
        given,
        for_all: true,
        name_error: None,
        wrong: None,
        asked: Asked::default(),
    };
    draw(&visit, &project, role, draft).await
}

/// Words of a refusal as they stand alone, under their field.
fn sentence_case(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// What a form says, over what is stored: an empty secret stays as it is.
fn given(driver: &Driver, fields: &Fields, stored: &Settings) -> Settings {
    let mut settings = Settings::new();
    for field in driver.all_fields() {
        let text = match field.input {
            Input::Lines => fields.raw(field.name).replace("\r\n", "\n"),
            Input::Channels => fields.all(field.name).collect::<Vec<_>>().join("\n"),
            _ => fields.get(field.name).to_owned(),
        };
        let forget = fields.has(&format!("forget_{}", field.name));
        let kept = stored.get(field.name).filter(|_| field.secret && text.trim().is_empty() && !forget);
        settings.insert(field.name.to_owned(), kept.cloned().unwrap_or(text));
    }
    settings
}

/// Settings as they may be saved, or which field is wrong and why.
async fn accept(
    visit: &Visit,
    project: &Project,
    driver: &Driver,
    given: &Settings,
) -> Result<std::result::Result<Settings, notify::FieldError>> {
    match notify::accept(driver, given, &visit.state.post.outbound).await {
        Ok(settings) => Ok(members::resolve(&visit.state.db, project.id, driver, settings).await?),
        Err(error) => Ok(Err(error)),
    }
}

fn name_error(l: Lang, name: &str) -> Option<String> {
    match name.chars().count() {
        0 => Some(l.t("field-error-required")),
        101.. => Some(l.ta("field-error-too-long", &[("limit", "100")])),
        _ => None,
    }
}

/// `POST /projects/{project}/channels/new/{kind}`
pub async fn make(
    visit: Visit,
    Path((project, kind)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::EditChannels).await?;
    let driver = known(&kind)?;
    let (state, l) = (&visit.state, visit.lang);
    let name = fields.get("name").to_owned();
    let language = Lang::named(fields.get("language")).unwrap_or(l);
    let given = given(driver, &fields, &Settings::new());
    let accepted = accept(&visit, &project, driver, &given).await?;
    let for_all = fields.has("for_all");
    let asked = Asked::read(&fields);
    match (accepted, name_error(l, &name)) {
        (Ok(settings), None) => {
            let new = New { kind: driver.kind, name: &name, settings: &settings, language: language.code() };
            let channel = channels::create(&state.db, project.id, &new, for_all, state.now()).await?;
            asked.save(state, &channel).await?;
            let path = format!("/projects/{}/channels?done=channel-made", project.uuid);
            Ok(Redirect::to(&state.links.local(&path)).into_response())
        }
        (accepted, name_error) => {
            let wrong = accepted.err();
            let draft =
                Draft { driver, channel: None, name, language, given, for_all, name_error, wrong, asked };
            draw(&visit, &project, role, draft).await
        }
    }
}

/// `GET /channels/{channel}/edit`
pub async fn edit(visit: Visit, Path(uuid): Path<String>) -> Result<Response> {
    let (channel, project, role) = visit.channel(&uuid, Action::EditChannels).await?;
    let driver = known(&channel.kind)?;
    let shown = channel
        .settings()
        .into_iter()
        .filter(|(name, _)| !driver.all_fields().any(|field| field.name == name && field.secret))
        .collect();
    let draft = Draft {
        driver,
        name: channel.name.clone(),
        language: Lang::named(&channel.language).unwrap_or(visit.lang),
        channel: Some(&channel),
        given: shown,
        for_all: false,
        name_error: None,
        wrong: None,
        asked: Asked::of(&visit.state.db, &channel).await?,
    };
    draw(&visit, &project, role, draft).await
}

/// `POST /channels/{channel}/edit`
pub async fn save(visit: Visit, Path(uuid): Path<String>, fields: Fields) -> Result<Response> {
    let (channel, project, role) = visit.channel(&uuid, Action::EditChannels).await?;
    let driver = known(&channel.kind)?;
    let (state, l) = (&visit.state, visit.lang);
    let name = fields.get("name").to_owned();
    let language = Lang::named(fields.get("language")).unwrap_or(l);
    let given = given(driver, &fields, &channel.settings());
    let asked = Asked::read(&fields);
    let accepted = accept(&visit, &project, driver, &given).await?;
    match (accepted, name_error(l, &name)) {
        (Ok(settings), None) => {
            channels::update(&state.db, channel.id, &name, &settings, language.code()).await?;
            asked.save(state, &channel).await?;
            let path = format!("/projects/{}/channels?done=channel-saved", project.uuid);
            Ok(Redirect::to(&state.links.local(&path)).into_response())
        }
        (accepted, name_error) => {
            // What was typed comes back, but what was stored and hidden stays hidden.
            let stored = channel.settings();
            let given = given.into_iter().filter(|(name, value)| stored.get(name) != Some(value)).collect();
            let wrong = accepted.err();
            let draft = Draft {
                driver,
                channel: Some(&channel),
                name,
                language,
                given,
                for_all: false,
                name_error,
                wrong,
                asked,
            };
            draw(&visit, &project, role, draft).await
        }
    }
}
