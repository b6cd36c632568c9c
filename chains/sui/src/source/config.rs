//! The settings of one Sui network, with their defaults.

use std::time::Duration;

/// How many checkpoints behind the best an endpoint of the pool may be and still be asked: some forty seconds. Heads are
/// noted when an endpoint answers, and there are about four checkpoints a second: with the pool's own default, every
/// endpoint that was not asked within the last second would seem to lag.
pub const MAX_LAG: u64 = 160;

/// How one Sui network is read. The endpoints themselves belong to the pool.
#[derive(Clone, Debug)]
pub struct SuiConfig {
    /// The network that every endpoint must belong to: the digest of its first checkpoint, or the first four bytes of that
    /// in hexadecimal (`35834a8a` is mainnet). Without it, whatever the first endpoint reports.
    pub chain_id: Option<String>,
    /// How often the tip is looked at while no checkpoint is pushed. Default 1 s.
    pub poll_interval: Duration,
    /// Whether checkpoints are subscribed to once the tip is near. Default yes.
    pub subscribe: bool,
    /// A subscription that delivers nothing for so long is given up for another. Default 15 s.
    pub subscription_silence: Duration,
    /// The pause before the second attempt to subscribe, doubled by each attempt that delivers nothing. Default 0.5 s.
    pub first_backoff: Duration,
    /// The longest of these pauses. Default 30 s.
    pub max_backoff: Duration,
    /// How many pushed checkpoints wait to be read at the most; the oldest give way. Default 256.
    pub buffered_checkpoints: usize,
    /// The same in bytes, as they were sent. Default 64 MiB.
    pub buffered_bytes: usize,
    /// How many checkpoints one fetch asks for at once. Default 16.
    pub checkpoints_in_flight: usize,
    /// Whether long ranges are asked for with one `ListCheckpoints` where the node offers it. Default yes.
    pub list: bool,
    /// How many heights one fetch covers at first. Default 32.
    pub initial_span: u64,
    /// How many heights one fetch covers at the most. Default 1,000.
    pub max_span: u64,
    /// How many transactions, events and calls a fetch should hold; the span adapts to it. Default 20,000.
    pub target_facts: u64,
    /// Whether the node's own rendering of events is asked for, for events whose types nobody describes. Default no.
    pub event_json: bool,
    /// Whether what a node tells is proven by the digests that the checkpoint commits to, down to the single event. It
    /// takes a multiple of the bytes. Default no.
    pub verify: bool,
    /// How long to wait before answers that do not fit together are asked for again. Default 200 ms.
    pub retry_delay: Duration,
}

impl Default for SuiConfig {
    fn default() -> Self {
        Self {
            chain_id: None,
            poll_interval: Duration::from_secs(1),
            subscribe: true,
            subscription_silence: Duration::from_secs(15),
            first_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(30),
            buffered_checkpoints: 256,
            buffered_bytes: 64 << 20,
            checkpoints_in_flight: 16,
            list: true,
            initial_span: 32,
            max_span: 1_000,
            target_facts: 20_000,
            event_json: false,
            verify: false,
            retry_delay: Duration::from_millis(200),
        }
    }
}
