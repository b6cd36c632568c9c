//! The filter of `eth_getLogs` and of log subscriptions.

use std::collections::HashSet;

use alloy_primitives::{Address, B256};
use serde_json::Value;

use super::params::{HeightArg, parse_hash};
use crate::rpc::RpcError;

const MAX_TOPICS: usize = 4;

/// Which logs are asked for.
#[derive(Debug, Default)]
pub(crate) struct LogFilter {
    /// Empty: any.
    addresses: HashSet<Address>,
    /// One list of alternatives per position; an empty one is any topic, which must be there.
    topics: Vec<Vec<B256>>,
}

/// Where logs are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogScope {
    Block(B256),
    Range(HeightArg, HeightArg),
}

impl LogFilter {
    /// Reads `address` and `topics` of a filter object.
    pub(crate) fn parse(filter: &Value) -> Result<Self, RpcError> {
        let addresses = match present(filter, "address") {
            None => HashSet::new(),
            Some(Value::Array(list)) => list.iter().map(parse_address).collect::<Result<_, _>>()?,
            Some(one) => HashSet::from([parse_address(one)?]),
        };
        let positions = match present(filter, "topics") {
            None => &[][..],
            Some(Value::Array(positions)) if positions.len() > MAX_TOPICS => {
                return Err(RpcError::invalid_params("exceed max topics"));
            }
            Some(Value::Array(positions)) => positions,
            Some(_) => return Err(RpcError::invalid_argument(0, "invalid topic(s)")),
        };
        let topics = positions.iter().map(parse_position).collect::<Result<_, _>>()?;
        Ok(Self { addresses, topics })
    }

    /// How many addresses it names.
    pub(crate) fn address_count(&self) -> usize {
        self.addresses.len()
    }

    /// Whether a log is asked for.
    pub(crate) fn matches(&self, address: &Address, topics: &[B256]) -> bool {
        let position = |(wanted, topic): (&Vec<B256>, &B256)| wanted.is_empty() || wanted.contains(topic);
        (self.addresses.is_empty() || self.addresses.contains(address))
            && self.topics.len() <= topics.len()
            && self.topics.iter().zip(topics).all(position)
    }
}

impl LogScope {
    /// Reads `blockHash`, `fromBlock` and `toBlock` of a filter object; absent ends are the head.
    pub(crate) fn parse(filter: &Value) -> Result<Self, RpcError> {
        let end = |key: &str| match present(filter, key) {
            None => Ok(None),
            Some(value) => {
                HeightArg::parse(value).map(Some).map_err(|reason| RpcError::invalid_argument(0, reason))
            }
        };
        let (from, to) = (end("fromBlock")?, end("toBlock")?);
        let Some(hash) = present(filter, "blockHash") else {
            return Ok(Self::Range(from.unwrap_or(HeightArg::Latest), to.unwrap_or(HeightArg::Latest)));
        };
        if from.is_some() || to.is_some() {
            return Err(RpcError::invalid_argument(
                0,
                "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other",
            ));
        }
        parse_hash(hash).map(Self::Block).ok_or_else(|| RpcError::invalid_argument(0, "invalid blockHash"))
    }
}

fn present<'a>(filter: &'a Value, key: &str) -> Option<&'a Value> {
    filter.get(key).filter(|value| !value.is_null())
}

fn parse_address(value: &Value) -> Result<Address, RpcError> {
    value
        .as_str()
        .and_then(|text| text.strip_prefix("0x"))
        .and_then(|digits| const_hex::decode_to_array(digits).ok())
        .map(Address::new)
        .ok_or_else(|| RpcError::invalid_argument(0, "invalid address"))
}

fn parse_position(value: &Value) -> Result<Vec<B256>, RpcError> {
    let topic = |value| parse_hash(value).ok_or_else(|| RpcError::invalid_argument(0, "invalid topic(s)"));
    match value {
        Value::Null => Ok(Vec::new()),
        // A null among the alternatives makes the position a wildcard.
        Value::Array(list) if list.contains(&Value::Null) => Ok(Vec::new()),
        Value::Array(list) => list.iter().map(topic).collect(),
        one => topic(one).map(|topic| vec![topic]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn topic(last: u8) -> B256 {
        B256::with_last_byte(last)
    }

    fn matches(filter: &Value, topics: &[B256]) -> bool {
        LogFilter::parse(filter).unwrap().matches(&Address::with_last_byte(1), topics)
    }

    #[test]
    fn topics_match_by_position_with_alternatives_and_wildcards() {
        let (one, two) = (topic(1), topic(2));
        assert!(matches(&json!({}), &[]));
        assert!(matches(&json!({"topics": []}), &[one]));
        assert!(matches(&json!({"topics": [one]}), &[one, two]));
        assert!(!matches(&json!({"topics": [two]}), &[one, two]));
        assert!(matches(&json!({"topics": [[two, one]]}), &[one]));
        assert!(matches(&json!({"topics": [null, two]}), &[one, two]));
        assert!(matches(&json!({"topics": [[], [two]]}), &[one, two]));
        // A wildcard still asks for a topic in its place.
        assert!(!matches(&json!({"topics": [null]}), &[]));
        assert!(!matches(&json!({"topics": [one, null]}), &[one]));
    }

    #[test]
    fn addresses_match_one_or_any_of_a_list() {
        let [one, two] = [1, 2].map(Address::with_last_byte);
        assert!(matches(&json!({"address": one}), &[]));
        assert!(!matches(&json!({"address": two}), &[]));
        assert!(matches(&json!({"address": [two, one]}), &[]));
        assert!(matches(&json!({"address": []}), &[]));
    }

    #[test]
    fn wrong_filters_are_refused_with_invalid_params() {
        let hash = topic(1);
        for filter in [
            json!({"address": "0x12"}),
            json!({"topics": ["0x12"]}),
            json!({"topics": [null, null, null, null, null]}),
        ] {
            assert_eq!(LogFilter::parse(&filter).unwrap_err().code, -32602);
        }
        for filter in [json!({"blockHash": hash, "toBlock": "0x1"}), json!({"fromBlock": "1"})] {
            assert_eq!(LogScope::parse(&filter).unwrap_err().code, -32602);
        }
        assert_eq!(LogScope::parse(&json!({"blockHash": hash})).unwrap(), LogScope::Block(hash));
    }
}
