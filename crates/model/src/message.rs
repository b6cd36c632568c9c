//! What goes out to targets: the facts of a match in a form that needs no chain to render.

use std::sync::Arc;

use crate::{
    DeliveryId, Finality, Height, MatchId, MonitorName, NetworkSlug, Position, TargetName, TenantId,
    Timestamp,
};

/// The block a fact stands in, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockFacts {
    /// Its network.
    pub network: NetworkSlug,
    /// The network's chain, for example `evm`.
    pub chain: Arc<str>,
    /// Its height.
    pub height: Height,
    /// Its id in the chain's text form.
    pub id: String,
    /// When it was produced.
    pub time: Timestamp,
}

/// One fact on chain (event, call, transfer or transaction), rendered once and shared by every match on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its block.
    pub block: Arc<BlockFacts>,
    /// Its transaction's id in the chain's text form.
    pub transaction_id: String,
    /// Its transaction's place in the block.
    pub transaction_index: u32,
    /// The transaction's details as a JSON object, where they were read.
    pub transaction_json: Option<Box<str>>,
    /// Where in the transaction.
    pub position: Position,
    /// The contract (emitter, callee, token) in the chain's text form; `None` for transactions and native transfers.
    pub contract: Option<String>,
    /// Event or function name; `transfer` or `transaction` for those.
    pub name: Arc<str>,
    /// Canonical signature; empty for transfers and transactions.
    pub signature: Arc<str>,
    /// Decoded arguments as a JSON object.
    pub args_json: Box<str>,
    /// What the chain says of the event or call besides its arguments, as a JSON object, where it says something.
    pub attributes_json: Option<Box<str>>,
}

/// A match on its way to one target, or what takes it back.
#[derive(Clone, Debug)]
pub struct Message {
    /// The idempotency key: the same for every attempt.
    pub id: DeliveryId,
    /// Match or retraction.
    pub kind: MessageKind,
    /// Owner.
    pub tenant: TenantId,
    /// The target it goes to.
    pub target: TargetName,
    /// The monitor that matched.
    pub monitor: MonitorName,
    /// The match.
    pub match_id: MatchId,
    /// What the monitor's `deliver_at` asked for.
    pub deliver_at: Finality,
    /// When the match was committed.
    pub created: Timestamp,
    /// 1 for the first try.
    pub attempt: u32,
    /// What happened on chain.
    pub facts: Arc<Facts>,
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// It happened.
    Match,
    /// The block it happened in left the chain; takes back the delivery of that id.
    Retraction {
        /// The delivery taken back.
        of: DeliveryId,
    },
}
