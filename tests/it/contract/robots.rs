//! Group robots.
use super::Vendor;
use super::Verdict::{Permanent, Rejected, Retry, RetryAfter};

pub(super) fn vendors() -> Vec<Vendor> {
    vec![Vendor {
        kind: "wecom",
        settings: |base| vec![("url", format!("{base}/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4"))],
        secrets: &["693a91f6-7xxx-4bc4"],
        before: &[],
        ok: (200, r#"{"errcode":0,"errmsg":"ok"}"#),
        verdicts: &[
            (200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, Permanent),
            (200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, RetryAfter(60)),
            (200, r#"{"errcode":40058,"errmsg":"too long"}"#, Rejected),
            (200, r#"{"errcode":-1,"errmsg":"busy"}"#, Retry),
            (200, r#"{"errcode":123456}"#, Retry),
        ],
        blind: false,
        longest: 4500,
    }]
}
