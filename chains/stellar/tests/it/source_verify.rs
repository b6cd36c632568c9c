//! Verifying: events are compared with their ledgers, ledgers with each other.

use chainbell_model::{Chain, ChainError, Proof};
use chainbell_stellar::StellarConfig;

use crate::{
    source_server::Manners,
    source_support::{LEDGERS, Network, assert_complete, config, error_of, everything, named, range},
};

fn verifying() -> StellarConfig {
    StellarConfig { verify: true, ..config() }
}

#[tokio::test]
async fn what_is_verified_is_what_is_there() {
    let network = Network::good().await;
    let chain = network.chain(verifying());
    for interest in [everything(), named(None, "ExchangePair"), named(None, "fee")] {
        let fetched = assert_complete(&chain, &network, range(1, 40), &interest, Proof::Sparse).await;
        assert!(fetched.blocks.iter().all(|block| !block.events.is_empty()));
    }
    assert!(!network.servers[0].asked("getLedgers").is_empty());
}

#[tokio::test]
async fn dropped_events_are_noticed_and_read_from_another_server() {
    let dropping = Manners { drops_events: true, ..Manners::good(LEDGERS) };
    let network = Network::start(vec![dropping.clone(), Manners::good(LEDGERS)]).await;
    let chain = network.chain(verifying());
    chain.identity().await.unwrap();
    assert_complete(&chain, &network, range(1, 40), &everything(), Proof::Sparse).await;

    let network = Network::start(vec![dropping]).await;
    let error = error_of(&network.chain(verifying()), range(1, 40), &everything()).await;
    assert!(matches!(error, ChainError::Inconsistent { .. }), "{error:?}");
    // Without the comparison nobody would know.
    assert!(network.chain(config()).fetch(range(1, 40), &everything(), Proof::Sparse).await.is_ok());
}

#[tokio::test]
async fn a_chain_that_breaks_is_not_believed() {
    let network = Network::start(vec![Manners { forks_at: Some(21), ..Manners::good(LEDGERS) }]).await;
    for interest in [everything(), chainbell_model::Interest { transactions: true, ..everything() }] {
        let error = error_of(&network.chain(verifying()), range(1, 40), &interest).await;
        assert!(matches!(error, ChainError::Inconsistent { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn another_chain_than_the_one_verified_before_is_not_believed() {
    let network = Network::good().await;
    let chain = network.chain(verifying());
    assert_complete(&chain, &network, range(1, 20), &everything(), Proof::Sparse).await;
    network.servers[0].behave(|manners| manners.forks_at = Some(20));
    let error = error_of(&chain, range(20, 20), &everything()).await;
    assert!(matches!(error, ChainError::Inconsistent { .. }), "{error:?}");
    network.servers[0].behave(|manners| manners.forks_at = None);
    assert_complete(&chain, &network, range(20, 40), &everything(), Proof::Sparse).await;
}

#[tokio::test]
async fn events_that_every_method_tells_alike_are_still_held_against_the_hashes() {
    let forging = Manners { forges_events: true, ..Manners::good(LEDGERS) };
    let network = Network::start(vec![forging]).await;
    let error = error_of(&network.chain(verifying()), range(1, 4), &everything()).await;
    let ChainError::Inconsistent { reason, .. } = error else { panic!("{error:?}") };
    assert!(reason.contains("hash"), "{reason}");
    assert!(network.chain(config()).fetch(range(1, 4), &everything(), Proof::Sparse).await.is_ok());
}
