//! The only source of randomness: ids, keys, tokens and jitter.
use rand::RngExt as _;
use rand::distr::{Alphanumeric, Distribution as _};
use uuid::Uuid;

/// A version 4 UUID, as check ids must be: `unique_key` is made from their first half.
#[must_use]
pub fn uuid() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}

/// `len` characters of `A-Z a-z 0-9`, about 5.95 bits each.
#[must_use]
pub fn token(len: usize) -> String {
    Alphanumeric.sample_iter(rand::rng()).take(len).map(char::from).collect()
}

/// A factor between 0.8 and 1.2, so that retries of many alerts do not march in step.
#[must_use]
pub fn jitter() -> f64 {
    rand::rng().random_range(0.8..1.2)
}
