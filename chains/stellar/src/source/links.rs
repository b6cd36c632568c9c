//! Remembers the hashes of ledgers at the ends of what was verified, and finds where they do not fit.
//!
//! Ledgers are final: what was verified first is believed until the process ends.

use std::collections::BTreeMap;

use crate::wire::WireLedger;

/// How many hashes are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 4_096;

/// The hashes of ledgers, as they and the ledgers after them tell.
#[derive(Debug, Default)]
pub(super) struct Links(BTreeMap<u32, [u8; 32]>);

impl Links {
    /// Takes in a chain of ledgers. `Err` of the ledger whose hash is not what was told before; then nothing is taken in.
    pub(super) fn join(&mut self, chain: &[WireLedger]) -> Result<(), u32> {
        let (Some(first), Some(last)) = (chain.first(), chain.last()) else { return Ok(()) };
        let before = first.sequence.checked_sub(1).map(|sequence| (sequence, first.previous));
        let told = before.into_iter().chain(chain.iter().map(|ledger| (ledger.sequence, ledger.hash)));
        for (sequence, hash) in told {
            if self.0.get(&sequence).is_some_and(|known| *known != hash) {
                return Err(sequence);
            }
        }
        self.0.extend(before);
        self.0.insert(last.sequence, last.hash);
        while self.0.len() > REMEMBERED {
            self.0.pop_first();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(from: u32, to: u32) -> Vec<WireLedger> {
        let hash = |sequence: u32| [sequence as u8; 32];
        (from..=to)
            .map(|sequence| WireLedger { sequence, hash: hash(sequence), previous: hash(sequence - 1) })
            .collect()
    }

    #[test]
    fn pieces_fit_in_any_order_and_another_chain_does_not() {
        let mut links = Links::default();
        for (from, to) in [(10, 20), (31, 40), (21, 30), (5, 9), (15, 35)] {
            assert_eq!(links.join(&chain(from, to)), Ok(()));
        }
        let mut other = chain(41, 45);
        other[0].previous = [0; 32];
        assert_eq!(links.join(&other), Err(40));
        let mut other = chain(1, 4);
        other[3].hash = [0; 32];
        assert_eq!(links.join(&other), Err(4));
        assert_eq!(links.join(&chain(1, 4)), Ok(()));
    }
}
