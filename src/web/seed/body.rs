//! The fields of a request: a JSON object or a form, as the Django REST framework takes both.
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::web::AppState;
use crate::web::body::{BodyFault, collect};

/// What was sent, by field.
#[derive(Debug, Default)]
pub(super) struct Given(Map<String, Value>);

impl Given {
    /// A field's value; `None` where nothing is said of it.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A field that is a text or a number, as text. NUL cannot be stored everywhere and is never meant.
    pub(super) fn text(&self, name: &str) -> Option<Result<String, &'static str>> {
        match self.get(name)? {
            Value::String(text) => Some(Ok(text.trim().replace('\0', ""))),
            Value::Number(number) => Some(Ok(number.to_string())),
            Value::Null => Some(Err("This field may not be null.")),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => Some(Err("Not a valid string.")),
        }
    }

    /// Whether there is a field with something in it. A text that is no form reads as one name without a value.
    pub(super) fn has_values(&self) -> bool {
        self.0.values().any(|value| value.as_str() != Some(""))
    }

    /// Reads a body. What begins like JSON is JSON, whatever its sender calls it: curl calls everything a form.
    pub(super) fn read(bytes: &[u8], is_json: bool) -> Result<Self, Refusal> {
        let start = bytes.trim_ascii_start();
        if start.is_empty() {
            return Ok(Self::default());
        }
        if !is_json && !start.starts_with(b"{") && !start.starts_with(b"[") {
            let fields = url::form_urlencoded::parse(bytes);
            return Ok(Self(
                fields.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect(),
            ));
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(_) => Err(Refusal::field("non_field_errors", "Invalid data. Expected a dictionary.")),
            Err(error) => Err(Refusal::Body(format!("JSON parse error - {error}"))),
        }
    }
}

impl FromRequest<AppState> for Given {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Refusal> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_json = kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
        let bytes = collect(request.into_body()).await.map_err(|fault| match fault {
            BodyFault::Broken => Refusal::Body("The request body ended too soon.".to_owned()),
            BodyFault::TooLong => Refusal::TooLarge,
        })?;
        Self::read(&bytes, is_json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curl_may_send_json_as_a_form() {
        for (bytes, is_json) in [
            (&br#"{"name": "a b", "grace": "5"}"#[..], true),
            (br#" {"name": "a b", "grace": "5"}"#, false),
            (b"name=a+b&grace=5", false),
        ] {
            let given = Given::read(bytes, is_json).unwrap();
            assert_eq!(
                (given.text("name"), given.text("grace")),
                (Some(Ok("a b".into())), Some(Ok("5".into())))
            );
        }
        assert!(Given::read(b"", true).unwrap().get("name").is_none());
        assert!(Given::read(b"name=a", true).is_err());
        assert!(Given::read(b"[1]", false).is_err());
        assert!(Given::read(b"{\"name\": \"\xff\"}", false).is_err());
    }
}
