//! Bad input: every method at every address of `routes.rs`, with odd names and bodies, with and without keys. The answer
//! is never an error of ours, it has the form that its address promises, and nobody else's things are harmed.
use serde_json::{Value, json};

use crate::support::Maibo;
use crate::support::http::{self, Reply};

const ROUTES: &str = include_str!("../../src/web/routes.rs");
const METHODS: [&str; 10] =
    ["GET", "HEAD", "PUT", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW", "POST", "DELETE"];
/// What may stand in an address in the place of something that there is.
const ODD_NAMES: [&str; 6] = ["%00", "%ff%fe", "..%2f..", "-1", "%E5%A4%87%E4%BB%BD", "99999999999999999999"];
/// Who guesses at the door must not lock us out of it.
const OUR_ADDRESS: (&str, &str) = ("X-Forwarded-For", "192.0.2.7");

/// An address as `routes.rs` has it, and the router that it is in.
#[derive(Debug)]
struct Address {
    family: &'static str,
    path: String,
}

/// Every address that the server answers.
fn addresses() -> Vec<Address> {
    let mut found = Vec::new();
    let mut family = "";
    for (at, _) in ROUTES.match_indices(['l', 'f', '.']) {
        let rest = &ROUTES[at..];
        if let Some(named) = rest.strip_prefix("let ").or_else(|| rest.strip_prefix("fn ")) {
            let name = named.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            let is_router = named[name.len()..].starts_with(" = Router::new()") || name == "management";
            family = if is_router { name } else { family };
        }
        let Some(path) = rest.strip_prefix(".route(").and_then(|rest| rest.trim_start().strip_prefix('"'))
        else {
            continue;
        };
        let path = path.split('"').next().unwrap();
        if family == "management" {
            let versions = (1..=3).map(|version| format!("/api/v{version}{path}"));
            found.extend(versions.map(|path| Address { family, path }));
        } else {
            found.push(Address { family, path: path.to_owned() });
        }
    }
    for (family, least) in [("pages", 10), ("management", 30), ("badges", 3), ("machines", 5), ("pings", 1)] {
        let count = found.iter().filter(|address| address.family == family).count();
        assert!(count >= least, "routes.rs is not read as it should be: {count} addresses in {family}");
    }
    found
}

/// What there is to be named in addresses, and the keys to it.
struct World {
    maibo: Maibo,
    project: String,
    ping_key: String,
    read_only: String,
    metrics: String,
    session: String,
    /// A check of another project: nobody here has a key to it.
    canary: String,
}

impl World {
    fn new() -> Self {
        let mut maibo = Maibo::new().with("MAIBO_TRUSTED_PROXIES", "127.0.0.1");
        maibo.serve();
        let made = maibo.run_with(
            &["user", "create", "--email", "ops@example.org", "--password-stdin"],
            "a long password\n",
        );
        assert_eq!(made.code, Some(0), "{made:?}");
        maibo.made(&["project", "create", "other"]);
        let canary = maibo.check("Canary", &["--project", "other", "--every", "1h"]);
        let mut world = Self {
            project: maibo.row::<(String,)>("SELECT uuid FROM projects WHERE name = 'default'").0,
            ping_key: maibo.made(&["key", "create", "--scope", "ping"]),
            read_only: maibo.made(&["key", "create", "--scope", "read-only"]),
            metrics: maibo.made(&["key", "create", "--scope", "metrics"]),
            session: String::new(),
            canary,
            maibo,
        };
        world.sign_in();
        world
    }

    fn sign_in(&mut self) {
        let form = b"email=ops%40example.org&password=a+long+password";
        let reply = http::request(self.maibo.addr(), "POST", "/login", &[OUR_ADDRESS], form);
        assert_eq!(reply.status, 303, "{}", reply.text());
        let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap();
        cookie.clone_into(&mut self.session);
    }

    /// Headers that open everything there is, or none.
    fn headers(&self, keys: bool) -> Vec<(&str, &str)> {
        if !keys {
            return Vec::new();
        }
        vec![("X-Api-Key", self.maibo.key()), ("X-Metrics-Key", &self.metrics), ("Cookie", &self.session)]
    }

    /// Still signed in, whatever was done before.
    fn stay_signed_in(&mut self) {
        let addr = self.maibo.addr();
        let target = format!("/projects/{}/checks", self.project);
        if http::request(addr, "GET", &target, &self.headers(true), b"").status != 200 {
            self.sign_in();
        }
    }

    /// The address with things that there are, and with odd names in their place.
    fn targets(&self, address: &Address) -> Vec<String> {
        if !address.path.contains('{') {
            return vec![address.path.clone()];
        }
        let check = self.maibo.api_check(&json!({"name": "Job", "slug": "job", "channels": "*"}));
        assert_eq!(self.maibo.post(&check, b"a body").status, 200);
        let channel = if address.path.contains("{channel}") {
            self.maibo.channel("webhook", "hook", &["url_down=http://127.0.0.1:9/"])
        } else {
            String::new()
        };
        let real = |name: &str| match name {
            "project" => self.project.clone(),
            "channel" => channel.clone(),
            "kind" => "webhook".to_owned(),
            "key" => self.read_only.clone(),
            "ping" | "n" => "1".to_owned(),
            "states" => "3".to_owned(),
            "file" => "x.svg".to_owned(),
            _ => check.clone(),
        };
        let fill = |pick: &dyn Fn(&str) -> String| {
            let mut parts = address.path.split(['{', '}']);
            let mut path = parts.next().unwrap().to_owned();
            while let (Some(name), Some(rest)) = (parts.next(), parts.next()) {
                path += &pick(name);
                path += rest;
            }
            path
        };
        let mut targets = vec![fill(&real)];
        targets.extend(ODD_NAMES.iter().map(|odd| fill(&|_| (*odd).to_owned())));
        // One odd name beside what there is.
        targets.push(fill(&|name| {
            if name == "project" || name == "code" { real(name) } else { "%00".to_owned() }
        }));
        if address.family == "pings" {
            targets.push(format!("/ping/{}/job/fail?rid=%00&create=1", self.ping_key));
        }
        targets
    }

    /// Sends, and judges the answer.
    #[track_caller]
    fn throw(&self, family: &str, method: &str, target: &str, keys: bool, body: &[u8]) {
        let reply = http::request(self.maibo.addr(), method, target, &self.headers(keys), body);
        let what = format!("{method} {target:.200} (keys: {keys}, {} bytes) → {}", body.len(), reply.status);
        assert!(reply.status < 500, "{what}: {}", reply.text());
        if method == "HEAD" {
            assert_eq!(reply.body, b"", "{what}");
        }
        match family {
            "pings" => judge_ping(method, &reply, &what),
            "management" => judge_api(method, target, &reply, &what),
            "pages" => judge_page(method, &reply, &what),
            "badges" => assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{what}"),
            _ => {}
        }
    }

    /// The server is as well as before, and so is what nobody had a key to.
    #[track_caller]
    fn is_unharmed(&self) {
        assert_eq!(self.maibo.call("GET", "/readyz").status, 200);
        let before = self.maibo.pings(&self.canary, "kind").len();
        self.maibo.ping_ok(&self.canary);
        assert_eq!(self.maibo.pings(&self.canary, "kind").len(), before + 1);
        let (name, status): (String, String) =
            self.maibo.row(&format!("SELECT name, status FROM checks WHERE uuid = '{}'", self.canary));
        assert_eq!((name.as_str(), status.as_str()), ("Canary", "up"));
        assert_eq!(self.maibo.number("SELECT COUNT(*) FROM projects"), 2);
        assert_eq!(self.maibo.number("SELECT COUNT(*) FROM users"), 1);
        let log = self.maibo.log();
        for bad in ["panicked", "please report", "ERROR"] {
            assert!(!log.contains(bad), "`{bad}` in the log:\n{log}");
        }
    }
}

/// COMPATIBILITY 4.1: a few words of plain text.
#[track_caller]
fn judge_ping(method: &str, reply: &Reply, what: &str) {
    let words: &[&str] = match reply.status {
        200 => &["OK"],
        201 => &["Created"],
        204 => &[""],
        400 => &["invalid url format", "invalid uuid format"],
        404 => &["not found"],
        409 => &["ambiguous slug"],
        _ => panic!("{what}"),
    };
    // Neither has a body in HTTP.
    if method != "HEAD" && (method, reply.status) != ("CONNECT", 200) {
        assert!(words.contains(&reply.text().as_str()), "{what}: {}", reply.text());
    }
    if reply.status != 204 {
        assert!(reply.header("content-type").unwrap().starts_with("text/plain"), "{what}");
    }
}

/// COMPATIBILITY 4.2: readable from any page; a refusal has one `error` in JSON, or no words.
#[track_caller]
fn judge_api(method: &str, target: &str, reply: &Reply, what: &str) {
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{what}");
    if reply.body.is_empty() || target.contains("/metrics") && reply.status == 403 {
        return;
    }
    assert_ne!(method, "HEAD", "{what}");
    if reply.status == 409 {
        assert_eq!(reply.text(), "check is not paused", "{what}");
    } else if reply.status >= 400 {
        let told: Value = reply.json();
        assert!(told["error"].is_string() && told.as_object().unwrap().len() == 1, "{what}: {told}");
    } else if !target.contains("/status") && !target.contains("/bounces") && !target.ends_with("/body") {
        assert!(reply.json().is_object(), "{what}");
    }
}

/// A refusal is a page too, and all pages have the headers that keep a browser on our side.
#[track_caller]
fn judge_page(method: &str, reply: &Reply, what: &str) {
    assert!(reply.header("content-security-policy").is_some(), "{what}");
    if reply.status >= 400 && method != "HEAD" {
        let kind = reply.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("text/html"), "{what}: {kind} {}", reply.text());
    }
    if (300..400).contains(&reply.status) {
        assert!(reply.header("location").unwrap().starts_with('/'), "{what}");
    }
}

/// Bodies that no client of good faith sends.
fn odd_bodies() -> Vec<Vec<u8>> {
    let utf16 = |text: &str| {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    vec![
        Vec::new(),
        vec![0; 3000],
        "[".repeat(100_000).into_bytes(),
        format!("{}1{}", r#"{"a":"#.repeat(50_000), "}".repeat(50_000)).into_bytes(),
        b"{\"name\": \"\xff\xfe\", \"tags\": \"\xed\xa0\x80\"}".to_vec(),
        utf16(r#"{"name": "job"}"#),
        format!(r#"{{"tags": "{}"}}"#, "t ".repeat(1_000_000)).into_bytes(),
        b"tag=x&name=%00%ff&".repeat(10_000),
        json!({"name": "a\u{0}b", "tags": "\u{0}", "desc": "\u{0}", "schedule": "\u{0} * * * *", "tz": "\u{0}",
            "channels": "\u{0}", "success_kw": "\u{0}", "unique": ["name"]})
        .to_string()
        .into_bytes(),
        br#"{"name": {}, "timeout": -1e999, "unique": [[]], "schedule": [], "channels": {"": null}}"#.to_vec(),
    ]
}

#[test]
fn every_method_at_every_address_is_answered_in_good_order() {
    let mut world = World::new();
    let bodies = odd_bodies();
    let mut turn = 0;
    for address in addresses() {
        for keys in [false, true] {
            world.stay_signed_in();
            for (n, target) in world.targets(&address).iter().enumerate() {
                for method in METHODS {
                    turn += 1;
                    let all = method == "POST" && n == 0;
                    let thrown =
                        if all { &bodies[..] } else { std::slice::from_ref(&bodies[turn % bodies.len()]) };
                    for body in thrown {
                        world.throw(address.family, method, target, keys, body);
                    }
                }
            }
        }
    }
    world.is_unharmed();
}

#[test]
fn a_hundred_megabytes_are_refused_or_cut_wherever_they_are_sent() {
    let world = World::new();
    let check = world.maibo.api_check(&json!({"name": "Job"}));
    let body = vec![b'a'; 100_000_000];
    for (family, method, target) in [
        ("pings", "POST", format!("/ping/{check}")),
        ("pings", "GET", format!("/ping/{check}/fail")),
        ("pings", "POST", "/ping/nothing".to_owned()),
        ("management", "POST", "/api/v3/checks/".to_owned()),
        ("management", "GET", "/api/v3/checks/".to_owned()),
        ("management", "DELETE", format!("/api/v3/checks/{}", world.canary)),
        ("pages", "POST", "/login".to_owned()),
        ("pages", "POST", format!("/projects/{}/checks/new", world.project)),
        ("pages", "GET", "/".to_owned()),
        ("badges", "GET", "/b/3/nothing.svg".to_owned()),
        ("machines", "GET", "/healthz".to_owned()),
        ("machines", "GET", "/metrics".to_owned()),
    ] {
        world.throw(family, method, &target, true, &body);
    }
    let reply = http::request(world.maibo.addr(), "POST", "/login", &[], &body);
    assert_eq!(reply.status, 413);
    assert_eq!(world.maibo.pings(&check, "kind"), ["success", "fail"]);
    assert!(world.maibo.last_body(&check).unwrap().len() <= 100_000);
    world.is_unharmed();
}
