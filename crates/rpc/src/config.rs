//! What a pool is told: its endpoints and its limits.

use std::{fmt, num::NonZeroU32, time::Duration};

use reqwest::{
    Url,
    header::{HeaderName, HeaderValue},
};

use crate::{RpcError, redact::public_url};

/// One JSON-RPC endpoint.
#[derive(Clone)]
pub struct EndpointConfig {
    /// `http` or `https`; may carry keys. User name and password become basic authentication.
    pub url: Url,
    /// Endpoints of a higher number are asked only when none of a lower one can be. Default 0.
    pub priority: u8,
    /// The most requests a second, in any second; each call of a batch counts. `None`: no limit.
    pub rate_limit: Option<NonZeroU32>,
    /// Sent with every request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl EndpointConfig {
    /// An endpoint of priority 0 without limit and headers.
    pub fn new(url: Url) -> Self {
        Self { url, priority: 0, rate_limit: None, headers: Vec::new() }
    }

    /// Adds a header from text. The value is never repeated in an error.
    ///
    /// # Errors
    /// [`RpcError::Misconfigured`] when one of the two cannot be a header.
    pub fn add_header(&mut self, name: &str, value: &str) -> Result<(), RpcError> {
        let wrong = |reason: String| RpcError::Misconfigured { endpoint: public_url(&self.url), reason };
        let key = name.parse().map_err(|_| wrong(format!("{name:?} cannot be the name of a header")))?;
        let mut value: HeaderValue =
            value.parse().map_err(|_| wrong(format!("the value of header {name} has control characters")))?;
        value.set_sensitive(true);
        self.headers.push((key, value));
        Ok(())
    }
}

impl fmt::Debug for EndpointConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointConfig")
            .field("url", &public_url(&self.url))
            .field("priority", &self.priority)
            .field("rate_limit", &self.rate_limit)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .finish()
    }
}

/// Endpoints of one network, and how they are used.
#[derive(Clone, Debug)]
pub struct PoolConfig {
    /// At least one, at most 64.
    pub endpoints: Vec<EndpointConfig>,
    /// For one request to one endpoint, from connecting to the last byte; also how long a call waits for rate budget.
    pub timeout: Duration,
    /// The most bytes of one response, after decompression.
    pub max_response_bytes: usize,
    /// How many heads behind the best an endpoint may be and still be asked.
    pub max_lag: u64,
    /// Whether a request that takes longer than usual is sent to a second endpoint as well.
    pub hedge: bool,
    /// How many requests one call makes at the most, hedged ones not counted.
    pub max_attempts: u32,
    /// How many calls one request of a batch holds at the most. Endpoints that take fewer are learnt.
    pub max_batch: usize,
}

impl PoolConfig {
    /// The defaults: 10 s, 64 MiB, 3 heads, hedged, 4 attempts, batches of 100.
    pub fn new(endpoints: Vec<EndpointConfig>) -> Self {
        Self {
            endpoints,
            timeout: Duration::from_secs(10),
            max_response_bytes: 64 << 20,
            max_lag: 3,
            hedge: true,
            max_attempts: 4,
            max_batch: 100,
        }
    }
}
