//! Texts that people typed, as they may stand on one line.

/// A text without line breaks, control characters and those that nobody sees, fit for a subject and a card.
#[must_use]
pub fn one_line(text: &str) -> String {
    // Zero-width spaces and marks, and what turns the direction of writing round.
    let unseen = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let shown = text.chars().filter(|c| !unseen(*c)).map(|c| if c.is_control() { ' ' } else { c });
    shown.collect::<String>().trim().to_owned()
}
