//! Collects what all monitors ask of a network into the least that has to be fetched.

use std::collections::{BTreeMap, BTreeSet};

use chainbell_model::{Address, EventFilter, EventKey, Interest};
use rapidhash::RapidHashMap;

/// The keys wanted of one contract.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Keys {
    Some(BTreeSet<EventKey>),
    All,
}

/// An [`Interest`] while it is built.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    every_event: bool,
    keys_of_all: BTreeSet<EventKey>,
    contracts: RapidHashMap<Address, Keys>,
    /// What is not about events.
    pub(super) rest: Interest,
}

impl Wishes {
    /// Events with `key` (`None`: any or none) of `contract` (`None`: all) are wanted.
    pub(super) fn event(&mut self, contract: Option<&Address>, key: Option<EventKey>) {
        match (contract, key) {
            (None, None) => self.every_event = true,
            (None, Some(key)) => {
                self.keys_of_all.insert(key);
            }
            (Some(&contract), key) => {
                let keys = self.contracts.entry(contract).or_insert_with(|| Keys::Some(BTreeSet::new()));
                match (keys, key) {
                    (Keys::All, _) => {}
                    (keys, None) => *keys = Keys::All,
                    (Keys::Some(keys), Some(key)) => {
                        keys.insert(key);
                    }
                }
            }
        }
    }

    /// One filter for each set of keys.
    pub(super) fn into_interest(self) -> Interest {
        let mut interest = self.rest;
        if self.every_event {
            interest.events.push(EventFilter::default());
            return interest;
        }
        if !self.keys_of_all.is_empty() {
            interest.events.push(EventFilter { emitters: None, keys: Some(self.keys_of_all.clone()) });
        }
        let mut by_keys: BTreeMap<Keys, BTreeSet<Address>> = BTreeMap::new();
        for (contract, mut keys) in self.contracts {
            if let Keys::Some(keys) = &mut keys {
                keys.retain(|key| !self.keys_of_all.contains(key));
                if keys.is_empty() {
                    continue;
                }
            }
            by_keys.entry(keys).or_default().insert(contract);
        }
        interest.events.extend(by_keys.into_iter().map(|(keys, emitters)| {
            let keys = match keys {
                Keys::All => None,
                Keys::Some(keys) => Some(keys),
            };
            EventFilter { emitters: Some(emitters), keys }
        }));
        interest
    }
}
