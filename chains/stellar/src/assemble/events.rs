//! Blocks of which only events were read.

use std::collections::HashMap;

use chainbell_model::{Block, Transaction, TxId};

use super::{Ledger, push_event};
use crate::wire::{Flaw, WireEvent};

/// The blocks that hold `events`, which are in the order of their ids, each with the transactions that emitted them. A
/// transaction's index is its application order; 0 where nothing but a refund tells of it.
///
/// # Errors
/// The events contradict each other.
pub fn events_blocks(events: Vec<WireEvent>) -> Result<Vec<Block>, Flaw> {
    let mut blocks = Vec::new();
    let mut events = events.into_iter().peekable();
    while let Some(first) = events.next() {
        let ledger = Ledger { sequence: first.id.ledger, time: first.time };
        let mut of_ledger = vec![first];
        while let Some(event) = events.next_if(|event| event.id.ledger == ledger.sequence) {
            of_ledger.push(event);
        }
        blocks.push(block(ledger, of_ledger)?);
    }
    Ok(blocks)
}

fn block(ledger: Ledger, events: Vec<WireEvent>) -> Result<Block, Flaw> {
    let orders = orders(&events);
    let order = |event: &WireEvent| orders.get(&event.transaction).map_or(0, |(order, _)| *order);
    let sure = |id: &TxId| {
        <[u8; 32]>::try_from(&**id).is_ok_and(|id| orders.get(&id).is_some_and(|(_, sure)| *sure))
    };
    let mut events: Vec<_> = events.into_iter().map(|event| (order(&event), event)).collect();
    events.sort_by_key(|(order, event)| (*order, event.transaction, event.event.index));
    let mut block = ledger.empty_block();
    block.events.reserve_exact(events.len());
    for (order, event) in events {
        let id = TxId::from(event.transaction);
        match block.transactions.last() {
            Some(last) if last.id == id => {}
            Some(last) if last.index == order && sure(&last.id) && sure(&id) => {
                return Err(Flaw(format!("two transactions at place {order} of ledger {}", ledger.sequence)));
            }
            _ => block.transactions.push(Transaction { id, index: order, details: Vec::new() }),
        }
        let place =
            u32::try_from(block.transactions.len() - 1).map_err(|_| Flaw::new("too many transactions"))?;
        if event.time != ledger.time {
            return Err(Flaw(format!("ledger {} closed at two times", ledger.sequence)));
        }
        push_event(&mut block, place, event.failed, event.event);
    }
    Ok(block)
}

/// The application orders, and whether they are sure: those of operations are, those of fees are told by their numbers.
fn orders(events: &[WireEvent]) -> HashMap<[u8; 32], (u32, bool)> {
    let mut orders = HashMap::with_capacity(events.len());
    for event in events {
        let Some(order) = event.id.transaction_order() else { continue };
        let sure = event.id.order != 0;
        let known = orders.entry(event.transaction).or_insert((order, sure));
        if sure {
            *known = (order, sure);
        }
    }
    orders
}
