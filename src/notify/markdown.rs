//! Markdown for vendors that know no escapes: what would become markup is replaced by its wide twin.
use super::message::Words;

/// Text that stays text: no links, no code, no tags (`<@all>`, `<at id=all>`), no headings.
pub(in crate::notify) fn harmless(text: &str) -> String {
    let mut begins = true;
    text.chars()
        .map(|c| {
            let twin = match c {
                '<' => '＜',
                '`' => '\'',
                '[' => '［',
                ']' => '］',
                '*' => '＊',
                '\\' => '＼',
                '#' if begins => '＃',
                c => c,
            };
            begins = c == '\n';
            twin
        })
        .collect()
}

/// All but the title, in the Markdown that they have in common. The words must be [`harmless`].
pub(in crate::notify) fn page(words: &Words, link: &str) -> String {
    let mut blocks = vec![words.sentence.clone()];
    if !words.facts.is_empty() {
        let facts = words.facts.iter().map(|(label, value)| format!("- {label}: {value}"));
        blocks.push(facts.collect::<Vec<_>>().join("\n"));
    }
    if let Some(quote) = &words.quote {
        // Two spaces at the end of a line keep it one.
        let lines = quote.lines().map(|line| format!("> {line}"));
        blocks.push(lines.collect::<Vec<_>>().join("  \n"));
    }
    blocks.push(format!("[{}]({link})", words.link_label));
    blocks.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::Side;
    use crate::notify::alert::tests::alert;
    use crate::notify::message::words;

    #[test]
    fn nothing_that_a_name_says_becomes_markup() {
        let made = harmless("# [x](http://evil)<at id=all></at> `a` **b** \\\n## c # d");
        assert_eq!(made, "＃ ［x］(http://evil)＜at id=all>＜/at> 'a' ＊＊b＊＊ ＼\n＃# c # d");
    }

    #[test]
    fn a_page_has_its_parts_apart() {
        let mut words = words(&alert(Side::Down)).escaped(harmless);
        words.sentence = "It is down.".to_owned();
        words.facts.truncate(2);
        words.quote = Some("one\ntwo".to_owned());
        assert_eq!(
            page(&words, "https://mon.example/x"),
            "It is down.\n\n- Project: prod\n- Tags: db backup\n\n> one  \n> two\n\n[Open in Maibo](https://mon.example/x)"
        );
    }
}
