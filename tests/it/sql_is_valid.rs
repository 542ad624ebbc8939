//! Prepares every SQL statement of the store on a fresh database, so that a renamed column or a slip of the pen
//! fails here even if no other test runs that statement.
use std::collections::BTreeSet;
use std::path::Path;

use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};

use crate::support::Maibo;

/// The values of all string literals in a Rust source.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '/' if after.starts_with('/') => after.split_once('\n').map_or("", |(_, next)| next),
            '\'' => after_char(after),
            '"' => {
                let (value, next) = string(after);
                found.push(value);
                next
            }
            _ => after,
        };
    }
    found
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

/// The statements in a source, one by one.
fn statements(source: &str) -> Vec<String> {
    const VERBS: [&str; 5] = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];
    literals(source)
        .iter()
        .filter(|text| text.split_whitespace().next().is_some_and(|first| VERBS.contains(&first)))
        .flat_map(|text| text.split(';').map(|one| one.trim().to_owned()).collect::<Vec<_>>())
        .filter(|statement| !statement.is_empty())
        .collect()
}

#[test]
fn every_statement_of_the_store_prepares() {
    let maibo = Maibo::new();
    assert_eq!(maibo.run(&["project", "list"]).code, Some(0), "makes the database");
    let mut checked = 0;
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store")).unwrap() {
        let path = entry.unwrap().path();
        let source = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().display().to_string();
        let found = statements(&source);
        let asks = source.contains("sqlx::query(") || source.contains("sqlx::query_as(");
        assert_eq!(
            asks,
            !found.is_empty(),
            "{name}: queries, and no statement that the scanner sees, or the reverse"
        );
        for sql in found {
            let prepared = maibo.on_file(async |db| {
                (&mut *db).prepare(AssertSqlSafe(sql.clone()).into_sql_str()).await.map(drop)
            });
            assert!(prepared.is_ok(), "{name}: {sql}\n{prepared:?}");
            checked += 1;
            files.insert(name.clone());
        }
    }
    assert!(checked > 60 && files.len() > 10, "the scanner found only {checked} statements in {files:?}");
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
    "#;
    let expected = ["SELECT '%' ESCAPE '\\'\n            FROM a", "DELETE FROM b", "UPDATE c SET d = 1"];
    assert_eq!(statements(source), expected);
}
