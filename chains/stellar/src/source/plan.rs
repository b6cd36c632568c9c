//! An interest worked out for reading: what is wanted, the queries to ask, the method to use.

use std::sync::Arc;

use chainbell_model::{Contracts, Interest, Proof};
use parking_lot::Mutex;

use super::filter::{Query, queries};
use crate::assemble::{Network, Wanted};

/// How an interest is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// `getEvents`.
    Events,
    /// `getTransactions`.
    Transactions,
    /// `getLedgers`.
    Ledgers,
}

/// The mode for an interest. `before_unified_events`: payments of assets are not events on this network.
pub(super) fn mode(interest: &Interest, proof: Proof, verify: bool, before_unified_events: bool) -> Mode {
    let movements = before_unified_events && interest.token_transfers != Contracts::None;
    match (proof, interest.needs_blocks() || movements) {
        (Proof::Linked, _) => Mode::Ledgers,
        (Proof::Sparse, true) if verify => Mode::Ledgers,
        (Proof::Sparse, true) => Mode::Transactions,
        (Proof::Sparse, false) => Mode::Events,
    }
}

/// What reading needs of an interest.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) wanted: Arc<Wanted>,
    pub(super) network: Arc<Network>,
    /// None when no events are wanted.
    pub(super) queries: Vec<Query>,
}

impl Plan {
    fn new(interest: &Interest, network: Arc<Network>, max_queries: usize) -> Self {
        let wanted = Wanted::new(interest, &network);
        Self { queries: queries(&wanted, max_queries), wanted: Arc::new(wanted), network }
    }
}

/// The plan of the last interest, which stays the same for a long time.
#[derive(Debug, Default)]
pub(super) struct PlanCache(Mutex<Option<Arc<Plan>>>);

impl PlanCache {
    pub(super) fn get(&self, interest: &Interest, network: Arc<Network>, max_queries: usize) -> Arc<Plan> {
        let mut last = self.0.lock();
        if let Some(plan) = last.as_ref().filter(|plan| plan.wanted.interest() == interest) {
            return plan.clone();
        }
        last.insert(Arc::new(Plan::new(interest, network, max_queries))).clone()
    }
}

#[cfg(test)]
mod tests {
    use chainbell_model::EventFilter;

    use super::*;

    #[test]
    fn events_alone_are_read_as_such() {
        let events = Interest { events: vec![EventFilter::default()], ..Interest::default() };
        let tokens = Interest { token_transfers: Contracts::Any, ..Interest::default() };
        let calls = Interest { calls: Contracts::Any, ..Interest::default() };
        assert_eq!(mode(&events, Proof::Sparse, false, false), Mode::Events);
        assert_eq!(mode(&events, Proof::Sparse, true, false), Mode::Events);
        assert_eq!(mode(&events, Proof::Linked, false, false), Mode::Ledgers);
        assert_eq!(mode(&tokens, Proof::Sparse, false, false), Mode::Events);
        assert_eq!(mode(&tokens, Proof::Sparse, false, true), Mode::Transactions);
        assert_eq!(mode(&calls, Proof::Sparse, false, false), Mode::Transactions);
        assert_eq!(mode(&calls, Proof::Sparse, true, false), Mode::Ledgers);
    }
}
