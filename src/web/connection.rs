//! A client's connection, kinder than HTTP asks: jobs are lines of shell that somebody wrote once, and what they send by
//! mistake must not cost a ping or the end of an answer.
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// Bytes of a first line that are looked at.
const MAX_LINE: usize = 64 * 1024;
/// How long a client that still sends a body is listened to after its answer.
const FAREWELL: Duration = Duration::from_secs(5);

/// A connection whose first request may have any bytes in its URL, which are then percent-encoded: `"`, `<`, blanks and
/// text in whatever encoding a script is written in (`curl "…?msg=<备份失败>"`). Others would refuse such a request.
///
/// Where a request's body was not read to its end, the connection stays until the client has sent it: closing earlier
/// would reset it, and take away what the client has not yet read of the answer.
pub(super) struct Connection {
    stream: TcpStream,
    line: Line,
    unread: Unread,
    farewell: Option<Pin<Box<Sleep>>>,
}

/// Whether a request's body has not been read to its end.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<AtomicBool>);

/// What became of the first line.
enum Line {
    /// Read so far; it has no end yet.
    Begun(Vec<u8>),
    /// Read in full, mended; this far handed on.
    Mended(Vec<u8>, usize),
    /// Nothing more to do.
    Past,
}

impl Connection {
    #[must_use]
    pub(super) fn new(stream: TcpStream, unread: Unread) -> Self {
        Self { stream, line: Line::Begun(Vec::new()), unread, farewell: None }
    }
}

impl Unread {
    /// The body of a request, which is watched if there is any.
    pub(super) fn watch(&self, body: Incoming) -> Body {
        if body.is_end_stream() {
            return Body::new(body);
        }
        self.0.store(true, Ordering::Relaxed);
        Body::new(Watched { body, unread: self.clone() })
    }
}

/// Bytes that the HTTP library refuses in a URL. It takes UTF-8.
fn is_odd(byte: u8, is_utf8: bool) -> bool {
    byte <= b' '
        || matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x7f)
        || (byte > 0x7f && !is_utf8)
}

fn is_utf8(url: &[u8]) -> bool {
    url.is_ascii() || std::str::from_utf8(url).is_ok()
}

/// The place of a request line's URL: between its first blank and the one before the version.
fn url_in(line: &[u8]) -> Option<(usize, usize)> {
    let start = memchr::memchr(b' ', line)? + 1;
    let end = memchr::memmem::rfind(line, b" HTTP/")?;
    (start < end).then_some((start, end))
}

/// Whether these bytes without a line's end can be the beginning of a request: if not, its answer is not kept waiting.
fn may_be_line(begun: &[u8]) -> bool {
    let lonely = memchr::memchr(b'\r', begun).is_some_and(|at| at + 1 < begun.len());
    begun.first().is_none_or(u8::is_ascii_graphic) && !lonely
}

fn is_fine(line: &[u8]) -> bool {
    url_in(line).is_none_or(|(start, end)| {
        let is_utf8 = is_utf8(&line[start..end]);
        !line[start..end].iter().any(|byte| is_odd(*byte, is_utf8))
    })
}

/// The line with the odd bytes of its URL percent-encoded.
fn mended(line: &[u8]) -> Vec<u8> {
    let Some((start, end)) = url_in(line) else { return line.to_vec() };
    let (mut whole, is_utf8) = (line[..start].to_vec(), is_utf8(&line[start..end]));
    for &byte in &line[start..end] {
        if is_odd(byte, is_utf8) {
            whole.extend_from_slice(percent_encoding::percent_encode_byte(byte).as_bytes());
        } else {
            whole.push(byte);
        }
    }
    whole.extend_from_slice(&line[end..]);
    whole
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &mut this.line {
                Line::Past => return Pin::new(&mut this.stream).poll_read(cx, buf),
                Line::Mended(bytes, given) => {
                    let count = buf.remaining().min(bytes.len() - *given);
                    buf.put_slice(&bytes[*given..*given + count]);
                    *given += count;
                    if *given == bytes.len() {
                        this.line = Line::Past;
                    }
                    return Poll::Ready(Ok(()));
                }
                Line::Begun(begun) => {
                    let before = buf.filled().len();
                    ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
                    let arrived = &buf.filled()[before..];
                    let end = memchr::memchr(b'\n', arrived);
                    // Nearly all come whole and are fine: nothing is copied.
                    if let (true, Some(end)) = (begun.is_empty(), end)
                        && is_fine(&arrived[..end])
                    {
                        this.line = Line::Past;
                        return Poll::Ready(Ok(()));
                    }
                    let (ended, searched) = (arrived.is_empty(), begun.len());
                    begun.extend_from_slice(arrived);
                    buf.set_filled(before);
                    if let Some(end) = end {
                        let (line, rest) = begun.split_at(searched + end);
                        let whole = [mended(line).as_slice(), rest].concat();
                        this.line = Line::Mended(whole, 0);
                    } else if ended && begun.is_empty() {
                        this.line = Line::Past;
                        return Poll::Ready(Ok(()));
                    } else if ended || begun.len() > MAX_LINE || !may_be_line(begun) {
                        this.line = Line::Mended(std::mem::take(begun), 0);
                    }
                }
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.farewell.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            if !this.unread.0.load(Ordering::Relaxed) {
                return Poll::Ready(Ok(()));
            }
        }
        let farewell = this.farewell.get_or_insert_with(|| Box::pin(tokio::time::sleep(FAREWELL)));
        let mut room = [0; 16 * 1024];
        while farewell.as_mut().poll(cx).is_pending() {
            let mut unwanted = ReadBuf::new(&mut room);
            // Its end, or a connection that broke: nothing is left to lose.
            if ready!(Pin::new(&mut this.stream).poll_read(cx, &mut unwanted)).is_err()
                || unwanted.filled().is_empty()
            {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// A body that tells when it was read to its end.
struct Watched {
    body: Incoming,
    unread: Unread,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.unread.0.store(false, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(b"GET /ping/u?msg=ok HTTP/1.1\r", b"GET /ping/u?msg=ok HTTP/1.1\r")]
    #[case(b"GET /u?m=\"a b\" HTTP/1.1\r", b"GET /u?m=%22a%20b%22 HTTP/1.1\r")]
    #[case(b"GET /u?m=<\xb1\xb8>&s=1 HTTP/1.1\r", b"GET /u?m=%3C%B1%B8%3E&s=1 HTTP/1.1\r")]
    #[case(b"GET /u?m= HTTP/1.1 HTTP/1.0", b"GET /u?m=%20HTTP/1.1 HTTP/1.0")]
    #[case(b"GET  HTTP/1.1\r", b"GET  HTTP/1.1\r")]
    #[case("GET /u?m=备份`date` HTTP/1.1\r".as_bytes(), "GET /u?m=备份%60date%60 HTTP/1.1\r".as_bytes())]
    #[case(b"nonsense", b"nonsense")]
    #[case(b"", b"")]
    fn the_url_of_a_line_is_mended(#[case] line: &[u8], #[case] expected: &[u8]) {
        assert_eq!(mended(line), expected);
        assert_eq!(is_fine(line), line == expected);
    }
}
