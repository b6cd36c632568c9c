//! What a simulated Stellar network looks like.

/// The network. Two networks with the same configuration and the same sequence of commands have the same chain.
#[derive(Clone, Debug, PartialEq)]
pub struct StellarDevnetConfig {
    /// Where all pseudo-random content comes from.
    pub seed: u64,
    /// What tells networks apart.
    pub passphrase: String,
    /// The protocol in force, from 20 on. Up to 22 metadata has version 3, and only contracts emit events; from 23 on it has
    /// version 4, and every movement of an asset and every fee is an event.
    pub protocol: u32,
    /// The sequence of the first ledger, which is empty; at least 1.
    pub first_ledger: u32,
    /// When the first ledger closed, in seconds since the Unix epoch.
    pub genesis_time: u64,
    /// Seconds between two ledgers.
    pub ledger_seconds: u64,
    /// Accounts in the generated traffic, at least two.
    pub accounts: usize,
    /// Demo contracts, at least one. All have the same description.
    pub contracts: usize,
    /// Transactions in each generated ledger.
    pub transactions_per_ledger: usize,
    /// With a number, every generated transaction is an invocation that emits so many events; for load tests.
    pub events_per_transaction: Option<usize>,
    /// Whether the nodes keep diagnostic events. Up to protocol 22 `getEvents` then counts them, and tells of them.
    pub diagnostics: bool,
    /// How many of the newest ledgers the nodes keep.
    pub retention: u32,
    /// How many ledgers one `getEvents` looks through.
    pub scan_limit: u32,
    /// The most events of one answer.
    pub max_events: usize,
    /// The most ledgers, or transactions, of one answer.
    pub max_page: usize,
    /// The most calls of one JSON-RPC batch.
    pub max_batch: usize,
    /// The longest body of a request.
    pub max_body_bytes: usize,
}

impl Default for StellarDevnetConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            passphrase: "Chainbell Devnet ; November 2026".to_owned(),
            protocol: 23,
            first_ledger: 1,
            genesis_time: 1_750_000_000,
            ledger_seconds: 5,
            accounts: 10,
            contracts: 2,
            transactions_per_ledger: 6,
            events_per_transaction: None,
            diagnostics: true,
            retention: 120_960,
            scan_limit: 10_000,
            max_events: 10_000,
            max_page: 200,
            max_batch: 100,
            max_body_bytes: 512 * 1024,
        }
    }
}

/// The first protocol with unified events.
const UNIFIED: u32 = 23;

impl StellarDevnetConfig {
    /// A network of a protocol, else as by default.
    pub fn of_protocol(protocol: u32) -> Self {
        Self { protocol, ..Self::default() }
    }

    /// Whether every movement of an asset is an event.
    pub(crate) fn is_unified(&self) -> bool {
        self.protocol >= UNIFIED
    }
}
