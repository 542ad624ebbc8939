//! Prepares every SQL statement of the store on a fresh database, so that a renamed column or a slip of the pen
//! fails here even if no other test runs that statement.
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqlSafeStr as _};

use crate::support::{self, Engine, Maibo, block_on};

/// The columns that each macro for them names.
type Columns = BTreeMap<&'static str, Vec<String>>;

/// The values of all string literals in a Rust source, each with the engine that it is written for: the one that
/// stands before it (`sqlite: "…"`, `const POSTGRES_LOCK: &str = "…"`), or `None` for both. What `concat!` joins is
/// one value; `columns` are those that macros like `check_columns!` name in it.
fn literals(source: &str, columns: &Columns) -> Vec<(Option<Engine>, String)> {
    const JOIN: &str = "concat!(";
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            'c' if rest.starts_with(JOIN) => {
                let engine = engine_before(&source[..source.len() - rest.len()]);
                let mut value = String::new();
                let mut parts = rest[JOIN.len()..].trim_start();
                loop {
                    if let Some(text) = parts.strip_prefix('"') {
                        let (part, next) = string(text);
                        value.push_str(&part);
                        parts = next;
                    } else if let Some((macro_name, text)) =
                        parts.split_once("!(\"").filter(|(name, _)| columns.contains_key(*name))
                    {
                        let (prefix, next) = string(text);
                        let named: Vec<String> =
                            columns[macro_name].iter().map(|name| prefix.clone() + name).collect();
                        value.push_str(&named.join(", "));
                        parts = next.strip_prefix(')').unwrap();
                    } else {
                        break;
                    }
                    parts = parts.trim_start().trim_start_matches(',').trim_start();
                }
                found.push((engine, value));
                parts
            }
            '/' if after.starts_with('/') => after.split_once('\n').map_or("", |(_, next)| next),
            '\'' => after_char(after),
            '"' => {
                let (value, next) = string(after);
                found.push((engine_before(&source[..source.len() - rest.len()]), value));
                next
            }
            _ => after,
        };
    }
    found
}

/// Which engine the declaration or field names that ends here.
fn engine_before(source: &str) -> Option<Engine> {
    let name = source.rsplit([';', '{', ',', '(', '"']).next().unwrap_or_default().to_lowercase();
    let named = |engine: &str| name.split(|c: char| !c.is_alphabetic()).any(|word| word == engine);
    if named("sqlite") {
        Some(Engine::Sqlite)
    } else if named("postgres") {
        Some(Engine::Postgres)
    } else {
        None
    }
}

/// What follows a character literal; after a lifetime's tick, everything.
fn after_char(rest: &str) -> &str {
    if let Some(escaped) = rest.strip_prefix('\\') {
        return escaped
            .char_indices()
            .nth(1)
            .and_then(|(at, _)| escaped[at..].split_once('\''))
            .map_or("", |(_, next)| next);
    }
    let mut chars = rest.chars();
    match (chars.next(), chars.next()) {
        (Some(_), Some('\'')) => chars.as_str(),
        _ => rest,
    }
}

/// A string's value, and what follows its closing quote.
fn string(rest: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') => value.push('\n'),
                Some('\n') => {
                    let next = chars.as_str().trim_start();
                    chars = next.chars();
                }
                Some(other) => value.push(other),
                None => break,
            },
            c => value.push(c),
        }
    }
    (value, chars.as_str())
}

/// The columns that a macro names, in its own source.
fn columns_of(name: &str, source: &str) -> Vec<String> {
    let (_, body) = source.split_once(&format!("macro_rules! {name}")).unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let texts = literals(body, &Columns::new());
    texts
        .iter()
        .map(|(_, text)| text.trim_end_matches(", ").to_owned())
        .filter(|text| !text.is_empty())
        .collect()
}

/// The statements in a source, one by one.
fn statements(source: &str, columns: &Columns) -> Vec<(Option<Engine>, String)> {
    const VERBS: [&str; 6] = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "LOCK"];
    literals(source, columns)
        .iter()
        .filter(|(_, text)| text.split_whitespace().next().is_some_and(|first| VERBS.contains(&first)))
        .flat_map(|(engine, text)| {
            text.split(';').map(|one| (*engine, one.trim().to_owned())).collect::<Vec<_>>()
        })
        // One with a gap for names is run on every table by moving/side.rs.
        .filter(|(_, statement)| !statement.is_empty() && !statement.contains('{'))
        .collect()
}

/// What the engine of this run says to each statement.
fn prepare_all(maibo: &Maibo, statements: &[String]) -> Vec<Result<(), sqlx::Error>> {
    let sql = |text: &String| AssertSqlSafe(text.clone()).into_sql_str();
    let mut said = Vec::new();
    if let Some(url) = maibo.postgres_url() {
        block_on(async {
            let mut db = PgConnection::connect(&url).await.unwrap();
            for text in statements {
                said.push((&mut db).prepare(sql(text)).await.map(drop));
            }
        });
    } else {
        maibo.on_file(async |db| {
            for text in statements {
                said.push((&mut *db).prepare(sql(text)).await.map(drop));
            }
        });
    }
    said
}

#[test]
fn every_statement_of_the_store_prepares() {
    let maibo = Maibo::new();
    assert_eq!(maibo.run(&["project", "list"]).code, Some(0), "makes the database");
    let (mut names, mut texts) = (Vec::new(), Vec::new());
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let columns: Columns = [
        ("check_columns", "check_row.rs", 30),
        ("channel_columns", "channels.rs", 8),
        ("state_columns", "listed.rs", 0),
        ("settings_columns", "listed.rs", 0),
    ]
    .map(|(name, file, least)| {
        let found = columns_of(name, &std::fs::read_to_string(store.join(file)).unwrap());
        assert!(found.len() > least, "{found:?}");
        (name, found)
    })
    .into();
    let files = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, mut paths): (Vec<_>, Vec<_>) = files(&store).partition(|path| path.is_dir());
    paths.extend(folders.iter().flat_map(|folder| files(folder)));
    for path in paths {
        let source = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().display().to_string();
        let found = statements(&source, &columns);
        let asks = source.contains("sqlx::query(") || source.contains("sqlx::query_as(");
        assert!(
            // The handle runs what others hand to it; the copy hands some to its sides.
            asks != found.is_empty() || name == "db.rs" || path.ends_with("moving/mod.rs"),
            "{name}: queries, and no statement that the scanner sees, or the reverse"
        );
        for (engine, text) in found {
            if engine.is_none_or(|engine| engine == support::engine()) {
                names.push(name.clone());
                texts.push(text);
            }
        }
    }
    for ((name, text), said) in names.iter().zip(&texts).zip(prepare_all(&maibo, &texts)) {
        assert!(said.is_ok(), "{name}: {text}\n{said:?}");
    }
    let files: BTreeSet<_> = names.iter().collect();
    assert!(
        texts.len() > 60 && files.len() > 10,
        "the scanner found only {} statements in {files:?}",
        texts.len()
    );
}

#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| -> BTreeSet<String> {
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().display().to_string())
            .collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}

#[test]
fn the_scanner_reads_strings_as_the_compiler_does() {
    let source = r#"
        // "SELECT comment"
        const A: &str = "SELECT '%' ESCAPE '\\'
            FROM a"; let quote = '"'; let tick = '\''; fn f<'a>(x: &'a str) {}
        const B: &str = "DELETE FROM b; \
            UPDATE c SET d = 1";
        let words = "SELECTED words";
        const D: Dialects = Dialects { sqlite: "SELECT 1", postgres: "SELECT 2" };
        const POSTGRES_LOCK: &str = "LOCK TABLE e";
        const POSTGRES_F: &str = concat!(
            "SELECT ", check_columns!("c."), " FROM f"
        );
    "#;
    let expected = [
        (None, "SELECT '%' ESCAPE '\\'\n            FROM a"),
        (None, "DELETE FROM b"),
        (None, "UPDATE c SET d = 1"),
        (Some(Engine::Sqlite), "SELECT 1"),
        (Some(Engine::Postgres), "SELECT 2"),
        (Some(Engine::Postgres), "LOCK TABLE e"),
        (Some(Engine::Postgres), "SELECT c.id, c.at FROM f"),
    ];
    let columns = Columns::from([("check_columns", vec!["id".to_owned(), "at".to_owned()])]);
    assert_eq!(statements(source, &columns), expected.map(|(engine, text)| (engine, text.to_owned())));
}
