//! Uptime Kuma's push monitors: `/api/push/<token>?status=up|down&msg=&ping=`, by any method.
//!
//! Source: the router of Uptime Kuma's API (`server/routers/api-router.js`). Without a status it is up; any word but
//! `up` means down.
use axum::http::StatusCode;

use super::{Dialect, Reply, Request, Said, text};
use crate::core::ping::Asked;

const UNKNOWN: Reply =
    Reply::json(StatusCode::NOT_FOUND, r#"{"ok":false,"msg":"Monitor not found or not active."}"#);

pub(super) const DIALECT: Dialect =
    Dialect::by_url(read, Reply::json(StatusCode::OK, r#"{"ok":true}"#), UNKNOWN);

fn read(request: &Request<'_>) -> Result<Said, Reply> {
    let ["api", "push", token] = request.path()[..] else { return Err(UNKNOWN) };
    let asked = match request.get("status") {
        None | Some("up") => Asked::Success,
        Some(_) => Asked::Fail,
    };
    // Milliseconds that the sender has measured.
    let facts = [("ping", request.get("ping"))];
    Ok(Said::token(token, asked, text(request.get("msg"), facts, request.body)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, said};
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", Asked::Success, "")]
    #[case("?status=up&msg=OK&ping=", Asked::Success, "OK")]
    #[case("?status=&msg=", Asked::Success, "")]
    #[case("?status=down&msg=disk%20full&ping=12", Asked::Fail, "disk full\nping: 12")]
    #[case("?status=UP", Asked::Fail, "")]
    #[case("?status=down&status=up", Asked::Success, "")]
    fn words_of_kuma(#[case] query: &str, #[case] asked: Asked, #[case] text: &str) {
        let result = read(DIALECT, "GET", &format!("/api/push/aBc{query}"), &[], "");
        assert_eq!(said(result), ("aBc".to_owned(), asked, text.to_owned()));
    }

    #[test]
    fn what_is_no_push_url_is_unknown() {
        for path in ["/api/push/a/b", "/api/push"] {
            assert_eq!(read(DIALECT, "GET", path, &[], ""), Err(UNKNOWN));
        }
    }
}
