//! What the document says of the Healthchecks API, in its three versions: the forms of bodies and refusals, and the list of
//! its routes. Each route is described beside its handler.
use std::collections::BTreeMap;

use utoipa::openapi::schema::{Object, Schema};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr, Required, Response, ResponseBuilder};
use utoipa::{IntoResponses, OpenApi, ToSchema};

use crate::healthchecks::methods_schema;
use crate::web::metrics;

/// The name of the scheme by which these calls know a project. Nothing else opens them, as with Healthchecks.
pub const PROJECT_KEY: &str = "project_key";

/// Why a call was refused.
#[derive(ToSchema)]
#[schema(as = HealthchecksError)]
#[expect(dead_code, reason = "describes what `Refusal` writes")]
pub struct ErrorBody {
    error: String,
}

/// What is wanted of a check. Names that are not here are ignored; null is refused. Where there is no header, `api_key` may
/// hold the key.
#[derive(ToSchema)]
#[schema(as = HealthchecksCheckFields)]
#[expect(dead_code, reason = "describes what `fields::read` takes")]
pub struct CheckBody {
    #[schema(value_type = String, required = false, max_length = 100, examples("Nightly dump"))]
    name: Option<String>,
    /// Versions 1 and 2 make one from a new name.
    #[schema(value_type = String, required = false, max_length = 100, pattern = "^[a-z0-9_-]*$")]
    slug: Option<String>,
    /// Words with spaces between them.
    #[schema(value_type = String, required = false, max_length = 2000)]
    tags: Option<String>,
    #[schema(value_type = String, required = false)]
    desc: Option<String>,
    /// Seconds.
    #[schema(value_type = i64, required = false, minimum = 60, maximum = 31_536_000)]
    timeout: Option<i64>,
    /// Seconds.
    #[schema(value_type = i64, required = false, minimum = 60, maximum = 31_536_000)]
    grace: Option<i64>,
    /// Five fields on one line: cron. Anything else: OnCalendar.
    #[schema(value_type = String, required = false, max_length = 100, examples("15 5 * * *"))]
    schedule: Option<String>,
    #[schema(value_type = String, required = false, examples("Asia/Shanghai"))]
    tz: Option<String>,
    #[schema(value_type = bool, required = false)]
    manual_resume: Option<bool>,
    #[schema(schema_with = methods_schema, required = false)]
    methods: Option<String>,
    /// UUIDs or unique names with commas between them; `*`: all.
    #[schema(value_type = String, required = false, examples("*"))]
    channels: Option<String>,
    /// Fields by which an existing check is looked for; only when a check is made.
    #[schema(value_type = Vec<Unique>, required = false)]
    unique: Option<Vec<Unique>>,
    #[schema(value_type = String, required = false, max_length = 200)]
    start_kw: Option<String>,
    #[schema(value_type = String, required = false, max_length = 200)]
    success_kw: Option<String>,
    #[schema(value_type = String, required = false, max_length = 200)]
    failure_kw: Option<String>,
    /// An older name of `success_kw`.
    #[schema(value_type = String, required = false, max_length = 200)]
    subject: Option<String>,
    /// An older name of `failure_kw`.
    #[schema(value_type = String, required = false, max_length = 200)]
    subject_fail: Option<String>,
    #[schema(value_type = bool, required = false)]
    filter_subject: Option<bool>,
    #[schema(value_type = bool, required = false)]
    filter_body: Option<bool>,
    #[schema(value_type = bool, required = false)]
    filter_http_body: Option<bool>,
    #[schema(value_type = bool, required = false)]
    filter_default_fail: Option<bool>,
}

/// A field by which a check is looked for.
#[derive(ToSchema)]
#[schema(as = HealthchecksUnique, rename_all = "lowercase")]
pub enum Unique {
    Name,
    Slug,
    Tags,
    Timeout,
    Grace,
}

/// The channels of a project.
#[derive(ToSchema)]
#[schema(as = HealthchecksChannelList)]
#[expect(dead_code, reason = "describes what the handler writes")]
pub struct ChannelListBody {
    channels: Vec<ChannelBody>,
}

/// A channel.
#[derive(ToSchema)]
#[schema(as = HealthchecksChannel)]
#[expect(dead_code, reason = "describes what the handler writes")]
pub struct ChannelBody {
    #[schema(format = Uuid)]
    id: String,
    name: String,
    kind: String,
}

type Responses = BTreeMap<String, RefOr<Response>>;

/// Refusals with words, and those without.
fn refusals(told: &[(u16, &str)], silent: &[(u16, &str)]) -> Responses {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("HealthchecksError"))).build();
    let bare = |words: &str| ResponseBuilder::new().description(words);
    let mut all = Responses::new();
    for (status, words) in told {
        let response = bare(words).content("application/json", content.clone()).build();
        all.insert(status.to_string(), response.into());
    }
    for (status, words) in silent {
        all.insert(status.to_string(), bare(words).build().into());
    }
    all
}

const NOBODY: (u16, &str) = (401, "No key, or a wrong one");
const AWAY: (u16, &str) = (503, "The database is not available");
const OTHERS: (u16, &str) = (403, "The check is in another project: no words");
const NOTHING: (u16, &str) = (404, "There is no such thing: no words");
const UNREADABLE: (u16, &str) = (400, "The body cannot be read, or a field of it is wrong");
const TOO_LARGE: (u16, &str) = (413, "The body has more than 1 MiB");

/// The refusals of a call that wants no key.
pub struct Away;

impl IntoResponses for Away {
    fn responses() -> Responses {
        refusals(&[AWAY], &[])
    }
}

/// The refusals of a list.
pub struct Listing;

impl IntoResponses for Listing {
    fn responses() -> Responses {
        refusals(&[NOBODY, AWAY], &[])
    }
}

/// The refusals of what is about one check.
pub struct Reading;

impl IntoResponses for Reading {
    fn responses() -> Responses {
        refusals(&[NOBODY, AWAY], &[OTHERS, NOTHING])
    }
}

/// The refusals of what has a body.
pub struct Writing;

impl IntoResponses for Writing {
    fn responses() -> Responses {
        refusals(&[NOBODY, AWAY, UNREADABLE, TOO_LARGE], &[OTHERS, NOTHING])
    }
}

#[derive(OpenApi)]
#[openapi(
    paths(
        super::check_list::list,
        super::checks::create,
        super::checks::get,
        super::checks::update,
        super::checks::delete,
        super::checks::pause,
        super::checks::resume,
        super::pings::list,
        super::pings::body,
        super::flips::list,
        super::channels::list,
        super::badges::get,
        super::status::status,
        super::status::delivered,
        super::status::bounced,
        metrics::progress,
    ),
    components(schemas(ErrorBody))
)]
struct Routes;

fn project_key() -> SecurityRequirement {
    SecurityRequirement::new::<_, [&str; 0], &str>(PROJECT_KEY, [])
}

/// What the document says of one version, 1 to 3.
pub fn of_version(version: u8) -> Document {
    let mut routes = Routes::openapi();
    if version == 1 {
        routes = in_words_of_v1(routes);
    }
    let tag = format!("healthchecks v{version}");
    let mut document = Document::default();
    document.components = routes.components.take();
    for (path, mut item) in routes.paths.paths {
        for operation in [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten() {
            operation.tags = Some(vec![tag.clone()]);
            operation.security.get_or_insert_with(|| vec![project_key()]);
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                body.required = Some(Required::False);
            }
            let id = operation.operation_id.take().unwrap_or_default();
            operation.operation_id = Some(format!("v{version}_{id}"));
        }
        document.paths.paths.insert(format!("/api/v{version}{path}"), item);
    }
    document
}

/// The same with checks as version 1 alone tells them, which has one state more.
fn in_words_of_v1(document: Document) -> Document {
    let renamed = document
        .to_json()
        .map(|text| text.replace("HealthchecksCheck\"", "HealthchecksV1Check\""))
        .map(|text| text.replace("HealthchecksCheckList", "HealthchecksV1CheckList"));
    let Ok(mut document) = renamed.and_then(|text| serde_json::from_str::<Document>(&text)) else {
        return document;
    };
    let schema =
        document.components.as_mut().and_then(|components| components.schemas.get_mut("HealthchecksV1Check"));
    if let Some(RefOr::T(Schema::AllOf(parts))) = schema {
        for part in &mut parts.items {
            if let RefOr::T(Schema::Object(Object { properties, .. })) = part
                && let Some(RefOr::T(Schema::Object(status))) = properties.get_mut("status")
            {
                status.enum_values.get_or_insert_default().push("started".into());
            }
        }
    }
    document
}
