//! What a simulated Sui network looks like.

/// The network. Two networks with the same configuration and the same sequence of commands have the same chain.
#[derive(Clone, Debug, PartialEq)]
pub struct SuiDevnetConfig {
    /// Where all pseudo-random content comes from.
    pub seed: u64,
    /// The time of checkpoint 0, in milliseconds since the Unix epoch.
    pub genesis_time_ms: u64,
    /// Milliseconds between two checkpoints.
    pub checkpoint_millis: u64,
    /// Checkpoints of an epoch. The last of each has a transaction that changes the epoch.
    pub checkpoints_per_epoch: u64,
    /// Accounts in the generated traffic, at least two.
    pub accounts: usize,
    /// Transactions in each generated checkpoint, without those of the system.
    pub transactions_per_checkpoint: usize,
    /// Whether `ListCheckpoints` is offered. Older servers do not know it.
    pub lists: bool,
    /// The most checkpoints that `ListCheckpoints` tells at once.
    pub max_listed: u32,
    /// Whether events are told as JSON too.
    pub event_json: bool,
    /// What the server says it is.
    pub server: &'static str,
}

impl Default for SuiDevnetConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            genesis_time_ms: 1_700_000_000_000,
            checkpoint_millis: 250,
            checkpoints_per_epoch: 1_000,
            accounts: 20,
            transactions_per_checkpoint: 6,
            lists: true,
            max_listed: 100,
            event_json: true,
            server: "sui-node/1.62.0",
        }
    }
}
