//! The pages: what was not delivered, and the form of a channel's relations.
use super::{broken, job, revoked, robot};
use crate::support::http_sink::{Answer, HttpSink};
use crate::support::{Maibo, http};

#[test]
fn what_was_not_delivered_is_seen_sent_again_and_put_aside() {
    let sink = HttpSink::start([revoked(), revoked()], Answer::wecom(0, "ok"));
    let mut maibo = Maibo::new();
    let id = robot(&maibo, "robot", &sink);
    let uuid = job(&maibo, &id);
    maibo.serve();
    let cookie = maibo.sign_in();
    let page = |target: &str| {
        let reply = http::request(maibo.addr(), "GET", target, &[("Cookie", &cookie)], b"");
        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
        reply.text()
    };
    let post = |target: &str, form: &str| {
        let head = [("Cookie", cookie.as_str()), ("Origin", "http://maibo.test")];
        let reply = http::request(maibo.addr(), "POST", target, &head, form.as_bytes());
        assert_eq!(reply.status, 303, "{target}: {}", reply.text());
    };
    let (project,): (String,) = maibo.row("SELECT uuid FROM projects");
    let home = format!("/projects/{project}/checks");
    let list = format!("/projects/{project}/alerts");
    assert!(!page(&home).contains("could not be delivered"));
    maibo.ping_ok(&format!("{uuid}/fail"));
    sink.wait_for(1);
    maibo.ping_ok(&uuid);
    sink.wait_for(2);
    maibo.all_delivered();
    assert!(page(&home).contains("2 alerts could not be delivered"));
    let told = page(&list);
    assert!(told.contains("93000") && told.contains("Job") && !told.contains("secret-key"), "{told}");

    // One by the API, once.
    let key = maibo.made(&["key", "create", "--scope", "read-write"]);
    let bearer = format!("Bearer {key}");
    let call = |method: &str, path: &str| {
        let target = format!("/api/maibo/v1/checks/{uuid}{path}");
        http::request(maibo.addr(), method, &target, &[("Authorization", &bearer)], b"")
    };
    let alerts = call("GET", "/alerts").json();
    assert_eq!(alerts["alerts"][1]["kind"], "down");
    let down = alerts["alerts"][1]["id"].as_i64().unwrap();
    assert_eq!(call("POST", &format!("/alerts/{down}/resend")).status, 202);
    sink.wait_for(3);
    maibo.all_delivered();
    assert_eq!(call("POST", &format!("/alerts/{down}/resend")).status, 409);
    assert_eq!(call("POST", "/alerts/999999/resend").status, 404);
    assert_eq!(broken(&maibo, &id), "");

    // The check is back: that went with it. One more from the page of the channel.
    assert!(!page(&home).contains("could not be delivered"));
    maibo.execute("UPDATE outbox SET state = 'dead' WHERE kind = 'up'");
    let log = page(&format!("/channels/{id}"));
    assert!(log.contains("1 alert could not be delivered") && log.contains("93000"), "{log}");
    post(&format!("/channels/{id}/resend"), "");
    sink.wait_for(4);
    maibo.all_delivered();
    assert!(!page(&home).contains("could not be delivered"));

    // What nobody wants any more is put aside.
    maibo.execute("UPDATE outbox SET state = 'dead'");
    assert!(page(&home).contains("could not be delivered"));
    let newest = maibo.number("SELECT MAX(id) FROM outbox");
    // A second click on "Send again" finds nothing to do, and says so.
    let again = |alert: &str| {
        let head = [("Cookie", cookie.as_str()), ("Origin", "http://maibo.test")];
        http::request(maibo.addr(), "POST", &format!("{list}/{alert}/resend"), &head, b"")
    };
    let first = again(&newest.to_string());
    assert!(first.header("location").unwrap().ends_with("?done=alert-resent"), "{first:?}");
    maibo.all_delivered();
    let second = again(&newest.to_string());
    assert!(second.header("location").unwrap().ends_with("?done=alert-not-given-up"), "{second:?}");
    assert!(page(&format!("{list}?done=alert-not-given-up")).contains("Nothing was sent again"));
    assert_eq!((again("999999").status, again("x").status), (404, 404));
    post(&format!("{list}/dismiss"), &format!("newest={newest}"));
    assert!(!page(&home).contains("could not be delivered"));

    let operator = page("/admin/delivery");
    assert!(operator.contains("robot") && operator.contains("Nothing is waiting"), "{operator}");
}

#[test]
fn fallback_canary_and_members_are_set_in_the_form() {
    let sink = HttpSink::wecom();
    let mut maibo = Maibo::new();
    let (a, b) = (robot(&maibo, "a", &sink), robot(&maibo, "b", &sink));
    maibo.serve();
    let cookie = maibo.sign_in();
    let post = |target: &str, form: &str| {
        let head = [("Cookie", cookie.as_str()), ("Origin", "http://maibo.test")];
        http::request(maibo.addr(), "POST", target, &head, form.as_bytes())
    };
    let saved = post(&format!("/channels/{a}/edit"), &format!("name=a&language=en&fallback={b}&canary=1"));
    assert_eq!(saved.status, 303, "{}", saved.text());
    let set = "SELECT COUNT(*) FROM channels WHERE name = 'a' AND canary_at IS NOT NULL
        AND fallback_id = (SELECT id FROM channels WHERE name = 'b')";
    assert_eq!(maibo.number(set), 1);
    let shown =
        http::request(maibo.addr(), "GET", &format!("/channels/{a}/edit"), &[("Cookie", &cookie)], b"");
    assert!(shown.text().contains(&format!("value=\"{b}\" selected")), "{}", shown.text());
    assert_eq!(post(&format!("/channels/{a}/edit"), "name=a&language=en&fallback=").status, 303);
    assert_eq!(maibo.number(set), 0);

    let (project,): (String,) = maibo.row("SELECT uuid FROM projects");
    let new = format!("/projects/{project}/channels/new/group");
    let empty = post(&new, "name=ops&language=en");
    assert!(empty.status == 200 && empty.text().contains("class=\"error\""), "{}", empty.text());
    assert_eq!(post(&new, &format!("name=ops&language=en&members={a}&members={b}")).status, 303);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channel_members"), 2);
    // Who is deleted leaves the group, and nobody relies on it any more.
    assert_eq!(post(&format!("/channels/{a}/delete"), "").status, 303);
    assert_eq!(maibo.number("SELECT COUNT(*) FROM channel_members"), 1);
    let (settings,): (String,) = maibo.row("SELECT settings FROM channels WHERE kind = 'group'");
    assert!(!settings.contains(&a) && settings.contains(&b), "{settings}");
}
