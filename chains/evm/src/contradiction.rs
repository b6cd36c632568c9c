//! What can be wrong between a node's answers for one block.

/// How a node's answers for one block contradict each other. Asking again, or another node, may help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// What is only absent while pending is absent in a mined block.
    #[error("{0} is missing: the answer is about a pending block")]
    Pending(&'static str),
    /// A number beyond any chain's.
    #[error("the index {0} is out of range")]
    OutOfRange(u64),
    /// A log that the node takes back.
    #[error("log {0} is marked as removed")]
    RemovedLog(u32),
    /// A log's block hash or number is not the block's.
    #[error("log {0} belongs to another block")]
    LogOfOtherBlock(u32),
    /// Log indexes do not increase.
    #[error("log {index} comes after log {after}")]
    LogOrder {
        /// The index that came before.
        after: u32,
        /// The index that is out of order.
        index: u32,
    },
    /// A log's transaction is not the one it stands in.
    #[error("log {0} belongs to another transaction")]
    LogOfOtherTransaction(u32),
    /// As many receipts as transactions there have to be.
    #[error("{receipts} receipts for {transactions} transactions")]
    ReceiptCount {
        /// How many transactions the block has.
        transactions: usize,
        /// How many receipts came.
        receipts: usize,
    },
    /// A receipt's block hash or number is not the block's.
    #[error("the receipt of transaction {0} belongs to another block")]
    ReceiptOfOtherBlock(u32),
    /// A receipt's transaction hash or index is not the transaction's.
    #[error("the receipt in place {0} belongs to another transaction")]
    ReceiptOfOtherTransaction(u32),
    /// A transaction's block hash is not the block's.
    #[error("transaction {0} belongs to another block")]
    TransactionOfOtherBlock(u32),
    /// A transaction's index is not its place.
    #[error("transaction {index} stands in place {place}")]
    TransactionOrder {
        /// Its place in the list.
        place: u32,
        /// What it calls its place.
        index: u64,
    },
}
