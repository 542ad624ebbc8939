//! Texts that people typed, as they may stand on one line.

/// A text without line breaks, control characters and those that nobody sees, fit for a subject and a card.
#[must_use]
pub fn one_line(text: &str) -> String {
    // Zero-width spaces and marks, and what turns the direction of writing round.
    let unseen = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let shown = text.chars().filter(|c| !unseen(*c)).map(|c| if c.is_control() { ' ' } else { c });
    shown.collect::<String>().trim().to_owned()
}

/// What a terminal would show of a program's output: colours and other escapes are gone, a progress bar's line is what it
/// was overwritten with, and nothing that cannot be seen is left.
#[must_use]
pub fn as_shown(output: &str) -> String {
    let mut shown = String::with_capacity(output.len());
    for line in plain(output).split('\n') {
        let line = line.trim_end_matches('\r');
        let last = line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or_default();
        shown.extend(last.chars().filter(|c| !c.is_control() || *c == '\t'));
        shown.push('\n');
    }
    shown.truncate(shown.trim_end().len());
    shown
}

/// A text without the escape sequences of terminals (ECMA-48).
fn plain(output: &str) -> String {
    let mut text = String::with_capacity(output.len());
    let mut chars = output.chars().peekable();
    while let Some(c) = chars.next() {
        let kind = match c {
            '\u{1b}' => chars.next(),
            // The same in one character.
            '\u{9b}' => Some('['),
            '\u{9d}' => Some(']'),
            c => {
                text.push(c);
                continue;
            }
        };
        match kind {
            // Colours and the cursor: parameters, then one final character.
            Some('[') => while chars.next_if(|c| matches!(c, ' '..='?')).is_some() {},
            // Titles and links: up to BEL or ST, and never over the end of the line.
            Some(']' | 'P' | 'X' | '^' | '_') => {
                while chars.next_if(|c| !matches!(c, '\u{7}' | '\u{1b}' | '\u{9c}' | '\n')).is_some() {}
                if chars.next_if(|c| *c == '\u{1b}').is_some() {
                    chars.next_if(|c| *c == '\\');
                } else {
                    chars.next_if(|c| *c != '\n');
                }
                continue;
            }
            Some('(' | ')' | '#' | '%' | ' ') => {}
            _ => continue,
        }
        chars.next_if(|c| *c != '\n');
    }
    text
}

/// The end of a text: whole lines, at most so many of them and so many characters; of a last line that is longer than
/// that, its end. `true`: there was more before.
#[must_use]
pub fn last_lines(text: &str, lines: usize, chars: usize) -> (&str, bool) {
    let mut start = text.len();
    let (mut count, mut used) = (0, 0);
    for line in text.rsplit('\n') {
        let length = line.chars().count() + usize::from(count > 0);
        if count == lines || used + length > chars {
            break;
        }
        start = line.as_ptr() as usize - text.as_ptr() as usize;
        used += length;
        count += 1;
    }
    if count == 0 {
        start = text.char_indices().rev().nth(chars.saturating_sub(1)).map_or(0, |(at, _)| at);
    }
    (&text[start..], start > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("\u{1b}[1;31merror:\u{1b}[0m disk full\r\n", "error: disk full")]
    #[case("10%\r50%\r100%\ndone", "100%\ndone")]
    #[case("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{7} \u{1b}(Bok\u{0}", "link ok")]
    #[case("\u{1b}]0;never ends\nnext", "\nnext")]
    #[case("\u{9b}32mgreen\u{1b}", "green")]
    #[case("  two\tcolumns\u{8}", "  two\tcolumns")]
    fn output_is_what_a_terminal_would_show(#[case] output: &str, #[case] shown: &str) {
        assert_eq!(as_shown(output), shown);
    }

    #[rstest]
    #[case("a\nb\nc", 2, 100, "b\nc", true)]
    #[case("a\nb\nc", 9, 100, "a\nb\nc", false)]
    #[case("first\n备份失败\n磁盘满", 9, 8, "备份失败\n磁盘满", true)]
    #[case("磁盘已经满了", 9, 3, "经满了", true)]
    #[case("", 9, 3, "", false)]
    fn the_end_is_made_of_whole_lines(
        #[case] text: &str,
        #[case] lines: usize,
        #[case] chars: usize,
        #[case] end: &str,
        #[case] more: bool,
    ) {
        assert_eq!(last_lines(text, lines, chars), (end, more));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_unseen_is_left(output in "(?s).{0,80}", lines in 1..5_usize, chars in 1..40_usize) {
            let shown = as_shown(&output);
            prop_assert!(shown.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')));
            let (end, _) = last_lines(&shown, lines, chars);
            prop_assert!(end.chars().count() <= chars && end.lines().count() <= lines);
        }
    }
}
