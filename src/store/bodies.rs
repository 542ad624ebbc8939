//! How ping bodies are kept: long ones compressed.

/// Bodies longer than this are compressed.
const COMPRESS_FROM: usize = 1024;

/// A ping's body as it is kept.
#[derive(Debug, Clone, Default)]
pub struct StoredBody {
    pub bytes: Vec<u8>,
    /// Whether `bytes` are compressed.
    pub zstd: bool,
    /// Length before compression.
    pub size: usize,
}

impl StoredBody {
    /// Makes a body ready for storage.
    #[must_use]
    pub fn pack(bytes: Vec<u8>) -> Self {
        let size = bytes.len();
        if size > COMPRESS_FROM
            && let Ok(small) = zstd::bulk::compress(&bytes, 3)
            && small.len() < size
        {
            return Self { bytes: small, zstd: true, size };
        }
        Self { bytes, zstd: false, size }
    }

    /// The body as it came. What cannot be read back is an empty body.
    #[must_use]
    pub fn unpack(self) -> Vec<u8> {
        if self.zstd {
            zstd::bulk::decompress(&self.bytes, self.size).unwrap_or_default()
        } else {
            self.bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packing_loses_nothing(bytes in prop::collection::vec(0..4_u8, 0..5000)) {
            prop_assert_eq!(StoredBody::pack(bytes.clone()).unpack(), bytes);
        }
    }
}
