//! Reading events by log queries: complete whatever the node refuses, forgets or makes up.

use chainbell_devnet::evm::{EvmDevnetConfig, Fault, FaultPlan, LimitStyle, RangeLimits};
use chainbell_evm::EvmConfig;
use chainbell_model::{Chain, ChainError, Contracts, EventFilter, Height, Interest, Proof};

use crate::source_support::{
    assert_complete, chain, chain_of, config, error_of, everything, network, network_of_distinct_logs, range,
    two_tokens,
};

/// One range read by block hash, one by range, one without headers.
const WAYS: [(u64, u64, Proof); 3] =
    [(10, 15, Proof::Linked), (1, 40, Proof::Linked), (1, 40, Proof::Sparse)];

#[tokio::test]
async fn every_way_of_reading_finds_exactly_the_events_of_the_chain() {
    for log_timestamps in [true, false] {
        let network = network(EvmDevnetConfig { log_timestamps, ..EvmDevnetConfig::default() }, 40).await;
        let chain = chain(&network);
        for (from, to, proof) in WAYS {
            assert_complete(&chain, &network, range(from, to), &everything(), proof).await;
            assert_complete(&chain, &network, range(from, to), &two_tokens(&network), proof).await;
        }
    }
}

#[tokio::test]
async fn blocks_read_either_way_carry_the_same_time() {
    let network = network(EvmDevnetConfig { log_timestamps: false, ..EvmDevnetConfig::default() }, 20).await;
    let chain = chain(&network);
    let linked = chain.fetch(range(1, 20), &everything(), Proof::Linked).await.unwrap();
    let sparse = chain.fetch(range(1, 20), &everything(), Proof::Sparse).await.unwrap();
    let times = |blocks: &[chainbell_model::Block]| blocks.iter().map(|block| block.time).collect::<Vec<_>>();
    assert_eq!(times(&linked.blocks), times(&sparse.blocks));
}

#[tokio::test]
async fn token_transfers_are_read_from_any_contract() {
    let network = network(EvmDevnetConfig::default(), 20).await;
    let interest = Interest { token_transfers: Contracts::Any, ..Interest::default() };
    for proof in [Proof::Linked, Proof::Sparse] {
        let fetched = chain(&network).fetch(range(1, 20), &interest, proof).await.unwrap();
        let transfers: usize = fetched.blocks.iter().map(|block| block.transfers.len()).sum();
        let keys = chainbell_evm::TOKEN_TRANSFER_KEYS;
        let logs = network
            .canonical_logs()
            .iter()
            .filter(|log| log.topics.first().is_some_and(|key| keys.contains(&key.0)))
            .count();
        assert!(logs > 0 && transfers >= logs, "{transfers} transfers of {logs} logs");
    }
}

#[tokio::test]
async fn an_interest_without_events_still_proves_the_chain() {
    let network = network(EvmDevnetConfig::default(), 20).await;
    let chain = chain(&network);
    let linked = chain.fetch(range(3, 20), &Interest::default(), Proof::Linked).await.unwrap();
    assert_eq!(linked.blocks.len(), 18);
    let sparse = chain.fetch(range(3, 20), &Interest::default(), Proof::Sparse).await.unwrap();
    assert!(sparse.blocks.is_empty());
    assert_eq!(sparse.through, linked.through);
    assert_eq!(network.stats().calls_of("eth_getLogs"), 0);
}

#[tokio::test]
async fn more_addresses_than_a_filter_takes_are_filtered_here() {
    let network = network(EvmDevnetConfig::default(), 20).await;
    network.set_faults(RangeLimits { max_addresses: Some(1), ..RangeLimits::default() });
    let chain = chain_of(EvmConfig { max_filter_addresses: 1, ..config() }, &[network.http_url()]);
    assert_complete(&chain, &network, range(1, 20), &two_tokens(&network), Proof::Sparse).await;
}

#[tokio::test]
async fn one_error_loses_nothing() {
    for (from, to, proof) in WAYS {
        let network = network(EvmDevnetConfig::default(), 40).await;
        let error = Fault::Error { code: -32000, message: "injected failure".to_owned() };
        network.set_faults(error.times(1).on("eth_getLogs"));
        assert_complete(&chain(&network), &network, range(from, to), &everything(), proof).await;
    }
}

#[tokio::test]
async fn one_empty_answer_loses_nothing() {
    for (from, to, proof) in WAYS {
        let network = network(EvmDevnetConfig::default(), 40).await;
        for interest in [everything(), two_tokens(&network)] {
            network.set_faults(Fault::NoLogs.times(1).on("eth_getLogs"));
            assert_complete(&chain(&network), &network, range(from, to), &interest, proof).await;
            assert_eq!(network.stats().faults, 1);
            network.reset_stats();
        }
    }
}

#[tokio::test]
async fn limits_in_any_providers_words_narrow_the_range_and_lose_nothing() {
    let custom = LimitStyle::Custom { code: -32099, message: "this node is moody".to_owned() };
    for style in [
        LimitStyle::Infura,
        LimitStyle::Alchemy,
        LimitStyle::QuickNode,
        LimitStyle::Ankr,
        LimitStyle::Cloudflare,
        LimitStyle::Avalanche,
        LimitStyle::Bsc,
        custom,
    ] {
        for (max_blocks, max_logs) in [(Some(7), None), (None, Some(60))] {
            let network = network(EvmDevnetConfig::default(), 60).await;
            let limits = RangeLimits { max_blocks, max_logs, style: style.clone(), ..RangeLimits::default() };
            network.set_faults(limits);
            let chain = chain(&network);
            for proof in [Proof::Sparse, Proof::Linked] {
                assert_complete(&chain, &network, range(1, 60), &everything(), proof).await;
            }
            assert!(chain.span(&everything()) < 60, "{style:?}: the limit was learnt");
        }
    }
}

#[tokio::test]
async fn a_log_that_a_replica_leaves_out_is_fetched_from_another() {
    for (from, to) in [(10, 15), (1, 40)] {
        let network = network_of_distinct_logs(40).await;
        let honest = network.replica(FaultPlan::default()).await.unwrap();
        network.set_faults(Fault::MissingLog.always().on("eth_getLogs"));
        let chain = chain_of(config(), &[network.http_url(), honest.http_url()]);
        assert_complete(&chain, &network, range(from, to), &everything(), Proof::Linked).await;
    }
}

#[tokio::test]
async fn logs_and_headers_of_another_fork_are_not_believed() {
    for method in ["eth_getLogs", "eth_getBlockByNumber"] {
        for (from, to) in [(33, 40), (1, 40)] {
            let network = network(EvmDevnetConfig::default(), 40).await;
            network.set_faults(Fault::OtherFork { depth: 4 }.times(1).on(method));
            assert_complete(&chain(&network), &network, range(from, to), &everything(), Proof::Linked).await;
        }
    }
}

#[tokio::test]
async fn a_fork_that_stays_is_reported_as_a_reorganisation() {
    let network = network(EvmDevnetConfig::default(), 40).await;
    network.set_faults(Fault::OtherFork { depth: 4 }.always().on("eth_getLogs"));
    let error = error_of(&chain(&network), range(1, 40), &everything(), Proof::Linked).await;
    assert!(matches!(error, ChainError::Reorganised(Height(37))), "{error:?}");
}

#[tokio::test]
async fn a_block_above_the_head_is_not_there_yet() {
    let network = network(EvmDevnetConfig::default(), 5).await;
    for clamp_future in [false, true] {
        network.set_faults(FaultPlan { clamp_future, ..FaultPlan::default() });
        let chain = chain(&network);
        for (from, to) in [(6, 6), (1, 30)] {
            for proof in [Proof::Linked, Proof::Sparse] {
                let error = error_of(&chain, range(from, to), &everything(), proof).await;
                assert!(matches!(error, ChainError::NotYet(_)), "{error:?}");
            }
        }
        assert!(matches!(chain.block_at(Height(6)).await, Err(ChainError::NotYet(Height(6)))));
        assert_eq!(chain.block_at(Height(5)).await.unwrap().0.id.0, network.block_hash(5).unwrap().0);
    }
}

#[tokio::test]
async fn a_null_block_that_comes_later_is_waited_for() {
    let network = network(EvmDevnetConfig::default(), 20).await;
    network.set_faults(Fault::Null.times(1).on("eth_getBlockByNumber"));
    assert_complete(&chain(&network), &network, range(15, 20), &everything(), Proof::Linked).await;
}

#[tokio::test]
async fn a_lagging_replica_does_not_shorten_a_range() {
    let network = network(EvmDevnetConfig::default(), 40).await;
    let behind = Fault::Behind { blocks: 10 }.always();
    network.set_faults(FaultPlan { rules: vec![behind], clamp_future: true, ..FaultPlan::default() });
    let whole = network.replica(FaultPlan::default()).await.unwrap();
    let chain = chain_of(config(), &[network.http_url(), whole.http_url()]);
    for proof in [Proof::Linked, Proof::Sparse] {
        assert_complete(&chain, &network, range(1, 40), &everything(), proof).await;
    }
}

#[tokio::test]
async fn pruned_history_is_named_as_such() {
    let network = network(EvmDevnetConfig::default(), 20).await;
    let pruned = Fault::Error { code: 4444, message: "pruned history unavailable".to_owned() };
    network.set_faults(pruned.always().on("eth_getLogs"));
    let error = error_of(&chain(&network), range(1, 20), &everything(), Proof::Sparse).await;
    assert!(matches!(error, ChainError::Pruned { height: Height(1), first: None }), "{error:?}");
}

#[tokio::test]
async fn a_filter_with_addresses_of_another_chain_asks_for_nothing() {
    let network = network(EvmDevnetConfig::default(), 5).await;
    let foreign = chainbell_model::Address::from_slice(&[1; 32]).unwrap();
    let filter = EventFilter { emitters: Some([foreign].into()), keys: None };
    let interest = Interest { events: vec![filter], ..Interest::default() };
    let fetched = chain(&network).fetch(range(1, 5), &interest, Proof::Sparse).await.unwrap();
    assert!(fetched.blocks.is_empty());
}
