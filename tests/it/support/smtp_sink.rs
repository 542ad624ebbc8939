//! A mail server that takes or refuses mail as it is told.
use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::eventually;

/// What happens to one mail.
#[derive(Debug, Clone, Copy)]
pub enum Fate {
    Taken,
    /// This reply to `RCPT TO`.
    NoRecipient(&'static str),
    /// This reply to `AUTH`.
    NoLogin(&'static str),
    /// The whole mail is read, and then the connection is gone: nobody knows whether it was taken.
    DroppedAfterData,
    /// The whole mail is read, and this is the answer.
    NoContent(&'static str),
    /// It is taken, and then the connection ends with bytes that mean nothing, as QQ does it.
    TakenWithJunk,
    /// `MAIL FROM` is never answered.
    Hangs,
}

/// How a server encrypts: with the certificate of this name below `support/tls`.
#[derive(Debug, Clone, Copy)]
pub enum Security {
    Plain,
    /// TLS from the first byte: `smtps`.
    Tls(&'static str),
    /// Offers STARTTLS.
    StartTls(&'static str),
}

/// A file of the tests' certificates.
pub fn certificate(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/tls").join(name)
}

fn tls(name: &str) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(certificate(&format!("{name}.pem"))).unwrap();
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(certificate(&format!("{name}.key"))).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap())
}

/// A connection, encrypted or not.
enum Line {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Line {
    fn encrypt(self, name: &str) -> Self {
        let Self::Plain(stream) = self else { return self };
        Self::Tls(Box::new(StreamOwned::new(ServerConnection::new(tls(name)).unwrap(), stream)))
    }

    fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// A mail that was read to its end.
#[derive(Debug, Clone)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub data: String,
    /// Whether the sender was told so.
    pub taken: bool,
    /// Whether it came through TLS.
    pub encrypted: bool,
}

impl Mail {
    /// A header, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self
            .data
            .split("\r\n\r\n")
            .next()
            .unwrap_or_default()
            .replace("\r\n ", " ")
            .replace("\r\n\t", " ");
        head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    /// The decoded part of this type.
    #[track_caller]
    pub fn part(&self, kind: &str) -> String {
        let boundary = self.header("Content-Type").unwrap();
        let boundary = boundary.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
        let found = self.data.split(&format!("\r\n--{boundary}")).find(|part| {
            part.split("\r\n\r\n").next().unwrap_or_default().contains(&format!("Content-Type: {kind}"))
        });
        let part = found.unwrap_or_else(|| panic!("no {kind} in {}", self.data));
        let (head, body) = part.split_once("\r\n\r\n").unwrap();
        let bytes = if head.contains("base64") {
            from_base64(body)
        } else if head.contains("quoted-printable") {
            from_quoted_printable(body)
        } else {
            body.as_bytes().to_vec()
        };
        String::from_utf8(bytes).unwrap()
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut gathered, mut bits) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes() {
        let Some(digit) = DIGITS.iter().position(|known| *known == byte) else { continue };
        gathered = (gathered << 6) | u32::try_from(digit).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((gathered >> bits) & 0xff).unwrap());
        }
    }
    bytes
}

fn from_quoted_printable(text: &str) -> Vec<u8> {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'=');
        rest = if byte.is_some() { &after[2..] } else { after };
        bytes.push(byte.unwrap_or(*first));
    }
    bytes
}

#[derive(Default)]
struct Shared {
    mails: Mutex<Vec<Mail>>,
    refused: Mutex<usize>,
    /// The commands that were understood, without their arguments.
    verbs: Mutex<Vec<String>>,
    script: Mutex<VecDeque<Fate>>,
}

pub struct SmtpSink {
    addr: SocketAddr,
    security: Security,
    shared: Arc<Shared>,
}

impl SmtpSink {
    /// Deals with mails as `script` says, one after the other, and takes all that follow.
    pub fn start(script: impl IntoIterator<Item = Fate>) -> Self {
        Self::secured(Security::Plain, script)
    }

    /// The same, encrypted.
    pub fn secured(security: Security, script: impl IntoIterator<Item = Fate>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let script = Mutex::new(script.into_iter().collect());
        let shared = Arc::new(Shared { script, ..Shared::default() });
        let for_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&for_thread);
                thread::spawn(move || drop(converse(stream, security, &shared)));
            }
        });
        Self { addr, security, shared }
    }

    /// The value of `MAIBO_SMTP_URL`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme(), self.addr)
    }

    fn scheme(&self) -> &'static str {
        match self.security {
            Security::Plain => "smtp",
            Security::Tls(_) => "smtps",
            Security::StartTls(_) => "smtp+starttls",
        }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The commands that clients sent, without their arguments.
    pub fn verbs(&self) -> Vec<String> {
        self.shared.verbs.lock().unwrap().clone()
    }

    /// The same, with a user and a password.
    pub fn url_as(&self, user: &str, password: &str) -> String {
        format!("{}://{user}:{password}@{}", self.scheme(), self.addr)
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.shared.mails.lock().unwrap().clone()
    }

    /// How often somebody was refused.
    pub fn refused(&self) -> usize {
        *self.shared.refused.lock().unwrap()
    }

    /// Waits for the `n`-th mail, counted from 1; gives all up to it.
    #[track_caller]
    pub fn wait_for(&self, n: usize) -> Vec<Mail> {
        eventually(&format!("the mail server gets {n} mails"), || {
            let mails = self.mails();
            (mails.len() >= n).then_some(mails)
        })
    }
}

/// Serves one connection; ends with it.
fn converse(stream: TcpStream, security: Security, shared: &Shared) -> io::Result<()> {
    let mut line = Line::Plain(stream);
    if let Security::Tls(name) = security {
        line = line.encrypt(name);
    }
    let mut line = BufReader::new(line);
    let (mut from, mut to) = (String::new(), String::new());
    let mut fate = Fate::Taken;
    say(&mut line, "220 sink ESMTP")?;
    let mut text = String::new();
    loop {
        text.clear();
        if line.read_line(&mut text)? == 0 {
            return Ok(());
        }
        let command = text.trim_end();
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        shared.verbs.lock().unwrap().push(verb.clone());
        let front = shared.script.lock().unwrap().front().copied();
        match verb.as_str() {
            "EHLO" if matches!(security, Security::StartTls(_)) && !line.get_ref().is_encrypted() => {
                say(&mut line, "250-sink\r\n250-8BITMIME\r\n250 STARTTLS")?;
            }
            "EHLO" => say(&mut line, "250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN")?,
            "STARTTLS" => {
                let Security::StartTls(name) = security else { return say(&mut line, "502 not here") };
                say(&mut line, "220 go ahead")?;
                line = BufReader::new(line.into_inner().encrypt(name));
            }
            "AUTH" => {
                if let Some(Fate::NoLogin(reply)) = front {
                    shared.script.lock().unwrap().pop_front();
                    *shared.refused.lock().unwrap() += 1;
                    say(&mut line, reply)?;
                } else {
                    say(&mut line, "235 welcome")?;
                }
            }
            "MAIL" => {
                fate = shared.script.lock().unwrap().pop_front().unwrap_or(Fate::Taken);
                from = address(command);
                if !matches!(fate, Fate::Hangs) {
                    say(&mut line, "250 ok")?;
                }
            }
            "RCPT" => {
                if let Fate::NoRecipient(reply) = fate {
                    *shared.refused.lock().unwrap() += 1;
                    say(&mut line, reply)?;
                } else {
                    to = address(command);
                    say(&mut line, "250 ok")?;
                }
            }
            "DATA" => {
                say(&mut line, "354 go on")?;
                let mut data = String::new();
                loop {
                    text.clear();
                    if line.read_line(&mut text)? == 0 {
                        return Ok(());
                    }
                    if text == ".\r\n" {
                        break;
                    }
                    data.push_str(text.strip_prefix('.').unwrap_or(&text));
                }
                let taken = matches!(fate, Fate::Taken | Fate::TakenWithJunk);
                let encrypted = line.get_ref().is_encrypted();
                let mail = Mail { from: from.clone(), to: to.clone(), data, taken, encrypted };
                shared.mails.lock().unwrap().push(mail);
                match fate {
                    Fate::DroppedAfterData => return Ok(()),
                    Fate::NoContent(reply) => say(&mut line, reply)?,
                    Fate::TakenWithJunk => {
                        say(&mut line, "250 taken")?;
                        return say(&mut line, "\0\0\0");
                    }
                    _ => say(&mut line, "250 taken")?,
                }
            }
            "QUIT" => return say(&mut line, "221 bye"),
            _ => say(&mut line, "250 ok")?,
        }
    }
}

fn say(line: &mut BufReader<Line>, words: &str) -> io::Result<()> {
    line.get_mut().write_all(format!("{words}\r\n").as_bytes())?;
    line.get_mut().flush()
}

/// What stands between `<` and `>`.
fn address(command: &str) -> String {
    let inner = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(address, _)| address.to_owned())
}
