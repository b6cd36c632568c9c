//! How long to wait after a failed look at a network.

use std::time::Duration;

use chainbell_model::ChainError;
use rand::Rng as _;

/// Pauses between failed passes.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(30);

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// How long to wait, and whether the failure is worth telling: races at the tip are not, unless they last.
    pub(crate) fn after(&mut self, error: &ChainError) -> (Duration, bool) {
        self.failures = self.failures.saturating_add(1);
        let race = matches!(error, ChainError::NotYet(_) | ChainError::Reorganised(_));
        let pause = Self::FIRST.saturating_mul(1 << self.failures.min(10)).min(Self::LONGEST);
        let pause = if race { pause.min(Duration::from_secs(2)) } else { pause };
        let hint = match error {
            ChainError::Unavailable { retry_after, .. } => retry_after.unwrap_or_default().min(Self::LONGEST),
            _ => Duration::ZERO,
        };
        let pause = pause.mul_f64(rand::rng().random_range(0.5..1.0)).max(hint);
        (pause, !race || self.failures > 5)
    }
}
