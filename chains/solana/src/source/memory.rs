//! Keeps the transactions that were read before they were final, so that reading them again costs no more than the lists.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chainbell_model::{BlockId, TxId};
use parking_lot::Mutex;

use super::header::Header;

/// About what an entry takes beside its text.
const ENTRY_BYTES: usize = 256;

/// Transactions by slot, bounded by their bytes; the oldest slots give way.
#[derive(Debug)]
pub(super) struct Memory {
    max_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    slots: BTreeMap<u64, Arc<Remembered>>,
    bytes: usize,
}

/// Some transactions of one block.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub(super) header: Header,
    /// By signature: their places in the block, and their JSON.
    pub(super) transactions: HashMap<TxId, (u32, Arc<str>)>,
}

impl Remembered {
    fn bytes(&self) -> usize {
        let texts: usize = self.transactions.values().map(|(_, text)| text.len() + ENTRY_BYTES).sum();
        texts + ENTRY_BYTES
    }
}

impl Memory {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, kept: Mutex::default() }
    }

    /// What is remembered of `slot`, when all of `wanted` is.
    pub(super) fn get(&self, slot: u64, wanted: &[TxId]) -> Option<Arc<Remembered>> {
        let kept = self.kept.lock();
        let remembered = kept.slots.get(&slot)?;
        wanted.iter().all(|id| remembered.transactions.contains_key(id)).then(|| Arc::clone(remembered))
    }

    /// The text of a transaction of this very block.
    pub(super) fn transaction(&self, slot: u64, block: BlockId, id: &TxId) -> Option<Arc<str>> {
        let kept = self.kept.lock();
        let remembered = kept.slots.get(&slot).filter(|kept| kept.header.reference.id == block)?;
        remembered.transactions.get(id).map(|(_, text)| Arc::clone(text))
    }

    /// Remembers transactions of a block, beside what is remembered of it.
    pub(super) fn put(&self, slot: u64, mut new: Remembered) {
        let mut kept = self.kept.lock();
        if let Some(old) = kept.slots.remove(&slot) {
            kept.bytes = kept.bytes.saturating_sub(old.bytes());
            if old.header == new.header {
                for (id, transaction) in &old.transactions {
                    new.transactions.entry(*id).or_insert_with(|| transaction.clone());
                }
            }
        }
        kept.bytes += new.bytes();
        kept.slots.insert(slot, Arc::new(new));
        while kept.bytes > self.max_bytes
            && let Some((_, oldest)) = kept.slots.pop_first()
        {
            kept.bytes = kept.bytes.saturating_sub(oldest.bytes());
        }
    }

    /// Forgets what lies below `slot`.
    pub(super) fn forget_below(&self, slot: u64) {
        let mut kept = self.kept.lock();
        while let Some(oldest) = kept.slots.first_entry()
            && *oldest.key() < slot
        {
            let oldest = oldest.remove();
            kept.bytes = kept.bytes.saturating_sub(oldest.bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use chainbell_model::{BlockRef, Height, Timestamp};

    use super::*;

    fn id(byte: u8) -> TxId {
        TxId::from_slice(&[byte; 64]).unwrap()
    }

    fn remembered(fork: u8, transactions: &[(u8, usize)]) -> Remembered {
        let header = Header {
            reference: BlockRef { height: Height(1), id: BlockId([fork; 32]) },
            parent: None,
            parent_slot: 0,
            time: Timestamp(0),
        };
        let transactions =
            transactions.iter().map(|(byte, len)| (id(*byte), (0, "x".repeat(*len).into()))).collect();
        Remembered { header, transactions }
    }

    #[test]
    fn what_is_added_to_a_block_stands_beside_the_rest_but_not_beside_another_fork() {
        let memory = Memory::new(1 << 20);
        memory.put(5, remembered(1, &[(1, 10)]));
        memory.put(5, remembered(1, &[(2, 10)]));
        assert!(memory.get(5, &[id(1), id(2)]).is_some());
        assert!(memory.get(5, &[id(3)]).is_none() && memory.get(6, &[]).is_none());
        memory.put(5, remembered(2, &[(3, 10)]));
        assert!(memory.get(5, &[id(1)]).is_none());
        assert!(memory.transaction(5, BlockId([2; 32]), &id(3)).is_some());
        assert!(memory.transaction(5, BlockId([1; 32]), &id(3)).is_none());
    }

    #[test]
    fn the_oldest_slots_give_way_and_the_bytes_are_counted() {
        let memory = Memory::new(10_000);
        for slot in 0..100 {
            memory.put(slot, remembered(1, &[(1, 1_000)]));
        }
        assert!(memory.get(99, &[id(1)]).is_some() && memory.get(80, &[id(1)]).is_none());
        assert!(memory.kept.lock().bytes <= 10_000);
        memory.forget_below(100);
        assert_eq!(memory.kept.lock().bytes, 0);
        assert!(memory.kept.lock().slots.is_empty());
        memory.put(5, remembered(1, &[(1, 1 << 20)]));
        assert!(memory.get(5, &[]).is_none());
    }
}
