//! Embedded static files under names that change with their content.
use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Static;

static PATHS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    Static::iter()
        .filter_map(|name| {
            let hash = Static::get(&name)?.metadata.sha256_hash();
            let tag = u64::from_be_bytes(hash[..8].try_into().ok()?);
            Some((name.to_string(), format!("/static/{tag:016x}/{name}")))
        })
        .collect()
});

/// The path of a file, which changes with its content. A typo fails in tests and development.
#[must_use]
pub fn path(name: &str) -> &'static str {
    let found = PATHS.get(name);
    debug_assert!(found.is_some(), "no static file named `{name}`");
    found.map_or("", String::as_str)
}

/// `GET /static/{tag}/{name}`
pub async fn get(Path((tag, name)): Path<(String, String)>) -> Response {
    let Some(file) = Static::get(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = file.metadata.mimetype().to_owned();
    // A page of another version asks with another tag: it gets this version's file, but must ask again.
    let current = PATHS.get(&name).is_some_and(|path| path.split('/').nth(2) == Some(tag.as_str()));
    let cached = if current { "public, max-age=31536000, immutable" } else { "no-cache" };
    ([(header::CONTENT_TYPE, kind.as_str()), (header::CACHE_CONTROL, cached)], file.data).into_response()
}
