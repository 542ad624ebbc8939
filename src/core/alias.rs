//! Aliases: the tokens that checks had at other products, kept so that their URLs go on working.

/// Shortest alias, in characters: it is a secret, and stands at the root.
pub const MIN_CHARS: usize = 6;
/// Longest alias, in bytes.
pub const MAX_CHARS: usize = 200;
/// What an alias looks like, in words.
pub const EXPECTED: &str = "6 to 200 bytes: letters of English, digits and -_.~=, with single slashes between parts, and anything that \
     can be seen and single blanks behind the first slash; not an address of Maibo itself";

/// First parts of our own addresses, and files that browsers and robots ask for by themselves.
const TAKEN: &[&str] = &[
    "apple-touch-icon.png",
    "badge",
    "channels",
    "checks",
    "favicon.ico",
    "finish",
    "healthz",
    "heartbeats",
    "language",
    "logout",
    "metrics",
    "projects",
    "readyz",
    "robots.txt",
    "security.txt",
    "sitemap.xml",
    "static",
];

/// Whether `text` may be an alias: [`EXPECTED`]. No part is empty, `.` or `..` (which clients resolve before they send a
/// URL). What stands behind the first slash is often a name that people gave, and no secret.
#[must_use]
pub fn is_valid(text: &str) -> bool {
    if text.len() < MIN_CHARS || text.split('/').next().is_some_and(|first| TAKEN.contains(&first)) {
        return false;
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '=');
    let first_fits = text.split('/').next().is_some_and(|first| first.chars().all(fits));
    let unseen = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let named = |c: char| c == ' ' || !(c.is_control() || c.is_whitespace() || unseen(c));
    text.len() <= MAX_CHARS
        && first_fits
        && text.split('/').all(|part| {
            !matches!(part, "" | "." | "..")
                && part.chars().all(named)
                && part.trim() == part
                && !part.contains("  ")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("c2354d53d2", true)]
    #[case("key/nightly-job", true)]
    #[case("1f5e3410-254c-11e8-b61d-55875966d031", true)]
    #[case("a.b~c=_/d/e", true)]
    #[case("d3x0c1", true)]
    #[case("d3x0c", false)]
    #[case("favicon.ico", false)]
    #[case("metrics", false)]
    #[case("key/metrics", true)]
    #[case("", false)]
    #[case("/", false)]
    #[case("abcdef/", false)]
    #[case("/abcdef", false)]
    #[case("abc//def", false)]
    #[case("abc/../def", false)]
    #[case("abc def", false)]
    #[case("abc?def", false)]
    #[case("key/备份（主库）: テスト・ジョブ", true)]
    #[case("key/a\tb", false)]
    #[case("key/a\u{202e}b", false)]
    #[case("脉脉脉", false)]
    #[case("token/core_服务", true)]
    #[case("key/send report", true)]
    #[case("key/ report", false)]
    #[case("key/send  report", false)]
    #[case("key/a\u{200b}b", false)]
    #[case("服务token/core", false)]
    #[case("abcdef\0", false)]
    fn tokens_that_can_stand_in_a_url(#[case] text: &str, #[case] valid: bool) {
        assert_eq!(is_valid(text), valid);
    }

    #[test]
    fn an_alias_is_not_endless() {
        assert!(is_valid(&"a".repeat(MAX_CHARS)));
        assert!(!is_valid(&"a".repeat(MAX_CHARS + 1)));
    }
}
