//! Channels: made, masked, changed without losing their secrets, tested, deleted.
use serde_json::{Value, json};

use super::{NOBODY, edit, fields, made, project, read};
use crate::support::Maibo;
use crate::support::http_sink::{Answer, HttpSink};

#[track_caller]
fn channel(maibo: &Maibo, wanted: &Value) -> (String, Value) {
    let (status, told) = edit(maibo, "POST", &format!("/projects/{}/channels", project(maibo)), wanted);
    assert_eq!(status, 201, "{told}");
    (format!("/channels/{}", told["uuid"].as_str().unwrap()), told)
}

#[test]
fn a_channel_shows_its_secrets_masked_and_keeps_them() {
    let maibo = Maibo::serving();
    let sink = HttpSink::start([], Answer::status(200));
    let url = sink.url("/hook-with-a-secret");
    let wanted = json!({"kind": "webhook", "name": "ops", "language": "zh-CN",
        "settings": {"url_down": url, "method_down": "POST", "headers_down": "X-Token: abcdefghijklmnop"}});
    let (path, made) = channel(&maibo, &wanted);
    assert_eq!(made["settings"]["method_down"], "POST");
    assert!(!made.to_string().contains("secret") && !made.to_string().contains("abcdefghijklmnop"), "{made}");
    assert_eq!(
        (&made["language"], &made["broken"], &made["checks"]),
        (&json!("zh-CN"), &Value::Null, &json!(0))
    );
    assert_eq!(read(&maibo, &path), made);
    let mut settings = made["settings"].clone();
    settings["body_down"] = json!("down: $NAME");
    settings["headers_down"] = Value::Null;
    let change = json!({"name": "night shift", "settings": settings});
    let (status, changed) = edit(&maibo, "PATCH", &path, &change);
    assert_eq!(status, 200, "{changed}");
    assert_eq!((&changed["name"], &changed["language"]), (&json!("night shift"), &json!("zh-CN")));
    assert_eq!(changed["settings"].get("headers_down"), None);
    let (status, tested) = edit(&maibo, "POST", &format!("{path}/test"), &Value::Null);
    assert_eq!((status, &tested["outcome"]), (200, &json!("sent")), "{tested}");
    let heard = sink.heard();
    assert_eq!((heard[0].target.as_str(), heard[0].header("x-token")), ("/hook-with-a-secret", None));
    assert!(heard[0].text().starts_with("down: "), "{}", heard[0].text());
}

#[test]
fn a_secret_does_not_follow_the_address_unseen() {
    let maibo = Maibo::serving();
    let (sink, other) = (HttpSink::start([], Answer::status(200)), HttpSink::start([], Answer::status(200)));
    let settings = json!({"url_down": sink.url("/"), "headers_down": "X-Token: abcdefghijklmnop"});
    let (path, made) = channel(&maibo, &json!({"kind": "webhook", "name": "ops", "settings": settings}));
    let to = |url: &str, headers: &Value| {
        let settings = match headers {
            Value::Null => json!({"url_down": url}),
            headers => json!({"url_down": url, "headers_down": headers}),
        };
        edit(&maibo, "PATCH", &path, &json!({"settings": settings}))
    };
    for headers in [&Value::Null, &made["settings"]["headers_down"]] {
        let (status, told) = to(&other.url("/"), headers);
        assert_eq!(status, 422, "{told}");
        assert_eq!(fields(&told), ["settings.headers_down"]);
    }
    assert_eq!(read(&maibo, &path), made);
    // Elsewhere on the same server, and with the secret in hand, it may.
    assert_eq!(to(&sink.url("/other"), &Value::Null).0, 200);
    let (status, told) = to(&other.url("/"), &json!("X-Token: abcdefghijklmnop"));
    assert_eq!(status, 200, "{told}");
}

#[test]
fn a_new_key_of_a_robot_replaces_the_old_address() {
    let maibo = Maibo::serving();
    let wanted =
        json!({"kind": "wecom", "name": "ops", "settings": {"key": "693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa"}});
    let (path, _) = channel(&maibo, &wanted);
    let (status, told) =
        edit(&maibo, "PATCH", &path, &json!({"settings": {"key": "00000000-7aoc-4bc4-97a0-0ec2sifa5zzz"}}));
    assert_eq!(status, 200, "{told}");
    let (stored,): (String,) = maibo.row("SELECT settings FROM channels");
    assert!(stored.contains("0ec2sifa5zzz") && !stored.contains("0ec2sifa5aaa"), "{stored}");
}

#[test]
fn a_test_says_what_the_other_side_said() {
    let maibo = Maibo::serving();
    let sink = HttpSink::start([Answer::status(500)], Answer::status(200));
    let (path, _) =
        channel(&maibo, &json!({"kind": "webhook", "name": "ops", "settings": {"url_down": sink.url("/")}}));
    let test = || edit(&maibo, "POST", &format!("{path}/test"), &Value::Null);
    let (status, told) = test();
    assert_eq!((status, &told["outcome"]), (200, &json!("failed")));
    assert!(told["detail"].as_str().unwrap().contains("500"), "{told}");
    let (last, told) = (0..50).map(|_| test()).find(|(status, _)| *status != 200).unwrap();
    assert_eq!((last, &told["type"]), (429, &json!("urn:maibo:too-many")));
}

#[test]
fn for_all_means_every_check_there_is() {
    let maibo = Maibo::serving();
    let check = made(&maibo, &json!({"name": "Job", "schedule": {"kind": "simple", "period": 60}}));
    let settings = json!({"url_down": "http://127.0.0.1:9/"});
    let (path, made) =
        channel(&maibo, &json!({"kind": "webhook", "name": "ops", "settings": settings, "for_all": true}));
    assert_eq!(made["checks"], 1);
    let check = format!("/checks/{}", check["uuid"].as_str().unwrap());
    assert_eq!(read(&maibo, &check)["channels"], json!([made["uuid"]]));
    assert_eq!(edit(&maibo, "DELETE", &path, &Value::Null), (204, Value::Null));
    assert_eq!(edit(&maibo, "DELETE", &path, &Value::Null).0, 404);
    assert_eq!(read(&maibo, &check)["channels"], json!([]));
    assert_eq!(read(&maibo, &format!("/projects/{}/channels", project(&maibo)))["channels"], json!([]));
}

#[test]
fn bad_settings_name_their_field_and_change_nothing() {
    let maibo = Maibo::serving();
    let channels = format!("/projects/{}/channels", project(&maibo));
    for (wanted, field) in [
        (json!({"kind": "pigeon", "name": "x", "settings": {}}), "kind"),
        (json!({"kind": "webhook", "name": "x", "settings": {}}), "settings.url_down"),
        (json!({"kind": "webhook", "name": "x", "settings": {"url_down": "ftp://x"}}), "settings.url_down"),
        (json!({"kind": "webhook", "name": "x", "settings": {"colour": "red"}}), "settings.colour"),
        (json!({"kind": "email", "name": "x", "settings": {"to": "nonsense"}}), "settings.to"),
        (json!({"kind": "email", "name": " ", "settings": {"to": "ops@example.org"}}), "name"),
        (json!({"kind": "email", "name": "x", "settings": {"to": 5}}), "settings.to"),
        (json!({"kind": "email", "name": "x"}), "settings"),
        (
            json!({"kind": "email", "name": "x", "settings": {"to": "ops@example.org"}, "language": "tlh"}),
            "language",
        ),
    ] {
        let (status, told) = edit(&maibo, "POST", &channels, &wanted);
        assert_eq!((status, fields(&told)), (422, vec![field]), "{wanted}: {told}");
    }
    let both = json!({"kind": "email", "name": "", "settings": {"to": "nonsense"}});
    assert_eq!(fields(&edit(&maibo, "POST", &channels, &both).1), ["name", "settings.to"]);
    let (path, made) =
        channel(&maibo, &json!({"kind": "email", "name": "ops", "settings": {"to": "ops@example.org"}}));
    let (status, told) = edit(&maibo, "PATCH", &path, &json!({"settings": {"to": null}}));
    assert_eq!((status, fields(&told)), (422, vec!["settings.to"]));
    assert_eq!(read(&maibo, &path), made);
    assert_eq!(edit(&maibo, "PATCH", &format!("/channels/{NOBODY}"), &json!({})).0, 404);
}

#[test]
fn a_channel_takes_a_fallback_and_a_canary() {
    let maibo = Maibo::serving();
    let channels = format!("/projects/{}/channels", project(&maibo));
    let mail = |name: &str| json!({"kind": "email", "name": name, "settings": {"to": "ops@example.org"}});
    let (spare, told) = channel(&maibo, &mail("spare"));
    assert_eq!((&told["fallback"], &told["canary"]), (&Value::Null, &json!("off")));
    let spare_id = told["uuid"].clone();
    let mut wanted = mail("ops");
    wanted["fallback"] = spare_id.clone();
    wanted["canary"] = json!("weekly");
    let (path, told) = channel(&maibo, &wanted);
    assert_eq!((&told["fallback"], &told["canary"]), (&spare_id, &json!("weekly")));
    assert_eq!(read(&maibo, &channels)["channels"][1], told);
    let id = told["uuid"].as_str().unwrap();
    // What a change does not name stays.
    let (_, renamed) = edit(&maibo, "PATCH", &path, &json!({"name": "night shift"}));
    assert_eq!((&renamed["fallback"], &renamed["canary"]), (&spare_id, &json!("weekly")));
    let listed = maibo.run(&["channel", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!((&listed[1]["fallback"], &listed[1]["canary"]), (&spare_id, &json!("weekly")));
    let listed = maibo.run(&["channel", "list"]).stdout;
    assert!(listed.contains("night shift  (fallback: spare)  (tried weekly)\n"), "{listed}");

    let other = maibo.made(&["project", "create", "other"]);
    let elsewhere = ["channel", "create", "--project", &other, "--kind", "email", "--name", "elsewhere"];
    let there = maibo.made(&[&elsewhere[..], &["--set", "to=ops@example.org"]].concat());
    let group = json!({"kind": "group", "name": "all", "settings": {"members": id}});
    let (group, told) = channel(&maibo, &group);
    for bad in [json!(id), told["uuid"].clone(), json!(there), json!(NOBODY)] {
        let (status, told) = edit(&maibo, "PATCH", &path, &json!({"fallback": bad, "name": ""}));
        assert_eq!((status, fields(&told)), (422, vec!["name", "fallback"]), "{bad}: {told}");
    }
    for bad in [json!("daily"), Value::Null] {
        assert_eq!(fields(&edit(&maibo, "PATCH", &path, &json!({"canary": bad})).1), ["canary"]);
    }
    let (status, told) = edit(&maibo, "PATCH", &group, &json!({"fallback": spare_id, "canary": "weekly"}));
    assert_eq!((status, fields(&told)), (422, vec!["fallback", "canary"]), "{told}");
    let nothing = json!({"fallback": null, "canary": "off"});
    assert_eq!(edit(&maibo, "PATCH", &group, &nothing).0, 200);

    let (_, told) = edit(&maibo, "PATCH", &path, &nothing);
    assert_eq!((&told["fallback"], &told["canary"]), (&Value::Null, &json!("off")));
    assert_eq!(edit(&maibo, "PATCH", &path, &json!({"fallback": spare_id})).1["fallback"], spare_id);
    assert_eq!(edit(&maibo, "DELETE", &spare, &Value::Null).0, 204);
    assert_eq!(read(&maibo, &path)["fallback"], Value::Null);
}

#[test]
fn a_shortened_address_is_not_saved_as_one() {
    let maibo = Maibo::serving();
    let url = "http://127.0.0.1:9/hook?token=0123456789";
    let (_, told) =
        channel(&maibo, &json!({"kind": "webhook", "name": "ops", "settings": {"url_down": url}}));
    assert_eq!(told["settings"]["url_down"], "http://127.0.0.1:9/…89");
    let copy = json!({"kind": "webhook", "name": "copy", "settings": told["settings"]});
    let (status, told) = edit(&maibo, "POST", &format!("/projects/{}/channels", project(&maibo)), &copy);
    assert_eq!((status, fields(&told)), (422, vec!["settings.url_down"]), "{told}");
}
