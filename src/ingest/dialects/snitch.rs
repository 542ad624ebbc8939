//! Dead Man's Snitch: `/<token>?m=<message>&s=<exit status>` at the root, also with `m` and `s` as a form.
//!
//! Source: the product's documentation and its Ruby client `snitcher`: no status, an empty one and 0 are a success, any
//! other is a failure. "Got it, thanks!" is documented; that it comes with 202 is not, and its clients take any 2xx.
use std::borrow::Cow;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::{Dialect, Reply, Request, Said, ToldBy, exit, text};
use crate::core::ping::Asked;

/// Gets the page of an address that does not exist.
const UNKNOWN: Reply = Reply::bare(StatusCode::NOT_FOUND);

/// A status in there would not be seen, and a failure be taken for a success.
const NO_FORM: Reply = Reply::text(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "send m and s in the address, or in a form as application/x-www-form-urlencoded",
);

pub(super) const DIALECT: Dialect = Dialect {
    told_by: ToldBy::Body,
    ..Dialect::by_url(read, Reply::text(StatusCode::ACCEPTED, "Got it, thanks!"), UNKNOWN)
};

fn read(request: &Request<'_>) -> Result<Said, Reply> {
    let [token] = request.path()[..] else { return Err(UNKNOWN) };
    if request.has_type("multipart/form-data") {
        return Err(NO_FORM);
    }
    let form = form(request);
    let field = |name: &str| {
        let sent = form.iter().rev().find(|(key, value)| key == name && !value.is_empty());
        request.get(name).or(sent.map(|(_, value)| value.as_ref()))
    };
    let asked = match field("s") {
        None => Asked::Success,
        Some(status) => exit(status).unwrap_or(Asked::Fail),
    };
    // curl calls everything a form: what has none of our fields is the job's output.
    let body = if form.is_empty() { request.body } else { &[] };
    Ok(Said::token(token, asked, text(field("m"), [], body)))
}

#[derive(Default, Deserialize)]
struct Fields {
    m: Option<Value>,
    s: Option<Value>,
}

/// The body as a form, or as the same in JSON, if it is one with a field that we know.
fn form<'a>(request: &Request<'a>) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
    if request.has_type("application/json") {
        let fields: Fields = serde_json::from_slice(request.body).unwrap_or_default();
        let text = |value: Value| match value {
            Value::String(text) => Cow::Owned(text),
            other => Cow::Owned(other.to_string()),
        };
        let fields = [("m", fields.m), ("s", fields.s)];
        return fields.into_iter().filter_map(|(key, value)| Some((key.into(), text(value?)))).collect();
    }
    if !request.has_type("application/x-www-form-urlencoded") {
        return Vec::new();
    }
    let fields: Vec<_> = url::form_urlencoded::parse(request.body).collect();
    if fields.iter().any(|(key, _)| key == "m" || key == "s") { fields } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, said};
    use super::*;
    use rstest::rstest;

    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

    #[rstest]
    #[case("", "", Asked::Success, "")]
    #[case("?s=", "", Asked::Success, "")]
    #[case("?s=0", "", Asked::Exit(0), "")]
    #[case("?s=3&m=disk%20full", "", Asked::Exit(3), "disk full")]
    #[case("?s=oops", "", Asked::Fail, "")]
    #[case("", "s=1&m=no+space", Asked::Exit(1), "no space")]
    #[case("?m=first", "m=second", Asked::Success, "first")]
    #[case("", "rows copied: 12%", Asked::Success, "rows copied: 12%")]
    fn words_of_a_snitch(#[case] query: &str, #[case] body: &str, #[case] asked: Asked, #[case] text: &str) {
        let result = read(DIALECT, "POST", &format!("/c2354d53d2{query}"), &[FORM], body);
        assert_eq!(said(result), ("c2354d53d2".to_owned(), asked, text.to_owned()));
    }

    #[test]
    fn without_the_type_of_a_form_it_is_none() {
        let result = read(DIALECT, "POST", "/c2354d53d2", &[("content-type", "text/plain")], "s=1");
        assert_eq!(said(result), ("c2354d53d2".to_owned(), Asked::Success, "s=1".to_owned()));
    }
}
