//! The tip, its finality, the network's identity, and what wakes the reader.

use std::time::Duration;

use chainbell_devnet::evm::{EvmDevnetConfig, Fault, FaultPlan, Finality};
use chainbell_evm::EvmConfig;
use chainbell_model::{Chain, ChainError, Height, Tip, TxId};

use crate::source_support::{chain, chain_of, config, network};

fn heights(tip: &Tip) -> (u64, u64, u64) {
    (tip.head.0, tip.confirmed.0, tip.finalized.0)
}

#[tokio::test]
async fn the_tip_follows_the_tags() {
    let finality = Some(Finality { safe_depth: 4, finalized_depth: 8 });
    let network = network(EvmDevnetConfig { finality, ..EvmDevnetConfig::default() }, 30).await;
    let tip = chain(&network).tip().await.unwrap();
    assert_eq!(heights(&tip), (30, 26, 22));
    assert_eq!(tip.head_id.unwrap().0, network.block_hash(30).unwrap().0);
}

#[tokio::test]
async fn without_tags_confirmations_decide_and_the_tags_are_not_asked_every_time() {
    let network = network(EvmDevnetConfig { finality: None, ..EvmDevnetConfig::default() }, 30).await;
    let config =
        EvmConfig { confirmations: 3, finality_depth: 10, poll_interval: Duration::ZERO, ..config() };
    let chain = chain_of(config, &[network.http_url()]);
    for _ in 0..3 {
        assert_eq!(heights(&chain.tip().await.unwrap()), (30, 27, 20));
    }
    assert_eq!(network.stats().calls_of("eth_getBlockByNumber"), 3 + 2);
}

#[tokio::test]
async fn a_head_that_goes_back_takes_finality_along() {
    let network = network(EvmDevnetConfig::default(), 30).await;
    let chain = chain(&network);
    chain.tip().await.unwrap();
    network.set_faults(Fault::Behind { blocks: 20 }.always());
    let tip = chain.tip().await.unwrap();
    assert_eq!(tip.head.0, 10);
    assert!(tip.finalized <= tip.confirmed && tip.confirmed <= tip.head);
}

#[tokio::test]
async fn the_identity_is_the_chain_id_and_every_endpoint_has_to_agree() {
    let network = network(EvmDevnetConfig { chain_id: 10, ..EvmDevnetConfig::default() }, 1).await;
    assert_eq!(chain(&network).identity().await.unwrap(), "eip155:10");

    let expecting = EvmConfig { chain_id: Some(1), ..config() };
    let error = chain_of(expecting, &[network.http_url()]).identity().await.unwrap_err();
    assert!(matches!(error, ChainError::Misconfigured(_)), "{error:?}");

    let other = crate::source_support::network(EvmDevnetConfig::default(), 1).await;
    let mixed = chain_of(config(), &[network.http_url(), other.http_url()]);
    assert!(matches!(mixed.identity().await, Err(ChainError::Misconfigured(_))));
}

#[tokio::test]
async fn an_announced_head_wakes_the_reader_long_before_the_poll() {
    let network = network(EvmDevnetConfig::default(), 1).await;
    let config = EvmConfig {
        poll_interval: Duration::from_secs(3_600),
        ws: Some(network.ws_url().parse().unwrap()),
        ..config()
    };
    let chain = chain_of(config, &[network.http_url()]);
    let mining = network.clone();
    let mine = async {
        loop {
            mining.mine(1);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let woken = async {
        // The first call may be woken by the connection itself.
        chain.changed().await;
        chain.changed().await;
    };
    tokio::select! {
        () = mine => {}
        woken = tokio::time::timeout(Duration::from_secs(20), woken) => woken.unwrap(),
    }
}

#[tokio::test]
async fn without_announcements_the_poll_wakes_the_reader() {
    let network = network(EvmDevnetConfig::default(), 1).await;
    let silent = network.replica(FaultPlan::from(Fault::DropSocket.always())).await.unwrap();
    let config = EvmConfig {
        poll_interval: Duration::from_millis(5),
        ws: Some(silent.ws_url().parse().unwrap()),
        ..config()
    };
    chain_of(config, &[network.http_url()]).changed().await;
}

#[tokio::test]
async fn a_transaction_is_located_by_its_id() {
    let network = network(EvmDevnetConfig::default(), 5).await;
    let chain = chain(&network);
    let log = network.canonical_logs().pop().unwrap();
    let located = chain.locate(&TxId::from(log.transaction_hash.0)).await.unwrap();
    assert_eq!(located, Some(Height(log.block_number)));
    assert_eq!(chain.locate(&TxId::from([7; 32])).await.unwrap(), None);
    assert_eq!(chain.locate(&TxId::from_slice(&[7; 64]).unwrap()).await.unwrap(), None);
}
