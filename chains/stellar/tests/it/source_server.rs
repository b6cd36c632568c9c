//! A server of the made-up network, which answers as the real one does, and badly on demand.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Json as Body, Router, extract::State, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value as Json, json};
use stellar_xdr::{
    ContractEvent, ContractEventBody, ContractEventType, LedgerCloseMeta, Limits, ReadXdr, ScVal,
    TransactionMeta,
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    recorded::encoded,
    source_ledgers::{PASSPHRASE, SimEvent, SimLedger},
};

/// How the server writes its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Ledgers as text, paging tokens, no cursor, values in objects, no oldest ledger.
    Protocol20,
    /// With a cursor at the end of the window.
    Protocol23,
    /// Without `inSuccessfulContractCall`.
    Protocol27,
}

/// How the server behaves.
#[derive(Clone, Debug)]
pub(crate) struct Manners {
    pub(crate) shape: Shape,
    pub(crate) oldest: u32,
    pub(crate) latest: u32,
    pub(crate) passphrase: &'static str,
    pub(crate) protocol: u32,
    /// Tells of other amounts than were moved, with every method alike.
    pub(crate) forges_events: bool,
    /// Leaves the last event of every page out.
    pub(crate) drops_events: bool,
    /// Answers so many requests that have a cursor with the page before.
    pub(crate) repeats: u32,
    /// Looks at no more than so many ledgers at once.
    pub(crate) scan: u32,
    pub(crate) max_limit: u64,
    pub(crate) knows_open_topics: bool,
    /// Fails so many requests.
    pub(crate) fails: u32,
    /// Tells other hashes of ledgers from this one on.
    pub(crate) forks_at: Option<u32>,
    /// Pads the answer of `getLatestLedger`, as servers do that tell the whole ledger there.
    pub(crate) heavy: bool,
    /// Leaves this transaction of every ledger out.
    pub(crate) hides_transaction: Option<usize>,
    pub(crate) entries: Vec<(String, String)>,
}

impl Manners {
    pub(crate) fn good(latest: u32) -> Self {
        Self {
            shape: Shape::Protocol23,
            oldest: 1,
            latest,
            passphrase: PASSPHRASE,
            protocol: 23,
            forges_events: false,
            drops_events: false,
            repeats: 0,
            scan: 10_000,
            max_limit: 10_000,
            knows_open_topics: true,
            fails: 0,
            forks_at: None,
            heavy: false,
            hides_transaction: None,
            entries: Vec::new(),
        }
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) url: String,
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

struct Inner {
    ledgers: Arc<Vec<SimLedger>>,
    manners: Mutex<Manners>,
    asked: Mutex<BTreeMap<String, Vec<Json>>>,
    last_page: Mutex<Option<Json>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn start(ledgers: Arc<Vec<SimLedger>>, manners: Manners) -> Self {
        let inner = Arc::new(Inner {
            ledgers,
            manners: Mutex::new(manners),
            asked: Mutex::default(),
            last_page: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(answer)).with_state(inner.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, inner, task }
    }

    pub(crate) fn behave(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.inner.manners.lock().unwrap());
    }

    /// The parameters of all calls of that method so far.
    pub(crate) fn asked(&self, method: &str) -> Vec<Json> {
        self.inner.asked.lock().unwrap().get(method).cloned().unwrap_or_default()
    }
}

async fn answer(State(inner): State<Arc<Inner>>, Body(request): Body<Json>) -> Body<Json> {
    let method = request["method"].as_str().unwrap();
    let params = &request["params"];
    inner.asked.lock().unwrap().entry(method.to_owned()).or_default().push(params.clone());
    let mut manners = inner.manners.lock().unwrap();
    let answer = if manners.fails > 0 {
        manners.fails -= 1;
        Err((-32603, "could not read the database".to_owned()))
    } else {
        match method {
            "getHealth" => Ok(json!({
                "status": "healthy", "latestLedger": manners.latest, "oldestLedger": manners.oldest,
                "ledgerRetentionWindow": 17_280,
            })),
            "getNetwork" => Ok(
                json!({ "passphrase": manners.passphrase, "protocolVersion": manners.protocol.to_string() }),
            ),
            "getLatestLedger" => Ok(json!({
                "id": "00", "protocolVersion": manners.protocol, "sequence": manners.latest,
                "metadataXdr": if manners.heavy { "A".repeat(32 << 10) } else { String::new() },
            })),
            "getEvents" => inner.events(params, &mut manners),
            "getTransactions" => inner.transactions(params, &mut manners),
            "getLedgers" => inner.ledgers(params, &manners),
            "getTransaction" => Ok(inner.transaction(params, &manners)),
            "getLedgerEntries" => Ok(entries(params, &manners)),
            _ => Err((-32601, "method not found".to_owned())),
        }
    };
    Body(match answer {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }),
        Err((code, message)) => {
            json!({ "jsonrpc": "2.0", "id": request["id"], "error": { "code": code, "message": message } })
        }
    })
}

type Answer = Result<Json, (i64, String)>;

/// An event with its id and as it is written.
type Row = ((u64, u32), Json);

impl Inner {
    fn events(&self, params: &Json, manners: &mut Manners) -> Answer {
        let limit = limit_of(params, 100, manners)?;
        let cursor = params["pagination"]["cursor"].as_str();
        if cursor.is_some() && (!params["startLedger"].is_null() || !params["endLedger"].is_null()) {
            return Err((-32602, "ledger ranges and cursor cannot both be set".to_owned()));
        }
        if cursor.is_some() && manners.repeats > 0 {
            manners.repeats -= 1;
            return Ok(self.last_page.lock().unwrap().clone().unwrap());
        }
        let filters = params["filters"].as_array().unwrap();
        check_filters(filters, manners)?;
        let start = match cursor {
            Some(cursor) => {
                let (toid, number) = cursor.split_once('-').unwrap();
                (toid.parse().unwrap(), number.parse::<u32>().unwrap().wrapping_add(1))
            }
            None => (params["startLedger"].as_u64().unwrap() << 32, 0),
        };
        let first = u32::try_from(start.0 >> 32).unwrap();
        if first < manners.oldest || first > manners.latest {
            let (oldest, latest) = (manners.oldest, manners.latest);
            return Err((
                -32600,
                format!("startLedger must be within the ledger range: {oldest} - {latest}"),
            ));
        }
        let mut end = (first + manners.scan).min(manners.latest + 1);
        if let Some(last) = params["endLedger"].as_u64() {
            end = end.min(u32::try_from(last).unwrap());
        }
        let in_range = |ledger: &&SimLedger| ledger.sequence >= first && ledger.sequence < end;
        let rows =
            self.ledgers.iter().filter(in_range).flat_map(|ledger| rows_of(ledger, filters, manners.shape));
        let mut found: Vec<Row> = rows.filter(|(id, _)| *id >= start).take(limit).collect();
        let full = found.len() == limit;
        let last = found.last().map(|(_, row)| row["id"].clone());
        if manners.drops_events {
            found.pop();
        }
        if manners.forges_events {
            for (_, row) in &mut found {
                if row["value"] == encoded(&ScVal::U32(row["ledger"].as_u64().unwrap() as u32)) {
                    row["value"] = json!(encoded(&ScVal::U32(FORGED)));
                }
            }
        }
        let window_end = format!("{:019}-4294967295", (u64::from(end) << 32) - 1);
        let cursor = if full { last.unwrap() } else { json!(window_end) };
        let mut page = json!({
            "events": found.into_iter().map(|(_, row)| row).collect::<Vec<_>>(),
            "latestLedger": manners.latest,
        });
        if manners.shape != Shape::Protocol20 {
            page["cursor"] = cursor;
            page["oldestLedger"] = json!(manners.oldest);
        }
        *self.last_page.lock().unwrap() = Some(page.clone());
        Ok(page)
    }

    fn transactions(&self, params: &Json, manners: &mut Manners) -> Answer {
        let limit = limit_of(params, 50, manners)?;
        let start = match params["pagination"]["cursor"].as_str() {
            Some(_) if manners.repeats > 0 => {
                manners.repeats -= 1;
                return Ok(self.last_page.lock().unwrap().clone().unwrap());
            }
            Some(cursor) => cursor.parse::<u64>().unwrap() + (1 << 12),
            None => {
                let first = params["startLedger"].as_u64().unwrap();
                within(first, manners)?;
                first << 32
            }
        };
        let mut found = Vec::new();
        let mut cursor = start;
        for ledger in self.ledgers.iter().filter(|ledger| ledger.sequence <= manners.latest) {
            for (order, transaction) in (1_u64..).zip(&ledger.transactions) {
                let toid = u64::from(ledger.sequence) << 32 | order << 12 | 1;
                if toid < start || found.len() == limit || manners.hides_transaction == Some(order as usize) {
                    continue;
                }
                let mut row = json!({
                    "status": if transaction.succeeded { "SUCCESS" } else { "FAILED" },
                    "applicationOrder": order,
                    "feeBump": false,
                    "envelopeXdr": encoded(&transaction.envelope),
                    "resultXdr": encoded(&transaction.result),
                    "resultMetaXdr": encoded(&TransactionMeta::V4(transaction.meta.clone())),
                    "ledger": ledger.sequence,
                    "createdAt": ledger.time,
                });
                if manners.shape != Shape::Protocol20 {
                    row["txHash"] = json!(const_hex::encode(transaction.hash));
                }
                found.push(row);
                cursor = toid;
            }
            if found.len() < limit && u64::from(ledger.sequence) >= start >> 32 {
                cursor = cursor.max(u64::from(ledger.sequence) << 32 | 1);
            }
        }
        let page = json!({
            "transactions": found, "latestLedger": manners.latest, "oldestLedger": manners.oldest,
            "latestLedgerCloseTimestamp": 1, "oldestLedgerCloseTimestamp": 1, "cursor": cursor.to_string(),
        });
        *self.last_page.lock().unwrap() = Some(page.clone());
        Ok(page)
    }

    fn ledgers(&self, params: &Json, manners: &Manners) -> Answer {
        let limit = limit_of(params, 5, manners)?;
        let first = params["startLedger"].as_u64().unwrap();
        within(first, manners)?;
        let wanted = self
            .ledgers
            .iter()
            .filter(|ledger| u64::from(ledger.sequence) >= first && ledger.sequence <= manners.latest);
        let ledgers: Vec<_> = wanted
            .take(limit)
            .map(|ledger| {
                let mut meta = ledger.close_meta();
                if manners.forges_events {
                    forge(&mut meta, ledger.sequence);
                }
                let mut hash = ledger.entry.hash.0;
                if manners.forks_at.is_some_and(|forks| ledger.sequence >= forks) {
                    hash = forked(&mut meta, manners.forks_at == Some(ledger.sequence));
                }
                json!({
                    "hash": const_hex::encode(hash),
                    "sequence": ledger.sequence,
                    "ledgerCloseTime": ledger.time.to_string(),
                    "headerXdr": encoded(&ledger.entry),
                    "metadataXdr": encoded(&meta),
                })
            })
            .collect();
        Ok(json!({
            "ledgers": ledgers, "latestLedger": manners.latest, "oldestLedger": manners.oldest,
            "latestLedgerCloseTime": 1, "oldestLedgerCloseTime": 1, "cursor": "1",
        }))
    }

    fn transaction(&self, params: &Json, manners: &Manners) -> Json {
        let visible = |ledger: &&SimLedger| (manners.oldest..=manners.latest).contains(&ledger.sequence);
        for ledger in self.ledgers.iter().filter(visible) {
            for transaction in &ledger.transactions {
                if params["hash"] == const_hex::encode(transaction.hash) {
                    return json!({ "status": "SUCCESS", "ledger": ledger.sequence, "latestLedger": manners.latest });
                }
            }
        }
        json!({ "status": "NOT_FOUND", "latestLedger": manners.latest, "ledger": 0 })
    }
}

/// Another ledger of the same sequence: its hash is that of a header with another fee.
fn forked(meta: &mut LedgerCloseMeta, first: bool) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    use stellar_xdr::WriteXdr;
    let entry = match meta {
        LedgerCloseMeta::V0(meta) => &mut meta.ledger_header,
        LedgerCloseMeta::V1(meta) => &mut meta.ledger_header,
        LedgerCloseMeta::V2(meta) => &mut meta.ledger_header,
    };
    if first {
        entry.header.base_fee += 1;
    }
    let hash = Sha256::digest(entry.header.to_xdr(crate::recorded::limits()).unwrap()).into();
    entry.hash = stellar_xdr::Hash(hash);
    hash
}

/// What a forged event says.
const FORGED: u32 = 0xdead_beef;

fn forge(meta: &mut LedgerCloseMeta, sequence: u32) {
    let forge = |meta: &mut TransactionMeta| {
        let TransactionMeta::V4(meta) = meta else { panic!("version 4") };
        let mut operations = meta.operations.to_vec();
        for operation in &mut operations {
            let mut events = operation.events.to_vec();
            for event in &mut events {
                let ContractEventBody::V0(body) = &mut event.body;
                if body.data == ScVal::U32(sequence) {
                    body.data = ScVal::U32(FORGED);
                }
            }
            operation.events = events.try_into().unwrap();
        }
        meta.operations = operations.try_into().unwrap();
    };
    match meta {
        LedgerCloseMeta::V1(meta) => {
            let mut all = meta.tx_processing.to_vec();
            all.iter_mut().for_each(|it| forge(&mut it.tx_apply_processing));
            meta.tx_processing = all.try_into().unwrap();
        }
        LedgerCloseMeta::V2(meta) => {
            let mut all = meta.tx_processing.to_vec();
            all.iter_mut().for_each(|it| forge(&mut it.tx_apply_processing));
            meta.tx_processing = all.try_into().unwrap();
        }
        LedgerCloseMeta::V0(_) => panic!("not made here"),
    }
}

fn within(first: u64, manners: &Manners) -> Result<(), (i64, String)> {
    let (oldest, latest) = (manners.oldest, manners.latest);
    if (u64::from(oldest)..=u64::from(latest)).contains(&first) {
        return Ok(());
    }
    let text = format!(
        "start ledger ({first}) must be between the oldest ledger: {oldest} and the latest ledger: {latest} for this rpc instance"
    );
    Err((-32600, text))
}

fn limit_of(params: &Json, default: u64, manners: &Manners) -> Result<usize, (i64, String)> {
    let limit = params["pagination"]["limit"].as_u64().unwrap_or(default);
    if limit > manners.max_limit {
        return Err((-32602, format!("limit must not exceed {}", manners.max_limit)));
    }
    Ok(usize::try_from(limit).unwrap())
}

fn check_filters(filters: &[Json], manners: &Manners) -> Result<(), (i64, String)> {
    let wrong = |text: &str| Err((-32602, text.to_owned()));
    if filters.len() > 5 {
        return wrong("maximum 5 filters per request");
    }
    for filter in filters {
        if filter["contractIds"].as_array().is_some_and(|ids| ids.len() > 5) {
            return wrong("maximum 5 contract IDs per filter");
        }
        let Some(topics) = filter["topics"].as_array() else { continue };
        if topics.len() > 5 {
            return wrong("maximum 5 topics per filter");
        }
        if topics.iter().any(|topic| topic[1] == "**") && !manners.knows_open_topics {
            return wrong("filter 1 invalid: topic 1 invalid: segment 2 invalid");
        }
    }
    Ok(())
}

/// The events of a ledger that the filters let through. As the real server does, it looks only at the contracts of all
/// filters together.
fn rows_of(ledger: &SimLedger, filters: &[Json], shape: Shape) -> Vec<Row> {
    let all: Vec<&Json> =
        filters.iter().filter_map(|filter| filter["contractIds"].as_array()).flatten().collect();
    let rows = ledger.events().into_iter().filter_map(|event| {
        let contract = event.event.contract_id.as_ref();
        let contract = contract.map(|id| stellar_strkey::Contract(id.0.0).to_string().as_str().to_owned());
        let text = contract.unwrap_or_default();
        let looked_at = all.is_empty() || all.iter().any(|id| **id == *text);
        let passes =
            filters.is_empty() || filters.iter().any(|filter| lets_through(filter, &text, event.event));
        (looked_at && passes).then(|| row(ledger, &event, &text, shape))
    });
    rows.collect()
}

fn lets_through(filter: &Json, contract: &str, event: &ContractEvent) -> bool {
    let of_contract =
        filter["contractIds"].as_array().is_none_or(|ids| ids.iter().any(|id| *id == *contract));
    let ContractEventBody::V0(body) = &event.body;
    let of_topic = filter["topics"].as_array().is_none_or(|patterns| {
        patterns.iter().any(|pattern| {
            let wanted = STANDARD.decode(pattern[0].as_str().unwrap()).unwrap();
            let wanted = ScVal::from_xdr(wanted, Limits::len(1 << 10)).unwrap();
            let open = pattern[1] == "**";
            body.topics.first() == Some(&wanted)
                && (open || body.topics.len() == pattern.as_array().unwrap().len())
        })
    });
    of_contract && of_topic
}

fn row(ledger: &SimLedger, event: &SimEvent<'_>, contract: &str, shape: Shape) -> Row {
    let toid = u64::from(ledger.sequence) << 32 | u64::from(event.order) << 12 | u64::from(event.operation);
    let ContractEventBody::V0(body) = &event.event.body;
    let id = format!("{toid:019}-{:010}", event.number);
    let mut row = json!({
        "type": if event.event.type_ == ContractEventType::System { "system" } else { "contract" },
        "ledger": ledger.sequence,
        "ledgerClosedAt": rfc3339(ledger.time),
        "contractId": contract,
        "id": id,
        "operationIndex": event.operation,
        "transactionIndex": event.order,
        "inSuccessfulContractCall": event.transaction.succeeded,
        "txHash": const_hex::encode(event.transaction.hash),
        "topic": body.topics.iter().map(encoded).collect::<Vec<_>>(),
        "value": encoded(&body.data),
    });
    match shape {
        Shape::Protocol20 => {
            row["ledger"] = json!(ledger.sequence.to_string());
            row["pagingToken"] = json!(id);
            row["value"] = json!({ "xdr": row["value"] });
        }
        Shape::Protocol23 => {}
        Shape::Protocol27 => drop(row.as_object_mut().unwrap().remove("inSuccessfulContractCall")),
    }
    ((toid, event.number), row)
}

/// The day on which the made-up network runs.
fn rfc3339(time: u64) -> String {
    // 1,749,945,600 is the midnight before the first ledger.
    let second = time - 1_749_945_600;
    assert!(second < 86_400, "within a day");
    format!("2025-06-15T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

fn entries(params: &Json, manners: &Manners) -> Json {
    let key = params["keys"][0].as_str().unwrap();
    let found = manners.entries.iter().filter(|(known, _)| known == key);
    let found: Vec<_> =
        found.map(|(key, xdr)| json!({ "key": key, "xdr": xdr, "lastModifiedLedgerSeq": 1 })).collect();
    json!({ "entries": found, "latestLedger": manners.latest })
}
