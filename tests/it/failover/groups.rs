//! Groups of channels.
use super::{hook, queue, row, set};
use crate::support::http_sink::HttpSink;
use crate::support::{Maibo, http};

#[test]
fn a_group_tells_each_member_once() {
    let sinks = [HttpSink::ok(), HttpSink::ok(), HttpSink::ok()];
    let mut maibo = Maibo::new();
    let ids: Vec<String> =
        ["a", "b", "c"].iter().zip(&sinks).map(|(name, sink)| hook(&maibo, name, sink)).collect();
    let group = maibo.channel("group", "ops", &[&format!("members=a\n{}", ids[1])]);
    maibo.channel("group", "more", &["members=b, c"]);
    // By itself, and in two groups.
    let uuid = maibo.check("Job", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    for sink in &sinks {
        sink.wait_for(1);
    }
    maibo.all_delivered();
    assert_eq!(queue(&maibo), [row("down", "a", "sent"), row("down", "b", "sent"), row("down", "c", "sent")]);
    // A test tests each.
    let tested = maibo.run(&["channel", "test", &group]);
    assert_eq!(tested.code, Some(0), "{tested:?}");
    assert!(tested.stderr.contains("a: ") && tested.stderr.contains("b: "), "{tested:?}");
    assert_eq!(maibo.number("SELECT COUNT(*) FROM outbox WHERE kind = 'test' AND state = 'sent'"), 2);
    // Who is deleted leaves the group.
    maibo.execute(&format!("DELETE FROM channels WHERE uuid = '{}'", ids[0]));
    maibo.ping_ok(&uuid);
    maibo.all_delivered();
    assert_eq!(sinks.each_ref().map(|sink| sink.heard().len()), [2, 3, 2]);
}

#[test]
fn a_group_has_channels_of_its_project_and_no_groups() {
    let sink = HttpSink::ok();
    let maibo = Maibo::new();
    hook(&maibo, "a", &sink);
    maibo.channel("group", "inner", &["members=a"]);
    for (members, why) in
        [("members=a,nobody", "nobody"), ("members=inner", "group"), ("members= , ", "members")]
    {
        let ran = maibo.run(&["channel", "create", "--kind", "group", "--name", "g", "--set", members]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains(why), "{ran:?}");
    }
}

#[test]
fn a_group_that_has_lost_its_last_member_is_told_everywhere() {
    let sink = HttpSink::ok();
    let mut maibo = Maibo::new();
    let ids = [hook(&maibo, "sink", &sink), hook(&maibo, "other", &sink), hook(&maibo, "third", &sink)];
    set(&maibo, &ids[2], &["--fallback", &ids[0]]);
    let group = maibo.channel("group", "alone", &["members=sink"]);
    maibo.channel("group", "pair", &["members=sink,other"]);
    let uuid = maibo.check("Nightly", &["--every", "1h", "--channel", &group]);
    maibo.check("Loud", &["--every", "1h", "--channel", &ids[1]]);
    maibo.serve();
    let cookie = maibo.sign_in();
    let (project,): (String,) = maibo.row("SELECT uuid FROM projects");
    let page = |target: &str| {
        let reply = http::request(maibo.addr(), "GET", target, &[("Cookie", &cookie)], b"");
        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
        reply.text()
    };
    let check = format!("/checks/{uuid}");
    let lists = [format!("/projects/{project}/channels"), format!("/channels/{group}")];
    let own_banner = "No member of “alone” works";
    for target in lists.iter().chain([&check]) {
        let told = page(target);
        assert!(!told.contains("does not work") && !told.contains("It does not work"), "{target}: {told}");
        assert!(!told.contains(own_banner), "{target}: {told}");
    }
    assert!(!maibo.run(&["doctor"]).stdout.contains("tell nobody"));

    // Whoever deletes it reads what that means.
    let asked = page(&format!("/channels/{}/delete", ids[0]));
    for words in ["“pair”, which will go on", "“alone” will have no member left", "the fallback of “third”"]
    {
        assert!(asked.contains(words), "{words}: {asked}");
    }
    let head = [("Cookie", cookie.as_str()), ("Origin", "http://maibo.test")];
    let delete = format!("/channels/{}/delete", ids[0]);
    assert_eq!(http::request(maibo.addr(), "POST", &delete, &head, b"").status, 303);

    for target in &lists {
        assert!(page(target).contains("It does not work: none of its members"), "{target}");
    }
    let told = page(&check);
    assert!(told.contains("does not work") && told.contains(own_banner), "{told}");
    let doctor = maibo.run(&["doctor"]).stdout;
    assert!(doctor.contains("1 would go down and tell nobody: Nightly"), "{doctor}");
    assert!(
        doctor.contains("`alone` of default reaches nobody") && !doctor.contains("`pair` of default reaches")
    );

    // A member that is broken is none.
    maibo.execute("UPDATE channels SET broken = 'revoked' WHERE name = 'other'");
    let doctor = maibo.run(&["doctor"]).stdout;
    assert!(doctor.contains("`pair` of default reaches nobody"), "{doctor}");
    assert!(doctor.contains("2 would go down and tell nobody: Nightly, Loud"), "{doctor}");
}
