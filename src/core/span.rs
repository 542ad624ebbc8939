//! Lengths of time as people write them: `2s`, `5m`, `1h30m`, `1d`.
use super::Span;

/// Why a text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    #[error("`{0}` is not a length of time like 30s, 5m, 1h or 1d")]
    Unreadable(String),
    #[error("`{0}` is outside 1s to 365d")]
    OutOfRange(String),
}

/// Longest length that may be asked for.
pub const MAX: Span = Span::days(365);

/// Reads one or several numbers with a unit (s, m, h, d, w), from one second to 365 days.
pub fn parse(text: &str) -> Result<Span, SpanError> {
    let unreadable = || SpanError::Unreadable(text.chars().take(40).collect());
    let mut total: i64 = 0;
    let mut digits = String::new();
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        if c.is_ascii_digit() && digits.len() < 12 {
            digits.push(c);
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            _ => return Err(unreadable()),
        };
        let number: i64 = digits.parse().map_err(|_| unreadable())?;
        digits.clear();
        total = number.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or_else(unreadable)?;
    }
    if !digits.is_empty() || text.trim().is_empty() {
        return Err(unreadable());
    }
    if !(1..=MAX.num_seconds()).contains(&total) {
        return Err(SpanError::OutOfRange(text.chars().take(40).collect()));
    }
    Ok(Span::seconds(total))
}

/// A length of time as [`parse`] reads it, in as few units as say it exactly.
#[must_use]
pub fn text(span: Span) -> String {
    let mut seconds = span.num_seconds().max(0);
    let mut text = String::new();
    for (unit, size) in [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)] {
        if seconds >= size {
            text.push_str(&(seconds / size).to_string());
            text.push(unit);
            seconds %= size;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("2s", 2)]
    #[case("5m", 300)]
    #[case("1h 30m", 5400)]
    #[case("1d", 86_400)]
    #[case("2W", 1_209_600)]
    fn lengths(#[case] written: &str, #[case] seconds: i64) {
        assert_eq!(parse(written), Ok(Span::seconds(seconds)));
    }

    #[rstest]
    #[case("")]
    #[case("5")]
    #[case("m")]
    #[case("0s")]
    #[case("1.5h")]
    #[case("-1h")]
    #[case("366d")]
    #[case("99999999999999999999d")]
    #[case("五分")]
    fn what_is_not_a_length(#[case] written: &str) {
        assert!(parse(written).is_err());
    }

    proptest! {
        #[test]
        fn text_reads_back(seconds in 1..=31_536_000_i64) {
            prop_assert_eq!(parse(&text(Span::seconds(seconds))), Ok(Span::seconds(seconds)));
        }
    }
}
