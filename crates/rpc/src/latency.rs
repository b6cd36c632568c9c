//! How fast an endpoint answers: a moving average to choose by, and the 95th percentile to hedge by.

use std::time::Duration;

use tokio::time::Instant;

const SAMPLES: usize = 64;
/// Fewer answers say nothing about a percentile.
const MIN_SAMPLES: usize = 20;
/// Methods differ a hundredfold in cost, so each has its own window; further ones have none and are not hedged.
const MAX_METHODS: usize = 16;
const WEIGHT: f64 = 0.2;
/// An endpoint that was slow once is worth another look after some time.
const FORGET: Duration = Duration::from_secs(60);

/// Answer times of one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    average: Option<(f64, Instant)>,
    all: Window,
    methods: Vec<(Box<str>, Window)>,
}

impl Latency {
    pub(crate) fn record(&mut self, method: &str, elapsed: Duration, now: Instant) {
        let seconds = elapsed.as_secs_f64();
        let average = self.average.map_or(seconds, |(old, _)| old + WEIGHT * (seconds - old));
        self.average = Some((average, now));
        self.all.push(elapsed);
        if let Some((_, window)) = self.methods.iter_mut().find(|(name, _)| **name == *method) {
            window.push(elapsed);
        } else if self.methods.len() < MAX_METHODS {
            let mut window = Window::default();
            window.push(elapsed);
            self.methods.push((method.into(), window));
        }
    }

    /// The average, fading with the time since the last answer; zero before the first.
    pub(crate) fn average(&self, now: Instant) -> Duration {
        let Some((average, at)) = self.average else { return Duration::ZERO };
        let age = now.saturating_duration_since(at).as_secs_f64() / FORGET.as_secs_f64();
        Duration::from_secs_f64(average / (1.0 + age))
    }

    /// Over all methods; `None` with too few answers.
    pub(crate) fn p95(&self) -> Option<Duration> {
        self.all.p95()
    }

    /// Of one method; `None` with too few answers.
    pub(crate) fn p95_of(&self, method: &str) -> Option<Duration> {
        self.methods.iter().find(|(name, _)| **name == *method)?.1.p95()
    }
}

/// The last answer times.
#[derive(Debug)]
struct Window {
    micros: [u32; SAMPLES],
    recorded: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { micros: [0; SAMPLES], recorded: 0 }
    }
}

impl Window {
    fn push(&mut self, elapsed: Duration) {
        self.micros[self.recorded % SAMPLES] = u32::try_from(elapsed.as_micros()).unwrap_or(u32::MAX);
        self.recorded = self.recorded.wrapping_add(1);
    }

    fn p95(&self) -> Option<Duration> {
        let len = self.recorded.min(SAMPLES);
        if len < MIN_SAMPLES {
            return None;
        }
        let mut sorted = self.micros;
        let (_, p95, _) = sorted[..len].select_nth_unstable(len * 95 / 100);
        Some(Duration::from_micros(u64::from(*p95)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_needs_twenty_answers_and_is_kept_per_method() {
        let mut latency = Latency::default();
        let now = Instant::now();
        for i in 1..20 {
            latency.record("slow", Duration::from_millis(i), now);
            assert_eq!(latency.p95_of("slow"), None);
        }
        for _ in 0..40 {
            latency.record("fast", Duration::from_micros(10), now);
        }
        latency.record("slow", Duration::from_millis(500), now);
        assert_eq!(latency.p95_of("slow"), Some(Duration::from_millis(500)));
        assert_eq!(latency.p95_of("fast"), Some(Duration::from_micros(10)));
        assert_eq!(latency.p95_of("other"), None);
    }

    #[test]
    fn the_average_fades_so_that_a_slow_endpoint_is_tried_again() {
        let mut latency = Latency::default();
        let now = Instant::now();
        assert_eq!(latency.average(now), Duration::ZERO);
        latency.record("m", Duration::from_millis(100), now);
        assert_eq!(latency.average(now), Duration::from_millis(100));
        assert_eq!(latency.average(now + FORGET), Duration::from_millis(50));
    }
}
