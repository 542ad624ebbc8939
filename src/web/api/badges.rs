//! `badges/`: the addresses of a project's badges.
use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Reader;
use super::document::Listing;
use super::refusal::Refusal;
use crate::web::AppState;
use crate::web::badges::{self, Addresses};

#[derive(Serialize, ToSchema)]
#[schema(as = HealthchecksBadgeList)]
pub struct List {
    badges: BTreeMap<String, Addresses>,
}

/// `GET badges/`
#[utoipa::path(get, path = "/badges/", operation_id = "badges", summary = "The addresses of the badges",
    description = "Under `*` those for all checks, then those for each tag.",
    responses((status = 200, description = "The addresses", body = List), Listing))]
pub async fn get(State(state): State<AppState>, reader: Reader) -> Result<Json<List>, Refusal> {
    let badges = badges::addresses(&state, reader.project).await?.into_iter().collect();
    Ok(Json(List { badges }))
}
