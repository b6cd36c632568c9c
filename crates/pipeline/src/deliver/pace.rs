//! A target's rate limit: a token bucket over the pipeline's clock.

use chainbell_model::Timestamp;

/// Lets `per_second` messages through, up to a tenth of a second's worth at once.
#[derive(Debug)]
pub(super) struct Pace {
    per_ms: f64,
    capacity: f64,
    tokens: f64,
    filled_at: Timestamp,
}

impl Pace {
    pub(super) fn new(per_second: f64, now: Timestamp) -> Self {
        let capacity = (per_second / 10.0).max(1.0);
        Self { per_ms: per_second / 1000.0, capacity, tokens: capacity, filled_at: now }
    }

    /// How many messages may go now.
    pub(super) fn allowance(&mut self, now: Timestamp) -> usize {
        let passed = now.0.saturating_sub(self.filled_at.0).max(0) as f64;
        self.tokens = (self.tokens + passed * self.per_ms).min(self.capacity);
        self.filled_at = now;
        self.tokens as usize
    }

    /// Records that `count` of the allowance went.
    pub(super) fn spend(&mut self, count: usize) {
        self.tokens -= count as f64;
    }

    /// When the next message may go.
    pub(super) fn next(&self) -> Timestamp {
        let missing = (1.0 - self.tokens).max(0.0);
        Timestamp(self.filled_at.0.saturating_add((missing / self.per_ms).ceil() as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_twenty_a_second_lets_a_message_through_every_fifty_milliseconds() {
        let mut pace = Pace::new(20.0, Timestamp(0));
        let mut sent = Vec::new();
        for now in 0..1000 {
            let allowance = pace.allowance(Timestamp(now));
            pace.spend(allowance);
            sent.extend(std::iter::repeat_n(now, allowance));
        }
        assert_eq!(sent.len(), 21);
        assert_eq!(sent[..4], [0, 0, 50, 100]);
        assert_eq!(pace.next(), Timestamp(1000));
    }
}
