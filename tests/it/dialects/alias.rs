//! Aliases: how a check gets one, and whom it beats.
use serde_json::{Value, json};

use super::{aliased, get, refused};
use crate::support::Maibo;

#[test]
fn an_alias_is_set_shown_and_taken_away() {
    let maibo = Maibo::serving();
    let first = aliased(&maibo, "one/two");
    let second = maibo.check("Second", &["--every", "1h"]);
    let alias = |check: &str, token: &str| maibo.run(&["check", "alias", check, token]);
    let shown = || {
        let rows: Value = serde_json::from_str(&maibo.run(&["check", "list", "--json"]).stdout).unwrap();
        rows.as_array().unwrap().iter().map(|row| row["alias"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(shown(), [json!("one/two"), Value::Null]);
    refused(&alias(&second, "one/two"), &first);
    refused(&alias(&second, &first), &first);
    for token in ["", "a b", "a//b", "/a", "a/", "a/../b", "äbcdef", "abc/d  e", &"a".repeat(201)] {
        refused(&alias(&second, token), "200");
    }
    refused(&alias("nobody", "tok123"), "nobody");
    refused(&maibo.run(&["check", "alias", &second]), "TOKEN");
    refused(&maibo.run(&["check", "alias", &second, "tok123", "--none"]), "--none");
    refused(&maibo.run(&["check", "create", "--name", "x", "--every", "1h", "--alias", "one/two"]), &first);
    refused(
        &maibo.run(&["check", "create", "--name", "x", "--every", "1h", "--alias", "no good"]),
        "--alias",
    );
    assert_eq!(maibo.number("SELECT COUNT(*) FROM checks"), 2);

    assert_eq!(alias("Second", &"a".repeat(200)).code, Some(0));
    assert_eq!(alias(&second, "tok123").code, Some(0));
    assert_eq!(alias(&second, "tok123").code, Some(0), "once more changes nothing");
    assert_eq!(alias(&second, &second).code, Some(0), "it leads there anyway");
    assert_eq!(alias(&second, "tok123").code, Some(0));
    assert_eq!(shown(), [json!("one/two"), json!("tok123")]);
    assert_eq!(get(&maibo, "/api/push/tok123").0, 200);
    assert_eq!(maibo.run(&["check", "alias", &second, "--none"]).code, Some(0));
    assert_eq!(get(&maibo, "/api/push/tok123").0, 404);
    assert_eq!(shown(), [json!("one/two"), Value::Null]);
    // A free alias may be taken again; a deleted check leaves its own free.
    assert_eq!(maibo.run(&["check", "delete", &first]).code, Some(0));
    assert_eq!(alias(&second, "one/two").code, Some(0));
    assert_eq!(get(&maibo, "/api/push/one%2Ftwo").0, 200);
}

#[test]
fn an_alias_takes_no_pings_away_from_those_who_have_the_key() {
    let maibo = Maibo::serving();
    let key = maibo.made(&["key", "create", "--scope", "ping"]);
    let own = maibo.check("Job", &["--every", "1h", "--slug", "nightly"]);
    maibo.made(&["project", "create", "other"]);
    let alias = format!("{key}/nightly");
    let thief = maibo.check("Thief", &["--every", "1h", "--project", "other", "--alias", &alias]);
    assert_eq!(get(&maibo, &format!("/p/{key}/nightly?state=complete")).0, 200);
    let pings = |uuid: &str| maibo.number(&format!("SELECT n_pings FROM checks WHERE uuid = '{uuid}'"));
    assert_eq!((pings(&own), pings(&thief)), (1, 0));
    // Within the project an alias may give a name to a check with another slug.
    let moved =
        maibo.check("Moved", &["--every", "1h", "--slug", "new-name", "--alias", &format!("{key}/old-name")]);
    assert_eq!(get(&maibo, &format!("/p/{key}/old-name?state=complete")).0, 200);
    assert_eq!(pings(&moved), 1);
}
