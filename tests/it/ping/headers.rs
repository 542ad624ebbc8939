//! Methods and headers, of questions and of answers.
use super::{NOBODY, with_slug};
use crate::support::{Maibo, http};

const NEVER_CACHED: &str = "max-age=0, no-cache, no-store, must-revalidate, private";

#[test]
fn headers_are_those_that_clients_look_for() {
    let (maibo, key, uuid) = with_slug();
    for tail in [uuid.clone(), format!("{key}/job"), format!("{uuid}/start"), format!("{key}/new?create=1")] {
        let reply = maibo.ping(&tail);
        assert_eq!(reply.header("cache-control"), Some(NEVER_CACHED), "{tail}");
        assert_eq!(reply.header("ping-body-limit"), Some("100000"), "{tail}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{tail}");
        assert!(reply.header("content-type").unwrap().starts_with("text/plain"), "{tail}");
    }
    maibo.check("Twin 1", &["--slug", "twin", "--every", "1h"]);
    maibo.check("Twin 2", &["--slug", "twin", "--every", "1h"]);
    for tail in [
        NOBODY.to_owned(),
        "nonsense".to_owned(),
        format!("{uuid}/256"),
        format!("{uuid}?rid=bad"),
        format!("{key}/other"),
        format!("{key}/JOB"),
        format!("{key}/twin"),
    ] {
        let reply = maibo.ping(&tail);
        assert_eq!(reply.header("cache-control"), Some(NEVER_CACHED), "{tail}");
        assert_eq!(reply.header("ping-body-limit"), None, "{tail}");
        assert_eq!(reply.header("access-control-allow-origin"), None, "{tail}");
    }
}

#[test]
fn options_is_no_ping() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for tail in [uuid.as_str(), NOBODY] {
        let reply = maibo.call("OPTIONS", &format!("/ping/{tail}"));
        assert_eq!((reply.status, reply.text()), (204, String::new()));
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        assert!(reply.header("access-control-allow-methods").unwrap().contains("POST"));
    }
    assert_eq!(maibo.shown(&uuid)["n_pings"], 0);
}

#[test]
fn every_other_method_is_a_ping() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW", "PROPFIND"];
    for method in methods {
        let reply = maibo.call(method, &format!("/ping/{uuid}"));
        assert_eq!(reply.status, 200, "{method}");
        assert_eq!(reply.text(), if method == "HEAD" { "" } else { "OK" }, "{method}");
    }
    assert_eq!(maibo.pings(&uuid, "method"), methods);
}

fn forwarded(maibo: &Maibo, uuid: &str, headers: &[(&str, &str)]) -> (String, String) {
    let reply = http::request(maibo.addr(), "GET", &format!("/ping/{uuid}"), headers, b"");
    assert_eq!(reply.status, 200);
    let last = |column: &str| maibo.pings(uuid, column).pop().unwrap();
    (last("remote_addr"), last("scheme"))
}

#[test]
fn headers_of_a_proxy_are_believed_only_from_ours() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let headers = [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "https")];
    assert_eq!(forwarded(&maibo, &uuid, &headers), ("127.0.0.1".to_owned(), "http".to_owned()));
    drop(maibo);

    let mut maibo = Maibo::new().with("MAIBO_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1");
    maibo.serve();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for (list, addr) in [
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4:567, 9.9.9.9", "1.2.3.4"),
        ("2001:0DB8:0::1", "2001:db8::1"),
        ("unknown", "127.0.0.1"),
        ("_hidden, 1.2.3.4", "127.0.0.1"),
        ("", "127.0.0.1"),
        (" 1.2.3.4 ", "1.2.3.4"),
        ("::ffff:1.1.1.1", "::ffff:1.1.1.1"),
        // A port is cut from IPv4 only.
        ("[2001:db8::1]:567", "127.0.0.1"),
        ("1.2.3.4:99999", "1.2.3.4"),
        ("1.2.3.4:", "1.2.3.4"),
        (&"1.2.3.4, ".repeat(1000), "1.2.3.4"),
    ] {
        let headers = [("X-Forwarded-For", list), ("X-Forwarded-Proto", "https")];
        assert_eq!(forwarded(&maibo, &uuid, &headers), (addr.to_owned(), "https".to_owned()), "{list}");
    }
    assert_eq!(forwarded(&maibo, &uuid, &[]), ("127.0.0.1".to_owned(), "http".to_owned()));
}

#[test]
fn a_user_agent_is_kept_up_to_200_characters() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for (sent, kept) in [("curl/8".to_owned(), "curl/8".to_owned()), ("é".repeat(300), "é".repeat(200))] {
        let headers = [("User-Agent", sent.as_str())];
        assert_eq!(http::request(maibo.addr(), "GET", &format!("/ping/{uuid}"), &headers, b"").status, 200);
        assert_eq!(maibo.pings(&uuid, "ua").pop().unwrap(), kept);
    }
}
