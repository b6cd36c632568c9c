//! Turns what was read of ledgers into the common model's blocks.
//!
//! [`Builder`] takes whole transactions in the order in which they were applied; [`events_blocks`] takes events alone. Both
//! give the same events, with the same indexes, in the same order.
//!
//! A call is what an operation invoked. What contracts invoked in turn is not among them: the ledger keeps only what was
//! authorised, which need not have run, and the diagnostic events that would tell are each node's own and covered by no hash.

mod calls;
mod events;
mod network;
mod read;
mod wanted;

use std::sync::Arc;

use chainbell_model::{
    Block, BlockRef, Contracts, Event, Height, Standard, Timestamp, Transaction, Transfer, TxId,
};

pub use self::{
    events::events_blocks,
    network::Network,
    read::{Moved, ReadEvent, Reading},
    wanted::Wanted,
};
use crate::{
    details,
    dialect::block_id,
    toid::is_of_operation,
    transfers,
    wire::{Flaw, LedgerNumbers, Told},
};

/// What places a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Its sequence.
    pub sequence: u32,
    /// When it closed.
    pub time: Timestamp,
}

impl Ledger {
    fn empty_block(&self) -> Block {
        let height = Height(u64::from(self.sequence));
        Block {
            reference: BlockRef { height, id: block_id(self.sequence) },
            parent: Some(block_id(self.sequence.saturating_sub(1))),
            time: self.time,
            transactions: Vec::new(),
            events: Vec::new(),
            calls: Vec::new(),
            transfers: Vec::new(),
            defects: Vec::new(),
        }
    }
}

/// What names a transaction, and whether it did anything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TransactionHead {
    pub(crate) hash: [u8; 32],
    /// Its application order, from 1.
    pub(crate) order: u32,
    pub(crate) succeeded: bool,
}

/// Makes blocks of transactions.
#[derive(Debug)]
pub struct Builder {
    wanted: Arc<Wanted>,
    network: Arc<Network>,
    first: u32,
    last: u32,
    blocks: Vec<Block>,
    place: Place,
    items: u64,
}

/// How far a builder has come.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    ledger: Option<u32>,
    order: u32,
    numbers: LedgerNumbers,
}

/// A state that a builder can go back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    place: Place,
    items: u64,
    blocks: usize,
    /// Of the last block: its transactions, events, calls and transfers.
    lengths: [usize; 4],
}

impl Builder {
    /// Nothing yet of the ledgers `first` to `last`.
    pub fn new(wanted: Arc<Wanted>, network: Arc<Network>, first: u32, last: u32) -> Self {
        Self { wanted, network, first, last, blocks: Vec::new(), place: Place::default(), items: 0 }
    }

    /// As it was in the beginning.
    pub fn empty(&self) -> Self {
        Self::new(self.wanted.clone(), self.network.clone(), self.first, self.last)
    }

    /// Remembers the state.
    pub fn mark(&self) -> Mark {
        let lengths = self.blocks.last().map_or([0; 4], |block| {
            [block.transactions.len(), block.events.len(), block.calls.len(), block.transfers.len()]
        });
        Mark { place: self.place, items: self.items, blocks: self.blocks.len(), lengths }
    }

    /// Forgets what came since `mark`.
    pub fn go_back(&mut self, mark: &Mark) {
        self.blocks.truncate(mark.blocks);
        if let Some(block) = self.blocks.last_mut() {
            let [transactions, events, calls, transfers] = mark.lengths;
            block.transactions.truncate(transactions);
            block.events.truncate(events);
            block.calls.truncate(calls);
            block.transfers.truncate(transfers);
        }
        (self.place, self.items) = (mark.place, mark.items);
    }

    /// The blocks of the ledgers that came.
    pub fn finish(self) -> Vec<Block> {
        self.blocks
    }

    /// How many transactions came.
    pub fn items(&self) -> u64 {
        self.items
    }

    pub(crate) fn covers(&self, sequence: u32) -> bool {
        (self.first..=self.last).contains(&sequence)
    }

    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// Whether something may need to be known of transactions besides their events.
    pub(crate) fn needs_bodies(&self) -> bool {
        self.wanted.needs_bodies()
    }

    pub(crate) fn reading(&mut self) -> (Reading<'_>, &mut LedgerNumbers) {
        (Reading { wanted: &self.wanted, network: &self.network }, &mut self.place.numbers)
    }

    /// The transactions that come next are of this ledger.
    pub(crate) fn ledger(&mut self, ledger: Ledger) -> Result<(), Flaw> {
        if self.place.ledger == Some(ledger.sequence) {
            return Ok(());
        }
        if self.place.ledger.is_some_and(|last| last > ledger.sequence) {
            return Err(Flaw(format!("ledger {} comes too late", ledger.sequence)));
        }
        self.place = Place { ledger: Some(ledger.sequence), ..Place::default() };
        self.blocks.push(ledger.empty_block());
        Ok(())
    }

    /// The next transaction of the ledger. `any_events`: it has some, wanted or not.
    pub(crate) fn transaction(
        &mut self,
        head: TransactionHead,
        events: Vec<ReadEvent>,
        any_events: bool,
        told: &dyn Told,
    ) -> Result<(), Flaw> {
        let Some(block) = self.blocks.last_mut() else {
            return Err(Flaw::new("a transaction without ledger"));
        };
        if self.place.order.checked_add(1) != Some(head.order) {
            let (ledger, after) = (block.reference.height, self.place.order);
            return Err(Flaw(format!("transaction {} comes after {after} in ledger {ledger}", head.order)));
        }
        self.place.order = head.order;
        self.items += 1;
        let wanted = &*self.wanted;
        let place =
            u32::try_from(block.transactions.len()).map_err(|_| Flaw::new("too many transactions"))?;
        let before = (block.events.len(), block.calls.len(), block.transfers.len());
        push_events(block, place, head.succeeded, events);
        let mut known = None;
        if head.succeeded && !any_events && wanted.transfers() {
            let body = known.insert(told.body()?);
            transfers::push_classic(&self.network, wanted, body, place, &mut block.transfers);
        }
        if *wanted.calls() != Contracts::None && told.invoked()?.is_some_and(|it| wanted.calls().wants(&it)) {
            let body = match &mut known {
                Some(body) => body,
                None => known.insert(told.body()?),
            };
            calls::push(wanted.calls(), body, place, &mut block.calls)?;
        }
        let found = before != (block.events.len(), block.calls.len(), block.transfers.len());
        if !found && !wanted.transactions() {
            return Ok(());
        }
        let details = if wanted.details() {
            let body = match known {
                Some(body) => body,
                None => told.body()?,
            };
            details::of(&head, &body)
        } else {
            Vec::new()
        };
        block.transactions.push(Transaction { id: TxId::from(head.hash), index: head.order, details });
        Ok(())
    }
}

/// Adds events, ascending by their index, and the transfers they tell of.
fn push_events(block: &mut Block, transaction: u32, succeeded: bool, mut events: Vec<ReadEvent>) {
    events.sort_by_key(|event| event.index);
    for event in events {
        let failed = !succeeded && is_of_operation(event.index);
        push_event(block, transaction, failed, event);
    }
}

fn push_event(block: &mut Block, transaction: u32, failed: bool, event: ReadEvent) {
    if let Some(moved) = event.moved.filter(|_| !failed) {
        block.transfers.push(moved.into_transfer(transaction, event.index));
    }
    block.events.push(Event {
        transaction,
        index: event.index,
        failed,
        emitter: event.emitter,
        key: event.key,
        payload: event.payload,
    });
}

impl Moved {
    /// The transfer that the event with this index tells of.
    pub(crate) fn into_transfer(self, transaction: u32, index: u32) -> Transfer {
        Transfer {
            transaction,
            index,
            // 0 would be the transaction's own value, which Stellar's do not have.
            sub: 1,
            standard: if self.token.is_some() { Standard::Fungible } else { Standard::Native },
            token: self.token,
            asset: self.asset,
            from: self.from,
            to: self.to,
            amount: self.amount,
            token_id: None,
        }
    }
}
