//! Passwords that were compared a moment ago: a job that sends its password with every ping must not cost a slow hash
//! each time.
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hmac::{KeyInit as _, Mac as _, SimpleHmac};
use sha2::Sha256;
use tokio::sync::MutexGuard;

use super::secret;
use crate::core::{Span, Time};

/// How long it is remembered how a comparison ended.
const LIFE: Span = Span::minutes(5);
/// Most passwords of each sort that are remembered at once.
const MOST: usize = 1000;

/// Fingerprints of passwords, in this process's memory alone.
pub struct Verified {
    /// Nobody outside this process can make a fingerprint, or try passwords on one.
    key: String,
    right: Memory,
    wrong: Memory,
    turn: tokio::sync::Mutex<()>,
}

/// Fingerprints, and until when each is good.
type Memory = Mutex<HashMap<[u8; 32], Time>>;

impl Default for Verified {
    fn default() -> Self {
        Self {
            key: secret::token(),
            right: Memory::default(),
            wrong: Memory::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

impl Verified {
    /// `stored`: the hash that the password is compared with. It has a salt of its own, so it names the user, and
    /// another password of the same user has another one.
    fn fingerprint(&self, password: &str, stored: &str) -> [u8; 32] {
        // A key of any length will do.
        let Ok(mac) = SimpleHmac::<Sha256>::new_from_slice(self.key.as_bytes()) else { return [0; 32] };
        let mac = mac.chain_update(stored.as_bytes()).chain_update([0]).chain_update(password.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Whether this password fits this stored hash, if they were compared within the last five minutes.
    #[must_use]
    pub fn recall(&self, password: &str, stored: &str, now: Time) -> Option<bool> {
        let fingerprint = self.fingerprint(password, stored);
        let holds = |memory: &Memory| {
            let memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
            // What ends later than that was remembered by a clock that was wrong.
            memory.get(&fingerprint).is_some_and(|until| now < *until && *until <= now + LIFE)
        };
        if holds(&self.right) { Some(true) } else { holds(&self.wrong).then_some(false) }
    }

    /// Remembers how a comparison ended.
    pub fn remember(&self, password: &str, stored: &str, fits: bool, now: Time) {
        let fingerprint = self.fingerprint(password, stored);
        // Apart, so that no number of wrong ones drives out a right one.
        let memory = if fits { &self.right } else { &self.wrong };
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() >= MOST {
            memory.retain(|_, until| now < *until);
        }
        if memory.len() >= MOST
            && let Some(oldest) = memory.iter().min_by_key(|(_, until)| **until).map(|(oldest, _)| *oldest)
        {
            memory.remove(&oldest);
        }
        memory.insert(fingerprint, now + LIFE);
    }

    /// Waits for one's turn to have a password compared. Of many jobs that begin in the same minute with the same
    /// password, the first has it compared, and the others find it remembered.
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Time {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_password_is_remembered_for_a_while_and_for_one_hash() {
        for fits in [true, false] {
            let verified = Verified::default();
            assert_eq!(verified.recall("password", "hash", start()), None);
            verified.remember("password", "hash", fits, start());
            let recall = |password: &str, hash: &str, now| verified.recall(password, hash, now);
            assert_eq!(recall("password", "hash", start() + LIFE - Span::seconds(1)), Some(fits));
            assert_eq!(recall("password", "hash", start() + LIFE), None);
            assert_eq!(recall("password", "hash", start() - Span::seconds(1)), None, "the clock was wrong");
            assert_eq!(recall("another", "hash", start()), None);
            assert_eq!(recall("password", "another hash", start()), None, "the password was changed");
        }
    }

    #[test]
    fn the_oldest_makes_room_and_wrong_ones_drive_out_no_right_one() {
        let verified = Verified::default();
        verified.remember("right", "hash", true, start());
        for n in 0..=1000 {
            verified.remember(&format!("wrong {n}"), "hash", false, start() + Span::milliseconds(n));
        }
        assert_eq!(verified.wrong.lock().unwrap().len(), MOST);
        let recall = |password: &str| verified.recall(password, "hash", start() + Span::seconds(2));
        assert_eq!(recall("wrong 0"), None);
        assert_eq!(recall("wrong 1"), Some(false));
        assert_eq!(recall("wrong 1000"), Some(false));
        assert_eq!(recall("right"), Some(true));
    }
}
