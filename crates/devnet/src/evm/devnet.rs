//! The handle to a running network: commands, endpoints, and the oracle.

use std::{fmt, io, time::Duration};

use alloy_primitives::{Address, B256};

use super::{
    Replica,
    chain::Chain,
    config::EvmDevnetConfig,
    oracle::{self, SimBlock, SimLog},
    plan::FaultPlan,
    spec::TxSpec,
};
use crate::{host::Host, stats::Stats};

/// A running EVM network. Clones are handles to the same one; it stops when the last is dropped.
#[derive(Clone)]
pub struct EvmDevnet {
    host: Host<Chain>,
}

impl fmt::Debug for EvmDevnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvmDevnet").field("main", &self.host.main).finish_non_exhaustive()
    }
}

impl EvmDevnet {
    /// Starts a network on a free port of 127.0.0.1. The chain is block 0, or the workload.
    pub async fn start(config: EvmDevnetConfig) -> io::Result<Self> {
        Self::start_on(0, config).await
    }

    /// Starts a network on a chosen port of 127.0.0.1; 0 takes a free one.
    pub async fn start_on(port: u16, config: EvmDevnetConfig) -> io::Result<Self> {
        Ok(Self { host: Host::start(port, Chain::new(config)).await? })
    }

    /// The main endpoint's `http://127.0.0.1:<port>`.
    pub fn http_url(&self) -> String {
        self.host.main.http_url()
    }

    /// The main endpoint's `ws://127.0.0.1:<port>`.
    pub fn ws_url(&self) -> String {
        self.host.main.ws_url()
    }

    /// Opens another endpoint on the same chain, with faults of its own.
    pub async fn replica(&self, faults: impl Into<FaultPlan>) -> io::Result<Replica> {
        self.host.replica(faults.into()).await
    }

    /// Stops all endpoints and waits for them, but not for peers that keep an answer unread.
    pub async fn shutdown(&self) {
        self.host.shutdown().await;
    }

    /// Adds `count` blocks of generated traffic.
    pub fn mine(&self, count: u64) {
        self.host.network.change(|chain| chain.mine(count));
    }

    /// Adds one block with exactly these transactions.
    pub fn mine_with(&self, transactions: Vec<TxSpec>) {
        self.host.network.change(|chain| chain.mine_with(transactions));
    }

    /// Replaces the last `depth` blocks (never block 0) by `new_blocks` different ones. Of the transactions undone about a
    /// quarter vanish, the others come back in some new block with the same hash.
    pub fn reorg(&self, depth: u64, new_blocks: u64) {
        self.host.network.change(|chain| chain.reorg(depth, new_blocks));
    }

    /// Takes back the last `depth` blocks (never block 0): the head falls. Nothing announces it but `removed` logs.
    pub fn rollback(&self, depth: u64) {
        self.host.network.change(|chain| chain.rollback(depth));
    }

    /// Mines a block of generated traffic again and again, until told otherwise: zero stops it.
    pub fn auto_mine(&self, every: Duration) {
        self.host.network.auto_mine(every);
    }

    /// The number of the best block.
    pub fn head(&self) -> u64 {
        self.host.network.chain.read().head()
    }

    /// The hash of the chain's block at `number`; `None` above the head.
    pub fn block_hash(&self, number: u64) -> Option<B256> {
        self.host.network.chain.read().hash_at(number)
    }

    /// The accounts of the generated traffic.
    pub fn accounts(&self) -> Vec<Address> {
        self.host.network.chain.read().cast().accounts.clone()
    }

    /// The ERC-20 contracts of the generated traffic and of the workload.
    pub fn tokens(&self) -> Vec<Address> {
        self.host.network.chain.read().cast().tokens.clone()
    }

    /// The ERC-721 contracts of the generated traffic.
    pub fn nfts(&self) -> Vec<Address> {
        self.host.network.chain.read().cast().nfts.clone()
    }

    /// The ERC-1155 contracts of the generated traffic.
    pub fn multi_tokens(&self) -> Vec<Address> {
        self.host.network.chain.read().cast().multi_tokens.clone()
    }

    /// The oracle: every log of the chain as it is now, in order. Holds all of them in memory.
    pub fn canonical_logs(&self) -> Vec<SimLog> {
        oracle::canonical_logs(&self.host.network.chain.read())
    }

    /// The oracle: every block of the chain as it is now, in order, from block 0. Holds all of them in memory.
    pub fn canonical_blocks(&self) -> Vec<SimBlock> {
        oracle::canonical_blocks(&self.host.network.chain.read())
    }

    /// How the main endpoint misbehaves.
    pub fn faults(&self) -> FaultPlan {
        self.host.main.faults()
    }

    /// Changes how the main endpoint misbehaves.
    pub fn set_faults(&self, plan: impl Into<FaultPlan>) {
        self.host.main.set_faults(plan);
    }

    /// What was asked of the main endpoint.
    pub fn stats(&self) -> Stats {
        self.host.main.stats()
    }

    /// Counts from zero again.
    pub fn reset_stats(&self) {
        self.host.main.reset_stats();
    }
}
