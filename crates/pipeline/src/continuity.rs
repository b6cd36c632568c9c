//! Whether a piece that was read continues what came before it, without a gap.

use chainbell_model::{Block, BlockRef, ChainError, Fetched, Height, HeightRange};

/// Each block names the one before as its parent. Heights may be empty where the links go over them.
pub(crate) fn verify_links(
    before: Option<BlockRef>,
    piece: HeightRange,
    fetched: &Fetched,
) -> Result<(), ChainError> {
    verify_cover(piece, fetched)?;
    let mut before = before.map(|before| before.id);
    for block in &fetched.blocks {
        let height = block.reference.height;
        let Some(parent) = block.parent else {
            return Err(incomplete(height, "the answer does not name its parent"));
        };
        if before.is_some_and(|before| before != parent) {
            return Err(ChainError::Reorganised(height));
        }
        before = Some(block.reference.id);
    }
    if before.is_some_and(|before| before != fetched.through.id) {
        return Err(incomplete(piece.to, "the answer ends before it"));
    }
    Ok(())
}

/// The same where heights may be left out: neighbours that name their parents link.
pub(crate) fn verify_neighbours(
    before: Option<BlockRef>,
    piece: HeightRange,
    fetched: &Fetched,
) -> Result<(), ChainError> {
    verify_cover(piece, fetched)?;
    let mut before = before;
    for Block { reference, parent, .. } in &fetched.blocks {
        let neighbour = before.filter(|before| before.height.next() == reference.height);
        if let (Some(neighbour), Some(parent)) = (neighbour, parent)
            && neighbour.id != *parent
        {
            return Err(ChainError::Reorganised(reference.height));
        }
        before = Some(*reference);
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
    let last = fetched.blocks.last().map(|block| block.reference);
    if last.is_some_and(|last| last.height == piece.to && last != fetched.through) {
        return Err(incomplete(piece.to, "the answer has two blocks there"));
    }
    Ok(())
}

fn incomplete(height: Height, reason: &str) -> ChainError {
    ChainError::Inconsistent { height, reason: reason.to_owned() }
}
