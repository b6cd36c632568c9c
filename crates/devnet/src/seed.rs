//! Where all pseudo-random content comes from.

use sha2::{Digest, Sha256};

/// 32 pseudo-random bytes that depend on the seed and `key` only.
pub(crate) fn seeded(seed: u64, key: std::fmt::Arguments<'_>) -> [u8; 32] {
    Sha256::digest(format!("{seed}/{key}")).into()
}
