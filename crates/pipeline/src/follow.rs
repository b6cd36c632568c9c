//! Follows one network: proves that each block continues the last, finds reorganisations, tracks finality.
//!
//! The loop knows no chain. It asks the tip, reads what lies between the cursor and the tip (below finality in parallel
//! and with the chain's cheaper proof), and emits [`Step`]s in order. Everything here is memory: dropped at any await and
//! started again, it goes on from what the store has committed.

use std::sync::Arc;

use chainbell_model::{
    BlockRef, Chain, ChainError, Fetched, Height, HeightRange, Interest, NetworkSlug, Proof, Step, Tip,
};
use chainbell_store::{Ledger, StoreError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    backfill::Backfill,
    backoff::Backoff,
    continuity::{verify_cover, verify_links},
    halt::Halt,
    status::NetworkStatus,
    window::Window,
};

/// Where a network without a cursor begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// With the head of the moment.
    #[default]
    Latest,
    /// With this height.
    At(Height),
    /// So many blocks before the head of the moment.
    Before(u64),
}

/// How to follow.
#[derive(Clone, Debug)]
pub struct FollowSettings {
    /// Where to begin when the store knows no cursor.
    pub start: Start,
    /// Take back everything above this height before going on (the operator's answer to [`Halt::DeepReorg`]).
    pub rewind: Option<Height>,
    /// How many pieces of a backfill are read at once.
    pub parallel: usize,
}

impl Default for FollowSettings {
    fn default() -> Self {
        Self { start: Start::Latest, rewind: None, parallel: 2 }
    }
}

/// What a pass of the loop ended with.
enum Pass {
    /// Look again at once.
    Moved,
    /// Nothing more to read until the tip moves.
    CaughtUp,
}

enum Stopped {
    Chain(ChainError),
    Halt(Halt),
    /// The stages behind are gone: the process is stopping.
    Closed,
}

impl From<ChainError> for Stopped {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

/// The state of one network's follow loop.
pub struct Follower {
    network: NetworkSlug,
    chain: Arc<dyn Chain>,
    interest: Arc<Interest>,
    settings: FollowSettings,
    status: Arc<NetworkStatus>,
    window: Window,
    confirmed: Height,
    finalized: Height,
    /// Where to begin, once known, while there is no cursor.
    first: Option<Height>,
}

impl Follower {
    /// A loop that has not begun.
    pub fn new(
        network: NetworkSlug,
        chain: Arc<dyn Chain>,
        interest: Interest,
        settings: FollowSettings,
        status: Arc<NetworkStatus>,
    ) -> Self {
        Self {
            network,
            chain,
            interest: Arc::new(interest),
            settings,
            status,
            window: Window::default(),
            confirmed: Height(0),
            finalized: Height(0),
            first: None,
        }
    }
}

/// The stage: runs until `stop` is cancelled, the stages behind are gone, or the network halts (on record).
pub async fn follow<S: Ledger>(
    mut follower: Follower,
    store: Arc<S>,
    steps: mpsc::Sender<Step>,
    stop: CancellationToken,
) -> Result<(), StoreError> {
    let work = async {
        let halt = match follower.open(&*store, &steps).await? {
            Some(halt) => halt,
            None => match follower.run(&steps).await {
                Some(halt) => halt,
                None => return Ok(()),
            },
        };
        let reason = halt.to_string();
        tracing::error!(network = %follower.network, %reason, "network halted");
        follower.status.update(|status| status.halted = Some(reason.clone()));
        store.set_halted(&follower.network, Some(&reason)).await
    };
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        ended = work => ended,
    }
}

impl Follower {
    /// Identifies the network and restores what the store knows of it.
    async fn open<S: Ledger>(
        &mut self,
        store: &S,
        steps: &mpsc::Sender<Step>,
    ) -> Result<Option<Halt>, StoreError> {
        let mut backoff = Backoff::default();
        let identity = loop {
            match self.chain.identity().await {
                Ok(identity) => break identity,
                Err(error @ ChainError::Misconfigured(_)) => return Ok(Some(Halt::Misconfigured(error))),
                Err(error) => self.trouble(&error, &mut backoff).await,
            }
        };
        let state = store.open_network(&self.network, self.chain.dialect().chain(), &identity).await?;
        (self.confirmed, self.finalized) = (state.confirmed, state.finalized);
        self.window = Window::new(store.window(&self.network).await?);
        if let Some(cursor) = state.cursor.filter(|cursor| self.window.cursor() != Some(*cursor)) {
            self.window = Window::new(vec![cursor]);
        }
        if state.halted.is_some() {
            store.set_halted(&self.network, None).await?;
        }
        self.status.update(|status| {
            status.trouble = None;
            status.committed = state.cursor;
        });
        tracing::info!(network = %self.network, %identity, cursor = ?state.cursor.map(|cursor| cursor.height), "following");
        Ok(self.rewind(steps).await)
    }

    /// Carries out the operator's `--rewind`.
    async fn rewind(&mut self, steps: &mpsc::Sender<Step>) -> Option<Halt> {
        let height = self.settings.rewind?;
        if self.window.cursor().is_none_or(|cursor| cursor.height <= height) {
            tracing::warn!(network = %self.network, %height, "nothing above this height to rewind");
            return None;
        }
        let mut backoff = Backoff::default();
        let to = loop {
            match self.chain.block_at(height).await {
                Ok((block, _parent)) => break block,
                Err(error @ (ChainError::Pruned { .. } | ChainError::Misconfigured(_))) => {
                    return Some(self.halt(error, height));
                }
                Err(error) => self.trouble(&error, &mut backoff).await,
            }
        };
        // Closed is not an error here: the loop will find the channel closed as well.
        let _closed = steps.send(Step::Rollback { to }).await;
        self.window = Window::new(vec![to]);
        None
    }

    /// The loop. `None` when the stages behind are gone.
    async fn run(&mut self, steps: &mpsc::Sender<Step>) -> Option<Halt> {
        let mut backoff = Backoff::default();
        loop {
            match self.pass(steps).await {
                Ok(pass) => {
                    backoff.reset();
                    self.status.update(|status| status.trouble = None);
                    if matches!(pass, Pass::CaughtUp) {
                        self.chain.changed().await;
                    }
                }
                Err(Stopped::Closed) => return None,
                Err(Stopped::Halt(halt)) => return Some(halt),
                Err(Stopped::Chain(error @ (ChainError::Pruned { .. } | ChainError::Misconfigured(_)))) => {
                    return Some(self.halt(error, self.next()));
                }
                Err(Stopped::Chain(error)) => self.trouble(&error, &mut backoff).await,
            }
        }
    }

    /// Looks at the tip once and does everything that follows from it.
    async fn pass(&mut self, steps: &mpsc::Sender<Step>) -> Result<Pass, Stopped> {
        let tip = self.chain.tip().await?;
        self.status.update(|status| status.tip = Some(tip));
        self.begin(&tip);
        if self.tip_is_on_another_fork(&tip) {
            self.leave_fork(tip.head, steps).await?;
            return Ok(Pass::Moved);
        }
        let next = self.next();
        if next > tip.head {
            self.finality(&tip, steps).await?;
            return Ok(Pass::CaughtUp);
        }
        if next <= tip.finalized {
            return self.catch_up(HeightRange { from: next, to: tip.finalized }, steps).await;
        }
        self.read(HeightRange { from: next, to: tip.head }, Proof::Linked, steps).await?;
        self.finality(&tip, steps).await?;
        Ok(Pass::CaughtUp)
    }

    /// Decides once where a network without a cursor begins.
    fn begin(&mut self, tip: &Tip) {
        if self.window.cursor().is_some() || self.first.is_some() {
            return;
        }
        let first = match self.settings.start {
            Start::Latest => tip.head,
            Start::At(height) => height,
            Start::Before(blocks) => tip.head.minus(blocks),
        };
        self.first = Some(first);
        tracing::info!(network = %self.network, height = %first, head = %tip.head, "beginning");
    }

    fn next(&self) -> Height {
        match self.window.cursor() {
            Some(cursor) => cursor.height.next(),
            None => self.first.unwrap_or_default(),
        }
    }

    /// A tip that is not above the cursor: either the node is behind (its block is ours) or it changed its mind.
    fn tip_is_on_another_fork(&self, tip: &Tip) -> bool {
        match (self.window.at(tip.head), tip.head_id) {
            (Some(ours), Some(theirs)) => ours.id != theirs,
            _ => false,
        }
    }

    /// Reads what is below finality, in parallel and with the cheaper proof.
    async fn catch_up(&mut self, range: HeightRange, steps: &mpsc::Sender<Step>) -> Result<Pass, Stopped> {
        // The cheaper proof has no parent links: make sure first that what we have is still on the chain.
        if let Some(cursor) = self.window.cursor() {
            let (theirs, _parent) = self.chain.block_at(cursor.height).await?;
            if theirs != cursor {
                self.leave_fork(cursor.height, steps).await?;
                return Ok(Pass::Moved);
            }
        }
        // What lies below is final before it is read, so that its deliveries need not wait for a second transaction.
        self.mark(range.to, range.to, steps).await?;
        self.read(range, Proof::Sparse, steps).await?;
        Ok(Pass::Moved)
    }

    async fn read(
        &mut self,
        range: HeightRange,
        proof: Proof,
        steps: &mpsc::Sender<Step>,
    ) -> Result<(), Stopped> {
        self.status.update(|status| {
            status.started_at.get_or_insert(range.from);
        });
        let mut backfill =
            Backfill::new(self.chain.clone(), self.interest.clone(), range, proof, self.settings.parallel);
        while let Some((piece, fetched)) = backfill.next().await {
            let fetched = fetched?;
            let verified = match proof {
                Proof::Linked => verify_links(self.window.cursor(), piece, &fetched),
                Proof::Sparse => verify_cover(piece, &fetched),
            };
            match verified {
                Ok(()) => self.emit(fetched, proof, steps).await?,
                // Our newest block is not the parent of the chain's next one: it was undone.
                Err(ChainError::Reorganised(height))
                    if height == self.next() && self.window.cursor().is_some() =>
                {
                    return self.leave_fork(height.minus(1), steps).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn emit(
        &mut self,
        fetched: Fetched,
        proof: Proof,
        steps: &mpsc::Sender<Step>,
    ) -> Result<(), Stopped> {
        let after = self.window.cursor();
        let Fetched { blocks, through } = fetched;
        match proof {
            Proof::Linked => blocks.iter().for_each(|block| self.window.push(block.reference)),
            Proof::Sparse => {
                self.window.push(through);
                self.window.finalize(self.finalized);
            }
        }
        self.status.update(|status| status.read = Some(through));
        steps.send(Step::Blocks { after, blocks, through }).await.map_err(|_closed| Stopped::Closed)
    }

    /// Finds the newest block at or below `height` that we share with the chain and takes back everything above it.
    async fn leave_fork(&mut self, height: Height, steps: &mpsc::Sender<Step>) -> Result<(), Stopped> {
        let mut search = self.window.search(height);
        while let Some(ours) = search.probe() {
            let (theirs, _parent) = self.chain.block_at(ours.height).await?;
            search.tell(theirs == ours);
        }
        let to = match search.ancestor() {
            Some(to) => to,
            None => self.block_before_the_window().await?,
        };
        let undone = self.window.cursor().map_or(0, |cursor| cursor.height.0 - to.height.0);
        if undone == 0 {
            return Ok(());
        }
        tracing::info!(network = %self.network, to = %to.height, undone, "reorganisation");
        self.window.roll_back(to);
        if self.window.cursor().is_none() {
            self.window.push(to);
        }
        self.status.update(|status| {
            status.rollbacks += 1;
            status.read = Some(to);
        });
        steps.send(Step::Rollback { to }).await.map_err(|_closed| Stopped::Closed)
    }

    /// Everything of ours that is not final has gone. What came before was final when it was read, so it still stands:
    /// unless the oldest block gone was final itself.
    async fn block_before_the_window(&self) -> Result<BlockRef, Stopped> {
        match self.window.oldest() {
            Some(oldest) if oldest.height > self.finalized => {
                Ok(self.chain.block_at(oldest.height.minus(1)).await?.0)
            }
            oldest => {
                let finalized = oldest.map_or(self.finalized, |oldest| oldest.height);
                Err(Stopped::Halt(Halt::DeepReorg { network: self.network.clone(), finalized }))
            }
        }
    }

    /// Passes on the tip's finality, but only when our blocks are proven to be the ones that the tip spoke of: a mark
    /// must never call a block final that is not on the chain.
    async fn finality(&mut self, tip: &Tip, steps: &mpsc::Sender<Step>) -> Result<(), Stopped> {
        let Some(cursor) = self.window.cursor() else { return Ok(()) };
        let confirmed = tip.confirmed.min(cursor.height);
        let finalized = tip.finalized.min(confirmed);
        if confirmed <= self.confirmed && finalized <= self.finalized {
            return Ok(());
        }
        let proven = match tip.head_id {
            Some(head) => cursor.height == tip.head && cursor.id == head,
            None => self.chain.block_at(cursor.height).await?.0 == cursor,
        };
        if proven { self.mark(confirmed, finalized, steps).await } else { Ok(()) }
    }

    async fn mark(
        &mut self,
        confirmed: Height,
        finalized: Height,
        steps: &mpsc::Sender<Step>,
    ) -> Result<(), Stopped> {
        if confirmed <= self.confirmed && finalized <= self.finalized {
            return Ok(());
        }
        self.confirmed = self.confirmed.max(confirmed);
        self.finalized = self.finalized.max(finalized);
        self.window.finalize(self.finalized);
        let step = Step::Finality { confirmed: self.confirmed, finalized: self.finalized };
        steps.send(step).await.map_err(|_closed| Stopped::Closed)
    }

    fn halt(&self, error: ChainError, from: Height) -> Halt {
        match error {
            ChainError::Pruned { .. } => Halt::Pruned { from, source: error },
            other => Halt::Misconfigured(other),
        }
    }

    /// Records a failure and waits before the next try.
    async fn trouble(&self, error: &ChainError, backoff: &mut Backoff) {
        let (wait, lasting) = backoff.after(error);
        if lasting {
            tracing::warn!(network = %self.network, %error, wait_ms = wait.as_millis(), "cannot read the network");
            self.status.update(|status| status.trouble = Some(error.to_string()));
        }
        tokio::time::sleep(wait).await;
    }
}
