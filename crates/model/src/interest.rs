//! The union of what all monitors ask of one network, pushed down so that a chain fetches the least that is complete.

use std::collections::BTreeSet;

use crate::{Address, EventKey};

/// What to fetch. Everything a monitor could match is inside; more may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Events wanted: the union of these filters.
    pub events: Vec<EventFilter>,
    /// Calls are wanted.
    pub calls: bool,
    /// Transactions with their details (sender, value, status, fee) are wanted, of every transaction.
    pub transactions: bool,
    /// Transfers of the native coin are wanted.
    pub native_transfers: bool,
    /// Transfers of these tokens are wanted; the events they come from are fetched as well.
    pub token_transfers: Tokens,
}

impl Interest {
    /// Nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whole blocks have to be read: events alone do not answer it.
    pub fn needs_blocks(&self) -> bool {
        self.calls || self.transactions || self.native_transfers
    }
}

/// Whose transfers are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tokens {
    /// Of no token.
    #[default]
    None,
    /// Of these contracts.
    Of(BTreeSet<Address>),
    /// Of every token.
    Any,
}

impl Tokens {
    /// Wants those of `contracts` too; of every token for `None`.
    pub fn want(&mut self, contracts: Option<&[Address]>) {
        match (&mut *self, contracts) {
            (Self::Any, _) => {}
            (_, None) => *self = Self::Any,
            (Self::Of(tokens), Some(contracts)) => tokens.extend(contracts),
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
