//! `GET checks/`: the list, which scripts and dashboards ask for again and again.
//!
//! It is made in blocks. One whose checks are all as they were is not written, and not compressed, once more.
use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use utoipa::ToSchema;

use super::Version;
use super::caller::Reader;
use super::document::Listing;
use super::refusal::Refusal;
use crate::core::Time;
use crate::healthchecks::{self as wire, ApiCheck, View};
use crate::links::Links;
use crate::recent::Recent;
use crate::store::check_lists;
use crate::store::checks::Check;
use crate::store::listed::{self, Listed};
use crate::web::AppState;
use crate::web::parts::{self, Form, Part};

/// Checks in a block. With fewer, a change costs less, but the list takes more bytes: a block is compressed on its own.
const BLOCK: usize = 64;
/// What a check takes as JSON, in bytes: a little more than most do.
const CHECK: usize = 1024;
/// What is kept about a list, and about a block, beside the bytes that are sent.
const ABOUT_IT: usize = 256;
/// From so many checks on, two cores share the list.
const MANY: usize = 2 * BLOCK;

/// Checks.
#[derive(ToSchema)]
#[schema(as = HealthchecksCheckList)]
#[expect(dead_code, reason = "it is for the document: lists are written check by check")]
pub(super) struct List {
    checks: Vec<ApiCheck<'static>>,
}

/// Lists that were asked for before.
#[derive(Debug)]
pub struct Lists {
    written: Recent<Which, Arc<[Block]>>,
    /// Nobody outside this process can tell what has which fingerprint.
    hasher: RandomState,
}

/// Which list, by everything that does not change with its checks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Which {
    project: i64,
    version: u8,
    view: View,
    form: Form,
    /// Those that a check must have to be shown.
    tags: BTreeSet<String>,
}

/// A part of a list as it is sent.
#[derive(Debug, Clone)]
struct Block {
    /// Of all that its checks show.
    fingerprint: u64,
    part: Arc<Part>,
}

impl Lists {
    /// What is kept at most, in bytes: some nine thousand checks as they are, or a hundred thousand compressed ones.
    const ROOM: usize = 8 << 20;
}

impl Default for Lists {
    fn default() -> Self {
        Self { written: Recent::new(Self::ROOM), hasher: RandomState::new() }
    }
}

/// How checks are to be shown, and when.
struct Wanted {
    channels: check_lists::ChannelUuids,
    links: Links,
    version: u8,
    view: View,
    form: Form,
    now: Time,
    /// The blocks as they were when this list was asked for last, or none.
    before: Arc<[Block]>,
    lists: Arc<Lists>,
}

impl Wanted {
    /// The blocks of these checks, the first of which is the list's `first`.
    fn blocks(&self, checks: &[Listed], first: usize) -> Result<Vec<Block>, Refusal> {
        let numbered = checks.chunks(BLOCK).enumerate();
        numbered.map(|(n, checks)| self.block(checks, self.before.get(first + n))).collect()
    }

    fn block(&self, checks: &[Listed], before: Option<&Block>) -> Result<Block, Refusal> {
        let mut hasher = self.lists.hasher.build_hasher();
        let mut shown = Vec::with_capacity(checks.len());
        for check in checks {
            let channels = self.channels.get(&check.id()).map_or("", String::as_str);
            let of_now = wire::check(check, channels, &self.links, self.version, self.view, self.now);
            check.hash_row(&mut hasher);
            of_now.hash_moment(&mut hasher);
            channels.hash(&mut hasher);
            shown.push(of_now);
        }
        let fingerprint = hasher.finish();
        if let Some(before) = before.filter(|before| before.fingerprint == fingerprint) {
            return Ok(before.clone());
        }
        // In one piece from the beginning: what grows is copied as often as it doubles.
        let mut text = Vec::with_capacity(CHECK * checks.len());
        for check in shown {
            if !text.is_empty() {
                text.push(b',');
            }
            check.write(&mut text);
        }
        let part = Part::new(text, self.form).map_err(Refusal::Compression)?;
        Ok(Block { fingerprint, part: part.into() })
    }
}

/// `GET checks/`: those that have every `?tag=` and this `?slug=`.
#[utoipa::path(get, path = "/checks/", operation_id = "checks", summary = "List the checks", description = "", params(
        ("tag" = Option<Vec<String>>, Query, description = "With every one of these tags"),
        ("slug" = Option<String>, Query, description = "With this slug; empty: any")),
    responses((status = 200, description = "The checks", body = List), Listing))]
pub async fn list(
    State(state): State<AppState>,
    Extension(Version(version)): Extension<Version>,
    reader: Reader,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let (mut tags, mut slug) = (BTreeSet::new(), String::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "tag" => drop(tags.insert(value.into_owned())),
            "slug" => slug = value.into_owned(),
            _ => {}
        }
    }
    let (db, Reader { project, view }) = (&state.db, reader);
    let channels = async {
        match view {
            View::Full => check_lists::channel_uuids(db, project).await,
            View::ReadOnly => Ok(check_lists::ChannelUuids::new()),
        }
    };
    let checks = async {
        if slug.is_empty() {
            Box::pin(listed::all(db, &state.known, project)).await
        } else {
            let checks = check_lists::with_slug(db, project, &slug).await?;
            Ok(checks.iter().map(Check::listed).collect())
        }
    };
    let (channels, mut checks) = tokio::try_join!(channels, checks)?;
    if !tags.is_empty() {
        let has = |check: &Listed, tag: &String| check.settings.tags.split_whitespace().any(|own| own == tag);
        checks.retain(|check| tags.iter().all(|tag| has(check, tag)));
    }
    let form = Form::asked_for(&headers);
    // What an index found was not read with its revision.
    let which = slug.is_empty().then_some(Which { project, version, view, form, tags });
    let (lists, links, now) = (Arc::clone(&state.lists), state.links.clone(), state.now());
    let before = which.as_ref().and_then(|which| lists.written.get(which)).unwrap_or_default();
    let wanted = Wanted { channels, links, version, view, form, now, before, lists };
    let blocks: Arc<[Block]> = in_blocks(&state, wanted, checks).await?.into();
    if let Some(which) = which.filter(|_| !blocks.is_empty()) {
        let words = which.tags.iter().map(|tag| tag.len() + size_of::<String>()).sum::<usize>();
        let parts = blocks.iter().map(|block| block.part.size() + ABOUT_IT).sum::<usize>();
        let size = ABOUT_IT + words + parts;
        state.lists.written.put(which, Arc::clone(&blocks), size);
    }
    let parts = blocks.iter().map(|block| block.part.as_ref());
    Ok(parts::json(form, b"{\"checks\":[", parts, b",", b"]}"))
}

async fn in_blocks(state: &AppState, wanted: Wanted, checks: Vec<Listed>) -> Result<Vec<Block>, Refusal> {
    if checks.len() < MANY {
        return wanted.blocks(&checks, 0);
    }
    let first = checks.len() / 2 / BLOCK;
    let middle = first * BLOCK;
    let (wanted, checks) = (Arc::new(wanted), Arc::new(checks));
    // On another core, if there is one.
    let (own, all) = (Arc::clone(&wanted), Arc::clone(&checks));
    let upper = state.tasks.spawn(async move { own.blocks(&all[middle..], first) });
    let mut blocks = wanted.blocks(&checks[..middle], 0)?;
    blocks.extend(match upper.await {
        Ok(upper) => upper?,
        // It panicked, and will do so here, where that is answered.
        Err(_) => wanted.blocks(&checks[middle..], first)?,
    });
    Ok(blocks)
}
