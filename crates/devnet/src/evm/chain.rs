//! The tree of blocks and the path through it that is the chain: mining, falling back and reorganising.

use std::{collections::HashMap, sync::Arc};

use alloy_primitives::{Address, B256};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    block::{Block, Body, Kind},
    config::EvmDevnetConfig,
    producer::{Nonces, Producer},
    spec::TxSpec,
    traffic::{Cast, seeded},
    workload::Workload,
};

/// What one command did to the chain.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// Newest first.
    pub(crate) undone: Vec<Arc<Block>>,
    /// Oldest first.
    pub(crate) added: Vec<Arc<Block>>,
}

/// A fork beside the chain, as high as its head was.
#[derive(Debug)]
pub(crate) struct Branch {
    /// The number of its first block.
    pub(crate) from: u64,
    /// Its blocks.
    pub(crate) hashes: Vec<B256>,
}

/// The network's blocks. Blocks are never forgotten: those off the chain stay reachable by hash.
pub(crate) struct Chain {
    producer: Producer,
    workload: Option<Workload>,
    tree: HashMap<B256, Arc<Block>>,
    canonical: Vec<B256>,
    including: HashMap<B256, Vec<B256>>,
    nonces: Nonces,
    /// For each block made here, what the nonces of its senders were before.
    nonces_before: HashMap<B256, Vec<(Address, u64)>>,
    /// Counts undoings, so that what replaces a block differs from it.
    generation: u64,
    marks: Marks,
    branch: Option<(B256, Arc<Branch>)>,
}

/// The heights that the finality tags name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) safe: u64,
    pub(crate) finalized: u64,
}

impl Chain {
    pub(crate) fn new(config: EvmDevnetConfig) -> Self {
        let cast = Cast::new(&config);
        let workload = config.workload.map(|shape| Workload::new(&config, shape, &cast));
        let mut chain = Self {
            canonical: workload.as_ref().map_or_else(Vec::new, |workload| workload.hashes().to_vec()),
            producer: Producer { config, cast },
            workload,
            tree: HashMap::new(),
            including: HashMap::new(),
            nonces: HashMap::new(),
            nonces_before: HashMap::new(),
            generation: 0,
            marks: Marks::default(),
            branch: None,
        };
        if chain.canonical.is_empty() {
            let genesis = chain.producer.build(B256::ZERO, 0, Vec::new(), "genesis");
            chain.append(genesis);
        }
        chain.advance_marks();
        chain
    }

    pub(crate) fn config(&self) -> &EvmDevnetConfig {
        &self.producer.config
    }

    pub(crate) fn cast(&self) -> &Cast {
        &self.producer.cast
    }

    pub(crate) fn workload(&self) -> Option<&Workload> {
        self.workload.as_ref()
    }

    pub(crate) fn marks(&self) -> Marks {
        self.marks
    }

    /// The number of the best block.
    pub(crate) fn head(&self) -> u64 {
        self.canonical.len() as u64 - 1
    }

    pub(crate) fn hash_at(&self, number: u64) -> Option<B256> {
        self.canonical.get(usize::try_from(number).ok()?).copied()
    }

    /// The block with this hash, on whatever fork.
    pub(crate) fn block(&self, hash: &B256) -> Option<Arc<Block>> {
        if let Some(block) = self.tree.get(hash) {
            return Some(block.clone());
        }
        let workload = self.workload.as_ref()?;
        workload.number_of(hash).map(|number| workload.block(number))
    }

    /// The hashes of the blocks, on whatever fork, that include this transaction. Those of the workload are not known.
    pub(crate) fn including(&self, transaction: &B256) -> &[B256] {
        self.including.get(transaction).map_or(&[], Vec::as_slice)
    }

    /// Adds `count` blocks of generated traffic.
    pub(crate) fn mine(&mut self, count: u64) -> Change {
        let added = (0..count).map(|_| self.extend(Vec::new(), self.config().transactions_per_block));
        Change { added: added.collect(), ..Change::default() }
    }

    /// Adds one block with exactly `specs`.
    pub(crate) fn mine_with(&mut self, specs: Vec<TxSpec>) -> Change {
        let bodies = self.producer.place(&mut self.nonces.clone(), specs);
        let block = self.producer.build(self.tip(), self.head() + 1, bodies, &self.lineage());
        Change { added: vec![self.append(block)], ..Change::default() }
    }

    /// Takes back the last `depth` blocks, but never block 0.
    pub(crate) fn rollback(&mut self, depth: u64) -> Change {
        let mut undone = Vec::new();
        for _ in 0..depth.min(self.head()) {
            let Some(hash) = self.canonical.pop() else { break };
            undone.extend(self.block(&hash));
            for (sender, nonce) in self.nonces_before.remove(&hash).unwrap_or_default() {
                self.nonces.insert(sender, nonce);
            }
        }
        self.generation += 1;
        self.marks.safe = self.marks.safe.min(self.head());
        self.marks.finalized = self.marks.finalized.min(self.head());
        Change { undone, added: Vec::new() }
    }

    /// Replaces the last `depth` blocks by `new_blocks` others. Of the transactions undone about a quarter vanish; the others
    /// come back somewhere in the new blocks.
    pub(crate) fn reorg(&mut self, depth: u64, new_blocks: u64) -> Change {
        let Change { undone, .. } = self.rollback(depth);
        let mut rng = self.dice("reorg");
        let mut returning = vec![Vec::new(); usize::try_from(new_blocks).unwrap_or(usize::MAX)];
        for placed in undone.iter().rev().flat_map(|block| &block.transactions) {
            if placed.body.kind == Kind::Deposit || returning.is_empty() || rng.random_ratio(1, 4) {
                continue;
            }
            let slot = rng.random_range(0..returning.len());
            returning[slot].push(placed.body.clone());
        }
        let added = returning.into_iter().map(|bodies| {
            let fresh = self.config().transactions_per_block.saturating_sub(bodies.len());
            self.extend(bodies, fresh)
        });
        Change { added: added.collect(), undone }
    }

    /// A fork beside the chain that replaces its last `depth` blocks; the same one until the head moves.
    pub(crate) fn branch(&mut self, depth: u64) -> Arc<Branch> {
        let depth = depth.clamp(1, self.head().max(1));
        let from = (self.head() + 1).saturating_sub(depth).max(1);
        let tip = self.tip();
        if let Some((at, branch)) = &self.branch
            && *at == tip
            && branch.from == from
        {
            return branch.clone();
        }
        let mut parent = self.hash_at(from - 1).unwrap_or_default();
        let mut nonces = self.nonces.clone();
        let mut hashes = Vec::new();
        for number in from..=self.head() {
            let lineage = format!("branch/{tip}");
            let bodies =
                self.producer.generate(&mut nonces, self.config().transactions_per_block, number, &lineage);
            let block = Arc::new(self.producer.build(parent, number, bodies, &lineage));
            parent = block.hash;
            hashes.push(parent);
            self.tree.insert(parent, block);
        }
        let branch = Arc::new(Branch { from, hashes });
        self.branch = Some((tip, branch.clone()));
        branch
    }

    fn tip(&self) -> B256 {
        self.canonical.last().copied().unwrap_or_default()
    }

    fn lineage(&self) -> String {
        format!("chain/{}", self.generation)
    }

    fn dice(&self, purpose: &str) -> StdRng {
        StdRng::from_seed(seeded(self.config().seed, format_args!("{purpose}/{}", self.generation)).0)
    }

    fn extend(&mut self, returning: Vec<Arc<Body>>, fresh: usize) -> Arc<Block> {
        let mut nonces = self.nonces.clone();
        for body in &returning {
            let next = nonces.entry(body.from).or_default();
            *next = (*next).max(body.nonce + 1);
        }
        let (number, lineage) = (self.head() + 1, self.lineage());
        let mut bodies = self.producer.generate(&mut nonces, fresh, number, &lineage);
        bodies.extend(returning);
        let block = self.producer.build(self.tip(), number, bodies, &lineage);
        self.append(block)
    }

    fn append(&mut self, block: Block) -> Arc<Block> {
        let block = Arc::new(block);
        let mut before = Vec::new();
        for placed in &block.transactions {
            let body = &placed.body;
            let next = self.nonces.entry(body.from).or_default();
            if !before.iter().any(|(sender, _)| *sender == body.from) {
                before.push((body.from, *next));
            }
            *next = (*next).max(body.nonce + 1);
            self.including.entry(body.hash).or_default().push(block.hash);
        }
        self.nonces_before.insert(block.hash, before);
        self.tree.insert(block.hash, block.clone());
        self.canonical.push(block.hash);
        self.advance_marks();
        block
    }

    fn advance_marks(&mut self) {
        let Some(finality) = self.config().finality else { return };
        let reached = |depth: u64| self.head().saturating_sub(depth);
        let (safe, finalized) = (reached(finality.safe_depth), reached(finality.finalized_depth));
        self.marks.safe = self.marks.safe.max(safe);
        self.marks.finalized = self.marks.finalized.max(finalized);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn commands(seed: u64) -> Chain {
        let mut chain = Chain::new(EvmDevnetConfig { seed, ..EvmDevnetConfig::default() });
        chain.mine(20);
        chain.reorg(3, 4);
        chain.rollback(2);
        chain.mine(5);
        chain
    }

    #[test]
    fn the_same_seed_and_commands_give_the_same_chain() {
        assert_eq!(commands(7).canonical, commands(7).canonical);
        assert_ne!(commands(7).canonical, commands(8).canonical);
    }

    #[test]
    fn every_block_links_to_the_one_before_and_hashes_to_its_hash() {
        let chain = commands(3);
        assert_eq!(chain.head(), 24);
        for number in 1..=chain.head() {
            let block = chain.block(&chain.hash_at(number).unwrap()).unwrap();
            assert_eq!(block.header.parent_hash, chain.hash_at(number - 1).unwrap());
            assert_eq!(block.header.hash(), block.hash);
            assert_eq!(block.header.number, number);
        }
    }

    #[test]
    fn a_reorganisation_keeps_some_transactions_and_loses_others() {
        let mut chain = commands(5);
        let change = chain.reorg(4, 5);
        let hashes = |blocks: &[Arc<Block>]| -> HashSet<B256> {
            blocks.iter().flat_map(|block| &block.transactions).map(|placed| placed.body.hash).collect()
        };
        let (old, new) = (hashes(&change.undone), hashes(&change.added));
        assert!(old.intersection(&new).count() > 5);
        assert!(old.difference(&new).count() > 0);
        assert!(new.difference(&old).count() > 0);
        for block in &change.undone {
            assert_eq!(chain.block(&block.hash).unwrap().hash, block.hash);
            assert_ne!(chain.hash_at(block.header.number), Some(block.hash));
        }
    }

    #[test]
    fn the_same_transactions_have_the_same_hashes_on_another_fork() {
        let mut chain = commands(5);
        let spec = TxSpec { from: Address::with_last_byte(9), ..TxSpec::default() };
        let first = chain.mine_with(vec![spec.clone(), spec.clone()]).added.remove(0);
        chain.rollback(1);
        let second = chain.mine_with(vec![spec.clone(), spec]).added.remove(0);
        assert_ne!(first.hash, second.hash);
        let hashes =
            |block: &Block| block.transactions.iter().map(|placed| placed.body.hash).collect::<Vec<_>>();
        assert_eq!(hashes(&first), hashes(&second));
        assert_ne!(hashes(&first)[0], hashes(&first)[1]);
    }

    #[test]
    fn no_transaction_is_twice_on_the_chain() {
        let mut chain = commands(11);
        for round in 1..20 {
            chain.reorg(round % 5, round % 4);
            chain.mine(2);
        }
        let mut seen = HashSet::new();
        for hash in &chain.canonical {
            for placed in &chain.block(hash).unwrap().transactions {
                assert!(seen.insert(placed.body.hash));
            }
        }
    }

    #[test]
    fn a_branch_changes_nothing_of_the_chain() {
        let (mut with, without) = (commands(2), commands(2));
        let branch = with.branch(3);
        assert_eq!(with.canonical, without.canonical);
        assert_eq!(branch.hashes.len(), 3);
        assert_eq!(branch.from, with.head() - 2);
        assert_ne!(with.hash_at(branch.from), Some(branch.hashes[0]));
        assert!(Arc::ptr_eq(&branch, &with.branch(3)));
    }

    #[test]
    fn finality_marks_fall_only_below_a_deeper_reorganisation() {
        let mut chain = commands(2);
        assert_eq!((chain.marks.safe, chain.marks.finalized), (20, 16));
        chain.rollback(3);
        assert_eq!((chain.marks.safe, chain.marks.finalized), (20, 16));
        chain.rollback(10);
        assert_eq!((chain.marks.safe, chain.marks.finalized), (11, 11));
    }
}
