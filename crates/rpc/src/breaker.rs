//! The circuit breaker of one endpoint: opens after failures in a row, lets single probes through, closes on the first answer.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row until the endpoint is left alone.
const THRESHOLD: u32 = 5;
const FIRST_COOLDOWN: Duration = Duration::from_secs(1);
const LONGEST_COOLDOWN: Duration = Duration::from_secs(30);
/// How soon after a failure an open endpoint may be probed when no endpoint is left.
const LAST_RESORT: Duration = Duration::from_secs(1);

/// Whether an endpoint may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Yes.
    Closed,
    /// One probe may go through.
    HalfOpen,
    /// Not before `until`; as the last resort not before `last_resort`.
    Open { until: Instant, last_resort: Instant },
}

/// Counts failures in a row. Time is passed in.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    /// How often it opened without an answer in between.
    openings: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    until: Instant,
    last_resort: Instant,
}

impl Breaker {
    pub(crate) fn gate(&self, now: Instant) -> Gate {
        match &self.open {
            None => Gate::Closed,
            Some(open) if open.until <= now => Gate::HalfOpen,
            Some(open) => Gate::Open { until: open.until, last_resort: open.last_resort.min(open.until) },
        }
    }

    /// It has failed since its last answer.
    pub(crate) fn is_shaken(&self) -> bool {
        self.failures > 0
    }

    /// A probe leaves; no other may for `patience`, in which the probe reports or counts as lost.
    pub(crate) fn probe(&mut self, now: Instant, patience: Duration) {
        if let Some(open) = &mut self.open {
            open.until = now + patience;
            open.last_resort = open.until;
        }
    }

    /// Whether this answer closed it.
    pub(crate) fn answered(&mut self) -> bool {
        let closed = self.open.is_some();
        *self = Self::default();
        closed
    }

    /// `jitter` is between 0 and 1. Whether this failure opened it.
    pub(crate) fn failed(&mut self, now: Instant, jitter: f64) -> bool {
        self.failures = self.failures.saturating_add(1);
        if self.failures < THRESHOLD {
            return false;
        }
        let longest = FIRST_COOLDOWN * (1 << self.openings.min(5));
        let cooldown = longest.min(LONGEST_COOLDOWN).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
        self.openings = self.openings.saturating_add(1);
        let was_open = self.open.is_some();
        self.open = Some(Open { until: now + cooldown, last_resort: now + LAST_RESORT.min(cooldown) });
        !was_open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 1..THRESHOLD {
            assert!(!breaker.failed(now, 1.0));
        }
        assert_eq!(breaker.gate(now), Gate::Closed);
        assert!(breaker.failed(now, 1.0));
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_on_an_answer() {
        let now = Instant::now();
        let mut breaker = opened(now);
        assert!(matches!(breaker.gate(now), Gate::Open { .. }));
        assert_eq!(breaker.gate(now + FIRST_COOLDOWN), Gate::HalfOpen);
        assert!(breaker.answered());
        assert_eq!(breaker.gate(now), Gate::Closed);
        assert!(!breaker.failed(now, 1.0), "the count starts again");
    }

    #[test]
    fn every_failed_probe_doubles_the_cooldown_up_to_the_longest() {
        let mut now = Instant::now();
        let mut breaker = opened(now);
        let mut cooldowns = Vec::new();
        for _ in 0..8 {
            breaker.failed(now, 1.0);
            let Gate::Open { until, last_resort } = breaker.gate(now) else { panic!("open") };
            assert!(last_resort <= now + LAST_RESORT);
            cooldowns.push((until - now).as_secs());
            now = until;
        }
        assert_eq!(cooldowns, [2, 4, 8, 16, 30, 30, 30, 30]);
    }

    #[test]
    fn only_one_probe_goes_at_a_time_and_a_lost_one_frees_the_way() {
        let now = Instant::now();
        let mut breaker = opened(now);
        let later = now + FIRST_COOLDOWN;
        breaker.probe(later, Duration::from_secs(10));
        assert!(matches!(breaker.gate(later + Duration::from_secs(9)), Gate::Open { .. }));
        assert_eq!(breaker.gate(later + Duration::from_secs(10)), Gate::HalfOpen);
    }
}
