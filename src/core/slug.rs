//! Short names of checks, as they stand in ping URLs.

use unicode_normalization::UnicodeNormalization as _;

/// Longest slug and longest name, in characters (Healthchecks' limit).
pub const MAX_CHARS: usize = 100;

/// Whether `text` may be a slug: lower-case ASCII letters, digits, `-` and `_`, at most 100.
/// The empty slug is allowed: the check then has only its UUID.
#[must_use]
pub fn is_valid(text: &str) -> bool {
    text.len() <= MAX_CHARS
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

/// Whether a path segment could be a slug or a ping key at all: `[-a-zA-Z0-9_]+`.
#[must_use]
pub fn could_be(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A slug made from a name, as Healthchecks makes it; empty when nothing in the name can stand in one. Letters with
/// marks lose the marks (`ü` becomes `u`), other letters beyond ASCII go.
#[must_use]
pub fn from_name(name: &str) -> String {
    let mut slug = String::new();
    for c in name.nfkd().filter(char::is_ascii) {
        if c.is_ascii_alphanumeric() || c == '_' {
            slug.push(c.to_ascii_lowercase());
        } else if (c == '-' || c.is_whitespace()) && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches(['-', '_']);
    slug.get(..MAX_CHARS).unwrap_or(slug).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Nightly DB dump", "nightly-db-dump")]
    #[case("  a  --  b ", "a-b")]
    #[case("主库 backup", "backup")]
    #[case("备份", "")]
    #[case("Über Größe", "uber-groe")]
    #[case("øl №5 ﬁx", "l-no5-fix")]
    #[case("__a_b - - c--", "a_b-c")]
    fn slugs_come_from_names(#[case] name: &str, #[case] slug: &str) {
        assert_eq!(from_name(name), slug);
        assert!(is_valid(slug));
    }

    #[test]
    fn a_slug_is_lower_case_and_short() {
        assert!(is_valid("db_backup-2"));
        assert!(!is_valid("Db"));
        assert!(!is_valid("备份"));
        assert!(!is_valid(&"a".repeat(101)));
    }
}
