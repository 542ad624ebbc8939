//! Passwords that were right a moment ago: a job that sends its password with every ping must not cost a slow hash each
//! time.
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hmac::{KeyInit as _, Mac as _, SimpleHmac};
use sha2::Sha256;
use tokio::sync::MutexGuard;

use super::secret;
use crate::core::{Span, Time};

/// How long a password is remembered.
const LIFE: Span = Span::minutes(5);
/// Most passwords that are remembered at once.
const MOST: usize = 1000;

/// Fingerprints of right passwords, in this process's memory alone.
pub struct Verified {
    /// Nobody outside this process can make a fingerprint, or try passwords on one.
    key: String,
    /// Until when each is good.
    known: Mutex<HashMap<[u8; 32], Time>>,
    turn: tokio::sync::Mutex<()>,
}

impl Default for Verified {
    fn default() -> Self {
        Self { key: secret::token(), known: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl Verified {
    /// The stored hash has a salt of its own: it names the user, and another password makes another one.
    fn fingerprint(&self, password: &str, stored: &str) -> [u8; 32] {
        // A key of any length will do.
        let Ok(mac) = SimpleHmac::<Sha256>::new_from_slice(self.key.as_bytes()) else { return [0; 32] };
        mac.chain_update(stored.as_bytes())
            .chain_update([0])
            .chain_update(password.as_bytes())
            .finalize()
            .into_bytes()
            .into()
    }

    /// Whether this password was found to fit this stored hash within the last five minutes.
    #[must_use]
    pub fn holds(&self, password: &str, stored: &str, now: Time) -> bool {
        let fingerprint = self.fingerprint(password, stored);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // What ends later than that was remembered by a clock that was wrong.
        known.get(&fingerprint).is_some_and(|until| now < *until && *until <= now + LIFE)
    }

    /// Remembers that this password fits this stored hash.
    pub fn remember(&self, password: &str, stored: &str, now: Time) {
        let fingerprint = self.fingerprint(password, stored);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, until| now < *until);
        }
        if known.len() >= MOST
            && let Some(oldest) = known.iter().min_by_key(|(_, until)| **until).map(|(oldest, _)| *oldest)
        {
            known.remove(&oldest);
        }
        known.insert(fingerprint, now + LIFE);
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
    fn a_right_password_is_remembered_for_a_while_and_for_one_hash() {
        let verified = Verified::default();
        assert!(!verified.holds("right", "hash", start()));
        verified.remember("right", "hash", start());
        assert!(verified.holds("right", "hash", start() + LIFE - Span::seconds(1)));
        assert!(!verified.holds("right", "hash", start() + LIFE));
        assert!(!verified.holds("right", "hash", start() - Span::seconds(1)), "the clock was wrong");
        assert!(!verified.holds("wrong", "hash", start()));
        assert!(!verified.holds("right", "another hash", start()), "the password was changed");
    }

    #[test]
    fn the_oldest_makes_room() {
        let verified = Verified::default();
        for second in 0..=1000 {
            verified.remember(&format!("password {second}"), "hash", start() + Span::milliseconds(second));
        }
        assert_eq!(verified.known.lock().unwrap().len(), MOST);
        let now = start() + Span::seconds(2);
        assert!(!verified.holds("password 0", "hash", now));
        assert!(verified.holds("password 1", "hash", now));
        assert!(verified.holds("password 1000", "hash", now));
    }
}
