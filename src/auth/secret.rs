//! Random secrets: session tokens, API keys, the set-up token. The database knows only their hashes.
use hmac::{KeyInit as _, Mac as _, SimpleHmac};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::core::slug;
use crate::rng;
use crate::store::keys::Scope;

/// Length of an API key in characters, with its prefix (Healthchecks').
pub const API_KEY_LEN: usize = 32;
/// Length of a ping key in characters.
pub const PING_KEY_LEN: usize = 22;
/// Longest ping key that is brought along from elsewhere.
pub const PING_KEY_MAX: usize = 64;

/// A new session or set-up token: 43 characters, 256 bits.
#[must_use]
pub fn token() -> String {
    rng::token(43)
}

/// What is stored of a secret, in hex. The secrets are long and random, so a fast hash is enough.
#[must_use]
pub fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Bytes as lower-case hex digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Compares without telling by its duration how much fits.
#[must_use]
pub fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// A new API key of this scope: `hcw_…`, `hcr_…`, or 32 plain characters for metrics.
#[must_use]
pub fn api_key(scope: Scope) -> String {
    let prefix = prefix(scope);
    format!("{prefix}{}", rng::token(API_KEY_LEN - prefix.len()))
}

/// The API key that this form makes: the same when a browser sends the form again. `secret` belongs to the installation,
/// `form` says which form it was.
#[must_use]
pub fn api_key_of_form(scope: Scope, secret: &str, form: &str) -> String {
    let prefix = prefix(scope);
    // A key of any length will do.
    let Ok(mac) = SimpleHmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return api_key(scope) };
    let digits = hex(&mac.chain_update(form.as_bytes()).finalize().into_bytes());
    format!("{prefix}{}", &digits[..API_KEY_LEN - prefix.len()])
}

const fn prefix(scope: Scope) -> &'static str {
    match scope {
        Scope::ReadWrite => "hcw_",
        Scope::ReadOnly => "hcr_",
        Scope::Metrics => "",
    }
}

/// Whether `text` may be a ping key: 22 to 64 letters, digits, `-` and `_`.
#[must_use]
pub fn is_ping_key(text: &str) -> bool {
    (PING_KEY_LEN..=PING_KEY_MAX).contains(&text.len()) && slug::could_be(text)
}

/// What a list shows of an API key, so that people can tell theirs apart: its first eight characters.
#[must_use]
pub fn hint(key: &str) -> String {
    key.chars().take(8).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_lengths_that_clients_check() {
        assert!(api_key(Scope::ReadWrite).starts_with("hcw_"));
        for scope in [Scope::ReadWrite, Scope::ReadOnly, Scope::Metrics] {
            assert_eq!(api_key(scope).len(), API_KEY_LEN);
        }
        assert_ne!(api_key(Scope::ReadOnly), api_key(Scope::ReadOnly));
    }

    #[test]
    fn a_digest_is_not_the_secret() {
        assert_eq!(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
