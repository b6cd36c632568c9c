//! Learns how many heights one request should cover from what the node answered and refused.

use std::time::Duration;

use super::limits::{Cause, Narrower};

/// One answer should take about this long at the most.
const TARGET_TIME: Duration = Duration::from_secs(4);
/// One answer should hold about this many bytes at the most.
const TARGET_BYTES: u64 = 16 << 20;
/// After a refusal, that many full answers pass before the span grows again; doubled by each further refusal.
const FIRST_PAUSE: u32 = 16;
const LONGEST_PAUSE: u32 = 1_024;

/// What one answer was like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    /// How many heights it covered.
    pub(super) heights: u64,
    /// How many logs (or transactions and logs, where blocks are read) it held.
    pub(super) items: u64,
    /// Its size.
    pub(super) bytes: u64,
    /// From the request to the last byte.
    pub(super) took: Duration,
}

/// The current span and what is known about the node's limits.
#[derive(Clone, Debug)]
pub(super) struct Span {
    current: u64,
    max: u64,
    target_items: u64,
    pause: u32,
    next_pause: u32,
}

impl Span {
    /// Starts at `initial` and never leaves 1 to `max`; an answer should hold about `target_items`.
    pub(super) fn new(initial: u64, max: u64, target_items: u64) -> Self {
        let max = max.max(1);
        Self { current: initial.clamp(1, max), max, target_items, pause: 0, next_pause: FIRST_PAUSE }
    }

    /// How many heights to ask for.
    pub(super) fn get(&self) -> u64 {
        self.current
    }

    /// Takes an answer into account: at most doubles, at most halves.
    pub(super) fn answered(&mut self, answer: Answered) {
        let full = answer.heights.saturating_mul(2) > self.current;
        if full && self.pause > 0 {
            self.pause -= 1;
        }
        let fitting = self.fitting(&answer);
        if fitting < answer.heights {
            // A short range says nothing about a longer one, unless it already was too much.
            self.current = self.current.min(fitting.max(answer.heights / 2)).max(1);
        } else if full && self.pause == 0 {
            let grown = fitting.min(self.current.saturating_mul(2));
            self.current = grown.clamp(1, self.max);
        }
    }

    /// How many heights as dense as these fill an answer.
    fn fitting(&self, answer: &Answered) -> u64 {
        let scaled = |target: u64, actual: u64| {
            let heights = u128::from(answer.heights) * u128::from(target) / u128::from(actual.max(1));
            u64::try_from(heights).unwrap_or(u64::MAX)
        };
        let millis = u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX);
        scaled(self.target_items, answer.items)
            .min(scaled(TARGET_BYTES, answer.bytes))
            .min(scaled(TARGET_TIME.as_millis() as u64, millis))
    }

    /// Takes the refusal of `heights` into account and returns the span to go on with, always smaller than `heights`
    /// (but at least 1).
    pub(super) fn refused(&mut self, heights: u64, narrower: &Narrower) -> u64 {
        let half = (heights / 2).max(1);
        let next = narrower.span.filter(|&span| span < heights).unwrap_or(half).max(1);
        match narrower.cause {
            Cause::Wide => self.max = self.max.min(next),
            Cause::Many => {
                if let Some(results) = narrower.results {
                    // Some room below the node's cap, so that a slightly denser range is not refused as well.
                    self.target_items = self.target_items.min((results - results / 5).max(1));
                }
                self.rest();
            }
            Cause::Slow => self.rest(),
        }
        self.current = self.current.min(next);
        next
    }

    fn rest(&mut self) {
        self.pause = self.next_pause;
        self.next_pause = self.next_pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(heights: u64, per_height: u64) -> Answered {
        Answered {
            heights,
            items: heights * per_height,
            bytes: heights * per_height * 500,
            took: Duration::from_millis(100),
        }
    }

    fn refusal(cause: Cause, span: Option<u64>) -> Narrower {
        Narrower { cause, span, results: None }
    }

    #[test]
    fn the_span_doubles_until_an_answer_holds_the_wanted_number_of_logs() {
        let mut span = Span::new(100, 100_000, 25_000);
        let mut seen = Vec::new();
        for _ in 0..5 {
            seen.push(span.get());
            span.answered(dense(span.get(), 50));
        }
        assert_eq!(seen, [100, 200, 400, 500, 500]);
    }

    #[test]
    fn a_denser_stretch_shrinks_the_span_and_an_empty_one_lets_it_grow_to_the_maximum() {
        let mut span = Span::new(500, 2_000, 25_000);
        span.answered(dense(500, 100));
        assert_eq!(span.get(), 250);
        for _ in 0..10 {
            span.answered(dense(span.get(), 0));
        }
        assert_eq!(span.get(), 2_000);
    }

    #[test]
    fn slow_and_large_answers_shrink_the_span() {
        let mut span = Span::new(1_000, 10_000, 25_000);
        span.answered(Answered { took: Duration::from_secs(8), ..dense(1_000, 1) });
        assert_eq!(span.get(), 500);
        span.answered(Answered { bytes: 32 << 20, ..dense(500, 1) });
        assert_eq!(span.get(), 250);
    }

    #[test]
    fn the_answer_to_a_short_range_does_not_make_the_span_grow() {
        let mut span = Span::new(1_000, 10_000, 25_000);
        span.answered(dense(3, 0));
        assert_eq!(span.get(), 1_000);
    }

    #[test]
    fn a_range_cap_holds_for_good_and_a_crowded_range_only_for_a_while() {
        let mut span = Span::new(4_000, 100_000, 25_000);
        assert_eq!(span.refused(4_000, &refusal(Cause::Wide, Some(1_000))), 1_000);
        for _ in 0..50 {
            span.answered(dense(span.get(), 0));
        }
        assert_eq!(span.get(), 1_000);

        let mut span = Span::new(4_000, 100_000, 25_000);
        assert_eq!(span.refused(4_000, &refusal(Cause::Many, None)), 2_000);
        for _ in 0..FIRST_PAUSE - 1 {
            span.answered(dense(2_000, 0));
        }
        assert_eq!(span.get(), 2_000);
        span.answered(dense(2_000, 0));
        assert_eq!(span.get(), 4_000);
    }

    #[test]
    fn a_named_cap_of_logs_becomes_the_target() {
        let mut span = Span::new(1_000, 100_000, 25_000);
        span.refused(1_000, &Narrower { cause: Cause::Many, span: None, results: Some(10_000) });
        for _ in 0..100 {
            span.answered(dense(span.get(), 20));
        }
        assert_eq!(span.get(), 400);
    }

    #[test]
    fn refusals_always_narrow_and_end_at_one_height() {
        let mut span = Span::new(1_000, 100_000, 25_000);
        let mut heights = 1_000;
        while heights > 1 {
            let next = span.refused(heights, &refusal(Cause::Wide, Some(heights)));
            assert!(next < heights);
            heights = next;
        }
        assert_eq!(span.get(), 1);
        assert_eq!(span.refused(1, &refusal(Cause::Slow, None)), 1);
    }
}
