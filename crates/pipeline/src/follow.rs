//! Follows one network: proves that each block continues the last, finds reorganisations, tracks finality.
//!
//! The loop knows no chain. It asks the tip, reads what lies between the cursor and the tip (below finality in parallel
//! and with the chain's cheaper proof), and emits [`Step`]s in order. Everything here is memory: dropped at any await and
//! started again, it goes on from what the store has committed.

use std::sync::Arc;

use chainbell_model::{
    Block, BlockRef, Chain, ChainError, Continuity, Fetched, Height, HeightRange, Interest, NetworkSlug,
    Proof, Step, Tip,
};
use chainbell_store::{Ledger, StoreError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    backfill::Backfill,
    backoff::Backoff,
    continuity::{verify_cover, verify_links, verify_neighbours},
    halt::Halt,
    reread::Unproven,
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

/// So many heights are read again at once when final, unless something of them waits to be proven.
const REREAD_AFTER: u64 = 64;

/// How to follow.
#[derive(Clone, Debug)]
pub struct FollowSettings {
    /// Where to begin when the store knows no cursor.
    pub start: Start,
    /// Take back everything above this height before going on (the operator's answer to [`Halt::DeepReorg`]).
    pub rewind: Option<Height>,
    /// Leave out what is not read yet up to this height, on record (the operator's answer to [`Halt::Pruned`]).
    pub skip: Option<Height>,
    /// How many pieces of a backfill are read at once.
    pub parallel: usize,
}

impl Default for FollowSettings {
    fn default() -> Self {
        Self { start: Start::Latest, rewind: None, skip: None, parallel: 2 }
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
    /// What was read above finality and has to be read again when final.
    unproven: Unproven,
    confirmed: Height,
    finalized: Height,
    /// Where it began, once known.
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
            unproven: Unproven::default(),
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
        self.first = state.first;
        let stored = store.window(&self.network).await?;
        let unproven = stored.iter().copied().filter(|block| block.height > self.finalized);
        self.unproven = Unproven::restored(unproven);
        self.window = Window::new(stored);
        if let Some(cursor) = state.cursor {
            self.window.continue_to(cursor);
        }
        if state.halted.is_some() {
            store.set_halted(&self.network, None).await?;
        }
        self.status.update(|status| {
            status.trouble = None;
            status.committed = state.cursor;
        });
        tracing::info!(network = %self.network, %identity, cursor = ?state.cursor.map(|cursor| cursor.height), "following");
        if let Some(halt) = self.rewind(steps).await {
            return Ok(Some(halt));
        }
        Ok(self.skip(steps).await)
    }

    /// Carries out the operator's `--skip`.
    async fn skip(&mut self, steps: &mpsc::Sender<Step>) -> Option<Halt> {
        let height = self.settings.skip?;
        let Some(cursor) = self.window.cursor().filter(|cursor| cursor.height < height) else {
            tracing::warn!(network = %self.network, %height, "nothing unread up to this height to skip");
            return None;
        };
        let to = match self.settled_block(height).await {
            Ok(block) => block,
            Err(halt) => return Some(halt),
        };
        tracing::warn!(network = %self.network, from = %cursor.height.next(), to = %height, "left out, on record");
        // Closed is not an error here: the loop will find the channel closed as well.
        let _closed = steps.send(Step::Gap { after: cursor, to }).await;
        self.window = Window::new(vec![to]);
        None
    }

    /// The chain's block at `height`, however often it has to be asked for.
    async fn settled_block(&self, height: Height) -> Result<BlockRef, Halt> {
        let mut backoff = Backoff::default();
        loop {
            match self.chain.block_at(height).await {
                Ok((block, _parent)) => return Ok(block),
                Err(error @ (ChainError::Pruned { .. } | ChainError::Misconfigured(_))) => {
                    return Err(self.halt(error, height));
                }
                Err(error) => self.trouble(&error, &mut backoff).await,
            }
        }
    }

    /// Carries out the operator's `--rewind`.
    async fn rewind(&mut self, steps: &mpsc::Sender<Step>) -> Option<Halt> {
        let height = self.settings.rewind?;
        if self.window.cursor().is_none_or(|cursor| cursor.height <= height) {
            tracing::warn!(network = %self.network, %height, "nothing above this height to rewind");
            return None;
        }
        let to = match self.settled_block(height).await {
            Ok(block) => block,
            Err(halt) => return Some(halt),
        };
        // Closed is not an error here: the loop will find the channel closed as well.
        let _closed = steps.send(Step::Rollback { to }).await;
        self.window = Window::new(vec![to]);
        self.unproven.forget_above(to.height);
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
        self.begin(&tip, steps).await?;
        if self.tip_is_on_another_fork(&tip) {
            self.leave_fork(tip.head, steps).await?;
            return Ok(Pass::Moved);
        }
        let next = self.next();
        if next > tip.head {
            return self.finality(&tip, steps).await;
        }
        if self.continuity() == Continuity::Reread {
            // No parent tells that the chain went on from another block than ours.
            if let Some(cursor) = self.window.cursor()
                && self.chain.block_at(cursor.height).await?.0 != cursor
            {
                self.leave_fork(cursor.height, steps).await?;
                return Ok(Pass::Moved);
            }
            if !self.prove(&tip, steps).await? {
                return Ok(Pass::Moved);
            }
        }
        if next <= tip.finalized {
            return self.catch_up(HeightRange { from: next, to: tip.finalized }, steps).await;
        }
        let proof = match self.continuity() {
            Continuity::Linked => Proof::Linked,
            Continuity::Reread => Proof::Sparse,
        };
        self.read(HeightRange { from: next, to: tip.head }, proof, steps).await?;
        self.finality(&tip, steps).await
    }

    fn continuity(&self) -> Continuity {
        self.chain.continuity(&self.interest)
    }

    /// Decides once where a network without a cursor begins.
    async fn begin(&mut self, tip: &Tip, steps: &mpsc::Sender<Step>) -> Result<(), Stopped> {
        if self.window.cursor().is_some() || self.first.is_some() {
            return Ok(());
        }
        let first = match self.settings.start {
            Start::Latest => tip.head,
            Start::At(height) => height,
            Start::Before(blocks) => tip.head.minus(blocks),
        };
        self.first = Some(first);
        tracing::info!(network = %self.network, height = %first, head = %tip.head, "beginning");
        steps.send(Step::Begin { at: first }).await.map_err(|_closed| Stopped::Closed)
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
                Proof::Sparse => match self.continuity() {
                    Continuity::Linked => verify_neighbours(self.window.cursor(), piece, &fetched),
                    Continuity::Reread => verify_cover(piece, &fetched),
                },
            };
            match verified {
                Ok(()) => self.emit(fetched, proof, steps).await?,
                // Our newest block is not the parent of the chain's next one: it was undone.
                Err(ChainError::Reorganised(height)) if self.is_next(height, &fetched) => {
                    return self.leave_fork(height.minus(1), steps).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Whether the block at `height` is the chain's next one after our newest.
    fn is_next(&self, height: Height, fetched: &Fetched) -> bool {
        self.window.cursor().is_some()
            && fetched.blocks.first().is_some_and(|block| block.reference.height == height)
    }

    async fn emit(
        &mut self,
        fetched: Fetched,
        proof: Proof,
        steps: &mpsc::Sender<Step>,
    ) -> Result<(), Stopped> {
        let after = self.window.cursor();
        let Fetched { blocks, through } = fetched;
        let revocable = |block: &&Block| proof == Proof::Linked || block.reference.height > self.finalized;
        blocks.iter().filter(revocable).for_each(|block| self.window.push(block.reference));
        self.window.continue_to(through);
        if proof == Proof::Sparse {
            self.window.finalize(self.finalized);
            if through.height > self.finalized {
                self.unproven.note(&blocks);
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
            let reason = "it does not follow the block before it, which the chain still has".to_owned();
            return Err(Stopped::Chain(ChainError::Inconsistent { height: self.next(), reason }));
        }
        tracing::info!(network = %self.network, to = %to.height, undone, "reorganisation");
        self.roll_back(to, steps).await
    }

    async fn roll_back(&mut self, to: BlockRef, steps: &mpsc::Sender<Step>) -> Result<(), Stopped> {
        self.window.roll_back(to);
        self.window.continue_to(to);
        self.unproven.forget_above(to.height);
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
                // A selection of blocks says nothing of what lies between them.
                let below = match self.continuity() {
                    Continuity::Linked => oldest.height.minus(1),
                    Continuity::Reread => self.finalized.max(self.first.unwrap_or_default().minus(1)),
                };
                Ok(self.chain.block_at(below.min(oldest.height.minus(1))).await?.0)
            }
            oldest => {
                let finalized = oldest.map_or(self.finalized, |oldest| oldest.height);
                Err(Stopped::Halt(Halt::DeepReorg { network: self.network.clone(), finalized }))
            }
        }
    }

    /// Passes on the tip's finality, but only when our blocks are proven to be the ones that the tip spoke of: a mark
    /// must never call a block final that is not on the chain.
    async fn finality(&mut self, tip: &Tip, steps: &mpsc::Sender<Step>) -> Result<Pass, Stopped> {
        let Some(cursor) = self.window.cursor() else { return Ok(Pass::CaughtUp) };
        let confirmed = tip.confirmed.min(cursor.height);
        let finalized = tip.finalized.min(confirmed);
        if confirmed <= self.confirmed && finalized <= self.finalized {
            return Ok(Pass::CaughtUp);
        }
        if self.continuity() == Continuity::Reread {
            if !self.prove(tip, steps).await? {
                return Ok(Pass::Moved);
            }
            self.mark(confirmed, self.finalized, steps).await?;
            return Ok(Pass::CaughtUp);
        }
        let proven = match tip.head_id {
            Some(head) => cursor.height == tip.head && cursor.id == head,
            None => self.chain.block_at(cursor.height).await?.0 == cursor,
        };
        if proven {
            self.mark(confirmed, finalized, steps).await?;
        }
        Ok(Pass::CaughtUp)
    }

    /// Reads what has become final again and marks it so. When it is not what was read before, undoes that and returns
    /// `false`.
    async fn prove(&mut self, tip: &Tip, steps: &mpsc::Sender<Step>) -> Result<bool, Stopped> {
        let Some(cursor) = self.window.cursor() else { return Ok(true) };
        let to = tip.finalized.min(cursor.height);
        let first = self.first.unwrap_or_default().max(self.finalized.next());
        if to < first {
            return Ok(true);
        }
        let waiting = to.0 - first.0 >= REREAD_AFTER || self.unproven.any_up_to(to) || to < tip.finalized;
        if !waiting {
            return Ok(true);
        }
        // What lies below a cursor that was undone would be called final on the wrong fork.
        if self.chain.block_at(cursor.height).await?.0 != cursor {
            self.leave_fork(cursor.height, steps).await?;
            return Ok(false);
        }
        let mut from = first;
        while from <= to {
            let span = self.chain.span(&self.interest).max(1);
            let piece = HeightRange { from, to: from.plus(span - 1).min(to) };
            let again = self.chain.fetch(piece, &self.interest, Proof::Sparse).await?;
            verify_cover(piece, &again)?;
            if let Some(height) = self.unproven.difference(&again.blocks, piece.to) {
                tracing::warn!(network = %self.network, %height, "final is not what was seen: reading again");
                let (last_same, _parent) = self.chain.block_at(height.minus(1)).await?;
                self.roll_back(last_same, steps).await?;
                return Ok(false);
            }
            self.mark(self.confirmed.max(piece.to), piece.to, steps).await?;
            self.unproven.forget_up_to(piece.to);
            from = piece.to.next();
        }
        Ok(true)
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
            ChainError::Pruned { .. } => Halt::Pruned { network: self.network.clone(), from, source: error },
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
