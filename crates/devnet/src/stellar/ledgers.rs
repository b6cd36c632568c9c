//! Answers `getLedgers` and `getLatestLedger`.

use super::{
    json::{Fields as _, Object, array},
    ledger::Ledger,
    params::{PageRequest, check_format},
    view::View,
};
use crate::rpc::RpcError;

const USUAL: usize = 50;
/// The first protocol whose servers tell the whole newest ledger.
const WHOLE_LATEST: u32 = 25;

pub(crate) fn answer(view: &View<'_>, request: &PageRequest, out: &mut Vec<u8>) -> Result<(), RpcError> {
    let limit = check(view, request, USUAL)?;
    let (start, cursor) = start(view, request)?;
    let mut first = start;
    if view.lies.repeats && start > view.oldest() {
        first = start.saturating_sub(limit as u32).max(view.oldest());
    }
    let last = first.saturating_add(limit as u32 - 1);
    let ledgers = if view.lies.empty { &[] } else { view.range(first, last) };
    let mut object = Object::begin(out);
    array(object.key("ledgers"), ledgers, write);
    window(view, &mut object, "CloseTime");
    match (ledgers.last(), cursor) {
        (Some(ledger), _) => object.plain("cursor", ledger.sequence),
        (None, Some(cursor)) => object.plain("cursor", cursor),
        (None, None) => object.plain("cursor", start.saturating_sub(1)),
    }
    object.end();
    Ok(())
}

/// What a page of ledgers and one of transactions have in common. Answers how long it may be.
pub(crate) fn check(view: &View<'_>, request: &PageRequest, usual: usize) -> Result<usize, RpcError> {
    match request.pagination.cursor() {
        Some(cursor) if request.start_ledger != 0 => {
            let start = request.start_ledger;
            let reason = format!("startLedger ({start}) and cursor ({cursor}) cannot both be set");
            return Err(RpcError::invalid_request(reason));
        }
        Some(_) => {}
        None => view.check_start(request.start_ledger)?,
    }
    let limit = view.limit(request.pagination.limit, usual, view.chain.config().max_page);
    let limit = limit.map_err(RpcError::invalid_request)?;
    check_format(&request.xdr_format)?;
    Ok(limit.max(1))
}

/// The newest and the oldest ledger, and their times as numbers.
pub(crate) fn window(view: &View<'_>, object: &mut Object<'_>, time: &str) {
    for (name, sequence) in [("latestLedger", view.head()), ("oldestLedger", view.oldest())] {
        object.number(name, sequence);
        object.number(&format!("{name}{time}"), view.time(sequence));
    }
}

fn start(view: &View<'_>, request: &PageRequest) -> Result<(u32, Option<u32>), RpcError> {
    let Some(text) = request.pagination.cursor() else { return Ok((request.start_ledger, None)) };
    let Ok(cursor) = text.parse::<u32>() else {
        return Err(RpcError::invalid_params(format!("strconv.ParseUint: parsing {text:?}: invalid syntax")));
    };
    let start = cursor.saturating_add(1);
    if view.has(start) {
        return Ok((start, Some(cursor)));
    }
    let (oldest, head) = (view.oldest(), view.head());
    Err(RpcError::invalid_params(format!(
        "cursor ('{cursor}') must be between the oldest ledger: {oldest} and the latest ledger: {head} for this rpc instance"
    )))
}

fn write(out: &mut Vec<u8>, ledger: &Ledger) {
    let mut object = Object::begin(out);
    object.digits("hash", &ledger.hash);
    object.number("sequence", ledger.sequence);
    object.plain("ledgerCloseTime", ledger.time);
    object.base64("headerXdr", &ledger.header);
    object.base64("metadataXdr", &ledger.meta);
    object.end();
}

pub(crate) fn latest(view: &View<'_>, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    let Some(ledger) = view.chain.ledger(view.head()) else { return object.end() };
    object.digits("id", &ledger.hash);
    object.number("protocolVersion", view.protocol());
    object.number("sequence", ledger.sequence);
    if view.protocol() >= WHOLE_LATEST {
        object.plain("closeTime", ledger.time);
        // The header alone: between its hash and an empty extension.
        let header = ledger.header.get(32..ledger.header.len().saturating_sub(4)).unwrap_or_default();
        object.base64("headerXdr", header);
        object.base64("metadataXdr", &ledger.meta);
    }
    object.end();
}
