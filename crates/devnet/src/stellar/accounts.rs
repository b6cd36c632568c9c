//! What accounts hold, as far as fees and sequence numbers go.

use std::collections::HashMap;

use stellar_xdr::{
    AccountEntry, LedgerEntry, LedgerEntryChange, LedgerEntryChanges, LedgerEntryData, SequenceNumber,
    Thresholds,
};

use super::{
    party::{Party, account_id},
    xdr::list,
};

const STARTING_BALANCE: i64 = 1_000_000_000_000;

#[derive(Clone, Copy, Debug)]
struct State {
    balance: i64,
    sequence: i64,
    modified: u32,
}

/// The accounts that have paid a fee.
#[derive(Debug, Default)]
pub(crate) struct Accounts(HashMap<[u8; 32], State>);

impl Accounts {
    /// The sequence number of the account's next transaction, which takes it.
    pub(crate) fn next_sequence(&mut self, account: Party, ledger: u32) -> (i64, LedgerEntryChanges) {
        let mut next = 0;
        let changes = self.change(account, ledger, |state| {
            state.sequence += 1;
            next = state.sequence;
        });
        (next, changes)
    }

    /// Takes a fee, or gives some of it back where `fee` is below zero.
    pub(crate) fn charge(&mut self, account: Party, ledger: u32, fee: i64) -> LedgerEntryChanges {
        self.change(account, ledger, |state| state.balance = state.balance.saturating_sub(fee))
    }

    /// The entry of an account that is known.
    pub(crate) fn entry(&self, key: &[u8; 32]) -> Option<LedgerEntry> {
        self.0.get(key).map(|state| entry(*key, *state))
    }

    fn change(&mut self, account: Party, ledger: u32, change: impl FnOnce(&mut State)) -> LedgerEntryChanges {
        let key = account.bytes();
        let first = State { balance: STARTING_BALANCE, sequence: 0, modified: ledger };
        let state = self.0.entry(key).or_insert(first);
        let before = entry(key, *state);
        change(state);
        state.modified = ledger;
        let after = entry(key, *state);
        LedgerEntryChanges(list(vec![LedgerEntryChange::State(before), LedgerEntryChange::Updated(after)]))
    }
}

fn entry(key: [u8; 32], state: State) -> LedgerEntry {
    LedgerEntry {
        last_modified_ledger_seq: state.modified,
        data: LedgerEntryData::Account(AccountEntry {
            account_id: account_id(key),
            balance: state.balance,
            seq_num: SequenceNumber(state.sequence),
            thresholds: Thresholds([1, 0, 0, 0]),
            ..AccountEntry::default()
        }),
        ..LedgerEntry::default()
    }
}
