//! How many checkpoints a second are read: the protobuf alone, with nothing of interest in it, and with everything.
//!
//! The recorded checkpoints are used where they lie beside the repository, else ones built here.

#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::{fs, path::Path};

use chainbell_devnet::{SuiDevnet, SuiDevnetConfig};
use chainbell_model::{Address, Block, Chain, Contracts, EventFilter, Height, HeightRange, Interest, Proof};
use chainbell_rpc::{EndpointConfig, GrpcPool, PoolConfig};
use chainbell_sui::{SuiChain, SuiConfig, assemble, payload, proof};
use divan::{
    Bencher, black_box,
    counter::{BytesCount, ItemsCount},
};
use prost::Message as _;
use sui_rpc::{
    field::{FieldMask, FieldMaskTree, FieldMaskUtil as _},
    merge::Merge as _,
    proto::sui::rpc::v2::{
        BalanceChange, Bcs, Checkpoint, CheckpointSummary, Event, ExecutedTransaction, GasCostSummary,
        Transaction, TransactionEffects, TransactionEvents,
    },
};

const EVENTS: &str = "sequence_number,digest,summary.previous_digest,summary.timestamp,\
    summary.total_network_transactions,transactions.digest,transactions.effects.events_digest,\
    transactions.events.events.package_id,transactions.events.events.module,transactions.events.events.sender,\
    transactions.events.events.event_type,transactions.events.events.contents";
const CALLS: &str = "sequence_number,digest,summary.previous_digest,summary.timestamp,\
    summary.total_network_transactions,transactions.digest,transactions.transaction.kind";
const TRANSFERS: &str = "sequence_number,digest,summary.previous_digest,summary.timestamp,\
    summary.total_network_transactions,transactions.digest,transactions.transaction.sender,\
    transactions.transaction.gas_payment,transactions.effects.gas_used,transactions.balance_changes";
const EVERYTHING: &str = "sequence_number,digest,summary.previous_digest,summary.timestamp,\
    summary.total_network_transactions,transactions.digest,transactions.effects.events_digest,\
    transactions.events.events,transactions.transaction.kind,transactions.transaction.sender,\
    transactions.transaction.gas_payment,transactions.effects.gas_used,transactions.effects.status,\
    transactions.effects.changed_objects,transactions.balance_changes";

fn main() {
    divan::main();
}

/// Of 1 to 109 events each.
fn recorded() -> Vec<Checkpoint> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/sui/deepbook/proto");
    let Ok(files) = fs::read_dir(folder) else { return (0..24).map(|height| built(height, 10)).collect() };
    files.map(|file| Checkpoint::decode(&*fs::read(file.unwrap().path()).unwrap()).unwrap()).collect()
}

/// Of two events each.
fn small() -> Vec<Checkpoint> {
    (0..100).map(|height| built(height, 2)).collect()
}

fn text(number: u64) -> String {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bs58::encode(bytes).into_string()
}

fn built(height: u64, transactions: u64) -> Checkpoint {
    let mut summary = CheckpointSummary::default().with_previous_digest(text(height));
    summary.timestamp = Some(prost_types::Timestamp { seconds: height as i64, nanos: 0 });
    let transaction = |place: u64| {
        let event = Event::default()
            .with_package_id(format!("0x{place:064x}"))
            .with_module("order_info")
            .with_sender(format!("0x{:064x}", place * 7919))
            .with_event_type(format!("0x{:064x}::order_info::OrderFilled", place % 5 + 1))
            .with_contents(Bcs::default().with_value(vec![7; 200]));
        let mut effects = TransactionEffects::default();
        effects.events_digest = Some(text(place));
        effects.gas_used = Some(GasCostSummary::default().with_computation_cost(7));
        let change = |owner: u64, coin: u64, amount: i64| {
            BalanceChange::default()
                .with_address(format!("0x{owner:064x}"))
                .with_coin_type(format!("0x{coin:064x}::sui::SUI"))
                .with_amount(amount.to_string())
        };
        let changes = vec![
            change(place, 2, -1_007),
            change(place + 9, 2, 1_000),
            change(place, 70, -5),
            change(7, 70, 5),
        ];
        let sent = Transaction::default().with_sender(format!("0x{place:064x}"));
        ExecutedTransaction::default()
            .with_digest(text(height * 1_000 + place))
            .with_transaction(sent)
            .with_balance_changes(changes)
            .with_effects(effects)
            .with_events(TransactionEvents::default().with_events(vec![event]))
    };
    Checkpoint::default()
        .with_sequence_number(height)
        .with_digest(text(height + 1))
        .with_summary(summary)
        .with_transactions((0..transactions).map(transaction).collect())
}

/// As a node sends them for that mask.
fn sent(checkpoints: &[Checkpoint], mask: &str) -> Vec<Vec<u8>> {
    let mask = FieldMaskTree::from(FieldMask::from_str(mask));
    checkpoints.iter().map(|whole| Checkpoint::merge_from(whole, &mask).encode_to_vec()).collect()
}

fn parse(message: &[u8]) -> Checkpoint {
    Checkpoint::decode(black_box(message)).unwrap()
}

fn read(message: &[u8], interest: &Interest) -> Block {
    assemble::checkpoint(&parse(message), interest).unwrap()
}

fn events(filter: EventFilter) -> Interest {
    Interest { events: vec![filter], ..Interest::default() }
}

/// Events of a package that emits none, and of a name that nothing has.
fn nothing(by_name: bool) -> Interest {
    let nobody = Address::from_slice(&[0xee; 32]).unwrap();
    let key = payload::event_key("nowhere", "Nothing");
    events(EventFilter { emitters: (!by_name).then(|| [nobody].into()), keys: by_name.then(|| [key].into()) })
}

fn everything() -> Interest {
    Interest {
        calls: Contracts::Any,
        transactions: true,
        native_transfers: true,
        token_transfers: Contracts::Any,
        ..events(EventFilter::default())
    }
}

fn measure(bencher: Bencher<'_, '_>, messages: &[Vec<u8>], one: impl Fn(&[u8])) {
    let bytes: usize = messages.iter().map(Vec::len).sum();
    bencher
        .counter(ItemsCount::new(messages.len()))
        .counter(BytesCount::new(bytes))
        .bench_local(|| messages.iter().for_each(|message| one(message)));
}

const CASES: [&str; 2] = ["recorded", "small"];

fn checkpoints(case: &str) -> Vec<Checkpoint> {
    if case == "small" { small() } else { recorded() }
}

#[divan::bench(args = CASES)]
fn events_parsed_alone(bencher: Bencher<'_, '_>, case: &str) {
    measure(bencher, &sent(&checkpoints(case), EVENTS), |message| drop(black_box(parse(message))));
}

#[divan::bench(args = CASES)]
fn events_of_nobody(bencher: Bencher<'_, '_>, case: &str) {
    let interest = nothing(false);
    measure(bencher, &sent(&checkpoints(case), EVENTS), |message| drop(black_box(read(message, &interest))));
}

#[divan::bench(args = CASES)]
fn events_of_no_such_name(bencher: Bencher<'_, '_>, case: &str) {
    let interest = nothing(true);
    measure(bencher, &sent(&checkpoints(case), EVENTS), |message| drop(black_box(read(message, &interest))));
}

#[divan::bench(args = CASES)]
fn events_all(bencher: Bencher<'_, '_>, case: &str) {
    let interest = events(EventFilter::default());
    measure(bencher, &sent(&checkpoints(case), EVENTS), |message| drop(black_box(read(message, &interest))));
}

/// What the summary's digest proves.
#[divan::bench]
fn summaries_proven(bencher: Bencher<'_, '_>) {
    let messages = sent(&recorded(), "sequence_number,digest,summary");
    let checkpoints: Vec<Checkpoint> = messages.iter().map(|message| parse(message)).collect();
    if checkpoints.iter().any(|it| it.summary.as_ref().is_none_or(|summary| summary.bcs.is_none())) {
        return;
    }
    bencher.counter(ItemsCount::new(checkpoints.len())).bench_local(|| {
        let proven = |it| proof::prove(black_box(it), proof::Depth::Summary).unwrap();
        checkpoints.iter().for_each(proven);
    });
}

/// From a simulated node in the same process, which takes most of the time: with one request, or one for each.
#[divan::bench(args = [true, false], sample_count = 5, sample_size = 1)]
fn over_the_wire(bencher: Bencher<'_, '_>, listed: bool) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config = SuiDevnetConfig { max_listed: 1_000, event_json: false, ..SuiDevnetConfig::default() };
    let network = runtime.block_on(SuiDevnet::start(config)).unwrap();
    network.mine(WIRE - 1);
    let chain = runtime.block_on(async {
        let endpoint = EndpointConfig::new(network.grpc_url().parse().unwrap());
        let pool = GrpcPool::new(PoolConfig::new(vec![endpoint])).unwrap();
        SuiChain::new(pool, SuiConfig { list: listed, ..SuiConfig::default() })
    });
    let interest = events(EventFilter::default());
    let range = HeightRange { from: Height(0), to: Height(WIRE - 1) };
    bencher.counter(ItemsCount::new(WIRE)).bench_local(|| {
        runtime.block_on(chain.fetch(range, &interest, Proof::Sparse)).unwrap();
    });
}

const WIRE: u64 = 500;

fn of_nobody() -> Contracts {
    Contracts::Of([Address::from_slice(&[0xee; 32]).unwrap()].into())
}

#[divan::bench]
fn calls_parsed_alone(bencher: Bencher<'_, '_>) {
    measure(bencher, &sent(&recorded(), CALLS), |message| drop(black_box(parse(message))));
}

#[divan::bench]
fn calls_of_nobody(bencher: Bencher<'_, '_>) {
    let interest = Interest { calls: of_nobody(), ..Interest::default() };
    let messages = sent(&recorded(), CALLS);
    if messages.iter().any(|message| assemble::checkpoint(&parse(message), &interest).is_err()) {
        return;
    }
    measure(bencher, &messages, |message| drop(black_box(read(message, &interest))));
}

#[divan::bench]
fn transfers_parsed_alone(bencher: Bencher<'_, '_>) {
    measure(bencher, &sent(&small(), TRANSFERS), |message| drop(black_box(parse(message))));
}

#[divan::bench]
fn transfers_of_nobody(bencher: Bencher<'_, '_>) {
    let interest = Interest { token_transfers: of_nobody(), ..Interest::default() };
    measure(bencher, &sent(&small(), TRANSFERS), |message| drop(black_box(read(message, &interest))));
}

#[divan::bench]
fn transfers_of_all(bencher: Bencher<'_, '_>) {
    let interest =
        Interest { token_transfers: Contracts::Any, native_transfers: true, ..Interest::default() };
    measure(bencher, &sent(&small(), TRANSFERS), |message| drop(black_box(read(message, &interest))));
}

#[divan::bench]
fn everything_parsed_alone(bencher: Bencher<'_, '_>) {
    measure(bencher, &sent(&recorded(), EVERYTHING), |message| drop(black_box(parse(message))));
}

#[divan::bench]
fn everything_of_all(bencher: Bencher<'_, '_>) {
    let interest = everything();
    let messages = sent(&recorded(), EVERYTHING);
    // Ones built here have no details.
    if messages.iter().any(|message| assemble::checkpoint(&parse(message), &interest).is_err()) {
        return;
    }
    measure(bencher, &messages, |message| drop(black_box(read(message, &interest))));
}
