//! The settings of one EVM network, with their defaults.

use std::time::Duration;

use chainbell_model::Proof;
use url::Url;

/// How one EVM network is read. The endpoints themselves belong to the pool.
#[derive(Clone, Debug)]
pub struct EvmConfig {
    /// The chain id that every endpoint must report (EIP-155); without it, whatever the first one reports, which all
    /// others must then share.
    pub chain_id: Option<u64>,
    /// How often the head is looked at. With `ws` it is only the floor below the pushes. Default 1.5 s.
    pub poll_interval: Duration,
    /// How many blocks on top make a block confirmed where the node knows no `safe` tag. Default 12.
    pub confirmations: u64,
    /// How many blocks on top make a block final where the node knows no `finalized` tag. Default 64.
    pub finality_depth: u64,
    /// A WebSocket endpoint that announces new heads (`eth_subscribe newHeads`). Default none.
    pub ws: Option<Url>,
    /// How a backfill below finality proves what it reads. `Sparse` (the default) reads the logs of a range and the header
    /// at its end; `Linked` reads every header and checks its bloom against the logs.
    pub backfill_proof: Proof,
    /// Log queries with more addresses than this are asked without any address, and filtered here. Default 500.
    pub max_filter_addresses: usize,
    /// The most calls in one JSON-RPC batch. Default 100.
    pub max_batch: usize,
    /// How many heights the first log query covers. Default 100.
    pub initial_span: u64,
    /// How many heights a log query covers at the most. Default 100,000.
    pub max_span: u64,
    /// How many logs an answer should hold; the span adapts to it. Default 20,000.
    pub target_logs: u64,
    /// The most logs taken from one answer; more are asked for again in a narrower range. Default 250,000.
    pub max_logs: usize,
    /// How many blocks are read at once where whole blocks are needed. Default 8.
    pub blocks_in_flight: usize,
    /// How long to wait before answers that do not fit together are asked for again. Default 200 ms.
    pub retry_delay: Duration,
}

impl Default for EvmConfig {
    fn default() -> Self {
        Self {
            chain_id: None,
            poll_interval: Duration::from_millis(1_500),
            confirmations: 12,
            finality_depth: 64,
            ws: None,
            backfill_proof: Proof::Sparse,
            max_filter_addresses: 500,
            max_batch: 100,
            initial_span: 100,
            max_span: 100_000,
            target_logs: 20_000,
            max_logs: 250_000,
            blocks_in_flight: 8,
            retry_delay: Duration::from_millis(200),
        }
    }
}
