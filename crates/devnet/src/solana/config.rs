//! What a simulated Solana network looks like.

/// The network. Two networks with the same configuration and the same sequence of commands have the same chain.
#[derive(Clone, Debug, PartialEq)]
pub struct SolanaDevnetConfig {
    /// Where all pseudo-random content comes from.
    pub seed: u64,
    /// The time of slot 0, in seconds since the Unix epoch.
    pub genesis_time: i64,
    /// Milliseconds between two slots.
    pub slot_millis: u64,
    /// Accounts in the generated traffic, at least two.
    pub accounts: usize,
    /// Demo programs, at least one. All have the same description.
    pub programs: usize,
    /// Tokens in the generated traffic. The last of several is of Token-2022.
    pub mints: usize,
    /// Transactions in each generated block, without votes.
    pub transactions_per_block: usize,
    /// Vote transactions in each generated block.
    pub votes_per_block: usize,
    /// How many of the slots stay without a block, from 0 to 1.
    pub skip_rate: f64,
    /// Slots from the head to what is confirmed.
    pub confirmed_lag: u64,
    /// Slots from the head to what is finalized.
    pub finalized_lag: u64,
    /// What `getVersion` and contexts say.
    pub version: &'static str,
    /// The most calls of one JSON-RPC batch. Agave itself bounds the body only.
    pub max_batch: usize,
    /// The longest body of a request.
    pub max_body_bytes: usize,
}

impl Default for SolanaDevnetConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            genesis_time: 1_700_000_000,
            slot_millis: 400,
            accounts: 20,
            programs: 2,
            mints: 3,
            transactions_per_block: 10,
            votes_per_block: 3,
            skip_rate: 0.05,
            confirmed_lag: 1,
            finalized_lag: 32,
            version: "3.0.6",
            max_batch: 1000,
            max_body_bytes: 50 * 1024,
        }
    }
}
