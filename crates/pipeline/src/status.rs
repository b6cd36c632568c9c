//! How the machine is doing, shared with whoever shows it (logs, progress bars, the API).

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use chainbell_model::{BlockRef, Height, NetworkSlug, Tip};
use parking_lot::Mutex;

/// The live status of a process.
#[derive(Debug, Default)]
pub struct Status {
    networks: Mutex<BTreeMap<NetworkSlug, Arc<NetworkStatus>>>,
    /// Deliveries.
    pub deliveries: DeliveryStatus,
}

impl Status {
    /// The status of one network, made when first asked for.
    pub fn network(&self, slug: &NetworkSlug) -> Arc<NetworkStatus> {
        self.networks.lock().entry(slug.clone()).or_default().clone()
    }

    /// All networks, by slug.
    pub fn networks(&self) -> Vec<(NetworkSlug, Arc<NetworkStatus>)> {
        self.networks.lock().iter().map(|(slug, status)| (slug.clone(), status.clone())).collect()
    }
}

/// The live status of one network.
#[derive(Debug, Default)]
pub struct NetworkStatus {
    inner: Mutex<NetworkSnapshot>,
    /// Facts stored since start.
    pub facts: AtomicU64,
    /// Matches stored since start.
    pub matches: AtomicU64,
    /// Decode or evaluation errors since start: nothing that stops a network, but worth a look.
    pub soft_errors: AtomicU64,
}

/// What is known of a network at one moment.
#[derive(Clone, Debug, Default)]
pub struct NetworkSnapshot {
    /// The heads, once known.
    pub tip: Option<Tip>,
    /// The first height this process read.
    pub started_at: Option<Height>,
    /// The last block handed on by the follow loop.
    pub read: Option<BlockRef>,
    /// The last block durably committed.
    pub committed: Option<BlockRef>,
    /// Rollbacks since start.
    pub rollbacks: u64,
    /// The last failure while it lasts.
    pub trouble: Option<String>,
    /// Why the network stopped.
    pub halted: Option<String>,
}

impl NetworkStatus {
    /// A copy of the present state.
    pub fn snapshot(&self) -> NetworkSnapshot {
        self.inner.lock().clone()
    }

    /// Changes it.
    pub fn update(&self, change: impl FnOnce(&mut NetworkSnapshot)) {
        change(&mut self.inner.lock());
    }
}

/// Totals of deliveries since start.
#[derive(Debug, Default)]
pub struct DeliveryStatus {
    /// Taken by receivers.
    pub delivered: AtomicU64,
    /// Failed attempts that will be repeated.
    pub retried: AtomicU64,
    /// Dead letters.
    pub dead: AtomicU64,
}

impl DeliveryStatus {
    pub(crate) fn count(&self, verdict: chainbell_store::Verdict) {
        let counter = match verdict {
            chainbell_store::Verdict::Delivered => &self.delivered,
            chainbell_store::Verdict::RetryAt { .. } => &self.retried,
            chainbell_store::Verdict::Dead { .. } => &self.dead,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
