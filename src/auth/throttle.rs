//! How often one may guess: a leaky bucket per key, counted in memory.
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::core::{Span, Time};

/// What guesses are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Who {
    /// An IPv4 address, or the /64 network of an IPv6 address.
    Address(IpAddr),
    Account(String),
}

impl Who {
    /// The key for a caller's address. One customer has a whole IPv6 /64.
    #[must_use]
    pub fn from_ip(ip: IpAddr) -> Self {
        Self::Address(match ip.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::from([a, b, c, d, 0, 0, 0, 0])
            }
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

/// Keys that are remembered at once; beyond that the map is swept of those who may try again anyway.
const MAX_KEYS: usize = 100_000;

/// Allows `burst` tries at once and one more every `every`.
#[derive(Debug)]
pub struct Throttle {
    burst: i32,
    every: Span,
    /// For each key, when its bucket will be empty (the theoretical arrival time of GCRA).
    empty_at: Mutex<HashMap<Who, Time>>,
}

impl Throttle {
    #[must_use]
    pub fn new(burst: i32, every: Span) -> Self {
        Self { burst, every, empty_at: Mutex::default() }
    }

    /// Counts a try. `Err`: how long to wait before the next one.
    pub fn take(&self, who: Who, now: Time) -> Result<(), Span> {
        let mut map = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= MAX_KEYS {
            map.retain(|_, empty_at| *empty_at > now);
        }
        let empty_at = map.get(&who).copied().unwrap_or(now).max(now);
        let full = self.every * (self.burst - 1);
        if empty_at - now > full {
            return Err(empty_at - now - full);
        }
        map.insert(who, empty_at + self.every);
        Ok(())
    }

    /// Forgets the tries of somebody who has shown who they are.
    pub fn forgive(&self, who: &Who) {
        self.empty_at.lock().unwrap_or_else(PoisonError::into_inner).remove(who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_burst_one_try_per_interval() {
        let throttle = Throttle::new(5, Span::seconds(30));
        let who = || Who::Account("ops@example.org".to_owned());
        let start: Time = "2026-01-01T00:00:00Z".parse().unwrap();
        for _ in 0..5 {
            assert_eq!(throttle.take(who(), start), Ok(()));
        }
        assert_eq!(throttle.take(who(), start), Err(Span::seconds(30)));
        assert_eq!(throttle.take(who(), start + Span::seconds(30)), Ok(()));
        assert!(throttle.take(who(), start + Span::seconds(30)).is_err());
        throttle.forgive(&who());
        assert_eq!(throttle.take(who(), start + Span::seconds(30)), Ok(()));
    }

    #[test]
    fn one_ipv6_customer_is_one_caller() {
        let who = |ip: &str| Who::from_ip(ip.parse().unwrap());
        assert_eq!(who("2001:db8:1:2::1"), who("2001:db8:1:2:ffff::9"));
        assert_ne!(who("2001:db8:1:2::1"), who("2001:db8:1:3::1"));
    }
}
