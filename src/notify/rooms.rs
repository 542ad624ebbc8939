//! What kinds of channel have in common that write into a room or open an incident: one address, colours, people to
//! call, and names that must not become markup.
use url::Url;

use super::alert::{Alert, Side};
use super::clip::Unit;
use super::outcome::SendError;
use super::people;
use super::settings::FieldError;
use super::sign::base64;
use super::{Draft, Settings};

/// A setting as it was given, without the spaces around it; empty when it is not set.
pub(super) fn given<'a>(settings: &'a Settings, name: &str) -> &'a str {
    settings.get(name).map_or("", |value| value.trim())
}

/// Settings without those that are empty.
pub(super) fn filled<const N: usize>(settings: [(&str, String); N]) -> Settings {
    settings
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The address in the field `url`, to be called.
pub(super) fn address(draft: &Draft<'_>) -> Result<Url, SendError> {
    Url::parse(draft.get("url")).map_err(|_| SendError::Permanent("the channel's address is missing".into()))
}

/// What an on-call service knows a trouble by: the check, on every message about it; a test and each notice of
/// Maibo's own have keys that no recovery of a check closes.
pub(super) fn incident(alert: &Alert) -> String {
    match (alert.side, &alert.notice) {
        (Side::Test, _) => "maibo-test".to_owned(),
        (_, Some(_)) => format!("maibo-{}", alert.event_id),
        (_, None) => alert.key(),
    }
}

/// Whether the message only proves that the channel still works: it must open no incident.
pub(super) fn is_canary(alert: &Alert) -> bool {
    alert.side == Side::Test && alert.quiet
}

/// HTTP Basic authentication (RFC 7617): the value of an `Authorization` header.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64(format!("{user}:{password}").as_bytes()))
}

/// What is said beside a message in red, green or grey.
pub(super) fn colour(side: Side) -> &'static str {
    match side {
        Side::Down => "#d9534f",
        Side::Up => "#5cb85c",
        Side::Test => "#8a8f98",
    }
}

/// The same as a character, for rooms without colours.
pub(super) fn mark(side: Side) -> &'static str {
    match side {
        Side::Down => "🔴",
        Side::Up => "🟢",
        Side::Test => "⚪",
    }
}

/// Reads a field that lists people, each in the vendor's own form.
pub(super) fn read_people(
    settings: &Settings,
    code: &'static str,
    read: impl Fn(&str) -> Option<String>,
) -> Result<String, FieldError> {
    let mut read_ones = Vec::new();
    for entry in people::words(given(settings, "mention")) {
        read_ones.push(read(entry).ok_or_else(|| FieldError::new("mention", code, entry))?);
    }
    Ok(read_ones.join(" "))
}

/// Whom a message calls: those of the field `mention`, and only when something is down.
pub(super) fn called<'a>(draft: &Draft<'a>) -> Vec<&'a str> {
    if draft.alert.side == Side::Down { people::words(draft.get("mention")).collect() } else { Vec::new() }
}

/// The same behind a title: a space before each.
pub(super) fn called_behind(draft: &Draft<'_>) -> String {
    called(draft).into_iter().flat_map(|who| [" ", who]).collect()
}

/// Text that stays text in vendors' markup that knows no escapes: an invisible character before those that would
/// begin a style or a link. `_` inside a word begins nothing.
pub(super) fn inert(text: &str) -> String {
    const JOINER: char = '\u{34f}';
    let mut made = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let inside = before.is_alphanumeric() && chars.peek().is_some_and(|next| next.is_alphanumeric());
        let link = c == '(' && before == ']';
        if link || matches!(c, '*' | '`' | '~' | '[') || (c == '_' && !inside) {
            made.push(JOINER);
        }
        made.push(c);
        before = c;
    }
    made
}

/// Text that calls nobody: an invisible space behind each `@`.
pub(super) fn uncalled(text: &str) -> String {
    text.replace('@', "@\u{200b}")
}

/// Text with a backslash before every character that Markdown may read as its own.
pub(super) fn markdown(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut line_begins = true;
    for c in text.chars() {
        let styles = matches!(c, '\\' | '*' | '_' | '~' | '|' | '`' | '[' | ']' | '<' | '>');
        if styles || (line_begins && matches!(c, '#' | '-' | '+' | '=')) {
            made.push('\\');
        }
        made.push(c);
        line_begins = c == '\n' || (line_begins && c == ' ');
    }
    made
}

/// Text for HTML.
pub(super) fn html(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => made.push_str("&amp;"),
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            '"' => made.push_str("&quot;"),
            c => made.push(c),
        }
    }
    made
}

/// A job's output that cannot end the fence of three backquotes around it.
pub(super) fn fenced(text: &str) -> String {
    text.replace("```", "'''")
}

/// The longest beginning of `text` whose escaped form keeps within the limit.
pub(super) fn escaped_within(
    unit: Unit,
    text: &str,
    limit: usize,
    escape: impl Fn(&str) -> String,
) -> String {
    let mut room = limit;
    loop {
        let escaped = escape(&unit.clip(text, room));
        let over = unit.len(&escaped).saturating_sub(limit);
        if over == 0 || room == 0 {
            return escaped;
        }
        // An escape makes one character into at most six.
        room = room.saturating_sub((over / 6).max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[test]
    fn basic_is_that_of_the_rfc() {
        assert_eq!(basic("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }

    #[test]
    fn a_recovery_closes_what_its_check_opened_and_nothing_else() {
        let sample = crate::notify::alert::tests::alert;
        assert_eq!(incident(&sample(Side::Down)), incident(&sample(Side::Up)));
        assert_ne!(incident(&sample(Side::Test)), incident(&sample(Side::Up)));
        assert!(!incident(&sample(Side::Down)).contains(&sample(Side::Down).check.uuid));
    }

    #[rstest]
    #[case("nightly_backup", "nightly_backup")]
    #[case("_x_ *y*", "\u{34f}_x\u{34f}_ \u{34f}*y\u{34f}*")]
    #[case("[a](b)", "\u{34f}[a]\u{34f}(b)")]
    #[case("数据库 (eu)", "数据库 (eu)")]
    fn styles_do_not_begin(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(inert(text), expected);
    }

    #[rstest]
    #[case("nightly-backup", "nightly-backup")]
    #[case("# a_b", "\\# a\\_b")]
    #[case("x\n - y", "x\n \\- y")]
    #[case("<@1> [a](b)", "\\<@1\\> \\[a\\](b)")]
    fn markdown_stays_text(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(markdown(text), expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn escapes_are_whole_and_within_the_limit(text in "[a&<\"库\\PC]{0,300}", limit in 0..200_usize) {
            let made = escaped_within(Unit::Chars, &text, limit, html);
            prop_assert!(made.chars().count() <= limit);
            let rest = made.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").replace("&quot;", "");
            prop_assert!(!rest.contains('&'), "{made}");
            prop_assert!(html(&text).chars().count() > limit || made == html(&text));
        }
    }
}
