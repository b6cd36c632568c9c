//! The handle to a running network: commands, endpoints, and the oracle.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use alloy_primitives::{Address, B256};
use parking_lot::{Mutex, RwLock};
use tokio::sync::broadcast;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use super::{
    chain::Chain,
    config::EvmDevnetConfig,
    fault::FaultPlan,
    oracle::{SimBlock, SimLog},
    replica::{Network, Replica},
    spec::TxSpec,
    stats::Stats,
};

/// Commands that a slow WebSocket may be behind before it is dropped.
const CHANGES_BUFFERED: usize = 4096;
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(1);

/// A running EVM network. Clones are handles to the same one; it stops when the last is dropped.
#[derive(Clone)]
pub struct EvmDevnet {
    network: Arc<Network>,
    main: Replica,
    replicas: Arc<AtomicU64>,
    _stop: Arc<DropGuard>,
}

impl fmt::Debug for EvmDevnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvmDevnet").field("main", &self.main).finish_non_exhaustive()
    }
}

impl EvmDevnet {
    /// Starts a network on a free port of 127.0.0.1. The chain is block 0, or the workload.
    pub async fn start(config: EvmDevnetConfig) -> io::Result<Self> {
        Self::start_on(0, config).await
    }

    /// Starts a network on a chosen port of 127.0.0.1; 0 takes a free one.
    pub async fn start_on(port: u16, config: EvmDevnetConfig) -> io::Result<Self> {
        let seed = config.seed;
        let network = Arc::new(Network {
            chain: RwLock::new(Chain::new(config)),
            changes: broadcast::Sender::new(CHANGES_BUFFERED),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            mining: Mutex::default(),
        });
        let stop = Arc::new(network.stop.clone().drop_guard());
        let main = Replica::start(network.clone(), port, seed, FaultPlan::default()).await?;
        Ok(Self { network, main, replicas: Arc::default(), _stop: stop })
    }

    /// The main endpoint's `http://127.0.0.1:<port>`.
    pub fn http_url(&self) -> String {
        self.main.http_url()
    }

    /// The main endpoint's `ws://127.0.0.1:<port>`.
    pub fn ws_url(&self) -> String {
        self.main.ws_url()
    }

    /// Opens another endpoint on the same chain, with faults of its own.
    pub async fn replica(&self, faults: impl Into<FaultPlan>) -> io::Result<Replica> {
        let index = self.replicas.fetch_add(1, Ordering::Relaxed) + 1;
        let seed = self.network.chain.read().config().seed;
        Replica::start(self.network.clone(), 0, seed.wrapping_add(index), faults.into()).await
    }

    /// Stops all endpoints and waits for them, but not for peers that keep an answer unread.
    pub async fn shutdown(&self) {
        self.network.stop.cancel();
        self.network.tasks.close();
        // A peer that never reads its answer would hold the endpoint forever; its task ends with the runtime.
        let _ = tokio::time::timeout(SHUTDOWN_PATIENCE, self.network.tasks.wait()).await;
    }

    /// Adds `count` blocks of generated traffic.
    pub fn mine(&self, count: u64) {
        self.network.change(|chain| chain.mine(count));
    }

    /// Adds one block with exactly these transactions.
    pub fn mine_with(&self, transactions: Vec<TxSpec>) {
        self.network.change(|chain| chain.mine_with(transactions));
    }

    /// Replaces the last `depth` blocks (never block 0) by `new_blocks` different ones. Of the transactions undone about a
    /// quarter vanish, the others come back in some new block with the same hash.
    pub fn reorg(&self, depth: u64, new_blocks: u64) {
        self.network.change(|chain| chain.reorg(depth, new_blocks));
    }

    /// Takes back the last `depth` blocks (never block 0): the head falls. Nothing announces it but `removed` logs.
    pub fn rollback(&self, depth: u64) {
        self.network.change(|chain| chain.rollback(depth));
    }

    /// Mines a block of generated traffic again and again, until told otherwise: zero stops it.
    pub fn auto_mine(&self, every: Duration) {
        self.network.auto_mine(every);
    }

    /// The number of the best block.
    pub fn head(&self) -> u64 {
        self.network.chain.read().head()
    }

    /// The hash of the chain's block at `number`; `None` above the head.
    pub fn block_hash(&self, number: u64) -> Option<B256> {
        self.network.chain.read().hash_at(number)
    }

    /// The accounts of the generated traffic.
    pub fn accounts(&self) -> Vec<Address> {
        self.network.chain.read().cast().accounts.clone()
    }

    /// The ERC-20 contracts of the generated traffic and of the workload.
    pub fn tokens(&self) -> Vec<Address> {
        self.network.chain.read().cast().tokens.clone()
    }

    /// The ERC-721 contracts of the generated traffic.
    pub fn nfts(&self) -> Vec<Address> {
        self.network.chain.read().cast().nfts.clone()
    }

    /// The ERC-1155 contracts of the generated traffic.
    pub fn multi_tokens(&self) -> Vec<Address> {
        self.network.chain.read().cast().multi_tokens.clone()
    }

    /// The oracle: every log of the chain as it is now, in order. Holds all of them in memory.
    pub fn canonical_logs(&self) -> Vec<SimLog> {
        canonical_logs(&self.network.chain.read())
    }

    /// The oracle: every block of the chain as it is now, in order, from block 0. Holds all of them in memory.
    pub fn canonical_blocks(&self) -> Vec<SimBlock> {
        canonical_blocks(&self.network.chain.read())
    }

    /// How the main endpoint misbehaves.
    pub fn faults(&self) -> FaultPlan {
        self.main.faults()
    }

    /// Changes how the main endpoint misbehaves.
    pub fn set_faults(&self, plan: impl Into<FaultPlan>) {
        self.main.set_faults(plan);
    }

    /// What was asked of the main endpoint.
    pub fn stats(&self) -> Stats {
        self.main.stats()
    }

    /// Counts from zero again.
    pub fn reset_stats(&self) {
        self.main.reset_stats();
    }
}

impl Network {
    /// See [`EvmDevnet::auto_mine`].
    pub(crate) fn auto_mine(self: &Arc<Self>, every: Duration) {
        let stop = self.stop.child_token();
        if let Some(previous) = self.mining.lock().replace(stop.clone()) {
            previous.cancel();
        }
        if every.is_zero() {
            return;
        }
        let network = self.clone();
        self.tasks.spawn(stop.run_until_cancelled_owned(async move {
            loop {
                tokio::time::sleep(every).await;
                network.change(|chain| chain.mine(1));
            }
        }));
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
