//! One target's lane: sends what is handed over and what waits in the outbox, never more at once than the target takes.

use std::{
    collections::{BTreeSet, VecDeque},
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chainbell_model::{DeliveryId, Message, Outcome, Reached, Target, TargetName, TenantId, Timestamp};
use chainbell_store::{Outbox, Settlement, StoreError, Verdict};
use futures_util::FutureExt;
use parking_lot::Mutex;
use rand::Rng as _;
use tokio::{
    sync::{Notify, Semaphore, mpsc},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{LaneSettings, pace::Pace};
use crate::{Clock, Lane, status::Status};

/// What others hold of a lane.
pub(super) struct LaneHandle {
    shared: Arc<Shared>,
    inbox: mpsc::Sender<Message>,
    /// A paced lane sends by its own clock: everything goes through the outbox.
    paced: bool,
    clock: Clock,
}

/// What the lane and its handle share.
struct Shared {
    /// Free places: a message holds one from its claim until its outcome is handed to be recorded.
    places: Semaphore,
    /// Times at which the outbox has something due.
    due: Mutex<BTreeSet<Timestamp>>,
    /// Something due already waits in the outbox: later messages queue behind it.
    behind: AtomicBool,
    woken: Notify,
}

impl LaneHandle {
    pub(super) fn reserve(&self) -> bool {
        if self.paced || self.shared.behind.load(Ordering::Acquire) {
            return false;
        }
        let Ok(place) = self.shared.places.try_acquire() else { return false };
        place.forget();
        true
    }

    pub(super) fn deliver(&self, message: Message) {
        // There are as many slots as places, and the caller holds a place. A closed inbox means that the lane has stopped:
        // the message stays marked as being sent and goes out with the next start.
        let _stopped = self.inbox.try_send(message);
    }

    pub(super) fn wake(&self, at: Timestamp) {
        if at <= self.clock.now() {
            self.shared.behind.store(true, Ordering::Release);
        }
        self.shared.due.lock().insert(at);
        self.shared.woken.notify_one();
    }
}

/// A batch that was sent.
struct Sent {
    batch: Vec<Message>,
    outcomes: Vec<Outcome>,
    started: Timestamp,
    took: Duration,
}

/// The task's own state.
pub(super) struct LaneWorker<S> {
    tenant: TenantId,
    name: TargetName,
    target: Arc<dyn Target>,
    settings: LaneSettings,
    store: Arc<S>,
    shared: Arc<Shared>,
    inbox: mpsc::Receiver<Message>,
    settlements: mpsc::Sender<Settlement>,
    clock: Clock,
    status: Arc<Status>,
    queue: VecDeque<Message>,
    sending: JoinSet<Sent>,
    pace: Option<Pace>,
}

impl<S: Outbox> LaneWorker<S> {
    pub(super) fn new(
        lane: Lane,
        store: Arc<S>,
        settlements: mpsc::Sender<Settlement>,
        clock: Clock,
        status: Arc<Status>,
    ) -> (Self, LaneHandle) {
        let Lane { tenant, name, target, settings } = lane;
        let places = settings.concurrency.max(1) * target.batch_size().max(1);
        let shared = Arc::new(Shared {
            places: Semaphore::new(places),
            due: Mutex::default(),
            behind: AtomicBool::new(false),
            woken: Notify::new(),
        });
        let (inbox_in, inbox) = mpsc::channel(places);
        let pace = settings.rate_limit.map(|per_second| Pace::new(per_second, clock.now()));
        let handle = LaneHandle {
            shared: shared.clone(),
            inbox: inbox_in,
            paced: pace.is_some(),
            clock: clock.clone(),
        };
        let worker = Self {
            tenant,
            name,
            target,
            settings,
            store,
            shared,
            inbox,
            settlements,
            clock,
            status,
            queue: VecDeque::new(),
            sending: JoinSet::new(),
            pace,
        };
        (worker, handle)
    }

    pub(super) async fn run(mut self, stop: CancellationToken) -> Result<(), StoreError> {
        while !stop.is_cancelled() {
            self.start_sending();
            let wake_at = self.wake_at();
            let clock = self.clock.clone();
            tokio::select! {
                () = stop.cancelled() => break,
                Some(message) = self.inbox.recv() => self.queue.push_back(message),
                Some(sent) = self.sending.join_next(), if !self.sending.is_empty() => self.record(sent).await,
                () = self.shared.woken.notified() => {}
                () = clock.sleep_until(wake_at.unwrap_or_default()), if wake_at.is_some() => self.claim().await?,
            }
        }
        self.finish().await
    }

    /// Starts as many sends as the target takes at once.
    fn start_sending(&mut self) {
        while self.sending.len() < self.settings.concurrency.max(1) && !self.queue.is_empty() {
            let size = self.target.batch_size().clamp(1, self.queue.len());
            let batch: Vec<Message> = self.queue.drain(..size).collect();
            let (target, started) = (self.target.clone(), self.clock.now());
            self.sending.spawn(async move {
                let began = Instant::now();
                let outcomes = AssertUnwindSafe(target.send(&batch)).catch_unwind().await.unwrap_or_default();
                Sent { batch, outcomes, started, took: began.elapsed() }
            });
        }
    }

    /// When to look into the outbox next: never while all places are taken.
    fn wake_at(&self) -> Option<Timestamp> {
        if self.shared.places.available_permits() == 0 {
            return None;
        }
        let due = self.shared.due.lock().first().copied()?;
        Some(self.pace.as_ref().map_or(due, |pace| due.max(pace.next())))
    }

    /// Takes what is due from the outbox, as much as there are places for.
    async fn claim(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let free = self.shared.places.available_permits();
        let limit = self.pace.as_mut().map_or(free, |pace| pace.allowance(now).min(free));
        // Places may go to a commit meanwhile; claim only what is really held.
        let held = match self.shared.places.try_acquire_many(u32::try_from(limit).unwrap_or(u32::MAX)) {
            Ok(places) if limit > 0 => {
                places.forget();
                limit
            }
            _ => return Ok(()),
        };
        // Forgotten before the look, so that whatever is added during it is not lost.
        let looked_at: BTreeSet<Timestamp> = {
            let mut due = self.shared.due.lock();
            let later = due.split_off(&Timestamp(now.0.saturating_add(1)));
            std::mem::replace(&mut *due, later)
        };
        let messages = self.store.claim(&self.tenant, &self.name, now, held).await?;
        self.shared.places.add_permits(held - messages.len());
        if let Some(pace) = &mut self.pace {
            pace.spend(messages.len());
        }
        if messages.len() == held {
            self.shared.due.lock().extend(looked_at.first());
        } else {
            self.shared.behind.store(false, Ordering::Release);
            if let Some(next) = self.store.next_due(&self.tenant, &self.name).await? {
                self.shared.due.lock().insert(next.max(now));
            }
        }
        self.queue.extend(messages);
        Ok(())
    }

    /// Passes outcomes on to be recorded and frees the places.
    async fn record(&mut self, sent: Result<Sent, tokio::task::JoinError>) {
        // Sends are never aborted while the lane runs, and panics are caught inside.
        let Ok(Sent { batch, outcomes, started, took }) = sent else { return };
        let now = self.clock.now();
        let missing = std::iter::repeat_with(|| Outcome::Retry {
            after: None,
            reason: "the target gave no outcome".to_owned(),
            reached: Reached::Maybe,
        });
        for (message, outcome) in batch.iter().zip(outcomes.into_iter().chain(missing)) {
            let jitter = rand::rng().random_range(0.0..1.0);
            let verdict = self.settings.retry.verdict(&outcome, message.attempt, now, jitter);
            self.status.deliveries.count(verdict);
            let detail = detail(outcome);
            if matches!(verdict, Verdict::Dead { .. }) {
                tracing::warn!(target = %self.name, delivery = %message.id, detail, "dead letter");
            }
            let settlement =
                Settlement { delivery: message.id, attempt: message.attempt, started, took, verdict, detail };
            // Closed only when the recorder failed, which stops the process: unrecorded outcomes count as unknown.
            let _closed = self.settlements.send(settlement).await;
        }
        self.shared.places.add_permits(batch.len());
    }

    /// Lets sends under way end within the grace, and gives back what was not begun.
    async fn finish(mut self) -> Result<(), StoreError> {
        self.inbox.close();
        while let Ok(message) = self.inbox.try_recv() {
            self.queue.push_back(message);
        }
        let unsent: Vec<DeliveryId> = self.queue.iter().map(|message| message.id).collect();
        if !unsent.is_empty() {
            self.store.release(&unsent).await?;
        }
        let deadline = Instant::now() + self.settings.grace;
        while let Ok(Some(sent)) = tokio::time::timeout_at(deadline, self.sending.join_next()).await {
            self.record(sent).await;
        }
        // Those still under way are dropped unrecorded: the next start treats them as possibly received.
        Ok(())
    }
}

fn detail(outcome: Outcome) -> String {
    match outcome {
        Outcome::Delivered { detail } => detail,
        Outcome::Retry { reason, .. } | Outcome::Rejected { reason } => reason,
    }
}
