//! Chat rooms.
use maibo::notify::alert::Side;
use maibo::notify::driver;

use super::Verdict::{Permanent, Rejected, Retry, RetryAfter, Sent};
use super::{Vendor, Verdict, alert, post, settings};
use crate::support::http_sink::{Answer, HttpSink};

pub(super) fn vendors() -> Vec<Vendor> {
    vec![slack(), discord(), teams(), google_chat(), mattermost(), rocket_chat(), matrix(), zulip()]
}

fn slack() -> Vendor {
    Vendor {
        kind: "slack",
        settings: |base| {
            vec![
                ("url", format!("{base}/services/T0AAAA/B0BBBB/aSlackSecret")),
                ("mention", "@here U012AB3CD".to_owned()),
            ]
        },
        secrets: &["aSlackSecret"],
        before: &[],
        ok: (200, "ok"),
        verdicts: &[
            (404, "no_service", Permanent),
            (410, "channel_is_archived", Permanent),
            (400, "invalid_token", Permanent),
            (403, "action_prohibited", Permanent),
            (400, "invalid_payload", Rejected),
            (400, "invalid_blocks", Rejected),
            (429, "rate_limited", Retry),
            (500, "rollup_error", Retry),
            (200, "no_text", Rejected),
            (200, r#"{"ok":true}"#, Sent),
            (200, r#"{"ok":false,"error":"something_new"}"#, Retry),
        ],
        blind: false,
        longest: 40_000,
    }
}

fn discord() -> Vendor {
    Vendor {
        kind: "discord",
        settings: |base| {
            vec![
                ("url", format!("{base}/api/webhooks/1098/aDiscordSecret")),
                ("mention", "@here <@&123456789012345678>".to_owned()),
            ]
        },
        secrets: &["aDiscordSecret"],
        before: &[],
        ok: (200, r#"{"id":"1199","type":0,"content":""}"#),
        verdicts: &[
            (204, "", Sent),
            (404, r#"{"message":"Unknown Webhook","code":10015}"#, Permanent),
            (401, r#"{"message":"Invalid Webhook Token","code":50027}"#, Permanent),
            (400, r#"{"message":"Invalid Form Body","code":50035,"errors":{}}"#, Rejected),
            (
                400,
                r#"{"message":"Webhooks posted to forum channels must have a thread_name or thread_id","code":220001}"#,
                Permanent,
            ),
            (
                429,
                r#"{"message":"You are being rate limited.","retry_after":1.53,"global":false}"#,
                RetryAfter(2),
            ),
            (429, "<html>cloudflare</html>", RetryAfter(300)),
            (502, "", Retry),
        ],
        blind: false,
        longest: 40_000,
    }
}

fn teams() -> Vendor {
    Vendor {
        kind: "teams",
        settings: |base| {
            vec![
                (
                    "url",
                    format!(
                        "{base}/workflows/0a/triggers/manual/paths/invoke?api-version=1&sp=%2Frun&sig=aTeamsSecret"
                    ),
                ),
                ("mention", "ann@corp.example".to_owned()),
            ]
        },
        secrets: &["aTeamsSecret"],
        before: &[],
        ok: (202, ""),
        verdicts: &[
            (200, "", Sent),
            (404, r#"{"error":{"code":"WorkflowNotFound","message":"x"}}"#, Permanent),
            (401, r#"{"error":{"code":"DirectApiAuthorizationRequired","message":"x"}}"#, Permanent),
            (400, r#"{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"x"}}"#, Permanent),
            (400, r#"{"error":{"code":"TriggerInputSchemaMismatch","message":"x"}}"#, Rejected),
            (413, "", Rejected),
            (429, "", Retry),
            (504, "", Retry),
        ],
        blind: true,
        longest: 21_000,
    }
}

fn google_chat() -> Vendor {
    Vendor {
        kind: "googlechat",
        settings: |base| {
            vec![
                ("url", format!("{base}/v1/spaces/AAAA1234/messages?key=aGoogleKey&token=aGoogleToken%3D")),
                ("mention", "users/all".to_owned()),
            ]
        },
        secrets: &["aGoogleKey", "aGoogleToken"],
        before: &[],
        ok: (200, r#"{"name":"spaces/AAAA1234/messages/x.y"}"#),
        verdicts: &[
            (404, r#"{"error":{"code":404,"message":"x","status":"NOT_FOUND"}}"#, Permanent),
            (403, r#"{"error":{"code":403,"message":"x","status":"PERMISSION_DENIED"}}"#, Permanent),
            (
                400,
                r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}"#,
                Permanent,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"Invalid JSON payload","status":"INVALID_ARGUMENT"}}"#,
                Rejected,
            ),
            (429, r#"{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED"}}"#, Retry),
            (503, "", Retry),
        ],
        blind: false,
        longest: 32_000,
    }
}

fn mattermost() -> Vendor {
    Vendor {
        kind: "mattermost",
        settings: |base| {
            vec![
                ("url", format!("{base}/chat/hooks/amattermostkey0123456789ab")),
                ("channel", "town-square".to_owned()),
                ("mention", "@here ann".to_owned()),
            ]
        },
        secrets: &["amattermostkey0123456789ab"],
        before: &[],
        ok: (200, "ok"),
        verdicts: &[
            (
                400,
                r#"{"id":"web.incoming_webhook.invalid.app_error","message":"Invalid webhook.","status_code":400}"#,
                Permanent,
            ),
            (
                404,
                r#"{"id":"web.incoming_webhook.channel.app_error","message":"Couldn't find the channel.","status_code":404}"#,
                Permanent,
            ),
            (
                400,
                r#"{"id":"web.incoming_webhook.text.app_error","message":"No text specified.","status_code":400}"#,
                Rejected,
            ),
            (413, "", Rejected),
            (404, "<html>nginx</html>", Retry),
            (429, "", Retry),
            (500, r#"{"id":"x","message":"y"}"#, Retry),
        ],
        blind: false,
        longest: 16_300,
    }
}

fn rocket_chat() -> Vendor {
    Vendor {
        kind: "rocketchat",
        settings: |base| {
            vec![
                ("url", format!("{base}/hooks/64f0c1/aRocketToken0123")),
                ("channel", "ops".to_owned()),
                ("mention", "all".to_owned()),
            ]
        },
        secrets: &["aRocketToken0123"],
        before: &[],
        ok: (200, r#"{"success":true}"#),
        verdicts: &[
            (400, r#"{"success":false,"error":"invalid-channel"}"#, Permanent),
            (200, r#"{"success":false,"error":"invalid-channel"}"#, Permanent),
            (404, r#"{"success":false,"error":"Invalid integration id or token provided."}"#, Permanent),
            (401, r#"{"success":false,"message":"unauthorized"}"#, Permanent),
            (400, r#"{"success":false,"error":"something else"}"#, Rejected),
            (404, "<html>nginx</html>", Retry),
            (429, r#"{"success":false,"error":"error-too-many-requests"}"#, Retry),
        ],
        blind: false,
        longest: 20_000,
    }
}

fn matrix() -> Vendor {
    Vendor {
        kind: "matrix",
        settings: |base| {
            vec![
                ("url", format!("{base}/under")),
                ("token", "syt_aMatrixToken".to_owned()),
                ("room", "#ops:example.org".to_owned()),
                ("mention", "@ann:example.org room".to_owned()),
            ]
        },
        secrets: &["syt_aMatrixToken"],
        before: &[(200, r#"{"room_id":"!abc:example.org"}"#)],
        ok: (200, r#"{"event_id":"$x"}"#),
        verdicts: &[
            (401, r#"{"errcode":"M_UNKNOWN_TOKEN","error":"Invalid access token"}"#, Permanent),
            (403, r#"{"errcode":"M_FORBIDDEN","error":"not in room"}"#, Permanent),
            (413, r#"{"errcode":"M_TOO_LARGE","error":"event too large"}"#, Rejected),
            (429, r#"{"errcode":"M_LIMIT_EXCEEDED","error":"x","retry_after_ms":2500}"#, RetryAfter(2)),
            (404, r#"{"errcode":"M_UNRECOGNIZED","error":"x"}"#, Retry),
            (404, "", Retry),
            (502, "", Retry),
        ],
        blind: false,
        longest: 51_000,
    }
}

fn zulip() -> Vendor {
    Vendor {
        kind: "zulip",
        settings: |base| {
            vec![
                ("url", format!("{base}/")),
                ("email", "maibo-bot@zulip.example".to_owned()),
                ("key", "aZulipKey0123".to_owned()),
                ("channel", "ops".to_owned()),
                ("mention", "Ann Lee, *ops*".to_owned()),
            ]
        },
        secrets: &["aZulipKey0123"],
        before: &[],
        ok: (200, r#"{"result":"success","msg":"","id":42}"#),
        verdicts: &[
            (400, r#"{"result":"error","code":"STREAM_DOES_NOT_EXIST","msg":"x"}"#, Permanent),
            (401, r#"{"result":"error","code":"UNAUTHORIZED","msg":"Invalid API key"}"#, Permanent),
            (400, r#"{"result":"error","code":"BAD_REQUEST","msg":"Missing 'to' argument"}"#, Rejected),
            (429, r#"{"result":"error","code":"RATE_LIMIT_HIT","msg":"x","retry-after":1.5}"#, RetryAfter(2)),
            (401, "<html>sign in</html>", Retry),
            (502, "", Retry),
        ],
        blind: false,
        // Percent-encoded.
        longest: 125_000,
    }
}

#[tokio::test]
async fn matrix_joins_a_room_once_and_again_after_it_was_thrown_out() {
    let vendor = matrix();
    let says = |(status, body): (u16, &str)| Answer::Says(status, body.to_owned());
    let (joined, sent) = (vendor.before[0], vendor.ok);
    let thrown_out = (403, r#"{"errcode":"M_FORBIDDEN","error":"not in room"}"#);
    let script = [joined, sent, sent, thrown_out, joined, sent].map(says);
    let sink = HttpSink::start(script, Answer::status(500));
    let post = post();
    let settings = settings(&vendor, &sink.url(""), &post).await.unwrap();
    for _ in 0..3 {
        let alert = alert(Side::Down, "job", "");
        let outcome = post.send_with(driver("matrix").unwrap(), &settings, &alert, alert.at).await;
        assert_eq!(Verdict::of(&outcome), Sent, "{outcome:?}");
    }
    let heard = sink.heard();
    let methods: Vec<&str> = heard.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["POST", "PUT", "PUT", "PUT", "POST", "PUT"]);
    // The same alert is the same message, however often it is sent.
    assert_eq!(heard[1].target, heard[2].target);
    assert_eq!(heard[1].target, heard[5].target);
}
