//! JSON bodies for the management API. The first byte says where to, the rest is the body.
#![no_main]
use libfuzzer_sys::fuzz_target;
use maibo_fuzz::{API_KEY, UUID};

fuzz_target!(|input: &[u8]| {
    let Some((first, body)) = input.split_first() else { return };
    let target = match first % 4 {
        0 => "v1/checks/".to_owned(),
        1 => "v3/checks/".to_owned(),
        2 => format!("v2/checks/{UUID}"),
        _ => format!("v3/checks/{UUID}/pause"),
    };
    let length = body.len();
    let head = format!(
        "POST /api/{target} HTTP/1.1\r\nHost: maibo.test\r\nConnection: close\r\nX-Api-Key: {API_KEY}\r\nContent-Length: {length}\r\n\r\n"
    );
    let (status, answer) = maibo_fuzz::talk(&[head.as_bytes(), body].concat());
    match status {
        200 | 201 => assert!(answer.contains("\"ping_url\":"), "{answer}"),
        400 | 413 => assert!(answer.contains("{\"error\":\""), "{status} {answer}"),
        _ => panic!("{status} {answer}"),
    }
});
