//! What the ledgers truly hold, for tests to compare with.

use serde::{Deserialize, Serialize};

use super::{chain::Chain, party::Party, rows::Stage};

/// An event of a contract in a transaction that succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimEvent {
    /// Its ledger's sequence.
    pub ledger: u32,
    /// Its transaction's hash, in hexadecimal digits.
    pub transaction: String,
    /// Its transaction's place in the ledger, from 1.
    pub order: u32,
    /// Its place in the transaction: the operation, counted from 1, in the upper 12 bits, and its number within the operation in
    /// the lower 20. For fees the operation is 0 where they are charged, 4094 after the transaction and 4095 after all
    /// transactions.
    pub index: u32,
    /// Its id in answers of `getEvents`.
    pub id: String,
    /// Who emitted it, `C…`.
    pub contract: String,
    /// Its name in the description.
    pub name: String,
    /// Its `amount`, in decimal digits.
    pub amount: Option<String>,
    /// Its `from`.
    pub from: Option<Party>,
    /// Its `to`.
    pub to: Option<Party>,
    /// The number that tells the receiver's customers apart.
    pub to_number: Option<u64>,
}

/// A ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimLedger {
    /// Its sequence.
    pub sequence: u32,
    /// The hash of its header, in hexadecimal digits.
    pub hash: String,
    /// The hash of the ledger before.
    pub previous: String,
    /// When it closed, in seconds since the Unix epoch.
    pub time: u64,
    /// For each transaction, in the order in which they were applied, its hash and whether it failed.
    pub transactions: Vec<(String, bool)>,
}

/// Which events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Operations,
    Fees,
}

/// The events of all ledgers, in the order of their transactions.
pub(crate) fn events(chain: &Chain, of: Of) -> Vec<SimEvent> {
    let mut all = Vec::new();
    for ledger in chain.ledgers() {
        let start = all.len();
        for row in &ledger.rows {
            let Some(told) =
                row.told.as_ref().filter(|told| (told.stage == Stage::Operation) == (of == Of::Operations))
            else {
                continue;
            };
            let hash = ledger.transactions.get(row.transaction).map(|placed| const_hex::encode(placed.hash));
            all.push(SimEvent {
                ledger: ledger.sequence,
                transaction: hash.unwrap_or_default(),
                order: row.transaction as u32 + 1,
                index: told.index,
                id: row.id.to_string(),
                contract: Party::Contract(row.contract.unwrap_or_default()).to_string(),
                name: told.name.to_owned(),
                amount: told.amount.map(|amount| amount.to_string()),
                from: told.from,
                to: told.to,
                to_number: told.number,
            });
        }
        all[start..].sort_by_key(|event| (event.order, event.index));
    }
    all
}

pub(crate) fn ledgers(chain: &Chain) -> Vec<SimLedger> {
    let of = |ledger: &super::ledger::Ledger| SimLedger {
        sequence: ledger.sequence,
        hash: const_hex::encode(ledger.hash),
        previous: const_hex::encode(ledger.previous),
        time: ledger.time,
        transactions: ledger
            .transactions
            .iter()
            .map(|placed| (const_hex::encode(placed.hash), placed.failed))
            .collect(),
    };
    chain.ledgers().iter().map(of).collect()
}
