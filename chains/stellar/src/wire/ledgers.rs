//! What `getLedgers` answers: whole ledgers, with everything that their transactions did.
//!
//! A ledger's hash is that of its header, which holds the hash of the results, and the result of an invocation the hash of
//! its events. All three are checked. What classic operations and fees emit is covered by no hash.

use std::collections::HashMap;

use chainbell_model::Address;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use stellar_xdr::{
    GeneralizedTransactionSet, InnerTransactionResultResult, InvokeHostFunctionResult,
    LedgerHeaderHistoryEntry, Limits, OperationResult, OperationResultTr, TransactionEnvelope,
    TransactionPhase, TransactionResult, TransactionResultPair, TransactionResultResult, TransactionSet,
    TxSetComponent, WriteXdr,
};

use super::{
    meta::{MetaFacts, Numbers, walk_meta},
    text::{Flaw, Number, Text, json, read},
    time,
    transactions::{Body, Told},
    xdr::{EventParts, Walk},
};
use crate::{
    assemble::{Builder, Ledger, TransactionHead},
    details::{invoked, operations},
};

/// The first protocol with contracts. What came before is not served, and its results are not checked.
const FIRST_SOROBAN: u32 = 20;
/// The first protocol with unified events.
const FIRST_UNIFIED: u32 = 23;

/// One page of ledgers, made into blocks.
#[derive(Debug)]
pub struct LedgersPage {
    /// The ledgers of the page, ascending by one.
    pub ledgers: Vec<WireLedger>,
    /// The newest ledger that the server has.
    pub latest: u32,
    /// The oldest ledger that the server keeps.
    pub oldest: Option<u32>,
}

/// A ledger's place in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireLedger {
    /// Its sequence.
    pub sequence: u32,
    /// Its hash, which is that of its header.
    pub hash: [u8; 32],
    /// The hash of the ledger before.
    pub previous: [u8; 32],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPage<'a> {
    #[serde(borrow)]
    ledgers: Vec<RawLedger<'a>>,
    latest_ledger: Number,
    oldest_ledger: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLedger<'a> {
    sequence: Number,
    #[serde(borrow)]
    hash: Text<'a>,
    #[serde(borrow)]
    metadata_xdr: Text<'a>,
}

impl LedgersPage {
    /// From the JSON of a result. What is wanted of the ledgers from `builder`'s first to its last is handed to it; pages
    /// must come in order.
    ///
    /// # Errors
    /// The answer is not one, leaves a gap, or does not hash to what it says.
    pub fn read(text: &str, builder: &mut Builder) -> Result<Self, Flaw> {
        let raw: RawPage<'_> = json(text)?;
        let mut ledgers = Vec::with_capacity(raw.ledgers.len());
        let mut scratch = Vec::new();
        for raw in &raw.ledgers {
            scratch.clear();
            raw.metadata_xdr.decode_into(&mut scratch)?;
            let ledger = close_meta(&mut Walk::new(&scratch), builder)?;
            if ledger.sequence != raw.sequence.sequence()? || ledger.hash != raw.hash.hash()? {
                return Err(Flaw(format!("ledger {} with the data of another", raw.sequence.0)));
            }
            ledgers.push(ledger);
        }
        if let Some(pair) = ledgers.windows(2).find(|pair| !follows(&pair[0], &pair[1])) {
            return Err(Flaw(format!("ledger {} does not follow the one before it", pair[1].sequence)));
        }
        Ok(Self {
            ledgers,
            latest: raw.latest_ledger.sequence()?,
            oldest: raw.oldest_ledger.map(Number::sequence).transpose()?,
        })
    }
}

fn follows(before: &WireLedger, ledger: &WireLedger) -> bool {
    before.sequence.checked_add(1) == Some(ledger.sequence) && before.hash == ledger.previous
}

/// `LedgerCloseMeta`, as far as its transactions go.
fn close_meta(walk: &mut Walk<'_>, builder: &mut Builder) -> Result<WireLedger, Flaw> {
    let version = walk.uint().filter(|version| *version <= 2).ok_or_else(broken)?;
    if version > 0 {
        close_meta_ext(walk)?;
    }
    let entry: LedgerHeaderHistoryEntry = read(walk)?;
    let header = &entry.header;
    let ledger = WireLedger {
        sequence: header.ledger_seq,
        hash: entry.hash.0,
        previous: header.previous_ledger_hash.0,
    };
    let encoded = header.to_xdr(Limits::len(1 << 16)).map_err(|_| broken())?;
    if Sha256::digest(encoded)[..] != ledger.hash {
        return Err(Flaw(format!("the header of ledger {} has another hash", ledger.sequence)));
    }
    if !builder.covers(ledger.sequence) {
        return Ok(ledger);
    }
    builder.ledger(Ledger {
        sequence: ledger.sequence,
        time: time::of_seconds(header.scp_value.close_time.0),
    })?;
    let envelopes =
        if version == 0 { read::<TransactionSet>(walk)?.txs.into_vec() } else { envelopes_of(read(walk)?) };
    let results =
        transactions(walk, &Version { meta: version, protocol: header.ledger_version }, envelopes, builder)?;
    if header.ledger_version >= FIRST_SOROBAN && results != header.tx_set_result_hash.0 {
        return Err(Flaw(format!("the results of ledger {} have another hash", ledger.sequence)));
    }
    Ok(ledger)
}

fn close_meta_ext(walk: &mut Walk<'_>) -> Result<(), Flaw> {
    let len = match walk.uint() {
        Some(0) => 0,
        // An extension point and a fee.
        Some(1) => 4 + 8,
        _ => return Err(broken()),
    };
    walk.take(len).map(drop).ok_or_else(broken)
}

fn envelopes_of(set: GeneralizedTransactionSet) -> Vec<TransactionEnvelope> {
    let GeneralizedTransactionSet::V1(set) = set;
    let mut envelopes = Vec::new();
    for phase in set.phases.into_vec() {
        match phase {
            TransactionPhase::V0(components) => {
                for component in components.into_vec() {
                    let TxSetComponent::TxsetCompTxsMaybeDiscountedFee(component) = component;
                    envelopes.extend(component.txs.into_vec());
                }
            }
            TransactionPhase::V1(parallel) => {
                let clusters =
                    parallel.execution_stages.into_vec().into_iter().flat_map(|stage| stage.0.into_vec());
                envelopes.extend(clusters.flat_map(|cluster| cluster.0.into_vec()));
            }
        }
    }
    envelopes
}

/// What the layout of a ledger's data depends on.
struct Version {
    /// Of `LedgerCloseMeta`.
    meta: u32,
    /// In force when the ledger closed.
    protocol: u32,
}

/// The results in the order in which the transactions were applied; the set has them in another order. Gives back the
/// hash of all results.
fn transactions(
    walk: &mut Walk<'_>,
    version: &Version,
    envelopes: Vec<TransactionEnvelope>,
    builder: &mut Builder,
) -> Result<[u8; 32], Flaw> {
    let mut by_hash = HashMap::new();
    if builder.needs_bodies() {
        for envelope in envelopes {
            by_hash.insert(builder.network().hash_of(&envelope)?, envelope);
        }
    }
    let count = walk.uint().ok_or_else(broken)?;
    let mut results = Sha256::new_with_prefix(count.to_be_bytes());
    for order in 1..=count {
        if version.meta == 2 {
            walk.nothing().ok_or_else(broken)?;
        }
        let before = walk.rest();
        let pair: TransactionResultPair = read(walk)?;
        results.update(before.get(..before.len() - walk.rest().len()).unwrap_or_default());
        walk.changes().ok_or_else(broken)?;
        let hash = pair.transaction_hash.0;
        let outcome = outcome(&pair);
        let mut events = Vec::new();
        let (reading, numbers) = builder.reading();
        let mut visit = |index: u32, parts: &EventParts<'_>| {
            events.extend(reading.event(index, parts, outcome.is_some()));
            Ok(())
        };
        let facts = walk_meta(walk, &mut Numbers::of_next(numbers), &mut visit)?;
        check_events(&facts, outcome, version)
            .map_err(|flaw| Flaw(format!("transaction {order}: {flaw}")))?;
        if version.meta == 2 {
            walk.changes().ok_or_else(broken)?;
        }
        let head = TransactionHead { hash, order, succeeded: outcome.is_some() };
        let told = FromSet { envelope: by_hash.get(&hash), result: &pair.result };
        builder.transaction(head, events, facts.any_events, &told)?;
    }
    Ok(results.finalize().into())
}

/// A transaction of the set with its result.
struct FromSet<'a> {
    envelope: Option<&'a TransactionEnvelope>,
    result: &'a TransactionResult,
}

impl FromSet<'_> {
    fn envelope(&self) -> Result<&TransactionEnvelope, Flaw> {
        self.envelope.ok_or_else(|| Flaw::new("a result without its transaction"))
    }
}

impl Told for FromSet<'_> {
    fn invoked(&self) -> Result<Option<Address>, Flaw> {
        Ok(operations(self.envelope()?).iter().find_map(invoked))
    }

    fn body(&self) -> Result<Body, Flaw> {
        Ok(Body { envelope: self.envelope()?.clone(), result: self.result.clone() })
    }
}

/// The results of the operations, where the transaction succeeded.
fn outcome(pair: &TransactionResultPair) -> Option<&[OperationResult]> {
    match &pair.result.result {
        TransactionResultResult::TxSuccess(results) => Some(results),
        TransactionResultResult::TxFeeBumpInnerSuccess(inner) => match &inner.result.result {
            InnerTransactionResultResult::TxSuccess(results) => Some(results),
            _ => Some(&[]),
        },
        _ => None,
    }
}

/// Whether the events of an invocation are those that its result has the hash of.
fn check_events(
    facts: &MetaFacts<'_>,
    outcome: Option<&[OperationResult]>,
    version: &Version,
) -> Result<(), Flaw> {
    let Some([OperationResult::OpInner(OperationResultTr::InvokeHostFunction(result))]) = outcome else {
        return Ok(());
    };
    // Nodes rewrite the assets' events of older ledgers as they would be now.
    let rewritten = facts.version > 3 && version.protocol < FIRST_UNIFIED;
    let InvokeHostFunctionResult::Success(told) = result else { return Ok(()) };
    if rewritten || facts.invocation_hash() == Some(told.0) {
        Ok(())
    } else {
        Err(Flaw::new("its events have another hash than its result says"))
    }
}

fn broken() -> Flaw {
    Flaw::new("the metadata of a ledger does not decode")
}
