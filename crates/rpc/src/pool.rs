//! The pool: its endpoints, and what is known of them.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::Client;
use tokio::time::Instant;

use crate::{EndpointId, PoolConfig, RpcError, endpoint::Endpoint, http};

/// More would not fit the bit sets of a call, and nobody has so many.
const MAX_ENDPOINTS: usize = 64;

/// The endpoints of one network. Cheap to clone; all clones share what they learn.
#[derive(Clone)]
pub struct Pool(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) client: Client,
    pub(crate) timeout: Duration,
    pub(crate) max_response_bytes: usize,
    pub(crate) max_lag: u64,
    pub(crate) hedge: bool,
    pub(crate) max_attempts: u32,
    pub(crate) max_batch: usize,
    next_id: AtomicU64,
}

/// How one endpoint is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSnapshot {
    /// Scheme, host and port only.
    pub url: String,
    /// `ok`, `degraded` (failed or asked for a pause just now), `open` (circuit breaker) or `lagging`.
    pub state: &'static str,
    /// The last head it reported.
    pub head: Option<u64>,
    /// Requests so far.
    pub requests: u64,
    /// Failures so far.
    pub failures: u64,
    /// Recent 95th percentile of the answer time.
    pub p95: Option<Duration>,
    /// The last failure in words.
    pub last_error: Option<String>,
}

impl Pool {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`RpcError::Misconfigured`]: no endpoint, too many, or one that cannot be used.
    pub fn new(config: PoolConfig) -> Result<Self, RpcError> {
        let wrong = |reason: String| RpcError::Misconfigured { endpoint: "endpoints".to_owned(), reason };
        if config.endpoints.is_empty() || config.endpoints.len() > MAX_ENDPOINTS {
            return Err(wrong(format!("between 1 and {MAX_ENDPOINTS} are needed")));
        }
        let client = http::client().map_err(|error| wrong(error.without_url().to_string()))?;
        Ok(Self(Arc::new(Shared {
            endpoints: config.endpoints.into_iter().map(Endpoint::new).collect::<Result<_, _>>()?,
            client,
            timeout: config.timeout,
            max_response_bytes: config.max_response_bytes,
            max_lag: config.max_lag,
            hedge: config.hedge,
            max_attempts: config.max_attempts,
            max_batch: config.max_batch.max(1),
            next_id: AtomicU64::new(1),
        })))
    }

    /// How many endpoints there are.
    pub fn len(&self) -> usize {
        self.0.endpoints.len()
    }

    /// Never: a pool has at least one endpoint.
    pub fn is_empty(&self) -> bool {
        self.0.endpoints.is_empty()
    }

    /// The endpoints, in the order of the configuration.
    pub fn endpoints(&self) -> impl Iterator<Item = EndpointId> + use<> {
        (0..self.len()).map(EndpointId)
    }

    /// The endpoint reported `height` as its head.
    pub fn note_head(&self, endpoint: EndpointId, height: u64) {
        if let Some(endpoint) = self.0.endpoints.get(endpoint.0) {
            endpoint.note_head(height, Instant::now());
        }
    }

    /// The highest head that an endpoint which can be asked reported in the last half minute.
    pub fn best_head(&self) -> Option<u64> {
        let now = Instant::now();
        self.0.endpoints.iter().filter_map(|endpoint| endpoint.usable_head(now)).max()
    }

    /// The caller found an answer wrong (it contradicts hashes): counts as a failure of its endpoint.
    pub fn report_bad_answer(&self, endpoint: EndpointId, reason: &str) {
        if let Some(endpoint) = self.0.endpoints.get(endpoint.0) {
            endpoint.report_bad(reason, Instant::now());
        }
    }

    /// How the endpoints are doing, in the order of the configuration.
    pub fn status(&self) -> Vec<EndpointSnapshot> {
        let now = Instant::now();
        let best = self.best_head();
        let snapshot = |endpoint: &Endpoint| endpoint.snapshot(best, self.0.max_lag, now);
        self.0.endpoints.iter().map(snapshot).collect()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.endpoints.iter().map(|endpoint| &endpoint.address.public)).finish()
    }
}

impl Shared {
    /// The first of `count` ids that no other request uses.
    pub(crate) fn take_ids(&self, count: u64) -> u64 {
        self.next_id.fetch_add(count, Ordering::Relaxed)
    }
}
