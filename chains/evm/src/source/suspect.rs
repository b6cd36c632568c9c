//! Tests whether the logs that came fit the header's bloom: none may be outside it, none that it hints at may be missing.

use std::collections::{HashMap, HashSet};

use chainbell_model::EventKey;

use super::filter::{Emitter, LogFilter};
use crate::{
    bloom::{Bloom, BloomBits},
    wire::WireLog,
};

/// How the logs of one block disagree with its bloom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suspicion {
    /// A log that the bloom excludes: of another block, or made up.
    Foreign,
    /// The bloom says that a wanted log may be there which did not come.
    Missing,
}

/// A log filter with its bloom bits worked out, to test many headers against it.
#[derive(Debug)]
pub(super) struct Suspector {
    everything: bool,
    any_address: Vec<(EventKey, BloomBits)>,
    any_key: Vec<(Emitter, BloomBits)>,
    pairs: Vec<(Emitter, BloomBits, Vec<EventKey>)>,
    /// The bits of every key in `pairs`.
    keys: HashMap<EventKey, BloomBits>,
}

impl Suspector {
    pub(super) fn new(filter: &LogFilter) -> Self {
        let with_bits = |key: &EventKey| (*key, BloomBits::of(&key[..]));
        Self {
            everything: filter.is_everything(),
            any_address: filter.any_address().map(with_bits).collect(),
            any_key: filter.any_key().map(|address| (*address, BloomBits::of(&address[..]))).collect(),
            pairs: filter
                .pairs()
                .map(|(address, keys)| {
                    (*address, BloomBits::of(&address[..]), keys.iter().copied().collect())
                })
                .collect(),
            keys: filter.pairs().flat_map(|(_, keys)| keys).map(with_bits).collect(),
        }
    }

    /// Tests the wanted logs of one block against its header's bloom.
    pub(super) fn check(&self, bloom: &Bloom, logs: &[WireLog]) -> Option<Suspicion> {
        if logs.iter().any(|log| !may_contain(bloom, log)) {
            return Some(Suspicion::Foreign);
        }
        let missing = if self.everything { Bloom::of(logs) != *bloom } else { self.may_miss(bloom, logs) };
        missing.then_some(Suspicion::Missing)
    }

    fn may_miss(&self, bloom: &Bloom, logs: &[WireLog]) -> bool {
        let keys_seen: HashSet<&EventKey> = logs.iter().filter_map(|log| log.topics().first()).collect();
        let addresses_seen: HashSet<&Emitter> = logs.iter().map(|log| &log.address).collect();
        if self
            .any_address
            .iter()
            .any(|(key, bits)| bloom.may_contain_bits(*bits) && !keys_seen.contains(key))
        {
            return true;
        }
        if self
            .any_key
            .iter()
            .any(|(address, bits)| bloom.may_contain_bits(*bits) && !addresses_seen.contains(address))
        {
            return true;
        }
        let keys_hinted: HashSet<&EventKey> =
            self.keys.iter().filter(|(_, bits)| bloom.may_contain_bits(**bits)).map(|(key, _)| key).collect();
        if keys_hinted.is_empty() {
            return false;
        }
        let pairs_seen: HashSet<(&Emitter, &EventKey)> =
            logs.iter().filter_map(|log| Some((&log.address, log.topics().first()?))).collect();
        self.pairs.iter().any(|(address, bits, keys)| {
            bloom.may_contain_bits(*bits)
                && keys.iter().any(|key| keys_hinted.contains(key) && !pairs_seen.contains(&(address, key)))
        })
    }
}

/// Emitter and key only: a log's other topics are rarely seen twice, and each costs a hash.
fn may_contain(bloom: &Bloom, log: &WireLog) -> bool {
    bloom.may_contain(&log.address) && log.topics().first().is_none_or(|key| bloom.may_contain(key))
}

/// Whether the logs of a whole block leave out an index: nodes number them from 0 without gaps. Finds what the bloom cannot,
/// a log that is missing beside another of the same emitter and topics.
pub(super) fn leave_gap<'a>(logs: impl IntoIterator<Item = &'a WireLog>) -> bool {
    logs.into_iter().zip(0..).any(|(log, index)| log.log_index != Some(index))
}

#[cfg(test)]
mod tests {
    use chainbell_model::{EventFilter, Interest, Payload};

    use super::*;
    use crate::payload;

    /// Emitters and keys, each by the byte it is made of.
    type Wanted<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

    fn suspector(filters: &[Wanted<'_>]) -> Suspector {
        let events = filters
            .iter()
            .map(|(emitters, keys)| EventFilter {
                emitters: emitters.map(|list| list.iter().map(|&n| [n; 20].into()).collect()),
                keys: keys.map(|list| list.iter().map(|&n| [n; 32]).collect()),
            })
            .collect();
        Suspector::new(&LogFilter::new(&Interest { events, ..Interest::default() }))
    }

    fn log(address: u8, topics: &[u8]) -> WireLog {
        let topics: Vec<_> = topics.iter().map(|&n| [n; 32]).collect();
        WireLog {
            address: [address; 20],
            payload: Payload(payload::with_topics(&topics, 0).0),
            block_hash: None,
            block_number: None,
            block_timestamp: None,
            transaction_hash: None,
            transaction_index: None,
            log_index: None,
            removed: false,
        }
    }

    #[test]
    fn complete_logs_are_not_suspected() {
        let block = [log(1, &[10, 99]), log(2, &[]), log(5, &[10])];
        let bloom = Bloom::of(&block);
        assert_eq!(suspector(&[(None, None)]).check(&bloom, &block), None);
        assert_eq!(suspector(&[(Some(&[1]), Some(&[10]))]).check(&bloom, &block[..1]), None);
        assert_eq!(suspector(&[(Some(&[2]), None)]).check(&bloom, &block[1..2]), None);
        assert_eq!(suspector(&[(Some(&[3]), Some(&[10]))]).check(&bloom, &[]), None);
        assert_eq!(suspector(&[(Some(&[1]), Some(&[77]))]).check(&bloom, &[]), None);
    }

    #[test]
    fn a_missing_log_is_suspected_in_every_kind_of_filter() {
        let block = [log(1, &[10]), log(2, &[10])];
        let bloom = Bloom::of(&block);
        let missing = Some(Suspicion::Missing);
        for filter in [
            (None, None),
            (None, Some(&[10][..])),
            (Some(&[1][..]), None),
            (Some(&[1, 7]), Some(&[10, 11][..])),
        ] {
            assert_eq!(suspector(&[filter]).check(&bloom, &[]), missing, "{filter:?}");
        }
        assert_eq!(suspector(&[(Some(&[1, 2]), Some(&[10]))]).check(&bloom, &block[..1]), missing);
        assert_eq!(suspector(&[(None, None)]).check(&bloom, &block[..1]), missing);
    }

    #[test]
    fn a_log_that_the_bloom_excludes_is_foreign() {
        let bloom = Bloom::of(&[log(1, &[10])]);
        let foreign = Some(Suspicion::Foreign);
        let filter = suspector(&[(None, Some(&[10]))]);
        assert_eq!(filter.check(&bloom, &[log(1, &[10]), log(3, &[10])]), foreign);
        let everything = suspector(&[(None, None)]);
        assert_eq!(everything.check(&bloom, &[log(1, &[10, 55])]), Some(Suspicion::Missing));
    }

    #[test]
    fn a_log_missing_among_others_leaves_a_gap() {
        let at = |index| WireLog { log_index: Some(index), ..log(1, &[10]) };
        assert!(!leave_gap(&[]));
        assert!(!leave_gap(&[at(0), at(1)]));
        assert!(leave_gap(&[at(1), at(2)]));
        assert!(leave_gap(&[at(0), at(2)]));
    }
}
