//! Services, which are checks: made, shown, changed, and refused.
use rstest::rstest;
use serde_json::{Value, json};

use super::{PASSWORD, SERVICES, USER, basic, call, ok, post, refused, service, serving, together, uuid_of};
use crate::support::http;
use crate::support::http_sink::HttpSink;

#[test]
fn a_service_is_made_shown_changed_and_deleted() {
    let maibo = serving();
    let made = ok(
        &maibo,
        "POST",
        SERVICES,
        &json!({"name": "cert-sync", "tp": "every", "value": "120", "grace": "5", "status": "running",
            "notify_to": "a@example.org;B@example.org", "tags": "sync,cert"}),
    );
    let one = format!("{SERVICES}{}/", made["id"]);
    let (created, short) = (&made["created"], made["short_url"].as_str().unwrap());
    let tag = |name: &str| {
        let id =
            made["tags"].as_array().unwrap().iter().find(|tag| tag["name"] == name).unwrap()["id"].clone();
        json!({"id": id, "name": name, "created": created, "updated": created})
    };
    let mut expected = json!({"id": made["id"], "name": "cert-sync", "status": "running", "tp": "every",
        "value": "120", "grace": 5, "short_url": short, "tags": [tag("sync"), tag("cert")], "last_ping": {},
        "notify_to": "a@example.org;b@example.org", "created": created, "updated": created, "tz": "Asia/Shanghai"});
    assert_eq!(made, expected);
    assert_eq!(created.as_str().unwrap().len(), "2018-03-28 06:43:44".len());
    assert_eq!(ok(&maibo, "GET", &one, &Value::Null), expected);
    assert_eq!(ok(&maibo, "GET", one.trim_end_matches('/'), &Value::Null), expected);
    assert_eq!(ok(&maibo, "GET", SERVICES, &Value::Null), json!([expected]));
    let uuid = uuid_of(&maibo, "cert-sync");
    let shown = maibo.shown(&uuid);
    assert_eq!(
        (&shown["timeout"], &shown["grace"], &shown["slug"]),
        (&json!(7200), &json!(300), &json!("cert-sync"))
    );

    // What its own front end sends back: everything that it was shown, tags as text.
    let mut all = expected.clone();
    all["tags"] = json!("sync,cert");
    all.as_object_mut().unwrap().remove("last_ping");
    assert_eq!(ok(&maibo, "PUT", &one, &all), expected);
    let ping = post(&maibo, &basic(USER, PASSWORD), short, "&data=oops").json();
    expected["last_ping"] = ping;
    for (body, field, value) in [
        (json!({"name": "cert"}), "name", json!("cert")),
        (json!({"tp": "at", "value": "16:05"}), "tp", json!("at")),
        (json!({"value": "9:30"}), "value", json!("09:30")),
        (json!({"tz": "Europe/Riga"}), "tz", json!("Europe/Riga")),
        (json!({"grace": 0}), "grace", json!(0)),
        (json!({"notify_to": "b@example.org"}), "notify_to", json!("b@example.org")),
        (json!({"notify_to": ""}), "notify_to", json!("")),
        (json!({"tags": [{"name": "cert"}]}), "tags", json!([tag("cert")])),
        (json!({"tags": ""}), "tags", json!([])),
        (json!({"status": "stoped"}), "status", json!("stoped")),
        (json!({"status": "running"}), "status", json!("running")),
        (json!({"short_url": "60y4E"}), "short_url", json!("60y4E")),
        (json!({}), "name", json!("cert")),
    ] {
        expected[field] = value;
        expected["last_ping"]["service"] = expected["name"].clone();
        if field == "tp" {
            expected["value"] = json!("16:05");
        }
        let method = if field == "name" { "PATCH" } else { "PUT" };
        assert_eq!(ok(&maibo, method, &one, &body), expected, "{body}");
        assert_eq!(ok(&maibo, "GET", SERVICES, &Value::Null), json!([expected]), "{body}");
    }
    let reply = call(&maibo, &basic(USER, PASSWORD), "DELETE", &one, "");
    assert_eq!((reply.status, reply.text().len()), (204, 0));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 0);
    assert_eq!(refused(&maibo, "GET", &one, ""), (404, json!({"detail": "Not found."})));
    // Channels are the project's and stay.
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channels"), 2);
}

#[test]
fn a_stopped_service_stays_stopped_until_it_is_started() {
    let maibo = serving();
    let body = json!({"name": "job", "tp": "every", "value": 5, "status": "stoped"});
    let made = ok(&maibo, "POST", SERVICES, &body);
    assert_eq!(made["status"], "stoped");
    let short = made["short_url"].as_str().unwrap();
    for data in ["", "oops"] {
        assert_eq!(post(&maibo, &basic(USER, PASSWORD), short, &format!("&data={data}")).status, 200);
    }
    let one = format!("{SERVICES}{}/", made["id"]);
    assert_eq!(ok(&maibo, "GET", &one, &Value::Null)["status"], "stoped");
    ok(&maibo, "PUT", &one, &json!({"status": "running"}));
    assert_eq!(post(&maibo, &basic(USER, PASSWORD), short, "").status, 200);
    assert_eq!(maibo.shown(&uuid_of(&maibo, "job"))["status"], "up");
}

#[test]
fn addresses_are_mail_channels_and_other_channels_stay() {
    let sink = HttpSink::ok();
    let maibo = serving();
    let url = format!("url_down={}", sink.url("/"));
    let hook = maibo.channel("webhook", "hook", &[&url]);
    let mail = maibo.channel("email", "Ops", &["to=Ops@Example.org"]);
    let make = |name: &str, more: Value| {
        let mut body = json!({"name": name, "tp": "every", "value": 5});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ok(&maibo, "POST", SERVICES, &body)
    };
    let channels = |name: &str| -> Vec<String> {
        let shown = maibo.shown(&uuid_of(&maibo, name));
        shown["channels"].as_str().unwrap().split(',').map(str::to_owned).collect()
    };
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    // Nothing said: everybody is told, as on the dashboard.
    assert_eq!(make("a", json!({}))["notify_to"], "ops@example.org");
    assert_eq!(channels("a"), sorted(vec![hook.clone(), mail.clone()]));
    // No address: no mails, but what else the project has.
    let none = make("b", json!({"notify_to": ""}));
    assert_eq!((&none["notify_to"], channels("b")), (&json!(""), vec![hook.clone()]));
    // An address that has a channel keeps it; a new one gets one.
    let two = make("c", json!({"notify_to": "ops@example.org; new@example.org"}));
    assert_eq!(two["notify_to"], "ops@example.org;new@example.org");
    let (fresh, language): (String, String) =
        maibo.row("SELECT uuid, language FROM channels WHERE name = 'new@example.org'");
    assert_eq!(language, "en");
    assert_eq!(channels("c"), sorted(vec![hook.clone(), mail.clone(), fresh.clone()]));
    // Once the hook is off by hand, addresses do not bring it back.
    let off = json!({"channels": mail}).to_string();
    assert_eq!(maibo.api("POST", &format!("/api/v3/checks/{}", uuid_of(&maibo, "c")), &off).status, 200);
    ok(&maibo, "PUT", &format!("{SERVICES}{}/", two["id"]), &json!({"notify_to": "new@example.org"}));
    assert_eq!(channels("c"), [fresh]);
    for bad in ["nonsense", "a@b.org, c@d.org", "new@example.net;nonsense"] {
        let body = json!({"name": "d", "tp": "every", "value": 5, "notify_to": bad}).to_string();
        assert_eq!(refused(&maibo, "POST", SERVICES, &body).0, 400, "{bad}");
    }
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channels"), 3, "who is refused makes nothing");
}

#[rstest]
#[case(json!({}), json!({"name": ["This field is required."], "value": ["This field is required."]}))]
#[case(json!({"name": " ", "value": "16:05"}), json!({"name": ["This field may not be blank."]}))]
#[case(json!({"name": "库".repeat(101), "value": "16:05"}), json!({"name": ["Ensure this field has no more than 100 characters."]}))]
#[case(json!({"name": null, "value": "16:05"}), json!({"name": ["This field may not be null."]}))]
#[case(json!({"name": [1], "value": "16:05"}), json!({"name": ["Not a valid string."]}))]
#[case(json!({"name": "taken", "value": "16:05"}), json!({"name": ["service with this name already exists."]}))]
#[case(json!({"name": "n", "tp": "weekly", "value": "1"}), json!({"tp": ["\"weekly\" is not a valid choice."]}))]
#[case(json!({"name": "n", "value": "16:05", "status": "stopped"}), json!({"status": ["\"stopped\" is not a valid choice."]}))]
#[case(json!({"name": "n", "value": "16:05", "grace": "x"}), json!({"grace": ["A valid integer is required."]}))]
#[case(json!({"name": "n", "value": "16:05", "grace": 1.5}), json!({"grace": ["A valid integer is required."]}))]
#[case(json!({"name": "n", "value": "16:05", "grace": -1}), json!({"grace": ["Ensure this value is greater than or equal to 0."]}))]
#[case(json!({"name": "n", "value": "16:05", "grace": 525_601}), json!({"grace": ["Ensure this value is less than or equal to 525600."]}))]
#[case(json!({"name": "n", "value": "16:05", "grace": "9".repeat(400)}), json!({"grace": ["A valid integer is required."]}))]
#[case(json!({"name": "n", "tp": "every", "value": "16:05"}), json!({"value": ["Enter a whole number of minutes from 1 to 525600."]}))]
#[case(json!({"name": "n", "tp": "every", "value": 0}), json!({"value": ["Enter a whole number of minutes from 1 to 525600."]}))]
#[case(json!({"name": "n", "value": "16:05", "tags": 5}), json!({"tags": ["Expected tags with commas between them."]}))]
#[case(json!({"name": "n", "value": "16:05", "tags": "t".repeat(501)}), json!({"tags": ["Ensure the tags have no more than 500 characters together."]}))]
#[case(json!({"name": "n", "value": "16:05", "short_url": "a/b"}), json!({"short_url": ["Enter up to 200 letters and digits."]}))]
#[case(json!({"name": "n", "value": "16:05", "short_url": "60y4E"}), json!({"short_url": ["service with this short_url already exists."]}))]
fn a_bad_service_is_refused_field_by_field(#[case] body: Value, #[case] expected: Value) {
    let maibo = serving();
    maibo.check("taken", &["--every", "1h"]);
    maibo.execute("UPDATE check_addresses SET short = '60y4E'");
    assert_eq!(refused(&maibo, "POST", SERVICES, &body.to_string()), (400, expected));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 1);
}

#[test]
fn a_bad_value_names_what_is_wrong_with_it() {
    let maibo = serving();
    let refusal = |body: Value| refused(&maibo, "POST", SERVICES, &body.to_string()).1;
    let words = refusal(json!({"name": "n", "value": "25:00"}));
    assert!(words["value"][0].as_str().unwrap().contains("25:00"), "{words}");
    let words = refusal(json!({"name": "n", "value": "16:05", "tz": "Mars/Olympus"}));
    assert!(words["tz"][0].as_str().unwrap().contains("Mars/Olympus"), "{words}");
    // On a service that is there, a bad field leaves everything as it was.
    service(&maibo, "job");
    let one = format!("{SERVICES}{}/", ok(&maibo, "GET", SERVICES, &Value::Null)[0]["id"]);
    let bad = json!({"name": "other", "grace": "x"}).to_string();
    assert_eq!(refused(&maibo, "PUT", &one, &bad).0, 400);
    maibo.check("taken", &["--every", "1h"]);
    assert_eq!(refused(&maibo, "PUT", &one, r#"{"name": "taken"}"#).0, 400);
    assert_eq!(ok(&maibo, "GET", &one, &Value::Null)["name"], "job");
}

#[test]
fn what_is_no_body_is_refused() {
    let maibo = serving();
    for body in ["{", "[]", "[1]", "{\"name\": \"\\ud800\"}", &"[".repeat(100_000)] {
        let (status, words) = refused(&maibo, "POST", SERVICES, body);
        assert_eq!(status, 400, "{body:.20}");
        assert!(words.get("detail").or(words.get("non_field_errors")).is_some(), "{words}");
    }
    let huge = json!({"name": "x".repeat(3_000_000)}).to_string();
    let (status, words) = refused(&maibo, "POST", SERVICES, &huge);
    assert_eq!((status, words), (413, json!({"detail": "The request body is too large."})));
    let headers = [("Authorization", &*basic(USER, PASSWORD))];
    let not_text = http::request(maibo.addr(), "POST", SERVICES, &headers, b"{\"name\": \"\xff\"}");
    assert_eq!(not_text.status, 400);
    let with_nul = ok(&maibo, "POST", SERVICES, &json!({"name": "a\0b", "value": "16:05", "tags": "x\0y"}));
    assert_eq!((&with_nul["name"], &with_nul["tags"][0]["name"]), (&json!("ab"), &json!("xy")));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 1);
}

#[test]
fn of_two_that_make_a_service_at_once_one_does() {
    let maibo = serving();
    let auth = basic(USER, PASSWORD);
    ok(&maibo, "GET", SERVICES, &Value::Null);
    let body = json!({"name": "job", "tp": "every", "value": 5}).to_string();
    let mut statuses = together(&maibo, 8, &auth, SERVICES, &body);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 1);
}

#[test]
fn schedules_that_it_does_not_know_are_shown_and_outlive_an_edit() {
    let maibo = serving();
    for (name, args, tp, value, grace) in [
        ("a", ["--cron", "0 3 * * 1-5", "--tz", "Europe/Riga"], "cron", "0 3 * * 1-5", 60),
        ("b", ["--on-calendar", "Mon..Fri 03:00", "--grace", "90s"], "oncalendar", "Mon..Fri 03:00", 1),
        ("c", ["--at", "16:05,18:00", "--days", "mon-fri"], "at", "16:05,18:00 mon-fri", 60),
        ("d", ["--every", "90s", "--grace", "30s"], "every", "1.5", 0),
    ] {
        let uuid = maibo.check(name, &args);
        let list = ok(&maibo, "GET", SERVICES, &Value::Null);
        let shown = list.as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (&shown["tp"], &shown["value"], &shown["grace"]),
            (&json!(tp), &json!(value), &json!(grace))
        );
        let before = maibo.shown(&uuid);
        let one = format!("{SERVICES}{}/", shown["id"]);
        let mut back = shown.clone();
        back["tags"] = json!("x");
        ok(&maibo, "PUT", &one, &back);
        let mut expected = before;
        expected["tags"] = json!("x");
        assert_eq!(maibo.shown(&uuid), expected, "{name}");
    }
}

#[test]
fn the_command_line_tells_the_short_address() {
    let maibo = serving();
    let short = service(&maibo, "job");
    let ran = maibo.run(&["check", "list", "--json"]);
    let list: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&list[0]["name"], &list[0]["short"]), (&json!("job"), &json!(short)));
}
