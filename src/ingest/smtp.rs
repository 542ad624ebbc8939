//! The SMTP conversation of the way in by mail: lines and bytes in, replies out. No sockets, no time (RFC 5321).
use std::borrow::Cow;
use std::sync::Arc;

use super::writer::Target;
use crate::auth::secret;
use crate::core::ping::parse_run_id;
use crate::core::slug;

/// Largest message, in bytes, as `SIZE` tells it.
pub(super) const MAX_MESSAGE: usize = 10 * 1024 * 1024;
/// Longest command, in bytes with the end of its line. RFC 5321 has 512, and more for every extension.
pub(super) const MAX_LINE: usize = 2048;
/// Most recipients of one message (RFC 5321 wants at least as many).
const MAX_RECIPIENTS: usize = 100;
/// Refusals on one connection; then it ends.
const MAX_ERRORS: u32 = 10;
/// Commands on one connection between two messages; then it ends.
const MAX_COMMANDS: u32 = 1000;

pub(super) type Reply = Cow<'static, str>;

/// What follows a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Say(Reply),
    /// Say this, then read the message.
    Read(Reply),
    /// Say this, then hang up.
    Close(Reply),
}

/// Who a message is from, and which checks it is for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Envelope {
    /// Empty in a bounce, and in what some cron daemons send.
    pub(super) from: String,
    pub(super) to: Vec<Target>,
}

/// One connection's conversation.
#[derive(Debug)]
pub(super) struct Conversation {
    /// In lower case, as ASCII.
    domain: Arc<str>,
    greeted: bool,
    envelope: Option<Envelope>,
    errors: u32,
    commands: u32,
}

impl Conversation {
    pub(super) fn new(domain: Arc<str>) -> Self {
        Self { domain, greeted: false, envelope: None, errors: 0, commands: 0 }
    }

    /// The first words, which are ours.
    pub(super) fn greeting(&self) -> Reply {
        format!("220 {} ESMTP Maibo", self.domain).into()
    }

    /// Answers a command, given without the end of its line; `None`: it was longer than [`MAX_LINE`].
    pub(super) fn command(&mut self, line: Option<&[u8]>) -> Next {
        self.commands += 1;
        if self.commands > MAX_COMMANDS {
            return Next::Close("421 4.7.0 Too many commands".into());
        }
        let next = match line {
            None => say("500 5.5.2 Line too long"),
            // Nothing that is stored may hold a NUL, and nothing that is logged a line break.
            Some(line) if line.iter().any(u8::is_ascii_control) => say("500 5.5.2 Control character"),
            Some(line) => self.answer(&String::from_utf8_lossy(line)),
        };
        // What is refused for good is an error of the other side.
        if matches!(&next, Next::Say(reply) if reply.starts_with('5')) {
            self.errors += 1;
            if self.errors >= MAX_ERRORS {
                return Next::Close("421 4.7.0 Too many errors".into());
            }
        }
        next
    }

    /// The envelope of the message that has been read. What comes next is another one's.
    pub(super) fn envelope(&mut self) -> Envelope {
        self.commands = 0;
        self.envelope.take().unwrap_or_default()
    }

    fn answer(&mut self, line: &str) -> Next {
        let line = line.trim_end();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "HELO" => {
                self.hello();
                Next::Say(format!("250 {}", self.domain).into())
            }
            "EHLO" => {
                self.hello();
                let words = format!(
                    "250-{}\r\n250-SIZE {MAX_MESSAGE}\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES",
                    self.domain
                );
                Next::Say(words.into())
            }
            "MAIL" => self.mail(rest),
            "RCPT" => self.recipient(rest),
            "DATA" => match &self.envelope {
                Some(envelope) if !envelope.to.is_empty() => {
                    Next::Read("354 Go on, end with <CRLF>.<CRLF>".into())
                }
                _ => say("503 5.5.1 RCPT first"),
            },
            "RSET" => {
                self.envelope = None;
                say("250 2.0.0 OK")
            }
            "NOOP" => say("250 2.0.0 OK"),
            "VRFY" => say("252 2.1.5 Send a mail and see"),
            "QUIT" => Next::Close("221 2.0.0 Bye".into()),
            _ => say("502 5.5.1 Command not known here"),
        }
    }

    fn hello(&mut self) {
        self.greeted = true;
        self.envelope = None;
    }

    fn mail(&mut self, rest: &str) -> Next {
        if !self.greeted {
            return say("503 5.5.1 HELO first");
        }
        if self.envelope.is_some() {
            return say("503 5.5.1 One sender only");
        }
        let Some((from, parameters)) = path(rest, "FROM:") else {
            return say("501 5.5.4 Syntax: MAIL FROM:<address>");
        };
        for parameter in parameters.split_whitespace() {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name.to_ascii_uppercase().as_str() {
                "SIZE" => match value.parse::<usize>() {
                    Ok(size) if size <= MAX_MESSAGE => {}
                    // Too many digits are too many bytes.
                    _ if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => {
                        return say(TOO_LARGE);
                    }
                    _ => return say("501 5.5.4 SIZE is a number"),
                },
                "BODY" if matches!(value.to_ascii_uppercase().as_str(), "7BIT" | "8BITMIME") => {}
                "SMTPUTF8" if value.is_empty() => {}
                _ => return say("555 5.5.4 Parameter not known here"),
            }
        }
        self.envelope = Some(Envelope { from: from.to_owned(), to: Vec::new() });
        say("250 2.1.0 OK")
    }

    fn recipient(&mut self, rest: &str) -> Next {
        let Some(envelope) = &mut self.envelope else { return say("503 5.5.1 MAIL first") };
        let Some((address, parameters)) = path(rest, "TO:") else {
            return say("501 5.5.4 Syntax: RCPT TO:<address>");
        };
        if !parameters.trim().is_empty() {
            return say("555 5.5.4 Parameter not known here");
        }
        // Nobody needs a source route any more, and some old programs write one.
        let address = if address.starts_with('@') {
            address.split_once(':').map_or(address, |(_, address)| address)
        } else {
            address
        };
        let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
        if !is_domain(domain, &self.domain) {
            return say("550 5.1.1 Recipient rejected");
        }
        let Some(target) = mailbox(local) else { return say("550 5.1.1 Invalid mailbox") };
        if envelope.to.len() >= MAX_RECIPIENTS {
            return say("452 4.5.3 Too many recipients");
        }
        // Named twice, it is still one mail.
        if !envelope.to.contains(&target) {
            envelope.to.push(target);
        }
        say("250 2.1.5 OK")
    }
}

pub(super) const TOO_LARGE: &str = "552 5.3.4 Message too large";

fn say(words: &'static str) -> Next {
    Next::Say(words.into())
}

/// The address and the parameters behind `FROM:` or `TO:`. Old programs put a space before the address, or leave out
/// its brackets.
fn path<'a>(rest: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let rest = rest.trim_start();
    let (start, rest) = rest.split_at_checked(word.len())?;
    if !start.eq_ignore_ascii_case(word) {
        return None;
    }
    let rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('<') {
        let (address, parameters) = inner.split_once('>')?;
        return (parameters.is_empty() || parameters.starts_with(' ')).then_some((address, parameters));
    }
    let (address, parameters) = rest.split_once(' ').unwrap_or((rest, ""));
    (!address.is_empty()).then_some((address, parameters))
}

/// Whether a domain is ours, in either case and whether or not its letters beyond ASCII are spelled out.
fn is_domain(text: &str, ours: &str) -> bool {
    text.eq_ignore_ascii_case(ours)
        || !text.is_ascii()
            && matches!(url::Host::parse(text), Ok(url::Host::Domain(domain)) if domain == ours)
}

/// The check whose mailbox this is: `<uuid>` in either case, or `<ping key>+<slug>`.
fn mailbox(local: &str) -> Option<Target> {
    if let Some(uuid) = parse_run_id(local) {
        return Some(Target::Uuid(uuid));
    }
    let (ping_key, name) = local.split_once('+')?;
    let fits = secret::is_ping_key(ping_key) && !name.is_empty() && slug::is_valid(name);
    fits.then(|| Target::Slug { ping_key: ping_key.to_owned(), slug: name.to_owned(), create: false })
}

/// Takes a message off the wire and undoes what was done to its dots. Only CR LF `.` CR LF ends it: whoever takes
/// another end for the end can be made to see a second mail in the middle of the first.
#[derive(Debug)]
pub(super) struct Content {
    at: At,
    limit: usize,
    bytes: Vec<u8>,
    dropped: bool,
}

#[derive(Debug, Clone, Copy)]
enum At {
    LineStart,
    /// Behind a dot that begins a line.
    Dot,
    DotCr,
    Text,
    Cr,
}

impl Content {
    /// `limit`: bytes that are kept of it, all or nothing.
    pub(super) fn new(limit: usize) -> Self {
        Self { at: At::LineStart, limit, bytes: Vec::new(), dropped: false }
    }

    /// Takes more of it. `Some`: the message has ended, after so many of these bytes.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Option<usize> {
        let mut from = 0;
        while from < chunk.len() {
            let byte = chunk[from];
            let (at, kept): (At, &[u8]) = match (self.at, byte) {
                (At::DotCr, b'\n') => return Some(from + 1),
                (At::LineStart, b'.') => (At::Dot, b""),
                (At::Dot, b'\r') => (At::DotCr, b""),
                (At::DotCr, b'\r') => (At::Cr, b"\r\r"),
                (At::DotCr, _) => {
                    self.keep(b"\r");
                    (At::Text, &chunk[from..=from])
                }
                (At::Cr, b'\n') => (At::LineStart, b"\n"),
                (_, b'\r') => (At::Cr, b"\r"),
                _ => {
                    let rest = &chunk[from..];
                    let length = memchr::memchr(b'\r', rest).unwrap_or(rest.len());
                    from += length - 1;
                    (At::Text, &rest[..length])
                }
            };
            self.keep(kept);
            self.at = at;
            from += 1;
        }
        None
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.dropped {
            return;
        }
        if self.bytes.len() + bytes.len() > self.limit {
            self.discard();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Keeps nothing of it; its end is still found.
    pub(super) fn discard(&mut self) {
        self.bytes = Vec::new();
        self.dropped = true;
    }

    /// How much of it is kept so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The message; `None`: it was longer than the limit, or was discarded.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        (!self.dropped).then_some(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const UUID: &str = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";
    const KEY: &str = "Xb7pQm2LwRt9sVc4KdJ6yN";

    fn begun() -> Conversation {
        let mut talk = Conversation::new("ping.example.org".into());
        assert!(says(&mut talk, "EHLO nas").starts_with("250-ping.example.org\r\n250-SIZE 10485760\r\n"));
        talk
    }

    /// The reply to a command, whatever follows it.
    fn says(talk: &mut Conversation, line: &str) -> String {
        match talk.command(Some(line.as_bytes())) {
            Next::Say(reply) | Next::Read(reply) | Next::Close(reply) => reply.into_owned(),
        }
    }

    #[test]
    fn a_mail_to_two_checks() {
        let mut talk = begun();
        assert_eq!(
            says(&mut talk, "mail from:<nas@example.org> SIZE=1000 body=8bitmime SMTPUTF8"),
            "250 2.1.0 OK"
        );
        let upper = UUID.to_uppercase();
        assert_eq!(says(&mut talk, &format!("RCPT TO:<{upper}@Ping.Example.ORG>")), "250 2.1.5 OK");
        assert_eq!(says(&mut talk, &format!("rcpt to: {KEY}+db-dump@ping.example.org")), "250 2.1.5 OK");
        assert_eq!(
            says(&mut talk, &format!("RCPT TO:<{UUID}@ping.example.org>")),
            "250 2.1.5 OK",
            "once more"
        );
        assert!(matches!(talk.command(Some(b"DATA")), Next::Read(_)));
        let to = vec![
            Target::Uuid(UUID.parse().unwrap()),
            Target::Slug { ping_key: KEY.to_owned(), slug: "db-dump".to_owned(), create: false },
        ];
        assert_eq!(talk.envelope(), Envelope { from: "nas@example.org".to_owned(), to });
        assert_eq!(says(&mut talk, "DATA"), "503 5.5.1 RCPT first", "the next message is another one's");
        assert_eq!(says(&mut talk, "MAIL FROM:<>"), "250 2.1.0 OK", "an empty sender is fine");
        assert_eq!(talk.command(Some(b"quit")), Next::Close("221 2.0.0 Bye".into()));
    }

    #[rstest]
    #[case("<nobody@ping.example.org>", "550 5.1.1 Invalid mailbox")]
    #[case("<6f1c9a527c1e4d0b9a530f6d1c2b88e2@ping.example.org>", "550 5.1.1 Invalid mailbox")]
    #[case("<short+slug@ping.example.org>", "550 5.1.1 Invalid mailbox")]
    #[case("<Xb7pQm2LwRt9sVc4KdJ6yN+Slug@ping.example.org>", "550 5.1.1 Invalid mailbox")]
    #[case("<Xb7pQm2LwRt9sVc4KdJ6yN+@ping.example.org>", "550 5.1.1 Invalid mailbox")]
    #[case("<6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2@example.org>", "550 5.1.1 Recipient rejected")]
    #[case("<6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2>", "550 5.1.1 Recipient rejected")]
    #[case("<>", "550 5.1.1 Recipient rejected")]
    #[case("", "501 5.5.4 Syntax: RCPT TO:<address>")]
    #[case("<6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2@ping.example.org", "501 5.5.4 Syntax: RCPT TO:<address>")]
    #[case(
        "<6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2@ping.example.org> NOTIFY=NEVER",
        "555 5.5.4 Parameter not known here"
    )]
    #[case("<@relay.example:6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2@ping.example.org>", "250 2.1.5 OK")]
    fn recipients(#[case] path: &str, #[case] reply: &str) {
        let mut talk = begun();
        says(&mut talk, "MAIL FROM:<nas@example.org>");
        assert_eq!(says(&mut talk, &format!("RCPT TO:{path}")), reply);
    }

    #[rstest]
    #[case("<nas> SIZE=10485760", "250 2.1.0 OK")]
    #[case("<nas> SIZE=10485761", "552 5.3.4 Message too large")]
    #[case("<nas> SIZE=99999999999999999999999", "552 5.3.4 Message too large")]
    #[case("<nas> SIZE=much", "501 5.5.4 SIZE is a number")]
    #[case("<nas> BODY=BINARYMIME", "555 5.5.4 Parameter not known here")]
    #[case("", "501 5.5.4 Syntax: MAIL FROM:<address>")]
    fn senders(#[case] path: &str, #[case] reply: &str) {
        assert_eq!(says(&mut begun(), &format!("MAIL FROM:{path}")), reply);
    }

    #[test]
    fn a_domain_beyond_ascii_is_known_in_both_spellings() {
        let url::Host::Domain(ours) = url::Host::parse("监控.example").unwrap() else { panic!("a domain") };
        assert!(is_domain("监控.example", &ours) && is_domain(&ours.to_uppercase(), &ours));
        assert!(!is_domain("監控.example", &ours));
    }

    #[test]
    fn commands_come_in_order() {
        let mut talk = Conversation::new("ping.example.org".into());
        assert_eq!(says(&mut talk, "MAIL FROM:<a@b>"), "503 5.5.1 HELO first");
        assert_eq!(says(&mut talk, "HELO"), "250 ping.example.org");
        assert_eq!(says(&mut talk, &format!("RCPT TO:<{UUID}@ping.example.org>")), "503 5.5.1 MAIL first");
        assert_eq!(says(&mut talk, "MAIL FROM:<a@b>"), "250 2.1.0 OK");
        assert_eq!(says(&mut talk, "MAIL FROM:<a@b>"), "503 5.5.1 One sender only");
        assert_eq!(says(&mut talk, "DATA"), "503 5.5.1 RCPT first");
        assert_eq!(says(&mut talk, "RSET"), "250 2.0.0 OK");
        assert_eq!(says(&mut talk, "NOOP"), "250 2.0.0 OK");
        assert_eq!(says(&mut talk, "VRFY root"), "252 2.1.5 Send a mail and see");
        assert_eq!(says(&mut talk, "STARTTLS"), "502 5.5.1 Command not known here");
        assert_eq!(says(&mut talk, "MAIL FROM:<a@b>"), "250 2.1.0 OK");
    }

    #[test]
    fn errors_commands_and_recipients_are_counted() {
        let mut talk = begun();
        for _ in 1..MAX_ERRORS {
            assert_eq!(talk.command(None), say("500 5.5.2 Line too long"));
        }
        assert!(matches!(talk.command(Some(b"NOOP\0")), Next::Close(reply) if reply.starts_with("421 ")));

        let mut talk = begun();
        for _ in 1..MAX_COMMANDS {
            assert_eq!(says(&mut talk, "NOOP"), "250 2.0.0 OK");
        }
        assert!(matches!(talk.command(Some(b"NOOP")), Next::Close(reply) if reply.starts_with("421 ")));

        let mut talk = begun();
        says(&mut talk, "MAIL FROM:<a@b>");
        let recipient = |n: usize| format!("RCPT TO:<{n:08x}{}@ping.example.org>", &UUID[8..]);
        for n in 0..MAX_RECIPIENTS {
            assert_eq!(says(&mut talk, &recipient(n)), "250 2.1.5 OK");
        }
        assert_eq!(says(&mut talk, &recipient(MAX_RECIPIENTS)), "452 4.5.3 Too many recipients");
        assert_eq!(talk.envelope().to.len(), MAX_RECIPIENTS);
    }

    /// What is read of these bytes, and how many of them.
    fn read(chunks: &[&[u8]]) -> Option<(Vec<u8>, usize)> {
        let (mut content, mut seen) = (Content::new(MAX_MESSAGE), 0);
        for chunk in chunks {
            if let Some(used) = content.push(chunk) {
                return Some((content.finish()?, seen + used));
            }
            seen += chunk.len();
        }
        None
    }

    #[rstest]
    #[case(b".\r\nQUIT\r\n", b"", 3)]
    #[case(b"a\r\n..b\r\n.\r\n", b"a\r\n.b\r\n", 11)]
    #[case(b".a\r\n.\r\n", b"a\r\n", 7)]
    #[case(b"a\n.\nb\r\n.\r\n", b"a\n.\nb\r\n", 10)]
    #[case(b"a\n.\r\nb\r\n.\r\n", b"a\n.\r\nb\r\n", 11)]
    #[case(b"a\r\n.\nb\r\n.\r\n", b"a\r\n\nb\r\n", 11)]
    #[case(b"a\r.\rb\r\n.\r\n", b"a\r.\rb\r\n", 10)]
    #[case(b"a\r\n.\r\r\n.\r\n", b"a\r\n\r\r\n", 10)]
    #[case(b"a\r\n.\rb\r\n.\r\n", b"a\r\n\rb\r\n", 11)]
    #[case(b"\0\xff\r\n.\r\n", b"\0\xff\r\n", 7)]
    fn only_one_sequence_ends_a_message(#[case] wire: &[u8], #[case] message: &[u8], #[case] used: usize) {
        assert_eq!(read(&[wire]), Some((message.to_vec(), used)));
    }

    #[test]
    fn what_is_too_long_is_read_to_its_end_and_not_kept() {
        let mut content = Content::new(10);
        assert_eq!(content.push(b"0123456789"), None);
        assert_eq!(content.len(), 10);
        assert_eq!(content.push(b"\r\n.\r\nQUIT"), Some(5));
        assert_eq!(content.finish(), None);
    }

    proptest! {
        #[test]
        fn the_end_is_where_it_is_in_any_chunks(wire in "[.\r\na]{0,40}", cuts in prop::collection::vec(1..5_usize, 40)) {
            let wire = format!("{wire}\r\n.\r\n");
            let mut chunks = Vec::new();
            let mut rest = wire.as_bytes();
            for cut in cuts {
                let (first, after) = rest.split_at(cut.min(rest.len()));
                chunks.push(first);
                rest = after;
            }
            chunks.push(rest);
            let (message, used) = read(&chunks).unwrap();
            // The line break before the first line is that of the command.
            let whole = format!("\r\n{wire}");
            let end = whole.find("\r\n.\r\n").unwrap();
            prop_assert_eq!(used, end + 3);
            let stuffed = &whole[..end + 2];
            let unstuffed = stuffed.replace("\r\n.", "\r\n");
            prop_assert_eq!(String::from_utf8(message).unwrap(), &unstuffed[2..]);
        }

        #[test]
        fn no_command_makes_it_stumble(lines in prop::collection::vec("\\PC{0,30}|(MAIL FROM:|RCPT TO:|EHLO |DATA)\\PC{0,20}", 0..20)) {
            let mut talk = begun();
            for line in lines {
                talk.command(Some(line.as_bytes()));
            }
        }
    }
}
