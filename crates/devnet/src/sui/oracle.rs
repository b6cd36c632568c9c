//! What the chain truly holds, for tests to compare with.

use serde::{Deserialize, Serialize};

use super::{
    chain::Chain,
    checkpoint::{Checkpoint, Executed},
};

/// An event of a demo package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimEvent {
    /// Its checkpoint.
    pub checkpoint: u64,
    /// Its checkpoint's digest.
    pub digest: String,
    /// Its transaction's digest.
    pub transaction: String,
    /// Its transaction's place in the checkpoint.
    pub transaction_index: u32,
    /// Its place among the events of the transaction.
    pub index: u32,
    /// The package that was called.
    pub package: String,
    /// Its type, with the package that first defined it.
    pub event_type: String,
    /// Its type's name alone.
    pub name: String,
    /// Its `amount`.
    pub amount: u64,
    /// Who sent the transaction.
    pub sender: String,
    /// BCS.
    pub contents: Vec<u8>,
}

/// A checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimCheckpoint {
    /// Its place in the chain.
    pub height: u64,
    /// Its digest.
    pub digest: String,
    /// The digest of the one before; none of the first.
    pub previous_digest: Option<String>,
    /// Its epoch.
    pub epoch: u64,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: u64,
    /// In order.
    pub transactions: Vec<SimTransaction>,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimTransaction {
    /// Its id.
    pub digest: String,
    /// Its place in the checkpoint.
    pub index: u32,
    /// Who sent it; zeros for the system.
    pub sender: String,
    /// Who paid for it.
    pub gas_owner: String,
    /// Whether it failed.
    pub failed: bool,
    /// Computation and storage less the rebate.
    pub fee: i64,
    /// Who holds more or less of which coin than before, the fee counted.
    pub balance_changes: Vec<SimBalanceChange>,
    /// The events of the demo packages.
    pub events: Vec<SimEvent>,
}

/// What a transaction did to the holdings of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimBalanceChange {
    /// Whose.
    pub address: String,
    /// Of which coin.
    pub coin_type: String,
    /// How much more; less when negative.
    pub amount: i64,
}

/// Every checkpoint in order.
pub(crate) fn canonical_checkpoints(chain: &Chain) -> Vec<SimCheckpoint> {
    chain.checkpoints().iter().map(|known| checkpoint(known)).collect()
}

/// Every event of the demo packages in order.
pub(crate) fn canonical_events(chain: &Chain) -> Vec<SimEvent> {
    let transactions = chain.checkpoints().iter().flat_map(|known| {
        (0..).zip(&known.transactions).map(move |(index, executed)| (known, index, executed))
    });
    transactions.flat_map(|(known, index, executed)| events(known, index, executed)).collect()
}

fn checkpoint(known: &Checkpoint) -> SimCheckpoint {
    let transactions = (0..).zip(&known.transactions);
    SimCheckpoint {
        height: known.height(),
        digest: known.digest.to_base58(),
        previous_digest: known.summary.previous_digest.map(|digest| digest.to_base58()),
        epoch: known.summary.epoch,
        timestamp_ms: known.summary.timestamp_ms,
        transactions: transactions.map(|(index, executed)| transaction(known, index, executed)).collect(),
    }
}

fn transaction(known: &Checkpoint, index: u32, executed: &Executed) -> SimTransaction {
    let gas = executed.gas();
    let changes = executed.balance_changes.iter().map(|change| SimBalanceChange {
        address: change.address.to_string(),
        coin_type: change.coin_type.to_string(),
        amount: i64::try_from(change.amount).unwrap_or_default(),
    });
    SimTransaction {
        digest: executed.digest.to_base58(),
        index,
        sender: executed.sender().to_string(),
        gas_owner: executed.transaction.gas_payment.owner.to_string(),
        failed: executed.failed(),
        fee: (gas.computation_cost + gas.storage_cost).cast_signed() - gas.storage_rebate.cast_signed(),
        balance_changes: changes.collect(),
        events: events(known, index, executed),
    }
}

fn events(known: &Checkpoint, transaction_index: u32, executed: &Executed) -> Vec<SimEvent> {
    let events = executed.events.iter().flat_map(|events| &events.0).zip(&executed.told);
    let of_demo = (0..).zip(events).filter_map(|(index, (event, told))| {
        Some(SimEvent {
            checkpoint: known.height(),
            digest: known.digest.to_base58(),
            transaction: executed.digest.to_base58(),
            transaction_index,
            index,
            package: event.package_id.to_string(),
            event_type: event.type_.to_string(),
            name: event.type_.name().to_string(),
            amount: told.amount?,
            sender: event.sender.to_string(),
            contents: event.contents.clone(),
        })
    });
    of_demo.collect()
}
