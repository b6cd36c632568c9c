//! What a simulated EVM network looks like.

/// The network. Two networks with the same configuration and the same sequence of commands have byte-identical chains.
#[derive(Clone, Debug, PartialEq)]
pub struct EvmDevnetConfig {
    /// Where all pseudo-random content comes from.
    pub seed: u64,
    /// What `eth_chainId` answers.
    pub chain_id: u64,
    /// The time of block 0, in seconds since the Unix epoch.
    pub genesis_time: u64,
    /// Seconds between two blocks.
    pub block_time: u64,
    /// ERC-20 contracts in the generated traffic.
    pub tokens: usize,
    /// ERC-721 contracts in the generated traffic.
    pub nfts: usize,
    /// ERC-1155 contracts in the generated traffic.
    pub multi_tokens: usize,
    /// Accounts in the generated traffic, at least two.
    pub accounts: usize,
    /// Transactions in each block of [`crate::EvmDevnet::mine`].
    pub transactions_per_block: usize,
    /// The `safe` and `finalized` tags; `None` is a network that refuses them.
    pub finality: Option<Finality>,
    /// Adds what rollups add: a deposit transaction (type `0x7e`) first in each generated block, `l1Fee` and its like.
    pub l2_fields: bool,
    /// `false` is a node without `eth_getBlockReceipts`.
    pub block_receipts: bool,
    /// `blockTimestamp` on logs, which only newer nodes send.
    pub log_timestamps: bool,
    /// The most calls of one JSON-RPC batch.
    pub max_batch: usize,
    /// Begins the chain with the reference workload instead of an empty genesis block.
    pub workload: Option<WorkloadShape>,
}

/// How far `safe` and `finalized` trail the head. Like a real network's, the marks move back only when a reorganisation
/// goes deeper than they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finality {
    /// Blocks from the head to `safe`.
    pub safe_depth: u64,
    /// Blocks from the head to `finalized`.
    pub finalized_depth: u64,
}

/// The reference workload: block 0 and 1 empty, then `blocks` blocks of `logs_per_block` transactions with one ERC-20
/// `Transfer` each. It is made on the fly: only the block hashes stay in memory.
///
/// Token `i % tokens` emits the log of transaction `i`; its value in workload block `b` (number − 2) is `5000 + b` where
/// `b % 50 == i`, else `1 + (31 b + 17 i) % 1000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkloadShape {
    /// Blocks with transfers.
    pub blocks: u64,
    /// Transactions, and so logs, in each.
    pub logs_per_block: u64,
    /// Contracts that emit them, at least one.
    pub tokens: usize,
}

impl Default for EvmDevnetConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            chain_id: 31337,
            genesis_time: 1_700_000_000,
            block_time: 12,
            tokens: 5,
            nfts: 2,
            multi_tokens: 1,
            accounts: 20,
            transactions_per_block: 10,
            finality: Some(Finality { safe_depth: 4, finalized_depth: 8 }),
            l2_fields: false,
            block_receipts: true,
            log_timestamps: true,
            max_batch: 1000,
            workload: None,
        }
    }
}

impl EvmDevnetConfig {
    /// The reference workload of the benches, see [`WorkloadShape`].
    pub fn workload(blocks: u64, logs_per_block: u64, tokens: usize) -> Self {
        Self {
            tokens,
            accounts: 10,
            workload: Some(WorkloadShape { blocks, logs_per_block, tokens }),
            ..Self::default()
        }
    }
}
