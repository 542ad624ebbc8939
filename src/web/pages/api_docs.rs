//! `/api/docs`: the OpenAPI document as a page to read. Its frame is in the reader's language, its texts are the document's.
use askama::Template;
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::web::api::document::PROJECT_KEY;
use crate::web::error::Result;
use crate::web::extract::Visit;
use crate::web::maibo_api;
use crate::web::view::{Shell, page};

/// Sections whose operations are those of another one, version for version.
const ALIKE: &[&str] = &["healthchecks v2", "healthchecks v1"];
/// How deep an example goes into objects.
const DEEPEST: usize = 8;

#[derive(Template)]
#[template(path = "api/docs.html")]
struct Page {
    s: Shell,
    sections: Vec<Section>,
    forms: Vec<Form>,
}

/// What stands under one tag.
struct Section {
    name: String,
    about: Text,
    operations: Vec<Operation>,
}

impl Section {
    fn anchor(&self) -> String {
        self.name.replace(' ', "-")
    }
}

/// One method of one address.
struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    about: Text,
    curl: String,
    parameters: Vec<Field>,
    /// The forms that the body may have.
    body: Vec<Kind>,
    answers: Vec<Answer>,
}

struct Answer {
    status: String,
    about: Text,
    /// The forms that it may have.
    kinds: Vec<Kind>,
}

/// A form of JSON that has a name.
struct Form {
    name: String,
    about: Text,
    kind: Kind,
    /// One, or each of the ways that the form may look.
    parts: Vec<Part>,
}

struct Part {
    title: String,
    about: Text,
    fields: Vec<Field>,
}

/// A parameter, or a field of an object.
struct Field {
    name: String,
    required: bool,
    kind: Kind,
    about: Text,
}

/// What a value is, in words; a form that has a name can be looked up.
#[derive(Default)]
struct Kind {
    words: String,
    form: Option<String>,
}

/// A text in pieces; those marked are code.
struct Text(Vec<(bool, String)>);

impl Text {
    fn of(value: &Value) -> Self {
        let text = value["description"].as_str().unwrap_or_default();
        Self(text.split('`').enumerate().map(|(n, piece)| (n % 2 == 1, piece.to_owned())).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, piece)| piece.is_empty())
    }
}

/// The document, to be looked up in.
struct Reader<'a> {
    document: &'a Value,
    server: &'a str,
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The form that a schema refers to.
fn referred(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn kind_of(schema: &Value) -> Kind {
    if let Some(name) = referred(schema) {
        return Kind { words: name.to_owned(), form: Some(name.to_owned()) };
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        let kinds: Vec<Kind> = items(&schema[several]).map(kind_of).collect();
        if !kinds.is_empty() {
            let by = if several == "allOf" { " and " } else { " or " };
            let words: Vec<&str> = kinds.iter().map(|kind| kind.words.as_str()).collect();
            let words = words.join(by);
            return Kind { words, form: kinds.into_iter().find_map(|kind| kind.form) };
        }
    }
    let words: Vec<&str> = match &schema["type"] {
        Value::String(word) => vec![word],
        several => items(several).filter_map(Value::as_str).collect(),
    };
    let mut kind = Kind { words: words.join(" or "), form: None };
    if words.contains(&"array") {
        let of = kind_of(&schema["items"]);
        kind = Kind { words: kind.words.replace("array", &format!("list of {}", of.words)), form: of.form };
    }
    let values: Vec<String> = items(&schema["enum"]).map(ToString::to_string).collect();
    if !values.is_empty() {
        kind.words = values.join(", ");
    }
    let range = match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some(from), Some(to)) => Some(format!(", {from} to {to}")),
        (Some(from), None) => Some(format!(", from {from}")),
        (None, Some(to)) => Some(format!(", up to {to}")),
        (None, None) => None,
    };
    let format = schema["format"].as_str().filter(|format| !format.starts_with("int"));
    let most = schema["maxLength"].as_i64().map(|most| format!(", at most {most} characters"));
    let usual = Some(&schema["default"]).filter(|value| !value.is_null());
    let usual = usual.map(|value| {
        format!(", default {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    kind.words
        .extend([format.map(|format| format!(" ({format})")), range, most, usual].into_iter().flatten());
    kind
}

/// The forms of a body or an answer: those that have a name by it, others by their media types. Where there are several
/// media types, each says its own.
fn contents(of: &Value) -> Vec<Kind> {
    let several = entries(&of["content"]).count() > 1;
    entries(&of["content"])
        .map(|(media, content)| match kind_of(&content["schema"]) {
            kind if kind.form.is_none() => Kind { words: media.clone(), form: None },
            kind if several => Kind { words: format!("{} ({media})", kind.words), ..kind },
            kind => kind,
        })
        .collect()
}

fn fields(schema: &Value) -> Vec<Field> {
    let needed = |name: &str| items(&schema["required"]).any(|one| one == name);
    let own = entries(&schema["properties"]).map(|(name, field)| Field {
        name: name.clone(),
        required: needed(name),
        kind: kind_of(field),
        about: Text::of(field),
    });
    let together = items(&schema["allOf"]).flat_map(fields);
    own.chain(together).collect()
}

fn parts(schema: &Value) -> Vec<Part> {
    let part = |title: &str, about: Text, schema: &Value| Part {
        title: title.to_owned(),
        about,
        fields: fields(schema),
    };
    let mut parts = vec![part("", Text(Vec::new()), schema)];
    parts.extend(
        items(&schema["oneOf"])
            .map(|one| part(one["title"].as_str().unwrap_or_default(), Text::of(one), one)),
    );
    parts.retain(|part| !part.fields.is_empty());
    parts
}

impl<'a> Reader<'a> {
    fn form(&self, name: &str) -> &'a Value {
        &self.document["components"]["schemas"][name]
    }

    /// A value as somebody might send it.
    fn example(&self, schema: &Value, depth: usize) -> Value {
        if depth > DEEPEST {
            return Value::Null;
        }
        if let Some(name) = referred(schema) {
            return self.example(self.form(name), depth + 1);
        }
        let told = [&schema["example"], &schema["examples"][0], &schema["enum"][0]];
        if let Some(value) = told.into_iter().find(|value| !value.is_null()) {
            return value.clone();
        }
        if let Some(first) = items(&schema["oneOf"]).next() {
            return self.example(first, depth + 1);
        }
        let is = |word: &str| schema["type"] == word || items(&schema["type"]).any(|one| one == word);
        if is("object") {
            let mut fields: Vec<&str> = items(&schema["required"]).filter_map(Value::as_str).collect();
            if fields.is_empty() {
                fields.extend(entries(&schema["properties"]).map(|(name, _)| name.as_str()).take(1));
            }
            let one = |name: &str| (name.to_owned(), self.example(&schema["properties"][name], depth + 1));
            Value::Object(fields.into_iter().map(one).collect())
        } else if is("array") {
            json!([self.example(&schema["items"], depth + 1)])
        } else if is("integer") {
            schema["minimum"].as_i64().unwrap_or(1).into()
        } else if is("boolean") {
            true.into()
        } else {
            "…".into()
        }
    }

    /// The command that calls an operation.
    fn curl(&self, method: &str, path: &str, operation: &Value) -> String {
        let mut command =
            if path.starts_with("/ping/") { "curl -fsS -m 10 --retry 5" } else { "curl" }.to_owned();
        if !matches!(method, "get" | "post") || (method == "post" && operation["requestBody"].is_null()) {
            command.extend([" -X ", &method.to_uppercase()]);
        }
        let schemes =
            if operation["security"].is_null() { &self.document["security"] } else { &operation["security"] };
        let scheme = items(schemes).flat_map(entries).map(|(name, _)| name.as_str()).next();
        match scheme {
            Some("api_key" | PROJECT_KEY) => command.push_str(" -H \"X-Api-Key: $KEY\""),
            Some("metrics_key") => command.push_str(" -H \"X-Metrics-Key: $KEY\""),
            Some("bearer") => command.push_str(" -H \"Authorization: Bearer $KEY\""),
            _ => {}
        }
        if let Some((kind, content)) = entries(&operation["requestBody"]["content"]).next() {
            let body = match kind.as_str() {
                "application/json" => self.example(&content["schema"], 0).to_string(),
                _ => "the log of the run".to_owned(),
            };
            command.extend([" -d '", &body.replace('\'', "'\\''"), "'"]);
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for parameter in items(&operation["parameters"]).filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().unwrap_or_default();
            let told = &parameter["example"];
            if parameter["required"] == true || !told.is_null() {
                let value = if told.is_null() { self.example(&parameter["schema"], 0) } else { told.clone() };
                query.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            }
        }
        let query = query.finish();
        let query = if query.is_empty() { query } else { format!("?{query}") };
        // Curl has a meaning of its own for braces.
        let path = path.replace('{', "<").replace('}', ">");
        format!("{command} '{}{path}{query}'", self.server)
    }

    fn operation(&self, method: &str, path: &str, operation: &Value) -> Operation {
        let text = |field: &str| operation[field].as_str().unwrap_or_default().to_owned();
        Operation {
            id: text("operationId"),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text("summary"),
            about: Text::of(operation),
            curl: self.curl(method, path, operation),
            parameters: items(&operation["parameters"])
                .map(|parameter| Field {
                    name: parameter["name"].as_str().unwrap_or_default().to_owned(),
                    required: parameter["required"] == true,
                    kind: kind_of(&parameter["schema"]),
                    about: Text::of(parameter),
                })
                .collect(),
            body: contents(&operation["requestBody"]),
            answers: entries(&operation["responses"])
                .map(|(status, answer)| Answer {
                    status: status.clone(),
                    about: Text::of(answer),
                    kinds: contents(answer),
                })
                .collect(),
        }
    }

    fn section(&self, tag: &Value) -> Section {
        let name = tag["name"].as_str().unwrap_or_default();
        let mut operations = Vec::new();
        for (path, methods) in entries(&self.document["paths"]) {
            let own = entries(methods).filter(|(_, operation)| operation["tags"][0] == name);
            operations.extend(own.map(|(method, operation)| self.operation(method, path, operation)));
        }
        if ALIKE.contains(&name) {
            operations.clear();
        }
        Section { name: name.to_owned(), about: Text::of(tag), operations }
    }
}

/// `GET /api/docs`
pub async fn get(visit: Visit) -> Result<Response> {
    let mut s = Shell::plain(&visit.state, visit.lang, &visit.here);
    s.email = visit.user.as_ref().map(|user| user.email.clone());
    let document = maibo_api::whole(&s.links);
    // Texts and numbers always have a form in JSON.
    let document = serde_json::to_value(&document).unwrap_or_default();
    let reader = Reader { document: &document, server: &s.links.to("") };
    let sections = items(&document["tags"]).map(|tag| reader.section(tag)).collect();
    let forms = entries(&document["components"]["schemas"])
        .filter(|(name, _)| !name.starts_with("HealthchecksV1"))
        .map(|(name, schema)| Form {
            name: name.clone(),
            about: Text::of(schema),
            kind: kind_of(schema),
            parts: parts(schema),
        })
        .collect();
    page(&Page { s, sections, forms })
}
