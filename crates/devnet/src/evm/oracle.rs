//! What the chain truly holds, for tests to compare with.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};

use super::{block::Block, chain::Chain};

/// A log of the canonical chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimLog {
    /// Its block's number.
    pub block_number: u64,
    /// Its block's hash.
    pub block_hash: B256,
    /// Its transaction's hash.
    pub transaction_hash: B256,
    /// Its transaction's place in the block.
    pub transaction_index: u64,
    /// Its place in the block.
    pub log_index: u64,
    /// Who emitted it.
    pub address: Address,
    /// None to four.
    pub topics: Vec<B256>,
    /// The rest.
    pub data: Bytes,
}

/// A block of the canonical chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimBlock {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// The hash of the block before.
    pub parent_hash: B256,
    /// Seconds since the Unix epoch.
    pub timestamp: u64,
    /// In order.
    pub transactions: Vec<SimTransaction>,
}

/// A transaction of the canonical chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimTransaction {
    /// Its hash.
    pub hash: B256,
    /// Its place in the block.
    pub index: u64,
    /// Who sent it.
    pub from: Address,
    /// Who was called; `None` for a contract creation.
    pub to: Option<Address>,
    /// Wei moved (only if it succeeded).
    pub value: U256,
    /// Call data.
    pub input: Bytes,
    /// Whether it was not reverted.
    pub success: bool,
    /// What it emitted.
    pub logs: Vec<SimLog>,
}

impl From<Arc<Block>> for SimBlock {
    fn from(block: Arc<Block>) -> Self {
        let transactions = block.transactions.iter().enumerate().map(|(index, placed)| SimTransaction {
            hash: placed.body.hash,
            index: index as u64,
            from: placed.body.from,
            to: placed.body.to,
            value: placed.body.value,
            input: placed.body.input.clone(),
            success: placed.body.success,
            logs: logs(&block, index),
        });
        Self {
            number: block.header.number,
            hash: block.hash,
            parent_hash: block.header.parent_hash,
            timestamp: block.header.timestamp,
            transactions: transactions.collect(),
        }
    }
}

/// Every block of the chain in order.
pub(crate) fn canonical_blocks(chain: &Chain) -> Vec<SimBlock> {
    blocks(chain).collect()
}

/// Every log of the chain in order.
pub(crate) fn canonical_logs(chain: &Chain) -> Vec<SimLog> {
    blocks(chain).flat_map(|block| block.transactions).flat_map(|transaction| transaction.logs).collect()
}

fn blocks(chain: &Chain) -> impl Iterator<Item = SimBlock> + '_ {
    (0..=chain.head()).filter_map(|number| chain.block(&chain.hash_at(number)?)).map(SimBlock::from)
}

fn logs(block: &Block, index: usize) -> Vec<SimLog> {
    let Some(placed) = block.transactions.get(index) else { return Vec::new() };
    let log = |(offset, log): (u64, &super::LogSpec)| SimLog {
        block_number: block.header.number,
        block_hash: block.hash,
        transaction_hash: placed.body.hash,
        transaction_index: index as u64,
        log_index: placed.first_log + offset,
        address: log.address,
        topics: log.topics.clone(),
        data: log.data.clone(),
    };
    (0..).zip(&placed.body.logs).map(log).collect()
}
