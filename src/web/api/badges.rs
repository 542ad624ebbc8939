//! `badges/`: the addresses of a project's badges.
use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::caller::Reader;
use super::refusal::Refusal;
use crate::web::AppState;
use crate::web::badges::{self, Addresses};

#[derive(Serialize)]
pub struct List {
    badges: BTreeMap<String, Addresses>,
}

/// `GET badges/`
pub async fn get(State(state): State<AppState>, reader: Reader) -> Result<Json<List>, Refusal> {
    let badges = badges::addresses(&state, reader.project).await?.into_iter().collect();
    Ok(Json(List { badges }))
}
