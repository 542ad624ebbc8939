//! Short names of checks, as they stand in ping URLs.

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

/// A slug made from a name; empty when nothing in the name can stand in one.
#[must_use]
pub fn from_name(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() || c == '_' {
            slug.push(c);
        } else if (c.is_whitespace() || c == '-') && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(MAX_CHARS);
    slug.trim_end_matches('-').to_owned()
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
