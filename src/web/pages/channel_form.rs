//! Adding and editing a channel. The form is made from the kind's fields.
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use super::channel_preview::Preview;
use super::channel_relations::{self, Asked, Relations};
use super::channels::known;
use crate::core::access::{Action, Role};
use crate::core::schedule::zone_names;
use crate::core::text::one_line;
use crate::i18n::Lang;
use crate::notify::{self, Driver, Input, Settings, Shared, consent, mask, members, template};
use crate::store::channels::{self, Channel, New, Reader};
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
    /// What everybody fills in.
    inputs: Vec<Field>,
    relations: Relations,
    members_error: Option<String>,
    /// What few need.
    more: Folded,
    /// The settings of the messages' words, and how those read.
    words: Folded,
    preview: Option<Preview>,
    names: &'static [&'static str],
    filters: &'static [&'static str],
    zones: Vec<&'static str>,
    is_new: bool,
    for_all: bool,
    no_mail: bool,
    /// Where a new channel of this kind finds its recipient.
    finder: Option<String>,
}

/// Fields that are out of the way until something is in one of them.
struct Folded {
    fields: Vec<Field>,
    open: bool,
}

impl Folded {
    fn new(fields: Vec<Field>) -> Self {
        let used = |field: &Field| field.error.is_some() || field.kept.is_some() || !field.value.is_empty();
        Self { open: fields.iter().any(used), fields }
    }
}

/// One field of the form.
struct Field {
    id: String,
    label: String,
    hint: String,
    /// `text`, `email`, `url`, `lines`, `zone` or `choice`.
    input: &'static str,
    /// Each value and its word.
    choices: Vec<(&'static str, String)>,
    rows: usize,
    value: String,
    /// What is stored and not shown: kept when the field stays empty.
    kept: Option<String>,
    /// What is kept is to go.
    forget: bool,
    required: bool,
    error: Option<String>,
}

impl Field {
    fn new(l: Lang, draft: &Draft<'_>, stored: &Settings, field: &notify::Field) -> Self {
        let label = draft.driver.label_key(field.name);
        let kept = stored.get(field.name).filter(|_| field.secret).map(|secret| mask(secret));
        let value = draft.given.get(field.name).cloned().unwrap_or_default();
        let word = |choice: &&'static str| {
            let key = format!("{label}-{choice}");
            (*choice, if l.knows(&key) { l.t(&key) } else { (*choice).to_owned() })
        };
        let wrong = draft.wrong.as_ref().filter(|wrong| wrong.field == field.name);
        Self {
            id: field.name.to_owned(),
            label: l.t(&label),
            hint: l.t(&format!("{label}-hint")),
            input: match field.input {
                Input::Text | Input::Channels => "text",
                Input::Email => "email",
                Input::Url => "url",
                Input::Lines => "lines",
                Input::Zone => "zone",
                Input::Choice(_) => "choice",
            },
            choices: match field.input {
                Input::Choice(choices) => choices.iter().map(word).collect(),
                _ => Vec::new(),
            },
            rows: value.lines().count().clamp(2, 12),
            value,
            required: field.required && kept.is_none(),
            kept,
            forget: draft.forgotten.iter().any(|name| name == field.name),
            error: wrong.map(|wrong| sentence_case(&wrong.words(l))),
        }
    }
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
    /// Fields whose stored value is to go.
    forgotten: Vec<String>,
    /// The preview was asked for.
    previewed: bool,
}

async fn draw(visit: &Visit, project: &Project, role: Role, draft: Draft<'_>) -> Result<Response> {
    let l = visit.lang;
    let s = Shell::of(visit, project, role, "channels").await?;
    let stored = draft.channel.map(Channel::settings).unwrap_or_default();
    let kind = draft.driver.kind;
    let in_words =
        |field: &notify::Field| Shared::Words.fields().iter().any(|known| known.name == field.name);
    let rare =
        |field: &notify::Field| field.rare || !draft.driver.fields.iter().any(|own| own.name == field.name);
    let fields = |wanted: &dyn Fn(&notify::Field) -> bool| -> Vec<Field> {
        let own = |field: &&notify::Field| field.input != Input::Channels && wanted(field);
        let all = draft.driver.all_fields().filter(own);
        all.map(|field| Field::new(l, &draft, &stored, field)).collect()
    };
    let mut words = Folded::new(fields(&in_words));
    words.open |= draft.previewed;
    let preview = if words.fields.is_empty() {
        None
    } else {
        let told = draft.wrong.as_ref().map(|wrong| wrong.field.as_str());
        Some(Preview::of(visit, project, &draft.given, draft.language, told).await?)
    };
    let word = l.t(&format!("channel-kind-{kind}"));
    let (title, action) = if let Some(channel) = draft.channel {
        let title = l.ta("channel-edit-title", &[("name", &channel.name)]);
        (title, s.to(&format!("/channels/{}/edit", channel.uuid)))
    } else {
        let title = l.ta("channel-add-title", &[("kind", &word)]);
        (title, s.in_project(&format!("/channels/new/{kind}")))
    };
    let finder = (kind == "telegram" && draft.channel.is_none()).then(|| s.in_project("/channels/telegram"));
    let members = draft.given.get("members").map_or("", String::as_str);
    let state = &visit.state;
    let relations =
        channel_relations::draw(state, l, project.id, kind, draft.channel, members, &draft.asked).await?;
    let wrong_member = draft.wrong.as_ref().filter(|wrong| wrong.field == "members");
    page(&Page {
        finder,
        relations,
        members_error: wrong_member.map(|wrong| sentence_case(&wrong.words(l))),
        s,
        title,
        about: l.t(&format!("channel-about-{kind}")),
        steps: l.t(&format!("channel-steps-{kind}")).lines().map(str::to_owned).collect(),
        action,
        name: draft.name.clone(),
        name_error: draft.name_error.clone(),
        language: draft.language,
        inputs: fields(&|field| !rare(field)),
        more: Folded::new(fields(&|field| rare(field) && !in_words(field))),
        words,
        preview,
        names: template::NAMES,
        filters: template::FILTERS,
        zones: zone_names(),
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
        forgotten: Vec::new(),
        previewed: false,
    };
    draw(&visit, &project, role, draft).await
}

/// Words of a refusal as they stand alone. Names in them are quoted: they keep their case.
pub(super) fn sentence_case(words: &str) -> String {
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

/// The secrets that the form left as they are stored.
fn kept(driver: &Driver, fields: &Fields, stored: &Settings) -> Vec<String> {
    let stays = |name: &str| {
        stored.contains_key(name)
            && fields.raw(name).trim().is_empty()
            && !fields.has(&format!("forget_{name}"))
    };
    let secrets = driver.all_fields().filter(|field| field.secret);
    secrets.map(|field| field.name.to_owned()).filter(|name| stays(name)).collect()
}

/// What was typed comes back, but what was stored and hidden stays hidden.
fn typed(driver: &Driver, channel: &Channel, given: Settings) -> Settings {
    let stored = channel.settings();
    let secret = |name: &str| driver.all_fields().any(|field| field.name == name && field.secret);
    given.into_iter().filter(|(name, value)| !secret(name) || stored.get(name) != Some(value)).collect()
}

/// The fields whose stored value is to go.
fn forgotten(driver: &Driver, fields: &Fields) -> Vec<String> {
    let names = driver.all_fields().map(|field| field.name.to_owned());
    names.filter(|name| fields.has(&format!("forget_{name}"))).collect()
}

fn name_error(l: Lang, name: &str) -> Option<String> {
    match name.chars().count() {
        0 => Some(l.t("field-error-required")),
        101.. => Some(l.ta("field-error-too-long", &[("limit", "100")])),
        _ => None,
    }
}

/// Settings as they may be saved, and what they mean for who reads there; or which field is wrong. `counts`: they will
/// be saved, so that a mail which asks somebody counts.
async fn accept(
    visit: &Visit,
    project_id: i64,
    driver: &Driver,
    given: &Settings,
    channel: Option<&Channel>,
    counts: bool,
) -> Result<Result<(Settings, Reader), notify::FieldError>> {
    let state = &visit.state;
    let settings = match notify::accept(driver, given, &state.post.outbound).await {
        Ok(settings) => match members::resolve(&state.db, project_id, driver, settings).await? {
            Ok(settings) => settings,
            Err(wrong) => return Ok(Err(wrong)),
        },
        Err(wrong) => return Ok(Err(wrong)),
    };
    let reader = match channel {
        Some(channel) => consent::change(&state.db, channel, &settings).await?,
        None if consent::must_ask(&state.db, project_id, driver.kind, &settings).await? => Reader::Asked,
        None => Reader::Known,
    };
    if counts && reader == Reader::Asked {
        let address = consent::reader(driver.kind, &settings).unwrap_or_default();
        if state.guesses.may_ask(project_id, &address, state.now()).is_err() {
            return Ok(Err(notify::FieldError::new("to", "asked-too-often", address)));
        }
    }
    Ok(Ok((settings, reader)))
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
    let name = one_line(fields.get("name"));
    let language = Lang::named(fields.get("language")).unwrap_or(l);
    let given = given(driver, &fields, &Settings::new());
    let for_all = fields.has("for_all");
    let asked = Asked::read(&fields);
    if fields.has("preview") {
        let draft = Draft {
            driver,
            channel: None,
            name,
            language,
            given,
            for_all,
            name_error: None,
            wrong: None,
            forgotten: Vec::new(),
            previewed: true,
            asked,
        };
        return draw(&visit, &project, role, draft).await;
    }
    let name_error = name_error(l, &name);
    let accepted = accept(&visit, project.id, driver, &given, None, name_error.is_none()).await?;
    match (accepted, name_error) {
        (Ok((settings, reader)), None) => {
            let (language, asks) = (language.code(), reader == Reader::Asked);
            let new = New { kind: driver.kind, name: &name, settings: &settings, language, asks };
            let channel = channels::create(&state.db, project.id, &new, for_all, state.now()).await?;
            asked.save(state, &channel).await?;
            let done = if asks { "channel-asks" } else { "channel-made" };
            let path = format!("/projects/{}/channels?done={done}", project.uuid);
            Ok(Redirect::to(&state.links.local(&path)).into_response())
        }
        (accepted, name_error) => {
            let wrong = accepted.err();
            let draft = Draft {
                driver,
                channel: None,
                name,
                language,
                given,
                for_all,
                name_error,
                wrong,
                forgotten: Vec::new(),
                previewed: false,
                asked,
            };
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
        forgotten: Vec::new(),
        previewed: false,
    };
    draw(&visit, &project, role, draft).await
}

/// `POST /channels/{channel}/edit`
pub async fn save(visit: Visit, Path(uuid): Path<String>, fields: Fields) -> Result<Response> {
    let (channel, project, role) = visit.channel(&uuid, Action::EditChannels).await?;
    let driver = known(&channel.kind)?;
    let (state, l) = (&visit.state, visit.lang);
    let name = one_line(fields.get("name"));
    let language = Lang::named(fields.get("language")).unwrap_or(l);
    let given = given(driver, &fields, &channel.settings());
    let asked = Asked::read(&fields);
    if fields.has("preview") {
        let draft = Draft {
            driver,
            channel: Some(&channel),
            name,
            language,
            given: typed(driver, &channel, given),
            for_all: false,
            name_error: None,
            wrong: None,
            forgotten: forgotten(driver, &fields),
            previewed: true,
            asked,
        };
        return draw(&visit, &project, role, draft).await;
    }
    let name_error = name_error(l, &name);
    let accepted = accept(&visit, project.id, driver, &given, Some(&channel), name_error.is_none()).await?;
    let stored = channel.settings();
    let accepted = accepted.and_then(|(settings, reader)| {
        notify::stay(driver, &stored, &settings, &kept(driver, &fields, &stored))?;
        Ok((settings, reader))
    });
    match (accepted, name_error) {
        (Ok((settings, reader)), None) => {
            let (db, now) = (&state.db, state.now());
            channels::update(db, channel.id, &name, &settings, language.code(), reader, now).await?;
            asked.save(state, &channel).await?;
            let done = if reader == Reader::Asked { "channel-asks" } else { "channel-saved" };
            let path = format!("/projects/{}/channels?done={done}", project.uuid);
            Ok(Redirect::to(&state.links.local(&path)).into_response())
        }
        (accepted, name_error) => {
            let given = typed(driver, &channel, given);
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
                forgotten: forgotten(driver, &fields),
                previewed: false,
            };
            draw(&visit, &project, role, draft).await
        }
    }
}
