//! Alertmanager's webhook.
use serde_json::{Value, json};

use super::{JSON, aliased, last, send, was};
use crate::support::Maibo;

fn watchdog(status: &str) -> String {
    json!({
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": status, "receiver": "maibo",
        "groupLabels": {}, "commonLabels": {"alertname": "Watchdog"}, "commonAnnotations": {},
        "externalURL": "http://am:9093",
        "alerts": [{
            "status": status, "labels": {"alertname": "Watchdog", "severity": "none"},
            "annotations": {"summary": "the chain of alerts"}, "startsAt": "2026-03-01T12:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://p", "fingerprint": "1a30"
        }]
    })
    .to_string()
}

#[test]
fn alertmanager() {
    let maibo = Maibo::serving();
    let uuid = aliased(&maibo, "watchdog-1");
    for (status, kind) in [("firing", "success"), ("resolved", "fail")] {
        let body = watchdog(status);
        let reply = send(&maibo, "POST", "/api/alertmanager/watchdog-1", &[JSON], body.as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(last(&maibo, &uuid), was(kind, "", &format!("Watchdog {status}: the chain of alerts")));
    }
    let status = maibo.shown(&uuid)["status"].clone();
    for state in ["firing", "resolved"] {
        let other = watchdog(state).replace("Watchdog", "DiskFull");
        assert_eq!(
            send(&maibo, "POST", "/api/alertmanager/watchdog-1", &[JSON], other.as_bytes()).status,
            200
        );
        assert_eq!(last(&maibo, &uuid).0, "log", "another alert, {state}");
    }
    assert_eq!(maibo.shown(&uuid)["status"], status);
    for (method, target, body, status) in [
        ("POST", "/api/alertmanager/nobody", watchdog("firing"), 404),
        ("GET", "/api/alertmanager/watchdog-1", String::new(), 405),
        ("POST", "/api/alertmanager/watchdog-1", String::new(), 400),
        ("POST", "/api/alertmanager/watchdog-1", "{".to_owned(), 400),
        ("POST", "/api/alertmanager/watchdog-1", watchdog("odd"), 400),
        // What is cut in its middle cannot be read any more.
        (
            "POST",
            "/api/alertmanager/watchdog-1",
            watchdog("firing").replace("chain", &"c".repeat(1_100_000)),
            400,
        ),
    ] {
        let reply = send(&maibo, method, target, &[JSON], body.as_bytes());
        assert_eq!(reply.status, status, "{method} {target} {}", reply.text());
        assert_eq!(reply.header("allow").is_some(), status == 405);
    }
    assert_eq!(
        send(&maibo, "POST", "/api/alertmanager/watchdog-1", &[JSON], b"{\"status\":\"\xff\"}").status,
        400
    );
    assert_eq!(maibo.shown(&uuid)["n_pings"], 4);
}

/// When everything is on fire, what always fires comes among hundreds of others.
#[test]
fn one_among_many() {
    let maibo = Maibo::serving();
    let uuid = aliased(&maibo, "watchdog-1");
    let mut message: Value = serde_json::from_str(&watchdog("firing")).unwrap();
    let alerts = message["alerts"].as_array_mut().unwrap();
    let mut other = alerts[0].clone();
    other["labels"]["alertname"] = json!("DiskFull");
    *alerts = [vec![other.clone(); 1000], alerts.clone(), vec![other; 1000]].concat();
    let body = message.to_string();
    assert!(body.len() > 300_000);
    let reply = send(&maibo, "POST", "/api/alertmanager/watchdog-1", &[JSON], body.as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let (kind, _, text) = last(&maibo, &uuid);
    assert_eq!(kind, "success");
    assert_eq!(text.lines().last(), Some("and 1981 more"));
    // Of a stranger's no more is read than of a ping.
    assert_eq!(send(&maibo, "POST", "/api/alertmanager/nobody", &[JSON], body.as_bytes()).status, 400);
}
