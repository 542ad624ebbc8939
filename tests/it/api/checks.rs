//! What is done to one check: update, delete, pause, resume; how its state is told, and what the versions tell apart.
use std::thread;

use rstest::rstest;
use serde_json::{Value, json};

use super::{CHECKS, NOBODY, call, error, read_only};
use crate::support::{Maibo, http, until};

const UNKNOWN: &str = "1f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";

fn update(maibo: &Maibo, uuid: &str, body: &Value) -> Value {
    let reply = maibo.api("POST", &format!("{CHECKS}{uuid}"), &body.to_string());
    assert_eq!(reply.status, 200, "{body}: {}", reply.text());
    let check = reply.json();
    assert_eq!(maibo.shown(uuid), check, "what is answered is what is stored");
    check
}

#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    let maibo = Maibo::serving();
    let hook = maibo.channel("webhook", "hook", &["url_down=http://127.0.0.1:9/"]);
    let made = json!({
        "name": "a", "slug": "s", "tags": "x", "desc": "d", "timeout": 600, "grace": 120, "channels": "hook",
        "methods": "POST", "manual_resume": true, "success_kw": "OK", "filter_subject": true,
    });
    let uuid = maibo.api_check(&made);
    let mut expected = maibo.shown(&uuid);
    assert_eq!(update(&maibo, &uuid, &json!({})), expected, "nothing named");
    let empty = maibo.api("POST", &format!("{CHECKS}{uuid}"), "");
    assert_eq!((empty.status, empty.json()), (200, expected.clone()), "no body");
    for (name, value) in [
        ("name", json!("b")),
        ("slug", json!("t")),
        ("tags", json!("y z")),
        ("desc", json!("")),
        ("timeout", json!(31_536_000)),
        ("grace", json!(60)),
        ("manual_resume", json!(false)),
        ("methods", json!("")),
        ("start_kw", json!("BEGIN")),
        ("failure_kw", json!("ERR")),
        ("filter_body", json!(true)),
        ("filter_http_body", json!(true)),
        ("filter_default_fail", json!(true)),
        ("channels", json!("")),
        ("channels", json!(hook)),
    ] {
        expected[name] = value.clone();
        if name == "failure_kw" {
            expected["subject_fail"] = value.clone();
        }
        assert_eq!(update(&maibo, &uuid, &json!({name: value})), expected, "{name}");
    }
    // `unique` is looked at, and does nothing here.
    update(&maibo, &uuid, &json!({"unique": ["name", "grace"]}));
    let bad = maibo.api("POST", &format!("{CHECKS}{uuid}"), r#"{"unique": ["x"]}"#);
    let words = "json validation error: an item in 'unique' has unexpected value".to_owned();
    assert_eq!(error(&bad), (400, words));
}

#[test]
fn a_schedule_wins_over_a_timeout_and_the_zone_is_remembered() {
    let maibo = Maibo::serving();
    let uuid = maibo.api_check(&json!({"timeout": 600}));
    let simple = update(&maibo, &uuid, &json!({"tz": "Asia/Shanghai"}));
    assert_eq!((&simple["timeout"], simple.get("tz")), (&json!(600), None), "unseen on a simple check");
    let cron = update(&maibo, &uuid, &json!({"schedule": "0 3 * * *", "timeout": 300}));
    assert_eq!(
        (&cron["schedule"], &cron["tz"], cron.get("timeout")),
        (&json!("0 3 * * *"), &json!("Asia/Shanghai"), None)
    );
    let moved = update(&maibo, &uuid, &json!({"tz": "Europe/Kiev"}));
    assert_eq!(moved["tz"], "Europe/Kyiv");
    let back = update(&maibo, &uuid, &json!({"timeout": 300}));
    assert_eq!((&back["timeout"], back.get("schedule"), back.get("tz")), (&json!(300), None, None));
}

#[test]
fn a_bad_channel_leaves_a_whole_update_undone() {
    let maibo = Maibo::serving();
    let uuid = maibo.api_check(&json!({"name": "a"}));
    let reply = maibo.api("POST", &format!("{CHECKS}{uuid}"), r#"{"name": "b", "channels": "x"}"#);
    assert_eq!(error(&reply), (400, "invalid channel identifier: x".to_owned()));
    assert_eq!(maibo.shown(&uuid)["name"], "a");
}

#[rstest]
#[case::v1("v1", json!({"name": "Über Größe №5"}), "uber-groe-no5")]
#[case::v2("v2", json!({"name": "Ångström øl"}), "angstrom-l")]
#[case::chinese("v1", json!({"name": "备份"}), "")]
#[case::explicit("v2", json!({"name": "Name", "slug": "own"}), "own")]
#[case::v3_never("v3", json!({"name": "Name"}), "")]
fn old_versions_make_a_slug_from_a_name(#[case] version: &str, #[case] body: Value, #[case] slug: &str) {
    let maibo = Maibo::serving();
    let base = format!("/api/{version}/checks/");
    let made = maibo.api("POST", &base, &body.to_string());
    assert_eq!((made.status, &made.json()["slug"]), (201, &json!(slug)));
    let at = format!("{base}{}", made.json()["uuid"].as_str().unwrap());
    let post = |body: Value| maibo.api("POST", &at, &body.to_string()).json()["slug"].clone();
    assert_eq!(post(json!({"slug": "kept", "tags": "x"})), "kept");
    assert_eq!(post(json!({"name": body["name"]})), "kept", "the name is the same");
    let derived = if version == "v3" { "kept" } else { "other-name" };
    assert_eq!(post(json!({"name": "Other  Name"})), derived);
}

#[test]
fn a_deleted_check_is_shown_a_last_time() {
    let maibo = Maibo::serving();
    maibo.channel("webhook", "hook", &["url_down=http://127.0.0.1:9/"]);
    let uuid = maibo.api_check(&json!({"name": "a", "channels": "*"}));
    maibo.ping_ok(&uuid);
    let mut expected = maibo.shown(&uuid);
    let at = format!("{CHECKS}{uuid}");
    let in_body = json!({"api_key": maibo.key()}).to_string();
    assert_eq!(call(&maibo, "DELETE", &at, "", &in_body).status, 401, "a key in the body is for POST");
    let reply = maibo.api("DELETE", &at, "");
    expected["channels"] = json!("");
    assert_eq!((reply.status, reply.json()), (200, expected));
    assert_eq!(maibo.api("DELETE", &at, "").status, 404);
    assert_eq!(maibo.ping(&uuid).status, 404);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM pings"), 0);
}

#[test]
fn pause_and_resume_each_leave_a_flip() {
    let maibo = Maibo::serving();
    let uuid = maibo.api_check(&json!({"timeout": 3600}));
    let post = |what: &str| {
        let reply = maibo.api("POST", &format!("{CHECKS}{uuid}/{what}"), "");
        (reply.status, reply.json())
    };
    let refused = || {
        let reply = maibo.api("POST", &format!("{CHECKS}{uuid}/resume"), "");
        assert_eq!((reply.status, reply.text().as_str()), (409, "check is not paused"));
    };
    refused();
    maibo.ping_ok(&uuid);
    maibo.ping_ok(&format!("{uuid}/start"));
    let (status, paused) = post("pause");
    assert_eq!((status, &paused["status"], &paused["started"]), (200, &json!("paused"), &json!(false)));
    assert_eq!(paused["next_ping"], Value::Null);
    assert!(paused["last_ping"].is_string());
    let flips = maibo.flips(&uuid);
    assert_eq!(post("pause").1["status"], "paused");
    assert_eq!(maibo.flips(&uuid), flips, "a second pause adds none");
    let (status, resumed) = post("resume");
    assert_eq!((status, &resumed["status"]), (200, &json!("new")));
    assert_eq!((&resumed["last_ping"], &resumed["n_pings"]), (&Value::Null, &json!(2)));
    refused();
    let ups: Vec<Value> = maibo.flips(&uuid).iter().map(|flip| flip["up"].clone()).collect();
    assert_eq!(ups, [0, 0, 1]);
}

#[test]
fn only_version_1_has_a_word_for_running() {
    let maibo = Maibo::serving();
    let uuid = maibo.api_check(&json!({"timeout": 3600}));
    let told = |version: u8| {
        let check = maibo.api("GET", &format!("/api/v{version}/checks/{uuid}"), "").json();
        (check["status"].as_str().unwrap().to_owned(), check["started"].as_bool().unwrap())
    };
    let all = |word: &str, started: bool| vec![(word.to_owned(), started); 3];
    let expect = |first: &str, others: &str| {
        let mut expected = all(others, true);
        expected[0].0 = first.to_owned();
        assert_eq!((1..=3).map(told).collect::<Vec<_>>(), expected);
    };
    assert_eq!((1..=3).map(told).collect::<Vec<_>>(), all("new", false));
    maibo.ping_ok(&format!("{uuid}/start"));
    expect("started", "new");
    maibo.ping_ok(&format!("{uuid}/fail"));
    assert_eq!((1..=3).map(told).collect::<Vec<_>>(), all("down", false));
    maibo.ping_ok(&format!("{uuid}/start"));
    expect("started", "down");
    maibo.ping_ok(&uuid);
    assert_eq!((1..=3).map(told).collect::<Vec<_>>(), all("up", false));
}

#[test]
fn a_run_that_took_too_long_is_down_in_every_version() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h", "--grace", "1s"]);
    maibo.ping_ok(&format!("{uuid}/start"));
    until("it goes down", || maibo.shown(&uuid)["status"] == "down");
    let first = maibo.api("GET", &format!("/api/v1/checks/{uuid}"), "").json();
    assert_eq!((&first["status"], &first["started"]), (&json!("down"), &json!(true)));
}

#[test]
fn method_then_body_then_key_then_check_then_fields() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--uuid", NOBODY, "--every", "1h"]);
    maibo.made(&["project", "create", "other"]);
    let theirs = maibo.check("Theirs", &["--project", "other", "--every", "1h"]);
    let (reader, bad_field) = (read_only(&maibo), r#"{"timeout": 1}"#);
    for tail in ["", "/pause", "/resume"] {
        let at = |code: &str| format!("{CHECKS}{code}{tail}");
        let status = |method: &str, code: &str, key: &str, body: &str| {
            call(&maibo, method, &at(code), key, body).status
        };
        assert_eq!(status("PUT", &uuid, "", "{"), 405, "{tail}: the method comes first");
        assert_eq!(error(&call(&maibo, "POST", &at(&uuid), "", "{")).1, "could not parse request body");
        assert_eq!(
            error(&call(&maibo, "POST", &at(UNKNOWN), "", "[]")).1,
            "json validation error: value is not an object"
        );
        assert_eq!(error(&call(&maibo, "POST", &at(UNKNOWN), "", "{}")).1, "missing api key");
        assert_eq!(error(&call(&maibo, "POST", &at(&uuid), &reader, bad_field)).1, "wrong api key");
        assert_eq!(status("POST", UNKNOWN, maibo.key(), bad_field), 404, "{tail}");
        assert_eq!(status("POST", &theirs, maibo.key(), bad_field), 403, "{tail}");
        assert_eq!(status("POST", "nonsense", maibo.key(), ""), 404, "{tail}");
        assert_eq!(status("POST", &uuid.to_uppercase(), maibo.key(), ""), 404, "{tail}");
    }
    assert_eq!(maibo.api("POST", &format!("{CHECKS}{uuid}"), bad_field).status, 400);
    for (method, tail) in [("GET", "/pause"), ("GET", "/resume"), ("DELETE", "/pause")] {
        assert_eq!(maibo.api(method, &format!("{CHECKS}{uuid}{tail}"), "").status, 405, "{method} {tail}");
    }
    assert_eq!(error(&call(&maibo, "DELETE", &format!("{CHECKS}{uuid}"), &reader, "")).1, "wrong api key");
    assert_eq!(maibo.api("DELETE", &format!("{CHECKS}{theirs}"), "").status, 403);
    assert_eq!(maibo.api("DELETE", &format!("{CHECKS}{UNKNOWN}"), "").status, 404);
    // A `unique_key` is for reading.
    let unique_key = "0b689639e39a72f085377d07f3a9d95f1038142c";
    for method in ["POST", "DELETE"] {
        assert_eq!(maibo.api(method, &format!("{CHECKS}{unique_key}"), "").status, 405, "{method}");
    }
    for tail in ["/pause", "/resume"] {
        assert_eq!(maibo.api("POST", &format!("{CHECKS}{unique_key}{tail}"), "").status, 404, "{tail}");
    }
    // What changes one check has no slash at its end.
    for tail in ["/", "/pause/", "/resume/", "/pings/1/body/"] {
        for method in ["GET", "POST"] {
            let reply = maibo.api(method, &format!("{CHECKS}{uuid}{tail}"), "");
            assert_eq!(reply.status, 404, "{method} {tail}");
        }
    }
}

#[test]
fn a_readers_name_of_a_check_leads_people_to_its_page() {
    let maibo = Maibo::serving();
    let args = ["user", "create", "--email", "ops@example.org", "--password-stdin"];
    assert_eq!(maibo.run_with(&args, "a long password\n").code, Some(0));
    let uuid = maibo.api_check(&json!({"name": "a"}));
    let reader = call(&maibo, "GET", &format!("{CHECKS}{uuid}"), &read_only(&maibo), "").json();
    let target = format!("/cloaked/{}/", reader["unique_key"].as_str().unwrap());
    let stranger = maibo.call("GET", &target);
    assert_eq!(stranger.status, 303);
    assert!(stranger.header("location").unwrap().contains("login?next=%2Fcloaked"));
    let form = b"email=ops%40example.org&password=a+long+password";
    let session = http::request(maibo.addr(), "POST", "/login", &[], form);
    let cookie = session.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let open = |target: &str| http::request(maibo.addr(), "GET", target, &[("Cookie", cookie.as_str())], b"");
    for target in [target.as_str(), target.trim_end_matches('/')] {
        let reply = open(target);
        assert_eq!((reply.status, reply.header("location")), (303, Some(format!("/checks/{uuid}").as_str())));
    }
    assert_eq!(open(&format!("/cloaked/{}/", "0".repeat(40))).status, 404);
}

#[test]
fn two_who_change_different_things_at_once_undo_nothing_of_each_others() {
    let maibo = Maibo::serving();
    let uuid = maibo.api_check(&json!({"name": "a", "timeout": 600}));
    let (addr, key, target) = (maibo.addr(), maibo.key(), &format!("{CHECKS}{uuid}"));
    let save = &|body: &Value| {
        let reply = http::request(addr, "POST", target, &[("X-Api-Key", key)], body.to_string().as_bytes());
        assert_eq!(reply.status, 200, "{body}: {}", reply.text());
    };
    for round in 0..25 {
        let (name, tags, desc) = (format!("n{round}"), format!("t{round}"), format!("d{round}"));
        thread::scope(|scope| {
            for body in [json!({"name": name}), json!({"tags": tags}), json!({"desc": desc})] {
                scope.spawn(move || save(&body));
            }
        });
        let shown = maibo.shown(&uuid);
        assert_eq!(
            (&shown["name"], &shown["tags"], &shown["desc"]),
            (&json!(name), &json!(tags), &json!(desc))
        );
    }
}

/// What this API shows of a plan that it cannot set comes back from clients that send whole checks.
#[test]
fn a_check_is_saved_as_it_was_shown() {
    let maibo = Maibo::serving();
    let times = (0..12).map(|hour| format!("{hour:02}:15")).collect::<Vec<_>>().join(",");
    let daily = maibo.check("daily", &["--at", &times, "--tz", "Asia/Shanghai", "--grace", "90s"]);
    let quick = maibo.check("quick", &["--every", "2s", "--grace", "1s"]);
    let kinds = || maibo.rows::<(String, i64)>("SELECT kind, grace FROM checks ORDER BY id");
    let before = kinds();
    for uuid in [&daily, &quick] {
        let mut whole = maibo.shown(uuid);
        whole["desc"] = json!("changed");
        // Some clients send both plans, and the schedule counts.
        if uuid == &daily {
            whole["timeout"] = json!(60);
        }
        assert_eq!(update(&maibo, uuid, &whole)["desc"], "changed");
        assert_eq!(kinds(), before);
    }
    let refused = |uuid: &str, body: Value| {
        let reply = maibo.api("POST", &format!("{CHECKS}{uuid}"), &body.to_string());
        (reply.status, reply.json()["error"].clone())
    };
    assert_eq!(refused(&quick, json!({"timeout": 3})).0, 400);
    let schedule = maibo.shown(&daily)["schedule"].clone();
    assert_eq!(refused(&daily, json!({"schedule": schedule, "timeout": "x"})).0, 400);
    assert_eq!(refused(&daily, json!({"schedule": "x".repeat(101)})).0, 400);
    assert_eq!(update(&maibo, &daily, &json!({"timeout": 60}))["timeout"], 60);
}
