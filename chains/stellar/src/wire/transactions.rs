//! What `getTransactions` answers.

use chainbell_model::Address;
use serde::Deserialize;
use stellar_xdr::{TransactionEnvelope, TransactionResult};

use super::{
    address_of, envelope,
    meta::{LedgerNumbers, Numbers, transaction_event, walk_meta},
    text::{Flaw, Number, Text, json},
    time,
    xdr::{EventParts, Walk, contract_event},
};
use crate::{
    assemble::{Builder, Ledger, Network, ReadEvent, Reading, TransactionHead},
    toid::{self, Stage, event_index},
};

/// As a rule so many bytes of a transaction tell which contract it invokes.
const HEAD: usize = 240;

/// What was signed and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) envelope: TransactionEnvelope,
    pub(crate) result: TransactionResult,
}

/// What is known of a transaction besides its events, decoded when it is asked for.
pub(crate) trait Told {
    /// The contract that it invokes.
    fn invoked(&self) -> Result<Option<Address>, Flaw>;
    /// All of it.
    fn body(&self) -> Result<Body, Flaw>;
}

/// One page of transactions, made into blocks.
#[derive(Debug)]
pub struct TransactionsPage {
    /// How many the page had.
    pub count: usize,
    /// Ledger and application order of the first and of the last.
    pub ends: Option<((u32, u32), (u32, u32))>,
    /// The newest ledger that the server has.
    pub latest: u32,
    /// The oldest ledger that the server keeps.
    pub oldest: Option<u32>,
    /// Where the next page begins: ledger and application order of the last transaction that is covered.
    pub cursor: Option<(u64, u32, u32)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPage<'a> {
    #[serde(borrow)]
    transactions: Vec<WireTransaction<'a>>,
    latest_ledger: Number,
    oldest_ledger: Option<Number>,
    cursor: Option<Number>,
}

/// A transaction as it came.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WireTransaction<'a> {
    #[serde(borrow)]
    status: Text<'a>,
    /// Absent before protocol 22.
    #[serde(borrow)]
    tx_hash: Option<Text<'a>>,
    application_order: Number,
    #[serde(borrow)]
    envelope_xdr: Text<'a>,
    #[serde(borrow)]
    result_xdr: Text<'a>,
    #[serde(borrow)]
    result_meta_xdr: Option<Text<'a>>,
    /// Since protocol 23.
    #[serde(borrow)]
    events: Option<RawEvents<'a>>,
    ledger: Number,
    created_at: Number,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEvents<'a> {
    #[serde(borrow)]
    contract_events_xdr: Option<Vec<Option<Vec<Text<'a>>>>>,
    #[serde(borrow)]
    transaction_events_xdr: Option<Vec<Text<'a>>>,
}

impl TransactionsPage {
    /// From the JSON of a result. What is wanted of the ledgers from `builder`'s first to its last is handed to it; pages
    /// must come in order.
    ///
    /// # Errors
    /// The answer is not one, or leaves a gap.
    pub fn read(text: &str, builder: &mut Builder) -> Result<Self, Flaw> {
        let raw: RawPage<'_> = json(text)?;
        let cursor = match raw.cursor {
            Some(Number(toid)) => {
                let (ledger, order, _) =
                    toid::split(toid).ok_or_else(|| Flaw::new("a cursor that is none"))?;
                Some((toid, ledger, order))
            }
            None => None,
        };
        let place = |transaction: &WireTransaction<'_>| transaction.place();
        let ends = match (raw.transactions.first(), raw.transactions.last()) {
            (Some(first), Some(last)) => Some((place(first)?, place(last)?)),
            _ => None,
        };
        let mut scratch = Vec::new();
        for transaction in &raw.transactions {
            transaction.build(builder, &mut scratch)?;
        }
        Ok(Self {
            count: raw.transactions.len(),
            ends,
            latest: raw.latest_ledger.sequence()?,
            oldest: raw.oldest_ledger.map(Number::sequence).transpose()?,
            cursor,
        })
    }
}

impl WireTransaction<'_> {
    fn place(&self) -> Result<(u32, u32), Flaw> {
        let order = u32::try_from(self.application_order.0)
            .map_err(|_| Flaw::new("an application order beyond what a ledger can have"))?;
        Ok((self.ledger.sequence()?, order))
    }

    fn build(&self, builder: &mut Builder, scratch: &mut Vec<u8>) -> Result<(), Flaw> {
        let (ledger, order) = self.place()?;
        let succeeded = match &*self.status.0 {
            "SUCCESS" => true,
            "FAILED" => false,
            _ => return Err(Flaw::new("a transaction of unknown status")),
        };
        if !builder.covers(ledger) {
            return Ok(());
        }
        builder.ledger(Ledger { sequence: ledger, time: time::of_seconds(self.created_at.0) })?;
        let hash = self.hash(builder.network())?;
        let head = TransactionHead { hash, order, succeeded };
        let mut events = Vec::new();
        let (reading, numbers) = builder.reading();
        let any_events = self.events(&reading, succeeded, numbers, scratch, &mut events)?;
        builder.transaction(head, events, any_events, self)
    }

    fn hash(&self, network: &Network) -> Result<[u8; 32], Flaw> {
        match &self.tx_hash {
            Some(hash) => hash.hash(),
            None => network.hash_of(&self.envelope_xdr.xdr()?),
        }
    }

    /// Gathers the wanted events. Says whether there are any, wanted or not.
    fn events(
        &self,
        reading: &Reading<'_>,
        succeeded: bool,
        ledger: &mut LedgerNumbers,
        scratch: &mut Vec<u8>,
        out: &mut Vec<ReadEvent>,
    ) -> Result<bool, Flaw> {
        let mut numbers = Numbers::of_next(ledger);
        scratch.clear();
        let mut any_events = false;
        let mut visit = |index: u32, parts: &EventParts<'_>| {
            any_events = true;
            out.extend(reading.event(index, parts, succeeded));
            Ok(())
        };
        let Some(events) = &self.events else {
            let Some(meta) = &self.result_meta_xdr else { return Ok(false) };
            meta.decode_into(scratch)?;
            return Ok(walk_meta(&mut Walk::new(scratch), &mut numbers, &mut visit)?.any_events);
        };
        for (operation, texts) in (0..).zip(events.contract_events_xdr.iter().flatten()) {
            for (number, text) in (0..).zip(texts.iter().flatten()) {
                scratch.clear();
                text.decode_into(scratch)?;
                let index = event_index(Stage::Operation(operation), number)
                    .ok_or_else(|| Flaw::new("more events than a transaction can have"))?;
                let parts = contract_event(&mut Walk::new(scratch))
                    .ok_or_else(|| Flaw::new("an event that does not decode"))?;
                visit(index, &parts)?;
            }
        }
        let of_transaction = events.transaction_events_xdr.as_deref().unwrap_or_default();
        for text in of_transaction {
            scratch.clear();
            text.decode_into(scratch)?;
            transaction_event(&mut Walk::new(scratch), &mut numbers, &mut visit)?;
        }
        Ok(any_events)
    }
}

impl Told for WireTransaction<'_> {
    fn invoked(&self) -> Result<Option<Address>, Flaw> {
        let mut head = [0; HEAD];
        if let Some(Ok(found)) = self.envelope_xdr.decode_head(&mut head).map(envelope::invoked) {
            return Ok(found.and_then(address_of));
        }
        let mut bytes = Vec::new();
        self.envelope_xdr.decode_into(&mut bytes)?;
        Ok(envelope::invoked(&bytes)?.and_then(address_of))
    }

    fn body(&self) -> Result<Body, Flaw> {
        Ok(Body { envelope: self.envelope_xdr.xdr()?, result: self.result_xdr.xdr()? })
    }
}
