//! The rate budget of one endpoint: at most so many calls in any second, reserved in the order of asking.
//!
//! A sliding window rather than a token bucket: a bucket lets its burst and its refill pass within the same second, twice
//! the rate that a provider counts.

use std::{collections::VecDeque, num::NonZeroU32, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(1);

/// Departures of the last second and of those who wait.
#[derive(Debug)]
pub(crate) struct Budget {
    per_second: usize,
    departures: Mutex<VecDeque<(Instant, usize)>>,
}

impl Budget {
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        Self { per_second: per_second.get() as usize, departures: Mutex::default() }
    }

    /// The most calls one request may hold.
    pub(crate) fn largest_batch(&self) -> usize {
        self.per_second
    }

    /// When one more call could leave.
    pub(crate) fn next_departure(&self, now: Instant) -> Instant {
        self.departure(&mut self.departures.lock(), 1, now)
    }

    /// Reserves the next departure for `calls`, at most [`Budget::largest_batch`]; the caller sleeps until then. A
    /// reservation that is not used is lost, which errs on the side of fewer requests.
    pub(crate) fn reserve(&self, calls: usize, now: Instant) -> Instant {
        let calls = calls.clamp(1, self.per_second);
        let mut departures = self.departures.lock();
        let at = self.departure(&mut departures, calls, now);
        departures.push_back((at, calls));
        at
    }

    /// The first moment, in the order of reservations, whose second holds `calls` more.
    fn departure(&self, departures: &mut VecDeque<(Instant, usize)>, calls: usize, now: Instant) -> Instant {
        while departures.front().is_some_and(|(at, _)| *at + WINDOW <= now) {
            departures.pop_front();
        }
        let mut at = departures.back().map_or(now, |(last, _)| now.max(*last));
        let mut room = self.per_second;
        for (departed, taken) in departures.iter().rev() {
            if *departed + WINDOW <= at {
                break;
            }
            room = room.saturating_sub(*taken);
            if room < calls {
                at = at.max(*departed + WINDOW);
                break;
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_second_holds_more_calls_than_the_rate(
            rate in 1u32..20,
            asks in prop::collection::vec((0u64..400, 1usize..25), 1..80),
        ) {
            let budget = Budget::new(NonZeroU32::new(rate).unwrap());
            let mut now = Instant::now();
            let mut sent: Vec<(Instant, usize)> = Vec::new();
            for (pause, calls) in asks {
                now += Duration::from_millis(pause);
                let at = budget.reserve(calls, now);
                prop_assert!(at >= now);
                prop_assert!(sent.last().is_none_or(|(last, _)| *last <= at), "in the order of asking");
                sent.push((at, calls.min(rate as usize)));
            }
            for (start, _) in &sent {
                let within = sent.iter().filter(|(at, _)| at >= start && *at < *start + WINDOW);
                prop_assert!(within.map(|(_, calls)| calls).sum::<usize>() <= rate as usize);
            }
        }
    }

    #[test]
    fn the_full_rate_is_used() {
        let budget = Budget::new(NonZeroU32::new(10).unwrap());
        let start = Instant::now();
        let last = (0..40).map(|_| budget.reserve(1, start)).last().unwrap();
        assert_eq!(last - start, Duration::from_secs(3));
    }
}
