//! How a channel's messages would read: its templates, language and time zone on what last happened in the project.
use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use crate::core::access::Action;
use crate::i18n::{Lang, zone_or_utc};
use crate::notify::alert::{Alert, Side};
use crate::notify::{FieldError, Settings, load, template};
use crate::store::projects::Project;
use crate::web::error::Result;
use crate::web::extract::{Fields, Visit};
use crate::web::view::page;

/// Both sides of the newest outage.
#[derive(Template)]
#[template(path = "channels/preview.html")]
pub(super) struct Preview {
    l: Lang,
    /// What is wrong with the templates, each fault once.
    wrong: Vec<String>,
    /// Other words than the templates' are shown.
    instead: bool,
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
}

impl Preview {
    /// Of what a form holds. What is wrong with a template is told above the words that would be sent in its place,
    /// unless the form itself tells it of the field `told`.
    pub(super) async fn of(
        visit: &Visit,
        project: &Project,
        settings: &Settings,
        language: Lang,
        told: Option<&str>,
    ) -> Result<Self> {
        let (state, l) = (&visit.state, visit.lang);
        let (refused, mut faults) = (template::refused(settings), Vec::new());
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
            let (message, fault) = Said::new(settings, &past.unwrap_or_else(sample), of);
            said.push(message);
            faults.extend(refused.clone().or(fault));
        }
        faults.dedup();
        let label = |field: &str| l.t(&format!("field-shared-{}", field.replace('_', "-")));
        let untold = faults.iter().filter(|fault| told != Some(fault.field.as_str()));
        let wrong = untold.map(|fault| format!("{}: {}", label(&fault.field), fault.words(l))).collect();
        Ok(Self { l, wrong, instead: !faults.is_empty(), said })
    }
}

impl Said {
    /// One message, and what was wrong with its templates.
    fn new(settings: &Settings, alert: &Alert, of: String) -> (Self, Option<FieldError>) {
        let (words, fault) = template::words(settings, alert);
        let said = Self {
            side: if alert.side == Side::Up { "up" } else { "down" },
            of,
            text: words.text(&alert.link),
            title: words.title,
        };
        (said, fault)
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
    page(&Preview::of(&visit, &project, &settings, language, None).await?)
}
