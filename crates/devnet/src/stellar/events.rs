//! Answers `getEvents`.

use super::{
    filter::Filters,
    json::{Fields as _, Object, array},
    ledger::Ledger,
    params::{EventsRequest, check_format},
    party::Party,
    rows::{EventId, Row},
    time::rfc3339,
    view::View,
};
use crate::rpc::RpcError;

const USUAL: usize = 100;
/// The first protocol whose servers tell where the next page begins, apart from each event's token.
const CURSORS: u32 = 22;

/// What a page is made of.
struct Page<'a> {
    rows: Vec<(&'a Ledger, &'a Row)>,
    cursor: EventId,
}

/// What is asked for, checked.
struct Question {
    filters: Filters,
    limit: usize,
    cursor: Option<EventId>,
    start: EventId,
    /// The first ledger not looked at.
    end: u32,
}

pub(crate) fn answer(view: &View<'_>, request: &EventsRequest, out: &mut Vec<u8>) -> Result<(), RpcError> {
    let question = Question::read(view, request)?;
    let page = question.page(view);
    let protocol = view.protocol();
    let mut object = Object::begin(out);
    array(object.key("events"), page.rows, |out, (ledger, row)| write(out, ledger, row, protocol));
    if view.chain.config().is_unified() {
        view.window(&mut object);
    } else {
        object.number("latestLedger", view.head());
    }
    if protocol >= CURSORS {
        object.plain("cursor", page.cursor);
    }
    object.end();
    Ok(())
}

impl Question {
    fn read(view: &View<'_>, request: &EventsRequest) -> Result<Self, RpcError> {
        check_format(&request.xdr_format)?;
        let cursor = match request.pagination.cursor() {
            None => None,
            Some(text) => {
                let cursor = EventId::parse(text);
                Some(cursor.ok_or_else(|| RpcError::malformed_params(format!("invalid event id {text}")))?)
            }
        };
        if cursor.is_some() && (request.start_ledger != 0 || request.end_ledger != 0) {
            let reason = if view.protocol() < CURSORS {
                "startLedger and cursor cannot both be set"
            } else {
                "ledger ranges and cursor cannot both be set"
            };
            return Err(RpcError::invalid_params(reason));
        }
        if cursor.is_none() && request.start_ledger == 0 {
            return Err(RpcError::invalid_params("startLedger must be positive"));
        }
        let config = view.chain.config();
        let limit = view.limit(request.pagination.limit, USUAL, config.max_events);
        let limit = limit.map_err(RpcError::invalid_params)?;
        let filters = Filters::read(request.filters.as_deref().unwrap_or_default(), config.protocol)?;
        let start = cursor.map_or(EventId::start_of(request.start_ledger), EventId::next);
        check_start(view, start.ledger())?;
        let mut end = start.ledger().saturating_add(config.scan_limit).min(view.head() + 1);
        if request.end_ledger != 0 {
            end = end.min(request.end_ledger);
        }
        Ok(Self { filters, limit, cursor, start, end })
    }

    fn page<'a>(&self, view: &View<'a>) -> Page<'a> {
        match self.cursor {
            _ if view.lies.empty => {
                let before = EventId::end_of(self.start.ledger().saturating_sub(1));
                Page { rows: Vec::new(), cursor: self.cursor.unwrap_or(before) }
            }
            Some(cursor) if view.lies.repeats => self.page_before(view, cursor),
            _ => self.page_after(view),
        }
    }

    fn page_after<'a>(&self, view: &View<'a>) -> Page<'a> {
        let ledgers = view.range(self.start.ledger(), self.end.saturating_sub(1));
        let rows = ledgers.iter().flat_map(|ledger| ledger.rows.iter().map(move |row| (ledger, row)));
        let wanted = rows.filter(|(_, row)| row.id >= self.start && self.filters.pass(row));
        let mut rows: Vec<_> = wanted.take(self.limit).collect();
        let cursor = match rows.last() {
            Some((_, last)) if rows.len() == self.limit => last.id,
            _ => EventId::end_of(self.end.saturating_sub(1)),
        };
        for choice in &view.lies.dropped {
            if !rows.is_empty() {
                rows.remove((*choice % rows.len() as u64) as usize);
            }
        }
        Page { rows, cursor }
    }

    /// The page that ended where this one is to begin.
    fn page_before<'a>(&self, view: &View<'a>, cursor: EventId) -> Page<'a> {
        let scan = view.chain.config().scan_limit;
        let ledgers = view.range(cursor.ledger().saturating_sub(scan), cursor.ledger());
        let rows =
            ledgers.iter().rev().flat_map(|ledger| ledger.rows.iter().rev().map(move |row| (ledger, row)));
        let wanted = rows.filter(|(_, row)| row.id <= cursor && self.filters.pass(row));
        let mut rows: Vec<_> = wanted.take(self.limit).collect();
        rows.reverse();
        Page { rows, cursor }
    }
}

fn check_start(view: &View<'_>, ledger: u32) -> Result<(), RpcError> {
    if view.has(ledger) {
        return Ok(());
    }
    let (oldest, head) = (view.oldest(), view.head());
    Err(RpcError::invalid_request(if view.protocol() >= CURSORS {
        format!("startLedger must be within the ledger range: {oldest} - {head}")
    } else if ledger < oldest {
        "start is before oldest ledger".to_owned()
    } else {
        "start is after newest ledger".to_owned()
    }))
}

fn write(out: &mut Vec<u8>, ledger: &Ledger, row: &Row, protocol: u32) {
    let mut object = Object::begin(out);
    object.plain(
        "type",
        match row.kind {
            stellar_xdr::ContractEventType::System => "system",
            stellar_xdr::ContractEventType::Contract => "contract",
            stellar_xdr::ContractEventType::Diagnostic => "diagnostic",
        },
    );
    if protocol < 21 {
        object.plain("ledger", ledger.sequence);
    } else {
        object.number("ledger", ledger.sequence);
    }
    object.plain("ledgerClosedAt", rfc3339(ledger.time));
    match row.contract {
        Some(contract) => object.plain("contractId", Party::Contract(contract)),
        None => object.raw("contractId", "\"\""),
    }
    object.plain("id", row.id);
    if protocol < 23 {
        object.plain("pagingToken", row.id);
    } else {
        object.number("operationIndex", row.id.operation());
        object.number("transactionIndex", row.id.order());
    }
    object.raw("inSuccessfulContractCall", if row.succeeded { "true" } else { "false" });
    if let Some(placed) = ledger.transactions.get(row.transaction) {
        object.digits("txHash", &placed.hash);
    }
    object.base64s("topic", &row.topics);
    object.base64("value", &row.value);
    object.end();
}
