//! Records what became of attempts, many in one transaction, and wakes the lanes that have something new to send.

use std::{sync::Arc, time::Duration};

use chainbell_store::{Outbox, Settlement, StoreError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::CourierHandle;

/// How many outcomes may wait to be recorded; lanes wait beyond it.
pub(super) const BUFFER: usize = 1024;

/// The most outcomes of one transaction.
const BATCH: usize = 512;

/// Other processes (a retry from the command line) change the outbox without telling us: look this often.
const LOOK_AROUND: Duration = Duration::from_secs(5);

/// The task: ends when all lanes are gone and everything is recorded.
pub(super) async fn settle<S: Outbox>(
    store: Arc<S>,
    mut settled: mpsc::Receiver<Settlement>,
    courier: CourierHandle,
    stop: CancellationToken,
) -> Result<(), StoreError> {
    let mut look_around = tokio::time::interval(LOOK_AROUND);
    look_around.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let mut batch = Vec::new();
        tokio::select! {
            biased;
            received = settled.recv_many(&mut batch, BATCH) => {
                if received == 0 {
                    return Ok(());
                }
                courier.wake(&store.settle(batch).await?);
            }
            _ = look_around.tick(), if !stop.is_cancelled() => courier.wake(&store.due_targets().await?),
        }
    }
}
