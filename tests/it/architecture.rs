//! Keeps the dependency direction honest: inner modules never name outer ones.
use std::collections::BTreeSet;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// Whose sources, and which of our modules they must not name.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "src/store",
        &[
            "app",
            "cli",
            "config",
            "healthchecks",
            "i18n",
            "ingest",
            "mail",
            "net",
            "notify",
            "scheduler",
            "wake",
            "web",
        ],
    ),
    ("src/ingest", &["app", "cli", "notify", "scheduler", "web"]),
    ("src/scheduler", &["app", "cli", "web"]),
    ("src/notify", &["app", "cli", "ingest", "scheduler", "web"]),
    ("src/net", &["app", "cli", "ingest", "notify", "scheduler", "store", "web"]),
    ("src/mail.rs", &["app", "cli", "ingest", "notify", "scheduler", "store", "web"]),
    ("src/auth", &["app", "cli", "ingest", "notify", "scheduler", "web"]),
    ("src/config", &["app", "cli", "ingest", "notify", "scheduler", "store", "web"]),
    ("src/web", &["app", "cli", "scheduler"]),
];

/// The files of `notify` that may know the store: they read and write it, or are handed what is stored.
const MAY_STORE: &[&str] = &[
    "src/notify/consent.rs",
    "src/notify/dispatch.rs",
    "src/notify/load.rs",
    "src/notify/members.rs",
    "src/notify/post.rs",
    "src/notify/trial.rs",
];

/// Words that may stand in these places only.
const ONLY_IN: &[(&[&str], &[&str])] = &[
    (&["Utc::now", "Local::now", "SystemTime::now", "Timestamp::now", "Zoned::now"], &["src/clock.rs"]),
    (&["rand::", "new_v4", "now_v7"], &["src/rng.rs"]),
    (&["reqwest::Client", "reqwest::get", "reqwest::blocking"], &["src/net/"]),
    (&["tokio::spawn(", "thread::spawn("], &[]),
    (&["sqlx::query", "query_as("], &["src/store/"]),
];

/// What the core has no use for: it computes.
const NOT_IN_CORE: &[&str] = &[
    "async ",
    "sqlx",
    "tokio::",
    "axum::",
    "reqwest::",
    "lettre",
    "std::fs",
    "std::env",
    "std::net",
    "Instant",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A source file: its path from the root, and what stands in it besides comments and tests.
struct Source {
    name: String,
    code: String,
}

impl Source {
    /// Our modules that it names: `crate::x`, `crate::{x, y}`, or by enough `super`s.
    fn modules(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut from_root = |rest: &str| {
            if let Some(list) = rest.strip_prefix('{') {
                for item in top_level_items(list) {
                    found.insert(word(item.trim()).to_owned());
                }
            } else {
                found.insert(word(rest).to_owned());
            }
        };
        for (at, _) in self.code.match_indices("crate::") {
            from_root(&self.code[at + 7..]);
        }
        let up = "super::".repeat(self.depth());
        for (at, _) in self.code.match_indices(&up) {
            from_root(&self.code[at + up.len()..]);
        }
        found
    }

    /// How many modules it is below the root of the crate.
    fn depth(&self) -> usize {
        let path = self.name.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
        path.split('/').count()
    }
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// What stands between commas, up to the brace that closes the list.
fn top_level_items(list: &str) -> Vec<&str> {
    let (mut items, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                items.push(&list[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.retain(|item| !item.trim().is_empty());
    items
}

fn without_comments_and_tests(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = code.lines().map(|line| {
        // Not the slashes of an address.
        let comment = line.match_indices("//").map(|(at, _)| at).find(|at| !line[..*at].ends_with(':'));
        comment.map_or(line, |at| &line[..at])
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every source of the program but those that hold tests only.
fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    files.sort();
    let sources: Vec<Source> = files
        .into_iter()
        .map(|file| Source {
            name: file.strip_prefix(root()).unwrap().display().to_string(),
            code: without_comments_and_tests(&read_to_string(&file).unwrap()),
        })
        .filter(|source| !source.name.contains("/tests/"))
        .collect();
    assert!(sources.len() > 50, "the reader found only {} files", sources.len());
    sources
}

#[track_caller]
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn core_knows_only_core() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.name.starts_with("src/core/")) {
        let others = source.modules().into_iter().filter(|module| module != "core");
        wrong.extend(others.map(|module| format!("{} must not use `crate::{module}`", source.name)));
        let words = NOT_IN_CORE.iter().filter(|word| source.code.contains(**word));
        wrong.extend(words.map(|word| format!("{} must not use `{word}`", source.name)));
    }
    none(&wrong);
}

#[test]
fn inner_modules_do_not_know_outer_ones() {
    let mut wrong = Vec::new();
    for source in sources() {
        let modules = source.modules();
        for (_, outer) in ARROWS.iter().filter(|(place, _)| source.name.starts_with(place)) {
            let named = outer.iter().filter(|module| modules.contains(**module));
            wrong.extend(named.map(|module| format!("{} must not use `crate::{module}`", source.name)));
        }
    }
    none(&wrong);
}

#[test]
fn a_channel_does_not_know_the_store() {
    let sources = sources();
    let notify = sources.iter().filter(|source| source.name.starts_with("src/notify/"));
    let wrong: Vec<String> = notify
        .filter(|source| !MAY_STORE.contains(&source.name.as_str()) && source.modules().contains("store"))
        .map(|source| format!("{} must not use `crate::store`", source.name))
        .collect();
    none(&wrong);
}

#[test]
fn time_chance_and_the_network_have_one_door_each() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (words, places) in ONLY_IN {
            if places.iter().any(|place| source.name.starts_with(place)) {
                continue;
            }
            let named = words.iter().filter(|word| source.code.contains(**word));
            wrong.extend(named.map(|word| format!("{} must not use `{word}`", source.name)));
        }
    }
    none(&wrong);
}

#[test]
fn the_reader_of_arrows_sees_every_way_to_name_a_module() {
    let source =
        |name: &str, code: &str| Source { name: name.to_owned(), code: without_comments_and_tests(code) };
    for (name, code, expected) in [
        ("src/core/check.rs", "use crate::store::Db;", vec!["store"]),
        (
            "src/core/check.rs",
            "use crate::{\n    clock::Clock,\n    store::{self, Db}, web,\n};",
            vec!["clock", "store", "web"],
        ),
        ("src/core/check.rs", "use super::super::store::Db;", vec!["store"]),
        (
            "src/core/schedule/zone.rs",
            "use super::super::Time; use super::super::super::web::x;",
            vec!["web"],
        ),
        ("src/core/schedule/mod.rs", "use super::super::web::x;", vec!["web"]),
        ("src/mail.rs", "fn f() { super::store::x() }", vec!["store"]),
        ("src/core/check.rs", "// crate::web\nlet x = \"https://y\"; // crate::store", vec![]),
        ("src/core/check.rs", "x();\n#[cfg(test)]\nmod tests {\n    use crate::web;\n}", vec![]),
    ] {
        let modules = source(name, code).modules();
        assert_eq!(modules.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{name}: {code}");
    }
}
