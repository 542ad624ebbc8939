//! The pages of channels, as a browser uses them: forms that lose nothing and say what is wrong where it is wrong,
//! templates with their preview, and the list of kinds.
use crate::support::Maibo;
use crate::support::http::{self, Reply};
use crate::support::http_sink::{Answer, HttpSink};

/// A server with somebody signed in.
struct Desk {
    maibo: Maibo,
    project: String,
    session: String,
}

impl Desk {
    fn open() -> Self {
        let mut maibo = Maibo::new();
        maibo.serve();
        let session = maibo.sign_in();
        let project = maibo.row::<(String,)>("SELECT uuid FROM projects WHERE name = 'default'").0;
        Self { maibo, project, session }
    }

    fn call(&self, method: &str, path: &str, language: &str, form: &[(&str, &str)]) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let headers = [
            ("Cookie", self.session.as_str()),
            ("Accept-Language", language),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        http::request(self.maibo.addr(), method, path, &headers, body.as_bytes())
    }

    /// Sends the form of a new channel.
    fn make(&self, kind: &str, form: &[(&str, &str)]) -> Reply {
        self.call("POST", &format!("/projects/{}/channels/new/{kind}", self.project), "en", form)
    }

    fn preview(&self, form: &[(&str, &str)]) -> String {
        let reply = self.call("POST", &format!("/projects/{}/channels/preview", self.project), "en", form);
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.text()
    }

    fn channels(&self) -> i64 {
        self.maibo.number("SELECT COUNT(*) FROM channels")
    }

    fn settings(&self) -> serde_json::Value {
        let text = self.maibo.row::<(String,)>("SELECT settings FROM channels").0;
        serde_json::from_str(&text).unwrap()
    }
}

const KEY: &str = "693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa";

/// The tag of the input with this id.
fn tag<'a>(page: &'a str, id: &str) -> &'a str {
    let at = page.find(&format!(" id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}: {page}"));
    let start = page[..at].rfind('<').unwrap();
    &page[start..start + page[start..].find('>').unwrap()]
}

#[test]
fn every_kind_has_a_form_in_both_languages() {
    let desk = Desk::open();
    let list = desk.call("GET", "/docs/channels", "en", &[]).text();
    let kinds: Vec<&str> =
        list.split("id=\"kind-").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(kinds.len() > 10, "{kinds:?}");
    for kind in &kinds {
        for language in ["en", "zh-CN"] {
            let path = format!("/projects/{}/channels/new/{kind}", desk.project);
            let reply = desk.call("GET", &path, language, &[]);
            assert_eq!(reply.status, 200, "{kind}: {}", reply.text());
            assert!(reply.text().contains("<ol class=\"steps\"><li>"), "{kind} has steps");
            assert!(!reply.text().contains("Unknown localization"), "{kind} in {language}");
        }
    }
    let picker = desk.call("GET", &format!("/projects/{}/channels", desk.project), "zh-CN", &[]).text();
    for kind in &kinds {
        assert!(picker.contains(&format!("/channels/new/{kind}\"")), "{kind} can be chosen");
    }
}

#[test]
fn the_list_of_kinds_is_for_anybody() {
    let maibo = Maibo::serving();
    let reply = maibo.call("GET", "/docs/channels");
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("maibo channel create --kind wecom"));
    for short in ["/docs", "/docs/"] {
        assert_eq!(maibo.call("GET", short).header("location"), Some("/docs/channels"), "{short}");
    }
}

#[test]
fn fallbacks_of_one_name_are_told_apart_by_where_they_send() {
    let desk = Desk::open();
    for (name, to) in [("ops", "a@example.org"), ("ops", "b@example.org"), ("boss", "c@example.org")] {
        desk.maibo.channel("email", name, &[&format!("to={to}")]);
    }
    let form = desk.call("GET", &format!("/projects/{}/channels/new/email", desk.project), "en", &[]).text();
    for option in [">ops (Email, a@example.org)<", ">ops (Email, b@example.org)<", ">boss (Email)<"] {
        assert!(form.contains(option), "{option}: {form}");
    }
}

#[test]
fn too_many_tests_say_when_the_next_may_go() {
    let sink = HttpSink::start([], Answer::status(200));
    let desk = Desk::open();
    let id = desk.maibo.channel("webhook", "ops", &[&format!("url_down={}", sink.url("/"))]);
    let test = || {
        let head = [("Cookie", desk.session.as_str()), ("Accept", "text/html")];
        http::request(desk.maibo.addr(), "POST", &format!("/channels/{id}/test"), &head, b"")
    };
    let last = (0..50).map(|_| test()).find(|reply| reply.status != 200).unwrap();
    let wait: i64 = last.header("retry-after").unwrap().parse().unwrap();
    assert!(last.status == 429 && wait > 0, "{last:?}");
    assert!(last.text().contains("Please try again in "), "{}", last.text());
}

#[test]
fn a_channel_whose_last_attempt_failed_is_marked_in_the_list() {
    let sink = HttpSink::start([Answer::status(500)], Answer::status(200));
    let desk = Desk::open();
    let id = desk.maibo.channel("webhook", "ops", &[&format!("url_down={}", sink.url("/"))]);
    let list = || desk.call("GET", &format!("/projects/{}/channels", desk.project), "en", &[]).text();
    for marked in [true, false] {
        desk.call("POST", &format!("/channels/{id}/test"), "en", &[]);
        assert_eq!(list().contains("<li class=\"is-late\">"), marked);
    }
}

#[test]
fn what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost() {
    let desk = Desk::open();
    let long = "夜".repeat(5000);
    let odd = "\"it's\" <b>@everyone</b>";
    let name = format!("{odd}\n{long}");
    let page = desk.make("wecom", &[("name", &name), ("url", "no key <b>"), ("language", "zh-CN")]);
    assert_eq!(page.status, 200);
    let page = page.text();
    assert_eq!(desk.channels(), 0);
    assert!(page.contains("At most 100 characters."));
    assert!(!page.contains("<b>@everyone"), "what was typed is text and not markup");
    assert!(page.contains("&#60;b&#62;@everyone") || page.contains("&lt;b&gt;@everyone"));
    assert!(page.contains(&long), "a name is not cut in the field");
    let url = tag(&page, "url");
    assert!(url.contains("aria-invalid=\"true\" autofocus"), "{url}");
    assert!(url.contains("aria-describedby=\"url-error url-hint\""), "{url}");
    assert!(page.contains("<p class=\"error\" id=\"url-error\" role=\"alert\">A key has 10 to 64"));
    assert!(page.contains("<option value=\"zh-CN\" selected>"));
}

#[test]
fn spaces_and_unseen_signs_around_a_secret_do_not_matter() {
    let desk = Desk::open();
    let made = desk.make("wecom", &[("name", " \u{200b}ops\n room "), ("key", &format!("\t {KEY} \0\r\n"))]);
    assert_eq!(made.status, 303, "{}", made.text());
    assert!(desk.settings()["url"].as_str().unwrap().ends_with(&format!("key={KEY}")));
    assert_eq!(desk.maibo.row::<(String,)>("SELECT name FROM channels").0, "ops  room");
}

#[test]
fn a_value_that_is_too_long_says_so() {
    let desk = Desk::open();
    let long = "x".repeat(100_000);
    for (kind, field) in [("wecom", "key"), ("webhook", "body_down"), ("email", "to"), ("gotify", "token")] {
        let given = [
            ("name", "x"),
            (field, long.as_str()),
            ("url", "https://192.0.2.1/"),
            ("url_down", "https://192.0.2.1/"),
        ];
        let page = desk.make(kind, &given);
        assert_eq!(page.status, 200, "{kind}");
        assert!(page.text().contains(&format!("id=\"{field}-error\"")), "{kind}");
        assert!(page.text().contains("too long"), "{kind}");
        assert!(page.text().contains(&long), "{kind}: it can be mended where it stands");
    }
    assert_eq!(desk.channels(), 0);
}

#[test]
fn a_secret_stays_hidden_when_an_edit_is_refused() {
    let desk = Desk::open();
    assert_eq!(desk.make("wecom", &[("name", "ops"), ("key", KEY)]).status, 303);
    let id = desk.maibo.row::<(String,)>("SELECT uuid FROM channels").0;
    let path = format!("/channels/{id}/edit");
    let given = [("name", "ops"), ("title_template", "{% if %}"), ("time_zone", "Asia/Shanghai")];
    let page = desk.call("POST", &path, "en", &given);
    assert_eq!(page.status, 200);
    let page = page.text();
    assert!(!page.contains(KEY) && page.contains("{% if %}") && page.contains("value=\"Asia/Shanghai\""));
    let saved = desk.call("POST", &path, "en", &[("name", "ops"), ("time_zone", "Asia/Shanghai")]);
    assert_eq!(saved.status, 303, "{}", saved.text());
    let settings = desk.settings();
    assert!(settings["url"].as_str().unwrap().ends_with(KEY));
    assert_eq!(settings["time_zone"], "Asia/Shanghai");
    // A value that is no secret stays in the form even where it is what is stored.
    let again = desk.call("POST", &path, "en", &[("name", ""), ("time_zone", "Asia/Shanghai")]);
    assert!(again.text().contains("value=\"Asia/Shanghai\""));
}

#[test]
fn a_secret_is_asked_for_again_when_the_address_changes() {
    let desk = Desk::open();
    let (sink, other) = (HttpSink::start([], Answer::status(200)), HttpSink::start([], Answer::status(200)));
    let made = desk.make("gotify", &[("name", "ops"), ("url", &sink.url("")), ("token", "A1b2C3d4E5f6G7h")]);
    assert_eq!(made.status, 303, "{}", made.text());
    let stored = desk.settings();
    let id = desk.maibo.row::<(String,)>("SELECT uuid FROM channels").0;
    let save = |url: &str, token: &str| {
        let given = [("name", "ops"), ("url", url), ("token", token)];
        desk.call("POST", &format!("/channels/{id}/edit"), "en", &given)
    };
    let page = save(&other.url(""), "");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("id=\"token-error\""), "{}", page.text());
    assert!(!page.text().contains("A1b2C3d4E5f6G7h"));
    assert_eq!(desk.settings(), stored);
    assert_eq!(save(&sink.url("/below"), "").status, 303);
    assert_eq!(save(&other.url(""), "A1b2C3d4E5f6G7h").status, 303);
}

#[test]
fn a_template_that_cannot_be_used_names_its_line() {
    let desk = Desk::open();
    for (template, said) in [
        ("{{ check.name }}\n{{ chekc.name }}", "Line 2: there is no `chekc.name` in messages"),
        (
            "{% for a in text %}{% for b in text %}{% for c in text %}{{ '' }}{% endfor %}{% endfor %}{% endfor %}",
            "This loops for too long",
        ),
        ("{% set x = 1 %}", "`set` cannot be used here"),
        ("ok\n\n{{ 'x' * 999999999 }}", "Line 3: `*` cannot be used here"),
    ] {
        let given = [("name", "ops"), ("key", KEY), ("text_template", template)];
        let page = desk.make("wecom", &given);
        assert_eq!(page.status, 200);
        let text = page.text().replace("&#39;", "'");
        let told = text.to_lowercase().matches(&said.to_lowercase()).count();
        assert_eq!(told, 1, "once, at its field: {template}: {text}");
        assert!(text.contains("<details class=\"more\" id=\"words\" open>"), "what is wrong is in sight");
    }
    let typing = desk.preview(&[("text_template", "{{ chekc.name }}")]);
    assert_eq!(typing.matches("there is no `chekc.name` in messages").count(), 1, "{typing}");
    let page = desk.make("wecom", &[("name", "ops"), ("key", KEY), ("time_zone", "Mars/Base")]);
    assert!(page.text().contains("There is no time zone `Mars/Base`"));
    assert_eq!(desk.channels(), 0);
}

#[test]
fn the_preview_tells_of_what_really_happened() {
    let desk = Desk::open();
    let template = "{{ check.name }} is {{ status }}: {{ reason }} {{ last_lines }}";
    let given = [("text_template", template), ("title_template", "<i>{{ status }}</i>"), ("language", "en")];
    assert!(desk.preview(&given).contains("nightly backup is down: nothing was heard"), "a sample at first");
    let job = desk.maibo.check("<b>库</b> \"one\"", &["--every", "1h", "--tz", "Asia/Shanghai"]);
    let fail = desk.maibo.post(&format!("{job}/7"), b"\x1b[31mno space left\x1b[0m on <device>\n");
    assert_eq!(fail.status, 200);
    desk.maibo.ping_ok(&job);
    let text =
        desk.preview(&given).replace("&#60;", "&lt;").replace("&#62;", "&gt;").replace("&#34;", "&quot;");
    assert!(
        text.contains(
            "&lt;b&gt;库&lt;/b&gt; &quot;one&quot; is down: exit status 7 no space left on &lt;device&gt;"
        ),
        "{text}"
    );
    assert!(text.contains("&quot;one&quot; is up:"), "{text}");
    assert!(text.contains("&lt;i&gt;down&lt;/i&gt;") && !text.contains("<i>"));
    // Maibo's own words, where a template is wrong, and what is wrong.
    let text = desk.preview(&[("text_template", "{{ nonsense }}"), ("language", "zh-CN")]);
    assert!(text.contains("Text: line 1: there is no `nonsense`") && text.contains("退出码"), "{text}");
    let zoned = desk.preview(&[("time_zone", "America/New_York"), ("language", "en")]);
    assert!(zoned.contains("America/New_York") && !zoned.contains("Asia/Shanghai"), "{zoned}");
    // Without scripts the whole form comes back with it, and nothing is saved.
    let page =
        desk.make("wecom", &[("preview", "1"), ("name", "ops"), ("key", "bad"), ("text_template", template)]);
    assert_eq!(page.status, 200);
    assert!(page.text().contains("value=\"bad\"") && page.text().contains("exit status 7"));
    assert_eq!(desk.channels(), 0);
}

#[test]
fn strangers_see_no_preview() {
    let desk = Desk::open();
    let path = format!("/projects/{}/channels/preview", desk.project);
    let reply = http::request(desk.maibo.addr(), "POST", &path, &[], b"text_template=x");
    assert_eq!(reply.status, 303, "to the door");
}

#[test]
fn messages_go_out_in_the_channels_own_words_and_zone() {
    let sink = HttpSink::start([], Answer::wecom(0, "ok"));
    let mut maibo = Maibo::new();
    let url = format!("url={}", sink.url("/cgi-bin/webhook/send?key=0123456789"));
    let title = "title_template=[{{ status|upper }}] {{ check.name }}";
    let text = "text_template={{ at|date('%Z') }} {{ at }}\n{{ last_lines|lines(1) }}";
    maibo.channel("wecom", "room", &[&url, title, text, "time_zone=Asia/Shanghai"]);
    let job = maibo.check("Job", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    assert_eq!(maibo.post(&format!("{job}/3"), b"first\nno space left\n").status, 200);
    let said = sink.wait_for(1)[0].text();
    assert!(
        said.contains("DOWN")
            && said.contains("Job")
            && said.contains("+08:00")
            && said.contains("Asia/Shanghai"),
        "{said}"
    );
    assert!(said.contains("no space left") && !said.contains("first") && !said.contains("Project"), "{said}");
    maibo.all_delivered();
    // What an older version or a hand has stored may not work any more: then Maibo's own words do.
    let broken = serde_json::json!({"url": sink.url("/cgi-bin/webhook/send?key=0123456789"), "text_template": "{{ gone.with.it }}"});
    maibo.execute(&format!("UPDATE channels SET settings = '{broken}'"));
    maibo.ping_ok(&job);
    let said = sink.wait_for(2)[1].text();
    assert!(said.contains("is back after"), "{said}");
    maibo.all_delivered();
    let detail = maibo.row::<(String,)>("SELECT detail FROM attempts ORDER BY id DESC LIMIT 1").0;
    assert!(
        detail.contains("in Maibo's own words; text_template: line 1: there is no `gone.with.it`"),
        "{detail}"
    );
}
