//! Learns how many ledgers to read at once from what the last ones held.

use std::time::Duration;

/// One range should take about this long at the most.
const TARGET_TIME: Duration = Duration::from_secs(4);
/// One range should come in about this many bytes at the most.
const TARGET_BYTES: u64 = 16 << 20;

/// What a range was like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    /// How many ledgers it covered.
    pub(super) ledgers: u64,
    /// How many events or transactions it held.
    pub(super) items: u64,
    /// The size of the answers.
    pub(super) bytes: u64,
    /// From the first request to the last byte.
    pub(super) took: Duration,
}

/// The current span.
#[derive(Clone, Debug)]
pub(super) struct Span {
    current: u64,
    max: u64,
    target_items: u64,
}

impl Span {
    /// Starts at `initial` and never leaves 1 to `max`; a range should hold about `target_items`.
    pub(super) fn new(initial: u64, max: u64, target_items: u64) -> Self {
        let max = max.max(1);
        Self { current: initial.clamp(1, max), max, target_items }
    }

    /// How many ledgers to read.
    pub(super) fn get(&self) -> u64 {
        self.current
    }

    /// Takes a range into account: at most doubles, at most halves.
    pub(super) fn answered(&mut self, answer: Answered) {
        let scaled = |target: u64, actual: u64| {
            let ledgers = u128::from(answer.ledgers) * u128::from(target) / u128::from(actual.max(1));
            u64::try_from(ledgers).unwrap_or(u64::MAX)
        };
        let millis = u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX);
        let fitting = scaled(self.target_items, answer.items)
            .min(scaled(TARGET_BYTES, answer.bytes))
            .min(scaled(TARGET_TIME.as_millis() as u64, millis));
        if fitting < answer.ledgers {
            // A short range says nothing about a longer one, unless it already was too much.
            self.current = self.current.min(fitting.max(answer.ledgers / 2)).max(1);
        } else if answer.ledgers.saturating_mul(2) > self.current {
            self.current = fitting.min(self.current.saturating_mul(2)).clamp(1, self.max);
        }
    }

    /// A range was too much to be answered.
    pub(super) fn refused(&mut self, ledgers: u64) {
        self.current = self.current.min(ledgers / 2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(ledgers: u64, per_ledger: u64) -> Answered {
        let items = ledgers * per_ledger;
        Answered { ledgers, items, bytes: items * 500, took: Duration::from_millis(100) }
    }

    #[test]
    fn the_span_follows_the_density_between_one_and_the_maximum() {
        let mut span = Span::new(64, 10_000, 10_000);
        span.answered(dense(64, 0));
        assert_eq!(span.get(), 128);
        span.answered(dense(128, 100));
        assert_eq!(span.get(), 100);
        for _ in 0..20 {
            span.answered(dense(span.get(), 0));
        }
        assert_eq!(span.get(), 10_000);
        for _ in 0..20 {
            span.answered(dense(span.get(), 1_000_000));
        }
        assert_eq!(span.get(), 1);
        span.refused(1);
        assert_eq!(span.get(), 1);
    }

    #[test]
    fn the_answer_to_a_short_range_does_not_make_the_span_grow() {
        let mut span = Span::new(1_000, 10_000, 10_000);
        span.answered(dense(1, 1));
        assert_eq!(span.get(), 1_000);
        span.answered(Answered { took: Duration::from_secs(60), ..dense(1_000, 1) });
        assert_eq!(span.get(), 500);
    }
}
