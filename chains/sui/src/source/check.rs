//! Whether checkpoints that were read one by one are one piece of the chain. Pure.

use chainbell_model::{Block, BlockId};
use chainbell_rpc::EndpointId;

use crate::assemble::Contradiction;

/// A checkpoint as read, with what it is checked by.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) block: Block,
    /// How many transactions came; `None` where none were asked for.
    pub(super) told: Option<u64>,
    /// How many transactions the chain has up to here, by the checkpoint's own summary.
    pub(super) total: Option<u64>,
    /// Who told it.
    pub(super) endpoint: EndpointId,
}

/// What does not fit, and who told it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) height: u64,
    pub(super) endpoint: EndpointId,
    pub(super) reason: String,
}

/// What is known of the checkpoint before the first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before {
    pub(super) id: Option<BlockId>,
    /// How many transactions the chain has up to it.
    pub(super) total: Option<u64>,
}

/// Each checkpoint names the one before it, and has as many transactions as the running total grew by.
pub(super) fn verify<'a>(reads: impl IntoIterator<Item = &'a Read>, before: Before) -> Result<(), Misfit> {
    let Before { id: mut last, mut total } = before;
    for read in reads {
        let reference = read.block.reference;
        let misfit = |reason: String| Misfit { height: reference.height.0, endpoint: read.endpoint, reason };
        if let (Some(last), Some(parent)) = (last, read.block.parent)
            && last != parent
        {
            return Err(misfit("it does not name the checkpoint before it".to_owned()));
        }
        if let (Some(before), Some(total), Some(told)) = (total, read.total, read.told)
            && total.checked_sub(before) != Some(told)
        {
            let expected = total.saturating_sub(before);
            return Err(misfit(Contradiction::TransactionCount { told, expected }.to_string()));
        }
        total = read.total;
        last = Some(reference.id);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chainbell_model::{BlockId, BlockRef, Height, Timestamp};

    use super::*;
    use crate::source::some_endpoint;

    fn read(height: u64, id: u8, parent: u8, told: u64, total: u64) -> Read {
        let block = Block {
            reference: BlockRef { height: Height(height), id: BlockId([id; 32]) },
            parent: Some(BlockId([parent; 32])),
            time: Timestamp(0),
            transactions: Vec::new(),
            events: Vec::new(),
            calls: Vec::new(),
            transfers: Vec::new(),
            defects: Vec::new(),
        };
        Read { block, told: Some(told), total: Some(total), endpoint: some_endpoint() }
    }

    #[test]
    fn links_and_counts_are_checked_against_the_one_before() {
        let good = || vec![read(5, 5, 4, 2, 12), read(6, 6, 5, 0, 12), read(7, 7, 6, 3, 15)];
        let height =
            |reads: &[Read], total| verify(reads, Before { id: None, total }).map_err(|misfit| misfit.height);
        assert_eq!(height(&good(), None), Ok(()));
        assert_eq!(height(&good(), Some(10)), Ok(()));
        assert_eq!(height(&[], Some(10)), Ok(()));
        let after = |id: u8| Before { id: Some(BlockId([id; 32])), total: None };
        assert_eq!(verify(&good(), after(4)), Ok(()));
        assert_eq!(verify(&good(), after(3)).map_err(|misfit| misfit.height), Err(5));
        assert_eq!(height(&good(), Some(9)), Err(5));
        assert_eq!(height(&good(), Some(u64::MAX)), Err(5));
        let mut broken = good();
        broken[1].block.parent = Some(BlockId([9; 32]));
        assert_eq!(height(&broken, None), Err(6));
        let mut short = good();
        short[2].told = Some(2);
        assert_eq!(height(&short, None), Err(7));
        // Where none were asked for there is nothing to count.
        short[2].told = None;
        assert_eq!(height(&short, None), Ok(()));
    }
}
