//! What all endpoints of one simulated network share: the chain, and the news of its changes.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use parking_lot::{Mutex, RwLock};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::broadcast;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{connection::WireListener, endpoint::Endpoint, fault::Plan};

/// Changes that a slow listener may be behind before it is dropped.
const CHANGES_BUFFERED: usize = 4096;

/// A simulated chain. The same seed and commands give the same chain.
pub(crate) trait Simulation: Send + Sync + Sized + 'static {
    /// How an endpoint misbehaves.
    type Plan: Plan + Serialize + DeserializeOwned;
    /// A transaction by hand.
    type Spec: DeserializeOwned + Send;
    /// What one command did, for those who listen.
    type Change: Send + Sync + 'static;

    /// Where its pseudo-random content comes from.
    fn seed(&self) -> u64;

    /// Adds so many heights of generated traffic.
    fn mine(&mut self, count: u64) -> Self::Change;

    /// Adds one block with exactly these transactions.
    fn mine_with(&mut self, specs: Vec<Self::Spec>) -> Self::Change;

    /// Replaces the last `depth` heights by `new_len` others.
    fn reorg(&mut self, depth: u64, new_len: u64) -> Self::Change;

    /// Takes back the last `depth` heights.
    fn rollback(&mut self, depth: u64) -> Self::Change;

    /// The head, as the answer to a command.
    fn summary(&self) -> Value;

    /// What a question by name is answered: the oracle, and who takes part.
    fn ask(&self, question: &str) -> Option<Value>;

    /// Serves an endpoint until it is stopped.
    fn serve(listener: WireListener, endpoint: Arc<Endpoint<Self>>) -> BoxFuture<'static, ()>;
}

/// A network.
pub(crate) struct Network<C: Simulation> {
    pub(crate) chain: RwLock<C>,
    pub(crate) changes: broadcast::Sender<Arc<C::Change>>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// Stops the automatic mining under way.
    mining: Mutex<Option<CancellationToken>>,
}

impl<C: Simulation> Network<C> {
    pub(crate) fn new(chain: C) -> Self {
        Self {
            chain: RwLock::new(chain),
            changes: broadcast::Sender::new(CHANGES_BUFFERED),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            mining: Mutex::default(),
        }
    }

    /// Changes the chain and announces what changed, in the order of the changes.
    pub(crate) fn change(&self, command: impl FnOnce(&mut C) -> C::Change) {
        let mut chain = self.chain.write();
        let change = command(&mut chain);
        // Nobody listening is fine.
        let _ = self.changes.send(Arc::new(change));
    }

    /// Mines one height again and again, until told otherwise: zero stops it.
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
