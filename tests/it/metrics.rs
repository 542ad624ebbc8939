//! Series for Prometheus, of a project's checks and of the server, and how far the work has got: COMPATIBILITY 4.0 and
//! 4.2, "Prometheus" and `metrics/`.
use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::http::{self, Reply};
use crate::support::http_sink::{Answer, HttpSink};
use crate::support::{Maibo, now, until};

fn project(maibo: &Maibo) -> String {
    maibo.row::<(String,)>("SELECT uuid FROM projects").0
}

fn with(maibo: &Maibo, method: &str, target: &str, name: &str, value: &str) -> Reply {
    http::request(maibo.addr(), method, target, &[(name, value)], b"")
}

fn unique_key(maibo: &Maibo, read_only: &str, uuid: &str) -> String {
    let reply = with(maibo, "GET", &format!("/api/v3/checks/{uuid}"), "X-Api-Key", read_only);
    reply.json()["unique_key"].as_str().unwrap().to_owned()
}

/// The value of a series as it stands on the page; absent when there is no such series.
fn series<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

#[track_caller]
fn number(page: &str, name: &str) -> f64 {
    series(page, name).unwrap_or_else(|| panic!("no {name} in\n{page}")).parse().unwrap()
}

/// Every line is a comment or a series with a number, every family is named once and before its series.
#[track_caller]
fn assert_readable(reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.header("content-type").unwrap().starts_with("text/plain"));
    let page = reply.text();
    assert!(page.ends_with('\n'));
    let mut families = Vec::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let name = rest.split(' ').next().unwrap().to_owned();
            assert!(!families.contains(&name), "{name} twice");
            families.push(name);
        } else if !line.starts_with("# HELP ") {
            assert!(line.starts_with(families.last().unwrap()), "{line} is not of {:?}", families.last());
            let value = line.rsplit(' ').next().unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
}

#[test]
fn a_projects_checks_are_told_as_healthchecks_tells_them_and_more() {
    let maibo = Maibo::serving();
    let key = maibo.made(&["key", "create", "--scope", "read-only"]);
    let name = "夜间 \"backup\" \\ 1";
    let up = maibo.api_check(&json!({"name": name, "tags": "prod db"}));
    let down = maibo.api_check(&json!({"name": "down", "tags": "prod", "timeout": 3600}));
    let paused = maibo.api_check(&json!({"name": "paused", "tags": "old"}));
    let new = maibo.api_check(&json!({"name": "new\nline"}));
    maibo.ping_ok(&format!("{up}/start"));
    maibo.ping_ok(&up);
    maibo.ping_ok(&format!("{up}/start"));
    maibo.ping_ok(&format!("{down}/fail"));
    maibo.made(&["check", "create", "--name", "other", "--every", "1h"]);
    let ran = maibo.run(&["check", "pause", &paused]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    maibo.execute(&format!("UPDATE checks SET due_at = 1500000 WHERE uuid = '{up}'"));

    let address = format!("/projects/{}/metrics/{key}", project(&maibo));
    let reply = maibo.call("GET", &address);
    assert_readable(&reply);
    let page = reply.text();
    let labels = |uuid: &str, name: &str, tags: &str| {
        let unique_key = unique_key(&maibo, &key, uuid);
        format!("{{name=\"{name}\", tags=\"{tags}\", unique_key=\"{unique_key}\"}}")
    };
    let up = labels(&up, "夜间 \\\"backup\\\" \\\\ 1", "prod db");
    let down = labels(&down, "down", "prod");
    let paused = labels(&paused, "paused", "old");
    let new = labels(&new, "new\\nline", "");
    for (series_name, expected) in [
        (format!("hc_check_up{up}"), "1"),
        (format!("hc_check_up{down}"), "0"),
        (format!("hc_check_up{paused}"), "1"),
        (format!("hc_check_up{new}"), "1"),
        (format!("hc_check_started{up}"), "1"),
        (format!("hc_check_started{down}"), "0"),
        (format!("hc_check_grace{up}"), "1"),
        (format!("hc_check_grace{new}"), "0"),
        (format!("hc_check_paused{paused}"), "1"),
        (format!("hc_check_paused{up}"), "0"),
        ("hc_tag_up{tag=\"prod\"}".to_owned(), "0"),
        ("hc_tag_up{tag=\"db\"}".to_owned(), "1"),
        ("hc_tag_up{tag=\"old\"}".to_owned(), "1"),
        ("hc_checks_total".to_owned(), "5"),
        ("hc_checks_down_total".to_owned(), "1"),
        (format!("maibo_check_pings_total{up}"), "3"),
        (format!("maibo_check_due_timestamp_seconds{up}"), "1.5"),
    ] {
        assert_eq!(series(&page, &series_name), Some(expected), "{series_name}\n{page}");
    }
    assert!(number(&page, &format!("maibo_check_last_duration_seconds{up}")) >= 0.0);
    assert!(number(&page, &format!("maibo_check_due_in_seconds{up}")) < -1e9, "due since 1970");
    assert_eq!(series(&page, &format!("maibo_check_due_in_seconds{new}")), None);
    assert_eq!(series(&page, &format!("maibo_check_last_duration_seconds{down}")), None);
    assert_eq!(series(&page, &format!("maibo_check_last_ping_timestamp_seconds{new}")), None);
    let heard = number(&page, &format!("maibo_check_last_ping_timestamp_seconds{down}"));
    let stored = maibo.number("SELECT last_ping_at FROM checks WHERE name = 'down'");
    assert_eq!(format!("{heard:.6}").replace('.', ""), stored.to_string());
    assert!(!page.contains(maibo.key()) && !page.contains("/ping/"), "nothing by which one could ping");
}

#[test]
fn only_a_read_only_key_of_the_project_shows_its_checks() {
    let maibo = Maibo::serving();
    let other = maibo.made(&["project", "create", "other"]);
    let read_only = maibo.made(&["key", "create", "--scope", "read-only"]);
    let of_other = maibo.made(&["key", "create", "--project", &other, "--scope", "read-only"]);
    let metrics = maibo.made(&["key", "create", "--scope", "metrics"]);
    let project = maibo.row::<(String,)>("SELECT uuid FROM projects WHERE name = 'default'").0;
    let by_path = |key: &str| maibo.call("GET", &format!("/projects/{project}/metrics/{key}")).status;
    let old_path = |key: &str| maibo.call("GET", &format!("/projects/{project}/checks/metrics/{key}")).status;
    let by_header = |key: &str| {
        let target = format!("/projects/{project}/metrics/");
        with(&maibo, "GET", &target, "Authorization", &format!("Bearer {key}")).status
    };
    for (key, status) in [
        (read_only.as_str(), 200),
        (maibo.key(), 403),
        (&metrics, 403),
        (&of_other, 403),
        (&"x".repeat(32), 403),
        ("short", 400),
        ("%00", 400),
    ] {
        assert_eq!((by_path(key), old_path(key), by_header(key)), (status, status, status), "{key}");
    }
    for target in [format!("/projects/{project}/metrics/"), format!("/projects/{project}/metrics")] {
        assert_eq!(maibo.call("GET", &target).status, 401);
        assert_eq!(with(&maibo, "GET", &target, "Authorization", &format!("Basic {read_only}")).status, 401);
    }
    for nowhere in ["nowhere", "%00", "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2"] {
        assert_eq!(maibo.call("GET", &format!("/projects/{nowhere}/metrics/{read_only}")).status, 403);
    }
}

#[test]
fn the_server_tells_how_it_is_doing() {
    let fine = HttpSink::ok();
    let gone = HttpSink::start([], Answer::wecom(93000, "invalid webhook url"));
    let busy = HttpSink::start([], Answer::status(503));
    let mut maibo = Maibo::new();
    let key = maibo.made(&["key", "create", "--scope", "metrics"]);
    maibo.channel("webhook", "fine", &[&format!("url_down={}", fine.url("/fine"))]);
    maibo.channel("webhook", "busy", &[&format!("url_down={}", busy.url("/busy"))]);
    maibo.channel("wecom", "gone", &[&format!("url={}", gone.url("/cgi-bin/webhook/send?key=x"))]);
    let uuid = maibo.check("job", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    let read = || {
        let reply = with(&maibo, "GET", "/metrics", "Authorization", &format!("Bearer {key}"));
        assert_readable(&reply);
        reply.text()
    };
    let before = read();
    for outcome in ["sent", "retried", "given_up"] {
        let name = format!("maibo_alerts_total{{kind=\"email\", outcome=\"{outcome}\"}}");
        assert_eq!(series(&before, &name), Some("0"), "counted from zero on");
    }
    assert_eq!(series(&before, "maibo_checks{status=\"new\"}"), Some("1"));
    maibo.ping_ok(&format!("{uuid}/fail"));
    for (kind, outcome) in [("webhook", "sent"), ("webhook", "retried"), ("wecom", "given_up")] {
        let name = format!("maibo_alerts_total{{kind=\"{kind}\", outcome=\"{outcome}\"}}");
        until(&name, || number(&read(), &name) >= 1.0);
    }
    until("the channel is marked", || series(&read(), "maibo_channels_broken{kind=\"wecom\"}") == Some("1"));
    // An alert is counted a moment before it leaves the queue.
    until("one waits", || series(&read(), "maibo_alerts_queued{kind=\"webhook\"}") == Some("1"));
    let page = read();
    for (name, expected) in [
        ("maibo_checks{status=\"down\"}", "1"),
        ("maibo_checks{status=\"new\"}", "0"),
        ("maibo_checks_running", "0"),
        ("maibo_channels{kind=\"webhook\"}", "2"),
        ("maibo_channels_broken{kind=\"webhook\"}", "0"),
        ("maibo_alerts_queued{kind=\"webhook\"}", "1"),
        ("maibo_alerts_queued{kind=\"wecom\"}", "0"),
        ("maibo_alerts_queued_oldest_age_seconds{kind=\"wecom\"}", "0"),
        ("maibo_pings_stored_total", "1"),
        ("maibo_pings_turned_away_total", "0"),
        ("maibo_writer_batch_size_sum", "1"),
        ("maibo_writer_batch_size_bucket{le=\"1\"}", "1"),
        ("maibo_writer_batch_size_bucket{le=\"+Inf\"}", "1"),
        ("maibo_writer_commit_seconds_count", "1"),
    ] {
        assert_eq!(series(&page, name), Some(expected), "{name}\n{page}");
    }
    assert!(number(&page, "maibo_alerts_queued_oldest_age_seconds{kind=\"webhook\"}") > 0.0);
    assert!(number(&page, "maibo_scheduler_lag_seconds_count") >= 1.0);
    assert!(number(&page, "maibo_scheduler_overdue_seconds") >= 0.0);
    let watched = number(&page, "maibo_deadlines_watched_timestamp_seconds");
    assert!((watched - f64::from(u32::try_from(now().timestamp()).unwrap())).abs() < 600.0, "{page}");
    assert!(page.contains("maibo_build_info{version=\""), "{page}");
    assert!(!page.contains("webhook/send") && !page.contains("/busy"), "no address of a channel");
}

#[test]
fn pings_that_were_not_stored_are_counted_apart() {
    let maibo = Maibo::serving();
    let key = maibo.made(&["key", "create", "--scope", "metrics"]);
    let uuid = maibo.check("job", &["--every", "1h"]);
    assert_eq!(maibo.ping("6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2").status, 404);
    assert_eq!(maibo.while_locked(|| maibo.ping(&uuid).status), 503);
    let page = with(&maibo, "GET", "/metrics", "X-Metrics-Key", &key).text();
    assert_eq!(series(&page, "maibo_pings_stored_total"), Some("0"), "what has no check is not stored");
    assert_eq!(series(&page, "maibo_pings_turned_away_total"), Some("1"));
}

#[test]
fn the_numbers_of_the_server_want_a_key_of_the_server() {
    let maibo = Maibo::serving();
    let metrics = maibo.made(&["key", "create", "--scope", "metrics"]);
    let read_only = maibo.made(&["key", "create", "--scope", "read-only"]);
    assert_eq!(maibo.call("GET", "/metrics").status, 401);
    for (key, status) in [(metrics.as_str(), 200), (&read_only, 403), (maibo.key(), 403), ("", 403)] {
        assert_eq!(with(&maibo, "GET", "/metrics", "X-Metrics-Key", key).status, status, "{key}");
        for version in 1..=3 {
            for slash in ["/", ""] {
                let target = format!("/api/v{version}/metrics{slash}");
                assert_eq!(with(&maibo, "GET", &target, "X-Metrics-Key", key).status, status, "{key}");
                assert_eq!(with(&maibo, "POST", &target, "X-Metrics-Key", key).status, status, "{key}");
                assert_eq!(maibo.call("GET", &target).status, 403);
            }
        }
    }
}

#[test]
fn progress_is_told_in_the_four_numbers_of_the_original() {
    let sink = HttpSink::start([], Answer::status(503));
    let mut maibo = Maibo::new();
    let key = maibo.made(&["key", "create", "--scope", "metrics"]);
    maibo.channel("webhook", "one", &[&format!("url_down={}", sink.url("/one"))]);
    maibo.channel("webhook", "two", &[&format!("url_down={}", sink.url("/two"))]);
    let uuid = maibo.check("job", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    let read = || with(&maibo, "GET", "/api/v3/metrics/", "X-Metrics-Key", &key).json();
    let before = read();
    let keys: Vec<&String> = before.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["ts", "max_ping_id", "max_notification_id", "num_unprocessed_flips"]);
    assert_eq!((&before["max_ping_id"], &before["max_notification_id"]), (&Value::Null, &Value::Null));
    assert!((before["ts"].as_i64().unwrap() - now().timestamp()).abs() <= 60, "{before}");
    maibo.ping_ok(&format!("{uuid}/fail"));
    let after = read();
    assert_eq!(after["max_ping_id"], maibo.number("SELECT MAX(id) FROM pings"));
    assert_eq!(after["max_notification_id"], maibo.number("SELECT MAX(id) FROM outbox"));
    assert_eq!(after["num_unprocessed_flips"], 1, "one flip, although two channels wait for it");
}

/// The names of our series in a text, without what Prometheus adds to those of histograms.
fn names(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("hc_") || word.starts_with("maibo_"))
        .map(|word| {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|ending| word.strip_suffix(ending));
            base.unwrap_or(word).to_owned()
        })
        .collect()
}

#[test]
fn the_dashboard_and_the_alert_rules_ask_for_series_that_there_are() {
    let maibo = Maibo::serving();
    let metrics = maibo.made(&["key", "create", "--scope", "metrics"]);
    let read_only = maibo.made(&["key", "create", "--scope", "read-only"]);
    let server = with(&maibo, "GET", "/metrics", "X-Metrics-Key", &metrics).text();
    let checks = maibo.call("GET", &format!("/projects/{}/metrics/{read_only}", project(&maibo))).text();
    let there = names(&(server + &checks));
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    for file in ["grafana.json", "prometheus-rules.yml"] {
        let text = std::fs::read_to_string(config.join(file)).unwrap();
        let asked = names(&text);
        assert!(asked.len() > 5, "{file}: {asked:?}");
        assert_eq!(asked.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new(), "{file}");
    }
    let dashboard = std::fs::read(config.join("grafana.json")).unwrap();
    let dashboard: Value = serde_json::from_slice(&dashboard).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 10);
}
