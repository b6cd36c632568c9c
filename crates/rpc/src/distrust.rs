//! Keeps away from an endpoint that answers promptly but wrongly, which the circuit breaker cannot see.

use std::time::Duration;

use tokio::time::Instant;

use crate::breaker::Gate;

/// A single wrong answer is mostly a race with the chain; so many are not.
const PATIENCE: u32 = 3;
/// One wrong answer is forgiven in this time.
const FORGIVE: Duration = Duration::from_secs(60);
const FIRST_BAN: Duration = Duration::from_secs(5);
/// More would only make the ban longer than it takes to forgive.
const MAX_COUNT: u32 = 8;
/// How soon after a wrong answer the endpoint may be asked when no endpoint is left.
const LAST_RESORT: Duration = Duration::from_secs(1);

/// Wrong answers that callers reported. Unlike failures they are not forgotten at the next answer.
#[derive(Debug, Default)]
pub(crate) struct Distrust {
    count: u32,
    last: Option<Instant>,
    until: Option<Instant>,
}

impl Distrust {
    /// One more wrong answer. Whether it starts a ban.
    pub(crate) fn report(&mut self, now: Instant) -> bool {
        let age = self.last.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        let forgiven = u32::try_from(age.as_secs() / FORGIVE.as_secs()).unwrap_or(u32::MAX);
        self.count = self.count.saturating_sub(forgiven).saturating_add(1).min(MAX_COUNT);
        self.last = Some(now);
        let Some(doublings) = self.count.checked_sub(PATIENCE) else { return false };
        let banned = self.is_banned(now);
        self.until = Some(now + FIRST_BAN * (1 << doublings));
        !banned
    }

    /// `Some` while the endpoint is banned.
    pub(crate) fn gate(&self, now: Instant) -> Option<Gate> {
        let until = self.until.filter(|until| *until > now)?;
        let last_resort = self.last.map_or(until, |last| (last + LAST_RESORT).min(until));
        Some(Gate::Open { until, last_resort })
    }

    fn is_banned(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_wrong_answers_ban_and_repetition_bans_longer() {
        let mut now = Instant::now();
        let mut distrust = Distrust::default();
        assert!(!distrust.report(now) && !distrust.report(now));
        assert_eq!(distrust.gate(now), None);
        let mut bans = Vec::new();
        for _ in 0..8 {
            assert!(distrust.report(now));
            let Some(Gate::Open { until, .. }) = distrust.gate(now) else { panic!("banned") };
            bans.push((until - now).as_secs());
            now = until;
            assert_eq!(distrust.gate(now), None);
        }
        assert_eq!(bans, [5, 10, 20, 40, 80, 80, 80, 80]);
    }

    #[test]
    fn rare_wrong_answers_are_forgiven() {
        let mut now = Instant::now();
        let mut distrust = Distrust::default();
        for _ in 0..50 {
            assert!(!distrust.report(now));
            now += FORGIVE;
        }
    }
}
