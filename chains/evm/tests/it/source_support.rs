//! A chain over simulated endpoints, and the comparison of what it read with what the network holds.

use std::time::Duration;

use alloy_primitives::U256;
use chainbell_devnet::evm::{EvmDevnet, EvmDevnetConfig, SimLog, TxSpec};
use chainbell_evm::{EvmChain, EvmConfig};
use chainbell_model::{Block, Chain, ChainError, EventFilter, Fetched, Height, HeightRange, Interest, Proof};
use chainbell_rpc::{EndpointConfig, Pool, PoolConfig};

/// A network with some blocks of generated traffic.
pub(crate) async fn network(config: EvmDevnetConfig, blocks: u64) -> EvmDevnet {
    let network = EvmDevnet::start(config).await.unwrap();
    network.mine(blocks);
    network
}

/// A network whose logs share nothing with one another, so that each leaves its own mark in its block's bloom.
pub(crate) async fn network_of_distinct_logs(blocks: u8) -> EvmDevnet {
    let network = EvmDevnet::start(EvmDevnetConfig::default()).await.unwrap();
    for block in 1..=blocks {
        let transfer = |place: u8| {
            let address = |role: u8| [block, place, role, 7].repeat(5).as_slice().try_into().unwrap();
            TxSpec::transfer(address(1), address(2), address(3), U256::from(1))
        };
        network.mine_with((0..5).map(transfer).collect());
    }
    network
}

/// Settings that repeat without delay.
pub(crate) fn config() -> EvmConfig {
    EvmConfig { retry_delay: Duration::from_millis(1), ..EvmConfig::default() }
}

/// The chain behind these endpoints.
pub(crate) fn chain_of(config: EvmConfig, urls: &[String]) -> EvmChain {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoints = urls.iter().map(|url| EndpointConfig::new(url.parse().unwrap())).collect();
    let pool = PoolConfig { hedge: false, timeout: Duration::from_secs(5), ..PoolConfig::new(endpoints) };
    EvmChain::new(Pool::new(pool).unwrap(), config).unwrap()
}

/// The chain behind the network's main endpoint.
pub(crate) fn chain(network: &EvmDevnet) -> EvmChain {
    chain_of(config(), &[network.http_url()])
}

pub(crate) fn range(from: u64, to: u64) -> HeightRange {
    HeightRange { from: Height(from), to: Height(to) }
}

/// Every event.
pub(crate) fn everything() -> Interest {
    Interest { events: vec![EventFilter::default()], ..Interest::default() }
}

/// `Transfer` of the first two tokens.
pub(crate) fn two_tokens(network: &EvmDevnet) -> Interest {
    let emitters = network.tokens().iter().take(2).map(|token| token.into_array().into()).collect();
    let filter =
        EventFilter { emitters: Some(emitters), keys: Some([chainbell_evm::TOKEN_TRANSFER_KEYS[0]].into()) };
    Interest { events: vec![filter], ..Interest::default() }
}

/// What names an event: height, block id, transaction id, index, emitter, key.
pub(crate) type Seen = (u64, [u8; 32], Vec<u8>, u32, Vec<u8>, Option<[u8; 32]>);

/// The events of what was read.
pub(crate) fn events(blocks: &[Block]) -> Vec<Seen> {
    let seen = |block: &Block| {
        let transaction = |place: u32| {
            block.transactions.get(place as usize).map(|transaction| transaction.id.to_vec()).unwrap()
        };
        let (height, id) = (block.reference.height.0, block.reference.id.0);
        block
            .events
            .iter()
            .map(|event| {
                let transaction = transaction(event.transaction);
                (height, id, transaction, event.index, event.emitter.to_vec(), event.key)
            })
            .collect::<Vec<_>>()
    };
    blocks.iter().flat_map(seen).collect()
}

/// The events that the network holds in `range` and `interest` asks for.
pub(crate) fn expected(network: &EvmDevnet, range: HeightRange, interest: &Interest) -> Vec<Seen> {
    let wanted = |log: &&SimLog| {
        let key = log.topics.first().map(|topic| topic.0);
        let emitter = log.address.into_array().into();
        (range.from.0..=range.to.0).contains(&log.block_number)
            && interest.events.iter().any(|filter| filter.wants(&emitter, key.as_ref()))
    };
    network
        .canonical_logs()
        .iter()
        .filter(wanted)
        .map(|log| {
            (
                log.block_number,
                log.block_hash.0,
                log.transaction_hash.to_vec(),
                log.log_index as u32,
                log.address.to_vec(),
                log.topics.first().map(|topic| topic.0),
            )
        })
        .collect()
}

/// Reads and compares; gives back what was read.
pub(crate) async fn assert_complete(
    chain: &EvmChain,
    network: &EvmDevnet,
    range: HeightRange,
    interest: &Interest,
    proof: Proof,
) -> Fetched {
    let fetched = chain.fetch(range, interest, proof).await.unwrap();
    let expected = expected(network, range, interest);
    assert!(!expected.is_empty(), "the test asks for something that is there");
    assert_eq!(events(&fetched.blocks), expected);
    assert_eq!(fetched.through.height, range.to);
    assert_eq!(fetched.through.id.0, network.block_hash(range.to.0).unwrap().0);
    if proof == Proof::Linked {
        assert_eq!(fetched.blocks.len() as u64, range.len());
        for pair in fetched.blocks.windows(2) {
            assert_eq!(pair[1].parent, Some(pair[0].reference.id));
        }
    }
    fetched
}

/// Reads and expects an error.
pub(crate) async fn error_of(
    chain: &EvmChain,
    range: HeightRange,
    interest: &Interest,
    proof: Proof,
) -> ChainError {
    chain.fetch(range, interest, proof).await.unwrap_err()
}
