//! The courier: takes what is due from the outbox to its targets, each in a lane of its own.
//!
//! A commit hands its deliveries over in memory where the lane has room, else they wait in the store; the lane is woken
//! either way. Only what a lane is about to send is marked as being sent, so at most `concurrency` messages per target
//! are in doubt after a crash, and a slow target holds up nobody else.

mod lane;
mod pace;
mod settle;

use std::{sync::Arc, time::Duration};

use chainbell_model::{Message, TargetName, TenantId};
use chainbell_store::{DueTarget, Outbox, StoreError};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{Clock, Lane, Lanes, RetrySchedule, status::Status};
use lane::{LaneHandle, LaneWorker};

/// How fast a target is fed, and how often again.
#[derive(Clone, Debug)]
pub struct LaneSettings {
    /// How many sends may be under way at once.
    pub concurrency: usize,
    /// Messages a second, if limited.
    pub rate_limit: Option<f64>,
    /// When a failed delivery is tried again.
    pub retry: RetrySchedule,
    /// How long a graceful stop waits for sends under way.
    pub grace: Duration,
}

impl Default for LaneSettings {
    fn default() -> Self {
        Self {
            concurrency: 16,
            rate_limit: None,
            retry: RetrySchedule::default(),
            grace: Duration::from_secs(5),
        }
    }
}

/// All lanes of a process.
pub struct Courier {
    handle: CourierHandle,
    tasks: JoinSet<Result<(), StoreError>>,
    stop: CancellationToken,
}

/// What the commit stages hold of the courier.
#[derive(Clone)]
pub struct CourierHandle {
    lanes: Arc<Lanes<LaneHandle>>,
}

impl Courier {
    /// Puts the outbox in order after whatever ended the last process, and starts the lanes.
    ///
    /// # Errors
    /// The store failing.
    pub async fn start<S: Outbox>(
        store: Arc<S>,
        lanes: Vec<Lane>,
        clock: Clock,
        status: Arc<Status>,
    ) -> Result<Self, StoreError> {
        let interrupted = store.recover().await?;
        if interrupted > 0 {
            tracing::info!(
                interrupted,
                "deliveries were under way when the last process ended; they are sent again"
            );
        }
        let (settlements, settled) = mpsc::channel(settle::BUFFER);
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let mut handles = Lanes::new();
        for lane in lanes {
            let key = (lane.tenant.clone(), lane.name.clone());
            let (worker, handle) =
                LaneWorker::new(lane, store.clone(), settlements.clone(), clock.clone(), status.clone());
            tasks.spawn(worker.run(stop.clone()));
            handles.insert(key, handle);
        }
        let handle = CourierHandle { lanes: Arc::new(handles) };
        let due = store.due_targets().await?;
        handle.warn_of_strangers(&due);
        handle.wake(&due);
        tasks.spawn(settle::settle(store, settled, handle.clone(), stop.clone()));
        Ok(Self { handle, tasks, stop })
    }

    /// For the commit stages.
    pub fn handle(&self) -> CourierHandle {
        self.handle.clone()
    }

    /// Resolves when a lane can no longer work; pending while all is well.
    pub async fn failed(&mut self) -> StoreError {
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = crate::flatten(ended) {
                return error;
            }
        }
        std::future::pending().await
    }

    /// Finishes the sends under way (within each lane's grace), gives back what was not begun, and records outcomes.
    ///
    /// # Errors
    /// The store failing; what was not recorded is sent again by the next process.
    pub async fn stop(mut self) -> Result<(), StoreError> {
        self.stop.cancel();
        let mut outcome = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            outcome = outcome.and(crate::flatten(ended));
        }
        outcome
    }
}

impl CourierHandle {
    /// Whether the target's lane takes one more message from memory now. A `true` must be followed by
    /// [`CourierHandle::deliver`] of that message.
    pub fn reserve(&self, tenant: &TenantId, target: &TargetName) -> bool {
        self.lane(tenant, target).is_some_and(LaneHandle::reserve)
    }

    /// Hands over reserved messages, committed and marked as being sent.
    pub fn deliver(&self, messages: Vec<Message>) {
        for message in messages {
            if let Some(lane) = self.lane(&message.tenant, &message.target) {
                lane.deliver(message);
            }
        }
    }

    /// Tells the lanes that the outbox holds something for them.
    pub fn wake(&self, due: &[DueTarget]) {
        for DueTarget { tenant, target, at } in due {
            if let Some(lane) = self.lane(tenant, target) {
                lane.wake(*at);
            }
        }
    }

    fn lane(&self, tenant: &TenantId, target: &TargetName) -> Option<&LaneHandle> {
        // Names are cheap to clone (shared text), and a map keyed by pairs has no borrowed look-up.
        self.lanes.get(&(tenant.clone(), target.clone()))
    }

    fn warn_of_strangers(&self, due: &[DueTarget]) {
        for DueTarget { tenant, target, .. } in due {
            if self.lane(tenant, target).is_none() {
                tracing::warn!(%tenant, %target, "deliveries wait for a target that is no longer configured");
            }
        }
    }
}
