//! The ping routes. A first line stands behind `/ping/`, a second one is what headers say, the rest is the body.
#![no_main]
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(3, |byte| *byte == b'\n');
    let mut next = || parts.next().unwrap_or_default();
    let (target, said, body) = (next(), next(), next());
    let length = format!("\r\nContent-Length: {}\r\n\r\n", body.len());
    let request = [
        b"POST /ping/",
        target,
        b" HTTP/1.1\r\nHost: maibo.test\r\nConnection: close\r\nUser-Agent: ",
        said,
        b"\r\nX-Forwarded-For: ",
        said,
        length.as_bytes(),
        body,
    ];
    let _ = maibo_fuzz::talk(&request.concat());
});
