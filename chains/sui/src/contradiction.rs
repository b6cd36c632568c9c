//! What can be wrong with a node's answer for one checkpoint.

/// How an answer contradicts itself or lacks what it has to hold. Asking again, or another node, may help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// A part that was asked for is not there.
    #[error("the checkpoint lacks its {0}")]
    Missing(&'static str),
    /// A part of the checkpoint is not what it has to be.
    #[error("the checkpoint's {0} cannot be read")]
    Unreadable(&'static str),
    /// A part of a transaction that was asked for is not there.
    #[error("transaction {transaction} lacks its {part}")]
    TransactionMissing {
        /// Its place in the checkpoint.
        transaction: u32,
        /// What is not there.
        part: &'static str,
    },
    /// A part of a transaction is not what it has to be.
    #[error("the {part} of transaction {transaction} cannot be read")]
    TransactionUnreadable {
        /// Its place in the checkpoint.
        transaction: u32,
        /// What cannot be read.
        part: &'static str,
    },
    /// The effects commit to events, and none came.
    #[error("transaction {0} has events, but they were not told")]
    EventsMissing(u32),
    /// A part of the checkpoint is not what its digest commits to.
    #[error("the checkpoint's {0} is not what its digest says")]
    Unproven(&'static str),
    /// A part of a transaction is not what the checkpoint's digest commits to.
    #[error("the {part} of transaction {transaction} are not what the checkpoint's digest says")]
    TransactionUnproven {
        /// Its place in the checkpoint.
        transaction: u32,
        /// What is not proven.
        part: &'static str,
    },
    /// Fewer or more transactions than the checkpoint has.
    #[error("{told} transactions were told of {expected}")]
    TransactionCount {
        /// How many came.
        told: u64,
        /// How many there are by the running total.
        expected: u64,
    },
    /// The arguments of its calls, written out, are beyond any transaction's.
    #[error("the calls of transaction {0} are too large")]
    TooLarge(u32),
}
