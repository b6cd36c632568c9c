//! The handle to a running network: commands, endpoints, and the oracle.

use std::{fmt, io, time::Duration};

use super::{
    chain::Chain,
    config::StellarDevnetConfig,
    demo,
    oracle::{self, Of, SimEvent, SimLedger},
    party::Party,
    spec::{Token, TxSpec},
};
use crate::{endpoint::Replica, fault::FaultPlan, host::Host, stats::Stats};

/// A running Stellar network. Clones are handles to the same one; it stops when the last is dropped.
#[derive(Clone)]
pub struct StellarDevnet {
    host: Host<Chain>,
}

impl fmt::Debug for StellarDevnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StellarDevnet").field("main", &self.host.main).finish_non_exhaustive()
    }
}

impl StellarDevnet {
    /// Starts a network on a free port of 127.0.0.1. The chain is its first ledger, which is empty.
    pub async fn start(config: StellarDevnetConfig) -> io::Result<Self> {
        Self::start_on(0, config).await
    }

    /// Starts a network on a chosen port of 127.0.0.1; 0 takes a free one.
    pub async fn start_on(port: u16, config: StellarDevnetConfig) -> io::Result<Self> {
        Ok(Self { host: Host::start(port, Chain::new(config)).await? })
    }

    /// The main endpoint's `http://127.0.0.1:<port>`.
    pub fn http_url(&self) -> String {
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

    /// Closes `count` ledgers of generated traffic.
    pub fn mine(&self, count: u64) {
        self.host.network.change(|chain| chain.mine(count));
    }

    /// Closes one ledger with exactly these transactions.
    pub fn mine_with(&self, transactions: Vec<TxSpec>) {
        self.host.network.change(|chain| chain.mine_with(&transactions));
    }

    /// Closes a ledger again and again, until told otherwise: zero stops it.
    pub fn auto_mine(&self, every: Duration) {
        self.host.network.auto_mine(every);
    }

    /// From now on the nodes keep so many of the newest ledgers. What the oracle knows is not forgotten, and comes back with a
    /// longer retention.
    pub fn set_retention(&self, ledgers: u32) {
        self.host.network.change(|chain| chain.set_retention(ledgers));
    }

    /// The sequence of the newest ledger.
    pub fn head(&self) -> u32 {
        self.host.network.chain.read().head()
    }

    /// What tells the network from others.
    pub fn passphrase(&self) -> String {
        self.host.network.chain.read().config().passphrase.clone()
    }

    /// The accounts of the generated traffic.
    pub fn accounts(&self) -> Vec<Party> {
        self.host.network.chain.read().cast().accounts.clone()
    }

    /// The issuer of the demo asset.
    pub fn issuer(&self) -> Party {
        self.host.network.chain.read().cast().issuer
    }

    /// The assets' contracts: that of the demo asset, and that of the native coin.
    pub fn tokens(&self) -> Vec<String> {
        let chain = self.host.network.chain.read();
        let contract = |token| Party::Contract(chain.cast().contract_of(token)).to_string();
        [Token::Issued, Token::Native].map(contract).to_vec()
    }

    /// The demo contracts.
    pub fn contracts(&self) -> Vec<String> {
        let chain = self.host.network.chain.read();
        chain.cast().contracts.iter().map(|id| Party::Contract(*id).to_string()).collect()
    }

    /// The description of the demo contracts, as lines of text.
    pub fn spec(&self) -> &'static str {
        demo::SPEC
    }

    /// The code of the demo contracts, which holds the same description.
    pub fn code(&self) -> Vec<u8> {
        self.host.network.chain.read().cast().code.clone()
    }

    /// The oracle: every event that a contract emitted in a transaction that succeeded, in order. From protocol 23 on those of
    /// classic payments are among them. Holds all of them in memory.
    pub fn canonical_events(&self) -> Vec<SimEvent> {
        oracle::events(&self.host.network.chain.read(), Of::Operations)
    }

    /// The oracle: every fee and every refund, in the order of their transactions; none before protocol 23. Holds all of them
    /// in memory.
    pub fn canonical_fees(&self) -> Vec<SimEvent> {
        oracle::events(&self.host.network.chain.read(), Of::Fees)
    }

    /// The oracle: every ledger, in order.
    pub fn canonical_ledgers(&self) -> Vec<SimLedger> {
        oracle::ledgers(&self.host.network.chain.read())
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
