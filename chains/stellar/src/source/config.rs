//! The settings of one Stellar network, with their defaults.

use std::time::Duration;

/// How one Stellar network is read. The endpoints themselves belong to the pool.
#[derive(Clone, Debug)]
pub struct StellarConfig {
    /// The passphrase that every endpoint must report; without it, whatever the first one reports, which all others must
    /// then share.
    pub passphrase: Option<String>,
    /// How often the newest ledger is looked at, at the most: while the next one is not due yet, it is waited for. Default 1 s.
    pub poll_interval: Duration,
    /// Whether events are compared with the metadata of their ledgers, and the ledgers' hashes with each other. Costs whole
    /// ledgers. (Servers before protocol 23 number events otherwise where they keep diagnostic ones.) Default no.
    pub verify: bool,
    /// How many events one answer holds at the most; less where the server allows less. Default 1,000.
    pub events_per_page: u32,
    /// How many transactions one answer holds at the most. Default 200, which is what servers allow.
    pub transactions_per_page: u32,
    /// How many ledgers one answer holds at the most. Default 200, which is what servers allow.
    pub ledgers_per_page: u32,
    /// The most `getEvents` queries for one range; an interest that needs more is asked more widely and filtered here.
    /// Default 4.
    pub max_queries: usize,
    /// How many ledgers a fetch of events covers at the most. Default 10,000, which is what servers scan at once.
    pub max_span: u64,
    /// How many events or transactions a fetch should hold; the span adapts to it. Default 10,000.
    pub target_items: u64,
    /// The most events taken for one range; more are asked for again in a narrower one. Default 250,000.
    pub max_events: usize,
    /// How long to wait before answers that do not fit are asked for again. Default 200 ms.
    pub retry_delay: Duration,
}

impl Default for StellarConfig {
    fn default() -> Self {
        Self {
            passphrase: None,
            poll_interval: Duration::from_secs(1),
            verify: false,
            events_per_page: 1_000,
            transactions_per_page: 200,
            ledgers_per_page: 200,
            max_queries: 4,
            max_span: 10_000,
            target_items: 10_000,
            max_events: 250_000,
            retry_delay: Duration::from_millis(200),
        }
    }
}
