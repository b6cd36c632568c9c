//! Checkpoints and transactions as messages, cut to a read mask.

use std::collections::{BTreeMap, HashMap};

use prost_types::Timestamp;
use sui_rpc::{
    field::FieldMaskTree,
    merge::Merge as _,
    proto::sui::rpc::v2::{
        self as proto, BalanceChange, ChangedObject, ExecutedTransaction, Object, ObjectSet,
        TransactionEffects, TransactionEvents, UserSignature,
    },
};
use sui_sdk_types::{Address, Bitmap, Bls12381Signature, Digest, ObjectType, ValidatorAggregatedSignature};

use super::{
    checkpoint::{Checkpoint, Executed},
    object::Kept,
};
use crate::fault::Fault;

/// What is wrong with one checkpoint that is told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flaws {
    missing_events: bool,
    missing_transaction: bool,
    missing_balances: bool,
    wrong_previous: bool,
    /// Nodes that tell no JSON.
    no_json: bool,
}

impl Flaws {
    pub(crate) fn of(faults: &[Fault], no_json: bool) -> Self {
        Self {
            missing_events: faults.contains(&Fault::MissingEvents),
            missing_transaction: faults.contains(&Fault::MissingTransaction),
            missing_balances: faults.contains(&Fault::MissingBalances),
            wrong_previous: faults.contains(&Fault::WrongPrevious),
            no_json,
        }
    }
}

/// A checkpoint with what `mask` names.
pub(crate) fn checkpoint(known: &Checkpoint, mask: &FieldMaskTree, flaws: Flaws) -> proto::Checkpoint {
    let mut message = proto::Checkpoint::default();
    message.merge(&known.summary, mask);
    if flaws.wrong_previous
        && let Some(summary) = &mut message.summary
    {
        summary.previous_digest = summary.previous_digest.as_ref().map(|_| Digest::new([7; 32]).to_base58());
    }
    if mask.contains("signature") {
        message.merge(signature(known), mask);
    }
    if mask.contains("contents") {
        message.merge(known.contents.clone(), mask);
    }
    if let Some(submask) = mask.subtree("transactions") {
        let count =
            known.transactions.len() - usize::from(flaws.missing_transaction).min(known.transactions.len());
        let told = (0..).zip(&known.transactions[..count]);
        message.transactions =
            told.map(|(index, executed)| transaction(known, index, executed, &submask, flaws)).collect();
    }
    if let Some(submask) = mask.subtree("objects").and_then(|submask| submask.subtree("objects")) {
        let objects = known.transactions.iter().flat_map(|one| one.inputs.iter().chain(&one.outputs));
        message.objects = Some(object_set(objects.map(|kept| &**kept), &submask));
    }
    message
}

/// A transaction with what `mask` names.
pub(crate) fn transaction(
    within: &Checkpoint,
    index: u64,
    executed: &Executed,
    mask: &FieldMaskTree,
    flaws: Flaws,
) -> ExecutedTransaction {
    let mut message = ExecutedTransaction::default();
    if mask.contains("digest") {
        message.digest = Some(executed.digest.to_base58());
    }
    if let Some(submask) = mask.subtree("transaction") {
        message.transaction = Some(proto::Transaction::merge_from(executed.transaction.clone(), &submask));
    }
    if let Some(submask) = mask.subtree("signatures") {
        let signatures = executed.signatures.iter().cloned();
        message.signatures = signatures.map(|one| UserSignature::merge_from(one, &submask)).collect();
    }
    if let Some(submask) = mask.subtree("effects") {
        message.effects = Some(effects(executed, &submask));
    }
    if let Some(submask) = mask.subtree("events") {
        message.events = events(within, index, executed, &submask, flaws);
    }
    if mask.contains("checkpoint") {
        message.checkpoint = Some(within.height());
    }
    if mask.contains("transaction_index") {
        message.transaction_index = Some(index);
    }
    if mask.contains("timestamp") {
        message.timestamp = Some(timestamp(within.summary.timestamp_ms));
    }
    if mask.contains("balance_changes") && !flaws.missing_balances {
        message.balance_changes = executed.balance_changes.iter().cloned().map(BalanceChange::from).collect();
    }
    if let Some(submask) = mask.subtree("objects").and_then(|submask| submask.subtree("objects")) {
        let objects = executed.inputs.iter().chain(&executed.outputs);
        message.objects = Some(object_set(objects.map(|kept| &**kept), &submask));
    }
    message
}

fn effects(executed: &Executed, mask: &FieldMaskTree) -> TransactionEffects {
    let mut message = TransactionEffects::merge_from(&executed.effects, mask);
    if message.changed_objects.is_empty() && message.gas_object.is_none() {
        return message;
    }
    let objects = executed.inputs.iter().chain(&executed.outputs);
    let types: HashMap<String, String> =
        objects.map(|kept| (kept.id().to_string(), object_type(kept))).collect();
    let describe = |changed: &mut ChangedObject| {
        changed.object_type = changed.object_id.as_ref().and_then(|id| types.get(id)).cloned();
    };
    message.changed_objects.iter_mut().chain(&mut message.gas_object).for_each(describe);
    message
}

fn object_type(kept: &Kept) -> String {
    match kept.object.object_type() {
        ObjectType::Struct(ty) => ty.to_string(),
        ObjectType::Package => "package".to_owned(),
    }
}

fn events(
    within: &Checkpoint,
    index: u64,
    executed: &Executed,
    mask: &FieldMaskTree,
    flaws: Flaws,
) -> Option<TransactionEvents> {
    let known = executed.events.as_ref().filter(|_| !flaws.missing_events)?;
    let mut message = TransactionEvents::merge_from(known.clone(), mask);
    let of_each = mask.subtree("events").unwrap_or_default();
    for (place, (event, told)) in (0..).zip(message.events.iter_mut().zip(&executed.told)) {
        if of_each.contains("json") && !flaws.no_json {
            event.json = Some(Box::new(told.value.json()));
        }
        if of_each.contains("checkpoint") {
            event.checkpoint = Some(within.height());
        }
        if of_each.contains("transaction_digest") {
            event.transaction_digest = Some(executed.digest.to_base58());
        }
        if of_each.contains("transaction_index") {
            event.transaction_index = Some(index);
        }
        if of_each.contains("event_index") {
            event.event_index = Some(place);
        }
    }
    Some(message)
}

/// Each version once.
fn object_set<'a>(objects: impl Iterator<Item = &'a Kept>, mask: &FieldMaskTree) -> ObjectSet {
    let versions: BTreeMap<(Address, u64), &Kept> =
        objects.map(|kept| ((kept.id(), kept.version()), kept)).collect();
    let render = |kept: &Kept| {
        let mut object = Object::merge_from(kept.object.clone(), mask);
        if mask.contains("balance") {
            object.balance = kept.holding().map(|(_, _, amount)| amount);
        }
        object
    };
    let mut set = ObjectSet::default();
    set.objects = versions.into_values().map(render).collect();
    set
}

/// The committee's signature in form only.
fn signature(known: &Checkpoint) -> ValidatorAggregatedSignature {
    let mut bitmap = Bitmap::new();
    bitmap.insert(0);
    ValidatorAggregatedSignature {
        epoch: known.summary.epoch,
        signature: Bls12381Signature::new([9; 48]),
        bitmap,
    }
}

pub(crate) fn timestamp(millis: u64) -> Timestamp {
    let seconds = i64::try_from(millis / 1_000).unwrap_or(i64::MAX);
    Timestamp { seconds, nanos: (millis % 1_000) as i32 * 1_000_000 }
}
