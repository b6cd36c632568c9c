//! Finds the groups that may match a fact, by what is known of it without decoding.
//!
//! Each group hangs on one access path, the most selective of what it asks for. A fact looks up each path that exists,
//! so its cost does not grow with the number of monitors. Another kind of path (an argument's value, membership in a
//! set, a threshold) is another variant of [`AccessPath`] with its map in [`Index`].

use chainbell_model::{Address, EventKey};
use rapidhash::RapidHashMap;

/// What must hold for a group to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum AccessPath {
    /// Sent by this address.
    Sender(Address),
    /// Received by this address.
    Receiver(Address),
    /// Of this contract, and with this key unless any will do.
    Contract(Address, Option<EventKey>),
    /// With this key, of whatever contract.
    Key(EventKey),
    /// Nothing in particular.
    Any,
}

/// What is known of a fact without decoding it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Coordinates<'a> {
    /// The emitter, the contract called, the token, or what a transaction was sent to.
    pub(super) contract: Option<&'a Address>,
    pub(super) key: Option<&'a EventKey>,
    pub(super) sender: Option<&'a Address>,
    pub(super) receiver: Option<&'a Address>,
}

/// Groups by access path, for facts of one kind.
#[derive(Debug, Default)]
pub(super) struct Index {
    senders: RapidHashMap<Address, Vec<u32>>,
    receivers: RapidHashMap<Address, Vec<u32>>,
    contracts: RapidHashMap<Address, ContractGroups>,
    keys: RapidHashMap<EventKey, Vec<u32>>,
    any: Vec<u32>,
}

#[derive(Debug, Default)]
struct ContractGroups {
    /// Sorted by key.
    by_key: Vec<(EventKey, Vec<u32>)>,
    any_key: Vec<u32>,
}

impl Index {
    pub(super) fn insert(&mut self, path: &AccessPath, group: u32) {
        let groups = match path {
            AccessPath::Sender(address) => self.senders.entry(*address).or_default(),
            AccessPath::Receiver(address) => self.receivers.entry(*address).or_default(),
            AccessPath::Contract(address, None) => &mut self.contracts.entry(*address).or_default().any_key,
            AccessPath::Contract(address, Some(key)) => {
                self.contracts.entry(*address).or_default().with_key(key)
            }
            AccessPath::Key(key) => self.keys.entry(*key).or_default(),
            AccessPath::Any => &mut self.any,
        };
        groups.push(group);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.senders.is_empty()
            && self.receivers.is_empty()
            && self.contracts.is_empty()
            && self.keys.is_empty()
            && self.any.is_empty()
    }

    /// Whether sender and receiver of a fact have to be known to look it up.
    pub(super) fn looks_at_parties(&self) -> bool {
        !self.senders.is_empty() || !self.receivers.is_empty()
    }

    /// Appends the groups that may match. Readings with a key come before raw ones.
    pub(super) fn candidates(&self, at: &Coordinates<'_>, out: &mut Vec<u32>) {
        let contract = at.contract.and_then(|address| find(&self.contracts, address));
        if let (Some(contract), Some(key)) = (contract, at.key) {
            out.extend_from_slice(contract.get(key));
        }
        let by_key = at.key.and_then(|key| find(&self.keys, key));
        let by_sender = at.sender.and_then(|address| find(&self.senders, address));
        let by_receiver = at.receiver.and_then(|address| find(&self.receivers, address));
        for groups in [by_key, by_sender, by_receiver, contract.map(|contract| &contract.any_key)] {
            out.extend_from_slice(groups.map_or(&[][..], Vec::as_slice));
        }
        out.extend_from_slice(&self.any);
    }
}

impl ContractGroups {
    fn with_key(&mut self, key: &EventKey) -> &mut Vec<u32> {
        let place = match self.by_key.binary_search_by(|(known, _)| known.cmp(key)) {
            Ok(place) => place,
            Err(place) => {
                self.by_key.insert(place, (*key, Vec::with_capacity(1)));
                place
            }
        };
        &mut self.by_key[place].1
    }

    fn get(&self, key: &EventKey) -> &[u32] {
        match self.by_key.binary_search_by(|(known, _)| known.cmp(key)) {
            Ok(place) => &self.by_key[place].1,
            Err(_) => &[],
        }
    }
}

/// An empty map is not worth a hash.
fn find<'a, K: std::hash::Hash + Eq, V>(map: &'a RapidHashMap<K, V>, key: &K) -> Option<&'a V> {
    if map.is_empty() { None } else { map.get(key) }
}
