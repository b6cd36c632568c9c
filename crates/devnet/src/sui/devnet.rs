//! The handle to a running network: commands, endpoints, and the oracle.

use std::{fmt, io, time::Duration};

use sui_sdk_types::Address;

use super::{
    chain::Chain,
    config::SuiDevnetConfig,
    oracle::{self, SimCheckpoint, SimEvent},
    spec::TxSpec,
};
use crate::{endpoint::Replica, fault::FaultPlan, host::Host, stats::Stats};

/// A running Sui network. Clones are handles to the same one; it stops when the last is dropped.
#[derive(Clone)]
pub struct SuiDevnet {
    host: Host<Chain>,
}

impl fmt::Debug for SuiDevnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SuiDevnet").field("main", &self.host.main).finish_non_exhaustive()
    }
}

impl SuiDevnet {
    /// Starts a network on a free port of 127.0.0.1. The chain is checkpoint 0, which makes the accounts and the demo packages.
    pub async fn start(config: SuiDevnetConfig) -> io::Result<Self> {
        Self::start_on(0, config).await
    }

    /// Starts a network on a chosen port of 127.0.0.1; 0 takes a free one.
    pub async fn start_on(port: u16, config: SuiDevnetConfig) -> io::Result<Self> {
        Ok(Self { host: Host::start(port, Chain::new(config)).await? })
    }

    /// The main endpoint's `http://127.0.0.1:<port>`: HTTP/2 without TLS.
    pub fn grpc_url(&self) -> String {
        self.host.main.http_url()
    }

    /// Opens another endpoint on the same chain, with faults of its own.
    pub async fn replica(&self, faults: impl Into<FaultPlan>) -> io::Result<Replica> {
        self.host.replica(faults.into()).await
    }

    /// Stops all endpoints and waits for them, but not for peers that keep an answer unread.
    pub async fn shutdown(&self) {
        self.host.shutdown().await;
    }

    /// Adds `count` checkpoints of generated traffic.
    pub fn mine(&self, count: u64) {
        self.host.network.change(|chain| chain.mine(count));
    }

    /// Adds one checkpoint with exactly these transactions, and the one that changes the epoch where it is the last of one.
    pub fn mine_with(&self, transactions: Vec<TxSpec>) {
        self.host.network.change(|chain| chain.mine_with(&transactions));
    }

    /// Adds a checkpoint again and again, until told otherwise: zero stops it.
    pub fn auto_mine(&self, every: Duration) {
        self.host.network.auto_mine(every);
    }

    /// No endpoint keeps the checkpoints below any more.
    pub fn set_lowest(&self, height: u64) {
        self.host.network.chain.write().set_lowest(height);
    }

    /// The newest checkpoint.
    pub fn head(&self) -> u64 {
        self.host.network.chain.read().head()
    }

    /// The digest of a checkpoint; `None` above the head.
    pub fn digest(&self, height: u64) -> Option<String> {
        let chain = self.host.network.chain.read();
        chain.checkpoint(height).map(|checkpoint| checkpoint.digest.to_base58())
    }

    /// What the network calls itself: the digest of checkpoint 0.
    pub fn chain_id(&self) -> String {
        self.digest(0).unwrap_or_default()
    }

    /// The accounts of the generated traffic.
    pub fn accounts(&self) -> Vec<Address> {
        self.host.network.chain.read().cast().accounts.clone()
    }

    /// The address of the demo package as it was published.
    pub fn package(&self) -> String {
        self.host.network.chain.read().cast().package.to_string()
    }

    /// The address of the demo package's second version. Of its event types it defines `Paused` alone.
    pub fn upgraded_package(&self) -> String {
        self.host.network.chain.read().cast().upgraded.to_string()
    }

    /// The oracle: every event of the demo packages, in order. Holds all of them in memory.
    pub fn canonical_events(&self) -> Vec<SimEvent> {
        oracle::canonical_events(&self.host.network.chain.read())
    }

    /// The oracle: every checkpoint in order, from 0. Holds all of them in memory.
    pub fn canonical_checkpoints(&self) -> Vec<SimCheckpoint> {
        oracle::canonical_checkpoints(&self.host.network.chain.read())
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
