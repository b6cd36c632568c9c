//! Carries out each batch in one transaction of the store, then hands what is due to the courier.

use std::sync::{Arc, atomic::Ordering};

use chainbell_model::NetworkSlug;
use chainbell_store::{CommitBatch, Ledger, StoreError};
use tokio::sync::mpsc;

use crate::{deliver::CourierHandle, matching::Batch, status::Status};

/// The stage: ends when the match stage is gone and everything it sent is committed, or when the store fails.
pub async fn commit_batches<S: Ledger>(
    network: NetworkSlug,
    store: Arc<S>,
    courier: CourierHandle,
    mut batches: mpsc::Receiver<Batch>,
    status: Arc<Status>,
) -> Result<(), StoreError> {
    let network_status = status.network(&network);
    while let Some(batch) = batches.recv().await {
        match batch {
            Batch::Commit(batch) => {
                let through = batch.through;
                let committed = commit(&*store, &courier, batch).await?;
                network_status.facts.fetch_add(committed.0, Ordering::Relaxed);
                network_status.matches.fetch_add(committed.1, Ordering::Relaxed);
                network_status.update(|status| status.committed = Some(through));
            }
            Batch::Rollback(to) => {
                let undone = store.rollback(&network, to).await?;
                courier.wake(&undone.waiting);
                network_status.update(|status| status.committed = Some(to));
                tracing::info!(
                    %network,
                    to = %to.height,
                    facts = undone.facts,
                    cancelled = undone.cancelled,
                    retractions = undone.retractions,
                    "rolled back"
                );
            }
            Batch::Begin(at) => store.begin(&network, at).await?,
            Batch::Gap { after, to } => {
                store.record_gap(&network, after, to).await?;
                network_status.update(|status| status.committed = Some(to));
            }
            Batch::Finality { confirmed, finalized } => {
                let released = store.finality(&network, confirmed, finalized).await?;
                courier.wake(&released.waiting);
            }
        }
    }
    Ok(())
}

/// Commits and starts the deliveries; returns how many facts and matches were new.
async fn commit<S: Ledger>(
    store: &S,
    courier: &CourierHandle,
    batch: CommitBatch,
) -> Result<(u64, u64), StoreError> {
    let mut reserve = |tenant: &_, target: &_| courier.reserve(tenant, target);
    let committed = store.commit(batch, &mut reserve).await?;
    courier.deliver(committed.claimed);
    courier.wake(&committed.waiting);
    Ok((committed.facts, committed.matches))
}
