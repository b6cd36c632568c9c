//! The only crate with SQL: blocks and cursors, events and matches, the outbox.
//!
//! The traits below are what the rest of the system sees, one per role; [`sqlite`] implements them. Everything that must
//! happen together happens in one method, which is one transaction.

mod error;
mod records;
pub mod sqlite;

pub use error::StoreError;
pub use records::*;

use async_trait::async_trait;
use chainbell_model::{BlockRef, DeliveryId, Finality, Height, NetworkSlug, TargetName, TenantId, Timestamp};

/// Blocks, cursors and what was found in them: written by one task per network.
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// What is known of the network; registers it under `identity` the first time and refuses another identity later
    /// ([`StoreError::OtherNetwork`]).
    async fn open_network(
        &self,
        network: &NetworkSlug,
        chain: &str,
        identity: &str,
    ) -> Result<NetworkState, StoreError>;

    /// One transaction: the blocks, their facts, matches and deliveries, and the cursor moved to `batch.through`.
    /// Repeating a batch changes nothing. A match that had been retracted comes back with a new generation.
    /// `reserve` is asked once for each delivery that is due at once: `true` means that the caller will send it itself now,
    /// so it is stored as being sent and returned in [`Committed::claimed`]. Deliveries of a new generation are not asked
    /// about: they follow the retraction of the former one through the queue.
    async fn commit(&self, batch: CommitBatch, reserve: &mut ReserveFn<'_>) -> Result<Committed, StoreError>;

    /// One transaction: everything of `network` above `to` is marked retracted, the cursor moves back to `to`, deliveries
    /// not yet sent are cancelled, delivered ones get a retraction, those being sent get one when they turn out delivered.
    /// Retractions are ordered after the deliveries they take back, the newest block first.
    async fn rollback(&self, network: &NetworkSlug, to: BlockRef) -> Result<RolledBack, StoreError>;

    /// One transaction: records how far the chain stands, releases deliveries that waited for it, and drops blocks of the
    /// reorganisation window that are no longer needed. Neither height ever moves back.
    async fn finality(
        &self,
        network: &NetworkSlug,
        confirmed: Height,
        finalized: Height,
    ) -> Result<Released, StoreError>;

    /// The blocks of the reorganisation window (canonical, at or above the finalized height), ascending.
    async fn window(&self, network: &NetworkSlug) -> Result<Vec<BlockRef>, StoreError>;

    /// Records that the network stopped and why, or (`None`) that it runs again.
    async fn set_halted(&self, network: &NetworkSlug, reason: Option<&str>) -> Result<(), StoreError>;

    /// Records at which height a network began, once.
    async fn begin(&self, network: &NetworkSlug, at: Height) -> Result<(), StoreError>;

    /// One transaction: moves the cursor from `after` to `to` and records that what lies between was left out. Repeating it
    /// changes nothing.
    async fn record_gap(
        &self,
        network: &NetworkSlug,
        after: BlockRef,
        to: BlockRef,
    ) -> Result<(), StoreError>;

    /// The gaps of a network, ascending.
    async fn gaps(&self, network: &NetworkSlug) -> Result<Vec<Gap>, StoreError>;

    /// All networks that were ever opened.
    async fn networks(&self) -> Result<Vec<NetworkState>, StoreError>;
}

/// The outbox, as the delivery workers see it.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// At start, before anything is sent: what was being sent when the process died goes back to pending (and is
    /// remembered as possibly received), unless its block was retracted meanwhile: then its retraction is queued.
    /// Returns how many were under way.
    async fn recover(&self) -> Result<u64, StoreError>;

    /// Targets that have something to send, with the time of the earliest.
    async fn due_targets(&self) -> Result<Vec<DueTarget>, StoreError>;

    /// When the earliest pending delivery of one target is due.
    async fn next_due(
        &self,
        tenant: &TenantId,
        target: &TargetName,
    ) -> Result<Option<Timestamp>, StoreError> {
        let due = self.due_targets().await?;
        Ok(due.into_iter().find(|due| due.tenant == *tenant && due.target == *target).map(|due| due.at))
    }

    /// Takes up to `limit` deliveries due at `now` for one target, in order, and marks them as being sent.
    async fn claim(
        &self,
        tenant: &TenantId,
        target: &TargetName,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<chainbell_model::Message>, StoreError>;

    /// One transaction: what became of deliveries that were being sent, each with a row of its attempt. Where a rollback
    /// came meanwhile, a delivered one gets its retraction and a failed one is cancelled. Returns the targets that
    /// have something new to send.
    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<DueTarget>, StoreError>;

    /// Gives claimed deliveries back unsent (graceful stop): pending again, as if never claimed.
    async fn release(&self, deliveries: &[DeliveryId]) -> Result<(), StoreError>;
}

/// Reads for people and the API; every method is scoped to one tenant. Never blocks writers.
#[async_trait]
pub trait Reader: Send + Sync + 'static {
    /// Stored events, newest first.
    async fn events(&self, tenant: &TenantId, query: &EventQuery) -> Result<Vec<EventRow>, StoreError>;

    /// Deliveries, newest first.
    async fn deliveries(
        &self,
        tenant: &TenantId,
        query: &DeliveryQuery,
    ) -> Result<Vec<DeliveryRow>, StoreError>;

    /// One delivery with all its attempts.
    async fn delivery(
        &self,
        tenant: &TenantId,
        id: &DeliveryId,
    ) -> Result<Option<DeliveryDetail>, StoreError>;

    /// Makes deliveries pending at once again: dead ones by id, or all dead ones of a target. Returns how many.
    async fn retry(
        &self,
        tenant: &TenantId,
        which: &RetrySelection,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Counts for `status`.
    async fn counts(&self, tenant: &TenantId) -> Result<Counts, StoreError>;
}

/// Asked by [`Ledger::commit`] whether the caller sends a due delivery itself.
pub type ReserveFn<'a> = dyn FnMut(&TenantId, &TargetName) -> bool + Send + 'a;

/// The lowest finality at which a block at `height` stands, given the network's marks.
pub fn finality_of(height: Height, confirmed: Height, finalized: Height) -> Finality {
    if height <= finalized {
        Finality::Finalized
    } else if height <= confirmed {
        Finality::Confirmed
    } else {
        Finality::Seen
    }
}
