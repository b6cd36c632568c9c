//! One endpoint of the network: an address with faults and counters of its own over the shared chain.

use std::{fmt, io, net::SocketAddr, sync::Arc};

use parking_lot::{Mutex, RwLock};
use tokio::{net::TcpListener, sync::broadcast};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    chain::{Chain, Change},
    connection::WireListener,
    fault::{FaultDice, FaultPlan},
    server,
    stats::Stats,
};

/// What all endpoints share.
pub(crate) struct Network {
    pub(crate) chain: RwLock<Chain>,
    pub(crate) changes: broadcast::Sender<Arc<Change>>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// Stops the automatic mining under way.
    pub(crate) mining: Mutex<Option<CancellationToken>>,
}

impl Network {
    /// Changes the chain and announces what changed, in the order of the changes.
    pub(crate) fn change(&self, command: impl FnOnce(&mut Chain) -> Change) {
        let mut chain = self.chain.write();
        let change = command(&mut chain);
        // Nobody listening is fine.
        let _ = self.changes.send(Arc::new(change));
    }
}

/// What the tasks of one endpoint share.
pub(crate) struct Endpoint {
    pub(crate) network: Arc<Network>,
    pub(crate) dice: Mutex<FaultDice>,
    pub(crate) stats: Mutex<Stats>,
    pub(crate) stop: CancellationToken,
}

/// An endpoint of an [`crate::EvmDevnet`], which serves HTTP and WebSocket on one port of 127.0.0.1.
#[derive(Clone)]
pub struct Replica {
    endpoint: Arc<Endpoint>,
    address: SocketAddr,
}

impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replica").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Replica {
    pub(crate) async fn start(
        network: Arc<Network>,
        port: u16,
        seed: u64,
        plan: FaultPlan,
    ) -> io::Result<Self> {
        let listener = WireListener(TcpListener::bind(("127.0.0.1", port)).await?);
        let address = listener.0.local_addr()?;
        let endpoint = Arc::new(Endpoint {
            dice: Mutex::new(FaultDice::new(seed, plan)),
            stats: Mutex::default(),
            stop: network.stop.child_token(),
            network: network.clone(),
        });
        network.tasks.spawn(server::serve(listener, endpoint.clone()));
        Ok(Self { endpoint, address })
    }

    /// `http://127.0.0.1:<port>`. Any path below it is served alike.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `ws://127.0.0.1:<port>`.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// How it misbehaves.
    pub fn faults(&self) -> FaultPlan {
        self.endpoint.dice.lock().plan().clone()
    }

    /// Changes how it misbehaves, from the next request on. Counts of strikes begin anew.
    pub fn set_faults(&self, plan: impl Into<FaultPlan>) {
        self.endpoint.dice.lock().replace(plan.into());
    }

    /// What was asked of it.
    pub fn stats(&self) -> Stats {
        self.endpoint.stats.lock().clone()
    }

    /// Counts from zero again.
    pub fn reset_stats(&self) {
        *self.endpoint.stats.lock() = Stats::default();
    }

    /// Stops it for good: new connections are refused, open WebSockets dropped.
    pub fn stop(&self) {
        self.endpoint.stop.cancel();
    }
}
