//! How many items one answer may hold, learnt from what the servers allow.

use std::sync::atomic::{AtomicU32, Ordering};

use super::StellarConfig;

/// The current limits.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) events: Limit,
    pub(super) transactions: Limit,
}

impl Limits {
    pub(super) fn new(config: &StellarConfig) -> Self {
        Self {
            events: Limit(AtomicU32::new(config.events_per_page.max(1))),
            transactions: Limit(AtomicU32::new(config.transactions_per_page.max(1))),
        }
    }
}

/// The limit of one method. It only ever shrinks: what a server allows does not change while it runs.
#[derive(Debug)]
pub(super) struct Limit(AtomicU32);

impl Limit {
    pub(super) fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Asks for less: `allowed`, where the server named it.
    pub(super) fn shrink(&self, asked: u32, allowed: Option<u32>) {
        let less = allowed.filter(|&allowed| allowed < asked).unwrap_or(asked / 2).max(1);
        self.0.fetch_min(less, Ordering::Relaxed);
    }
}
