//! A project's badges: for all its checks and for each tag, as one sees them and with the address to copy.
use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use crate::core::access::Action;
use crate::web::badges::{ALL, addresses};
use crate::web::error::Result;
use crate::web::extract::{Fields, Visit};
use crate::web::view::{Shell, page};

/// Badges that one page shows: each is a picture of its own.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "badges/list.html")]
struct Page {
    s: Shell,
    rows: Vec<Row>,
    /// Late is a state of its own.
    three: bool,
    /// How many more there are than are shown, in words.
    more: String,
}

struct Row {
    /// A tag; empty for all checks.
    tag: String,
    /// The picture, from this host.
    picture: String,
    svg: String,
    shields: String,
    json: String,
}

/// `GET /projects/{project}/badges`
pub async fn get(visit: Visit, Path(project): Path<String>) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::View).await?;
    let l = visit.lang;
    let query = Fields::read(visit.here.split_once('?').map_or("", |(_, query)| query).as_bytes());
    let three = query.get("states") != "2";
    let all = addresses(&visit.state, project.id).await?;
    let over = i64::try_from(all.len().saturating_sub(SHOWN)).unwrap_or(i64::MAX);
    let more = if over > 0 { l.tn("badges-more", over) } else { String::new() };
    let rows = all
        .into_iter()
        .take(SHOWN)
        .map(|(tag, badge)| {
            let (svg, shields, json) = if three {
                (badge.svg3, badge.shields3, badge.json3)
            } else {
                (badge.svg, badge.shields, badge.json)
            };
            let path = svg.strip_prefix(&visit.state.links.to("")).unwrap_or_default();
            Row {
                picture: visit.state.links.local(path),
                tag: if tag == ALL { String::new() } else { tag },
                svg,
                shields,
                json,
            }
        })
        .collect();
    page(&Page { s: Shell::of(&visit, &project, role, "badges").await?, rows, three, more })
}
