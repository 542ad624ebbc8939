//! Better Stack's heartbeats: `/api/v1/heartbeat/<token>`, with `/fail` or an exit status behind it and the output as
//! body.
//!
//! Source: Better Stack's documentation, "Cron and heartbeat monitor".
use axum::http::StatusCode;

use super::{Dialect, Reply, Request, Said, exit};
use crate::core::ping::Asked;

const UNKNOWN: Reply = Reply::text(StatusCode::NOT_FOUND, "not found");

pub(super) const DIALECT: Dialect = Dialect::by_url(read, Reply::text(StatusCode::OK, "OK"), UNKNOWN);

fn read(request: &Request<'_>) -> Result<Said, Reply> {
    let (token, asked) = match request.path()[..] {
        ["api", "v1", "heartbeat", token] => (token, Asked::Success),
        ["api", "v1", "heartbeat", token, "fail"] => (token, Asked::Fail),
        ["api", "v1", "heartbeat", token, status] => (token, exit(status).ok_or(UNKNOWN)?),
        _ => return Err(UNKNOWN),
    };
    Ok(Said::token(token, asked, request.body.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, said};
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", Asked::Success)]
    #[case("/", Asked::Success)]
    #[case("/fail", Asked::Fail)]
    #[case("/0", Asked::Exit(0))]
    #[case("/137", Asked::Exit(137))]
    #[case("/256", Asked::Fail)]
    fn words_of_better_stack(#[case] tail: &str, #[case] asked: Asked) {
        let result = read(DIALECT, "POST", &format!("/api/v1/heartbeat/XYZ{tail}"), &[], "output");
        assert_eq!(said(result), ("XYZ".to_owned(), asked, "output".to_owned()));
    }

    #[test]
    fn other_words_are_unknown() {
        for tail in ["/start", "/1/2", "/fail/1"] {
            assert_eq!(read(DIALECT, "GET", &format!("/api/v1/heartbeat/XYZ{tail}"), &[], ""), Err(UNKNOWN));
        }
    }
}
