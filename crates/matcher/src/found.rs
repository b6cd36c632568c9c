//! What evaluating a block gives: facts that monitors asked for, and what could not be evaluated.

use std::{fmt, sync::Arc};

use chainbell_model::{
    Address, DecodeError, MonitorName, Position, PositionKind, Schema, TenantId, TxId, Value,
};

use crate::lang::EvalError;

/// What evaluating one block gave.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// In chain order: by transaction, then by position.
    pub found: Vec<Found>,
    /// What could not be decoded or evaluated, and therefore did not match. No more than 100 of a block are told.
    pub errors: Vec<SoftError>,
}

/// Where a fact stands in its [`chainbell_model::Block`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Index into the block's events.
    Event(usize),
    /// Index into the block's calls.
    Call(usize),
    /// Index into the block's transfers.
    Transfer(usize),
    /// Index into the block's transactions.
    Transaction(usize),
}

/// One fact that someone asked for, decoded. An event that several descriptions read differently (raw and decoded, or
/// with other argument names) is one `Found` for each reading; each monitor is in one of them only.
#[derive(Debug)]
pub struct Found {
    /// Where in the block.
    pub place: Place,
    /// Where in its transaction.
    pub position: Position,
    /// Index into the block's transactions.
    pub transaction: u32,
    /// The emitter, the contract called, or the token.
    pub contract: Option<Address>,
    /// The event's or function's name; `transfer` or `transaction` for those.
    pub name: Arc<str>,
    /// The canonical signature; empty for transfers and transactions.
    pub signature: Arc<str>,
    /// The types of `args`. Transfers have `standard`, `token`, `from`, `to`, `amount` and `token_id`; transactions have
    /// none: their details are in the block.
    pub schema: Arc<Schema>,
    /// How many of the last of `args` are attributes: what the chain says besides the arguments.
    pub attributes: usize,
    /// All arguments and attributes, decoded.
    pub args: Vec<Option<Value>>,
    /// Every monitor that matched, ascending, for [`crate::Plan::monitor`].
    pub monitors: Vec<u32>,
    /// Who stores it without a monitor, each once.
    pub stored_by: Vec<TenantId>,
}

/// Something that could not be evaluated, and therefore did not match.
#[derive(Clone, Debug)]
pub struct SoftError {
    /// The monitor whose condition failed, with its owner: the first of those that share it. `None` when the data did
    /// not decode.
    pub monitor: Option<(TenantId, MonitorName)>,
    /// The canonical signature of what was looked at; `transfer` or `transaction` for those.
    pub signature: Arc<str>,
    /// Its transaction.
    pub transaction: TxId,
    /// Where in the transaction.
    pub position: Position,
    /// Why.
    pub reason: SoftReason,
}

/// Why something could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SoftReason {
    /// The data is not what the description says.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The condition has no value.
    #[error(transparent)]
    Evaluate(#[from] EvalError),
}

impl fmt::Display for SoftError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { signature, transaction, position, reason, .. } = self;
        write!(f, "{signature} in transaction {transaction:?}")?;
        if position.kind != PositionKind::Transaction {
            write!(f, ", {} {}", position.kind.as_str(), position.index)?;
        }
        if let Some((tenant, monitor)) = &self.monitor {
            write!(f, ", monitor {monitor} of tenant {tenant}")?;
        }
        write!(f, ": {reason}")
    }
}
