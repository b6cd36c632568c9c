//! How many items one answer may hold, learnt from what the servers allow and what they manage.

use parking_lot::Mutex;

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
            events: Limit::new(config.events_per_page),
            transactions: Limit::new(config.transactions_per_page),
        }
    }
}

/// The limit of one method.
#[derive(Debug)]
pub(super) struct Limit(Mutex<Sizes>);

#[derive(Clone, Copy, Debug)]
struct Sizes {
    current: u32,
    max: u32,
}

impl Limit {
    fn new(max: u32) -> Self {
        let max = max.max(1);
        Self(Mutex::new(Sizes { current: max, max }))
    }

    pub(super) fn get(&self) -> u32 {
        self.0.lock().current
    }

    /// `asked` was too much. What the server named holds for good, a slow answer or a large one for a while.
    pub(super) fn shrink(&self, asked: u32, allowed: Option<u32>) {
        let mut sizes = self.0.lock();
        match allowed.filter(|&allowed| allowed < asked) {
            Some(allowed) => sizes.max = sizes.max.min(allowed.max(1)),
            None => sizes.current = sizes.current.min(asked / 2).max(1),
        }
        sizes.current = sizes.current.min(sizes.max);
    }

    /// `asked` was answered.
    pub(super) fn answered(&self, asked: u32) {
        let mut sizes = self.0.lock();
        if asked >= sizes.current {
            sizes.current = sizes.current.saturating_add(sizes.current / 8 + 1).min(sizes.max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_allows_holds_and_what_it_manages_comes_back() {
        let limit = Limit::new(1_000);
        limit.shrink(1_000, Some(200));
        assert_eq!(limit.get(), 200);
        for expected in [100, 50] {
            limit.shrink(limit.get(), None);
            assert_eq!(limit.get(), expected);
        }
        for _ in 0..30 {
            limit.answered(limit.get());
        }
        assert_eq!(limit.get(), 200);
        for _ in 0..20 {
            limit.shrink(limit.get(), Some(1_000));
        }
        assert_eq!(limit.get(), 1);
    }
}
