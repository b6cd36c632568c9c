//! Proves by digests that what a node tells of a checkpoint is what the checkpoint's own digest commits to: its summary, the
//! list of its transactions, their effects, their events.

use sui_rpc::proto::sui::rpc::v2::{Bcs, Checkpoint, CheckpointSummary, ExecutedTransaction};
use sui_sdk_types::{CheckpointContents, Digest, TransactionEffects, TransactionEvents, hash::Hasher};

use crate::{contradiction::Contradiction, digest};

/// How far a checkpoint is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Its place in the chain, where the node tells the summary in its serialised form.
    Summary,
    /// Also that it has these transactions and no others.
    Transactions,
    /// Also that they have these events and no others.
    Events,
}

/// Whether the checkpoint, read with the serialised forms of its parts, is what its digest says.
///
/// # Errors
/// What is not proven.
pub fn prove(checkpoint: &Checkpoint, depth: Depth) -> Result<(), Contradiction> {
    let summary = checkpoint.summary.as_ref().ok_or(Contradiction::Missing("summary"))?;
    if depth == Depth::Summary && summary.bcs.is_none() {
        return Ok(());
    }
    let proven = prove_summary(checkpoint, summary).ok_or(Contradiction::Unproven("summary"))?;
    if depth == Depth::Summary {
        return Ok(());
    }
    let contents =
        prove_contents(checkpoint, &proven).ok_or(Contradiction::Unproven("list of transactions"))?;
    let committed = contents.transactions();
    if committed.len() != checkpoint.transactions.len() {
        let (told, expected) = (checkpoint.transactions.len() as u64, committed.len() as u64);
        return Err(Contradiction::TransactionCount { told, expected });
    }
    for (place, (transaction, committed)) in (0..).zip(checkpoint.transactions.iter().zip(committed)) {
        let unproven = |part| Contradiction::TransactionUnproven { transaction: place, part };
        if transaction.digest.as_deref().and_then(parse) != Some(*committed.transaction()) {
            return Err(unproven("digest"));
        }
        let effects = prove_effects(transaction, committed.effects()).ok_or_else(|| unproven("effects"))?;
        if depth == Depth::Events && !events_are_those(transaction, effects.events_digest()) {
            return Err(unproven("events"));
        }
    }
    Ok(())
}

/// The summary, if the digest is its own and the fields that are read are its.
fn prove_summary(
    checkpoint: &Checkpoint,
    told: &CheckpointSummary,
) -> Option<sui_sdk_types::CheckpointSummary> {
    let expected = checkpoint.digest.as_deref().and_then(parse)?;
    let summary: sui_sdk_types::CheckpointSummary =
        committed("CheckpointSummary::", told.bcs.as_ref(), &expected)?;
    let millis = told.timestamp.and_then(|time| sui_rpc::proto::proto_to_timestamp_ms(time).ok());
    let same = checkpoint.sequence_number == Some(summary.sequence_number)
        && told.previous_digest.as_deref().map(parse) == summary.previous_digest.map(Some)
        && millis == Some(summary.timestamp_ms)
        && told.total_network_transactions.is_none_or(|total| total == summary.network_total_transactions);
    same.then_some(summary)
}

fn prove_contents(
    checkpoint: &Checkpoint,
    summary: &sui_sdk_types::CheckpointSummary,
) -> Option<CheckpointContents> {
    let bcs = checkpoint.contents.as_ref()?.bcs.as_ref();
    committed("CheckpointContents::", bcs, &summary.content_digest)
}

fn prove_effects(transaction: &ExecutedTransaction, expected: &Digest) -> Option<TransactionEffects> {
    committed("TransactionEffects::", transaction.effects.as_ref()?.bcs.as_ref(), expected)
}

/// The events are put together again from the fields that are read, so that these are what is proven.
fn events_are_those(transaction: &ExecutedTransaction, expected: Option<&Digest>) -> bool {
    let told = transaction.events.as_ref().filter(|events| !events.events.is_empty());
    match (told, expected) {
        (None, None) => true,
        (Some(told), Some(expected)) => {
            TransactionEvents::try_from(told).is_ok_and(|events| events.digest() == *expected)
        }
        _ => false,
    }
}

/// The value in BCS, if it hashes to `expected`.
fn committed<T: serde::de::DeserializeOwned>(salt: &str, bcs: Option<&Bcs>, expected: &Digest) -> Option<T> {
    let bytes = bcs?.value.as_deref()?;
    let mut hasher = Hasher::new();
    hasher.update(salt);
    hasher.update(bytes);
    if hasher.finalize() != *expected {
        return None;
    }
    bcs::from_bytes(bytes).ok()
}

fn parse(text: &str) -> Option<Digest> {
    digest::parse(text).map(Digest::new)
}
