//! The ledgers, one after the other. None is skipped and none is ever taken back.

use std::collections::HashMap;

use super::{
    accounts::Accounts,
    cast::Cast,
    config::StellarDevnetConfig,
    execute::Executor,
    ledger::{Ledger, Place, Placed},
    meta::Telling,
    spec::{Token, TxSpec},
};

/// A network that begins later would run out of sequences.
const LAST_FIRST: u32 = 1 << 31;

/// The network's ledgers.
pub(crate) struct Chain {
    config: StellarDevnetConfig,
    cast: Cast,
    /// Ascending by one. The first is always there.
    ledgers: Vec<Ledger>,
    accounts: Accounts,
    located: HashMap<[u8; 32], (u32, usize)>,
}

impl Chain {
    pub(crate) fn new(mut config: StellarDevnetConfig) -> Self {
        config.first_ledger = config.first_ledger.clamp(1, LAST_FIRST);
        config.retention = config.retention.max(1);
        let mut chain = Self {
            cast: Cast::new(&config),
            config,
            ledgers: Vec::new(),
            accounts: Accounts::default(),
            located: HashMap::new(),
        };
        chain.close(&[]);
        chain
    }

    pub(crate) fn config(&self) -> &StellarDevnetConfig {
        &self.config
    }

    pub(crate) fn cast(&self) -> &Cast {
        &self.cast
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// All of them, the forgotten ones too.
    pub(crate) fn ledgers(&self) -> &[Ledger] {
        &self.ledgers
    }

    /// The newest.
    pub(crate) fn head(&self) -> u32 {
        self.config.first_ledger + (self.ledgers.len() as u32).saturating_sub(1)
    }

    pub(crate) fn ledger(&self, sequence: u32) -> Option<&Ledger> {
        self.ledgers.get(sequence.checked_sub(self.config.first_ledger)? as usize)
    }

    /// Those from one to another.
    pub(crate) fn range(&self, first: u32, last: u32) -> &[Ledger] {
        let place = |sequence: u32| {
            (sequence.saturating_sub(self.config.first_ledger) as usize).min(self.ledgers.len())
        };
        let (start, end) = (place(first), place(last.saturating_add(1)));
        &self.ledgers[start..end.max(start)]
    }

    /// A transaction with its ledger and its index there.
    pub(crate) fn transaction(&self, hash: &[u8; 32]) -> Option<(&Ledger, usize, &Placed)> {
        let (sequence, index) = *self.located.get(hash)?;
        let ledger = self.ledger(sequence)?;
        Some((ledger, index, ledger.transactions.get(index)?))
    }

    pub(crate) fn set_retention(&mut self, ledgers: u32) {
        self.config.retention = ledgers.max(1);
    }

    /// Adds ledgers of generated traffic.
    pub(crate) fn mine(&mut self, count: u64) {
        for _ in 0..count {
            let specs = self.cast.traffic(&self.config, self.head() + 1);
            self.close(&specs);
        }
    }

    /// Adds one ledger with exactly these transactions.
    pub(crate) fn mine_with(&mut self, specs: &[TxSpec]) {
        self.close(specs);
    }

    fn close(&mut self, specs: &[TxSpec]) {
        let passed = self.ledgers.len() as u64;
        let sequence = self.config.first_ledger.saturating_add(self.ledgers.len() as u32);
        let executor = Executor { cast: &self.cast, unified: self.config.is_unified() };
        let mut applied = Vec::with_capacity(specs.len());
        for spec in specs {
            let (number, changes) = self.accounts.next_sequence(spec.source, sequence);
            applied.push((executor.apply(spec, number), changes));
        }
        let place = Place {
            sequence,
            previous: self.ledgers.last().map_or([0; 32], |ledger| ledger.hash),
            time: self.config.genesis_time.saturating_add(passed.saturating_mul(self.config.ledger_seconds)),
            protocol: self.config.protocol,
            telling: Telling {
                native: self.cast.contract_of(Token::Native),
                unified: self.config.is_unified(),
                diagnostics: self.config.diagnostics,
            },
        };
        let ledger = place.close(applied, &mut self.accounts);
        for (index, placed) in ledger.transactions.iter().enumerate() {
            self.located.insert(placed.hash, (sequence, index));
        }
        self.ledgers.push(ledger);
    }
}
