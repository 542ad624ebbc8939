//! What people read of a mail, and keywords are searched in: its subject and its text, decoded.
//!
//! A mail comes from strangers. Its parts are found here, in one pass over each level and no deeper than a few; the library
//! reads heads and decodes texts, but its own way through parts goes down by recursion and looks ahead without end.
mod words;

use std::borrow::Cow;
use std::panic::catch_unwind;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::html::html_to_text;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{ContentType, Message, MessageParser, MimeHeaders as _};

use self::words::{in_charset, subject};
use crate::core::ping::Mail;

/// Bytes of a message that are read; text stands before what is attached to it.
const READ: usize = 2 * 1024 * 1024;
/// Bytes of a head that are read.
const HEAD: usize = 256 * 1024;
/// How deep parts may stand within parts.
const DEEPEST: usize = 8;
/// Parts of a message that are read.
const PARTS: usize = 200;

/// Reads a message. What cannot be read is left out: a mail is a ping all the same.
pub(crate) fn read(raw: &[u8]) -> Mail {
    // The library meets the bytes of strangers; a fault of its own must cost no more than this mail's words.
    catch_unwind(|| read_part(raw.get(..READ).unwrap_or(raw))).unwrap_or_else(|_| {
        tracing::error!("a mail could not be read; no keyword is found in it");
        Mail::default()
    })
}

/// Subject and text of a message as people read them.
pub(crate) fn as_read(raw: &[u8]) -> String {
    let Mail { subject, text } = read(raw);
    format!("{subject}\n{}", text.trim())
}

fn read_part(raw: &[u8]) -> Mail {
    let (head, body) = head_and_body(raw);
    let subject = subject(head);
    let head = MessageParser::new().parse_headers(head);
    let (mut text, mut left) = (String::new(), PARTS);
    texts(head.as_ref(), body, 0, &mut left, &mut text);
    Mail { subject, text }
}

/// What stands before the first empty line, with it, and what behind. A line that belongs in no head ends it, too: there
/// are devices that send nothing but their text.
fn head_and_body(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut start = 0;
    while start < raw.len() {
        let end = memchr::memchr(b'\n', &raw[start..]).map_or(raw.len(), |at| start + at + 1);
        let line = &raw[start..end];
        if matches!(line, b"\n" | b"\r\n") {
            return (&raw[..end.min(HEAD)], &raw[end..]);
        }
        let continues = start > 0 && matches!(line[0], b' ' | b'\t');
        if !continues && field(line).is_none() && !line.starts_with(b"From ") {
            return (&raw[..start.min(HEAD)], &raw[start..]);
        }
        start = end;
    }
    (&raw[..raw.len().min(HEAD)], b"")
}

/// Name and value of a head's line.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    line[..colon].iter().all(u8::is_ascii_graphic).then_some((&line[..colon], &line[colon + 1..]))
}

/// Adds the texts of a part, and of those within it.
fn texts(head: Option<&Message<'_>>, body: &[u8], depth: usize, left: &mut usize, text: &mut String) {
    if *left == 0 || head.and_then(|head| head.content_disposition()).is_some_and(ContentType::is_attachment)
    {
        return;
    }
    *left -= 1;
    let kind = head.and_then(|head| head.content_type());
    let is = |wanted: &str| kind.is_some_and(|kind| kind.ctype().eq_ignore_ascii_case(wanted));
    let subtype = kind.and_then(|kind| kind.subtype()).unwrap_or("plain");
    if is("multipart") && subtype.eq_ignore_ascii_case("digest") {
        // Its parts are messages unless they say otherwise.
        return;
    }
    let boundary = kind.filter(|_| is("multipart")).and_then(|kind| kind.attribute("boundary"));
    let parts = boundary.map(|boundary| parts(body, boundary.as_bytes())).unwrap_or_default();
    if !parts.is_empty() {
        for part in parts.into_iter().take(if depth < DEEPEST { *left } else { 0 }) {
            let (head, body) = head_and_body(part);
            texts(MessageParser::new().parse_headers(head).as_ref(), body, depth + 1, left, text);
        }
        return;
    }
    // A message that declares parts and has none is read as what it is.
    if kind.is_some() && !is("text") && !is("multipart") {
        return;
    }
    let encoding = head.and_then(|head| head.content_transfer_encoding()).unwrap_or_default();
    let bytes = decoded(body, encoding);
    let charset = kind.and_then(|kind| kind.attribute("charset")).unwrap_or_default();
    let words = in_charset(&bytes, charset.as_bytes());
    if is("text") && subtype.eq_ignore_ascii_case("html") {
        text.push_str(&html_to_text(&with_signs(&words)));
    } else {
        text.push_str(&words);
    }
    // So that no keyword is found across two parts.
    text.push('\n');
}

fn decoded<'b>(body: &'b [u8], encoding: &str) -> Cow<'b, [u8]> {
    let decoded = match encoding.trim() {
        name if name.eq_ignore_ascii_case("base64") => base64_decode(body).or_else(|| with_footer(body)),
        name if name.eq_ignore_ascii_case("quoted-printable") => quoted_printable_decode(body),
        _ => None,
    };
    decoded.map_or(Cow::Borrowed(body), Cow::Owned)
}

/// Base64 with something else behind it, as mailing lists and scanners append it.
fn with_footer(body: &[u8]) -> Option<Vec<u8>> {
    let is_packed = |line: &&[u8]| {
        line.trim_ascii().iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
    };
    let end: usize = body.split_inclusive(|byte| *byte == b'\n').take_while(is_packed).map(<[u8]>::len).sum();
    let (packed, footer) = body.split_at(end);
    let mut whole = base64_decode(packed)?;
    whole.push(b'\n');
    whole.extend_from_slice(footer);
    Some(whole)
}

/// HTML whose `<` is a sign where no tag begins, as jobs write it: `5 < 6`.
fn with_signs(html: &str) -> String {
    let mut whole = String::with_capacity(html.len());
    let mut parts = html.split('<');
    whole.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let is_tag = part.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        whole.push_str(if is_tag { "<" } else { "&lt;" });
        whole.push_str(part);
    }
    whole
}

/// What stands between lines of this boundary; the last part may not be closed.
fn parts<'b>(body: &'b [u8], boundary: &[u8]) -> Vec<&'b [u8]> {
    let mut parts = Vec::new();
    let (mut line, mut part) = (0, None);
    while line < body.len() {
        let end = memchr::memchr(b'\n', &body[line..]).map_or(body.len(), |at| line + at + 1);
        let rest = body[line..end].strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary));
        let (closes, rest) = match rest.map(|rest| (rest.strip_prefix(b"--"), rest)) {
            Some((Some(rest), _)) => (true, Some(rest)),
            Some((None, rest)) => (false, Some(rest)),
            None => (false, None),
        };
        if rest.is_some_and(|rest| rest.iter().all(u8::is_ascii_whitespace)) {
            parts.extend(part.map(|from| &body[from..line]));
            part = Some(end);
            if closes || parts.len() >= PARTS {
                return parts;
            }
        }
        line = end;
    }
    parts.extend(part.map(|from| &body[from..]));
    parts
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
        assert_eq!(
            read(b"no headers done\r\nat all: nothing\r\n").text.trim(),
            "no headers done\r\nat all: nothing"
        );
        let mail = read(b"From nas Mon Mar  2\r\nSubject: x\r\nERROR on disk 1\r\nX: y\r\n\r\nbye");
        assert_eq!((mail.subject.as_str(), mail.text.trim()), ("x", "ERROR on disk 1\r\nX: y\r\n\r\nbye"));
    }

    #[test]
    fn text_without_a_charset_that_is_no_utf8_is_chinese() {
        let mail = read(b"Subject: \xb1\xb8\xb7\xdd\r\n\r\n\xca\xa7\xb0\xdc: disk\r\n");
        assert_eq!((mail.subject.as_str(), mail.text.trim()), ("备份", "失败: disk"));
        let mail = read(b"\r\n\xe5\xa4\x87\xe4\xbb\xbd \xff \xe5\xa4");
        assert_eq!(mail.text.trim(), "备份 \u{fffd} \u{fffd}", "one letter is odd, one cut");
        // A blank, quotes, a dash and a bullet of older charsets: the keyword behind them is found.
        for mark in 0x80..=0xff_u8 {
            let mail = read(
                &[b"Subject: x", &[mark][..], b"FAILED\r\n\r\nOK", &[mark], b"ERROR", &[mark], b"\r\n"]
                    .concat(),
            );
            assert!(mail.subject.contains("FAILED") && mail.text.contains("ERROR"), "{mark:x}: {mail:?}");
        }
    }

    #[test]
    fn what_is_not_quite_right_is_read_all_the_same() {
        let html =
            read(b"Content-Type: text/html\r\n\r\n<p>5 < 6 <b>FAILED</b> <3</p><!-- x --> &lt;done&gt;");
        assert_eq!(html.text.split_whitespace().collect::<Vec<_>>().join(" "), "5 < 6 FAILED <3 <done>");
        let list =
            read(b"Content-Transfer-Encoding: base64\r\n\r\nRkFJ\r\nTEVE\r\n-- \r\nsent by the list\r\n");
        assert_eq!(list.text.trim(), "FAILED\n-- \r\nsent by the list");
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
            "Content-Type: (;) message/rfc822\r\n\r\n",
            "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n",
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
            "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n!\r\n",
        ] {
            read(level.repeat(READ / level.len()).as_bytes());
            let inside = format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
                level.repeat(READ / level.len())
            );
            read(inside.as_bytes());
        }
        let forwarded = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nERROR message/rfc822\r\n--b\r\n\
              Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeQ0KDQpkb25l\r\n--b\r\n\
              Content-Type: text/plain\r\n\r\nbehind it\r\n--b--\r\nafterwards";
        let mail = read(forwarded);
        assert!(mail.text.contains("ERROR message/rfc822") && mail.text.contains("behind it"), "{mail:?}");
        assert!(!mail.text.contains("done") && !mail.text.contains("afterwards"), "{mail:?}");
    }

    #[test]
    fn signatures_and_words_about_types_hide_nothing() {
        for head in [
            "ARC-Message-Signature: i=1; a=rsa-sha256;\r\n h=From:Date:Subject:Message-ID:Content-Type:MIME-Version:X-MS-Exchange-AntiSpam-MessageData-0;\r\n",
            "DKIM-Signature: v=1; h=Content-Type:MIME-Version:\r\n\tMessage-ID:Date:Subject\r\n",
            "X-Original-Content-Type: message/rfc822\r\n",
        ] {
            let mail = read(format!("{head}Subject: ERROR backup\r\n\r\nERROR: disk full\r\n").as_bytes());
            assert_eq!(
                (mail.subject.as_str(), mail.text.trim()),
                ("ERROR backup", "ERROR: disk full"),
                "{head}"
            );
        }
        let mail =
            read(b"Subject: backup\r\n\r\nOK: 12\r\nwarning: no Content-Type (skipped)\r\nERROR: disk\r\n");
        assert!(mail.text.contains("ERROR: disk"), "{mail:?}");
    }

    #[test]
    fn parts_that_are_not_closed_and_parts_that_are_none_are_read() {
        let head = "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n";
        for body in [
            "--b\r\n\r\nERROR\r\n".to_owned(),
            "--b\r\n\r\nERROR\r\nno Content-Type (none)\r\n--b--\r\n".to_owned(),
            "ERROR\r\n".to_owned(),
            format!("--b\r\n\r\nERROR\r\n{}", "x\r\n".repeat(READ)),
            "--b \r\nContent-Type: multipart/alternative; boundary=bb\r\n\r\n--bb\r\n\r\nERROR\r\n--bb--\r\n--b--\r\n".to_owned(),
            "--b\n\nERROR\n--b--\n".to_owned(),
        ] {
            assert!(read(format!("{head}{body}").as_bytes()).text.contains("ERROR"), "{body:.60}");
        }
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
        }
    }
}
