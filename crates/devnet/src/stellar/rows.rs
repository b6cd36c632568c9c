//! The events of a ledger as `getEvents` orders and numbers them.
//!
//! From protocol 23 on, what fees emit stands before or after all transactions, or after its own; what operations emit is
//! numbered within the operation. Before, all that a node noted of a transaction was numbered together, diagnoses included.

use std::fmt;

use stellar_xdr::{ContractEvent, ContractEventBody, ContractEventType, TransactionEventStage};

use super::{
    execute::{Applied, Emitted},
    meta::Events,
    party::Party,
    xdr::encode,
};

const MAX_ORDER: u64 = (1 << 20) - 1;
const MAX_OPERATION: u64 = (1 << 12) - 1;

/// `<TOID>-<number>` (SEP-35).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventId {
    toid: u64,
    number: u32,
}

impl EventId {
    /// Before everything in a ledger.
    pub(crate) fn start_of(ledger: u32) -> Self {
        Self::new(ledger, 0, 0, 0)
    }

    /// After everything in a ledger.
    pub(crate) fn end_of(ledger: u32) -> Self {
        Self::new(ledger, MAX_ORDER, MAX_OPERATION, u32::MAX)
    }

    fn new(ledger: u32, order: u64, operation: u64, number: u32) -> Self {
        Self { toid: toid(ledger, order, operation), number }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (toid, number) = text.split_once('-')?;
        Some(Self { toid: toid.parse().ok()?, number: number.parse().ok()? })
    }

    pub(crate) fn ledger(self) -> u32 {
        (self.toid >> 32) as u32
    }

    pub(crate) fn order(self) -> u64 {
        self.toid >> 12 & MAX_ORDER
    }

    pub(crate) fn operation(self) -> u64 {
        self.toid & MAX_OPERATION
    }

    /// Where what follows begins. As in real servers the number begins anew where it overflows; what has the highest number
    /// ends its ledger, and nothing has the numbers below it there.
    pub(crate) fn next(self) -> Self {
        Self { number: self.number.wrapping_add(1), ..self }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:019}-{:010}", self.toid, self.number)
    }
}

/// Ledger, place of the transaction (from 1) and operation in one number.
pub(crate) fn toid(ledger: u32, order: u64, operation: u64) -> u64 {
    u64::from(ledger) << 32 | order << 12 | operation
}

/// An event that `getEvents` tells of.
pub(crate) struct Row {
    pub(crate) id: EventId,
    /// The index of its transaction in the ledger.
    pub(crate) transaction: usize,
    pub(crate) kind: ContractEventType,
    pub(crate) contract: Option<[u8; 32]>,
    /// Each in XDR.
    pub(crate) topics: Vec<Vec<u8>>,
    /// In XDR.
    pub(crate) value: Vec<u8>,
    pub(crate) succeeded: bool,
    /// What the oracle knows of it; nothing of diagnoses.
    pub(crate) told: Option<Told>,
}

/// What an event tells of.
pub(crate) struct Told {
    pub(crate) stage: Stage,
    /// Its place in the transaction.
    pub(crate) index: u32,
    pub(crate) name: &'static str,
    pub(crate) amount: Option<i128>,
    pub(crate) from: Option<Party>,
    pub(crate) to: Option<Party>,
    pub(crate) number: Option<u64>,
}

/// When an event was emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Operation,
    Fee,
}

/// Gathers the events of a ledger.
pub(crate) struct Rows {
    ledger: u32,
    unified: bool,
    transactions: usize,
    before: u32,
    after: u32,
    rows: Vec<Row>,
}

impl Rows {
    pub(crate) fn new(ledger: u32, unified: bool) -> Self {
        Self { ledger, unified, transactions: 0, before: 0, after: 0, rows: Vec::new() }
    }

    /// The ledger's next transaction.
    pub(crate) fn transaction(&mut self, applied: &Applied, events: &Events) {
        if self.unified {
            self.fees(applied, events);
            self.operations(applied);
        } else if !applied.failed {
            self.together(applied, events);
        }
        self.transactions += 1;
    }

    /// In the order of their ids.
    pub(crate) fn finish(mut self) -> Vec<Row> {
        self.rows.sort_by_key(|row| row.id);
        self.rows
    }

    fn fees(&mut self, applied: &Applied, events: &Events) {
        let order = self.transactions as u64 + 1;
        let mut after_transaction = 0;
        for fee in &events.fees {
            let (order, operation, slot, number) = match fee.stage {
                TransactionEventStage::BeforeAllTxs => (0, 0, 0, &mut self.before),
                TransactionEventStage::AfterTx => (order, MAX_OPERATION, 4094, &mut after_transaction),
                TransactionEventStage::AfterAllTxs => (MAX_ORDER, 0, 4095, &mut self.after),
            };
            let id = EventId::new(self.ledger, order, operation, *number);
            let index = slot << 20 | *number;
            *number += 1;
            let refunds = fee.stage != TransactionEventStage::BeforeAllTxs;
            let back = applied.refund.map_or(0, |(amount, _)| amount);
            let told = Told {
                stage: Stage::Fee,
                index,
                name: "fee",
                amount: Some(i128::from(if refunds { -back } else { applied.fee })),
                from: Some(applied.payer),
                to: None,
                number: None,
            };
            self.rows.push(row(id, self.transactions, &fee.event, true, Some(told)));
        }
    }

    fn operations(&mut self, applied: &Applied) {
        for (operation, emitted) in (0..).zip(&applied.operations) {
            for (number, one) in (0..).zip(emitted) {
                let id = EventId::new(self.ledger, self.transactions as u64 + 1, operation, number);
                let told = told(one, operation as u32, number);
                self.rows.push(row(id, self.transactions, &one.event, true, Some(told)));
            }
        }
    }

    /// What is noted of a transaction for diagnosis holds the contracts' events too.
    fn together(&mut self, applied: &Applied, events: &Events) {
        let mut emitted = (0..).zip(applied.operations.iter().flatten());
        let id = |number| EventId::new(self.ledger, self.transactions as u64 + 1, 0, number);
        if events.diagnostics.is_empty() {
            for (number, one) in emitted {
                let told = told(one, 0, number);
                self.rows.push(row(id(number), self.transactions, &one.event, true, Some(told)));
            }
            return;
        }
        for (number, noted) in (0..).zip(&events.diagnostics) {
            let told = match noted.event.type_ {
                ContractEventType::Diagnostic => None,
                _ => emitted.next().map(|(own, one)| told(one, 0, own)),
            };
            let succeeded = noted.in_successful_contract_call;
            self.rows.push(row(id(number), self.transactions, &noted.event, succeeded, told));
        }
    }
}

fn told(one: &Emitted, operation: u32, number: u32) -> Told {
    Told {
        stage: Stage::Operation,
        index: (operation + 1) << 20 | number,
        name: one.name,
        amount: one.amount,
        from: one.from,
        to: one.to,
        number: one.number,
    }
}

fn row(id: EventId, transaction: usize, event: &ContractEvent, succeeded: bool, told: Option<Told>) -> Row {
    let ContractEventBody::V0(body) = &event.body;
    Row {
        id,
        transaction,
        kind: event.type_,
        contract: event.contract_id.as_ref().map(|id| id.0.0),
        topics: body.topics.iter().map(encode).collect(),
        value: encode(&body.data),
        succeeded,
        told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_real_servers() {
        assert_eq!(EventId::start_of(2081).to_string(), "0000008937826942976-0000000000");
        assert_eq!(EventId::new(2081, 1, 0, 1).to_string(), "0000008937826947072-0000000001");
        assert_eq!(EventId::new(2081, MAX_ORDER, 0, 0).to_string(), "0000008942121906176-0000000000");
        assert_eq!(EventId::end_of(2091).to_string(), "0000008985071583231-4294967295");
        let id = EventId::parse("0000008937826947072-0000000001").unwrap();
        assert_eq!((id.ledger(), id.order(), id.operation()), (2081, 1, 0));
        assert_eq!(id.next().to_string(), "0000008937826947072-0000000002");
        assert_eq!(EventId::end_of(2091).next().ledger(), 2091);
        assert_eq!(EventId::parse("1-x"), None);
    }
}
