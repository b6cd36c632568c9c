//! Learns how many heights one fetch should cover from how long fetches take and how much they hold.

use std::time::Duration;

/// One fetch should take about this long at the most.
const TARGET_TIME: Duration = Duration::from_secs(3);

/// What one fetch was like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    /// How many heights it covered.
    pub(super) heights: u64,
    /// How many transactions, events and calls it held.
    pub(super) facts: u64,
    /// From the first request to the last answer.
    pub(super) took: Duration,
}

/// The current span.
#[derive(Clone, Debug)]
pub(super) struct Span {
    current: u64,
    max: u64,
    target_facts: u64,
}

impl Span {
    /// Starts at `initial` and never leaves 1 to `max`.
    pub(super) fn new(initial: u64, max: u64, target_facts: u64) -> Self {
        let max = max.max(1);
        Self { current: initial.clamp(1, max), max, target_facts }
    }

    /// How many heights to ask for.
    pub(super) fn get(&self) -> u64 {
        self.current
    }

    /// At most doubles, at most halves.
    pub(super) fn answered(&mut self, answer: Answered) {
        let fitting = self.fitting(&answer);
        if fitting < answer.heights {
            // A short range says nothing about a longer one, unless it already was too much.
            self.current = self.current.min(fitting.max(answer.heights / 2)).max(1);
        } else if answer.heights.saturating_mul(2) > self.current {
            self.current = fitting.min(self.current.saturating_mul(2)).clamp(1, self.max);
        }
    }

    /// A fetch of `heights` failed: less of it would have been lost with a smaller one.
    pub(super) fn failed(&mut self, heights: u64) {
        self.current = self.current.min(heights.div_ceil(2)).max(1);
    }

    fn fitting(&self, answer: &Answered) -> u64 {
        let scaled = |target: u128, actual: u128| {
            u64::try_from(u128::from(answer.heights) * target / actual.max(1)).unwrap_or(u64::MAX)
        };
        let by_facts = scaled(u128::from(self.target_facts), u128::from(answer.facts));
        by_facts.min(scaled(TARGET_TIME.as_millis(), answer.took.as_millis()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(heights: u64, facts: u64, millis: u64) -> Answered {
        Answered { heights, facts, took: Duration::from_millis(millis) }
    }

    #[test]
    fn the_span_doubles_while_answers_are_small_and_quick() {
        let mut span = Span::new(32, 100, 1_000);
        span.answered(answer(32, 10, 10));
        assert_eq!(span.get(), 64);
        span.answered(answer(3, 1, 1));
        assert_eq!(span.get(), 64, "the end of a range says nothing");
        span.answered(answer(64, 0, 0));
        assert_eq!(span.get(), 100);
    }

    #[test]
    fn failures_halve_it() {
        let mut span = Span::new(32, 100, 1_000);
        span.failed(32);
        assert_eq!(span.get(), 16);
        span.failed(3);
        assert_eq!(span.get(), 2);
        span.failed(1);
        assert_eq!(span.get(), 1);
    }

    #[test]
    fn full_or_slow_answers_halve_it() {
        let mut span = Span::new(64, 100, 1_000);
        span.answered(answer(64, 100_000, 10));
        assert_eq!(span.get(), 32);
        span.answered(answer(32, 10, 60_000));
        assert_eq!(span.get(), 16);
        for _ in 0..10 {
            span.answered(answer(span.get(), u64::MAX, 10));
        }
        assert_eq!(span.get(), 1);
    }
}
