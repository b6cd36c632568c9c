//! Event ids as Stellar RPC writes them (`<TOID>-<number>`), and the event's index within its transaction.
//!
//! A TOID (SEP-35) packs a ledger's sequence (32 bits), a transaction's application order (20 bits, from 1) and an
//! operation's index (12 bits). Events that belong to no operation stand at the borders: what came before all transactions
//! has order 0, what came after all of them the highest order, what came after one transaction its highest operation.
//!
//! [`EventId::index`] keeps the stage in its upper 12 bits and the number within the stage in the lower 20: 0 before all
//! transactions, 1 for the first operation, and so on. It is the same whether the event came from `getEvents` or from a
//! transaction's metadata. (Servers before protocol 23 counted diagnostic events in as well, where the node kept any.)

use std::fmt;

const ORDER_BITS: u32 = 20;
const OPERATION_BITS: u32 = 12;
const MAX_ORDER: u32 = (1 << ORDER_BITS) - 1;
const MAX_OPERATION: u32 = (1 << OPERATION_BITS) - 1;
const NUMBER_BITS: u32 = 20;
const AFTER_TRANSACTION_SLOT: u32 = MAX_OPERATION - 1;
const AFTER_ALL_SLOT: u32 = MAX_OPERATION;

/// When an event was emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Before any transaction was applied: fees charged. Numbered over the whole ledger.
    BeforeAll,
    /// By an operation, counted from 0. Numbered within it.
    Operation(u32),
    /// After the transaction's operations. Numbered within the transaction.
    AfterTransaction,
    /// After all transactions were applied: fees refunded. Numbered over the whole ledger.
    AfterAll,
}

/// The index of the `number`th event of a stage; `None` beyond what fits.
pub fn event_index(stage: Stage, number: u32) -> Option<u32> {
    let slot = match stage {
        Stage::BeforeAll => 0,
        Stage::Operation(operation) if operation < AFTER_TRANSACTION_SLOT - 1 => operation + 1,
        Stage::Operation(_) => return None,
        Stage::AfterTransaction => AFTER_TRANSACTION_SLOT,
        Stage::AfterAll => AFTER_ALL_SLOT,
    };
    (number >> NUMBER_BITS == 0).then_some(slot << NUMBER_BITS | number)
}

/// Whether an event with this index was emitted by an operation, and so undone where its transaction failed. Fees are paid
/// all the same.
pub fn is_of_operation(index: u32) -> bool {
    (1..AFTER_TRANSACTION_SLOT).contains(&(index >> NUMBER_BITS))
}

/// Where an event stands. Ordered as the server orders its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// The ledger's sequence.
    pub ledger: u32,
    /// The transaction's application order, from 1; 0 and the highest are the borders.
    pub order: u32,
    /// The operation's index.
    pub operation: u32,
    /// The event's number.
    pub number: u32,
}

impl EventId {
    /// The last place of a ledger.
    pub fn end_of(ledger: u32) -> Self {
        Self { ledger, order: MAX_ORDER, operation: MAX_OPERATION, number: u32::MAX }
    }

    /// Reads an event id or a cursor.
    pub fn parse(text: &str) -> Option<Self> {
        let (toid, number) = text.split_once('-')?;
        let number = decimal(number)?.try_into().ok()?;
        let (ledger, order, operation) = split(decimal(toid)?)?;
        Some(Self { ledger, order, operation, number })
    }

    /// Nothing of its ledger comes after it.
    pub fn ends_its_ledger(&self) -> bool {
        self.order == MAX_ORDER && self.operation == MAX_OPERATION
    }

    /// When the event was emitted.
    pub fn stage(&self) -> Stage {
        match (self.order, self.operation) {
            (0, _) => Stage::BeforeAll,
            (MAX_ORDER, _) => Stage::AfterAll,
            (_, MAX_OPERATION) => Stage::AfterTransaction,
            (_, operation) => Stage::Operation(operation),
        }
    }

    /// The event's index within its transaction; `None` beyond what fits.
    pub fn index(&self) -> Option<u32> {
        event_index(self.stage(), self.number)
    }

    /// The transaction's application order, where the id tells it.
    pub fn transaction_order(&self) -> Option<u32> {
        match self.stage() {
            Stage::Operation(_) | Stage::AfterTransaction => Some(self.order),
            // Every transaction pays one fee, in the order in which it is applied.
            Stage::BeforeAll => self.number.checked_add(1),
            Stage::AfterAll => None,
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let toid = join(self.ledger, self.order, self.operation);
        write!(f, "{toid:019}-{:010}", self.number)
    }
}

/// Ledger, application order and operation of a TOID; `None` when its ledger is out of range.
pub fn split(toid: u64) -> Option<(u32, u32, u32)> {
    let ledger = u32::try_from(toid >> (ORDER_BITS + OPERATION_BITS)).ok()?;
    let order = (toid >> OPERATION_BITS) as u32 & MAX_ORDER;
    Some((ledger, order, toid as u32 & MAX_OPERATION))
}

/// The TOID of ledger, application order and operation.
pub fn join(ledger: u32, order: u32, operation: u32) -> u64 {
    u64::from(ledger) << (ORDER_BITS + OPERATION_BITS)
        | u64::from(order & MAX_ORDER) << OPERATION_BITS
        | u64::from(operation & MAX_OPERATION)
}

fn decimal(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 20 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn recorded_ids_tell_their_stage() {
        let stage = |text: &str| EventId::parse(text).map(|id| (id.ledger, id.stage(), id.number));
        assert_eq!(stage("0000008937826942976-0000000000"), Some((2081, Stage::BeforeAll, 0)));
        assert_eq!(stage("0000008937826947072-0000000001"), Some((2081, Stage::Operation(0), 1)));
        assert_eq!(stage("0000008942121906176-0000000000"), Some((2081, Stage::AfterAll, 0)));
        assert_eq!(stage("0016010972359577600-0000000008"), Some((3_727_845, Stage::Operation(0), 8)));
        let cursor = EventId::parse("0000008985071583231-4294967295").unwrap();
        assert_eq!(cursor, EventId::end_of(2091));
        assert!(cursor.ends_its_ledger());
    }

    #[test]
    fn indexes_ascend_in_the_order_of_events() {
        let stages = [
            Stage::BeforeAll,
            Stage::Operation(0),
            Stage::Operation(99),
            Stage::AfterTransaction,
            Stage::AfterAll,
        ];
        let indexes: Vec<_> = stages
            .iter()
            .flat_map(|&stage| [0, 7].map(|number| event_index(stage, number).unwrap()))
            .collect();
        assert!(indexes.is_sorted_by(|a, b| a < b), "{indexes:?}");
        let of_operations = indexes.iter().filter(|&&index| is_of_operation(index)).count();
        assert_eq!(of_operations, 4);
        assert_eq!(event_index(Stage::BeforeAll, 1 << NUMBER_BITS), None);
        assert_eq!(event_index(Stage::Operation(MAX_OPERATION), 0), None);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for bad in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "1-4294967296",
            "99999999999999999999-0",
            "+1-0",
            "1-0-0",
            "18446744073709551616-1",
        ] {
            assert_eq!(EventId::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn ids_are_written_as_they_are_read(toid in any::<u64>(), number in any::<u32>(), text in ".*") {
            let (ledger, order, operation) = split(toid).unwrap();
            prop_assert_eq!(join(ledger, order, operation), toid);
            let id = EventId { ledger, order, operation, number };
            prop_assert_eq!(EventId::parse(&id.to_string()), Some(id));
            if let Some(index) = id.index() {
                let of_operation = matches!(id.stage(), Stage::Operation(_));
                prop_assert_eq!(is_of_operation(index), of_operation);
            }
            let _ = EventId::parse(&text);
        }
    }
}
