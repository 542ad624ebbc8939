//! Pings by mail: a small SMTP receiver. Sockets, time and memory are here, the conversation is in [`super::smtp`].
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body::bounded;
use super::intake::{Intake, Sender};
use super::smtp::{Content, Conversation, Envelope, MAX_LINE, MAX_MESSAGE, Next, Reply, TOO_LARGE};
use super::writer::Answer;
use crate::core::ping::Asked;
use crate::mime;
use crate::store::bodies::StoredBody;

/// Connections that are open at once.
const CONNECTIONS: usize = 64;
/// Of these, one address may have so many.
const FROM_ONE: usize = 32;
/// How long somebody may talk without a message.
const TALK_TIME: Duration = Duration::from_mins(5);
/// How long the other side may take for a command, to read a reply, and between two pieces of a message.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a message may take to arrive.
const MESSAGE_TIME: Duration = Duration::from_mins(5);
/// How long one who is turned away may take to read why.
const TURNED_AWAY: Duration = Duration::from_secs(1);
/// A message takes this much memory for itself, and what is longer takes the rest from what all share.
const BLOCK: usize = 1024 * 1024;
/// Blocks that all messages share while they arrive.
const SHARED_BLOCKS: usize = 64;

/// Takes mails until `stop`; messages that are on their way in then have `farewell` to get through.
pub async fn serve(
    listener: TcpListener,
    domain: Arc<str>,
    intake: Intake,
    stop: CancellationToken,
    farewell: Duration,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let memory = Arc::new(Semaphore::new(SHARED_BLOCKS));
    let reading = Arc::new(Semaphore::new(1));
    let connections = TaskTracker::new();
    let peers = Peers::default();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: give others time to close theirs.
                tracing::warn!(%error, "a connection for mail could not be accepted");
                tokio::time::sleep(TURNED_AWAY).await;
                continue;
            }
        };
        // Replies are small: they must not wait for more.
        drop(stream.set_nodelay(true));
        let place = Arc::clone(&places).try_acquire_owned().ok().zip(Guest::admit(&peers, peer.ip()));
        let Some(place) = place else {
            turn_away(stream).await;
            continue;
        };
        let connection = Connection {
            stream: BufReader::new(stream),
            peer: peer.ip(),
            talk: Conversation::new(Arc::clone(&domain)),
            intake: intake.clone(),
            memory: Arc::clone(&memory),
            reading: Arc::clone(&reading),
            stop: stop.clone(),
        };
        let stop = stop.clone();
        connections.spawn(async move {
            let cut = async {
                stop.cancelled().await;
                tokio::time::sleep(farewell).await;
            };
            tokio::select! {
                () = connection.run() => {}
                () = cut => tracing::warn!("a mail did not arrive in time and was cut off; its sender will try again"),
            }
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn turn_away(mut stream: TcpStream) {
    let words = b"421 4.7.0 Too many connections, please try again later\r\n";
    // Who does not read it finds out by the end of the connection.
    drop(timeout(TURNED_AWAY, stream.write_all(words)).await);
}

/// How many connections each address has.
type Peers = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// A connection that is counted for its address.
struct Guest {
    peers: Peers,
    peer: IpAddr,
}

impl Guest {
    /// `None`: the address has enough of them.
    fn admit(peers: &Peers, peer: IpAddr) -> Option<Self> {
        let mut counts = peers.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(peer).or_default();
        if *count >= FROM_ONE {
            return None;
        }
        *count += 1;
        Some(Self { peers: Arc::clone(peers), peer })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.peer);
            }
        }
    }
}

struct Connection {
    stream: BufReader<TcpStream>,
    peer: IpAddr,
    talk: Conversation,
    intake: Intake,
    /// Blocks that are left for long messages.
    memory: Arc<Semaphore>,
    /// The turn to read a message: one of a thousand tiny parts takes a multiple of its size meanwhile.
    reading: Arc<Semaphore>,
    stop: CancellationToken,
}

/// What came in the place of a command.
enum Line {
    Command,
    TooLong,
    /// The other side has hung up.
    End,
}

impl Connection {
    /// Talks until the end of the connection. One that breaks is the other side's business.
    async fn run(mut self) {
        match self.converse().await {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                drop(self.say(&"421 4.4.2 Too slow".into()).await);
            }
            _ => {}
        }
    }

    async fn converse(&mut self) -> io::Result<()> {
        self.say(&self.talk.greeting()).await?;
        let mut line = Vec::new();
        let mut until = Instant::now() + TALK_TIME;
        loop {
            let stop = self.stop.clone();
            let read = tokio::select! {
                biased;
                () = stop.cancelled() => return self.say(&"421 4.3.2 Maibo is stopping".into()).await,
                read = timeout_at(until, timeout(PATIENCE, self.read_line(&mut line))) => read???,
            };
            let next = match read {
                Line::Command => self.talk.command(Some(&line)),
                Line::TooLong => self.talk.command(None),
                Line::End => return Ok(()),
            };
            match next {
                Next::Say(reply) => self.say(&reply).await?,
                Next::Close(reply) => return self.say(&reply).await,
                Next::Read(reply) => {
                    self.say(&reply).await?;
                    let envelope = self.talk.envelope();
                    // What a message takes is given back when it is no longer held.
                    let mut room = Vec::new();
                    let reply = timeout(MESSAGE_TIME, self.read_message(&mut room)).await??;
                    let reply = match reply {
                        Ok(raw) => self.store(envelope, raw).await,
                        Err(refusal) => refusal.into(),
                    };
                    self.say(&reply).await?;
                    until = Instant::now() + TALK_TIME;
                }
            }
        }
    }

    async fn say(&mut self, reply: &Reply) -> io::Result<()> {
        let line = format!("{reply}\r\n");
        timeout(PATIENCE, self.stream.write_all(line.as_bytes())).await?
    }

    /// Reads a command without the end of its line, which some devices write without its CR.
    async fn read_line(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        line.clear();
        let mut length = 0;
        loop {
            let chunk = self.stream.fill_buf().await?;
            if chunk.is_empty() {
                return Ok(Line::End);
            }
            let end = memchr::memchr(b'\n', chunk);
            let used = end.map_or(chunk.len(), |end| end + 1);
            length += used;
            if length <= MAX_LINE {
                line.extend_from_slice(&chunk[..used]);
            }
            self.stream.consume(used);
            if end.is_some() {
                break;
            }
        }
        if length > MAX_LINE {
            return Ok(Line::TooLong);
        }
        line.pop();
        line.pop_if(|last| *last == b'\r');
        Ok(Line::Command)
    }

    /// Reads a message to its end; gives it, or why it is not taken.
    async fn read_message(
        &mut self,
        room: &mut Vec<OwnedSemaphorePermit>,
    ) -> io::Result<Result<Vec<u8>, &'static str>> {
        let mut content = Content::new(MAX_MESSAGE);
        let mut refusal = TOO_LARGE;
        loop {
            let chunk = timeout(PATIENCE, self.stream.fill_buf()).await??;
            if chunk.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let end = content.push(chunk);
            let used = end.unwrap_or(chunk.len());
            self.stream.consume(used);
            while room.len() < content.len() / BLOCK {
                if let Ok(block) = Arc::clone(&self.memory).try_acquire_owned() {
                    room.push(block);
                } else {
                    refusal = "452 4.3.1 Too many long messages at once, please try again";
                    content.discard();
                }
            }
            if end.is_some() {
                return Ok(content.finish().ok_or(refusal));
            }
        }
    }

    /// Makes a message a ping of each check that it is for. It is taken once all of them are durable; one whose sender is
    /// told to try again may have been stored for some.
    async fn store(&self, envelope: Envelope, raw: Vec<u8>) -> Reply {
        let body = StoredBody::pack(bounded(&raw, self.intake.body_limit));
        let turn = Arc::clone(&self.reading).acquire_owned().await;
        let read = self.intake.tasks.spawn_blocking(move || {
            let _turn = turn;
            mime::read(&raw)
        });
        let mail = Arc::new(read.await.unwrap_or_default());
        let mut dropped = 0;
        for target in envelope.to {
            let sender = Sender::of_mail(self.peer, &envelope.from);
            let mut ping = sender.ping(target, Asked::Success, Vec::new(), &self.intake);
            ping.mail = Some(Arc::clone(&mail));
            match self.intake.writer.submit(ping, body.clone()).await {
                Answer::Ok | Answer::Created => {}
                Answer::NotFound | Answer::Ambiguous | Answer::Refused(_) => dropped += 1,
                Answer::Unavailable => return "451 4.3.0 Not stored, please try again".into(),
            }
        }
        if dropped > 0 {
            tracing::info!(
                peer = %self.peer,
                recipients = dropped,
                "a mail was dropped: no check has its address, or several have"
            );
        }
        "250 2.0.0 OK".into()
    }
}
