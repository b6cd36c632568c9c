//! Blocks and their transactions, and headers alone.

use std::fmt;

use alloy_primitives::U256;
use chainbell_model::{BlockId, BlockRef, Height, Timestamp};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, SeqAccess, Visitor},
};

use super::hex::{Hash, HexBytes, HexText, Quantity, WideQuantity};

/// A block without its transactions, from `eth_getBlockBy…(…, false)` or a `newHeads` notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireHeader {
    /// `None` while pending.
    pub number: Option<u64>,
    /// `None` while pending.
    pub hash: Option<Hash>,
    /// The hash of the block before.
    pub parent_hash: Hash,
    /// In seconds.
    pub timestamp: u64,
    /// The bloom filter of its logs; `None` where the network has none.
    pub logs_bloom: Option<Box<[u8; 256]>>,
    /// How many transactions it has; `None` where the node did not list them (`newHeads`).
    pub transaction_count: Option<usize>,
}

impl WireHeader {
    /// Height and id; `None` while pending.
    pub fn reference(&self) -> Option<BlockRef> {
        Some(BlockRef { height: Height(self.number?), id: BlockId(self.hash?) })
    }

    /// The id of the block before.
    pub fn parent(&self) -> BlockId {
        BlockId(self.parent_hash)
    }

    /// When it was produced.
    pub fn time(&self) -> Timestamp {
        timestamp(self.timestamp)
    }
}

/// Seconds since the epoch as the model counts time; saturates.
pub(crate) fn timestamp(seconds: u64) -> Timestamp {
    Timestamp(i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX))
}

/// A block with its transactions, from `eth_getBlockBy…(…, true)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireBlock {
    /// All but the transactions.
    pub header: WireHeader,
    /// In block order.
    pub transactions: Vec<WireTransaction>,
}

/// A transaction of any type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireTransaction {
    /// Its hash.
    pub hash: Hash,
    /// `None` while pending.
    pub block_hash: Option<Hash>,
    /// Its place in the block; `None` while pending.
    pub index: Option<u64>,
    /// Its sender.
    pub from: [u8; 20],
    /// `None` when it creates a contract.
    pub to: Option<[u8; 20]>,
    /// In wei.
    pub value: U256,
    /// Its sender's count of transactions before it.
    pub nonce: Option<u64>,
    /// The most gas it may use.
    pub gas: Option<u64>,
    /// What it pays (or, with a fee market, paid) per gas, in wei.
    pub gas_price: Option<U256>,
    /// Its EIP-2718 type; `None` where the node predates them.
    pub kind: Option<u64>,
    /// Its input.
    pub input: Box<[u8]>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBlock<T> {
    number: Option<Quantity>,
    hash: Option<HexBytes<32>>,
    parent_hash: HexBytes<32>,
    timestamp: Quantity,
    logs_bloom: Option<HexBytes<256>>,
    transactions: Option<T>,
}

impl<T> RawBlock<T> {
    fn into_parts(self) -> (WireHeader, Option<T>) {
        let header = WireHeader {
            number: self.number.map(|number| number.0),
            hash: self.hash.map(|hash| hash.0),
            parent_hash: self.parent_hash.0,
            timestamp: self.timestamp.0,
            logs_bloom: self.logs_bloom.map(|bloom| Box::new(bloom.0)),
            transaction_count: None,
        };
        (header, self.transactions)
    }
}

impl<'de> Deserialize<'de> for WireHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (header, count) = RawBlock::<Count>::deserialize(deserializer)?.into_parts();
        Ok(Self { transaction_count: count.map(|count| count.0), ..header })
    }
}

impl<'de> Deserialize<'de> for WireBlock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (header, transactions) =
            RawBlock::<Vec<WireTransaction>>::deserialize(deserializer)?.into_parts();
        let transactions = transactions.ok_or_else(|| D::Error::missing_field("transactions"))?;
        let header = WireHeader { transaction_count: Some(transactions.len()), ..header };
        Ok(Self { header, transactions })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTransaction<'a> {
    hash: HexBytes<32>,
    block_hash: Option<HexBytes<32>>,
    transaction_index: Option<Quantity>,
    from: HexBytes<20>,
    to: Option<HexBytes<20>>,
    value: WideQuantity,
    nonce: Option<Quantity>,
    gas: Option<Quantity>,
    gas_price: Option<WideQuantity>,
    #[serde(rename = "type")]
    kind: Option<Quantity>,
    #[serde(borrow)]
    input: HexText<'a>,
}

impl<'de> Deserialize<'de> for WireTransaction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawTransaction::deserialize(deserializer)?;
        Ok(Self {
            hash: raw.hash.0,
            block_hash: raw.block_hash.map(|hash| hash.0),
            index: raw.transaction_index.map(|index| index.0),
            from: raw.from.0,
            to: raw.to.map(|to| to.0),
            value: raw.value.0,
            nonce: raw.nonce.map(|nonce| nonce.0),
            gas: raw.gas.map(|gas| gas.0),
            gas_price: raw.gas_price.map(|price| price.0),
            kind: raw.kind.map(|kind| kind.0),
            input: raw.input.decode().map_err(D::Error::custom)?,
        })
    }
}

/// How many items a JSON array has, whatever they are.
struct Count(usize);

struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Count, A::Error> {
        let mut count = 0;
        while items.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Count(count))
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(CountVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";

    #[test]
    fn a_pending_block_has_neither_height_nor_id() {
        let json = format!(
            "{{\"number\":null,\"hash\":null,\"parentHash\":\"{ZERO}\",\"timestamp\":\"0x2\",\"logsBloom\":null,\
             \"difficulty\":\"0x{}\",\"transactions\":[\"{ZERO}\",\"{ZERO}\"]}}",
            "f".repeat(80)
        );
        let header: WireHeader = serde_json::from_str(&json).unwrap();
        assert_eq!(header.reference(), None);
        assert_eq!(header.transaction_count, Some(2));
        assert_eq!(header.time(), Timestamp(2000));
        assert!(serde_json::from_str::<WireBlock>(&json).is_err(), "hashes are not transactions");
    }

    #[test]
    fn a_transaction_of_an_unknown_type_needs_no_more_than_the_common_fields() {
        let sender = "22".repeat(20);
        let json = format!(
            "{{\"hash\":\"{ZERO}\",\"from\":\"0x{sender}\",\"to\":null,\"value\":\"0x0\",\"input\":\"0x\",\
             \"type\":\"0x7e\",\"mint\":\"0x1\",\"isSystemTx\":false}}"
        );
        let transaction: WireTransaction = serde_json::from_str(&json).unwrap();
        assert_eq!(transaction.kind, Some(0x7e));
        assert_eq!((transaction.to, transaction.nonce, transaction.gas_price), (None, None, None));
    }

    #[test]
    fn the_end_of_time_does_not_overflow() {
        assert_eq!(timestamp(u64::MAX), Timestamp(i64::MAX));
    }
}
