//! Remembers how much happens to each program, so that a list is asked for about as long as it has to be.

use std::collections::HashMap;

use chainbell_model::Address;
use parking_lot::Mutex;

/// How much the newest observation counts.
const WEIGHT: f64 = 0.3;
/// More programs are not remembered.
const MAX_PROGRAMS: usize = 4_096;

/// Transactions a slot, by program.
#[derive(Debug, Default)]
pub(super) struct Rates(Mutex<HashMap<Address, f64>>);

impl Rates {
    /// About how many entries a list over `slots` slots has, with some to spare; all that fit where nothing is known.
    pub(super) fn expected(&self, program: &Address, slots: u64) -> usize {
        match self.0.lock().get(program) {
            Some(rate) => (rate * 1.5 * slots as f64) as usize + 16,
            None => usize::MAX,
        }
    }

    /// There were `count` within `slots` slots.
    pub(super) fn learn(&self, program: &Address, slots: u64, count: usize) {
        let seen = count as f64 / slots.max(1) as f64;
        let mut rates = self.0.lock();
        if let Some(rate) = rates.get_mut(program) {
            *rate += (seen - *rate) * WEIGHT;
        } else if rates.len() < MAX_PROGRAMS {
            rates.insert(*program, seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_program_is_expected_to_stay_busy_for_a_while() {
        let rates = Rates::default();
        let program = Address::from_slice(&[1; 32]).unwrap();
        assert_eq!(rates.expected(&program, 1), usize::MAX);
        rates.learn(&program, 10, 1_000);
        assert_eq!(rates.expected(&program, 2), 316);
        rates.learn(&program, 10, 0);
        assert_eq!(rates.expected(&program, 2), 226);
        for _ in 0..50 {
            rates.learn(&program, 10, 0);
        }
        assert_eq!(rates.expected(&program, 2), 16);
    }
}
