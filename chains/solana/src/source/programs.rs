//! Reads what concerns some programs: their histories list it, the blocks' signature lists place and prove it, and the
//! transactions tell it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
};

use chainbell_model::{Address, Block, BlockRef, ChainError, Fetched, HeightRange, TxId};
use futures_util::{StreamExt, TryStreamExt, stream, try_join};
use tokio::time::Instant;

use super::{
    SolanaChain,
    history::Listing,
    level::Level,
    patience::{Patience, Trouble},
    plan::Plan,
    span::Answered,
};

/// How many histories are listed at once.
const LISTS_IN_FLIGHT: usize = 4;
/// How many chunks of transactions are fetched at once.
const CHUNKS_IN_FLIGHT: usize = 2;
/// How often a list is waited for that lacks what was pushed.
const LIST_WAITS: usize = 8;
/// So far below the final head transactions are still remembered.
const KEEP_BEHIND: u64 = 256;

/// The wanted transactions by slot.
pub(super) type WantedBySlot = BTreeMap<u64, Vec<TxId>>;

impl SolanaChain {
    /// The blocks of `range` that hold something wanted of `programs`.
    pub(super) async fn selection(
        &self,
        plan: &Plan,
        programs: &[Address],
        range: HeightRange,
    ) -> Result<Fetched, ChainError> {
        let mut patience = Patience::default();
        loop {
            let trouble = match self.selection_once(plan, programs, range).await {
                Ok(fetched) => return Ok(fetched),
                // The chain moved between the answers, or one of them lagged behind.
                Err(ChainError::Reorganised(height)) => Trouble::Doubtful {
                    endpoint: None,
                    reason: format!("the history of a program does not fit the block at slot {height}"),
                },
                Err(error) => return Err(error),
            };
            if let Err(error) = self.pause(&mut patience, trouble, range.from).await {
                let moving = self.level(range.to) == Level::Confirmed;
                return Err(if moving { ChainError::Reorganised(range.from) } else { error });
            }
        }
    }

    async fn selection_once(
        &self,
        plan: &Plan,
        programs: &[Address],
        range: HeightRange,
    ) -> Result<Fetched, ChainError> {
        let asked = Instant::now();
        let level = self.level(range.to);
        let (wanted, (end, _parent)) =
            try_join!(self.awaited(plan, programs, range, level), self.reference_at(range.to))?;
        let items: usize = wanted.values().map(Vec::len).sum();
        let blocks: Vec<Vec<Block>> = stream::iter(chunks(wanted, self.config.max_batch.max(1)))
            .map(|chunk| self.selected(plan, chunk, level))
            .buffered(CHUNKS_IN_FLIGHT)
            .try_collect()
            .await?;
        let blocks = blocks.concat();
        if blocks.last().is_some_and(|last| last.reference.height == range.to && last.reference != end) {
            return Err(ChainError::Reorganised(range.to));
        }
        self.program_span.lock().answered(Answered {
            slots: range.len(),
            items: items as u64,
            took: asked.elapsed(),
        });
        self.memory.forget_below(self.finalized.load(Ordering::Relaxed).saturating_sub(KEEP_BEHIND));
        Ok(Fetched { blocks, through: BlockRef { height: range.to, id: end.id } })
    }

    /// What the programs' histories list in `range`, once that is all that was pushed. An index may lag behind what is
    /// pushed, but not for long; and what was pushed may have vanished.
    async fn awaited(
        &self,
        plan: &Plan,
        programs: &[Address],
        range: HeightRange,
        level: Level,
    ) -> Result<WantedBySlot, ChainError> {
        for _ in 0..LIST_WAITS {
            let wanted = self.wanted(plan, programs, range, level).await?;
            let listed = |slot: u64, id: &TxId| wanted.get(&slot).is_some_and(|ids| ids.contains(id));
            let slots = range.from.0..=range.to.0;
            if level == Level::Finalized || !self.push.told_another(slots, plan.wants_failed(), listed) {
                return Ok(wanted);
            }
            tokio::time::sleep(self.config.retry_delay).await;
        }
        self.wanted(plan, programs, range, level).await
    }

    /// What the programs' histories list in `range`.
    async fn wanted(
        &self,
        plan: &Plan,
        programs: &[Address],
        range: HeightRange,
        level: Level,
    ) -> Result<WantedBySlot, ChainError> {
        if programs.is_empty() {
            return Ok(WantedBySlot::new());
        }
        let anchor = self.anchor(range, level).await?;
        let list =
            |program: Address| async move { self.history(&Listing { program, range, level, anchor }).await };
        let mut lists = stream::iter(programs.iter().copied()).map(list).buffer_unordered(LISTS_IN_FLIGHT);
        let mut wanted: BTreeMap<u64, BTreeSet<TxId>> = BTreeMap::new();
        let failed_too = plan.wants_failed();
        while let Some(list) = lists.next().await {
            for listed in list? {
                if failed_too || !listed.failed {
                    wanted.entry(listed.slot).or_default().insert(listed.signature);
                }
            }
        }
        Ok(wanted.into_iter().map(|(slot, ids)| (slot, ids.into_iter().collect())).collect())
    }

    /// The blocks of these slots with what is wanted of them, where anything is.
    async fn selected(
        &self,
        plan: &Plan,
        chunk: WantedBySlot,
        level: Level,
    ) -> Result<Vec<Block>, ChainError> {
        let (dense, sparse): (WantedBySlot, WantedBySlot) =
            chunk.into_iter().partition(|(_, ids)| ids.len() >= self.config.whole_block_from.max(1));
        let mut blocks = self.picked(plan, sparse, level).await?;
        for slot in dense.into_keys() {
            let read = self.whole_block(&plan.interest, slot, level).await?;
            blocks.extend(Some(read.block).filter(|block| !block.transactions.is_empty()));
        }
        blocks.sort_unstable_by_key(|block| block.reference.height);
        Ok(blocks)
    }
}

/// Splits into chunks of about `most` transactions, at slots.
fn chunks(wanted: WantedBySlot, most: usize) -> Vec<WantedBySlot> {
    let mut chunks = Vec::new();
    let mut chunk = WantedBySlot::new();
    let mut held = 0;
    for (slot, ids) in wanted {
        if held > 0 && held + ids.len() > most {
            chunks.push(std::mem::take(&mut chunk));
            held = 0;
        }
        held += ids.len();
        chunk.insert(slot, ids);
    }
    chunks.push(chunk);
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_hold_whole_slots_and_about_as_many_transactions_as_a_batch() {
        let id = TxId::from_slice(&[1; 64]).unwrap();
        let wanted: WantedBySlot =
            [(1, 3), (2, 1), (3, 9), (4, 2), (5, 2)].map(|(slot, count)| (slot, vec![id; count])).into();
        let slots: Vec<Vec<u64>> =
            chunks(wanted, 4).into_iter().map(|chunk| chunk.into_keys().collect()).collect();
        assert_eq!(slots, [vec![1, 2], vec![3], vec![4, 5]]);
        assert_eq!(chunks(WantedBySlot::new(), 4).len(), 1);
    }
}
