//! `checks/<uuid>/flips/`.
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::CHECKS;
use crate::support::{Maibo, until};

#[test]
fn flips_are_newest_first_and_filters_narrow_them() {
    let maibo = Maibo::serving();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    let base = format!("{CHECKS}{uuid}/flips/");
    let list = |query: &str| {
        maibo.api("GET", &format!("{base}{query}"), "").json()["flips"].as_array().unwrap().clone()
    };
    let at = |flip: &Value| flip["timestamp"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap().timestamp();
    maibo.ping_ok(&uuid);
    until("a second ends", || {
        let first = list("");
        crate::support::now().timestamp() > at(&first[0])
    });
    maibo.ping_ok(&format!("{uuid}/fail"));
    maibo.ping_ok(&uuid);
    let all = list("");
    let ups: Vec<_> = all.iter().map(|flip| flip["up"].clone()).collect();
    assert_eq!(ups, [1, 0, 1]);
    let stamp = all[0]["timestamp"].as_str().unwrap();
    assert!(stamp.ends_with("+00:00") && stamp.len() == 25, "{stamp}: whole seconds");
    let (first, second) = (at(&all[2]), at(&all[1]));
    assert!(first < second);
    for all_of_them in [
        "?seconds=0",
        "?seconds=",
        "?seconds=31536000",
        "?unknown=1",
        "?start=0&end=9999999999",
        "?seconds=60000.0",
    ] {
        assert_eq!(list(all_of_them), all, "{all_of_them}");
    }
    assert_eq!(list(&format!("?start={second}")), all[..2], "start is inclusive");
    assert_eq!(list(&format!("?end={second}")), all[2..], "end is exclusive");
    assert_eq!(list(&format!("?start={first}&end={second}")), all[2..]);
    assert_eq!(list(&format!("?seconds=1000&end={first}")), [] as [Value; 0], "all must fit");
    for bad in
        ["seconds=bad", "seconds=-1", "seconds=31536001", "start=", "end=", "start=1.5", "end=10000000001"]
    {
        let reply = maibo.api("GET", &format!("{base}?{bad}"), "");
        assert_eq!((reply.status, reply.text()), (400, String::new()), "{bad}");
    }
    // Both forms of the address, and the detour that old clients take.
    let short = base.trim_end_matches('/');
    assert_eq!(maibo.api("GET", short, "").json()["flips"], json!(all));
    assert_eq!(maibo.api("POST", short, "").json()["flips"], json!(all));
    assert_eq!(maibo.api("POST", "/api/v3/checks", "{}").status, 201);
}
