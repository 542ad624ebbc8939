//! Takes a ping's body off the wire: bounded in memory and in time, keeping head **and** tail of a long one.
use std::collections::VecDeque;
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;

use crate::core::ping::mark_of_cut;

/// How long a body may take to arrive. What has come by then is kept, and the ping counts where its URL says what
/// happened.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// Room for the line that stands where the middle was left out.
const MARK_ROOM: usize = 64;

/// Keeps at most `limit` bytes of what passes through.
struct Kept {
    limit: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Kept {
    fn new(limit: usize) -> Self {
        Self { limit, head: Vec::new(), tail: VecDeque::new(), total: 0 }
    }

    fn tail_room(&self) -> usize {
        (self.limit.saturating_sub(MARK_ROOM)) / 2
    }

    fn push(&mut self, chunk: &[u8]) {
        self.total += chunk.len() as u64;
        let into_head = chunk.len().min(self.limit.saturating_sub(self.head.len()));
        let (first, rest) = chunk.split_at(into_head);
        self.head.extend_from_slice(first);
        let room = self.tail_room();
        let rest = &rest[rest.len().saturating_sub(room)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(room);
        self.tail.drain(..over.min(self.tail.len()));
        self.tail.extend(rest);
    }

    /// The body, or its head and tail with a line between them that says how much is missing.
    fn finish(mut self) -> Vec<u8> {
        if self.total <= self.limit as u64 {
            return self.head;
        }
        // The end of what went into the head belongs to the tail while that is not full.
        let room = self.tail_room();
        let from_head = room.saturating_sub(self.tail.len());
        let borrowed = self.head.split_off(self.head.len().saturating_sub(from_head));
        let head_room = self.limit.saturating_sub(MARK_ROOM) - room;
        self.head.truncate(head_room);
        let shown = (self.head.len() + borrowed.len() + self.tail.len()) as u64;
        let left_out = self.total.saturating_sub(shown);
        self.head.extend_from_slice(mark_of_cut(left_out).as_bytes());
        self.head.extend_from_slice(&borrowed);
        self.head.extend(self.tail);
        self.head
    }
}

/// What is kept of a text that is there as a whole.
#[must_use]
pub fn bounded(text: &[u8], limit: usize) -> Vec<u8> {
    let mut kept = Kept::new(limit);
    kept.push(text);
    kept.finish()
}

/// A body off the wire.
#[derive(Debug, Default)]
pub struct Collected {
    /// What is kept of it.
    pub bytes: Vec<u8>,
    /// Why not all of it came. Where the body decides what a ping means, one that is cut short says nothing.
    pub missing: Option<Missing>,
}

/// Why not all of a body came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It broke off, or could not be unpacked: its sender's fault.
    Broken,
    /// It took too long, or others kept the server from taking it.
    Late,
}

/// Reads a body to its end, its [`DEADLINE`] or its sender's disappearance, whichever is first.
pub async fn collect(mut body: Body, limit: usize) -> Collected {
    let mut kept = Kept::new(limit);
    let read = async {
        loop {
            match body.frame().await {
                Some(Ok(frame)) => {
                    if let Some(chunk) = frame.data_ref() {
                        kept.push(chunk);
                    }
                }
                Some(Err(_)) => return Some(Missing::Broken),
                None => return None,
            }
            // A body that is always ready (out of a few bytes of gzip) leaves the others their turn, and its deadline.
            tokio::task::yield_now().await;
        }
    };
    let missing = tokio::time::timeout(DEADLINE, read).await.unwrap_or(Some(Missing::Late));
    Collected { bytes: kept.finish(), missing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keep(chunks: &[Vec<u8>], limit: usize) -> Vec<u8> {
        let mut kept = Kept::new(limit);
        for chunk in chunks {
            kept.push(chunk);
        }
        kept.finish()
    }

    proptest! {
        #[test]
        fn head_and_tail_survive_any_chunking(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..40),
            limit in 200..2000_usize,
        ) {
            let whole: Vec<u8> = chunks.concat();
            let kept = keep(&chunks, limit);
            if whole.len() <= limit {
                prop_assert_eq!(kept, whole);
            } else {
                let room = (limit - MARK_ROOM) / 2;
                prop_assert!(kept.len() <= limit);
                prop_assert_eq!(&kept[..room], &whole[..room]);
                prop_assert_eq!(&kept[kept.len() - room..], &whole[whole.len() - room..]);
            }
        }
    }

    #[test]
    fn the_gap_is_named() {
        let kept = keep(&[vec![b'a'; 5000], vec![b'z'; 5000]], 1000);
        let text = String::from_utf8(kept).unwrap();
        assert!(text.starts_with("aaaa") && text.ends_with("zzzz"));
        assert!(text.contains("[... 9064 bytes left out ...]"), "{text}");
    }
}
