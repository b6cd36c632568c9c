//! Whether checkpoints that were read one by one are one piece of the chain. Pure.

use chainbell_model::Block;
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

/// Each checkpoint names the one before it, and has as many transactions as the running total grew by. `before` is the
/// running total before the first, where it is known.
pub(super) fn verify(reads: &[Read], before: Option<u64>) -> Result<(), Misfit> {
    let mut total = before;
    let mut last = None;
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
