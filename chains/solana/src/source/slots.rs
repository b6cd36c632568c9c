//! Finds which slots have blocks, and proves which have none: the next block above names the one before it.

use chainbell_model::{BlockId, BlockRef, ChainError, Height, HeightRange};
use chainbell_rpc::EndpointId;
use serde_json::json;

use super::{
    SolanaChain,
    ask::{Question, Told},
    header::{Header, context, slots_of},
    level::Level,
    patience::Trouble,
};

/// How far above a slot the next block is looked for, step by step: slots are skipped one by one as a rule, by the
/// thousand when the network stood still.
const REACHES: [u64; 4] = [32, 1_024, 32_768, 400_000];
/// The most slots that nodes list at once.
const MAX_LIST: u64 = 500_000;

impl SolanaChain {
    /// The block at `height` or, where that is empty, the one below it under that height, and its parent's id.
    pub(super) async fn reference_at(&self, height: Height) -> Result<(BlockRef, BlockId), ChainError> {
        let level = self.level(height);
        self.patiently(height, |avoid| self.reference_once(height, level, avoid)).await
    }

    async fn reference_once(
        &self,
        height: Height,
        level: Level,
        avoid: Option<EndpointId>,
    ) -> Result<(BlockRef, BlockId), Trouble> {
        if let Some(told) = self.header(height.0, level, avoid).await? {
            // Zeros for the parent of the first block that the node keeps.
            return Ok((told.value.reference, told.value.parent.unwrap_or_default()));
        }
        let next = self.header_above(height.0, Level::Confirmed, avoid).await?;
        match next.value.parent {
            Some(id) if next.value.leaves_empty(height.0) => Ok((BlockRef { height, id }, id)),
            _ => Err(Trouble::Doubtful { endpoint: None, reason: hidden(height.0, &next.value) }),
        }
    }

    /// The next block above `slot`.
    pub(super) async fn header_above(
        &self,
        slot: u64,
        level: Level,
        avoid: Option<EndpointId>,
    ) -> Result<Told<Header>, Trouble> {
        for reach in REACHES {
            let Some(&next) = self.slots_above(slot, reach, level, avoid).await?.first() else { continue };
            return match self.header(next, level, avoid).await? {
                Some(told) => Ok(told),
                None => Err(Trouble::Doubtful {
                    endpoint: None,
                    reason: format!("slot {next} is listed as one with a block, but has none"),
                }),
            };
        }
        Err(Trouble::Behind { endpoint: None })
    }

    /// The slots with blocks among the `reach` ones above `slot`.
    pub(super) async fn slots_above(
        &self,
        slot: u64,
        reach: u64,
        level: Level,
        avoid: Option<EndpointId>,
    ) -> Result<Vec<u64>, Trouble> {
        let first = slot.saturating_add(1);
        let last = slot.saturating_add(reach);
        let params = json!([first, last, context(level, slot)]);
        let reply = self.ask(Question::light("getBlocks", params), avoid).await?;
        slots_of(&reply, first, last)
    }

    /// The slots of `range` that have blocks, as one endpoint tells them.
    pub(super) async fn slots_in(
        &self,
        range: HeightRange,
        level: Level,
        avoid: Option<EndpointId>,
    ) -> Result<Told<Vec<u64>>, Trouble> {
        let mut slots = Vec::new();
        let mut first = range.from.0;
        loop {
            let last = range.to.0.min(first.saturating_add(MAX_LIST - 1));
            let params = json!([first, last, context(level, range.to.0)]);
            let reply = self.ask(Question::light("getBlocks", params), avoid).await?;
            slots.extend(slots_of(&reply, first, last)?);
            if last == range.to.0 {
                return Ok(Told { value: slots, endpoint: reply.endpoint });
            }
            first = last + 1;
        }
    }
}

/// What is wrong when a block is not told that the next one says to be there.
pub(super) fn hidden(slot: u64, next: &Header) -> String {
    if next.parent_slot == slot {
        format!("the block at slot {} follows one at slot {slot}, which is not told", next.slot())
    } else {
        format!(
            "the block at slot {} follows one at slot {}, which is not told",
            next.slot(),
            next.parent_slot
        )
    }
}
