//! `?create=1`: a check that its first ping makes.
use std::thread;

use serde_json::json;

use super::{NOBODY, not_found, said, with_slug};
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

/// A loop in a script that makes up names must not fill the database.
#[test]
fn create_stops_at_twenty_thousand_checks() {
    let (maibo, key, uuid) = with_slug();
    let digits: Vec<String> = (0..10).map(|n| format!("SELECT {n} AS n")).collect();
    let digits = digits.join(" UNION ALL ");
    let others =
        "name, slug, tags, description, created_at, kind, period, expr, tz, grace, early, manual_resume,
        post_only, start_kw, success_kw, failure_kw, filter_subject, filter_body, filter_http_body,
        filter_default_fail, status, since, n_pings, strip";
    maibo.execute(&format!(
        "INSERT INTO checks (id, uuid, badge_key, project_id, {others})
         SELECT 100000 + k.n, 'uuid-' || k.n, 'badge-' || k.n, project_id, {others} FROM checks,
         (SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n AS n
          FROM ({digits}) a, ({digits}) b, ({digits}) c, ({digits}) d, (SELECT 0 AS n UNION ALL SELECT 1) e) k
         WHERE k.n < 19999 AND uuid = '{uuid}'"
    ));
    maibo.execute("UPDATE checks SET slug = '' WHERE id >= 100000");
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 20_000);
    assert_eq!(said(&maibo, &format!("{key}/more?create=1")), not_found());
    maibo.ping_ok(&format!("{key}/job?create=1"));
    maibo.execute("DELETE FROM checks WHERE uuid = 'uuid-7'");
    assert_eq!(maibo.ping(&format!("{key}/more?create=1")).status, 201);
}
