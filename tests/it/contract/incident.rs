//! On-call services.
use super::Vendor;
use super::Verdict::{Permanent, Rejected, Retry, Sent};

pub(super) fn vendors() -> Vec<Vendor> {
    vec![pagerduty(), opsgenie(), splunk(), alertmanager()]
}

fn pagerduty() -> Vendor {
    Vendor {
        kind: "pagerduty",
        settings: |base| {
            vec![("key", "R0123456789abcdef0123456789abcde".to_owned()), ("url", format!("{base}/pd/"))]
        },
        secrets: &["R0123456789abcdef0123456789abcde"],
        before: &[],
        ok: (202, r#"{"status":"success","message":"Event processed","dedup_key":"KEY"}"#),
        verdicts: &[
            (
                400,
                r#"{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}"#,
                Permanent,
            ),
            (
                400,
                r#"{"status":"invalid event","message":"Event object is invalid","errors":["'payload.summary' is missing or blank"]}"#,
                Rejected,
            ),
            (
                429,
                r#"{"status":"throttle exceeded","message":"Requests for this service are arriving too quickly"}"#,
                Retry,
            ),
            (200, r#"{"status":"success"}"#, Retry),
            (403, "", Retry),
            (500, "", Retry),
        ],
        blind: false,
        longest: 60_000,
    }
}

fn opsgenie() -> Vendor {
    Vendor {
        kind: "opsgenie",
        settings: |base| {
            vec![("key", "eb243592-faa2-4ba2-a551-1afdf565c889".to_owned()), ("url", base.to_owned())]
        },
        secrets: &["eb243592-faa2-4ba2-a551-1afdf565c889"],
        before: &[],
        ok: (202, r#"{"result":"Request will be processed","took":0.1,"requestId":"r-1"}"#),
        verdicts: &[
            (422, r#"{"message":"Key format is not valid!","took":0.1,"requestId":"r"}"#, Permanent),
            (401, r#"{"message":"Could not authenticate","took":0.1,"requestId":"r"}"#, Permanent),
            (
                422,
                r#"{"message":"Request body is not processable.","errors":{"message":"x"},"took":0.1,"requestId":"r"}"#,
                Rejected,
            ),
            (404, r#"{"message":"Alert with alias [x] does not exist","took":0.1,"requestId":"r"}"#, Sent),
            (404, "<html></html>", Retry),
            (429, r#"{"message":"You are making too many requests!","took":0.1,"requestId":"r"}"#, Retry),
            (503, "", Retry),
        ],
        blind: false,
        longest: 60_000,
    }
}

fn splunk() -> Vendor {
    Vendor {
        kind: "splunk",
        settings: |base| {
            vec![
                ("url", format!("{base}/integrations/generic/20131114/alert/aSplunkKey/$routing_key")),
                ("routing", "ops".to_owned()),
            ]
        },
        secrets: &["aSplunkKey"],
        before: &[],
        ok: (200, r#"{"result":"success","entity_id":"KEY"}"#),
        verdicts: &[
            (404, "", Permanent),
            (200, r#"{"result":"failure","message":"x"}"#, Rejected),
            (429, "", Retry),
            (500, "", Retry),
        ],
        blind: false,
        longest: 60_000,
    }
}

fn alertmanager() -> Vendor {
    Vendor {
        kind: "alertmanager",
        settings: |base| {
            vec![
                ("url", format!("{base}/am/")),
                ("labels", "team=db".to_owned()),
                ("user", "maibo".to_owned()),
                ("password", "anAlertmanagerPassword".to_owned()),
            ]
        },
        secrets: &["anAlertmanagerPassword"],
        before: &[],
        ok: (200, ""),
        verdicts: &[
            (400, r#""at least one label pair required""#, Rejected),
            (401, "Unauthorized", Permanent),
            (404, "", Permanent),
            (500, r#""x""#, Retry),
        ],
        blind: true,
        longest: 60_000,
    }
}
