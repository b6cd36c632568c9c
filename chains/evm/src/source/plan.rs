//! An interest worked out for reading: the queries to ask, the logs to keep, the bloom bits to look for.

use std::sync::Arc;

use chainbell_model::Interest;
use parking_lot::Mutex;

use super::{
    filter::{LogFilter, LogQuery},
    suspect::Suspector,
};

/// What reading needs of an interest.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) interest: Interest,
    pub(super) filter: LogFilter,
    pub(super) suspector: Suspector,
    /// At most three; none when no logs are wanted.
    pub(super) queries: Vec<LogQuery>,
}

impl Plan {
    pub(super) fn new(interest: &Interest, max_addresses: usize) -> Self {
        let filter = LogFilter::new(interest);
        Self {
            interest: interest.clone(),
            suspector: Suspector::new(&filter),
            queries: filter.queries(max_addresses),
            filter,
        }
    }
}

/// The plan of the last interest: it stays the same for a long time, and working it out costs a hash per address.
#[derive(Debug, Default)]
pub(super) struct PlanCache(Mutex<Option<Arc<Plan>>>);

impl PlanCache {
    pub(super) fn get(&self, interest: &Interest, max_addresses: usize) -> Arc<Plan> {
        let mut last = self.0.lock();
        if let Some(plan) = last.as_ref().filter(|plan| plan.interest == *interest) {
            return plan.clone();
        }
        last.insert(Arc::new(Plan::new(interest, max_addresses))).clone()
    }
}
