//! How a channel's messages would read: its templates, language and time zone on what last happened in the project.
use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use crate::core::access::Action;
use crate::i18n::{Lang, zone_or_utc};
use crate::notify::alert::{Alert, Side};
use crate::notify::{Settings, load, template};
use crate::store::projects::Project;
use crate::web::error::Result;
use crate::web::extract::{Fields, Visit};
use crate::web::view::page;

/// Both sides of the newest outage.
#[derive(Template)]
#[template(path = "channels/preview.html")]
pub(super) struct Preview {
    l: Lang,
    said: Vec<Said>,
}

/// One message.
struct Said {
    /// `down` or `up`.
    side: &'static str,
    /// Where the event is from: a check of the project, or nowhere.
    of: String,
    title: String,
    text: String,
    wrong: Option<String>,
}

impl Preview {
    /// Of what a form holds. What is wrong with a template is told beside the words that would be sent in its place.
    pub(super) async fn of(
        visit: &Visit,
        project: &Project,
        settings: &Settings,
        language: Lang,
    ) -> Result<Self> {
        let (state, l) = (&visit.state, visit.lang);
        let mut said = Vec::new();
        for side in [Side::Down, Side::Up] {
            let past = load::past(&state.db, &state.links, project, side, language, settings).await?;
            let of = past.as_ref().map_or_else(
                || l.t("preview-sample"),
                |alert| l.ta("preview-of", &[("name", &alert.check.name)]),
            );
            let sample = || {
                let zone = load::zone(settings).unwrap_or_else(|| zone_or_utc("UTC"));
                template::sample(language, zone, state.now(), side)
            };
            said.push(Said::new(l, settings, &past.unwrap_or_else(sample), of));
        }
        Ok(Self { l, said })
    }
}

impl Said {
    fn new(l: Lang, settings: &Settings, alert: &Alert, of: String) -> Self {
        let refused = template::refused(settings);
        let (words, fault) = template::words(settings, alert);
        let label = |field: &str| l.t(&format!("field-shared-{}", field.replace('_', "-")));
        Self {
            side: if alert.side == Side::Up { "up" } else { "down" },
            of,
            wrong: refused.or(fault).map(|wrong| format!("{}: {}", label(&wrong.field), wrong.words(l))),
            text: words.text(&alert.link),
            title: words.title,
        }
    }
}

/// `POST /projects/{project}/channels/preview`: the preview alone, for a form that asks while one types.
pub async fn post(visit: Visit, Path(project): Path<String>, fields: Fields) -> Result<Response> {
    let (project, _) = visit.project(&project, Action::EditChannels).await?;
    let language = Lang::named(fields.get("language")).unwrap_or(visit.lang);
    let settings = ["time_zone", "title_template", "text_template"]
        .into_iter()
        .map(|name| (name.to_owned(), fields.raw(name).replace("\r\n", "\n")))
        .collect();
    page(&Preview::of(&visit, &project, &settings, language).await?)
}
