//! The chain as one endpoint sees it for one answer: perhaps behind, perhaps on another fork.

use std::sync::Arc;

use alloy_primitives::B256;

use super::{
    block::Block,
    chain::{Branch, Chain},
    params::HeightArg,
    workload::Workload,
};
use crate::rpc::RpcError;

/// What one answer is taken from.
pub(crate) struct View<'a> {
    chain: &'a Chain,
    behind: u64,
    branch: Option<Arc<Branch>>,
}

/// A block to read logs from: as it is held, or to be made on the fly.
pub(crate) enum LogSource<'a> {
    Held(Arc<Block>),
    Workload { workload: &'a Workload, number: u64, hash: B256 },
}

impl<'a> View<'a> {
    pub(crate) fn new(chain: &'a Chain, behind: u64, branch: Option<Arc<Branch>>) -> Self {
        Self { chain, behind, branch }
    }

    pub(crate) fn chain(&self) -> &'a Chain {
        self.chain
    }

    pub(crate) fn head(&self) -> u64 {
        self.chain.head().saturating_sub(self.behind)
    }

    /// The height that a number or tag names; the number may lie above the head.
    pub(crate) fn height(&self, height: HeightArg) -> Result<u64, RpcError> {
        let marks = self.chain.marks();
        let mark = |mark: u64| match self.chain.config().finality {
            Some(_) => Ok(mark.saturating_sub(self.behind)),
            // What a node says that does not know the tag.
            None => Err(RpcError::invalid_argument(0, "hex string without 0x prefix")),
        };
        match height {
            HeightArg::Number(number) => Ok(number),
            HeightArg::Latest => Ok(self.head()),
            HeightArg::Earliest => Ok(0),
            HeightArg::Safe => mark(marks.safe),
            HeightArg::Finalized => mark(marks.finalized),
        }
    }

    pub(crate) fn hash_at(&self, number: u64) -> Option<B256> {
        if number > self.head() {
            return None;
        }
        if let Some(branch) = &self.branch
            && let Some(index) = number.checked_sub(branch.from)
        {
            return branch.hashes.get(usize::try_from(index).ok()?).copied();
        }
        self.chain.hash_at(number)
    }

    pub(crate) fn block_at(&self, number: u64) -> Option<Arc<Block>> {
        self.chain.block(&self.hash_at(number)?)
    }

    /// A block on any fork; an endpoint that is behind does not know what is above its head.
    pub(crate) fn block(&self, hash: &B256) -> Option<Arc<Block>> {
        let block = self.chain.block(hash)?;
        (self.behind == 0 || block.header.number <= self.head()).then_some(block)
    }

    pub(crate) fn logs_at(&self, number: u64) -> Option<LogSource<'a>> {
        let hash = self.hash_at(number)?;
        if let Some(workload) = self.chain.workload()
            && workload.number_of(&hash).is_some()
        {
            return Some(LogSource::Workload { workload, number, hash });
        }
        self.chain.block(&hash).map(LogSource::Held)
    }

    /// The block on this view's chain that includes a transaction, and its index there.
    pub(crate) fn including(&self, transaction: &B256) -> Option<(Arc<Block>, usize)> {
        let blocks = self.chain.including(transaction).iter().filter_map(|hash| self.chain.block(hash));
        let block = blocks.into_iter().find(|block| self.hash_at(block.header.number) == Some(block.hash))?;
        let index = block.transactions.iter().position(|placed| placed.body.hash == *transaction)?;
        Some((block, index))
    }
}
