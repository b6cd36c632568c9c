//! Reads events with every header: parent links and blooms prove that nothing is missing.

use chainbell_model::{Block, ChainError, Height, HeightRange};

use super::{
    EvmChain,
    check::{self, BlockLogs},
    logs::ReadLogs,
    plan::Plan,
    settle::{Settled, settle},
    suspect::{Suspicion, leave_gap},
};
use crate::{
    assemble::{Frame, events_block},
    bloom::Bloom,
    wire::{WireHeader, WireLog},
};

/// How many heights are read and proved together.
const CHUNK: u64 = 500;
/// Ranges up to this length are asked for by block hash, so that the node cannot answer for another fork.
const BY_HASH: u64 = 8;
/// How often a chunk whose parts do not fit together is read.
const TRIES: u32 = 3;

/// How much a chunk has to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Belief {
    /// Logs that certainly do not fit their header are not believed, whoever tells them: a node may announce a block before
    /// it has indexed all of it.
    Strict,
    /// They are, after some time and told alike.
    Lenient,
}

/// Why a chunk has to be read again.
enum Misfit {
    /// Its parts belong to different forks.
    Moved(Height),
    /// Its parts contradict each other.
    Bad(Height, String),
    /// Reading it again cannot help.
    Fatal(ChainError),
}

impl From<ChainError> for Misfit {
    fn from(error: ChainError) -> Self {
        Self::Fatal(error)
    }
}

impl EvmChain {
    /// Every block of `range`, each linked to the one before.
    pub(super) async fn linked(&self, plan: &Plan, range: HeightRange) -> Result<Vec<Block>, ChainError> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut from = range.from;
        while from <= range.to {
            let chunk = super::logs::first(HeightRange { from, to: range.to }, CHUNK);
            let read = self.linked_chunk(plan, chunk).await?;
            if let (Some(last), Some(next)) = (blocks.last(), read.first())
                && next.parent != Some(last.reference.id)
            {
                return Err(ChainError::Reorganised(next.reference.height));
            }
            blocks.extend(read);
            from = chunk.to.next();
        }
        Ok(blocks)
    }

    async fn linked_chunk(&self, plan: &Plan, chunk: HeightRange) -> Result<Vec<Block>, ChainError> {
        let mut tries = 1;
        loop {
            let belief = if tries < TRIES { Belief::Strict } else { Belief::Lenient };
            let error = match self.linked_chunk_once(plan, chunk, belief).await {
                Ok(blocks) => return Ok(blocks),
                Err(Misfit::Fatal(error)) => return Err(error),
                Err(Misfit::Moved(height)) => ChainError::Reorganised(height),
                Err(Misfit::Bad(height, reason)) => ChainError::Inconsistent { height, reason },
            };
            if tries == TRIES {
                return Err(error);
            }
            tries += 1;
            tokio::time::sleep(self.config.retry_delay).await;
        }
    }

    async fn linked_chunk_once(
        &self,
        plan: &Plan,
        chunk: HeightRange,
        belief: Belief,
    ) -> Result<Vec<Block>, Misfit> {
        let heights: Vec<Height> = (chunk.from.0..=chunk.to.0).map(Height).collect();
        let headers = self.headers(&heights).await?;
        let frames: Vec<Frame> = headers.iter().filter_map(Frame::of_header).collect();
        if let Some(height) = check::broken_link(&frames) {
            return Err(Misfit::Moved(height));
        }
        let mut read = if plan.queries.is_empty() {
            ReadLogs::default()
        } else if chunk.len() <= BY_HASH {
            // A hash that the node does not know (any more) means that the chain moved since its header was read.
            self.logs_of_blocks(plan, &frames, None).await.map_err(moved)?
        } else {
            self.logs_of_range(plan, chunk).await?
        };
        if let Some(height) = check::foreign_logs(&frames, &read.logs) {
            return Err(Misfit::Moved(height));
        }
        if !plan.queries.is_empty() {
            self.ask_doubtful_again(plan, &headers, &mut read, belief).await?;
        }
        frames
            .into_iter()
            .map(|frame| {
                let height = frame.reference.height;
                let logs = read.logs.remove(&height.0).map(|block| block.logs).unwrap_or_default();
                events_block(frame, logs, &plan.interest)
                    .map_err(|error| Misfit::Bad(height, error.to_string()))
            })
            .collect()
    }

    /// Asks once more, another endpoint where there is one, for the logs of blocks whose header they do not fit.
    async fn ask_doubtful_again(
        &self,
        plan: &Plan,
        headers: &[WireHeader],
        read: &mut ReadLogs,
        belief: Belief,
    ) -> Result<(), Misfit> {
        let mut doubtful: Vec<(&WireHeader, Frame)> = headers
            .iter()
            .filter_map(|header| Some((header, Frame::of_header(header)?)))
            .filter(|(header, frame)| self.doubt(plan, header, read.at(frame.reference.height)).is_some())
            .collect();
        if !doubtful.is_empty() && self.pool.len() == 1 {
            // The same node needs a moment to know better.
            tokio::time::sleep(self.config.retry_delay).await;
        }
        // Each endpoint's answers are put to another one.
        while let Some(first) = doubtful.first().map(|(_, frame)| read.teller(frame.reference.height)) {
            let (mine, rest): (Vec<_>, Vec<_>) =
                doubtful.into_iter().partition(|(_, frame)| read.teller(frame.reference.height) == first);
            doubtful = rest;
            let frames: Vec<Frame> = mine.iter().map(|(_, frame)| *frame).collect();
            let second = self.logs_of_blocks(plan, &frames, first).await.map_err(moved)?;
            for (header, Frame { reference, .. }) in mine {
                let doubt = |logs: &[WireLog]| self.doubt(plan, header, logs);
                let (before, after) = (read.at(reference.height), second.at(reference.height));
                let settled = settle(before.to_vec(), after.to_vec(), doubt);
                let settled = settled.ok_or_else(|| unbelievable(reference.height, "another answer"))?;
                if let Some(reason) = settled.first_lied {
                    let height = reference.height;
                    tracing::warn!(%height, reason, "logs did not fit their block; a second answer is used");
                    self.blame(first, reason);
                }
                self.believe(plan, header, &settled, belief)?;
                read.logs.insert(reference.height.0, BlockLogs { id: reference.id, logs: settled.logs });
            }
        }
        Ok(())
    }

    /// What certainly does not fit is believed late, and then remembered as this network's way.
    fn believe(
        &self,
        plan: &Plan,
        header: &WireHeader,
        settled: &Settled,
        belief: Belief,
    ) -> Result<(), Misfit> {
        let by_bloom = self.doubt_by_bloom(plan, header, &settled.logs);
        let gap = plan.filter.is_everything() && leave_gap(&settled.logs);
        let has_bloom = header.logs_bloom.as_deref().is_some_and(|bloom| !Bloom::from(bloom).is_empty());
        // Of some logs the bloom only says that there may be more; of all of them it says exactly.
        let misfit = settled.bloom_lied || (by_bloom.is_some() && plan.filter.is_everything() && has_bloom);
        let odd = misfit || (gap && self.quirks.log_indexes_are_dense());
        if !odd {
            return Ok(());
        }
        let height = Height(header.number.unwrap_or_default());
        if belief == Belief::Strict {
            return Err(unbelievable(height, "its header"));
        }
        if gap {
            self.quirks.log_indexes_have_gaps();
        }
        if misfit {
            self.quirks.bloom_lied(height, !has_bloom);
        }
        Ok(())
    }

    /// Whether the logs that came for a block do not fit its header.
    pub(super) fn doubt(&self, plan: &Plan, header: &WireHeader, logs: &[WireLog]) -> Option<Suspicion> {
        let numbered = plan.filter.is_everything() && self.quirks.log_indexes_are_dense();
        let gap = || (numbered && leave_gap(logs)).then_some(Suspicion::Missing);
        self.doubt_by_bloom(plan, header, logs).or_else(gap)
    }

    fn doubt_by_bloom(&self, plan: &Plan, header: &WireHeader, logs: &[WireLog]) -> Option<Suspicion> {
        let bloom = header.logs_bloom.as_deref().map(Bloom::from).filter(|bloom| !bloom.is_empty());
        if let Some(bloom) = bloom {
            return plan.suspector.check(&bloom, logs);
        }
        let filled = header.logs_bloom.is_some() && self.quirks.blooms_are_filled();
        match (filled, logs.is_empty()) {
            (true, true) => None,
            (true, false) => Some(Suspicion::Foreign),
            // Without a bloom only a second answer can tell whether the block has no wanted logs.
            (false, true) if header.transaction_count != Some(0) => Some(Suspicion::Missing),
            (false, _) => None,
        }
    }
}

fn unbelievable(height: Height, by: &str) -> Misfit {
    Misfit::Bad(height, format!("the block's logs are contradicted by {by}"))
}

/// A block that is not known (any more) by its hash is one of another fork.
fn moved(error: ChainError) -> Misfit {
    match error {
        ChainError::NotYet(height) => Misfit::Moved(height),
        error => Misfit::Fatal(error),
    }
}
