//! An answer of 200 means that the ping is stored.
use std::thread;

use crate::support::{Maibo, http, until};

#[test]
fn what_cannot_be_stored_is_answered_503_and_not_kept() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let addr = maibo.addr();
    let reply = maibo.while_locked(|| http::request(addr, "GET", &format!("/ping/{uuid}"), &[], b""));
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert!(reply.header("retry-after").is_some());
    assert_eq!(maibo.shown(&uuid)["n_pings"], 0);
    maibo.ping_ok(&uuid);
    assert_eq!(maibo.shown(&uuid)["n_pings"], 1);
}

#[test]
fn what_was_answered_is_there_after_sigterm() {
    let mut maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let addr = maibo.addr();
    let target = format!("/ping/{uuid}");
    let (answered, status) = thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut answered = 0_i64;
                    while let Some(status) = http::try_request(addr, "GET", &target, b"", http::PATIENCE) {
                        answered += i64::from(status == 200);
                    }
                    answered
                })
            })
            .collect();
        until("pings come in", || maibo.shown(&uuid)["n_pings"].as_i64().unwrap() > 100);
        let status = maibo.stop();
        (calls.into_iter().map(|call| call.join().unwrap()).sum::<i64>(), status)
    });
    assert_eq!(status.code(), Some(0));
    assert_eq!(maibo.number("SELECT COUNT(*) FROM pings"), answered, "every answer, and nothing without one");
    assert_eq!(maibo.number("SELECT n_pings FROM checks"), answered);
}
