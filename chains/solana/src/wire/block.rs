//! Blocks, from `getBlock` with any `transactionDetails`.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

use super::{Transaction, base58};

/// A blockhash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

/// A block. Its own slot is what was asked for; the answer does not repeat it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Block<'a> {
    /// Its id.
    pub blockhash: Hash,
    /// The id of the block before. Zeros at slot 0, and where the node does not know it.
    pub previous_blockhash: Hash,
    /// The slot of the block before.
    pub parent_slot: u64,
    /// In seconds; `None` where the validators had not voted on it.
    pub block_time: Option<i64>,
    /// How many blocks lie below it; `None` in the oldest ones.
    pub block_height: Option<u64>,
    /// In block order; `None` with `transactionDetails` `signatures` or `none`.
    #[serde(borrow)]
    pub transactions: Option<Vec<Transaction<'a>>>,
    /// The first signature of each transaction, in block order, in text form; `None` unless asked for.
    #[serde(borrow)]
    pub signatures: Option<Vec<&'a str>>,
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(HashVisitor)
    }
}

struct HashVisitor;

impl Visitor<'_> for HashVisitor {
    type Value = Hash;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("32 bytes in base58")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Hash, E> {
        base58::key(text).map(Hash).ok_or_else(|| E::custom("not 32 bytes in base58"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "GdY1gj7F8vq1nCy4dgCZK42WV19bkfQ4cp2e9evK18ry";

    fn block(rest: &str) -> String {
        format!(r#"{{"blockhash":"{HASH}","previousBlockhash":"{HASH}","parentSlot":7{rest}}}"#)
    }

    #[test]
    fn a_header_needs_no_more_than_its_links() {
        let json = block(r#","blockTime":null,"numRewardPartitions":3,"rewards":[{"lamports":-5}]"#);
        let block: Block<'_> = serde_json::from_str(&json).unwrap();
        assert_eq!((block.parent_slot, block.block_time, block.block_height), (7, None, None));
        assert!(block.transactions.is_none() && block.signatures.is_none());
    }

    #[test]
    fn signatures_stay_text() {
        let json = block(r#","signatures":["a","b"]"#);
        let block: Block<'_> = serde_json::from_str(&json).unwrap();
        assert_eq!(block.signatures, Some(vec!["a", "b"]));
    }

    #[test]
    fn a_hash_of_another_length_is_refused() {
        let json = block("").replace(HASH, &HASH[5..]);
        let error = serde_json::from_str::<Block<'_>>(&json).unwrap_err().to_string();
        assert!(error.contains("32 bytes"), "{error}");
    }
}
