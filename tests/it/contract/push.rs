//! Push to one person's phone or desktop.
use super::Vendor;
use super::Verdict::{Permanent, Rejected, Retry};

pub(super) fn vendors() -> Vec<Vendor> {
    vec![Vendor {
        kind: "gotify",
        settings: |base| vec![("url", format!("{base}/push/")), ("token", "AGotifyToken.x".to_owned())],
        secrets: &["AGotifyToken.x"],
        before: &[],
        ok: (
            200,
            r#"{"id":1,"appid":1,"message":"m","title":"t","priority":5,"date":"2024-01-02T03:04:05Z"}"#,
        ),
        verdicts: &[
            (401, r#"{"error":"Unauthorized","errorCode":401,"errorDescription":"x"}"#, Permanent),
            (400, r#"{"error":"Bad Request","errorCode":400,"errorDescription":"x"}"#, Rejected),
            (429, "", Retry),
        ],
        blind: false,
        longest: 200_000,
    }]
}
