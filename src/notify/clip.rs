//! Texts that fit: cutting by each vendor's own unit, never inside a character that a reader sees as one.
use unicode_segmentation::UnicodeSegmentation;

use super::message::Words;

/// The unit in which a vendor counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of UTF-8.
    Bytes,
    /// Unicode code points.
    Chars,
    /// UTF-16 code units: most emoji count two.
    Utf16,
}

impl Unit {
    /// How long a text is.
    #[must_use]
    pub fn len(self, text: &str) -> usize {
        match self {
            Self::Bytes => text.len(),
            Self::Chars => text.chars().count(),
            Self::Utf16 => text.encode_utf16().count(),
        }
    }

    /// `text` within `limit`, cut between what a reader sees as characters, and marked with `…`.
    #[must_use]
    pub fn clip(self, text: &str, limit: usize) -> String {
        if self.len(text) <= limit {
            return text.to_owned();
        }
        let mark = "…";
        let Some(room) = limit.checked_sub(self.len(mark)) else { return String::new() };
        let mut used = 0;
        let mut end = 0;
        for (at, seen) in text.grapheme_indices(true) {
            used += self.len(seen);
            if used > room {
                break;
            }
            end = at + seen.len();
        }
        format!("{}{mark}", text[..end].trim_end())
    }
}

/// Shortest that a part of a message becomes, in code points, before another one is cut.
const LEAST: usize = 24;

/// A message whose finished form keeps within a vendor's limit: renders, measures, shortens the longest part of the
/// words, and does it again. Finished markup is never cut.
pub fn fit<T>(words: &Words, limit: usize, render: impl Fn(&Words) -> T, size: impl Fn(&T) -> usize) -> T {
    let mut words = words.clone();
    loop {
        let made = render(&words);
        let over = size(&made).saturating_sub(limit);
        if over == 0 || !shorten(&mut words, over) {
            return made;
        }
    }
}

/// Takes about `over` from the longest part, at most half of it; `false` when nothing is left to take.
fn shorten(words: &mut Words, over: usize) -> bool {
    let longest = |text: &str| text.chars().count();
    let cut = |text: &mut String| {
        let length = text.chars().count();
        *text = Unit::Chars.clip(text, (length / 2).max(length.saturating_sub(over)).max(LEAST / 2));
    };
    // The job's own output is the first to go: the link leads to all of it.
    if let Some(quote) = &mut words.quote {
        if longest(quote) > LEAST {
            cut(quote);
        } else {
            words.quote = None;
        }
        return true;
    }
    let mut parts: Vec<&mut String> = words.facts.iter_mut().map(|(_, value)| value).collect();
    parts.push(&mut words.sentence);
    parts.push(&mut words.title);
    let Some(part) = parts.into_iter().max_by_key(|part| longest(part)) else { return false };
    if longest(part) > LEAST {
        cut(part);
        return true;
    }
    words.facts.pop().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNITS: [Unit; 3] = [Unit::Bytes, Unit::Chars, Unit::Utf16];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn clipping_keeps_within_the_limit(text in "\\PC{0,200}", limit in 0..300_usize) {
            for unit in UNITS {
                let clipped = unit.clip(&text, limit);
                prop_assert!(unit.len(&clipped) <= limit);
                prop_assert!(unit.len(&text) > limit || clipped == text);
            }
        }

        #[test]
        fn a_message_fits_whatever_it_says(
            title in "\\PC{0,2000}", sentence in "\\PC{0,3000}", fact in "\\PC{0,5000}", quote in proptest::option::of("\\PC{0,3000}"),
        ) {
            let words = Words { title, sentence, facts: vec![("Project".to_owned(), fact)], quote, link_label: "Open".to_owned() };
            let made = fit(&words, 1000, |words| format!("# {}\n{}", words.title, words.text("https://mon.example/x")), String::len);
            prop_assert!(made.len() <= 1000, "{}", made.len());
            prop_assert!(made.ends_with("https://mon.example/x"));
        }
    }

    #[test]
    fn a_family_is_not_torn_apart() {
        assert_eq!(Unit::Chars.clip("a👨‍👩‍👧‍👦bcdef", 6), "a…");
        assert_eq!(Unit::Utf16.clip("备份🎉🎉", 5), "备份🎉…");
        assert_eq!(Unit::Bytes.clip("夜间备份", 11), "夜间…");
    }
}
