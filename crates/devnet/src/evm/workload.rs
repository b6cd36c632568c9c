//! The reference workload chain, made on the fly: the hashes of its blocks are held, everything else follows from the number.

use std::{collections::HashMap, sync::Arc};

use alloy_primitives::{Address, B256, Bloom, U256};

use super::{
    block::{Block, Body, Kind, Placed, bloom_bits, set_bits},
    config::{EvmDevnetConfig, WorkloadShape},
    header::{EMPTY_ROOT, Header},
    spec::{LogSpec, TRANSFER, transfer_input},
    traffic::{Cast, seeded},
};

/// Blocks 0 and 1 are empty.
const FIRST: u64 = 2;
const ACCOUNTS: u64 = 10;
const GAS: u64 = 23_832;

/// The chain. Its header hashes are those of the synthetic chain known by `seed 1, 20000 x 50`.
pub(crate) struct Workload {
    seed: u64,
    shape: WorkloadShape,
    genesis_time: u64,
    block_time: u64,
    tokens: Vec<Party>,
    accounts: Vec<Party>,
    transfer_bits: [u16; 3],
    /// The bloom of a block depends on its number modulo the number of accounts only.
    blooms: Vec<Bloom>,
    hashes: Vec<B256>,
    numbers: HashMap<B256, u64>,
}

/// A contract or account with its bits in blooms, which cost a hash each.
#[derive(Clone, Copy)]
struct Party {
    address: Address,
    bits: [u16; 3],
}

/// A `Transfer` of the workload, before anything costly is derived.
pub(crate) struct WorkloadLog {
    pub(crate) index: u64,
    pub(crate) address: Address,
    pub(crate) topics: [B256; 3],
    bloom_bits: [[u16; 3]; 4],
    from: Address,
    to: Address,
    value: u64,
}

impl WorkloadLog {
    pub(crate) fn data(&self) -> [u8; 32] {
        U256::from(self.value).to_be_bytes()
    }
}

impl Workload {
    pub(crate) fn new(config: &EvmDevnetConfig, shape: WorkloadShape, cast: &Cast) -> Self {
        let token = |address: &Address| Party { address: *address, bits: bloom_bits(&address[..]) };
        // Accounts only ever appear as topics.
        let account =
            |address: &Address| Party { address: *address, bits: bloom_bits(&address.into_word()[..]) };
        let mut workload = Self {
            seed: config.seed,
            shape,
            genesis_time: config.genesis_time,
            block_time: config.block_time,
            tokens: cast.tokens.iter().take(shape.tokens.max(1)).map(token).collect(),
            accounts: cast.accounts.iter().cycle().take(ACCOUNTS as usize).map(account).collect(),
            transfer_bits: bloom_bits(&TRANSFER[..]),
            blooms: Vec::new(),
            hashes: Vec::new(),
            numbers: HashMap::new(),
        };
        workload.blooms = (0..ACCOUNTS).map(|offset| workload.bloom(FIRST + offset)).collect();
        for number in 0..=workload.last() {
            let hash = workload.header(number).hash();
            workload.hashes.push(hash);
            workload.numbers.insert(hash, number);
        }
        workload
    }

    /// The number of the last block.
    pub(crate) fn last(&self) -> u64 {
        self.shape.blocks + FIRST - 1
    }

    /// All block hashes in order.
    pub(crate) fn hashes(&self) -> &[B256] {
        &self.hashes
    }

    /// The number of the block with this hash.
    pub(crate) fn number_of(&self, hash: &B256) -> Option<u64> {
        self.numbers.get(hash).copied()
    }

    pub(crate) fn timestamp(&self, number: u64) -> u64 {
        self.genesis_time + self.block_time * number
    }

    /// The logs of a block in order.
    pub(crate) fn logs(&self, number: u64) -> impl Iterator<Item = WorkloadLog> + '_ {
        let count = if number >= FIRST && number <= self.last() { self.shape.logs_per_block } else { 0 };
        let block = number.saturating_sub(FIRST);
        (0..count).map(move |index| {
            let from = self.account(index + block);
            let to = self.account(index + block + 1 + index % 7);
            let token = self.tokens[index as usize % self.tokens.len()];
            WorkloadLog {
                index,
                address: token.address,
                topics: [TRANSFER, from.address.into_word(), to.address.into_word()],
                bloom_bits: [token.bits, self.transfer_bits, from.bits, to.bits],
                from: from.address,
                to: to.address,
                value: if block % 50 == index { 5000 + block } else { 1 + (31 * block + 17 * index) % 1000 },
            }
        })
    }

    pub(crate) fn transaction_hash(&self, number: u64, index: u64) -> B256 {
        seeded(self.seed, format_args!("tx/{number}/{index}"))
    }

    /// The whole block.
    pub(crate) fn block(&self, number: u64) -> Arc<Block> {
        let placed = self.logs(number).map(|log| Placed {
            first_log: log.index,
            cumulative_gas: (log.index + 1) * GAS,
            body: Arc::new(self.body(number, &log)),
        });
        let hash = self.hashes.get(number as usize).copied().unwrap_or_default();
        Arc::new(Block { hash, header: self.header(number), transactions: placed.collect() })
    }

    fn account(&self, index: u64) -> Party {
        self.accounts[(index % ACCOUNTS) as usize]
    }

    fn body(&self, number: u64, log: &WorkloadLog) -> Body {
        Body {
            hash: self.transaction_hash(number, log.index),
            kind: Kind::Legacy,
            from: log.from,
            to: Some(log.address),
            nonce: ((number - FIRST) * self.shape.logs_per_block + log.index) / ACCOUNTS,
            value: U256::ZERO,
            input: transfer_input(log.to, U256::from(log.value)),
            gas_limit: 100_000,
            gas_used: GAS,
            gas_price: 1,
            success: true,
            bloom_bits: log.bloom_bits.to_vec(),
            logs: vec![LogSpec {
                address: log.address,
                topics: log.topics.to_vec(),
                data: log.data().into(),
            }],
        }
    }

    fn bloom(&self, number: u64) -> Bloom {
        let mut bloom = Bloom::ZERO;
        self.logs(number).for_each(|log| set_bits(&mut bloom, &log.bloom_bits));
        bloom
    }

    fn header(&self, number: u64) -> Header {
        let parent = number.checked_sub(1).and_then(|parent| self.hashes.get(parent as usize));
        let root = |name: &str| seeded(self.seed, format_args!("{name}/{number}"));
        let header = Header {
            state_root: root("state"),
            mix_hash: root("mix"),
            ..Header::empty(number, parent.copied().unwrap_or_default(), self.timestamp(number))
        };
        if number < FIRST {
            return Header { receipts_root: EMPTY_ROOT, ..header };
        }
        Header {
            transactions_root: root("txroot"),
            receipts_root: root("rcroot"),
            gas_used: self.shape.logs_per_block * GAS,
            logs_bloom: self.blooms[((number - FIRST) % ACCOUNTS) as usize],
            ..header
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::b256;

    use super::*;

    #[test]
    fn the_workload_of_20000_blocks_ends_in_its_known_hash() {
        let config = EvmDevnetConfig::workload(20_000, 50, 50);
        let workload = Workload::new(&config, config.workload.unwrap(), &Cast::new(&config));
        assert_eq!(workload.last(), 20_001);
        assert_eq!(
            workload.hashes[20_001],
            b256!("ddd19ee90e8595c3aa97c450dbfa1d800c9c9426f0fb4e846a7511876bbc4e46")
        );
    }

    #[test]
    fn one_transfer_per_block_is_large_and_blocks_zero_and_one_are_empty() {
        let config = EvmDevnetConfig::workload(120, 50, 50);
        let workload = Workload::new(&config, config.workload.unwrap(), &Cast::new(&config));
        assert_eq!(workload.logs(0).count() + workload.logs(1).count() + workload.logs(122).count(), 0);
        for number in 2..122 {
            let large: Vec<_> = workload
                .logs(number)
                .filter(|log| log.value > 1000)
                .map(|log| (log.index, log.value))
                .collect();
            assert_eq!(large, [((number - 2) % 50, 5000 + number - 2)]);
        }
    }
}
