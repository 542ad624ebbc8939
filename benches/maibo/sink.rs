//! A receiver of webhooks that notes when which one came.
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use maibo::clock::{Clock as _, SystemClock};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

type Heard = Arc<Mutex<Vec<(i64, i64)>>>;

/// Listens until the process ends.
pub(crate) struct Sink {
    pub(crate) addr: SocketAddr,
    heard: Heard,
}

/// A receiver that takes connections, and whatever comes, and never says a word.
pub(crate) struct Silent {
    pub(crate) addr: SocketAddr,
}

impl Silent {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let addr = listener.local_addr()?;
        std::thread::spawn(move || {
            let _held: Vec<_> = listener.incoming().flatten().collect();
        });
        Ok(Self { addr })
    }
}

impl Sink {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let addr = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let heard = Heard::default();
        let notes = Arc::clone(&heard);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                let conversations = TaskTracker::new();
                while let Ok((stream, _)) = listener.accept().await {
                    let notes = Arc::clone(&notes);
                    conversations.spawn(async move { drop(converse(stream, &notes).await) });
                }
            });
        });
        Ok(Self { addr, heard })
    }

    /// How many requests came since the last [`Sink::take`].
    pub(crate) fn count(&self) -> usize {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What came: the number in the path, and the time in microseconds since 1970.
    pub(crate) fn take(&self) -> Vec<(i64, i64)> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Answers GETs without a body, which is what the channels here send, until the other side hangs up.
async fn converse(mut stream: TcpStream, heard: &Heard) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    while let Some(first) = lines.next_line().await? {
        let at = SystemClock.now().timestamp_micros();
        while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
        let number = first.split(['/', ' ']).nth(2).and_then(|word| word.parse().ok()).unwrap_or(-1);
        heard.lock().unwrap_or_else(PoisonError::into_inner).push((number, at));
        write.write_all(ANSWER).await?;
    }
    Ok(())
}
