//! Badges: the state of a check, of a tag, or of a whole project as a small picture or a few words of JSON.
//!
//! Source: COMPATIBILITY.md 4.0 and 4.2, "Badges". An unnamed check has a neutral label: no badge tells an address at
//! which one could ping.
mod drawing;
mod signature;
mod width;

use axum::extract::{Path, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::AppState;
use super::error::{AppError, Result};
use crate::core::check::Shown;
use crate::links::Links;
use crate::rng;
use crate::store::glances::{self, Glance};
use crate::store::{StoreError, installation, projects};

/// What stands in the place of a tag for all checks of a project.
pub const ALL: &str = "*";
/// The labels of a badge for all checks, and for a check without a name.
const ALL_LABEL: &str = "checks";
const UNNAMED_LABEL: &str = "check";
/// Length of the secret that signatures are made with.
const SECRET_LEN: usize = 43;
/// What Python's `quote(…, safe="")` leaves as it is.
const QUOTED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a badge says in JSON: with `json` a status and numbers, with `shields` what shields.io reads.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum BadgeStatus {
    #[schema(title = "JsonBadge")]
    Json {
        /// `up`, `late` or `down`.
        status: String,
        total: u64,
        grace: u64,
        down: u64,
    },
    #[schema(title = "ShieldsBadge")]
    Shields {
        #[schema(rename = "schemaVersion")]
        schema_version: u8,
        label: String,
        message: String,
        color: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Svg,
    Json,
    Shields,
}

/// What checks are taken together.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    total: u64,
    late: u64,
    down: u64,
}

impl Tally {
    fn of<'a>(checks: impl Iterator<Item = &'a Glance>, now: crate::core::Time) -> Self {
        checks.fold(Self::default(), |sum, check| {
            let shown = check.shown(now);
            Self {
                total: sum.total + 1,
                late: sum.late + u64::from(shown == Shown::Late),
                down: sum.down + u64::from(shown == Shown::Down),
            }
        })
    }

    /// The worst there is; `three`: late is a state of its own.
    fn worst(self, three: bool) -> Light {
        if self.down > 0 {
            Light::Down
        } else if self.late > 0 && three {
            Light::Late
        } else {
            Light::Up
        }
    }
}

/// What a badge shows. New, paused and running checks count as up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Light {
    Up,
    Late,
    Down,
}

impl Light {
    const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Late => "late",
            Self::Down => "down",
        }
    }

    const fn color(self) -> &'static str {
        match self {
            Self::Up => "#4c1",
            Self::Late => "#fe7d37",
            Self::Down => "#e05d44",
        }
    }

    /// The colour's name at shields.io.
    const fn shields_color(self) -> &'static str {
        match self {
            Self::Up => "success",
            Self::Late => "important",
            Self::Down => "critical",
        }
    }
}

/// The last part of an address: what is asked for, and in which form.
fn parts(file: &str) -> Result<(&str, Format)> {
    let (name, ending) = file.rsplit_once('.').ok_or(AppError::NotFound)?;
    let format = match ending {
        "svg" => Format::Svg,
        "json" => Format::Json,
        "shields" => Format::Shields,
        _ => return Err(AppError::NotFound),
    };
    Ok((name, format))
}

/// Nobody keeps a badge, nor that there is none.
pub async fn never_kept(request: Request, next: Next) -> Response {
    const NEVER: HeaderValue =
        HeaderValue::from_static("max-age=0, no-cache, no-store, must-revalidate, private");
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CACHE_CONTROL, NEVER);
    response
}

fn answer(format: Format, label: &str, light: Light, tally: Tally) -> Response {
    let head: [(HeaderName, &str); 2] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A picture that somebody opens by itself runs nothing.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    match format {
        Format::Svg => {
            let drawn = drawing::svg(label, light.word(), light.color());
            (head, [(header::CONTENT_TYPE, "image/svg+xml")], drawn).into_response()
        }
        Format::Json => {
            let Tally { total, late, down } = tally;
            let told = json!({"status": light.word(), "total": total, "grace": late, "down": down});
            (head, axum::Json(told)).into_response()
        }
        Format::Shields => {
            let told = json!({"schemaVersion": 1, "label": label, "message": light.word(),
                "color": light.shields_color()});
            (head, axum::Json(told)).into_response()
        }
    }
}

/// `GET /b/<states>/<badge key>.<format>`: one check. Only 3 states tell late ones apart.
#[utoipa::path(get, path = "/b/{states}/{badge_key}.{format}", operation_id = "check_badge", tag = "badges",
    summary = "The badge of a check", description = "Its address stands in the check's JSON.", security(()),
    params(("states" = i64, Path, minimum = 2, maximum = 3, description = "2 or 3"),
        ("badge_key" = String, Path, description = "The check's UUID for badges"), ("format" = String, Path, description = "`svg`, `json` or `shields`")), responses((status = 200, description = "The badge", content((String = "image/svg+xml"), (BadgeStatus = "application/json"))),
        (status = 404, description = "There is no such badge"), (status = 503, description = "The database is not available")))]
pub async fn of_check(
    State(state): State<AppState>,
    Path((states, file)): Path<(String, String)>,
) -> Result<Response> {
    if states.is_empty() || !states.bytes().all(|b| b.is_ascii_digit()) {
        return Err(AppError::NotFound);
    }
    let (badge_key, format) = parts(&file)?;
    let check = glances::by_badge_key(&state.db, badge_key).await?.ok_or(AppError::NotFound)?;
    let tally = Tally::of(std::iter::once(&check), state.now());
    let name = check.name.trim();
    let label = if name.is_empty() { UNNAMED_LABEL } else { name };
    Ok(answer(format, label, tally.worst(states == "3"), tally))
}

/// `GET /badge/<badge key>/<signature>/<tag>.<format>`: the checks of a project that have this tag.
#[utoipa::path(get, path = "/badge/{badge_key}/{signature}/{tag}.{format}", operation_id = "tag_badge", tag = "badges",
    summary = "The badge of a tag", description = "`badges/` of the Healthchecks API tells its address.", security(()),
    params(("badge_key" = String, Path, description = "The project's UUID for badges"),
        ("signature" = String, Path, description = "Eight characters; `-2` behind them: two states"),
        ("tag" = String, Path, description = "The tag, percent-encoded twice"), ("format" = String, Path, description = "`svg`, `json` or `shields`")), responses((status = 200, description = "The badge", content((String = "image/svg+xml"), (BadgeStatus = "application/json"))),
        (status = 404, description = "There is no such badge"), (status = 503, description = "The database is not available")))]
pub async fn of_tag(
    State(state): State<AppState>,
    Path((badge_key, signature, file)): Path<(String, String, String)>,
) -> Result<Response> {
    let (tag, format) = parts(&file)?;
    // Tags are encoded twice: once as the original's routes have it, once for the way.
    let tag = percent_decode_str(tag).decode_utf8().map_err(|_| AppError::NotFound)?;
    of_checks(&state, &badge_key, &signature, &tag, format).await
}

/// `GET /badge/<badge key>/<signature>.<format>`: all checks of a project.
#[utoipa::path(get, path = "/badge/{badge_key}/{signature}.{format}", operation_id = "project_badge", tag = "badges",
    summary = "The badge of a project", description = "`badges/` of the Healthchecks API tells its address.", security(()),
    params(("badge_key" = String, Path, description = "The project's UUID for badges"),
        ("signature" = String, Path, description = "Eight characters; `-2` behind them: two states"), ("format" = String, Path, description = "`svg`, `json` or `shields`")), responses((status = 200, description = "The badge", content((String = "image/svg+xml"), (BadgeStatus = "application/json"))),
        (status = 404, description = "There is no such badge"), (status = 503, description = "The database is not available")))]
pub async fn of_all(
    State(state): State<AppState>,
    Path((badge_key, file)): Path<(String, String)>,
) -> Result<Response> {
    let (signature, format) = parts(&file)?;
    of_checks(&state, &badge_key, signature, ALL, format).await
}

async fn of_checks(
    state: &AppState,
    badge_key: &str,
    signature: &str,
    tag: &str,
    format: Format,
) -> Result<Response> {
    if !signature::fits(signature, secret(state).await?, badge_key, tag) {
        return Err(AppError::NotFound);
    }
    let project = projects::by_badge_key(&state.db, badge_key).await?.ok_or(AppError::NotFound)?;
    let checks = glances::of_project(&state.db, project.id).await?;
    let tally = Tally::of(checks.iter().filter(|check| tag == ALL || check.has_tag(tag)), state.now());
    let two_states = signature.get(signature::LENGTH..) == Some(signature::TWO_STATES);
    let label = if tag == ALL { ALL_LABEL } else { tag };
    Ok(answer(format, label, tally.worst(!two_states), tally))
}

/// The secret of this installation that signatures are made with; it never changes.
async fn secret(state: &AppState) -> Result<&str, StoreError> {
    let secret = state.badge_secret.get_or_try_init(|| {
        installation::get_or_insert(&state.db, installation::BADGE_SECRET, || rng::token(SECRET_LEN))
    });
    secret.await.map(String::as_str)
}

/// The addresses of one badge, with two states and with three.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = HealthchecksBadge)]
pub struct Addresses {
    pub svg: String,
    pub svg3: String,
    pub json: String,
    pub json3: String,
    pub shields: String,
    pub shields3: String,
}

/// The addresses of all badges of a project: first those for all checks, called [`ALL`], then those for each tag.
pub async fn addresses(state: &AppState, project_id: i64) -> Result<Vec<(String, Addresses)>, StoreError> {
    let Some(project) = projects::by_id(&state.db, project_id).await? else { return Ok(Vec::new()) };
    let secret = secret(state).await?;
    let checks = glances::of_project(&state.db, project_id).await?;
    let mut tags: Vec<&str> = checks.iter().flat_map(Glance::tags).filter(|tag| *tag != ALL).collect();
    tags.sort_unstable();
    tags.dedup();
    let all = std::iter::once(ALL).chain(tags);
    Ok(all.map(|tag| (tag.to_owned(), of_one(&state.links, secret, &project.badge_key, tag))).collect())
}

fn of_one(links: &Links, secret: &str, badge_key: &str, tag: &str) -> Addresses {
    let signed = signature::sign(secret, badge_key, tag);
    let quoted = |text: &str| utf8_percent_encode(text, QUOTED).to_string();
    let address = |ending: &str, states: &str| {
        let name = if tag == ALL { String::new() } else { format!("/{}", quoted(&quoted(tag))) };
        links.to(&format!("/badge/{}/{signed}{states}{name}.{ending}", quoted(badge_key)))
    };
    let two = signature::TWO_STATES;
    Addresses {
        svg: address("svg", two),
        svg3: address("svg", ""),
        json: address("json", two),
        json3: address("json", ""),
        shields: address("shields", two),
        shields3: address("shields", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_any_tag() {
        let links = Links::new(&"https://mon.example/maibo".parse().unwrap());
        let badges = of_one(&links, "a secret", "3c9a52d1-7c1e-4d0b-9a53-0f6d1c2b88e2", "a/b c");
        let base = "https://mon.example/maibo/badge/3c9a52d1-7c1e-4d0b-9a53-0f6d1c2b88e2";
        assert_eq!(badges.svg, format!("{base}/2gGAlKau-2/a%252Fb%2520c.svg"));
        assert_eq!(badges.json3, format!("{base}/2gGAlKau/a%252Fb%2520c.json"));
    }
}
