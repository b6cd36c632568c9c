//! The slots and their blocks: mining, skipping, falling back and reorganising.

use std::{collections::HashMap, sync::Arc};

use rand::{Rng, seq::IndexedRandom};

use super::{
    base58::{Blockhash, Pubkey, Signature},
    block::{Block, Body},
    config::SolanaDevnetConfig,
    ledger::{Ledger, Undo},
    producer::{Place, Producer, Sequences},
    spec::TxSpec,
};

/// What one command did to the chain, in order.
#[derive(Debug, Default)]
pub(crate) struct Change(pub(crate) Vec<News>);

/// Something that those who listen may want to know.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// A block was processed, and the root was this slot then.
    Processed(Arc<Block>, u64),
    /// A block was confirmed.
    Confirmed(Arc<Block>),
    /// A block was finalized.
    Finalized(Arc<Block>),
}

/// Where a transaction is: the slot, and the index in the block.
pub(crate) type Location = (u64, u32);

/// The network's slots. What is taken back is forgotten, as nodes forget it.
pub(crate) struct Chain {
    producer: Producer,
    /// By slot; `None` is a skipped one.
    slots: Vec<Option<Arc<Block>>>,
    ledger: Ledger,
    sequences: Sequences,
    /// For each block what its senders' sequences and everyone's balances were before.
    before: HashMap<u64, (Vec<(Pubkey, u64)>, Undo)>,
    located: HashMap<Signature, Location>,
    /// For each key the transactions that name it, oldest first.
    history: HashMap<Pubkey, Vec<Location>>,
    /// Counts undoings, so that what replaces a block differs from it.
    generation: u64,
    marks: Marks,
    transactions: u64,
}

/// The slots of the blocks that are the newest of their commitment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) processed: u64,
    pub(crate) confirmed: u64,
    pub(crate) finalized: u64,
}

impl Chain {
    pub(crate) fn new(config: SolanaDevnetConfig) -> Self {
        let producer = Producer::new(config);
        let mut chain = Self {
            slots: Vec::new(),
            ledger: producer.cast.endow(),
            producer,
            sequences: HashMap::new(),
            before: HashMap::new(),
            located: HashMap::new(),
            history: HashMap::new(),
            generation: 0,
            marks: Marks::default(),
            transactions: 0,
        };
        chain.append(0, "genesis", |_, _, _| Vec::new(), &mut Change::default());
        chain
    }

    pub(crate) fn config(&self) -> &SolanaDevnetConfig {
        &self.producer.config
    }

    pub(crate) fn producer(&self) -> &Producer {
        &self.producer
    }

    pub(crate) fn marks(&self) -> Marks {
        self.marks
    }

    /// The slot of the newest block.
    pub(crate) fn head(&self) -> u64 {
        self.marks.processed
    }

    pub(crate) fn block(&self, slot: u64) -> Option<&Arc<Block>> {
        self.slots.get(usize::try_from(slot).ok()?)?.as_ref()
    }

    /// The newest block at or below a slot. There is always the one of slot 0.
    pub(crate) fn block_at_or_below(&self, slot: u64) -> Option<&Arc<Block>> {
        let end = usize::try_from(slot).unwrap_or(usize::MAX).saturating_add(1).min(self.slots.len());
        self.slots[..end].iter().rev().find_map(Option::as_ref)
    }

    /// The blocks of a range of slots, in order.
    pub(crate) fn blocks(&self, from: u64, to: u64) -> impl DoubleEndedIterator<Item = &Arc<Block>> {
        let bound = |slot: u64| usize::try_from(slot).unwrap_or(usize::MAX).min(self.slots.len());
        let (from, end) = (bound(from), bound(to.saturating_add(1)));
        self.slots[from..end.max(from)].iter().flatten()
    }

    pub(crate) fn locate(&self, signature: &Signature) -> Option<Location> {
        self.located.get(signature).copied()
    }

    /// The transactions that name a key, oldest first.
    pub(crate) fn history(&self, key: &Pubkey) -> &[Location] {
        self.history.get(key).map_or(&[], Vec::as_slice)
    }

    /// Transactions up to and with the head.
    pub(crate) fn transaction_count(&self) -> u64 {
        self.transactions
    }

    /// What an account held at a slot.
    pub(crate) fn lamports(&self, key: &Pubkey, slot: u64) -> u64 {
        let later = self.blocks(slot.saturating_add(1), self.head());
        let before = |block: &Arc<Block>| self.before.get(&block.slot())?.1.lamports(key);
        later.into_iter().find_map(before).unwrap_or_else(|| self.ledger.lamports(key))
    }

    /// Adds `count` slots; some stay without a block.
    pub(crate) fn mine(&mut self, count: u64) -> Change {
        let mut change = Change::default();
        for _ in 0..count {
            let lineage = self.lineage();
            let mut dice = self.producer.dice("skip", &self.place(self.next_slot(), &lineage));
            if dice.random::<f64>() < self.config().skip_rate {
                self.slots.push(None);
            } else {
                self.extend(Vec::new(), &mut change);
            }
        }
        change
    }

    /// Adds one block with exactly `specs`.
    pub(crate) fn mine_with(&mut self, specs: Vec<TxSpec>) -> Change {
        let mut change = Change::default();
        let lineage = self.lineage();
        let bodies = move |producer: &Producer, sequences: &mut Sequences, place: &Place<'_>| {
            producer.sign(sequences, specs, place.recent)
        };
        self.append(self.next_slot(), &lineage, bodies, &mut change);
        change
    }

    /// Takes back the last `depth` slots, but never slot 0.
    pub(crate) fn rollback(&mut self, depth: u64) -> Change {
        self.take_back(depth);
        Change::default()
    }

    /// Replaces the last `depth` slots, but none that is finalized, by `new_len` others. Of the transactions undone about a
    /// quarter vanish; the others come back somewhere in the new blocks, except votes.
    pub(crate) fn reorg(&mut self, depth: u64, new_len: u64) -> Change {
        let depth = depth.min(self.next_slot() - 1 - self.marks.finalized);
        let undone = self.take_back(depth);
        let lineage = self.lineage();
        let mut rng = self.producer.dice("reorg", &self.place(self.next_slot(), &lineage));
        let skip_rate = self.config().skip_rate;
        // A fork ends in a block.
        let skipped: Vec<bool> =
            (1..=new_len).map(|slot| slot < new_len && rng.random::<f64>() < skip_rate).collect();
        let with_block: Vec<usize> = (0..skipped.len()).filter(|index| !skipped[*index]).collect();
        let mut returning = vec![Vec::new(); skipped.len()];
        for placed in undone.iter().rev().flat_map(|block| &block.transactions) {
            if placed.body.is_vote() || rng.random_ratio(1, 4) {
                continue;
            }
            if let Some(index) = with_block.choose(&mut rng) {
                returning[*index].push(placed.body.clone());
            }
        }
        let mut change = Change::default();
        for (bodies, skipped) in returning.into_iter().zip(skipped) {
            if skipped {
                self.slots.push(None);
            } else {
                self.extend(bodies, &mut change);
            }
        }
        change
    }

    fn next_slot(&self) -> u64 {
        self.slots.len() as u64
    }

    fn lineage(&self) -> String {
        format!("chain/{}", self.generation)
    }

    /// Adds a block of generated traffic and of what comes back from another fork.
    fn extend(&mut self, returning: Vec<Arc<Body>>, change: &mut Change) {
        let (slot, lineage) = (self.next_slot(), self.lineage());
        let fresh = self.config().transactions_per_block.saturating_sub(returning.len());
        let bodies = move |producer: &Producer, sequences: &mut Sequences, place: &Place<'_>| {
            for body in &returning {
                let next = sequences.entry(body.spec.payer).or_default();
                *next = (*next).max(body.sequence + 1);
            }
            let mut bodies = producer.generate(sequences, fresh, place);
            bodies.extend(returning);
            bodies
        };
        self.append(slot, &lineage, bodies, change);
    }

    fn place<'a>(&self, slot: u64, lineage: &'a str) -> Place<'a> {
        let parent = self.block_at_or_below(slot);
        let lag = self.config().finalized_lag + 1;
        let recent = self.block_at_or_below(slot.saturating_sub(lag));
        Place {
            slot,
            parent_slot: parent.map_or(0, |block| block.slot()),
            parent_hash: parent.map_or_else(Blockhash::default, |block| block.hash),
            height: parent.map_or(0, |block| block.header.height + 1),
            recent: recent.map_or_else(Blockhash::default, |block| block.hash),
            lineage,
        }
    }

    fn append(
        &mut self,
        slot: u64,
        lineage: &str,
        bodies: impl FnOnce(&Producer, &mut Sequences, &Place<'_>) -> Vec<Arc<Body>>,
        change: &mut Change,
    ) {
        let place = self.place(slot, lineage);
        let mut sequences = self.sequences.clone();
        let bodies = bodies(&self.producer, &mut sequences, &place);
        let (block, undo) = self.producer.build(&place, bodies, &mut self.ledger);
        let mut senders: Vec<(Pubkey, u64)> = Vec::new();
        for (index, placed) in (0..).zip(&block.transactions) {
            let payer = placed.body.spec.payer;
            if !senders.iter().any(|(sender, _)| *sender == payer) {
                senders.push((payer, self.sequences.get(&payer).copied().unwrap_or_default()));
            }
            self.located.insert(placed.body.id(), (slot, index));
            for key in &placed.body.message.keys {
                self.history.entry(*key).or_default().push((slot, index));
            }
        }
        self.sequences = sequences;
        self.transactions += block.transactions.len() as u64;
        self.before.insert(slot, (senders, undo));
        self.slots.push(Some(Arc::new(block)));
        self.advance(change);
    }

    /// Moves the marks after a new block, and tells of it.
    fn advance(&mut self, change: &mut Change) {
        let Some(newest) = self.slots.last().cloned().flatten() else { return };
        let head = newest.slot();
        self.marks.processed = head;
        change.0.push(News::Processed(newest, self.marks.finalized));
        let config = self.config();
        let (confirmed_lag, finalized_lag) = (config.confirmed_lag, config.finalized_lag);
        let reached = |chain: &Self, lag: u64| {
            let slot = head.checked_sub(lag)?;
            chain.block_at_or_below(slot).map(|block| block.slot())
        };
        if let Some(confirmed) = reached(self, confirmed_lag.min(finalized_lag)) {
            let passed = self.blocks(self.marks.confirmed + 1, confirmed).cloned();
            change.0.extend(passed.map(News::Confirmed));
            self.marks.confirmed = self.marks.confirmed.max(confirmed);
        }
        if let Some(finalized) = reached(self, finalized_lag) {
            let passed = self.blocks(self.marks.finalized + 1, finalized).cloned();
            change.0.extend(passed.map(News::Finalized));
            self.marks.finalized = self.marks.finalized.max(finalized);
        }
    }

    /// The blocks taken back, newest first.
    fn take_back(&mut self, depth: u64) -> Vec<Arc<Block>> {
        let mut undone = Vec::new();
        for _ in 0..depth.min(self.next_slot() - 1) {
            let Some(slot) = self.slots.pop() else { break };
            let Some(block) = slot else { continue };
            self.forget(&block);
            undone.push(block);
        }
        self.generation += 1;
        let head = self.block_at_or_below(u64::MAX).map_or(0, |block| block.slot());
        self.marks.processed = head;
        self.marks.confirmed = self.marks.confirmed.min(head);
        self.marks.finalized = self.marks.finalized.min(head);
        undone
    }

    fn forget(&mut self, block: &Block) {
        for placed in block.transactions.iter().rev() {
            self.located.remove(&placed.body.id());
            for key in &placed.body.message.keys {
                if let Some(history) = self.history.get_mut(key) {
                    history.pop();
                }
            }
        }
        self.transactions -= block.transactions.len() as u64;
        if let Some((sequences, undo)) = self.before.remove(&block.slot()) {
            self.sequences.extend(sequences);
            self.ledger.take_back(undo);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{super::spec::Told, *};

    fn start(config: SolanaDevnetConfig) -> Chain {
        Chain::new(SolanaDevnetConfig { finalized_lag: 6, ..config })
    }

    fn commands(seed: u64) -> Chain {
        let mut chain = start(SolanaDevnetConfig { seed, skip_rate: 0.2, ..SolanaDevnetConfig::default() });
        chain.mine(20);
        chain.reorg(3, 4);
        chain.rollback(2);
        chain.mine(5);
        chain
    }

    fn hashes(chain: &Chain) -> Vec<Blockhash> {
        chain.blocks(0, u64::MAX).map(|block| block.hash).collect()
    }

    #[test]
    fn the_same_seed_and_commands_give_the_same_chain() {
        assert_eq!(hashes(&commands(7)), hashes(&commands(7)));
        assert_ne!(hashes(&commands(7)), hashes(&commands(8)));
    }

    #[test]
    fn blocks_link_over_skipped_slots() {
        let chain = commands(3);
        assert_eq!(chain.next_slot(), 25);
        let blocks: Vec<_> = chain.blocks(0, u64::MAX).collect();
        assert!(blocks.len() < 25);
        for pair in blocks.windows(2) {
            let header = &pair[1].header;
            assert_eq!((header.parent_slot, header.parent_hash), (pair[0].slot(), pair[0].hash));
            assert_eq!(header.height, pair[0].header.height + 1);
            assert_eq!(header.time, 1_700_000_000 + header.slot as i64 * 2 / 5);
        }
    }

    #[test]
    fn a_reorganisation_keeps_some_transactions_and_stops_at_what_is_final() {
        let mut chain = commands(5);
        let before: HashMap<_, _> =
            chain.blocks(0, u64::MAX).map(|block| (block.slot(), block.hash)).collect();
        let located = chain.located.clone();
        let final_slot = chain.marks.finalized;
        chain.reorg(100, 8);
        assert_eq!(chain.next_slot(), final_slot + 9);
        assert_eq!(chain.head(), final_slot + 8);
        for block in chain.blocks(0, u64::MAX) {
            let same = before.get(&block.slot()) == Some(&block.hash);
            assert_eq!(same, block.slot() <= final_slot, "slot {}", block.slot());
        }
        let undone = || located.iter().filter(|(_, (slot, _))| *slot > final_slot);
        let returned = undone().filter(|(signature, _)| chain.located.contains_key(*signature)).count();
        assert!(returned > 5 && returned < undone().count(), "{returned} of {}", undone().count());
    }

    #[test]
    fn no_transaction_is_twice_on_the_chain_and_all_are_found() {
        let mut chain = commands(11);
        for round in 1..20 {
            chain.reorg(round % 5, round % 4);
            chain.mine(2);
        }
        let mut seen = HashSet::new();
        for block in chain.blocks(0, u64::MAX) {
            for (index, placed) in (0..).zip(&block.transactions) {
                assert!(seen.insert(placed.body.id()));
                assert_eq!(chain.locate(&placed.body.id()), Some((block.slot(), index)));
                for key in &placed.body.message.keys {
                    assert!(chain.history(key).contains(&(block.slot(), index)));
                }
            }
        }
        assert_eq!(chain.located.len(), seen.len());
        assert_eq!(chain.transaction_count(), seen.len() as u64);
        for history in chain.history.values() {
            assert!(history.is_sorted());
        }
    }

    #[test]
    fn balances_follow_from_the_blocks_of_the_chain_alone() {
        let mut chain = commands(4);
        let accounts = chain.producer.cast.accounts.clone();
        let held = |chain: &Chain| accounts.iter().map(|key| chain.ledger.lamports(key)).collect::<Vec<_>>();
        let (head, before) = (chain.head(), held(&chain));
        chain.mine(4);
        assert_ne!(held(&chain), before);
        assert_eq!(accounts.iter().map(|key| chain.lamports(key, head)).collect::<Vec<_>>(), before);
        chain.rollback(chain.next_slot() - 1 - head);
        assert_eq!(held(&chain), before);
        chain.rollback(u64::MAX);
        assert_eq!(
            held(&chain),
            held(&start(SolanaDevnetConfig { seed: 4, ..SolanaDevnetConfig::default() }))
        );
    }

    #[test]
    fn what_a_transaction_takes_another_account_gets_or_the_fee_is() {
        let chain = commands(9);
        for block in chain.blocks(0, u64::MAX) {
            for placed in &block.transactions {
                let sum = |balances: &[u64]| balances.iter().sum::<u64>();
                assert_eq!(sum(&placed.before), sum(&placed.after) + placed.body.fee());
            }
        }
    }

    #[test]
    fn the_same_transactions_have_the_same_signatures_on_another_fork() {
        let mut chain = commands(5);
        let cast = &chain.producer.cast;
        let spec = TxSpec::transfer(cast.programs[0], cast.accounts[0], cast.accounts[1], 7, Told::Cpi);
        let mut mine = || {
            chain.mine_with(vec![spec.clone(), spec.clone()]);
            let block = chain.block(chain.head()).unwrap().clone();
            chain.rollback(1);
            block
        };
        let (first, second) = (mine(), mine());
        assert_ne!(first.hash, second.hash);
        let ids =
            |block: &Block| block.transactions.iter().map(|placed| placed.body.id()).collect::<Vec<_>>();
        assert_eq!(ids(&first), ids(&second));
        assert_ne!(ids(&first)[0], ids(&first)[1]);
    }

    #[test]
    fn marks_trail_the_head_and_fall_only_below_a_deeper_fall() {
        let config = SolanaDevnetConfig { skip_rate: 0.0, ..SolanaDevnetConfig::default() };
        let mut chain = start(config);
        chain.mine(20);
        let marks = |processed, confirmed, finalized| Marks { processed, confirmed, finalized };
        assert_eq!(chain.marks(), marks(20, 19, 14));
        chain.rollback(3);
        assert_eq!(chain.marks(), marks(17, 17, 14));
        chain.rollback(10);
        assert_eq!(chain.marks(), marks(7, 7, 7));
    }

    #[test]
    fn news_tell_each_block_once_of_each_commitment() {
        let mut chain = start(SolanaDevnetConfig { skip_rate: 0.3, ..SolanaDevnetConfig::default() });
        let Change(news) = chain.mine(60);
        let told = |wanted: fn(&News) -> Option<u64>| news.iter().filter_map(wanted).collect::<Vec<_>>();
        let slots = |to: u64| chain.blocks(1, to).map(|block| block.slot()).collect::<Vec<_>>();
        let processed = |news: &News| matches!(news, News::Processed(..)).then(|| slot_of(news));
        let confirmed = |news: &News| matches!(news, News::Confirmed(_)).then(|| slot_of(news));
        let finalized = |news: &News| matches!(news, News::Finalized(_)).then(|| slot_of(news));
        let marks = chain.marks();
        assert_eq!(told(processed), slots(marks.processed));
        assert_eq!(told(confirmed), slots(marks.confirmed));
        assert_eq!(told(finalized), slots(marks.finalized));
    }

    fn slot_of(news: &News) -> u64 {
        match news {
            News::Processed(block, _) | News::Confirmed(block) | News::Finalized(block) => block.slot(),
        }
    }
}
