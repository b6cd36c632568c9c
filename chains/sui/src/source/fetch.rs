//! Reads a range of checkpoints: those that were pushed, a list of those that were not, and the rest one by one.

use std::collections::BTreeMap;

use chainbell_model::{ChainError, Fetched, Height, HeightRange, Interest};
use chainbell_rpc::EndpointId;
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, sleep};

use super::{
    SuiChain,
    absent::NEAR_THE_TIP,
    check::{self, Before, Misfit, Read},
    needs::Needs,
    one::{ATTEMPTS, inconsistent, sound},
    span::Answered,
};

/// Shorter ranges are asked for one by one.
const LIST_FROM: u64 = 4;

/// What was read of a range by now.
type Reads = BTreeMap<u64, Read>;

impl SuiChain {
    pub(super) async fn read(&self, range: HeightRange, interest: &Interest) -> Result<Fetched, ChainError> {
        let started = Instant::now();
        let mut reads = Reads::new();
        let mut avoid = None;
        for attempt in 1.. {
            if let Err(error) = self.fill(range, interest, avoid, &mut reads).await {
                if may_pass(&error) {
                    self.span.lock().failed(range.len());
                }
                return Err(error);
            }
            match check::verify(reads.values(), self.before(range.from)) {
                Ok(()) => return self.fetched(range, reads, started),
                Err(misfit) if attempt >= ATTEMPTS => {
                    return Err(inconsistent(misfit.height, misfit.reason));
                }
                Err(Misfit { endpoint, reason, height }) => {
                    tracing::debug!(height, reason, "checkpoints do not fit together and are read again");
                    self.ask.0.report_bad_answer(endpoint, &reason);
                    avoid = Some(endpoint);
                    // Either of the two may be the wrong one.
                    reads.remove(&height);
                    height.checked_sub(1).and_then(|before| reads.remove(&before));
                    sleep(self.config.retry_delay).await;
                }
            }
        }
        Err(ChainError::NotYet(range.to))
    }

    fn fetched(&self, range: HeightRange, reads: Reads, started: Instant) -> Result<Fetched, ChainError> {
        let Some((_, last)) = reads.last_key_value() else { return Err(ChainError::NotYet(range.to)) };
        if let Some(total) = last.total {
            self.totals.note(range.to.0, total);
        }
        let through = last.block.reference;
        let blocks: Vec<_> = reads.into_values().map(|read| read.block).collect();
        let facts =
            blocks.iter().map(|block| block.transactions.len() + block.events.len() + block.calls.len());
        let facts = facts.map(|facts| facts as u64).sum();
        self.span.lock().answered(Answered { heights: range.len(), facts, took: started.elapsed() });
        let links = blocks.iter().filter_map(|block| Some((block.reference, block.parent?)));
        self.recent.note(links);
        Ok(Fetched { blocks, through })
    }

    fn before(&self, height: Height) -> Before {
        let Some(below) = height.0.checked_sub(1) else { return Before::default() };
        let id = self.recent.get(Height(below)).map(|(reference, _)| reference.id);
        Before { id, total: self.totals.get(below) }
    }

    /// Reads what is missing of the range, each checkpoint sound in itself. What fails in passing is tried again as long
    /// as that gets further.
    async fn fill(
        &self,
        range: HeightRange,
        interest: &Interest,
        avoid: Option<EndpointId>,
        reads: &mut Reads,
    ) -> Result<(), ChainError> {
        let needs = self.quirks.adapted(Needs::of(interest, &self.config));
        if self.known_head().is_some_and(|head| range.to.0.saturating_add(NEAR_THE_TIP) >= head) {
            self.feed.want(needs);
        }
        // After a misfit only what is asked for anew is trusted.
        if avoid.is_none() {
            self.take_pushed(range, needs, interest, reads);
            self.take_listed(range, needs, interest, reads).await;
        }
        loop {
            let before = reads.len();
            let Some(error) = self.ask_for_missing(range, needs, interest, avoid, reads).await? else {
                return Ok(());
            };
            if reads.len() == before {
                return Err(error);
            }
            sleep(self.config.retry_delay).await;
        }
    }

    fn take_pushed(&self, range: HeightRange, needs: Needs, interest: &Interest, reads: &mut Reads) {
        let Some(last) = self.feed.last_height() else { return };
        for height in range.from.0..=range.to.0.min(last.0) {
            let Some(pushed) = self.feed.take(height, needs) else { continue };
            match sound(&pushed.checkpoint, needs, interest, pushed.endpoint) {
                Ok(read) if read.block.defects.is_empty() => drop(reads.insert(height, read)),
                // Indexes of the node may lag behind what it pushes: asked for again it may be whole.
                Ok(_) => tracing::debug!(height, "a pushed checkpoint lacks balances and is read again"),
                Err(reason) => tracing::debug!(height, reason, "a pushed checkpoint is read again"),
            }
        }
    }

    async fn take_listed(&self, range: HeightRange, needs: Needs, interest: &Interest, reads: &mut Reads) {
        if !self.config.list || !self.lists.are_offered() {
            return;
        }
        let Some(gap) = longest_gap(range, reads).filter(|gap| gap.len() >= LIST_FROM) else { return };
        self.lists
            .read(&self.ask, gap, needs, |checkpoint, endpoint| {
                let read = sound(&checkpoint, needs, interest, endpoint)?;
                // A list is one endpoint's: single ones may come from those that tell more.
                if read.block.defects.is_empty() {
                    reads.insert(read.block.reference.height.0, read);
                }
                Ok(())
            })
            .await;
    }

    /// Asks for what is missing one by one. `Some` when some is still missing for a reason that may pass.
    async fn ask_for_missing(
        &self,
        range: HeightRange,
        needs: Needs,
        interest: &Interest,
        avoid: Option<EndpointId>,
        reads: &mut Reads,
    ) -> Result<Option<ChainError>, ChainError> {
        let in_flight = self.config.checkpoints_in_flight.max(1);
        let missing: Vec<u64> =
            (range.from.0..=range.to.0).filter(|height| !reads.contains_key(height)).collect();
        let mut answers = stream::iter(missing)
            .map(|height| self.read_one(height, needs, interest, avoid))
            .buffer_unordered(in_flight);
        let (mut read, mut failed, mut last) = (0, 0, None);
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(checkpoint) => {
                    read += 1;
                    reads.insert(checkpoint.block.reference.height.0, checkpoint);
                }
                Err(error) if may_pass(&error) => {
                    failed += 1;
                    last = Some(error);
                    // A node that is down does not have to be asked for each of them.
                    if failed >= read + in_flight {
                        break;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(last)
    }
}

/// Whether the same request may succeed in a moment.
fn may_pass(error: &ChainError) -> bool {
    matches!(error, ChainError::Unavailable { .. } | ChainError::Inconsistent { .. })
}

/// The longest run of heights that were not read; of several, the first.
fn longest_gap(range: HeightRange, reads: &Reads) -> Option<HeightRange> {
    let mut longest: Option<HeightRange> = None;
    let mut from = range.from.0;
    let end = range.to.0.saturating_add(1);
    for height in reads.keys().copied().chain([end]) {
        if height > from {
            let gap = HeightRange { from: Height(from), to: Height(height - 1) };
            if longest.is_none_or(|longest| longest.len() < gap.len()) {
                longest = Some(gap);
            }
        }
        from = height.saturating_add(1);
    }
    longest
}
