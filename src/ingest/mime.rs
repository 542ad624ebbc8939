//! What keywords are searched in of a mail: its subject and its text, decoded.
use std::collections::BTreeSet;

use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MessageParser, PartType};

use crate::core::ping::Mail;

/// Bytes of a message that are read. Of thousands of tiny parts each takes a multiple of its size in memory; text stands
/// before what is attached to it.
const READ: usize = 2 * 1024 * 1024;

/// Reads a message. What cannot be read is left out: a mail is a ping all the same.
pub(super) fn read(raw: &[u8]) -> Mail {
    let raw = raw.get(..READ).unwrap_or(raw);
    let Some(message) = MessageParser::new().parse(raw).map(Whole) else { return Mail::default() };
    let message = &message.0;
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

/// A message that frees what is within it one after the other: messages within messages may be as many as fit, and each
/// would be freed on the stack of the one around it.
struct Whole<'a>(Message<'a>);

impl Drop for Whole<'_> {
    fn drop(&mut self) {
        let mut rest = std::mem::take(&mut self.0.parts);
        while let Some(part) = rest.pop() {
            if let PartType::Message(mut inner) = part.body {
                rest.append(&mut inner.parts);
            }
        }
    }
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

    #[test]
    fn mails_in_mails_in_mails_are_no_danger() {
        for level in [
            "Content-Type: message/rfc822\r\n\r\n",
            "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n",
        ] {
            let mail = level.repeat(READ / level.len());
            read(mail.as_bytes());
            // Also where reading ends in a panic: one takes everybody's server away, the other one mail.
            let caught = std::panic::catch_unwind(|| {
                let _message = MessageParser::new().parse(&mail).map(Whole);
                panic!("as a reader does that stumbles");
            });
            assert!(caught.is_err());
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_stumble(
            parts in prop::collection::vec(
                prop_oneof![
                    prop::sample::select(vec![
                        "Subject: ", "=?utf-8?b?", "?=", "Content-Type: ", "multipart/mixed; boundary=b", "\r\n", "--b",
                        "text/html", "message/rfc822", "; charset=gb18030", "Content-Transfer-Encoding: base64", "<p>&", "=",
                    ]).prop_map(|text| text.as_bytes().to_vec()),
                    prop::collection::vec(any::<u8>(), 0..8),
                ],
                0..60,
            ),
        ) {
            read(&parts.concat());
        }
    }
}
