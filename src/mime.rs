//! What people read of a mail, and keywords are searched in: its subject and its text, decoded.
use std::collections::BTreeSet;
use std::panic::catch_unwind;

use mail_parser::decoders::html::html_to_text;
use mail_parser::{MessageParser, PartType};

use crate::core::ping::Mail;

/// Bytes of a message that are read. Of thousands of tiny parts each takes a multiple of its size in memory; text stands
/// before what is attached to it.
const READ: usize = 2 * 1024 * 1024;

/// Reads a message. What cannot be read is left out: a mail is a ping all the same.
pub(crate) fn read(raw: &[u8]) -> Mail {
    // The parser meets the bytes of strangers; a fault of its own must cost no more than this mail's words.
    catch_unwind(|| parse(raw)).unwrap_or_else(|_| {
        tracing::error!("a mail could not be read; no keyword is found in it");
        Mail::default()
    })
}

fn parse(raw: &[u8]) -> Mail {
    let Some(message) = MessageParser::new().parse(readable(raw)) else { return Mail::default() };
    let bodies: BTreeSet<u32> = message.text_body.iter().chain(&message.html_body).copied().collect();
    let mut text = String::new();
    for part in bodies.into_iter().filter_map(|id| message.part(id)) {
        match &part.body {
            PartType::Text(words) => text.push_str(words),
            PartType::Html(html) => text.push_str(&html_to_text(html)),
            _ => continue,
        }
        // So that no keyword is found across two parts.
        text.push('\n');
    }
    Mail { subject: message.subject().unwrap_or_default().to_owned(), text }
}

/// As much of a message as is read: up to [`READ`] bytes, and up to the first message within it. Those are attachments, and
/// the parser goes down into them by recursion: a few thousand levels would be the end of the stack and of the server.
fn readable(raw: &[u8]) -> &[u8] {
    const NAME: &[u8] = b"content-type";
    let raw = raw.get(..READ).unwrap_or(raw);
    let mut from = 0;
    while let Some(found) = memchr::memchr2_iter(b'c', b'C', &raw[from..])
        .map(|at| from + at)
        .find(|at| raw.get(*at..at + NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME)))
    {
        from = found + NAME.len();
        if could_be_message(&raw[from..]) {
            return &raw[..found];
        }
    }
    raw
}

/// Whether a type, given from behind the name of its header, could be that of a message, or of parts that are messages
/// unless they say otherwise. A comment could hide it.
fn could_be_message(value: &[u8]) -> bool {
    /// No type is that long, and many that are would take their time.
    const LONGEST: usize = 1000;
    let mut kind = Vec::new();
    for (at, byte) in value.iter().enumerate() {
        match byte {
            b';' => break,
            b'\n' if !matches!(value.get(at + 1), Some(b' ' | b'\t')) => break,
            _ if at >= LONGEST => return true,
            byte if byte.is_ascii_alphanumeric() || *byte == b'(' => kind.push(byte.to_ascii_lowercase()),
            _ => {}
        }
    }
    let holds = |word: &[u8]| memchr::memmem::find(&kind, word).is_some();
    holds(b"(") || holds(b"message") || holds(b"digest")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_and_html_are_read_in_every_encoding() {
        let mail = read(
            b"Subject: =?UTF-8?B?5aSH5Lu9?=\r\n =?UTF-8?Q?=E5=AE=8C=E6=88=90?= =?GB2312?B?s8m5pg==?=\r\n\
              MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\
              Content-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\n\
              Content-Type: text/plain; charset=gb18030\r\nContent-Transfer-Encoding: base64\r\n\r\nsbi33bPJuaY=\r\n--i\r\n\
              Content-Type: text/html; charset=utf-8\r\n\r\n<style>p{color:red}</style><p>all&nbsp;<b>do</b>ne &amp; &#22909;</p>\r\n--i--\r\n--o\r\n\
              Content-Type: text/plain\r\nContent-Disposition: attachment; filename=log.txt\r\n\r\nERROR\r\n--o--\r\n",
        );
        assert_eq!(mail.subject, "备份完成成功");
        assert!(mail.text.contains("备份成功") && mail.text.contains("done & 好"), "{mail:?}");
        assert!(!mail.text.contains("color") && !mail.text.contains("ERROR"), "{mail:?}");
    }

    #[test]
    fn a_mail_without_a_head_or_without_anything_is_a_mail() {
        for raw in [&b""[..], b"\r\n", b"no head at all", b"\r\nbody", b"\xff\xfe\0"] {
            read(raw);
        }
        assert_eq!(read(b"Subject: x\r\n\r\nhello\r\n").text.trim(), "hello");
    }

    #[test]
    fn what_is_cut_off_takes_nothing_with_it() {
        // "备份失败" in Base64, again and again.
        let text = "5aSH5Lu95aSx6LSl\r\n".repeat(READ / 10);
        let one = format!(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{text}"
        );
        assert!(read(one.as_bytes()).text.contains("备份失败备份失败"));
        let parts = format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nERROR\r\n--b\r\nContent-Disposition: attachment\r\n{one}"
        );
        assert!(read(parts.as_bytes()).text.contains("ERROR"));
    }

    /// Whether a message within what is read is found by the parser.
    fn has_inner(raw: &[u8]) -> bool {
        let message = MessageParser::new().parse(readable(raw));
        message
            .is_some_and(|message| message.parts.iter().any(|part| matches!(part.body, PartType::Message(_))))
    }

    #[test]
    fn mails_in_mails_in_mails_are_no_danger() {
        for level in [
            "Content-Type: message/rfc822\r\n\r\n",
            "content-type:\r\n Message\r\n\t/ RFC822\r\n\r\n",
            "Content-Type: (;) message/rfc822\r\n\r\n",
            "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n",
        ] {
            let mail = level.repeat(READ / level.len());
            assert!(!has_inner(mail.as_bytes()));
            read(mail.as_bytes());
        }
        let forwarded = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nERROR message/rfc822\r\n--b\r\n\
              Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeQ0KDQpkb25l\r\n--b--\r\n";
        assert!(!has_inner(forwarded));
        let mail = read(forwarded);
        assert!(mail.text.contains("ERROR message/rfc822") && !mail.text.contains("done"), "{mail:?}");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_stumble(
            parts in prop::collection::vec(
                prop_oneof![
                    prop::sample::select(vec![
                        "Subject: ", "=?utf-8?b?", "?=", "Content-Type: ", "multipart/mixed; boundary=b", "\r\n", "--b",
                        "text/html", "message/rfc822", "message", "/", "rfc822", "multipart/digest; boundary=b", "\r\n\r\n", " ", "(x)", "; charset=gb18030", "Content-Transfer-Encoding: base64", "<p>&", "=",
                    ]).prop_map(|text| text.as_bytes().to_vec()),
                    prop::collection::vec(any::<u8>(), 0..8),
                ],
                0..60,
            ),
        ) {
            let raw = parts.concat();
            read(&raw);
            prop_assert!(!has_inner(&raw));
        }
    }
}
