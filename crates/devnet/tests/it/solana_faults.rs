//! Each fault of Solana's does what it says. What all networks share is tested on the EVM one.

use chainbell_devnet::{
    SolanaDevnetConfig,
    solana::{Fault, Told},
};
use serde_json::{Value, json};

use crate::{
    client::Client,
    solana_support::{config, confirmed, devnet, devnet_with, program, signatures, slots, transfer},
};

#[tokio::test]
async fn a_replica_lags_in_everything_it_says() {
    let (devnet, client) = devnet(20).await;
    let replica = devnet.replica(Fault::Behind { blocks: 4 }.always()).await.unwrap();
    let lagging = Client::new(replica.http_url());
    let slot = async |client: &Client| client.call("getSlot", json!([{"commitment": "confirmed"}])).await;
    assert_eq!((slot(&client).await, slot(&lagging).await), (json!(19), json!(15)));
    assert_eq!(lagging.error("getBlock", json!([16, confirmed()])).await.0, -32004);
    assert_eq!(lagging.call("getBlock", json!([15, confirmed()])).await["parentSlot"], 14);
    let key = program(&devnet);
    let list = lagging.call("getSignaturesForAddress", json!([key, confirmed()])).await;
    assert!(slots(&list).iter().all(|slot| *slot <= 15));
    let mut later = confirmed();
    later["minContextSlot"] = 19.into();
    assert_eq!(lagging.error("getSignaturesForAddress", json!([key, later])).await.0, -32016);
    assert!(client.call("getSignaturesForAddress", json!([key, later])).await.is_array());
    let newest = client.call("getSignaturesForAddress", json!([key, confirmed()])).await[0].clone();
    assert!(newest["slot"].as_u64().unwrap() > 15);
    let transaction = json!([newest["signature"], confirmed()]);
    assert_eq!(lagging.call("getTransaction", transaction).await, Value::Null);
    replica.set_faults(Fault::Behind { blocks: 200 }.always());
    let ill = lagging.answer("getHealth", json!([])).await;
    assert_eq!(ill["error"]["code"], -32005);
    assert_eq!(ill["error"]["data"], json!({"numSlotsBehind": 200}));
}

#[tokio::test]
async fn an_index_that_lags_leaves_out_the_newest_that_are_not_final() {
    let (devnet, client) = devnet(8).await;
    for amount in 1..=3 {
        devnet.mine_with(vec![transfer(&devnet, amount, Told::Log)]);
    }
    devnet.mine_with(Vec::new());
    let key = program(&devnet);
    let ask = async || signatures(&client.call("getSignaturesForAddress", json!([key, confirmed()])).await);
    let truth = ask().await;
    devnet.set_faults(Fault::MissingSignatures { count: 2 }.times(1));
    assert_eq!(ask().await, truth[2..]);
    assert_eq!(ask().await, truth);
    // What is final is never left out.
    (0..6).for_each(|_| devnet.mine_with(Vec::new()));
    devnet.set_faults(Fault::MissingSignatures { count: 2 }.always());
    assert_eq!(ask().await, truth);
}

#[tokio::test]
async fn a_block_that_is_there_can_be_called_skipped() {
    let (devnet, client) = devnet(12).await;
    devnet.set_faults(Fault::SkippedLie.always().on("getBlock"));
    for slot in [3, 10] {
        assert_eq!(client.error("getBlock", json!([slot, confirmed()])).await.0, -32007);
    }
    assert_eq!(client.error("getBlock", json!([50, confirmed()])).await.0, -32004);
    devnet.set_faults(Vec::new());
    assert_eq!(client.call("getBlock", json!([3, confirmed()])).await["parentSlot"], 2);
}

#[tokio::test]
async fn pruned_nodes_say_what_they_still_have() {
    let (devnet, client) = devnet(20).await;
    let key = program(&devnet);
    let oldest = client.call("getSignaturesForAddress", json!([key, confirmed()])).await;
    let oldest = oldest.as_array().unwrap().last().unwrap().clone();
    assert!(oldest["slot"].as_u64().unwrap() < 5);
    devnet.set_faults(Fault::Pruned { below: 5 }.always());
    let refused = client.error("getBlock", json!([3, confirmed()])).await;
    let words = "Block 3 cleaned up, does not exist on node. First available block: 5";
    assert_eq!(refused, (-32001, words.into()));
    assert_eq!(client.error("getBlockTime", json!([3])).await.0, -32001);
    assert_eq!(client.call("getFirstAvailableBlock", json!([])).await, 5);
    assert_eq!(client.call("minimumLedgerSlot", json!([])).await, 5);
    assert_eq!(client.call("getBlocks", json!([0, 7])).await, json!([5, 6, 7]));
    assert_eq!(client.call("getBlocksWithLimit", json!([0, 2])).await, json!([5, 6]));
    let list = client.call("getSignaturesForAddress", json!([key, confirmed()])).await;
    assert!(slots(&list).iter().all(|slot| *slot >= 5));
    assert_eq!(client.call("getTransaction", json!([oldest["signature"], confirmed()])).await, Value::Null);
}

#[tokio::test]
async fn a_node_without_history_refuses_what_needs_it() {
    let (devnet, client) = devnet(12).await;
    devnet.set_faults(Fault::NoHistory.always());
    let words = "Transaction history is not available from this node";
    let key = program(&devnet);
    for (method, params) in [
        ("getBlock", json!([3])),
        ("getTransaction", json!(["1".repeat(64)])),
        ("getSignaturesForAddress", json!([key])),
        ("getSignatureStatuses", json!([[], {"searchTransactionHistory": true}])),
    ] {
        assert_eq!(client.error(method, params).await, (-32011, words.into()), "{method}");
    }
    assert_eq!(client.call("getSlot", json!([])).await, 6);
}

#[tokio::test]
async fn long_term_storage_has_its_own_word_for_skipped() {
    let config = SolanaDevnetConfig { skip_rate: 0.5, ..config() };
    let (devnet, client) = devnet_with(config, 30).await;
    devnet.set_faults(Fault::Archived { below: 10 }.always());
    let skipped =
        |range: std::ops::Range<u64>| range.into_iter().find(|slot| devnet.block_hash(*slot).is_none());
    let (old, new) = (skipped(1..10).unwrap(), skipped(10..20).unwrap());
    let words = format!("Slot {old} was skipped, or missing in long-term storage");
    assert_eq!(client.error("getBlock", json!([old])).await, (-32009, words));
    assert_eq!(client.error("getBlock", json!([new])).await.0, -32007);
}

#[tokio::test]
async fn errors_and_nulls_strike_by_method() {
    let (devnet, client) = devnet(8).await;
    devnet.set_faults(vec![
        Fault::Null.times(1).on("getBlock"),
        Fault::Error { code: -32014, message: "Block status not yet available for slot 3".into() }
            .times(1)
            .on("getBlock"),
    ]);
    let ask = async || client.answer("getBlock", json!([3, confirmed()])).await;
    assert_eq!(ask().await["error"]["code"], -32014);
    assert_eq!(ask().await["result"]["parentSlot"], 2);
    devnet.set_faults(Fault::Null.times(1).on("getBlock"));
    let null = ask().await;
    assert!(null.get("result").is_some_and(Value::is_null));
}
