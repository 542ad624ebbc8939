//! The three routes of the management API that are there already: COMPATIBILITY 4.0 "Management API, observed", 4.2.
use chrono::{DateTime, Utc};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::http::{self, Reply};
use crate::support::{Maibo, until};

const CHECKS: &str = "/api/v3/checks/";
const NOBODY: &str = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";

/// A call with this key; none when empty.
fn call(maibo: &Maibo, method: &str, target: &str, key: &str, body: &str) -> Reply {
    let headers: &[(&str, &str)] = if key.is_empty() { &[] } else { &[("X-Api-Key", key)] };
    http::request(maibo.addr(), method, target, headers, body.as_bytes())
}

fn error(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["error"].as_str().unwrap_or_default().to_owned())
}

fn read_only(maibo: &Maibo) -> String {
    maibo.made(&["key", "create", "--scope", "read-only"])
}

#[test]
fn a_check_is_made_with_the_defaults_of_the_original() {
    let maibo = Maibo::serving();
    maibo.channel("webhook", "hook", &["url_down=http://127.0.0.1:9/"]);
    let reply = maibo.api("POST", CHECKS, "");
    assert_eq!(reply.status, 201);
    assert!(reply.header("content-type").unwrap().starts_with("application/json"));
    let check = reply.json();
    let keys: Vec<&str> = check.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "name",
            "slug",
            "tags",
            "desc",
            "grace",
            "n_pings",
            "status",
            "started",
            "last_ping",
            "next_ping",
            "manual_resume",
            "methods",
            "subject",
            "subject_fail",
            "start_kw",
            "success_kw",
            "failure_kw",
            "filter_subject",
            "filter_body",
            "filter_http_body",
            "filter_default_fail",
            "badge_url",
            "uuid",
            "ping_url",
            "update_url",
            "pause_url",
            "resume_url",
            "channels",
            "timeout",
        ]
    );
    let uuid = check["uuid"].as_str().unwrap();
    assert_eq!(uuid.as_bytes()[14], b'4', "{uuid} is of version 4");
    for (name, expected) in [
        ("name", json!("")),
        ("slug", json!("")),
        ("timeout", json!(86400)),
        ("grace", json!(3600)),
        ("n_pings", json!(0)),
        ("status", json!("new")),
        ("started", json!(false)),
        ("last_ping", Value::Null),
        ("next_ping", Value::Null),
        ("channels", json!("")),
        ("ping_url", json!(format!("http://maibo.test/ping/{uuid}"))),
        ("update_url", json!(format!("http://maibo.test/api/v3/checks/{uuid}"))),
        ("pause_url", json!(format!("http://maibo.test/api/v3/checks/{uuid}/pause"))),
        ("resume_url", json!(format!("http://maibo.test/api/v3/checks/{uuid}/resume"))),
    ] {
        assert_eq!(check[name], expected, "{name}");
    }
    assert!(
        !check["badge_url"].as_str().unwrap().contains(uuid),
        "a badge does not give the ping address away"
    );
}

#[test]
fn every_field_comes_back_as_it_was_given() {
    let maibo = Maibo::serving();
    let hook = maibo.channel("webhook", "Hook 一", &["url_down=http://127.0.0.1:9/"]);
    let mail = maibo.channel("email", "mail", &["to=ops@example.org"]);
    let given = json!({
        "name": "夜间备份 <b>&\"", "slug": "nightly_1-x", "tags": "prod db", "desc": "two\nlines", "grace": 60,
        "schedule": "30 3 * * 1-5", "tz": "Asia/Shanghai", "manual_resume": true, "methods": "POST",
        "start_kw": "START", "success_kw": "OK", "failure_kw": "ERROR", "filter_body": true,
        "filter_http_body": true, "filter_default_fail": true, "channels": format!("{mail},Hook 一"),
        "unknown": "ignored",
    });
    let check = maibo.api("POST", CHECKS, &given.to_string()).json();
    for (name, value) in given.as_object().unwrap() {
        let expected = match name.as_str() {
            "unknown" => &Value::Null,
            "channels" => {
                let mut ids = [hook.clone(), mail.clone()];
                ids.sort();
                assert_eq!(check[name], ids.join(","), "sorted");
                continue;
            }
            _ => value,
        };
        assert_eq!(&check[name], expected, "{name}");
    }
    assert_eq!(check.get("timeout"), None, "a schedule wins");
    let uuid = check["uuid"].as_str().unwrap();
    assert_eq!(maibo.shown(uuid), check);
    let all = maibo.api_check(&json!({"channels": "*"}));
    assert_eq!(maibo.shown(&all)["channels"], check["channels"]);
}

#[rstest]
#[case::channels(r#"{"channels": null}"#, "channels is not a string")]
#[case::desc(r#"{"desc": 1}"#, "desc is not a string")]
#[case::name_type(r#"{"name": null}"#, "name is not a string")]
#[case::slug(r#"{"slug": "Größe"}"#, "slug does not match pattern")]
#[case::tags(r#"{"tags": []}"#, "tags is not a string")]
#[case::timeout_small(r#"{"timeout": 59}"#, "timeout is too small")]
#[case::timeout_large(r#"{"timeout": 31536001}"#, "timeout is too large")]
#[case::timeout_text(r#"{"timeout": "60"}"#, "timeout is not a number")]
#[case::timeout_float(r#"{"timeout": 3600.0}"#, "timeout is not a number")]
#[case::timeout_true(r#"{"timeout": true}"#, "timeout is too small")]
#[case::grace(r#"{"grace": 0}"#, "grace is too small")]
#[case::schedule_never(
    r#"{"schedule": "0 0 31 2 *"}"#,
    "schedule is not a valid cron or OnCalendar expression"
)]
#[case::schedule_at(r#"{"schedule": "@daily"}"#, "schedule is not a valid cron or OnCalendar expression")]
#[case::schedule_six(
    r#"{"schedule": "0 0 0 * * *"}"#,
    "schedule is not a valid cron or OnCalendar expression"
)]
#[case::schedule_empty(r#"{"schedule": ""}"#, "schedule is not a valid cron or OnCalendar expression")]
#[case::schedule_past(
    r#"{"schedule": "2020-01-01"}"#,
    "schedule is not a valid cron or OnCalendar expression"
)]
#[case::tz(r#"{"tz": "utc"}"#, "tz is not a valid timezone")]
#[case::tz_unknown(r#"{"tz": "Mars/Olympus"}"#, "tz is not a valid timezone")]
#[case::manual_resume(r#"{"manual_resume": "true"}"#, "manual_resume is not a boolean")]
#[case::methods(r#"{"methods": "GET"}"#, "methods has unexpected value")]
#[case::methods_null(r#"{"methods": null}"#, "methods has unexpected value")]
#[case::unique(r#"{"unique": "name"}"#, "unique is not an array")]
#[case::unique_item(r#"{"unique": ["status"]}"#, "an item in 'unique' has unexpected value")]
#[case::filter(r#"{"filter_http_body": 1}"#, "filter_http_body is not a boolean")]
#[case::first_in_the_alphabet(r#"{"tz": "x", "timeout": 1, "name": 7, "grace": 1}"#, "grace is too small")]
#[case::duplicate_the_last_wins(r#"{"timeout": 60, "timeout": 1}"#, "timeout is too small")]
fn a_bad_field_is_refused_in_the_words_of_the_original(#[case] body: &str, #[case] words: &str) {
    let maibo = Maibo::serving();
    let reply = maibo.api("POST", CHECKS, body);
    assert_eq!(error(&reply), (400, format!("json validation error: {words}")));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 0, "nothing is made");
}

#[test]
fn lengths_are_counted_in_characters() {
    let maibo = Maibo::serving();
    for (field, limit) in [("name", 100), ("success_kw", 200)] {
        let reply = maibo.api("POST", CHECKS, &json!({field: "库".repeat(limit)}).to_string());
        assert_eq!(reply.status, 201, "{}", reply.text());
        let reply = maibo.api("POST", CHECKS, &json!({field: "库".repeat(limit + 1)}).to_string());
        assert_eq!(error(&reply), (400, format!("json validation error: {field} is too long")));
    }
}

#[test]
fn what_is_no_json_object_is_refused_before_the_key_is_looked_at() {
    let maibo = Maibo::serving();
    let unreadable = || (400, "could not parse request body".to_owned());
    let no_object = || (400, "json validation error: value is not an object".to_owned());
    for (body, expected) in [
        ("{".to_owned(), unreadable()),
        ("  ".to_owned(), unreadable()),
        ("\u{feff}{}".to_owned(), unreadable()),
        (r#"{"name": "\ud800"}"#.to_owned(), unreadable()),
        ("{'name': 1}".to_owned(), unreadable()),
        ("[".repeat(100_000), unreadable()),
        ("[]".to_owned(), no_object()),
        ("null".to_owned(), no_object()),
        (r#""text""#.to_owned(), no_object()),
    ] {
        assert_eq!(error(&call(&maibo, "POST", CHECKS, "", &body)), expected, "{body:.40}");
    }
    let not_text = http::request(maibo.addr(), "POST", CHECKS, &[], b"{\"name\": \"\xff\"}");
    assert_eq!(error(&not_text), unreadable());
    for body in
        [r#"{"timeout": 100000000000000000000}"#.to_owned(), format!("{{\"timeout\": 1{}}}", "0".repeat(400))]
    {
        assert_eq!(maibo.api("POST", CHECKS, &body).status, 400, "{body:.60}");
    }
    let huge = format!(r#"{{"desc": "{}"}}"#, "x".repeat(3_000_000));
    let status = maibo.api("POST", CHECKS, &huge).status;
    assert!((400..500).contains(&status), "{status}");
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 0);
}

#[test]
fn a_key_is_asked_for_before_anything_is_looked_up() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let missing = || (401, "missing api key".to_owned());
    let wrong = || (401, "wrong api key".to_owned());
    let (unknown, read_only) = ("x".repeat(32), read_only(&maibo));
    let flips = format!("{CHECKS}{NOBODY}/flips/?seconds=bad");
    for (method, target) in [
        ("POST", CHECKS),
        ("GET", &format!("{CHECKS}{uuid}")),
        ("GET", &format!("{CHECKS}{NOBODY}")),
        ("GET", &flips),
    ] {
        assert_eq!(error(&call(&maibo, method, target, "", "")), missing(), "{method} {target}");
        assert_eq!(error(&call(&maibo, method, target, "short", "")), missing(), "{method} {target}");
        assert_eq!(error(&call(&maibo, method, target, &unknown, "")), wrong(), "{method} {target}");
    }
    assert_eq!(error(&call(&maibo, "POST", CHECKS, &read_only, r#"{"timeout": 1}"#)), wrong());
    assert_eq!(call(&maibo, "GET", &format!("{CHECKS}{uuid}"), &read_only, "").status, 200);
    // A ping key and a metrics key open nothing here.
    let metrics = maibo.made(&["key", "create", "--scope", "metrics"]);
    assert_eq!(error(&call(&maibo, "GET", &format!("{CHECKS}{uuid}"), &metrics, "")), wrong());
}

#[test]
fn a_key_in_the_body_counts_unless_there_is_a_header() {
    let maibo = Maibo::serving();
    let body = json!({"api_key": maibo.key()}).to_string();
    assert_eq!(call(&maibo, "POST", CHECKS, "", &body).status, 201);
    let empty_header = http::request(maibo.addr(), "POST", CHECKS, &[("X-Api-Key", "")], body.as_bytes());
    assert_eq!(error(&empty_header), (401, "missing api key".to_owned()));
    let other =
        http::request(maibo.addr(), "POST", CHECKS, &[("X-Api-Key", &"x".repeat(32))], body.as_bytes());
    assert_eq!(error(&other), (401, "wrong api key".to_owned()));
    // The content type is ignored, so that curl's default works.
    let headers = [("X-Api-Key", maibo.key()), ("Content-Type", "application/x-www-form-urlencoded")];
    let form = http::request(maibo.addr(), "POST", CHECKS, &headers, br#"{"name": "by curl"}"#);
    assert_eq!((form.status, form.json()["name"].as_str()), (201, Some("by curl")));
}

#[test]
fn a_reader_sees_a_key_in_place_of_the_address() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--uuid", NOBODY, "--every", "1h"]);
    let key = read_only(&maibo);
    let check = call(&maibo, "GET", &format!("{CHECKS}{uuid}"), &key, "").json();
    // sha1("6f1c9a527c1e4d0b")
    let unique_key = "0b689639e39a72f085377d07f3a9d95f1038142c";
    assert_eq!(check["unique_key"], unique_key);
    for hidden in ["uuid", "ping_url", "update_url", "pause_url", "resume_url", "channels"] {
        assert_eq!(check.get(hidden), None, "{hidden}");
    }
    assert!(!check.to_string().contains(&uuid));
    assert_eq!(call(&maibo, "GET", &format!("{CHECKS}{unique_key}"), &key, "").json(), check);
    assert_eq!(
        call(&maibo, "GET", &format!("{CHECKS}{unique_key}/flips/"), &key, "").json(),
        json!({"flips": []})
    );
    assert_eq!(maibo.shown(unique_key)["uuid"], uuid, "with the other key it is shown in full");
}

#[test]
fn checks_of_others_are_forbidden_and_unknown_ones_not_found() {
    let maibo = Maibo::serving();
    maibo.made(&["project", "create", "other"]);
    let theirs = maibo.check("Theirs", &["--project", "other", "--uuid", NOBODY, "--every", "1h"]);
    let unknown = "1f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";
    for tail in ["", "/flips/"] {
        let status = |code: &str| {
            let reply = maibo.api("GET", &format!("{CHECKS}{code}{tail}"), "");
            assert_eq!(reply.text(), "", "{code}{tail}: no words");
            reply.status
        };
        assert_eq!(status(&theirs), 403);
        assert_eq!(status("0b689639e39a72f085377d07f3a9d95f1038142c"), 404, "a unique_key of others");
        assert_eq!(status(unknown), 404);
        assert_eq!(status("nonsense"), 404);
        assert_eq!(status(&theirs.to_uppercase()), 404);
    }
}

#[test]
fn unique_updates_the_oldest_match_and_else_makes_a_new_check() {
    let maibo = Maibo::serving();
    let first = maibo.api_check(&json!({"name": "a", "tags": "x y", "timeout": 600}));
    let _second = maibo.api_check(&json!({"name": "a", "tags": "x y", "timeout": 600}));
    let upsert = |body: Value| {
        let reply = maibo.api("POST", CHECKS, &body.to_string());
        (reply.status, reply.json()["uuid"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(upsert(json!({"name": "a", "desc": "new", "unique": ["name"]})), (200, first.clone()));
    assert_eq!(maibo.shown(&first)["desc"], "new");
    assert_eq!(maibo.shown(&first)["timeout"], 600, "what is not given stays");
    assert_eq!(upsert(json!({"name": "a", "tags": "x y", "unique": ["name", "tags"]})), (200, first.clone()));
    assert_eq!(upsert(json!({"timeout": 600, "unique": ["timeout"]})), (200, first.clone()));
    for different in [
        json!({"name": "a", "tags": "y x", "unique": ["name", "tags"]}),
        json!({"name": "a", "unique": ["name", "slug"]}),
        json!({"name": "b", "unique": ["name"]}),
        json!({"name": "a", "unique": []}),
        json!({"name": "a"}),
    ] {
        let (status, uuid) = upsert(different.clone());
        assert!(status == 201 && uuid != first, "{different}");
    }
}

#[test]
fn channels_are_looked_up_last_and_a_bad_one_changes_nothing() {
    let maibo = Maibo::serving();
    for name in ["twin", "twin", "one"] {
        maibo.channel("email", name, &["to=ops@example.org"]);
    }
    let uuid = maibo.api_check(&json!({"name": "a", "channels": "one"}));
    let had = maibo.shown(&uuid)["channels"].clone();
    for (channels, words) in [
        ("nobody", "invalid channel identifier: nobody"),
        ("one, one", "invalid channel identifier:  one"),
        ("twin", "non-unique channel identifier: twin"),
        ("one,,one", "empty channel identifier"),
    ] {
        let body = json!({"name": "a", "desc": "changed", "channels": channels, "unique": ["name"]});
        assert_eq!(error(&maibo.api("POST", CHECKS, &body.to_string())), (400, words.to_owned()));
        let bad_field = json!({"channels": channels, "timeout": 1});
        let words = "json validation error: timeout is too small".to_owned();
        assert_eq!(error(&maibo.api("POST", CHECKS, &bad_field.to_string())), (400, words));
    }
    let check = maibo.shown(&uuid);
    assert_eq!((&check["desc"], &check["channels"]), (&json!(""), &had));
    assert_eq!(maibo.api("POST", CHECKS, r#"{"name": "a", "channels": "", "unique": ["name"]}"#).status, 200);
    assert_eq!(maibo.shown(&uuid)["channels"], "");
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 1);
}

#[rstest]
#[case::cron(json!({"schedule": "30 3 * * *", "tz": "Europe/Riga"}), "30 3 * * *", "Europe/Riga")]
#[case::on_calendar(json!({"schedule": "Mon..Fri *-*-* 16:05:00", "tz": "UTC"}), "Mon..Fri *-*-* 16:05:00", "UTC")]
#[case::word(json!({"schedule": "daily"}), "daily", "UTC")]
#[case::wins_over_timeout(json!({"schedule": "* * * * *", "timeout": 600}), "* * * * *", "UTC")]
#[case::legacy_zone(json!({"schedule": "* * * * *", "tz": "Europe/Kiev"}), "* * * * *", "Europe/Kyiv")]
fn five_fields_are_cron_and_all_else_is_on_calendar(
    #[case] body: Value,
    #[case] schedule: &str,
    #[case] tz: &str,
) {
    let maibo = Maibo::serving();
    let uuid = maibo.api_check(&body);
    let check = maibo.shown(&uuid);
    assert_eq!(
        (&check["schedule"], &check["tz"], check.get("timeout")),
        (&json!(schedule), &json!(tz), None)
    );
    maibo.ping_ok(&uuid);
    assert!(maibo.shown(&uuid)["next_ping"].is_string());
}

#[test]
fn old_names_of_keywords_give_way_to_the_new_ones() {
    let maibo = Maibo::serving();
    let check = |body: Value| maibo.shown(&maibo.api_check(&body));
    let old = check(json!({"subject": "OK", "subject_fail": "BAD"}));
    assert_eq!((&old["success_kw"], &old["failure_kw"]), (&json!("OK"), &json!("BAD")));
    assert_eq!((&old["filter_subject"], &old["subject"]), (&json!(true), &json!("OK")));
    let both = check(json!({"subject": "OLD", "success_kw": "NEW"}));
    assert_eq!(both["success_kw"], "NEW");
    let off = check(json!({"subject": "OK", "filter_subject": false}));
    assert_eq!((&off["subject"], &off["filter_subject"]), (&json!(""), &json!(false)));
}

#[test]
fn flips_are_newest_first_and_filters_narrow_them() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let base = format!("{CHECKS}{uuid}/flips/");
    let list = |query: &str| {
        maibo.api("GET", &format!("{base}{query}"), "").json()["flips"].as_array().unwrap().clone()
    };
    let at = |flip: &Value| flip["timestamp"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap().timestamp();
    maibo.ping_ok(&uuid);
    until("a second ends", || {
        let first = list("");
        crate::support::now().timestamp() > at(&first[0])
    });
    maibo.ping_ok(&format!("{uuid}/fail"));
    maibo.ping_ok(&uuid);
    let all = list("");
    let ups: Vec<_> = all.iter().map(|flip| flip["up"].clone()).collect();
    assert_eq!(ups, [1, 0, 1]);
    let stamp = all[0]["timestamp"].as_str().unwrap();
    assert!(stamp.ends_with("+00:00") && stamp.len() == 25, "{stamp}: whole seconds");
    let (first, second) = (at(&all[2]), at(&all[1]));
    assert!(first < second);
    for all_of_them in
        ["?seconds=0", "?seconds=", "?seconds=31536000", "?unknown=1", "?start=0&end=9999999999"]
    {
        assert_eq!(list(all_of_them), all, "{all_of_them}");
    }
    assert_eq!(list(&format!("?start={second}")), all[..2], "start is inclusive");
    assert_eq!(list(&format!("?end={second}")), all[2..], "end is exclusive");
    assert_eq!(list(&format!("?start={first}&end={second}")), all[2..]);
    assert_eq!(list(&format!("?seconds=1000&end={first}")), [] as [Value; 0], "all must fit");
    for bad in
        ["seconds=bad", "seconds=-1", "seconds=31536001", "start=", "end=", "start=1.5", "end=10000000001"]
    {
        let reply = maibo.api("GET", &format!("{base}?{bad}"), "");
        assert_eq!((reply.status, reply.text()), (400, String::new()), "{bad}");
    }
    // Both forms of the address, and the detour that old clients take.
    let short = base.trim_end_matches('/');
    assert_eq!(maibo.api("GET", short, "").json()["flips"], json!(all));
    assert_eq!(maibo.api("POST", short, "").json()["flips"], json!(all));
    assert_eq!(maibo.api("POST", "/api/v3/checks", "{}").status, 201);
}

#[test]
fn browsers_may_call_from_any_page() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let cors = |reply: &Reply, status: u16, what: &str| {
        assert_eq!(reply.status, status, "{what}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{what}");
        assert!(reply.header("access-control-allow-headers").unwrap().contains("X-Api-Key"), "{what}");
        let methods = reply.header("access-control-allow-methods").unwrap();
        assert!(["GET", "POST", "OPTIONS"].iter().all(|method| methods.contains(method)), "{what}");
        assert_eq!(reply.header("access-control-max-age"), Some("600"), "{what}");
    };
    for target in [CHECKS.to_owned(), format!("{CHECKS}{uuid}"), format!("{CHECKS}{NOBODY}/flips/")] {
        cors(&maibo.call("OPTIONS", &target), 204, &format!("OPTIONS {target}: without key or look-up"));
        cors(&maibo.api("PATCH", &target, ""), 405, &format!("PATCH {target}"));
    }
    cors(&maibo.api("GET", &format!("{CHECKS}{uuid}"), ""), 200, "GET");
    cors(&call(&maibo, "GET", &format!("{CHECKS}{uuid}"), "", ""), 401, "without a key");
    cors(&maibo.api("POST", CHECKS, "{"), 400, "bad JSON");
}

#[test]
fn head_is_a_wrong_method() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    assert_eq!(maibo.api("HEAD", &format!("{CHECKS}{uuid}"), "").status, 405);
}
