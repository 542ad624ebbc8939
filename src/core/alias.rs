//! Aliases: the tokens that checks had at other products, kept so that their URLs go on working.

/// Longest alias, in characters.
pub const MAX_CHARS: usize = 200;

/// Whether `text` may be an alias: 1 to 200 letters, digits and `-_.~=`, with slashes between parts of which none is
/// empty, `.` or `..` (which clients resolve before they send a URL).
#[must_use]
pub fn is_valid(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~' | b'=');
    text.len() <= MAX_CHARS
        && text.split('/').all(|part| !matches!(part, "" | "." | "..") && part.bytes().all(fits))
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
    #[case("", false)]
    #[case("/", false)]
    #[case("a/", false)]
    #[case("/a", false)]
    #[case("a//b", false)]
    #[case("a/../b", false)]
    #[case("a b", false)]
    #[case("a?b", false)]
    #[case("脉", false)]
    #[case("a\0", false)]
    fn tokens_that_can_stand_in_a_url(#[case] text: &str, #[case] valid: bool) {
        assert_eq!(is_valid(text), valid);
    }

    #[test]
    fn an_alias_is_not_endless() {
        assert!(is_valid(&"a".repeat(MAX_CHARS)));
        assert!(!is_valid(&"a".repeat(MAX_CHARS + 1)));
    }
}
