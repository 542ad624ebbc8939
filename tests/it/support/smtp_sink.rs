//! A mail server that takes or refuses mail as it is told.
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

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
}

/// A mail that was read to its end.
#[derive(Debug, Clone)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub data: String,
    /// Whether the sender was told so.
    pub taken: bool,
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
        let found = self.data.split("\r\n--").find(|part| {
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
    script: Mutex<VecDeque<Fate>>,
}

pub struct SmtpSink {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

impl SmtpSink {
    /// Deals with mails as `script` says, one after the other, and takes all that follow.
    pub fn start(script: impl IntoIterator<Item = Fate>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let script = Mutex::new(script.into_iter().collect());
        let shared = Arc::new(Shared { script, ..Shared::default() });
        let for_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&for_thread);
                thread::spawn(move || drop(converse(&stream, &shared)));
            }
        });
        Self { addr, shared }
    }

    /// The value of `MAIBO_SMTP_URL`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.addr)
    }

    /// The same, with a user and a password.
    pub fn url_as(&self, user: &str, password: &str) -> String {
        format!("smtp://{user}:{password}@{}", self.addr)
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
fn converse(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    let mut say = |words: &str| writer.write_all(format!("{words}\r\n").as_bytes());
    let (mut from, mut to) = (String::new(), String::new());
    let mut fate = Fate::Taken;
    say("220 sink ESMTP")?;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command = line.trim_end();
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let front = shared.script.lock().unwrap().front().copied();
        match verb.as_str() {
            "EHLO" => say("250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN")?,
            "AUTH" => {
                if let Some(Fate::NoLogin(reply)) = front {
                    shared.script.lock().unwrap().pop_front();
                    *shared.refused.lock().unwrap() += 1;
                    say(reply)?;
                } else {
                    say("235 welcome")?;
                }
            }
            "MAIL" => {
                fate = shared.script.lock().unwrap().pop_front().unwrap_or(Fate::Taken);
                from = address(command);
                say("250 ok")?;
            }
            "RCPT" => {
                if let Fate::NoRecipient(reply) = fate {
                    *shared.refused.lock().unwrap() += 1;
                    say(reply)?;
                } else {
                    to = address(command);
                    say("250 ok")?;
                }
            }
            "DATA" => {
                say("354 go on")?;
                let mut data = String::new();
                loop {
                    line.clear();
                    if reader.read_line(&mut line)? == 0 {
                        return Ok(());
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    data.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                let taken = !matches!(fate, Fate::DroppedAfterData);
                let mail = Mail { from: from.clone(), to: to.clone(), data, taken };
                shared.mails.lock().unwrap().push(mail);
                if !taken {
                    return Ok(());
                }
                say("250 taken")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 ok")?,
        }
    }
}

/// What stands between `<` and `>`.
fn address(command: &str) -> String {
    let inner = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(address, _)| address.to_owned())
}
