//! Remembers what was read above finality where blocks prove nothing by themselves, to compare it with what is read when
//! final ([`chainbell_model::Continuity::Reread`]).

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use chainbell_model::{Block, BlockId, BlockRef, Height};

/// What is remembered of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Remembered {
    id: BlockId,
    /// `None` for a block of an earlier process, of which only the id is known.
    content: Option<u64>,
}

/// The blocks read that are not final yet, by height.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unproven {
    blocks: BTreeMap<Height, Remembered>,
}

impl Unproven {
    /// What an earlier process read.
    pub(crate) fn restored(blocks: impl Iterator<Item = BlockRef>) -> Self {
        let remembered = |block: BlockRef| (block.height, Remembered { id: block.id, content: None });
        Self { blocks: blocks.map(remembered).collect() }
    }

    /// Notes blocks that were read above finality.
    pub(crate) fn note(&mut self, blocks: &[Block]) {
        self.blocks.extend(blocks.iter().map(|block| (block.reference.height, remember(block))));
    }

    /// Whether something at or below `height` waits to be proven.
    pub(crate) fn any_up_to(&self, height: Height) -> bool {
        self.blocks.first_key_value().is_some_and(|(first, _)| *first <= height)
    }

    /// The lowest height up to `to` at which the final `blocks` are not what was read; `None` when all are.
    pub(crate) fn difference(&self, blocks: &[Block], to: Height) -> Option<Height> {
        let read: BTreeMap<Height, Remembered> =
            blocks.iter().map(|block| (block.reference.height, remember(block))).collect();
        let same = |ours: &Remembered, theirs: &Remembered| {
            ours.id == theirs.id && ours.content.is_none_or(|content| Some(content) == theirs.content)
        };
        let changed = self.blocks.range(..=to).find(|(height, ours)| {
            let theirs = read.get(height);
            theirs.is_none_or(|theirs| !same(ours, theirs))
        });
        let missed = read.range(..=to).find(|(height, _)| !self.blocks.contains_key(height));
        [changed, missed].into_iter().flatten().map(|(height, _)| *height).min()
    }

    /// Forgets what is proven: everything up to `height`.
    pub(crate) fn forget_up_to(&mut self, height: Height) {
        self.blocks = self.blocks.split_off(&height.next());
    }

    /// Forgets what is undone: everything above `height`.
    pub(crate) fn forget_above(&mut self, height: Height) {
        self.blocks.split_off(&height.next());
    }
}

fn remember(block: &Block) -> Remembered {
    let mut hasher = DefaultHasher::new();
    for transaction in &block.transactions {
        transaction.id.hash(&mut hasher);
    }
    (block.events.len(), block.calls.len(), block.transfers.len()).hash(&mut hasher);
    Remembered { id: block.reference.id, content: Some(hasher.finish()) }
}

#[cfg(test)]
mod tests {
    use chainbell_model::{Timestamp, Transaction, TxId};

    use super::*;

    fn block(height: u64, fork: u8, transactions: &[u8]) -> Block {
        let transaction = |id: &u8| Transaction { id: TxId::from([*id; 32]), index: 0, details: Vec::new() };
        Block {
            reference: BlockRef { height: Height(height), id: BlockId([fork; 32]) },
            parent: None,
            time: Timestamp(0),
            transactions: transactions.iter().map(transaction).collect(),
            events: Vec::new(),
            calls: Vec::new(),
            transfers: Vec::new(),
            defects: Vec::new(),
        }
    }

    #[test]
    fn a_block_missing_added_or_changed_is_a_difference() {
        let mut unproven = Unproven::default();
        unproven.note(&[block(5, 1, &[1]), block(8, 1, &[2])]);
        let difference = |blocks: &[Block], to: u64| unproven.difference(blocks, Height(to));
        assert_eq!(difference(&[block(5, 1, &[1]), block(8, 1, &[2])], 9), None);
        assert_eq!(difference(&[block(5, 1, &[1])], 7), None);
        assert_eq!(difference(&[block(5, 1, &[1])], 8), Some(Height(8)));
        assert_eq!(difference(&[block(5, 2, &[1]), block(8, 1, &[2])], 8), Some(Height(5)));
        assert_eq!(difference(&[block(5, 1, &[1, 3]), block(8, 1, &[2])], 8), Some(Height(5)));
        assert_eq!(difference(&[block(4, 1, &[9]), block(5, 1, &[1])], 7), Some(Height(4)));
    }

    #[test]
    fn of_an_earlier_process_only_the_id_is_compared() {
        let unproven = Unproven::restored([block(5, 1, &[]).reference].into_iter());
        assert_eq!(unproven.difference(&[block(5, 1, &[1])], Height(6)), None);
        assert_eq!(unproven.difference(&[block(5, 2, &[1])], Height(6)), Some(Height(5)));
    }
}
