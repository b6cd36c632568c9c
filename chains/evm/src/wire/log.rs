//! A log, read into the payload that its event will carry.

use std::fmt;

use chainbell_model::Payload;
use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};

use super::hex::{Hash, HexBytes, HexText, Quantity};
use crate::payload::{self, MAX_TOPICS};

/// A log as `eth_getLogs` and receipts list it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireLog {
    /// Who emitted it.
    pub address: [u8; 20],
    /// Topics and data: one byte with the number of topics, the topics of 32 bytes each, the data.
    pub payload: Payload,
    /// `None` while pending.
    pub block_hash: Option<Hash>,
    /// `None` while pending.
    pub block_number: Option<u64>,
    /// In seconds; few networks tell it.
    pub block_timestamp: Option<u64>,
    /// `None` while pending.
    pub transaction_hash: Option<Hash>,
    /// `None` while pending.
    pub transaction_index: Option<u64>,
    /// Its place in the block; `None` while pending.
    pub log_index: Option<u64>,
    /// The node takes the log back.
    pub removed: bool,
}

impl WireLog {
    /// Its topics, 32 bytes each; at most four.
    pub fn topics(&self) -> &[[u8; 32]] {
        payload::topics(&self.payload)
    }

    /// Its data.
    pub fn data(&self) -> &[u8] {
        payload::data(&self.payload)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLog<'a> {
    address: HexBytes<20>,
    topics: Topics,
    #[serde(borrow)]
    data: HexText<'a>,
    block_hash: Option<HexBytes<32>>,
    block_number: Option<Quantity>,
    block_timestamp: Option<Quantity>,
    transaction_hash: Option<HexBytes<32>>,
    transaction_index: Option<Quantity>,
    log_index: Option<Quantity>,
    removed: Option<bool>,
}

impl<'de> Deserialize<'de> for WireLog {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawLog::deserialize(deserializer)?;
        let (mut body, data_at) = payload::with_topics(raw.topics.as_slice(), raw.data.byte_len());
        raw.data.decode_into(&mut body[data_at..]).map_err(D::Error::custom)?;
        Ok(Self {
            address: raw.address.0,
            payload: Payload(body),
            block_hash: raw.block_hash.map(|hash| hash.0),
            block_number: raw.block_number.map(|number| number.0),
            block_timestamp: raw.block_timestamp.map(|seconds| seconds.0),
            transaction_hash: raw.transaction_hash.map(|hash| hash.0),
            transaction_index: raw.transaction_index.map(|index| index.0),
            log_index: raw.log_index.map(|index| index.0),
            removed: raw.removed.unwrap_or(false),
        })
    }
}

/// The topics while the log's data is still to be read.
struct Topics {
    count: usize,
    words: [[u8; 32]; MAX_TOPICS],
}

impl Topics {
    fn as_slice(&self) -> &[[u8; 32]] {
        &self.words[..self.count]
    }
}

struct TopicsVisitor;

impl<'de> Visitor<'de> for TopicsVisitor {
    type Value = Topics;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX_TOPICS} topics")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Topics, A::Error> {
        let mut topics = Topics { count: 0, words: [[0; 32]; MAX_TOPICS] };
        while let Some(topic) = items.next_element::<HexBytes<32>>()? {
            let Some(place) = topics.words.get_mut(topics.count) else {
                return Err(A::Error::invalid_length(topics.count + 1, &self));
            };
            *place = topic.0;
            topics.count += 1;
        }
        Ok(topics)
    }
}

impl<'de> Deserialize<'de> for Topics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(TopicsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(topics: &str, more: &str) -> serde_json::Result<WireLog> {
        let address = "11".repeat(20);
        serde_json::from_str(&format!(
            "{{\"address\":\"0x{address}\",\"data\":\"0x0102\",\"topics\":[{topics}]{more}}}"
        ))
    }

    #[test]
    fn a_log_without_topics_and_without_a_block_is_read() {
        let log = with("", "").unwrap();
        assert!(log.topics().is_empty());
        assert_eq!(log.data(), [1, 2]);
        assert_eq!(log.block_hash, None);
        assert!(!log.removed);
        let pending =
            with("", ",\"blockHash\":null,\"blockNumber\":null,\"logIndex\":null,\"removed\":null").unwrap();
        assert_eq!(pending, log);
    }

    #[test]
    fn topics_keep_their_order_and_five_of_them_are_refused() {
        let topic = |byte: &str| format!("\"0x{}\"", byte.repeat(32));
        let four = ["01", "02", "03", "04"].map(topic).join(",");
        let log = with(&four, ",\"removed\":true").unwrap();
        assert_eq!(log.topics(), [[1; 32], [2; 32], [3; 32], [4; 32]]);
        assert_eq!(log.data(), [1, 2]);
        assert!(log.removed);
        let error = with(&format!("{four},{}", topic("05")), "").unwrap_err();
        assert!(error.to_string().contains("at most 4 topics"), "{error}");
    }

    #[test]
    fn a_timestamp_is_read_in_any_notation_and_unknown_fields_are_ignored() {
        for (json, seconds) in [("\"0x5\"", Some(5)), ("5", Some(5)), ("null", None)] {
            let log = with("", &format!(",\"blockTimestamp\":{json},\"l1\":{{\"a\":[1.5e3]}}")).unwrap();
            assert_eq!(log.block_timestamp, seconds);
        }
    }
}
