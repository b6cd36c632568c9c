//! A running network behind its public handle: its main endpoint, and further ones.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::DropGuard;

use crate::{
    endpoint::{Endpoint, Replica},
    network::{Network, Simulation},
};

const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(1);

/// A running network. Clones are handles to the same one; it stops when the last is dropped.
pub(crate) struct Host<C: Simulation> {
    pub(crate) network: Arc<Network<C>>,
    pub(crate) main: Replica<C::Plan>,
    replicas: Arc<AtomicU64>,
    _stop: Arc<DropGuard>,
}

impl<C: Simulation> Clone for Host<C> {
    fn clone(&self) -> Self {
        Self {
            network: self.network.clone(),
            main: self.main.clone(),
            replicas: self.replicas.clone(),
            _stop: self._stop.clone(),
        }
    }
}

impl<C: Simulation> Host<C> {
    /// Serves `chain` on a port of 127.0.0.1; 0 takes a free one.
    pub(crate) async fn start(port: u16, chain: C) -> io::Result<Self> {
        let seed = chain.seed();
        let network = Arc::new(Network::new(chain));
        let stop = Arc::new(network.stop.clone().drop_guard());
        let main = Endpoint::open(network.clone(), port, seed, C::Plan::default()).await?;
        Ok(Self { network, main, replicas: Arc::default(), _stop: stop })
    }

    /// Opens another endpoint on the same chain, with faults of its own.
    pub(crate) async fn replica(&self, faults: C::Plan) -> io::Result<Replica<C::Plan>> {
        let index = self.replicas.fetch_add(1, Ordering::Relaxed) + 1;
        let seed = self.network.chain.read().seed();
        Endpoint::open(self.network.clone(), 0, seed.wrapping_add(index), faults).await
    }

    /// Stops all endpoints and waits for them, but not for peers that keep an answer unread.
    pub(crate) async fn shutdown(&self) {
        self.network.stop.cancel();
        self.network.tasks.close();
        // A peer that never reads its answer would hold the endpoint forever; its task ends with the runtime.
        let _ = tokio::time::timeout(SHUTDOWN_PATIENCE, self.network.tasks.wait()).await;
    }
}
