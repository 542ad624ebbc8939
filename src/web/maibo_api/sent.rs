//! What a caller sent: a JSON body, or the names and values of a query, and what is wrong with it.
use std::fmt;
use std::marker::PhantomData;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::problem::{FieldError, Refusal, Result};
use crate::web::AppState;
use crate::web::body::{BodyFault, collect};

/// A field of a change: absent leaves it as it is, null sets it back to its default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Patch<T> {
    #[default]
    Keep,
    Reset,
    Set(T),
}

impl<T> Patch<T> {
    /// Puts what is wanted over what is there.
    pub(super) fn apply(self, target: &mut T, default: impl FnOnce() -> T) {
        match self {
            Self::Keep => {}
            Self::Reset => *target = default(),
            Self::Set(value) => *target = value,
        }
    }

    pub(super) fn map<U>(self, f: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Reset => Patch::Reset,
            Self::Set(value) => Patch::Set(f(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Reset, Self::Set))
    }
}

/// An object, and nothing else: serde would read a list of its values, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OfMap<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(OfMap(PhantomData))
    }
}

/// For a field that may be absent but not null.
pub(super) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A JSON object as `T` has it. The content type is ignored, so that curl's own works.
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<AppState> for Sent<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &AppState) -> Result<Self> {
        let bytes = collect(request.into_body()).await.map_err(|fault| match fault {
            BodyFault::Broken => Refusal::Unreadable("the body did not arrive whole".to_owned()),
            BodyFault::TooLong => Refusal::TooLarge,
        })?;
        if bytes.is_empty() {
            return Err(Refusal::Unreadable("send a JSON object".to_owned()));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(body)) => read(body).map(Self),
            Ok(_) => Err(Refusal::field("", "expected a JSON object")),
            Err(error) => Err(Refusal::Unreadable(error.to_string())),
        }
    }
}

/// Reads an object as `T` has it.
pub(super) fn read<T: DeserializeOwned>(body: Map<String, Value>) -> Result<T> {
    serde_path_to_error::deserialize(Value::Object(body)).map_err(|error| {
        let path = error.path().to_string();
        Refusal::Fields(vec![fault(&path, &error.into_inner().to_string())])
    })
}

/// The parts of an address as `T` has them; what cannot be read is the address of nothing.
pub(super) struct At<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for At<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let Path(named) = Path::from_request_parts(parts, state).await.map_err(|_| Refusal::NotFound)?;
        Ok(Self(named))
    }
}

/// The query of an address as `T` has it.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => {
                let words = rejection.body_text();
                let words = words.rsplit_once("query string: ").map_or(words.as_str(), |(_, words)| words);
                let (path, words) = words.split_once(": ").unwrap_or((".", words));
                Err(Refusal::Fields(vec![fault(path, words)]))
            }
        }
    }
}

const INSTANT: &str = "expected an instant like 2026-11-21T00:00:00Z; a + in an address is sent as %2B";

/// What serde found wrong, in words for people. A field that is unknown or missing has no place in the path yet: its name
/// stands in the words.
fn fault(path: &str, words: &str) -> FieldError {
    let named = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| words.strip_prefix(start)?.split_once('`'))
        .map(|(name, _)| name);
    let path = path.trim_end_matches('?').trim_end_matches('.');
    let field = match (path, named) {
        (path, None) => path.to_owned(),
        ("", Some(name)) => name.to_owned(),
        (path, Some(name)) if path.ends_with(name) => path.to_owned(),
        (path, Some(name)) => format!("{path}.{name}"),
    };
    let mut words = words.to_owned();
    for (rust, plain) in [
        ("expected i64", "expected a whole number"),
        ("invalid digit found in string", "expected a whole number"),
        ("input contains invalid characters", INSTANT),
        ("premature end of input", INSTANT),
        ("trailing input", INSTANT),
        ("input is out of range", INSTANT),
        ("expected a sequence", "expected a list"),
        ("invalid type: map", "invalid type: object"),
        ("invalid type: sequence", "invalid type: list"),
    ] {
        words = words.replace(rust, plain);
    }
    FieldError { field, message: words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Outer {
        inner: Patch<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        count: i64,
    }

    #[rstest]
    #[case(r#"{"colour": 1}"#, "colour")]
    #[case(r#"{"inner": {"count": "x"}}"#, "inner.count")]
    #[case(r#"{"inner": {"count": 1, "colour": 1}}"#, "inner.colour")]
    #[case(r#"{"inner": {}}"#, "inner.count")]
    #[case(r#"{"inner": 7}"#, "inner")]
    fn a_fault_names_its_field(#[case] body: &str, #[case] field: &str) {
        let value: Value = serde_json::from_str(body).unwrap();
        let error = serde_path_to_error::deserialize::<_, Outer>(value).unwrap_err();
        let told = fault(&error.path().to_string(), &error.into_inner().to_string());
        assert_eq!(told.field, field, "{told:?}");
    }

    #[test]
    fn absent_and_null_are_told_apart() {
        let read = |body: &str| serde_json::from_str::<Outer>(body).unwrap().inner;
        assert!(matches!(read("{}"), Patch::Keep));
        assert!(matches!(read(r#"{"inner": null}"#), Patch::Reset));
        assert!(matches!(read(r#"{"inner": {"count": 1}}"#), Patch::Set(Inner { count: 1 })));
    }
}
