//! Who holds how much: lamports and tokens, and how to take a block's changes back.

use std::collections::HashMap;

use super::base58::Pubkey;

/// A token account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenAccount {
    pub(crate) mint: Pubkey,
    pub(crate) owner: Pubkey,
    /// The token program.
    pub(crate) program: Pubkey,
    pub(crate) decimals: u8,
    pub(crate) amount: u64,
}

/// All balances.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    lamports: HashMap<Pubkey, u64>,
    tokens: HashMap<Pubkey, TokenAccount>,
}

/// What balances were before a block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Undo {
    lamports: HashMap<Pubkey, u64>,
    tokens: HashMap<Pubkey, u64>,
}

impl Undo {
    /// What an account held before, if the block touched it.
    pub(crate) fn lamports(&self, key: &Pubkey) -> Option<u64> {
        self.lamports.get(key).copied()
    }
}

impl Ledger {
    pub(crate) fn open(&mut self, key: Pubkey, lamports: u64) {
        self.lamports.insert(key, lamports);
    }

    pub(crate) fn open_token(&mut self, key: Pubkey, account: TokenAccount) {
        self.tokens.insert(key, account);
    }

    pub(crate) fn lamports(&self, key: &Pubkey) -> u64 {
        self.lamports.get(key).copied().unwrap_or_default()
    }

    pub(crate) fn token(&self, key: &Pubkey) -> Option<&TokenAccount> {
        self.tokens.get(key)
    }

    /// Applies what a transaction did, and notes in `undo` what was before the first change.
    pub(crate) fn apply(&mut self, changes: Changes, undo: &mut Undo) {
        for (key, lamports) in changes.lamports {
            let before = self.lamports.insert(key, lamports).unwrap_or_default();
            undo.lamports.entry(key).or_insert(before);
        }
        for (key, amount) in changes.tokens {
            if let Some(account) = self.tokens.get_mut(&key) {
                undo.tokens.entry(key).or_insert(account.amount);
                account.amount = amount;
            }
        }
    }

    /// Takes a block's changes back.
    pub(crate) fn take_back(&mut self, undo: Undo) {
        self.lamports.extend(undo.lamports);
        for (key, amount) in undo.tokens {
            if let Some(account) = self.tokens.get_mut(&key) {
                account.amount = amount;
            }
        }
    }
}

/// The balances that a transaction changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    lamports: HashMap<Pubkey, u64>,
    tokens: HashMap<Pubkey, u64>,
}

/// Balances while a transaction runs.
pub(crate) struct Overlay<'a> {
    ledger: &'a Ledger,
    pub(crate) changes: Changes,
}

/// There is less than was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Insufficient {
    pub(crate) held: u64,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(ledger: &'a Ledger) -> Self {
        Self { ledger, changes: Changes::default() }
    }

    pub(crate) fn lamports(&self, key: &Pubkey) -> u64 {
        self.changes.lamports.get(key).copied().unwrap_or_else(|| self.ledger.lamports(key))
    }

    pub(crate) fn token(&self, key: &Pubkey) -> Option<TokenAccount> {
        let account = *self.ledger.token(key)?;
        let amount = self.changes.tokens.get(key).copied().unwrap_or(account.amount);
        Some(TokenAccount { amount, ..account })
    }

    pub(crate) fn take_lamports(&mut self, key: Pubkey, lamports: u64) -> Result<(), Insufficient> {
        let held = self.lamports(&key);
        let left = held.checked_sub(lamports).ok_or(Insufficient { held })?;
        self.changes.lamports.insert(key, left);
        Ok(())
    }

    pub(crate) fn give_lamports(&mut self, key: Pubkey, lamports: u64) {
        let held = self.lamports(&key);
        self.changes.lamports.insert(key, held.saturating_add(lamports));
    }

    /// Accounts that are no token accounts hold nothing.
    pub(crate) fn take_tokens(&mut self, key: Pubkey, amount: u64) -> Result<(), Insufficient> {
        let held = self.token(&key).map_or(0, |account| account.amount);
        let left = held.checked_sub(amount).ok_or(Insufficient { held })?;
        self.changes.tokens.insert(key, left);
        Ok(())
    }

    pub(crate) fn give_tokens(&mut self, key: Pubkey, amount: u64) {
        let held = self.token(&key).map_or(0, |account| account.amount);
        self.changes.tokens.insert(key, held.saturating_add(amount));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::base58::Base58, *};

    #[test]
    fn taking_back_restores_what_was_before_the_first_change() {
        let [alice, bob] = [1, 2].map(|byte| Base58([byte; 32]));
        let mut ledger = Ledger::default();
        ledger.open(alice, 100);
        let mut undo = Undo::default();
        for _ in 0..3 {
            let mut overlay = Overlay::new(&ledger);
            overlay.take_lamports(alice, 30).unwrap();
            overlay.give_lamports(bob, 30);
            let changes = overlay.changes;
            ledger.apply(changes, &mut undo);
        }
        assert!(Overlay::new(&ledger).take_lamports(alice, 11).is_err());
        assert_eq!((ledger.lamports(&alice), ledger.lamports(&bob)), (10, 90));
        assert_eq!(undo.lamports(&alice), Some(100));
        ledger.take_back(undo);
        assert_eq!((ledger.lamports(&alice), ledger.lamports(&bob)), (100, 0));
    }
}
