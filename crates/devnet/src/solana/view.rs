//! The chain as one endpoint sees it for one answer: perhaps behind, perhaps without its beginnings.

use std::sync::Arc;

use super::{
    base58::Signature,
    block::{Block, Placed},
    chain::Chain,
    params::{Commitment, Options},
};
use crate::rpc::RpcError;

/// What an answer gets wrong, or does not know.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lies {
    pub(crate) null: bool,
    /// Slots.
    pub(crate) behind: u64,
    /// Signatures.
    pub(crate) missing: usize,
    pub(crate) skipped: bool,
    pub(crate) no_history: bool,
    /// The first slot that is kept.
    pub(crate) first: u64,
    /// The first slot that is not from long-term storage.
    pub(crate) first_local: u64,
}

/// What one answer is taken from.
pub(crate) struct View<'a> {
    pub(crate) chain: &'a Chain,
    pub(crate) lies: Lies,
}

impl<'a> View<'a> {
    pub(crate) fn new(chain: &'a Chain, lies: Lies) -> Self {
        Self { chain, lies }
    }

    /// The slot of the newest block of a commitment.
    pub(crate) fn slot(&self, commitment: Commitment) -> u64 {
        let marks = self.chain.marks();
        let mark = match commitment {
            Commitment::Processed => marks.processed,
            Commitment::Confirmed => marks.confirmed,
            Commitment::Finalized => marks.finalized,
        };
        if self.lies.behind == 0 {
            return mark;
        }
        let earlier = self.chain.block_at_or_below(mark.saturating_sub(self.lies.behind));
        earlier.map_or(0, |block| block.slot())
    }

    /// The slot that an answer is as of, which must not be too early for the caller.
    pub(crate) fn context(&self, options: &Options) -> Result<u64, RpcError> {
        let slot = self.slot(options.commitment());
        match options.min_context_slot {
            Some(least) if slot < least => Err(RpcError::min_context_slot(slot)),
            _ => Ok(slot),
        }
    }

    /// The first slot with a block that is kept.
    pub(crate) fn first_available(&self) -> u64 {
        let first = self.chain.blocks(self.lies.first, u64::MAX).next();
        first.map_or(self.lies.first, |block| block.slot())
    }

    /// The block of a slot as `getBlock` finds it, or why not.
    pub(crate) fn block(&self, slot: u64, commitment: Commitment) -> Result<&'a Arc<Block>, RpcError> {
        let found = self.chain.block(slot).filter(|_| !self.lies.skipped);
        if slot <= self.slot(Commitment::Finalized) {
            if slot < self.lies.first {
                return Err(RpcError::cleaned_up(slot, self.first_available()));
            }
            return found.ok_or_else(|| self.skipped(slot));
        }
        if commitment <= Commitment::Confirmed && slot <= self.slot(Commitment::Confirmed) {
            if self.lies.skipped && self.chain.block(slot).is_some() {
                return Err(self.skipped(slot));
            }
            // A skipped slot that is not final yet is just not there.
            return found.ok_or_else(|| RpcError::block_not_available(slot));
        }
        Err(RpcError::block_not_available(slot))
    }

    fn skipped(&self, slot: u64) -> RpcError {
        if slot < self.lies.first_local {
            RpcError::archived_slot_skipped(slot)
        } else {
            RpcError::slot_skipped(slot)
        }
    }

    /// The slots with blocks in a range, up to the newest of a commitment.
    pub(crate) fn slots(&self, from: u64, to: u64, newest: u64) -> impl Iterator<Item = u64> + use<'a> {
        let blocks = self.chain.blocks(from.max(self.lies.first), to.min(newest));
        blocks.map(|block| block.slot())
    }

    /// A transaction that is at or below a slot, with its block and its place there.
    pub(crate) fn transaction(&self, signature: &Signature, newest: u64) -> Option<(&'a Block, &'a Placed)> {
        let (slot, index) = self.chain.locate(signature)?;
        if slot > newest || slot < self.lies.first {
            return None;
        }
        let block = self.chain.block(slot)?;
        Some((block, block.transactions.get(index as usize)?))
    }

    /// How sure a slot is.
    pub(crate) fn status(&self, slot: u64) -> &'static str {
        if slot <= self.slot(Commitment::Finalized) {
            "finalized"
        } else if slot <= self.slot(Commitment::Confirmed) {
            "confirmed"
        } else {
            "processed"
        }
    }
}
