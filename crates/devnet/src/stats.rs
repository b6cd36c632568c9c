//! What was asked of an endpoint.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Counters since the start or the last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Calls by method; a batch counts each of its calls.
    pub calls: BTreeMap<String, u64>,
    /// HTTP requests.
    pub http_requests: u64,
    /// WebSockets opened.
    pub websockets: u64,
    /// Bytes of answers, without HTTP headers.
    pub bytes: u64,
    /// Logs returned by `eth_getLogs`.
    pub logs: u64,
    /// Faults that struck.
    pub faults: u64,
}

impl Stats {
    /// Calls of one method.
    pub fn calls_of(&self, method: &str) -> u64 {
        self.calls.get(method).copied().unwrap_or_default()
    }

    /// Calls of all methods.
    pub fn total_calls(&self) -> u64 {
        self.calls.values().sum()
    }

    /// Hostile methods are counted under one name.
    pub(crate) fn count_call(&mut self, method: &str) {
        const MOST_METHODS: usize = 100;
        if let Some(count) = self.calls.get_mut(method) {
            *count += 1;
            return;
        }
        let name = if self.calls.len() < MOST_METHODS { method } else { "other" };
        *self.calls.entry(name.to_owned()).or_default() += 1;
    }
}
