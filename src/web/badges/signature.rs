//! What keeps strangers from asking for badges that nobody gave them: a signature over project and tag.
use hmac::{KeyInit as _, Mac as _, SimpleHmac};
use sha1::{Digest as _, Sha1};

use crate::auth::secret::same;

/// Characters of a signature in an address: 48 bits.
pub(super) const LENGTH: usize = 8;
/// What stands behind the signature where late checks count as up.
pub(super) const TWO_STATES: &str = "-2";

/// The signature of a project's badge for a tag. It is made as Healthchecks makes it (Django's salted HMAC), so that
/// addresses stay good for those who bring their `SECRET_KEY` along.
pub(super) fn sign(secret: &str, badge_key: &str, tag: &str) -> String {
    let key = Sha1::digest(format!("{badge_key}{secret}").as_bytes());
    // A key of any length will do.
    let Ok(mac) = SimpleHmac::<Sha1>::new_from_slice(&key) else { return String::new() };
    let bytes = mac.chain_update(tag.as_bytes()).finalize().into_bytes();
    base64url(&bytes[..LENGTH * 6 / 8])
}

/// Whether a signature in an address is the one of this tag. What follows its first characters is not signed.
pub(super) fn fits(presented: &str, secret: &str, badge_key: &str, tag: &str) -> bool {
    presented.get(..LENGTH).is_some_and(|presented| same(presented, &sign(secret, badge_key, tag)))
}

/// Base64 in the alphabet of URLs, of a multiple of three bytes.
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digit = |bits: u32| char::from(DIGITS[usize::try_from(bits & 63).unwrap_or_default()]);
    let group = |three: &[u8]| {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        [bits >> 18, bits >> 12, bits >> 6, bits].map(digit)
    };
    bytes.chunks_exact(3).flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "3c9a52d1-7c1e-4d0b-9a53-0f6d1c2b88e2";

    /// Computed with Python's hmac and hashlib, as Django does.
    #[test]
    fn signatures_are_those_of_the_original() {
        for (tag, expected) in
            [("*", "lFcax1jf"), ("prod", "t8exZCL4"), ("数据库", "trgdS8Sf"), ("a/b c", "2gGAlKau")]
        {
            assert_eq!(sign("a secret", KEY, tag), expected, "{tag}");
        }
    }

    #[test]
    fn a_signature_is_good_for_one_tag_of_one_project() {
        for (presented, good) in [
            ("t8exZCL4", true),
            ("t8exZCL4-2", true),
            ("t8exZCL5", false),
            ("t8exZCL", false),
            ("", false),
            ("数数数", false),
        ] {
            assert_eq!(fits(presented, "a secret", KEY, "prod"), good, "{presented}");
        }
        assert!(!fits("t8exZCL4", "a secret", KEY, "prod2"));
        assert!(!fits("t8exZCL4", "another secret", KEY, "prod"));
    }
}
