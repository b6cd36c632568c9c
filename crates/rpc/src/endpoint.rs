//! One endpoint: where it is, how it is doing, and what it has taught us.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{
    EndpointConfig, EndpointSnapshot, RpcError,
    breaker::{Breaker, Gate},
    budget::Budget,
    distrust::Distrust,
    error::{Blame, Failure},
    http::Address,
    latency::Latency,
};

/// A head older than this says nothing about lag: the endpoint is asked again and shows where it stands.
const HEAD_FRESH: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Methods an endpoint lacks are few; further ones are asked for each time.
const MAX_LACKS: usize = 16;

pub(crate) struct Endpoint {
    pub(crate) address: Address,
    pub(crate) priority: u8,
    pub(crate) budget: Option<Budget>,
    /// The most calls it takes in one request, learnt from its refusals.
    batch_limit: AtomicUsize,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    breaker: Breaker,
    distrust: Distrust,
    paused_until: Option<Instant>,
    /// Pauses without an answer in between.
    pauses: u32,
    head: Option<(u64, Instant)>,
    latency: Latency,
    requests: u64,
    failures: u64,
    last_error: Option<String>,
    lacks: Vec<Box<str>>,
    /// It answered at least once, so its URL and key were right.
    proven: bool,
}

/// What the choice between endpoints needs to know of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) gate: Gate,
    pub(crate) paused_until: Option<Instant>,
    /// Its head, where it is fresh.
    pub(crate) head: Option<u64>,
    pub(crate) average: Duration,
    pub(crate) lacks_method: bool,
    /// When its rate budget lets the next call leave.
    pub(crate) departure: Instant,
}

impl Standing {
    /// Nothing is known against it.
    pub(crate) fn is_healthy(&self) -> bool {
        self.gate == Gate::Closed && self.paused_until.is_none() && !self.lacks_method
    }
}

impl Endpoint {
    pub(crate) fn new(config: EndpointConfig) -> Result<Self, RpcError> {
        Ok(Self {
            address: Address::new(&config.url, config.headers.into_iter())?,
            priority: config.priority,
            budget: config.rate_limit.map(Budget::new),
            batch_limit: AtomicUsize::new(usize::MAX),
            health: Mutex::default(),
        })
    }

    pub(crate) fn standing(&self, method: &str, now: Instant) -> Standing {
        let departure = self.budget.as_ref().map_or(now, |budget| budget.next_departure(now));
        let health = self.health.lock();
        Standing {
            gate: health.gate(now),
            paused_until: health.paused_until.filter(|until| *until > now),
            head: health.fresh_head(now),
            average: health.latency.average(now),
            lacks_method: health.lacks(method),
            departure,
        }
    }

    /// How long an answer to `method` takes at the most, as a rule; `None` with too few answers.
    pub(crate) fn usual_time(&self, method: &str) -> Option<Duration> {
        self.health.lock().latency.p95_of(method)
    }

    /// Takes the right to ask, which for an open breaker is a probe that nobody else may make for `patience`. `None` when
    /// somebody else was quicker.
    pub(crate) fn admit(&self, now: Instant, patience: Duration) -> Option<Admission> {
        let mut health = self.health.lock();
        let admission = match health.gate(now) {
            Gate::Closed => Admission::Regular,
            Gate::Open { last_resort, .. } if last_resort > now => return None,
            Gate::HalfOpen | Gate::Open { .. } => {
                health.breaker.probe(now, patience);
                Admission::Probe
            }
        };
        health.requests += 1;
        Some(admission)
    }

    /// Counts a request that is made whatever the state.
    pub(crate) fn admit_always(&self) -> Admission {
        self.health.lock().requests += 1;
        Admission::Regular
    }

    /// It answered.
    pub(crate) fn answered(&self, method: &str, elapsed: Duration, now: Instant) {
        let mut health = self.health.lock();
        health.latency.record(method, elapsed, now);
        health.paused_until = None;
        health.pauses = 0;
        health.proven = true;
        health.lacks.retain(|lacked| **lacked != *method);
        if health.breaker.answered() {
            tracing::info!(endpoint = self.address.public, "endpoint answers again");
        }
    }

    /// It did not answer usefully. Returns the failure as the caller should see it.
    pub(crate) fn failed(&self, method: &str, failure: Failure, now: Instant) -> Failure {
        let text = failure.error.to_string();
        let mut health = self.health.lock();
        health.failures += 1;
        match failure.blame {
            Blame::Nobody => {
                health.breaker.answered();
            }
            Blame::Endpoint => self.blame(&mut health, &text, now),
            Blame::Pause(wait) => health.pause(wait, now),
            Blame::Method => {
                health.breaker.answered();
                if !health.lacks(method) && health.lacks.len() < MAX_LACKS {
                    health.lacks.push(method.into());
                }
            }
        }
        health.last_error = Some(text);
        match failure.error {
            // A proxy or a firewall that hiccups must not look like a wrong key, which stops a network.
            RpcError::Misconfigured { endpoint, reason } if health.proven => {
                let reason = format!("{endpoint}: {reason}");
                Failure { error: RpcError::Unavailable { reason, retry_after: None }, ..failure }
            }
            _ => failure,
        }
    }

    /// Its request was given up after `elapsed` because another endpoint was quicker.
    pub(crate) fn outrun(&self, method: &str, admission: Admission, elapsed: Duration, now: Instant) {
        let mut health = self.health.lock();
        // At least so long: without it a slow endpoint would keep the percentile of its better days.
        health.latency.record(method, elapsed, now);
        if admission == Admission::Probe {
            self.blame(&mut health, "the probe was outrun", now);
        }
    }

    pub(crate) fn report_bad(&self, reason: &str, now: Instant) {
        let reason = self.address.secrets.clean(reason);
        let mut health = self.health.lock();
        health.failures += 1;
        if health.distrust.report(now) {
            tracing::warn!(
                endpoint = self.address.public,
                reason,
                "endpoint answers wrongly and is left alone"
            );
        }
        health.last_error = Some(reason);
    }

    fn blame(&self, health: &mut Health, reason: &str, now: Instant) {
        if health.breaker.failed(now, rand::random()) {
            tracing::warn!(
                endpoint = self.address.public,
                reason,
                "endpoint failed too often and is left alone"
            );
        }
    }

    pub(crate) fn note_head(&self, height: u64, now: Instant) {
        self.health.lock().head = Some((height, now));
    }

    /// Its fresh head, where it can be asked.
    pub(crate) fn usable_head(&self, now: Instant) -> Option<u64> {
        let health = self.health.lock();
        let open = matches!(health.gate(now), Gate::Open { .. });
        if open { None } else { health.fresh_head(now) }
    }

    pub(crate) fn batch_limit(&self) -> usize {
        let budget = self.budget.as_ref().map_or(usize::MAX, Budget::largest_batch);
        self.batch_limit.load(Ordering::Relaxed).min(budget)
    }

    /// It refused a batch of `calls`. With 1 it gets no batches at all.
    pub(crate) fn limit_batches(&self, calls: usize) {
        self.batch_limit.fetch_min(calls.max(1), Ordering::Relaxed);
        tracing::info!(endpoint = self.address.public, calls, "endpoint takes only smaller batches");
    }

    pub(crate) fn snapshot(&self, best: Option<u64>, max_lag: u64, now: Instant) -> EndpointSnapshot {
        let health = self.health.lock();
        let behind = |head| best.is_some_and(|best: u64| best.saturating_sub(head) > max_lag);
        let state = match health.gate(now) {
            Gate::Open { .. } | Gate::HalfOpen => "open",
            Gate::Closed if health.fresh_head(now).is_some_and(behind) => "lagging",
            Gate::Closed if health.paused_until.is_some_and(|until| until > now) => "degraded",
            Gate::Closed if health.breaker.is_shaken() => "degraded",
            Gate::Closed => "ok",
        };
        EndpointSnapshot {
            url: self.address.public.clone(),
            state,
            head: health.head.map(|(height, _)| height),
            requests: health.requests,
            failures: health.failures,
            p95: health.latency.p95(),
            last_error: health.last_error.clone(),
        }
    }
}

/// The right to send one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// The endpoint is trusted.
    Regular,
    /// It finds out whether the endpoint is back.
    Probe,
}

impl Health {
    fn gate(&self, now: Instant) -> Gate {
        self.distrust.gate(now).unwrap_or_else(|| self.breaker.gate(now))
    }

    fn fresh_head(&self, now: Instant) -> Option<u64> {
        let (height, noted) = self.head?;
        (now.saturating_duration_since(noted) < HEAD_FRESH).then_some(height)
    }

    fn lacks(&self, method: &str) -> bool {
        self.lacks.iter().any(|lacked| **lacked == *method)
    }

    /// Keeps the longest pause asked for; without a wish it doubles from refusal to refusal.
    fn pause(&mut self, wait: Option<Duration>, now: Instant) {
        let own = FIRST_PAUSE * (1 << self.pauses.min(5));
        let until = now + wait.unwrap_or(own.min(LONGEST_PAUSE));
        // Answers to requests that left together count as one refusal.
        if self.paused_until.is_none_or(|paused| paused <= now) {
            self.pauses = self.pauses.saturating_add(1);
        }
        self.paused_until = self.paused_until.max(Some(until));
    }
}
