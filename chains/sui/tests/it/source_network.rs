//! A simulated network is read as it is, by backfill and live, whatever goes wrong on the way.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chainbell_devnet::{
    SuiDevnet, SuiDevnetConfig,
    sui::{Fault, FaultRule, SimCheckpoint},
};
use chainbell_model::{
    Address, Block, Chain as _, ChainError, Contracts, Dialect as _, EventFilter, Height, HeightRange,
    Interest, Proof, Value, value::write_json_record,
};
use chainbell_rpc::{EndpointConfig, GrpcPool, PoolConfig};
use chainbell_sui::{MAX_LAG, SuiChain, SuiConfig, SuiDialect, payload};
use serde_json::{Value as Json, json};

use crate::source_support::{bytes, config, eventually};

async fn network(checkpoints: u64) -> SuiDevnet {
    let network = SuiDevnet::start(SuiDevnetConfig::default()).await.unwrap();
    network.mine(checkpoints);
    network
}

/// The endpoints in the order of preference.
fn chain(urls: &[String], change: impl FnOnce(&mut SuiConfig)) -> SuiChain {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint = |(url, priority): (&String, u8)| EndpointConfig {
        priority,
        ..EndpointConfig::new(url.parse().unwrap())
    };
    let endpoints = urls.iter().zip(0..).map(endpoint).collect();
    let pool = PoolConfig { timeout: Duration::from_secs(1), max_lag: MAX_LAG, ..PoolConfig::new(endpoints) };
    let mut config = config();
    change(&mut config);
    SuiChain::new(GrpcPool::new(pool).unwrap(), config)
}

fn everything() -> Interest {
    Interest {
        events: vec![EventFilter::default()],
        calls: Contracts::Any,
        transactions: true,
        native_transfers: true,
        token_transfers: Contracts::Any,
        ..Interest::default()
    }
}

fn packages(network: &SuiDevnet) -> Interest {
    let emitters = [bytes(&network.package()), bytes(&network.upgraded_package())].into();
    Interest { events: vec![EventFilter { emitters: Some(emitters), keys: None }], ..Interest::default() }
}

fn text(write: impl FnOnce(&mut String)) -> String {
    let mut text = String::new();
    write(&mut text);
    text
}

fn id(block: &Block) -> String {
    text(|out| SuiDialect.block_id_text(&block.reference.id, out))
}

/// What the oracle calls an event: checkpoint, transaction, place, type, contents.
type Known = (u64, String, u32, String, Vec<u8>);

fn events_of(block: &Block) -> Vec<Known> {
    let known = block.events.iter().map(|event| {
        let transaction = &block.transactions[event.transaction as usize];
        let parts = payload::event_parts(&event.payload);
        let digest = text(|out| SuiDialect.tx_id_text(&transaction.id, out));
        (block.reference.height.0, digest, event.index, parts.struct_tag.to_owned(), parts.contents.to_vec())
    });
    known.collect()
}

fn canonical(network: &SuiDevnet) -> Vec<Known> {
    let events = network.canonical_events().into_iter();
    events.map(|it| (it.checkpoint, it.transaction, it.index, it.event_type, it.contents)).collect()
}

fn agrees(block: &Block, known: &SimCheckpoint) {
    assert_eq!((block.reference.height.0, id(block)), (known.height, known.digest.clone()));
    assert_eq!(block.time.0 as u64, known.timestamp_ms);
    assert_eq!(block.transactions.len(), known.transactions.len());
    for (transaction, known) in block.transactions.iter().zip(&known.transactions) {
        let details = text(|out| {
            let values = transaction.details.iter().map(Option::as_ref);
            write_json_record(SuiDialect.transaction_schema(), values, &SuiDialect, out);
        });
        let details: Json = serde_json::from_str(&details).unwrap();
        assert_eq!(details["hash"], known.digest.as_str());
        assert_eq!((&details["from"], &details["success"]), (&json!(known.sender), &json!(!known.failed)));
        assert_eq!(details["fee"], known.fee.to_string());
        let told: BTreeMap<(&str, &str), String> = known
            .balance_changes
            .iter()
            .map(|change| ((&*change.coin_type, &*change.address), change.amount.to_string()))
            .collect();
        let ours: BTreeMap<(&str, &str), String> = details["amounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| {
                let part = |name: &str| it[name].as_str().unwrap();
                ((part("coin"), part("owner")), part("amount").to_owned())
            })
            .collect();
        assert_eq!(ours, told);
    }
}

#[tokio::test]
async fn every_checkpoint_is_what_the_oracle_says() {
    let network = network(150).await;
    let chain = chain(&[network.grpc_url()], |config| config.verify = true);
    assert_eq!(chain.identity().await.unwrap(), format!("sui:{}", network.chain_id()));
    let range = HeightRange { from: Height(0), to: Height(150) };
    let fetched = chain.fetch(range, &everything(), Proof::Sparse).await.unwrap();
    let known = network.canonical_checkpoints();
    assert_eq!(fetched.blocks.len(), 151);
    for (block, known) in fetched.blocks.iter().zip(&known) {
        agrees(block, known);
        assert!(block.defects.is_empty());
    }
    assert!(fetched.blocks.iter().map(|block| block.calls.len()).sum::<usize>() > 100);
    assert!(fetched.blocks.iter().map(|block| block.transfers.len()).sum::<usize>() > 100);
    let last = known.iter().flat_map(|it| &it.transactions).last().unwrap();
    let found = chain.locate(&SuiDialect.parse_tx_id(&last.digest).unwrap()).await.unwrap();
    assert_eq!(found, Some(Height(150)));
}

#[tokio::test]
async fn balances_are_worked_out_where_they_are_not_told() {
    let network = network(60).await;
    network.set_faults(Fault::MissingBalances.always());
    let chain = chain(&[network.grpc_url()], |_| {});
    let range = HeightRange { from: Height(1), to: Height(60) };
    let fetched = chain.fetch(range, &everything(), Proof::Sparse).await.unwrap();
    for (block, known) in fetched.blocks.iter().zip(&network.canonical_checkpoints()[1..]) {
        agrees(block, known);
        assert!(block.defects.is_empty(), "{:?}", block.defects);
    }
}

#[tokio::test]
async fn events_decode_by_the_description_of_the_chain() {
    let network = network(40).await;
    let chain = chain(&[network.grpc_url()], |_| {});
    let package: Address = bytes(&network.package());
    let description = chain.describe(&package).await.unwrap().unwrap();
    let interface = SuiDialect.interface(&description).unwrap();
    let range = HeightRange { from: Height(1), to: Height(40) };
    let fetched = chain.fetch(range, &packages(&network), Proof::Sparse).await.unwrap();
    let decoders = interface.all_events();
    let mut decoded = 0;
    for event in fetched.blocks.iter().flat_map(|block| &block.events).filter(|it| it.emitter == package) {
        let decoder = decoders.iter().find(|it| it.key() == event.key && it.fits(&event.payload)).unwrap();
        let mut values = Vec::new();
        decoder.decode(&event.payload, u64::MAX, &mut values).unwrap();
        assert!(matches!(&values[0], Some(value) if *value != Value::Null));
        decoded += 1;
    }
    assert!(decoded > 50, "{decoded} events");
}

/// Everything that one endpoint can do wrong, now and then.
fn storm(probability: f64) -> Vec<FaultRule> {
    [
        Fault::RateLimited { retry_after: None },
        Fault::Status { code: 503 },
        Fault::Reset,
        Fault::Delay { millis: 20 },
        Fault::Truncated,
        Fault::InvalidJson,
        Fault::Error { code: 13, message: "internal".into() },
        Fault::Behind { blocks: 30 },
        Fault::NotFoundLie,
        Fault::MissingEvents,
        Fault::MissingTransaction,
        Fault::MissingBalances,
        Fault::WrongPrevious,
        Fault::DropSocket,
        Fault::DuplicateHead,
        Fault::LateHead,
        Fault::SilentHead,
    ]
    .into_iter()
    .map(|fault| fault.with_probability(probability))
    .collect()
}

/// Fetches until it works, as the engine does. What it must never do is to stop the network for a passing fault.
async fn patiently(chain: &SuiChain, range: HeightRange, interest: &Interest) -> Vec<Block> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match chain.fetch(range, interest, Proof::Sparse).await {
            Ok(fetched) => return fetched.blocks,
            Err(error @ (ChainError::Pruned { .. } | ChainError::Misconfigured(_))) => panic!("{error}"),
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_backfill_through_a_storm_of_faults_is_complete() {
    let network = network(300).await;
    network.set_faults(storm(0.02));
    let replica = network.replica(storm(0.02)).await.unwrap();
    let chain = chain(&[network.grpc_url(), replica.http_url()], |_| {});
    let interest = packages(&network);
    let mut events = Vec::new();
    let mut from = 0;
    while from <= 300 {
        let to = (from + chain.span(&interest).min(40) - 1).min(300);
        let blocks = patiently(&chain, HeightRange { from: Height(from), to: Height(to) }, &interest).await;
        assert_eq!(blocks.len() as u64, to - from + 1);
        events.extend(blocks.iter().flat_map(events_of));
        from = to + 1;
    }
    assert_eq!(events, canonical(&network));
    assert!(network.stats().faults > 10, "{:?}", network.stats());
}

#[tokio::test]
async fn following_through_a_storm_of_faults_misses_nothing() {
    let network = network(5).await;
    network.set_faults(storm(0.01));
    let replica = network.replica(storm(0.01)).await.unwrap();
    let chain = chain(&[network.grpc_url(), replica.http_url()], |config| {
        config.poll_interval = Duration::from_millis(50);
    });
    let interest = packages(&network);
    network.auto_mine(Duration::from_millis(10));
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut events = Vec::new();
    let mut next = 0;
    while next < 200 {
        assert!(Instant::now() < deadline, "at {next}: {:#?}", chain.endpoints());
        let tip = match chain.tip().await {
            Ok(tip) => tip,
            Err(error) => {
                eprintln!("tip {error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        if tip.head.0 < next {
            chain.changed().await;
            continue;
        }
        let to = tip.head.0.min(next + chain.span(&interest) - 1);
        // A head that was told may be gone again: a lagging node is asked next.
        let range = HeightRange { from: Height(next), to: Height(to) };
        let fetched = match chain.fetch(range, &interest, Proof::Sparse).await {
            Ok(fetched) => fetched,
            Err(error) => {
                eprintln!("{range:?} {error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        events.extend(fetched.blocks.iter().flat_map(events_of));
        next = to + 1;
    }
    network.auto_mine(Duration::ZERO);
    let expected: Vec<Known> = canonical(&network).into_iter().filter(|event| event.0 < next).collect();
    assert_eq!(events, expected);
    let subscription = chain.subscriptions().remove(0);
    assert!(subscription.reconnects > 0 && subscription.last_height.is_some(), "{subscription:?}");
}

#[tokio::test]
async fn what_is_no_longer_kept_is_said_to_be_pruned() {
    let network = network(100).await;
    network.set_lowest(50);
    let chain = chain(&[network.grpc_url()], |_| {});
    let range = HeightRange { from: Height(40), to: Height(60) };
    let error = chain.fetch(range, &packages(&network), Proof::Sparse).await.unwrap_err();
    assert!(matches!(error, ChainError::Pruned { first: Some(Height(50)), .. }), "{error}");
    let range = HeightRange { from: Height(50), to: Height(60) };
    assert_eq!(chain.fetch(range, &packages(&network), Proof::Sparse).await.unwrap().blocks.len(), 11);
}

#[tokio::test]
async fn an_older_server_without_lists_is_read_one_by_one() {
    let network =
        SuiDevnet::start(SuiDevnetConfig { lists: false, ..SuiDevnetConfig::default() }).await.unwrap();
    network.mine(30);
    let chain = chain(&[network.grpc_url()], |_| {});
    let range = HeightRange { from: Height(0), to: Height(30) };
    let blocks = chain.fetch(range, &packages(&network), Proof::Sparse).await.unwrap().blocks;
    let events: Vec<Known> = blocks.iter().flat_map(events_of).collect();
    assert_eq!(events, canonical(&network));
    eventually(|| network.stats().calls_of("GetCheckpoint") >= 31).await;
}
