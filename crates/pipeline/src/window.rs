//! The recent blocks of one network in memory: whether a new block follows, and where two forks part.

use std::collections::VecDeque;

use chainbell_model::{BlockRef, Height};

/// The blocks that the chain may still undo, ascending, ending with the cursor. Heights may be absent below finality.
#[derive(Clone, Debug, Default)]
pub struct Window {
    blocks: VecDeque<BlockRef>,
}

impl Window {
    /// From the store's record, ascending.
    pub fn new(blocks: Vec<BlockRef>) -> Self {
        Self { blocks: blocks.into() }
    }

    /// The newest block.
    pub fn cursor(&self) -> Option<BlockRef> {
        self.blocks.back().copied()
    }

    /// The oldest block.
    pub fn oldest(&self) -> Option<BlockRef> {
        self.blocks.front().copied()
    }

    /// Our block at `height`.
    pub fn at(&self, height: Height) -> Option<BlockRef> {
        let index = self.blocks.partition_point(|block| block.height < height);
        self.blocks.get(index).copied().filter(|block| block.height == height)
    }

    /// Appends the next block.
    pub fn push(&mut self, block: BlockRef) {
        debug_assert!(
            self.cursor().is_none_or(|cursor| cursor.height < block.height),
            "blocks come in order"
        );
        self.blocks.push_back(block);
    }

    /// Makes `cursor` the newest: above the blocks there are, or in place of them where it is not their continuation.
    pub fn continue_to(&mut self, cursor: BlockRef) {
        match self.cursor() {
            Some(newest) if newest == cursor => {}
            Some(newest) if newest.height >= cursor.height => self.blocks = [cursor].into(),
            _ => self.blocks.push_back(cursor),
        }
    }

    /// Forgets everything above `to`.
    pub fn roll_back(&mut self, to: BlockRef) {
        while self.blocks.back().is_some_and(|block| block.height > to.height) {
            self.blocks.pop_back();
        }
    }

    /// Forgets what can no longer be undone, but never the newest block, nor the finalized one itself: it is where the
    /// search for a common ancestor ends.
    pub fn finalize(&mut self, finalized: Height) {
        while self.blocks.len() > 1 && self.blocks.get(1).is_some_and(|next| next.height <= finalized) {
            self.blocks.pop_front();
        }
    }

    /// The search for the common ancestor: our blocks at or below `height`, to be compared with the chain's.
    pub fn search(&self, height: Height) -> AncestorSearch<'_> {
        let end = self.blocks.partition_point(|block| block.height <= height);
        AncestorSearch { blocks: &self.blocks, shared: 0, differing: end, step: 1, at: end }
    }
}

/// Finds the newest block that we and the chain share, with few look-ups: it gallops back from the tip in doubling
/// steps (most forks are shallow) and then halves.
#[derive(Debug)]
pub struct AncestorSearch<'a> {
    blocks: &'a VecDeque<BlockRef>,
    /// Blocks before this index are shared, as far as known.
    shared: usize,
    /// Blocks from this index on differ.
    differing: usize,
    step: usize,
    at: usize,
}

impl AncestorSearch<'_> {
    /// Our block to compare next; `None` when the search is over.
    pub fn probe(&mut self) -> Option<BlockRef> {
        if self.shared >= self.differing {
            return None;
        }
        self.at = if self.shared == 0 {
            let back = self.differing.saturating_sub(self.step);
            self.step *= 2;
            back
        } else {
            self.shared + (self.differing - self.shared) / 2
        };
        self.blocks.get(self.at).copied()
    }

    /// What the comparison of [`AncestorSearch::probe`] showed.
    pub fn tell(&mut self, same: bool) {
        if same {
            self.shared = self.at + 1;
        } else {
            self.differing = self.at;
        }
    }

    /// The newest shared block, once the search is over; `None` when even the oldest one differs.
    pub fn ancestor(&self) -> Option<BlockRef> {
        self.blocks.get(self.shared.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use chainbell_model::BlockId;
    use proptest::prelude::*;

    use super::*;

    fn block(height: u64, fork: u8) -> BlockRef {
        BlockRef { height: Height(height), id: BlockId([fork; 32]) }
    }

    #[test]
    fn the_finalized_block_and_the_cursor_stay() {
        let mut window = Window::new((1..=10).map(|height| block(height, 1)).collect());
        window.finalize(Height(7));
        assert_eq!(window.at(Height(6)), None);
        assert_eq!(window.at(Height(7)), Some(block(7, 1)));
        window.finalize(Height(100));
        assert_eq!(window.cursor(), Some(block(10, 1)));
    }

    proptest! {
        #[test]
        fn the_search_finds_the_last_shared_block_with_few_look_ups(length in 1usize..300, shared in 0usize..300) {
            let shared = shared.min(length);
            let window = Window::new((0..length).map(|height| block(height as u64, 1)).collect());
            let mut search = window.search(Height(length as u64));
            let mut look_ups = 0;
            while let Some(ours) = search.probe() {
                search.tell((ours.height.0 as usize) < shared);
                look_ups += 1;
            }
            let expected = shared.checked_sub(1).map(|height| block(height as u64, 1));
            prop_assert_eq!(search.ancestor(), expected);
            prop_assert!(look_ups <= 20, "{} look-ups", look_ups);
        }
    }
}
