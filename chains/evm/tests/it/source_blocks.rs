//! Reading whole blocks with receipts.

use chainbell_devnet::evm::{EvmDevnet, EvmDevnetConfig, Fault, FaultPlan};
use chainbell_evm::EvmChain;
use chainbell_model::{Chain, ChainError, Contracts, Height, HeightRange, Interest, Proof};

use crate::source_support::{
    chain, chain_of, config, error_of, events, everything, expected, network, network_of_distinct_logs, range,
};

fn all() -> Interest {
    Interest {
        calls: Contracts::Any,
        transactions: true,
        native_transfers: true,
        token_transfers: Contracts::Any,
        ..everything()
    }
}

async fn assert_complete(chain: &EvmChain, network: &EvmDevnet, range: HeightRange) {
    let fetched = chain.fetch(range, &all(), Proof::Linked).await.unwrap();
    assert_eq!(events(&fetched.blocks), expected(network, range, &all()));
    let blocks = network.canonical_blocks();
    assert_eq!(fetched.blocks.len() as u64, range.len());
    for read in &fetched.blocks {
        let block = &blocks[read.reference.height.0 as usize];
        assert_eq!(read.reference.id.0, block.hash.0);
        assert_eq!(read.parent.unwrap().0, block.parent_hash.0);
        assert_eq!(read.time.0, block.timestamp as i64 * 1000);
        let read: Vec<&[u8]> = read.transactions.iter().map(|transaction| &*transaction.id).collect();
        let held: Vec<&[u8]> = block.transactions.iter().map(|transaction| &transaction.hash[..]).collect();
        assert_eq!(read, held);
    }
    assert_eq!(fetched.through.id.0, network.block_hash(range.to.0).unwrap().0);
}

#[tokio::test]
async fn every_transaction_and_event_is_read() {
    let network = network(EvmDevnetConfig::default(), 30).await;
    assert_complete(&chain(&network), &network, range(0, 30)).await;
}

#[tokio::test]
async fn only_wanted_events_are_kept() {
    let network = network(EvmDevnetConfig::default(), 10).await;
    let transactions = Interest { transactions: true, ..Interest::default() };
    let fetched = chain(&network).fetch(range(1, 10), &transactions, Proof::Sparse).await.unwrap();
    assert!(fetched.blocks.iter().all(|block| block.events.is_empty() && block.calls.is_empty()));
    assert!(fetched.blocks.iter().any(|block| !block.transactions.is_empty()));
}

#[tokio::test]
async fn receipts_are_read_one_by_one_where_the_node_has_no_block_receipts() {
    let network = network(EvmDevnetConfig { block_receipts: false, ..EvmDevnetConfig::default() }, 10).await;
    let chain = chain(&network);
    assert_complete(&chain, &network, range(1, 10)).await;
    let asked = network.stats().calls_of("eth_getBlockReceipts");
    assert_complete(&chain, &network, range(1, 10)).await;
    assert_eq!(network.stats().calls_of("eth_getBlockReceipts"), asked, "asked for in vain no more");
    assert!(network.stats().calls_of("eth_getTransactionReceipt") > 0);
}

#[tokio::test]
async fn missing_receipts_and_logs_are_asked_for_again() {
    for fault in [Fault::MissingReceipt, Fault::MissingLog, Fault::Null, Fault::OtherFork { depth: 3 }] {
        let network = network(EvmDevnetConfig::default(), 20).await;
        network.set_faults(fault.times(1).on("eth_getBlockReceipts"));
        assert_complete(&chain(&network), &network, range(1, 20)).await;
        assert_eq!(network.stats().faults, 1);
    }
}

#[tokio::test]
async fn a_replica_that_always_leaves_out_logs_is_replaced_by_another() {
    let network = network_of_distinct_logs(20).await;
    let honest = network.replica(FaultPlan::default()).await.unwrap();
    network.set_faults(Fault::MissingLog.always().on("eth_getBlockReceipts"));
    let chain = chain_of(config(), &[network.http_url(), honest.http_url()]);
    assert_complete(&chain, &network, range(1, 20)).await;
}

#[tokio::test]
async fn receipts_that_stay_incomplete_are_an_error() {
    let network = network(EvmDevnetConfig::default(), 20).await;
    network.set_faults(Fault::MissingReceipt.always());
    let error = error_of(&chain(&network), range(20, 20), &all(), Proof::Linked).await;
    assert!(matches!(error, ChainError::Inconsistent { height: Height(20), .. }), "{error:?}");
}

#[tokio::test]
async fn a_block_above_the_head_is_not_there_yet() {
    let network = network(EvmDevnetConfig::default(), 5).await;
    let error = error_of(&chain(&network), range(4, 6), &all(), Proof::Linked).await;
    assert!(matches!(error, ChainError::NotYet(Height(6))), "{error:?}");
}

#[tokio::test]
async fn what_rollups_add_does_not_disturb() {
    let network = network(EvmDevnetConfig { l2_fields: true, ..EvmDevnetConfig::default() }, 10).await;
    assert_complete(&chain(&network), &network, range(1, 10)).await;
}
