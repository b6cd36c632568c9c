//! The events in a transaction's metadata.
//!
//! Before protocol 23 (versions 1 to 3) only contracts emitted events. Since then (version 4, CAP-67) every movement of an
//! asset is one, each under its operation, and fees stand with the transaction, where the node was told to say so.

use sha2::{Digest, Sha256};

use super::{
    text::Flaw,
    xdr::{EventParts, Walk, contract_event},
};
use crate::toid::{Stage, event_index};

/// How many events before and after all transactions a ledger had so far: their numbers go on from transaction to
/// transaction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LedgerNumbers {
    before: u32,
    after: u32,
}

/// The numbers of one transaction's own stages.
#[derive(Debug)]
pub(crate) struct Numbers<'a> {
    ledger: &'a mut LedgerNumbers,
    after_transaction: u32,
}

impl<'a> Numbers<'a> {
    /// Of the ledger's next transaction.
    pub(crate) fn of_next(ledger: &'a mut LedgerNumbers) -> Self {
        Self { ledger, after_transaction: 0 }
    }

    /// The index of the next event of a stage, which is encoded in one number.
    fn next(&mut self, stage: u32) -> Result<u32, Flaw> {
        let (stage, number) = match stage {
            0 => (Stage::BeforeAll, &mut self.ledger.before),
            1 => (Stage::AfterTransaction, &mut self.after_transaction),
            2 => (Stage::AfterAll, &mut self.ledger.after),
            _ => return Err(Flaw::new("an event of an unknown stage")),
        };
        let index = event_index(stage, *number).ok_or_else(too_many)?;
        *number += 1;
        Ok(index)
    }
}

/// Is handed each event with its index within the transaction.
pub(crate) trait Visit<'a>: FnMut(u32, &EventParts<'a>) -> Result<(), Flaw> {}
impl<'a, F: FnMut(u32, &EventParts<'a>) -> Result<(), Flaw>> Visit<'a> for F {}

/// What is found besides the events.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MetaFacts<'a> {
    /// Whether there are events: where the node tells movements of assets as such, every transaction has one for its fee.
    pub(crate) any_events: bool,
    /// The version of the metadata.
    pub(crate) version: u32,
    /// What the invocation returned, as it is encoded.
    returned: Option<&'a [u8]>,
    /// The events of the first operation, as they are encoded.
    events: &'a [u8],
}

impl MetaFacts<'_> {
    /// The hash that the result of an invocation gives of what it returned and of its events
    /// (`InvokeHostFunctionSuccessPreImage`).
    pub(crate) fn invocation_hash(&self) -> Option<[u8; 32]> {
        Some(Sha256::new_with_prefix(self.returned?).chain_update(self.events).finalize().into())
    }
}

/// Visits the events of the next `TransactionMeta`.
pub(crate) fn walk_meta<'a>(
    walk: &mut Walk<'a>,
    numbers: &mut Numbers<'_>,
    visit: &mut impl Visit<'a>,
) -> Result<MetaFacts<'a>, Flaw> {
    let version = walk.uint().ok_or_else(broken)?;
    let mut facts = MetaFacts { version, ..MetaFacts::default() };
    let mut any_events = false;
    let visit = &mut |index: u32, parts: &EventParts<'a>| {
        any_events = true;
        visit(index, parts)
    };
    match version {
        0 => changes_of_operations(walk)?,
        1 => {
            walk.changes().ok_or_else(broken)?;
            changes_of_operations(walk)?;
        }
        2 => around_operations(walk)?,
        3 => {
            walk.nothing().ok_or_else(broken)?;
            around_operations(walk)?;
            if walk.flag().ok_or_else(broken)? {
                soroban_meta(walk, visit, &mut facts)?;
            }
        }
        4 => unified_meta(walk, numbers, visit, &mut facts)?,
        _ => return Err(Flaw(format!("transaction metadata of the unknown version {version}"))),
    }
    Ok(MetaFacts { any_events, ..facts })
}

fn around_operations(walk: &mut Walk<'_>) -> Result<(), Flaw> {
    walk.changes().ok_or_else(broken)?;
    changes_of_operations(walk)?;
    walk.changes().ok_or_else(broken)
}

fn changes_of_operations(walk: &mut Walk<'_>) -> Result<(), Flaw> {
    for _ in 0..walk.uint().ok_or_else(broken)? {
        walk.changes().ok_or_else(broken)?;
    }
    Ok(())
}

/// `SorobanTransactionMeta`: the events belong to the only operation.
fn soroban_meta<'a>(
    walk: &mut Walk<'a>,
    visit: &mut impl Visit<'a>,
    facts: &mut MetaFacts<'a>,
) -> Result<(), Flaw> {
    soroban_meta_ext(walk)?;
    facts.events = events_of_operation(walk, 0, visit)?;
    facts.returned = Some(walk.value().ok_or_else(broken)?);
    diagnostic_events(walk)
}

fn soroban_meta_ext(walk: &mut Walk<'_>) -> Result<(), Flaw> {
    // An extension point and three fees.
    let len = match walk.uint() {
        Some(0) => 0,
        Some(1) => 4 + 3 * 8,
        _ => return Err(broken()),
    };
    walk.take(len).map(drop).ok_or_else(broken)
}

/// `TransactionMetaV4`.
fn unified_meta<'a>(
    walk: &mut Walk<'a>,
    numbers: &mut Numbers<'_>,
    visit: &mut impl Visit<'a>,
    facts: &mut MetaFacts<'a>,
) -> Result<(), Flaw> {
    walk.nothing().ok_or_else(broken)?;
    walk.changes().ok_or_else(broken)?;
    for operation in 0..walk.uint().ok_or_else(broken)? {
        walk.nothing().ok_or_else(broken)?;
        walk.changes().ok_or_else(broken)?;
        let events = events_of_operation(walk, operation, visit)?;
        if operation == 0 {
            facts.events = events;
        }
    }
    walk.changes().ok_or_else(broken)?;
    if walk.flag().ok_or_else(broken)? {
        soroban_meta_ext(walk)?;
        if walk.flag().ok_or_else(broken)? {
            facts.returned = Some(walk.value().ok_or_else(broken)?);
        }
    }
    for _ in 0..walk.uint().ok_or_else(broken)? {
        transaction_event(walk, numbers, visit)?;
    }
    diagnostic_events(walk)
}

/// The next `TransactionEvent`.
pub(crate) fn transaction_event<'a>(
    walk: &mut Walk<'a>,
    numbers: &mut Numbers<'_>,
    visit: &mut impl Visit<'a>,
) -> Result<(), Flaw> {
    let index = numbers.next(walk.uint().ok_or_else(broken)?)?;
    visit(index, &contract_event(walk).ok_or_else(broken)?)
}

/// Says where the events stand, with their count.
fn events_of_operation<'a>(
    walk: &mut Walk<'a>,
    operation: u32,
    visit: &mut impl Visit<'a>,
) -> Result<&'a [u8], Flaw> {
    let start = walk.rest();
    for number in 0..walk.uint().ok_or_else(broken)? {
        let index = event_index(Stage::Operation(operation), number).ok_or_else(too_many)?;
        visit(index, &contract_event(walk).ok_or_else(broken)?)?;
    }
    start.get(..start.len() - walk.rest().len()).ok_or_else(broken)
}

fn diagnostic_events(walk: &mut Walk<'_>) -> Result<(), Flaw> {
    for _ in 0..walk.uint().ok_or_else(broken)? {
        walk.flag().ok_or_else(broken)?;
        contract_event(walk).ok_or_else(broken)?;
    }
    Ok(())
}

fn broken() -> Flaw {
    Flaw::new("the metadata of a transaction does not decode")
}

fn too_many() -> Flaw {
    Flaw::new("more events or operations than a transaction can have")
}
