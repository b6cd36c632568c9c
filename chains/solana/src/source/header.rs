//! Reads what names a block and what it links to, without its transactions.

use std::sync::atomic::Ordering;

use chainbell_model::{Block, BlockId, BlockRef, Timestamp, TxId};
use chainbell_rpc::{EndpointId, Reply};
use serde_json::{Value, json};

use super::{
    SolanaChain,
    ask::{Question, Told, Weight, malformed, read},
    level::Level,
    patience::Trouble,
    refusal::{Refusal, read_refusal},
};
use crate::{
    assemble,
    wire::{self, base58},
};

/// A block without its transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) reference: BlockRef,
    /// The id of the block before; `None` where the node no longer keeps that one.
    pub(super) parent: Option<BlockId>,
    /// The slot of the block before; its own at slot 0.
    pub(super) parent_slot: u64,
    pub(super) time: Timestamp,
}

impl Header {
    /// Of the block at `slot`.
    pub(super) fn of(block: &wire::Block<'_>, slot: u64) -> Result<Self, String> {
        if block.parent_slot >= slot && slot > 0 {
            return Err(format!("the block at slot {slot} follows slot {}", block.parent_slot));
        }
        let Block { reference, parent, time, .. } = assemble::header(block, slot);
        Ok(Self { reference, parent, parent_slot: block.parent_slot, time })
    }

    /// The block without its transactions.
    pub(super) fn frame(&self) -> Block {
        Block {
            reference: self.reference,
            parent: self.parent,
            time: self.time,
            transactions: Vec::new(),
            events: Vec::new(),
            calls: Vec::new(),
            transfers: Vec::new(),
            defects: Vec::new(),
        }
    }

    /// Its slot.
    pub(super) fn slot(&self) -> u64 {
        self.reference.height.0
    }

    /// Whether there is no block between `slot` and this one, which lies above it.
    pub(super) fn leaves_empty(&self, slot: u64) -> bool {
        self.parent_slot < slot && slot < self.slot()
    }
}

/// How much of a block is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// What names it.
    None,
    /// The signatures of its transactions as well.
    Signatures,
    /// Everything but rewards.
    Full,
}

impl SolanaChain {
    /// The question for a block.
    pub(super) fn block_question(&self, slot: u64, detail: Detail, level: Level) -> Question {
        let (details, weight) = match detail {
            Detail::None => ("none", Weight::Light),
            Detail::Signatures => ("signatures", Weight::Light),
            Detail::Full => ("full", Weight::Heavy),
        };
        let params = json!([slot, {
            "commitment": level.word(),
            "encoding": self.encoding(),
            "transactionDetails": details,
            "rewards": false,
            "maxSupportedTransactionVersion": self.version.load(Ordering::Relaxed),
        }]);
        Question { method: "getBlock", params, weight }
    }

    /// The header at `slot`; `None` when the node has no block there, for whatever reason.
    pub(super) async fn header(
        &self,
        slot: u64,
        level: Level,
        avoid: Option<EndpointId>,
    ) -> Result<Option<Told<Header>>, Trouble> {
        let reply = self.ask(self.block_question(slot, Detail::None, level), avoid).await;
        match present(reply)? {
            Some(reply) => read(reply, move |reply| header_of(reply, slot)).await.map(Some),
            None => Ok(None),
        }
    }

    /// The header at `slot`, which is known to have a block, with the signatures of its transactions, in order.
    pub(super) async fn signatures_at(
        &self,
        slot: u64,
        level: Level,
        avoid: Option<EndpointId>,
    ) -> Result<Told<(Header, Vec<TxId>)>, Trouble> {
        let reply = self.ask(self.block_question(slot, Detail::Signatures, level), avoid).await;
        match present(reply)? {
            Some(reply) => read(reply, move |reply| signatures_of(reply, slot)).await,
            None => Err(self.listed_but_missing(slot)),
        }
    }
}

/// The answer to a question for a block; `None` when there is none.
pub(super) fn present(reply: Result<Reply, Trouble>) -> Result<Option<Reply>, Trouble> {
    match reply {
        Ok(reply) if reply.is_null() => Ok(None),
        Ok(reply) => Ok(Some(reply)),
        Err(Trouble::Refused { code, message }) if read_refusal(code, &message) == Refusal::NoBlock => {
            Ok(None)
        }
        Err(trouble) => Err(trouble),
    }
}

/// Reads a header.
pub(super) fn header_of(reply: &Reply, slot: u64) -> Result<Header, Trouble> {
    let block: wire::Block<'_> = reply.parse().map_err(|error| malformed(reply, &error))?;
    Header::of(&block, slot).map_err(|reason| bad(reply, reason))
}

fn signatures_of(reply: &Reply, slot: u64) -> Result<(Header, Vec<TxId>), Trouble> {
    let block: wire::Block<'_> = reply.parse().map_err(|error| malformed(reply, &error))?;
    let header = Header::of(&block, slot).map_err(|reason| bad(reply, reason))?;
    let Some(texts) = block.signatures else {
        return Err(bad(reply, "a block without the signatures that were asked for".to_owned()));
    };
    let signatures = texts.iter().map(|text| tx_id(text)).collect::<Option<Vec<_>>>();
    let signatures = signatures.ok_or_else(|| bad(reply, "a signature that is none".to_owned()))?;
    Ok((header, signatures))
}

pub(super) fn tx_id(text: &str) -> Option<TxId> {
    TxId::from_slice(&base58::signature(text)?)
}

pub(super) fn bad(reply: &Reply, reason: String) -> Trouble {
    Trouble::Bad { endpoint: Some(reply.endpoint), reason }
}

/// A list of slots, which must ascend within `first` and `last`.
pub(super) fn slots_of(reply: &Reply, first: u64, last: u64) -> Result<Vec<u64>, Trouble> {
    let slots: Vec<u64> = reply.parse().map_err(|error| malformed(reply, &error))?;
    let ascending = slots.windows(2).all(|pair| pair[0] < pair[1]);
    let within =
        slots.first().is_none_or(|slot| *slot >= first) && slots.last().is_none_or(|slot| *slot <= last);
    if ascending && within {
        Ok(slots)
    } else {
        Err(bad(reply, format!("the slots from {first} to {last} are out of order or beyond them")))
    }
}

/// The settings of a question about a range that ends with `last`.
pub(super) fn context(level: Level, last: u64) -> Value {
    json!({"commitment": level.word(), "minContextSlot": last})
}
