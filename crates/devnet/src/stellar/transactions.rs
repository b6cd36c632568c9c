//! Answers `getTransactions` and `getTransaction`.

use super::{
    json::{Fields as _, Object, array},
    ledger::{Ledger, Placed},
    ledgers::{check, window},
    params::{PageRequest, TransactionRequest, check_format},
    rows::toid,
    view::View,
};
use crate::rpc::RpcError;

const USUAL: usize = 50;
/// The first protocol whose servers tell a transaction's hash with it.
const HASHES: u32 = 22;

/// A transaction with its ledger and its place there, from 1.
type Found<'a> = (&'a Ledger, u64, &'a Placed);

pub(crate) fn page(view: &View<'_>, request: &PageRequest, out: &mut Vec<u8>) -> Result<(), RpcError> {
    let limit = check(view, request, USUAL)?;
    let cursor = match request.pagination.cursor() {
        None => None,
        Some(text) => Some(text.parse::<u64>().map_err(|_| {
            RpcError::invalid_params(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))
        })?),
    };
    let (ledger, order) = cursor.map_or((request.start_ledger, 1), |cursor| {
        (u32::try_from(cursor >> 32).unwrap_or(u32::MAX), (cursor >> 12 & 0xf_ffff) + 1)
    });
    if ledger <= view.head() && !view.has(ledger) {
        return Err(RpcError::invalid_params(format!(
            "database does not contain metadata for ledger: {ledger}"
        )));
    }
    let (found, next) = match cursor {
        _ if view.lies.empty => (Vec::new(), cursor.unwrap_or_else(|| toid(ledger, 0, 1))),
        Some(cursor) if view.lies.repeats => (before(view, (ledger, order), limit), cursor),
        _ => from(view, (ledger, order), limit),
    };
    let mut object = Object::begin(out);
    array(object.key("transactions"), found, |out, (ledger, order, placed)| {
        let mut object = Object::begin(out);
        transaction(&mut object, view.protocol(), (ledger, order, placed));
        object.number("createdAt", ledger.time);
        object.end();
    });
    window(view, &mut object, "CloseTimestamp");
    object.plain("cursor", next);
    object.end();
    Ok(())
}

/// From a place on. Where a ledger has nothing (more), the place is its beginning, as in real servers.
fn from<'a>(view: &View<'a>, (ledger, order): (u32, u64), limit: usize) -> (Vec<Found<'a>>, u64) {
    let mut found = Vec::new();
    let mut cursor = 0;
    for one in view.range(ledger, view.head()) {
        cursor = toid(one.sequence, 0, 1);
        let first = if one.sequence == ledger { order } else { 1 };
        for (place, placed) in (1..).zip(&one.transactions) {
            if place < first {
                continue;
            }
            cursor = toid(one.sequence, place, 1);
            found.push((one, place, placed));
            if found.len() == limit {
                return (found, cursor);
            }
        }
    }
    (found, cursor)
}

/// The page that ended before a place.
fn before<'a>(view: &View<'a>, (ledger, order): (u32, u64), limit: usize) -> Vec<Found<'a>> {
    let all = view.range(0, ledger).iter().rev().flat_map(|one| {
        let transactions = one.transactions.iter().enumerate().rev();
        transactions.map(move |(index, placed)| (one, index as u64 + 1, placed))
    });
    let wanted = all.filter(|(one, place, _)| one.sequence < ledger || *place < order);
    let mut found: Vec<_> = wanted.take(limit).collect();
    found.reverse();
    found
}

pub(crate) fn one(view: &View<'_>, request: &TransactionRequest, out: &mut Vec<u8>) -> Result<(), RpcError> {
    check_format(&request.xdr_format)?;
    let length = request.hash.len();
    if length / 2 != 32 {
        return Err(RpcError::invalid_params(format!("unexpected hash length ({length})")));
    }
    let mut hash = [0; 32];
    const_hex::decode_to_slice(&request.hash, &mut hash)
        .map_err(|error| RpcError::invalid_params(format!("incorrect hash: {error}")))?;
    let found = view.chain.transaction(&hash).filter(|(ledger, ..)| view.has(ledger.sequence));
    let mut object = Object::begin(out);
    view.window(&mut object);
    match found {
        Some((ledger, index, placed)) => {
            transaction(&mut object, view.protocol(), (ledger, index as u64 + 1, placed));
            object.plain("createdAt", ledger.time);
        }
        None => {
            object.plain("status", "NOT_FOUND");
            if view.protocol() >= HASHES {
                object.digits("txHash", &hash);
            }
            object.raw("applicationOrder", "0");
            object.raw("feeBump", "false");
            object.raw("ledger", "0");
            object.raw("createdAt", "\"0\"");
        }
    }
    object.end();
    Ok(())
}

fn transaction(object: &mut Object<'_>, protocol: u32, (ledger, order, placed): Found<'_>) {
    object.plain("status", if placed.failed { "FAILED" } else { "SUCCESS" });
    if protocol >= HASHES {
        object.digits("txHash", &placed.hash);
    }
    object.number("applicationOrder", order);
    object.raw("feeBump", if placed.fee_bump { "true" } else { "false" });
    object.base64("envelopeXdr", &placed.envelope);
    object.base64("resultXdr", &placed.result);
    object.base64("resultMetaXdr", &placed.meta);
    if !placed.diagnostics.is_empty() {
        object.base64s("diagnosticEventsXdr", &placed.diagnostics);
    }
    if protocol >= 23 {
        events(object.key("events"), placed);
    }
    object.number("ledger", ledger.sequence);
}

fn events(out: &mut Vec<u8>, placed: &Placed) {
    let mut object = Object::begin(out);
    if !placed.transaction_events.is_empty() {
        object.base64s("transactionEventsXdr", &placed.transaction_events);
    }
    if !placed.contract_events.is_empty() {
        array(object.key("contractEventsXdr"), &placed.contract_events, |out, events| {
            array(out, events, |out, event| super::json::base64(out, event));
        });
    }
    object.end();
}
