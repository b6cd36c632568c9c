//! What a checkpoint holds.

use std::sync::Arc;

use sui_sdk_types::{
    Address, BalanceChange, CheckpointContents, CheckpointSummary, Digest, ExecutionStatus, GasCostSummary,
    Transaction, TransactionEffects, TransactionEvents, UserSignature,
};

use super::{object::Kept, value::Value};

/// A checkpoint.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub(crate) summary: CheckpointSummary,
    pub(crate) digest: Digest,
    pub(crate) contents: CheckpointContents,
    pub(crate) transactions: Vec<Executed>,
}

/// A transaction with what it did.
#[derive(Debug)]
pub(crate) struct Executed {
    pub(crate) digest: Digest,
    pub(crate) transaction: Transaction,
    pub(crate) signatures: Vec<UserSignature>,
    pub(crate) effects: TransactionEffects,
    pub(crate) events: Option<TransactionEvents>,
    /// The same events, readable.
    pub(crate) told: Vec<Told>,
    pub(crate) balance_changes: Vec<BalanceChange>,
    /// The versions that it took.
    pub(crate) inputs: Vec<Arc<Kept>>,
    /// The versions that it left.
    pub(crate) outputs: Vec<Arc<Kept>>,
}

/// An event, readable.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) value: Value,
    /// Of the demo package's events only.
    pub(crate) amount: Option<u64>,
}

impl Checkpoint {
    pub(crate) fn height(&self) -> u64 {
        self.summary.sequence_number
    }
}

impl Executed {
    pub(crate) fn sender(&self) -> Address {
        self.transaction.sender
    }

    pub(crate) fn failed(&self) -> bool {
        *self.effects.status() != ExecutionStatus::Success
    }

    pub(crate) fn gas(&self) -> &GasCostSummary {
        self.effects.gas_summary()
    }
}
