//! A block as every chain delivers it: raw events and calls, decoded later and only where some monitor asks.

use crate::{Address, BlockId, Height, Int, Timestamp, TxId, Value};

/// What names a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockRef {
    /// Its height.
    pub height: Height,
    /// Its id.
    pub id: BlockId,
}

/// One height of one network.
#[derive(Clone, Debug)]
pub struct Block {
    /// Height and id.
    pub reference: BlockRef,
    /// The id of the block before. `None` where the cheaper proof of a finalized backfill did not read it.
    pub parent: Option<BlockId>,
    /// When it was produced.
    pub time: Timestamp,
    /// In chain order. Where only events were asked for, those that emitted some of them.
    pub transactions: Vec<Transaction>,
    /// In chain order.
    pub events: Vec<Event>,
    /// In chain order; filled when the interest asked for calls.
    pub calls: Vec<Call>,
    /// In chain order; filled when the interest asked for transfers.
    pub transfers: Vec<Transfer>,
    /// What could not be read of this block though it was asked for; empty as a rule.
    pub defects: Vec<Defect>,
}

/// A part of a transaction that the node itself no longer has, for example log lines it cut off. Shown, never guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// Index into [`Block::transactions`].
    pub transaction: u32,
    /// What is missing, in words.
    pub reason: String,
}

/// A transaction.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Its hash, signature or digest.
    pub id: TxId,
    /// Its place in the block.
    pub index: u32,
    /// One value per field of the chain's transaction schema ([`crate::Dialect::transaction_schema`]), `None` for what
    /// this transaction lacks. Empty where only events were read.
    pub details: Vec<Option<Value>>,
}

/// The 32 bytes by which an event or call is told from others: EVM topic 0 or the selector padded with zeros, an Anchor
/// discriminator, the hash of a Move type.
pub type EventKey = [u8; 32];

/// The raw body of an event or call in a layout private to the chain crate; only its [`crate::Decoder`]s read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload(pub Box<[u8]>);

/// What a contract emitted.
#[derive(Clone, Debug)]
pub struct Event {
    /// Index into [`Block::transactions`].
    pub transaction: u32,
    /// The chain's own index of the event, within the block or within its transaction. Ascends within the transaction.
    pub index: u32,
    /// Its transaction failed, so what it tells did not happen.
    pub failed: bool,
    /// Who emitted it.
    pub emitter: Address,
    /// `None` for an event without any key (an EVM log without topics).
    pub key: Option<EventKey>,
    /// Its raw body.
    pub payload: Payload,
}

/// A contract invoked.
#[derive(Clone, Debug)]
pub struct Call {
    /// Index into [`Block::transactions`].
    pub transaction: u32,
    /// Its place within the transaction: 0 is the top level.
    pub index: u32,
    /// Who was called.
    pub contract: Address,
    /// `None` when the input is too short to hold one.
    pub key: Option<EventKey>,
    /// Its raw input.
    pub payload: Payload,
}

/// What kind of asset moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standard {
    /// The chain's own coin.
    Native,
    /// Alike units (ERC-20, SPL, coin types, SEP-41).
    Fungible,
    /// One of a kind (ERC-721).
    NonFungible,
    /// An amount of one id of many (ERC-1155).
    MultiToken,
}

impl Standard {
    /// The word that expressions and messages use: `native`, `fungible`, `non_fungible`, `multi_token`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Fungible => "fungible",
            Self::NonFungible => "non_fungible",
            Self::MultiToken => "multi_token",
        }
    }
}

/// One asset moving between two addresses, normalised over the chains.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// Index into [`Block::transactions`].
    pub transaction: u32,
    /// See [`crate::PositionKind::Transfer`].
    pub index: u32,
    /// Distinguishes several transfers of one event.
    pub sub: u32,
    /// What kind of asset.
    pub standard: Standard,
    /// The token's contract; `None` for the native coin.
    pub token: Option<Address>,
    /// The asset's full name, where the contract alone does not tell it (a coin type of a Move package, an issued asset).
    pub asset: Option<std::sync::Arc<str>>,
    /// `None` when minted.
    pub from: Option<Address>,
    /// `None` when burnt.
    pub to: Option<Address>,
    /// In the asset's smallest unit; 1 for [`Standard::NonFungible`]. May be negative where the chain says so (refunded fees).
    pub amount: Int,
    /// For [`Standard::NonFungible`] and [`Standard::MultiToken`].
    pub token_id: Option<Int>,
}

/// What the follow loop hands to the rest of the pipeline, in order.
#[derive(Debug)]
pub enum Step {
    /// The network begins at this height: nothing below it was or will be asked for.
    Begin {
        /// The first height that is read.
        at: Height,
    },
    /// The next heights of the chain, in order, each following the one before.
    Blocks {
        /// The last block of the step before; `None` at the very beginning.
        after: Option<BlockRef>,
        /// Ascending. Heights without anything asked for may be absent where the cheaper proof was enough.
        blocks: Vec<Block>,
        /// The last height covered, also when no block of it is in `blocks`.
        through: BlockRef,
    },
    /// Everything above `to` is undone.
    Rollback {
        /// The common ancestor, which stays.
        to: BlockRef,
    },
    /// What lies between is left out for good, because the operator said so.
    Gap {
        /// The last block that was read.
        after: BlockRef,
        /// The last block left out.
        to: BlockRef,
    },
    /// The chain now stands further behind what it holds.
    Finality {
        /// The highest confirmed height.
        confirmed: Height,
        /// The highest finalized height.
        finalized: Height,
    },
}
