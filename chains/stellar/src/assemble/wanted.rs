//! An interest, worked out for quick answers.

use std::collections::{HashMap, HashSet};

use chainbell_model::{Address, Contracts, EventKey, Interest};

use super::Network;
use crate::{address::to_contract_id, transfers::TRANSFER_KEYS};

/// What is wanted of a network's ledgers.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    interest: Interest,
    everything: bool,
    any_emitter: HashSet<EventKey>,
    any_key: HashSet<[u8; 32]>,
    pairs: HashMap<[u8; 32], HashSet<EventKey>>,
}

impl Wanted {
    /// Filters whose emitters are no contracts ask for nothing. The events that wanted transfers come from are wanted too.
    pub fn new(interest: &Interest, network: &Network) -> Self {
        let mut wanted = Self { interest: interest.clone(), ..Self::default() };
        for filter in &interest.events {
            let emitters = filter.emitters.as_ref().map(|emitters| emitters.iter().filter_map(id_of));
            let keys = filter.keys.as_ref().map(|keys| keys.iter().copied());
            match (emitters, keys) {
                (None, None) => wanted.everything = true,
                (None, Some(keys)) => wanted.any_emitter.extend(keys),
                (Some(emitters), None) => wanted.any_key.extend(emitters),
                (Some(emitters), Some(keys)) => emitters.for_each(|emitter| {
                    wanted.pairs.entry(emitter).or_default().extend(keys.clone());
                }),
            }
        }
        match &interest.token_transfers {
            Contracts::None => {}
            Contracts::Any => wanted.any_emitter.extend(TRANSFER_KEYS),
            Contracts::Of(tokens) => tokens.iter().filter_map(id_of).for_each(|token| {
                wanted.pairs.entry(token).or_default().extend(TRANSFER_KEYS);
            }),
        }
        if interest.native_transfers {
            wanted.pairs.entry(*network.native()).or_default().extend(TRANSFER_KEYS);
        }
        wanted.drop_covered_pairs();
        wanted
    }

    fn drop_covered_pairs(&mut self) {
        let Self { any_emitter, any_key, pairs, .. } = self;
        pairs.retain(|contract, keys| {
            keys.retain(|key| !any_emitter.contains(key));
            !keys.is_empty() && !any_key.contains(contract)
        });
    }

    /// Whether an event of `contract` with `key` is wanted.
    pub fn wants(&self, contract: &[u8; 32], key: Option<&EventKey>) -> bool {
        self.everything
            || self.any_key.contains(contract)
            || key.is_some_and(|key| {
                self.any_emitter.contains(key)
                    || self.pairs.get(contract).is_some_and(|keys| keys.contains(key))
            })
    }

    /// Whether an event of `contract` may be wanted, depending on its key.
    pub(crate) fn may_want(&self, contract: &[u8; 32]) -> bool {
        self.everything
            || !self.any_emitter.is_empty()
            || self.any_key.contains(contract)
            || self.pairs.contains_key(contract)
    }

    /// Every event is wanted.
    pub(crate) fn is_everything(&self) -> bool {
        self.everything
    }

    /// The keys wanted of any contract.
    pub(crate) fn any_emitter(&self) -> &HashSet<EventKey> {
        &self.any_emitter
    }

    /// The contracts of which every event is wanted.
    pub(crate) fn any_key(&self) -> &HashSet<[u8; 32]> {
        &self.any_key
    }

    /// The keys wanted of certain contracts.
    pub(crate) fn pairs(&self) -> &HashMap<[u8; 32], HashSet<EventKey>> {
        &self.pairs
    }

    pub(crate) fn interest(&self) -> &Interest {
        &self.interest
    }

    pub(crate) fn failed_events(&self) -> bool {
        self.interest.failed_events
    }

    pub(crate) fn calls(&self) -> &Contracts {
        &self.interest.calls
    }

    /// Every transaction is wanted, whatever it holds.
    pub(crate) fn transactions(&self) -> bool {
        self.interest.transactions
    }

    pub(crate) fn details(&self) -> bool {
        self.interest.details || self.interest.transactions
    }

    /// Transfers of something are wanted.
    pub(crate) fn transfers(&self) -> bool {
        self.interest.native_transfers || self.interest.token_transfers != Contracts::None
    }

    /// Transfers of the native coin are wanted.
    pub(crate) fn native_transfers(&self) -> bool {
        self.interest.native_transfers
    }

    /// Transfers of this token are wanted.
    pub(crate) fn token_transfers(&self, token: &Address) -> bool {
        self.interest.token_transfers.wants(token)
    }

    pub(crate) fn needs_bodies(&self) -> bool {
        self.details() || self.transfers() || *self.calls() != Contracts::None
    }
}

fn id_of(address: &Address) -> Option<[u8; 32]> {
    to_contract_id(address).map(|id| id.0.0)
}

#[cfg(test)]
mod tests {
    use chainbell_model::EventFilter;

    use super::*;
    use crate::address::contract;

    #[test]
    fn wants_agrees_with_the_filters_it_was_made_of() {
        let filter = |emitters: Option<&[u8]>, keys: Option<&[u8]>| EventFilter {
            emitters: emitters.map(|list| list.iter().map(|&n| contract(&[n; 32])).collect()),
            keys: keys.map(|list| list.iter().map(|&n| [n; 32]).collect()),
        };
        let events = vec![
            filter(Some(&[1, 2]), Some(&[10])),
            filter(Some(&[2]), Some(&[11])),
            filter(None, Some(&[12])),
            filter(Some(&[3]), None),
        ];
        let interest = Interest { events: events.clone(), ..Interest::default() };
        let wanted = Wanted::new(&interest, &Network::new("Test"));
        for emitter in 0..5 {
            for key in [None, Some(9), Some(10), Some(11), Some(12)] {
                let key = key.map(|key| [key; 32]);
                let expected =
                    events.iter().any(|filter| filter.wants(&contract(&[emitter; 32]), key.as_ref()));
                assert_eq!(wanted.wants(&[emitter; 32], key.as_ref()), expected);
                assert!(!expected || wanted.may_want(&[emitter; 32]));
            }
        }
    }

    #[test]
    fn transfers_want_the_events_they_come_from() {
        let network = Network::new("Test");
        let interest = Interest { native_transfers: true, ..Interest::default() };
        let wanted = Wanted::new(&interest, &network);
        assert!(wanted.wants(network.native(), Some(&TRANSFER_KEYS[0])));
        assert!(!wanted.wants(&[1; 32], Some(&TRANSFER_KEYS[0])));
        let account = crate::address::account(&[1; 32]);
        let foreign = EventFilter { emitters: Some([account].into()), keys: None };
        let none = Wanted::new(&Interest { events: vec![foreign], ..Interest::default() }, &network);
        assert!(!none.may_want(&[1; 32]));
    }
}
