//! The OpenAPI document and its page: where they are, and that no route is missing.
use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::{API, NOBODY};
use crate::support::Maibo;
use crate::support::http;

fn document(maibo: &Maibo) -> Value {
    let reply = maibo.call("GET", "/api/openapi.json");
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    reply.json()
}

/// What is called: method, path, operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, item): (&String, &Value)| -> Vec<(String, String, Value)> {
        let methods = item.as_object().unwrap().iter();
        methods.map(|(method, operation)| (method.to_uppercase(), path.clone(), operation.clone())).collect()
    };
    paths.iter().flat_map(of).collect()
}

fn source(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The addresses that a source gives to `.route(…)`.
fn routes(source: &str) -> Vec<String> {
    let after = source.split(".route(").skip(1);
    after
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split_once('"'))
        .map(|(path, _)| path.to_owned())
        .collect()
}

/// A path with nothing in its placeholders, and without a slash at its end.
fn shape(path: &str) -> String {
    let mut shape = String::new();
    let mut inside = false;
    for c in path.trim_end_matches('/').chars() {
        match c {
            '{' => inside = true,
            '}' => {
                inside = false;
                shape.push_str("{}");
            }
            _ if inside => {}
            _ => shape.push(c),
        }
    }
    // The name and the ending of a badge are one part for the router.
    shape.replace("{}.{}", "{}")
}

#[test]
fn the_document_lacks_no_route_that_programs_call() {
    // What answers for all that is not there, and what is for machines but no callers.
    const NOT_TOLD: &[&str] = &[
        "/api/{}",
        "/api/{}/{}",
        "/api/openapi.json",
        "/healthz",
        "/readyz",
        "/static/{}/{}",
        "/ping",
        "/ping/{}",
    ];
    let maibo = Maibo::serving();
    let document = document(&maibo);
    let told: BTreeSet<String> = operations(&document).iter().map(|(_, path, _)| shape(path)).collect();
    let all = source("src/web/routes.rs");
    let (_, behind_pages) = all.split_once("let apis = ").unwrap();
    let (others, management) = behind_pages.split_once("fn management(").unwrap();
    let mut there: BTreeSet<String> = routes(others).iter().map(|path| shape(path)).collect();
    for version in 1..=3 {
        there.extend(routes(management).iter().map(|path| shape(&format!("/api/v{version}{path}"))));
    }
    there.retain(|path| !NOT_TOLD.contains(&path.as_str()));
    assert!(there.len() > 30, "the reader of routes found only {there:?}");
    let missing: Vec<_> = there.difference(&told).collect();
    assert!(missing.is_empty(), "not in the document: {missing:?}");
    // Our own API is made from the same list as its document, but for what catches the rest.
    assert_eq!(routes(&source("src/web/maibo_api/mod.rs")), ["/{*rest}", "/"]);
}

#[test]
fn every_call_of_our_own_is_there_and_wants_a_key() {
    let maibo = Maibo::serving();
    let document = document(&maibo);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], "http://maibo.test");
    let mut ids = BTreeSet::new();
    let mut own = 0;
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(ids.insert(id.clone()), "{id} is the name of two calls");
        let tag = &operation["tags"][0];
        assert!(
            document["tags"].as_array().unwrap().iter().any(|known| known["name"] == *tag),
            "{id}: {tag}"
        );
        if path.starts_with(API) {
            own += 1;
            let reply = http::request(maibo.addr(), &method, &path.replace(['{', '}'], ""), &[], b"");
            assert_eq!(reply.status, 401, "{method} {path}: {}", reply.text());
            assert!(operation["responses"]["401"].is_object(), "{method} {path}");
        }
    }
    assert!(own > 20, "{own}");
}

#[test]
fn what_a_form_refers_to_is_in_the_document() {
    let maibo = Maibo::serving();
    let document = document(&maibo);
    let text = document.to_string();
    for (_, rest) in
        text.match_indices("#/components/schemas/").map(|(at, found)| text[at..].split_at(found.len()))
    {
        let name = rest.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[test]
fn the_page_shows_every_call_in_both_languages() {
    let maibo = Maibo::serving();
    let document = document(&maibo);
    for (language, word) in [("en", "Parameters"), ("zh-CN", "参数")] {
        let reply = http::request(maibo.addr(), "GET", "/api/docs", &[("Accept-Language", language)], b"");
        let page = reply.text();
        assert_eq!(reply.status, 200);
        assert!(page.contains(word), "{language}");
        for (_, _, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap();
            // Versions 1 and 2 have the calls of version 3.
            let shown = page.contains(&format!("id=\"{id}\""));
            assert_eq!(shown, !id.starts_with("v1_") && !id.starts_with("v2_"), "{id}");
        }
        for (at, _) in page.match_indices("href=\"#form-") {
            let name = page[at + 12..].split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"form-{}\"", name.trim_start_matches("form-"))), "{name}");
        }
    }
}

#[test]
fn each_call_says_which_keys_open_it() {
    let maibo = Maibo::serving();
    let document = document(&maibo);
    assert_eq!(document["security"], json!([{"api_key": []}, {"bearer": []}]));
    let known = document["components"]["securitySchemes"].as_object().unwrap();
    let bearer = format!("Bearer {}", maibo.key());
    let mut healthchecks = 0;
    for (method, path, operation) in operations(&document) {
        let schemes = operation["security"].as_array().into_iter().flatten();
        let schemes: Vec<&String> = schemes.flat_map(|scheme| scheme.as_object().unwrap().keys()).collect();
        assert!(schemes.iter().all(|scheme| known.contains_key(*scheme)), "{method} {path}: {schemes:?}");
        if path.starts_with(API) {
            assert!(operation["security"].is_null(), "{method} {path}");
        } else if path.starts_with("/api/v") && operation["responses"]["401"].is_object() {
            healthchecks += 1;
            assert_eq!(schemes, ["project_key"], "{method} {path}");
            let path = path.replace("{code}", NOBODY).replace("{n}", "1");
            let by = |header| http::request(maibo.addr(), &method, &path, &[header], b"{}").status;
            assert_eq!(by(("Authorization", &bearer)), 401, "{method} {path}");
            assert_ne!(by(("X-Api-Key", maibo.key())), 401, "{method} {path}");
        }
    }
    assert!(healthchecks > 30, "{healthchecks}");
}

#[test]
fn the_page_tells_all_that_the_document_says() {
    let maibo = Maibo::serving();
    let page = maibo.call("GET", "/api/docs").text();
    for told in [
        "integer, 1 to 500, default 100",
        "integer, 0 to 1000000, default 0",
        "<h3>JsonBadge</h3>",
        "<h3>ShieldsBadge</h3>",
        "image/svg+xml or <a href=\"#form-BadgeStatus\">BadgeStatus (application/json)</a>",
        "id=\"token\"",
        "Credentials (application/x-www-form-urlencoded)",
    ] {
        assert!(page.contains(told), "{told}");
    }
    let (_, by_uuid) = page.split_once("id=\"ping_start\"").unwrap();
    let (by_uuid, _) = by_uuid.split_once("</details>").unwrap();
    assert!(by_uuid.contains("<code>400</code>"), "{by_uuid}");
    assert!(!by_uuid.contains("<code>201</code>") && !by_uuid.contains("<code>409</code>"), "{by_uuid}");
}
