//! Addresses: what they mean, which are refused, and in which order.
use super::{NOBODY, RID, not_found, said, with_slug};
use crate::support::{Maibo, http};

#[test]
fn the_path_after_a_uuid_says_what_happened() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let mut counted = Vec::new();
    for (tail, kind, exit) in [
        ("", "success", ""),
        ("/", "success", ""),
        ("/start", "start", ""),
        ("/fail", "fail", ""),
        ("/log", "log", ""),
        ("/0", "success", "0"),
        ("/000", "success", "0"),
        ("/1", "fail", "1"),
        ("/01", "fail", "1"),
        ("/255", "fail", "255"),
        ("/%66ail", "fail", ""),
        ("?unknown=parameter", "success", ""),
        ("?create=1", "success", ""),
    ] {
        maibo.ping_ok(&format!("{uuid}{tail}"));
        counted.push((kind.to_owned(), exit.to_owned()));
        let kinds = maibo.pings(&uuid, "kind");
        let exits = maibo.pings(&uuid, "exit_status");
        assert_eq!(kinds.into_iter().zip(exits).collect::<Vec<_>>(), counted, "{tail}");
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], counted.len());
}

#[test]
fn addresses_of_hc_ping_com_stand_at_the_root_too() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h", "--slug", "job"]);
    let key = maibo.made(&["key", "create", "--scope", "ping"]);
    let mut counted = Vec::new();
    for (target, kind) in [
        (format!("/{uuid}"), "success"),
        (format!("/{uuid}/start?rid={RID}"), "start"),
        (format!("/{uuid}/1?rid={RID}"), "fail"),
        (format!("/{uuid}/log"), "log"),
        (format!("/{key}/job"), "success"),
        (format!("/{key}/job/fail"), "fail"),
    ] {
        let reply = maibo.call("POST", &target);
        assert_eq!((reply.status, reply.text().as_str()), (200, "OK"), "{target}");
        assert!(reply.header("ping-body-limit").is_some(), "{target}");
        counted.push(kind.to_owned());
        assert_eq!(maibo.pings(&uuid, "kind"), counted, "{target}");
    }
    let made = maibo.call("GET", &format!("/{key}/another?create=1"));
    assert_eq!((made.status, made.text().as_str()), (201, "Created"));
    assert_eq!(maibo.call("OPTIONS", &format!("/{uuid}")).status, 204);
    // From a page of another site, as below /ping/.
    for origin in ["https://app.example", "null"] {
        let headers = [("Origin", origin), ("Sec-Fetch-Site", "cross-site")];
        let reply = http::request(maibo.addr(), "POST", &format!("/{uuid}"), &headers, b"");
        assert_eq!((reply.status, reply.text().as_str()), (200, "OK"), "{origin}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        counted.push("success".to_owned());
    }
    for (target, status, words) in [
        (format!("/{NOBODY}"), 404, "not found"),
        (format!("/{uuid}/256"), 400, "invalid url format"),
        (format!("/{uuid}/FAIL"), 400, "invalid url format"),
        (format!("/{key}/Job"), 400, "invalid url format"),
        (format!("/{key}/nothing"), 404, "not found"),
    ] {
        let reply = maibo.call("GET", &target);
        assert_eq!((reply.status, reply.text().as_str()), (status, words), "{target}");
    }
    let page = maibo.call("GET", "/some/page");
    assert!(page.status == 404 && page.text().contains("<html"), "what is no ping has its page");
    assert_eq!(maibo.pings(&uuid, "kind"), counted);
}

#[test]
fn what_is_no_ping_address_is_refused_and_counts_for_nothing() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let format = || (400, "invalid url format".to_owned());
    for (tail, expected) in [
        (format!("{uuid}/abc"), not_found()),
        (format!("{uuid}/-1"), not_found()),
        (format!("{uuid}/1.5"), not_found()),
        (format!("{uuid}/log/1"), not_found()),
        (format!("{uuid}/start/"), not_found()),
        (format!("{uuid}/fail/"), not_found()),
        (format!("{uuid}/0/"), not_found()),
        (format!("{uuid}//"), not_found()),
        (format!("{uuid}/%ff"), not_found()),
        (format!("{uuid}/FAIL"), format()),
        (format!("{uuid}/256"), format()),
        (format!("{uuid}/99999999999999999999999999"), format()),
        (uuid.to_uppercase(), not_found()),
        (uuid.replace('-', ""), not_found()),
        (format!("%7B{uuid}%7D"), not_found()),
        (NOBODY.to_owned(), not_found()),
        (format!("{NOBODY}/fail"), not_found()),
        (format!("{NOBODY}/256"), not_found()),
        (format!("{NOBODY}?rid=nonsense"), not_found()),
        ("nonsense".to_owned(), not_found()),
        ("%00".to_owned(), not_found()),
    ] {
        assert_eq!(said(&maibo, &tail), expected, "{tail}");
    }
    assert_eq!(said(&maibo, ""), not_found());
    assert_eq!(said(&maibo, "?create=1"), not_found());
    assert_eq!(maibo.call("POST", "/ping").text(), "not found");
    assert_eq!(maibo.call("GET", &format!("/ping/{}", "a".repeat(10_000))).status, 404);
    assert_eq!(maibo.shown(&uuid)["n_pings"], 0);
    assert_eq!(maibo.shown(&uuid)["status"], "new");
}

#[test]
fn the_path_after_a_slug_says_the_same() {
    let (maibo, key, uuid) = with_slug();
    for tail in ["", "/start", "/fail", "/log", "/0", "/3", "/%66ail"] {
        maibo.ping_ok(&format!("{key}/job{tail}"));
    }
    assert_eq!(maibo.pings(&uuid, "kind"), ["success", "start", "fail", "log", "success", "fail", "fail"]);
    for tail in ["job/", "job/start/", "job/nonsense", "job/1/2", "other", "j%20b"] {
        assert_eq!(said(&maibo, &format!("{key}/{tail}")), not_found(), "{tail}");
    }
    assert_eq!(said(&maibo, "wrongwrongwrongwrongwr/job"), not_found());
    assert_eq!(said(&maibo, &key), not_found());
    assert_eq!(maibo.shown(&uuid)["n_pings"], 7);
}

#[test]
fn errors_come_in_the_order_of_the_original() {
    let (maibo, key, uuid) = with_slug();
    maibo.check("Twin 1", &["--slug", "twin", "--every", "1h"]);
    maibo.check("Twin 2", &["--slug", "twin", "--every", "1h"]);
    let format = || (400, "invalid url format".to_owned());
    let bad_rid = || (400, "invalid uuid format".to_owned());
    let ambiguous = || (409, "ambiguous slug".to_owned());
    for (tail, expected) in [
        // An upper-case slug before any look-up.
        (format!("{key}/JOB"), format()),
        ("wrongwrongwrongwrongwr/JOB".to_owned(), format()),
        // Then 404 and 409.
        (format!("{key}/nobody/256?rid=bad"), not_found()),
        (format!("{key}/twin"), ambiguous()),
        (format!("{key}/twin/256"), ambiguous()),
        (format!("{key}/twin?rid=bad"), ambiguous()),
        (format!("{key}/twin?create=1"), ambiguous()),
        // A check that would be made is none as long as nobody knows the project.
        ("wrongwrongwrongwrongwr/new?create=1&rid=bad".to_owned(), not_found()),
        ("wrongwrongwrongwrongwr/new/256?create=1".to_owned(), not_found()),
        (format!("{key}/new?rid=bad"), not_found()),
        // Then the exit status.
        (format!("{key}/job/256?rid=bad"), format()),
        (format!("{uuid}/256?rid=bad"), format()),
        // Then the run id.
        (format!("{key}/job?rid=bad"), bad_rid()),
        (format!("{uuid}/start?rid=bad"), bad_rid()),
    ] {
        assert_eq!(said(&maibo, &tail), expected, "{tail}");
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 0);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM pings"), 0);
}

#[test]
fn a_run_id_is_a_dashed_uuid_and_the_last_one_counts() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for bad in [
        "rid",
        "rid=",
        "rid=nonsense",
        &format!("rid={}", RID.replace('-', "")),
        &format!("rid={RID}%0A"),
        &format!("rid=%7B{RID}%7D"),
        &format!("rid={RID}&rid=bad"),
        "rid=%ff",
    ] {
        assert_eq!(said(&maibo, &format!("{uuid}?{bad}")), (400, "invalid uuid format".to_owned()), "{bad}");
    }
    maibo.ping_ok(&format!("{uuid}/start?rid=bad&rid={RID}"));
    maibo.ping_ok(&format!("{uuid}?rid={}", RID.to_uppercase()));
    assert_eq!(maibo.pings(&uuid, "rid"), [RID, RID]);
    assert_eq!(maibo.shown(&uuid)["started"], false);
    assert_eq!(maibo.shown(&uuid)["n_pings"], 2);
}

#[test]
fn a_ping_key_opens_its_own_project_and_no_other_key_does() {
    let (maibo, key, uuid) = with_slug();
    maibo.made(&["project", "create", "other"]);
    let their_key = maibo.made(&["key", "create", "--project", "other", "--scope", "ping"]);
    let theirs = maibo.check("Job", &["--project", "other", "--slug", "job", "--every", "1h"]);
    maibo.ping_ok(&format!("{key}/job"));
    maibo.ping_ok(&format!("{their_key}/job/fail"));
    assert_eq!(maibo.pings(&uuid, "kind"), ["success"]);
    assert_eq!(maibo.pings(&theirs, "kind"), ["fail"]);
    let read_only = maibo.made(&["key", "create", "--scope", "read-only"]);
    for wrong in [maibo.key(), &read_only, &uuid, &key.to_lowercase(), &key[1..]] {
        assert_eq!(said(&maibo, &format!("{wrong}/job")), not_found(), "{wrong}");
    }
    let new_key = maibo.made(&["key", "create", "--scope", "ping"]);
    assert_eq!(said(&maibo, &format!("{key}/job")), not_found(), "a new key replaces the old one");
    maibo.ping_ok(&format!("{new_key}/job"));
}
