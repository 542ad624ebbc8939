//! What the document says of the ping addresses. They have one handler for all, which reads the path itself.
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    ContentBuilder, KnownFormat, OpenApi, Required, ResponseBuilder, SchemaFormat,
    request_body::RequestBodyBuilder,
};

const UUID: (&str, &str) = ("uuid", "The check's UUID");
const PING_KEY: (&str, &str) = ("ping_key", "The project's ping key");
const SLUG: (&str, &str) = ("slug", "The check's slug");

/// A form of address: its name, its path, what it means, and its parts.
type Form = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const FORMS: &[Form] = &[
    ("ping", "/ping/{uuid}", "Success", &[UUID]),
    ("ping_start", "/ping/{uuid}/start", "A run begins", &[UUID]),
    ("ping_fail", "/ping/{uuid}/fail", "Failure", &[UUID]),
    ("ping_log", "/ping/{uuid}/log", "A line for the event log only", &[UUID]),
    (
        "ping_exit_or_slug",
        "/ping/{key}/{name}",
        "An exit status, or success by slug",
        &[
            ("key", "The check's UUID; before a slug, the project's ping key"),
            ("name", "An exit status, 0 to 255, of which 0 is a success; or the check's slug"),
        ],
    ),
    ("ping_slug_start", "/ping/{ping_key}/{slug}/start", "A run begins, by slug", &[PING_KEY, SLUG]),
    ("ping_slug_fail", "/ping/{ping_key}/{slug}/fail", "Failure, by slug", &[PING_KEY, SLUG]),
    ("ping_slug_log", "/ping/{ping_key}/{slug}/log", "A line for the event log, by slug", &[PING_KEY, SLUG]),
    (
        "ping_slug_exit",
        "/ping/{ping_key}/{slug}/{exit_status}",
        "An exit status, by slug",
        &[PING_KEY, SLUG, ("exit_status", "0 to 255, of which 0 is a success")],
    ),
];

/// The addresses that jobs call.
pub(super) fn document() -> OpenApi {
    let mut document = OpenApi::default();
    for form in FORMS {
        let mut item = PathItem::new(HttpMethod::Get, operation(form, false));
        item.post = Some(operation(form, true));
        document.paths.paths.insert(form.1.to_owned(), item);
    }
    document
}

fn operation((id, _, summary, parts): &Form, has_body: bool) -> Operation {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let mut operation =
        OperationBuilder::new().tag("pings").summary(Some(*summary)).security(SecurityRequirement::default());
    for (name, words) in *parts {
        let part = ParameterBuilder::new()
            .name(*name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(*words))
            .schema(Some(text()));
        operation = operation.parameter(part);
    }
    let uuid = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    let mut query = vec![("rid", "Tells overlapping runs apart: a dashed UUID", uuid)];
    let may_be_slug = parts.len() > 1;
    if may_be_slug {
        query.push((
            "create",
            "Exactly `1`: makes the check when the project has none with this slug",
            text(),
        ));
    }
    for (name, words, schema) in query {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(words))
            .schema(Some(schema));
        operation = operation.parameter(parameter);
    }
    if has_body {
        let body = RequestBodyBuilder::new()
            .description(Some("Whatever is worth keeping as the log of the run"))
            .content("text/plain", ContentBuilder::new().schema(Some(text())).build());
        operation = operation.operation_id(Some(format!("{id}_with_body"))).request_body(Some(body.build()));
    } else {
        operation = operation.operation_id(Some(*id));
    }
    let content = || ContentBuilder::new().schema(Some(text())).build();
    let mut answers = vec![
        ("200", "OK: it is on disk"),
        ("404", "There is no such check"),
        ("503", "It could not be stored; try again"),
    ];
    answers.extend(if may_be_slug {
        &[
            ("201", "The check was made, with this ping"),
            ("400", "The exit status, the run id or the case of the slug is wrong"),
            ("409", "Several checks of the project have this slug"),
        ][..]
    } else {
        &[("400", "The run id is not a dashed UUID")]
    });
    for (status, words) in answers {
        let response = ResponseBuilder::new().description(words).content("text/plain", content());
        operation = operation.response(status, response);
    }
    operation.build()
}
