//! The union of what all monitors ask of one network, pushed down so that a chain fetches the least that is complete.

use std::collections::BTreeSet;

use crate::{Address, EventKey};

/// What to fetch. Everything a monitor could match is inside; more may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Events wanted: the union of these filters.
    pub events: Vec<EventFilter>,
    /// Events of failed transactions are wanted too, on chains whose nodes tell them.
    pub failed_events: bool,
    /// Calls of these contracts are wanted.
    pub calls: Contracts,
    /// The details (sender, status, fee) of the transactions that hold what is wanted.
    pub details: bool,
    /// Transactions themselves are wanted, every one with its details.
    pub transactions: bool,
    /// Transfers of the native coin are wanted.
    pub native_transfers: bool,
    /// Transfers of these tokens are wanted; the events they come from are fetched as well.
    pub token_transfers: Contracts,
}

impl Interest {
    /// Nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Events alone do not answer it.
    pub fn needs_blocks(&self) -> bool {
        self.calls != Contracts::None || self.details || self.transactions || self.native_transfers
    }
}

/// Which contracts something is wanted of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Contracts {
    /// Of none.
    #[default]
    None,
    /// Of these.
    Of(BTreeSet<Address>),
    /// Of all.
    Any,
}

impl Contracts {
    /// Whether it is wanted of `contract`.
    pub fn wants(&self, contract: &Address) -> bool {
        match self {
            Self::None => false,
            Self::Of(wanted) => wanted.contains(contract),
            Self::Any => true,
        }
    }

    /// Wants it of `contracts` too; of all for `None`.
    pub fn want(&mut self, contracts: Option<&[Address]>) {
        match (&mut *self, contracts) {
            (Self::Any, _) => {}
            (_, None) => *self = Self::Any,
            (Self::Of(wanted), Some(contracts)) => wanted.extend(contracts),
            (Self::None, Some(contracts)) => *self = Self::Of(contracts.iter().copied().collect()),
        }
    }
}

/// Events of these emitters with these keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// `None`: of any emitter.
    pub emitters: Option<BTreeSet<Address>>,
    /// `None`: with any key or none.
    pub keys: Option<BTreeSet<EventKey>>,
}

impl EventFilter {
    /// Whether an event of `emitter` with `key` is asked for.
    pub fn wants(&self, emitter: &Address, key: Option<&EventKey>) -> bool {
        self.emitters.as_ref().is_none_or(|emitters| emitters.contains(emitter))
            && self.keys.as_ref().is_none_or(|keys| key.is_some_and(|key| keys.contains(key)))
    }
}
