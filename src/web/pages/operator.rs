//! For who runs the server: what waits for which channel, how fast it goes, who fails, who is slow.
use askama::Template;
use axum::response::Response;

use crate::core::Span;
use crate::i18n::Lang;
use crate::store::delivery;
use crate::store::gauges;
use crate::web::error::{AppError, Result};
use crate::web::extract::Visit;
use crate::web::view::{Shell, page};

/// Channels in each list.
const LISTED: i64 = 20;
/// Attempts that count as of late.
const NEWEST: i64 = 10_000;

#[derive(Template)]
#[template(path = "people/delivery.html")]
struct Page {
    s: Shell,
    /// Sentences: how much waits, and how fast it goes.
    about: Vec<String>,
    kinds: Vec<Kind>,
    queues: Vec<Queue>,
    /// How many channels with a queue are not listed; empty: none.
    more: String,
    slow: Vec<Slow>,
}

struct Kind {
    name: String,
    channels: i64,
    broken: i64,
    queued: i64,
    dead: i64,
    sent: u64,
    retried: u64,
    given_up: u64,
}

struct Queue {
    name: String,
    kind: String,
    project: String,
    queued: i64,
    oldest: String,
    broken: bool,
}

struct Slow {
    name: String,
    kind: String,
    project: String,
    tries: i64,
    sent: i64,
    mean: String,
    longest: String,
}

fn millis(l: Lang, span: Span) -> String {
    if span < Span::seconds(10) { format!("{} ms", span.num_milliseconds()) } else { l.span(span) }
}

/// `GET /admin/delivery`, for administrators.
pub async fn get(visit: Visit) -> Result<Response> {
    let user = visit.user()?;
    if !user.is_admin {
        return Err(AppError::NotFound);
    }
    let (state, l, now) = (&visit.state, visit.lang, visit.state.now());
    let told = state.meters.alerts();
    let word = |kind: &str| l.t(&format!("channel-kind-{kind}"));
    let stored = gauges::kinds(&state.db).await?;
    let total: i64 = stored.iter().map(|kind| kind.queued).sum();
    let sent = delivery::sent_since(&state.db, now - Span::minutes(1), NEWEST).await?;
    let about = match (total, sent) {
        (0, _) => vec![l.t("operator-empty")],
        (_, 0) => vec![l.tn("operator-waiting", total), l.t("operator-still")],
        (total, sent) => {
            let left = Span::seconds(total.saturating_mul(60) / sent + 1);
            let rest = l.ta("operator-rest", &[("span", &l.rough(left))]);
            vec![l.tn("operator-waiting", total), l.tn("operator-progress", sent), rest]
        }
    };
    let kinds = stored.iter().map(|kind| {
        let told = told.get(&kind.kind).copied().unwrap_or_default();
        Kind {
            name: word(&kind.kind),
            channels: kind.channels,
            broken: kind.broken,
            queued: kind.queued,
            dead: kind.dead,
            sent: told.sent,
            retried: told.retried,
            given_up: told.given_up,
        }
    });
    let more = (delivery::count_queues(&state.db).await? - LISTED).max(0);
    let queues = delivery::queues(&state.db, LISTED).await?.into_iter().map(|queue| Queue {
        oldest: queue.oldest().map_or_else(String::new, |oldest| l.rough(now - oldest)),
        kind: word(&queue.kind),
        broken: !queue.broken.is_empty(),
        name: queue.name,
        project: queue.project,
        queued: queue.queued,
    });
    let slow = delivery::slowest(&state.db, NEWEST, LISTED).await?.into_iter().map(|pace| Slow {
        mean: millis(l, pace.mean()),
        longest: millis(l, pace.longest()),
        kind: word(&pace.kind),
        name: pace.name,
        project: pace.project,
        tries: pace.tries,
        sent: pace.sent,
    });
    page(&Page {
        about,
        more: if more > 0 { l.tn("operator-more", more) } else { String::new() },
        kinds: kinds.collect(),
        queues: queues.collect(),
        slow: slow.collect(),
        s: Shell { email: Some(user.email.clone()), is_admin: true, ..Shell::plain(state, l, &visit.here) },
    })
}
