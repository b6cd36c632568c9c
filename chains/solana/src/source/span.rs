//! Learns how many slots one piece should cover from what the last ones held and took.

use std::time::Duration;

/// One piece should take about this long at the most.
const TARGET_TIME: Duration = Duration::from_secs(4);

/// What one piece was like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    /// How many slots it covered.
    pub(super) slots: u64,
    /// How many things it held that the target counts.
    pub(super) items: u64,
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
    /// Starts at `initial` and never leaves 1 to `max`; a piece should hold about `target_items`.
    pub(super) fn new(initial: u64, max: u64, target_items: u64) -> Self {
        let max = max.max(1);
        Self { current: initial.clamp(1, max), max, target_items: target_items.max(1) }
    }

    /// How many slots to cover.
    pub(super) fn get(&self) -> u64 {
        self.current
    }

    /// Takes a piece into account: at most doubles, at most halves.
    pub(super) fn answered(&mut self, piece: Answered) {
        let fitting = self.fitting(&piece);
        if fitting < piece.slots {
            // A short piece says nothing about a longer one, unless it already was too much.
            self.current = self.current.min(fitting.max(piece.slots / 2)).max(1);
        } else if piece.slots.saturating_mul(2) > self.current {
            self.current = fitting.min(self.current.saturating_mul(2)).clamp(1, self.max);
        }
    }

    /// A piece of so many slots held too much to be read at once.
    pub(super) fn refused(&mut self, slots: u64) {
        self.current = self.current.min(slots / 4).max(1);
    }

    /// The endpoints gave up before a piece of so many slots was read: of a shorter one less is lost.
    pub(super) fn failed(&mut self, slots: u64) {
        self.current = self.current.min(slots / 2).max(1);
    }

    /// How many slots as dense as these fill a piece.
    fn fitting(&self, piece: &Answered) -> u64 {
        let scaled = |target: u64, actual: u64| {
            let slots = u128::from(piece.slots) * u128::from(target) / u128::from(actual.max(1));
            u64::try_from(slots).unwrap_or(u64::MAX)
        };
        let millis = u64::try_from(piece.took.as_millis()).unwrap_or(u64::MAX);
        scaled(self.target_items, piece.items).min(scaled(TARGET_TIME.as_millis() as u64, millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(slots: u64, per_slot: u64) -> Answered {
        Answered { slots, items: slots * per_slot, took: Duration::from_millis(50) }
    }

    #[test]
    fn the_span_doubles_until_a_piece_holds_the_wanted_number() {
        let mut span = Span::new(64, 10_000, 1_000);
        let mut seen = Vec::new();
        for _ in 0..5 {
            seen.push(span.get());
            span.answered(dense(span.get(), 4));
        }
        assert_eq!(seen, [64, 128, 250, 250, 250]);
    }

    #[test]
    fn a_denser_or_slower_stretch_shrinks_it_and_an_empty_one_lets_it_grow_to_the_maximum() {
        let mut span = Span::new(512, 2_000, 1_000);
        span.answered(dense(512, 100));
        assert_eq!(span.get(), 256);
        span.answered(Answered { took: Duration::from_secs(40), ..dense(256, 0) });
        assert_eq!(span.get(), 128);
        for _ in 0..10 {
            span.answered(dense(span.get(), 0));
        }
        assert_eq!(span.get(), 2_000);
    }

    #[test]
    fn a_short_piece_does_not_make_it_grow_and_a_refused_one_always_makes_it_shrink() {
        let mut span = Span::new(1_000, 10_000, 1_000);
        span.answered(dense(3, 0));
        assert_eq!(span.get(), 1_000);
        span.refused(1_000);
        assert_eq!(span.get(), 250);
        span.failed(250);
        assert_eq!(span.get(), 125);
        for _ in 0..9 {
            span.refused(span.get());
            span.failed(span.get());
        }
        assert_eq!(span.get(), 1);
    }
}
