//! What to ask `eth_getLogs` for an interest, and which of the logs that come back were asked for.

use std::collections::{BTreeSet, HashMap, HashSet};

use chainbell_model::{BlockId, Contracts, EventKey, HeightRange, Interest};
use serde_json::{Value, json};

use crate::TOKEN_TRANSFER_KEYS;

/// An EVM address.
pub(super) type Emitter = [u8; 20];

/// The most values of topic 0 that one query lists; beyond, it asks for any.
const MAX_KEYS: usize = 500;

/// One `eth_getLogs` query without its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogQuery {
    /// `None`: of any contract.
    addresses: Option<Vec<Emitter>>,
    /// `None`: with any topic 0 or none.
    keys: Option<Vec<EventKey>>,
}

/// Where a query looks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// At these heights of the node's best chain.
    Range(HeightRange),
    /// In exactly this block.
    Block(BlockId),
}

impl LogQuery {
    /// Whether the query asks for a log of `address` with `key`.
    pub(super) fn matches(&self, address: &Emitter, key: Option<&EventKey>) -> bool {
        // Both lists are sorted: they come from ordered sets.
        self.addresses.as_ref().is_none_or(|list| list.binary_search(address).is_ok())
            && self.keys.as_ref().is_none_or(|list| key.is_some_and(|key| list.binary_search(key).is_ok()))
    }

    /// The parameters of the JSON-RPC call.
    pub(super) fn params(&self, place: Place) -> Value {
        let mut filter = match place {
            Place::Range(range) => json!({
                "fromBlock": format!("{:#x}", range.from.0),
                "toBlock": format!("{:#x}", range.to.0),
            }),
            Place::Block(id) => json!({ "blockHash": const_hex::encode_prefixed(id.0) }),
        };
        if let Some(addresses) = &self.addresses {
            filter["address"] = addresses.iter().map(const_hex::encode_prefixed).collect();
        }
        if let Some(keys) = &self.keys {
            filter["topics"] = json!([keys.iter().map(const_hex::encode_prefixed).collect::<Value>()]);
        }
        json!([filter])
    }
}

/// The events of an interest in the form that is quick to ask and to test.
#[derive(Debug, Default)]
pub(super) struct LogFilter {
    everything: bool,
    any_address: HashSet<EventKey>,
    any_key: HashSet<Emitter>,
    pairs: HashMap<Emitter, HashSet<EventKey>>,
}

impl LogFilter {
    /// Filters whose emitters are no EVM addresses ask for nothing.
    pub(super) fn new(interest: &Interest) -> Self {
        let mut filter = Self::default();
        for wanted in &interest.events {
            let emitters = wanted.emitters.as_ref().map(|emitters| {
                emitters.iter().filter_map(|emitter| Emitter::try_from(&**emitter).ok()).collect::<Vec<_>>()
            });
            let keys = wanted.keys.as_ref().map(|keys| keys.iter().copied());
            match (emitters, keys) {
                (None, None) => filter.everything = true,
                (None, Some(keys)) => filter.any_address.extend(keys),
                (Some(emitters), None) => filter.any_key.extend(emitters),
                (Some(emitters), Some(keys)) => {
                    for emitter in emitters {
                        filter.pairs.entry(emitter).or_default().extend(keys.clone());
                    }
                }
            }
        }
        match &interest.token_transfers {
            Contracts::None => {}
            Contracts::Any => filter.any_address.extend(TOKEN_TRANSFER_KEYS),
            Contracts::Of(tokens) => {
                for token in tokens.iter().filter_map(|token| Emitter::try_from(&**token).ok()) {
                    filter.pairs.entry(token).or_default().extend(TOKEN_TRANSFER_KEYS);
                }
            }
        }
        filter.drop_covered_pairs();
        filter
    }

    fn drop_covered_pairs(&mut self) {
        let Self { any_address, any_key, pairs, .. } = self;
        pairs.retain(|address, keys| {
            keys.retain(|key| !any_address.contains(key));
            !keys.is_empty() && !any_key.contains(address)
        });
    }

    /// Whether a log of `address` with `key` was asked for.
    pub(super) fn wants(&self, address: &Emitter, key: Option<&EventKey>) -> bool {
        self.everything
            || self.any_key.contains(address)
            || key.is_some_and(|key| {
                self.any_address.contains(key)
                    || self.pairs.get(address).is_some_and(|keys| keys.contains(key))
            })
    }

    /// Every log is asked for.
    pub(super) fn is_everything(&self) -> bool {
        self.everything
    }

    /// The keys asked for of any address.
    pub(super) fn any_address(&self) -> impl Iterator<Item = &EventKey> {
        self.any_address.iter()
    }

    /// The addresses of which every log is asked for.
    pub(super) fn any_key(&self) -> impl Iterator<Item = &Emitter> {
        self.any_key.iter()
    }

    /// The keys asked for of certain addresses.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&Emitter, &HashSet<EventKey>)> {
        self.pairs.iter()
    }

    /// At most three queries whose answers together hold everything wanted, and perhaps more. None when no log is wanted.
    pub(super) fn queries(&self, max_addresses: usize) -> Vec<LogQuery> {
        let all = || vec![LogQuery { addresses: None, keys: None }];
        if self.everything || self.any_key.len() > max_addresses {
            return all();
        }
        let mut any_address: BTreeSet<EventKey> = self.any_address.iter().copied().collect();
        let mut any_key: BTreeSet<Emitter> = self.any_key.iter().copied().collect();
        let mut addresses: BTreeSet<Emitter> = self.pairs.keys().copied().collect();
        let mut keys: BTreeSet<EventKey> = self.pairs.values().flatten().copied().collect();
        if addresses.len() > max_addresses {
            any_address.append(&mut keys);
            addresses.clear();
        } else if keys.len() > MAX_KEYS {
            any_key.append(&mut addresses);
            keys.clear();
        }
        if any_address.len() > MAX_KEYS || any_key.len() > max_addresses {
            return all();
        }
        [
            (!addresses.is_empty()).then_some((Some(addresses), Some(keys))),
            (!any_address.is_empty()).then_some((None, Some(any_address))),
            (!any_key.is_empty()).then_some((Some(any_key), None)),
        ]
        .into_iter()
        .flatten()
        .map(|(addresses, keys)| LogQuery {
            addresses: addresses.map(|set| set.into_iter().collect()),
            keys: keys.map(|set| set.into_iter().collect()),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use chainbell_model::{EventFilter, Height};

    use super::*;

    fn filter(emitters: Option<&[u8]>, keys: Option<&[u8]>) -> EventFilter {
        EventFilter {
            emitters: emitters.map(|list| list.iter().map(|&n| [n; 20].into()).collect()),
            keys: keys.map(|list| list.iter().map(|&n| [n; 32]).collect()),
        }
    }

    fn compiled(events: Vec<EventFilter>) -> LogFilter {
        LogFilter::new(&Interest { events, ..Interest::default() })
    }

    fn query(addresses: Option<&[u8]>, keys: Option<&[u8]>) -> LogQuery {
        LogQuery {
            addresses: addresses.map(|list| list.iter().map(|&n| [n; 20]).collect()),
            keys: keys.map(|list| list.iter().map(|&n| [n; 32]).collect()),
        }
    }

    #[test]
    fn filters_of_one_kind_become_one_query_each() {
        let filter = compiled(vec![
            filter(Some(&[1]), Some(&[10])),
            filter(Some(&[2]), Some(&[11])),
            filter(None, Some(&[12])),
            filter(Some(&[3]), None),
        ]);
        assert_eq!(
            filter.queries(500),
            [query(Some(&[1, 2]), Some(&[10, 11])), query(None, Some(&[12])), query(Some(&[3]), None)]
        );
    }

    #[test]
    fn an_unrestricted_filter_is_one_query_for_everything() {
        let filter = compiled(vec![filter(Some(&[1]), Some(&[10])), filter(None, None)]);
        assert_eq!(filter.queries(500), [query(None, None)]);
        assert!(filter.wants(&[0; 20], None));
    }

    #[test]
    fn too_many_addresses_are_filtered_here_instead() {
        let filter = compiled(vec![filter(Some(&[1, 2, 3]), Some(&[10]))]);
        assert_eq!(filter.queries(2), [query(None, Some(&[10]))]);
        assert!(filter.wants(&[2; 20], Some(&[10; 32])));
        assert!(!filter.wants(&[4; 20], Some(&[10; 32])));
        assert_eq!(compiled(vec![self::filter(Some(&[1, 2, 3]), None)]).queries(2), [query(None, None)]);
    }

    #[test]
    fn what_another_filter_covers_is_not_asked_twice() {
        let filter = compiled(vec![
            filter(Some(&[1]), Some(&[10])),
            filter(Some(&[1]), None),
            filter(Some(&[2]), Some(&[12])),
            filter(None, Some(&[12])),
        ]);
        assert_eq!(filter.queries(500), [query(None, Some(&[12])), query(Some(&[1]), None)]);
    }

    #[test]
    fn token_transfers_ask_for_their_topics_of_the_tokens_wanted() {
        let mut expected = TOKEN_TRANSFER_KEYS.to_vec();
        expected.sort();
        let token = chainbell_model::Address::from([7; 20]);
        for (tokens, addresses) in
            [(Contracts::Any, None), (Contracts::Of([token].into()), Some(vec![[7; 20]]))]
        {
            let filter = LogFilter::new(&Interest { token_transfers: tokens, ..Interest::default() });
            let queries = filter.queries(500);
            assert_eq!(queries.len(), 1);
            assert_eq!(queries[0].keys, Some(expected.clone()));
            assert_eq!(queries[0].addresses.is_none(), addresses.is_none());
        }
        assert!(LogFilter::new(&Interest::default()).queries(500).is_empty());
    }

    #[test]
    fn nothing_wanted_is_no_query() {
        assert!(compiled(vec![]).queries(500).is_empty());
        assert!(compiled(vec![filter(Some(&[]), None), filter(None, Some(&[]))]).queries(500).is_empty());
    }

    #[test]
    fn wants_agrees_with_the_filters_it_was_made_of() {
        let events = vec![
            filter(Some(&[1, 2]), Some(&[10])),
            filter(Some(&[2]), Some(&[11])),
            filter(None, Some(&[12])),
            filter(Some(&[3]), None),
        ];
        let compiled = compiled(events.clone());
        for address in 0..5 {
            for key in [None, Some(9), Some(10), Some(11), Some(12)] {
                let expected =
                    events.iter().any(|f| f.wants(&[address; 20].into(), key.map(|k| [k; 32]).as_ref()));
                let key = key.map(|k| [k; 32]);
                assert_eq!(compiled.wants(&[address; 20], key.as_ref()), expected);
            }
        }
    }

    #[test]
    fn parameters_are_written_as_the_specification_says() {
        let range = HeightRange { from: Height(16), to: Height(255) };
        assert_eq!(
            query(Some(&[1]), Some(&[2])).params(Place::Range(range)),
            json!([{
                "fromBlock": "0x10", "toBlock": "0xff",
                "address": ["0x0101010101010101010101010101010101010101"],
                "topics": [["0x0202020202020202020202020202020202020202020202020202020202020202"]],
            }])
        );
        assert_eq!(
            query(None, None).params(Place::Block(BlockId([3; 32]))),
            json!([{ "blockHash": format!("0x{}", "03".repeat(32)) }])
        );
    }
}
