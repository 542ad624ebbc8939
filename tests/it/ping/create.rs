//! `?create=1`: a check that its first ping makes.
use std::thread;

use serde_json::json;

use super::{NOBODY, with_slug};
use crate::support::http;

#[test]
fn create_makes_a_daily_check_with_all_channels_once() {
    let (maibo, key, _) = with_slug();
    let mut channels = [
        maibo.channel("webhook", "a", &["url_down=http://127.0.0.1:9/"]),
        maibo.channel("email", "b", &["to=ops@example.org"]),
    ];
    channels.sort();
    let made = maibo.ping(&format!("{key}/fresh_1-x?create=1"));
    assert_eq!((made.status, made.text()), (201, "Created".to_owned()));
    assert!(made.header("ping-body-limit").is_some());
    maibo.ping_ok(&format!("{key}/fresh_1-x?create=1"));
    maibo.ping_ok(&format!("{key}/fresh_1-x"));

    let uuid = maibo.row::<(String,)>("SELECT uuid FROM checks WHERE slug = 'fresh_1-x'").0;
    let check = maibo.shown(&uuid);
    assert_eq!(
        (&check["name"], &check["slug"], &check["timeout"], &check["grace"]),
        (&json!("fresh_1-x"), &json!("fresh_1-x"), &json!(86400), &json!(3600))
    );
    assert_eq!((&check["status"], &check["n_pings"]), (&json!("up"), &json!(3)));
    assert_eq!(check["channels"], channels.join(","));

    assert_eq!(maibo.ping(&format!("{key}/begun/start?create=1")).status, 201);
    let begun = maibo.row::<(String,)>("SELECT uuid FROM checks WHERE slug = 'begun'").0;
    assert_eq!(maibo.shown(&begun)["started"], true);
    assert_eq!(maibo.ping(&format!("{key}/last?create=0&create=1")).status, 201);
}

#[test]
fn create_with_a_mistake_makes_nothing() {
    let (maibo, key, _) = with_slug();
    for (tail, status) in [
        (format!("{key}/n?create=true"), 404),
        (format!("{key}/n?create"), 404),
        (format!("{key}/n?create=1&create=0"), 404),
        (format!("{key}/n?create=%31%0A"), 404),
        (format!("{key}/n?create=1&rid=bad"), 400),
        (format!("{key}/n/256?create=1"), 400),
        (format!("{key}/N?create=1"), 400),
        (format!("{key}/{}?create=1", "n".repeat(101)), 404),
        ("wrongwrongwrongwrongwr/n?create=1".to_owned(), 404),
        (format!("{NOBODY}?create=1"), 404),
    ] {
        assert_eq!(maibo.ping(&tail).status, status, "{tail}");
    }
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 1);
}

#[test]
fn twenty_pings_at_once_create_one_check() {
    let (maibo, key, _) = with_slug();
    let (addr, target) = (maibo.addr(), format!("/ping/{key}/race?create=1"));
    let statuses: Vec<u16> = thread::scope(|scope| {
        let calls: Vec<_> =
            (0..20).map(|_| scope.spawn(|| http::request(addr, "GET", &target, &[], b"").status)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 19, "{statuses:?}");
    assert_eq!(maibo.number("SELECT n_pings FROM checks WHERE slug = 'race'"), 20);
}
