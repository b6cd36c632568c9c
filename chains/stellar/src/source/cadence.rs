//! Learns when ledgers close, so that a node is asked for the next one when it is due.

use std::time::Duration;

use tokio::time::Instant;

const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);

/// When the newest ledger was first seen, and how far ledgers are apart.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cadence {
    last: Option<(u32, Instant)>,
    interval: Option<Duration>,
}

impl Cadence {
    /// The newest ledger seen.
    pub(super) fn newest(&self) -> Option<u32> {
        self.last.map(|(sequence, _)| sequence)
    }

    /// A node has this ledger.
    pub(super) fn seen(&mut self, sequence: u32, now: Instant) {
        let Some((before, at)) = self.last else {
            self.last = Some((sequence, now));
            return;
        };
        let Some(ledgers) = sequence.checked_sub(before).filter(|ledgers| *ledgers > 0) else { return };
        let apart = (now.saturating_duration_since(at) / ledgers).clamp(SHORTEST, LONGEST);
        self.interval = Some(self.interval.map_or(apart, |interval| (interval * 3 + apart) / 4));
        self.last = Some((sequence, now));
    }

    /// How long to wait before a node is asked again: at least `floor`, and not before the next ledger is nearly due.
    pub(super) fn wait(&self, floor: Duration, now: Instant) -> Duration {
        let (Some((_, at)), Some(interval)) = (self.last, self.interval) else { return floor };
        // It was seen up to `floor` after it closed.
        let due = at + interval.saturating_sub(floor);
        floor.max(due.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_next_ledger_is_asked_for_when_it_is_nearly_due() {
        let start = Instant::now();
        let mut cadence = Cadence::default();
        assert_eq!(cadence.wait(SECOND, start), SECOND);
        for ledger in 0..20 {
            cadence.seen(100 + ledger, start + SECOND * 6 * ledger);
            cadence.seen(100 + ledger, start + SECOND * (6 * ledger + 1));
        }
        let last = start + SECOND * 6 * 19;
        assert_eq!(cadence.wait(SECOND, last), SECOND * 5);
        assert_eq!(cadence.wait(SECOND, last + SECOND * 3), SECOND * 2);
        assert_eq!(cadence.wait(SECOND, last + SECOND * 9), SECOND);
        assert_eq!(cadence.newest(), Some(119));
    }

    #[test]
    fn a_node_that_goes_back_or_rests_changes_little() {
        let start = Instant::now();
        let mut cadence = Cadence::default();
        cadence.seen(100, start);
        cadence.seen(90, start + SECOND);
        assert_eq!(cadence.newest(), Some(100));
        cadence.seen(101, start + SECOND * 3_600);
        assert!(cadence.wait(SECOND, start + SECOND * 3_600) <= LONGEST);
    }
}
