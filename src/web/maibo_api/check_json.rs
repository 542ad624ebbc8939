//! A check in our JSON: everything that a reader may know of it.
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder};
use utoipa::openapi::{RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

use super::schedule::Schedule;
use crate::core::access::{Action, Role, allows};
use crate::core::check::{Early, Shown};
use crate::core::{Span, Time};
use crate::healthchecks::unique_key;
use crate::links::Links;
use crate::store::addresses::Addresses;
use crate::store::checks::Check;
use crate::store::projects::Project;

/// A check.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub(super) struct CheckJson {
    /// Names the check in addresses of this API, as the UUID does, and gives no ping address away: 40 hex digits.
    #[schema(pattern = "^[0-9a-f]{40}$")]
    unique_key: String,
    /// Names the check, and is its ping address. null for those who may only read.
    #[schema(value_type = Option<uuid::Uuid>, required = true)]
    uuid: Option<String>,
    /// The project's UUID.
    #[schema(value_type = uuid::Uuid)]
    project: String,
    name: String,
    /// Its name in `/ping/<ping key>/<slug>`; empty: none.
    slug: String,
    tags: Vec<String>,
    description: String,
    schedule: Schedule,
    /// Seconds after the due time in which the check is only late; also the longest that a run may take.
    grace: i64,
    early: EarlyJson,
    /// A paused check stays so until it is resumed here; pings do not wake it.
    manual_resume: bool,
    /// Only POST requests count as pings.
    post_only: bool,
    filters: Filters,
    /// The UUIDs of the channels that are told.
    #[schema(value_type = Vec<uuid::Uuid>)]
    channels: Vec<String>,
    status: StatusWord,
    /// When `status` began; for `late` and `up`, when the check came up.
    status_since: DateTime<Utc>,
    /// The start of the run that goes on.
    #[schema(required = true)]
    started_at: Option<DateTime<Utc>>,
    /// The last success or failure.
    #[schema(required = true)]
    last_ping_at: Option<DateTime<Utc>>,
    /// Seconds that the last run took; null where its start was not told.
    #[schema(required = true)]
    last_duration: Option<f64>,
    /// All pings that ever came, also those that history no longer has.
    n_pings: i64,
    /// When a sign of life is due; it stays in the past while the check is late or down. null while new or paused.
    #[schema(required = true)]
    due_at: Option<DateTime<Utc>>,
    /// Whole seconds from now to `due_at`; below zero when that has passed.
    #[schema(required = true)]
    seconds_until_due: Option<i64>,
    /// When the check goes down unless it is heard from.
    #[schema(required = true)]
    deadline: Option<DateTime<Utc>>,
    /// What a job calls. null for those who may only read.
    #[schema(required = true)]
    ping_url: Option<String>,
    /// The same by ping key and slug, where there are both.
    #[schema(required = true)]
    slug_url: Option<String>,
    /// A short address, for those who say who they are.
    short: String,
    /// The token of another product's address under which the check takes pings, too. A secret.
    #[schema(required = true)]
    alias: Option<String>,
    /// Pictures of the state, which give nothing else away.
    badges: Badges,
    created_at: DateTime<Utc>,
}

/// What keywords in the text of a ping mean. With `body`, they decide instead of the address that was called.
#[expect(clippy::struct_excessive_bools, reason = "they are switches")]
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Filters {
    /// Look at the bodies of HTTP requests.
    body: bool,
    /// Look at the subjects of mails.
    mail_subject: bool,
    /// Look at the text of mails.
    mail_body: bool,
    start: Vec<String>,
    success: Vec<String>,
    failure: Vec<String>,
    /// What has none of the words is a failure, not nothing.
    default_fail: bool,
}

/// Addresses of badges, with two states and with three.
#[derive(Debug, Serialize, ToSchema)]
struct Badges {
    svg: String,
    svg3: String,
    json: String,
    json3: String,
    shields: String,
    shields3: String,
}

/// The state of a check.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Status)]
pub(super) enum StatusWord {
    /// Never heard from since it was made or resumed.
    New,
    Up,
    /// Due, and within its grace.
    Late,
    Down,
    Paused,
}

impl From<Shown> for StatusWord {
    fn from(shown: Shown) -> Self {
        match shown {
            Shown::New => Self::New,
            Shown::Up => Self::Up,
            Shown::Late => Self::Late,
            Shown::Down => Self::Down,
            Shown::Paused => Self::Paused,
        }
    }
}

/// How much too soon a ping may come and still count for the coming due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EarlyJson(pub(super) Early);

/// The word for [`Early::Auto`].
const AUTO: &str = "auto";

impl Serialize for EarlyJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Early::Auto => serializer.serialize_str(AUTO),
            Early::Within(span) => serializer.serialize_i64(span.num_seconds()),
        }
    }
}

impl<'de> Deserialize<'de> for EarlyJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let early = match (value.as_str(), value.as_i64()) {
            (Some(AUTO), _) => Some(Early::Auto),
            (_, Some(seconds)) => Span::try_seconds(seconds).map(Early::Within),
            _ => None,
        };
        early
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("expected \"auto\" or a whole number of seconds"))
    }
}

impl PartialSchema for EarlyJson {
    fn schema() -> RefOr<utoipa::openapi::Schema> {
        let auto = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([AUTO]));
        let seconds = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .description(Some(
                "Seconds, never more than half of the time to the next due time; 0: not at all",
            ))
            .minimum(Some(0))
            .maximum(Some(31_536_000));
        OneOfBuilder::new()
            .description(Some(
                "How much too soon a ping may come and still count for the coming due time of a calendar. `auto`: the \
                 smallest of grace, 10 % of the time between due times, and 10 minutes",
            ))
            .item(auto)
            .item(seconds)
            .into()
    }
}

impl ToSchema for EarlyJson {
    fn name() -> std::borrow::Cow<'static, str> {
        "Early".into()
    }
}

/// Keywords as they are stored, one by one.
fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Seconds, to the millisecond.
#[expect(clippy::cast_precision_loss, reason = "a run does not take three hundred millennia")]
pub(super) fn seconds(span: Span) -> f64 {
    span.num_milliseconds() as f64 / 1000.0
}

/// A check as somebody with this role sees it at `now`; `channels` are UUIDs, sorted.
pub(super) fn check_json(
    check: &Check,
    project: &Project,
    role: Role,
    channels: Vec<String>,
    addresses: &Addresses,
    links: &Links,
    now: Time,
) -> CheckJson {
    let (state, rules, shown) = (check.state(), check.rules(), check.state().shown(now));
    let knows_address = allows(Some(role), Action::EditChecks);
    let code = check.code();
    let slug_url = project
        .ping_key
        .as_ref()
        .filter(|_| knows_address && !check.slug.is_empty())
        .map(|key| links.to(&format!("/ping/{key}/{}", check.slug)));
    let badge = |states: u8, ending: &str| links.to(&format!("/b/{states}/{}.{ending}", check.badge_key()));
    let due_at = state.due.filter(|_| !matches!(shown, Shown::New | Shown::Paused));
    CheckJson {
        unique_key: unique_key(code),
        uuid: knows_address.then(|| code.to_owned()),
        project: project.uuid.clone(),
        name: check.name.clone(),
        slug: check.slug.clone(),
        tags: check.tags.split_whitespace().map(str::to_owned).collect(),
        description: check.description.clone(),
        schedule: Schedule::of(check.spec()),
        grace: check.grace().num_seconds(),
        early: EarlyJson(check.early()),
        manual_resume: check.manual_resume,
        post_only: rules.post_only,
        filters: Filters {
            body: rules.filter_body,
            mail_subject: check.filter_subject,
            mail_body: check.filter_body,
            start: words(&rules.start),
            success: words(&rules.success),
            failure: words(&rules.failure),
            default_fail: rules.default_fail,
        },
        channels,
        status: shown.into(),
        status_since: match (shown, state.deadline) {
            // Down already, though nobody has written it down.
            (Shown::Down, Some(deadline)) if deadline <= now => deadline,
            _ => state.since,
        },
        started_at: state.run.map(|run| run.at),
        last_ping_at: state.last_ping,
        last_duration: state.last_duration.map(seconds),
        n_pings: check.n_pings,
        due_at,
        seconds_until_due: due_at.map(|due| (due - now).num_seconds()),
        deadline: state.deadline,
        ping_url: knows_address.then(|| links.ping(code)),
        slug_url,
        short: addresses.short.clone(),
        alias: addresses.alias.clone().filter(|_| knows_address),
        badges: Badges {
            svg: badge(2, "svg"),
            svg3: badge(3, "svg"),
            json: badge(2, "json"),
            json3: badge(3, "json"),
            shields: badge(2, "shields"),
            shields3: badge(3, "shields"),
        },
        created_at: check.created_at(),
    }
}
