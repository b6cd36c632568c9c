//! How quickly answers become blocks: the parsing alone, with nothing that matches, with everything.
//!
//! Of the recorded ledgers that lie beside the repository; without them of made-up ones.

#![expect(clippy::unwrap_used, reason = "a bench ends at the first surprise")]

use std::{fs, path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::{Block, Contracts, EventFilter, Interest};
use chainbell_stellar::{
    assemble::{Builder, Network, Reading, Wanted, events_blocks},
    wire::{EventsPage, LedgersPage, TransactionsPage},
};
use divan::{Bencher, black_box, counter::ItemsCount};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use stellar_xdr::{
    ContractEvent, ContractEventBody, GeneralizedTransactionSet, Hash, LedgerCloseMeta, LedgerCloseMetaV1,
    LedgerHeader, LedgerHeaderHistoryEntry, Limits, ReadXdr, TransactionEnvelope, TransactionEventStage,
    TransactionMeta, TransactionMetaV4, TransactionPhase, TransactionResultMeta, TransactionResultPair,
    TransactionResultResult, TransactionResultSet, TransactionSetV1, TxSetComponent,
    TxSetComponentTxsMaybeDiscountedFee, WriteXdr,
};

const PUBLIC: &str = "Public Global Stellar Network ; September 2015";
const FIRST: u32 = 30_822_015;
const LEDGERS: u32 = 7;

fn main() {
    divan::main();
}

struct Transaction {
    ledger: u32,
    order: u32,
    envelope: TransactionEnvelope,
    pair: TransactionResultPair,
    meta: TransactionMetaV4,
}

fn limits() -> Limits {
    Limits { depth: 500, len: 1 << 26 }
}

fn decoded<T: ReadXdr>(text: &Json) -> T {
    T::from_xdr(STANDARD.decode(text.as_str().unwrap()).unwrap(), limits()).unwrap()
}

fn encoded(value: &impl WriteXdr) -> String {
    STANDARD.encode(value.to_xdr(limits()).unwrap())
}

fn transactions() -> Vec<Transaction> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/stellar/etl");
    let text = fs::read_to_string(folder.join("ledgers_30822015_30822021_transactions.jsonl"));
    let rows: Vec<Json> = match text {
        Ok(text) => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        Err(_) => return made_up(),
    };
    let mut transactions: Vec<Transaction> = Vec::new();
    for row in rows {
        let ledger = u32::try_from(row["ledger_sequence"].as_u64().unwrap()).unwrap();
        let order = transactions.last().filter(|last| last.ledger == ledger).map_or(0, |last| last.order) + 1;
        let TransactionMeta::V4(meta) = decoded(&row["tx_meta"]) else { unreachable!("version 4") };
        let (envelope, pair) = (decoded(&row["tx_envelope"]), decoded(&row["tx_result"]));
        transactions.push(Transaction { ledger, order, envelope, pair, meta });
    }
    transactions
}

/// Sixty transactions in every ledger, each with one event.
fn made_up() -> Vec<Transaction> {
    let network = Sha256::digest(PUBLIC).into();
    let one = |ledger: u32, order: u32| {
        let mut envelope = stellar_xdr::TransactionV1Envelope::default();
        envelope.tx.fee = ledger * 100 + order;
        let envelope = TransactionEnvelope::Tx(envelope);
        let transaction_hash = Hash(envelope.hash(network).unwrap());
        let pair = TransactionResultPair { transaction_hash, ..Default::default() };
        let event = stellar_xdr::TransactionEvent {
            stage: TransactionEventStage::BeforeAllTxs,
            event: ContractEvent::default(),
        };
        let meta = TransactionMetaV4 { events: vec![event].try_into().unwrap(), ..Default::default() };
        Transaction { ledger, order, envelope, pair, meta }
    };
    (0..LEDGERS).flat_map(|ledger| (1..=60).map(move |order| one(FIRST + ledger, order))).collect()
}

/// As `getTransactions` answers, with the metadata as well as the events in it.
fn transactions_page() -> String {
    let row = |it: &Transaction| {
        let of_operation = |events: &[ContractEvent]| events.iter().map(encoded).collect::<Vec<_>>();
        json!({
            "status": if matches!(it.pair.result.result, TransactionResultResult::TxSuccess(_)) { "SUCCESS" } else { "FAILED" },
            "txHash": const_hex::encode(it.pair.transaction_hash.0),
            "applicationOrder": it.order,
            "feeBump": false,
            "envelopeXdr": encoded(&it.envelope),
            "resultXdr": encoded(&it.pair.result),
            "resultMetaXdr": encoded(&TransactionMeta::V4(it.meta.clone())),
            "events": {
                "transactionEventsXdr": it.meta.events.iter().map(encoded).collect::<Vec<_>>(),
                "contractEventsXdr": it.meta.operations.iter().map(|it| of_operation(&it.events)).collect::<Vec<_>>(),
            },
            "ledger": it.ledger,
            "createdAt": 1_595_894_400,
        })
    };
    let rows: Vec<_> = transactions().iter().map(row).collect();
    json!({ "transactions": rows, "latestLedger": FIRST + 100, "oldestLedger": 1, "cursor": "1" }).to_string()
}

/// As `getEvents` answers.
fn events_page() -> String {
    let mut rows = Vec::new();
    let mut before = (0, 0);
    for it in transactions() {
        before = if before.0 == it.ledger { (it.ledger, before.1 + 1) } else { (it.ledger, 0) };
        for staged in it.meta.events.iter() {
            rows.push(event_row(&it, 0, 0, before.1, &staged.event));
        }
        for (operation, meta) in (0..).zip(it.meta.operations.iter()) {
            for (number, event) in (0..).zip(meta.events.iter()) {
                rows.push(event_row(&it, it.order, operation, number, event));
            }
        }
    }
    rows.sort_by_key(|row| row["id"].as_str().unwrap().to_owned());
    json!({ "events": rows, "latestLedger": FIRST + 100, "oldestLedger": 1, "cursor": "1-1" }).to_string()
}

fn event_row(it: &Transaction, order: u32, operation: u32, number: u32, event: &ContractEvent) -> Json {
    let toid = u64::from(it.ledger) << 32 | u64::from(order) << 12 | u64::from(operation);
    let ContractEventBody::V0(body) = &event.body;
    let contract = event.contract_id.as_ref().map_or([7; 32], |id| id.0.0);
    json!({
        "type": "contract",
        "ledger": it.ledger,
        "ledgerClosedAt": "2020-07-28T00:10:56Z",
        "contractId": stellar_strkey::Contract(contract).to_string().as_str(),
        "id": format!("{toid:019}-{number:010}"),
        "operationIndex": operation,
        "transactionIndex": order,
        "inSuccessfulContractCall": true,
        "txHash": const_hex::encode(it.pair.transaction_hash.0),
        "topic": body.topics.iter().map(encoded).collect::<Vec<_>>(),
        "value": encoded(&body.data),
    })
}

/// As `getLedgers` answers.
fn ledgers_page() -> String {
    let transactions = transactions();
    let rows: Vec<_> = (FIRST..FIRST + LEDGERS)
        .scan([0; 32], |previous, sequence| {
            let of_ledger: Vec<_> = transactions.iter().filter(|it| it.ledger == sequence).collect();
            let meta = close_meta(sequence, *previous, &of_ledger);
            *previous = meta.ledger_header.hash.0;
            Some(json!({
                "hash": const_hex::encode(*previous), "sequence": sequence, "ledgerCloseTime": "1",
                "headerXdr": encoded(&meta.ledger_header), "metadataXdr": encoded(&LedgerCloseMeta::V1(meta)),
            }))
        })
        .collect();
    json!({ "ledgers": rows, "latestLedger": FIRST + 100, "oldestLedger": 1 }).to_string()
}

fn close_meta(sequence: u32, previous: [u8; 32], transactions: &[&Transaction]) -> LedgerCloseMetaV1 {
    let pairs: Vec<_> = transactions.iter().map(|it| it.pair.clone()).collect();
    let results = TransactionResultSet { results: pairs.try_into().unwrap() };
    let header = LedgerHeader {
        ledger_version: 23,
        previous_ledger_hash: Hash(previous),
        tx_set_result_hash: Hash(Sha256::digest(results.to_xdr(limits()).unwrap()).into()),
        ledger_seq: sequence,
        ..Default::default()
    };
    let hash = Hash(Sha256::digest(header.to_xdr(limits()).unwrap()).into());
    let txs: Vec<_> = transactions.iter().map(|it| it.envelope.clone()).collect();
    let component =
        TxSetComponentTxsMaybeDiscountedFee { txs: txs.try_into().unwrap(), ..Default::default() };
    let phase = TransactionPhase::V0(
        vec![TxSetComponent::TxsetCompTxsMaybeDiscountedFee(component)].try_into().unwrap(),
    );
    let processing = transactions.iter().map(|it| TransactionResultMeta {
        result: it.pair.clone(),
        tx_apply_processing: TransactionMeta::V4(it.meta.clone()),
        ..Default::default()
    });
    LedgerCloseMetaV1 {
        ledger_header: LedgerHeaderHistoryEntry { hash, header, ..Default::default() },
        tx_set: GeneralizedTransactionSet::V1(TransactionSetV1 {
            phases: vec![phase].try_into().unwrap(),
            ..Default::default()
        }),
        tx_processing: processing.collect::<Vec<_>>().try_into().unwrap(),
        ..Default::default()
    }
}

/// Asks for what is not there.
fn nothing() -> Interest {
    let nobody = chainbell_model::Address::from_slice(&[&[2 << 3][..], &[0xee; 32]].concat()).unwrap();
    let filter = EventFilter { emitters: Some([nobody].into()), keys: None };
    Interest { events: vec![filter], ..Interest::default() }
}

/// The same with what only a transaction's envelope can tell.
fn no_call() -> Interest {
    let nobody = chainbell_model::Address::from_slice(&[&[2 << 3][..], &[0xee; 32]].concat()).unwrap();
    Interest { calls: Contracts::Of([nobody].into()), ..nothing() }
}

fn all_events() -> Interest {
    Interest { events: vec![EventFilter::default()], ..Interest::default() }
}

fn everything() -> Interest {
    Interest {
        calls: Contracts::Any,
        transactions: true,
        native_transfers: true,
        token_transfers: Contracts::Any,
        ..all_events()
    }
}

struct Asked {
    wanted: Arc<Wanted>,
    network: Arc<Network>,
}

impl Asked {
    fn new(interest: &Interest) -> Self {
        let network = Arc::new(Network::new(PUBLIC));
        Self { wanted: Arc::new(Wanted::new(interest, &network)), network }
    }

    fn builder(&self) -> Builder {
        Builder::new(self.wanted.clone(), self.network.clone(), FIRST, FIRST + LEDGERS)
    }

    fn of_transactions(&self, text: &str) -> Vec<Block> {
        let mut builder = self.builder();
        TransactionsPage::read(text, &mut builder).unwrap();
        builder.finish()
    }

    fn of_ledgers(&self, text: &str) -> Vec<Block> {
        let mut builder = self.builder();
        LedgersPage::read(text, &mut builder).unwrap();
        builder.finish()
    }

    fn of_events(&self, text: &str) -> Vec<Block> {
        let reading = Reading { wanted: &self.wanted, network: &self.network };
        events_blocks(EventsPage::read(text, &reading).unwrap().events).unwrap()
    }
}

fn bench<T>(bencher: Bencher<'_, '_>, text: String, run: impl Fn(&str) -> T + Sync) {
    bencher.counter(ItemsCount::new(LEDGERS)).bench(|| run(black_box(&text)));
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed and nothing more")]
struct PlainTransactions<'a> {
    #[serde(borrow)]
    transactions: Vec<PlainTransaction<'a>>,
    latest_ledger: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed and nothing more")]
struct PlainTransaction<'a> {
    status: &'a str,
    tx_hash: &'a str,
    application_order: u32,
    envelope_xdr: &'a str,
    result_xdr: &'a str,
    result_meta_xdr: &'a str,
    #[serde(borrow)]
    events: PlainEvents<'a>,
    ledger: u32,
    created_at: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed and nothing more")]
struct PlainEvents<'a> {
    #[serde(borrow)]
    transaction_events_xdr: Vec<&'a str>,
    #[serde(borrow)]
    contract_events_xdr: Vec<Vec<&'a str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed and nothing more")]
struct PlainPage<'a> {
    #[serde(borrow)]
    events: Vec<PlainEvent<'a>>,
    latest_ledger: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "parsed and nothing more")]
struct PlainEvent<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    ledger: u32,
    ledger_closed_at: &'a str,
    contract_id: &'a str,
    id: &'a str,
    in_successful_contract_call: bool,
    tx_hash: &'a str,
    #[serde(borrow)]
    topic: Vec<&'a str>,
    value: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlainLedgers<'a> {
    #[serde(borrow)]
    ledgers: Vec<PlainLedger<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlainLedger<'a> {
    metadata_xdr: &'a str,
}

#[divan::bench]
fn transactions_json_alone(bencher: Bencher<'_, '_>) {
    bench(bencher, transactions_page(), |text| {
        black_box(serde_json::from_str::<PlainTransactions<'_>>(text).unwrap());
    });
}

#[divan::bench]
fn transactions_nothing_matches(bencher: Bencher<'_, '_>) {
    let asked = Asked::new(&nothing());
    bench(bencher, transactions_page(), |text| asked.of_transactions(text));
}

#[divan::bench]
fn transactions_no_call_matches(bencher: Bencher<'_, '_>) {
    let asked = Asked::new(&no_call());
    bench(bencher, transactions_page(), |text| asked.of_transactions(text));
}

#[divan::bench]
fn transactions_everything(bencher: Bencher<'_, '_>) {
    let asked = Asked::new(&everything());
    bench(bencher, transactions_page(), |text| asked.of_transactions(text));
}

#[divan::bench]
fn events_json_alone(bencher: Bencher<'_, '_>) {
    bench(bencher, events_page(), |text| {
        black_box(serde_json::from_str::<PlainPage<'_>>(text).unwrap());
    });
}

#[divan::bench]
fn events_nothing_matches(bencher: Bencher<'_, '_>) {
    let asked = Asked::new(&nothing());
    bench(bencher, events_page(), |text| asked.of_events(text));
}

#[divan::bench]
fn events_everything(bencher: Bencher<'_, '_>) {
    let asked = Asked::new(&all_events());
    bench(bencher, events_page(), |text| asked.of_events(text));
}

#[divan::bench]
fn ledgers_parse_alone(bencher: Bencher<'_, '_>) {
    bench(bencher, ledgers_page(), |text| {
        let page: PlainLedgers<'_> = serde_json::from_str(text).unwrap();
        for ledger in page.ledgers {
            let bytes = STANDARD.decode(ledger.metadata_xdr).unwrap();
            black_box(LedgerCloseMeta::from_xdr(bytes, limits()).unwrap());
        }
    });
}

#[divan::bench]
fn ledgers_nothing_matches(bencher: Bencher<'_, '_>) {
    let asked = Asked::new(&nothing());
    bench(bencher, ledgers_page(), |text| asked.of_ledgers(text));
}

#[divan::bench]
fn ledgers_everything(bencher: Bencher<'_, '_>) {
    let asked = Asked::new(&everything());
    bench(bencher, ledgers_page(), |text| asked.of_ledgers(text));
}
