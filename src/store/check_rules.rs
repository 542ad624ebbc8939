//! What the settings of a check must keep to, whoever saves them: the form, or a call to our API.
use super::checks::Settings;
use crate::core::check::Early;
use crate::core::text::one_line;
use crate::core::{Span, slug, span};

/// Longest list of tags, as one text, in characters. Healthchecks has no limit, and fails with 500 where its database has one.
pub const MAX_TAGS: usize = 2000;
/// Longest description, in characters.
pub const MAX_DESCRIPTION: usize = 100_000;
/// Longest list of keywords, as one text, in characters (Healthchecks' limit).
pub const MAX_KEYWORDS: usize = 200;

/// A rule that a setting breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing that anybody could see.
    Required,
    /// More than this many characters.
    TooLong(usize),
    /// [`slug::is_valid`] says no.
    Slug,
    /// Not one second to 365 days; for `early`, more than those.
    Span,
}

impl Settings {
    /// The fields that break a rule, in the order of the form. The schedule has its own reader,
    /// [`crate::core::schedule::Schedule::accept`].
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, Fault)> {
        let mut faults = Vec::new();
        let mut note = |field, broken: bool, fault| {
            if broken {
                faults.push((field, fault));
            }
        };
        let longer = |text: &str, limit: usize| text.chars().nth(limit).is_some();
        note("name", one_line(&self.name).is_empty(), Fault::Required);
        note("name", longer(&self.name, slug::MAX_CHARS), Fault::TooLong(slug::MAX_CHARS));
        note("slug", !slug::is_valid(&self.slug), Fault::Slug);
        note("tags", longer(&self.tags, MAX_TAGS), Fault::TooLong(MAX_TAGS));
        note("description", longer(&self.description, MAX_DESCRIPTION), Fault::TooLong(MAX_DESCRIPTION));
        note("grace", self.grace < Span::seconds(1) || self.grace > span::MAX, Fault::Span);
        if let Early::Within(early) = self.early {
            note("early", early < Span::zero() || early > span::MAX, Fault::Span);
        }
        let Self { rules, .. } = self;
        for (field, words) in [
            ("filters.start", &rules.start),
            ("filters.success", &rules.success),
            ("filters.failure", &rules.failure),
        ] {
            note(field, longer(words, MAX_KEYWORDS), Fault::TooLong(MAX_KEYWORDS));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_broken_rule_is_told_with_its_field() {
        assert_eq!(Settings::named("Nightly dump").faults(), []);
        let bad = Settings {
            name: "\u{200b}\n".to_owned(),
            slug: "Nightly".to_owned(),
            tags: "库".repeat(MAX_TAGS + 1),
            grace: Span::milliseconds(999),
            early: Early::Within(span::MAX + Span::seconds(1)),
            ..Settings::named("")
        };
        let expected = [
            ("name", Fault::Required),
            ("slug", Fault::Slug),
            ("tags", Fault::TooLong(MAX_TAGS)),
            ("grace", Fault::Span),
            ("early", Fault::Span),
        ];
        assert_eq!(bad.faults(), expected);
        let long = Settings::named(&"库".repeat(slug::MAX_CHARS + 1));
        assert_eq!(long.faults(), [("name", Fault::TooLong(slug::MAX_CHARS))]);
    }
}
