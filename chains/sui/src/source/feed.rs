//! What the subscription and those who read share: the pushed checkpoints, the head they tell of, and what to subscribe to.

use std::time::Duration;

use chainbell_model::{BlockId, BlockRef, Height, SubscriptionStatus};
use chainbell_rpc::EndpointId;
use parking_lot::Mutex;
use sui_rpc::proto::sui::rpc::v2::Checkpoint;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{
    buffer::{Buffer, Pushed},
    config::SuiConfig,
    needs::Needs,
};

/// See the module.
#[derive(Debug)]
pub(super) struct Feed {
    /// What to read pushed checkpoints for; `None` as long as nobody reads near the tip.
    wanted: watch::Sender<Option<Needs>>,
    /// Wakes who waits for the next checkpoint.
    news: Notify,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    buffer: Buffer,
    head: Option<(BlockRef, Instant)>,
    listening: bool,
    attempts: u64,
}

impl Feed {
    pub(super) fn new(config: &SuiConfig) -> Self {
        Self {
            wanted: watch::Sender::new(None),
            news: Notify::new(),
            state: Mutex::new(State {
                buffer: Buffer::new(config.buffered_checkpoints, config.buffered_bytes),
                head: None,
                listening: false,
                attempts: 0,
            }),
        }
    }

    /// From now on checkpoints are wanted for `needs` too.
    pub(super) fn want(&self, needs: Needs) {
        self.wanted.send_if_modified(|wanted| {
            let more = wanted.map_or(needs, |wanted| wanted.and(needs));
            wanted.replace(more) != Some(more)
        });
    }

    pub(super) fn wanted(&self) -> watch::Receiver<Option<Needs>> {
        self.wanted.subscribe()
    }

    /// A checkpoint was pushed.
    pub(super) fn pushed(
        &self,
        checkpoint: Checkpoint,
        reference: BlockRef,
        needs: Needs,
        endpoint: EndpointId,
    ) {
        let mut state = self.state.lock();
        if state.head.is_none_or(|(head, _)| head.height <= reference.height) {
            state.head = Some((reference, Instant::now()));
        }
        state.buffer.push(reference.height.0, Pushed { checkpoint, needs, endpoint });
        drop(state);
        // One waiting wake-up is as good as many.
        self.news.notify_one();
    }

    /// Takes the checkpoint at `height`, if it was pushed and read for at least `needs`.
    pub(super) fn take(&self, height: u64, needs: Needs) -> Option<Pushed> {
        self.state.lock().buffer.take(height, needs)
    }

    /// The last checkpoint pushed, unless that is longer ago than `age`.
    pub(super) fn head(&self, age: Duration) -> Option<BlockRef> {
        let (head, at) = self.state.lock().head?;
        (at.elapsed() <= age).then_some(head)
    }

    /// The height of the last checkpoint pushed, however long ago.
    pub(super) fn last_height(&self) -> Option<Height> {
        self.state.lock().head.map(|(head, _)| head.height)
    }

    /// No node has a checkpoint above `height`: a head above it was invented.
    pub(super) fn doubt(&self, height: u64) {
        let mut state = self.state.lock();
        if state.head.is_some_and(|(head, _)| head.height.0 > height) {
            state.head = None;
        }
    }

    /// Returns when a checkpoint was pushed since the last call, at the latest after `interval`.
    pub(super) async fn changed(&self, interval: Duration) {
        let _ = tokio::time::timeout(interval, self.news.notified()).await;
    }

    pub(super) fn attempted(&self) {
        self.state.lock().attempts += 1;
    }

    pub(super) fn listens(&self, listening: bool) {
        self.state.lock().listening = listening;
    }

    /// Empty as long as nothing was subscribed to.
    pub(super) fn status(&self) -> Vec<SubscriptionStatus> {
        let state = self.state.lock();
        if state.attempts == 0 {
            return Vec::new();
        }
        vec![SubscriptionStatus {
            topic: "checkpoints".to_owned(),
            listening: state.listening,
            id: None,
            reconnects: state.attempts - 1,
            last_height: state.head.map(|(head, _)| head.height),
        }]
    }
}

/// The ids of checkpoints read lately, which are final, so that nobody is asked for them again.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<std::collections::BTreeMap<u64, (BlockId, BlockId)>>);

/// More than one look at the tip goes through.
const MAX_RECENT: usize = 4_096;

impl Recent {
    pub(super) fn note(&self, blocks: impl Iterator<Item = (BlockRef, BlockId)>) {
        let mut recent = self.0.lock();
        for (reference, parent) in blocks {
            recent.insert(reference.height.0, (reference.id, parent));
        }
        while recent.len() > MAX_RECENT {
            recent.pop_first();
        }
    }

    pub(super) fn get(&self, height: Height) -> Option<(BlockRef, BlockId)> {
        let (id, parent) = *self.0.lock().get(&height.0)?;
        Some((BlockRef { height, id }, parent))
    }
}
