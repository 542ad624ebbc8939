//! Push to one person's phone or desktop, text messages, and servers of one's own.
use super::Vendor;
use super::Verdict::{Permanent, Rejected, Retry, RetryAfter, Sent};

const TELEGRAM_TOKEN: &str = "123456789:AAabcdefghijklmnopqrstuvwxyz-_12345";
const TWILIO_TOKEN: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";

pub(super) fn vendors() -> Vec<Vendor> {
    vec![gotify(), ntfy(), pushover(), telegram(), signal(), twilio(), apprise(), homeassistant()]
}

fn gotify() -> Vendor {
    Vendor {
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
    }
}

fn ntfy() -> Vendor {
    Vendor {
        kind: "ntfy",
        settings: |base| {
            vec![
                ("url", format!("{base}/x/")),
                ("topic", "ops".to_owned()),
                ("token", "tk_s3cretT0ken99".to_owned()),
            ]
        },
        secrets: &["tk_s3cretT0ken99"],
        before: &[],
        ok: (200, r#"{"id":"hwQ2YpKdmg","time":1735689600,"event":"message","topic":"ops"}"#),
        verdicts: &[
            (403, r#"{"code":40301,"http":403,"error":"forbidden"}"#, Permanent),
            (401, r#"{"code":40101,"http":401,"error":"unauthorized"}"#, Permanent),
            (400, r#"{"code":40009,"http":400,"error":"invalid topic"}"#, Rejected),
            (413, r#"{"code":41303,"http":413,"error":"too large"}"#, Rejected),
            (429, r#"{"code":42901,"http":429,"error":"limit reached: too many requests"}"#, Retry),
            (
                429,
                r#"{"code":42908,"http":429,"error":"limit reached: daily message quota reached"}"#,
                RetryAfter(900),
            ),
            (507, "", Retry),
            (200, r#"{"id":"x","event":"open"}"#, Retry),
        ],
        blind: false,
        longest: 32_768,
    }
}

fn pushover() -> Vendor {
    Vendor {
        kind: "pushover",
        settings: |base| {
            vec![
                ("url", base.to_owned()),
                ("token", "azGDORePK8gMaC0QOYAMyEEuzJnyUi".to_owned()),
                ("user", "uQiRzpo4DXghDmr9QzzfQu27cmVRsG".to_owned()),
            ]
        },
        secrets: &["azGDORePK8gMaC0QOYAMyEEuzJnyUi", "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"],
        before: &[],
        ok: (200, r#"{"status":1,"request":"647d2300-702c-4b38-8b2f-d56326ae460b"}"#),
        verdicts: &[
            (
                400,
                r#"{"user":"invalid","errors":["user identifier is invalid"],"status":0,"request":"r"}"#,
                Permanent,
            ),
            (400, r#"{"token":"invalid","errors":["application token is invalid"],"status":0}"#, Permanent),
            (
                400,
                r#"{"message":"cannot be blank","errors":["message cannot be blank"],"status":0}"#,
                Rejected,
            ),
            (429, r#"{"errors":["application is over its monthly limit"],"status":0}"#, RetryAfter(900)),
            (200, r#"{"status":0,"request":"r"}"#, Retry),
            (500, "", Retry),
        ],
        blind: false,
        longest: 16_000,
    }
}

fn telegram() -> Vendor {
    Vendor {
        kind: "telegram",
        settings: |base| {
            vec![
                ("url", format!("{base}/relay")),
                ("token", TELEGRAM_TOKEN.to_owned()),
                ("chat", "-1001234567890".to_owned()),
                ("thread", "42".to_owned()),
                ("mention", "@alice 777".to_owned()),
            ]
        },
        secrets: &[TELEGRAM_TOKEN],
        before: &[],
        ok: (200, r#"{"ok":true,"result":{"message_id":1,"chat":{"id":-1}}}"#),
        verdicts: &[
            (
                400,
                r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-100123}}"#,
                Permanent,
            ),
            (
                429,
                r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 5","parameters":{"retry_after":5}}"#,
                RetryAfter(5),
            ),
            (
                403,
                r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#,
                Permanent,
            ),
            (400, r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#, Permanent),
            (401, r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#, Permanent),
            (404, r#"{"ok":false,"error_code":404,"description":"Not Found"}"#, Permanent),
            (
                400,
                r#"{"ok":false,"error_code":400,"description":"Bad Request: can't parse entities"}"#,
                Rejected,
            ),
            (200, r#"{"ok":false,"description":"x"}"#, Retry),
            (502, "", Retry),
        ],
        blind: false,
        longest: 24_000,
    }
}

fn signal() -> Vendor {
    const UNREGISTERED: &str = r#"{"jsonrpc":"2.0","error":{"code":-1,"message":"Failed to send message","data":{"response":{"results":[{"recipientAddress":{"number":"+15551234567"},"type":"UNREGISTERED_FAILURE"}]}}},"id":"7.c0ffee"}"#;
    const LIMITED: &str = r#"{"jsonrpc":"2.0","error":{"code":-5,"message":"Rate limit","data":{"response":{"results":[{"type":"RATE_LIMIT_FAILURE","token":"x","retryAfterSeconds":120}]}}},"id":"7.c0ffee"}"#;
    Vendor {
        kind: "signal",
        settings: |base| vec![("url", format!("{base}/api/v1/rpc")), ("to", "+1 (555) 123-4567".to_owned())],
        secrets: &[],
        before: &[],
        ok: (
            200,
            r#"{"jsonrpc":"2.0","result":{"timestamp":1735689600000,"results":[{"type":"SUCCESS"}]},"id":"7.c0ffee"}"#,
        ),
        verdicts: &[
            (200, r#"{"jsonrpc":"2.0","result":{"timestamp":999},"id":"7.c0ffee"}"#, Sent),
            (200, UNREGISTERED, Permanent),
            (200, LIMITED, RetryAfter(120)),
            (
                200,
                r#"{"jsonrpc":"2.0","result":{"timestamp":9,"results":[{"type":"NETWORK_FAILURE"}]}}"#,
                Retry,
            ),
            (200, r#"{"jsonrpc":"2.0","error":{"code":-3,"message":"I/O"},"id":"x"}"#, Retry),
            (200, r#"{"jsonrpc":"2.0","error":{"code":-4,"message":"Untrusted key"},"id":"x"}"#, Permanent),
            (
                200,
                r#"{"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid params"},"id":null}"#,
                Rejected,
            ),
            (
                200,
                r#"{"jsonrpc":"2.0","error":{"code":-1,"message":"User +1 is not registered."}}"#,
                Permanent,
            ),
        ],
        blind: false,
        longest: 10_000,
    }
}

fn twilio() -> Vendor {
    Vendor {
        kind: "twilio",
        settings: |base| {
            vec![
                ("url", base.to_owned()),
                ("account", "AC00000000000000000000000000000000".to_owned()),
                ("token", TWILIO_TOKEN.to_owned()),
                ("from", "+1 501 712 2661".to_owned()),
                ("to", "+1 555 867 5310".to_owned()),
            ]
        },
        secrets: &[TWILIO_TOKEN],
        before: &[],
        ok: (201, r#"{"sid":"SM00000000000000000000000000000000","status":"queued","error_code":null}"#),
        verdicts: &[
            (400, r#"{"code":21211,"message":"Invalid 'To' Phone Number","status":400}"#, Permanent),
            (400, r#"{"code":21610,"message":"unsubscribed recipient","status":400}"#, Permanent),
            (401, r#"{"code":20003,"message":"Authenticate","status":401}"#, Permanent),
            (400, r#"{"code":21617,"message":"too long","status":400}"#, Rejected),
            (429, r#"{"code":20429,"message":"Too Many Requests","status":429}"#, Retry),
            (200, r#"{"sid":""}"#, Retry),
        ],
        blind: false,
        longest: 3000,
    }
}

fn apprise() -> Vendor {
    Vendor {
        kind: "apprise",
        settings: |base| vec![("url", format!("{base}/sub/notify/my-secret-key9"))],
        secrets: &["my-secret-key9"],
        before: &[],
        ok: (200, ""),
        verdicts: &[
            (204, "", Permanent),
            (424, "", Retry),
            (400, "", Rejected),
            (200, "<html>please sign in</html>", Retry),
            (500, "", Retry),
        ],
        blind: true,
        longest: 60_000,
    }
}

fn homeassistant() -> Vendor {
    Vendor {
        kind: "homeassistant",
        settings: |base| {
            vec![
                ("url", base.to_owned()),
                ("service", "notify.mobile_app_phone".to_owned()),
                ("token", "eyJhbGciOiJIUzI1NiJ9.e30.s3cret".to_owned()),
            ]
        },
        secrets: &["eyJhbGciOiJIUzI1NiJ9.e30.s3cret"],
        before: &[],
        ok: (200, "[]"),
        verdicts: &[
            (200, "", Sent),
            (401, "401: Unauthorized", Permanent),
            (400, r#"{"message":"x"}"#, Rejected),
            (200, r#"{"ok":true}"#, Retry),
        ],
        blind: false,
        longest: 20_000,
    }
}
