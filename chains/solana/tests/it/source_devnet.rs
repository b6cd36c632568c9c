//! Both ways of reading over the simulated network, with faults, compared with what its chain truly holds.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use chainbell_devnet::{Fault, FaultRule, SolanaDevnet, SolanaDevnetConfig, solana::SimEvent};
use chainbell_model::{
    Address, Block, Chain, ChainError, Continuity, EventFilter, Fetched, Height, HeightRange, Interest, Proof,
};
use chainbell_rpc::{EndpointConfig, Pool, PoolConfig};
use chainbell_solana::{ReadMode, SolanaChain, SolanaConfig};

use crate::source_stub::{config, range};

/// What names an event: slot, block, transaction, that one's place, emitter, whether it failed.
type Seen = (u64, [u8; 32], Vec<u8>, u32, Vec<u8>, bool);

const MODES: [ReadMode; 2] = [ReadMode::Programs, ReadMode::Blocks];

async fn network(slots: u64) -> SolanaDevnet {
    let config = SolanaDevnetConfig { skip_rate: 0.2, finalized_lag: 10, ..SolanaDevnetConfig::default() };
    let network = SolanaDevnet::start(config).await.unwrap();
    network.mine(slots);
    network
}

fn chain_of(mode: ReadMode, urls: &[String]) -> SolanaChain {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoints = urls.iter().map(|url| EndpointConfig::new(url.parse().unwrap())).collect();
    let pool = PoolConfig { hedge: false, timeout: Duration::from_secs(5), ..PoolConfig::new(endpoints) };
    SolanaChain::new(Pool::new(pool).unwrap(), SolanaConfig { mode, ..config() }).unwrap()
}

/// The events of the demo programs.
fn interest(network: &SolanaDevnet, failed_events: bool) -> Interest {
    let emitters =
        network.programs().iter().map(|program| Address::from_slice(&program.0).unwrap()).collect();
    let events = vec![EventFilter { emitters: Some(emitters), keys: None }];
    Interest { events, failed_events, ..Interest::default() }
}

fn seen(blocks: &[Block]) -> BTreeSet<Seen> {
    let of = |block: &Block| {
        let event = |event: &chainbell_model::Event| {
            let transaction = &block.transactions[event.transaction as usize];
            let (slot, id) = (block.reference.height.0, block.reference.id.0);
            (slot, id, transaction.id.to_vec(), transaction.index, event.emitter.to_vec(), event.failed)
        };
        block.events.iter().map(event).collect::<Vec<_>>()
    };
    blocks.iter().flat_map(of).collect()
}

fn expected(network: &SolanaDevnet, range: HeightRange, failed_too: bool) -> BTreeSet<Seen> {
    let of = |event: SimEvent| {
        let SimEvent { slot, blockhash, signature, transaction_index, program, failed, .. } = event;
        (slot, blockhash.0, signature.0.to_vec(), transaction_index, program.0.to_vec(), failed)
    };
    let within = |event: &SimEvent| range.from.0 <= event.slot && event.slot <= range.to.0;
    let events = network.canonical_events().into_iter();
    events.filter(within).filter(|event| failed_too || !event.failed).map(of).collect()
}

/// Reads as the engine does: again and again until it works.
async fn insist(chain: &SolanaChain, range: HeightRange, interest: &Interest) -> Fetched {
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut last = None;
    while Instant::now() < deadline {
        let told = async {
            chain.tip().await?;
            chain.fetch(range, interest, Proof::Sparse).await
        };
        match told.await {
            Ok(fetched) => return fetched,
            Err(error @ (ChainError::Misconfigured(_) | ChainError::Pruned { .. })) => panic!("{error}"),
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never works: {last:?}");
}

#[tokio::test]
async fn both_ways_read_what_the_chain_holds() {
    let network = network(300).await;
    for mode in MODES {
        for failed_too in [false, true] {
            let chain = chain_of(mode, &[network.http_url()]);
            let interest = interest(&network, failed_too);
            let tip = chain.tip().await.unwrap();
            let whole = range(0, tip.head.0);
            let mut read = BTreeSet::new();
            let mut from = 0;
            while from <= whole.to.0 {
                let to = (from + chain.span(&interest) - 1).min(whole.to.0);
                let fetched = chain.fetch(range(from, to), &interest, Proof::Sparse).await.unwrap();
                assert_eq!(fetched.through, chain.block_at(Height(to)).await.unwrap().0);
                read.extend(seen(&fetched.blocks));
                from = to + 1;
            }
            assert_eq!(read, expected(&network, whole, failed_too), "{mode:?} {failed_too}");
            assert!(!read.is_empty());
        }
    }
}

#[tokio::test]
async fn an_empty_height_has_the_id_below_it_all_over_the_chain() {
    let network = network(120).await;
    let chain = chain_of(ReadMode::Auto, &[network.http_url()]);
    let head = chain.tip().await.unwrap().head.0;
    let mut below = None;
    for slot in 0..=head {
        below = network.block_hash(slot).or(below);
        let (reference, _) = chain.block_at(Height(slot)).await.unwrap();
        assert_eq!((reference.height, Some(reference.id.0)), (Height(slot), below.map(|hash| hash.0)));
    }
    assert!(matches!(chain.block_at(Height(head + 1)).await, Err(ChainError::NotYet(_))));
}

#[tokio::test]
async fn faults_of_both_endpoints_cost_time_and_nothing_else() {
    let network = network(60).await;
    let replica = network.replica(Vec::<FaultRule>::new()).await.unwrap();
    let faults = [
        Fault::RateLimited { retry_after: None },
        Fault::Status { code: 502 },
        Fault::Reset,
        Fault::Truncated,
        Fault::InvalidJson,
        Fault::Error { code: -32603, message: "Internal error".to_owned() },
        Fault::Behind { blocks: 3 },
        Fault::Null,
        Fault::SkippedLie,
    ];
    let interest = interest(&network, true);
    for mode in MODES {
        for fault in &faults {
            let rules = vec![fault.clone().with_probability(0.15)];
            network.set_faults(rules.clone());
            replica.set_faults(rules);
            let chain = chain_of(mode, &[network.http_url(), replica.http_url()]);
            let mut read = BTreeSet::new();
            for from in (0..40).step_by(20) {
                read.extend(seen(&insist(&chain, range(from, from + 19), &interest).await.blocks));
            }
            assert_eq!(read, expected(&network, range(0, 39), true), "{mode:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_lagging_index_is_made_up_for_when_final() {
    let network = network(60).await;
    let chain = chain_of(ReadMode::Programs, &[network.http_url()]);
    let interest = interest(&network, false);
    assert_eq!(chain.continuity(&interest), Continuity::Reread);
    let tip = chain.tip().await.unwrap();
    let recent = range(tip.finalized.0 + 1, tip.head.0);
    network.set_faults(Fault::MissingSignatures { count: 3 }.always());
    let before = chain.fetch(recent, &interest, Proof::Sparse).await.unwrap();
    assert!(seen(&before.blocks).len() < expected(&network, recent, false).len());
    network.mine(30);
    let again = insist(&chain, recent, &interest).await;
    assert_eq!(seen(&again.blocks), expected(&network, recent, false));
}

#[tokio::test]
async fn what_a_reorganisation_replaced_is_read_anew() {
    let network = network(60).await;
    let interest = interest(&network, false);
    for mode in MODES {
        let chain = chain_of(mode, &[network.http_url()]);
        for _ in 0..5 {
            let tip = chain.tip().await.unwrap();
            let recent = range(tip.finalized.0 + 1, tip.head.0);
            let before = insist(&chain, recent, &interest).await;
            assert_eq!(seen(&before.blocks), expected(&network, recent, false));
            network.reorg(6, 8);
            let again = insist(&chain, recent, &interest).await;
            assert_eq!(seen(&again.blocks), expected(&network, recent, false), "{mode:?}");
            network.mine(20);
            let last = insist(&chain, recent, &interest).await;
            assert_eq!(seen(&last.blocks), expected(&network, recent, false), "{mode:?}");
        }
    }
}

#[tokio::test]
async fn long_term_storage_has_other_words_for_a_skipped_slot() {
    let network = network(80).await;
    network.set_faults(Fault::Archived { below: 50 }.always());
    let interest = interest(&network, false);
    for mode in MODES {
        let chain = chain_of(mode, &[network.http_url()]);
        chain.tip().await.unwrap();
        let fetched = chain.fetch(range(5, 60), &interest, Proof::Sparse).await.unwrap();
        assert_eq!(seen(&fetched.blocks), expected(&network, range(5, 60), false));
        for slot in 5..60 {
            chain.block_at(Height(slot)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn pruned_and_missing_history_is_named() {
    let network = network(80).await;
    let interest = interest(&network, false);
    for mode in MODES {
        network.set_faults(Fault::Pruned { below: 40 }.always());
        let chain = chain_of(mode, &[network.http_url()]);
        chain.tip().await.unwrap();
        let error = chain.fetch(range(5, 60), &interest, Proof::Sparse).await.unwrap_err();
        let ChainError::Pruned { first: Some(first), .. } = error else { panic!("{mode:?} {error}") };
        assert!(first.0 >= 40);
        let fetched = chain.fetch(range(first.0, 60), &interest, Proof::Sparse).await.unwrap();
        assert_eq!(seen(&fetched.blocks), expected(&network, range(first.0, 60), false));

        network.set_faults(Fault::NoHistory.always());
        let chain = chain_of(mode, &[network.http_url()]);
        let error = chain.fetch(range(5, 60), &interest, Proof::Sparse).await.unwrap_err();
        assert!(matches!(error, ChainError::Misconfigured(_)), "{mode:?} {error}");
    }
}

#[tokio::test]
async fn the_idl_of_a_program_comes_from_its_account() {
    let network = network(3).await;
    let chain = chain_of(ReadMode::Auto, &[network.http_url()]);
    let program = Address::from_slice(&network.programs()[0].0).unwrap();
    let idl = chain.describe(&program).await.unwrap().unwrap();
    assert_eq!(String::from_utf8(idl.clone()).unwrap().trim(), network.idl().trim());
    chain.dialect().interface(&idl).unwrap();
    assert_eq!(chain.describe(&Address::from_slice(&[3; 32]).unwrap()).await.unwrap(), None);
}
