//! A receiver of webhooks that answers as it is told and remembers every request.
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{eventually, now};

#[derive(Debug, Clone)]
pub enum Answer {
    /// A status with this body.
    Says(u16, String),
    /// Reads the request and never answers.
    Hangs,
    /// Answers with something that is not HTTP.
    Garbage,
    /// Sends the caller elsewhere.
    Redirects(String),
    /// Answers 200, but not before [`HttpSink::release`].
    Waits,
    /// Answers 200, after so long.
    Slowly(Duration),
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self::Says(status, String::new())
    }

    /// What WeCom's robots answer, with HTTP status 200 whatever happened.
    pub fn wecom(errcode: i64, errmsg: &str) -> Self {
        Self::Says(200, format!(r#"{{"errcode":{errcode},"errmsg":"{errmsg}"}}"#))
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Heard {
    pub at: DateTime<Utc>,
    pub method: String,
    pub target: String,
    headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Heard {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's bytes by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }
}

struct Shared {
    heard: Mutex<Vec<Heard>>,
    script: Mutex<(VecDeque<Answer>, Answer)>,
    released: (Mutex<bool>, Condvar),
}

pub struct HttpSink {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

impl HttpSink {
    /// Answers with `script`, one after the other, and then with `after` for ever.
    pub fn start(script: impl IntoIterator<Item = Answer>, after: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            heard: Mutex::default(),
            script: Mutex::new((script.into_iter().collect(), after)),
            released: (Mutex::new(false), Condvar::new()),
        });
        let for_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&for_thread);
                thread::spawn(move || drop(converse(&stream, &shared)));
            }
        });
        Self { addr, shared }
    }

    /// Answers 200 to everything.
    pub fn ok() -> Self {
        Self::start([], Answer::status(200))
    }

    /// Answers like WeCom's robots do when all is well.
    pub fn wecom() -> Self {
        Self::start([], Answer::wecom(0, "ok"))
    }

    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.addr)
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// Waits for the `n`-th request, counted from 1; gives all up to it.
    #[track_caller]
    pub fn wait_for(&self, n: usize) -> Vec<Heard> {
        eventually(&format!("the sink hears {n} requests"), || {
            let heard = self.heard();
            (heard.len() >= n).then_some(heard)
        })
    }

    /// Lets go of those that wait.
    pub fn release(&self) {
        *self.shared.released.0.lock().unwrap() = true;
        self.shared.released.1.notify_all();
    }
}

/// Serves one connection; ends with it.
fn converse(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let Some(heard) = read(&mut reader)? else { return Ok(()) };
        let answer = {
            let mut script = shared.script.lock().unwrap();
            script.0.pop_front().unwrap_or_else(|| script.1.clone())
        };
        shared.heard.lock().unwrap().push(heard);
        let reply = match answer {
            Answer::Says(status, body) => {
                format!("HTTP/1.1 {status} Sink\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            }
            Answer::Redirects(to) => {
                format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
            }
            Answer::Garbage => {
                writer.write_all(b"\x00\x01\xff no HTTP at all\r\n\r\n")?;
                return Ok(());
            }
            Answer::Hangs => {
                // Until the caller gives up.
                std::io::copy(&mut reader, &mut std::io::sink())?;
                return Ok(());
            }
            Answer::Slowly(wait) => {
                thread::sleep(wait);
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned()
            }
            Answer::Waits => {
                let (released, bell) = &shared.released;
                drop(bell.wait_while(released.lock().unwrap(), |released| !*released).unwrap());
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned()
            }
        };
        writer.write_all(reply.as_bytes())?;
    }
}

/// Reads a request; `None` at the end of the connection.
fn read(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Heard>> {
    let mut line = Vec::new();
    if reader.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let first = String::from_utf8_lossy(&line).into_owned();
    let mut words = first.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_until(b'\n', &mut line)?;
        let text = line.trim_ascii_end();
        if text.is_empty() {
            break;
        }
        let colon = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
        let name = String::from_utf8_lossy(&text[..colon]).to_lowercase();
        headers.push((name, text.get(colon + 1..).unwrap_or_default().trim_ascii().to_vec()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| String::from_utf8_lossy(value).parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Heard { at: now(), method, target, headers, body }))
}
