//! What a check is made of: fields, their limits and the words of refusal, `unique` and `channels`.
use rstest::rstest;
use serde_json::{Value, json};

use super::{CHECKS, NOBODY, call, error, read_only};
use crate::support::{Maibo, http};

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
fn of_many_who_ask_for_the_same_check_at_once_one_makes_it() {
    let maibo = Maibo::serving();
    let (addr, key) = (maibo.addr(), maibo.key());
    let ask = || {
        let body = br#"{"name": "a", "slug": "a", "unique": ["slug"]}"#;
        http::request(addr, "POST", CHECKS, &[("X-Api-Key", key)], body).status
    };
    let mut answers: Vec<u16> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    answers.sort_unstable();
    assert_eq!((answers[..15].to_vec(), answers[15]), (vec![200; 15], 201));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 1);
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
