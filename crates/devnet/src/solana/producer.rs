//! Makes blocks: transactions from traffic or by hand, run one after the other on top of the balances.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use rand::{SeedableRng, rngs::StdRng};

use super::{
    accounts::{self, Account},
    base58::{Blockhash, Pubkey},
    block::{Balances, Block, Body, Header, Placed},
    config::SolanaDevnetConfig,
    execute,
    known::EventAuthorities,
    ledger::{Ledger, Overlay, Undo},
    message::Message,
    spec::TxSpec,
    traffic::Cast,
};
use crate::seed::seeded;

/// How many transactions each payer has sent.
pub(crate) type Sequences = HashMap<Pubkey, u64>;

/// Makes blocks; everything pseudo-random in them follows from the configured seed.
pub(crate) struct Producer {
    pub(crate) config: SolanaDevnetConfig,
    pub(crate) cast: Cast,
    pub(crate) authorities: EventAuthorities,
    descriptions: OnceLock<HashMap<Pubkey, Account>>,
}

/// Where a block goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) slot: u64,
    pub(crate) parent_slot: u64,
    pub(crate) parent_hash: Blockhash,
    pub(crate) height: u64,
    /// What transactions refer to: the hash of a block that no fork takes back.
    pub(crate) recent: Blockhash,
    /// Tells forks apart.
    pub(crate) lineage: &'a str,
}

impl Producer {
    pub(crate) fn new(config: SolanaDevnetConfig) -> Self {
        Self {
            cast: Cast::new(&config),
            config,
            authorities: EventAuthorities::default(),
            descriptions: OnceLock::new(),
        }
    }

    /// An account whose content is known.
    pub(crate) fn account(&self, key: &Pubkey) -> Option<&Account> {
        // Their addresses take long to derive, and are seldom asked for.
        self.descriptions.get_or_init(|| accounts::descriptions(&self.cast.programs)).get(key)
    }

    /// Pseudo-random numbers of their own for each purpose and place.
    pub(crate) fn dice(&self, purpose: &str, place: &Place<'_>) -> StdRng {
        let key = format_args!("solana/{purpose}/{}/{}", place.lineage, place.slot);
        StdRng::from_seed(seeded(self.config.seed, key))
    }

    /// Transactions by hand.
    pub(crate) fn sign(
        &self,
        sequences: &mut Sequences,
        specs: impl IntoIterator<Item = TxSpec>,
        recent: Blockhash,
    ) -> Vec<Arc<Body>> {
        let sign = |spec: TxSpec| {
            let next = sequences.entry(spec.payer).or_default();
            let sequence = *next;
            *next += 1;
            let message = Message::compile(&spec, recent, self.cast.table, &self.authorities);
            Arc::new(Body::new(self.config.seed, sequence, spec, message))
        };
        specs.into_iter().map(sign).collect()
    }

    /// Generated traffic: the votes for the parent first, then `count` transactions.
    pub(crate) fn generate(
        &self,
        sequences: &mut Sequences,
        count: usize,
        place: &Place<'_>,
    ) -> Vec<Arc<Body>> {
        let mut rng = self.dice("traffic", place);
        let votes = (0..self.config.votes_per_block)
            .map(|index| self.cast.vote(index, place.parent_slot, &place.parent_hash));
        let traffic = (0..count).map(|_| self.cast.transaction(&mut rng));
        self.sign(sequences, votes.chain(traffic).collect::<Vec<_>>(), place.recent)
    }

    /// Runs `bodies` in order and puts them into a block. Undone by the second answer.
    pub(crate) fn build(
        &self,
        place: &Place<'_>,
        bodies: Vec<Arc<Body>>,
        ledger: &mut Ledger,
    ) -> (Block, Undo) {
        let mut undo = Undo::default();
        let leader = self.cast.validators[place.slot as usize % self.cast.validators.len()].0;
        let fees: u64 = bodies.iter().map(|body| body.fee()).sum();
        let transactions = bodies.into_iter().map(|body| self.run(body, ledger, &mut undo)).collect();
        let mut reward = Overlay::new(ledger);
        reward.give_lamports(leader, fees / 2);
        let changes = reward.changes;
        ledger.apply(changes, &mut undo);
        let header = Header {
            slot: place.slot,
            parent_slot: place.parent_slot,
            parent_hash: place.parent_hash,
            height: place.height,
            time: self.time(place.slot),
            leader,
            reward: (fees / 2, ledger.lamports(&leader)),
        };
        (Block::new(header, transactions, place.lineage), undo)
    }

    fn run(&self, body: Arc<Body>, ledger: &mut Ledger, undo: &mut Undo) -> Placed {
        let keys = &body.message.keys;
        let before = Balances::of(keys, ledger);
        let mut outcome = execute::run(&body.spec, &body.message, ledger, &self.authorities);
        ledger.apply(std::mem::take(&mut outcome.changes), undo);
        let after = Balances::of(keys, ledger);
        let tokens = before.tokens.into_iter().zip(after.tokens);
        Placed {
            tokens: tokens.map(|((index, before), (_, after))| (index, before, after)).collect(),
            before: before.lamports,
            after: after.lamports,
            outcome,
            body,
        }
    }

    /// When a slot is.
    fn time(&self, slot: u64) -> i64 {
        let passed = u128::from(slot) * u128::from(self.config.slot_millis) / 1000;
        self.config.genesis_time.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX))
    }
}
