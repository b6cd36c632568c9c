//! Whether a piece that was read continues what came before it, without a gap.

use chainbell_model::{Block, BlockRef, ChainError, Fetched, Height, HeightRange};

/// Every height is there, and each block names the one before as its parent.
pub(crate) fn verify_links(
    before: Option<BlockRef>,
    piece: HeightRange,
    fetched: &Fetched,
) -> Result<(), ChainError> {
    let mut expected = piece.from;
    let mut before = before.map(|before| before.id);
    for block in &fetched.blocks {
        if block.reference.height != expected {
            return Err(incomplete(expected, "the answer skips it"));
        }
        let Some(parent) = block.parent else {
            return Err(incomplete(expected, "the answer does not name its parent"));
        };
        if before.is_some_and(|before| before != parent) {
            return Err(ChainError::Reorganised(expected));
        }
        before = Some(block.reference.id);
        expected = expected.next();
    }
    if expected != piece.to.next()
        || fetched.blocks.last().map(|block| block.reference) != Some(fetched.through)
    {
        return Err(incomplete(expected, "the answer ends before it"));
    }
    Ok(())
}

/// Heights ascend inside the piece and the piece is covered to its end.
pub(crate) fn verify_cover(piece: HeightRange, fetched: &Fetched) -> Result<(), ChainError> {
    if fetched.through.height != piece.to {
        return Err(incomplete(piece.to, "the answer ends before it"));
    }
    let mut least = piece.from;
    for Block { reference: BlockRef { height, .. }, .. } in &fetched.blocks {
        if *height < least || *height > piece.to {
            return Err(incomplete(*height, "it is out of order in the answer"));
        }
        least = height.next();
    }
    Ok(())
}

fn incomplete(height: Height, reason: &str) -> ChainError {
    ChainError::Inconsistent { height, reason: reason.to_owned() }
}
