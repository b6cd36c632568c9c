//! One fact of a block as the walk looks at it.

use chainbell_model::{Address, Block, Position, PositionKind, Schema, Standard, Transaction, Value};

use super::{form::Body, index::Coordinates};
use crate::found::Place;

/// Where in the transaction schema sender and receiver are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parties {
    pub(super) sender: Option<usize>,
    pub(super) receiver: Option<usize>,
}

impl Parties {
    pub(super) fn of(schema: &Schema) -> Self {
        Self { sender: schema.index_of("from"), receiver: schema.index_of("to") }
    }

    fn read(place: Option<usize>, transaction: Option<&Transaction>) -> Option<&Address> {
        match transaction?.details.get(place?)? {
            Some(Value::Address(address)) => Some(address),
            _ => None,
        }
    }
}

/// One fact of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact<'a> {
    pub(super) place: Place,
    pub(super) position: Position,
    /// Index into the block's transactions.
    pub(super) transaction: u32,
    pub(super) at: Coordinates<'a>,
    pub(super) body: Body<'a>,
    /// An event of a transaction that failed.
    pub(super) failed: bool,
}

impl<'a> Fact<'a> {
    pub(super) fn event(block: &'a Block, place: usize) -> Option<Self> {
        let event = block.events.get(place)?;
        Some(Self {
            place: Place::Event(place),
            position: Position { kind: PositionKind::Event, index: event.index, sub: 0 },
            transaction: event.transaction,
            at: Coordinates {
                contract: Some(&event.emitter),
                key: event.key.as_ref(),
                ..Coordinates::default()
            },
            body: Body::Payload(&event.payload),
            failed: event.failed,
        })
    }

    pub(super) fn call(block: &'a Block, place: usize) -> Option<Self> {
        let call = block.calls.get(place)?;
        Some(Self {
            place: Place::Call(place),
            position: Position { kind: PositionKind::Call, index: call.index, sub: 0 },
            transaction: call.transaction,
            at: Coordinates {
                contract: Some(&call.contract),
                key: call.key.as_ref(),
                ..Coordinates::default()
            },
            body: Body::Payload(&call.payload),
            failed: false,
        })
    }

    pub(super) fn transfer(block: &'a Block, place: usize) -> Option<Self> {
        let transfer = block.transfers.get(place)?;
        Some(Self {
            place: Place::Transfer(place),
            position: Position { kind: PositionKind::Transfer, index: transfer.index, sub: transfer.sub },
            transaction: transfer.transaction,
            at: Coordinates {
                contract: transfer.token.as_ref(),
                key: None,
                sender: transfer.from.as_ref(),
                receiver: transfer.to.as_ref(),
            },
            body: Body::Transfer(transfer),
            failed: false,
        })
    }

    pub(super) fn transaction(block: &'a Block, place: usize, parties: Parties) -> Option<Self> {
        let receiver = Parties::read(parties.receiver, block.transactions.get(place));
        let fact = Self {
            place: Place::Transaction(place),
            position: Position { kind: PositionKind::Transaction, index: 0, sub: 0 },
            transaction: u32::try_from(place).ok()?,
            at: Coordinates { contract: receiver, ..Coordinates::default() },
            body: Body::Transaction,
            failed: false,
        };
        Some(fact.with_parties(block, parties))
    }

    /// With the sender and receiver of its transaction.
    pub(super) fn with_parties(mut self, block: &'a Block, parties: Parties) -> Self {
        let transaction = block.transactions.get(self.transaction as usize);
        self.at.sender = Parties::read(parties.sender, transaction);
        self.at.receiver = Parties::read(parties.receiver, transaction);
        self
    }

    pub(super) fn standard(&self) -> Option<Standard> {
        match self.body {
            Body::Transfer(transfer) => Some(transfer.standard),
            _ => None,
        }
    }
}
