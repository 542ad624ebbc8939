//! Checks: made with all that can be said of one, changed in part, listed, paused, deleted.
use serde_json::{Value, json};

use super::{NOBODY, call, edit, fields, key, made, project, read};
use crate::support::{Maibo, until};

#[test]
fn a_check_takes_everything_that_can_be_said_of_one() {
    let maibo = Maibo::serving();
    let channel = maibo.channel("webhook", "ops", &["url_down=http://127.0.0.1:9/"]);
    let wanted = json!({
        "uuid": NOBODY, "name": "夜间备份", "slug": "dump", "tags": ["db", "夜"], "description": "line\nline",
        "schedule": {"kind": "daily", "at": ["18:00", "16:05"], "days": ["tue", "mon"], "tz": "Asia/Shanghai"},
        "grace": 300, "early": 120, "manual_resume": true, "post_only": true,
        "filters": {"body": true, "mail_subject": true, "mail_body": true, "start": ["BEGIN"],
            "success": ["done", "完成"], "failure": ["ERROR"], "default_fail": true},
        "channels": [channel], "short": "60y4E", "alias": "old/token.1",
    });
    let check = made(&maibo, &wanted);
    for (field, value) in wanted.as_object().unwrap() {
        match field.as_str() {
            "schedule" => assert_eq!(
                check["schedule"],
                json!({"kind": "daily", "at": ["16:05", "18:00"], "days": ["mon", "tue"], "tz": "Asia/Shanghai"})
            ),
            _ => assert_eq!(check[field], *value, "{field}"),
        }
    }
    assert_eq!(check["status"], "new");
    assert_eq!(check["ping_url"], format!("http://maibo.test/ping/{NOBODY}"));
    assert_eq!(read(&maibo, &format!("/checks/{NOBODY}")), check);
    let by_key = format!("/checks/{}", check["unique_key"].as_str().unwrap());
    assert_eq!(read(&maibo, &by_key)["uuid"], NOBODY);
}

#[test]
fn a_check_that_says_little_has_the_usual_rest() {
    let maibo = Maibo::serving();
    let channel = maibo.channel("webhook", "ops", &["url_down=http://127.0.0.1:9/"]);
    let check = made(&maibo, &json!({"name": "Nightly dump", "schedule": {"kind": "simple", "period": 2}}));
    for (field, value) in [
        ("slug", json!("nightly-dump")),
        ("grace", json!(1)),
        ("early", json!("auto")),
        ("tags", json!([])),
        ("channels", json!([channel])),
        ("schedule", json!({"kind": "simple", "period": 2})),
        ("manual_resume", json!(false)),
        ("alias", Value::Null),
        ("due_at", Value::Null),
    ] {
        assert_eq!(check[field], value, "{field}");
    }
    let none = made(
        &maibo,
        &json!({"name": "x", "slug": "", "channels": [], "early": 0,
        "schedule": {"kind": "cron", "expression": "0 3 * * *", "tz": "Asia/Saigon"}}),
    );
    assert_eq!((&none["slug"], &none["channels"], &none["early"]), (&json!(""), &json!([]), &json!(0)));
    assert_eq!((&none["grace"], &none["schedule"]["tz"]), (&json!(3600), &json!("Asia/Ho_Chi_Minh")));
}

#[test]
fn a_period_of_seconds_is_kept_to_the_second() {
    let maibo = Maibo::serving();
    let check =
        made(&maibo, &json!({"name": "Fast", "schedule": {"kind": "simple", "period": 2}, "grace": 1}));
    let uuid = check["uuid"].as_str().unwrap();
    let path = format!("/checks/{uuid}");
    maibo.ping_ok(uuid);
    let up = read(&maibo, &path);
    assert_eq!(up["n_pings"], 1);
    let instant = |field: &str| up[field].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!((instant("due_at") - instant("last_ping_at")).num_microseconds(), Some(2_000_000));
    assert_eq!((instant("deadline") - instant("due_at")).num_microseconds(), Some(1_000_000));
    until("it goes down", || read(&maibo, &path)["status"] == "down");
    let down = read(&maibo, &path);
    assert!(down["seconds_until_due"].as_i64().unwrap() < 0, "{down}");
}

#[test]
fn a_change_leaves_what_it_does_not_name() {
    let maibo = Maibo::serving();
    let wanted = json!({"name": "Job", "tags": ["a", "b"], "grace": 77, "early": 5, "description": "text",
        "schedule": {"kind": "cron", "expression": "0 3 * * *", "tz": "Asia/Shanghai"},
        "filters": {"body": true, "success": ["ok"]}, "alias": "token1"});
    let before = made(&maibo, &wanted);
    let path = format!("/checks/{}", before["uuid"].as_str().unwrap());
    let (status, after) =
        edit(&maibo, "PATCH", &path, &json!({"filters": {"failure": ["bad"]}, "name": "Task"}));
    assert_eq!(status, 200, "{after}");
    for field in ["slug", "tags", "grace", "early", "description", "schedule", "alias", "short", "channels"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after["name"], "Task");
    assert_eq!(after["filters"]["success"], json!(["ok"]));
    assert_eq!(after["filters"]["failure"], json!(["bad"]));
    let reset = json!({"slug": null, "tags": null, "grace": null, "early": null, "description": null,
        "filters": null, "alias": null});
    let (_, plain) = edit(&maibo, "PATCH", &path, &reset);
    for (field, value) in [
        ("slug", json!("task")),
        ("tags", json!([])),
        ("grace", json!(3600)),
        ("early", json!("auto")),
        ("description", json!("")),
        ("alias", Value::Null),
    ] {
        assert_eq!(plain[field], value, "{field}");
    }
    assert_eq!(plain["filters"]["body"], json!(false));
    assert_eq!(edit(&maibo, "PATCH", &path, &json!({})).1["name"], "Task");
}

#[test]
fn bad_fields_are_told_together_and_change_nothing() {
    let maibo = Maibo::serving();
    let check = made(&maibo, &json!({"name": "Job", "schedule": {"kind": "simple", "period": 60}}));
    let path = format!("/checks/{}", check["uuid"].as_str().unwrap());
    let many = json!({"name": " ", "slug": "Größe", "tags": ["two words"], "grace": 0, "early": -1,
        "description": "x".repeat(100_001), "schedule": {"kind": "cron", "expression": "never"},
        "filters": {"failure": ["a,b"]}});
    let (status, told) = edit(&maibo, "PATCH", &path, &many);
    assert_eq!(status, 422);
    let mut named = fields(&told);
    named.sort_unstable();
    let expected =
        ["description", "early", "filters.failure", "grace", "name", "schedule.expression", "slug", "tags"];
    assert_eq!(named, expected, "{told}");
    for (body, field) in [
        (json!({"grace": "60"}), "grace"),
        (json!({"grace": 60.5}), "grace"),
        (json!({"grace": i64::MAX}), "grace"),
        (json!({"early": "soon"}), "early"),
        (json!({"name": null}), "name"),
        (json!({"tags": "a b"}), "tags"),
        (json!({"tags": [""]}), "tags"),
        (json!({"schedule": {"kind": "simple"}}), "schedule.period"),
        (json!({"schedule": {"kind": "simple", "period": i64::MAX}}), "schedule.period"),
        (json!({"schedule": {"kind": "yearly"}}), "schedule.kind"),
        (json!({"schedule": {"kind": "simple", "period": 5, "tz": "UTC"}}), "schedule.tz"),
        (json!({"schedule": {"kind": "daily", "at": []}}), "schedule.at"),
        (json!({"schedule": {"kind": "daily", "at": ["16:05"], "days": ["someday"]}}), "schedule"),
        (json!({"schedule": {"kind": "daily", "at": ["16:05 mon"]}}), "schedule.at"),
        (json!({"channels": [NOBODY]}), "channels"),
        (json!({"filters": {"colour": true}}), "filters.colour"),
        (json!({"filters": [true]}), "filters"),
        (json!({"schedule": ["simple", 60]}), "schedule"),
        (json!({"alias": "sp ace"}), "alias"),
        (json!({"short": "a/b"}), "short"),
        (json!({"uuid": NOBODY}), "uuid"),
        (json!({"status": "up"}), "status"),
    ] {
        let (status, told) = edit(&maibo, "PATCH", &path, &body);
        assert_eq!((status, fields(&told)), (422, vec![field]), "{body}: {told}");
    }
    assert_eq!(read(&maibo, &path), check);
    let checks = format!("/projects/{}/checks", project(&maibo));
    for (body, field) in [
        (json!({"name": "x"}), "schedule"),
        (json!({"schedule": {"kind": "simple", "period": 60}}), "name"),
        (
            json!({"uuid": "6f1c9a52-7c1e-1d0b-9a53-0f6d1c2b88e2", "name": "x", "schedule": {"kind": "simple", "period": 60}}),
            "uuid",
        ),
    ] {
        let (status, told) = edit(&maibo, "POST", &checks, &body);
        assert_eq!((status, fields(&told)), (422, vec![field]), "{body}: {told}");
    }
}

#[test]
fn an_address_belongs_to_one_check() {
    let maibo = Maibo::serving();
    let schedule = json!({"kind": "simple", "period": 60});
    let first = made(&maibo, &json!({"name": "a", "schedule": schedule, "alias": "token1", "short": "one"}));
    let second = made(&maibo, &json!({"name": "b", "schedule": schedule}));
    let path = format!("/checks/{}", second["uuid"].as_str().unwrap());
    for body in [json!({"alias": "token1", "name": "c"}), json!({"short": "one", "name": "c"})] {
        let (status, told) = edit(&maibo, "PATCH", &path, &body);
        assert_eq!((status, &told["type"]), (409, &json!("urn:maibo:conflict")), "{body}");
    }
    assert_eq!(read(&maibo, &path), second, "nothing of a refused change is there");
    let checks = format!("/projects/{}/checks", project(&maibo));
    for also in [json!({"uuid": first["uuid"]}), json!({"alias": "token1"}), json!({"short": "one"})] {
        let mut body = json!({"name": "c", "schedule": schedule});
        body.as_object_mut().unwrap().extend(also.as_object().unwrap().clone());
        assert_eq!(edit(&maibo, "POST", &checks, &body).0, 409, "{body}");
    }
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 2);
}

#[test]
fn a_list_is_narrowed_and_comes_in_pages() {
    let maibo = Maibo::serving();
    let channel = maibo.channel("webhook", "ops", &["url_down=http://127.0.0.1:9/"]);
    for n in 0..5 {
        let tags = if n % 2 == 0 { json!(["even"]) } else { json!(["odd"]) };
        made(
            &maibo,
            &json!({"name": format!("Job {n}"), "tags": tags, "short": format!("s{n}"),
            "schedule": {"kind": "simple", "period": 3600}}),
        );
    }
    let checks = format!("/projects/{}/checks", project(&maibo));
    let names = |query: &str| -> (Vec<String>, i64) {
        let told = read(&maibo, &format!("{checks}?{query}"));
        let names = told["checks"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned());
        (names.collect(), told["total"].as_i64().unwrap())
    };
    assert_eq!(names("limit=2&offset=2"), (vec!["Job 2".to_owned(), "Job 3".to_owned()], 5));
    assert_eq!(names("limit=2&offset=40"), (vec![], 5));
    assert_eq!(names("tag=odd"), (vec!["Job 1".to_owned(), "Job 3".to_owned()], 2));
    assert_eq!(names("slug=job-4"), (vec!["Job 4".to_owned()], 1));
    assert_eq!(names("search=job+3"), (vec!["Job 3".to_owned()], 1));
    assert_eq!(names("status=new&limit=1").1, 5);
    assert_eq!(names("status=down"), (vec![], 0));
    assert_eq!(names("slug=%00").1, 5, "what cannot be stored is as if it were not there");
    let first = &read(&maibo, &checks)["checks"][0];
    assert_eq!((&first["short"], &first["channels"]), (&json!("s0"), &json!([channel])));
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("offset=-1", "offset"),
        ("limit=many", "limit"),
        ("status=grace", "status"),
        ("page=2", "page"),
    ] {
        let (status, told) = edit(&maibo, "GET", &format!("{checks}?{query}"), &Value::Null);
        assert_eq!((status, fields(&told)), (422, vec![field]), "{query}: {told}");
    }
}

#[test]
fn a_check_is_paused_resumed_and_deleted() {
    let maibo = Maibo::serving();
    let check = made(&maibo, &json!({"name": "Job", "schedule": {"kind": "simple", "period": 60}}));
    let uuid = check["uuid"].as_str().unwrap();
    maibo.ping_ok(uuid);
    let path = format!("/checks/{uuid}");
    let post = |tail: &str| edit(&maibo, "POST", &format!("{path}{tail}"), &Value::Null);
    assert_eq!(post("/resume").0, 409);
    for _ in 0..2 {
        let (status, paused) = post("/pause");
        assert_eq!((status, &paused["status"], &paused["due_at"]), (200, &json!("paused"), &Value::Null));
    }
    let (status, resumed) = post("/resume");
    assert_eq!((status, &resumed["status"], &resumed["n_pings"]), (200, &json!("new"), &json!(1)));
    assert_eq!(edit(&maibo, "DELETE", &path, &Value::Null), (204, Value::Null));
    for method in ["GET", "DELETE", "PATCH"] {
        assert_eq!(call(&maibo, maibo.key(), method, &path, "{}").status, 404, "{method}");
    }
    let other = key(&maibo, "read-only", "default");
    assert_eq!(call(&maibo, &other, "POST", &format!("{path}/pause"), "").status, 404);
}

#[test]
fn one_token_leads_to_one_check() {
    let maibo = Maibo::serving();
    let schedule = json!({"kind": "simple", "period": 60});
    let token = "0f1c2d3e-4b5a-4c6d-8e7f-a0b1c2d3e4f5";
    let first = made(&maibo, &json!({"name": "first", "schedule": schedule, "alias": token}));
    let path = format!("/projects/{}/checks/", project(&maibo));
    let post = |wanted: &Value| edit(&maibo, "POST", &path, wanted).0;
    assert_eq!(post(&json!({"name": "second", "schedule": schedule, "uuid": token})), 409);
    assert_eq!(post(&json!({"name": "second", "schedule": schedule, "alias": first["uuid"]})), 409);
    assert_eq!(post(&json!({"name": "second", "schedule": schedule, "tags": ["a", "b", "a"]})), 201);
    assert_eq!(read(&maibo, &format!("{path}?search=second"))["checks"][0]["tags"], json!(["a", "b"]));
    let (status, told) = edit(&maibo, "GET", &format!("{path}?search=one+two+three"), &Value::Null);
    assert_eq!((status, fields(&told)), (422, vec!["search"]));
}
