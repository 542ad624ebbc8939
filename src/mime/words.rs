//! Words of a head and texts, out of the charsets and encodings that mailers put them in.
use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;

use super::field;

/// The subject that a head has first, decoded. Words that were encoded apart are joined before they are decoded: many
/// who write them cut a letter in two.
pub(super) fn subject(head: &[u8]) -> String {
    let mut lines = head.split_inclusive(|byte| *byte == b'\n');
    let is_subject =
        |line: &&[u8]| field(line).is_some_and(|(name, _)| name.eq_ignore_ascii_case(b"subject"));
    let Some(first) = lines.by_ref().find(is_subject) else { return String::new() };
    let mut value = field(first).map(|(_, value)| value.to_vec()).unwrap_or_default();
    for line in lines.take_while(|line| matches!(line[0], b' ' | b'\t')) {
        value.extend_from_slice(line);
    }
    value.retain(|byte| !matches!(byte, b'\r' | b'\n'));

    let (mut text, mut rest) = (String::new(), value.trim_ascii());
    // Charset and bytes of words that are not decoded yet.
    let mut open: Option<(Vec<u8>, Vec<u8>)> = None;
    let end = |text: &mut String, open: &mut Option<(Vec<u8>, Vec<u8>)>| {
        if let Some((charset, bytes)) = open.take() {
            text.push_str(&in_charset(&bytes, &charset));
        }
    };
    while !rest.is_empty() {
        let start = memchr::memmem::find(rest, b"=?").unwrap_or(rest.len());
        let (before, from) = rest.split_at(start);
        let word = word(from);
        // Blanks between two encoded words are none.
        if !(open.is_some() && word.is_some() && before.trim_ascii().is_empty()) {
            end(&mut text, &mut open);
            text.push_str(&in_charset(before, b""));
        }
        rest = if let Some((charset, bytes, after)) = word {
            if open.as_ref().is_some_and(|(known, _)| *known != charset) {
                end(&mut text, &mut open);
            }
            open.get_or_insert_with(|| (charset, Vec::new())).1.extend(bytes);
            after
        } else {
            let (mark, after) = from.split_at(from.len().min(2));
            text.push_str(&in_charset(mark, b""));
            after
        };
    }
    end(&mut text, &mut open);
    text
}

/// An encoded word at the beginning, `=?charset?B?…?=`: its charset in lower case, its bytes, and what follows it.
/// Source: RFC 2047; blanks inside are none, for they come from folding at the wrong place.
fn word(from: &[u8]) -> Option<(Vec<u8>, Vec<u8>, &[u8])> {
    let mut parts = from.strip_prefix(b"=?")?.splitn(4, |byte| *byte == b'?');
    let (charset, encoding, payload, after) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let after = after.strip_prefix(b"=")?;
    // `utf-8*en` also names a language.
    let charset = charset.split(|byte| *byte == b'*').next()?.to_ascii_lowercase();
    let packed: Vec<u8> = payload.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes = match encoding {
        b"B" | b"b" => base64_decode(&packed)?,
        b"Q" | b"q" => {
            let spaced: Vec<u8> =
                packed.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte }).collect();
            quoted_printable_decode(&spaced)?
        }
        _ => return None,
    };
    Some((charset, bytes, after))
}

/// Bytes as text. What names no charset, is no UTF-8 and may be Chinese most likely is: of programs that know no other.
pub(super) fn in_charset<'b>(bytes: &'b [u8], charset: &[u8]) -> Cow<'b, str> {
    if let Some(decode) = charset_decoder(charset) {
        return Cow::Owned(decode(bytes));
    }
    match (std::str::from_utf8(bytes), charset_decoder(b"gb18030")) {
        (Err(_), Some(decode)) if charset.is_empty() && is_gb2312(bytes) => Cow::Owned(decode(bytes)),
        _ => String::from_utf8_lossy(bytes),
    }
}

/// Whether all that is not ASCII are letters of two bytes, neither of which is ASCII: read so, no byte of an ASCII keyword
/// disappears in a letter.
fn is_gb2312(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    loop {
        rest = match rest {
            [] => return true,
            [byte, after @ ..] if byte.is_ascii() => after,
            [0xa1..=0xf7, 0xa1..=0xfe, after @ ..] => after,
            _ => return false,
        };
    }
}

#[cfg(test)]
mod tests {
    use crate::mime::read;
    use rstest::rstest;

    /// Beside each subject stands what people read.
    #[rstest]
    #[case("=?utf-8?B?5aSH5Lu95a4=?=\r\n =?UTF-8?B?jOaIkA==?=", "备份完成")]
    #[case("=?gb2312?Q?=B1=B8?= =?gb2312?q?=B7=DD_ok?= !", "备份 ok !")]
    #[case("=?utf-8?B?5aSH\r\n 5Lu9?=", "备份")]
    #[case("=?utf-8*zh?Q?=E5=A4=87?= a =?utf-8?Q?b?=", "备 a b")]
    #[case(
        "[=?utf-8?Q?x?=] =?utf-8?X?y?= =?utf-8?Q?open =?utf-8?Q?z?=",
        "[x] =?utf-8?X?y?= =?utf-8?Q?open z"
    )]
    #[case("=? ?= =?=?= =??Q?a?= ?", "=? ?= =?=?= a ?")]
    #[case("plain\r\n\tand folded\r\nSubject: another", "plain\tand folded")]
    #[case("", "")]
    fn subjects(#[case] raw: &str, #[case] read_as: &str) {
        assert_eq!(read(format!("X: y\r\nsubject: {raw}\r\n\r\n").as_bytes()).subject, read_as);
    }
}
