//! Signatures as vendors want them: HMAC-SHA256 and base64.
use hmac::{KeyInit as _, Mac as _, SimpleHmac};
use sha2::Sha256;

/// HMAC-SHA256 of a message.
pub(in crate::notify) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    // A key of any length will do.
    let Ok(mac) = SimpleHmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

/// Base64 in its usual alphabet, padded.
pub(in crate::notify) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            let sign = char::from(ALPHABET[bits >> (18 - 6 * place) & 63]);
            text.push(if place <= group.len() { sign } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// RFC 4648, section 10.
    #[rstest]
    #[case("", "")]
    #[case("f", "Zg==")]
    #[case("fo", "Zm8=")]
    #[case("foo", "Zm9v")]
    #[case("foob", "Zm9vYg==")]
    #[case("fooba", "Zm9vYmE=")]
    #[case("foobar", "Zm9vYmFy")]
    fn base64_is_that_of_the_rfc(#[case] plain: &str, #[case] expected: &str) {
        assert_eq!(base64(plain.as_bytes()), expected);
    }

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_is_that_of_the_rfc() {
        let made = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        let hex = crate::auth::secret::hex(&made);
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
