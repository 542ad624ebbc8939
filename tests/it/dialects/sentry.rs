//! Sentry's check-ins, by URL and by its clients' envelopes.
use rstest::rstest;
use serde_json::{Value, json};

use super::{FORM, JSON, KEY, RUN, aliased, get, last, named, send, was};

const OTHER_RUN: &str = "b460c25ff2554577b920fcfacae4e5eb";

fn check_in(slug: &str, status: &str, run: &str, config: Option<Value>) -> Value {
    let mut check_in =
        json!({"check_in_id": run, "monitor_slug": slug, "status": status, "environment": "production"});
    if let Some(config) = config {
        check_in["monitor_config"] = config;
    }
    check_in
}

fn envelope(item: &Value) -> Vec<u8> {
    let item = item.to_string();
    let header = json!({"type": "check_in", "content_type": "application/json", "length": item.len()});
    format!("{{\"sent_at\":\"2026-03-01T12:00:00Z\"}}\n{header}\n{item}\n").into_bytes()
}

/// What gzip makes of bytes when it does not compress them.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let length = u16::try_from(bytes.len()).unwrap();
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    packed.extend(length.to_le_bytes());
    packed.extend((!length).to_le_bytes());
    packed.extend(bytes);
    packed.extend((!crc).to_le_bytes());
    packed.extend(u32::from(length).to_le_bytes());
    packed
}

fn sentry_auth() -> (&'static str, &'static str) {
    ("X-Sentry-Auth", "Sentry sentry_key=0123456789abcdef0123456789abcdef, sentry_version=7")
}

#[test]
fn sentry_by_url() {
    let (maibo, uuid) = named();
    let url = |tail: &str| format!("/api/42/cron/nightly/{KEY}/{tail}");
    let accepted = || (202, String::new());
    for (method, target, headers, body, expected) in [
        ("GET", url("?status=in_progress"), vec![], String::new(), was("start", "", "")),
        (
            "POST",
            url("?status=ok&environment=prod"),
            vec![FORM],
            String::new(),
            was("success", "", "environment: prod"),
        ),
        ("GET", url("?status=error&duration=2.5"), vec![], String::new(), was("fail", "", "duration: 2.5 s")),
        (
            "GET",
            url("").trim_end_matches('/').to_owned() + "?status=ok",
            vec![],
            String::new(),
            was("success", "", ""),
        ),
        (
            "GET",
            format!("/api/42/cron/nightly/?status=ok&sentry_key={KEY}"),
            vec![],
            String::new(),
            was("success", "", ""),
        ),
        (
            "POST",
            url(""),
            vec![JSON],
            json!({"status": "ok", "duration": 3}).to_string(),
            was("success", "", "duration: 3 s"),
        ),
    ] {
        let reply = send(&maibo, method, &target, &headers, body.as_bytes());
        assert_eq!((reply.status, reply.text()), accepted(), "{target}");
        assert_eq!(last(&maibo, &uuid), expected, "{target}");
    }
    for (target, headers, body, status) in [
        (url(""), vec![], "", 400),
        (url("?status=missed"), vec![], "", 400),
        (url("?status=ok&check_in_id=7"), vec![], "", 400),
        (url("?status=ok"), vec![JSON], "{", 400),
        ("/api/42/cron/nightly/?status=ok".to_owned(), vec![], "", 401),
        (url("?status=ok").replace("nightly", "nobody"), vec![], "", 404),
        (url("?status=ok").replace(KEY, "wrongwrongwrongwrongwr"), vec![], "", 404),
    ] {
        let reply = send(&maibo, "POST", &target, &headers, body.as_bytes());
        assert_eq!(reply.status, status, "{target}");
        assert!(reply.json()["detail"].is_string());
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 6);
}

#[rstest]
#[case::plain(false)]
#[case::compressed(true)]
fn sentry_by_envelope(#[case] compressed: bool) {
    let (maibo, uuid) = named();
    let post = |bytes: Vec<u8>| {
        let (headers, bytes) = if compressed {
            (vec![sentry_auth(), ("Content-Encoding", "gzip")], gzip(&bytes))
        } else {
            (vec![sentry_auth()], bytes)
        };
        let reply = send(&maibo, "POST", "/api/42/envelope/", &headers, &bytes);
        (reply.status, reply.text())
    };
    let taken = || (200, "{}".to_owned());
    for (status, run) in [("in_progress", RUN), ("in_progress", OTHER_RUN), ("ok", RUN), ("error", OTHER_RUN)]
    {
        assert_eq!(post(envelope(&check_in("nightly", status, run, None))), taken());
    }
    assert_eq!(maibo.pings(&uuid, "kind"), ["start", "start", "success", "fail"]);
    assert_eq!(maibo.pings(&uuid, "rid")[0], "a460c25f-f255-4577-b920-fcfacae4e5eb");
    let pings = maibo.api("GET", &format!("/api/v3/checks/{uuid}/pings/"), "").json();
    let timed =
        pings["pings"].as_array().unwrap().iter().filter(|ping| ping.get("duration").is_some()).count();
    assert_eq!(timed, 2, "{pings}");
    assert_eq!(last(&maibo, &uuid).2, "environment: production");
    // Errors and the like are let go.
    assert_eq!(post(b"{}\n{\"type\":\"event\",\"length\":2}\n{}\n".to_vec()), taken());
    assert_eq!(post(b"nonsense".to_vec()).0, 400);
    assert_eq!(post(envelope(&check_in("nobody", "ok", RUN, None))).0, 404);
    assert_eq!(post(envelope(&check_in("", "ok", RUN, None))).0, 404);
    assert_eq!(maibo.shown(&uuid)["n_pings"], 4);
}

#[test]
fn a_start_of_sentry_that_comes_behind_its_end_opens_no_run() {
    let (maibo, uuid) = named();
    let post = |slug: &str, status: &str, run: &str| {
        let config = json!({"schedule": {"type": "interval", "value": 1, "unit": "hour"}});
        let item = envelope(&check_in(slug, status, run, Some(config)));
        assert_eq!(send(&maibo, "POST", "/api/42/envelope/", &[sentry_auth()], &item).status, 200);
    };
    post("nightly", "in_progress", OTHER_RUN);
    post("nightly", "ok", RUN);
    post("nightly", "ok", OTHER_RUN);
    post("nightly", "in_progress", RUN);
    assert_eq!(maibo.pings(&uuid, "kind"), ["start", "success", "success", "log"]);
    assert_eq!(maibo.shown(&uuid)["started"], false);
    post("nightly", "in_progress", "c460c25ff2554577b920fcfacae4e5eb");
    assert_eq!(maibo.shown(&uuid)["started"], true);
    // A check that is only made by it has no end yet.
    post("made", "in_progress", RUN);
    let made: (String,) = maibo.row("SELECT uuid FROM checks WHERE slug = 'made'");
    assert_eq!(maibo.pings(&made.0, "kind"), ["start"]);
    // By the URL and an alias it is the same.
    let moved = aliased(&maibo, "key/slug");
    for (status, kind) in [("error", "fail"), ("in_progress", "log")] {
        assert_eq!(get(&maibo, &format!("/api/1/cron/slug/key/?status={status}&check_in_id={RUN}")).0, 202);
        assert_eq!(last(&maibo, &moved).0, kind);
    }
}

#[test]
fn what_is_compressed_in_a_way_we_do_not_know_is_told_so() {
    let (maibo, _) = named();
    let headers = [sentry_auth(), ("Content-Encoding", "br")];
    assert_eq!(send(&maibo, "POST", "/api/42/envelope/", &headers, b"x").status, 415);
    let headers = [sentry_auth(), ("Content-Encoding", "gzip")];
    assert_eq!(send(&maibo, "POST", "/api/42/envelope/", &headers, b"not gzip").status, 400);
}

#[test]
fn a_monitor_config_makes_the_check_that_is_missing() {
    let (maibo, uuid) = named();
    let config = json!({
        "schedule": {"type": "crontab", "value": "5 4 * * *"}, "timezone": "Asia/Shanghai", "checkin_margin": 5,
        "max_runtime": 45
    });
    let post = |slug: &str, config: &Value| {
        let item = envelope(&check_in(slug, "ok", RUN, Some(config.clone())));
        send(&maibo, "POST", "/api/42/envelope/", &[sentry_auth()], &item).status
    };
    assert_eq!(post("made", &config), 200);
    let made: (String,) = maibo.row("SELECT uuid FROM checks WHERE slug = 'made'");
    let shown = maibo.shown(&made.0);
    assert_eq!(shown["schedule"], "5 4 * * *");
    assert_eq!(shown["tz"], "Asia/Shanghai");
    assert_eq!(shown["grace"], 45 * 60);
    assert_eq!(shown["status"], "up");
    // A job's own code says when it runs: a check that is there follows it.
    let hourly = json!({"schedule": {"type": "interval", "value": 1, "unit": "hour"}, "max_runtime": 10});
    assert_eq!((post("made", &hourly), post("nightly", &config)), (200, 200));
    let shown = maibo.shown(&made.0);
    assert_eq!(
        (&shown["timeout"], &shown["grace"], &shown["n_pings"]),
        (&json!(3600), &json!(600), &json!(2))
    );
    let shown = maibo.shown(&uuid);
    assert_eq!((&shown["schedule"], &shown["tz"]), (&json!("5 4 * * *"), &json!("Asia/Shanghai")));
    // The same once more changes nothing, and neither does a check-in that says nothing of it.
    let revision = || maibo.number("SELECT revision FROM checks WHERE slug = 'nightly'");
    let before = revision();
    let bare = envelope(&check_in("nightly", "ok", RUN, None));
    assert_eq!(post("nightly", &config), 200);
    assert_eq!(send(&maibo, "POST", "/api/42/envelope/", &[sentry_auth()], &bare).status, 200);
    assert_eq!((revision(), maibo.shown(&uuid)["schedule"].clone()), (before, json!("5 4 * * *")));
    assert_eq!(post("hourly", &hourly), 200);
    assert_eq!(maibo.number("SELECT period / 1000000 FROM checks WHERE slug = 'hourly'"), 3600);
    // A schedule that cannot be followed, or a name that cannot be ours, makes nothing.
    let odd = json!({"schedule": {"type": "crontab", "value": "sometimes"}});
    assert_eq!((post("odd", &odd), post("备份", &config), post("nightly", &odd)), (404, 404, 200));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 3);
}

/// Clients send the names that people give: what Celery calls an entry of its plan, what stands in a crontab's comment.
#[test]
fn a_name_becomes_a_slug_as_there() {
    let (maibo, uuid) = named();
    let plan = json!({"schedule": {"type": "crontab", "value": "0 * * * *"}});
    let checks_in = |name: &str, config: Option<Value>| {
        let body = envelope(&check_in(name, "ok", RUN, config));
        send(&maibo, "POST", "/api/1/envelope/", &[sentry_auth()], &body).status
    };
    for name in [
        "send report",
        "send report",
        "My.Tasks_Cleanup()",
        "\u{1f680}\tmyComplicated_slug\u{200a}name is here...",
    ] {
        assert_eq!(checks_in(name, Some(plan.clone())), 200, "{name}");
    }
    let slugs = maibo.rows::<(String,)>("SELECT slug FROM checks WHERE slug <> 'nightly' ORDER BY slug");
    let slugs: Vec<_> = slugs.into_iter().map(|(slug,)| slug).collect();
    assert_eq!(slugs, ["mycomplicated_slug-name-is-here", "mytasks_cleanup", "send-report"]);
    assert_eq!(checks_in("Nightly", None), 200);
    assert_eq!(maibo.shown(&uuid)["n_pings"], 1);
    for name in ["备份", "主库 dump", "a".repeat(101).as_str()] {
        assert_eq!(checks_in(name, Some(plan.clone())), 404, "two such names would be one: {name}");
    }
    assert_eq!(checks_in("new job", None), 404);
    assert!(maibo.log().contains("new job"), "{}", maibo.log());
    let moved = aliased(&maibo, &format!("{KEY}/备份"));
    assert_eq!(checks_in("备份", None), 200);
    assert_eq!(maibo.pings(&moved, "kind"), ["success"]);
}
