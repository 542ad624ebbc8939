//! Badges of checks, tags and projects, and the list of their addresses: COMPATIBILITY 4.0 and 4.2, "Badges".
use serde_json::{Value, json};

use crate::support::Maibo;
use crate::support::http::{self, Reply};

fn get(maibo: &Maibo, address: &str) -> Reply {
    maibo.call("GET", address.strip_prefix("http://maibo.test").unwrap_or(address))
}

/// The addresses of all badges of the project `default`, as this version of the API tells them.
fn addresses(maibo: &Maibo, version: u8) -> Value {
    let reply = maibo.api("GET", &format!("/api/v{version}/badges/"), "");
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["badges"].clone()
}

fn badge_key(maibo: &Maibo, uuid: &str) -> String {
    maibo.row::<(String,)>(&format!("SELECT badge_key FROM checks WHERE uuid = '{uuid}'")).0
}

/// Makes a check late: it was due long ago and has long to go.
fn make_late(maibo: &Maibo, uuid: &str) {
    maibo.ping_ok(uuid);
    maibo.execute(&format!("UPDATE checks SET due_at = 1 WHERE uuid = '{uuid}'"));
}

#[test]
fn a_check_is_up_late_or_down() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("夜间 <备份> & \"more\"", &["--every", "1h"]);
    let key = badge_key(&maibo, &uuid);
    assert_eq!(maibo.shown(&uuid)["badge_url"], format!("http://maibo.test/b/2/{key}.svg"));
    let told = |states: &str| get(&maibo, &format!("/b/{states}/{key}.json")).json();
    let shields = |states: &str| get(&maibo, &format!("/b/{states}/{key}.shields")).json();
    let all = |status: &str, grace: u8, down: u8| json!({"status": status, "total": 1, "grace": grace, "down": down});

    assert_eq!(told("3"), all("up", 0, 0), "new counts as up");
    make_late(&maibo, &uuid);
    assert_eq!(told("3"), all("late", 1, 0));
    assert_eq!(told("2"), all("up", 1, 0), "late counts as up, and is counted");
    assert_eq!(told("17"), told("2"), "only 3 has three states");
    assert_eq!(shields("3")["message"], "late");
    assert_eq!(shields("3")["color"], "important");
    maibo.ping_ok(&format!("{uuid}/fail"));
    assert_eq!(told("2"), all("down", 0, 1));
    assert_eq!(
        shields("2"),
        json!({"schemaVersion": 1, "label": "夜间 <备份> & \"more\"", "message": "down", "color": "critical"})
    );
    let svg = get(&maibo, &format!("/b/2/{key}.svg"));
    assert_eq!(svg.header("content-type"), Some("image/svg+xml"));
    assert_eq!(svg.header("cache-control"), Some("max-age=0, no-cache, no-store, must-revalidate, private"));
    assert_eq!(svg.header("access-control-allow-origin"), Some("*"));
    let svg = svg.text();
    assert!(svg.contains("<title>夜间 &lt;备份&gt; &amp; &quot;more&quot;: down</title>"), "{svg}");
    assert!(svg.contains(r#"role="img""#) && svg.contains("#e05d44"), "{svg}");
}

#[test]
fn a_deadline_that_has_passed_is_seen_before_it_is_recorded() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("job", &["--every", "1h"]);
    maibo.ping_ok(&uuid);
    maibo.execute(&format!("UPDATE checks SET deadline = 1, wake_at = NULL WHERE uuid = '{uuid}'"));
    let told = get(&maibo, &format!("/b/2/{}.json", badge_key(&maibo, &uuid))).json();
    assert_eq!(told["status"], "down");
}

#[test]
fn a_badge_without_a_name_does_not_tell_the_ping_address() {
    let maibo = Maibo::serving();
    let uuid = maibo.api_check(&json!({}));
    let key = badge_key(&maibo, &uuid);
    let told = get(&maibo, &format!("/b/2/{key}.shields"));
    assert_eq!(told.json()["label"], "check");
    for format in ["svg", "json", "shields"] {
        let told = get(&maibo, &format!("/b/3/{key}.{format}")).text();
        assert!(!told.contains(&uuid), "{told}");
    }
}

#[test]
fn the_list_names_badges_that_work_for_every_tag() {
    let maibo = Maibo::serving();
    let one = maibo.api_check(&json!({"name": "one", "tags": "prod 数据库 a/b 100% x.svg"}));
    let two = maibo.api_check(&json!({"name": "two", "tags": "prod  prod2"}));
    maibo.api_check(&json!({"name": "three", "tags": "prod2"}));
    maibo.ping_ok(&format!("{two}/fail"));
    make_late(&maibo, &one);

    let badges = addresses(&maibo, 3);
    let tags: Vec<&String> = badges.as_object().unwrap().keys().collect();
    assert_eq!(tags, ["*", "100%", "a/b", "prod", "prod2", "x.svg", "数据库"]);
    assert_eq!((addresses(&maibo, 1), addresses(&maibo, 2)), (badges.clone(), badges.clone()));
    let encoded = badges["数据库"]["svg"].as_str().unwrap();
    assert!(encoded.ends_with("-2/%25E6%2595%25B0%25E6%258D%25AE%25E5%25BA%2593.svg"), "{encoded}");

    let told = |tag: &str, format: &str| get(&maibo, badges[tag][format].as_str().unwrap()).json();
    for (tag, total, grace, down, two_states, three_states) in [
        ("*", 3, 1, 1, "down", "down"),
        ("prod", 2, 1, 1, "down", "down"),
        ("prod2", 2, 0, 1, "down", "down"),
        ("数据库", 1, 1, 0, "up", "late"),
        ("a/b", 1, 1, 0, "up", "late"),
        ("100%", 1, 1, 0, "up", "late"),
        ("x.svg", 1, 1, 0, "up", "late"),
    ] {
        let expected = |status: &str| json!({"status": status, "total": total, "grace": grace, "down": down});
        assert_eq!(told(tag, "json"), expected(two_states), "{tag}");
        assert_eq!(told(tag, "json3"), expected(three_states), "{tag}");
        let label = if tag == "*" { "checks" } else { tag };
        assert_eq!(told(tag, "shields")["label"], label);
        assert_eq!(told(tag, "shields3")["message"], three_states, "{tag}");
        for svg in ["svg", "svg3"] {
            let drawn = get(&maibo, badges[tag][svg].as_str().unwrap());
            assert!(drawn.text().contains(&format!(r#"role="img" aria-label="{label}: "#)), "{tag}");
        }
    }
    // Encoded once only, as somebody would write it by hand.
    let by_hand = encoded.replace("%25", "%");
    assert_eq!(get(&maibo, &by_hand).status, 200);

    maibo.execute(&format!("UPDATE checks SET tags = '' WHERE uuid = '{one}'"));
    assert_eq!(told("数据库", "json3"), json!({"status": "up", "total": 0, "grace": 0, "down": 0}));
}

#[test]
fn an_address_that_nobody_was_given_shows_nothing() {
    let maibo = Maibo::serving();
    let uuid = maibo.api_check(&json!({"name": "one", "tags": "prod"}));
    let badges = addresses(&maibo, 3);
    let right = badges["prod"]["svg"].as_str().unwrap().strip_prefix("http://maibo.test").unwrap();
    assert_eq!(get(&maibo, right).status, 200);
    let parts: Vec<&str> = right.split('/').collect();
    let (project, signature) = (parts[2], &parts[3][..8]);
    let check = badge_key(&maibo, &uuid);
    let other = "3c9a52d1-7c1e-4d0b-9a53-0f6d1c2b88e2";
    for wrong in [
        format!("/badge/{project}/{signature}/prod2.svg"),
        format!("/badge/{project}/{signature}.svg"),
        format!("/badge/{project}/{}/prod.svg", &signature[..7]),
        format!("/badge/{project}/AAAAAAAA/prod.svg"),
        format!("/badge/{project}/{signature}/prod.png"),
        format!("/badge/{project}/{signature}/prod"),
        format!("/badge/{project}/{signature}/%25ff.svg"),
        format!("/badge/{other}/{signature}/prod.svg"),
        format!("/badge/%00/{signature}/prod.svg"),
        format!("/b/2/{other}.svg"),
        format!("/b/2/{uuid}.svg"),
        "/b/2/%00.svg".to_owned(),
        format!("/b/2/{check}.gif"),
        format!("/b/2/{check}"),
        format!("/b/x/{check}.svg"),
    ] {
        let reply = get(&maibo, &wrong);
        assert_eq!(reply.status, 404, "{wrong}");
        assert!(reply.header("cache-control").unwrap().contains("no-store"), "{wrong}");
    }
    // Only the first eight characters are signed, and the two states are asked for in exactly one way.
    maibo.ping_ok(&uuid);
    make_late(&maibo, &uuid);
    for (tail, status) in [("", "late"), ("-2", "up"), ("-3", "late"), ("-22", "late")] {
        let told = get(&maibo, &format!("/badge/{project}/{signature}{tail}/prod.json"));
        assert_eq!(told.json()["status"], status, "{tail}");
    }
}

#[test]
fn badges_are_got_and_nothing_else() {
    let maibo = Maibo::serving();
    let uuid = maibo.api_check(&json!({"name": "one"}));
    let all = addresses(&maibo, 3)["*"]["svg"].as_str().unwrap().replace("http://maibo.test", "");
    for target in [format!("/b/2/{}.svg", badge_key(&maibo, &uuid)), all, "/api/v2/badges/".to_owned()] {
        assert_eq!(maibo.call("HEAD", &target).status, 405, "{target}");
        for method in ["POST", "PUT", "DELETE"] {
            assert_eq!(maibo.call(method, &target).status, 405, "{method} {target}");
        }
        let preflight = maibo.call("OPTIONS", &target);
        assert_eq!((preflight.status, preflight.text()), (204, String::new()), "{target}");
        assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
    }
}

#[test]
fn the_list_wants_a_key_of_a_project() {
    let maibo = Maibo::serving();
    let read_only = maibo.made(&["key", "create", "--scope", "read-only"]);
    let metrics = maibo.made(&["key", "create", "--scope", "metrics"]);
    let call = |key: &str| {
        let reply = http::request(maibo.addr(), "GET", "/api/v3/badges", &[("X-Api-Key", key)], b"");
        (reply.status, reply.json()["error"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(call(&read_only), (200, String::new()), "also without the slash");
    assert_eq!(call(""), (401, "missing api key".to_owned()));
    assert_eq!(call(&metrics), (401, "wrong api key".to_owned()));
    assert_eq!(call(&"x".repeat(32)), (401, "wrong api key".to_owned()));
}

#[test]
fn signatures_outlive_the_server_and_differ_between_installations() {
    let mut maibo = Maibo::serving();
    let before = addresses(&maibo, 3)["*"]["svg"].clone();
    maibo.stop();
    maibo.serve();
    assert_eq!(addresses(&maibo, 3)["*"]["svg"], before);
    assert_ne!(addresses(&Maibo::serving(), 3)["*"]["svg"], before);
}
