//! Setting up a Telegram channel without a public address: Maibo asks who wrote to the bot.
use serde_json::json;

use crate::support::Maibo;
use crate::support::http;
use crate::support::http_sink::{Answer, HttpSink};

const TOKEN: &str = "123456789:AAabcdefghijklmnopqrstuvwxyz-_12345";

/// A signed-in person in front of their project.
struct Person {
    maibo: Maibo,
    project: String,
    session: String,
}

impl Person {
    fn new() -> Self {
        let maibo = Maibo::serving();
        let user = &["user", "create", "--email", "ops@example.org", "--password-stdin"];
        assert_eq!(maibo.run_with(user, "a long password\n").code, Some(0));
        let form = b"email=ops%40example.org&password=a+long+password";
        let reply = http::request(maibo.addr(), "POST", "/login", &[], form);
        let session = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let project = maibo.row::<(String,)>("SELECT uuid FROM projects WHERE name = 'default'").0;
        Self { maibo, project, session }
    }

    fn call(&self, method: &str, page: &str, form: &[(&str, &str)]) -> (u16, String) {
        let target = format!("/projects/{}/channels/{page}", self.project);
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let headers = [("Cookie", self.session.as_str())];
        let reply = http::request(self.maibo.addr(), method, &target, &headers, body.as_bytes());
        (reply.status, reply.text())
    }
}

#[test]
fn a_chat_is_found_and_used() {
    let updates = json!({"ok": true, "result": [
        {"update_id": 1, "message": {"chat": {"id": -100_123, "title": "<b>Ops</b>"}, "text": "/start"}},
    ]});
    let telegram = HttpSink::start([], Answer::Says(200, updates.to_string()));
    let person = Person::new();
    let (status, form) = person.call("GET", "new/telegram", &[]);
    assert!(status == 200 && form.contains("/channels/telegram"), "{form}");
    let url = telegram.url("");
    let (status, found) = person.call("POST", "telegram", &[("token", TOKEN), ("url", &url)]);
    assert_eq!(status, 200, "{found}");
    assert!(found.contains("-100123") && !found.contains("<b>Ops"), "{found}");
    let asked = &telegram.wait_for(1)[0];
    assert_eq!(asked.target, format!("/bot{TOKEN}/getUpdates"));
    let fields = [
        ("token", TOKEN),
        ("url", &url),
        ("chat", "-100123"),
        ("name", "Ops"),
        ("language", "en"),
        ("for_all", "1"),
    ];
    let (status, said) = person.call("POST", "new/telegram", &fields);
    assert_eq!(status, 303, "{said}");
    let (stored,) = person.maibo.row::<(String,)>("SELECT settings FROM channels WHERE kind = 'telegram'");
    assert!(stored.contains("-100123"), "{stored}");
}

#[test]
fn what_telegram_says_against_it_is_shown() {
    let wrong = json!({"ok": false, "error_code": 409, "description": "Conflict: a webhook is active"});
    let telegram = HttpSink::start([], Answer::Says(409, wrong.to_string()));
    let person = Person::new();
    let url = telegram.url("");
    let (status, said) = person.call("POST", "telegram", &[("token", TOKEN), ("url", &url)]);
    assert!(status == 200 && said.contains("Conflict: a webhook is active"), "{said}");
    let (_, said) = person.call("POST", "telegram", &[("token", "nonsense"), ("url", &url)]);
    assert!(said.contains("This is no bot token") && telegram.heard().len() == 1, "{said}");
    let (_, said) = person.call("POST", "telegram", &[("token", TOKEN), ("url", "https://10.0.0.1/")]);
    assert!(said.contains("private address"), "{said}");
}
