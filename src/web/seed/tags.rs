//! `/api/tags/`: tags, which are words on checks here, with the numbers by which scripts name them.
use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::body::Given;
use super::caller::Caller;
use super::date;
use super::refusal::{BLANK, REQUIRED, Refusal};
use crate::core::Time;
use crate::core::access::Action;
use crate::store::tags;
use crate::web::AppState;

/// Longest tag, in characters.
const MAX_CHARS: usize = 200;

/// A tag as scripts see it.
#[derive(Debug, Serialize)]
pub(super) struct Tag {
    id: u32,
    name: String,
    created: String,
    updated: String,
}

impl Tag {
    /// `since`: when the oldest check that has it was made.
    pub(super) fn new(name: &str, since: Time) -> Self {
        Self { id: id_of(name), name: name.to_owned(), created: date(since), updated: date(since) }
    }
}

/// A tag's number: 31 bits of a hash of its text, so that no table has to remember it.
fn id_of(name: &str) -> u32 {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(name.as_bytes()));
    u32::from_be_bytes([a, b, c, d]) >> 1
}

/// Whether a check with these tags has one with each of these numbers.
pub(super) fn has_all(tags: &str, wanted: &[u32]) -> bool {
    wanted.iter().all(|id| tags.split_whitespace().any(|tag| id_of(tag) == *id))
}

/// Tags out of a text: words between commas. A space inside of one becomes `_`, since spaces divide tags here.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in text.split([',', '，']) {
        let word = part.split_whitespace().collect::<Vec<_>>().join("_");
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// The tag in use with this number. Two tags may share one, once in a great while: then neither can be changed by it.
fn find(in_use: &BTreeMap<String, Time>, id: &str) -> Result<String, Refusal> {
    let id: u32 = id.parse().map_err(|_| Refusal::NotFound)?;
    let mut fitting = in_use.keys().filter(|name| id_of(name) == id);
    match (fitting.next(), fitting.next()) {
        (Some(name), None) => Ok(name.clone()),
        (Some(one), Some(other)) => Err(Refusal::Conflict(format!(
            "the tags `{one}` and `{other}` have the same number; change one of them on the dashboard"
        ))),
        (None, _) => Err(Refusal::NotFound),
    }
}

/// A new tag's name.
fn name_of(given: &Given, in_use: &BTreeMap<String, Time>) -> Result<String, Refusal> {
    let bad = |words: &str| Refusal::field("name", words);
    let text = given.text("name").ok_or_else(|| bad(REQUIRED))?.map_err(bad)?;
    if text.chars().count() > MAX_CHARS {
        return Err(bad("Ensure this field has no more than 200 characters."));
    }
    let mut found = words(&text);
    let name = found.pop().ok_or_else(|| bad(BLANK))?;
    if !found.is_empty() {
        return Err(bad("A tag has no comma in it."));
    }
    if in_use.contains_key(&name) {
        return Err(bad("tag with this name already exists."));
    }
    Ok(name)
}

/// `GET /api/tags/`: those that a check has.
pub(super) async fn list(State(state): State<AppState>, caller: Caller) -> Result<Response, Refusal> {
    let project = caller.home(&state.db, Action::View).await?;
    let in_use = tags::in_use(&state.db, project).await?;
    let mut in_use: Vec<(&String, &Time)> = in_use.iter().collect();
    in_use.sort_by_key(|(_, since)| **since);
    let shown: Vec<Tag> = in_use.into_iter().map(|(name, since)| Tag::new(name, *since)).collect();
    Ok(Json(shown).into_response())
}

/// `GET /api/tags/<id>/`
pub(super) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let project = caller.home(&state.db, Action::View).await?;
    let in_use = tags::in_use(&state.db, project).await?;
    let name = find(&in_use, &id)?;
    Ok(Json(Tag::new(&name, in_use.get(&name).copied().unwrap_or(state.now()))).into_response())
}

/// `POST /api/tags/`: tells the number that the tag will have. It is remembered nowhere until a check has it.
pub(super) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    given: Given,
) -> Result<Response, Refusal> {
    let project = caller.home(&state.db, Action::EditChecks).await?;
    let name = name_of(&given, &tags::in_use(&state.db, project).await?)?;
    Ok((StatusCode::CREATED, Json(Tag::new(&name, state.now()))).into_response())
}

/// `PUT /api/tags/<id>/`: gives it another name, and so another number, on all checks.
pub(super) async fn rename(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    given: Given,
) -> Result<Response, Refusal> {
    let project = caller.home(&state.db, Action::EditChecks).await?;
    let mut in_use = tags::in_use(&state.db, project).await?;
    let old = find(&in_use, &id)?;
    let since = in_use.remove(&old).unwrap_or(state.now());
    let new = name_of(&given, &in_use)?;
    tags::replace(&state.db, project, &old, Some(&new)).await?;
    Ok(Json(Tag::new(&new, since)).into_response())
}

/// `DELETE /api/tags/<id>/`: takes it off all checks.
pub(super) async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let project = caller.home(&state.db, Action::EditChecks).await?;
    let old = find(&tags::in_use(&state.db, project).await?, &id)?;
    tags::replace(&state.db, project, &old, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_keeps_its_number_everywhere() {
        // The first four bytes of the SHA-256, computed with sha256sum, halved.
        assert_eq!(id_of("sync"), 988_000_127);
        assert_eq!(id_of("备份"), 946_977_109);
    }

    #[test]
    fn commas_divide_tags_and_spaces_join_them() {
        assert_eq!(words(" sync, my  backup,,sync，夜间"), ["sync", "my_backup", "夜间"]);
        assert!(words("").is_empty());
    }

    #[test]
    fn a_number_that_two_tags_share_changes_neither() {
        // Found by trying.
        let (one, other) = ("t26821", "t49091");
        assert_eq!(id_of(one), id_of(other));
        let in_use = [one, other].map(|name| (name.to_owned(), Time::UNIX_EPOCH)).into();
        assert!(matches!(find(&in_use, &id_of(one).to_string()), Err(Refusal::Conflict(_))));
    }
}
