//! Bodies, as far as they are kept.
use std::io::Write as _;

use rstest::rstest;

use crate::support::Maibo;
use crate::support::http::{self, answer, connect, head};

#[rstest]
#[case::whole(b"all is well".to_vec())]
#[case::chinese("备份完成 ✓".as_bytes().to_vec())]
#[case::not_utf8(b"\xff\xfe\x00caf\xe9".to_vec())]
#[case::nul_bytes(vec![0; 3000])]
#[case::at_the_limit((0..100_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect())]
fn a_body_is_kept_as_it_came(#[case] body: Vec<u8>) {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    assert_eq!(maibo.post(&uuid, &body).status, 200);
    assert_eq!(maibo.last_body(&uuid), Some(body.clone()));

    // The same in chunks, as `curl -T -` sends it.
    let mut stream = connect(maibo.addr());
    let head = head("POST", &format!("/ping/{uuid}"), &[("Transfer-Encoding", "chunked")]);
    stream.write_all(head.as_bytes()).unwrap();
    for chunk in body.chunks(7777) {
        stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).unwrap();
        stream.write_all(chunk).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(answer(&stream).status, 200);
    assert_eq!(maibo.last_body(&uuid), Some(body));
}

#[test]
fn bodies_are_kept_for_every_method_and_action() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    for method in ["GET", "PUT", "DELETE", "HEAD", "BREW"] {
        for action in ["", "/start", "/log", "/fail", "/7"] {
            let body = format!("{method} {action}");
            let target = format!("/ping/{uuid}{action}");
            let reply = http::request(maibo.addr(), method, &target, &[], body.as_bytes());
            assert_eq!(reply.status, 200, "{body}");
            assert_eq!(maibo.last_body(&uuid), Some(body.into_bytes()));
        }
    }
    maibo.ping_ok(&uuid);
    assert_eq!(maibo.last_body(&uuid), None);
    assert_eq!(maibo.pings(&uuid, "body_size").last().unwrap(), "0");
}

#[test]
fn of_a_long_body_head_and_tail_are_kept_within_the_limit() {
    let mut maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let body: Vec<u8> =
        (0..10_000_000_u32).flat_map(|n| format!("{n:09}\n").into_bytes()).take(10_000_000).collect();
    let keeps = |maibo: &Maibo, limit: usize| {
        let reply = maibo.post(&uuid, &body);
        assert_eq!((reply.status, reply.header("ping-body-limit")), (200, Some(limit.to_string().as_str())));
        let kept = maibo.last_body(&uuid).unwrap();
        assert!(kept.len() <= limit && kept.len() > limit - 200, "{}", kept.len());
        let sure = limit * 2 / 5;
        assert_eq!(kept[..sure], body[..sure], "the head");
        assert_eq!(kept[kept.len() - sure..], body[body.len() - sure..], "the tail");
        assert!(String::from_utf8(kept).unwrap().contains("bytes left out"));
    };
    keeps(&maibo, 100_000);
    assert!(maibo.stop().success());
    maibo = maibo.with("MAIBO_PING_BODY_LIMIT", "10000");
    maibo.serve();
    keeps(&maibo, 10_000);
}
