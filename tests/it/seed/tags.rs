//! Tags and the numbers by which services are found.
use serde_json::{Value, json};

use super::{SERVICES, ok, refused, serving};

#[test]
fn tags_have_numbers_by_which_services_are_found() {
    let maibo = serving();
    let make = |name: &str, tags: &str| {
        ok(&maibo, "POST", SERVICES, &json!({"name": name, "tp": "every", "value": 5, "tags": tags}))
    };
    make("a", "sync,backup");
    make("b", "sync");
    make("c", "");
    let tags = ok(&maibo, "GET", "/api/tags/", &Value::Null);
    let id = |name: &str| {
        let found = tags.as_array().unwrap().iter().find(|tag| tag["name"] == name);
        found.unwrap_or_else(|| panic!("{name}: {tags}"))["id"].clone()
    };
    let (sync, backup) = (id("sync"), id("backup"));
    assert_eq!(tags.as_array().unwrap().len(), 2);
    let names = |query: &str| -> Vec<String> {
        let list = ok(&maibo, "GET", &format!("{SERVICES}?{query}"), &Value::Null);
        list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&format!("tags={sync}")), ["a", "b"]);
    assert_eq!(names(&format!("tags={sync},{backup}")), ["a"]);
    assert_eq!(names(&format!("tags={backup}%2C{sync},")), ["a"]);
    assert_eq!(names("tags="), ["a", "b", "c"]);
    assert_eq!(names("tags=7"), Vec::<String>::new());
    for bad in ["sync", "-1", "99999999999999999999", "%00"] {
        assert_eq!(refused(&maibo, "GET", &format!("{SERVICES}?tags={bad}"), "").0, 400, "{bad}");
    }

    // A tag has no row: its number is told before a check has it, and is the same then.
    let new = ok(&maibo, "POST", "/api/tags/", &json!({"name": "night"}));
    assert_eq!(refused(&maibo, "GET", &format!("/api/tags/{}/", new["id"]), "").0, 404);
    let night = make("d", "night");
    assert_eq!(night["tags"][0]["id"], new["id"]);
    assert_eq!(ok(&maibo, "GET", &format!("/api/tags/{}/", new["id"]), &Value::Null)["name"], "night");
    let taken = json!({"name": ["tag with this name already exists."]});
    assert_eq!(refused(&maibo, "POST", "/api/tags/", r#"{"name": "sync"}"#), (400, taken.clone()));
    for bad in [json!({}), json!({"name": ""}), json!({"name": "a,b"}), json!({"name": "x".repeat(201)})] {
        assert_eq!(refused(&maibo, "POST", "/api/tags/", &bad.to_string()).0, 400, "{bad}");
    }

    // Renamed and removed on all checks, and on no other project's.
    maibo.made(&["project", "create", "other"]);
    maibo.check("theirs", &["--project", "other", "--every", "1h", "--tag", "sync"]);
    maibo.check("longer", &["--every", "1h", "--tag", "sync2"]);
    let one = format!("/api/tags/{sync}/");
    assert_eq!(refused(&maibo, "PUT", &one, r#"{"name": "backup"}"#), (400, taken));
    let renamed = ok(&maibo, "PATCH", &one, &json!({"name": "同 步"}));
    assert_eq!(renamed["name"], "同_步");
    assert_eq!(refused(&maibo, "GET", &one, "").0, 404);
    let of = |name: &str| maibo.row::<(String,)>(&format!("SELECT tags FROM checks WHERE name = '{name}'")).0;
    assert_eq!(
        (of("a"), of("b"), of("longer"), of("theirs")),
        ("同_步 backup".into(), "同_步".into(), "sync2".into(), "sync".into())
    );
    ok(&maibo, "DELETE", &format!("/api/tags/{}/", renamed["id"]), &Value::Null);
    assert_eq!((of("a"), of("b"), of("c")), ("backup".into(), String::new(), String::new()));
}
