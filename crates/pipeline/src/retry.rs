//! When a failed delivery is tried again, and when it becomes a dead letter: decided here, once.

use std::time::Duration;

use chainbell_model::{Outcome, Reached, Timestamp};
use chainbell_store::Verdict;

use crate::clock::after;

/// A receiver's `Retry-After` is honoured up to this.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// The pauses before each attempt, the first being before attempt 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule {
    /// Pauses; as many attempts as there are pauses.
    pub delays: Vec<Duration>,
}

impl Default for RetrySchedule {
    /// At once, then after 5 s, 25 s, 125 s and 625 s, then dead letter.
    fn default() -> Self {
        Self { delays: [0, 5, 25, 125, 625].map(Duration::from_secs).to_vec() }
    }
}

impl RetrySchedule {
    /// What becomes of a delivery after its `attempt`-th try (from 1) ended with `outcome` at `now`. `jitter` in 0..1
    /// lengthens the pause by up to a tenth, so that many deliveries that failed together do not return together.
    pub fn verdict(&self, outcome: &Outcome, attempt: u32, now: Timestamp, jitter: f64) -> Verdict {
        let (after_hint, maybe_received) = match outcome {
            Outcome::Delivered { .. } => return Verdict::Delivered,
            Outcome::Rejected { .. } => return Verdict::Dead { maybe_received: false },
            Outcome::Retry { after, reached, .. } => (*after, *reached == Reached::Maybe),
        };
        let Some(delay) = usize::try_from(attempt).ok().and_then(|next| self.delays.get(next)) else {
            return Verdict::Dead { maybe_received };
        };
        let delay = delay.mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 10.0);
        let delay = delay.max(after_hint.unwrap_or_default().min(MAX_RETRY_AFTER));
        Verdict::RetryAt { at: after(now, delay), maybe_received }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(after: Option<u64>) -> Outcome {
        Outcome::Retry { after: after.map(Duration::from_secs), reason: String::new(), reached: Reached::No }
    }

    #[test]
    fn the_default_schedule_ends_in_a_dead_letter_after_the_fifth_attempt() {
        let schedule = RetrySchedule::default();
        let waits: Vec<_> =
            (1..=5).map(|attempt| schedule.verdict(&failed(None), attempt, Timestamp(0), 0.0)).collect();
        let at = |seconds: i64| Verdict::RetryAt { at: Timestamp(seconds * 1000), maybe_received: false };
        assert_eq!(waits, [at(5), at(25), at(125), at(625), Verdict::Dead { maybe_received: false }]);
    }

    #[test]
    fn retry_after_lengthens_a_pause_but_not_beyond_an_hour() {
        let schedule = RetrySchedule::default();
        let at = |hint| match schedule.verdict(&failed(Some(hint)), 1, Timestamp(0), 0.0) {
            Verdict::RetryAt { at, .. } => at.0 / 1000,
            other => panic!("{other:?}"),
        };
        assert_eq!((at(1), at(60), at(1_000_000)), (5, 60, 3600));
    }
}
