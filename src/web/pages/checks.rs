//! The list of a project's checks.
use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use crate::core::Time;
use crate::core::access::Action;
use crate::i18n::{Lang, zone_or_utc};
use crate::notify::load::display_name;
use crate::store::check_lists::{self, Filter, Tally};
use crate::store::checks::Check;
use crate::web::error::Result;
use crate::web::extract::{Fields, Visit};
use crate::web::view::{
    Bar, Shell, Sign, When, ago, bars, due_words, page, schedule_with_zone, sign, strip_words, when,
};

/// Rows on one page.
const ROWS: i64 = 100;

#[derive(Template)]
#[template(path = "checks/list.html")]
struct Page {
    s: Shell,
    tally: Vec<Count>,
    total: i64,
    filter: Filter,
    rows: Vec<Row>,
    matching: String,
    newer: Option<String>,
    older: Option<String>,
}

/// One of the pills above the list.
struct Count {
    sign: Sign,
    n: i64,
    href: String,
    pressed: bool,
}

struct Row {
    href: String,
    name: String,
    tags: Vec<(String, String)>,
    sign: Sign,
    tint: &'static str,
    bars: Vec<Bar>,
    bars_label: String,
    schedule: String,
    last: Option<When>,
    due: String,
    due_class: &'static str,
    ran: String,
}

/// `GET /projects/{project}/checks`
pub async fn get(visit: Visit, Path(project): Path<String>) -> Result<Response> {
    let (project, role) = visit.project(&project, Action::View).await?;
    let (state, l, now) = (&visit.state, visit.lang, visit.state.now());
    let query = Fields::read(visit.here.split_once('?').map_or("", |(_, query)| query).as_bytes());
    let filter = Filter {
        status: query.get("status").to_owned(),
        search: query.get("q").chars().take(100).collect(),
        tag: query.get("tag").chars().take(100).collect(),
        slug: String::new(),
    };
    let number: i64 = query.get("page").parse().unwrap_or(1).clamp(1, 100_000);
    let tally = check_lists::tally(&state.db, project.id, now).await?;
    let (found, matching) =
        check_lists::page(&state.db, project.id, &filter, now, (number - 1) * ROWS, ROWS).await?;
    let s = Shell::of(&visit, &project, role, "checks").await?;
    let at_page =
        |number: i64| s.in_project(&format!("/checks?{}", address(&filter, &filter.status, number)));
    let rows = found.iter().map(|check| row(l, &s, check, now)).collect();
    let newer = (number > 1).then(|| at_page(number - 1));
    let older = (number * ROWS < matching).then(|| at_page(number + 1));
    let counts = counts(l, &s, &tally, &filter);
    page(&Page {
        tally: counts,
        total: tally.total,
        rows,
        matching: l.tn("checks-matching", matching),
        newer,
        older,
        filter,
        s,
    })
}

fn address(filter: &Filter, status: &str, number: i64) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("status", status), ("q", filter.search.as_str()), ("tag", filter.tag.as_str())] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    if number > 1 {
        query.append_pair("page", &number.to_string());
    }
    query.finish()
}

fn counts(l: Lang, s: &Shell, tally: &Tally, filter: &Filter) -> Vec<Count> {
    [
        ("down", "down", "down", tally.down),
        ("late", "late", "late", tally.late),
        ("running", "run", "run", tally.running),
        ("up", "up", "up", tally.up),
        ("new", "new", "idle", tally.new),
        ("paused", "idle", "idle", tally.paused),
    ]
    .into_iter()
    .filter(|(status, _, _, n)| *n > 0 || filter.status == *status)
    .map(|(status, icon, class, n)| {
        let pressed = filter.status == status;
        // A second press lets go.
        let target = if pressed { "" } else { status };
        Count {
            sign: Sign { icon, class, word: l.t(&format!("state-{status}")) },
            n,
            href: s.in_project(&format!("/checks?{}", address(filter, target, 1))),
            pressed,
        }
    })
    .collect()
}

fn row(l: Lang, s: &Shell, check: &Check, now: Time) -> Row {
    let state = check.state();
    let spec = check.spec();
    let zone = zone_or_utc(&spec.tz);
    let shown = state.shown(now);
    let sign = sign(l, shown, state.run.is_some());
    let (due, due_class) = due_words(l, &state, check.grace(), now);
    let tint = match sign.class {
        "down" => "is-down",
        "late" => "is-late",
        _ => "",
    };
    let last = match (state.run, state.last_ping) {
        (Some(run), _) if shown != crate::core::check::Shown::Down => {
            let text = l.ta("running-for", &[("span", &l.rough(now - run.at))]);
            Some(when(l, run.at, &zone, text))
        }
        (_, Some(at)) => Some(when(l, at, &zone, ago(l, at, now))),
        _ => None,
    };
    Row {
        href: s.to(&format!("/checks/{}", check.code())),
        name: display_name(check, l),
        tags: check
            .tags
            .split_whitespace()
            .map(|tag| {
                let query: String = url::form_urlencoded::byte_serialize(tag.as_bytes()).collect();
                (tag.to_owned(), s.in_project(&format!("/checks?tag={query}")))
            })
            .collect(),
        sign,
        tint,
        bars: bars(state.strip),
        bars_label: strip_words(l, state.strip),
        schedule: schedule_with_zone(l, &spec),
        last,
        due,
        due_class,
        ran: state.last_duration.map_or_else(|| "—".to_owned(), |span| l.span(span)),
    }
}
