//! Reads single events, as far as they are wanted.

use std::sync::Arc;

use chainbell_model::{Address, EventKey, Int, Payload};

use super::{Network, Wanted};
use crate::{
    address, payload,
    payload::EventKind,
    toid::is_of_operation,
    transfers,
    wire::xdr::{EventParts, Walk},
};

/// What events are read for.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// What is wanted.
    pub wanted: &'a Wanted,
    /// Of which network.
    pub network: &'a Network,
}

/// A wanted event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadEvent {
    /// Its index within its transaction, see [`crate::toid`].
    pub index: u32,
    /// The contract.
    pub emitter: Address,
    /// The first topic's key.
    pub key: Option<EventKey>,
    /// See [`crate::payload`].
    pub payload: Payload,
    /// The transfer it tells of, where that is wanted.
    pub moved: Option<Moved>,
}

/// An asset moving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// `None` for the native coin.
    pub token: Option<Address>,
    /// `CODE:ISSUER`, for an asset that is one.
    pub asset: Option<Arc<str>>,
    /// `None` when minted.
    pub from: Option<Address>,
    /// `None` when burnt.
    pub to: Option<Address>,
    /// In the smallest unit.
    pub amount: Int,
}

impl Reading<'_> {
    /// The event with this index in its transaction, where it is wanted.
    pub(crate) fn event(&self, index: u32, parts: &EventParts<'_>, succeeded: bool) -> Option<ReadEvent> {
        let (kind, contract) = (parts.kind?, parts.contract?);
        if !succeeded && is_of_operation(index) && !self.wanted.failed_events() {
            return None;
        }
        let first = Walk::new(parts.topics).value();
        let key = self.wants(&contract, first)?;
        Some(self.read(parts, kind, &contract, key, index))
    }

    /// The key of an event of `contract` with this first topic; `None` when it is not wanted.
    pub(crate) fn wants(&self, contract: &[u8; 32], first_topic: Option<&[u8]>) -> Option<Option<EventKey>> {
        if !self.wanted.may_want(contract) {
            return None;
        }
        let key = payload::event_key(first_topic);
        self.wanted.wants(contract, key.as_ref()).then_some(key)
    }

    /// A wanted event.
    pub(crate) fn read(
        &self,
        parts: &EventParts<'_>,
        kind: EventKind,
        contract: &[u8; 32],
        key: Option<EventKey>,
        index: u32,
    ) -> ReadEvent {
        let topics: Vec<&[u8]> = parts.topics().collect();
        let moved = if kind == EventKind::Contract && self.wanted.transfers() {
            transfers::of_event(self, contract, &topics, parts.value)
        } else {
            None
        };
        let payload = payload::event(kind, &topics, parts.value);
        ReadEvent { index, emitter: address::contract(contract), key, payload, moved }
    }
}
