//! The checkpoints: each is final, and names the one before it.

use std::{collections::HashMap, sync::Arc};

use rand::{SeedableRng, rngs::StdRng};
use sui_sdk_types::{
    Bls12381PublicKey, CheckpointContents, CheckpointSummary, CheckpointTransactionInfo, Digest,
    EndOfEpochData, GasCostSummary, ValidatorCommitteeMember,
};

use super::{
    checkpoint::{Checkpoint, Executed},
    config::SuiDevnetConfig,
    execute,
    ledger::Ledger,
    spec::{SystemSpec, TxSpec},
    system::{self, Place},
    traffic::Cast,
};
use crate::seed::seeded;

/// The checkpoints that one command added, in order.
pub(crate) type Change = Vec<Arc<Checkpoint>>;

/// See the module.
pub(crate) struct Chain {
    config: SuiDevnetConfig,
    cast: Cast,
    ledger: Ledger,
    checkpoints: Vec<Arc<Checkpoint>>,
    by_digest: HashMap<Digest, u64>,
    /// The checkpoint of each transaction, and its place there.
    located: HashMap<Digest, (u64, u32)>,
    /// The lowest checkpoint that is kept.
    lowest: u64,
}

impl Chain {
    pub(crate) fn new(config: SuiDevnetConfig) -> Self {
        let cast = Cast::new(&config);
        let mut chain = Self {
            ledger: cast.endow(),
            cast,
            config,
            checkpoints: Vec::new(),
            by_digest: HashMap::new(),
            located: HashMap::new(),
            lowest: 0,
        };
        let genesis = system::genesis(&mut chain.ledger);
        chain.append(vec![genesis]);
        chain
    }

    pub(crate) fn config(&self) -> &SuiDevnetConfig {
        &self.config
    }

    pub(crate) fn cast(&self) -> &Cast {
        &self.cast
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The newest checkpoint.
    pub(crate) fn head(&self) -> u64 {
        self.checkpoints.len() as u64 - 1
    }

    pub(crate) fn lowest(&self) -> u64 {
        self.lowest
    }

    /// Checkpoints below are not kept any more.
    pub(crate) fn set_lowest(&mut self, height: u64) {
        self.lowest = height.min(self.head());
    }

    pub(crate) fn checkpoint(&self, height: u64) -> Option<&Arc<Checkpoint>> {
        self.checkpoints.get(usize::try_from(height).ok()?)
    }

    pub(crate) fn checkpoints(&self) -> &[Arc<Checkpoint>] {
        &self.checkpoints
    }

    pub(crate) fn by_digest(&self, digest: &Digest) -> Option<u64> {
        self.by_digest.get(digest).copied()
    }

    pub(crate) fn locate(&self, transaction: &Digest) -> Option<(u64, u32)> {
        self.located.get(transaction).copied()
    }

    /// Adds checkpoints of generated traffic.
    pub(crate) fn mine(&mut self, count: u64) -> Change {
        (0..count).map(|_| self.mine_one()).collect()
    }

    fn mine_one(&mut self) -> Arc<Checkpoint> {
        let height = self.checkpoints.len() as u64;
        let mut rng = StdRng::from_seed(seeded(self.config.seed, format_args!("sui/traffic/{height}")));
        let traffic = (0..self.config.transactions_per_checkpoint).map(|_| self.cast.transaction(&mut rng));
        let begin = [SystemSpec::Prologue, SystemSpec::Randomness].map(TxSpec::system);
        let begin = begin.into_iter().take(if height.is_multiple_of(4) { 2 } else { 1 });
        let specs: Vec<_> = begin.chain(traffic).collect();
        self.add(&specs)
    }

    /// Adds one checkpoint with exactly these transactions.
    pub(crate) fn mine_with(&mut self, specs: &[TxSpec]) -> Change {
        vec![self.add(specs)]
    }

    fn add(&mut self, specs: &[TxSpec]) -> Arc<Checkpoint> {
        let mut transactions = Vec::with_capacity(specs.len() + 1);
        for (round, spec) in (0..).zip(specs) {
            let place = self.place(round);
            let cast = &self.cast;
            transactions.push(match spec.system {
                Some(SystemSpec::Prologue) => system::prologue(&place, &mut self.ledger),
                Some(SystemSpec::Randomness) => system::randomness(&place, &mut self.ledger),
                None => {
                    let sign = |signer, digest: &Digest| cast.sign(signer, digest);
                    execute::run(spec, place.epoch, &mut self.ledger, sign)
                }
            });
        }
        if self.ends_epoch() {
            let place = self.place(0);
            let gas = self.rolling_gas(&transactions);
            transactions.push(system::change_epoch(&place, &gas, &mut self.ledger));
        }
        self.append(transactions)
    }

    /// Where the next checkpoint's transactions are run.
    fn place(&self, round: u64) -> Place {
        let height = self.checkpoints.len() as u64;
        let passed = height.saturating_mul(self.config.checkpoint_millis);
        Place {
            seed: self.config.seed,
            epoch: height / self.config.checkpoints_per_epoch.max(1),
            height,
            round,
            time_ms: self.config.genesis_time_ms.saturating_add(passed),
        }
    }

    /// Whether the next checkpoint is the last of its epoch.
    fn ends_epoch(&self) -> bool {
        let next = self.checkpoints.len() as u64 + 1;
        next > 1 && next.is_multiple_of(self.config.checkpoints_per_epoch.max(1))
    }

    /// What all transactions of the epoch used, with those of the next checkpoint.
    fn rolling_gas(&self, transactions: &[Executed]) -> GasCostSummary {
        let epoch = self.place(0).epoch;
        let last = self.checkpoints.last().filter(|last| last.summary.epoch == epoch);
        let mut sum =
            last.map(|last| last.summary.epoch_rolling_gas_cost_summary.clone()).unwrap_or_default();
        for gas in transactions.iter().map(Executed::gas) {
            sum.computation_cost += gas.computation_cost;
            sum.storage_cost += gas.storage_cost;
            sum.storage_rebate += gas.storage_rebate;
            sum.non_refundable_storage_fee += gas.non_refundable_storage_fee;
        }
        sum
    }

    fn append(&mut self, transactions: Vec<Executed>) -> Arc<Checkpoint> {
        let info = |executed: &Executed| {
            let (effects, signatures) = (executed.effects.digest(), executed.signatures.clone());
            CheckpointTransactionInfo::new(executed.digest, effects, signatures)
        };
        let contents = CheckpointContents::new_v1(transactions.iter().map(info).collect());
        let (place, last) = (self.place(0), self.checkpoints.last());
        let before = last.map_or(0, |last| last.summary.network_total_transactions);
        let summary = CheckpointSummary {
            epoch: place.epoch,
            sequence_number: place.height,
            network_total_transactions: before + transactions.len() as u64,
            content_digest: contents.digest(),
            previous_digest: last.map(|last| last.digest),
            epoch_rolling_gas_cost_summary: self.rolling_gas(&transactions),
            timestamp_ms: place.time_ms,
            checkpoint_commitments: Vec::new(),
            end_of_epoch_data: self.ends_epoch().then(|| self.end_of_epoch()),
            version_specific_data: Vec::new(),
        };
        let checkpoint = Arc::new(Checkpoint { digest: summary.digest(), summary, contents, transactions });
        self.by_digest.insert(checkpoint.digest, place.height);
        for (index, executed) in (0..).zip(&checkpoint.transactions) {
            self.located.insert(executed.digest, (place.height, index));
        }
        self.checkpoints.push(checkpoint.clone());
        checkpoint
    }

    fn end_of_epoch(&self) -> EndOfEpochData {
        let key = [0; 3].map(|_| seeded(self.config.seed, format_args!("sui/validator"))).concat();
        let public_key = Bls12381PublicKey::from_bytes(&key).expect("three times 32 bytes are a key");
        EndOfEpochData {
            next_epoch_committee: vec![ValidatorCommitteeMember { public_key, stake: 10_000 }],
            next_epoch_protocol_version: 100,
            epoch_commitments: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(config: SuiDevnetConfig, count: u64) -> Chain {
        let mut chain = Chain::new(config);
        chain.mine(count);
        chain
    }

    #[test]
    fn each_checkpoint_names_the_one_before_and_counts_on() {
        let config = SuiDevnetConfig { checkpoints_per_epoch: 5, ..SuiDevnetConfig::default() };
        let chain = chain(config, 23);
        assert_eq!(chain.head(), 23);
        for pair in chain.checkpoints().windows(2) {
            let (before, after) = (&pair[0].summary, &pair[1].summary);
            assert_eq!(after.previous_digest, Some(before.digest()));
            assert_eq!(pair[1].digest, after.digest());
            let grown = after.network_total_transactions - before.network_total_transactions;
            assert_eq!(grown as usize, pair[1].transactions.len());
            assert_eq!(after.epoch > before.epoch, before.end_of_epoch_data.is_some());
            assert!(after.timestamp_ms > before.timestamp_ms);
        }
        assert_eq!(chain.checkpoint(23).unwrap().summary.epoch, 4);
    }

    #[test]
    fn the_same_seed_gives_the_same_chain() {
        let digest = |seed| {
            let chain = chain(SuiDevnetConfig { seed, ..SuiDevnetConfig::default() }, 5);
            chain.checkpoint(5).unwrap().digest
        };
        assert_eq!(digest(3), digest(3));
        assert_ne!(digest(3), digest(4));
    }

    #[test]
    fn nothing_gets_lost_but_fees() {
        let chain = chain(SuiDevnetConfig::default(), 40);
        for executed in chain.checkpoints()[1..].iter().flat_map(|one| &one.transactions) {
            let gas = executed.gas();
            let fee = i128::from(gas.computation_cost + gas.storage_cost) - i128::from(gas.storage_rebate);
            let of = |sui: bool| {
                let coin = sui_sdk_types::TypeTag::from(sui_sdk_types::StructTag::sui());
                let changes = executed.balance_changes.iter();
                let changes = changes.filter(|change| (change.coin_type == coin) == sui);
                changes.map(|change| change.amount).sum::<i128>()
            };
            assert_eq!((of(true), of(false)), (-fee, 0), "{}", executed.digest);
        }
    }

    #[test]
    fn every_object_that_a_transaction_takes_is_the_last_that_was_left() {
        let chain = chain(SuiDevnetConfig::default(), 40);
        let mut newest: HashMap<_, _> = HashMap::new();
        for executed in chain.checkpoints().iter().flat_map(|one| &one.transactions) {
            for taken in &executed.inputs {
                assert_eq!(newest.get(&taken.id()), Some(&taken.digest));
                assert_eq!(taken.digest, taken.object.digest());
            }
            for left in &executed.outputs {
                assert_eq!(left.object.previous_transaction(), executed.digest);
                newest.insert(left.id(), left.digest);
            }
        }
    }
}
