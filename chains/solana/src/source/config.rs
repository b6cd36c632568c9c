//! The settings of one Solana network, with their defaults.

use std::time::Duration;

use url::Url;

/// How one Solana network is read. The endpoints themselves belong to the pool.
#[derive(Clone, Debug)]
pub struct SolanaConfig {
    /// The genesis hash that every endpoint must report; without it, whatever the first one reports, which all others must
    /// then share. Default none.
    pub genesis: Option<String>,
    /// By what the chain is read. Default [`ReadMode::Auto`].
    pub mode: ReadMode,
    /// The most programs that [`ReadMode::Auto`] reads by their histories. Default 16.
    pub max_programs: usize,
    /// How often the head is looked at. With `ws` it is only the floor below the pushes. Default 1 s.
    pub poll_interval: Duration,
    /// The least time between two looks, however much is pushed. Default 200 ms.
    pub wake_spacing: Duration,
    /// A WebSocket endpoint that announces what happens (`logsSubscribe`, `slotSubscribe`). Default none.
    pub ws: Option<Url>,
    /// The most calls in one JSON-RPC batch. Default 50.
    pub max_batch: usize,
    /// How many blocks are read at once. Default 6.
    pub blocks_in_flight: usize,
    /// How many slots of whole blocks are read at the most before they are handed on. Default 64.
    pub max_block_span: u64,
    /// How many slots of programs' histories are read at the most before they are handed on. Default 20,000.
    pub max_program_span: u64,
    /// The most signatures listed for one piece of programs' histories; a denser piece is read in shorter ones. Default 20,000.
    pub max_signatures: usize,
    /// A block with at least so many wanted transactions is read whole instead of one by one. Default 100.
    pub whole_block_from: usize,
    /// How much of the transactions that are not final is kept in memory, so that they are not fetched a second time when
    /// they are. Default 64 MiB.
    pub cache_bytes: usize,
    /// How long to wait before answers that do not fit together are asked for again. Default 200 ms.
    pub retry_delay: Duration,
}

/// By what a network is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadMode {
    /// By the histories of the programs asked for, where these are few and nothing else is asked for; else by whole blocks.
    #[default]
    Auto,
    /// By the histories of the programs asked for (`getSignaturesForAddress`, `getTransaction`).
    Programs,
    /// By whole blocks (`getBlock`).
    Blocks,
}

impl Default for SolanaConfig {
    fn default() -> Self {
        Self {
            genesis: None,
            mode: ReadMode::Auto,
            max_programs: 16,
            poll_interval: Duration::from_secs(1),
            wake_spacing: Duration::from_millis(200),
            ws: None,
            max_batch: 50,
            blocks_in_flight: 6,
            max_block_span: 64,
            max_program_span: 20_000,
            max_signatures: 20_000,
            whole_block_from: 100,
            cache_bytes: 64 << 20,
            retry_delay: Duration::from_millis(200),
        }
    }
}
