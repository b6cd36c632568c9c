//! The simulated network, whose server somebody else wrote: every way of reading finds exactly what it holds.

use chainbell_devnet::{Fault, FaultPlan, StellarDevnet, StellarDevnetConfig, stellar::SimEvent};
use chainbell_model::{
    Block, Chain, ChainError, Contracts, EventFilter, Height, HeightRange, Interest, Proof,
};
use chainbell_rpc::{EndpointConfig, Pool, PoolConfig};
use chainbell_stellar::{StellarChain, StellarConfig};

use crate::{
    recorded::address,
    source_support::{config, range},
};

fn chain(urls: &[String], config: StellarConfig) -> StellarChain {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoints = urls.iter().map(|url| EndpointConfig::new(url.parse().unwrap())).collect();
    StellarChain::new(Pool::new(PoolConfig { hedge: false, ..PoolConfig::new(endpoints) }).unwrap(), config)
}

async fn network(config: StellarDevnetConfig) -> StellarDevnet {
    let network = StellarDevnet::start(config).await.unwrap();
    network.mine(30);
    network
}

fn everything() -> Interest {
    Interest { events: vec![EventFilter::default()], ..Interest::default() }
}

/// Ledger, transaction, its order, the event's index, its contract.
type Seen = (u64, String, u32, u32, String);

fn seen(blocks: &[Block]) -> Vec<Seen> {
    let of_block = |block: &Block| {
        let place = |event: &chainbell_model::Event| {
            let transaction = &block.transactions[event.transaction as usize];
            let hash = const_hex::encode(&*transaction.id);
            (block.reference.height.0, hash, transaction.index, event.index, address(&event.emitter))
        };
        block.events.iter().map(place).collect::<Vec<_>>()
    };
    blocks.iter().flat_map(of_block).collect()
}

fn held(network: &StellarDevnet, range: HeightRange) -> Vec<SimEvent> {
    let mut events = network.canonical_events();
    events.extend(network.canonical_fees());
    events.retain(|event| (range.from.0..=range.to.0).contains(&u64::from(event.ledger)));
    events.sort_by_key(|event| (event.ledger, event.order, event.index));
    events
}

fn expected(network: &StellarDevnet, range: HeightRange) -> Vec<Seen> {
    let place = |event: SimEvent| {
        (u64::from(event.ledger), event.transaction, event.order, event.index, event.contract)
    };
    held(network, range).into_iter().map(place).collect()
}

async fn assert_complete(
    chain: &StellarChain,
    network: &StellarDevnet,
    range: HeightRange,
    interest: &Interest,
) {
    for proof in [Proof::Sparse, Proof::Linked] {
        let fetched = chain.fetch(range, interest, proof).await.unwrap();
        let expected = expected(network, range);
        assert!(!expected.is_empty());
        assert_eq!(seen(&fetched.blocks), expected, "{proof:?}");
    }
}

#[tokio::test]
async fn networks_of_every_protocol_are_read_completely() {
    for protocol in [20, 21, 22, 23, 25, 27] {
        // Otherwise the servers of the first protocols count them in.
        let network =
            network(StellarDevnetConfig { diagnostics: false, ..StellarDevnetConfig::of_protocol(protocol) })
                .await;
        for verify in [false, true] {
            let chain =
                chain(&[network.http_url()], StellarConfig { verify, events_per_page: 50, ..config() });
            assert_eq!(chain.identity().await.unwrap(), network.passphrase());
            let head = chain.tip().await.unwrap().head;
            assert_eq!(head.0, u64::from(network.head()));
            let all = range(1, head.0);
            assert_complete(&chain, &network, all, &everything()).await;
            assert_complete(&chain, &network, all, &Interest { transactions: true, ..everything() }).await;
        }
    }
}

#[tokio::test]
async fn diagnostic_events_are_left_out() {
    for protocol in [20, 22, 23] {
        let network = network(StellarDevnetConfig::of_protocol(protocol)).await;
        let chain = chain(&[network.http_url()], config());
        let fetched = chain.fetch(range(1, 31), &everything(), Proof::Sparse).await.unwrap();
        let without_index = |seen: Vec<Seen>| -> Vec<_> {
            seen.into_iter()
                .map(|(ledger, transaction, order, _, contract)| (ledger, transaction, order, contract))
                .collect()
        };
        assert_eq!(without_index(seen(&fetched.blocks)), without_index(expected(&network, range(1, 31))));
    }
}

#[tokio::test]
async fn all_movements_are_transfers() {
    for protocol in [22, 23, 27] {
        let network =
            network(StellarDevnetConfig { diagnostics: false, ..StellarDevnetConfig::of_protocol(protocol) })
                .await;
        let chain = chain(&[network.http_url()], config());
        let interest =
            Interest { native_transfers: true, token_transfers: Contracts::Any, ..Interest::default() };
        let fetched = chain.fetch(range(1, 31), &interest, Proof::Sparse).await.unwrap();
        let mut moved = Vec::new();
        for block in &fetched.blocks {
            for it in &block.transfers {
                let party = |party: &Option<chainbell_model::Address>| party.as_ref().map(address);
                moved.push((
                    block.reference.height.0,
                    it.index,
                    party(&it.from),
                    party(&it.to),
                    it.amount.to_string(),
                ));
            }
        }
        let held: Vec<_> = held(&network, range(1, 31))
            .into_iter()
            .filter(|event| ["transfer", "mint", "burn", "clawback"].contains(&&*event.name))
            .map(|event| {
                let party =
                    |party: Option<chainbell_devnet::stellar::Party>| party.map(|party| party.to_string());
                let amount = event.amount.unwrap_or_default();
                (u64::from(event.ledger), event.index, party(event.from), party(event.to), amount)
            })
            .collect();
        assert!(!held.is_empty());
        if protocol >= 23 {
            assert_eq!(moved, held);
        } else {
            // Payments are not events yet, but they are transfers.
            assert!(held.iter().all(|it| moved.contains(it)));
            assert!(moved.len() > held.len());
        }
    }
}

#[tokio::test]
async fn faults_lose_nothing() {
    let error = Fault::Error { code: -32603, message: "injected failure".to_owned() };
    for fault in [error, Fault::RepeatPage, Fault::EmptyPage, Fault::Truncated, Fault::Behind { blocks: 3 }] {
        let network = network(StellarDevnetConfig::default()).await;
        let chain = chain(
            &[network.http_url()],
            StellarConfig { events_per_page: 20, transactions_per_page: 20, ..config() },
        );
        chain.identity().await.unwrap();
        for interest in [everything(), Interest { transactions: true, ..everything() }] {
            network.set_faults(FaultPlan { rules: vec![fault.clone().times(2)] });
            let fetched = chain.fetch(range(1, 31), &interest, Proof::Sparse).await;
            let fetched = fetched.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
            assert_eq!(seen(&fetched.blocks), expected(&network, range(1, 31)), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn events_that_a_server_drops_are_found_by_verifying() {
    let network = network(StellarDevnetConfig::default()).await;
    let whole = network.replica(FaultPlan::default()).await.unwrap();
    network.set_faults(FaultPlan { rules: vec![Fault::DropEvents { count: 1 }.always()] });
    let verifying = StellarConfig { verify: true, ..config() };
    let alone = chain(&[network.http_url()], verifying.clone());
    let error = alone.fetch(range(1, 31), &everything(), Proof::Sparse).await.unwrap_err();
    assert!(matches!(error, ChainError::Inconsistent { .. }), "{error:?}");
    let both = chain(&[network.http_url(), whole.http_url()], verifying);
    let fetched = both.fetch(range(1, 31), &everything(), Proof::Sparse).await.unwrap();
    assert_eq!(seen(&fetched.blocks), expected(&network, range(1, 31)));
}

#[tokio::test]
async fn what_is_no_longer_kept_is_named() {
    let network = network(StellarDevnetConfig::default()).await;
    network.set_retention(10);
    network.mine(1);
    let head = u64::from(network.head());
    let chain = chain(&[network.http_url()], config());
    for interest in [everything(), Interest { transactions: true, ..everything() }] {
        for proof in [Proof::Sparse, Proof::Linked] {
            let error = chain.fetch(range(1, head), &interest, proof).await.unwrap_err();
            let ChainError::Pruned { height: Height(1), first: Some(first) } = error else {
                panic!("{error:?}")
            };
            assert_eq!(first.0, head - 9);
            chain.fetch(range(first.0, head), &interest, proof).await.unwrap();
        }
    }
}

#[tokio::test]
async fn contracts_are_described_as_the_network_says() {
    let network = network(StellarDevnetConfig::default()).await;
    let chain = chain(&[network.http_url()], config());
    let described = async |text: &String| {
        let dialect = chain.dialect();
        chain.describe(&dialect.parse_address(text).unwrap()).await.unwrap()
    };
    assert_eq!(described(&network.contracts()[0]).await, Some(network.code()));
    for token in network.tokens() {
        assert_eq!(described(&token).await.as_deref(), Some(&b"sac"[..]));
    }
    let located =
        network.canonical_ledgers().into_iter().find(|ledger| !ledger.transactions.is_empty()).unwrap();
    let transaction = chain.dialect().parse_tx_id(&located.transactions[0].0).unwrap();
    assert_eq!(chain.locate(&transaction).await.unwrap(), Some(Height(u64::from(located.sequence))));
}
