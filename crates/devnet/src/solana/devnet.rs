//! The handle to a running network: commands, endpoints, and the oracle.

use std::{fmt, io, time::Duration};

use super::{
    base58::{Blockhash, Pubkey},
    chain::Chain,
    config::SolanaDevnetConfig,
    demo,
    oracle::{self, SimBlock, SimEvent},
    spec::TxSpec,
};
use crate::{endpoint::Replica, fault::FaultPlan, host::Host, stats::Stats};

/// A running Solana network. Clones are handles to the same one; it stops when the last is dropped.
#[derive(Clone)]
pub struct SolanaDevnet {
    host: Host<Chain>,
}

impl fmt::Debug for SolanaDevnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SolanaDevnet").field("main", &self.host.main).finish_non_exhaustive()
    }
}

impl SolanaDevnet {
    /// Starts a network on a free port of 127.0.0.1. The chain is the block of slot 0.
    pub async fn start(config: SolanaDevnetConfig) -> io::Result<Self> {
        Self::start_on(0, config).await
    }

    /// Starts a network on a chosen port of 127.0.0.1; 0 takes a free one.
    pub async fn start_on(port: u16, config: SolanaDevnetConfig) -> io::Result<Self> {
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

    /// Adds `count` slots. Some stay without a block, as the configuration says; then the head is lower.
    pub fn mine(&self, count: u64) {
        self.host.network.change(|chain| chain.mine(count));
    }

    /// Adds one block with exactly these transactions.
    pub fn mine_with(&self, transactions: Vec<TxSpec>) {
        self.host.network.change(|chain| chain.mine_with(transactions));
    }

    /// Replaces the last `depth` slots, but none that is finalized, by `new_len` others, the last of which has a block. Of the
    /// transactions undone about a quarter vanish, the others come back in some new block with the same signature.
    pub fn reorg(&self, depth: u64, new_len: u64) {
        self.host.network.change(|chain| chain.reorg(depth, new_len));
    }

    /// Takes back the last `depth` slots (never slot 0): the head falls, and what was finalized with it if it goes so deep, as
    /// after the restart of a cluster. Nothing announces it.
    pub fn rollback(&self, depth: u64) {
        self.host.network.change(|chain| chain.rollback(depth));
    }

    /// Adds a slot again and again, until told otherwise: zero stops it.
    pub fn auto_mine(&self, every: Duration) {
        self.host.network.auto_mine(every);
    }

    /// The slot of the newest block.
    pub fn head(&self) -> u64 {
        self.host.network.chain.read().head()
    }

    /// The slot of the newest finalized block.
    pub fn finalized(&self) -> u64 {
        self.host.network.chain.read().marks().finalized
    }

    /// The hash of a slot's block; `None` for a skipped slot and above the head.
    pub fn block_hash(&self, slot: u64) -> Option<Blockhash> {
        self.host.network.chain.read().block(slot).map(|block| block.hash)
    }

    /// The accounts of the generated traffic.
    pub fn accounts(&self) -> Vec<Pubkey> {
        self.host.network.chain.read().producer().cast.accounts.clone()
    }

    /// The demo programs.
    pub fn programs(&self) -> Vec<Pubkey> {
        self.host.network.chain.read().producer().cast.programs.clone()
    }

    /// A program that calls the demo programs.
    pub fn router(&self) -> Pubkey {
        self.host.network.chain.read().producer().cast.router
    }

    /// The tokens of the generated traffic.
    pub fn mints(&self) -> Vec<Pubkey> {
        let chain = self.host.network.chain.read();
        chain.producer().cast.mints.iter().map(|mint| mint.address).collect()
    }

    /// Where an account of the generated traffic keeps a token, and the program that it belongs to.
    pub fn token_account(&self, owner: &Pubkey, mint: &Pubkey) -> Option<(Pubkey, Pubkey)> {
        let chain = self.host.network.chain.read();
        let cast = &chain.producer().cast;
        let mint = cast.mints.iter().find(|known| known.address == *mint)?;
        Some((cast.token_account(owner, mint)?, mint.program))
    }

    /// The description of the demo programs, with the address of the first, as Anchor writes it.
    pub fn idl(&self) -> String {
        demo::idl(&self.host.network.chain.read().producer().cast.programs[0]).to_string()
    }

    /// The oracle: every event of the demo programs on the chain as it is now, in order. Holds all of them in memory.
    pub fn canonical_events(&self) -> Vec<SimEvent> {
        oracle::canonical_events(&self.host.network.chain.read())
    }

    /// The oracle: every block of the chain as it is now, in order, from slot 0. Holds all of them in memory.
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
