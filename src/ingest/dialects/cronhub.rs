//! Cronhub's monitors: `/start/<uuid>`, `/finish/<uuid>`, `/fail/<uuid>`, by any method.
//!
//! `/ping/<uuid>` is an address of ours already: see `ingest/http.rs`. Cronhub's UUIDs are of version 1, so they come
//! as aliases. Source: Cronhub's documentation, "How to Ping".
use axum::http::StatusCode;

use super::{Dialect, Reply, Request, Said};
use crate::core::ping::Asked;

const UNKNOWN: Reply = Reply::json(StatusCode::NOT_FOUND, r#"{"success":false}"#);

pub(super) const DIALECT: Dialect =
    Dialect::by_url(read, Reply::json(StatusCode::OK, r#"{"success":true}"#), UNKNOWN);

fn read(request: &Request<'_>) -> Result<Said, Reply> {
    let [action, token] = request.path()[..] else { return Err(UNKNOWN) };
    let asked = match action {
        "start" => Asked::Start,
        "finish" => Asked::Success,
        "fail" => Asked::Fail,
        _ => return Err(UNKNOWN),
    };
    Ok(Said::token(token, asked, request.body.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, said};
    use super::*;
    use rstest::rstest;

    const UUID: &str = "1f5e3410-254c-11e8-b61d-55875966d031";

    #[rstest]
    #[case("start", Asked::Start)]
    #[case("finish", Asked::Success)]
    #[case("fail", Asked::Fail)]
    fn words_of_cronhub(#[case] action: &str, #[case] asked: Asked) {
        let result = read(DIALECT, "GET", &format!("/{action}/{UUID}"), &[], "");
        assert_eq!(said(result), (UUID.to_owned(), asked, String::new()));
        assert_eq!(read(DIALECT, "GET", &format!("/{action}/{UUID}/1"), &[], ""), Err(UNKNOWN));
    }
}
