//! Cronitor's addresses, older ones too.
use super::{KEY, aliased, get, last, named, was};
use crate::support::Maibo;

#[test]
fn cronitor() {
    let (maibo, uuid) = named();
    for (tail, expected) in [
        ("", was("success", "", "")),
        ("?state=run&host=db1&env=prod", was("start", "", "environment: prod\nhost: db1")),
        (
            "?state=complete&metric=count:3&metric=duration:2.5",
            was("success", "", "metric: count:3\nmetric: duration:2.5"),
        ),
        ("?state=complete&status_code=0", was("success", "0", "status code: 0")),
        ("?state=fail&status_code=9&message=no+space", was("fail", "9", "no space\nstatus code: 9")),
        ("?state=ok", was("success", "", "")),
        ("/run", was("start", "", "")),
    ] {
        assert_eq!(get(&maibo, &format!("/p/{KEY}/nightly{tail}")).0, 200, "{tail}");
        assert_eq!(last(&maibo, &uuid), expected, "{tail}");
    }
    for target in [
        format!("/p/{KEY}/nightly?state=odd"),
        format!("/p/{KEY}/%E5%A4%87%E4%BB%BD"),
        format!("/p/{KEY}"),
        format!("/p/{KEY}/"),
        format!("/p/{KEY}/nightly/run/1"),
        "/p/wrongwrongwrongwrongwr/nightly".to_owned(),
    ] {
        let status = if target.ends_with("odd") { 400 } else { 404 };
        assert_eq!(get(&maibo, &target).0, status, "{target}");
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 7);

    // An unknown monitor is made by its first event, as it is there.
    assert_eq!(get(&maibo, &format!("/p/{KEY}/new-job?state=run")), (200, "OK".to_owned()));
    assert_eq!(maibo.number("SELECT n_pings FROM checks WHERE slug = 'new-job'"), 1);
    // One that was moved in keeps key and name, whatever they are.
    let moved = aliased(&maibo, "old.key~/Nightly Job".replace(' ', "_").as_str());
    assert_eq!(get(&maibo, "/p/old.key~/Nightly_Job?state=fail").0, 200);
    assert_eq!(maibo.pings(&moved, "kind"), ["fail"]);
}

/// Most of Cronitor's clients say `/ping/`, where Healthchecks would take any query for a success.
#[test]
fn below_ping_the_state_decides() {
    let (maibo, uuid) = named();
    for (tail, expected) in [
        ("?state=run&host=db1", was("start", "", "host: db1")),
        ("?state=fail&message=disk+full", was("fail", "", "disk full")),
        ("/?state=complete", was("success", "", "")),
        ("/run", was("start", "", "")),
        ("/complete?message=done", was("success", "", "done")),
        ("/ok", was("success", "", "")),
        ("?state=FAIL", was("fail", "", "")),
        ("/fail?message=disk+full", was("fail", "", "disk full")),
        // As Healthchecks has it.
        ("/fail?state=run", was("fail", "", "")),
        ("/start?state=fail", was("start", "", "")),
    ] {
        assert_eq!(get(&maibo, &format!("/ping/{KEY}/nightly{tail}")).0, 200, "{tail}");
        assert_eq!(last(&maibo, &uuid), expected, "{tail}");
    }
    assert_eq!(get(&maibo, &format!("/ping/{uuid}?state=fail")).0, 200);
    assert_eq!(last(&maibo, &uuid).0, "success", "the address of Healthchecks alone");
    assert_eq!(get(&maibo, &format!("/ping/{KEY}/nightly/begin")).0, 404);
    assert_eq!(get(&maibo, &format!("/ping/{uuid}/run")).0, 404);
    assert_eq!(get(&maibo, &format!("/ping/{KEY}/nightly?state=failed")).0, 400, "no success at any rate");
    assert_eq!(get(&maibo, &format!("/ping/{KEY}/nightly/fail")).0, 200);
    assert_eq!(get(&maibo, &format!("/ping/{KEY}/Nightly/fail")).0, 200);
    assert_eq!(maibo.shown(&uuid)["n_pings"], 13);

    assert_eq!(get(&maibo, &format!("/ping/{KEY}/new-job?state=run")), (200, "OK".to_owned()));
    let moved = aliased(&maibo, "old.key~/send report");
    assert_eq!(get(&maibo, "/ping/old.key~/send%20report?state=fail").0, 200);
    assert_eq!(maibo.pings(&moved, "kind"), ["fail"]);
}

#[test]
fn a_key_that_is_no_slug_is_made_one_unless_two_jobs_would_become_one() {
    let (maibo, uuid) = named();
    assert_eq!(get(&maibo, &format!("/p/{KEY}/Nightly?state=fail")).0, 200);
    assert_eq!(last(&maibo, &uuid).0, "fail");
    for key in ["tasks.add", "tasks.add", "Tasks%20add2"] {
        assert_eq!(get(&maibo, &format!("/p/{KEY}/{key}?state=run")).0, 200, "{key}");
    }
    let made = maibo
        .rows::<(String, i64)>("SELECT slug, n_pings FROM checks WHERE slug LIKE 'tasks%' ORDER BY slug");
    assert_eq!(made, [("tasks-add".to_owned(), 2), ("tasks-add2".to_owned(), 1)]);
    assert_eq!(get(&maibo, &format!("/p/{KEY}/%E5%A4%87%E4%BB%BD-db?state=run")).0, 404);
    assert!(maibo.log().contains("a ping names a check that is not there"), "{}", maibo.log());
}

#[test]
fn older_monitors_of_cronitor_stand_at_the_root() {
    let maibo = Maibo::serving();
    let uuid = aliased(&maibo, "d3x0c1");
    for (target, kind) in [
        ("/d3x0c1/run", "start"),
        ("/d3x0c1/complete", "success"),
        ("/d3x0c1/fail?message=x", "fail"),
        ("/d3x0c1?state=ok", "success"),
    ] {
        assert_eq!(get(&maibo, target), (200, "OK".to_owned()), "{target}");
        assert_eq!(last(&maibo, &uuid).0, kind, "{target}");
    }
    for target in ["/nobody/run", "/nobody?state=run", "/d3x0c1/edit", "/d3x0c1/run/1", "/checks/run"] {
        let (status, text) = get(&maibo, target);
        assert!(status != 200 && (text.is_empty() || text.contains("<html")), "{target}: {status} {text}");
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 4);
}

#[test]
fn a_series_of_cronitor_is_a_run() {
    let (maibo, uuid) = named();
    let event = |tail: &str| assert_eq!(get(&maibo, &format!("/p/{KEY}/nightly?{tail}")).0, 200);
    event("state=run&series=a-1");
    event("state=run&series=b-2");
    event("state=complete&series=a-1");
    event("state=fail&series=b-2");
    let rids = maibo.pings(&uuid, "rid");
    assert_eq!((&rids[0], &rids[1]), (&rids[2], &rids[3]));
    assert_ne!(rids[0], rids[1]);
    let pings = maibo.api("GET", &format!("/api/v3/checks/{uuid}/pings/"), "").json();
    let timed =
        pings["pings"].as_array().unwrap().iter().filter(|ping| ping.get("duration").is_some()).count();
    assert_eq!(timed, 2, "{pings}");
}
