//! Remembers how many transactions the chain had at the end of what was read, by which the next range is checked.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// More than there are ranges being read at once.
const MAX_TOTALS: usize = 1_024;

/// Running totals by height.
#[derive(Debug, Default)]
pub(super) struct Totals(Mutex<BTreeMap<u64, u64>>);

impl Totals {
    pub(super) fn note(&self, height: u64, total: u64) {
        let mut totals = self.0.lock();
        totals.insert(height, total);
        if totals.len() > MAX_TOTALS {
            totals.pop_first();
        }
    }

    pub(super) fn get(&self, height: u64) -> Option<u64> {
        self.0.lock().get(&height).copied()
    }
}
