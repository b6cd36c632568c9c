//! The events in a transaction's metadata.
//!
//! Before protocol 23 (versions 1 to 3) only contracts emitted events. Since then (version 4, CAP-67) every movement of an
//! asset is one, each under its operation, and fees stand with the transaction, where the node was told to say so.

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

/// Visits the events of the next `TransactionMeta`. Says whether the node tells all movements of assets as events.
pub(crate) fn walk_meta<'a>(
    walk: &mut Walk<'a>,
    numbers: &mut Numbers<'_>,
    visit: &mut impl Visit<'a>,
) -> Result<bool, Flaw> {
    let version = walk.uint().ok_or_else(broken)?;
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
                soroban_meta(walk, visit)?;
            }
        }
        4 => return walk_meta_of_unified_events(walk, numbers, visit),
        _ => return Err(Flaw(format!("transaction metadata of the unknown version {version}"))),
    }
    Ok(false)
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
fn soroban_meta<'a>(walk: &mut Walk<'a>, visit: &mut impl Visit<'a>) -> Result<(), Flaw> {
    soroban_meta_ext(walk)?;
    events_of_operation(walk, 0, visit)?;
    walk.value().ok_or_else(broken)?;
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

fn walk_meta_of_unified_events<'a>(
    walk: &mut Walk<'a>,
    numbers: &mut Numbers<'_>,
    visit: &mut impl Visit<'a>,
) -> Result<bool, Flaw> {
    walk.nothing().ok_or_else(broken)?;
    walk.changes().ok_or_else(broken)?;
    for operation in 0..walk.uint().ok_or_else(broken)? {
        walk.nothing().ok_or_else(broken)?;
        walk.changes().ok_or_else(broken)?;
        events_of_operation(walk, operation, visit)?;
    }
    walk.changes().ok_or_else(broken)?;
    if walk.flag().ok_or_else(broken)? {
        soroban_meta_ext(walk)?;
        if walk.flag().ok_or_else(broken)? {
            walk.value().ok_or_else(broken)?;
        }
    }
    let mut unified = false;
    for _ in 0..walk.uint().ok_or_else(broken)? {
        transaction_event(walk, numbers, visit)?;
        unified = true;
    }
    diagnostic_events(walk)?;
    Ok(unified)
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

fn events_of_operation<'a>(
    walk: &mut Walk<'a>,
    operation: u32,
    visit: &mut impl Visit<'a>,
) -> Result<(), Flaw> {
    for number in 0..walk.uint().ok_or_else(broken)? {
        let index = event_index(Stage::Operation(operation), number).ok_or_else(too_many)?;
        visit(index, &contract_event(walk).ok_or_else(broken)?)?;
    }
    Ok(())
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
