//! The 2048-bit bloom filter of a block's logs (Yellow Paper section 4.4.3), by which an answer without them is caught.

use std::cell::RefCell;

use alloy_primitives::keccak256;

use crate::wire::WireLog;

/// A bloom filter of emitters and topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bloom(Box<[u8; 256]>);

/// The bits of one emitter or topic, worked out once to be looked for in many filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BloomBits([u16; 3]);

impl BloomBits {
    /// Of an emitter (20 bytes) or a topic (32 bytes).
    pub fn of(item: &[u8]) -> Self {
        Self(bits(item))
    }
}

impl Default for Bloom {
    fn default() -> Self {
        Self(Box::new([0; 256]))
    }
}

impl From<&[u8; 256]> for Bloom {
    fn from(bytes: &[u8; 256]) -> Self {
        Self(Box::new(*bytes))
    }
}

impl Bloom {
    /// The filter of these logs and no others: equal to the header's when none is missing.
    pub fn of<'a>(logs: impl IntoIterator<Item = &'a WireLog>) -> Self {
        let mut bloom = Self::default();
        for log in logs {
            bloom.accrue(&log.address);
            log.topics().iter().for_each(|topic| bloom.accrue(topic));
        }
        bloom
    }

    /// Adds an emitter (20 bytes) or a topic (32 bytes).
    pub fn accrue(&mut self, item: &[u8]) {
        for bit in bits(item) {
            let (byte, mask) = place(bit);
            self.0[byte] |= mask;
        }
    }

    /// Whether an emitter or a topic can be among the logs: `false` is certain, `true` is not.
    pub fn may_contain(&self, item: &[u8]) -> bool {
        self.may_contain_bits(BloomBits(bits(item)))
    }

    /// The same for bits that were worked out before.
    pub fn may_contain_bits(&self, bits: BloomBits) -> bool {
        bits.0.into_iter().all(|bit| {
            let (byte, mask) = place(bit);
            self.0[byte] & mask != 0
        })
    }

    /// Whether the emitter and every topic of a log can be among the logs.
    pub fn may_contain_log(&self, log: &WireLog) -> bool {
        self.may_contain(&log.address) && log.topics().iter().all(|topic| self.may_contain(topic))
    }

    /// No log at all, or a network that does not fill the filter.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&byte| byte == 0)
    }
}

/// Byte and mask of a bit; bit 0 is the lowest of the last byte.
fn place(bit: u16) -> (usize, u8) {
    // Bits have eleven digits, see `bits`.
    (255 - usize::from(bit >> 3), 1 << (bit & 7))
}

/// The three bits of an item, each of eleven binary digits.
fn bits(item: &[u8]) -> [u16; 3] {
    match item.len() {
        1..=32 => CACHE.with_borrow_mut(|cache| cache.bits(item)),
        _ => hashed_bits(item),
    }
}

fn hashed_bits(item: &[u8]) -> [u16; 3] {
    let hash = keccak256(item);
    [0, 2, 4].map(|at| u16::from_be_bytes([hash[at], hash[at + 1]]) & 0x7ff)
}

thread_local! {
    static CACHE: RefCell<BitCache> = RefCell::new(BitCache::default());
}

/// Tokens and event keys come again and again, and a hash costs more than the rest of the filter.
struct BitCache(Box<[CachedBits; BitCache::SIZE]>);

#[derive(Clone, Copy)]
struct CachedBits {
    len: u8,
    item: [u8; 32],
    bits: [u16; 3],
}

impl Default for BitCache {
    fn default() -> Self {
        Self(Box::new([CachedBits { len: 0, item: [0; 32], bits: [0; 3] }; Self::SIZE]))
    }
}

impl BitCache {
    const SIZE: usize = 512;

    /// `item` has 1 to 32 bytes.
    fn bits(&mut self, item: &[u8]) -> [u16; 3] {
        let entry = &mut self.0[slot(item) % Self::SIZE];
        if usize::from(entry.len) != item.len() || &entry.item[..item.len()] != item {
            *entry = CachedBits { len: item.len() as u8, item: [0; 32], bits: hashed_bits(item) };
            entry.item[..item.len()].copy_from_slice(item);
        }
        entry.bits
    }
}

/// Addresses and hashes are spread evenly in their last bytes; small numbers differ in the very last.
fn slot(item: &[u8]) -> usize {
    item.iter().rev().take(4).fold(0, |slot, &byte| slot * 31 + usize::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_contained_and_hardly_anything_else() {
        let mut bloom = Bloom::default();
        assert!(bloom.is_empty());
        bloom.accrue(&[1; 20]);
        bloom.accrue(&[2; 32]);
        assert!(bloom.may_contain(&[1; 20]) && bloom.may_contain(&[2; 32]));
        assert!(!bloom.may_contain(&[1; 32]) && !bloom.may_contain(&[7; 20]));
        assert_eq!(bloom.0.iter().map(|byte| byte.count_ones()).sum::<u32>(), 6);
    }

    #[test]
    fn the_cache_tells_items_of_one_slot_apart() {
        let mut cache = BitCache::default();
        let (short, long) = ([5; 20], [5; 32]);
        for item in [&short[..], &long, &short, &long] {
            assert_eq!(cache.bits(item), hashed_bits(item));
        }
    }
}
