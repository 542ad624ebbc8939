//! `/`: to the first project, or to the door.
use axum::response::{IntoResponse, Redirect, Response};

use crate::store::projects;
use crate::web::error::{AppError, Result};
use crate::web::extract::Visit;

/// `GET /`
pub async fn get(visit: Visit) -> Result<Response> {
    let user = visit.user()?;
    let all = projects::of_user(&visit.state.db, user).await?;
    let first = all.first().ok_or(AppError::Forbidden)?;
    let path = visit.state.links.local(&format!("/projects/{}/checks", first.uuid));
    Ok(Redirect::to(&path).into_response())
}
