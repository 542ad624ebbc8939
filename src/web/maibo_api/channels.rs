//! `channels`: list, make, show, change, delete, and a test message.
use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderName};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PREFIX;
use super::caller::Caller;
use super::problem::{FieldError, Reading, Refusal, Result, Working, Writing};
use super::sent::{At, Patch, Sent, present};
use crate::core::access::{Action, Role, allows};
use crate::core::text::one_line;
use crate::i18n::Lang;
use crate::notify::canary;
use crate::notify::consent;
use crate::notify::outcome::Sent as Delivered;
use crate::notify::trial::{self, Trial};
use crate::notify::{self, DRIVERS, Driver, Settings, driver, mask, members};
use crate::store::channels::{self, Channel, GROUP, New, Reader};
use crate::store::outbox::{self, LastAttempt};
use crate::store::projects::{self, Project};
use crate::store::{canaries, consents};

/// Longest name, in characters.
const MAX_NAME: usize = 100;

/// Where alerts go.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Channel)]
pub(super) struct ChannelJson {
    #[schema(value_type = uuid::Uuid)]
    uuid: String,
    /// The project's UUID.
    #[schema(value_type = uuid::Uuid)]
    project: String,
    name: String,
    /// `email`, `webhook`, `wecom`, …
    kind: String,
    /// Of its messages.
    language: LanguageWord,
    /// By field, as the kind has them. Secrets are masked: `693a…aa`. null for those who may only read.
    #[schema(value_type = Option<BTreeMap<String, String>>, required = true)]
    settings: Option<Settings>,
    /// Why it can no longer work, as the other side said; null while it can.
    #[schema(required = true)]
    broken: Option<String>,
    /// Whether the reader of a mail address wants its mails: `asked`, by a mail with a link, and alerts wait for a day;
    /// `given`; or `withdrawn`, by unsubscribing. null where nobody need be asked.
    #[schema(required = true)]
    consent: Option<ConsentWord>,
    /// The channel that gets what this one could not deliver.
    #[schema(value_type = Option<uuid::Uuid>, required = true)]
    fallback: Option<String>,
    /// Whether a message is sent now and then only to see that it works.
    canary: CanaryWord,
    /// How many checks tell it.
    checks: i64,
    /// The newest attempt at it.
    #[schema(required = true)]
    last_attempt: Option<LastAttemptJson>,
}

/// The newest attempt at a channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LastAttempt)]
struct LastAttemptJson {
    at: DateTime<Utc>,
    /// `sent`, `retry` or `dead`.
    outcome: String,
    detail: String,
}

/// What is known of the reader's will.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Consent)]
enum ConsentWord {
    Asked,
    Given,
    Withdrawn,
}

impl From<consents::State> for ConsentWord {
    fn from(state: consents::State) -> Self {
        match state {
            consents::State::Asked => Self::Asked,
            consents::State::Given => Self::Given,
            consents::State::Withdrawn => Self::Withdrawn,
        }
    }
}

/// The language of messages.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Language)]
enum LanguageWord {
    #[serde(rename = "en")]
    En,
    #[serde(rename = "zh-CN")]
    ZhCn,
}

impl From<LanguageWord> for Lang {
    fn from(word: LanguageWord) -> Self {
        match word {
            LanguageWord::En => Self::En,
            LanguageWord::ZhCn => Self::ZhCn,
        }
    }
}

impl From<Lang> for LanguageWord {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => Self::En,
            Lang::ZhCn => Self::ZhCn,
        }
    }
}

/// How often a message is sent only to see that the channel works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Canary)]
enum CanaryWord {
    Off,
    Weekly,
}

/// The channels of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChannelList {
    /// Oldest first.
    channels: Vec<ChannelJson>,
}

/// A channel to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"kind": "webhook", "name": "ops", "settings": {"url_down": "https://example.org/alert"}})))]
pub(super) struct NewChannel {
    /// The word for a kind of channel; see `settings`.
    #[schema(examples("wecom"))]
    kind: String,
    #[schema(min_length = 1, max_length = 100, examples("ops"))]
    name: String,
    /// English when absent.
    #[serde(default)]
    #[schema(value_type = Option<LanguageWord>)]
    language: Option<LanguageWord>,
    /// By field, as the kind has them: `email`: `to`. `wecom`: `url` or `key`. `webhook`: `url_down`, `method_down`,
    /// `headers_down`, `body_down`, and the same with `_up`. A kind's other fields are named when one is unknown.
    settings: BTreeMap<String, String>,
    /// Every check of the project tells it from now on.
    #[serde(default)]
    for_all: bool,
    /// The channel that gets what this one could not deliver: another of the project, and no group.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    fallback: Option<String>,
    /// `off` when absent. A group has none: each member has its own.
    #[serde(default)]
    #[schema(value_type = Option<CanaryWord>)]
    canary: Option<CanaryWord>,
}

/// What is wanted of a channel. A field that is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, min_length = 1, max_length = 100, examples("ops"))]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = LanguageWord)]
    language: Option<LanguageWord>,
    /// Fields that are absent stay as they are, as does a secret that is sent back masked; null takes one away.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    settings: BTreeMap<String, Patch<String>>,
    /// The channel that gets what this one could not deliver: another of the project, and no group. null: none does.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    fallback: Patch<String>,
    /// A group has none: each member has its own.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = CanaryWord)]
    canary: Option<CanaryWord>,
}

/// What became of a test message.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tested {
    outcome: TestOutcome,
    /// The other side's words, or what went wrong on the way.
    detail: String,
}

/// What became of a test message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum TestOutcome {
    /// The other side took it.
    Sent,
    Failed,
    /// The channel is told about no side.
    Nothing,
}

/// What may be shown of settings: secrets masked.
fn shown(settings: Settings, driver: Option<&Driver>) -> Settings {
    let secret = |name: &str| {
        driver.is_none_or(|driver| driver.all_fields().any(|field| field.name == name && field.secret))
    };
    settings
        .into_iter()
        .map(|(name, value)| if secret(&name) { (name, mask(&value)) } else { (name, value) })
        .collect()
}

/// What more than the rows themselves a list tells.
struct Around {
    all: Vec<Channel>,
    uses: BTreeMap<i64, i64>,
    attempts: Vec<LastAttempt>,
}

impl Around {
    async fn of(caller: &Caller, project: &Project) -> Result<Self> {
        let uses = channels::uses(caller.db(), project.id).await?;
        let attempts = outbox::last_attempts(caller.db(), project.id).await?;
        Ok(Self { all: channels::list(caller.db(), project.id).await?, uses, attempts })
    }

    fn channel(&self, channel: &Channel, project: &Project, role: Role) -> ChannelJson {
        let last = self.attempts.iter().find(|attempt| attempt.channel_id == channel.id);
        let fallback = self.all.iter().find(|other| Some(other.id) == channel.fallback_id);
        let knows_secrets = allows(Some(role), Action::EditChannels);
        ChannelJson {
            uuid: channel.uuid.clone(),
            project: project.uuid.clone(),
            name: channel.name.clone(),
            kind: channel.kind.clone(),
            language: Lang::named(&channel.language).unwrap_or_default().into(),
            settings: knows_secrets.then(|| shown(channel.settings(), driver(&channel.kind))),
            broken: Some(channel.broken.clone()).filter(|why| !why.is_empty()),
            consent: channel.consent().map(ConsentWord::from),
            fallback: fallback.map(|fallback| fallback.uuid.clone()),
            canary: if channel.canary_at().is_some() { CanaryWord::Weekly } else { CanaryWord::Off },
            checks: self.uses.get(&channel.id).copied().unwrap_or(0),
            last_attempt: last.map(|attempt| LastAttemptJson {
                at: attempt.at(),
                outcome: attempt.outcome.clone(),
                detail: attempt.detail.clone(),
            }),
        }
    }
}

/// The channel as it is now.
async fn reread(caller: &Caller, uuid: &str, role: Role) -> Result<Json<ChannelJson>> {
    let channel = channels::by_uuid(caller.db(), uuid).await?.ok_or(Refusal::NotFound)?;
    let project = projects::by_id(caller.db(), channel.project_id).await?.ok_or(Refusal::NotFound)?;
    let around = Around::of(caller, &project).await?;
    Ok(Json(around.channel(&channel, &project, role)))
}

fn read_name(name: &str) -> Result<String, FieldError> {
    let name = name.replace('\0', "").trim().to_owned();
    if one_line(&name).is_empty() {
        return Err(FieldError::new("name", "must not be empty"));
    }
    if name.chars().count() > MAX_NAME {
        return Err(FieldError::new("name", format!("must have at most {MAX_NAME} characters")));
    }
    Ok(name)
}

/// Settings as they may be saved; without the NUL that cannot be stored everywhere.
async fn accept(
    caller: &Caller,
    project_id: i64,
    driver: &Driver,
    given: Settings,
) -> Result<Result<Settings, FieldError>> {
    let given = given.into_iter().map(|(name, value)| (name, value.replace('\0', ""))).collect();
    let accepted = match notify::accept(driver, &given, &caller.state.post.outbound).await {
        Ok(settings) => members::resolve(caller.db(), project_id, driver, settings).await?,
        Err(error) => Err(error),
    };
    Ok(accepted.map_err(|wrong| of_setting(&wrong)))
}

fn of_setting(wrong: &notify::FieldError) -> FieldError {
    FieldError::new(format!("settings.{}", wrong.field), wrong.words(Lang::En))
}

/// What a channel does besides sending, as it is wanted.
struct Besides {
    /// The number of the fallback; `Reset`: none.
    fallback: Patch<i64>,
    canary: Option<CanaryWord>,
}

impl Besides {
    /// `own`: the channel's UUID, where it has one already.
    async fn read(
        caller: &Caller,
        project_id: i64,
        kind: &str,
        own: Option<&str>,
        fallback: Patch<String>,
        canary: Option<CanaryWord>,
    ) -> Result<Result<Self, Vec<FieldError>>> {
        let is_group = kind == GROUP;
        let mut wrong = Vec::new();
        let fallback = match fallback {
            Patch::Keep => Patch::Keep,
            Patch::Reset => Patch::Reset,
            Patch::Set(_) if is_group => {
                wrong.push(FieldError::new("fallback", "a group has none: each member has its own"));
                Patch::Keep
            }
            Patch::Set(wanted) => {
                let all = channels::list(caller.db(), project_id).await?;
                let fits = |other: &&Channel| {
                    other.uuid == wanted.trim() && other.kind != GROUP && own != Some(other.uuid.as_str())
                };
                if let Some(other) = all.iter().find(fits) {
                    Patch::Set(other.id)
                } else {
                    let words = "expected the UUID of another channel of this project that is no group";
                    wrong.push(FieldError::new("fallback", words));
                    Patch::Keep
                }
            }
        };
        if is_group && canary == Some(CanaryWord::Weekly) {
            wrong.push(FieldError::new("canary", "a group has none: each member has its own"));
        }
        Ok(if wrong.is_empty() { Ok(Self { fallback, canary }) } else { Err(wrong) })
    }

    async fn save(&self, caller: &Caller, channel: &Channel) -> Result<()> {
        let db = caller.db();
        match self.fallback {
            Patch::Keep => {}
            Patch::Reset => drop(channels::set_fallback(db, channel.id, None).await?),
            Patch::Set(fallback) => drop(channels::set_fallback(db, channel.id, Some(fallback)).await?),
        }
        match (self.canary, channel.canary_at()) {
            (Some(CanaryWord::Weekly), None) => {
                let next = canary::next(&channel.uuid, caller.state.now());
                canaries::set(db, channel.id, Some(next)).await?;
            }
            (Some(CanaryWord::Off), Some(_)) => canaries::set(db, channel.id, None).await?,
            _ => {}
        }
        Ok(())
    }
}

/// All of them, or everything that is wrong with them.
fn all_of<A, B, C>(
    one: Result<A, FieldError>,
    other: Result<B, FieldError>,
    third: Result<C, Vec<FieldError>>,
) -> Result<(A, B, C)> {
    match (one, other, third) {
        (Ok(one), Ok(other), Ok(third)) => Ok((one, other, third)),
        (one, other, third) => {
            let wrong = one.err().into_iter().chain(other.err());
            Err(Refusal::Fields(wrong.chain(third.err().into_iter().flatten()).collect()))
        }
    }
}

/// The channels of a project
#[utoipa::path(get, path = "/projects/{project}/channels", operation_id = "list_channels", tag = "channels",
    params(("project" = String, Path, description = "Its UUID")),
    responses((status = 200, description = "All of them", body = ChannelList), Reading))]
pub(super) async fn list(caller: Caller, At(project): At<String>) -> Result<Json<ChannelList>> {
    let (project, role) = caller.project(&project, Action::View).await?;
    let around = Around::of(&caller, &project).await?;
    let channels = around.all.iter().map(|channel| around.channel(channel, &project, role)).collect();
    Ok(Json(ChannelList { channels }))
}

/// Make a channel
#[utoipa::path(post, path = "/projects/{project}/channels", operation_id = "create_channel", tag = "channels",
    params(("project" = String, Path, description = "Its UUID")), request_body = NewChannel,
    responses((status = 201, description = "The channel; `Location` is its address", body = ChannelJson,
        headers(("Location" = String, description = "Its address in this API"))), Writing))]
pub(super) async fn create(
    caller: Caller,
    At(project): At<String>,
    Sent(wanted): Sent<NewChannel>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<ChannelJson>)> {
    let (project, role) = caller.project(&project, Action::EditChannels).await?;
    let Some(driver) = driver(&wanted.kind) else {
        let known: Vec<_> = DRIVERS.iter().map(|driver| driver.kind).collect();
        return Err(Refusal::field("kind", format!("expected one of {}", known.join(", "))));
    };
    let accepted = accept(&caller, project.id, driver, wanted.settings).await?;
    let fallback = wanted.fallback.map_or(Patch::Keep, Patch::Set);
    let besides = Besides::read(&caller, project.id, driver.kind, None, fallback, wanted.canary).await?;
    let (name, settings, besides) = all_of(read_name(&wanted.name), accepted, besides)?;
    let language = wanted.language.map_or_else(Lang::default, Lang::from).code();
    let asks = consent::must_ask(caller.db(), project.id, driver.kind, &settings).await?;
    if asks {
        may_ask(&caller, project.id, driver.kind, &settings)?;
    }
    let new = New { kind: driver.kind, name: &name, settings: &settings, language, asks };
    let now = caller.state.now();
    let channel = channels::create(caller.db(), project.id, &new, wanted.for_all, now).await?;
    besides.save(&caller, &channel).await?;
    let location = caller.state.links.to(&format!("{PREFIX}/channels/{}", channel.uuid));
    let made = reread(&caller, &channel.uuid, role).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], made))
}

/// A channel
#[utoipa::path(get, path = "/channels/{channel}", operation_id = "get_channel", tag = "channels",
    params(("channel" = String, Path, description = "Its UUID")),
    responses((status = 200, description = "The channel", body = ChannelJson), Reading))]
pub(super) async fn get(caller: Caller, At(uuid): At<String>) -> Result<Json<ChannelJson>> {
    let (channel, role) = caller.channel(&uuid, Action::View).await?;
    reread(&caller, &channel.uuid, role).await
}

/// What is wanted over what is stored. A secret that comes back as it was shown stays.
fn over(stored: Settings, wanted: BTreeMap<String, Patch<String>>, driver: &Driver) -> Settings {
    let masked = shown(stored.clone(), Some(driver));
    let mut settings = stored;
    for (name, value) in wanted {
        match value {
            Patch::Set(text) if masked.get(&name) == Some(&text) => {}
            Patch::Set(text) => drop(settings.insert(name, text)),
            Patch::Keep | Patch::Reset => drop(settings.remove(&name)),
        }
    }
    settings
}

/// The fields that stay as they are stored.
fn kept(stored: &Settings, wanted: &BTreeMap<String, Patch<String>>, driver: &Driver) -> Vec<String> {
    let masked = shown(stored.clone(), Some(driver));
    let stays = |(name, mask): &(String, String)| match wanted.get(name) {
        None => true,
        Some(Patch::Set(text)) => text == mask,
        Some(Patch::Keep | Patch::Reset) => false,
    };
    masked.into_iter().filter(stays).map(|(name, _)| name).collect()
}

/// Change a channel
///
/// When its address changes, the secrets that would go there must be sent again, unmasked. One that was marked as broken gets another chance.
#[utoipa::path(patch, path = "/channels/{channel}", operation_id = "update_channel", tag = "channels",
    params(("channel" = String, Path, description = "Its UUID")), request_body = ChannelChange,
    responses((status = 200, description = "The channel as it is now", body = ChannelJson), Writing))]
pub(super) async fn update(
    caller: Caller,
    At(uuid): At<String>,
    Sent(wanted): Sent<ChannelChange>,
) -> Result<Json<ChannelJson>> {
    let (channel, role) = caller.channel(&uuid, Action::EditChannels).await?;
    let Some(driver) = driver(&channel.kind) else {
        return Err(Refusal::Conflict(format!("this Maibo does not know channels of kind {}", channel.kind)));
    };
    let stored = channel.settings();
    let kept = kept(&stored, &wanted.settings, driver);
    let wanted_settings = over(stored.clone(), wanted.settings, driver);
    let accepted = accept(&caller, channel.project_id, driver, wanted_settings).await?;
    let accepted = accepted.and_then(|settings| {
        notify::stay(driver, &stored, &settings, &kept).map_err(|wrong| of_setting(&wrong))?;
        Ok(settings)
    });
    let name = wanted.name.as_deref().map_or_else(|| Ok(channel.name.clone()), read_name);
    let own = Some(channel.uuid.as_str());
    let besides =
        Besides::read(&caller, channel.project_id, driver.kind, own, wanted.fallback, wanted.canary).await?;
    let (name, settings, besides) = all_of(name, accepted, besides)?;
    let language = wanted.language.map_or(channel.language.as_str(), |word| Lang::from(word).code());
    let reader = consent::change(caller.db(), &channel, &settings).await?;
    if reader == Reader::Asked {
        may_ask(&caller, channel.project_id, driver.kind, &settings)?;
    }
    let now = caller.state.now();
    channels::update(caller.db(), channel.id, &name, &settings, language, reader, now).await?;
    besides.save(&caller, &channel).await?;
    reread(&caller, &channel.uuid, role).await
}

/// A mail that asks for consent may go out now; counted.
fn may_ask(caller: &Caller, project_id: i64, kind: &str, settings: &Settings) -> Result<()> {
    let address = consent::reader(kind, settings).unwrap_or_default();
    let state = &caller.state;
    state.guesses.may_ask(project_id, &address, state.now()).map_err(Refusal::TooMany)
}

/// Ask the recipient again
///
/// Sends the mail once more that asks for consent; also to a recipient who has unsubscribed.
#[utoipa::path(post, path = "/channels/{channel}/ask", operation_id = "ask_recipient", tag = "channels",
    params(("channel" = String, Path, description = "Its UUID")),
    responses((status = 200, description = "The mail is on its way; the channel", body = ChannelJson),
        (status = 409, description = "There is nothing to ask", body = super::problem::Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many such mails", body = super::problem::Problem,
            content_type = "application/problem+json", headers(("Retry-After" = i64, description = "Seconds to wait"))),
        Working))]
pub(super) async fn ask(caller: Caller, At(uuid): At<String>) -> Result<Json<ChannelJson>> {
    let (channel, role) = caller.channel(&uuid, Action::EditChannels).await?;
    if !matches!(channel.consent(), Some(consents::State::Asked | consents::State::Withdrawn)) {
        return Err(Refusal::Conflict("there is nothing to ask the recipient of this channel".to_owned()));
    }
    may_ask(&caller, channel.project_id, &channel.kind, &channel.settings())?;
    consents::ask_again(caller.db(), channel.id, caller.state.now()).await?;
    reread(&caller, &channel.uuid, role).await
}

/// Delete a channel
///
/// What was queued for it is not sent any more.
#[utoipa::path(delete, path = "/channels/{channel}", operation_id = "delete_channel", tag = "channels",
    params(("channel" = String, Path, description = "Its UUID")),
    responses((status = 204, description = "It is gone"), Working))]
pub(super) async fn delete(caller: Caller, At(uuid): At<String>) -> Result<StatusCode> {
    let (channel, _) = caller.channel(&uuid, Action::EditChannels).await?;
    channels::delete(caller.db(), channel.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a test message
///
/// One try, now, with the plain answer of the other side. A channel that works again loses its mark.
#[utoipa::path(post, path = "/channels/{channel}/test", operation_id = "test_channel", tag = "channels",
    params(("channel" = String, Path, description = "Its UUID")),
    responses((status = 200, description = "What became of it", body = Tested),
        (status = 429, description = "Too many tests", body = super::problem::Problem,
            content_type = "application/problem+json", headers(("Retry-After" = i64, description = "Seconds to wait"))),
        Working))]
pub(super) async fn test(caller: Caller, At(uuid): At<String>) -> Result<Json<Tested>> {
    let (channel, _) = caller.channel(&uuid, Action::EditChannels).await?;
    let state = &caller.state;
    state.guesses.test_send.take(caller.counted(), state.now()).map_err(Refusal::TooMany)?;
    let project = projects::by_id(&state.db, channel.project_id).await?.ok_or(Refusal::NotFound)?;
    let one = channel.kind != GROUP;
    let trials = trial::run(&state.db, &state.post, &state.clock, channel, &project.name).await?;
    // Of a group the worst is told, and what each member said.
    let outcome = if trials.iter().any(|trial| trial.outcome.is_err()) {
        TestOutcome::Failed
    } else if trials.iter().any(Trial::is_good) {
        TestOutcome::Sent
    } else {
        TestOutcome::Nothing
    };
    let said = trials.into_iter().map(|Trial { channel, outcome }| {
        let said = match outcome {
            Ok(Some(Delivered(said))) => said,
            Ok(None) => "this channel has nothing to send".to_owned(),
            Err(error) => error.to_string(),
        };
        if one { said } else { format!("{}: {said}", channel.name) }
    });
    let detail = said.collect::<Vec<_>>().join("; ");
    Ok(Json(Tested { outcome, detail }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_comes_back_masked_stays() {
        let webhook = driver("webhook").unwrap();
        let url = "https://example.org/hook?token=0123456789";
        let stored = || {
            Settings::from([
                ("url_down".to_owned(), url.to_owned()),
                ("body_down".to_owned(), "x".to_owned()),
            ])
        };
        let told = shown(stored(), Some(webhook));
        assert_eq!((told["url_down"].as_str(), told["body_down"].as_str()), ("https://example.org/…89", "x"));
        let back = told.into_iter().map(|(name, value)| (name, Patch::Set(value))).collect();
        assert_eq!(over(stored(), back, webhook), stored());
        let wanted = BTreeMap::from([
            ("url_down".to_owned(), Patch::Set("https://example.org/other".to_owned())),
            ("body_down".to_owned(), Patch::Reset),
        ]);
        let expected = Settings::from([("url_down".to_owned(), "https://example.org/other".to_owned())]);
        assert_eq!(over(stored(), wanted, webhook), expected);
    }
}
