//! Group robots, pushes and text messages of China.
use maibo::notify::alert::Side;
use maibo::notify::driver;

use super::Vendor;
use super::Verdict::{Permanent, Rejected, Retry, RetryAfter};
use crate::support::http_sink::{Answer, HttpSink};

pub(super) fn vendors() -> Vec<Vendor> {
    vec![
        Vendor {
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
        },
        Vendor {
            kind: "dingtalk",
            settings: |base| {
                vec![
                    ("url", format!("{base}/robot/send?access_token=0123456789abcdef01234567")),
                    ("secret", "SECfedcba9876543210".to_owned()),
                    ("mention", "13800001111".to_owned()),
                ]
            },
            secrets: &["0123456789abcdef01234567", "SECfedcba9876543210"],
            before: &[],
            ok: (200, r#"{"errcode":0,"errmsg":"ok"}"#),
            verdicts: &[
                (
                    200,
                    r#"{"errcode":310000,"errmsg":"sign not match, more: [https://ding-doc.dingtalk.com/x]"}"#,
                    Permanent,
                ),
                (200, r#"{"errcode":310000,"errmsg":"keywords not in content"}"#, Permanent),
                (200, r#"{"errcode":310000,"errmsg":"invalid timestamp"}"#, Retry),
                (200, r#"{"errcode":300005,"errmsg":"token is not exist"}"#, Permanent),
                (
                    200,
                    r#"{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}"#,
                    RetryAfter(60),
                ),
                (200, r#"{"errcode":130101,"errmsg":"send too fast","wait":300}"#, RetryAfter(300)),
                (200, r#"{"errcode":430104,"errmsg":"unsafe content"}"#, Rejected),
                (200, r#"{"errcode":-1,"errmsg":"busy"}"#, Retry),
                (200, r#"{"errcode":777}"#, Retry),
            ],
            blind: false,
            longest: 20_000,
        },
        Vendor {
            kind: "feishu",
            settings: |base| {
                vec![
                    ("url", format!("{base}/open-apis/bot/v2/hook/0a1b2c3d-4e5f-6789")),
                    ("secret", "fEiShUsEcReT".to_owned()),
                    ("mention", "@all".to_owned()),
                ]
            },
            secrets: &["0a1b2c3d-4e5f-6789", "fEiShUsEcReT"],
            before: &[],
            ok: (200, r#"{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}"#),
            verdicts: &[
                (200, r#"{"code":19021,"msg":"sign match fail"}"#, Permanent),
                (200, r#"{"code":19001,"msg":"param invalid"}"#, Permanent),
                (200, r#"{"code":19024,"msg":"Key Words Not Found"}"#, Permanent),
                (200, r#"{"code":11232,"msg":"frequency limited"}"#, RetryAfter(60)),
                (200, r#"{"code":9499,"msg":"Bad Request"}"#, Rejected),
                (400, r#"{"code":9499,"msg":"Bad Request"}"#, Rejected),
                (200, r#"{"code":1,"msg":"x"}"#, Retry),
            ],
            blind: false,
            longest: 20_000,
        },
        Vendor {
            kind: "wecomapp",
            settings: |base| {
                vec![
                    ("corpid", "ww0123456789abcdef".to_owned()),
                    ("agentid", "1000002".to_owned()),
                    ("secret", "wEcOmSeCrEt".to_owned()),
                    ("touser", "zhangsan".to_owned()),
                    ("url", base.to_owned()),
                ]
            },
            secrets: &["wEcOmSeCrEt", "T0K3N"],
            before: &[(200, r#"{"errcode":0,"errmsg":"ok","access_token":"T0K3N","expires_in":7200}"#)],
            ok: (200, r#"{"errcode":0,"errmsg":"ok","invaliduser":"","msgid":"x"}"#),
            verdicts: &[
                (200, r#"{"errcode":81013,"errmsg":"user & party & tag all invalid"}"#, Permanent),
                (200, r#"{"errcode":60020,"errmsg":"not allow to access from your ip"}"#, Permanent),
                (200, r#"{"errcode":40001,"errmsg":"invalid credential"}"#, Permanent),
                (200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, RetryAfter(60)),
                (200, r#"{"errcode":40058,"errmsg":"too long"}"#, Rejected),
                (200, r#"{"errcode":-1,"errmsg":"busy"}"#, Retry),
            ],
            blind: false,
            longest: 2500,
        },
        Vendor {
            kind: "onebot",
            settings: |base| {
                vec![
                    ("url", base.to_owned()),
                    ("token", "oNeBoTtOkEn".to_owned()),
                    ("group", "20002".to_owned()),
                    ("mention", "10001".to_owned()),
                ]
            },
            secrets: &["oNeBoTtOkEn"],
            before: &[],
            ok: (200, r#"{"status":"ok","retcode":0,"data":{"message_id":1}}"#),
            verdicts: &[
                (200, r#"{"status":"failed","retcode":100,"data":null,"wording":"x"}"#, Rejected),
                (200, r#"{"status":"failed","retcode":1200,"data":null,"wording":"x"}"#, Retry),
                (401, "", Permanent),
                (403, "", Permanent),
                (404, "", Retry),
            ],
            blind: false,
            longest: 17_000,
        },
        Vendor {
            kind: "bark",
            settings: |base| vec![("url", base.to_owned()), ("key", "yRp7zQw3nVb5mXc9kLd2Fg".to_owned())],
            secrets: &["yRp7zQw3nVb5mXc9kLd2Fg"],
            before: &[],
            ok: (200, r#"{"code":200,"message":"success","timestamp":1700000000}"#),
            verdicts: &[
                (
                    400,
                    r#"{"code":400,"message":"failed to get device token: failed to get [yRp7zQw3nVb5mXc9kLd2Fg] device token from database"}"#,
                    Permanent,
                ),
                (418, "I'm a teapot", Permanent),
                (500, r#"{"code":500,"message":"push failed: BadDeviceToken"}"#, Retry),
                (200, r#"{"code":500,"message":"x"}"#, Retry),
            ],
            blind: false,
            longest: 3600,
        },
        Vendor {
            kind: "serverchan",
            settings: |base| vec![("key", format!("{base}/SCT123456TabcdefGHIJKL.send"))],
            secrets: &["SCT123456TabcdefGHIJKL"],
            before: &[],
            ok: (
                200,
                r#"{"code":0,"message":"","data":{"pushid":"1","readkey":"R","error":"SUCCESS","errno":0}}"#,
            ),
            verdicts: &[
                (400, r#"{"message":"[AUTH]错误的Key","code":40001,"info":"错误的Key"}"#, Permanent),
                (400, r#"{"message":"[AUTH]超过当天的发送次数限制[5]","code":40001}"#, RetryAfter(3600)),
                (200, r#"{"code":7,"message":"x"}"#, Retry),
            ],
            blind: false,
            longest: 36_000,
        },
        Vendor {
            kind: "pushplus",
            settings: |base| {
                vec![("token", "0123456789abcdef0123456789abcdef".to_owned()), ("url", base.to_owned())]
            },
            secrets: &["0123456789abcdef0123456789abcdef"],
            before: &[],
            ok: (200, r#"{"code":200,"msg":"请求成功","data":"abc123"}"#),
            verdicts: &[
                (200, r#"{"code":903,"msg":"无效的用户令牌","data":null}"#, Permanent),
                (200, r#"{"code":905,"msg":"账户未进行实名认证"}"#, Permanent),
                (200, r#"{"code":900,"msg":"用户账号使用受限"}"#, RetryAfter(6 * 3600)),
                (200, r#"{"code":999,"msg":"服务端验证错误"}"#, Rejected),
                (200, r#"{"code":500,"msg":"系统异常"}"#, Retry),
            ],
            blind: false,
            longest: 80_000,
        },
        Vendor {
            kind: "wxpusher",
            settings: |base| {
                vec![
                    ("token", "AT_s3cr3tT0ken".to_owned()),
                    ("to", "UID_reader 123".to_owned()),
                    ("url", base.to_owned()),
                ]
            },
            secrets: &["AT_s3cr3tT0ken"],
            before: &[],
            ok: (
                200,
                r#"{"code":1000,"msg":"处理成功","data":[{"uid":"UID_reader","messageId":1,"code":1000}],"success":true}"#,
            ),
            verdicts: &[
                (200, r#"{"code":1001,"msg":"appToken不正确","success":false}"#, Permanent),
                (200, r#"{"code":1000,"msg":"处理成功","data":[{"code":1004}]}"#, Permanent),
                (200, r#"{"code":1008,"msg":"x"}"#, RetryAfter(60)),
                (200, r#"{"code":1007,"msg":"x"}"#, Rejected),
                (200, r#"{"code":1006,"msg":"x"}"#, Retry),
            ],
            blind: false,
            longest: 130_000,
        },
        Vendor {
            kind: "qmsg",
            settings: |base| {
                vec![("key", "0123456789abcdef0123456789abcdef".to_owned()), ("url", base.to_owned())]
            },
            secrets: &["0123456789abcdef0123456789abcdef"],
            before: &[],
            ok: (200, r#"{"success":true,"reason":"操作成功","code":0,"info":{}}"#),
            verdicts: &[
                (200, r#"{"success":false,"reason":"消息包含违禁词"}"#, Rejected),
                (200, r#"{"success":false,"reason":"发送频率过快"}"#, RetryAfter(60)),
                (200, r#"{"success":false,"reason":"KEY不存在"}"#, Permanent),
            ],
            blind: false,
            longest: 5000,
        },
        Vendor {
            kind: "aliyunsms",
            settings: |base| {
                vec![
                    ("to", "13800000000".to_owned()),
                    ("access_key_id", "LTAI5tExample".to_owned()),
                    ("access_key_secret", "aLiYuNsEcReT".to_owned()),
                    ("sign_name", "脉搏".to_owned()),
                    ("template_code", "SMS_123456789".to_owned()),
                    ("variables", "name status project time".to_owned()),
                    ("url", base.to_owned()),
                ]
            },
            secrets: &["aLiYuNsEcReT"],
            before: &[],
            ok: (200, r#"{"Message":"OK","RequestId":"r","BizId":"b","Code":"OK"}"#),
            verdicts: &[
                (
                    200,
                    r#"{"Message":"x","RequestId":"r","Code":"isv.BUSINESS_LIMIT_CONTROL"}"#,
                    RetryAfter(3600),
                ),
                (404, r#"{"Code":"InvalidAccessKeyId.NotFound","Message":"x","RequestId":"r"}"#, Permanent),
                (400, r#"{"Code":"SignatureDoesNotMatch","Message":"x"}"#, Permanent),
                (200, r#"{"Code":"isv.PARAM_LENGTH_LIMIT","Message":"x"}"#, Rejected),
                (503, r#"{"Code":"Throttling.User","Message":"x"}"#, Retry),
            ],
            blind: false,
            longest: 0,
        },
    ]
}

#[tokio::test]
async fn a_token_is_kept_until_the_vendor_drops_it() {
    let says = |body: &str| Answer::Says(200, body.to_owned());
    let token =
        |token| says(&format!(r#"{{"errcode":0,"errmsg":"ok","access_token":"{token}","expires_in":7200}}"#));
    let sink = HttpSink::start(
        [
            token("T1"),
            Answer::wecom(0, "ok"),
            Answer::wecom(0, "ok"),
            Answer::wecom(42001, "access_token expired"),
            token("T2"),
            Answer::wecom(0, "ok"),
        ],
        Answer::status(500),
    );
    let post = super::post();
    let vendors = vendors();
    let app = vendors.iter().find(|vendor| vendor.kind == "wecomapp").unwrap();
    let settings = super::settings(app, &sink.url(""), &post).await.unwrap();
    let alert = super::alert(Side::Down, "job", "");
    for _ in 0..3 {
        post.send_with(driver("wecomapp").unwrap(), &settings, &alert, alert.at).await.unwrap();
    }
    let asked: Vec<String> = sink.heard().into_iter().map(|heard| heard.target).collect();
    let login = "/cgi-bin/gettoken?corpid=ww0123456789abcdef&corpsecret=wEcOmSeCrEt";
    let (first, second) = ("/cgi-bin/message/send?access_token=T1", "/cgi-bin/message/send?access_token=T2");
    assert_eq!(asked, [login, first, first, first, login, second]);
}
