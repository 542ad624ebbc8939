//! `/docs/channels`: every kind of channel with its fields and set-up steps, for anybody to read.
use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};

use crate::notify::reference::{self, OfFamily, Told};
use crate::notify::template;
use crate::web::error::Result;
use crate::web::extract::Visit;
use crate::web::view::{Shell, page};

#[derive(Template)]
#[template(path = "channels/kinds.html")]
struct Page {
    s: Shell,
    families: Vec<OfFamily>,
    shared: Vec<Told>,
    names: &'static [&'static str],
    filters: &'static [&'static str],
}

/// `GET /docs`: leads to what there is.
pub async fn index(visit: Visit) -> Response {
    Redirect::to(&visit.state.links.local("/docs/channels")).into_response()
}

/// `GET /docs/channels`
pub async fn get(visit: Visit) -> Result<Response> {
    let l = visit.lang;
    let mut s = Shell::plain(&visit.state, l, &visit.here);
    s.email = visit.user.as_ref().map(|user| user.email.clone());
    page(&Page {
        s,
        families: reference::families(l),
        shared: reference::shared(l),
        names: template::NAMES,
        filters: template::FILTERS,
    })
}
