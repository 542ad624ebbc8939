//! The body of "make a check" and "change a check", and the settings that it asks for.
use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::openapi::schema::{ObjectBuilder, Schema as AnySchema};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::check_json::EarlyJson;
use super::problem::{FieldError, Refusal, Result};
use super::schedule::Schedule;
use super::sent::{Object, Patch, present, read};
use crate::core::check::Early;
use crate::core::ping::parse_run_id;
use crate::core::text::one_line;
use crate::core::{Span, Time, alias, slug};
use crate::store::addresses::{self, MAX_CHARS};
use crate::store::checks::{Fault, Settings};

/// What is wanted of a check. A field that is absent stays as it is; null stands for its default.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CheckChange)]
pub(super) struct Wanted {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, min_length = 1, max_length = 100, examples("Nightly dump"))]
    pub(super) name: Option<String>,
    /// Lower-case letters, digits, - and _. null: made from the name.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100, pattern = "^[a-z0-9_-]*$", examples("nightly-dump"))]
    slug: Patch<String>,
    /// Words to find it by, at most 500 characters in all; nothing in them that parts words.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, examples("db"))]
    tags: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 100_000)]
    description: Patch<String>,
    /// Replaces the old one as a whole.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Schedule)]
    pub(super) schedule: Option<Object<Schedule>>,
    /// Seconds after the due time in which the check is only late; also the longest that a run may take. null: an
    /// hour, or a fifth of a shorter period.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 31_536_000, examples(1800))]
    grace: Patch<i64>,
    /// null: `auto`.
    #[serde(default)]
    #[schema(value_type = Option<EarlyJson>)]
    early: Patch<EarlyJson>,
    /// A paused check stays so until it is resumed by hand; pings do not wake it.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    manual_resume: Patch<bool>,
    /// Only POST requests count as pings.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    post_only: Patch<bool>,
    #[serde(default)]
    #[schema(value_type = Option<WantedFilters>)]
    filters: Patch<Object<WantedFilters>>,
    /// UUIDs of channels of this project. null: all that the project has now.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    pub(super) channels: Patch<Vec<String>>,
    /// A short address of letters and digits, as an import brings it along.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, min_length = 1, max_length = 200, pattern = "^[0-9A-Za-z]+$")]
    short: Option<String>,
    /// The token that the check had in another product's addresses; tokens joined by `/` where it had several. It
    /// takes pings there, and is a secret. null: none.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 6, max_length = 200, pattern = "^[0-9A-Za-z._~=-]+(/[^/]+)*$")]
    alias: Patch<String>,
}

/// What is wanted of the keyword filters; as for a check, absent is unchanged and null the default.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FiltersChange)]
pub(super) struct WantedFilters {
    /// Look at the bodies of HTTP requests.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    body: Patch<bool>,
    /// Look at the subjects of mails.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    mail_subject: Patch<bool>,
    /// Look at the text of mails.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    mail_body: Patch<bool>,
    /// At most 200 characters in all, with commas between them; no commas in them. So are the others.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, examples("BEGIN"))]
    start: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, examples("done"))]
    success: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, examples("ERROR"))]
    failure: Patch<Vec<String>>,
    /// What has none of the words is a failure, not nothing.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    default_fail: Patch<bool>,
}

/// A check to make: what is wanted of it, and its UUID where it brings one along.
#[derive(Debug)]
pub(super) struct NewCheck {
    pub(super) uuid: Option<String>,
    pub(super) wanted: Wanted,
}

impl NewCheck {
    pub(super) fn read(mut body: Map<String, Value>) -> Result<Self> {
        let uuid = match body.remove("uuid") {
            None | Some(Value::Null) => None,
            Some(Value::String(uuid)) => Some(uuid),
            Some(_) => return Err(Refusal::field("uuid", "expected a string")),
        };
        let wanted: Wanted = read(body)?;
        for (field, given) in [("name", wanted.name.is_some()), ("schedule", wanted.schedule.is_some())] {
            if !given {
                return Err(Refusal::field(field, "is needed for a new check"));
            }
        }
        Ok(Self { uuid, wanted })
    }
}

impl PartialSchema for NewCheck {
    /// The schema of a change, of which a new check needs two fields and may have one more.
    fn schema() -> RefOr<AnySchema> {
        let mut schema = Wanted::schema();
        if let RefOr::T(AnySchema::Object(object)) = &mut schema {
            object.required = vec!["name".to_owned(), "schedule".to_owned()];
            object.description =
                Some("A check to make. null stands for a field's default, as its absence does".to_owned());
            let uuid = ObjectBuilder::new()
                .schema_type(utoipa::openapi::schema::SchemaType::Array(vec![Type::String, Type::Null]))
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
                .description(Some(
                    "A version 4 UUID that the check had elsewhere, so that its ping address stays",
                ));
            object.properties.insert("uuid".to_owned(), uuid.into());
        }
        schema
    }
}

impl ToSchema for NewCheck {
    fn name() -> std::borrow::Cow<'static, str> {
        "NewCheck".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<AnySchema>)>) {
        Wanted::schemas(schemas);
    }
}

fn fault_words(fault: Fault) -> String {
    match fault {
        Fault::Required => "must not be empty".to_owned(),
        Fault::TooLong(limit) => format!("must have at most {limit} characters"),
        Fault::Slug => {
            format!("must have lower-case letters, digits, - and _ only, at most {}", slug::MAX_CHARS)
        }
        Fault::Span => "must be from 1 second to 365 days".to_owned(),
    }
}

/// What cannot be stored everywhere and is never meant.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

/// Texts as one, which none of them may take apart.
fn joined(
    field: &str,
    words: &[String],
    by: char,
    parts: fn(char) -> bool,
    wrong: &mut Vec<FieldError>,
) -> String {
    if words.iter().any(|word| word.contains(parts) || one_line(word).is_empty()) {
        let odd = if by == ' ' { "spaces" } else { "commas" };
        wrong.push(FieldError::new(field, format!("an item must not be empty, nor hold {odd}")));
    }
    let mut seen = BTreeSet::new();
    let words = words.iter().map(|word| without_nul(word)).filter(|word| seen.insert(word.clone()));
    words.collect::<Vec<_>>().join(&by.to_string())
}

impl Wanted {
    /// `settings` with what is wanted put over them, or everything that is wrong with it. `is_new`: there was no check.
    pub(super) fn apply(&self, mut settings: Settings, is_new: bool, now: Time) -> Result<Settings> {
        let mut wrong = Vec::new();
        let is_named = settings.name.clone();
        if let Some(name) = &self.name {
            settings.name = without_nul(name);
        }
        if let Some(Object(schedule)) = &self.schedule {
            match schedule.accept(&settings.spec.tz, now) {
                Ok((spec, _)) => settings.spec = spec,
                Err(FieldError { field, message }) => {
                    wrong.push(FieldError::new(format!("schedule.{field}"), message));
                }
            }
        }
        let from_name = slug::from_name(&settings.name);
        let slug = if is_new && self.slug == Patch::Keep { Patch::Reset } else { self.slug.clone() };
        slug.apply(&mut settings.slug, || from_name);
        let tags = self.tags.clone().map(|tags| joined("tags", &tags, ' ', char::is_whitespace, &mut wrong));
        tags.apply(&mut settings.tags, String::new);
        self.description.clone().map(|text| without_nul(&text)).apply(&mut settings.description, String::new);
        let usual = settings.spec.usual_grace();
        let grace = if is_new && self.grace == Patch::Keep { Patch::Reset } else { self.grace.clone() };
        grace
            .map(|seconds| Span::try_seconds(seconds).unwrap_or(Span::MAX))
            .apply(&mut settings.grace, || usual);
        let early = if is_new && self.early == Patch::Keep { Patch::Reset } else { self.early.clone() };
        early.map(|early| early.0).apply(&mut settings.early, || Early::Auto);
        self.manual_resume.clone().apply(&mut settings.manual_resume, bool::default);
        self.post_only.clone().apply(&mut settings.rules.post_only, bool::default);
        self.apply_filters(&mut settings, &mut wrong);
        // A check that the Healthchecks API made without a name may stay so.
        let kept = settings.name == is_named && !is_new;
        let faults = settings.faults().into_iter().filter(|(field, _)| !(kept && *field == "name"));
        wrong.extend(faults.map(|(field, fault)| FieldError::new(field, fault_words(fault))));
        if wrong.is_empty() { Ok(settings) } else { Err(Refusal::Fields(wrong)) }
    }

    fn apply_filters(&self, settings: &mut Settings, wrong: &mut Vec<FieldError>) {
        let reset = WantedFilters {
            body: Patch::Reset,
            mail_subject: Patch::Reset,
            mail_body: Patch::Reset,
            start: Patch::Reset,
            success: Patch::Reset,
            failure: Patch::Reset,
            default_fail: Patch::Reset,
        };
        let filters = match &self.filters {
            Patch::Keep => return,
            Patch::Reset => &reset,
            Patch::Set(Object(filters)) => filters,
        };
        let rules = &mut settings.rules;
        filters.body.clone().apply(&mut rules.filter_body, bool::default);
        filters.default_fail.clone().apply(&mut rules.default_fail, bool::default);
        filters.mail_subject.clone().apply(&mut settings.filter_subject, bool::default);
        filters.mail_body.clone().apply(&mut settings.filter_mail_body, bool::default);
        for (field, words, target) in [
            ("filters.start", &filters.start, &mut rules.start),
            ("filters.success", &filters.success, &mut rules.success),
            ("filters.failure", &filters.failure, &mut rules.failure),
        ] {
            let words = words.clone().map(|words| joined(field, &words, ',', |c| c == ',', wrong));
            words.apply(target, String::new);
        }
    }

    /// The addresses that are wanted.
    pub(super) fn addresses(&self) -> Result<addresses::Change> {
        let fits = |text: &str| {
            (1..=MAX_CHARS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let mut wrong = Vec::new();
        if self.short.as_ref().is_some_and(|short| !fits(short)) {
            wrong.push(FieldError::new("short", "must have letters and digits only, at most 200"));
        }
        let alias = match &self.alias {
            Patch::Keep => None,
            Patch::Reset => Some(None),
            Patch::Set(token) => {
                if !alias::is_valid(token) {
                    wrong.push(FieldError::new("alias", format!("must have {}", alias::EXPECTED)));
                }
                Some(Some(token.clone()))
            }
        };
        if !wrong.is_empty() {
            return Err(Refusal::Fields(wrong));
        }
        Ok(addresses::Change { short: self.short.clone(), alias })
    }
}

/// Badges and readers know a check by the first half of its UUID, which is random in version 4 only.
pub(super) fn read_uuid(text: &str) -> Result<Uuid> {
    parse_run_id(text)
        .filter(|uuid| uuid.get_version_num() == 4)
        .ok_or_else(|| Refusal::field("uuid", "must be a dashed UUID of version 4"))
}
